//! `graph --machine` and `explain`: the flow of a state machine, and what happens when it fails.

use serde_json::Value;

use crate::support::endpoint::root;
use crate::support::offline::stepwright;

const STACK: &str = "stacks/ecs-task.toml";

fn drawn(format: &str) -> String {
    stepwright(root(), &["graph", STACK, "--machine", "nightly", "--format", format]).expect(0).stdout
}

#[test]
fn each_format_draws_it() {
    for (format, parts) in [
        ("text", ["● start", "│ RunReport ", "↻ retry 3×, 10→40 s"]),
        ("mermaid", ["flowchart TD", "RunReport", "retry 3×, 10→40 s"]),
        ("dot", ["digraph flow {", "RunReport", "retry 3×, 10→40 s"]),
        ("svg", ["<svg xmlns=", "RunReport", "prefers-color-scheme:dark"]),
        ("html", ["<!doctype html>", "RunReport", "flow-legend"]),
    ] {
        let text = drawn(format);
        for part in parts {
            assert!(text.contains(part), "{format} lacks {part}: {text}");
        }
        assert!(!text.contains('\u{1b}'), "a pipe gets no colours");
        assert_eq!(text, drawn(format), "the same machine is drawn the same");
    }
    let by_default = stepwright(root(), &["graph", STACK, "--machine", "state_machine.nightly"]).expect(0);
    assert_eq!(by_default.stdout, drawn("text"));
}

#[test]
fn what_cannot_be_drawn() {
    stepwright(root(), &["graph", STACK, "--machine", "nightyl"])
        .expect(1)
        .says(&["no state machine `nightyl`", "did you mean `nightly`?"]);
    stepwright(root(), &["graph", STACK, "--format", "svg"]).expect(1).says(&["--machine NAME"]);
    stepwright(root(), &["graph", STACK]).expect(0).says(&["flowchart LR"]);
}

#[test]
fn explained_to_people() {
    let outcome = stepwright(root(), &["explain", STACK, "nightly"]).expect(0);
    outcome.says(&[
        "state_machine.nightly of nightly-report",
        "RunReport  Task · ecs:runTask.sync",
        "States.TaskFailed: 4 attempts, waits 10 + 20 + 40 = 70 s",
        "never matches States.Timeout",
        "20 min",
    ]);
    stepwright(root(), &["explain", STACK, "other"]).expect(1).says(&["it declares: nightly"]);
}

#[test]
fn explained_to_programs() {
    let told = stepwright(root(), &["explain", STACK, "nightly", "--format", "json"]).expect(0).json();
    let state = &told["states"][0];
    assert_eq!(
        (&told["timeout_seconds"], &state["most_attempts"], &state["most_wait_seconds"]),
        (&1200.into(), &4.into(), &70.into())
    );
    assert_eq!(state["retry"][0]["first_waits_seconds"], serde_json::json!([10, 20, 40]));
    assert_eq!(state["worst_case"], serde_json::json!({ "limited_by": "machine", "seconds": 1200 }));
    assert_eq!(told["warnings"], Value::Array(Vec::new()));
}

/// A stack whose machine has no timeout, with more in `[stack]`.
fn without_timeout(more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "[stack]\nname = \"s\"\nregion = \"eu-central-1\"\n{more}\n[state_machine.m]\nrole_arn = \"arn:aws:iam::123456789012:role/r\"\n\
         [state_machine.m.definition]\nStartAt = \"Run\"\n[state_machine.m.definition.States.Run]\nType = \"Task\"\n\
         Resource = \"arn:aws:states:::ecs:runTask.sync\"\nEnd = true\nParameters = {{ TaskDefinition = \"t\" }}\n"
    );
    std::fs::write(folder.path().join("s.toml"), text).expect("a stack file");
    folder
}

#[test]
fn a_warning_is_turned_off_by_its_name() {
    let folder = without_timeout("");
    let outcome = stepwright(folder.path(), &["validate", "s.toml"]).expect(0);
    outcome.says(&[
        "warning[no-timeout]",
        "`Run` has no timeout: a hung container holds the execution for up to a year",
        "s.toml:9:36",
    ]);
    let outcome = stepwright(folder.path(), &["plan", "s.toml"]).expect(0);
    outcome.says(&["warning[no-timeout]"]);
    let told = stepwright(folder.path(), &["explain", "s.toml", "m", "--format", "json"]).expect(0).json();
    assert_eq!(told["warnings"][0]["code"], "no-timeout");
    let folder = without_timeout("allow = [\"no-timeout\"]");
    let outcome = stepwright(folder.path(), &["validate", "s.toml"]).expect(0);
    assert_eq!(outcome.stderr, "", "{outcome}");
    let folder = without_timeout("allow = [\"no-timout\"]");
    let outcome = stepwright(folder.path(), &["validate", "s.toml"]).expect(1);
    outcome.says(&["there is no warning `no-timout`", "no-timeout"]);
    assert_eq!(outcome.stderr.matches("error").count(), 1, "{outcome}");
}
