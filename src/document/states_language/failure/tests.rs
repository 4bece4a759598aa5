use serde_json::{Value as Json, json};

use super::*;
use crate::document::states_language::model::StateMachine;
use crate::document::warning::WARNINGS;

fn task(extra: Json) -> Json {
    let mut state = json!({ "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": true });
    if let (Some(state), Json::Object(extra)) = (state.as_object_mut(), extra) {
        state.extend(extra);
    }
    state
}

fn with<T>(timeout: Option<u64>, state: Json, read: impl FnOnce(&MachineFailure<'_>) -> T) -> T {
    let mut machine = json!({ "StartAt": "A", "States": { "A": state, "B": { "Type": "Pass", "End": true } } });
    if let Some(timeout) = timeout {
        machine["TimeoutSeconds"] = json!(timeout);
    }
    let value = Value::from(machine);
    read(&failures(&StateMachine::parse(&value)))
}

fn codes(timeout: Option<u64>, state: Json) -> Vec<&'static str> {
    with(timeout, state, |machine| warnings(machine, false).iter().filter_map(|finding| finding.code).collect())
}

const USUAL: &str = r#"[{ "ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 10, "MaxAttempts": 3, "BackoffRate": 2 }]"#;

fn usual() -> Json {
    serde_json::from_str(USUAL).expect("JSON")
}

#[test]
fn the_usual_retry() {
    with(Some(1200), task(json!({ "Retry": usual() })), |machine| {
        let state = &machine.states[0];
        assert_eq!((machine.states.len(), state.most_attempts, state.most_wait_seconds), (1, 4, 70.0));
        assert_eq!(state.retriers[0].waits_seconds, [10.0, 20.0, 40.0]);
        assert_eq!(state.retriers[0].unmatched, ["States.Timeout", "States.Runtime", "States.DataLimitExceeded"]);
        assert_eq!(state.worst_case, WorstCase::Machine(1200));
        assert_eq!(state.uncaught, ["States.TaskFailed", "States.Timeout", "States.Permissions"]);
    });
    with(None, task(json!({ "Retry": usual(), "TimeoutSeconds": 60 })), |machine| {
        assert_eq!(machine.states[0].worst_case, WorstCase::Seconds(310.0));
    });
    with(None, task(json!({ "Retry": usual() })), |machine| assert_eq!(machine.states[0].worst_case, WorstCase::Unlimited));
    with(None, task(json!({ "TimeoutSecondsPath": "$.t" })), |machine| {
        assert_eq!(machine.states[0].worst_case, WorstCase::AtRunTime);
    });
}

#[test]
fn however_many_attempts_there_are_it_is_soon_known() {
    let retry = |rate: f64, most: Option<u64>| {
        let mut retry =
            json!({ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 99_999_999, "BackoffRate": rate });
        if let Some(most) = most {
            retry["MaxDelaySeconds"] = json!(most);
        }
        with(None, task(json!({ "Retry": [retry] })), |machine| machine.states[0].most_wait_seconds)
    };
    assert_eq!(retry(1.0, None), 99_999_999.0);
    assert_eq!(retry(2.0, Some(4)), 1.0 + 2.0 + 4.0 * 99_999_997.0);
    assert!(retry(2.0, None).is_infinite());
    assert!(retry(1.000_000_1, None) > 0.0);
}

#[test]
fn warned_of() {
    let fine = json!({ "TimeoutSeconds": 60, "Retry": usual(), "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "B" }] });
    assert_eq!(codes(None, task(fine)), Vec::<&str>::new());
    assert_eq!(codes(Some(1200), task(json!({ "Retry": usual() }))), Vec::<&str>::new());
    assert_eq!(codes(None, task(json!({}))), ["no-timeout"]);
    assert_eq!(codes(Some(60), task(json!({ "Retry": usual() }))), ["retry-beyond-timeout"]);
    let retry = |first: &str, second: &str| json!({ "TimeoutSeconds": 9, "Retry": [{ "ErrorEquals": [first] }, { "ErrorEquals": [second] }] });
    assert_eq!(codes(None, task(retry("States.TaskFailed", "ECS.AmazonECSException"))), ["shadowed-retry"]);
    assert_eq!(codes(None, task(retry("States.TaskFailed", "States.Timeout"))), Vec::<&str>::new());
    assert_eq!(codes(None, task(retry("States.TaskFailed", "States.ALL"))), Vec::<&str>::new());
    assert_eq!(codes(None, task(retry("X", "States.Runtime"))), ["useless-retry"]);
    let catch =
        json!({ "TimeoutSeconds": 9, "Catch": [{ "ErrorEquals": ["A"], "Next": "B" }, { "ErrorEquals": ["A"], "Next": "B" }] });
    assert_eq!(codes(None, task(catch)), ["shadowed-catch"]);
}

#[test]
fn each_warning_is_listed() {
    let all = [
        codes(None, task(json!({}))),
        codes(None, task(json!({ "TimeoutSeconds": 9, "Retry": [{ "ErrorEquals": ["States.Permissions"] }] }))),
    ];
    for code in all.iter().flatten() {
        assert!(WARNINGS.iter().any(|(name, _)| name == code), "{code}");
    }
}
