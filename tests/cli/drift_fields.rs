//! Each single field that somebody changes from outside: seen at its own path, and repaired.
//!
//! Each round makes one change to each resource, so that the whole matrix takes as many rounds as the longest has changes.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::support::World;

const STACK: &str = "stack.toml";

#[test]
fn every_field_is_seen_and_repaired() {
    let world = World::new();
    world.write(STACK, include_str!("../fixtures/drift/stack.toml"));
    let fields = world.endpoint.account("fields");
    world.stepwright(&["apply", STACK, "--yes"]).expect(0);
    world.stepwright(&["plan", STACK, "--detailed-exitcode"]).expect(0);

    let mut of_each: BTreeMap<&str, Vec<&Json>> = BTreeMap::new();
    for field in fields.as_array().expect("a list") {
        of_each.entry(field["address"].as_str().expect("an address")).or_default().push(field);
    }
    assert!(fields.as_array().is_some_and(|fields| fields.len() >= 50), "the matrix is whole");
    let rounds = of_each.values().map(Vec::len).max().unwrap_or_default();
    for round in 0..rounds {
        // The last of each is its deletion, and all are deleted in one round.
        let changes: Vec<&Json> = of_each
            .values()
            .filter_map(|changes| if round == rounds - 1 { changes.last() } else { changes[..changes.len() - 1].get(round) })
            .copied()
            .collect();
        for change in &changes {
            world.endpoint.account(&format!("field {}", change["name"].as_str().expect("a name")));
        }
        let plan = world.stepwright(&["plan", STACK, "--format", "json"]).expect(0).json();
        changes.iter().for_each(|change| assert_shown(&plan, change));
        world.stepwright(&["apply", STACK, "--yes"]).expect(0);
        let again = world.stepwright(&["plan", STACK, "--detailed-exitcode"]);
        assert_eq!(again.code, Some(0), "not repaired: {changes:?}\n{again}");
    }
}

/// The change is told as a reason, at exactly its path, and as drift; and nothing else of that resource is.
#[track_caller]
fn assert_shown(plan: &Json, change: &Json) {
    let of = |list: &str| {
        let found: Vec<Json> = plan[list]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|entry| entry["address"] == change["address"] && entry["change"]["actions"] != serde_json::json!(["no-op"]))
            .cloned()
            .collect();
        assert_eq!(found.len(), 1, "{list} of {change}: {found:#?}");
        found[0].clone()
    };
    let (planned, drifted) = (of("resource_changes"), of("resource_drift"));
    let reasons = planned["reasons"].as_array().expect("reasons");
    match &change["path"] {
        Json::Null => {
            assert_eq!(reasons, &[serde_json::json!({ "kind": "missing" })], "{change}");
            assert_eq!(drifted["change"]["actions"], serde_json::json!(["delete"]), "{change}");
        }
        path => {
            let told: Vec<(&Json, &Json)> = reasons.iter().map(|reason| (&reason["kind"], &reason["path"])).collect();
            assert_eq!(told, [(&serde_json::json!("drifted"), path)], "{change}");
            assert_eq!(drifted["change"]["actions"], serde_json::json!(["update"]), "{change}");
            assert_ne!(drifted["change"]["before"], drifted["change"]["after"], "{change}");
        }
    }
}
