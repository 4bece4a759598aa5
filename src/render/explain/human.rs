//! For people: a block for each state, its facts in one column, broken to the width of the terminal.

use std::io::{Result, Write};

use crate::document::states_language::duration;
use crate::document::states_language::failure::{
    CatcherFailure, Limit, MachineFailure, NEVER_MATCHED, RetrierFailure, StateFailure, WorstCase,
};
use crate::document::states_language::model::StateKind;
use crate::render::clean::clean;
use crate::render::fact::fact;
use crate::render::style::{Ink, Style};

/// Writes what happens in `machine`, which `title` names.
pub fn human(out: &mut dyn Write, machine: &MachineFailure<'_>, title: &str, is_express: bool, style: Style) -> Result<()> {
    writeln!(out, "{}", style.paint(Ink::Bold, &clean(title)))?;
    writeln!(out)?;
    let limit = match machine.timeout {
        Limit::Seconds(seconds) => {
            format!("the machine ends after {} (TimeoutSeconds); nothing in it can catch that", duration(seconds as f64))
        }
        Limit::AtRunTime => "the machine's is known only when it runs".to_owned(),
        Limit::None if is_express => "none of its own; an express execution ends after 5 min".to_owned(),
        Limit::None => "none: an execution may last up to a year".to_owned(),
    };
    fact(out, style, Ink::Plain, "timeout", &limit)?;
    let never = format!("{}: neither States.ALL nor States.TaskFailed stands for them", NEVER_MATCHED.join(", "));
    fact(out, style, Ink::Plain, "never caught", &never)?;
    if machine.states.is_empty() {
        writeln!(out)?;
        return writeln!(out, "No state of it can be tried again or caught: there is no Task, Parallel or Map.");
    }
    machine.states.iter().try_for_each(|state| {
        writeln!(out)?;
        write_state(out, state, style)
    })
}

fn write_state(out: &mut dyn Write, state: &StateFailure<'_>, style: Style) -> Result<()> {
    let call = state.call.as_deref().map(|call| format!(" · {}", clean(call))).unwrap_or_default();
    let kind = style.paint(Ink::Imported, state.kind.name());
    writeln!(out, "{}  {kind}{}", style.paint(Ink::Bold, &clean(state.name)), style.paint(Ink::Dim, &call))?;
    fact(out, style, Ink::Plain, "one attempt", &one_attempt(state))?;
    if state.heartbeat != Limit::None {
        fact(out, style, Ink::Plain, "heartbeat", &heartbeat(state.heartbeat))?;
    }
    for (index, retrier) in state.retriers.iter().enumerate() {
        fact(out, style, Ink::Plain, if index == 0 { "retry" } else { "" }, &retry(retrier))?;
        if retrier.is_shadowed {
            fact(out, style, Ink::Changed, "", "  never used: those before it match all of its errors")?;
            continue;
        }
        let unmatched: Vec<&str> = retrier.unmatched.iter().copied().filter(|error| !NEVER_MATCHED.contains(error)).collect();
        if !unmatched.is_empty() {
            fact(out, style, Ink::Plain, "", &format!("  never matches {}", unmatched.join(", ")))?;
        }
        for error in &retrier.permanent {
            fact(out, style, Ink::Changed, "", &format!("  can't help: no repetition heals {error}"))?;
        }
        if retrier.errors.iter().any(|error| matches!(*error, "States.TaskFailed" | "States.ALL"))
            && state.kind == StateKind::Task
        {
            fact(out, style, Ink::Dim, "", &format!("  matches permanent errors too: {}", permanent(state)))?;
        }
    }
    if state.retriers.is_empty() {
        fact(out, style, Ink::Plain, "retry", "none: the first error counts")?;
    } else if state.retriers.len() > 1 {
        let waits = format!("{} attempts, {} of waits", state.most_attempts, duration(state.most_wait_seconds));
        fact(out, style, Ink::Plain, "all retries", &format!("{waits}, as each counts for itself"))?;
    }
    for (index, catcher) in state.catchers.iter().enumerate() {
        fact(out, style, Ink::Plain, if index == 0 { "catch" } else { "" }, &catch(catcher))?;
    }
    if !state.uncaught.is_empty() {
        let what = if state.catchers.is_empty() {
            "every error that is left ends the execution".to_owned()
        } else {
            format!("{} end the execution", state.uncaught.join(", "))
        };
        fact(out, style, Ink::Plain, "not caught", &what)?;
    }
    let (ink, worst) = worst_case(state);
    fact(out, style, ink, "worst case", &worst)
}

