use crate::{diagnostic::Finding, value::Value};
pub fn validate(_spec: &Value) -> Vec<Finding> { Vec::new() }
