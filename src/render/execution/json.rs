//! Executions for programs: what happens, an object a line; what became of it, as one object.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::execution::{
    Attempt, EcsTask, Entry, EntryStatus, Event, EventKind, ExecutionArn, Failure, Progress, Retry, StrandKind, sentence,
};
use crate::render::execution::lines::{is_of_a_state, told};
use crate::render::execution::{Run, View, status};

/// The object of `event`, which `view` has just taken over.
pub fn event_json(view: View<'_>, event: &Event) -> Json {
    let is_own = |entry: &usize| is_of_a_state(&event.kind) && *entry < view.execution.entries.len();
    let entry = view.execution.entry_of(event.id).filter(is_own).map(|entry| &view.execution.entries[entry]);
    let mut object = line("execution_event", &told(view, event).1, event.time);
    object["event"] = json!({ "id": event.id, "previous_id": event.previous, "type": event.name });
    object["state"] = json!(entry.map(|entry| &entry.name));
    object["path"] = json!(entry.map(|entry| view.execution.path(entry)));
    if let EventKind::TaskFailed { failure, .. } | EventKind::EvaluationFailed { failure } = &event.kind {
        object["failure"] = failure_json(failure);
    }
    object
}

/// The object of a task whose status has changed.
pub fn task_json(view: View<'_>, (entry, seen): (&Entry, &EcsTask)) -> Json {
    let mut object = line("task", &format!("task {} {}", seen.id(), status::task(seen)), view.now);
    object["path"] = view.execution.path(entry).into();
    object["task"] = ecs_task(seen);
    object
}

/// The object of a line that a container wrote.
pub fn log_json(from: &str, time: Timestamp, text: &str) -> Json {
    let mut object = line("log", text, time);
    object["from"] = from.into();
    object
}

/// What else there is to tell while it runs: that waiting ended, and the like.
pub fn tells_json(kind: &str, message: &str, arn: &str, now: Timestamp) -> Json {
    let mut object = line(kind, message, now);
    object["arn"] = arn.into();
    object
}

/// All that is known of the execution.
pub fn execution_json(view: View<'_>) -> Json {
    let execution = view.execution;
    let progress = view.progress();
    let retry = |index: usize| progress.as_ref().and_then(|progress| progress.retries.get(index).copied().flatten());
    let entries = execution.entries.iter().enumerate();
    let entries: Vec<Json> = entries.map(|(index, entry)| entry_json(view, index, entry, retry(index))).collect();
    let mut object =
        line("execution", &format!("execution {} {}", view.arn.name, status::of_execution(execution.status).word), view.now);
    let members = json!({
        "machine": view.title,
        "name": view.arn.name,
        "arn": view.arn.text,
        "console_url": view.arn.console_url(),
        "status": execution.status.name(),
        "started_at": execution.started,
        "stopped_at": execution.stopped,
        "seconds": seconds(view.seconds()),
        "redrives": execution.redrives,
        "input": execution.input,
        "output": execution.output,
        "failure": execution.failure.as_ref().map(failure_json),
        "states": progress.as_ref().map(|progress| states(view, progress)),
        "entries": entries,
    });
    if let (Json::Object(object), Json::Object(members)) = (&mut object, members) {
        object.extend(members);
    }
    object
}

/// The executions of a stack.
pub fn runs_json(runs: &[Run], now: Timestamp) -> Json {
    let one = |run: &Run| {
        let it = &run.description;
        let stopped = it.stopped.or_else(|| (!it.status.is_ended()).then_some(now));
        let length = it.started.zip(stopped).map(|(started, stopped)| seconds(stopped.duration_since(started).as_secs_f64()));
        json!({
            "address": run.address, "name": it.name, "arn": it.arn, "status": it.status.name(),
            "started_at": it.started, "stopped_at": it.stopped, "seconds": length, "redrives": it.redrives,
        })
    };
    json!({ "executions": runs.iter().map(one).collect::<Vec<_>>() })
}

