//! What AWS would refuse of containers, on any launch type.

use crate::diagnostic::{Finding, nearest};
use crate::resources::task_definition::validate::{Task, elements, has, integer, is_true, nameless, says_nothing};
use crate::template::{Part, Reference};
use crate::value::{Path, Value};

pub fn validate(task: &Task<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(essential(task));
    let mut names = Vec::new();
    for (path, container) in &task.containers {
        match container.text("name") {
            Some(name) if names.contains(&name) => {
                findings.push(Finding::error(path.join_key("name"), format!("there are two containers called `{name}`")));
            }
            name => names.extend(name),
        }
        let named = [
            ("environment", "name"),
            ("mount_points", "source_volume"),
            ("mount_points", "container_path"),
            ("volumes_from", "source_container"),
            ("system_controls", "namespace"),
        ];
        findings.extend(named.iter().flat_map(|(list, key)| nameless(path, container, list, key)));
        findings.extend(repeated(path, container));
        findings.extend(networkless(task, path, container));
        findings.extend(image(path, container));
        findings.extend(memory(task, path, container));
        findings.extend(environment(path, container));
        findings.extend(secrets(task, path, container));
        findings.extend(ports(task, path, container));
        findings.extend(links(task, path, container));
        findings.extend(mounts(task, path, container));
        findings.extend(dependencies(task, path, container));
        findings.extend(logs(path, container));
        findings.extend(log_group(path, container));
        findings.extend(health(path, container));
        findings.extend(devices(path, container));
    }
    findings.extend(port_names(task));
    findings.extend(circles(task));
    findings
}

/// A finding where no container is called `name`, with the nearest one that there is.
pub fn unknown_container(task: &Task<'_>, path: Path, name: &str) -> Option<Finding> {
    let names = task.container_names()?;
    if names.contains(&name) {
        return None;
    }
    let mut finding = Finding::error(path, format!("there is no container called `{name}`"));
    finding.replacement = nearest(name, names.iter().copied()).map(str::to_owned);
    Some(finding.help(format!("containers here: {}", names.join(", "))))
}

fn essential(task: &Task<'_>) -> Option<Finding> {
    let is_inessential = |container: &Value| {
        container.get("essential").is_some_and(|flag| flag.as_bool() == Some(false) || flag.as_str() == Some("false"))
    };
    let (path, _) = task.containers.first()?;
    task.containers.iter().all(|(_, container)| is_inessential(container)).then(|| {
        Finding::error(path.join_key("essential"), "no container is essential")
            .help("a task ends when an essential container ends: at least one needs `essential = true`, the default")
    })
}

fn image(path: &Path, container: &Value) -> Option<Finding> {
    let image = container.text("image")?;
    let wrong = image.chars().find(|c| !(c.is_ascii_alphanumeric() || "_:/.#@-".contains(*c)))?;
    Some(
        Finding::error(path.join_key("image"), format!("{wrong:?} can't be in the name of an image"))
            .help("an image is REPOSITORY:TAG or REPOSITORY@sha256:DIGEST"),
    )
}

fn memory(task: &Task<'_>, path: &Path, container: &Value) -> Option<Finding> {
    // Fargate asks for the task's memory anyway.
    if !task.is_fargate() && !task.has("memory") && !has(container, "memory") && !has(container, "memory_reservation") {
        let name = container.text("name").unwrap_or_default();
        let finding = Finding::error(path.join_key("name"), format!("no memory is set for the container `{name}`"));
        return Some(finding.help("set `memory` of the task, or `memory` or `memory_reservation` of the container"));
    }
    let (memory, reservation) = (integer(container, "memory")?, integer(container, "memory_reservation")?);
    (reservation >= memory).then(|| {
        let message = format!("`memory_reservation` ({reservation}) must be less than `memory` ({memory})");
        Finding::error(path.join_key("memory_reservation"), message)
    })
}

/// Names that stand for one thing each.
fn repeated(path: &Path, container: &Value) -> Vec<Finding> {
    let mut lists = vec![
        ("ulimits", "name", elements(path, container, "ulimits")),
        ("system_controls", "namespace", elements(path, container, "system_controls")),
        ("mount_points", "container_path", elements(path, container, "mount_points")),
    ];
    if let Some(log) = container.get("log_configuration") {
        lists.push(("secret_options", "name", elements(&path.join_key("log_configuration"), log, "secret_options")));
    }
    let mut findings = Vec::new();
    for (list, key, items) in lists {
        let mut names = Vec::new();
        for (path, item) in items {
            match item.text(key) {
                Some(name) if names.contains(&name) => {
                    findings.push(Finding::error(path.join_key(key), format!("`{name}` is in `{list}` twice")));
                }
                name => names.extend(name),
            }
        }
    }
    findings
}

/// Service Connect finds a port by its name, which is one in the whole task.
fn port_names(task: &Task<'_>) -> Vec<Finding> {
    let mut names = Vec::new();
    let mut findings = Vec::new();
    for (path, port) in task.containers.iter().flat_map(|(path, container)| elements(path, container, "port_mappings")) {
        match port.text("name").filter(|name| !name.is_empty()) {
            Some(name) if names.contains(&name) => {
                findings.push(Finding::error(path.join_key("name"), format!("there are two ports called `{name}`")));
            }
            name => names.extend(name),
        }
    }
    findings
}

