//! IAM policy documents.
//!
//! | file | answers |
//! |---|---|
//! | `canonical.rs` | do two documents mean the same? |
//! | `difference.rs` | what changed from one to the other? |
//! | `evaluate.rs` | what do documents allow? |
//! | `validate.rs` | would AWS take this document? |

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::value::{Map, Path, Segment, Value};

#[cfg(test)]
pub(crate) mod arbitrary;
mod canonical;
mod difference;
mod evaluate;
mod validate;

pub use canonical::canonical;
pub(super) use difference::differences;
pub use evaluate::{Context, Decision, conditions_hold, decide, decide_somewhere, decide_trust, wildcard};
pub use validate::{PolicyKind, validate};

/// A policy inside a `Spec`, in the policy language's own spelling.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PolicyDocument(pub serde_json::Value);

impl JsonSchema for PolicyDocument {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PolicyDocument".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "x-document": "policy" })
    }
}

/// Whether two policy documents mean the same.
pub fn equal(a: &Value, b: &Value) -> bool {
    canonical(a) == canonical(b)
}

/// The statements of a document: a single one stands for a list of one.
fn statements(document: &Value) -> Vec<&Map> {
    document.get("Statement").map(one_or_many).unwrap_or_default().into_iter().filter_map(Value::as_map).collect()
}

/// The same with the place of each in the document.
pub fn placed_statements(document: &Value) -> Vec<(Path, &Map)> {
    let Some(statements) = document.get("Statement") else { return Vec::new() };
    let placed = placed_items(&Path::key("Statement"), statements).into_iter();
    placed.filter_map(|(path, statement)| Some((path, statement.as_map()?))).collect()
}

/// The elements of a list at `path`, or what stands there for a list of one, each with its place.
pub fn placed_items<'a>(path: &Path, value: &'a Value) -> Vec<(Path, &'a Value)> {
    match value {
        Value::List(items) => items.iter().enumerate().map(|(index, item)| (path.join(Segment::Index(index)), item)).collect(),
        Value::Null => Vec::new(),
        single => vec![(path.clone(), single)],
    }
}

/// The language writes a list of one as its element.
fn one_or_many(value: &Value) -> Vec<&Value> {
    match value {
        Value::List(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        single => vec![single],
    }
}
