//! What a container may ask of Linux.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Linux alone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LinuxParameters {
    /// Capabilities of the kernel, besides Docker's default.
    pub capabilities: Option<KernelCapabilities>,
    /// Devices of the host. Not on Fargate.
    #[schemars(extend("x-unordered" = true, "x-identity" = "host_path"))]
    pub devices: Option<Vec<Device>>,
    /// Whether an init process forwards signals and reaps children. Default: false.
    #[schemars(extend("default" = false))]
    pub init_process_enabled: Option<bool>,
    /// The size of `/dev/shm`, in MiB. Absent: Docker's. Not on Fargate.
    #[schemars(range(min = 0))]
    pub shared_memory_size: Option<i64>,
    /// File systems in memory.
    #[schemars(extend("x-unordered" = true, "x-identity" = "container_path"))]
    pub tmpfs: Option<Vec<Tmpfs>>,
    /// Swap beyond `memory`, in MiB; 0 is none. Absent: as the instance has it. Not on Fargate.
    #[schemars(range(min = 0))]
    pub max_swap: Option<i64>,
    /// How readily memory is swapped out, 0–100; needs `max_swap`. Absent: 60. Not on Fargate.
    #[schemars(range(min = 0, max = 100))]
    pub swappiness: Option<i64>,
}

/// Capabilities of the kernel.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct KernelCapabilities {
    /// Those it has besides. Fargate: `SYS_PTRACE` alone.
    #[schemars(extend("x-unordered" = true))]
    pub add: Option<Vec<String>>,
    /// Those it has not.
    #[schemars(extend("x-unordered" = true))]
    pub drop: Option<Vec<String>>,
}

/// A device of the host.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    /// Its path on the host.
    pub host_path: String,
    /// Its path in the container. Absent: the same.
    pub container_path: Option<String>,
    /// What the container may do with it. Absent: everything.
    #[schemars(extend("x-unordered" = true, "items" = { "type": "string", "enum": ["read", "write", "mknod"] }))]
    pub permissions: Option<Vec<String>>,
}

/// A file system in memory.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Tmpfs {
    /// Its absolute path in the container.
    pub container_path: String,
    /// Its size, in MiB, at most.
    #[schemars(range(min = 0))]
    pub size: i64,
    /// Options of the mount, such as `noexec`, in this order.
    pub mount_options: Option<Vec<String>>,
}
