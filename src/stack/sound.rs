//! What can still be judged of a spec that has mistakes, so that one mistake does not hide the next.

use crate::diagnostic::nearest;
use crate::schema::{Field, Shape};
use crate::template::{Part, Reference, Template};
use crate::value::{Map, Path, Segment, Value};

/// `value` with something pending in place of each of `wrong`, of what is missing, and of what is misspelt.
///
/// A type does not judge what is pending. So whatever it says of the result is true of what the user wrote.
pub fn sound_part(field: &Field, value: &Value, wrong: &[Path]) -> Value {
    sound(Some(field), value, &Path::default(), wrong)
}

fn sound(field: Option<&Field>, value: &Value, path: &Path, wrong: &[Path]) -> Value {
    if wrong.contains(path) {
        return unknown();
    }
    match value {
        Value::List(items) => {
            let item = field.and_then(Field::item);
            let sound = |(index, element)| match field {
                Some(list) if list.leaves_out(element) => element.clone(),
                _ => sound(item, element, &path.join(Segment::Index(index)), wrong),
            };
            Value::List(items.iter().enumerate().map(sound).collect())
        }
        Value::Map(map) => {
            let Some(Shape::Object { fields, required }) = field.map(|field| &field.shape) else {
                let sound =
                    |(key, item): (&String, &Value)| (key.clone(), sound(member(field, key), item, &path.join_key(key), wrong));
                return Value::Map(map.iter().map(sound).collect());
            };
            let mut members = Map::new();
            for (key, item) in map {
                if fields.contains_key(key) {
                    members.insert(key.clone(), sound(member(field, key), item, &path.join_key(key), wrong));
                } else if let Some(meant) = nearest(key, fields.keys().map(String::as_str))
                    && !map.contains_key(meant)
                {
                    members.insert(meant.to_owned(), unknown());
                }
            }
            for key in required {
                members.entry(key.clone()).or_insert_with(unknown);
            }
            Value::Map(members)
        }
        other => other.clone(),
    }
}

fn member<'a>(field: Option<&'a Field>, key: &str) -> Option<&'a Field> {
    field.and_then(|field| field.member(key))
}

/// Text of which nothing is known.
fn unknown() -> Value {
    Value::Pending(Template::from_parts([Part::Reference(Reference::AccountId)]))
}
