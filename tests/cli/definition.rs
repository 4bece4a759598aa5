//! `validate --definition`: a definition in the Amazon States Language, checked alone.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

use crate::support::endpoint::root;
use crate::support::offline::stepwright;

const GOOD: &str = r#"{ "StartAt": "A", "States": { "A": { "Type": "Succeed" } } }"#;
const BAD: &str = "{\n  \"StartAt\": \"A\",\n  \"States\": {\n    \"A\": { \"Type\": \"Pass\", \"Next\": \"Bee\" },\n    \"Be\": { \"Type\": \"Fail\" }\n  }\n}\n";

/// Exit code, stdout and stderr of a run that reads `input`.
fn piped(arguments: &[&str], input: &str) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_stepwright")).args(arguments).write_stdin(input).output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_file() {
    let outcome = stepwright(root(), &["validate", "--definition", "stacks/ecs-task.asl.json"]).expect(0);
    assert_eq!(outcome.stdout, "The definition stacks/ecs-task.asl.json is valid.\n");
    let outcome = stepwright(root(), &["validate", "--definition", "none.asl.json"]).expect(1);
    outcome.says(&["there is no file `none.asl.json`"]);
}

#[test]
fn what_is_wrong_is_told_at_its_place_with_the_code_of_aws() {
    let (code, stdout, stderr) = piped(&["validate", "--definition", "-"], BAD);
    assert_eq!((code, stdout.as_str()), (1, ""));
    for part in ["error[MISSING_TRANSITION_TARGET]: there is no state `Bee` here", "--> <stdin>:4:36", "^^^^^", "\"Be\""] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
}

#[test]
fn for_programs() {
    let (code, stdout, stderr) = piped(&["validate", "--definition", "-", "--format", "json"], BAD);
    let told: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((code, stderr.as_str(), &told["result"]), (1, "", &Value::from("FAIL")));
    let one = &told["diagnostics"][0];
    assert_eq!(one["code"], "MISSING_TRANSITION_TARGET");
    assert_eq!((&one["pointer"], &one["line"], &one["column"]), (&"/States/A/Next".into(), &4.into(), &36.into()));
    let (code, stdout, _) = piped(&["validate", "--definition", "-", "--format", "json"], GOOD);
    let told: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((code, &told["result"], told["diagnostics"].as_array().map(Vec::len)), (0, &"OK".into(), Some(0)));
    // A stack tells it in the same form.
    let outcome =
        stepwright(&root().join("tests/fixtures/mistakes"), &["validate", "mistakes.toml", "--format", "json"]).expect(1);
    let told: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert!(told["diagnostics"].as_array().is_some_and(|all| all.len() > 40));
}

#[test]
fn the_type_of_the_machine_matters() {
    let sync = r#"{ "StartAt": "A", "States": { "A": { "Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync", "Parameters": { "JobName": "j" }, "End": true } } }"#;
    assert_eq!(piped(&["validate", "--definition", "-"], sync).0, 0);
    let (code, _, stderr) = piped(&["validate", "--definition", "-", "--type", "EXPRESS"], sync);
    assert!(code == 1 && stderr.contains("an express machine can't wait for a task as `.sync` does"), "{stderr}");
}

#[test]
fn what_is_no_definition() {
    for (text, code) in [
        ("", "SCHEMA_VALIDATION_FAILED"),
        ("{", "INVALID_JSON_DESCRIPTION"),
        ("[]", "SCHEMA_VALIDATION_FAILED"),
        ("nope", "INVALID_JSON_DESCRIPTION"),
    ] {
        let (exit, _, stderr) = piped(&["validate", "--definition", "-"], text);
        assert!(exit == 1 && stderr.contains(code), "{text}: {stderr}");
    }
    let outcome = stepwright(Path::new("."), &["validate"]).expect(1);
    outcome.says(&["<STACK>"]);
    stepwright(Path::new("."), &["validate", "a.toml", "--definition", "b.json"]).expect(1);
    stepwright(Path::new("."), &["validate", "a.toml", "--type", "EXPRESS"]).expect(1);
}
