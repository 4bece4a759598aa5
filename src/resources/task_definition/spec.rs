//! What a task definition may say: the members of `RegisterTaskDefinition`, containers and volumes apart.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resources::task_definition::container::ContainerDefinition;
use crate::resources::task_definition::volume::Volume;

/// A task definition: the containers of a task, what they need, and what they may do.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Spec {
    /// The family: the name that all revisions share. 1–255 letters, digits, `_`, `-`. Default: `STACK-NAME`.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9_-]+$"), extend("x-replace" = true))]
    pub family: Option<String>,
    /// The role that the containers act as: its ARN, or the short name of a role at path `/`. Absent: none.
    #[schemars(extend("x-replace" = true))]
    pub task_role_arn: Option<String>,
    /// The ARN of the role by which ECS pulls images, reads secrets and writes logs. Fargate needs it for
    /// images in ECR, for secrets and for the log driver `awslogs`. Absent: none.
    #[schemars(extend("x-replace" = true))]
    pub execution_role_arn: Option<String>,
    /// How containers reach the network. Fargate takes `awsvpc` alone. Default: `bridge`.
    #[schemars(extend("x-replace" = true, "default" = "bridge", "enum" = ["bridge", "host", "awsvpc", "none"]))]
    pub network_mode: Option<String>,
    /// The containers, one to ten, their order without meaning. At least one is essential.
    #[schemars(
        length(min = 1, max = 10),
        extend("x-replace" = true, "x-unordered" = true, "x-identity" = "name", "x-element" = "container")
    )]
    pub container_definitions: Vec<ContainerDefinition>,
    /// The volumes that containers can mount.
    #[schemars(extend("x-replace" = true, "x-unordered" = true, "x-identity" = "name", "x-element" = "volume"))]
    pub volumes: Option<Vec<Volume>>,
    /// Rules for the instances that tasks may be placed on, at most ten. Not on Fargate.
    #[schemars(length(max = 10), extend("x-replace" = true, "x-unordered" = true))]
    pub placement_constraints: Option<Vec<PlacementConstraint>>,
    /// The launch types that AWS checks this definition against.
    #[schemars(extend(
        "x-replace" = true,
        "x-unordered" = true,
        "items" = { "type": "string", "enum": ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"] }
    ))]
    pub requires_compatibilities: Option<Vec<String>>,
    /// CPU of the whole task, in units (`"1024"`) or vCPUs (`"1 vCPU"`). Required on Fargate: 256, 512, 1024,
    /// 2048, 4096, 8192 or 16384.
    #[schemars(extend("x-replace" = true))]
    pub cpu: Option<String>,
    /// Memory of the whole task, in MiB (`"2048"`) or GB (`"2 GB"`). Required on Fargate, which takes certain pairs with `cpu`.
    #[schemars(extend("x-replace" = true))]
    pub memory: Option<String>,
    /// Tags, besides those by which Stepwright knows its own. At most 47; keys to 128 characters, values to 256.
    /// The only thing that can be changed without a new revision.
    pub tags: Option<BTreeMap<String, String>>,
    /// Whose processes the containers see: those of the `host`, or of the `task`. Absent: each its own. Fargate: `task`.
    #[schemars(extend("x-replace" = true, "enum" = ["host", "task"]))]
    pub pid_mode: Option<String>,
    /// With whom the containers share inter-process communication. Absent: as the Docker daemon is set. Not on Fargate.
    #[schemars(extend("x-replace" = true, "enum" = ["host", "task", "none"]))]
    pub ipc_mode: Option<String>,
    /// The App Mesh proxy.
    #[schemars(extend("x-replace" = true))]
    pub proxy_configuration: Option<ProxyConfiguration>,
    /// Elastic Inference accelerators for the containers. AWS has retired the service.
    #[schemars(extend("x-replace" = true, "x-unordered" = true, "x-identity" = "device_name"))]
    pub inference_accelerators: Option<Vec<InferenceAccelerator>>,
    /// Scratch space of a task on Fargate. Absent: 20 GiB.
    #[schemars(extend("x-replace" = true))]
    pub ephemeral_storage: Option<EphemeralStorage>,
    /// The operating system and processor that tasks need. Absent: Linux on X86_64 on Fargate, any on EC2.
    #[schemars(extend("x-replace" = true))]
    pub runtime_platform: Option<RuntimePlatform>,
    /// Whether containers may ask for faults to be injected into them. Default: false.
    #[schemars(extend("x-replace" = true, "default" = false))]
    pub enable_fault_injection: Option<bool>,
    /// How tasks are kept apart from others of one instance. Managed Instances alone. Absent: `SHARED`.
    #[schemars(extend("x-replace" = true))]
    pub trusted_execution_configuration: Option<TrustedExecutionConfiguration>,
}

