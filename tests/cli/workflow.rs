//! The life of each example stack: validate, plan, apply, plan again, change, destroy.

use crate::support::fixture::{EC2_LAUNCH, ECS_TASK, EXISTING_CLUSTER};
use crate::support::{FIXTURES, Fixture, World};

#[test]
fn ecs_task() {
    let world = life_of(&ECS_TASK);
    let changes: Vec<String> =
        world.endpoint.calls().iter().filter(|call| call.is_change()).map(|call| call.action.clone()).collect();
    let position =
        |action: &str| changes.iter().rposition(|made| made == action).unwrap_or_else(|| panic!("no {action}: {changes:?}"));
    assert!(position("RegisterTaskDefinition") < position("UpdateStateMachine"), "{changes:?}");
    let deregistered = changes.iter().position(|made| made == "DeregisterTaskDefinition").expect("the old one is deregistered");
    assert!(position("UpdateStateMachine") < deregistered, "the old revision goes last: {changes:?}");
}

#[test]
fn nothing_is_sent_that_was_not_asked_for() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", ECS_TASK.file, "--yes"]).expect(0);
    world.endpoint.forget_calls();
    world.stepwright(&[&["apply", ECS_TASK.file, "--yes"], ECS_TASK.change].concat()).expect(0);
    let changes: Vec<_> = world.endpoint.calls().into_iter().filter(|call| call.is_change() && call.service != "sts").collect();
    let actions: Vec<&str> = changes.iter().map(|call| call.action.as_str()).collect();
    assert_eq!(actions, ["RegisterTaskDefinition", "UpdateStateMachine", "DeregisterTaskDefinition"]);
    let registered = &changes[0].request;
    assert_eq!(registered["containerDefinitions"][0]["image"], "public.ecr.aws/docker/library/busybox:1.38");
    assert!(registered.get("volumes").is_none(), "what the stack does not say is not sent: {registered:#}");
    assert!(changes[2].request["taskDefinition"].as_str().is_some_and(|arn| arn.ends_with(":1")));
}

#[test]
fn existing_cluster() {
    let world = life_of(&EXISTING_CLUSTER);
    let touched: Vec<_> = world.endpoint.calls().into_iter().filter(|call| call.service == "ecs" && call.is_change()).collect();
    assert!(touched.is_empty(), "what was looked up was touched: {touched:#?}");
}

#[test]
fn ec2_launch() {
    life_of(&EC2_LAUNCH);
}

fn life_of(fixture: &Fixture) -> World {
    let world = World::of(fixture);
    let file = fixture.file;
    world.stepwright(&["validate", file]).expect(0);
    world.stepwright(&["plan", file, "--detailed-exitcode"]).expect(2);
    assert!(world.endpoint.calls().iter().all(|call| !call.is_change() || call.action == "GetCallerIdentity"));

    world.stepwright(&["apply", file, "--yes"]).expect(0);
    fixture.assert_is_all(&world.in_account());
    world.stepwright(&["plan", file, "--detailed-exitcode"]).expect(0);
    let listed = world.stepwright(&["state", "list", fixture.file]).expect(0);
    for address in fixture.addresses {
        listed.says(&[address]);
    }

    let changed = [&[file], fixture.change].concat();
    let planned = world.planned(&changed);
    let planned: Vec<(&str, Vec<&str>)> =
        planned.iter().map(|(address, actions)| (address.as_str(), actions.iter().map(String::as_str).collect())).collect();
    let wanted: Vec<(&str, Vec<&str>)> = fixture.changes.iter().map(|(address, actions)| (*address, actions.to_vec())).collect();
    assert_eq!(planned, wanted);
    world.stepwright(&[&["apply"], changed.as_slice(), &["--yes"]].concat()).expect(0);
    fixture.assert_is_all(&world.in_account());
    world.stepwright(&[&["plan"], changed.as_slice(), &["--detailed-exitcode"]].concat()).expect(0);

    world.stepwright(&["destroy", file, "--yes"]).expect(0);
    fixture.assert_is_gone(&world.in_account());
    world.assert_state_is_empty(fixture);
    world
}

#[test]
fn the_account_is_as_the_stack_says() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", ECS_TASK.file, "--yes"]).expect(0);
    let account = world.endpoint.account("show");
    let cluster = &account["clusters"]["nightly-report-main"];
    assert_eq!(cluster["settings"][0]["value"], "enabled");
    assert_eq!(cluster["tags"]["stepwright:stack"], "nightly-report");
    assert_eq!(cluster["tags"]["stepwright:address"], "cluster.main");
    let definition = &account["task_definitions"]["nightly-report-report:1"];
    assert_eq!(definition["cpu"], "256");
    assert_eq!(definition["containerDefinitions"][0]["image"], "public.ecr.aws/docker/library/busybox:1.37");
    assert_eq!(definition["executionRoleArn"], account["roles"]["nightly-report-task_execution"]["arn"]);
    let workflow = &account["roles"]["nightly-report-workflow"];
    assert_eq!(
        workflow["inline_policies"]["run_task"]["Statement"][1]["Resource"][0],
        account["roles"]["nightly-report-task"]["arn"]
    );
    let machine = &account["state_machines"]["nightly-report-nightly"];
    assert_eq!(machine["role_arn"], workflow["arn"]);
    assert_eq!(machine["definition"]["TimeoutSeconds"], 1200);
    let run = &machine["definition"]["States"]["RunReport"];
    assert_eq!(run["Parameters"]["TaskDefinition"], definition["arn"]);
    assert_eq!(run["Parameters"]["Cluster"], cluster["arn"]);
    assert_eq!(run["Retry"][0]["MaxAttempts"], 3);
}

#[test]
fn plans_without_credentials() {
    for fixture in FIXTURES.iter().filter(|fixture| !fixture.looks_up) {
        let world = World::of(fixture);
        let plan = world.stepwright_without_credentials(&["plan", fixture.file, "--format", "json"]).expect(0).json();
        let changes = plan["resource_changes"].as_array().expect("resource_changes");
        assert_eq!(changes.len(), fixture.addresses.len());
        assert!(changes.iter().all(|change| change["change"]["actions"][0] == "create"), "{plan:#}");
        assert!(world.endpoint.calls().is_empty());
    }
}

#[test]
fn destroys_without_the_stack_file() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", ECS_TASK.file, "--yes"]).expect(0);
    std::fs::remove_file(world.path(ECS_TASK.file)).expect("it was there");
    let state = format!("state/{}.json", ECS_TASK.stack);
    world.stepwright(&["destroy", "--state", &state, "--yes"]).expect(0);
    ECS_TASK.assert_is_gone(&world.in_account());
}

#[test]
fn a_plan_file_is_applied_as_it_was_shown() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["plan", ECS_TASK.file, "--out", "saved.plan"]).expect(0);
    world.stepwright(&["apply", "saved.plan", "--yes"]).expect(0);
    ECS_TASK.assert_is_all(&world.in_account());
    world.stepwright(&["plan", ECS_TASK.file, "--detailed-exitcode"]).expect(0);
}
