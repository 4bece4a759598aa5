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
    *value = value.map_leaves(&mut |leaf| match secret_of(leaf, digest) {
        Some(secret) if digests.contains(secret.digest()) => Value::Secret(secret),
        _ => leaf.clone(),
    });
}

/// Makes every secret of `sealed` what it is in `original`, where `desired` says the same in clear and has no such secret:
/// its variable is sensitive no longer.
pub fn unseal(sealed: &mut Value, original: &Value, desired: &Value) {
    let (mut digests, mut in_clear) = (std::collections::BTreeSet::new(), Vec::new());
    desired.visit(&mut |_, leaf| match leaf {
        Value::Secret(secret) => {
            digests.insert(secret.digest().to_owned());
        }
        Value::String(_) | Value::Number(_) | Value::Bool(_) => in_clear.push(leaf.clone()),
        _ => {}
    });
    unseal_leaves(sealed, original, &|secret, text| !digests.contains(secret.digest()) && in_clear.contains(text));
}

fn unseal_leaves(sealed: &mut Value, original: &Value, is_in_clear: &impl Fn(&Secret, &Value) -> bool) {
    match (&mut *sealed, original) {
        (Value::Secret(secret), original) if is_in_clear(secret, original) => *sealed = original.clone(),
        (Value::Map(map), Value::Map(originals)) => {
            for (key, value) in map {
                if let Some(original) = originals.get(key) {
                    unseal_leaves(value, original, is_in_clear);
                }
            }
        }
        (Value::List(items), Value::List(originals)) => {
            items.iter_mut().zip(originals).for_each(|(value, original)| unseal_leaves(value, original, is_in_clear));
        }
        _ => {}
    }
}

/// `value`, everything that it says a secret if `is_sensitive`.
pub fn sealed_if(is_sensitive: bool, value: &Value, digest: &impl Fn(&str) -> String) -> Value {
    value.map_leaves(&mut |leaf| match secret_of(leaf, digest) {
        Some(secret) if is_sensitive => Value::Secret(secret),
        _ => leaf.clone(),
    })
}

/// `leaf` as the secret that a sensitive variable of this value would be.
fn secret_of(leaf: &Value, digest: &impl Fn(&str) -> String) -> Option<Secret> {
    let text = match leaf {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    let digest = digest(&text);
    Some(Secret::new(text, digest))
}

/// Makes every text of `value` a secret where `like` has one in the same place: what AWS tells there is an older
/// or a foreign value of the same sensitive field.
pub fn seal_opposite(field: &Field, value: &mut Value, like: &Value, digest: &impl Fn(&str) -> String) {
    match (value, like) {
        (value, like) if like.is_secret() => {
            *value = sealed_if(true, value, digest);
        }
        (Value::Map(map), Value::Map(likes)) => {
            for (key, value) in map {
                let Some(like) = likes.get(key) else { continue };
                seal_opposite(field.member(key).unwrap_or(field), value, like, digest);
            }
        }
        (Value::List(items), Value::List(likes)) => {
            let item_field = field.item().unwrap_or(field);
            for (index, value) in items.iter_mut().enumerate() {
                match opposite(field, index, value, likes) {
                    Opposite::Element(like) => seal_opposite(item_field, value, like, digest),
                    Opposite::Any => *value = sealed_if(true, value, digest),
                    Opposite::Nothing => {}
                }
            }
        }
        // One text opposite a list of them, or the like: it may well stand for the secret in there.
        (value, like) if like.has_secret() => *value = sealed_if(true, value, digest),
        _ => {}
    }
}

/// What stands for an element of one list in another.
enum Opposite<'a> {
    Element(&'a Value),
    /// It may be any of them, the secret ones too.
    Any,
    Nothing,
}

fn opposite<'a>(list: &Field, index: usize, value: &Value, likes: &'a [Value]) -> Opposite<'a> {
    if let Some(identity) = list.rules.identity.as_deref()
        && let Some(name) = value.text(identity)
    {
        let named = likes.iter().find(|like| like.text(identity) == Some(name));
        return named.map_or(Opposite::Nothing, Opposite::Element);
    }
    if !likes.iter().any(Value::has_secret) || likes.contains(value) {
        return Opposite::Nothing;
    }
    // Inside a policy the statements of one Sid belong together, wherever they stand.
    if let Some(sid) = value.text("Sid") {
        let mut same = likes.iter().filter(|like| like.text("Sid") == Some(sid));
        if let (Some(like), None) = (same.next(), same.next()) {
            return Opposite::Element(like);
        }
    }
    match likes.get(index) {
        Some(like) if like.has_secret() => Opposite::Element(like),
        _ => Opposite::Any,
    }
}

/// Takes over from `recorded` what AWS never tells back.
///
/// Where a run was interrupted, nobody knows whether what `desired` has was sent: it is sent again.
pub fn keep_write_only(schema: &Field, live: &mut Value, recorded: Option<&Value>, interrupted: Option<&Value>) {
    let Some(map) = live.as_map_mut() else { return };
    for (key, _) in schema.fields().filter(|(_, field)| field.rules.write_only) {
        let value = recorded.and_then(|recorded| recorded.get(key));
        let is_doubtful = interrupted.is_some_and(|desired| desired.get(key) == value);
        match value.filter(|_| !is_doubtful) {
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
            None => {
                let mut kept = Value::Map(Map::new());
                keep_unmanaged(field, &mut kept, there);
                if !kept.is_empty() {
                    desired.insert(key.clone(), kept);
                }
            }
        }
    }
}

/// Takes out of `value` what is not managed: where a field's default is not fixed and `declared` says nothing of it.
/// Without anything declared, nothing is known of what is.
pub fn release_unmanaged(schema: &Field, value: &mut Value, declared: Option<&Value>) {
    let (Shape::Object { fields, .. }, Value::Map(map), Some(declared)) = (&schema.shape, value, declared) else { return };
    for (key, field) in fields {
        match declared.get(key) {
            None if field.rules.unmanaged => {
                map.shift_remove(key);
            }
            said => {
                if let Some(member) = map.get_mut(key) {
                    let nothing = Value::Map(Map::new());
                    release_unmanaged(field, member, Some(said.unwrap_or(&nothing)));
                }
            }
        }
    }
}

/// Makes `desired` at `path` what `before` has there, as `lifecycle.ignore_changes` asks.
///
/// A path is `tags`, `tags.owner` or `container_definitions[report].image`.
pub fn keep_path(schema: &Field, path: &str, desired: &mut Value, before: &Value) {
    keep_steps(schema, &steps_of(path), desired, Some(before));
}

/// `a[b.c].d` is a, b.c and d: what stands in brackets is one step, whatever is in it.
fn steps_of(path: &str) -> Vec<&str> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let end = if let Some(inside) = rest.strip_prefix('[') {
            steps.push(inside.split(']').next().unwrap_or_default());
            rest.find(']').map_or(rest.len(), |end| end + 1)
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            steps.push(&rest[..end]);
            end
        };
        rest = rest[end..].strip_prefix('.').unwrap_or(&rest[end..]);
    }
    steps.retain(|step| !step.is_empty());
    steps
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
            // Of an element that is new, nothing can be left as it is.
            if there.is_none() {
                return;
            }
            for element in items.iter_mut().filter(|value| is_meant(value)) {
                keep_steps(item, rest, element, there);
            }
        }
        _ => {}
    }
}
