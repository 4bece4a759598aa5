use expect_test::{Expect, expect};
use serde_json::{Value as Json, json};

use super::*;
use crate::render::fixture::{spec, written};
use crate::render::human::section::{Entry, write_entries};

const PLAIN: Style = Style { color: false, width: 100 };

fn rendered(kind: DocumentKind, old: Json, new: Json, style: Style) -> String {
    let body = body(kind, &spec(old), &spec(new), style).expect("both are known");
    let entry = Entry { symbol: Symbol::Change, key: "document".to_owned(), body, note: None };
    // `expect!` takes away the indentation that all lines have, so one must have none.
    format!("the plan says\n{}", written(|out| write_entries(out, &[entry], style)))
}

fn check_policy(old: Json, new: Json, expected: Expect) {
    let document = |statements: Json| json!({ "Version": "2012-10-17", "Statement": statements });
    expected.assert_eq(&rendered(DocumentKind::Policy, document(old), document(new), PLAIN));
}

fn check_machine(old: Json, new: Json, expected: Expect) {
    expected.assert_eq(&rendered(DocumentKind::StatesLanguage, old, new, PLAIN));
}

#[test]
fn members_of_statements() {
    let statement = |actions: Json, resource: Json, condition: Json| json!([{ "Sid": "AllowRun", "Effect": "Allow", "Action": actions, "Resource": resource, "Condition": condition }]);
    check_policy(
        statement(json!("ecs:RunTask"), json!("arn:a"), json!({ "ArnLike": { "ecs:cluster": "arn:cluster" } })),
        statement(
            json!(["ECS:runtask", "ecs:StopTask"]),
            json!(["$pending:${task.report.arn}"]),
            json!({ "Bool": { "aws:SecureTransport": true } }),
        ),
        expect![[r#"
            the plan says
              ~ document =
              ~     statement AllowRun: Action + "ecs:StopTask"
              ~     statement AllowRun: Resource - "arn:a"
              ~     statement AllowRun: Resource + "${task.report.arn}"
              ~     statement AllowRun: + Condition.Bool { "aws:SecureTransport": true }
              ~     statement AllowRun: - Condition.ArnLike { "ecs:cluster": "arn:cluster" }
        "#]],
    );
}

#[test]
fn statements_that_come_and_go() {
    check_policy(
        json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }, { "Effect": "Deny", "Action": "s3:*", "Resource": "arn:b" }]),
        json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }, { "Sid": "Run", "Effect": "Allow", "Action": ["ecs:RunTask", "ecs:StopTask"], "Resource": "$pending:${task.report.arn}" }]),
        expect![[r#"
            the plan says
              ~ document =
              +     statement Run (Allow ecs:RunTask, ecs:StopTask on ${task.report.arn})
              -     statement 2 (Deny s3:* on arn:b)
        "#]],
    );
    check_policy(
        json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }]),
        json!([
            { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" },
            { "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:r", "Condition": { "StringEquals": { "iam:PassedToService": "ecs-tasks.amazonaws.com" } } },
        ]),
        expect![[r#"
            the plan says
              ~ document =
              +     statement 2 (Allow iam:PassRole on arn:r)
                    (in its text:)
                    (… 5 unchanged lines)
                          "Action": "s3:GetObject",
                          "Resource": "*"
                        },
              +         {
              +           "Effect": "Allow",
              +           "Action": "iam:PassRole",
              +           "Resource": "arn:r",
              +           "Condition": {
              +             "StringEquals": {
              +               "iam:PassedToService": "ecs-tasks.amazonaws.com"
              +             }
              +           }
              +         }
                      ]
                    }
        "#]],
    );
}

