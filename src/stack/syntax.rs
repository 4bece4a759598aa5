//! TOML text → tree, with every syntax error at once, and as much of the tree as the errors leave.
//!
//! The parser recovers, but what it recovers may lack everything after an error. So the lines it
//! objects to are blanked, offsets kept, and the rest is parsed again: what remains is plain TOML,
//! and the problems in it can be reported beside the syntax errors.

use std::ops::Range;
use std::sync::Arc;

use toml::de::DeTable;

use crate::diagnostic::{Diagnostic, Location, Source};
use crate::stack::node::{self, Entry};

/// A TOML text, read.
#[derive(Debug)]
pub struct Syntax {
    pub entries: Vec<Entry>,
    pub diagnostics: Vec<Diagnostic>,
    /// What was left out because of the errors.
    pub damage: Damage,
}

/// The parts of a text that could not be read.
#[derive(Debug, Default)]
pub struct Damage {
    /// Lines that were blanked, and headers of tables that lost a line.
    blanked: Vec<Range<usize>>,
    /// Whether a declaration may be among what was lost, so that a name without one means nothing.
    pub lost_declarations: bool,
    /// Whether nothing could be read.
    pub total: bool,
}

impl Damage {
    /// Whether a problem at `range` may be nothing but a consequence of a syntax error.
    pub fn covers(&self, range: &Range<usize>) -> bool {
        self.blanked.iter().any(|blanked| range.start < blanked.end && blanked.start <= range.start)
    }

    /// Whether the line of `range` comes right after a blanked one.
    fn follows(&self, text: &str, range: &Range<usize>) -> bool {
        let start = line_around(text, range.start).start;
        self.blanked.iter().any(|blanked| blanked.end == start || blanked.end + 1 == start)
    }
}

/// Reads `source`.
pub fn read(source: &Arc<Source>) -> Syntax {
    let mut diagnostics = Vec::new();
    if let Some(range) = too_deep(&source.text) {
        let location = Location { source: source.clone(), range };
        diagnostics.push(Diagnostic::error(format!("a key of more than {LONGEST_KEY} parts")).at(location));
        return lost(diagnostics);
    }
    let mut damage = Damage::default();
    let mut text = source.text.clone();
    for pass in 0..PASSES {
        let (table, errors) = DeTable::parse_recoverable(&text);
        if errors.is_empty() {
            let entries = node::of_toml(source, table.get_ref(), &mut diagnostics);
            return Syntax { entries, diagnostics, damage };
        }
        let mut blanks = Vec::new();
        for error in errors {
            let range = clamp(&text, error.span().unwrap_or(0..0));
            // What blanking a line breaks in the lines after it is no mistake of the user's.
            let is_consequence = pass > 0 && (damage.covers(&range) || damage.follows(&source.text, &range));
            if !is_consequence && diagnostics.len() < MOST {
                diagnostics.push(describe(source, error.message(), range.clone()));
            }
            let line = line_around(&text, range.start);
            if blanks.last() != Some(&line) {
                blanks.push(line);
            }
        }
        blanks.sort_by_key(|line| line.start);
        blanks.dedup();
        if blanks.len() > MOST || blanks.iter().all(|line| text[line.clone()].trim().is_empty()) {
            break;
        }
        for line in blanks {
            blank(&mut text, &source.text, line, &mut damage);
        }
    }
    lost(diagnostics)
}

/// More passes than this mean that what is left has little to do with what was written.
const PASSES: usize = 8;

/// More than this nobody reads, and a file that is not TOML at all has one for each of its bytes.
const MOST: usize = 200;

fn lost(diagnostics: Vec<Diagnostic>) -> Syntax {
    Syntax { entries: Vec::new(), diagnostics, damage: Damage { total: true, lost_declarations: true, ..Damage::default() } }
}

fn describe(source: &Arc<Source>, message: &str, range: Range<usize>) -> Diagnostic {
    let location = Location { source: source.clone(), range: range.clone() };
    let rest = source.text.get(range.start..).unwrap_or_default();
    if range.is_empty()
        && message.starts_with("string values must be quoted")
        && rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n')
    {
        return Diagnostic::error("TOML syntax: a value is missing after `=`").at(location);
    }
    if !message.contains("duplicate key") {
        return Diagnostic::error(format!("TOML syntax: {message}")).at(location);
    }
    let key = source.text.get(range).unwrap_or_default();
    Diagnostic::error(format!("`{key}` is written twice")).at(location).help("keep one of them")
}

