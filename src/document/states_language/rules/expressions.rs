//! `{% … %}`: the JSONata expressions of a state.

use crate::diagnostic::{Finding, Severity};
use crate::document::states_language::jsonata::{Expression, VariableUse};
use crate::document::states_language::model::{Part, QueryLanguage, State, StateKind};
use crate::document::states_language::rules::code::{
    INVALID_JSONATA_EXPRESSION, SCHEMA_VALIDATION_FAILED, UNSUPPORTED_JSONATA_EXPRESSION,
};
use crate::document::states_language::rules::{DEEPEST_VALUE, Report, is_jsonata, is_unknown};
use crate::value::{Path, Segment, Value};

/// Members that are read before the work of a state.
const BEFORE: [&str; 14] = [
    "Arguments",
    "Items",
    "ItemSelector",
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "Credentials",
    "Error",
    "Cause",
    "Seconds",
    "Timestamp",
    "TimeoutSeconds",
    "HeartbeatSeconds",
    "MaxConcurrency",
];
const TOLERATED: [&str; 2] = ["ToleratedFailureCount", "ToleratedFailurePercentage"];

/// What `$states` holds where an expression stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the work: `input`, `context`.
    Before,
    /// Behind it: also `result`.
    After,
    /// In a catcher: also `errorOutput`.
    Caught,
}

/// One expression of a state.
pub struct Found<'a> {
    pub path: Path,
    pub text: &'a str,
    pub moment: Moment,
}

pub fn check(state: &State<'_>, report: &mut Report) {
    if state.query_language != QueryLanguage::Jsonata {
        return;
    }
    for found in strings(state) {
        let Found { path, text, moment } = found;
        let told = report.findings.len();
        // AWS reads them when the state runs, and not before.
        let is_read_later = path.0.get(state.path.0.len()) == Some(&Segment::Key("Credentials".to_owned()));
        if !text.starts_with("{%") && !text.ends_with("%}") {
            continue;
        }
        if !is_jsonata(text) {
            let finding = Finding::error(path, "an expression begins with `{%` and ends with `%}`");
            report.push(finding.code(SCHEMA_VALIDATION_FAILED).help("nothing stands before or behind it, not even a space"));
        } else {
            match Expression::parse(inside(text)) {
                Err(error) => report
                    .push(Finding::error(path, format!("no expression of JSONata: {error}")).code(INVALID_JSONATA_EXPRESSION)),
                Ok(None) => {}
                Ok(Some(expression)) => check_references(state, &expression, &path, moment, report),
            }
        }
        if is_read_later {
            report.findings[told..].iter_mut().for_each(|finding| finding.severity = Severity::Warning);
        }
    }
}

/// An expression without its `{% %}`.
pub fn inside(text: &str) -> &str {
    text.strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}")).unwrap_or(text)
}

fn check_references(state: &State<'_>, expression: &Expression, path: &Path, moment: Moment, report: &mut Report) {
    for name in &expression.context {
        let (message, help) = match name.as_str() {
            "$" | "$$" => {
                (format!("`{name}` reads nothing: an expression has no context item"), "the input is `$states.input`".to_owned())
            }
            name => (
                format!("`{name}` reads nothing: an expression has no context item"),
                format!("the input is `$states.input`, so perhaps `$states.input.{name}`; a variable is `${name}`"),
            ),
        };
        report.push(Finding::error(path.clone(), message).code(UNSUPPORTED_JSONATA_EXPRESSION).help(help));
    }
    for VariableUse { name, field, .. } in &expression.variables {
        let Some(field) = field.as_deref().filter(|_| name == "states") else { continue };
        let kind = state.kind.map_or("", StateKind::name);
        let problem = match field {
            "input" | "context" => continue,
            "errorOutput" if moment == Moment::Caught => continue,
            "errorOutput" => "`$states.errorOutput` stands in a catcher alone".to_owned(),
            "result" if moment == Moment::After => continue,
            // What a `Pass` has there, AWS does not document.
            "result" if state.kind == Some(StateKind::Pass) => continue,
            "result" if matches!(state.kind, Some(StateKind::Task | StateKind::Parallel | StateKind::Map)) => {
                "there is no `$states.result` yet: `Output` and `Assign` of the state can read it".to_owned()
            }
            "result" => format!("a state of type {kind} has no `$states.result`"),
            other => format!("`$states` has no `{other}`; it has input, context, result and errorOutput"),
        };
        report.push(Finding::error(path.clone(), problem).code(UNSUPPORTED_JSONATA_EXPRESSION));
    }
}

/// Every text of a state that is or might be an expression.
pub fn strings<'a>(state: &State<'a>) -> Vec<Found<'a>> {
    let has_result = matches!(state.kind, Some(StateKind::Task | StateKind::Parallel | StateKind::Map));
    let after = if has_result { Moment::After } else { Moment::Before };
    let own = BEFORE.iter().chain(&TOLERATED).filter_map(|key| Some((state.part(key)?, Moment::Before)));
    let done = ["Output", "Assign"].iter().filter_map(|key| Some((state.part(key)?, after)));
    let rules = state.choices.iter().flat_map(|rule| {
        let members = ["Condition", "Output", "Assign"];
        members.into_iter().filter_map(|key| Some((Part::of(rule.value, key, &rule.path)?, Moment::Before))).collect::<Vec<_>>()
    });
    let catchers = state.catchers.iter().flat_map(|catcher| {
        let members = ["Output", "Assign"];
        members
            .into_iter()
            .filter_map(|key| Some((Part::of(catcher.value, key, &catcher.path)?, Moment::Caught)))
            .collect::<Vec<_>>()
    });
    let mut found = Vec::new();
    for (part, moment) in own.chain(done).chain(rules).chain(catchers) {
        collect(part, moment, &mut found);
    }
    found
}

/// A walk with a list of its own: a document may be as deep as it likes.
pub fn collect<'a>(part: Part<'a>, moment: Moment, found: &mut Vec<Found<'a>>) {
    let mut waiting = vec![part];
    while let Some(Part { path, value }) = waiting.pop() {
        match value {
            value if is_unknown(value) || path.0.len() > DEEPEST_VALUE => {}
            Value::String(text) => found.push(Found { path, text, moment }),
            Value::List(items) => {
                let items = items.iter().enumerate().rev();
                waiting.extend(items.map(|(index, value)| Part { value, path: path.join(Segment::Index(index)) }));
            }
            Value::Map(map) => {
                // The headers of a file are texts, whatever they look like.
                let members = map.iter().rev().filter(|(key, _)| key.as_str() != "CSVHeaders");
                waiting.extend(members.map(|(key, value)| Part { value, path: path.join_key(key) }));
            }
            _ => {}
        }
    }
}
