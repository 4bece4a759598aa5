//! `[outputs]`: `NAME = "..."` or `NAME = { value, description, sensitive }`.

use indexmap::IndexMap;

use crate::address::is_identifier;
use crate::diagnostic::Diagnostic;
use crate::stack::node::{Content, Entry, Node};
use crate::stack::reading::{Session, read_value};
use crate::stack::scope::{Referrer, Scope};
use crate::stack::{Output, table};

/// The keys of one output.
pub const KEYS: &[&str] = &["value", "description", "sensitive"];

/// Reads `[outputs]`.
pub fn read(
    session: &mut Session<'_>,
    entry: Option<&Entry>,
    scope: &Scope<'_>,
    digest: &dyn Fn(&str) -> String,
) -> IndexMap<String, Output> {
    let mut outputs = IndexMap::new();
    let entries = entry.and_then(|entry| table::table(entry, &mut session.diagnostics)).unwrap_or_default();
    for entry in entries {
        if !is_identifier(&entry.key) {
            let diagnostic = Diagnostic::error(format!("`{}` can't be the name of an output", entry.key));
            let help = "a letter or `_`, then letters, digits, `_` and `-`";
            session.diagnostics.push(diagnostic.at(entry.key_location.clone()).help(help));
        }
        if let Some(output) = output(session, entry, scope, digest) {
            outputs.insert(entry.key.clone(), output);
        }
    }
    outputs
}

fn output(session: &mut Session<'_>, entry: &Entry, scope: &Scope<'_>, digest: &dyn Fn(&str) -> String) -> Option<Output> {
    let mut description = None;
    let mut sensitive = false;
    let node: &Node = match &entry.value.content {
        Content::Table(entries) => {
            let has_unknown = table::unknown_keys(entries, KEYS, &mut session.diagnostics);
            description = table::find(entries, "description")
                .and_then(|entry| table::text(entry, &mut session.diagnostics))
                .map(|text| text.text.clone());
            sensitive = table::find(entries, "sensitive")
                .and_then(|entry| table::boolean(entry, &mut session.diagnostics))
                .unwrap_or_default();
            match table::find(entries, "value") {
                Some(value) => &value.value,
                None if has_unknown => return None,
                None => {
                    let diagnostic = Diagnostic::error(format!("the output `{}` has no `value`", entry.key));
                    session.diagnostics.push(diagnostic.at(entry.key_location.clone()).help("add value = \"...\""));
                    return None;
                }
            }
        }
        _ => &entry.value,
    };
    let reading = read_value(session, node);
    session.diagnostics.extend(reading.references.iter().filter_map(|found| scope.check(found, Referrer::Output)));
    let value = reading.value.resolve(&|reference| scope.lookup(reference), &|text| digest(text));
    // Whoever reads the stack file is to see that nothing will be shown here.
    if let (false, Some((found, name))) = (sensitive, scope.first_sensitive(&reading.references)) {
        let message = format!("the output `{}` is made from the sensitive variable `{name}`, and does not say so", entry.key);
        let help = format!(
            "write {} = {{ value = \"...\", sensitive = true }}: then it is recorded as a digest, and not shown",
            entry.key
        );
        session.diagnostics.push(Diagnostic::error(message).at(found.location.clone()).help(help));
    }
    let sensitive = sensitive || value.has_secret();
    Some(Output { value, sensitive, description })
}
