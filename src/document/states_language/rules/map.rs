//! `Map`: its processor, its reader, batches and writer.

use std::collections::HashMap;

use crate::diagnostic::Finding;
use crate::document::states_language::model::{Part, QueryLanguage, Scope, ScopeRole, State, StateKind, StateMachine};
use crate::document::states_language::rules::code::{DUPLICATE_LABEL_NAME, INVALID_LABEL_NAME, SCHEMA_VALIDATION_FAILED};
use crate::document::states_language::rules::members::{self, PathForm, whole};
use crate::document::states_language::rules::{MachineType, Report, is_jsonata, is_unknown, task};
use crate::value::{Map, Path, Value};

const LONGEST_LABEL: usize = 40;
const FORBIDDEN_IN_LABELS: &str = "?*<>{}[]:;,\\|^~$#%&`\"";
/// What AWS documents for distributed maps alone.
const DISTRIBUTED_ONLY: [&str; 4] = ["ItemReader", "ItemBatcher", "ResultWriter", "Label"];
const INPUT_TYPES: [&str; 5] = ["CSV", "JSON", "JSONL", "MANIFEST", "PARQUET"];

pub fn check(machine: &StateMachine<'_>, state: &State<'_>, machine_type: MachineType, report: &mut Report) {
    if state.kind != Some(StateKind::Map) {
        return;
    }
    for scope in machine.within(state).filter(|scope| matches!(scope.role, ScopeRole::Inline | ScopeRole::Distributed)) {
        check_processor(machine, scope, machine_type, report);
    }
    let is_inline = machine.within(state).any(|scope| {
        let config = scope.value.get("ProcessorConfig");
        scope.role == ScopeRole::Inline && config.is_none_or(|config| config.text("Mode") == Some("INLINE"))
    });
    if is_inline {
        for key in DISTRIBUTED_ONLY.into_iter().filter(|key| state.has(key)) {
            let finding = Finding::warning(state.path.join_key(key), format!("`{key}` has a meaning in a distributed map alone"));
            report.push(finding.on_key().help("give the processor ProcessorConfig = { Mode = \"DISTRIBUTED\", … }"));
        }
    }
    if let Some(Value::String(text)) = state.value.get("Items").filter(|value| !is_unknown(value))
        && !text.starts_with("{%")
    {
        report.error(state.path.join_key("Items"), "`Items` is a list, or an expression in `{% %}` that makes one");
    }
    check_reader(state, report);
    check_batcher(state, report);
    check_writer(state, report);
}

fn check_processor(machine: &StateMachine<'_>, scope: &Scope<'_>, machine_type: MachineType, report: &mut Report) {
    let Some(config) = Part::of(scope.value, "ProcessorConfig", &scope.path) else { return };
    let Some(map) = report.table(config.value, &config.path, "`ProcessorConfig`") else { return };
    report.unknown_members(map, &["Mode", "ExecutionType"], &config.path, "`ProcessorConfig`");
    report.one_of(map, "Mode", &config.path, &["INLINE", "DISTRIBUTED"]);
    report.one_of(map, "ExecutionType", &config.path, &["STANDARD", "EXPRESS"]);
    let execution = map.get("ExecutionType");
    match map.get("Mode") {
        Some(Value::String(mode)) if mode == "DISTRIBUTED" => {
            if execution.is_none() {
                report.error(config.path.clone(), "a distributed map needs an `ExecutionType`: STANDARD or EXPRESS");
            }
            if machine_type == MachineType::Express {
                let finding = Finding::error(config.path.join_key("Mode"), "an express machine has no distributed map");
                report.push(finding.code(SCHEMA_VALIDATION_FAILED));
            } else if execution.and_then(Value::as_str) == Some("EXPRESS") {
                check_express_executions(machine, scope, report);
            }
        }
        Some(value) if is_unknown(value) => {}
        _ if execution.is_some() => {
            let message = "an inline map has no executions of its own, and so no `ExecutionType`";
            report.error_on_key(config.path.join_key("ExecutionType"), message);
        }
        _ => {}
    }
}

