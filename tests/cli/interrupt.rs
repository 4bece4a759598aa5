//! Ctrl-C, once and twice, and two runs at a time.

use crate::support::World;
use crate::support::fixture::ECS_TASK;

/// Long enough to be in the middle of a run.
const LATENCY_MS: u32 = 800;

const APPLY: &[&str] = &["apply", ECS_TASK.file, "--yes"];

#[test]
fn once_lets_calls_in_flight_finish() {
    let world = World::of(&ECS_TASK);
    world.endpoint.set_latency_ms(LATENCY_MS);
    let running = world.start(APPLY);
    world.endpoint.wait_for_call("CreateRole");
    running.interrupt();
    let outcome = running.wait().expect(130);
    let later = world.endpoint.calls().iter().filter(|call| call.action == "CreateStateMachine").count();
    assert_eq!(later, 0, "nothing new is started: {outcome}");
    completes(&world);
}

#[test]
fn twice_leaves_at_once() {
    let world = World::of(&ECS_TASK);
    world.endpoint.set_latency_ms(LATENCY_MS);
    let running = world.start(APPLY);
    world.endpoint.wait_for_call("CreateRole");
    running.interrupt();
    std::thread::sleep(std::time::Duration::from_millis(50));
    running.interrupt();
    running.wait().expect(130);
    completes(&world);
}

#[test]
fn a_second_run_is_told_who_holds_the_state() {
    let world = World::of(&ECS_TASK);
    world.endpoint.set_latency_ms(LATENCY_MS);
    let running = world.start(APPLY);
    world.endpoint.wait_for_call("CreateRole");
    world.stepwright(APPLY).expect(1).says(&["lock"]);
    running.wait().expect(0);
    completes(&world);
}

/// The next run does the rest: no orphan, no duplicate.
fn completes(world: &World) {
    world.endpoint.set_latency_ms(0);
    world.stepwright(APPLY).expect(0);
    ECS_TASK.assert_is_all(&world.in_account());
    world.stepwright(&["plan", ECS_TASK.file, "--detailed-exitcode"]).expect(0);
}
