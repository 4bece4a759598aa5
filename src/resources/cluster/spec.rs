//! What a cluster may say: the members of `CreateCluster`, `UpdateCluster` and `PutClusterCapacityProviders`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An ECS cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Spec {
    /// The cluster's name (`clusterName`). 1–255 letters, digits, `_`, `-`. Default: `STACK-NAME`.
    #[schemars(
        length(min = 1, max = 255),
        regex(pattern = r"^[A-Za-z0-9_-]+$"),
        extend("x-replace" = true, "x-wire" = "clusterName")
    )]
    pub name: Option<String>,
    /// Tags, besides those by which Stepwright knows its own. At most 48; keys to 128 characters, values to 256.
    pub tags: Option<BTreeMap<String, String>>,
    /// Settings. Absent: left alone, since AWS takes the account's.
    #[schemars(extend("x-unmanaged" = true, "x-unordered" = true, "x-identity" = "name"))]
    pub settings: Option<Vec<Setting>>,
    /// Execute Command and managed storage.
    pub configuration: Option<Configuration>,
    /// The capacity providers of the cluster, by short name; `FARGATE` and `FARGATE_SPOT` are AWS's. Absent: left alone.
    #[schemars(extend("x-unmanaged" = true, "x-unordered" = true))]
    pub capacity_providers: Option<Vec<String>>,
    /// What a task runs on that names neither launch type nor strategy. Absent: left alone.
    #[schemars(extend("x-unmanaged" = true, "x-unordered" = true, "x-identity" = "capacity_provider"))]
    pub default_capacity_provider_strategy: Option<Vec<CapacityProviderStrategyItem>>,
    /// The Cloud Map namespace of new services that name none. Absent: none.
    pub service_connect_defaults: Option<ServiceConnectDefaults>,
}

/// A setting.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    /// `containerInsights` is the only one.
    #[schemars(extend("enum" = ["containerInsights"]))]
    pub name: Option<String>,
    /// `enhanced`, `enabled` or `disabled`.
    #[schemars(extend("enum" = ["enhanced", "enabled", "disabled"]))]
    pub value: Option<String>,
}

/// Execute Command and managed storage.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Configuration {
    /// How `aws ecs execute-command` is encrypted and logged.
    pub execute_command_configuration: Option<ExecuteCommandConfiguration>,
    /// How storage that ECS manages is encrypted.
    pub managed_storage_configuration: Option<ManagedStorageConfiguration>,
}

/// How `aws ecs execute-command` is encrypted and logged.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ExecuteCommandConfiguration {
    /// The KMS key that encrypts what goes between client and container. Absent: none.
    pub kms_key_id: Option<String>,
    /// Where sessions are logged: nowhere (`NONE`), as the task's `awslogs` has it (`DEFAULT`), or as
    /// `log_configuration` has it (`OVERRIDE`). Default: `DEFAULT`.
    #[schemars(extend("default" = "DEFAULT", "enum" = ["NONE", "DEFAULT", "OVERRIDE"]))]
    pub logging: Option<String>,
    /// Where sessions are logged; required with `logging = "OVERRIDE"`.
    pub log_configuration: Option<ExecuteCommandLogConfiguration>,
}

/// Where sessions of `aws ecs execute-command` are logged.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ExecuteCommandLogConfiguration {
    /// A CloudWatch log group that exists.
    pub cloud_watch_log_group_name: Option<String>,
    /// Whether the logs there are encrypted. Default: false.
    #[schemars(extend("default" = false))]
    pub cloud_watch_encryption_enabled: Option<bool>,
    /// An S3 bucket that exists.
    pub s3_bucket_name: Option<String>,
    /// Whether the logs there are encrypted. Default: false.
    #[schemars(extend("default" = false))]
    pub s3_encryption_enabled: Option<bool>,
    /// A folder in the bucket.
    pub s3_key_prefix: Option<String>,
}

/// How storage that ECS manages is encrypted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ManagedStorageConfiguration {
    /// The KMS key for EBS volumes that ECS manages. Absent: AWS's own.
    pub kms_key_id: Option<String>,
    /// The KMS key for scratch space on Fargate. Absent: AWS's own.
    pub fargate_ephemeral_storage_kms_key_id: Option<String>,
}

/// A capacity provider's share of tasks.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CapacityProviderStrategyItem {
    /// Its short name, one of `capacity_providers`.
    pub capacity_provider: String,
    /// Its share of the tasks beyond `base`, relative to the others': 0–1000. Default: 0.
    #[schemars(range(min = 0, max = 1000), extend("default" = 0))]
    pub weight: Option<i64>,
    /// How many tasks it gets first, 0–100000; only one provider may have a base. Default: 0.
    #[schemars(range(min = 0, max = 100_000), extend("default" = 0))]
    pub base: Option<i64>,
}

/// The Cloud Map namespace of new services that name none.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ServiceConnectDefaults {
    /// The namespace's ARN. AWS also takes a name, but answers with the ARN, so that a name would show as a change for ever.
    #[schemars(length(max = 1024))]
    pub namespace: String,
}
