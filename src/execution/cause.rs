//! The cause of a failure in a sentence. What AWS gives as one is often a document:
//!
//! | of | it is | and becomes |
//! |---|---|---|
//! | a task of ECS | the task | `container report exited 137: OutOfMemoryError` |
//! | a Lambda function | `errorType`, `errorMessage`, a trace | `KeyError: 'day'` |
//! | an execution that was awaited | its description | `execution nightly:one failed: States.Timeout` |
//! | anything else | text | that text |

use serde_json::Value as Json;

use crate::execution::{Container, EcsTask};

/// Descriptions may hold the cause of another execution, and that of a third.
const DEEPEST: usize = 5;

/// What `cause` says, on one line where it was a document; else as it is.
pub fn sentence(cause: &str) -> String {
    read(cause, DEEPEST).unwrap_or_else(|| cause.trim().to_owned())
}

fn read(cause: &str, depth: usize) -> Option<String> {
    let text = cause.trim();
    if depth == 0 || !text.starts_with('{') {
        return None;
    }
    let json: Json = serde_json::from_str(text).ok()?;
    if let Some(task) = EcsTask::parse(&json) {
        return Some(of_task(&task));
    }
    let member = |key: &str| json.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
    if let Some(message) = member("errorMessage") {
        return Some(match member("errorType") {
            Some(kind) => format!("{kind}: {message}"),
            None => message.to_owned(),
        });
    }
    if let (Some(arn), Some(status)) = (member("ExecutionArn"), member("Status")) {
        let name: Vec<&str> = arn.rsplitn(3, ':').take(2).collect();
        let name = name.into_iter().rev().collect::<Vec<_>>().join(":");
        let cause = member("Cause").map(|cause| read(cause, depth - 1).unwrap_or_else(|| cause.to_owned()));
        let why: Vec<String> = member("Error").map(str::to_owned).into_iter().chain(cause).collect();
        let status = status.to_lowercase().replace('_', " ");
        return Some([format!("execution {name} {status}")].into_iter().chain(why).collect::<Vec<_>>().join(": "));
    }
    // As Batch, Glue, CodeBuild and others have it.
    ["StatusReason", "ErrorMessage", "FailureReason", "message", "Message"].into_iter().find_map(member).map(str::to_owned)
}

/// What became of a task: its containers that failed, else why it was stopped.
fn of_task(task: &EcsTask) -> String {
    let is_bad = |container: &&Container| container.exit_code.is_some_and(|code| code != 0) || container.reason.is_some();
    let bad: Vec<String> = task.containers.iter().filter(is_bad).map(of_container).collect();
    let stop = match (&task.stop_code, &task.stopped_reason) {
        // That a container ended is what the container's own code says better.
        (_, Some(reason)) if bad.is_empty() || !reason.starts_with("Essential container") => Some(reason.clone()),
        (Some(code), None) if bad.is_empty() => Some(code.clone()),
        _ => None,
    };
    let parts: Vec<String> = bad.into_iter().chain(stop).collect();
    if !parts.is_empty() {
        return parts.join("; ");
    }
    match task.last_status.as_deref() {
        Some("STOPPED") | None => "the task was stopped, and ECS does not say why".to_owned(),
        Some(status) => format!("the task was {status}"),
    }
}

fn of_container(container: &Container) -> String {
    let name = &container.name;
    match (container.exit_code, &container.reason) {
        (Some(code), Some(reason)) => format!("container {name} exited {code}: {reason}"),
        (Some(code), None) => format!("container {name} exited {code}"),
        (None, Some(reason)) => format!("container {name}: {reason}"),
        (None, None) => format!("container {name} did not exit"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn in_a_sentence() {
        let task = |containers: Json, more: Json| {
            let mut it = json!({ "TaskArn": "arn:aws:ecs:r:1:task/main/ab", "LastStatus": "STOPPED", "Containers": containers });
            it.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            it
        };
        let essential = json!({ "StopCode": "EssentialContainerExited", "StoppedReason": "Essential container in task exited" });
        let told = [
            (
                task(
                    json!([{ "Name": "report", "ExitCode": 137, "Reason": "OutOfMemoryError" }, { "Name": "side", "ExitCode": 0 }]),
                    essential.clone(),
                ),
                "container report exited 137: OutOfMemoryError",
            ),
            (
                task(json!([{ "Name": "a", "ExitCode": 1 }, { "Name": "b", "ExitCode": 2 }]), essential.clone()),
                "container a exited 1; container b exited 2",
            ),
            (task(json!([{ "Name": "a", "ExitCode": 0 }]), essential), "Essential container in task exited"),
            (
                task(
                    json!([{ "Name": "a" }]),
                    json!({ "StopCode": "TaskFailedToStart", "StoppedReason": "CannotPullContainerError: not found" }),
                ),
                "CannotPullContainerError: not found",
            ),
            (task(json!([]), json!({})), "the task was stopped, and ECS does not say why"),
            (json!({ "taskArn": "arn:aws:ecs:r:1:task/main/ab", "lastStatus": "RUNNING" }), "the task was RUNNING"),
            (json!({ "errorMessage": "'day'", "errorType": "KeyError", "stackTrace": [] }), "KeyError: 'day'"),
            (
                json!({ "ExecutionArn": "arn:aws:states:r:1:execution:nightly:one", "Status": "FAILED", "Error": "E",
                    "Cause": json!({ "errorMessage": "deep" }).to_string() }),
                "execution nightly:one failed: E: deep",
            ),
            (json!({ "ExecutionArn": "arn:aws:states:r:1:execution:m:n", "Status": "TIMED_OUT" }), "execution m:n timed out"),
            (json!({ "JobId": "x", "StatusReason": "Host terminated" }), "Host terminated"),
            (json!({ "unknown": 1 }), "{\"unknown\":1}"),
        ];
        for (cause, expected) in told {
            assert_eq!(sentence(&cause.to_string()), expected);
        }
        for text in ["it broke", "", "{no JSON", "[1]", "null", "\"text\""] {
            assert_eq!(sentence(text), text);
        }
        let mut nested = "x".to_owned();
        for _ in 0..10 {
            nested =
                json!({ "ExecutionArn": "arn:aws:states:r:1:execution:m:n", "Status": "FAILED", "Cause": nested }).to_string();
        }
        assert!(sentence(&nested).starts_with("execution m:n failed: execution m:n failed:"));
    }
}
