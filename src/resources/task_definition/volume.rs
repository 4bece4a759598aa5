//! The volumes of a task definition.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A volume; at most one of its kinds is given, and without any it is an empty directory of the task.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Volume {
    /// The name that `mount_points` refer to. 1–255 letters, digits, `_`, `-`.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub name: Option<String>,
    /// A directory of the host. Empty or absent: Docker chooses one, and it goes with the task.
    pub host: Option<Host>,
    /// A Docker volume. Not on Fargate.
    pub docker_volume_configuration: Option<DockerVolumeConfiguration>,
    /// An Amazon EFS file system.
    pub efs_volume_configuration: Option<EfsVolumeConfiguration>,
    /// An Amazon S3 Files file system.
    pub s3files_volume_configuration: Option<S3FilesVolumeConfiguration>,
    /// An Amazon FSx for Windows File Server file system.
    pub fsx_windows_file_server_volume_configuration: Option<FsxWindowsFileServerVolumeConfiguration>,
    /// Whether the volume is configured when the task is launched (Amazon EBS); one volume at most. Default: false.
    #[schemars(extend("default" = false))]
    pub configured_at_launch: Option<bool>,
}

/// A directory of the host.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Its path. Not on Fargate.
    pub source_path: Option<String>,
}

/// A Docker volume.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DockerVolumeConfiguration {
    /// `task`: it goes with the task; `shared`: it stays. Default: `task`.
    #[schemars(extend("enum" = ["task", "shared"]))]
    pub scope: Option<String>,
    /// Whether it is made where it is missing; with `scope = "shared"` alone. Default: false.
    #[schemars(extend("default" = false))]
    pub autoprovision: Option<bool>,
    /// The volume driver, by the name that Docker gives it. Default: `local`.
    pub driver: Option<String>,
    /// Options for the driver.
    pub driver_opts: Option<BTreeMap<String, String>>,
    /// Labels on the volume.
    pub labels: Option<BTreeMap<String, String>>,
}

/// An Amazon EFS file system.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EfsVolumeConfiguration {
    /// Its id: `fs-…`.
    pub file_system_id: String,
    /// The directory that is mounted. With an access point absent or `/`. Default: `/`.
    #[schemars(extend("default" = "/"))]
    pub root_directory: Option<String>,
    /// Whether data is encrypted on its way; required by `authorization_config`. Default: `DISABLED`.
    #[schemars(extend("default" = "DISABLED", "enum" = ["ENABLED", "DISABLED"]))]
    pub transit_encryption: Option<String>,
    /// The port for encrypted data. Absent: the mount helper chooses.
    #[schemars(range(min = 0, max = 65535), extend("default" = 0))]
    pub transit_encryption_port: Option<i64>,
    /// How access is granted.
    pub authorization_config: Option<EfsAuthorizationConfig>,
}

/// How access to an Amazon EFS file system is granted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EfsAuthorizationConfig {
    /// The access point's id: `fsap-…`.
    pub access_point_id: Option<String>,
    /// Whether the task role counts when mounting. Default: `DISABLED`.
    #[schemars(extend("default" = "DISABLED", "enum" = ["ENABLED", "DISABLED"]))]
    pub iam: Option<String>,
}

/// An Amazon S3 Files file system.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct S3FilesVolumeConfiguration {
    /// Its ARN.
    pub file_system_arn: String,
    /// The directory that is mounted. With an access point absent or `/`. Default: `/`.
    #[schemars(extend("default" = "/"))]
    pub root_directory: Option<String>,
    /// The port for encrypted data. Absent: the mount helper chooses.
    #[schemars(range(min = 0, max = 65535), extend("default" = 0))]
    pub transit_encryption_port: Option<i64>,
    /// The access point's ARN.
    pub access_point_arn: Option<String>,
}

/// An Amazon FSx for Windows File Server file system.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FsxWindowsFileServerVolumeConfiguration {
    /// Its id: `fs-…`.
    pub file_system_id: String,
    /// The directory that is mounted.
    pub root_directory: String,
    /// How access is granted.
    pub authorization_config: FsxWindowsFileServerAuthorizationConfig,
}

/// How access to an Amazon FSx for Windows File Server file system is granted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FsxWindowsFileServerAuthorizationConfig {
    /// The ARN of the Secrets Manager secret or SSM parameter that holds the credentials.
    pub credentials_parameter: String,
    /// The fully qualified name of the Active Directory domain.
    pub domain: String,
}
