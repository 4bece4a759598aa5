//! What a spec may look like and how its fields behave, read once from the `Spec` struct of a resource type.
//!
//! A `Spec` is a plain serde struct with `schemars` attributes. Types, documentation, lengths, patterns
//! and allowed values come from the struct itself; the rules of a provisioner stand on each field as
//! `#[schemars(extend("x-..." = ...))]`:
//!
//! | attribute | meaning |
//! |---|---|
//! | `"default" = VALUE` | the value AWS takes where the field is absent, whatever the account: absent and this are equal |
//! | `"x-replace" = true` | can't be changed in place |
//! | `"x-unmanaged" = true` | AWS's default depends on the account or the past: absent means "leave it alone" |
//! | `"x-write-only" = true` | AWS never tells it back: compared with what was recorded |
//! | `"x-unordered" = true` | a list that AWS treats as a set |
//! | `"x-identity" = "name"` | the member by which the elements of a list are told apart |
//! | `"x-element" = "container"` | what people call an element of the list |
//! | `"x-needs" = "ready"` | a reference in this field waits until its target is ready, not only until it exists |
//! | `"x-sensitive" = true` | never shown |
//! | `"x-wire" = "sizeInGiB"` | AWS's spelling where snake_case does not lead back to it |
//!
//! ```text
//! Spec struct ── schemars ──► JSON ── Field::of ──► Field ─┬─ check      user's table: unknown keys, wrong types, limits
//!                                                          ├─ normalise  one form for desired, recorded and live
//!                                                          ├─ difference what changed, by path
//!                                                          ├─ wire       snake_case ⇄ AWS's own spelling
//!                                                          └─ publish    JSON Schema for editors
//! ```

use indexmap::IndexMap;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use crate::document::DocumentKind;
use crate::value::Value;

#[cfg(test)]
pub(crate) mod arbitrary;
pub mod check;
pub mod difference;
pub mod normalise;
pub mod publish;
pub mod wire;

pub use check::{Origin, check};
pub use difference::{Difference, differences, equal};
pub use normalise::{as_told_back, normalise};

/// One field: its shape, its rules and its documentation.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub shape: Shape,
    pub rules: Rules,
    /// The doc comment, in Markdown.
    pub documentation: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    String {
        minimum_length: Option<u64>,
        maximum_length: Option<u64>,
        pattern: Option<String>,
        values: Vec<String>,
    },
    Integer {
        minimum: Option<i64>,
        maximum: Option<i64>,
    },
    Number,
    Boolean,
    List {
        item: Box<Field>,
        maximum_items: Option<u64>,
        minimum_items: Option<u64>,
    },
    /// A table with keys of the user's choice.
    Map {
        item: Box<Field>,
    },
    /// A table with known keys.
    Object {
        fields: IndexMap<String, Field>,
        required: Vec<String>,
    },
    /// A document in a language of its own; its inside keeps the language's spelling.
    Document(DocumentKind),
}

/// When the target of a reference is far enough for the one that refers to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// AWS knows it: its ARN can be named.
    #[default]
    Exists,
    /// It is complete and usable.
    Ready,
    /// It is no more. What a creation waits for when it takes a name over, and a deletion for its dependants.
    Gone,
}

/// How a field behaves; see the module's table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    pub default: Option<Value>,
    pub replace: bool,
    pub unmanaged: bool,
    pub write_only: bool,
    pub unordered: bool,
    pub identity: Option<String>,
    pub element: Option<String>,
    pub needs: Phase,
    pub sensitive: bool,
    pub wire: Option<String>,
}

impl Field {
    /// Reads the schema of a `Spec` struct.
    ///
    /// # Panics
    /// If the struct uses something of JSON Schema that specs have no need for: a mistake in the
    /// struct, found by the first test that touches it.
    pub fn of<Spec: JsonSchema>() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
        let schema = settings.into_generator().into_root_schema_for::<Spec>();
        Self::from_json(schema.as_value(), &std::any::type_name::<Spec>().replace("::", "."))
    }

    fn from_json(schema: &Json, place: &str) -> Self {
        let rules = Rules {
            default: schema.get("default").filter(|default| !default.is_null()).map(|default| Value::from(default.clone())),
            replace: flag(schema, "x-replace"),
            unmanaged: flag(schema, "x-unmanaged"),
            write_only: flag(schema, "x-write-only"),
            unordered: flag(schema, "x-unordered"),
            identity: text(schema, "x-identity"),
            element: text(schema, "x-element"),
            needs: match text(schema, "x-needs").as_deref() {
                None | Some("exists") => Phase::Exists,
                Some("ready") => Phase::Ready,
                Some(other) => panic!("{place}: x-needs = {other:?}"),
            },
            sensitive: flag(schema, "x-sensitive"),
            wire: text(schema, "x-wire"),
        };
        let documentation = text(schema, "description").unwrap_or_default();
        Self { shape: Shape::from_json(schema, place), rules, documentation }
    }

    /// The members of an object; none for anything else.
    pub fn fields(&self) -> impl Iterator<Item = (&String, &Field)> {
        let fields = match &self.shape {
            Shape::Object { fields, .. } => Some(fields),
            _ => None,
        };
        fields.into_iter().flatten()
    }

    /// The field of the member `key`: a known key of an object, or any key of a map.
    pub fn member(&self, key: &str) -> Option<&Field> {
        match &self.shape {
            Shape::Object { fields, .. } => fields.get(key),
            Shape::Map { item } => Some(item),
            _ => None,
        }
    }

    /// Whether `element` of this list says nothing, and so is left out: an empty table where the list may be empty.
    pub fn leaves_out(&self, element: &Value) -> bool {
        let may_be_empty = matches!(self.shape, Shape::List { minimum_items: None | Some(0), .. });
        may_be_empty && matches!(element, Value::Map(members) if members.is_empty())
    }

    /// The field of a list's elements.
    pub fn item(&self) -> Option<&Field> {
        match &self.shape {
            Shape::List { item, .. } => Some(item),
            _ => None,
        }
    }
}

