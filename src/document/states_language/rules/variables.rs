//! `Assign`, and what reads a variable.

use std::collections::HashSet;

use crate::diagnostic::Finding;
use crate::document::states_language::intrinsic::{Argument, Call};
use crate::document::states_language::json_path::{JsonPath, Root};
use crate::document::states_language::jsonata::{Expression, FUNCTIONS};
use crate::document::states_language::model::{Part, QueryLanguage, State, StateMachine};
use crate::document::states_language::rules::code::{INVALID_VARIABLE_NAME, RESERVED_VARIABLE_NAME};
use crate::document::states_language::rules::expressions::{Found, Moment};
use crate::document::states_language::rules::payload_template::TEMPLATES;
use crate::document::states_language::rules::{Report, expressions, is_jsonata, is_unknown};
use crate::value::{Segment, Value};

const LONGEST_NAME: usize = 80;

/// The variables that are assigned in each scope, or around it.
pub struct Variables<'a> {
    visible: Vec<HashSet<&'a str>>,
    /// Whether some `Assign` is not known, so that there may be more.
    is_open: bool,
}

impl<'a> Variables<'a> {
    pub fn of(machine: &StateMachine<'a>) -> Self {
        let mut visible: Vec<HashSet<&str>> = Vec::with_capacity(machine.scopes.len());
        let mut is_open = false;
        for scope in &machine.scopes {
            // A scope stands behind the one around it.
            let around = scope.owner.and_then(|(position, _)| visible.get(position));
            let mut names = around.cloned().unwrap_or_default();
            for assign in scope.states.iter().flat_map(assigns) {
                match assign.value {
                    Value::Map(map) => names.extend(map.keys().map(|key| key.strip_suffix(".$").unwrap_or(key))),
                    _ => is_open = true,
                }
            }
            visible.push(names);
        }
        Self { visible, is_open }
    }

    /// What is wrong with the variables of a state in the scope at `position`.
    pub fn check(&self, position: usize, state: &State<'_>, report: &mut Report) {
        for assign in assigns(state) {
            check_assign(state, &assign, report);
        }
        let Some(visible) = self.visible.get(position).filter(|_| !self.is_open) else { return };
        let found = match state.query_language {
            QueryLanguage::Jsonata => expressions::strings(state),
            QueryLanguage::JsonPath => texts_in_json_path(state),
        };
        for found in found {
            let names = match state.query_language {
                QueryLanguage::Jsonata => names_in_jsonata(found.text),
                QueryLanguage::JsonPath => names_in_json_path(found.text),
            };
            let unknown = names.into_iter().filter(|name| !visible.contains(name.as_str()));
            for name in unknown {
                let mut finding = Finding::warning(found.path.clone(), format!("no state assigns `${name}`"));
                finding.help.push("a variable can be read in its own scope and those within it".to_owned());
                report.push(finding);
            }
        }
    }
}

/// The variables and functions that an expression reads, but for those that are always there.
fn names_in_jsonata(text: &str) -> Vec<String> {
    let expression = is_jsonata(text).then(|| Expression::parse(expressions::inside(text)));
    let Some(Ok(Some(expression))) = expression else { return Vec::new() };
    let names = expression.variables.into_iter().map(|variable| variable.name);
    names.filter(|name| !FUNCTIONS.contains(&name.as_str())).collect()
}

/// The variables that a path or a call of an intrinsic function reads.
fn names_in_json_path(text: &str) -> Vec<String> {
    let name = |path: &JsonPath<'_>| match path.root {
        Root::Variable(name) => Some(name.to_owned()),
        Root::Input | Root::Context => None,
    };
    if let Ok(path) = JsonPath::parse(text) {
        return name(&path).into_iter().collect();
    }
    let Ok(call) = Call::parse(text) else { return Vec::new() };
    let paths = call.all().into_iter().flat_map(|call| &call.arguments).filter_map(|argument| match argument {
        Argument::Path(path) => name(path),
        _ => None,
    });
    paths.collect()
}

/// Every text of a state in JSONPath that is a path or a call: under a key that ends in `.$` or `Path`.
fn texts_in_json_path<'a>(state: &State<'a>) -> Vec<Found<'a>> {
    let members = state.value.as_map().into_iter().flatten();
    let members = members.filter(|(key, _)| key.ends_with("Path") || TEMPLATES.contains(&key.as_str()));
    let mut found = Vec::new();
    for part in members.filter_map(|(key, _)| state.part(key)) {
        expressions::collect(part, Moment::Before, &mut found);
    }
    found.retain(|found| match found.path.0.last() {
        Some(Segment::Key(key)) => key.ends_with(".$") || key.ends_with("Path"),
        _ => false,
    });
    found
}

/// Every `Assign` of a state.
fn assigns<'a>(state: &State<'a>) -> Vec<Part<'a>> {
    let rules = state.choices.iter().map(|rule| (rule.value, &rule.path));
    let catchers = state.catchers.iter().map(|catcher| (catcher.value, &catcher.path));
    let all = std::iter::once((state.value, &state.path)).chain(rules).chain(catchers);
    all.filter_map(|(value, path)| Part::of(value, "Assign", path)).collect()
}

fn check_assign(state: &State<'_>, assign: &Part<'_>, report: &mut Report) {
    if matches!(assign.value, Value::String(text) if state.query_language == QueryLanguage::Jsonata && is_jsonata(text)) {
        return;
    }
    let map = match assign.value {
        Value::Map(map) => map,
        value if is_unknown(value) => return,
        other => return report.error(assign.path.clone(), format!("`Assign` must be a table, not {}", other.kind())),
    };
    for key in map.keys() {
        let name = match state.query_language {
            QueryLanguage::JsonPath => key.strip_suffix(".$").unwrap_or(key),
            QueryLanguage::Jsonata => key,
        };
        let path = assign.path.join_key(key);
        let mut characters = name.chars();
        let is_formed = characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
            && characters.all(|character| character.is_alphanumeric() || character == '_');
        if name == "states" {
            let message = "`$states` is Step Functions' own; a variable needs another name";
            report.push(Finding::error(path, message).code(RESERVED_VARIABLE_NAME).on_key());
        } else if !is_formed {
            let finding = Finding::error(path, format!("`{name}` is no name of a variable")).code(INVALID_VARIABLE_NAME);
            report.push(finding.on_key().help("letters, digits and `_`, a letter first"));
        } else if name.chars().count() > LONGEST_NAME {
            let message = format!("the name of a variable has at most {LONGEST_NAME} characters");
            report.push(Finding::error(path, message).code(INVALID_VARIABLE_NAME).on_key());
        }
    }
}
