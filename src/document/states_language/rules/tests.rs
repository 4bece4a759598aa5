//! Each rule by cases of `tests/fixtures/states_language`: what is told, in order, as `SEVERITY CODE POINTER`.
//!
//! A case has a whole `definition`, or `states` of which the first is the start, or one `state` called `S`.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Map as JsonMap, Value as Json, json};

use super::*;
use crate::diagnostic::Severity;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/states_language").join(name)
}

/// The cases of all files in a folder, each with the file's name and its `why`.
fn cases(name: &str) -> Vec<(String, Json)> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder(name)).expect("the fixtures are there").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("a fixture");
        let cases: Vec<Json> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        cases.into_iter().map(move |case| (format!("{file}: {}", case["why"].as_str().unwrap_or("?")), case)).collect::<Vec<_>>()
    };
    files.iter().flat_map(read).collect()
}

fn definition(case: &Json) -> Json {
    let machine = |states: JsonMap<String, Json>| {
        let start = states.keys().next().cloned();
        let mut machine = case.get("machine").and_then(Json::as_object).cloned().unwrap_or_default();
        machine.insert("StartAt".to_owned(), json!(start));
        machine.insert("States".to_owned(), Json::Object(states));
        Json::Object(machine)
    };
    if let Some(states) = case.get("states").and_then(Json::as_object) {
        return machine(states.clone());
    }
    if let Some(state) = case.get("state").and_then(Json::as_object) {
        let mut state = state.clone();
        let flows = matches!(state["Type"].as_str(), Some("Task" | "Pass" | "Wait" | "Parallel" | "Map"));
        if flows && !state.contains_key("Next") && !state.contains_key("End") {
            state.insert("End".to_owned(), json!(true));
        }
        let mut states = JsonMap::from_iter([("S".to_owned(), Json::Object(state))]);
        if case["state"]["Type"] == "Choice" {
            states.insert("E".to_owned(), json!({ "Type": "Succeed" }));
        }
        return machine(states);
    }
    case["definition"].clone()
}

fn told(case: &Json) -> Vec<String> {
    let machine_type = if case["type"] == "EXPRESS" { MachineType::Express } else { MachineType::Standard };
    let findings = validate(&Value::from(definition(case)), machine_type);
    let tell = |finding: &Finding| {
        let severity = if finding.severity == Severity::Error { "ERROR" } else { "WARNING" };
        format!("{severity} {} {}", finding.code.unwrap_or("-"), finding.path.json_pointer())
    };
    findings.iter().map(tell).collect()
}

