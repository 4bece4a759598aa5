//! What a resource type compares by itself: which parts an update is to change.

use crate::schema::Difference;
use crate::value::Path;

/// Whether any of `differences` is at `path`, within it or around it.
pub fn is_changed(differences: &[Difference], path: &Path) -> bool {
    differences.iter().any(|difference| difference.path.starts_with(path) || path.starts_with(&difference.path))
}

/// The same for a member at the top.
pub fn is_member_changed(differences: &[Difference], member: &str) -> bool {
    is_changed(differences, &Path::key(member))
}
