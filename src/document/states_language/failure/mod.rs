//! What happens when a state fails: how often it is tried, how long that takes at most, what is caught and what never is.
//!
//! | file | answers |
//! |---|---|
//! | `mod.rs` | what happens in each state? |
//! | `warning.rs` | which of it is hardly meant so? |
//!
//! What matches what, as Step Functions has it: `States.ALL` stands for every error but `States.Runtime` and
//! `States.DataLimitExceeded`, `States.TaskFailed` for every error of a task but `States.Timeout` and these two.
//! The first retrier that matches counts, and each counts for itself; when it is used up, catchers are asked. The
//! timeout of the machine itself is caught by nothing.

mod warning;

pub use warning::warnings;

use crate::document::states_language::model::{Catcher, Retrier, State, StateKind, StateMachine};
use crate::value::{Path, Value};

/// What ends an execution at the latest, if nothing else does.
pub const YEAR_SECONDS: f64 = 31_536_000.0;

/// What neither `States.ALL` nor `States.TaskFailed` stands for.
pub const NEVER_MATCHED: [&str; 2] = ["States.Runtime", "States.DataLimitExceeded"];

/// A length of time that a definition may give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// It gives none.
    None,
    Seconds(u64),
    /// It is known only when the state runs.
    AtRunTime,
}

/// The failures of a whole machine.
#[derive(Clone, Debug)]
pub struct MachineFailure<'a> {
    pub timeout: Limit,
    /// Those that can fail by themselves, outer ones first.
    pub states: Vec<StateFailure<'a>>,
}

/// What happens when this state fails.
#[derive(Clone, Debug)]
pub struct StateFailure<'a> {
    pub path: Path,
    pub name: &'a str,
    pub kind: StateKind,
    /// `ecs:runTask.sync`.
    pub call: Option<String>,
    /// Whether the state waits for somebody else to finish.
    pub is_waiting: bool,
    /// Of one attempt.
    pub timeout: Limit,
    pub heartbeat: Limit,
    pub retriers: Vec<RetrierFailure<'a>>,
    pub catchers: Vec<CatcherFailure<'a>>,
    /// All attempts, if each retrier is used up.
    pub most_attempts: u64,
    /// All waits together, if each retrier is used up.
    pub most_wait_seconds: f64,
    pub worst_case: WorstCase,
    /// Errors of this state that nothing catches.
    pub uncaught: Vec<&'static str>,
}

/// How long a state can take until it has failed for good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WorstCase {
    /// Every attempt runs into its timeout, and every wait is the longest.
    Seconds(f64),
    /// The timeout of the machine comes first.
    Machine(u64),
    /// An attempt may last until AWS ends the execution.
    Unlimited,
    /// It is known only when the state runs.
    AtRunTime,
    /// It takes as long as what is in it, and then the waits.
    AsItsStates { wait_seconds: f64 },
}

/// One element of `Retry`.
#[derive(Clone, Debug)]
pub struct RetrierFailure<'a> {
    pub path: Path,
    pub errors: Vec<&'a str>,
    /// The first one counted.
    pub attempts: u64,
    /// The first of them.
    pub waits_seconds: Vec<f64>,
    pub total_wait_seconds: f64,
    /// Whether each wait is a random one, up to the one told.
    pub is_jittered: bool,
    /// Errors of this state that it does not stand for.
    pub unmatched: Vec<&'static str>,
    /// Whether those before it match all that it does.
    pub is_shadowed: bool,
    /// Errors in it that no repetition heals.
    pub permanent: Vec<&'a str>,
}

/// One element of `Catch`.
#[derive(Clone, Debug)]
pub struct CatcherFailure<'a> {
    pub path: Path,
    pub errors: Vec<&'a str>,
    pub next: Option<&'a str>,
    pub is_shadowed: bool,
}

/// Waits that are told one by one.
const WAITS_TOLD: usize = 6;

/// What fails the same way however often it is tried.
const PERMANENT: [&str; 8] = [
    "States.Permissions",
    "States.DataLimitExceeded",
    "States.Runtime",
    "States.ParameterPathFailure",
    "States.ResultPathMatchFailure",
    "States.IntrinsicFailure",
    "States.NoChoiceMatched",
    "States.QueryEvaluationError",
];

/// What happens when the states of `machine` fail.
pub fn failures<'a>(machine: &StateMachine<'a>) -> MachineFailure<'a> {
    let timeout = limit(machine.value, "TimeoutSeconds");
    let states = machine.states().filter_map(|state| failure(state, timeout)).collect();
    MachineFailure { timeout, states }
}

