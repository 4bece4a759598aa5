//! What must not be done is refused before the first change, and the refusal says why.

use std::time::Duration;

use crate::support::World;
use crate::support::fixture::ECS_TASK;

const FILE: &str = ECS_TASK.file;

/// Fails if any call was made that could change something.
#[track_caller]
fn assert_unchanged(world: &World) {
    let changes: Vec<_> = world.endpoint.calls().into_iter().filter(|call| call.is_change() && call.service != "sts").collect();
    assert!(changes.is_empty(), "{changes:#?}");
}

#[test]
fn without_a_terminal_and_without_yes() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", FILE]).expect(1).says(&["--yes"]);
    assert_unchanged(&world);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.endpoint.forget_calls();
    world.stepwright(&["destroy", FILE]).expect(1).says(&["--yes"]);
    assert_unchanged(&world);
}

#[test]
fn a_plan_file_whose_state_has_moved() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["plan", FILE, "--out", "saved.plan"]).expect(0);
    world.stepwright(&["apply", "saved.plan", "--yes"]).expect(0);
    world.endpoint.forget_calls();
    let refused = world.stepwright(&["apply", "saved.plan", "--yes"]).expect(1);
    refused.says(&["cluster.main: the saved plan says create, now it would be no change"]);
    assert_unchanged(&world);
}

#[test]
fn a_plan_file_whose_stack_has_changed() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["plan", FILE, "--out", "saved.plan"]).expect(0);
    world.edit(FILE, "busybox:1.37", "busybox:1.36");
    world.stepwright(&["apply", "saved.plan", "--yes"]).expect(1).says(&[FILE]);
    assert_unchanged(&world);
}

#[test]
fn another_account() {
    let world = World::of(&ECS_TASK);
    world.edit(FILE, "[variables]", "allowed_account_ids = [\"999999999999\"]\n\n[variables]");
    world.stepwright(&["apply", FILE, "--yes"]).expect(1).says(&["123456789012", "999999999999"]);
    assert_unchanged(&world);
}

#[test]
fn a_destroy_in_another_account_though_the_stack_is_broken_elsewhere() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.edit(FILE, "[variables]", "allowed_account_ids = [\"999999999999\"]\n\n[variables]\nmissing = {}");
    world.stepwright(&["destroy", FILE, "--yes"]).expect(1).says(&["123456789012", "999999999999"]);
    ECS_TASK.assert_is_all(&world.in_account());
}

#[test]
fn a_name_that_is_taken_by_someone_else() {
    let world = World::of(&ECS_TASK);
    world.endpoint.account("prepare");
    world.edit(FILE, "[cluster.main]", "[cluster.main]\nname = \"shared\"");
    world.stepwright(&["apply", FILE, "--yes"]).expect(1).says(&["shared"]);
    let tags = &world.endpoint.account("show")["clusters"]["shared"]["tags"];
    assert_eq!(tags.as_object().map(serde_json::Map::len), Some(0), "it was adopted silently: {tags}");
}

#[test]
fn a_state_machine_whose_role_may_not_await_the_task() {
    let world = World::of(&ECS_TASK);
    world.edit(FILE, "\"events:PutTargets\", \"events:PutRule\", ", "");
    let outcome = world.stepwright(&["apply", FILE, "--yes"]).expect(1);
    outcome.says(&["events:PutTargets", "events:PutRule"]);
    assert!(outcome.elapsed < Duration::from_secs(30), "a permission that is really missing is not waited for: {outcome}");
}

#[test]
fn a_permission_that_the_caller_lacks() {
    let world = World::of(&ECS_TASK);
    let message =
        "User:_arn:aws:iam::123456789012:user/ci_is_not_authorized_to_perform:_states:CreateStateMachine_on_resource:_x";
    world.endpoint.set_faults(&[&format!("error,action=CreateStateMachine,code=AccessDeniedException,message={message}")]);
    let outcome = world.stepwright(&["apply", FILE, "--yes"]).expect(1);
    outcome.says(&["states:CreateStateMachine", "state_machine.nightly"]);
    assert!(outcome.elapsed < Duration::from_secs(30), "it was waited for: {outcome}");
    let tries = world.endpoint.calls().iter().filter(|call| call.action == "CreateStateMachine").count();
    assert_eq!(tries, 1, "what is refused for good is asked once");

    world.endpoint.set_faults(&[]);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    ECS_TASK.assert_is_all(&world.in_account());
}

#[test]
fn a_stack_full_of_mistakes_tells_all_of_them() {
    let world = World::new();
    world.write(
        "broken.toml",
        "[stack]\nname = \"broken\"\n\n[cluster.main]\nnmae = \"x\"\n\n[role.workflow]\nassume_role_policy_document = 3\n\n\
         [state_machine.nightly]\nrole_arn = \"${role.wrokflow.arn}\"\ndefinition = { file = \"missing.asl.json\" }\n",
    );
    let outcome = world.stepwright(&["validate", "broken.toml"]).expect(1);
    outcome.says(&["nmae", "broken.toml:5", "broken.toml:8", "broken.toml:11", "role.workflow", "broken.toml:12"]);
    assert!(world.endpoint.calls().is_empty(), "validation asks nobody");
}
