//! One form for what the user wrote, what was recorded and what AWS says, so that comparing them is comparing values.

use crate::schema::{Field, Shape};
use crate::value::{Map, Value};

/// `value` in the normal form of `field`:
///
/// - members the field does not know, nulls, empty lists and empty tables are left out, as are values equal to AWS's default,
///   and empty texts where none is required: AWS takes them for none;
/// - members stand in the order of the struct, lists that AWS treats as sets are sorted, without repeats;
/// - `"3"` is 3 where an integer is wanted and 3 is `"3"` where a string is, so that a variable's type does not matter;
/// - a document given as JSON text is that JSON.
///
/// Idempotent. Pending strings and secrets pass through.
pub fn normalise(field: &Field, value: &Value) -> Value {
    match (&field.shape, value) {
        (_, Value::Pending(_) | Value::Null) => value.clone(),
        (Shape::Object { fields, required }, Value::Map(map)) => Value::Map(
            fields
                .iter()
                .filter_map(|(key, member)| {
                    let item = normalise(member, map.get(key)?);
                    let is_blank = item.as_str() == Some("") && !required.contains(key);
                    (!is_blank && !is_absent(member, &item)).then(|| (key.clone(), item))
                })
                .collect(),
        ),
        (Shape::Map { item: field }, Value::Map(map)) => {
            let mut entries: Vec<_> = map
                .iter()
                .map(|(key, item)| (key.clone(), normalise(field, item)))
                .filter(|(_, item)| !matches!(item, Value::Null))
                .collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Map(entries.into_iter().collect::<Map>())
        }
        (Shape::List { item: element, .. }, Value::List(items)) => {
            let mut items: Vec<Value> =
                items.iter().map(|item| normalise(element, item)).filter(|item| !item.is_empty()).collect();
            if field.rules.unordered {
                items.sort_by_cached_key(|item| sort_key(field, item));
                items.dedup();
            }
            Value::List(items)
        }
        (Shape::Document(_), Value::String(text)) => {
            serde_json::from_str::<serde_json::Value>(text).map_or_else(|_| value.clone(), Value::from)
        }
        (Shape::Integer { .. }, Value::String(text)) => text.trim().parse::<i64>().map_or_else(|_| value.clone(), Value::from),
        (Shape::Boolean, Value::String(text)) => text.trim().parse().map_or_else(|_| value.clone(), Value::Bool),
        (Shape::String { .. }, Value::Number(number)) => Value::String(number.to_string()),
        (Shape::String { .. }, Value::Bool(flag)) => Value::String(flag.to_string()),
        _ => value.clone(),
    }
}

/// `value`, in normal form, with its secrets as AWS tells them back: in clear, and as the number or the flag that they are
/// where one is wanted.
pub fn as_told_back(field: &Field, value: &Value) -> Value {
    let clear = value.map_leaves(&mut |leaf| match leaf {
        Value::Secret(secret) => secret.reveal().map_or_else(|| leaf.clone(), Value::string),
        other => other.clone(),
    });
    normalise(field, &clear)
}

/// Whether leaving `value` out means the same. A document is never empty: `{}` says something in its language.
fn is_absent(field: &Field, value: &Value) -> bool {
    match &field.shape {
        Shape::Document(_) => matches!(value, Value::Null),
        _ => value.is_empty() || field.rules.default.as_ref() == Some(value),
    }
}

/// By identity first, then by the whole element.
fn sort_key(field: &Field, item: &Value) -> (String, String) {
    let identity = field.rules.identity.as_deref().and_then(|identity| item.text(identity)).unwrap_or_default();
    (identity.to_owned(), serde_json::to_string(item).unwrap_or_default())
}
