//! A saved plan is a promise: what it touches must be as it was, and what it does not touch may change.

use serde_json::json;

use crate::support::World;
use crate::support::fixture::ECS_TASK;

const FILE: &str = ECS_TASK.file;
const PLAN: &str = "saved.plan";

/// Applied, and the plan of the next image saved.
fn saved() -> World {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.stepwright(&[&["plan", FILE, "--out", PLAN], ECS_TASK.change].concat()).expect(0);
    world
}

#[test]
fn changes_elsewhere_do_not_invalidate_it() {
    let world = saved();
    world.call("iam", "update_role", json!({ "RoleName": "nightly-report-task", "Description": "by hand" }));
    world.endpoint.forget_calls();
    world.stepwright(&["apply", PLAN]).expect(0);
    let actions: Vec<String> = world.endpoint.calls().into_iter().map(|call| call.action).collect();
    assert!(!actions.iter().any(|action| action == "GetRole"), "only what it touches is read: {actions:?}");
    // The drift is still there, for another plan.
    let changed = [&[FILE], ECS_TASK.change].concat();
    assert_eq!(world.planned(&changed), [("role.task".to_owned(), vec!["update".to_owned()])]);
}

#[test]
fn another_run_elsewhere_does_not_invalidate_it() {
    let world = saved();
    world.call("iam", "update_role", json!({ "RoleName": "nightly-report-task", "Description": "by hand" }));
    world.stepwright(&["apply", FILE, "--target", "role.task", "--yes"]).expect(0);
    world.stepwright(&["apply", PLAN]).expect(0);
    world.stepwright(&[&["plan", FILE, "--detailed-exitcode"], ECS_TASK.change].concat()).expect(0);
}

#[test]
fn what_it_touches_must_be_as_it_was() {
    let world = saved();
    let machine = "arn:aws:states:eu-central-1:123456789012:stateMachine:nightly-report-nightly";
    let update = json!({ "stateMachineArn": machine, "tracingConfiguration": { "enabled": true } });
    world.call("stepfunctions", "update_state_machine", update);
    world.endpoint.forget_calls();
    world.stepwright(&["apply", PLAN]).expect(1).says(&[
        "saved.plan is no longer what would be done",
        "state_machine.nightly: before.tracing_configuration: the saved plan has nothing, now it is {\"enabled\":true}",
    ]);
    assert!(!world.endpoint.calls().iter().any(|call| call.is_change()), "nothing was done");
}

#[test]
fn it_is_applied_once() {
    let world = saved();
    world.stepwright(&["apply", PLAN]).expect(0);
    world
        .stepwright(&["apply", PLAN])
        .expect(1)
        .says(&["task_definition.report: the saved plan says create then delete, now it would be no change"]);
    ECS_TASK.assert_is_all(&world.in_account());
}

#[test]
fn a_value_that_is_not_shown_counts() {
    let world = World::new();
    let stack = "[stack]\nname = \"hidden\"\nregion = \"eu-central-1\"\n[variables]\nkey = { sensitive = true }\nsize = { default = \"256\" }\n\
                 [task_definition.a]\ncpu = \"${var.size}\"\nmemory = \"512\"\n\
                 [[task_definition.a.container_definitions]]\nname = \"a\"\nimage = \"busybox\"\n\
                 [cluster.c]\ntags = { key = \"${var.key}\", size = \"${var.size}\" }\n";
    world.write("stack.toml", stack);
    world.stepwright(&["apply", "stack.toml", "--yes", "--var", "key=hunter2"]).expect(0);
    world.stepwright(&["plan", "stack.toml", "--var", "key=hunter2", "--var", "size=512", "--out", PLAN]).expect(0);
    let arn = "arn:aws:ecs:eu-central-1:123456789012:cluster/hidden-c";
    world.call("ecs", "tag_resource", json!({ "resourceArn": arn, "tags": [{ "key": "key", "value": "hunter3" }] }));
    let refused = world.stepwright(&["apply", PLAN, "--var", "key=hunter2"]).expect(1);
    refused.says(&["cluster.c: what is live is not what it was when the plan was saved, in a value that is not shown"]);
    for text in [&refused.stdout, &refused.stderr, &world.read(PLAN)] {
        assert!(!text.contains("hunter"), "{text}");
    }
}

#[test]
fn a_refresh_can_be_saved() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.call("iam", "update_role", json!({ "RoleName": "nightly-report-task", "Description": "by hand" }));
    world.stepwright(&["plan", FILE, "--refresh-only", "--out", PLAN]).expect(0);
    world.stepwright(&["apply", PLAN]).expect(0);
    world.stepwright(&["drift", FILE]).expect(0);
}
