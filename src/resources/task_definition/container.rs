//! The containers of a task definition.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resources::task_definition::linux::LinuxParameters;

/// A container.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ContainerDefinition {
    /// Its name, unique in the task definition. 1–255 letters, digits, `_`, `-`.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub name: String,
    /// The image, `REPOSITORY:TAG` or `REPOSITORY@sha256:DIGEST`; at most 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub image: String,
    /// Credentials for a private registry.
    pub repository_credentials: Option<RepositoryCredentials>,
    /// CPU units kept for it (1024 are one vCPU); together no more than the task has. Default: 0.
    #[schemars(range(min = 0), extend("default" = 0))]
    pub cpu: Option<i64>,
    /// The memory, in MiB, beyond which it is killed; at least 4.
    #[schemars(range(min = 4))]
    pub memory: Option<i64>,
    /// The memory, in MiB, kept for it; less than `memory`.
    #[schemars(range(min = 4))]
    pub memory_reservation: Option<i64>,
    /// Containers it can reach, `NAME` or `NAME:ALIAS`, in this order. With `network_mode = "bridge"` alone.
    pub links: Option<Vec<String>>,
    /// The ports it is reached at.
    #[schemars(extend("x-unordered" = true, "x-identity" = "container_port"))]
    pub port_mappings: Option<Vec<PortMapping>>,
    /// Whether the task ends when it ends. Default: true.
    #[schemars(extend("default" = true))]
    pub essential: Option<bool>,
    /// Whether it is started again when it ends, without a new task.
    pub restart_policy: Option<RestartPolicy>,
    /// The entry point. Absent: the image's.
    pub entry_point: Option<Vec<String>>,
    /// The command. Absent: the image's.
    pub command: Option<Vec<String>>,
    /// Environment variables, each name once. Not for what is secret: see `secrets`.
    #[schemars(extend("x-unordered" = true, "x-identity" = "name"))]
    pub environment: Option<Vec<EnvironmentVariable>>,
    /// Files of environment variables in S3, at most ten, read in this order.
    #[schemars(length(max = 10))]
    pub environment_files: Option<Vec<EnvironmentFile>>,
    /// Where volumes of the task are mounted.
    #[schemars(extend("x-unordered" = true, "x-identity" = "container_path"))]
    pub mount_points: Option<Vec<MountPoint>>,
    /// Containers whose volumes are mounted here too.
    #[schemars(extend("x-unordered" = true, "x-identity" = "source_container"))]
    pub volumes_from: Option<Vec<VolumeFrom>>,
    /// Linux alone.
    pub linux_parameters: Option<LinuxParameters>,
    /// Secrets as environment variables. They need `execution_role_arn`.
    #[schemars(extend("x-unordered" = true, "x-identity" = "name"))]
    pub secrets: Option<Vec<Secret>>,
    /// Containers that start first.
    #[schemars(extend("x-unordered" = true, "x-identity" = "container_name"))]
    pub depends_on: Option<Vec<ContainerDependency>>,
    /// How long to wait for its dependencies, in seconds. Fargate: 2–120. Absent: as the agent is set.
    #[schemars(range(min = 0))]
    pub start_timeout: Option<i64>,
    /// How long it may take to end before it is killed, in seconds. Fargate: 2–120, 30 if absent. Absent: as the agent is set.
    #[schemars(range(min = 0))]
    pub stop_timeout: Option<i64>,
    /// Whether the image's tag is resolved to a digest, the same for all tasks. Default: `enabled`.
    #[schemars(extend("default" = "enabled", "enum" = ["enabled", "disabled"]))]
    pub version_consistency: Option<String>,
    /// Its host name. Not with `network_mode = "awsvpc"`.
    pub hostname: Option<String>,
    /// The user, as name or id, with a group after `:`. Absent: the image's.
    pub user: Option<String>,
    /// The directory that commands run in. Absent: the image's.
    pub working_directory: Option<String>,
    /// Whether it has no network. Default: false.
    #[schemars(extend("default" = false))]
    pub disable_networking: Option<bool>,
    /// Whether it is as powerful as root on the host. Not on Fargate. Default: false.
    #[schemars(extend("default" = false))]
    pub privileged: Option<bool>,
    /// Whether it can't write to its root file system. Default: false.
    #[schemars(extend("default" = false))]
    pub readonly_root_filesystem: Option<bool>,
    /// DNS servers, in this order.
    pub dns_servers: Option<Vec<String>>,
    /// DNS search domains, in this order.
    pub dns_search_domains: Option<Vec<String>>,
    /// Lines for `/etc/hosts`. Not with `network_mode = "awsvpc"`.
    pub extra_hosts: Option<Vec<HostEntry>>,
    /// Settings for SELinux, AppArmor, or a credential spec. Not on Fargate.
    pub docker_security_options: Option<Vec<String>>,
    /// Whether its standard input stays open. Default: false.
    #[schemars(extend("default" = false))]
    pub interactive: Option<bool>,
    /// Whether it has a terminal. Default: false.
    #[schemars(extend("default" = false))]
    pub pseudo_terminal: Option<bool>,
    /// Docker labels.
    pub docker_labels: Option<BTreeMap<String, String>>,
    /// Limits of the operating system. Fargate: `nofile` alone.
    #[schemars(extend("x-unordered" = true, "x-identity" = "name"))]
    pub ulimits: Option<Vec<Ulimit>>,
    /// Where its output goes. Absent: as the Docker daemon is set.
    pub log_configuration: Option<LogConfiguration>,
    /// How its health is found out. Absent: not at all.
    pub health_check: Option<HealthCheck>,
    /// Kernel parameters.
    #[schemars(extend("x-unordered" = true, "x-identity" = "namespace"))]
    pub system_controls: Option<Vec<SystemControl>>,
    /// Devices it needs.
    #[schemars(extend("x-unordered" = true, "x-identity" = "type"))]
    pub resource_requirements: Option<Vec<ResourceRequirement>>,
    /// If it is a router of logs.
    pub firelens_configuration: Option<FirelensConfiguration>,
    /// The credential spec, by ARN, for Active Directory: `credentialspec:ARN` or `credentialspecdomainless:ARN`; at most one.
    #[schemars(length(max = 1))]
    pub credential_specs: Option<Vec<String>>,
}

