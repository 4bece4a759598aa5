//! A field as JSON Schema (2020-12), for editors and for anyone who checks stack files by machine.

use serde_json::{Value as Json, json};

use crate::schema::{Field, Shape};

/// The JSON Schema of `field`. Whatever is not a string may also be a reference, which is one.
pub fn json_schema(field: &Field) -> Json {
    let mut schema = match &field.shape {
        Shape::String { minimum_length, maximum_length, pattern, values } => {
            let mut schema = json!({ "type": "string" });
            put(&mut schema, "minLength", *minimum_length);
            put(&mut schema, "maxLength", *maximum_length);
            // A reference stands for any text, so limits that it would break are left to the planner.
            if let Some(pattern) = pattern {
                schema = json!({ "type": "string", "anyOf": [{ "pattern": pattern }, { "pattern": REFERENCE }] });
            }
            if !values.is_empty() {
                schema = json!({ "type": "string", "anyOf": [{ "enum": values }, { "pattern": REFERENCE }] });
            }
            schema
        }
        Shape::Integer { minimum, maximum } => {
            let mut number = json!({ "type": "integer" });
            put(&mut number, "minimum", *minimum);
            put(&mut number, "maximum", *maximum);
            or_reference(number)
        }
        Shape::Number => or_reference(json!({ "type": "number" })),
        Shape::Boolean => or_reference(json!({ "type": "boolean" })),
        Shape::List { item, minimum_items, maximum_items } => {
            let mut list = json!({ "type": "array", "items": json_schema(item) });
            put(&mut list, "minItems", *minimum_items);
            put(&mut list, "maxItems", *maximum_items);
            list
        }
        Shape::Map { item } => json!({ "type": "object", "additionalProperties": json_schema(item) }),
        Shape::Object { fields, required } => {
            let properties: serde_json::Map<String, Json> =
                fields.iter().map(|(key, member)| (key.clone(), json_schema(member))).collect();
            let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": false });
            put(&mut object, "required", (!required.is_empty()).then_some(required));
            object
        }
        Shape::Document(_) => json!({ "type": ["object", "string"] }),
    };
    put(&mut schema, "description", (!field.documentation.is_empty()).then_some(&field.documentation));
    put(&mut schema, "default", field.rules.default.as_ref());
    schema
}

const REFERENCE: &str = r"\$\{[^}]+\}";

fn or_reference(schema: Json) -> Json {
    json!({ "anyOf": [schema, { "type": "string", "pattern": REFERENCE }] })
}

fn put(schema: &mut Json, key: &str, value: Option<impl serde::Serialize>) {
    if let (Some(value), Some(object)) = (value.and_then(|value| serde_json::to_value(value).ok()), schema.as_object_mut()) {
        object.insert(key.to_owned(), value);
    }
}
