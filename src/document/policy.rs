//! IAM policy documents.

use crate::value::Value;

/// Whether two policy documents mean the same.
pub fn equal(a: &Value, b: &Value) -> bool {
    a == b
}
