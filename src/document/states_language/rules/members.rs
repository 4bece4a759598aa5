//! Types, ranges and forms of the members of states.

use crate::diagnostic::Finding;
use crate::document::states_language::intrinsic::Call;
use crate::document::states_language::json_path::{JsonPath, Root};
use crate::document::states_language::model::{QueryLanguage, State, StateKind};
use crate::document::states_language::rules::code::{NO_PATH, PASS_RESULT_IS_STATIC, SCHEMA_VALIDATION_FAILED};
use crate::document::states_language::rules::{DEEPEST_VALUE, Report, is_jsonata, is_unknown, looks_like_path};
use crate::value::{Path, Segment, Value};

/// What numbers a member takes.
#[derive(Clone, Copy)]
pub struct Numbers {
    pub least: f64,
    pub most: f64,
    pub is_whole: bool,
}

pub const fn whole(least: i64, most: i64) -> Numbers {
    Numbers { least: least as f64, most: most as f64, is_whole: true }
}

/// As long as AWS lets anything take.
pub const LONGEST_SECONDS: i64 = 99_999_999;

const NUMBERS: [(&str, Numbers); 6] = [
    ("TimeoutSeconds", whole(1, LONGEST_SECONDS)),
    ("HeartbeatSeconds", whole(1, LONGEST_SECONDS)),
    ("Seconds", whole(0, LONGEST_SECONDS)),
    ("MaxConcurrency", whole(0, i64::MAX)),
    ("ToleratedFailureCount", whole(0, i64::MAX)),
    ("ToleratedFailurePercentage", Numbers { least: 0.0, most: 100.0, is_whole: false }),
];
const TEXTS: [&str; 8] = ["Comment", "Error", "Cause", "Label", "Next", "Default", "Resource", "Timestamp"];

/// What a path may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PathForm {
    /// Any, or null.
    Any,
    /// One place; of the input, the context object or a variable.
    Reference,
    /// One place of the input or a variable.
    ReferenceButContext,
    /// One place of the input, or null.
    Result,
    /// Any, or a call of an intrinsic function.
    OrCall,
}

const PATHS: [(&str, PathForm); 13] = [
    ("InputPath", PathForm::Any),
    ("OutputPath", PathForm::Any),
    ("ResultPath", PathForm::Result),
    ("ItemsPath", PathForm::Reference),
    ("TimeoutSecondsPath", PathForm::Reference),
    ("HeartbeatSecondsPath", PathForm::Reference),
    ("SecondsPath", PathForm::Reference),
    ("TimestampPath", PathForm::Reference),
    ("MaxConcurrencyPath", PathForm::ReferenceButContext),
    ("ToleratedFailureCountPath", PathForm::ReferenceButContext),
    ("ToleratedFailurePercentagePath", PathForm::ReferenceButContext),
    ("ErrorPath", PathForm::OrCall),
    ("CausePath", PathForm::OrCall),
];

pub fn check(state: &State<'_>, report: &mut Report) {
    for key in TEXTS {
        check_text(state.value, key, &state.path, report);
    }
    for (key, numbers) in NUMBERS {
        check_number(state.value, key, &state.path, numbers, state.query_language, report);
    }
    if state.query_language == QueryLanguage::JsonPath {
        for (key, form) in PATHS {
            check_path(state.value, key, &state.path, form, report);
        }
    }
    if let Some(Value::String(text)) = state.value.get("Timestamp").filter(|value| !is_unknown(value)) {
        let is_expression = state.query_language == QueryLanguage::Jsonata && text.starts_with("{%");
        if !is_expression && !is_timestamp(text) {
            check_timestamp(text, state.path.join_key("Timestamp"), report);
        }
    }
    if state.kind == Some(StateKind::Pass) {
        check_result(state, report);
    }
}

/// A path in the `Result` of a `Pass` is only text. A walk with a list of its own: a document may be as deep as it likes.
fn check_result(state: &State<'_>, report: &mut Report) {
    let mut waiting: Vec<(Path, &Value)> = state.part("Result").map(|part| (part.path, part.value)).into_iter().collect();
    while let Some((path, value)) = waiting.pop() {
        match value {
            _ if path.0.len() > DEEPEST_VALUE => {}
            Value::String(text) if looks_like_path(text) => report.push(
                Finding::warning(path, format!("`Result` is taken as it stands, so `{text}` stays text"))
                    .code(PASS_RESULT_IS_STATIC)
                    .help("what is to be computed goes into `Parameters`, under a key that ends in `.$`"),
            ),
            Value::List(items) => {
                waiting.extend(items.iter().enumerate().map(|(index, item)| (path.join(Segment::Index(index)), item)));
            }
            Value::Map(map) => waiting.extend(map.iter().map(|(key, item)| (path.join_key(key), item))),
            _ => {}
        }
    }
}

/// A member that must be a string.
pub fn check_text(value: &Value, key: &str, path: &Path, report: &mut Report) {
    match value.get(key) {
        None | Some(Value::String(_)) => {}
        Some(value) if is_unknown(value) => {}
        Some(other) => report.error(path.join_key(key), format!("`{key}` must be a string, not {}", other.kind())),
    }
}

