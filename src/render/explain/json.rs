//! For programs.

use serde_json::{Value as Json, json};

use crate::diagnostic::Finding;
use crate::document::states_language::failure::{Limit, MachineFailure, NEVER_MATCHED, StateFailure, WorstCase, YEAR_SECONDS};

/// What happens in `machine`, and what it is warned of.
pub fn json(machine: &MachineFailure<'_>, address: &str, warnings: &[Finding]) -> Json {
    json!({
        "address": address,
        "timeout_seconds": limit(machine.timeout),
        "never_caught": NEVER_MATCHED,
        "states": machine.states.iter().map(state).collect::<Vec<_>>(),
        "warnings": warnings.iter().map(warning).collect::<Vec<_>>(),
    })
}

fn state(state: &StateFailure<'_>) -> Json {
    let retriers = state.retriers.iter().map(|retrier| {
        json!({
            "pointer": retrier.path.json_pointer(),
            "errors": retrier.errors,
            "attempts": retrier.attempts,
            "first_waits_seconds": retrier.waits_seconds.iter().copied().map(seconds).collect::<Vec<_>>(),
            "total_wait_seconds": seconds(retrier.total_wait_seconds),
            "jitter": retrier.is_jittered,
            "never_matches": retrier.unmatched,
            "never_used": retrier.is_shadowed,
            "permanent_errors": retrier.permanent,
        })
    });
    let catchers = state.catchers.iter().map(|catcher| {
        json!({
            "pointer": catcher.path.json_pointer(),
            "errors": catcher.errors,
            "next": catcher.next,
            "never_used": catcher.is_shadowed,
        })
    });
    json!({
        "name": state.name,
        "pointer": state.path.json_pointer(),
        "type": state.kind.name(),
        "call": state.call,
        "timeout_seconds": limit(state.timeout),
        "heartbeat_seconds": limit(state.heartbeat),
        "retry": retriers.collect::<Vec<_>>(),
        "catch": catchers.collect::<Vec<_>>(),
        "not_caught": state.uncaught,
        "most_attempts": state.most_attempts,
        "most_wait_seconds": seconds(state.most_wait_seconds),
        "worst_case": worst_case(state.worst_case),
    })
}

/// `seconds` is absent where it is not known; `limited_by` tells by what the state is ended.
fn worst_case(worst_case: WorstCase) -> Json {
    let (by, length) = match worst_case {
        WorstCase::Seconds(length) => ("state", Some(length)),
        WorstCase::Machine(length) => ("machine", Some(length as f64)),
        WorstCase::Unlimited => ("execution", Some(YEAR_SECONDS)),
        WorstCase::AtRunTime => ("input", None),
        WorstCase::AsItsStates { .. } => ("states_within", None),
    };
    json!({ "limited_by": by, "seconds": length.map(seconds) })
}

fn limit(limit: Limit) -> Json {
    match limit {
        Limit::Seconds(seconds) => json!(seconds),
        Limit::None => Json::Null,
        Limit::AtRunTime => json!("at_run_time"),
    }
}

/// Whole where it is whole; JSON has no infinity.
fn seconds(seconds: f64) -> Json {
    if seconds.is_finite() && seconds.fract() == 0.0 && seconds < 1e15 { json!(seconds as u64) } else { json!(seconds) }
}

fn warning(finding: &Finding) -> Json {
    json!({ "code": finding.code, "message": finding.message, "pointer": finding.path.json_pointer(), "help": finding.help })
}
