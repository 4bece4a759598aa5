//! Languages with a meaning of their own, IAM policies and the Amazon States Language, and what the one must allow for
//! the other. Pure.

use crate::template::Template;
use crate::value::Value;

pub mod permissions;
pub mod policy;
pub mod states_language;

mod difference;

pub use difference::{DocumentDifference, Subject};

/// The names of all warnings that a stack may turn off, and what each is about.
pub fn warnings() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    states_language::failure::WARNINGS.iter().chain(&permissions::WARNINGS)
}

/// The languages of documents inside a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// An IAM policy.
    Policy,
    /// An Amazon States Language state machine.
    StatesLanguage,
}

/// Whether two documents of a language mean the same.
pub fn equal(kind: DocumentKind, a: &Value, b: &Value) -> bool {
    match kind {
        DocumentKind::Policy => policy::equal(a, b),
        // AWS returns a definition verbatim: it is compared as JSON, key order and white space aside.
        DocumentKind::StatesLanguage => a == b,
    }
}

/// All places in which two documents of a language do not mean the same; none where they are [`equal`].
///
/// Of what is no document of its language at all, one difference says so as a whole.
pub fn differences(kind: DocumentKind, old: &Value, new: &Value) -> Vec<DocumentDifference> {
    if equal(kind, old, new) {
        return Vec::new();
    }
    let found = match (old, new) {
        (Value::Map(old), Value::Map(new)) if kind == DocumentKind::Policy => policy::differences(old, new),
        (Value::Map(_), Value::Map(_)) => states_language::differences(old, new),
        _ => Vec::new(),
    };
    // The canonical form tells some malformed documents apart by the order of their keys alone.
    if found.is_empty() { vec![DocumentDifference::of_whole(old, new)] } else { found }
}

/// The tree of a document that is still text because of a reference in it; any other as it is.
pub fn parsed(document: &Value) -> Value {
    if let Value::Pending(template) = document
        && let Ok(json @ serde_json::Value::Object(_)) = serde_json::from_str::<serde_json::Value>(&template.to_string())
    {
        return Value::from(json).map_leaves(&mut |leaf| match leaf.as_str().map(Template::parse) {
            Some(Ok(template)) => template.as_literal().map_or_else(|| Value::Pending(template.clone()), Value::string),
            _ => leaf.clone(),
        });
    }
    document.clone()
}

#[cfg(test)]
mod tests;
