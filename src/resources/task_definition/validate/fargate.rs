//! What Fargate asks besides.

use crate::diagnostic::Finding;
use crate::resources::task_definition::normalise::Unit;
use crate::resources::task_definition::validate::{Task, elements, has, integer, is_true};
use crate::value::{Path, Segment, Value};

const GIB: u64 = 1024;

/// The amounts of CPU that Fargate has, in units.
const CPU: [u64; 7] = [256, 512, 1024, 2048, 4096, 8192, 16384];

/// The amounts of memory, in MiB, that Fargate has with `cpu` units: the first, the last, and the step between.
pub fn memories(cpu: u64) -> Vec<u64> {
    let every = |step: u64, first: u64, last: u64| (first..=last).step_by(step as usize).map(|gib| gib * GIB).collect();
    match cpu {
        256 => vec![512, GIB, 2 * GIB],
        512 => every(1, 1, 4),
        1024 => every(1, 2, 8),
        2048 => every(1, 4, 16),
        4096 => every(1, 8, 30),
        8192 => every(4, 16, 60),
        16384 => every(8, 32, 120),
        _ => Vec::new(),
    }
}

pub fn validate(task: &Task<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(network(task));
    findings.extend(size(task));
    findings.extend(unsupported(task));
    for (path, container) in &task.containers {
        findings.extend(unsupported_in_container(path, container));
        findings.extend(logs(task, path, container));
        findings.extend(image(task, path, container));
        for key in ["start_timeout", "stop_timeout"] {
            if integer(container, key).is_some_and(|seconds| !(2..=120).contains(&seconds)) {
                findings.push(Finding::error(path.join_key(key), format!("on Fargate `{key}` is 2 to 120 seconds")));
            }
        }
    }
    findings
}

/// The element of `requires_compatibilities` that asks for Fargate.
fn asks(task: &Task<'_>) -> Path {
    let list = task.spec.get("requires_compatibilities").map_or(&[][..], Value::items);
    let index = list.iter().position(|item| item.as_str() == Some("FARGATE")).unwrap_or_default();
    Path::key("requires_compatibilities").join(Segment::Index(index))
}

fn network(task: &Task<'_>) -> Option<Finding> {
    let mode = task.network_mode().filter(|mode| *mode != "awsvpc")?;
    let help = "set `network_mode = \"awsvpc\"`";
    Some(match task.has("network_mode") {
        true => {
            let finding = Finding::error(Path::key("network_mode"), format!("Fargate has no network mode `{mode}`"));
            finding.help(help).replacement("awsvpc")
        }
        false => Finding::error(asks(task), "Fargate needs the network mode `awsvpc`, and the default is `bridge`").help(help),
    })
}

fn size(task: &Task<'_>) -> Vec<Finding> {
    let missing: Vec<Finding> = ["cpu", "memory"]
        .into_iter()
        .filter(|key| !task.has(key))
        .map(|key| {
            let example = if key == "cpu" { "cpu = \"256\"" } else { "memory = \"512\"" };
            Finding::error(asks(task), format!("Fargate needs `{key}` of the task")).help(format!("for example {example}"))
        })
        .collect();
    if !missing.is_empty() {
        return missing;
    }
    let Some(cpu) = task.size("cpu", Unit::Cpu) else { return Vec::new() };
    if !CPU.contains(&cpu) {
        let choices = CPU.map(|cpu| cpu.to_string()).join(", ");
        let mut finding = Finding::error(Path::key("cpu"), format!("Fargate has no {cpu} units of CPU"));
        finding.replacement = CPU.iter().min_by_key(|choice| choice.abs_diff(cpu)).map(u64::to_string);
        return vec![finding.help(format!("choose one of {choices}"))];
    }
    let Some(memory) = task.size("memory", Unit::Memory) else { return Vec::new() };
    let choices = memories(cpu);
    if choices.contains(&memory) {
        return Vec::new();
    }
    let nearest = choices.iter().copied().min_by_key(|choice| choice.abs_diff(memory)).unwrap_or_default();
    let (first, last) = (choices.first().copied().unwrap_or_default(), choices.last().copied().unwrap_or_default());
    let step =
        if choices.len() > 3 { format!(" in steps of {}", choices[1] - choices[0]) } else { " (512, 1024 or 2048)".to_owned() };
    let message = format!("Fargate has no {memory} MiB of memory with {cpu} units of CPU");
    let mut finding = Finding::error(Path::key("memory"), message)
        .help(format!("with cpu = \"{cpu}\" memory is {first} to {last} MiB{step}; nearest is {nearest}"));
    let other = CPU.into_iter().filter(|other| memories(*other).contains(&memory)).min_by_key(|other| other.abs_diff(cpu));
    if let Some(other) = other {
        finding = finding.help(format!("memory = \"{memory}\" goes with cpu = \"{other}\""));
    }
    finding.replacement = Some(nearest.to_string());
    vec![finding]
}

