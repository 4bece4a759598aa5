//! What changed outside: `before` is what was recorded, `after` what is live.

use serde_json::{Value as Json, json};

use crate::plan::{Change, Reason};
use crate::render::json::change::{head, sides, whole};
use crate::render::json::value::show;
use crate::render::mask::{Mask, mask};
use crate::schema::{Difference, Field};
use crate::value::{Map, Segment, Value};

/// An element of `resource_drift`.
pub(super) fn drift(change: &Change) -> Json {
    let schema = change.kind.schema();
    let attributes = &change.before_attributes;
    let live = change.before.clone().unwrap_or(Value::Map(Map::new()));
    let mut object = head(&change.address);
    let detail = if change.reasons.contains(&Reason::Missing) {
        let opposite = change.after.as_ref().map(|after| (after, attributes));
        let recorded = change.before.as_ref().map(|before| whole(schema, before, attributes, opposite));
        sides(&["delete"], recorded.as_ref(), None)
    } else {
        let mut recorded = live.clone();
        let left_alone = change.left_alone.iter().map(|left| &left.difference);
        for difference in left_alone.chain(&change.drift).rev() {
            undo(Some(schema), &mut recorded, &difference.path.0, difference);
        }
        let before = whole(schema, &recorded, attributes, Some((&live, attributes)));
        // What a secret was changed to is as secret as what is to be there again.
        let live = mask(Some(schema), &live, change.after.as_ref());
        let after = whole(schema, &live, attributes, Some((&recorded, attributes)));
        sides(&["update"], Some(&before), Some(&after))
    };
    object.insert("change".to_owned(), detail);
    object.insert("fields".to_owned(), fields(change));
    Json::Object(object)
}

/// Each changed field by its path, with whose it is: `ours` is put back by an apply, the others are left alone.
fn fields(change: &Change) -> Json {
    let mask = Mask::of_change(change);
    let field = |difference: &Difference, owner: Json| {
        let (old, new) = mask.difference(difference);
        let show = |value: Option<Value>| value.map(|value| show(&value).value).unwrap_or_default();
        let is_sensitive = difference.sensitive;
        json!({
            "path": mask.path(&difference.path),
            "before": show(old),
            "after": show(new),
            "sensitive": is_sensitive,
            "owner": owner,
        })
    };
    let ours = change.drift.iter().map(|difference| field(difference, "ours".into()));
    let left_alone = change.left_alone.iter().map(|left| field(&left.difference, json!(left.because)));
    ours.chain(left_alone).collect()
}

/// Puts the older value of `difference` back at `path` of `value`.
fn undo(field: Option<&Field>, value: &mut Value, path: &[Segment], difference: &Difference) {
    let Some((first, rest)) = path.split_first() else {
        if let Some(old) = &difference.old {
            *value = old.clone();
        }
        return;
    };
    match (first, value) {
        (Segment::Key(key), Value::Map(map)) => {
            if rest.is_empty() && difference.old.is_none() {
                map.shift_remove(key);
                return;
            }
            let member = map.entry(key.clone()).or_insert_with(|| empty_for(rest));
            undo(field.and_then(|field| field.member(key)), member, rest, difference);
            // In normal form a table or list that became empty is left out.
            if difference.old.is_none() && member.is_empty() {
                map.shift_remove(key);
            }
        }
        (Segment::Index(index), Value::List(items)) => match (items.get_mut(*index), &difference.old) {
            (Some(_), None) if rest.is_empty() => {
                items.remove(*index);
            }
            (Some(item), _) => undo(field.and_then(Field::item), item, rest, difference),
            (None, Some(old)) if rest.is_empty() => items.push(old.clone()),
            (None, _) => {}
        },
        (Segment::Element(name), Value::List(items)) => {
            let identity = field.and_then(|field| field.rules.identity.as_deref());
            let is_it = |item: &Value| match identity.and_then(|identity| item.get(identity)) {
                Some(Value::String(text)) => text == name,
                Some(other) => serde_json::to_string(other).is_ok_and(|text| text == *name),
                None => Some(item) == difference.new.as_ref(),
            };
            match (items.iter().position(is_it), &difference.old) {
                (Some(at), None) if rest.is_empty() => {
                    items.remove(at);
                }
                (Some(at), _) => undo(field.and_then(Field::item), &mut items[at], rest, difference),
                (None, Some(old)) if rest.is_empty() => items.push(old.clone()),
                (None, _) => {}
            }
        }
        _ => {}
    }
}

fn empty_for(path: &[Segment]) -> Value {
    match path.first() {
        Some(Segment::Index(_) | Segment::Element(_)) => Value::List(Vec::new()),
        Some(Segment::Key(_)) => Value::Map(Map::new()),
        None => Value::Null,
    }
}
