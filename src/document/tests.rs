//! What is told of two documents that do not mean the same.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::template::Template;
use crate::value::{Path, Secret, Segment};

/// A line for each difference: subject, place below it, what happened, and the exact place.
fn told(kind: DocumentKind, old: &Json, new: &Json) -> String {
    let (old, new) = (Value::from(old.clone()), Value::from(new.clone()));
    let show = |value: &Value| serde_json::to_string(value).expect("a value serialises");
    let line = |difference: &DocumentDifference| {
        let subject = difference.subject.as_ref().map(|subject| format!("{subject}: ")).unwrap_or_default();
        let happened = match (&difference.old, &difference.new, &difference.moved_from) {
            (_, _, Some(from)) => format!("moved from {from}"),
            (Some(old), Some(new), None) => format!("{} -> {}", show(old), show(new)),
            (None, Some(new), None) => format!("+ {}", show(new)),
            (Some(old), None, None) => format!("- {}", show(old)),
            (None, None, None) => "nothing".to_owned(),
        };
        let (below, path) = (&difference.below, &difference.path);
        if difference.is_of_whole() {
            format!("the document: {happened}\n")
        } else {
            format!("{subject}{below} {happened}  @ {path}\n")
        }
    };
    differences(kind, &old, &new).iter().map(line).collect()
}

fn check_policy(old: Json, new: Json, expected: Expect) {
    expected.assert_eq(&told(DocumentKind::Policy, &old, &new));
}

fn check_machine(old: Json, new: Json, expected: Expect) {
    expected.assert_eq(&told(DocumentKind::StatesLanguage, &old, &new));
}

