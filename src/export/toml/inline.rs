//! Values on one line, and what of a document TOML can't carry.

use crate::export::toml::string;
use crate::schema::{Field, Shape};
use crate::value::Value;

/// How a text is spelt in the stack language, in which `${` begins a reference.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.replace("${", "$${")),
        Value::Pending(template) => Some(template.to_string()),
        _ => None,
    }
}

/// `value` on one line.
pub fn inline(value: &Value, field: Option<&Field>) -> String {
    if let Some(text) = document_text(value, field) {
        return string::string(&text);
    }
    match value {
        // No spec holds either: a document that does is written as text.
        Value::Null | Value::Secret(_) => "\"\"".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(_) | Value::Pending(_) => string::string(&text_of(value).unwrap_or_default()),
        Value::List(items) => {
            let item = field.and_then(Field::item);
            format!("[{}]", items.iter().map(|it| inline(it, item)).collect::<Vec<_>>().join(", "))
        }
        Value::Map(map) if map.is_empty() => "{}".to_owned(),
        Value::Map(map) => {
            let member = |(key, value): (&String, &Value)| {
                format!("{} = {}", string::key(key), inline(value, field.and_then(|field| field.member(key))))
            };
            format!("{{ {} }}", map.iter().map(member).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Within each other, more tables and lists than these are hard to read in TOML, and its parser refuses some more.
const DEEPEST: usize = 40;

/// The JSON of a document that TOML can't carry as a table: it holds a null or a number beyond 64 bits, it is too deep,
/// or its own spelling would be taken for `{ file = … }`.
pub fn document_text(value: &Value, field: Option<&Field>) -> Option<String> {
    let is_document = matches!(field, Some(Field { shape: Shape::Document(_), .. }));
    let Value::Map(map) = value else { return None };
    let must = is_document && (map.contains_key("file") || !is_carried(value, DEEPEST));
    must.then(|| serde_json::to_string_pretty(&spelt(value)).unwrap_or_default())
}

fn is_carried(value: &Value, depth: usize) -> bool {
    match value {
        Value::Null => false,
        Value::Number(number) => number.is_i64() || number.is_f64(),
        Value::List(_) | Value::Map(_) if depth == 0 => false,
        Value::List(items) => items.iter().all(|item| is_carried(item, depth - 1)),
        Value::Map(map) => map.values().all(|item| is_carried(item, depth - 1)),
        _ => true,
    }
}

/// As JSON, its strings spelt as in a stack file.
fn spelt(value: &Value) -> serde_json::Value {
    match value {
        Value::Null | Value::Secret(_) => serde_json::Value::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => number.clone().into(),
        Value::String(_) | Value::Pending(_) => text_of(value).into(),
        Value::List(items) => items.iter().map(spelt).collect(),
        Value::Map(map) => map.iter().map(|(key, item)| (key.clone(), spelt(item))).collect::<serde_json::Map<_, _>>().into(),
    }
}