/// Blanks `line`; a header takes everything up to the next header with it.
fn blank(text: &mut String, original: &str, line: Range<usize>, damage: &mut Damage) {
    let header_before = header_before(original, line.start);
    let region = header_before.clone().map_or("", |header| &original[header]);
    let is_header = is_header(&original[line.clone()]);
    damage.lost_declarations |= is_header || region.trim_start().starts_with("[variables");
    damage.blanked.extend(header_before);
    let lost = if is_header { line.start..next_header(original, line.end) } else { line };
    let blanked: String = text[lost.clone()]
        .chars()
        .flat_map(|character| match character {
            '\n' => "\n".chars().take(1),
            // As many blanks as the character has bytes, so that offsets stay.
            other => "    ".chars().take(other.len_utf8()),
        })
        .collect();
    text.replace_range(lost.clone(), &blanked);
    damage.blanked.push(lost);
}

fn is_header(line: &str) -> bool {
    line.trim_start_matches('\u{feff}').trim_start().starts_with('[')
}

fn line_around(text: &str, at: usize) -> Range<usize> {
    let at = at.min(text.len());
    // An error at the line break itself belongs to the line that it ends.
    let start = text.as_bytes()[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |found| found + 1);
    let end = text.as_bytes()[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |found| at + found);
    start..end
}

fn header_before(text: &str, at: usize) -> Option<Range<usize>> {
    let mut end = at;
    while end > 0 {
        let line = line_around(text, end - 1);
        if is_header(&text[line.clone()]) {
            return Some(line);
        }
        end = line.start;
    }
    None
}

fn next_header(text: &str, at: usize) -> usize {
    let mut start = at;
    while start < text.len() {
        let line = line_around(text, start + 1);
        if line.start > at && is_header(&text[line.clone()]) {
            return line.start;
        }
        start = line.end.max(start + 1);
    }
    text.len()
}

/// `range` within `text` and between its characters.
fn clamp(text: &str, range: Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(range.start.min(text.len()));
    start..text.ceil_char_boundary(range.end.clamp(start, text.len()))
}

/// The parser guards against values within values, but not against `a.a.a.a…`, whose tree is as deep.
const LONGEST_KEY: usize = 32;

fn too_deep(text: &str) -> Option<Range<usize>> {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let mut parts = 1;
        let mut start = 0;
        let mut quote = None;
        for (at, character) in line.char_indices() {
            match (quote, character) {
                (Some(open), _) if open == character => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(character),
                // An ellipsis is no key.
                (None, '.') if line[..at].ends_with('.') => (parts, start) = (1, at + 1),
                (None, '.') => parts += 1,
                (None, '#') => break,
                (None, character) if character.is_ascii_alphanumeric() || " \t_-".contains(character) => {}
                _ => (parts, start) = (1, at + character.len_utf8()),
            }
            if parts > LONGEST_KEY {
                return Some(offset + start..offset + at);
            }
        }
        offset += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> (Vec<String>, Vec<String>) {
        let syntax = read(&Arc::new(Source { name: "s".into(), text: text.into() }));
        let place = |diagnostic: &Diagnostic| diagnostic.location.as_ref().map(Location::line_and_column).unwrap_or_default();
        (
            syntax.diagnostics.iter().map(|found| format!("{:?} {}", place(found), found.message)).collect(),
            syntax.entries.iter().map(|entry| entry.key.clone()).collect(),
        )
    }

    #[test]
    fn every_syntax_error_and_the_rest_of_the_tree() {
        let (errors, keys) = messages("[a]\nx = \ny 1\nz = 3\nz = 4\n[b\nq = 1\n[c]\nw = \"\\q\"\n[d]\n");
        assert_eq!(keys, ["a", "c", "d"], "{errors:#?}");
        let lines: Vec<&str> = errors.iter().map(|error| &error[..2]).collect();
        assert_eq!(lines, ["(3", "(6", "(2", "(5", "(9"], "{errors:#?}");
    }

    #[test]
    fn hostile_depth() {
        for text in [
            format!("{}x = 1", "a.".repeat(20_000)),
            format!("[{}x]", "a . ".repeat(20_000)),
            format!("x = {}", "[".repeat(20_000)),
            format!("x = {}", "{a=".repeat(20_000)),
            format!("x = {{ {}x = 1 }}", "\"a\".".repeat(20_000)),
        ] {
            assert!(!messages(&text).0.is_empty());
        }
    }
}
