//! A run that is killed at any moment leaves nothing that the next run can't put right.
//!
//! The endpoint kills the process (SIGKILL) at its n-th AWS call, right before the call takes effect or right
//! after it did and before the process hears of it; n goes up from 1 until a run comes through.

use crate::support::World;
use crate::support::fixture::ECS_TASK;

const CHANGED: &[&str] = &["apply", ECS_TASK.file, "--yes", ECS_TASK.change[0], ECS_TASK.change[1]];

#[test]
fn before_each_call_of_a_creation() {
    killed_at_each_call("kill-before", &[], &["apply", ECS_TASK.file, "--yes"]);
}

#[test]
fn after_each_call_of_a_creation() {
    killed_at_each_call("kill-after", &[], &["apply", ECS_TASK.file, "--yes"]);
}

#[test]
fn before_each_call_of_a_change() {
    killed_at_each_call("kill-before", &["apply", ECS_TASK.file, "--yes"], CHANGED);
}

#[test]
fn after_each_call_of_a_change() {
    killed_at_each_call("kill-after", &["apply", ECS_TASK.file, "--yes"], CHANGED);
}

#[test]
fn before_each_call_of_a_destruction() {
    killed_at_each_call("kill-before", &["apply", ECS_TASK.file, "--yes"], &["destroy", ECS_TASK.file, "--yes"]);
}

#[test]
fn after_each_call_of_a_destruction() {
    killed_at_each_call("kill-after", &["apply", ECS_TASK.file, "--yes"], &["destroy", ECS_TASK.file, "--yes"]);
}

/// For n = 1, 2, …: does `before` undisturbed, `killed` killed at its n-th call, then `killed` again.
fn killed_at_each_call(kind: &str, before: &[&str], killed: &[&str]) {
    for nth in 1.. {
        assert!(nth < 500, "{killed:?} never comes through");
        let world = World::of(&ECS_TASK);
        if !before.is_empty() {
            world.stepwright(before).expect(0);
        }
        world.endpoint.set_faults(&[&format!("{kind},comm=stepwright,nth={nth}")]);
        world.endpoint.forget_calls();
        let outcome = world.stepwright(killed);
        // The endpoint writes a call down a moment after it has killed its caller.
        let last = if outcome.code.is_none() { Some(world.endpoint.wait_for_fault()) } else { None };
        let Some(last) = last else {
            outcome.expect(0);
            assert!(nth > 1, "{killed:?} made no call");
            return;
        };
        world.endpoint.set_faults(&[]);

        let again = world.stepwright(killed);
        assert_eq!(again.code, Some(0), "{kind} at call {nth}, {}: {again}", last.action);
        if killed[0] == "destroy" {
            ECS_TASK.assert_is_gone(&world.in_account());
            world.assert_state_is_empty(&ECS_TASK);
            continue;
        }
        ECS_TASK.assert_is_all(&world.in_account());
        let plan: Vec<&str> =
            std::iter::once("plan").chain(killed[1..].iter().copied().filter(|word| *word != "--yes")).collect();
        let plan = world.stepwright(&[plan.as_slice(), &["--detailed-exitcode"]].concat());
        assert_eq!(plan.code, Some(0), "not empty after {kind} at call {nth}, {}: {plan}", last.action);
        world.stepwright(&["destroy", ECS_TASK.file, "--yes"]).expect(0);
        ECS_TASK.assert_is_gone(&world.in_account());
    }
}
