//! Whether specs that mean the same are equal: pairs written by hand, and properties of specs made at random.

use proptest::prelude::*;
use serde_json::Value as Json;

use crate::resource::{self, ResourceType};
use crate::resources::{self, ALL};
use crate::schema::arbitrary::{Dice, changed_leaf, spec, told_otherwise};
use crate::schema::{Difference, differences};
use crate::value::Value;

#[path = "../../tests/cli/support/pairs.rs"]
mod pairs;

fn between(kind: &dyn ResourceType, a: &Value, b: &Value) -> Vec<Difference> {
    differences(kind.schema(), Some(a), Some(b))
}

#[test]
fn every_pair_means_what_is_said() {
    let mut wrong = Vec::new();
    for pair in pairs::pairs() {
        let kind = resources::find(pair.resource_type).expect("a type");
        let normal = |json: &Json| resource::normalise(kind, &Value::from(json.clone()));
        let (a, b) = (normal(&pair.a), normal(&pair.b));
        let (there, back) = (between(kind, &a, &b), between(kind, &b, &a));
        if there.is_empty() != pair.is_equal || back.is_empty() != pair.is_equal {
            let paths: Vec<String> = there.iter().map(|difference| difference.path.to_string()).collect();
            wrong.push(format!("{}: expected equal = {}, found differences at {paths:?}", pair.reason, pair.is_equal));
        }
    }
    assert!(wrong.is_empty(), "{} pairs are judged wrongly:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn there_are_many_pairs_and_each_has_its_own_reason() {
    let pairs = pairs::pairs();
    assert!(pairs.iter().filter(|pair| pair.offline.is_some()).count() * 10 < pairs.len(), "nearly all can be applied");
    let mut reasons: Vec<String> = pairs.iter().map(|pair| format!("{} {}", pair.reason, pair.is_equal)).collect();
    reasons.sort();
    let count = reasons.len();
    reasons.dedup();
    assert_eq!(reasons.len(), count, "a reason is given twice");
    for (name, least) in [
        ("trust", 30),
        ("identity", 30),
        ("container", 60),
        ("task", 30),
        ("state_machine", 15),
        ("cluster", 15),
        ("log_group", 10),
    ] {
        let found = pairs.iter().filter(|pair| pair.reason.starts_with(&format!("{name}:"))).count();
        assert!(found >= least, "{found} pairs of {name}");
    }
}

/// A type and a spec of it, not normalised.
fn any_spec() -> impl Strategy<Value = (usize, Value)> {
    (0..ALL.len()).prop_flat_map(|kind| (Just(kind), spec(ALL[kind].schema())))
}

/// A type and two specs of it.
fn two_specs() -> impl Strategy<Value = (usize, Value, Value)> {
    (0..ALL.len()).prop_flat_map(|kind| (Just(kind), spec(ALL[kind].schema()), spec(ALL[kind].schema())))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn normalising_twice_is_normalising_once((kind, spec) in any_spec()) {
        let once = resource::normalise(ALL[kind], &spec);
        prop_assert_eq!(resource::normalise(ALL[kind], &once), once);
    }

    #[test]
    fn a_spec_equals_itself((kind, spec) in any_spec()) {
        let normal = resource::normalise(ALL[kind], &spec);
        prop_assert_eq!(between(ALL[kind], &normal, &normal), []);
    }

    #[test]
    fn differences_are_the_same_both_ways((kind, a, b) in two_specs()) {
        let (a, b) = (resource::normalise(ALL[kind], &a), resource::normalise(ALL[kind], &b));
        let paths = |differences: Vec<Difference>| {
            let mut paths: Vec<String> = differences.iter().map(|difference| difference.path.to_string()).collect();
            paths.sort();
            paths
        };
        prop_assert_eq!(paths(between(ALL[kind], &a, &b)), paths(between(ALL[kind], &b, &a)));
    }

    #[test]
    fn order_defaults_and_empty_members_say_nothing((kind, spec) in any_spec(), seed: u64) {
        let otherwise = told_otherwise(ALL[kind].schema(), &spec, &mut Dice::new(seed));
        let (a, b) = (resource::normalise(ALL[kind], &spec), resource::normalise(ALL[kind], &otherwise));
        prop_assert_eq!(between(ALL[kind], &a, &b), []);
        prop_assert_eq!(between(ALL[kind], &b, &a), []);
    }

    #[test]
    fn one_changed_leaf_is_one_difference_at_its_path((kind, spec) in any_spec(), seed: u64) {
        let normal = resource::normalise(ALL[kind], &spec);
        if let Some((path, changed)) = changed_leaf(ALL[kind].schema(), &normal, &mut Dice::new(seed)) {
            // Some members say what others are by default.
            let is_coupled = ["network_mode", "trusted_execution_configuration", "devices", "log_group_class"].iter().any(|member| path.to_string().contains(member));
            let changed = if is_coupled { changed } else { resource::normalise(ALL[kind], &changed) };
            let found: Vec<String> = between(ALL[kind], &normal, &changed).iter().map(|difference| difference.path.to_string()).collect();
            prop_assert_eq!(found, [path.to_string()]);
        }
    }
}