/// Members of the task that Fargate does not have.
fn unsupported(task: &Task<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for key in ["placement_constraints", "ipc_mode", "inference_accelerators"] {
        if task.has(key) {
            findings.push(Finding::error(Path::key(key), format!("Fargate has no `{key}`")).on_key());
        }
    }
    if task.spec.text("pid_mode").is_some_and(|mode| mode != "task") {
        findings.push(Finding::error(Path::key("pid_mode"), "on Fargate `pid_mode` can only be `task`").replacement("task"));
    }
    for (path, volume) in &task.volumes {
        if has(volume, "docker_volume_configuration") {
            findings.push(Finding::error(path.join_key("docker_volume_configuration"), "Fargate has no Docker volumes").on_key());
        }
        if volume.get("host").is_some_and(|host| has(host, "source_path")) {
            let at = path.join_key("host").join_key("source_path");
            findings.push(Finding::error(at, "Fargate has no directories of the host").help("leave `source_path` out"));
        }
    }
    findings
}

/// Members of a container that Fargate does not have.
fn unsupported_in_container(path: &Path, container: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    if is_true(container, "privileged") {
        findings.push(Finding::error(path.join_key("privileged"), "no container on Fargate can be `privileged`"));
    }
    if has(container, "docker_security_options") {
        let at = path.join_key("docker_security_options");
        findings.push(Finding::error(at, "Fargate has no `docker_security_options`").on_key());
    }
    for (path, device) in elements(path, container, "resource_requirements") {
        if device.text("type").is_some() {
            findings.push(Finding::error(path.join_key("type"), "Fargate has no such devices"));
        }
    }
    let Some(linux) = container.get("linux_parameters") else { return findings };
    let path = path.join_key("linux_parameters");
    for key in ["devices", "shared_memory_size", "max_swap", "swappiness"] {
        if has(linux, key) {
            findings.push(Finding::error(path.join_key(key), format!("Fargate has no `{key}`")).on_key());
        }
    }
    if let Some(capabilities) = linux.get("capabilities") {
        for (path, added) in elements(&path.join_key("capabilities"), capabilities, "add") {
            if added.as_str().is_some_and(|name| name != "SYS_PTRACE") {
                findings.push(Finding::error(path, "Fargate adds no capability but `SYS_PTRACE`"));
            }
        }
    }
    findings
}

fn logs(task: &Task<'_>, path: &Path, container: &Value) -> Vec<Finding> {
    let Some(log) = container.get("log_configuration") else { return Vec::new() };
    let path = path.join_key("log_configuration");
    match log.text("log_driver") {
        Some("awslogs") => {
            let mut findings = Vec::new();
            let is_pending = matches!(log.get("options"), Some(Value::Pending(_)));
            if !is_pending && log.get("options").is_none_or(|options| !has(options, "awslogs-stream-prefix")) {
                let at = path.join_key(if has(log, "options") { "options" } else { "log_driver" });
                let finding = Finding::error(at, "on Fargate the log driver `awslogs` needs the option awslogs-stream-prefix");
                findings.push(finding.help("for example awslogs-stream-prefix = \"ecs\""));
            }
            if !task.has("execution_role_arn") {
                let finding = Finding::error(
                    path.join_key("log_driver"),
                    "on Fargate the log driver `awslogs` needs an `execution_role_arn`",
                );
                findings.push(finding.help("ECS writes the logs by that role"));
            }
            findings
        }
        Some("splunk" | "awsfirelens") | None => Vec::new(),
        Some(driver) => {
            let finding = Finding::error(path.join_key("log_driver"), format!("Fargate has no log driver `{driver}`"));
            vec![finding.help("choose awslogs, splunk or awsfirelens")]
        }
    }
}

/// An image in a private registry of ECR: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/…`.
fn image(task: &Task<'_>, path: &Path, container: &Value) -> Option<Finding> {
    let (account, rest) = container.text("image")?.split_once('.')?;
    let is_ecr = account.len() == 12 && account.chars().all(|c| c.is_ascii_digit()) && rest.starts_with("dkr.ecr.");
    (is_ecr && !task.has("execution_role_arn")).then(|| {
        let finding = Finding::error(path.join_key("image"), "on Fargate an image in ECR needs an `execution_role_arn`");
        finding.help("ECS pulls the image by that role")
    })
}
