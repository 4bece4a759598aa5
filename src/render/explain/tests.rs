use expect_test::{Expect, expect};
use serde_json::{Value as Json, json};

use super::*;
use crate::document::states_language::failure::{failures, warnings};
use crate::document::states_language::model::StateMachine;
use crate::render::Style;
use crate::value::Value;

fn machine(timeout: Option<u64>) -> Json {
    let mut machine = json!({ "StartAt": "Run", "States": {
        "Run": {
            "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Next": "Both",
            "Retry": [{ "ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 10, "MaxAttempts": 3, "BackoffRate": 2 }],
        },
        "Both": {
            "Type": "Parallel", "End": true,
            "Retry": [
                { "ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 60, "MaxAttempts": 9, "MaxDelaySeconds": 300, "JitterStrategy": "FULL" },
                { "ErrorEquals": ["My.Error", "States.Permissions"] },
                { "ErrorEquals": ["States.ALL"], "MaxAttempts": 1 },
            ],
            "Catch": [{ "ErrorEquals": ["States.Timeout"], "Next": "Failed" }],
            "Branches": [{ "StartAt": "One", "States": { "One": {
                "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "TimeoutSeconds": 600, "HeartbeatSeconds": 60,
                "Retry": [{ "ErrorEquals": ["States.Timeout", "\u{1b}[2J"], "IntervalSeconds": 100, "MaxAttempts": 2 }],
                "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Two" }], "End": true,
            }, "Two": { "Type": "Pass", "End": true } } }],
        },
        "Failed": { "Type": "Fail" },
    } });
    if let Some(timeout) = timeout {
        machine["TimeoutSeconds"] = json!(timeout);
    }
    machine
}

fn told(machine: Json, width: usize) -> String {
    let value = Value::from(machine);
    let mut out = Vec::new();
    let failures = failures(&StateMachine::parse(&value));
    human(&mut out, &failures, "state_machine.nightly of nightly", false, Style { color: false, width })
        .expect("writing to memory");
    String::from_utf8(out).expect("UTF-8")
}

fn check(actual: &str, expected: &Expect) {
    expected.assert_eq(actual);
}

#[test]
fn for_people() {
    check(
        &told(machine(Some(1200)), 80),
        &expect![[r#"
            state_machine.nightly of nightly

              timeout       the machine ends after 20 min (TimeoutSeconds); nothing in it
                            can catch that
              never caught  States.Runtime, States.DataLimitExceeded: neither States.ALL nor
                            States.TaskFailed stands for them

            Run  Task · ecs:runTask.sync
              one attempt   no TimeoutSeconds: it waits for as long as the work takes
              retry         States.TaskFailed: 4 attempts, waits 10 + 20 + 40 = 70 s
                              never matches States.Timeout
                              matches permanent errors too: a container that always exits
                              with the same code, a missing permission
              not caught    every error that is left ends the execution
              worst case    20 min: then the machine's own timeout ends the execution, and
                            nothing catches it

            Both  Parallel
              one attempt   as long as the states in it
              retry         States.TaskFailed: 10 attempts, waits 60 + 120 + 240 + 300 + 300
                            + 300 + … = 37 min at most (jitter)
                              never matches States.Timeout
                            My.Error, States.Permissions: 4 attempts, waits 1 + 2 + 4 = 7 s
                              never used: those before it match all of its errors
                            States.ALL: 2 attempts, waits 1 s
              all retries   11 attempts, 37 min 1 s of waits, as each counts for itself
              catch         States.Timeout → Failed
              not caught    States.TaskFailed end the execution
              worst case    11 × the states in it + 37 min 1 s of waits

            One  Task · sqs:sendMessage.waitForTaskToken
              one attempt   at most 10 min (TimeoutSeconds)
              heartbeat     fails with States.HeartbeatTimeout when nothing is heard for 60
                            s
              retry         States.Timeout, \u{1b}[2J: 3 attempts, waits 100 + 200 = 300 s
                            (5 min)
                              never matches States.TaskFailed, States.Permissions
              catch         States.ALL → Two
              worst case    20 min: then the machine's own timeout ends the execution, and
                            nothing catches it
        "#]],
    );
}

#[test]
fn without_a_timeout() {
    let text = told(machine(None), 80);
    assert!(text.contains("no limit: a hung container holds the execution for up to a year"), "{text}");
}

#[test]
fn it_keeps_to_its_width() {
    for width in [60, 80] {
        let text = told(machine(None), width);
        assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
        assert!(!text.contains('\u{1b}'));
    }
}

#[test]
fn of_a_machine_that_can_not_fail() {
    let text = told(json!({ "StartAt": "A", "States": { "A": { "Type": "Succeed" } } }), 80);
    assert!(text.contains("there is no Task, Parallel or Map"), "{text}");
}

#[test]
fn for_programs() {
    let value = Value::from(json!({ "StartAt": "A", "States": { "A": {
        "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": true,
        "Retry": [{ "ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 10 }],
    } } }));
    let failures = failures(&StateMachine::parse(&value));
    let document = json(&failures, "state_machine.nightly", &warnings(&failures, false));
    check(
        &serde_json::to_string_pretty(&document).expect("JSON"),
        &expect![[r#"
        {
          "address": "state_machine.nightly",
          "timeout_seconds": null,
          "never_caught": [
            "States.Runtime",
            "States.DataLimitExceeded"
          ],
          "states": [
            {
              "name": "A",
              "pointer": "/States/A",
              "type": "Task",
              "call": "ecs:runTask.sync",
              "timeout_seconds": null,
              "heartbeat_seconds": null,
              "retry": [
                {
                  "pointer": "/States/A/Retry/0",
                  "errors": [
                    "States.TaskFailed"
                  ],
                  "attempts": 4,
                  "first_waits_seconds": [
                    10,
                    20,
                    40
                  ],
                  "total_wait_seconds": 70,
                  "jitter": false,
                  "never_matches": [
                    "States.Timeout",
                    "States.Runtime",
                    "States.DataLimitExceeded"
                  ],
                  "never_used": false,
                  "permanent_errors": []
                }
              ],
              "catch": [],
              "not_caught": [
                "States.TaskFailed",
                "States.Timeout",
                "States.Permissions"
              ],
              "most_attempts": 4,
              "most_wait_seconds": 70,
              "worst_case": {
                "limited_by": "execution",
                "seconds": 31536000
              }
            }
          ],
          "warnings": [
            {
              "code": "no-timeout",
              "message": "`A` has no timeout: a hung container holds the execution for up to a year",
              "pointer": "/States/A",
              "help": [
                "give it `TimeoutSeconds`, or the machine; `States.Timeout` can then be retried and caught"
              ]
            }
          ]
        }"#]],
    );
}