/// Credentials for a private registry.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RepositoryCredentials {
    /// The ARN, or in the same region the name, of the secret that holds them.
    pub credentials_parameter: String,
}

/// A port.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PortMapping {
    /// The container's port.
    #[schemars(range(min = 0, max = 65535), extend("default" = 0))]
    pub container_port: Option<i64>,
    /// The host's port. With `awsvpc` or `host` the container's own, or absent. Default with `bridge`: 0, any that is free.
    #[schemars(range(min = 0, max = 65535), extend("default" = 0))]
    pub host_port: Option<i64>,
    /// Default: `tcp`.
    #[schemars(extend("default" = "tcp", "enum" = ["tcp", "udp"]))]
    pub protocol: Option<String>,
    /// What Service Connect calls it; at most 64 lower-case letters, digits, `_`, `-`.
    #[schemars(length(max = 64))]
    pub name: Option<String>,
    /// What Service Connect speaks on it. Absent: TCP.
    #[schemars(extend("enum" = ["http", "http2", "grpc"]))]
    pub app_protocol: Option<String>,
    /// Several ports instead of one, `FIRST-LAST`; at most 100.
    #[schemars(regex(pattern = r"^[0-9]+(-[0-9]+)?$"))]
    pub container_port_range: Option<String>,
}

/// Whether a container is started again when it ends.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RestartPolicy {
    /// Whether it is.
    pub enabled: bool,
    /// Exit codes after which it is not, at most 50.
    #[schemars(length(max = 50), extend("x-unordered" = true))]
    pub ignored_exit_codes: Option<Vec<i64>>,
    /// How long it must have run before, in seconds: 60–1800. Default: 300.
    #[schemars(range(min = 60, max = 1800), extend("default" = 300))]
    pub restart_attempt_period: Option<i64>,
}

/// An environment variable.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentVariable {
    /// Its name.
    pub name: Option<String>,
    /// Its value. Absent: the empty string.
    pub value: Option<String>,
}

/// A file of environment variables.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentFile {
    /// The ARN of the S3 object; its name ends in `.env`.
    pub value: String,
    /// `s3` is the only kind.
    #[schemars(extend("enum" = ["s3"]))]
    pub r#type: String,
}

/// Where a volume is mounted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MountPoint {
    /// The name of a volume of this task definition.
    pub source_volume: Option<String>,
    /// The path in the container.
    pub container_path: Option<String>,
    /// Whether the container can't write to it. Default: false.
    #[schemars(extend("default" = false))]
    pub read_only: Option<bool>,
}

