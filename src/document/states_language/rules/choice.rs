//! The rules of a `Choice`.

use crate::diagnostic::{Finding, nearest};
use crate::document::states_language::model::{Part, QueryLanguage, State, StateKind};
use crate::document::states_language::rules::code::{NO_PATH, SCHEMA_VALIDATION_FAILED, TOO_DEEPLY_NESTED};
use crate::document::states_language::rules::members::{self, PathForm};
use crate::document::states_language::rules::{Report, is_jsonata, is_unknown, looks_like_path};
use crate::value::{Map, Path, Segment, Value};

/// Rules within each other further than this are refused.
const DEEPEST: usize = 100;
const SELECTORS: [&str; 5] = ["And", "Or", "Not", "Variable", "Condition"];
const ORDERED: [&str; 5] = ["Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals"];
const TESTS: [&str; 6] = ["IsNull", "IsPresent", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp"];

/// What stands behind a comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operand {
    Text,
    Number,
    Boolean,
    Timestamp,
    Path,
}

/// What the comparison `name` wants; none if there is no such comparison.
fn operand_of(name: &str) -> Option<Operand> {
    if TESTS.contains(&name) || name == "BooleanEquals" {
        return Some(Operand::Boolean);
    }
    if name == "StringMatches" {
        return Some(Operand::Text);
    }
    let (bare, is_path) = name.strip_suffix("Path").map_or((name, false), |bare| (bare, true));
    let kinds = [("String", Operand::Text), ("Numeric", Operand::Number), ("Timestamp", Operand::Timestamp)];
    let known = kinds.iter().find_map(|(prefix, operand)| ORDERED.contains(&bare.strip_prefix(prefix)?).then_some(*operand));
    let known = known.or((bare == "BooleanEquals").then_some(Operand::Boolean));
    known.map(|operand| if is_path { Operand::Path } else { operand })
}