/// What the states of a distributed map can't do if its executions are express ones.
fn check_express_executions(machine: &StateMachine<'_>, scope: &Scope<'_>, report: &mut Report) {
    let mut waiting = vec![scope];
    while let Some(scope) = waiting.pop() {
        for state in &scope.states {
            if let Some(message) = task::express_problem(state) {
                report.push(Finding::warning(state.path.join_key("Resource"), message).help("ExecutionType STANDARD can"));
            }
            waiting.extend(machine.within(state).filter(|scope| scope.role != ScopeRole::Distributed));
        }
    }
}

/// The arguments of a reader or writer have another name in each language.
fn check_arguments(state: &State<'_>, map: &Map, path: &Path, report: &mut Report) {
    let (other, is, belongs) = match state.query_language {
        QueryLanguage::JsonPath => ("Arguments", "JSONPath", "JSONata"),
        QueryLanguage::Jsonata => ("Parameters", "JSONata", "JSONPath"),
    };
    if map.contains_key(other) {
        report.error_on_key(path.join_key(other), format!("the state is in {is}, and `{other}` belongs to {belongs}"));
    }
}

fn check_resource(map: &Map, path: &Path, calls: &[&str], report: &mut Report) {
    match map.get("Resource") {
        None => {}
        Some(value) if is_unknown(value) => {}
        Some(Value::String(text)) => {
            let is_known = text
                .strip_prefix("arn:")
                .and_then(|rest| rest.split_once(":states:::"))
                .is_some_and(|(partition, call)| !partition.contains(':') && calls.contains(&call));
            if !is_known {
                let finding = Finding::error(path.join_key("Resource"), format!("`{text}` can't stand here"));
                let known: Vec<String> = calls.iter().map(|call| format!("arn:aws:states:::{call}")).collect();
                report.push(finding.code(SCHEMA_VALIDATION_FAILED).help(format!("known are {}", known.join(", "))));
            }
        }
        Some(other) => report.error(path.join_key("Resource"), format!("`Resource` must be a string, not {}", other.kind())),
    }
}

/// The table that the member `key` is, unless an expression stands for it.
fn table<'a>(state: &State<'a>, key: &str, report: &mut Report) -> Option<(&'a Map, Path)> {
    let part = state.part(key)?;
    if matches!(part.value, Value::String(text) if state.query_language == QueryLanguage::Jsonata && is_jsonata(text)) {
        return None;
    }
    report.table(part.value, &part.path, &format!("`{key}`")).map(|map| (map, part.path))
}

fn check_reader(state: &State<'_>, report: &mut Report) {
    let Some((map, path)) = table(state, "ItemReader", report) else { return };
    if !map.contains_key("Resource") {
        report.error(path.clone(), "the reader has no `Resource`");
    }
    check_resource(map, &path, &["s3:getObject", "s3:listObjectsV2"], report);
    check_arguments(state, map, &path, report);
    let (Some(value), path) = (map.get("ReaderConfig"), path.join_key("ReaderConfig")) else { return };
    if matches!(value, Value::String(text) if is_jsonata(text)) {
        return;
    }
    let Some(config) = report.table(value, &path, "`ReaderConfig`") else { return };
    report.one_of(config, "InputType", &path, &INPUT_TYPES);
    report.one_of(config, "CSVHeaderLocation", &path, &["FIRST_ROW", "GIVEN"]);
    report.exclusive(config, &path, &[("MaxItems", "MaxItemsPath")]);
    members::check_number(value, "MaxItems", &path, whole(0, 100_000_000), state.query_language, report);
    check_paths(state, value, &["MaxItemsPath"], &path, report);
    let text = |key: &str| config.get(key).and_then(Value::as_str);
    match (text("InputType"), config.contains_key("CSVHeaderLocation")) {
        (Some("CSV"), false) => report.error(path.clone(), "a CSV file needs a `CSVHeaderLocation`: FIRST_ROW or GIVEN"),
        (Some("JSON" | "JSONL" | "MANIFEST" | "PARQUET"), true) => {
            report.error_on_key(path.join_key("CSVHeaderLocation"), "only a CSV file has a `CSVHeaderLocation`");
        }
        _ => {}
    }
    if text("CSVHeaderLocation") == Some("GIVEN") && !config.contains_key("CSVHeaders") {
        report.error(path, "given headers stand in `CSVHeaders`, which is missing");
    }
}