fn policy(statements: Json) -> Json {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

#[test]
fn members_of_a_statement_come_and_go_in_the_users_spelling() {
    check_policy(
        policy(
            json!([{ "Sid": "AllowRun", "Effect": "Allow", "Action": ["ecs:RunTask", "ecs:DescribeTasks"], "Resource": "arn:a" }]),
        ),
        policy(
            json!({ "Resource": ["arn:a", "arn:B"], "Sid": "AllowRun", "Effect": "Deny", "Action": ["ecs:runtask", "ecs:StopTask"] }),
        ),
        expect![[r#"
            statement AllowRun: Resource + "arn:B"  @ Statement.Resource[1]
            statement AllowRun: Effect "Allow" -> "Deny"  @ Statement.Effect
            statement AllowRun: Action - "ecs:DescribeTasks"  @ Statement[0].Action[1]
            statement AllowRun: Action + "ecs:StopTask"  @ Statement.Action[1]
        "#]],
    );
}

#[test]
fn statements_are_paired_by_sid_then_by_what_they_share() {
    check_policy(
        policy(json!([
            { "Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*" },
            { "Sid": "Logs", "Effect": "Allow", "Action": "logs:*", "Resource": "*" },
            { "Effect": "Allow", "Action": "sns:Publish", "Resource": "arn:topic" },
            { "Effect": "Allow", "Action": "kept:Same", "Resource": "*" },
            { "Sid": "Old", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:role" },
        ])),
        policy(json!([
            { "Sid": "New", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:role" },
            { "Effect": "Allow", "Action": ["KEPT:same"], "Resource": ["*"] },
            { "Sid": "Stop", "Effect": "Allow", "Action": "ecs:StopTask", "Resource": "arn:task" },
            { "Sid": "Logs", "Effect": "Allow", "Action": "cloudwatch:*", "Resource": "arn:logs" },
            { "Effect": "Allow", "Action": ["s3:List*", "s3:Get*", "s3:Put*"], "Resource": "*" },
        ])),
        expect![[r#"
            statement New: Sid "Old" -> "New"  @ Statement[0].Sid
            statement Stop:  + {"Sid":"Stop","Effect":"Allow","Action":"ecs:StopTask","Resource":"arn:task"}  @ Statement[2]
            statement Logs: Action - "logs:*"  @ Statement[1].Action
            statement Logs: Action + "cloudwatch:*"  @ Statement[3].Action
            statement Logs: Resource - "*"  @ Statement[1].Resource
            statement Logs: Resource + "arn:logs"  @ Statement[3].Resource
            statement 5: Action + "s3:Put*"  @ Statement[4].Action[2]
            statement 3:  - {"Effect":"Allow","Action":"sns:Publish","Resource":"arn:topic"}  @ Statement[2]
        "#]],
    );
}

#[test]
fn principals_and_conditions() {
    let trust = |principal: Json, condition: Json| {
        policy(json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition }))
    };
    check_policy(
        trust(
            json!({ "Service": "ecs-tasks.amazonaws.com", "AWS": "arn:aws:iam::123456789012:root" }),
            json!({ "StringEquals": { "aws:a": ["1", "2"], "aws:b": true }, "Bool": { "c": "true" } }),
        ),
        trust(
            json!({ "Service": ["states.amazonaws.com", "ecs-tasks.amazonaws.com"], "AWS": ["123456789012", "210987654321"] }),
            json!({ "StringEquals": { "aws:a": ["2", "3"], "aws:d": "x" }, "ArnLike": { "e": "arn:*" } }),
        ),
        expect![[r#"
            statement 1: Principal.Service + "states.amazonaws.com"  @ Statement.Principal.Service[0]
            statement 1: Principal.AWS + "210987654321"  @ Statement.Principal.AWS[1]
            statement 1: Condition.StringEquals["aws:a"] - "1"  @ Statement.Condition.StringEquals["aws:a"][0]
            statement 1: Condition.StringEquals["aws:a"] + "3"  @ Statement.Condition.StringEquals["aws:a"][1]
            statement 1: Condition.StringEquals["aws:d"] + "x"  @ Statement.Condition.StringEquals["aws:d"]
            statement 1: Condition.StringEquals["aws:b"] - true  @ Statement.Condition.StringEquals["aws:b"]
            statement 1: Condition.ArnLike + {"e":"arn:*"}  @ Statement.Condition.ArnLike
            statement 1: Condition.Bool - {"c":"true"}  @ Statement.Condition.Bool
        "#]],
    );
    check_policy(
        trust(json!("*"), json!({})),
        trust(json!({ "AWS": "123456789012" }), json!({ "Bool": {} })),
        expect![[r#"
            statement 1: Principal.AWS - "*"  @ Statement.Principal
            statement 1: Principal.AWS + "123456789012"  @ Statement.Principal.AWS
        "#]],
    );
}

#[test]
fn a_policy_without_its_shape() {
    check_policy(
        json!({ "Version": "2008-10-17", "Statement": "none" }),
        json!({ "Id": "x", "Version": "2012-10-17", "Statement": [{ "NotAction": "a:b", "Principal": "me", "Condition": 3 }] }),
        expect![[r#"
            Id + "x"  @ Id
            Version "2008-10-17" -> "2012-10-17"  @ Version
            statement 1:  + {"NotAction":"a:b","Principal":"me","Condition":3}  @ Statement[0]
            statement 1:  - "none"  @ Statement
        "#]],
    );
    check_policy(
        policy(json!({ "Effect": "Allow", "Action": "a:b", "Principal": { "AWS": "1" }, "Condition": { "Bool": "x" } })),
        policy(json!({ "Effect": "Allow", "Action": "a:b", "Principal": ["1"], "Condition": { "Bool": { "x": 1 } } })),
        expect![[r#"
            statement 1: Principal {"AWS":"1"} -> ["1"]  @ Statement.Principal
            statement 1: Condition.Bool "x" -> {"x":1}  @ Statement.Condition.Bool
        "#]],
    );
    check_policy(
        json!([]),
        policy(json!([])),
        expect![[r#"
            the document: [] -> {"Version":"2012-10-17","Statement":[]}
        "#]],
    );
}

fn machine(states: Json) -> Json {
    json!({ "StartAt": "Run", "States": states })
}

#[test]
fn changes_inside_a_state() {
    let task = |attempts: i64, errors: Json, command: Json| {
        json!({ "Run": {
            "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync",
            "Parameters": { "Overrides": { "ContainerOverrides": [{ "Name": "a", "Command": command }] } },
            "Retry": [{ "ErrorEquals": errors, "MaxAttempts": attempts }], "End": true
        } })
    };
    let mut new = machine(task(5, json!(["States.Timeout", "States.TaskFailed"]), json!(["sh", "-x", "-c", "date"])));
    new["TimeoutSeconds"] = json!(60);
    check_machine(
        machine(task(3, json!(["States.TaskFailed"]), json!(["sh", "-c", "true"]))),
        new,
        expect![[r#"
            state Run: Parameters.Overrides.ContainerOverrides[0].Command[1] "-c" -> "-x"  @ States.Run.Parameters.Overrides.ContainerOverrides[0].Command[1]
            state Run: Parameters.Overrides.ContainerOverrides[0].Command[2] "true" -> "-c"  @ States.Run.Parameters.Overrides.ContainerOverrides[0].Command[2]
            state Run: Parameters.Overrides.ContainerOverrides[0].Command[3] + "date"  @ States.Run.Parameters.Overrides.ContainerOverrides[0].Command[3]
            state Run: Retry[0].ErrorEquals[0] + "States.Timeout"  @ States.Run.Retry[0].ErrorEquals[0]
            state Run: Retry[0].MaxAttempts 3 -> 5  @ States.Run.Retry[0].MaxAttempts
            TimeoutSeconds + 60  @ TimeoutSeconds
        "#]],
    );
}

#[test]
fn states_come_go_and_move() {
    let branch = |states: Json| json!({ "StartAt": "A", "States": states });
    check_machine(
        machine(json!({
            "Run": { "Type": "Pass", "Next": "Both" },
            "Both": { "Type": "Parallel", "Branches": [
                branch(json!({ "A": { "Type": "Pass", "End": true }, "Gone": { "Type": "Fail" } })),
                branch(json!({ "B": { "Type": "Wait", "Seconds": 1, "End": true } })),
            ], "Next": "Each" },
            "Each": { "Type": "Map", "Iterator": branch(json!({ "C": { "Type": "Pass" } })), "End": true },
        })),
        machine(json!({
            "Each": { "Type": "Map", "ItemProcessor": branch(json!({ "C": { "Type": "Pass", "End": true } })), "End": true },
            "Both": { "Type": "Parallel", "Branches": [
                branch(json!({ "A": { "Type": "Pass", "End": true }, "Run": { "Type": "Pass", "Next": "Both" } })),
            ], "Next": "Each" },
            "B": { "Type": "Wait", "Seconds": 2, "End": true },
            "Notify": { "Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": true },
        })),
        expect![[r#"
            state Each: ItemProcessor moved from States.Each.Iterator  @ States.Each.ItemProcessor
            state C in Each.ItemProcessor: End + true  @ States.Each.ItemProcessor.States.C.End
            state Run in Both.Branches[0]:  moved from States.Run  @ States.Both.Branches[0].States.Run
            state Gone in Both.Branches[0]:  - {"Type":"Fail"}  @ States.Both.Branches[0].States.Gone
            state Both: Branches[1] - {"StartAt":"A","States":{"B":{"Type":"Wait","Seconds":1,"End":true}}}  @ States.Both.Branches[1]
            state B:  moved from States.Both.Branches[1].States.B  @ States.B
            state B: Seconds 1 -> 2  @ States.B.Seconds
            state Notify:  + {"Type":"Task","Resource":"arn:aws:states:::sns:publish","End":true}  @ States.Notify
        "#]],
    );
}

#[test]
fn a_machine_without_its_shape() {
    check_machine(
        json!({ "States": "none", "x": [1] }),
        json!({ "States": { "A": { "Type": "Pass" } }, "x": {} }),
        expect![[r#"
            States "none" -> {"A":{"Type":"Pass"}}  @ States
            x [1] -> {}  @ x
        "#]],
    );
    check_machine(
        machine(json!({ "A": 1, "B": { "Branches": { "x": 1 } }, "C": { "Iterator": 1 }, "D": {} })),
        machine(json!({ "A": { "Type": "Pass" }, "B": { "Branches": [] }, "C": { "Iterator": {}, "ItemProcessor": {} } })),
        expect![[r#"
            state A:  1 -> {"Type":"Pass"}  @ States.A
            state B: Branches {"x":1} -> []  @ States.B.Branches
            state C: Iterator 1 -> {}  @ States.C.Iterator
            state C: ItemProcessor + {}  @ States.C.ItemProcessor
            state D:  - {}  @ States.D
        "#]],
    );
    check_machine(
        json!({ "States": {} }),
        json!({}),
        expect![[r#"
            States - {}  @ States
        "#]],
    );
}

/// JSON made of the languages' own words, so that their rules are met often; pending and secret texts among it.
fn any_document() -> impl Strategy<Value = Value> {
    const WORDS: &[&str] = &["*", "s3:Get", "S3:get", "123456789012", "arn:aws:iam::123456789012:root", "true", "A", "Allow"];
    const KEYS: &[&str] = &[
        "Statement",
        "Action",
        "NotResource",
        "Principal",
        "AWS",
        "Service",
        "Condition",
        "Bool",
        "Sid",
        "Effect",
        "States",
        "A",
        "B",
        "C",
        "Branches",
        "ItemProcessor",
        "Iterator",
        "StartAt",
        "Type",
        "Retry",
    ];
    let leaf = prop_oneof![
        8 => prop::sample::select(WORDS).prop_map(Value::from),
        2 => any::<bool>().prop_map(Value::Bool),
        2 => (0..3i64).prop_map(Value::from),
        1 => Just(Value::Null),
        1 => Just(Value::Pending(Template::parse("${role.a.arn}").expect("a template"))),
        1 => prop::sample::select(vec!["1", "2"]).prop_map(|digest| Value::Secret(Secret::sealed(digest.to_owned()))),
    ];
    leaf.prop_recursive(7, 60, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::vec((prop::sample::select(KEYS), inner), 0..5)
                .prop_map(|entries| Value::Map(entries.into_iter().map(|(key, item)| (key.to_owned(), item)).collect())),
        ]
    })
}

/// Most of the time one that looks like what it should be.
fn any_pair() -> impl Strategy<Value = (DocumentKind, Value, Value)> {
    let map = |entries: Vec<(&str, Value)>| Value::Map(entries.into_iter().map(|(key, item)| (key.to_owned(), item)).collect());
    let names = prop::sample::select(vec!["A", "B", "C", "D"]);
    let states = move || {
        let state =
            (any_document(), prop::collection::vec((names.clone(), any_document()), 0..3)).prop_map(move |(other, inner)| {
                let scope = map(vec![("States", map(inner)), ("StartAt", Value::from("A"))]);
                match other {
                    Value::Bool(true) => map(vec![("Iterator", scope)]),
                    Value::Bool(false) => map(vec![("ItemProcessor", scope)]),
                    Value::String(_) => map(vec![("Branches", Value::List(vec![scope.clone(), scope]))]),
                    other => other,
                }
            });
        prop::collection::vec((names.clone(), state), 0..4).prop_map(move |states| map(vec![("States", map(states))]))
    };
    let statements = || any_document().prop_map(move |inner| map(vec![("Statement", inner), ("Version", Value::from("A"))]));
    prop_oneof![
        (any_document(), any_document()).prop_map(|(old, new)| (DocumentKind::Policy, old, new)),
        (any_document(), any_document()).prop_map(|(old, new)| (DocumentKind::StatesLanguage, old, new)),
        (statements(), statements()).prop_map(|(old, new)| (DocumentKind::Policy, old, new)),
        (states(), states()).prop_map(|(old, new)| (DocumentKind::StatesLanguage, old, new)),
    ]
}

fn at<'a>(document: &'a Value, path: &Path) -> Option<&'a Value> {
    path.0.iter().try_fold(document, |value, segment| match segment {
        Segment::Key(key) => value.get(key),
        Segment::Index(index) => value.items().get(*index),
        Segment::Element(_) => None,
    })
}

/// What a difference says, whichever side is called the old one.
fn sides(found: &[DocumentDifference], swapped: bool) -> Vec<String> {
    let side = |difference: &DocumentDifference| {
        let (old, new) = (&difference.old, &difference.new);
        let (old, new) = if swapped { (new, old) } else { (old, new) };
        format!("{old:?} {new:?} {} {}", difference.is_member, difference.moved_from.is_some())
    };
    let mut all: Vec<String> = found.iter().map(side).collect();
    all.sort();
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn differences_are_those_of_the_meaning((kind, old, new) in any_pair()) {
        let found = differences(kind, &old, &new);
        prop_assert_eq!(found.is_empty(), equal(kind, &old, &new));
        prop_assert!(differences(kind, &old, &old).is_empty());
        for difference in &found {
            prop_assert!(difference.old != difference.new || difference.moved_from.is_some());
            let side = if difference.new.is_some() { (&new, &difference.new) } else { (&old, &difference.old) };
            prop_assert_eq!(at(side.0, &difference.path), side.1.as_ref());
            if let Some(from) = &difference.moved_from {
                prop_assert_eq!(at(&old, from), difference.old.as_ref());
            }
        }
        prop_assert_eq!(sides(&found, false), sides(&differences(kind, &new, &old), true));
    }
}
