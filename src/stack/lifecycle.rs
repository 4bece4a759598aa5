//! `lifecycle = { prevent_destroy, ignore_changes, create_before_destroy }`.

use crate::diagnostic::{Diagnostic, nearest};
use crate::schema::{Field, Shape};
use crate::stack::node::Entry;
use crate::stack::text::Text;
use crate::stack::{Lifecycle, table};

/// The keys of `lifecycle`.
pub const KEYS: &[&str] = &["prevent_destroy", "ignore_changes", "create_before_destroy"];

/// Reads `entry`; `field` is the schema that the paths of `ignore_changes` walk down.
pub fn read(entry: &Entry, field: &Field, diagnostics: &mut Vec<Diagnostic>) -> Lifecycle {
    let mut lifecycle = Lifecycle::default();
    let Some(entries) = table::table(entry, diagnostics) else { return lifecycle };
    table::unknown_keys(entries, KEYS, diagnostics);
    let mut flag = |key| table::find(entries, key).and_then(|entry| table::boolean(entry, diagnostics));
    lifecycle.prevent_destroy = flag("prevent_destroy").unwrap_or_default();
    lifecycle.create_before_destroy = flag("create_before_destroy");
    if let Some(paths) = table::find(entries, "ignore_changes") {
        for path in table::texts(paths, diagnostics) {
            diagnostics.extend(check_path(path, field));
            lifecycle.ignore_changes.push(path.text.clone());
        }
    }
    lifecycle
}

/// What is wrong with a path such as `container_definitions[report].image` or `tags.Owner`.
fn check_path(path: &Text, field: &Field) -> Option<Diagnostic> {
    let mut field = field;
    let mut start = 0;
    while start < path.text.len() {
        let rest = &path.text[start..];
        if let Some(inside) = rest.strip_prefix('[') {
            // An element of a list, or a key of a map that needs quotes: all up to the bracket, dots too.
            let element = inside.split(']').next().unwrap_or_default();
            field = field.item().or_else(|| field.member(element))?;
            start += (element.len() + 2).min(rest.len());
            continue;
        }
        let key = rest.split(['.', '[']).next().unwrap_or_default();
        let range = start..start + key.len();
        start += key.len() + usize::from(rest[key.len()..].starts_with('.'));
        if key.is_empty() && range.start > 0 {
            continue;
        }
        if let Shape::Document(_) = field.shape {
            let diagnostic = Diagnostic::error("a document can be ignored only as a whole").at(path.locate(range.clone()));
            return Some(diagnostic.help("end the path at the document's own key"));
        }
        let Some(member) = field.member(key) else {
            let diagnostic = Diagnostic::error(format!("`{}` names no field: there is no `{key}`", path.text));
            let diagnostic = diagnostic.at(path.locate(range));
            return Some(match nearest(key, field.fields().map(|(key, _)| key.as_str())) {
                Some(candidate) => diagnostic.replacement(candidate),
                None => diagnostic
                    .help("a path is fields with dots between, lists with [ELEMENT]: container_definitions[report].image"),
            });
        };
        field = member;
    }
    None
}