fn check_paths(state: &State<'_>, value: &Value, keys: &[&str], path: &Path, report: &mut Report) {
    for key in keys.iter().filter(|key| value.get(key).is_some()) {
        match state.query_language {
            QueryLanguage::JsonPath => members::check_path(value, key, path, PathForm::ReferenceButContext, report),
            QueryLanguage::Jsonata => {
                report.error_on_key(path.join_key(*key), format!("the state is in JSONata, and `{key}` belongs to JSONPath"));
            }
        }
    }
}

fn check_batcher(state: &State<'_>, report: &mut Report) {
    let Some((map, path)) = table(state, "ItemBatcher", report) else { return };
    let pairs = [("MaxItemsPerBatch", "MaxItemsPerBatchPath"), ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath")];
    report.exclusive(map, &path, &pairs);
    let Some(part) = state.part("ItemBatcher") else { return };
    let language = state.query_language;
    members::check_number(part.value, "MaxItemsPerBatch", &path, whole(0, i64::MAX), language, report);
    members::check_number(part.value, "MaxInputBytesPerBatch", &path, whole(0, 262_144), language, report);
    check_paths(state, part.value, &["MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath"], &path, report);
    if !pairs.iter().any(|(first, second)| map.contains_key(*first) || map.contains_key(*second)) {
        report.push(Finding::warning(path, "the batches have no bound: neither `MaxItemsPerBatch` nor `MaxInputBytesPerBatch`"));
    }
}

fn check_writer(state: &State<'_>, report: &mut Report) {
    let Some((map, path)) = table(state, "ResultWriter", report) else { return };
    check_resource(map, &path, &["s3:putObject"], report);
    check_arguments(state, map, &path, report);
    let has_destination = ["Parameters", "Arguments"].iter().any(|key| map.contains_key(*key));
    if !map.contains_key("WriterConfig") && !map.contains_key("Resource") {
        report.error(path.clone(), "the writer has neither a `Resource` nor a `WriterConfig`");
    } else if map.contains_key("Resource") && !has_destination {
        let member = if state.query_language == QueryLanguage::Jsonata { "Arguments" } else { "Parameters" };
        report.error(path.clone(), format!("the writer has no `{member}` that say where to"));
    }
    let (Some(value), path) = (map.get("WriterConfig"), path.join_key("WriterConfig")) else { return };
    if matches!(value, Value::String(text) if is_jsonata(text)) {
        return;
    }
    let Some(config) = report.table(value, &path, "`WriterConfig`") else { return };
    report.one_of(config, "OutputType", &path, &["JSON", "JSONL"]);
    report.one_of(config, "Transformation", &path, &["NONE", "COMPACT", "FLATTEN"]);
    if config.contains_key("OutputType") != config.contains_key("Transformation") {
        report.error(path, "`OutputType` and `Transformation` are given together");
    }
}

/// The labels of all maps.
pub fn check_labels(machine: &StateMachine<'_>, report: &mut Report) {
    let mut known: HashMap<&str, &Path> = HashMap::new();
    for state in machine.states().filter(|state| state.kind == Some(StateKind::Map)) {
        let Some(label) = state.value.get("Label").filter(|value| !is_unknown(value)).and_then(Value::as_str) else { continue };
        let path = state.path.join_key("Label");
        if label.is_empty() {
            report.push(Finding::error(path.clone(), "a label is not empty").code(INVALID_LABEL_NAME));
        }
        if label.chars().count() > LONGEST_LABEL {
            let message = format!("a label has at most {LONGEST_LABEL} characters");
            report.push(Finding::error(path.clone(), message).code(INVALID_LABEL_NAME));
        }
        if let Some(bad) = label.chars().find(|c| c.is_whitespace() || c.is_control() || FORBIDDEN_IN_LABELS.contains(*c)) {
            let message = format!("a label can't hold `{}`", bad.escape_debug());
            report.push(Finding::error(path.clone(), message).code(INVALID_LABEL_NAME));
        }
        if let Some(first) = known.get(label) {
            let message = format!("the map at {first} has the label `{label}` already");
            report.push(Finding::error(path, message).code(DUPLICATE_LABEL_NAME));
        } else {
            known.insert(label, &state.path);
        }
    }
}
