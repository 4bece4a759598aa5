//! AWS that throttles, loses answers, fails and lags: an apply converges all the same.

use serde_json::json;

use crate::support::World;
use crate::support::fixture::ECS_TASK;

#[test]
fn throttling() {
    converges(&["throttle,p=0.2"]);
}

#[test]
fn server_errors() {
    converges(&["500,p=0.1", "503,p=0.1"]);
}

#[test]
fn connections_that_break_before_the_call() {
    converges(&["reset-before,p=0.15"]);
}

#[test]
fn answers_that_are_lost() {
    converges(&["reset-after,p=0.15"]);
}

#[test]
fn answers_that_say_failed_and_are_wrong() {
    converges(&["500-after,p=0.15"]);
}

#[test]
fn each_change_takes_effect_and_its_answer_is_lost() {
    for action in ["CreateCluster", "RegisterTaskDefinition", "CreateRole", "PutRolePolicy", "CreateStateMachine"] {
        converges(&[&format!("reset-after,action={action},nth=1")]);
    }
}

#[test]
fn propagation_that_takes_seconds() {
    let world = World::of(&ECS_TASK);
    world.endpoint.set_knobs(&json!({
        "sfn_lag_ms": 3000, "ecs_lag_ms": 2000, "iam_lag_ms": 800, "arn_lag_ms": 1500, "deleting_ms": 2000, "update_lag_ms": 1500,
    }));
    live(&world);
}

#[test]
fn a_name_that_is_still_being_deleted() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", ECS_TASK.file, "--yes"]).expect(0);
    world.stepwright(&["destroy", ECS_TASK.file, "--yes"]).expect(0);
    world.endpoint.set_knobs(&json!({ "deleting_ms": 3000 }));
    live(&world);
    live(&world);
}

fn converges(faults: &[&str]) {
    let world = World::of(&ECS_TASK);
    world.endpoint.set_faults(faults);
    live(&world);
}

/// Apply, empty plan, change, empty plan, destroy: no orphan, no duplicate.
fn live(world: &World) {
    let file = ECS_TASK.file;
    world.stepwright(&["apply", file, "--yes"]).expect(0);
    ECS_TASK.assert_is_all(&world.in_account());
    world.stepwright(&["plan", file, "--detailed-exitcode"]).expect(0);
    world.stepwright(&[&["apply", file, "--yes"], ECS_TASK.change].concat()).expect(0);
    world.stepwright(&[&["plan", file, "--detailed-exitcode"], ECS_TASK.change].concat()).expect(0);
    world.stepwright(&["destroy", file, "--yes"]).expect(0);
    ECS_TASK.assert_is_gone(&world.in_account());
    world.assert_state_is_empty(&ECS_TASK);
}
