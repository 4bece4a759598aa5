//! Between our spelling and AWS's: `container_definitions` ⇄ `containerDefinitions`.
//!
//! The JSON protocols of AWS name every member in lowerCamelCase, and a spec's keys are those names in
//! snake_case; so the translation is a rule and not a table of a hundred members in two directions.

use serde_json::Value as Json;

use crate::schema::{Field, Shape};
use crate::value::{NotPlain, Value};

/// `value` as the JSON of an AWS request. Documents become JSON text, as AWS takes them.
pub fn to_wire(field: &Field, value: &Value) -> Result<Json, NotPlain> {
    Ok(match (&field.shape, value) {
        (Shape::Object { fields, .. }, Value::Map(map)) => {
            let mut object = serde_json::Map::new();
            for (key, item) in map {
                if let Some(member) = fields.get(key) {
                    object.insert(wire_name(key, member), to_wire(member, item)?);
                }
            }
            Json::Object(object)
        }
        (Shape::Map { item: field }, Value::Map(map)) => {
            let entries = map.iter().map(|(key, item)| Ok((key.clone(), to_wire(field, item)?)));
            Json::Object(entries.collect::<Result<_, NotPlain>>()?)
        }
        (Shape::List { item: field, .. }, Value::List(items)) => {
            Json::Array(items.iter().map(|item| to_wire(field, item)).collect::<Result<_, _>>()?)
        }
        (Shape::Document(_), value) => Json::String(document_text(value)?),
        // A secret is text; where AWS wants a number or a flag, it is written as one.
        (Shape::Integer { .. } | Shape::Number | Shape::Boolean, Value::Secret(secret)) => {
            secret.reveal().and_then(|text| serde_json::from_str(text).ok()).map_or_else(|| value.to_plain(), Ok)?
        }
        (_, value) => value.to_plain()?,
    })
}

/// A document as the text that AWS is sent: the same bytes for the same value, since Step Functions
/// compares definitions byte for byte when it decides whether a creation is a repetition.
pub fn document_text(value: &Value) -> Result<String, NotPlain> {
    match value.to_plain()? {
        Json::String(text) => Ok(text),
        json => Ok(serde_json::to_string_pretty(&json).unwrap_or_default()),
    }
}

/// The JSON of an AWS answer as a value of `field`; members the field does not know are left out.
pub fn from_wire(field: &Field, json: &Json) -> Value {
    match (&field.shape, json) {
        (Shape::Object { fields, .. }, Json::Object(object)) => Value::Map(
            fields
                .iter()
                .filter_map(|(key, member)| Some((key.clone(), from_wire(member, object.get(&wire_name(key, member))?))))
                .collect(),
        ),
        (Shape::Map { item: field }, Json::Object(object)) => {
            Value::Map(object.iter().map(|(key, item)| (key.clone(), from_wire(field, item))).collect())
        }
        (Shape::List { item: field, .. }, Json::Array(items)) => {
            Value::List(items.iter().map(|item| from_wire(field, item)).collect())
        }
        (Shape::Document(_), Json::String(text)) => {
            serde_json::from_str::<Json>(text).map_or_else(|_| Value::string(text), Value::from)
        }
        (_, json) => Value::from(json.clone()),
    }
}

/// AWS's spelling of the member `key`.
pub fn wire_name(key: &str, field: &Field) -> String {
    if let Some(name) = &field.rules.wire {
        return name.clone();
    }
    let mut name = String::with_capacity(key.len());
    let mut upper = false;
    for character in key.chars() {
        if character == '_' {
            upper = true;
        } else {
            name.extend(upper.then(|| character.to_ascii_uppercase()).or(Some(character)));
            upper = false;
        }
    }
    name
}
