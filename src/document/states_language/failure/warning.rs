//! What is allowed and hardly meant so. Each warning has a name, by which a stack turns it off.

use crate::diagnostic::Finding;
use crate::document::states_language::duration;
use crate::document::states_language::failure::{Limit, MachineFailure, NEVER_MATCHED};
use crate::document::warning::{NO_TIMEOUT, RETRY_BEYOND_TIMEOUT, SHADOWED_CATCH, SHADOWED_RETRY, USELESS_RETRY};

pub fn warnings(machine: &MachineFailure<'_>, is_express: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for state in &machine.states {
        // An express execution ends after five minutes anyway.
        if state.is_waiting && (state.timeout, machine.timeout) == (Limit::None, Limit::None) && !is_express {
            let what = if state.call.as_deref() == Some("ecs:runTask.sync") { "a hung container" } else { "a lost answer" };
            let message = format!("`{}` has no timeout: {what} holds the execution for up to a year", state.name);
            let help = "give it `TimeoutSeconds`, or the machine; `States.Timeout` can then be retried and caught";
            findings.push(Finding::warning(state.path.clone(), message).code(NO_TIMEOUT).on_key().help(help));
        }
        for retrier in &state.retriers {
            let path = retrier.path.join_key("ErrorEquals");
            if retrier.is_shadowed {
                let message = "this retry is never used: those before it match all of its errors";
                findings.push(Finding::warning(path.clone(), message).code(SHADOWED_RETRY).help("put it first, or take it out"));
            }
            for error in retrier.permanent.iter().filter(|_| retrier.attempts > 1) {
                let message = match NEVER_MATCHED.first() {
                    Some(runtime) if error == runtime => format!("`{error}` is never retried: it always ends the execution"),
                    _ => format!("`{error}` is retried, and no repetition heals it"),
                };
                findings
                    .push(Finding::warning(path.clone(), message).code(USELESS_RETRY).help("catch it, or let it fail at once"));
            }
        }
        for catcher in state.catchers.iter().filter(|catcher| catcher.is_shadowed) {
            let message = "this catch is never used: those before it match all of its errors";
            let finding = Finding::warning(catcher.path.join_key("ErrorEquals"), message).code(SHADOWED_CATCH);
            findings.push(finding.help("put it first, or take it out"));
        }
        if let Limit::Seconds(seconds) = machine.timeout
            && state.most_wait_seconds >= seconds as f64
        {
            let message = format!(
                "the retries of `{}` wait up to {}, and the machine ends after {}",
                state.name,
                duration(state.most_wait_seconds),
                duration(seconds as f64)
            );
            let finding = Finding::warning(state.path.join_key("Retry"), message).code(RETRY_BEYOND_TIMEOUT).on_key();
            findings.push(finding.help("retry less often or sooner, set `MaxDelaySeconds`, or give the machine more time"));
        }
    }
    findings
}
