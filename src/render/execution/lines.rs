//! Events as plain lines, each with how long after the start it was.

use std::io::{Result, Write};

use jiff::Timestamp;

use crate::execution::{EcsTask, Ending, Entry, Event, EventKind, Progress};
use crate::render::clean::clean;
use crate::render::execution::{View, status};
use crate::render::flow::shortened;
use crate::render::style::{Ink, Style};

/// A line is for looking at; the summary has more, and `--format json` all.
const LONGEST: usize = 600;

/// The line of `event`, which `view` has just taken over.
pub fn event_line(out: &mut dyn Write, view: View<'_>, event: &Event, style: Style) -> Result<()> {
    let (ink, text) = told(view, event);
    let subject = subject(view, event).map(|path| style.paint(Ink::Bold, &format!("{}: ", clean(&path)))).unwrap_or_default();
    writeln!(
        out,
        "{}  {subject}{}",
        style.paint(Ink::Dim, &since_start(view, event.time)),
        style.paint(ink, &shortened(&text, LONGEST))
    )
}

/// The line of a task whose status has changed.
pub fn task_line(out: &mut dyn Write, view: View<'_>, (entry, task): (&Entry, &EcsTask), style: Style) -> Result<()> {
    let path = style.paint(Ink::Bold, &format!("{}:", clean(&view.execution.path(entry))));
    let id = clean(task.id());
    writeln!(out, "{}  {path} task {id} {}", style.paint(Ink::Dim, &since_start(view, view.now)), status::task(task))
}

/// A line that a container wrote; `from` is which.
pub fn log_line(out: &mut dyn Write, from: &str, text: &str, style: Style) -> Result<()> {
    writeln!(out, "{} {}", style.paint(Ink::Imported, &format!("{} |", clean(from))), clean(text.trim_end()))
}

/// `+ 12.3 s`, in a column.
fn since_start(view: View<'_>, time: Timestamp) -> String {
    let seconds = view.execution.started.map_or(0.0, |started| time.duration_since(started).as_secs_f64().max(0.0));
    format!("{:>10}", if seconds < 120.0 { format!("+{seconds:.1} s") } else { format!("+{}", status::elapsed(seconds, true)) })
}

/// What the line is about: a state, or one iteration of a map; nothing for the execution itself.
fn subject(view: View<'_>, event: &Event) -> Option<String> {
    let execution = view.execution;
    let entry = || execution.entry_of(event.id).and_then(|entry| execution.entries.get(entry));
    match &event.kind {
        kind if !is_of_a_state(kind) => None,
        EventKind::IterationStarted { name, index } => {
            let map = execution.entries.iter().rev().find(|entry| entry.name == *name);
            Some(map.map_or_else(|| format!("{name}[{index}]"), |map| format!("{}[{index}]", execution.path(map))))
        }
        EventKind::IterationEnded { index, .. } => entry().map(|map| format!("{}[{index}]", execution.path(map))),
        _ => entry().map(|entry| execution.path(entry)),
    }
}

/// Whether an event is of a state, and not of the execution itself.
pub(super) fn is_of_a_state(kind: &EventKind) -> bool {
    !matches!(kind, EventKind::ExecutionStarted { .. } | EventKind::ExecutionEnded { .. } | EventKind::ExecutionRedriven)
}

