//! Which resources a spec refers to, and how that is written.

use serde_json::{Value as Json, json};

use super::references::{Written, refer};
use super::*;
use crate::resource::{Ownership, normalise};
use crate::resources;
use crate::value::Value;

fn place() -> Place {
    Place { partition: Some("aws".into()), region: Some("eu-central-1".into()), account_id: Some("123456789012".into()) }
}

/// An address, a spec, and of a task definition the revision.
fn named(address: &str, spec: Json, revision: Option<i64>) -> Named {
    let address: Address = address.parse().expect("an address");
    let kind = resources::find(&address.resource_type).expect("a type");
    let spec = normalise(kind, &Value::from(spec));
    let mut attributes = kind.predict(&spec, &place());
    if let Some(revision) = revision {
        let family = spec.text("family").unwrap_or_default();
        let arn = format!("arn:aws:ecs:eu-central-1:123456789012:task-definition/{family}:{revision}");
        attributes.insert("arn".to_owned(), Value::String(arn));
        attributes.insert("revision".to_owned(), Value::from(revision));
    }
    let id = attributes.get("arn").and_then(Value::as_str).unwrap_or_default().to_owned();
    Named { address, kind, live: Live { id, spec, attributes, ownership: None } }
}

fn role(address: &str, name: &str, resources: &[&str]) -> Named {
    let statement = json!({ "Effect": "Allow", "Action": "x:Y", "Resource": resources });
    named(address, json!({ "name": name, "inline_policies": { "p": { "Statement": statement } } }), None)
}

fn machine(address: &str, name: &str, role: &str, parameters: Json) -> Named {
    let run = json!({ "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": parameters, "End": true });
    let definition = json!({ "StartAt": "Run", "States": { "Run": run } });
    named(address, json!({ "name": name, "role_arn": role, "definition": definition }), None)
}

fn spec_of<'a>(written: &'a [Written], address: &str) -> &'a Value {
    &written.iter().find(|it| it.named.address.to_string() == address).expect(address).spec
}

