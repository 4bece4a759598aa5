//! What AWS would refuse of a task definition, known before any call.
//!
//! | file | looks at |
//! |---|---|
//! | this | the task: its roles, volumes, proxy, sizes |
//! | `containers.rs` | each container, and what it says of the others |
//! | `fargate.rs` | what Fargate asks besides |
//!
//! A spec is judged as the user wrote it, so that findings point at the user's own tokens. Whatever is
//! pending is not judged: it may turn out right.

use crate::diagnostic::Finding;
use crate::resources::tags;
use crate::resources::task_definition::normalise::{Unit, units};
use crate::value::{Path, Segment, Value};

mod containers;
mod fargate;

pub use fargate::memories as fargate_memories;

/// The tags that say whose a revision is: stack, address and token.
const OUR_TAGS: usize = tags::OURS + 1;

/// Everything that is wrong with `spec`.
pub fn validate(spec: &Value) -> Vec<Finding> {
    let task = Task::of(spec);
    let mut findings = Vec::new();
    findings.extend(sizes(&task));
    findings.extend(execution_role(&task));
    findings.extend(containers::validate(&task));
    findings.extend(volumes(&task));
    findings.extend(proxy(&task));
    findings.extend(attestation(&task));
    findings.extend(external(&task));
    if task.is_fargate() {
        findings.extend(fargate::validate(&task));
    }
    findings.extend(tags::validate(spec, OUR_TAGS, false));
    findings
}

/// A task definition under examination.
struct Task<'a> {
    spec: &'a Value,
    containers: Vec<(Path, &'a Value)>,
    volumes: Vec<(Path, &'a Value)>,
}

impl<'a> Task<'a> {
    fn of(spec: &'a Value) -> Self {
        let at = |key: &str| elements(&Path::default(), spec, key);
        Self { spec, containers: at("container_definitions"), volumes: at("volumes") }
    }

    /// Whether the user's own text asks for Fargate.
    fn is_fargate(&self) -> bool {
        self.spec.get("requires_compatibilities").is_some_and(|list| list.items().contains(&Value::from("FARGATE")))
    }

    /// The network mode; `None` where it is known only after apply.
    fn network_mode(&self) -> Option<&'a str> {
        match self.spec.get("network_mode") {
            None | Some(Value::Null) => Some("bridge"),
            Some(mode) => mode.as_str(),
        }
    }

    fn has(&self, key: &str) -> bool {
        has(self.spec, key)
    }

    /// The number of CPU units or MiB that the task asks for, where it is known and makes sense.
    fn size(&self, key: &str, unit: Unit) -> Option<u64> {
        units(&scalar(self.spec.get(key)?)?, unit)
    }

    /// The names of the containers; `None` where one is known only after apply.
    fn container_names(&self) -> Option<Vec<&'a str>> {
        self.containers.iter().map(|(_, container)| container.text("name")).collect()
    }
}

/// The elements of the list `key`, with their paths.
fn elements<'a>(path: &Path, value: &'a Value, key: &str) -> Vec<(Path, &'a Value)> {
    let path = path.join_key(key);
    let items = value.get(key).map_or(&[][..], Value::items);
    items.iter().enumerate().map(|(index, item)| (path.join(Segment::Index(index)), item)).collect()
}

/// Elements of the list `list` that leave out `key`, which the API's model has as optional and without which AWS
/// drops or refuses the element.
fn nameless(path: &Path, value: &Value, list: &str, key: &str) -> Vec<Finding> {
    let lacks = |item: &Value| matches!(item, Value::Map(_)) && !says_nothing(item) && !has(item, key);
    let lacking = elements(path, value, list).into_iter().filter(|(_, item)| lacks(item));
    lacking.map(|(at, _)| Finding::error(at, format!("this element of `{list}` has no `{key}`"))).collect()
}

/// Whether `key` says anything, be it known or pending.
fn has(value: &Value, key: &str) -> bool {
    value.get(key).is_some_and(|value| !value.is_empty() && value.as_str() != Some(""))
}

/// Whether an element of a list is one that is left out.
fn says_nothing(element: &Value) -> bool {
    element.as_map().is_some_and(|members| members.values().all(Value::is_empty))
}

/// Whether `key` is known to be `true`.
fn is_true(value: &Value, key: &str) -> bool {
    value.get(key).is_some_and(|value| value.as_bool() == Some(true) || value.as_str() == Some("true"))
}

/// An integer, also one written as a string.
fn integer(value: &Value, key: &str) -> Option<i64> {
    let value = value.get(key)?;
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A string, also one written as a number.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Sizes that are no sizes, and containers that together ask for more than the task has.
fn sizes(task: &Task<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, unit, examples) in [("cpu", Unit::Cpu, "\"1024\" or \"1 vCPU\""), ("memory", Unit::Memory, "\"2048\" or \"2 GB\"")]
    {
        let Some(text) = task.spec.get(key).and_then(scalar) else { continue };
        let Some(total) = units(&text, unit) else {
            findings.push(
                Finding::error(Path::key(key), format!("`{text}` is no amount of {key}")).help(format!("write {examples}")),
            );
            continue;
        };
        let sum: i64 = task.containers.iter().filter_map(|(_, container)| integer(container, key)).sum();
        if sum > 0 && sum.unsigned_abs() > total {
            let message = format!("the containers ask for {sum} of {key} together, more than the task's {total}");
            findings.push(Finding::error(Path::key(key), message));
        }
    }
    findings
}

