//! Languages with a meaning of their own: IAM policies and the Amazon States Language. Pure.

use crate::value::Value;

pub mod policy;
pub mod states_language;

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
