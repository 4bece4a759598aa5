//! Whatever is valid: applied, it is what the plan wanted, and nothing differs.
//!
//! `STEPWRIGHT_SEEDS` says how many stacks (3), `STEPWRIGHT_FIRST_SEED` from which on (0).

use crate::support::World;
use crate::support::random;

#[test]
fn nothing_differs_after_an_apply() {
    let number = |name: &str, otherwise: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let first = number("STEPWRIGHT_FIRST_SEED", 0);
    for seed in first..first + number("STEPWRIGHT_SEEDS", 3) {
        let world = World::new();
        let mut stack = random::stack(seed);
        stack["role"]["all"] = random::role_of_all();
        world.write("stack.toml", &toml::to_string(&stack).expect("TOML"));
        let told = |outcome: crate::support::world::Outcome| {
            assert_eq!(outcome.code, Some(0), "seed {seed}: {outcome}\n{}", world.read("stack.toml"));
            outcome
        };
        told(world.stepwright(&["apply", "stack.toml", "--yes"]));
        told(world.stepwright(&["plan", "stack.toml", "--detailed-exitcode"]));
        told(world.stepwright(&["drift", "stack.toml"]));
        // Without its state, all of it is recognised as it is.
        std::fs::remove_file(world.path(&format!("state/random-{seed}.json"))).expect("a state");
        let again = told(world.stepwright(&["plan", "stack.toml", "--format", "json"])).json();
        let changes = again["resource_changes"].as_array().expect("changes");
        let differing: Vec<_> = changes.iter().filter(|it| it["change"]["actions"] != serde_json::json!(["no-op"])).collect();
        assert!(differing.is_empty(), "seed {seed}: {differing:#?}");
        told(world.stepwright(&["apply", "stack.toml", "--yes"]));
        told(world.stepwright(&["destroy", "stack.toml", "--yes"]));
    }
}
