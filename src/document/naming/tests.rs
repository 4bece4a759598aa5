use serde_json::{Value as Json, json};

use super::*;
use crate::place::Place;

fn place() -> Place {
    Place { partition: Some("aws".to_owned()), region: Some("eu-central-1".to_owned()), account_id: None }
}

fn machine(resource: &str, parameters: Json) -> Value {
    let task = json!({ "Type": "Task", "Resource": resource, "Parameters": parameters, "End": true });
    Value::from(json!({ "StartAt": "Run", "States": { "Run": task } }))
}

/// What is said of one argument of `ecs:runTask`.
fn said(argument: &str, text: &str, own: Option<&Own>) -> Vec<String> {
    let definition = machine("arn:aws:states:::ecs:runTask.sync", json!({ argument: text }));
    let machine = StateMachine::parse(&definition);
    let named = names(&machine);
    assert_eq!(named.len(), 1, "{named:?}");
    let mistakes = check(&named[0], Some(&place()), own);
    let tell = |it: Mistake| format!("{} → {}", it.message, it.corrected.unwrap_or_default());
    mistakes.into_iter().map(tell).collect()
}

#[test]
fn the_example_that_this_is_made_for() {
    let text = "arn:aws:ecs:ap-southeast-1:XXXXXXXXXX:task-definition//task_name:3";
    let right = "arn:aws:ecs:${stack.region}:${account.id}:task-definition/task_name:3";
    let expected = [
        format!(
            "`TaskDefinition` is in ap-southeast-1, and the stack in eu-central-1: a state reaches its own region only → {right}"
        ),
        format!("`XXXXXXXXXX` is no account: an account id has 12 digits → {right}"),
        format!("there is an empty part in `task-definition//task_name:3` → {right}"),
        "revision 3 is pinned: once it is deregistered, the state fails → ".to_owned(),
    ];
    assert_eq!(said("TaskDefinition", text, None), expected);
    let own = Own { address: "task_definition.report".to_owned(), reference: "${task_definition.report.arn}".to_owned() };
    let said = said("TaskDefinition", text, Some(&own));
    assert_eq!(said.len(), 5, "{said:?}");
    assert!(said.iter().all(|it| it.ends_with(" → ${task_definition.report.arn}")), "{said:?}");
}

#[test]
fn names_and_arns() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("TaskDefinition", "report", &[]),
        ("TaskDefinition", "report:4", &["revision 4 is pinned: once it is deregistered, the state fails → "]),
        ("TaskDefinition", "report:latest", &["`TaskDefinition`: `latest` is no revision of a task definition → "]),
        ("TaskDefinition", "re port", &["`TaskDefinition`: the name of a family can't hold ` ` → "]),
        ("TaskDefinition", "arn:aws:ecs:eu-central-1:123456789012:task-definition/report", &[]),
        (
            "TaskDefinition",
            "arn:aws:ecs:eu-central-1:123456789012:cluster/main",
            &["`TaskDefinition` names `cluster/main`, and a task definition should stand here → "],
        ),
        (
            "TaskDefinition",
            "arn:aws:ecs:eu-central-1:123456789012:task-definition/",
            &["the name is missing behind `task-definition/` → "],
        ),
        (
            "TaskDefinition",
            "arn:aws:ecs:eu-central-1:123456789012",
            &["`TaskDefinition` is no whole ARN: it has 5 of six parts → "],
        ),
        (
            "TaskDefinition",
            "arn:asw:ecs:eu-central-1:123456789012:task-definition/report",
            &["there is no partition `asw` → arn:aws:ecs:eu-central-1:123456789012:task-definition/report"],
        ),
        (
            "TaskDefinition",
            "arn:aws-cn:ecs:eu-central-1:123456789012:task-definition/report",
            &[
                "the partition is `aws-cn`, and that of the stack is `aws` → arn:${account.partition}:ecs:eu-central-1:123456789012:task-definition/report",
            ],
        ),
        ("Cluster", "main", &[]),
        ("Cluster", "arn:aws:ecs:eu-central-1:123456789012:cluster/main", &[]),
        (
            "Cluster",
            "arn:aws:ecs:nowhere:123456789012:cluster/main",
            &["`nowhere` is no region → arn:aws:ecs:${stack.region}:123456789012:cluster/main"],
        ),
        (
            "Cluster",
            "arn:aws:ecs::123456789012:cluster/main",
            &["the region is missing in the ARN → arn:aws:ecs:${stack.region}:123456789012:cluster/main"],
        ),
        (
            "Cluster",
            "arn:aws:iam::123456789012:role/x",
            &["`Cluster` names something of `iam`, and a cluster should stand here → "],
        ),
    ];
    for (argument, text, expected) in cases {
        assert_eq!(said(argument, text, None), *expected, "{text}");
    }
}

#[test]
fn places_and_services() {
    let definition = Value::from(json!({ "StartAt": "A", "States": {
        "A": { "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f:live", "Next": "B" },
        "B": { "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Next": "C",
               "Parameters": { "StateMachineArn": "arn:aws:states:eu-central-1:123:stateMachine:m" } },
        "C": { "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Next": "D",
               "Parameters": { "QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/q", "MessageBody": "arn:aws:x" } },
        "D": { "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask", "End": true,
               "Credentials": { "RoleArn": "arn:aws:iam::123456789012:role/other" },
               "Parameters": { "TaskDefinition.$": "$.x", "Cluster": "arn:aws:ecs:us-east-1:210987654321:cluster/main",
                 "Overrides": { "TaskRoleArn": "arn:aws:iam::1:role/r" } } },
    } }));
    let machine = StateMachine::parse(&definition);
    let mut said = Vec::new();
    for named in names(&machine) {
        said.extend(check(&named, Some(&place()), None).into_iter().map(|it| format!("{} {}", named.path, it.message)));
    }
    assert_eq!(
        said,
        [
            "States.A.Resource `Resource` is in us-east-1, and the stack in eu-central-1: a state reaches its own region only",
            "States.B.Parameters.StateMachineArn `123` is no account: an account id has 12 digits",
            "States.C.Parameters.QueueUrl the queue is in us-east-1, and the stack in eu-central-1: a state reaches its own region only",
            "States.D.Parameters.Overrides.TaskRoleArn `1` is no account: an account id has 12 digits",
        ]
    );
}

#[test]
fn expressions_with_references_are_not_judged() {
    for text in [
        "{% $x ? \"${task_definition.a.arn}\" : \"b c\" %}",
        "{% \"${task_definition.a.family}:\" & $string($n) %}",
        "${task_definition.a.family}:${var.x}",
    ] {
        let definition = machine("arn:aws:states:::ecs:runTask", json!({ "TaskDefinition": "", "Cluster": "c" }));
        let template = Template::parse(text).expect("a template");
        let definition = definition
            .map_leaves(&mut |leaf| if leaf.as_str() == Some("") { Value::Pending(template.clone()) } else { leaf.clone() });
        let machine = StateMachine::parse(&definition);
        let found: Vec<Mistake> = names(&machine).iter().flat_map(|named| check(named, Some(&place()), None)).collect();
        assert!(found.is_empty(), "{text}: {found:?}");
    }
}

#[test]
fn what_is_open_is_not_judged() {
    for text in ["${X}", "arn:aws:ecs:${AWS::Region}:${AWS::AccountId}:task-definition/${Name}", "{% $x %}", "arn:aws:ecs:${A}"] {
        let definition = machine("arn:aws:states:::ecs:runTask", json!({ "TaskDefinition": text }));
        let found = warnings(&StateMachine::parse(&definition));
        assert!(found.is_empty(), "{text}: {found:?}");
    }
}
