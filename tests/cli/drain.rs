//! A destroy that does not stumble over what runs: it is named, and then stopped, or left to end for a while.

use serde_json::{Value as Json, json};

use crate::support::World;

const STACK: &str = r#"[stack]
name = "drain"
region = "eu-central-1"

[cluster.main]

[task_definition.report]
container_definitions = [{ name = "report", image = "busybox", memory = 64 }]

[role.workflow]
assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "states.amazonaws.com" }, Action = "sts:AssumeRole" }] }

[state_machine.nightly]
role_arn = "${role.workflow.arn}"
definition = { StartAt = "Wait", States = { Wait = { Type = "Wait", Seconds = 3000, End = true } } }
"#;

const MACHINE: &str = "arn:aws:states:eu-central-1:123456789012:stateMachine:drain-nightly";

/// The stack, applied.
fn applied() -> World {
    let world = World::new();
    world.write("drain.toml", STACK);
    world.stepwright(&["apply", "drain.toml", "--yes"]).expect(0);
    world
}

fn start(world: &World, name: &str) {
    world.call("stepfunctions", "start_execution", json!({ "stateMachineArn": MACHINE, "name": name }));
}

/// A task of `family` on the stack's cluster.
fn run_task(world: &World, family: &str) -> String {
    let subnets = world.call("ec2", "describe_subnets", json!({}));
    let subnet = subnets["Subnets"][0]["SubnetId"].clone();
    let network = json!({ "awsvpcConfiguration": { "subnets": [subnet] } });
    let request =
        json!({ "cluster": "drain-main", "taskDefinition": family, "launchType": "FARGATE", "networkConfiguration": network });
    let answer = world.call("ecs", "run_task", request);
    answer["tasks"][0]["taskArn"].as_str().unwrap_or_else(|| panic!("no task: {answer}")).to_owned()
}

fn count(world: &World, action: &str) -> usize {
    world.endpoint.calls().iter().filter(|call| call.action == action).count()
}

#[test]
fn what_runs_is_named_and_stopped() {
    let world = applied();
    start(&world, "first");
    start(&world, "second");
    run_task(&world, "drain-report");
    world.endpoint.forget_calls();
    let outcome = world.stepwright(&["destroy", "drain.toml", "--yes"]).expect(0);
    outcome.says(&[
        "Still running, and will be stopped:",
        "state_machine.nightly: the execution first (since ",
        "state_machine.nightly: the execution second (since ",
        "cluster.main: the task ",
        " of drain-report:1 (",
    ]);
    assert_eq!(count(&world, "StopExecution"), 2);
    assert_eq!(world.in_account(), Vec::<String>::new());
}

#[test]
fn nothing_is_stopped_without_consent() {
    let world = applied();
    start(&world, "first");
    world.endpoint.forget_calls();
    world.stepwright(&["destroy", "drain.toml"]).expect(1).says(&["the execution first", "add --yes"]);
    assert_eq!(count(&world, "StopExecution") + count(&world, "DeleteStateMachine"), 0);
}

#[test]
fn what_may_end_by_itself_is_waited_for() {
    let world = applied();
    world.endpoint.set_knobs(&json!({ "deleting_ms": 1500 }));
    start(&world, "first");
    world.endpoint.forget_calls();
    let outcome = world.stepwright(&["destroy", "drain.toml", "--yes", "--drain", "60s"]).expect(0);
    outcome.says(&[
        "Still running; left to end for 60 s, and then stopped:",
        "Waiting for the execution first to end by itself (at most ",
    ]);
    assert_eq!(count(&world, "StopExecution"), 0, "it had the time: {outcome}");

    let world = applied();
    world.endpoint.set_knobs(&json!({ "deleting_ms": 3000 }));
    start(&world, "first");
    world.endpoint.forget_calls();
    let outcome = world.stepwright(&["destroy", "drain.toml", "--yes", "--drain", "1s"]).expect(0);
    outcome.says(&["to end by itself", "which was stopped, to end"]);
    assert_eq!(count(&world, "StopExecution"), 1, "its time was over: {outcome}");
}

#[test]
fn what_is_not_ours_is_named_before_anything_is_done() {
    let world = applied();
    let container = json!({ "name": "a", "image": "b", "memory": 64 });
    world.call("ecs", "register_task_definition", json!({ "family": "other", "containerDefinitions": [container] }));
    world.call(
        "ecs",
        "create_service",
        json!({ "cluster": "drain-main", "serviceName": "web", "taskDefinition": "other", "desiredCount": 0 }),
    );
    let task = run_task(&world, "other");
    world.endpoint.forget_calls();
    let outcome = world.stepwright(&["destroy", "drain.toml", "--yes"]).expect(1);
    outcome.says(&[
        "something that is not this stack's runs in what is to be deleted; nothing was changed",
        "cluster.main: the service web; to end it: aws ecs delete-service --cluster ",
        &format!("aws ecs stop-task --cluster arn:aws:ecs:eu-central-1:123456789012:cluster/drain-main --task {task}"),
    ]);
    assert!(world.endpoint.calls().iter().all(|call| !call.is_change()), "{outcome}");
    world.call("ecs", "delete_service", json!({ "cluster": "drain-main", "service": "web", "force": true }));
    let _: Json = world.call("ecs", "stop_task", json!({ "cluster": "drain-main", "task": task }));
    world.stepwright(&["destroy", "drain.toml", "--yes"]).expect(0);
}
