//! What a resource type compares by itself: which parts an update is to change, and what AWS tells back.

use crate::schema::Difference;
use crate::value::{Path, Value};

/// Whether any of `differences` is at `path`, within it or around it.
pub fn is_changed(differences: &[Difference], path: &Path) -> bool {
    differences.iter().any(|difference| difference.path.starts_with(path) || path.starts_with(&difference.path))
}

/// The same for a member at the top.
pub fn is_member_changed(differences: &[Difference], member: &str) -> bool {
    is_changed(differences, &Path::key(member))
}

/// `spec` with its secrets as the text that AWS tells back of them.
pub fn as_told_back(spec: &Value) -> Value {
    spec.map_leaves(&mut |leaf| match leaf {
        Value::Secret(secret) => secret.reveal().map_or_else(|| leaf.clone(), Value::string),
        other => other.clone(),
    })
}