/// A rule for the instances that tasks may be placed on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PlacementConstraint {
    /// The kind of rule: `memberOf` is the only one.
    #[schemars(extend("enum" = ["memberOf"]))]
    pub r#type: Option<String>,
    /// A cluster query, such as `attribute:ecs.instance-type =~ g4dn.*`.
    pub expression: Option<String>,
}

/// The App Mesh proxy of a task.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProxyConfiguration {
    /// The kind of proxy. Default, and the only one: `APPMESH`.
    #[schemars(extend("default" = "APPMESH", "enum" = ["APPMESH"]))]
    pub r#type: Option<String>,
    /// The name of the container that is the proxy.
    pub container_name: String,
    /// Parameters of the network plugin: `IgnoredUID`, `IgnoredGID`, `AppPorts`, `ProxyIngressPort`,
    /// `ProxyEgressPort`, `EgressIgnoredPorts`, `EgressIgnoredIPs`.
    #[schemars(extend("x-unordered" = true, "x-identity" = "name"))]
    pub properties: Option<Vec<ProxyProperty>>,
}

/// One parameter of the proxy's network plugin.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProxyProperty {
    /// The parameter's name.
    pub name: Option<String>,
    /// The parameter's value.
    pub value: Option<String>,
}

/// An Elastic Inference accelerator.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct InferenceAccelerator {
    /// The name that a container's `resource_requirements` refers to.
    pub device_name: String,
    /// The kind of accelerator.
    pub device_type: String,
}

/// Scratch space of a task.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EphemeralStorage {
    /// All of it, in GiB: 21–200.
    #[schemars(range(min = 21, max = 200), extend("x-wire" = "sizeInGiB"))]
    pub size_in_gib: i64,
}

/// Operating system and processor.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RuntimePlatform {
    /// The processor.
    #[schemars(extend("enum" = ["X86_64", "ARM64"]))]
    pub cpu_architecture: Option<String>,
    /// The operating system.
    #[schemars(extend("enum" = [
        "LINUX",
        "WINDOWS_SERVER_2025_FULL",
        "WINDOWS_SERVER_2025_CORE",
        "WINDOWS_SERVER_2022_FULL",
        "WINDOWS_SERVER_2022_CORE",
        "WINDOWS_SERVER_2019_FULL",
        "WINDOWS_SERVER_2019_CORE",
        "WINDOWS_SERVER_2016_FULL",
        "WINDOWS_SERVER_2004_CORE",
        "WINDOWS_SERVER_20H2_CORE"
    ]))]
    pub operating_system_family: Option<String>,
}

/// How tasks are kept apart from others.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TrustedExecutionConfiguration {
    /// `SHARED`: the instance is shared; `ISOLATED_SANDBOX`: a Nitro sandbox of its own; `CONFIDENTIAL_SANDBOX`: one
    /// whose content is attested.
    #[schemars(extend("enum" = ["SHARED", "ISOLATED_SANDBOX", "CONFIDENTIAL_SANDBOX"]))]
    pub isolation_mode: String,
    /// The attestation policy, base64. Required with `CONFIDENTIAL_SANDBOX`.
    pub attestation_policy: Option<String>,
}
