//! Tables whose keys belong to the stack language itself: `[stack]`, a variable, `lifecycle`, ….

use crate::diagnostic::{Diagnostic, nearest};
use crate::stack::node::{Content, Entry, Node};
use crate::stack::text::Text;

/// Reports each key of `entries` that is not `known`.
///
/// Whether there are any: then a key that is missing may be the one that is misspelt.
pub fn unknown_keys(entries: &[Entry], known: &[&str], diagnostics: &mut Vec<Diagnostic>) -> bool {
    let before = diagnostics.len();
    for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
        diagnostics.push(unknown_key(entry, known.iter().copied()));
    }
    diagnostics.len() > before
}

/// `entry`'s key is none of `known`.
pub fn unknown_key<'a>(entry: &Entry, known: impl Iterator<Item = &'a str> + Clone) -> Diagnostic {
    let diagnostic = Diagnostic::error(format!("unknown key `{}`", entry.key)).at(entry.key_location.clone());
    match nearest(&entry.key, known.clone()) {
        Some(candidate) => diagnostic.replacement(candidate),
        None => diagnostic.help(format!("known here: {}", known.collect::<Vec<_>>().join(", "))),
    }
}

/// The entry called `key`.
pub fn find<'a>(entries: &'a [Entry], key: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.key == key)
}

/// `entry` must be something else than it is.
pub fn wrong_type(name: &str, node: &Node, wanted: &str, diagnostics: &mut Vec<Diagnostic>) {
    if !matches!(node.content, Content::Broken) {
        let message = format!("`{name}` must be {wanted}, not {}", node.describe());
        diagnostics.push(Diagnostic::error(message).at(node.location.clone()));
    }
}

/// The entries of `entry`, which must be a table.
pub fn table<'a>(entry: &'a Entry, diagnostics: &mut Vec<Diagnostic>) -> Option<&'a [Entry]> {
    let entries = entry.value.entries();
    if entries.is_none() {
        wrong_type(&entry.key, &entry.value, "a table", diagnostics);
    }
    entries
}

/// The text of `entry`, which must be a string without references.
pub fn text<'a>(entry: &'a Entry, diagnostics: &mut Vec<Diagnostic>) -> Option<&'a Text> {
    match &entry.value.content {
        Content::Text(text) => plain(text, &entry.key, diagnostics).then_some(text),
        _ => {
            wrong_type(&entry.key, &entry.value, "a string", diagnostics);
            None
        }
    }
}

/// Whether `text` holds no reference; reports it if it does.
pub fn plain(text: &Text, name: &str, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let Some(start) = text.text.find("${") else { return true };
    let end = text.text[start..].find('}').map_or(text.text.len(), |length| start + length + 1);
    let message = format!("`{name}` can't refer to anything");
    diagnostics.push(Diagnostic::error(message).at(text.locate(start..end)).help("write the value itself"));
    false
}

/// The flag of `entry`.
pub fn boolean(entry: &Entry, diagnostics: &mut Vec<Diagnostic>) -> Option<bool> {
    match entry.value.content {
        Content::Boolean(value) => Some(value),
        _ => {
            wrong_type(&entry.key, &entry.value, "true or false", diagnostics);
            None
        }
    }
}

/// The texts of `entry`, which must be a list of strings.
pub fn texts<'a>(entry: &'a Entry, diagnostics: &mut Vec<Diagnostic>) -> Vec<&'a Text> {
    let Content::List(items) = &entry.value.content else {
        wrong_type(&entry.key, &entry.value, "a list of strings", diagnostics);
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items {
        match &item.content {
            Content::Text(text) => found.extend(plain(text, &entry.key, diagnostics).then_some(text)),
            _ => wrong_type(&entry.key, item, "a list of strings", diagnostics),
        }
    }
    found
}