/// What becomes of `text` in the policy of a role, beside a cluster, a task definition, a role and a state machine.
fn referred(text: &str) -> String {
    let all = vec![
        named("cluster.main", json!({ "name": "report" }), None),
        named("task_definition.job", json!({ "family": "report-job" }), Some(3)),
        role("role.task", "report-task", &[]),
        named("log_group.job", json!({ "name": "/report/job" }), None),
        named("role.deep", json!({ "name": "deep", "path": "/a/b/" }), None),
        machine("state_machine.night", "report", "arn:aws:iam::123456789012:role/report-task", json!({})),
        role("role.it", "it", &[text]),
    ];
    let written = refer(all, &place(), resources::ALL);
    let policy = spec_of(&written, "role.it").get("inline_policies").and_then(|policies| policies.get("p")).expect("a policy");
    match policy.get("Statement").and_then(|statement| statement.get("Resource")).map(Value::items) {
        Some([Value::Pending(template)]) => template.to_string(),
        Some([Value::String(text)]) => format!("{text:?} as it was"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn references_in_texts() {
    const ECS: &str = "arn:aws:ecs:eu-central-1:123456789012";
    const STATES: &str = "arn:aws:states:eu-central-1:123456789012";
    const LOGS: &str = "arn:aws:logs:eu-central-1:123456789012";
    const ECS_HERE: &str = "arn:${account.partition}:ecs:${stack.region}:${account.id}";
    const STATES_HERE: &str = "arn:${account.partition}:states:${stack.region}:${account.id}";
    for (text, expected) in [
        // The whole, and parts of a longer text.
        (format!("{ECS}:cluster/report"), "${cluster.main.arn}".to_owned()),
        (
            format!("see {ECS}:cluster/report, or '{ECS}:cluster/report'"),
            "see ${cluster.main.arn}, or '${cluster.main.arn}'".into(),
        ),
        (format!("{ECS}:cluster/report2"), format!("{ECS_HERE}:cluster/report2")),
        (format!("{ECS}:cluster/report*"), format!("{ECS_HERE}:cluster/report*")),
        (format!("{ECS}:task/report/*"), format!("{ECS_HERE}:task/${{cluster.main.name}}/*")),
        (format!("{ECS}:service/report/web"), format!("{ECS_HERE}:service/${{cluster.main.name}}/web")),
        // Revisions.
        (format!("{ECS}:task-definition/report-job:3"), "${task_definition.job.arn}".to_owned()),
        (format!("{ECS}:task-definition/report-job:2"), format!("{ECS_HERE}:task-definition/${{task_definition.job.family}}:2")),
        (
            format!("{ECS}:task-definition/report-job:30"),
            format!("{ECS_HERE}:task-definition/${{task_definition.job.family}}:30"),
        ),
        (format!("{ECS}:task-definition/report-job:*"), format!("{ECS_HERE}:task-definition/${{task_definition.job.family}}:*")),
        (format!("{ECS}:task-definition/report-job"), format!("{ECS_HERE}:task-definition/${{task_definition.job.family}}")),
        (format!("{ECS}:task-definition/report-job-2:3"), format!("{ECS_HERE}:task-definition/report-job-2:3")),
        // Roles, in the right path only.
        ("arn:aws:iam::123456789012:role/report-task".to_owned(), "${role.task.arn}".to_owned()),
        ("arn:aws:iam::123456789012:role/a/b/deep".to_owned(), "${role.deep.arn}".to_owned()),
        ("arn:aws:iam::123456789012:role/deep".to_owned(), "arn:${account.partition}:iam::${account.id}:role/deep".to_owned()),
        (
            "arn:aws:iam::123456789012:role/report-*".to_owned(),
            "arn:${account.partition}:iam::${account.id}:role/report-*".to_owned(),
        ),
        // State machines, their versions and executions.
        (format!("{STATES}:stateMachine:report"), "${state_machine.night.arn}".to_owned()),
        (format!("{STATES}:stateMachine:report:7"), "${state_machine.night.arn}:7".to_owned()),
        (format!("{STATES}:execution:report:*"), format!("{STATES_HERE}:execution:${{state_machine.night.name}}:*")),
        // Log groups, whichever form their ARNs have.
        (format!("{LOGS}:log-group:/report/job"), "${log_group.job.arn}".to_owned()),
        (format!("{LOGS}:log-group:/report/job:*"), "${log_group.job.arn}:*".to_owned()),
        (format!("{LOGS}:log-group:/report/job:log-stream:a/*"), "${log_group.job.arn}:log-stream:a/*".to_owned()),
        (
            format!("{LOGS}:log-group:/report/*"),
            "arn:${account.partition}:logs:${stack.region}:${account.id}:log-group:/report/*".to_owned(),
        ),
        // Elsewhere, and nobody's.
        (
            "arn:aws:ecs:us-east-1:123456789012:cluster/report".into(),
            "arn:${account.partition}:ecs:us-east-1:${account.id}:cluster/report".into(),
        ),
        (
            "arn:aws:ecs:eu-central-1:210987654321:cluster/report".into(),
            "\"arn:aws:ecs:eu-central-1:210987654321:cluster/report\" as it was".into(),
        ),
        (
            "arn:aws:ecs:*:*:task-definition/report-job:*".into(),
            "arn:aws:ecs:*:*:task-definition/${task_definition.job.family}:*".into(),
        ),
        (
            "arn:aws:iam::aws:policy/AdministratorAccess".into(),
            "\"arn:aws:iam::aws:policy/AdministratorAccess\" as it was".into(),
        ),
        ("arn:aws:s3:::bucket/${aws:username}/*".into(), "\"arn:aws:s3:::bucket/${aws:username}/*\" as it was".into()),
        (
            "arn:aws:iam::123456789012:user/${aws:username}".into(),
            "arn:${account.partition}:iam::${account.id}:user/$${aws:username}".into(),
        ),
        (format!("${ECS}:cluster/report"), format!("\"${ECS}:cluster/report\" as it was")),
        ("report".to_owned(), "\"report\" as it was".to_owned()),
        ("123456789012".to_owned(), "${account.id}".to_owned()),
    ] {
        assert_eq!(referred(&text), expected, "{text}");
    }
}

#[test]
fn a_definition_may_give_names() {
    for (parameters, expected) in [
        (
            json!({ "Cluster": "report", "TaskDefinition": "job:3" }),
            ["${cluster.main.name}", "${task_definition.job.family}:${task_definition.job.revision}"],
        ),
        (json!({ "Cluster": "report", "TaskDefinition": "job" }), ["${cluster.main.name}", "${task_definition.job.family}"]),
        (json!({ "Cluster": "report", "TaskDefinition": "job:2" }), ["${cluster.main.name}", "${task_definition.job.family}:2"]),
    ] {
        let all = vec![
            machine("state_machine.night", "report", "arn:aws:iam::123456789012:role/r", parameters),
            named("task_definition.job", json!({ "family": "job" }), Some(3)),
            named("cluster.main", json!({ "name": "report" }), None),
        ];
        let written = refer(all, &place(), resources::ALL);
        let order: Vec<String> = written.iter().map(|it| it.named.address.to_string()).collect();
        assert_eq!(order, ["task_definition.job", "cluster.main", "state_machine.night"]);
        let definition = spec_of(&written, "state_machine.night").get("definition");
        let given = definition.and_then(|it| it.get("States")?.get("Run")?.get("Parameters")).expect("parameters");
        let given = ["Cluster", "TaskDefinition"].map(|key| match given.get(key) {
            Some(Value::Pending(template)) => template.to_string(),
            other => panic!("{key}: {other:?}"),
        });
        assert_eq!(given, expected);
    }
}

#[test]
fn a_log_group_may_be_given_by_its_name() {
    let logging = |driver: &str| json!({ "log_driver": driver, "options": { "awslogs-group": "/report/job" } });
    let containers = json!([
        { "name": "a", "log_configuration": logging("awslogs") }, { "name": "b", "log_configuration": logging("awsfirelens") },
    ]);
    let sessions =
        json!({ "execute_command_configuration": { "log_configuration": { "cloud_watch_log_group_name": "/report/job" } } });
    let all = vec![
        named("task_definition.job", json!({ "family": "job", "container_definitions": containers }), Some(1)),
        named("cluster.main", json!({ "name": "report", "configuration": sessions }), None),
        named("log_group.job", json!({ "name": "/report/job" }), None),
    ];
    let written = refer(all, &place(), resources::ALL);
    let mut referring = Vec::new();
    for it in &written {
        it.spec.visit(&mut |path, value| {
            if let Value::Pending(template) = value {
                referring.push(format!("{}.{path} = {template}", it.named.address));
            }
        });
    }
    assert_eq!(
        referring,
        [
            "task_definition.job.container_definitions[0].log_configuration.options.awslogs-group = ${log_group.job.name}",
            "cluster.main.configuration.execute_command_configuration.log_configuration.cloud_watch_log_group_name = ${log_group.job.name}",
        ]
    );
}

#[test]
fn of_two_that_name_each_other_the_policy_is_spelt_out() {
    let all = vec![
        role("role.r", "r", &["arn:aws:states:eu-central-1:123456789012:stateMachine:m"]),
        machine("state_machine.m", "m", "arn:aws:iam::123456789012:role/r", json!({})),
    ];
    let written = refer(all, &place(), resources::ALL);
    let machine = spec_of(&written, "state_machine.m").get("role_arn");
    assert!(matches!(machine, Some(Value::Pending(template)) if template.to_string() == "${role.r.arn}"), "{machine:?}");
    let role = serde_json::to_string(spec_of(&written, "role.r")).expect("JSON");
    assert!(role.contains("arn:${account.partition}:states:${stack.region}:${account.id}:stateMachine:m"), "{role}");
}

#[test]
fn names() {
    let found = |kind: &str, name: &str, wish: Option<&str>| {
        let kind = resources::find(kind).expect("a type");
        let spec = Value::from(json!({ kind.description().name_field: name }));
        let live = Live { id: String::new(), spec, attributes: Default::default(), ownership: None };
        Found { kind, live, local_name: wish.map(str::to_owned) }
    };
    let mut all = vec![
        found("cluster", "nightly-report", None),
        found("role", "nightly-report-task", None),
        found("role", "nightly-report_task", None),
        found("role", "Nightly-Report-3d.x", None),
        found("role", "other", Some("task")),
        found("state_machine", "nightly-report-é", None),
    ];
    assert_eq!(stack_name(&all[..3]), "nightly-report");
    assert_eq!(stack_name(&all), "nightly-report");
    all[1].live.ownership = Some(Ownership { stack: "s".into(), address: "role.mine".into(), token: None });
    let addresses = |stack: &str| names::addresses(&all, stack).iter().map(Address::to_string).collect::<Vec<_>>();
    assert_eq!(
        addresses("nightly-report"),
        ["cluster.main", "role.task_2", "role.task_3", "role._3d_x", "role.task", "state_machine.main"]
    );
    assert_eq!(addresses("s")[1], "role.mine");
}