/// A member that must be a number; in JSONata an expression may stand for it.
pub fn check_number(value: &Value, key: &str, path: &Path, numbers: Numbers, language: QueryLanguage, report: &mut Report) {
    let noun = if numbers.is_whole { "an integer" } else { "a number" };
    match value.get(key) {
        None => {}
        Some(value) if is_unknown(value) => {}
        Some(Value::Number(number)) => {
            let number = number.as_f64().unwrap_or_default();
            if numbers.is_whole && number.fract() != 0.0 {
                report.error(path.join_key(key), format!("`{key}` must be an integer, not {number}"));
            } else if number < numbers.least {
                report.error(path.join_key(key), format!("`{key}` must be at least {}, not {number}", numbers.least));
            } else if number > numbers.most {
                report.error(path.join_key(key), format!("`{key}` must be at most {}, not {number}", numbers.most));
            }
        }
        Some(Value::String(text)) if language == QueryLanguage::Jsonata && (is_jsonata(text) || text.starts_with("{%")) => {}
        Some(Value::String(text)) => {
            report.error(path.join_key(key), format!("`{key}` must be {noun}, not a string"));
            if looks_like_path(text) && language == QueryLanguage::JsonPath {
                let finding = Finding::warning(path.join_key(key), format!("`{key}` takes no path, `{key}Path` does"));
                report.push(finding.code(NO_PATH).on_key().replacement(format!("{key}Path")));
            }
        }
        Some(other) => report.error(path.join_key(key), format!("`{key}` must be {noun}, not {}", other.kind())),
    }
}

/// A member that must be a path.
pub fn check_path(value: &Value, key: &str, path: &Path, form: PathForm, report: &mut Report) {
    let text = match value.get(key) {
        None => return,
        Some(value) if is_unknown(value) => return,
        Some(Value::String(text)) => text,
        Some(Value::Null) if matches!(form, PathForm::Any | PathForm::Result) => return,
        Some(other) => return report.error(path.join_key(key), format!("`{key}` must be a path, not {}", other.kind())),
    };
    if form == PathForm::OrCall && text.starts_with("States.") {
        if let Err(error) = Call::parse(text) {
            report.error(path.join_key(key), format!("`{key}` is no call of an intrinsic function: {error}"));
        }
        return;
    }
    check_path_text(text, key, path.join_key(key), form, report);
}

/// A text that must be a path.
pub fn check_path_text(text: &str, key: &str, at: Path, form: PathForm, report: &mut Report) {
    let parsed = match JsonPath::parse(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let mut finding = Finding::error(at, format!("`{text}` is no path: {error}")).code(SCHEMA_VALIDATION_FAILED);
            if text.starts_with("States.") {
                finding.help.push(format!("`{key}` takes no intrinsic function"));
            }
            return report.push(finding);
        }
    };
    let wants_one_place = !matches!(form, PathForm::Any | PathForm::OrCall);
    if wants_one_place && !parsed.is_reference {
        let finding = Finding::error(at, format!("`{key}` leads to one place, and `{text}` may lead to several"));
        return report.push(finding.code(SCHEMA_VALIDATION_FAILED).help("no wildcard, filter, slice or `..`"));
    }
    match (form, parsed.root) {
        (PathForm::Result, Root::Context | Root::Variable(_)) => {
            report.error(at, format!("`{key}` is a place in the state's input: it begins with `$.`"));
        }
        (PathForm::ReferenceButContext, Root::Context) => {
            report.error(at, format!("`{key}` can't read the context object"));
        }
        _ => {}
    }
}

/// A text that must be a moment.
pub fn check_timestamp(text: &str, at: Path, report: &mut Report) {
    if !is_timestamp(text) {
        let finding = Finding::error(at, format!("`{text}` is no timestamp")).code(SCHEMA_VALIDATION_FAILED);
        report.push(finding.help("for example 2030-01-31T12:00:00Z"));
    }
}

/// RFC 3339 with a `T`; the offset may be a `Z` or be written out.
fn is_timestamp(text: &str) -> bool {
    let digits = |range: std::ops::Range<usize>, least: u32, most: u32| {
        let part = text.get(range).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        part.and_then(|part| part.parse().ok()).is_some_and(|number: u32| (least..=most).contains(&number))
    };
    let signs = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")];
    let is_formed = signs.iter().all(|(at, sign)| text.get(*at..*at + 1) == Some(sign));
    let is_dated = digits(0..4, 0, 9999) && digits(5..7, 1, 12) && digits(8..10, 1, 31);
    let is_timed = digits(11..13, 0, 23) && digits(14..16, 0, 59) && digits(17..19, 0, 60);
    if !(is_formed && is_dated && is_timed) {
        return false;
    }
    let mut rest = text.get(19..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    let is_offset = |rest: &str| {
        let bytes = rest.as_bytes();
        bytes.len() == 6
            && matches!(bytes[0], b'+' | b'-')
            && bytes[3] == b':'
            && [1, 2, 4, 5].iter().all(|at| bytes[*at].is_ascii_digit())
    };
    rest == "Z" || is_offset(rest)
}
