//! Payload templates of JSONPath: `x.$` and what it may hold.

use crate::diagnostic::Finding;
use crate::document::states_language::intrinsic::{Argument, Call};
use crate::document::states_language::json_path::JsonPath;
use crate::document::states_language::model::{Part, QueryLanguage, State};
use crate::document::states_language::rules::code::{NO_DOLLAR, SCHEMA_VALIDATION_FAILED};
use crate::document::states_language::rules::{DEEPEST_VALUE, Report, is_jsonata, is_unknown, looks_like_path};
use crate::value::{Map, Path, Segment, Value};

/// The members of a state that are templates.
pub const TEMPLATES: [&str; 5] = ["Parameters", "ResultSelector", "ItemSelector", "Credentials", "Assign"];
/// Templates within the members of a map.
const INNER: [(&str, &str); 3] = [("ItemReader", "Parameters"), ("ResultWriter", "Parameters"), ("ItemBatcher", "BatchInput")];

pub fn check(state: &State<'_>, report: &mut Report) {
    if state.query_language != QueryLanguage::JsonPath {
        return;
    }
    let inner = INNER.iter().filter_map(|(outer, inner)| {
        let outer = state.part(outer)?;
        Part::of(outer.value, inner, &outer.path)
    });
    let rules = state.choices.iter().filter_map(|rule| Part::of(rule.value, "Assign", &rule.path));
    let catchers = state.catchers.iter().filter_map(|catcher| Part::of(catcher.value, "Assign", &catcher.path));
    let own = TEMPLATES.iter().filter_map(|key| state.part(key));
    for template in own.chain(inner).chain(rules).chain(catchers) {
        check_template(template, report);
    }
}

/// A walk with a list of its own: a document may be as deep as it likes.
fn check_template(template: Part<'_>, report: &mut Report) {
    let mut waiting = vec![template];
    while let Some(Part { path, value }) = waiting.pop() {
        match value {
            _ if path.0.len() > DEEPEST_VALUE => {}
            Value::Map(map) => {
                for (key, value) in map {
                    check_member(map, key, value, &path, report);
                }
                let inner = map.iter().filter(|(key, _)| !key.ends_with(".$"));
                let inner = inner.map(|(key, value)| Part { value, path: path.join_key(key) });
                // What is met first is told first.
                waiting.extend(inner.collect::<Vec<_>>().into_iter().rev());
            }
            Value::List(items) => {
                let items = items.iter().enumerate().rev();
                waiting.extend(items.map(|(index, value)| Part { value, path: path.join(Segment::Index(index)) }));
            }
            _ => {}
        }
    }
}

fn check_member(map: &Map, key: &str, value: &Value, path: &Path, report: &mut Report) {
    let at = path.join_key(key);
    let Some(name) = key.strip_suffix(".$") else {
        match value {
            Value::String(text) if is_unknown(value) || text.is_empty() => {}
            Value::String(text) if looks_like_path(text) => {
                let finding = Finding::warning(at, format!("`{text}` is only text here: the key does not end in `.$`"));
                report.push(finding.code(NO_DOLLAR).on_key().replacement(format!("{key}.$")));
            }
            Value::String(text) if is_jsonata(text) => {
                let message = "an expression of JSONata is only text here: the state is in JSONPath";
                report.push(Finding::warning(at, message).help("set QueryLanguage = \"JSONata\" on this state"));
            }
            _ => {}
        }
        return;
    };
    if map.contains_key(name) {
        report.error_on_key(at.clone(), format!("`{name}` and `{key}` exclude each other"));
    }
    match value {
        value if is_unknown(value) => {}
        Value::String(text) => check_text(text, key, at, report),
        // The language refuses it; whether AWS does is not certain.
        Value::Null => report.push(Finding::warning(at, format!("`{key}` is null, which is neither a path nor a call"))),
        other => {
            let message = format!("`{key}` holds a path or a call of an intrinsic function, not {}", other.kind());
            refuse(at, message, report);
        }
    }
}

/// AWS tells it of the table in which the member stands.
fn refuse(at: Path, message: String, report: &mut Report) {
    report.push(Finding::error(at, message).code(SCHEMA_VALIDATION_FAILED).of_parent());
}

fn check_text(text: &str, key: &str, at: Path, report: &mut Report) {
    if text.starts_with(char::is_whitespace) {
        let message = format!("`{key}` begins with a space, and the language wants a `$` or a call there");
        report.push(Finding::warning(at.clone(), message));
    }
    let text = text.trim();
    if text.starts_with('$') {
        if let Err(error) = JsonPath::parse(text) {
            refuse(at, format!("`{text}` is no path: {error}"), report);
        }
    } else if text.starts_with("States.") {
        match Call::parse(text) {
            Ok(call) => call.all().into_iter().for_each(|call| check_format(call, &at, report)),
            Err(error) => refuse(at, format!("no call of an intrinsic function: {error}"), report),
        }
    } else {
        let finding = Finding::error(at, format!("`{key}` holds a path or a call of an intrinsic function, not `{text}`"));
        report.push(finding.code(SCHEMA_VALIDATION_FAILED).of_parent().help("a path begins with `$`, a call with `States.`"));
    }
}

/// As many places as values; else every execution fails here.
fn check_format(call: &Call<'_>, at: &Path, report: &mut Report) {
    let ("States.Format", Some((Argument::Text(text), values))) = (call.name, call.arguments.split_first()) else { return };
    // An escaped bracket is none.
    let bare = text.replace("\\\\", "").replace("\\{", "").replace("\\}", "");
    let places = bare.matches("{}").count();
    if places != values.len() {
        let message = format!("the text has {places} `{{}}`, and {} values are given", values.len());
        report.push(Finding::warning(at.clone(), message));
    }
}