/// A container whose volumes are mounted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct VolumeFrom {
    /// The container's name.
    pub source_container: Option<String>,
    /// Whether this container can't write to them. Default: false.
    #[schemars(extend("default" = false))]
    pub read_only: Option<bool>,
}

/// A secret.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Secret {
    /// The environment variable, or the log driver's option.
    pub name: String,
    /// The ARN of the Secrets Manager secret or SSM parameter; of a parameter in the same region also its name.
    pub value_from: String,
}

/// A container that starts first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ContainerDependency {
    /// Its name.
    pub container_name: String,
    /// How far it must be: started (`START`), ended (`COMPLETE`), ended with 0 (`SUCCESS`), or healthy (`HEALTHY`).
    #[schemars(extend("enum" = ["START", "COMPLETE", "SUCCESS", "HEALTHY"]))]
    pub condition: String,
}

/// A line for `/etc/hosts`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HostEntry {
    /// The host name.
    pub hostname: String,
    /// Its address.
    pub ip_address: String,
}

/// A limit of the operating system.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Ulimit {
    /// Which.
    #[schemars(extend("enum" = [
        "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime",
        "sigpending", "stack"
    ]))]
    pub name: String,
    /// The limit that counts: bytes, seconds, or a number, as the kind of limit has it.
    pub soft_limit: i64,
    /// The limit up to which a process may raise it.
    pub hard_limit: i64,
}

/// Where output goes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LogConfiguration {
    /// The log driver. Fargate: `awslogs`, `splunk`, `awsfirelens`.
    #[schemars(extend("enum" = ["json-file", "syslog", "journald", "gelf", "fluentd", "awslogs", "splunk", "awsfirelens"]))]
    pub log_driver: String,
    /// Its options. `awslogs` needs `awslogs-group` and `awslogs-region`, on Fargate also `awslogs-stream-prefix`.
    pub options: Option<BTreeMap<String, String>>,
    /// Options that are secrets.
    #[schemars(extend("x-unordered" = true, "x-identity" = "name"))]
    pub secret_options: Option<Vec<Secret>>,
}

/// How health is found out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HealthCheck {
    /// The command: `CMD` and its words, or `CMD-SHELL` and one line. It exits with 0 where all is well.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// Between two checks, in seconds: 5–300. Default: 30.
    #[schemars(range(min = 5, max = 300), extend("default" = 30))]
    pub interval: Option<i64>,
    /// How long a check may take, in seconds: 2–60. Default: 5.
    #[schemars(range(min = 2, max = 60), extend("default" = 5))]
    pub timeout: Option<i64>,
    /// Failures before it counts as unhealthy: 1–10. Default: 3.
    #[schemars(range(min = 1, max = 10), extend("default" = 3))]
    pub retries: Option<i64>,
    /// How long failures do not count after the start, in seconds: 0–300. Default: 0.
    #[schemars(range(min = 0, max = 300), extend("default" = 0))]
    pub start_period: Option<i64>,
}

/// A kernel parameter.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SystemControl {
    /// Its name, such as `net.core.somaxconn`.
    pub namespace: Option<String>,
    /// Its value.
    pub value: Option<String>,
}

/// A device.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ResourceRequirement {
    /// The number of GPUs, the name of an accelerator, or for `NeuronDevice` the word `ALL`. Not with `sharing_strategy`.
    pub value: Option<String>,
    /// The kind of device.
    #[schemars(extend("enum" = ["GPU", "InferenceAccelerator", "NeuronDevice"]))]
    pub r#type: String,
    /// How a GPU is shared with other containers, instead of `value`.
    pub sharing_strategy: Option<SharingStrategy>,
}

/// How a GPU is shared.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SharingStrategy {
    /// By NVIDIA's Multi-Process Service.
    pub nvidia_mps: Option<NvidiaMps>,
}

/// A share of a GPU by NVIDIA's Multi-Process Service.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NvidiaMps {
    /// The GPU's memory for this container, in MiB.
    #[schemars(range(min = 1))]
    pub memory: i64,
    /// The most of the GPU's computing it may use, in percent: 1–100. Default: 100.
    #[schemars(range(min = 1, max = 100), extend("default" = 100))]
    pub max_compute_percent: Option<i64>,
}

/// A router of logs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FirelensConfiguration {
    /// Which.
    #[schemars(extend("enum" = ["fluentd", "fluentbit"]))]
    pub r#type: String,
    /// Its options: `enable-ecs-log-metadata`, `config-file-type`, `config-file-value`.
    pub options: Option<BTreeMap<String, String>>,
}