#[test]
fn a_trust_policy() {
    let trust = |service: &str| json!({ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" });
    check_policy(
        trust("ecs-tasks.amazonaws.com"),
        trust("states.amazonaws.com"),
        expect![[r#"
            the plan says
              ~ document =
              ~     statement 1: Principal.Service - "ecs-tasks.amazonaws.com"
              ~     statement 1: Principal.Service + "states.amazonaws.com"
        "#]],
    );
    check_policy(
        json!([trust("ecs-tasks.amazonaws.com")]),
        json!([trust("ecs-tasks.amazonaws.com"), { "Effect": "Deny", "Principal": "*", "Action": "sts:TagSession" }]),
        expect![[r#"
            the plan says
              ~ document =
              +     statement 2 (Deny sts:TagSession to *)
        "#]],
    );
}

fn machine(states: Json) -> Json {
    json!({ "StartAt": "Run", "States": states })
}

#[test]
fn members_of_states() {
    let run = |attempts: i64, task: &str| json!({ "Run it": { "Type": "Task", "Comment": "A short one", "Parameters": { "TaskDefinition.$": task, "Cluster": "arn:aws:ecs:eu-central-1:123456789012:cluster/main" }, "Retry": [{ "MaxAttempts": attempts }], "End": true } });
    let mut new = run(5, "$.b");
    new["Run it"]["Parameters"]["Cluster"] = json!("$pending:${cluster.main.arn}");
    new["Run it"]["TimeoutSeconds"] = json!(60);
    new["Run it"]["Comment"] = json!(format!("{} and its end", "A long sentence".repeat(8)));
    new["Run it"]["Retry"][0]["MaxDelaySeconds"] = json!(7);
    new["Run it"].as_object_mut().expect("a state").shift_remove("End");
    check_machine(
        machine(run(3, "$.a")),
        machine(new),
        expect![[r#"
            the plan says
              ~ document =
              ~     state "Run it": Comment
                        "A short one"
                     -> "A long sentenceA long sentenceA long sentenceA long sentenceA long sentenceA long sentenceA long sentenceA long sentence and its end"
              ~     state "Run it": Parameters."TaskDefinition.$" "$.a" -> "$.b"
              ~     state "Run it": Parameters.Cluster "arn:aws:ecs:eu-central-1:123456789012:cluster/main"
                                                    -> "${cluster.main.arn}"
              ~     state "Run it": Retry[0].MaxAttempts 3 -> 5
              ~     state "Run it": + Retry[0].MaxDelaySeconds 7
              ~     state "Run it": + TimeoutSeconds 60
              ~     state "Run it": - End true
        "#]],
    );
}

#[test]
fn states_that_come_go_and_move() {
    let state = |next: &str| json!({ "Type": "Pass", "Next": next });
    check_machine(
        machine(json!({ "A": state("B"), "B": state("C"), "C": state("D"), "D": { "Type": "Succeed" } })),
        machine(
            json!({ "A": state("B"), "B": state("Notify"), "Notify": { "Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Next": "D" }, "D": { "Type": "Succeed" } }),
        ),
        expect![[r#"
            the plan says
              ~ document =
              ~     state B: Next "C" -> "Notify"
              +     state Notify (Task arn:aws:states:::sns:publish)
              -     state C (Pass)
                    (in its text:)
                    (… 6 unchanged lines)
                        },
                        "B": {
                          "Type": "Pass",
              -           "Next": "C"
              +           "Next": "Notify"
                        },
              -         "C": {
              -           "Type": "Pass",
              +         "Notify": {
              +           "Type": "Task",
              +           "Resource": "arn:aws:states:::sns:publish",
                          "Next": "D"
                        },
                        "D": {
                    (… 4 unchanged lines)
        "#]],
    );
    let scope = |name: &str| json!({ "StartAt": name, "States": { name: { "Type": "Pass", "End": true } } });
    check_machine(
        machine(
            json!({ "Each": { "Type": "Map", "Iterator": scope("Run") }, "Both": { "Type": "Parallel", "Branches": [scope("A"), scope("B")] } }),
        ),
        json!({ "StartAt": "Run", "States": {
            "Each": { "Type": "Map", "ItemProcessor": scope("Run") }, "Both": { "Type": "Parallel", "Branches": [scope("A")] },
            "B": { "Type": "Pass", "End": true } } }),
        expect![[r#"
            the plan says
              ~ document =
              ~     state Each: Iterator is now ItemProcessor
              ~     state Both: - Branches[1] { … }
              ~     state B moved from Both.Branches[1] to the top
                    (in its text:)
                    (… 2 unchanged lines)
                      "States": {
                        "Each": {
                          "Type": "Map",
              -           "Iterator": {
              +           "ItemProcessor": {
                            "StartAt": "Run",
                            "States": {
                              "Run": {
                    (… 15 unchanged lines)
                                }
                              }
                            }
              -             {
              -               "StartAt": "B",
              -               "States": {
              -                 "B": {
              -                   "Type": "Pass",
              -                   "End": true
              -                 }
              -               }
              -             }
                          ]
                        },
              +         "B": {
              +           "Type": "Pass",
              +           "End": true
              +         }
                      }
                    }
        "#]],
    );
}

#[test]
fn a_table_too_long_for_its_line_stands_in_the_text() {
    let retry = json!([{ "ErrorEquals": ["States.TaskFailed", "States.Timeout"], "IntervalSeconds": 10, "MaxAttempts": 3, "BackoffRate": 2 }]);
    check_machine(
        machine(json!({ "Run": { "Type": "Task", "End": true } })),
        machine(json!({ "Run": { "Type": "Task", "Retry": retry, "End": true } })),
        expect![[r#"
            the plan says
              ~ document =
              ~     state Run: + Retry [ … ]
                    (in its text:)
                    (… 2 unchanged lines)
                      "States": {
                        "Run": {
                          "Type": "Task",
              +           "Retry": [
              +             {
              +               "ErrorEquals": [
              +                 "States.TaskFailed",
              +                 "States.Timeout"
              +               ],
              +               "IntervalSeconds": 10,
              +               "MaxAttempts": 3,
              +               "BackoffRate": 2
              +             }
              +           ],
                          "End": true
                        }
                      }
                    (… 1 unchanged line)
        "#]],
    );
}

#[test]
fn many_changes_are_told_by_the_text_alone() {
    let states = |seconds: i64| -> Json {
        (0..16)
            .map(|number| (format!("Wait{number}"), json!({ "Type": "Wait", "Seconds": seconds })))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let text = rendered(DocumentKind::StatesLanguage, machine(states(1)), machine(states(2)), PLAIN);
    assert!(text.contains("  +           \"Seconds\": 2\n") && !text.contains("state Wait"), "{text}");
}

#[test]
fn secrets_and_hostile_names() {
    let machine = |key: &str| machine(json!({ "\u{1b}[2J": { "Type": "Pass", "\u{202e}": key, "Next": "\u{9b}\n" } }));
    check_machine(
        machine("$secret:one"),
        machine("$secret:three"),
        expect![[r#"
            the plan says
              ~ document =
              ~     state "\u{1b}[2J": "\u{202e}" (sensitive value) -> (new sensitive value)
        "#]],
    );
    check_machine(
        machine("\u{7}"),
        machine("b"),
        expect![[r#"
            the plan says
              ~ document =
              ~     state "\u{1b}[2J": "\u{202e}" "\u{7}" -> "b"
        "#]],
    );
}

#[test]
fn colours() {
    let statement = |actions: Json| json!({ "Statement": { "Sid": "A", "Effect": "Allow", "Action": actions, "Resource": "*" } });
    let style = Style { color: true, width: 100 };
    let text = rendered(DocumentKind::Policy, statement(json!(["a:b", "a:c"])), statement(json!(["a:b", "a:d"])), style);
    expect![[r#"
        the plan says
          ␛[33m~␛[0m document =
          ␛[33m~␛[0m     statement A: Action ␛[31m- ␛[0m"a:c"
          ␛[33m~␛[0m     statement A: Action ␛[32m+ ␛[0m"a:d"
    "#]]
    .assert_eq(&text.replace('\u{1b}', "␛"));
}
