//! Whether AWS would take a machine. One file for each subject:
//!
//! | file | looks at |
//! |---|---|
//! | `flow.rs` | scopes, targets, what is reached, names |
//! | `fields.rs` | which members each type of state has, in which query language |
//! | `members.rs` | types, ranges and forms of members |
//! | `task.rs` | `Resource`, timeouts, credentials, what an express machine can't do |
//! | `choice.rs`, `retry.rs`, `map.rs` | the members of these states |
//! | `payload_template.rs` | `x.$` and what it may hold |
//! | `expressions.rs` | `{% … %}` |
//! | `variables.rs` | `Assign`, and what reads a variable |
//!
//! What is pending is not judged: nothing is said of it, and nothing that would follow from it. Where it is not
//! certain that AWS refuses, there is a warning or nothing.

pub mod code;

mod choice;
mod expressions;
mod fields;
mod flow;
mod map;
mod members;
mod payload_template;
mod retry;
mod run_task;
mod task;
mod variables;

use crate::diagnostic::{Finding, nearest};
use crate::document::states_language::json_path::JsonPath;
use crate::document::states_language::model::StateMachine;
use crate::value::{Map, Path, Segment, Value};

use code::SCHEMA_VALIDATION_FAILED;

/// What an express machine can't do, a standard one can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MachineType {
    #[default]
    Standard,
    Express,
}

/// As many characters as AWS takes in one definition.
pub const LONGEST_DEFINITION: usize = 1_048_576;

/// What is wrong with `definition`, by paths that begin at it. Pending parts are not judged.
pub fn validate(definition: &Value, machine_type: MachineType) -> Vec<Finding> {
    let mut report = Report::default();
    match definition {
        Value::Map(_) => check(&StateMachine::parse(definition), machine_type, &mut report),
        definition if is_unknown(definition) => {}
        _ => report.error(Path::default(), "a state machine is a table, or JSON text that holds an object"),
    }
    // Of a table in which something is missing the name is marked: all of it would be more than anybody reads.
    for finding in report.findings.iter_mut().filter(|finding| !finding.on_key) {
        finding.on_key = matches!(finding.path.0.last(), Some(Segment::Key(_))) && is_table(definition, &finding.path);
    }
    report.findings
}

fn is_table(definition: &Value, path: &Path) -> bool {
    let value = path.0.iter().try_fold(definition, |value, segment| match segment {
        Segment::Key(key) => value.get(key),
        Segment::Index(index) => value.items().get(*index),
        Segment::Element(_) => None,
    });
    matches!(value, Some(Value::Map(_)))
}

fn check(machine: &StateMachine<'_>, machine_type: MachineType, report: &mut Report) {
    fields::check_machine(machine, report);
    flow::check(machine, report);
    let variables = variables::Variables::of(machine);
    for (position, scope) in machine.scopes.iter().enumerate() {
        if position > 0 {
            fields::check_inner_scope(scope, report);
        }
        for state in &scope.states {
            if !fields::check_state(machine, state, report) {
                continue;
            }
            members::check(state, report);
            task::check(state, machine_type, report);
            choice::check(state, report);
            retry::check(state, report);
            map::check(machine, state, machine_type, report);
            payload_template::check(state, report);
            expressions::check(state, report);
            variables.check(position, state, report);
        }
    }
    map::check_labels(machine, report);
}

/// In what is handed to services, values deeper than this are not looked at.
const DEEPEST_VALUE: usize = 500;

/// What has been found so far.
#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
}

impl Report {
    fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Something that AWS tells as a failure of its schema.
    fn error(&mut self, path: Path, message: impl Into<String>) {
        self.push(Finding::error(path, message).code(SCHEMA_VALIDATION_FAILED));
    }

    /// The same of a member that should not be there.
    fn error_on_key(&mut self, path: Path, message: impl Into<String>) {
        self.push(Finding::error(path, message).code(SCHEMA_VALIDATION_FAILED).on_key());
    }

    /// Each member of `map` that is not in `known`.
    fn unknown_members(&mut self, map: &Map, known: &[&str], path: &Path, what: &str) {
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let mut finding = Finding::error(path.join_key(key), format!("{what} has no member `{key}`"))
                .code(SCHEMA_VALIDATION_FAILED)
                .on_key()
                .of_parent()
                .help(format!("known are {}", known.join(", ")));
            finding.replacement = nearest(key, known.iter().copied()).map(str::to_owned);
            self.push(finding);
        }
    }

    /// Both of two members of which a table takes one.
    fn exclusive(&mut self, map: &Map, path: &Path, pairs: &[(&str, &str)]) {
        for (first, second) in pairs.iter().filter(|(first, second)| map.contains_key(*first) && map.contains_key(*second)) {
            self.error_on_key(path.join_key(*second), format!("`{first}` and `{second}` exclude each other"));
        }
    }

    /// A value that is none of the words that may stand there.
    fn one_of(&mut self, map: &Map, key: &str, path: &Path, words: &[&str]) {
        match map.get(key) {
            None => {}
            Some(value) if is_unknown(value) => {}
            Some(Value::String(text)) if words.contains(&text.as_str()) => {}
            Some(Value::String(text)) => {
                let message = format!("`{key}` is one of {}, not `{text}`", words.join(", "));
                let mut finding = Finding::error(path.join_key(key), message).code(SCHEMA_VALIDATION_FAILED);
                finding.replacement = nearest(text, words.iter().copied()).map(str::to_owned);
                self.push(finding);
            }
            Some(other) => self.error(path.join_key(key), format!("`{key}` must be a string, not {}", other.kind())),
        }
    }

    /// A member that must be a table; the table, if it is one.
    fn table<'a>(&mut self, value: &'a Value, path: &Path, what: &str) -> Option<&'a Map> {
        match value {
            Value::Map(map) => return Some(map),
            value if is_unknown(value) => {}
            other => self.error(path.clone(), format!("{what} must be a table, not {}", other.kind())),
        }
        None
    }
}

/// Whether what stands there is known only later: a reference of a stack, or a place where a template puts something in.
fn is_unknown(value: &Value) -> bool {
    match value {
        Value::Pending(_) | Value::Secret(_) => true,
        // CloudFormation's substitutions, which a definition may hold that is checked alone.
        Value::String(text) => text.find("${").is_some_and(|at| text[at..].contains('}')),
        _ => false,
    }
}

/// Whether a text is a whole JSONata expression, or means to be one.
fn is_jsonata(text: &str) -> bool {
    text.starts_with("{%") && text.ends_with("%}") && text.len() >= 4
}

/// Whether a text reads as a path or a call of an intrinsic function.
fn looks_like_path(text: &str) -> bool {
    let is_path = text.starts_with("$.") || text.starts_with("$$.");
    (is_path && JsonPath::parse(text).is_ok()) || (text.starts_with("States.") && text.ends_with(')') && text.contains('('))
}

#[cfg(test)]
mod tests;
