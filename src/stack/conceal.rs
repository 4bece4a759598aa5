//! Which bytes of the user's files may be a sensitive value: no excerpt is to show them.
//!
//! ```text
//! password = { sensitve = true, default = "hunter2" }      the mistake is in the same line
//!              ^^^^^^^^                    ~~~~~~~~~       concealed
//! ```

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Location, Source, nearest};
use crate::stack::node::{Content, Entry};
use crate::stack::syntax::{self, Syntax};
use crate::stack::table;
use crate::stack::variables::{Inputs, KEYS, SENSITIVE};

/// Tells each of `diagnostics` what its excerpt must not show of the stack file and of the files of variables.
pub fn conceal(diagnostics: &mut [Diagnostic], source: &Arc<Source>, inputs: &Inputs) {
    // Only where something is shown it matters what can be.
    if diagnostics.iter().all(|diagnostic| diagnostic.location.is_none()) {
        return;
    }
    let places = places(source, inputs);
    for diagnostic in diagnostics {
        let Some(Location { source, .. }) = &diagnostic.location else { continue };
        let of_source = places.iter().filter(|place| Arc::ptr_eq(&place.source, source));
        diagnostic.concealed = of_source.map(|place| place.range.clone()).collect();
    }
}

/// Where sensitive values stand, or may stand as far as what is damaged tells.
fn places(source: &Arc<Source>, inputs: &Inputs) -> Vec<Location> {
    let stack = syntax::read(source);
    let is_damaged = is_damaged(&stack);
    let variables = table::find(&stack.entries, "variables").and_then(|entry| entry.value.entries()).unwrap_or_default();
    let (sensitive, public): (Vec<&Entry>, Vec<&Entry>) = variables.iter().partition(|entry| may_be_sensitive(entry));
    let defaults = sensitive.iter().filter_map(|entry| table::find(entry.value.entries()?, "default"));
    let mut places: Vec<Location> = defaults.map(|default| default.value.location.clone()).collect();
    if is_damaged {
        places.extend(written_values(source, Some("[variables")));
    }
    if sensitive.is_empty() && !is_damaged {
        return places;
    }
    for file in &inputs.files {
        let read = syntax::read(file);
        if is_damaged || self::is_damaged(&read) {
            places.extend(written_values(file, None));
        }
        // What is not declared may be the misspelt name of a sensitive one.
        let is_public = |entry: &&Entry| public.iter().any(|declared| declared.key == entry.key);
        let entries = read.entries.iter().filter(|entry| !is_public(entry));
        places.extend(entries.map(|entry| entry.value.location.clone()));
    }
    places
}

fn is_damaged(syntax: &Syntax) -> bool {
    !syntax.diagnostics.is_empty()
}

/// Whether a variable is declared sensitive, or was meant to be.
fn may_be_sensitive(variable: &Entry) -> bool {
    let entries = variable.value.entries().unwrap_or_default();
    entries.iter().any(|entry| {
        let is_meant = nearest(&entry.key, KEYS.iter().copied()) == Some(SENSITIVE);
        is_meant && !matches!(entry.value.content, Content::Boolean(false))
    })
}

/// What stands behind the equal signs of `source`, told by its lines alone: of all of it, or of the tables whose
/// headers begin with `header`.
fn written_values(source: &Arc<Source>, header: Option<&str>) -> Vec<Location> {
    let mut found = Vec::new();
    let mut is_inside = header.is_none();
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let text = line.trim();
        if let Some(header) = header.filter(|_| text.starts_with('[')) {
            is_inside = text.starts_with(header);
        } else if is_inside && !text.is_empty() && !text.starts_with('#') {
            let range = value_in(line);
            found.push(Location { source: source.clone(), range: start + range.start..start + range.end });
        }
        start += line.len();
    }
    found
}

/// The value in `line`; all of it where it may be a part of a longer text, as of a private key.
fn value_in(line: &str) -> Range<usize> {
    let end = line.trim_end().len();
    let whole = line.len() - line.trim_start().len()..end;
    let Some(sign) = line.find('=') else { return whole };
    let is_key = |c: char| c.is_ascii_alphanumeric() || "_-.\"' \t".contains(c);
    let value = line[sign + 1..].trim_start();
    let is_value = |c: char| c.is_ascii_digit() || "\"'{[+-tf".contains(c);
    match line[..sign].chars().all(is_key) && value.starts_with(is_value) {
        true => line.len() - value.len()..end,
        false => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(stack: &str, file: &str) -> (Vec<String>, Vec<String>) {
        let source = |name: &str, text: &str| Arc::new(Source { name: name.to_owned(), text: text.to_owned() });
        let (stack, file) = (source("stack.toml", stack), source("values.toml", file));
        let inputs = Inputs { files: vec![file.clone()], ..Inputs::default() };
        let places = places(&stack, &inputs);
        let of = |source: &Arc<Source>| {
            let places = places.iter().filter(|place| Arc::ptr_eq(&place.source, source));
            places.map(|place| source.text[place.range.clone()].to_owned()).collect()
        };
        (of(&stack), of(&file))
    }

    #[test]
    fn values_of_sensitive_variables() {
        let (stack, file) = hidden(
            "[variables]\na = { sensitive = true, default = 'x1' }\nb = { default = 'x2' }\nc = { sensitve = true, default = 'x3' }\n\
             d = { sensitive = \"yes\", default = 'x4' }\ne = { sensitive = false, default = 'x5' }\n",
            "a = 'y1'\nb = 'y2'\nAA = 'y3'\n",
        );
        assert_eq!(stack, ["'x1'", "'x3'", "'x4'"]);
        assert_eq!(file, ["'y1'", "'y3'"]);
    }

    #[test]
    fn without_sensitive_variables_everything_is_shown() {
        assert_eq!(hidden("[variables]\na = { default = 'x' }\n", "a = 1\nb = 2\n"), (vec![], vec![]));
    }

    #[test]
    fn what_is_damaged_is_told_by_its_lines() {
        let (stack, file) = hidden(
            "[stack]\nname = \"s\"\n[variables]\na = { sensitive = true, default = \"x1 }\n[cluster.b]\nname = \"b\"\n",
            "a = '''\nMIIEpAIBAAKCAQEA==\nabc\n'''\n",
        );
        assert_eq!(stack, ["{ sensitive = true, default = \"x1 }"]);
        assert!(file.contains(&"MIIEpAIBAAKCAQEA==".to_owned()) && file.contains(&"abc".to_owned()), "{file:?}");
    }
}
