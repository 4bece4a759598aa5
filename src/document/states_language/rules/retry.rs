//! `Retry` and `Catch`.

use crate::diagnostic::Finding;
use crate::document::states_language::model::{QueryLanguage, State, StateKind};
use crate::document::states_language::rules::members::{self, LONGEST_SECONDS, Numbers, PathForm, whole};
use crate::document::states_language::rules::{Report, is_unknown};
use crate::value::{Path, Segment, Value};

const RETRIER: [&str; 7] =
    ["ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"];
const CATCHER: [&str; 6] = ["ErrorEquals", "Next", "ResultPath", "Assign", "Output", "Comment"];
/// A year.
const LONGEST_DELAY: i64 = 31_622_400;
const NUMBERS: [(&str, Numbers); 4] = [
    ("IntervalSeconds", whole(0, LONGEST_SECONDS)),
    ("MaxAttempts", whole(0, LONGEST_SECONDS)),
    ("MaxDelaySeconds", whole(1, LONGEST_DELAY)),
    ("BackoffRate", Numbers { least: 1.0, most: f64::INFINITY, is_whole: false }),
];

/// The names that Step Functions itself gives to errors.
const STATES_ERRORS: [&str; 18] = [
    "States.ALL",
    "States.BranchFailed",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "States.HeartbeatTimeout",
    "States.Http.Socket",
    "States.IntrinsicFailure",
    "States.ItemReaderFailed",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.ResultPathMatchFailure",
    "States.ResultWriterFailed",
    "States.Runtime",
    "States.TaskFailed",
    "States.Timeout",
    "States.ExecutionLimitExceeded",
];

pub fn check(state: &State<'_>, report: &mut Report) {
    if !matches!(state.kind, Some(StateKind::Task | StateKind::Parallel | StateKind::Map)) {
        return;
    }
    for key in ["Retry", "Catch"] {
        let path = state.path.join_key(key);
        match state.value.get(key) {
            None => {}
            Some(Value::List(items)) => {
                let noun = if key == "Retry" { "a retrier" } else { "a catcher" };
                for (index, item) in items.iter().enumerate() {
                    let path = path.join(Segment::Index(index));
                    let Some(map) = report.table(item, &path, noun) else { continue };
                    let known: &[&str] = if key == "Retry" { &RETRIER } else { &CATCHER };
                    report.unknown_members(map, known, &path, noun);
                    check_errors(item, &path, index + 1 == items.len(), report);
                    if key == "Retry" {
                        check_retrier(item, &path, report);
                    } else {
                        check_catcher(state, item, &path, report);
                    }
                }
            }
            Some(value) if is_unknown(value) => {}
            Some(other) => report.error(path, format!("`{key}` must be a list, not {}", other.kind())),
        }
    }
}

fn check_errors(item: &Value, path: &Path, is_last: bool, report: &mut Report) {
    let at = path.join_key("ErrorEquals");
    let errors = match item.get("ErrorEquals") {
        None => return report.error(path.clone(), "there is no `ErrorEquals`"),
        Some(Value::List(errors)) => errors,
        Some(value) if is_unknown(value) => return,
        Some(other) => return report.error(at, format!("`ErrorEquals` must be a list of names, not {}", other.kind())),
    };
    if errors.is_empty() {
        return report.error(at, "`ErrorEquals` is empty");
    }
    for (index, error) in errors.iter().enumerate() {
        let at = at.join(Segment::Index(index));
        match error {
            Value::String(name) if name == "States.ALL" => {
                if errors.len() > 1 {
                    report.error(at.clone(), "`States.ALL` stands alone in its list");
                }
                if !is_last {
                    report.error(at, "`States.ALL` stands in the last element: those behind it are never asked");
                }
            }
            Value::String(name) if name.starts_with("States.") && !STATES_ERRORS.contains(&name.as_str()) => {
                let mut finding = Finding::warning(at, format!("Step Functions knows no error `{name}`"));
                finding.replacement = crate::diagnostic::nearest(name, STATES_ERRORS).map(str::to_owned);
                report.push(finding);
            }
            Value::String(_) => {}
            value if is_unknown(value) => {}
            other => report.error(at, format!("the name of an error is a string, not {}", other.kind())),
        }
    }
}

fn check_retrier(item: &Value, path: &Path, report: &mut Report) {
    for (key, numbers) in NUMBERS {
        // An expression can't stand here, in either language.
        members::check_number(item, key, path, numbers, QueryLanguage::JsonPath, report);
    }
    if let Some(map) = item.as_map() {
        report.one_of(map, "JitterStrategy", path, &["FULL", "NONE"]);
    }
    let number = |key: &str| item.get(key).and_then(Value::as_i64);
    if let (Some(delay), Some(interval)) = (number("MaxDelaySeconds"), number("IntervalSeconds"))
        && delay < interval
    {
        let message = format!("no wait is longer than `MaxDelaySeconds` ({delay}), so the interval of {interval} has no effect");
        report.push(Finding::warning(path.join_key("MaxDelaySeconds"), message));
    }
}

fn check_catcher(state: &State<'_>, item: &Value, path: &Path, report: &mut Report) {
    if item.get("Next").is_none() {
        report.error(path.clone(), "the catcher has no `Next`");
    }
    match state.query_language {
        QueryLanguage::JsonPath => {
            members::check_path(item, "ResultPath", path, PathForm::Result, report);
            if item.get("Output").is_some() {
                report.error_on_key(path.join_key("Output"), "the state is in JSONPath, and `Output` belongs to JSONata");
            }
        }
        QueryLanguage::Jsonata => {
            if item.get("ResultPath").is_some() {
                report.error_on_key(path.join_key("ResultPath"), "the state is in JSONata, and `ResultPath` belongs to JSONPath");
            }
        }
    }
}
