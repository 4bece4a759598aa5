//! What somebody else changed: told field by field with whose it is, put back or taken over.

use serde_json::{Value as Json, json};

use crate::support::World;
use crate::support::fixture::ECS_TASK;

const FILE: &str = ECS_TASK.file;

fn applied() -> World {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world
}

/// `ADDRESS PATH OWNER` of every field that `drift` tells.
fn told(world: &World, arguments: &[&str]) -> Vec<String> {
    let outcome = world.stepwright(&[&["drift", FILE, "--format", "json"], arguments].concat());
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let drift = outcome.json();
    let resources = drift["resource_drift"].as_array().expect("a list");
    let fields = resources.iter().flat_map(|resource| {
        let fields = resource["fields"].as_array().expect("fields").iter();
        fields.map(|field| format!("{} {} {}", text(&resource["address"]), text(&field["path"]), text(&field["owner"])))
    });
    let mut told: Vec<String> = fields.collect();
    told.sort();
    told
}

#[test]
fn every_field_with_whose_it_is() {
    let world = applied();
    world.stepwright(&["drift", FILE]).expect(0).says(&["No drift."]);
    world.call("iam", "update_role", json!({ "RoleName": "nightly-report-workflow", "Description": "by hand" }));
    world.call(
        "iam",
        "attach_role_policy",
        json!({ "RoleName": "nightly-report-task", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess" }),
    );
    let statement = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let extra = json!({ "RoleName": "nightly-report-task", "PolicyName": "extra", "PolicyDocument": policy });
    world.call("iam", "put_role_policy", extra);
    let providers =
        json!({ "cluster": "nightly-report-main", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": [] });
    world.call("ecs", "put_cluster_capacity_providers", providers);

    world.endpoint.forget_calls();
    let outcome = world.stepwright(&["drift", FILE]).expect(2);
    outcome.says(&[
        "# role.workflow has changed",
        "description = \"Runs the nightly report\" -> \"by hand\"",
        "# role.task has changed",
        "inline_policies.extra",
        "ReadOnlyAccess",
        "# cluster.main has changed in what the stack says nothing of",
        "Drift: 2 changed, 0 deleted",
    ]);
    assert!(!world.endpoint.calls().iter().any(|call| call.is_change()), "drift changes nothing");
    assert_eq!(
        told(&world, &[]),
        [
            "cluster.main capacity_providers[FARGATE] unmanaged",
            "role.task inline_policies.extra ours",
            "role.task managed_policy_arns[arn:aws:iam::aws:policy/ReadOnlyAccess] ours",
            "role.workflow description ours",
        ]
    );

    // What is ignored is told, and is no drift.
    let stack = world.read(FILE);
    let header = "[role.workflow]\n";
    world.write(FILE, &stack.replace(header, &format!("{header}lifecycle = {{ ignore_changes = [\"description\"] }}\n")));
    assert!(told(&world, &[]).contains(&"role.workflow description ignored".to_owned()));
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
    let account = world.endpoint.account("show");
    assert_eq!(account["roles"]["nightly-report-task"]["inline_policies"], json!({}));
    assert_eq!(account["roles"]["nightly-report-task"]["managed_policy_arns"], json!([]));
    assert_eq!(account["clusters"]["nightly-report-main"]["capacity_providers"], json!(["FARGATE"]));
}

#[test]
fn only_what_nobody_manages_is_no_drift() {
    let world = applied();
    let providers =
        json!({ "cluster": "nightly-report-main", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": [] });
    world.call("ecs", "put_cluster_capacity_providers", providers);
    world.stepwright(&["drift", FILE]).expect(0).says(&["that is left alone", "No drift."]);
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
}

#[test]
fn what_is_gone_is_made_again() {
    let world = applied();
    let machine = "arn:aws:states:eu-central-1:123456789012:stateMachine:nightly-report-nightly";
    world.call("stepfunctions", "delete_state_machine", json!({ "stateMachineArn": machine }));
    let revision = "arn:aws:ecs:eu-central-1:123456789012:task-definition/nightly-report-report:1";
    world.call("ecs", "deregister_task_definition", json!({ "taskDefinition": revision }));
    world.call("ecs", "delete_cluster", json!({ "cluster": "nightly-report-main" }));
    world.stepwright(&["drift", FILE]).expect(2).says(&[
        "# cluster.main has been deleted",
        "# task_definition.report has been deleted",
        "# state_machine.nightly has been deleted",
        "Drift: 0 changed, 3 deleted",
    ]);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.stepwright(&["drift", FILE]).expect(0);
    ECS_TASK.assert_is_all(&world.in_account());
}

/// IAM writes the unique id of a principal that was deleted into the policies that named it, and making it again does
/// not heal them. moto does not, so the test does.
#[test]
fn a_principal_that_was_made_again_is_trusted_again() {
    let world = World::of(&ECS_TASK);
    let stack = world.read(FILE);
    let trusted = "Principal = { Service = \"ecs-tasks.amazonaws.com\", AWS = \"${role.task_execution.arn}\" }";
    let (before, after) = stack.split_once("[role.task]").expect("the role");
    let after = after.replacen("Principal = { Service = \"ecs-tasks.amazonaws.com\" }", trusted, 1);
    world.write(FILE, &format!("{before}[role.task]{after}"));
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    let trust = |principal: &str| {
        let statement = json!({ "Effect": "Allow", "Principal": { "Service": "ecs-tasks.amazonaws.com", "AWS": principal }, "Action": "sts:AssumeRole" });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    };
    let update = json!({ "RoleName": "nightly-report-task", "PolicyDocument": trust("AROAEXAMPLEEXAMPLE123") });
    world.call("iam", "update_assume_role_policy", update);
    let drifted = told(&world, &[]);
    assert_eq!(drifted, ["role.task assume_role_policy_document ours"]);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
    let account = world.endpoint.account("show");
    let principal = &account["roles"]["nightly-report-task"]["trust"]["Statement"][0]["Principal"]["AWS"];
    assert_eq!(principal, "arn:aws:iam::123456789012:role/nightly-report-task_execution");
}

#[test]
fn lost_tags_are_drift_and_come_back() {
    let world = applied();
    let keys = json!(["stepwright:stack", "stepwright:address"]);
    world.call("iam", "untag_role", json!({ "RoleName": "nightly-report-task", "TagKeys": keys }));
    assert_eq!(told(&world, &[]), ["role.task tags[\"stepwright:address\"] ours", "role.task tags[\"stepwright:stack\"] ours"]);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.stepwright(&["drift", FILE]).expect(0);
    let account = world.endpoint.account("show");
    assert_eq!(account["roles"]["nightly-report-task"]["tags"]["stepwright:address"], "role.task");

    // One alone as well, and changed ones.
    let keys = json!(["stepwright:address"]);
    world.call("iam", "untag_role", json!({ "RoleName": "nightly-report-task", "TagKeys": keys }));
    assert_eq!(told(&world, &[]), ["role.task tags[\"stepwright:address\"] ours"]);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    let mark = |key: &str, value: &str| {
        let tags = json!([{ "Key": key, "Value": value }]);
        world.call("iam", "tag_role", json!({ "RoleName": "nightly-report-task", "Tags": tags }));
    };
    mark("stepwright:address", "role.other");
    assert_eq!(told(&world, &[]), ["role.task tags[\"stepwright:address\"] ours"]);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.stepwright(&["drift", FILE]).expect(0);
    mark("stepwright:stack", "other");
    assert_eq!(told(&world, &[]), ["role.task tags[\"stepwright:stack\"] ours"]);
    let refused = world.stepwright(&["apply", FILE, "--yes"]).expect(1);
    refused.says(&["is marked as role.task of the stack other", "state rm STACK role.task", "--take-over"]);
    world.stepwright(&["state", "rm", FILE, "role.task"]).expect(0);
    world.stepwright(&["import", FILE, "role.task", "nightly-report-task", "--take-over"]).expect(0);
    world.stepwright(&["drift", FILE]).expect(0);
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);

    // What has moved is marked by its old address until the next apply, and that is no drift.
    world.stepwright(&["state", "mv", FILE, "role.task", "role.renamed"]).expect(0);
    world.stepwright(&["drift", FILE]).expect(0);
}

#[test]
fn a_refresh_takes_over_what_changed() {
    let world = applied();
    world.call("iam", "update_role", json!({ "RoleName": "nightly-report-task", "Description": "by hand" }));
    world.call("ecs", "delete_cluster", json!({ "cluster": "nightly-report-main" }));
    world.endpoint.forget_calls();
    let plan = world.stepwright(&["plan", FILE, "--refresh-only", "--detailed-exitcode"]).expect(2);
    plan.says(&["# role.task has changed", "# cluster.main has been deleted", "This is a refresh-only plan"]);
    world.stepwright(&["apply", FILE, "--refresh-only", "--yes"]).expect(0).says(&["1 refreshed", "1 forgotten"]);
    assert!(!world.endpoint.calls().iter().any(|call| call.is_change()), "a refresh changes nothing in AWS");
    world.stepwright(&["drift", FILE]).expect(0);
    world.stepwright(&["plan", FILE, "--refresh-only", "--detailed-exitcode"]).expect(0).says(&["No changes."]);
    // What the stack says is another matter.
    let planned = world.planned(&[FILE]);
    let addresses: Vec<&str> = planned.iter().map(|(address, _)| address.as_str()).collect();
    assert!(addresses.contains(&"role.task") && addresses.contains(&"cluster.main"), "{planned:?}");
    world.stepwright(&["plan", FILE, "--refresh-only", "--replace", "role.task"]).expect(1);
    world.stepwright(&["plan", FILE, "--refresh-only", "--refresh=false"]).expect(1);
}
