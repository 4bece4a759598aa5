//! Adjustments before a comparison: what AWS can't tell back, what is not managed, what is ignored, what is secret.

use crate::schema::{Field, Shape};
use crate::value::{Map, Secret, Value};

/// Makes every text of `value` that equals a secret of `likes` a secret itself, so that the two compare by digest.
pub fn seal(value: &mut Value, likes: [Option<&Value>; 2], digest: &impl Fn(&str) -> String) {
    let mut digests = std::collections::BTreeSet::new();
    for like in likes.into_iter().flatten() {
        like.visit(&mut |_, leaf| {
            if let Value::Secret(secret) = leaf {
                digests.insert(secret.digest().to_owned());
            }
        });
    }
    if digests.is_empty() {
        return;
    }
    *value = value.map_leaves(&mut |leaf| match leaf {
        Value::String(text) => {
            let digest = digest(text);
            if digests.contains(&digest) { Value::Secret(Secret::new(text.clone(), digest)) } else { leaf.clone() }
        }
        _ => leaf.clone(),
    });
}

/// Takes over from `recorded` what AWS never tells back.
pub fn keep_write_only(schema: &Field, live: &mut Value, recorded: Option<&Value>) {
    let Some(map) = live.as_map_mut() else { return };
    for (key, _) in schema.fields().filter(|(_, field)| field.rules.write_only) {
        match recorded.and_then(|recorded| recorded.get(key)) {
            Some(value) => map.insert(key.clone(), value.clone()),
            None => map.shift_remove(key),
        };
    }
}

/// Where `desired` says nothing of a field whose default is not fixed, what is there stays.
pub fn keep_unmanaged(schema: &Field, desired: &mut Value, before: &Value) {
    let (Shape::Object { fields, .. }, Value::Map(desired), Value::Map(before)) = (&schema.shape, desired, before) else {
        return;
    };
    for (key, field) in fields {
        let Some(there) = before.get(key) else { continue };
        match desired.get_mut(key) {
            Some(wanted) => keep_unmanaged(field, wanted, there),
            None if field.rules.unmanaged => {
                desired.insert(key.clone(), there.clone());
            }
            None => {}
        }
    }
}

/// Makes `desired` at `path` what `before` has there, as `lifecycle.ignore_changes` asks.
///
/// A path is `tags`, `tags.owner` or `container_definitions[report].image`.
pub fn keep_path(schema: &Field, path: &str, desired: &mut Value, before: &Value) {
    let steps: Vec<&str> = path.split(['.', '[', ']']).filter(|step| !step.is_empty()).collect();
    keep_steps(schema, &steps, desired, Some(before));
}

fn keep_steps(field: &Field, steps: &[&str], desired: &mut Value, before: Option<&Value>) {
    let Some((step, rest)) = steps.split_first() else { return };
    match (&field.shape, desired) {
        (Shape::Object { .. } | Shape::Map { .. }, Value::Map(map)) => {
            let there = before.and_then(|before| before.get(step));
            match (rest.is_empty(), there, field.member(step)) {
                (true, Some(there), _) => {
                    map.insert((*step).to_owned(), there.clone());
                }
                (true, None, _) => {
                    map.shift_remove(*step);
                }
                (false, there, Some(member)) => {
                    let nested = map.entry((*step).to_owned()).or_insert_with(|| Value::Map(Map::new()));
                    keep_steps(member, rest, nested, there);
                }
                (false, _, None) => {}
            }
        }
        (Shape::List { item, .. }, Value::List(items)) => {
            let Some(identity) = &field.rules.identity else { return };
            let is_meant = |value: &Value| value.text(identity) == Some(step);
            let there = before.and_then(|before| before.items().iter().find(|value| is_meant(value)));
            for element in items.iter_mut().filter(|value| is_meant(value)) {
                keep_steps(item, rest, element, there);
            }
        }
        _ => {}
    }
}
