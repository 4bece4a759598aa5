//! What changed inside documents, by meaning: statements of policies, states of machines.

use serde_json::{Map, Value as Json, json};

use crate::document::{self, DocumentDifference};
use crate::render::json::value::{Shown, show};
use crate::schema::Difference;
use crate::value::Value;

/// The elements of `document_changes` for one difference, both sides of which are masked.
pub(super) fn changes(difference: &Difference, old: Option<&Value>, new: Option<&Value>) -> Vec<Json> {
    let (Some(kind), Some(old), Some(new)) = (difference.document, old, new) else { return Vec::new() };
    let found = document::differences(kind, &document::parsed(old), &document::parsed(new));
    found.iter().map(|inside| change(difference, inside)).collect()
}

/// Puts `document_changes` into `object`, where there are any.
pub(super) fn put(object: &mut Map<String, Json>, changes: Vec<Json>) {
    if !changes.is_empty() {
        object.insert("document_changes".to_owned(), changes.into());
    }
}

fn change(difference: &Difference, inside: &DocumentDifference) -> Json {
    let (before, after) = (inside.old.as_ref().map(show), inside.new.as_ref().map(show));
    let action = match (&inside.old, &inside.new, &inside.moved_from) {
        (_, _, Some(_)) => "move",
        (None, _, _) => "add",
        (_, None, _) => "remove",
        _ => "change",
    };
    let value = |side: &Option<Shown>| side.as_ref().and_then(|side| side.value.clone());
    let sensitive = |side: &Option<Shown>| side.as_ref().and_then(|side| side.sensitive.clone()).unwrap_or(Json::Bool(false));
    let mut object = json!({
        "path": difference.path,
        "subject": inside.subject.as_ref().map(ToString::to_string),
        "at": inside.path,
        "action": action,
        "before": value(&before),
        "after": value(&after),
        "after_unknown": after.as_ref().map_or(Json::Bool(false), Shown::unknown),
        "before_sensitive": sensitive(&before),
        "after_sensitive": sensitive(&after),
    });
    if let Some(from) = &inside.moved_from {
        object["moved_from"] = json!(from);
    }
    object
}