/// What has no effect, or is refused, with some network modes.
fn networkless(task: &Task<'_>, path: &Path, container: &Value) -> Vec<Finding> {
    let members: &[&str] = match task.network_mode() {
        Some("awsvpc") => &["hostname", "extra_hosts"],
        Some("none") => &["port_mappings"],
        _ => return Vec::new(),
    };
    let mode = task.network_mode().unwrap_or_default();
    let found = members.iter().filter(|member| has(container, member));
    found
        .map(|member| {
            Finding::warning(path.join_key(*member), format!("`{member}` does not go with the network mode `{mode}`")).on_key()
        })
        .collect()
}

/// A repeated name would silently lose all values but one.
fn environment(path: &Path, container: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for key in ["environment", "secrets"] {
        let mut names = Vec::new();
        for (path, variable) in elements(path, container, key) {
            match variable.text("name") {
                Some(name) if names.contains(&name) => {
                    let message = format!("`{name}` is in `{key}` twice");
                    findings.push(
                        Finding::error(path.join_key("name"), message).help("AWS would keep one of them and drop the other"),
                    );
                }
                name => names.extend(name),
            }
        }
    }
    let variables = elements(path, container, "environment");
    for (path, secret) in elements(path, container, "secrets") {
        let Some(name) = secret.text("name") else { continue };
        if variables.iter().any(|(_, variable)| variable.text("name") == Some(name)) {
            let message = format!("`{name}` is both in `environment` and in `secrets`");
            findings.push(Finding::error(path.join_key("name"), message));
        }
    }
    findings
}

fn secrets(task: &Task<'_>, path: &Path, container: &Value) -> Option<Finding> {
    let log_secrets = container.get("log_configuration").is_some_and(|log| has(log, "secret_options"));
    let credentials = has(container, "repository_credentials");
    let (key, what) = match (has(container, "secrets"), log_secrets, credentials) {
        (true, _, _) => ("secrets", "secrets"),
        (_, true, _) => ("log_configuration", "secret log options"),
        (_, _, true) => ("repository_credentials", "registry credentials"),
        _ => return None,
    };
    (!task.has("execution_role_arn")).then(|| {
        Finding::error(path.join_key(key), format!("{what} need an `execution_role_arn`"))
            .on_key()
            .help("ECS reads them by that role; set `execution_role_arn` of the task definition")
    })
}

fn ports(task: &Task<'_>, path: &Path, container: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mode = task.network_mode();
    for (path, port) in elements(path, container, "port_mappings") {
        let container_port = integer(port, "container_port");
        if let (Some("awsvpc" | "host"), Some(host), Some(container)) = (mode, integer(port, "host_port"), container_port)
            && host != 0
            && host != container
        {
            let message = format!("with this network mode the host port is the container's, {container}");
            let finding = Finding::error(path.join_key("host_port"), message);
            findings.push(finding.help("leave `host_port` out").replacement(container.to_string()));
        }
        if !says_nothing(port) && has(port, "container_port") == has(port, "container_port_range") {
            let finding =
                Finding::error(path.clone(), "a port mapping has either a `container_port` or a `container_port_range`");
            findings.push(finding);
        }
        if has(port, "container_port_range") && integer(port, "host_port").is_some_and(|host| host != 0) {
            findings.push(Finding::error(path.join_key("host_port"), "with a range of ports AWS chooses the host's"));
        }
    }
    findings
}

fn links(task: &Task<'_>, path: &Path, container: &Value) -> Vec<Finding> {
    let links = elements(path, container, "links");
    if let (false, Some(mode @ ("awsvpc" | "host" | "none"))) = (links.is_empty(), task.network_mode()) {
        let finding = Finding::error(path.join_key("links"), format!("links do not work with the network mode `{mode}`"));
        return vec![finding.on_key().help("with awsvpc and host, containers of one task reach each other at localhost")];
    }
    let unknown = |(path, link): &(Path, &Value)| {
        let name = link.as_str()?.split(':').next()?;
        unknown_container(task, path.clone(), name)
    };
    links.iter().filter_map(unknown).collect()
}

fn mounts(task: &Task<'_>, path: &Path, container: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let volumes: Option<Vec<&str>> = task.volumes.iter().map(|(_, volume)| volume.text("name")).collect();
    for (path, mount) in elements(path, container, "mount_points") {
        let (Some(volumes), Some(name)) = (&volumes, mount.text("source_volume")) else { continue };
        if !volumes.contains(&name) {
            let mut finding = Finding::error(path.join_key("source_volume"), format!("there is no volume called `{name}`"));
            finding.replacement = nearest(name, volumes.iter().copied()).map(str::to_owned);
            let known = if volumes.is_empty() { "none".to_owned() } else { volumes.join(", ") };
            findings.push(finding.help(format!("volumes here: {known}")));
        }
    }
    for (path, from) in elements(path, container, "volumes_from") {
        let name = from.text("source_container");
        findings.extend(name.and_then(|name| unknown_container(task, path.join_key("source_container"), name)));
    }
    findings
}