/// What `event` says, in a few words.
pub(super) fn told(view: View<'_>, event: &Event) -> (Ink, String) {
    let plain = |text: &str| (Ink::Plain, text.to_owned());
    let entry = || view.execution.entry_of(event.id).and_then(|entry| view.execution.entries.get(entry));
    match &event.kind {
        EventKind::ExecutionStarted { .. } => (Ink::Bold, format!("execution {} started", clean(&view.arn.name))),
        EventKind::ExecutionRedriven => (Ink::Bold, "execution is taken up again".to_owned()),
        EventKind::ExecutionEnded { ending, failure, .. } => {
            let text = status::failure(failure);
            let colon = if text.is_empty() { "" } else { ": " };
            (ink(*ending), format!("execution {}{colon}{text}", word(*ending)))
        }
        EventKind::StateEntered { .. } => plain("entered"),
        EventKind::StateExited { .. } => match entry() {
            Some(entry) => left(entry),
            None => plain("left"),
        },
        EventKind::StateAborted { .. } => (Ink::Removed, "aborted".to_owned()),
        EventKind::GroupStarted { length: Some(length), .. } => plain(&format!("started with {length} items")),
        EventKind::GroupStarted { .. } | EventKind::IterationStarted { .. } | EventKind::TaskStarted => plain("started"),
        EventKind::GroupEnded { ending: Ending::Succeeded, .. } => plain("all of it succeeded"),
        EventKind::GroupEnded { .. } => (Ink::Alert, failed(view, event)),
        EventKind::IterationEnded { ending, .. } => (ink(*ending), word(*ending).to_owned()),
        EventKind::MapRunStarted { arn } => plain(&format!("map run {}", clean(arn.as_deref().unwrap_or("started")))),
        EventKind::MapRunEnded { ending, .. } => (ink(*ending), format!("map run {}", word(*ending))),
        EventKind::TaskScheduled { resource, .. } => {
            let number = entry().map_or(1, |entry| entry.attempts.len());
            let attempt = if number > 1 { format!(", attempt {number}") } else { String::new() };
            plain(&format!("calls {}{attempt}", clean(resource.as_deref().unwrap_or("a service"))))
        }
        EventKind::TaskSubmitted { .. } => {
            let attempt = entry().and_then(|entry| entry.attempts.last());
            let tasks: Vec<String> =
                attempt.map(|attempt| &attempt.tasks).into_iter().flatten().map(|task| clean(&task.arn)).collect();
            plain(&if tasks.is_empty() { "submitted".to_owned() } else { format!("task {}", tasks.join(", ")) })
        }
        EventKind::TaskSucceeded { .. } => {
            let attempt = entry().and_then(|entry| entry.attempts.last());
            let tasks = attempt.map(|attempt| &attempt.tasks).into_iter().flatten();
            let tasks: String = tasks.map(|task| format!(", task {} {}", clean(task.id()), status::task(task))).collect();
            (Ink::Added, format!("task succeeded{tasks}"))
        }
        EventKind::TaskFailed { .. } | EventKind::EvaluationFailed { .. } => (Ink::Alert, failed(view, event)),
        EventKind::Other => plain(&clean(&event.name)),
    }
}

fn left(entry: &Entry) -> (Ink, String) {
    let stopped = entry.stopped.unwrap_or(entry.entered);
    let after = status::elapsed(stopped.duration_since(entry.entered).as_secs_f64(), false);
    match &entry.failure {
        Some(failure) => (Ink::Changed, format!("caught {} after {after}", clean(&failure.error))),
        None => (Ink::Added, format!("succeeded after {after}")),
    }
}

/// The error, and when it is tried again.
fn failed(view: View<'_>, event: &Event) -> String {
    let execution = view.execution;
    let Some(index) = execution.entry_of(event.id) else { return "failed".to_owned() };
    let retry = view.machine.and_then(|(graph, machine)| {
        let progress = Progress::of(execution, graph, machine, event.time);
        progress.retries.get(index).copied().flatten()
    });
    let why = match execution.entries.get(index).and_then(|entry| entry.failure.as_ref()) {
        Some(failure) => format!("failed: {}", status::failure(failure)),
        None => "failed".to_owned(),
    };
    match retry {
        Some(retry) => format!("{why}; {}", status::retry(&retry)),
        None => why,
    }
}

fn word(ending: Ending) -> &'static str {
    match ending {
        Ending::Succeeded => "succeeded",
        Ending::Failed => "failed",
        Ending::TimedOut => "timed out",
        Ending::Aborted => "aborted",
    }
}

fn ink(ending: Ending) -> Ink {
    match ending {
        Ending::Succeeded => Ink::Added,
        Ending::Failed | Ending::TimedOut => Ink::Alert,
        Ending::Aborted => Ink::Removed,
    }
}