pub fn check(state: &State<'_>, report: &mut Report) {
    if state.kind != Some(StateKind::Choice) {
        return;
    }
    // Rules within rules wait in a list: a document may be as deep as it likes.
    let mut waiting: Vec<(Part<'_>, usize)> =
        Part::items_of(state.value, "Choices", &state.path).into_iter().map(|rule| (rule, 0)).collect();
    waiting.reverse();
    while let Some((rule, depth)) = waiting.pop() {
        let Some(map) = report.table(rule.value, &rule.path, "a rule") else { continue };
        if depth > DEEPEST {
            report.push(Finding::error(rule.path, "rules nest too deeply").code(TOO_DEEPLY_NESTED));
            continue;
        }
        check_members(state, map, &rule.path, depth > 0, report);
        match state.query_language {
            QueryLanguage::JsonPath => check_selector(map, &rule.path, report),
            QueryLanguage::Jsonata => check_condition(map, &rule.path, report),
        }
        waiting.extend(inner_rules(map, &rule.path, report).into_iter().rev().map(|rule| (rule, depth + 1)));
    }
}

fn check_members(state: &State<'_>, map: &Map, path: &Path, is_nested: bool, report: &mut Report) {
    if is_nested {
        for key in ["Next", "Assign", "Output"].into_iter().filter(|key| map.contains_key(*key)) {
            report.error_on_key(path.join_key(key), format!("only a rule at the top has `{key}`"));
        }
    } else if !map.contains_key("Next") {
        // That it names no state is said of the flow.
        report.error(path.clone(), "the rule has no `Next`");
    }
    for key in map.keys().map(String::as_str) {
        let language = match key {
            "Next" | "Comment" | "Assign" => continue,
            "Condition" | "Output" => QueryLanguage::Jsonata,
            "And" | "Or" | "Not" | "Variable" => QueryLanguage::JsonPath,
            key if operand_of(key).is_some() => QueryLanguage::JsonPath,
            _ => {
                let comparisons = ["String", "Numeric", "Timestamp"]
                    .iter()
                    .flat_map(|kind| ORDERED.iter().map(move |name| format!("{kind}{name}")));
                let mut known: Vec<String> = comparisons.flat_map(|name| [format!("{name}Path"), name]).collect();
                known.extend(TESTS.iter().chain(&SELECTORS).map(|name| (*name).to_owned()));
                known.extend(["StringMatches", "BooleanEquals", "Next", "Comment"].map(str::to_owned));
                let mut finding = Finding::error(path.join_key(key), format!("a rule has no member `{key}`"))
                    .code(SCHEMA_VALIDATION_FAILED)
                    .on_key();
                finding.replacement = nearest(key, known.iter().map(String::as_str)).map(str::to_owned);
                report.push(finding);
                continue;
            }
        };
        if language != state.query_language {
            let (is, other) = match state.query_language {
                QueryLanguage::JsonPath => ("JSONPath", "JSONata"),
                QueryLanguage::Jsonata => ("JSONata", "JSONPath"),
            };
            report.error_on_key(path.join_key(key), format!("the state is in {is}, and `{key}` belongs to {other}"));
        }
    }
}

/// In JSONPath: one of `And`, `Or`, `Not`, `Variable`, and beside the last one comparison.
fn check_selector(map: &Map, path: &Path, report: &mut Report) {
    let selectors: Vec<&str> = SELECTORS.into_iter().filter(|key| map.contains_key(*key)).collect();
    let comparisons: Vec<&String> = map.keys().filter(|key| operand_of(key).is_some()).collect();
    match selectors.as_slice() {
        [] if comparisons.is_empty() => report.error(path.clone(), "the rule has no condition"),
        [] => report.error(path.clone(), "the rule compares no `Variable`"),
        ["Variable"] => match comparisons.as_slice() {
            [] => report.error(path.clone(), "the rule has a `Variable` and no comparison"),
            [_] => {}
            [_, second, ..] => report.error_on_key(path.join_key(*second), "a rule has one comparison"),
        },
        [_] => {
            if let Some(comparison) = comparisons.first() {
                report.error_on_key(path.join_key(*comparison), format!("`{comparison}` compares no `Variable` here"));
            }
        }
        [first, second, ..] => {
            report.error_on_key(path.join_key(*second), format!("`{first}` and `{second}` exclude each other"))
        }
    }
    if map.contains_key("Variable") {
        check_variable(map, path, report);
    }
    for (key, value) in map.iter().filter(|(_, value)| !is_unknown(value)) {
        if let Some(operand) = operand_of(key) {
            check_operand(key, value, operand, path, report);
        }
    }
}

fn check_variable(map: &Map, path: &Path, report: &mut Report) {
    let at = path.join_key("Variable");
    match map.get("Variable") {
        None => {}
        Some(value) if is_unknown(value) => {}
        Some(Value::String(text)) => members::check_path_text(text, "Variable", at, PathForm::Reference, report),
        Some(other) => report.error(at, format!("`Variable` must be a path, not {}", other.kind())),
    }
}

fn check_operand(key: &str, value: &Value, operand: Operand, path: &Path, report: &mut Report) {
    let at = path.join_key(key);
    let wanted = match (operand, value) {
        (Operand::Path, Value::String(text)) => return members::check_path_text(text, key, at, PathForm::Reference, report),
        (Operand::Text | Operand::Timestamp, Value::String(text)) if looks_like_path(text) => {
            let finding = Finding::warning(at.clone(), format!("`{key}` compares with the text `{text}` itself")).code(NO_PATH);
            report.push(finding.help(format!("`{key}Path` compares with what stands there")));
            return if operand == Operand::Timestamp {
                members::check_timestamp(text, at, report)
            };
        }
        (Operand::Timestamp, Value::String(text)) => return members::check_timestamp(text, at, report),
        (Operand::Text, Value::String(_)) | (Operand::Number, Value::Number(_)) | (Operand::Boolean, Value::Bool(_)) => return,
        (Operand::Path, _) => "a path",
        (Operand::Text, _) => "a string",
        (Operand::Timestamp, _) => "a timestamp",
        (Operand::Number, _) => "a number",
        (Operand::Boolean, _) => "true or false",
    };
    report.error(at, format!("`{key}` compares with {wanted}, not with {}", value.kind()));
}

/// In JSONata: a `Condition`.
fn check_condition(map: &Map, path: &Path, report: &mut Report) {
    match map.get("Condition") {
        None => report.error(path.clone(), "the rule has no `Condition`"),
        Some(value) if is_unknown(value) => {}
        Some(Value::Bool(_)) => {}
        Some(Value::String(text)) if is_jsonata(text) || text.starts_with("{%") || text.ends_with("%}") => {}
        Some(Value::String(_)) => {
            let help = "for example \"{% $states.input.count > 3 %}\"";
            let finding = Finding::error(path.join_key("Condition"), "`Condition` is an expression in `{% %}`");
            report.push(finding.code(SCHEMA_VALIDATION_FAILED).help(help));
        }
        Some(other) => {
            report.error(path.join_key("Condition"), format!("`Condition` is an expression, not {}", other.kind()));
        }
    }
}

fn inner_rules<'a>(map: &'a Map, path: &Path, report: &mut Report) -> Vec<Part<'a>> {
    let mut rules = Vec::new();
    for key in ["And", "Or"] {
        let at = path.join_key(key);
        match map.get(key) {
            None => {}
            Some(Value::List(items)) => {
                if items.is_empty() {
                    report.error(at.clone(), format!("`{key}` is empty"));
                }
                rules.extend(items.iter().enumerate().map(|(index, value)| Part { value, path: at.join(Segment::Index(index)) }));
            }
            Some(value) if is_unknown(value) => {}
            Some(other) => report.error(at, format!("`{key}` must be a list of rules, not {}", other.kind())),
        }
    }
    rules.extend(map.get("Not").map(|value| Part { value, path: path.join_key("Not") }));
    rules
}