fn dependencies(task: &Task<'_>, path: &Path, container: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, dependency) in elements(path, container, "depends_on") {
        let Some(name) = dependency.text("container_name") else { continue };
        if let Some(unknown) = unknown_container(task, path.join_key("container_name"), name) {
            findings.push(unknown);
            continue;
        }
        let Some((_, target)) = task.containers.iter().find(|(_, container)| container.text("name") == Some(name)) else {
            continue;
        };
        let at = path.join_key("condition");
        match dependency.text("condition") {
            Some(condition @ ("SUCCESS" | "COMPLETE")) if !has(target, "essential") || is_true(target, "essential") => {
                let message = format!("`{name}` is essential, so the task ends with it and nothing can wait for `{condition}`");
                findings.push(Finding::error(at, message).help(format!("set `essential = false` on `{name}`")));
            }
            Some("HEALTHY") if !has(target, "health_check") => {
                let message = format!("`{name}` has no `health_check`, so it never is `HEALTHY`");
                findings.push(Finding::error(at, message).help(format!("give `{name}` a `health_check`, or wait for `START`")));
            }
            _ => {}
        }
    }
    findings
}

/// Containers that wait for each other.
fn circles(task: &Task<'_>) -> Option<Finding> {
    let waits_for = |name: &str| {
        let container = task.containers.iter().find(|(_, container)| container.text("name") == Some(name));
        let list = container.and_then(|(_, container)| container.get("depends_on")).map_or(&[][..], Value::items);
        list.iter().filter_map(|dependency| dependency.text("container_name")).collect::<Vec<_>>()
    };
    for (path, container) in &task.containers {
        let Some(start) = container.text("name") else { continue };
        let mut ways = vec![vec![start]];
        let mut seen = vec![start];
        while let Some(way) = ways.pop() {
            for next in way.last().map(|last| waits_for(last)).unwrap_or_default() {
                if next == start {
                    let ring = [&way[..], &[start]].concat().join(" → ");
                    let finding = Finding::error(path.join_key("depends_on"), format!("containers wait for each other: {ring}"));
                    return Some(finding.on_key());
                }
                if !seen.contains(&next) {
                    seen.push(next);
                    ways.push([&way[..], &[next]].concat());
                }
            }
        }
    }
    None
}

fn logs(path: &Path, container: &Value) -> Option<Finding> {
    let log = container.get("log_configuration").filter(|log| log.text("log_driver") == Some("awslogs"))?;
    if matches!(log.get("options"), Some(Value::Pending(_))) {
        return None;
    }
    let is_missing = |option: &&str| log.get("options").is_none_or(|options| !has(options, option));
    let missing: Vec<&str> = ["awslogs-group", "awslogs-region"].into_iter().filter(is_missing).collect();
    (!missing.is_empty()).then(|| {
        let at = path.join_key("log_configuration").join_key("log_driver");
        let finding = Finding::error(at, format!("the log driver `awslogs` needs the option {}", missing.join(" and ")));
        finding.help("options = { awslogs-group = \"…\", awslogs-region = \"${stack.region}\", awslogs-stream-prefix = \"…\" }")
    })
}

/// The driver takes a log group by its name.
fn log_group(path: &Path, container: &Value) -> Option<Finding> {
    let log = container.get("log_configuration").filter(|log| log.text("log_driver") == Some("awslogs"))?;
    let Value::Pending(template) = log.get("options")?.get("awslogs-group")? else { return None };
    let [Part::Reference(Reference::Attribute { address, attribute })] = template.parts() else { return None };
    (address.resource_type == "log_group" && attribute == "arn").then(|| {
        let at = path.join_key("log_configuration").join_key("options").join_key("awslogs-group");
        Finding::error(at, "a log group is named by its name here").replacement(format!("${{{address}.name}}"))
    })
}

fn health(path: &Path, container: &Value) -> Option<Finding> {
    let first = container.get("health_check")?.get("command")?.items().first()?.as_str()?;
    let path = path.join_key("health_check").join_key("command");
    (!matches!(first, "CMD" | "CMD-SHELL" | "NONE")).then(|| {
        Finding::error(path, "the command of a health check begins with `CMD` or `CMD-SHELL`")
            .help(format!("[\"CMD-SHELL\", \"{}\"] runs it in a shell", first.escape_debug()))
    })
}

/// A GPU is either counted or shared.
fn devices(path: &Path, container: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, device) in elements(path, container, "resource_requirements") {
        if !says_nothing(device) && has(device, "value") == has(device, "sharing_strategy") {
            findings.push(Finding::error(path.clone(), "a device needs either a `value` or a `sharing_strategy`"));
        }
        if has(device, "sharing_strategy") && device.text("type").is_some_and(|kind| kind != "GPU") {
            findings.push(Finding::error(path.join_key("sharing_strategy"), "only a GPU can be shared").on_key());
        }
    }
    findings
}