fn failure<'a>(state: &State<'a>, machine: Limit) -> Option<StateFailure<'a>> {
    let kind = state.kind.filter(|kind| matches!(kind, StateKind::Task | StateKind::Parallel | StateKind::Map))?;
    let errors = errors_of(kind);
    let retriers: Vec<RetrierFailure<'a>> = state
        .retriers
        .iter()
        .enumerate()
        .map(|(index, retrier)| retrier_failure(retrier, &state.retriers[..index], &errors))
        .collect();
    let catchers = state.catchers.iter().enumerate();
    let catchers: Vec<CatcherFailure<'a>> =
        catchers.map(|(index, catcher)| catcher_failure(catcher, &state.catchers[..index])).collect();
    let (timeout, heartbeat) = (limit(state.value, "TimeoutSeconds"), limit(state.value, "HeartbeatSeconds"));
    let used = || retriers.iter().filter(|retrier| !retrier.is_shadowed);
    let most_attempts = used().fold(1_u64, |sum, retrier| sum.saturating_add(retrier.attempts - 1));
    let most_wait_seconds = used().map(|retrier| retrier.total_wait_seconds).sum();
    let mut failure = StateFailure {
        path: state.path.clone(),
        name: state.name,
        kind,
        call: state.integration().map(|found| match found.pattern {
            Some(pattern) => format!("{}.{pattern}", found.call),
            None => found.call,
        }),
        is_waiting: is_waiting(state),
        timeout,
        heartbeat,
        uncaught: errors.iter().copied().filter(|error| !state.catchers.iter().any(|catcher| catcher.catches(error))).collect(),
        retriers,
        catchers,
        most_attempts,
        most_wait_seconds,
        worst_case: WorstCase::Unlimited,
    };
    failure.worst_case = worst_case(&failure, machine);
    Some(failure)
}

fn worst_case(failure: &StateFailure<'_>, machine: Limit) -> WorstCase {
    let waits = failure.most_wait_seconds;
    let own = match (failure.kind, failure.timeout) {
        (StateKind::Task, Limit::Seconds(seconds)) => WorstCase::Seconds(failure.most_attempts as f64 * seconds as f64 + waits),
        (StateKind::Task, Limit::AtRunTime) => WorstCase::AtRunTime,
        (StateKind::Task, Limit::None) => WorstCase::Unlimited,
        _ => WorstCase::AsItsStates { wait_seconds: waits },
    };
    match (own, machine) {
        (WorstCase::Unlimited, Limit::Seconds(seconds)) => WorstCase::Machine(seconds),
        (WorstCase::Seconds(own), Limit::Seconds(seconds)) if own > seconds as f64 => WorstCase::Machine(seconds),
        (own, _) => own,
    }
}

fn retrier_failure<'a>(retrier: &Retrier<'a>, before: &[Retrier<'a>], errors: &[&'static str]) -> RetrierFailure<'a> {
    let is_taken = |error: &str| before.iter().any(|earlier| covers(&earlier.error_equals, error));
    RetrierFailure {
        path: retrier.path.clone(),
        attempts: retrier.max_attempts.saturating_add(1),
        waits_seconds: retrier.waits_seconds().take(WAITS_TOLD).collect(),
        total_wait_seconds: retrier.total_wait_seconds(),
        is_jittered: retrier.is_jittered,
        unmatched: errors.iter().copied().chain(NEVER_MATCHED).filter(|error| !retrier.catches(error)).collect(),
        is_shadowed: !retrier.error_equals.is_empty() && retrier.error_equals.iter().all(|error| is_taken(error)),
        permanent: retrier.error_equals.iter().copied().filter(|error| PERMANENT.contains(error)).collect(),
        errors: retrier.error_equals.clone(),
    }
}

fn catcher_failure<'a>(catcher: &Catcher<'a>, before: &[Catcher<'a>]) -> CatcherFailure<'a> {
    let is_taken = |error: &str| before.iter().any(|earlier| covers(&earlier.error_equals, error));
    CatcherFailure {
        path: catcher.path.clone(),
        errors: catcher.error_equals.clone(),
        next: catcher.next.as_ref().and_then(|part| part.text()),
        is_shadowed: !catcher.error_equals.is_empty() && catcher.error_equals.iter().all(|error| is_taken(error)),
    }
}

/// Whether one of `names` stands for all that `error` does.
fn covers(names: &[&str], error: &str) -> bool {
    names.iter().any(|name| match (*name, error) {
        (name, error) if name == error => true,
        ("States.ALL", error) => !NEVER_MATCHED.contains(&error),
        ("States.TaskFailed", error) => error != "States.ALL" && error != "States.Timeout" && !NEVER_MATCHED.contains(&error),
        _ => false,
    })
}

/// The errors that a state is to be expected to fail with.
fn errors_of(kind: StateKind) -> Vec<&'static str> {
    match kind {
        StateKind::Task => vec!["States.TaskFailed", "States.Timeout", "States.Permissions"],
        StateKind::Map => vec!["States.TaskFailed", "States.Timeout", "States.ExceedToleratedFailureThreshold"],
        _ => vec!["States.TaskFailed", "States.Timeout"],
    }
}

/// Whether the state goes on only when somebody says so: a service that works, a token, an activity.
fn is_waiting(state: &State<'_>) -> bool {
    match state.integration() {
        Some(found) => found.is_synchronous() || found.pattern.as_deref() == Some("waitForTaskToken"),
        None => state.resource().is_some_and(|resource| resource.contains(":activity:")),
    }
}

/// The member `key`, or the path that gives it when the state runs.
fn limit(value: &Value, key: &str) -> Limit {
    match value.get(key) {
        Some(Value::Number(number)) => number.as_u64().map_or(Limit::AtRunTime, Limit::Seconds),
        Some(_) => Limit::AtRunTime,
        None if value.get(&format!("{key}Path")).is_some() => Limit::AtRunTime,
        None => Limit::None,
    }
}

#[cfg(test)]
mod tests;