fn execution_role(task: &Task<'_>) -> Option<Finding> {
    let role = task.spec.text("execution_role_arn").filter(|role| !role.is_empty() && !role.starts_with("arn:"))?;
    let finding = Finding::error(Path::key("execution_role_arn"), format!("`{role}` is not the ARN of a role"));
    Some(finding.help("refer to a role of this stack as ${role.NAME.arn}, or write arn:aws:iam::${account.id}:role/NAME"))
}

fn volumes(task: &Task<'_>) -> Vec<Finding> {
    const KINDS: [&str; 5] = [
        "host",
        "docker_volume_configuration",
        "efs_volume_configuration",
        "s3files_volume_configuration",
        "fsx_windows_file_server_volume_configuration",
    ];
    let mut findings = Vec::new();
    let mut names = Vec::new();
    let mut at_launch = 0;
    for (path, volume) in &task.volumes {
        match volume.text("name") {
            Some(name) if names.contains(&name) => {
                findings.push(Finding::error(path.join_key("name"), format!("there are two volumes called `{name}`")));
            }
            name => names.extend(name),
        }
        if !says_nothing(volume) && !has(volume, "name") {
            findings.push(Finding::error(path.clone(), "this volume has no `name`, so nothing can mount it"));
        }
        let is_at_launch = is_true(volume, "configured_at_launch");
        at_launch += usize::from(is_at_launch);
        if is_at_launch && at_launch > 1 {
            let message = "only one volume can be configured at launch";
            findings.push(Finding::error(path.join_key("configured_at_launch"), message));
        }
        let mut kinds = KINDS.iter().filter(|kind| has(volume, kind));
        if let (Some(first), Some(second)) = (kinds.next(), kinds.next()) {
            let message = format!("a volume is of one kind, and this one has `{first}` already");
            findings.push(Finding::error(path.join_key(*second), message).on_key());
        }
        findings.extend(efs(path, volume));
        findings.extend(s3_files(path, volume));
    }
    findings
}

/// An access point decides the directory itself, and authorisation needs encryption.
fn efs(path: &Path, volume: &Value) -> Vec<Finding> {
    let path = path.join_key("efs_volume_configuration");
    let Some(efs) = volume.get("efs_volume_configuration") else { return Vec::new() };
    let Some(authorization) = efs.get("authorization_config") else { return Vec::new() };
    let mut findings = Vec::new();
    let has_access_point = has(authorization, "access_point_id");
    if has_access_point && let Some(root) = efs.text("root_directory").filter(|root| *root != "/") {
        let message = format!("with an access point the root directory can't be `{root}`");
        let help = "the access point decides the directory: leave `root_directory` out, or make it \"/\"";
        findings.push(Finding::error(path.join_key("root_directory"), message).help(help).replacement("/"));
    }
    let needs_encryption = has_access_point || authorization.text("iam") == Some("ENABLED");
    let encryption = match efs.get("transit_encryption") {
        Some(encryption) => encryption.as_str(),
        None => Some("DISABLED"),
    };
    if needs_encryption && encryption == Some("DISABLED") {
        let at = if has(efs, "transit_encryption") { "transit_encryption" } else { "authorization_config" };
        let finding = Finding::error(path.join_key(at), "an access point and IAM authorisation need transit encryption");
        findings.push(finding.help("set `transit_encryption = \"ENABLED\"`"));
    }
    findings
}

fn s3_files(path: &Path, volume: &Value) -> Option<Finding> {
    let files = volume.get("s3files_volume_configuration").filter(|files| has(files, "access_point_arn"))?;
    let root = files.text("root_directory").filter(|root| *root != "/")?;
    let at = path.join_key("s3files_volume_configuration").join_key("root_directory");
    let finding = Finding::error(at, format!("with an access point the root directory can't be `{root}`"));
    Some(finding.help("the access point decides the directory: leave `root_directory` out, or make it \"/\"").replacement("/"))
}

fn proxy(task: &Task<'_>) -> Vec<Finding> {
    let path = Path::key("proxy_configuration");
    let Some(proxy) = task.spec.get("proxy_configuration") else { return Vec::new() };
    let mut findings = nameless(&path, proxy, "properties", "name");
    let name = proxy.text("container_name");
    findings.extend(name.and_then(|name| containers::unknown_container(task, path.join_key("container_name"), name)));
    findings
}

/// Instances outside of AWS have no elastic network interfaces.
fn external(task: &Task<'_>) -> Option<Finding> {
    let is_external =
        task.spec.get("requires_compatibilities").is_some_and(|list| list.items().contains(&Value::from("EXTERNAL")));
    (is_external && task.network_mode() == Some("awsvpc")).then(|| {
        Finding::error(Path::key("network_mode"), "external instances have no network mode `awsvpc`")
            .help("choose bridge, host or none, or leave EXTERNAL out of `requires_compatibilities`")
    })
}

fn attestation(task: &Task<'_>) -> Option<Finding> {
    let trusted = task.spec.get("trusted_execution_configuration")?;
    let needs = trusted.text("isolation_mode") == Some("CONFIDENTIAL_SANDBOX") && !has(trusted, "attestation_policy");
    let path = Path::key("trusted_execution_configuration").join_key("isolation_mode");
    needs.then(|| Finding::error(path, "`CONFIDENTIAL_SANDBOX` needs an `attestation_policy`"))
}
