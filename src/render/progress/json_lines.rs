//! Events as objects, one a line, in the shape of Terraform's machine-readable output.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::address::Address;
use crate::apply::{Event, Summary};
use crate::aws::Error;
use crate::plan::OperationName;
use crate::render::Style;
use crate::render::progress::lines::{event_line, still_running_line};

const PLAIN: Style = Style { color: false, width: usize::MAX };

/// The object of `event`. `timestamp` is when it happened, as RFC 3339.
pub fn event_json(event: &Event, timestamp: &str) -> Json {
    let message = text(|out| event_line(out, event, PLAIN));
    let info = |message: &str, kind: &str, hook: Json| line("info", message, timestamp, kind, hook);
    match event {
        Event::Settled { address, adopted } => {
            info(&message, "settled", json!({ "resource": resource(address), "adopted": adopted }))
        }
        Event::Started { steps } => info(&format!("Applying: {}", count(*steps, "step")), "started", json!({ "steps": steps })),
        Event::StepStarted { step, address, operation, id } => {
            info(&message, "apply_start", with_id(hook(*step, address, *operation), id.as_deref()))
        }
        Event::StepExists { step, address, id } => {
            let hook = json!({ "resource": resource(address), "step": step });
            info(&format!("{address}: Exists [id={id}]"), "apply_exists", with_id(hook, Some(id)))
        }
        Event::StepWaiting { step, address, what, at_most } => {
            let hook = json!({ "resource": resource(address), "step": step, "what": what, "at_most_seconds": at_most.as_secs() });
            info(&message, "apply_waiting", hook)
        }
        Event::StepDone { step, address, operation, id, elapsed } => {
            let mut hook = with_id(hook(*step, address, *operation), id.as_deref());
            hook["elapsed_seconds"] = elapsed.as_secs().into();
            info(&message, "apply_complete", hook)
        }
        Event::StepFailed { step, address, operation, error, elapsed } => {
            let mut hook = hook(*step, address, *operation);
            hook["elapsed_seconds"] = elapsed.as_secs().into();
            hook["error"] = error_json(error);
            line("error", &message, timestamp, "apply_errored", hook)
        }
        Event::Draining { running } => line("warn", &message, timestamp, "draining", json!({ "running": running })),
        Event::Aborted { running } => line("warn", &message, timestamp, "aborted", json!({ "running": running })),
        Event::Finished(summary) => finished(summary, timestamp),
    }
}

/// The object that tells every few seconds that a step is still at it.
pub fn still_running_json(step: usize, address: &Address, operation: OperationName, elapsed: Duration, timestamp: &str) -> Json {
    let message = text(|out| still_running_line(out, address, operation, elapsed, PLAIN));
    let mut hook = hook(step, address, operation);
    hook["elapsed_seconds"] = elapsed.as_secs().into();
    line("info", &message, timestamp, "apply_progress", hook)
}

fn finished(summary: &Summary, timestamp: &str) -> Json {
    let done = |wanted: OperationName| summary.done.iter().filter(|(_, operation)| *operation == wanted).count();
    let (add, change, remove) = (done(OperationName::Create), done(OperationName::Update), done(OperationName::Delete));
    let import = done(OperationName::Import);
    let not_tried = summary.not_tried.iter().map(|(address, operation)| json!({ "addr": address, "action": operation }));
    let word = if summary.is_success() { "complete" } else { "incomplete" };
    let message = format!("Apply {word}! Resources: {add} added, {change} changed, {remove} destroyed.");
    let level = if summary.is_success() { "info" } else { "error" };
    let mut object = line(level, &message, timestamp, "change_summary", Json::Null);
    if let Some(members) = object.as_object_mut() {
        members.shift_remove("hook");
    }
    object["changes"] = json!({
        "add": add, "change": change, "import": import, "remove": remove, "forget": done(OperationName::Forget),
        "operation": "apply",
    });
    object["failed"] = json!(summary.failed);
    object["not_tried"] = not_tried.collect();
    object["interrupted"] = summary.interrupted.into();
    object["elapsed_seconds"] = summary.elapsed.as_secs().into();
    object
}

fn line(level: &str, message: &str, timestamp: &str, kind: &str, hook: Json) -> Json {
    json!({
        "@level": level,
        "@message": message,
        "@module": "stepwright.ui",
        "@timestamp": timestamp,
        "type": kind,
        "hook": hook,
    })
}

fn hook(step: usize, address: &Address, operation: OperationName) -> Json {
    json!({ "resource": resource(address), "action": operation, "step": step })
}

fn resource(address: &Address) -> Json {
    json!({
        "addr": address,
        "resource": address,
        "resource_type": address.resource_type,
        "resource_name": address.name,
        "implied_provider": "stepwright/aws",
    })
}

fn with_id(mut hook: Json, id: Option<&str>) -> Json {
    if let Some(id) = id {
        hook["id_key"] = "arn".into();
        hook["id_value"] = id.into();
    }
    hook
}

fn error_json(error: &Error) -> Json {
    json!({
        "operation": error.operation,
        "code": error.code,
        "message": error.message,
        "request_id": error.request_id,
        "help": error.help,
    })
}

fn text(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    // Writing to memory does not fail, and a message that is missing would not be worth ending an apply for.
    let _ = write(&mut out);
    String::from_utf8_lossy(&out).trim_end().to_owned()
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
