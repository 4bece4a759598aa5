//! What means the same plans as nothing, and what does not shows: each pair of tests/fixtures/equality by the command line.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::support::World;
use crate::support::pairs::{Pair, pairs};

const STACK: &str = "stack.toml";

/// The roles and the stack that all pairs stand in.
const HEAD: &str = r#"
[stack]
name = "pairs"
region = "eu-central-1"

[role.machine]
assume_role_policy_document = { Version = "2012-10-17", Statement = { Effect = "Allow", Principal = { Service = "states.amazonaws.com" }, Action = "sts:AssumeRole" } }

[role.x]
name = "x"
assume_role_policy_document = { Version = "2012-10-17", Statement = { Effect = "Allow", Principal = { Service = "ecs-tasks.amazonaws.com" }, Action = "sts:AssumeRole" } }
"#;

/// One side of all pairs, a resource each. Every other document stands in a file of its own.
fn write(world: &World, pairs: &[Pair], side: impl Fn(&Pair) -> &Json, name: &str) {
    let mut text = HEAD.to_owned();
    for (number, pair) in pairs.iter().enumerate() {
        let mut spec = side(pair).clone();
        if number % 2 == 1 {
            into_files(world, &mut spec, &format!("{name}{number}"));
        }
        let table = json!({ pair.resource_type: { format!("p{number}"): spec } });
        let toml = toml::to_string(&table).expect("TOML");
        writeln!(text, "\n# {}\n{toml}", pair.reason).expect("a string takes all");
    }
    world.write(STACK, &text);
}

fn into_files(world: &World, spec: &mut Json, name: &str) {
    let documents = ["/assume_role_policy_document", "/inline_policies/policy", "/definition"];
    for (number, pointer) in documents.into_iter().enumerate() {
        if let Some(document) = spec.pointer_mut(pointer) {
            let file = format!("{name}-{number}.json");
            world.write(&file, &document.to_string());
            *document = json!({ "file": file });
        }
    }
}

fn changed(world: &World) -> BTreeSet<String> {
    world.planned(&[STACK]).into_iter().map(|(address, _)| address).collect()
}

#[test]
fn a_plan_shows_the_pairs_that_differ_and_no_other() {
    let world = World::new();
    let pairs: Vec<Pair> = pairs().into_iter().filter(|pair| pair.offline.is_none()).collect();
    let apply = ["apply", STACK, "--yes"];
    write(&world, &pairs, |pair| &pair.a, "a");
    world.stepwright(&apply).expect(0);
    world.stepwright(&["plan", STACK, "--detailed-exitcode"]).expect(0);

    write(&world, &pairs, |pair| &pair.b, "b");
    let shown = changed(&world);
    let wrong: Vec<&str> = pairs
        .iter()
        .enumerate()
        .filter(|(number, pair)| shown.contains(&format!("{}.p{number}", pair.resource_type)) == pair.is_equal)
        .map(|(_, pair)| pair.reason.as_str())
        .collect();
    assert!(wrong.is_empty(), "of {} pairs these are judged wrongly: {wrong:#?}", pairs.len());
    assert_eq!(shown.len(), pairs.iter().filter(|pair| !pair.is_equal).count(), "nothing else is shown");

    // What was shown is done, and then there is nothing to show, whichever way it is written.
    world.stepwright(&apply).expect(0);
    world.stepwright(&["plan", STACK, "--detailed-exitcode"]).expect(0);
}