fn one_attempt(state: &StateFailure<'_>) -> String {
    match (state.kind, state.timeout) {
        (StateKind::Task, Limit::Seconds(seconds)) => format!("at most {} (TimeoutSeconds)", duration(seconds as f64)),
        (StateKind::Task, Limit::AtRunTime) => "at most what TimeoutSeconds says when it runs".to_owned(),
        (StateKind::Task, Limit::None) if state.is_waiting => {
            "no TimeoutSeconds: it waits for as long as the work takes".to_owned()
        }
        (StateKind::Task, Limit::None) => "no TimeoutSeconds: as long as the call takes".to_owned(),
        _ => "as long as the states in it".to_owned(),
    }
}

fn heartbeat(limit: Limit) -> String {
    match limit {
        Limit::Seconds(seconds) => {
            format!("fails with States.HeartbeatTimeout when nothing is heard for {}", duration(seconds as f64))
        }
        _ => "fails with States.HeartbeatTimeout, after a time known when it runs".to_owned(),
    }
}

/// `States.TaskFailed: 4 attempts, waits 10 + 20 + 40 = 70 s`.
pub fn retry(retrier: &RetrierFailure<'_>) -> String {
    let errors: Vec<String> = retrier.errors.iter().map(|error| clean(error)).collect();
    let errors = errors.join(", ");
    if retrier.attempts == 1 {
        return format!("{errors}: not tried again");
    }
    format!(
        "{errors}: {} attempts, waits {}{}",
        retrier.attempts,
        waits(retrier),
        if retrier.is_jittered { " at most (jitter)" } else { "" }
    )
}

fn waits(retrier: &RetrierFailure<'_>) -> String {
    let total = duration(retrier.total_wait_seconds);
    let told = &retrier.waits_seconds;
    if retrier.attempts == 2 {
        return total;
    }
    let numbers: Vec<String> = told.iter().map(|wait| ((wait * 10.0).round() / 10.0).to_string()).collect();
    if numbers.iter().any(|number| number.len() > 9) {
        return total;
    }
    let more = if (told.len() as u64) < retrier.attempts - 1 { " + …" } else { "" };
    // Seconds are added up in seconds; what that is in larger units stands behind it.
    let seconds = (retrier.total_wait_seconds * 10.0).round() / 10.0;
    let sum = if seconds < 120.0 || !seconds.is_finite() || !more.is_empty() { total } else { format!("{seconds} s ({total})") };
    format!("{}{more} = {sum}", numbers.join(" + "))
}

fn catch(catcher: &CatcherFailure<'_>) -> String {
    let errors: Vec<String> = catcher.errors.iter().map(|error| clean(error)).collect();
    let next = catcher.next.map_or("?".to_owned(), clean);
    let shadowed = if catcher.is_shadowed { "; never used: those before it match all of its errors" } else { "" };
    format!("{} → {next}{shadowed}", errors.join(", "))
}

fn permanent(state: &StateFailure<'_>) -> &'static str {
    match state.call.as_deref() {
        Some(call) if call.starts_with("ecs:") => "a container that always exits with the same code, a missing permission",
        _ => "a request that is refused, a missing permission",
    }
}

fn worst_case(state: &StateFailure<'_>) -> (Ink, String) {
    let attempts = state.most_attempts;
    match state.worst_case {
        WorstCase::Seconds(seconds) => match state.timeout {
            Limit::Seconds(one) if attempts > 1 => {
                let wait = duration(state.most_wait_seconds);
                (Ink::Plain, format!("{}: {attempts} × {} + {wait} of waits", duration(seconds), duration(one as f64)))
            }
            _ => (Ink::Plain, duration(seconds)),
        },
        WorstCase::Machine(seconds) => (
            Ink::Plain,
            format!("{}: then the machine's own timeout ends the execution, and nothing catches it", duration(seconds as f64)),
        ),
        WorstCase::Unlimited if state.is_waiting => {
            let hung = if state.call.as_deref() == Some("ecs:runTask.sync") { "a hung container" } else { "a lost answer" };
            (Ink::Changed, format!("no limit: {hung} holds the execution for up to a year"))
        }
        WorstCase::Unlimited => (Ink::Plain, "no limit of its own".to_owned()),
        WorstCase::AtRunTime => {
            (Ink::Plain, format!("{attempts} × its timeout + {} of waits", duration(state.most_wait_seconds)))
        }
        WorstCase::AsItsStates { wait_seconds } => {
            (Ink::Plain, format!("{attempts} × the states in it + {} of waits", duration(wait_seconds)))
        }
    }
}