/// The states of the definition, each with how it stands.
fn states(view: View<'_>, progress: &Progress) -> Vec<Json> {
    let Some((graph, _)) = view.machine else { return Vec::new() };
    let nodes = graph.nodes.iter().zip(&progress.nodes);
    nodes
        .filter(|(node, _)| matches!(node.kind, crate::flow::NodeKind::State(_)))
        .map(|(node, at)| {
            json!({
                "name": node.name,
                "type": node.kind.name(),
                "status": status::of_node(&at.status).word,
                "seconds": at.seconds.map(seconds),
                "attempt": at.attempt.map(|attempt| json!({ "number": attempt.number, "of": attempt.of })),
                "error": at.error,
                "ended": at.ended.map(|(ended, of)| json!({ "number": ended, "of": of })),
            })
        })
        .collect()
}

fn entry_json(view: View<'_>, index: usize, entry: &Entry, retry: Option<Retry>) -> Json {
    let strand = view.execution.strands.get(entry.strand);
    let (branch, iteration) = match strand.map(|strand| strand.kind) {
        Some(StrandKind::Branch(number)) => (Some(number), None),
        Some(StrandKind::Iteration(number)) => (None, Some(number)),
        _ => (None, None),
    };
    json!({
        "index": index,
        "name": entry.name,
        "path": view.execution.path(entry),
        "type": entry.kind.map(|kind| kind.name()),
        "within": strand.and_then(|strand| strand.owner),
        "branch": branch,
        "iteration": iteration,
        "status": entry_status(entry.status),
        "entered_at": entry.entered,
        "stopped_at": entry.stopped,
        "seconds": seconds(entry.stopped.unwrap_or(view.now).duration_since(entry.entered).as_secs_f64()),
        "input": entry.input,
        "output": entry.output,
        "failure": entry.failure.as_ref().map(failure_json),
        "attempts": entry.attempts.iter().map(attempt_json).collect::<Vec<_>>(),
        "next_attempt": retry.map(|retry| json!({
            "number": retry.attempt.number, "of": retry.attempt.of, "at": retry.at,
            "in_seconds": seconds(retry.in_seconds), "jitter": retry.is_jittered,
        })),
        "items": entry.length,
        "map_run_arn": entry.map_run_arn,
    })
}

fn attempt_json(attempt: &Attempt) -> Json {
    json!({
        "status": entry_status(attempt.status),
        "started_at": attempt.started,
        "stopped_at": attempt.stopped,
        "redrive": attempt.redrive,
        "resource": attempt.resource,
        "parameters": attempt.parameters,
        "output": attempt.output,
        "failure": attempt.failure.as_ref().map(failure_json),
        "tasks": attempt.tasks.iter().map(ecs_task).collect::<Vec<_>>(),
    })
}

fn ecs_task(task: &EcsTask) -> Json {
    let containers = task.containers.iter().map(|container| {
        json!({
            "name": container.name, "last_status": container.last_status,
            "exit_code": container.exit_code, "reason": container.reason,
        })
    });
    json!({
        "arn": task.arn,
        "cluster_arn": task.cluster_arn,
        "task_definition_arn": task.task_definition_arn,
        "console_url": ExecutionArn::task_console_url(&task.arn),
        "last_status": task.last_status,
        "stop_code": task.stop_code,
        "stopped_reason": task.stopped_reason,
        "started_at": task.started,
        "stopped_at": task.stopped,
        "containers": containers.collect::<Vec<_>>(),
    })
}

/// `explanation` is the cause in a sentence.
fn failure_json(failure: &Failure) -> Json {
    json!({ "error": failure.error, "cause": failure.cause, "explanation": sentence(&failure.cause) })
}

fn entry_status(status: EntryStatus) -> &'static str {
    status::of_entry(status, false).word
}

fn line(kind: &str, message: &str, time: Timestamp) -> Json {
    json!({ "@level": "info", "@message": message, "@module": "stepwright.ui", "@timestamp": time.to_string(), "type": kind })
}

/// To the millisecond.
fn seconds(seconds: f64) -> f64 {
    (seconds.max(0.0) * 1000.0).round() / 1000.0
}
