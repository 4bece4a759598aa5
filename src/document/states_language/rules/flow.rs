//! Scopes and the ways between their states.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{Finding, nearest};
use crate::document::states_language::model::{DEEPEST, Part, Scope, ScopeRole, State, StateMachine};
use crate::document::states_language::rules::code::{
    DUPLICATE_STATE_NAME, INVALID_STATE_NAME, MISSING_END_STATE, MISSING_TRANSITION_TARGET, SCHEMA_VALIDATION_FAILED,
    TOO_DEEPLY_NESTED,
};
use crate::document::states_language::rules::{Report, is_unknown};
use crate::value::{Path, Value};

const LONGEST_NAME: usize = 80;
/// Among more names than these, no near one is looked for: it would take longer than all the rest.
const MOST_CANDIDATES: usize = 500;

pub fn check(machine: &StateMachine<'_>, report: &mut Report) {
    let mut first_places: HashMap<&str, &Path> = HashMap::new();
    for path in &machine.too_deep {
        let message = format!("more than {DEEPEST} scopes within each other");
        report.push(Finding::error(path.clone(), message).code(TOO_DEEPLY_NESTED).on_key());
    }
    for scope in &machine.scopes {
        check_scope(scope, report);
        for state in &scope.states {
            check_name(state, report);
            if let Some(first) = first_places.get(state.name) {
                let message =
                    format!("a state is called `{}` at {first} already; names are unique in the whole machine", state.name);
                report.push(Finding::error(state.path.clone(), message).code(DUPLICATE_STATE_NAME).on_key());
            } else {
                first_places.insert(state.name, &state.path);
            }
        }
    }
}

fn check_name(state: &State<'_>, report: &mut Report) {
    if state.name.chars().count() > LONGEST_NAME {
        let message = format!("the name of a state has at most {LONGEST_NAME} characters");
        report.push(Finding::error(state.path.clone(), message).code(INVALID_STATE_NAME).on_key());
    }
    if state.name.is_empty() {
        report.push(Finding::error(state.path.clone(), "a state needs a name").code(INVALID_STATE_NAME).on_key());
    }
}

fn check_scope(scope: &Scope<'_>, report: &mut Report) {
    // That a branch or a processor is no table is said where it stands.
    let Value::Map(members) = scope.value else { return };
    match members.get("States") {
        None => report.error(scope.path.clone(), "there is no `States`"),
        Some(Value::Map(states)) if states.is_empty() => {
            return report.error(scope.path.join_key("States"), "there is no state");
        }
        Some(Value::Map(_)) => {}
        Some(value) if is_unknown(value) => return,
        Some(_) => return report.error(scope.path.join_key("States"), "`States` is a table of states"),
    }
    let mut is_certain = true;
    if scope.start_at.is_none() {
        let finding = Finding::error(scope.path.clone(), "there is no `StartAt`").code(SCHEMA_VALIDATION_FAILED);
        report.push(finding.help("it names the first state"));
        is_certain = false;
    }
    if scope.states.is_empty() {
        return;
    }
    if let Some(start) = &scope.start_at {
        is_certain &= check_target(start, scope, report);
    }
    for state in &scope.states {
        is_certain &= !is_unknown(state.value);
        for target in state.targets() {
            is_certain &= check_target(target, scope, report);
        }
    }
    if !scope.states.iter().any(is_terminal) {
        let help = "give a state End = true, or add one of type Succeed or Fail";
        let path = scope.path.join_key("States");
        // AWS asks for an end of the whole machine alone, and then does not tell what is out of reach.
        if scope.role == ScopeRole::Machine {
            return report.push(Finding::error(path, "no state ends the flow").code(MISSING_END_STATE).help(help));
        }
        let message = "no state ends the flow within this one, so the one around it never ends either";
        report.push(Finding::warning(path, message).code(MISSING_END_STATE).help(help));
    }
    // Behind a target that does not exist, everything is out of reach: the target is what is wrong.
    if is_certain {
        check_reach(scope, report);
    }
}

fn check_reach(scope: &Scope<'_>, report: &mut Report) {
    let mut reached: HashSet<&str> = HashSet::new();
    let mut waiting: Vec<&str> = scope.start_at.as_ref().and_then(Part::text).into_iter().collect();
    while let Some(name) = waiting.pop() {
        if reached.insert(name) {
            waiting.extend(scope.state(name).into_iter().flat_map(|state| state.targets().filter_map(Part::text)));
        }
    }
    for state in scope.states.iter().filter(|state| !reached.contains(state.name)) {
        let message = format!("no way leads to the state `{}`", state.name);
        report.push(Finding::error(state.path.clone(), message).code(MISSING_TRANSITION_TARGET).on_key());
    }
}

/// Whether the target is a known state.
fn check_target(target: &Part<'_>, scope: &Scope<'_>, report: &mut Report) -> bool {
    match target.value {
        value if is_unknown(value) => false,
        Value::String(name) if scope.state(name).is_some() => true,
        Value::String(name) => {
            let names = scope.states.iter().map(|state| state.name);
            let mut finding = Finding::error(target.path.clone(), format!("there is no state `{name}` here"))
                .code(MISSING_TRANSITION_TARGET)
                .help("a state leads to another of the same `States`");
            if scope.states.len() <= MOST_CANDIDATES {
                finding.replacement = nearest(name, names).map(str::to_owned);
            }
            report.push(finding);
            false
        }
        other => {
            report.error(target.path.clone(), format!("the name of a state is wanted, not {}", other.kind()));
            false
        }
    }
}

/// Whether the flow may end with the state. What a misspelt type means, nobody knows.
fn is_terminal(state: &State<'_>) -> bool {
    let is_open = |key: &str| state.value.get(key).is_some_and(is_unknown);
    let is_of_no_type = state.kind.is_none() && state.next.is_none();
    state.is_end
        || is_of_no_type
        || state.kind.is_some_and(|kind| kind.is_terminal())
        || is_unknown(state.value)
        || is_open("Type")
        || is_open("End")
}