impl Shape {
    fn from_json(schema: &Json, place: &str) -> Self {
        if let Some(kind) = text(schema, "x-document") {
            return Self::Document(match kind.as_str() {
                "policy" => DocumentKind::Policy,
                "states_language" => DocumentKind::StatesLanguage,
                other => panic!("{place}: x-document = {other:?}"),
            });
        }
        // schemars writes an optional struct as `anyOf: [STRUCT, null]`.
        if let Some(alternatives) = schema.get("anyOf").and_then(Json::as_array)
            && let Some(only) = alternatives.iter().find(|alternative| text(alternative, "type").as_deref() != Some("null"))
        {
            return Self::from_json(only, place);
        }
        let kind = match schema.get("type") {
            Some(Json::String(kind)) => kind.as_str(),
            Some(Json::Array(kinds)) => kinds.iter().filter_map(Json::as_str).find(|kind| *kind != "null").unwrap_or_default(),
            _ => "",
        };
        match kind {
            "string" => Self::String {
                minimum_length: schema.get("minLength").and_then(Json::as_u64),
                maximum_length: schema.get("maxLength").and_then(Json::as_u64),
                pattern: text(schema, "pattern"),
                values: strings(schema, "enum"),
            },
            "integer" => Self::Integer {
                minimum: schema.get("minimum").and_then(Json::as_f64).map(|number| number as i64),
                maximum: schema.get("maximum").and_then(Json::as_f64).map(|number| number as i64),
            },
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "array" => Self::List {
                item: Box::new(Field::from_json(schema.get("items").unwrap_or(&Json::Null), &format!("{place}[]"))),
                maximum_items: schema.get("maxItems").and_then(Json::as_u64),
                minimum_items: schema.get("minItems").and_then(Json::as_u64),
            },
            "object" => match schema.get("properties").and_then(Json::as_object) {
                Some(properties) => Self::Object {
                    fields: properties
                        .iter()
                        .map(|(key, property)| (key.clone(), Field::from_json(property, &format!("{place}.{key}"))))
                        .collect(),
                    required: strings(schema, "required"),
                },
                None => Self::Map {
                    item: Box::new(Field::from_json(
                        schema.get("additionalProperties").unwrap_or(&Json::Null),
                        &format!("{place}.*"),
                    )),
                },
            },
            other => panic!("{place}: no shape for a JSON Schema of type {other:?}: {schema}"),
        }
    }

    /// What a user calls it: `a string`, `a list of tables`.
    pub fn describe(&self) -> String {
        match self {
            Self::String { .. } => "a string".to_owned(),
            Self::Integer { .. } => "an integer".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::List { item, .. } => format!("a list of {}", item.shape.describe_many()),
            Self::Map { item } => format!("a table of {}", item.shape.describe_many()),
            Self::Object { .. } => "a table".to_owned(),
            Self::Document(_) => "a document (a table, a JSON string, or { file = \"...\" })".to_owned(),
        }
    }

    fn describe_many(&self) -> &'static str {
        match self {
            Self::String { .. } => "strings",
            Self::Integer { .. } => "integers",
            Self::Number => "numbers",
            Self::Boolean => "booleans",
            Self::List { .. } => "lists",
            Self::Map { .. } | Self::Object { .. } => "tables",
            Self::Document(_) => "documents",
        }
    }
}

fn flag(schema: &Json, key: &str) -> bool {
    schema.get(key).and_then(Json::as_bool).unwrap_or(false)
}

fn text(schema: &Json, key: &str) -> Option<String> {
    schema.get(key).and_then(Json::as_str).map(str::to_owned)
}

fn strings(schema: &Json, key: &str) -> Vec<String> {
    let items = schema.get(key).and_then(Json::as_array);
    items.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}