fn check_all(folder: &str) -> usize {
    let cases = cases(folder);
    let mut wrong = Vec::new();
    for (why, case) in &cases {
        let wanted: Vec<&str> = case["wanted"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let told = told(case);
        if told != wanted {
            wrong.push(format!("{why}\n  wanted {wanted:?}\n  told   {told:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    cases.len()
}

#[test]
fn valid_definitions() {
    assert!(check_all("valid") >= 25);
    for (why, case) in cases("valid") {
        assert!(!told(&case).iter().any(|one| one.starts_with("ERROR")), "{why}");
    }
}

#[test]
fn invalid_definitions() {
    assert!(check_all("invalid") >= 100);
}

#[test]
fn messages_name_what_is_meant() {
    let messages = |definition: Json| -> Vec<String> {
        let findings = validate(&Value::from(definition), MachineType::Standard);
        findings.into_iter().map(|finding| format!("{}: {}", finding.path, finding.message)).collect()
    };
    assert_eq!(
        messages(json!({ "StartAt": "Rum", "States": { "Run": { "Type": "Pas", "Next": "Run" } } })),
        [
            "StartAt: there is no state `Rum` here",
            "States: no state ends the flow",
            "States.Run.Type: there is no type of state called `Pas`"
        ]
    );
    assert_eq!(messages(json!({})), [": there is no `States`", ": there is no `StartAt`"]);
    assert_eq!(
        messages(json!({ "StartAt": "A", "States": { "A": { "Type": "Choice", "Choices": [], "End": true } } })),
        ["States.A.End: a state of type Choice has no `End`", "States.A.Choices: `Choices` is empty"]
    );
}

/// JSON made of the language's own words, so that its rules are met often.
fn any_json() -> impl Strategy<Value = Json> {
    const WORDS: &[&str] = &[
        "A",
        "B",
        "Task",
        "Pass",
        "Choice",
        "Map",
        "Parallel",
        "Wait",
        "$.a[?(@.b)]",
        "$$.x",
        "$",
        "$v",
        "States.Format('{}', $.a)",
        "States.Array(",
        "{% $states.input %}",
        "{% ( %}",
        "{%}",
        "JSONata",
        "JSONPath",
        "DISTRIBUTED",
        "arn:aws:states:::ecs:runTask.sync",
        "arn:::::",
        "2030-01-01T00:00:00Z",
        "ä\u{301}",
        "'",
        "[",
        "States.ALL",
        "${x}",
    ];
    const KEYS: &[&str] = &[
        "StartAt",
        "States",
        "Type",
        "Next",
        "End",
        "Default",
        "Choices",
        "And",
        "Or",
        "Not",
        "Variable",
        "Condition",
        "StringEquals",
        "NumericEqualsPath",
        "Retry",
        "Catch",
        "ErrorEquals",
        "MaxAttempts",
        "Branches",
        "ItemProcessor",
        "Iterator",
        "ProcessorConfig",
        "Mode",
        "ItemReader",
        "ReaderConfig",
        "ItemBatcher",
        "ResultWriter",
        "WriterConfig",
        "Label",
        "Parameters",
        "a.$",
        "a",
        "Assign",
        "states",
        "Output",
        "Arguments",
        "QueryLanguage",
        "Resource",
        "TimeoutSeconds",
        "Seconds",
        "Timestamp",
        "ResultPath",
        "InputPath",
        "A",
        "B",
        "",
    ];
    let leaf = prop_oneof![
        6 => prop::sample::select(WORDS).prop_map(Json::from),
        2 => any::<bool>().prop_map(Json::from),
        2 => any::<i64>().prop_map(Json::from),
        1 => any::<f64>().prop_map(Json::from),
        1 => Just(Json::Null),
        2 => ".{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(8, 80, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::vec((prop::sample::select(KEYS), inner), 0..7)
                .prop_map(|entries| Json::Object(entries.into_iter().map(|(key, item)| (key.to_owned(), item)).collect())),
        ]
    })
}

/// Puts `part` in the place of the `at`-th value of a tree, counted from its root.
fn replace(tree: &mut Json, at: &mut usize, part: &Json) {
    if *at == 0 {
        *tree = part.clone();
    }
    *at = at.wrapping_sub(1);
    match tree {
        Json::Array(items) => items.iter_mut().for_each(|item| replace(item, at, part)),
        Json::Object(map) => map.values_mut().for_each(|item| replace(item, at, part)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_makes_it_panic(definition in any_json(), is_express in any::<bool>()) {
        let machine_type = if is_express { MachineType::Express } else { MachineType::Standard };
        validate(&Value::from(definition), machine_type);
    }

    #[test]
    fn a_good_machine_with_one_part_replaced(case in 0..40usize, at in 0..300usize, part in any_json()) {
        static CASES: LazyLock<Vec<(String, Json)>> = LazyLock::new(|| cases("valid"));
        let mut definition = definition(&CASES[case % CASES.len()].1);
        replace(&mut definition, &mut { at }, &part);
        let value = Value::from(definition);
        for finding in validate(&value, MachineType::Express) {
            // What is told stands somewhere.
            let mut here = Some(&value);
            for segment in &finding.path.0 {
                here = here.and_then(|value| match segment {
                    crate::value::Segment::Key(key) => value.get(key),
                    crate::value::Segment::Index(index) => value.items().get(*index),
                    crate::value::Segment::Element(_) => None,
                });
            }
            prop_assert!(here.is_some(), "{} {}", finding.path, finding.message);
        }
    }

    #[test]
    fn expressions_never_panic(text in "[$%{}()\\[\\].,:;?*'\"`/|^@#~!<>=a-c0-9 \\\\\u{e4}-]{0,40}") {
        let _ = super::super::jsonata::Expression::parse(&text);
        let _ = JsonPath::parse(&format!("${text}"));
        let _ = super::super::intrinsic::Call::parse(&format!("States.Array({text}"));
    }
}

/// `levels` of `wrap` around `inner`, built from within.
fn nested(levels: usize, inner: Value, wrap: impl Fn(Value, usize) -> Value) -> Value {
    (0..levels).fold(inner, wrap)
}

#[test]
fn depth_does_not_matter() {
    // To make such trees and to let go of them takes as much stack as they are deep; only the judging is measured.
    let all = std::thread::Builder::new().stack_size(1 << 29).spawn(judge_deep_ones).expect("a thread");
    assert!(all.join().is_ok());
}

fn judge_deep_ones() {
    let key = |key: &str, value: Value| Value::Map(Map::from_iter([(key.to_owned(), value)]));
    let parallel = |inner: Value, level: usize| {
        let name = format!("S{level}");
        let branch = Map::from_iter([("StartAt".to_owned(), Value::string(name.as_str())), ("States".to_owned(), inner)]);
        let state = Map::from_iter([
            ("Type".to_owned(), Value::string("Parallel")),
            ("End".to_owned(), Value::Bool(true)),
            ("Branches".to_owned(), Value::List(vec![Value::Map(branch)])),
        ]);
        key(&name, Value::Map(state))
    };
    let deep = [
        nested(10_000, Value::Map(Map::new()), |inner, _| key("a", inner)),
        nested(10_000, Value::Null, |inner, _| Value::List(vec![inner])),
        nested(10_000, Value::Map(Map::new()), |inner, _| key("Not", inner)),
    ];
    let mut definitions = vec![key("States", nested(10_000, Value::Map(Map::new()), parallel))];
    for inner in deep {
        for member in ["Parameters", "Result", "Choices", "Output", "Assign", "Branches", "Retry"] {
            for (kind, language) in [("Pass", "JSONPath"), ("Choice", "JSONata"), ("Choice", "JSONPath"), ("Task", "JSONata")] {
                let state = Map::from_iter([
                    ("Type".to_owned(), Value::string(kind)),
                    ("QueryLanguage".to_owned(), Value::string(language)),
                    (member.to_owned(), if member == "Choices" { Value::List(vec![inner.clone()]) } else { inner.clone() }),
                ]);
                definitions.push(key("States", key("A", Value::Map(state))));
            }
        }
    }
    for definition in definitions {
        std::thread::scope(|scope| {
            let judge = std::thread::Builder::new()
                .stack_size(512 * 1024)
                .spawn_scoped(scope, || validate(&definition, MachineType::Standard));
            assert!(judge.expect("a thread").join().is_ok());
        });
    }
}

#[test]
fn a_large_definition_takes_no_time() {
    let mut states = JsonMap::new();
    for number in 0..6000 {
        let next = format!("State{}", number + 1);
        states.insert(
            format!("State{number}"),
            json!({
                "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": next,
                "Parameters": { "FunctionName": "f", "Payload": { "a.$": "$.some.place[0]", "b.$": "States.Format('{}', $.x)" } },
            }),
        );
    }
    let definition = json!({ "StartAt": "State0", "States": states });
    assert!(definition.to_string().len() > 1_000_000);
    let definition = Value::from(definition);
    let start = Instant::now();
    // The last one leads nowhere, and so does every state that is told to be behind it.
    assert_eq!(validate(&definition, MachineType::Standard).len(), 2);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?} in a build without optimisation", start.elapsed());
}
