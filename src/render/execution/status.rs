//! The words, signs and inks of statuses.

use crate::document::states_language::duration;
use crate::execution::{AttemptOf, Container, EcsTask, EntryStatus, Failure, NodeProgress, NodeStatus, Retry, Status, sentence};
use crate::render::clean::clean;
use crate::render::style::Ink;

/// A status as it is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub sign: &'static str,
    pub word: &'static str,
    pub ink: Ink,
}

const WAITING: Told = Told { sign: "○", word: "waiting", ink: Ink::Dim };
const RUNNING: Told = Told { sign: "●", word: "running", ink: Ink::Imported };
const RETRYING: Told = Told { sign: "↻", word: "retrying", ink: Ink::Changed };
const SUCCEEDED: Told = Told { sign: "✓", word: "succeeded", ink: Ink::Added };
const CAUGHT: Told = Told { sign: "!", word: "caught", ink: Ink::Changed };
const FAILED: Told = Told { sign: "✗", word: "failed", ink: Ink::Alert };
const TIMED_OUT: Told = Told { sign: "✗", word: "timed out", ink: Ink::Alert };
const ABORTED: Told = Told { sign: "■", word: "aborted", ink: Ink::Removed };

pub(super) fn of_node(status: &NodeStatus) -> Told {
    match status {
        NodeStatus::Waiting => WAITING,
        NodeStatus::Running => RUNNING,
        NodeStatus::Retrying(_) => RETRYING,
        NodeStatus::Succeeded => SUCCEEDED,
        NodeStatus::Caught => CAUGHT,
        NodeStatus::Failed => FAILED,
        NodeStatus::Aborted => ABORTED,
    }
}

pub(super) fn of_entry(status: EntryStatus, is_retrying: bool) -> Told {
    match status {
        EntryStatus::Running if is_retrying => RETRYING,
        EntryStatus::Running => RUNNING,
        EntryStatus::Succeeded => SUCCEEDED,
        EntryStatus::Caught => CAUGHT,
        EntryStatus::Failed => FAILED,
        EntryStatus::Aborted => ABORTED,
    }
}

pub(super) fn of_execution(status: Status) -> Told {
    match status {
        Status::Running => RUNNING,
        Status::PendingRedrive => Told { word: "to be redriven", ..RETRYING },
        Status::Succeeded => SUCCEEDED,
        Status::Failed => FAILED,
        Status::TimedOut => TIMED_OUT,
        Status::Aborted => ABORTED,
    }
}

/// `running 12 s, attempt 2 of 4, 1 of 3 ended`.
pub(super) fn node(progress: &NodeProgress) -> String {
    let attempt = || progress.attempt.map(|attempt| format!("attempt {}", attempt_of(attempt)));
    let seconds = |is_running: bool| progress.seconds.map(|seconds| elapsed(seconds, is_running)).unwrap_or_default();
    let ended = || progress.ended.map(|(ended, all)| format!("{ended} of {all} ended"));
    let error = || progress.error.as_deref().map(clean);
    let with = |first: String, rest: [Option<String>; 2]| {
        std::iter::once(first).chain(rest.into_iter().flatten()).collect::<Vec<_>>().join(", ")
    };
    match &progress.status {
        NodeStatus::Waiting => WAITING.word.to_owned(),
        NodeStatus::Retrying(next) => format!("{}: {}", RETRYING.word, retry(next)),
        NodeStatus::Running => with(format!("running {}", seconds(true)), [attempt(), ended()]),
        NodeStatus::Succeeded => {
            with(format!("succeeded, {}", seconds(false)), [attempt(), ended().filter(|_| progress.attempt.is_none())])
        }
        NodeStatus::Caught => with("caught".to_owned(), [error(), None]),
        NodeStatus::Failed => with("failed".to_owned(), [error(), attempt()]),
        NodeStatus::Aborted => with(format!("aborted, {}", seconds(false)), [None, None]),
    }
}

/// `attempt 2 of 4, next in 20 s`.
pub(super) fn retry(retry: &Retry) -> String {
    let when = match (retry.in_seconds, retry.is_jittered) {
        (seconds, _) if seconds <= 0.0 => "due".to_owned(),
        (seconds, false) => format!("next in {}", elapsed(seconds.ceil(), true)),
        (seconds, true) => format!("next within {}", elapsed(seconds.ceil(), true)),
    };
    format!("attempt {}, {when}", attempt_of(retry.attempt))
}

/// `2 of 4`.
pub(super) fn attempt_of(attempt: AttemptOf) -> String {
    match attempt.of {
        Some(of) => format!("{} of {of}", attempt.number),
        None => attempt.number.to_string(),
    }
}

/// A length of time; of what still runs, in whole seconds.
pub(super) fn elapsed(seconds: f64, is_running: bool) -> String {
    duration(if is_running { seconds.max(0.0).floor() } else { seconds.max(0.0) })
}

/// `States.TaskFailed: container report exited 137: OutOfMemoryError`.
pub(super) fn failure(failure: &Failure) -> String {
    let (error, cause) = (failure.error.as_str(), sentence(&failure.cause));
    match (error, cause.as_str()) {
        (error, "") => clean(error),
        // A function's error names itself.
        (error, cause) if cause.starts_with(error) => clean(cause),
        (error, cause) => clean(&format!("{error}: {cause}")),
    }
}

/// `RUNNING`, `STOPPED (EssentialContainerExited: Essential container in task exited); container report exited 1`.
pub(super) fn task(task: &EcsTask) -> String {
    let status = clean(task.last_status.as_deref().unwrap_or("of unknown status"));
    let stop: Vec<String> = [&task.stop_code, &task.stopped_reason].into_iter().flatten().map(|text| clean(text)).collect();
    let stop = if stop.is_empty() { String::new() } else { format!(" ({})", stop.join(": ")) };
    let containers: String = task.containers.iter().filter_map(container).map(|text| format!("; {text}")).collect();
    format!("{status}{stop}{containers}")
}

fn container(container: &Container) -> Option<String> {
    let name = clean(&container.name);
    let reason = container.reason.as_deref().map(|reason| format!(": {}", clean(reason))).unwrap_or_default();
    match container.exit_code {
        Some(code) => Some(format!("container {name} exited {code}{reason}")),
        None if !reason.is_empty() => Some(format!("container {name}{reason}")),
        None => None,
    }
}
