//! What AWS makes of a task definition beyond its fields' fixed defaults.

use crate::resources::task_definition::schema;
use crate::schema;
use crate::template::Template;
use crate::value::{Map, Value};

/// `read`, `write` and `mknod`, each once: what a container may do with a device unless that is said.
const ALL_PERMISSIONS: usize = 3;

/// Brings a spec into the form that AWS answers with. Idempotent.
pub fn normalise(spec: &mut Value) {
    let network_mode = spec.text("network_mode").map(str::to_owned);
    let Some(map) = spec.as_map_mut() else { return };
    for (key, unit) in [("cpu", Unit::Cpu), ("memory", Unit::Memory)] {
        if let Some(Value::String(text)) = map.get(key)
            && let Some(number) = units(text, unit)
        {
            map.insert(key.to_owned(), Value::String(number.to_string()));
        }
    }
    if let Some(Value::String(text)) = map.get("task_role_arn")
        && let Some(arn) = role_arn(text)
    {
        map.insert("task_role_arn".to_owned(), arn);
    }
    if let Some(trusted) = map.get("trusted_execution_configuration")
        && trusted.as_map().is_some_and(|trusted| trusted.len() == 1)
        && trusted.text("isolation_mode") == Some("SHARED")
    {
        map.shift_remove("trusted_execution_configuration");
    }
    for container in elements(map, "container_definitions") {
        normalise_container(container, network_mode.as_deref());
    }
    for volume in elements(map, "volumes") {
        if let Some(Value::Map(docker)) = volume.get_mut("docker_volume_configuration") {
            // Not defaults of the fields: a Docker volume with nothing but defaults is still one, and no bind mount.
            for (key, default) in [("scope", "task"), ("driver", "local")] {
                docker.entry(key.to_owned()).or_insert_with(|| Value::from(default));
            }
        }
    }
    // What changed inside elements may change their order.
    *spec = schema::normalise(schema(), spec);
    name_values(spec);
}

/// A pair of name and value has a value, if only the empty one: it is told back, and sent, like any other.
fn name_values(spec: &mut Value) {
    let Some(map) = spec.as_map_mut() else { return };
    let fill_in = |pair: &mut Map, name: &str| {
        if pair.contains_key(name) {
            pair.entry("value".to_owned()).or_insert_with(|| Value::from(""));
        }
    };
    for container in elements(map, "container_definitions") {
        elements(container, "environment").for_each(|pair| fill_in(pair, "name"));
        elements(container, "system_controls").for_each(|pair| fill_in(pair, "namespace"));
    }
    if let Some(proxy) = map.get_mut("proxy_configuration").and_then(Value::as_map_mut) {
        elements(proxy, "properties").for_each(|pair| fill_in(pair, "name"));
    }
}

fn normalise_container(container: &mut Map, network_mode: Option<&str>) {
    // With these networks a container's port is the host's.
    if matches!(network_mode, Some("awsvpc" | "host")) {
        for port in elements(container, "port_mappings") {
            if port.contains_key("host_port") && port.get("host_port") == port.get("container_port") {
                port.shift_remove("host_port");
            }
        }
    }
    if let Some(linux) = container.get_mut("linux_parameters").and_then(Value::as_map_mut) {
        for device in elements(linux, "devices") {
            if device.get("container_path") == device.get("host_path") {
                device.shift_remove("container_path");
            }
            if device.get("permissions").is_some_and(|permissions| permissions.items().len() == ALL_PERMISSIONS) {
                device.shift_remove("permissions");
            }
        }
    }
}

/// The tables in the list `key`.
fn elements<'a>(map: &'a mut Map, key: &str) -> impl Iterator<Item = &'a mut Map> {
    let list = match map.get_mut(key) {
        Some(Value::List(items)) => Some(items),
        _ => None,
    };
    list.into_iter().flatten().filter_map(Value::as_map_mut)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Cpu,
    Memory,
}

/// `1 vCPU` and `1024` as 1024 units of CPU, `.5 GB` and `512` as 512 MiB; `None` where it is neither.
pub fn units(text: &str, unit: Unit) -> Option<u64> {
    let text = text.trim().to_lowercase();
    let factor = |suffixes: &[(&str, u32)]| {
        suffixes.iter().find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?.trim_end().to_owned(), *factor)))
    };
    let with_unit = match unit {
        Unit::Cpu => factor(&[("vcpu", 1024)]),
        Unit::Memory => factor(&[("gb", 1024), ("gib", 1024), ("mb", 1), ("mib", 1)]),
    };
    let is_number =
        |number: &str| number.chars().all(|c| c.is_ascii_digit() || c == '.') && number.ends_with(|c: char| c.is_ascii_digit());
    match with_unit {
        Some((number, factor)) if is_number(&number) => {
            let number = number.parse::<f64>().ok()? * f64::from(factor);
            // Beyond any task, and far inside what a double counts exactly.
            (number.fract() == 0.0 && number < 1e12).then_some(number as u64)
        }
        Some(_) => None,
        None if text.chars().all(|c| c.is_ascii_digit()) => text.parse().ok(),
        None => None,
    }
}

/// The ARN that AWS answers with for the short name of a role: of this account, at path `/`.
fn role_arn(name: &str) -> Option<Value> {
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c));
    let template = format!("arn:${{account.partition}}:iam::${{account.id}}:role/{name}");
    is_name.then(|| Template::parse(&template).ok().map(Value::Pending)).flatten()
}
