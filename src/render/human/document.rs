//! A changed document: what changed in it by meaning, and below that its text where lines of meaning leave something out.
//!
//! ```text
//!   ~ definition =
//!   ~     state RunReport: Retry[0].MaxAttempts 3 -> 5
//!   +     state Notify (Task arn:aws:states:::sns:publish)
//!         (in its text:)
//!         (… 12 unchanged lines)
//! ```

use crate::document::states_language::owner;
use crate::document::{self, DocumentDifference, DocumentKind, Subject};
use crate::render::Style;
use crate::render::clean::{clean, quoted, width};
use crate::render::human::section::{BlockLine, Body, Symbol};
use crate::render::human::text_diff;
use crate::render::literal;
use crate::render::style::Ink;
use crate::value::{Path, Value};

/// With more of them, the text alone is easier to read.
const DIFFERENCES_AT_MOST: usize = 15;
/// Columns before a line of a block.
const INDENT: usize = 8;

/// What changed from the masked `old` to the masked `new`; nothing where one of them is not known.
pub(super) fn body(kind: DocumentKind, old: &Value, new: &Value, style: Style) -> Option<Body> {
    let text = text_diff::documents(old, new)?;
    let lines = lines(kind, old, new, style).unwrap_or(text);
    Some(Body::Block { open: "", lines, close: "" })
}

/// The lines of meaning, and the text where it helps. Nothing where the text alone tells more.
fn lines(kind: DocumentKind, old: &Value, new: &Value, style: Style) -> Option<Vec<BlockLine>> {
    let (old, new) = (document::parsed(old), document::parsed(new));
    let differences = document::differences(kind, &old, &new);
    let mut lines = Vec::new();
    let mut is_complete = true;
    for difference in &differences {
        let meaning = Meaning::of(difference, style);
        is_complete &= meaning.is_complete;
        lines.extend(meaning.lines);
    }
    let is_told = !differences.is_empty() && !differences.iter().any(DocumentDifference::is_of_whole);
    if !is_told || differences.len() > DIFFERENCES_AT_MOST {
        return None;
    }
    if !is_complete {
        lines.push(BlockLine { symbol: Symbol::None, spans: vec![(Ink::Dim, "(in its text:)".to_owned())] });
        lines.extend(text_diff::documents(&old, &new)?);
    }
    Some(lines)
}

/// One difference in words.
struct Meaning {
    lines: Vec<BlockLine>,
    /// Whether nothing was left out of them.
    is_complete: bool,
}

impl Meaning {
    fn of(difference: &DocumentDifference, style: Style) -> Self {
        let (symbol, value) = match (&difference.old, &difference.new) {
            (Some(old), Some(new)) => return Self::of_changed(difference, old, new, style),
            (None, Some(new)) => (Symbol::Add, new),
            (Some(old), None) => (Symbol::Remove, old),
            (None, None) => return Self { lines: Vec::new(), is_complete: true },
        };
        let (sign, ink) = if symbol == Symbol::Add { ("+ ", Ink::Added) } else { ("- ", Ink::Removed) };
        let place = literal::path(&difference.below);
        let Some(subject) = difference.subject.as_ref().map(words) else {
            let (text, is_complete) = shown(value, width(&place) + 1, style);
            return Self { lines: vec![line(symbol, vec![(Ink::Plain, format!("{place} {text}"))])], is_complete };
        };
        if place.is_empty() {
            let (summary, is_complete) = summary(difference.subject.as_ref(), value, width(&subject) + 3, style);
            return Self { lines: vec![line(symbol, vec![(Ink::Plain, format!("{subject}{summary}"))])], is_complete };
        }
        // Of a set the member comes or goes, else the place itself.
        let (text, is_complete) = shown(value, width(&subject) + width(&place) + 5, style);
        let (before, after) = if difference.is_member {
            (format!("{subject}: {place} "), text)
        } else {
            (format!("{subject}: "), format!("{place} {text}"))
        };
        let spans = vec![(Ink::Plain, before), (ink, sign.to_owned()), (Ink::Plain, after)];
        Self { lines: vec![line(Symbol::Change, spans)], is_complete }
    }

    fn of_changed(difference: &DocumentDifference, old: &Value, new: &Value, style: Style) -> Self {
        let place = literal::path(&difference.below);
        if let Some(from) = &difference.moved_from {
            let text = moved(difference, from, &place);
            return Self { lines: vec![line(Symbol::Change, vec![(Ink::Plain, text)])], is_complete: true };
        }
        let before = match difference.subject.as_ref().map(words) {
            Some(subject) if place.is_empty() => format!("{subject}: "),
            Some(subject) => format!("{subject}: {place} "),
            None => format!("{place} "),
        };
        let (old_text, is_old_complete) = shown(old, width(&before), style);
        let (new_text, is_new_complete) = match (old, new) {
            (Value::Secret(_), Value::Secret(_)) => (NEW_SENSITIVE_VALUE.to_owned(), true),
            _ => shown(new, width(&before), style),
        };
        let is_complete = is_old_complete && is_new_complete;
        let arrow = || (Ink::Changed, "-> ".to_owned());
        if INDENT + width(&before) + width(&old_text) + 4 + width(&new_text) <= style.width {
            let spans = vec![(Ink::Plain, format!("{before}{old_text} ")), arrow(), (Ink::Plain, new_text)];
            return Self { lines: vec![line(Symbol::Change, spans)], is_complete };
        }
        let below = |indent: usize| (Ink::Plain, " ".repeat(indent));
        let lines = if INDENT + width(&before) + width(&old_text).max(width(&new_text)) <= style.width {
            vec![
                line(Symbol::Change, vec![(Ink::Plain, format!("{before}{old_text}"))]),
                line(Symbol::None, vec![below(width(&before).saturating_sub(3)), arrow(), (Ink::Plain, new_text)]),
            ]
        } else {
            vec![
                line(Symbol::Change, vec![(Ink::Plain, before.trim_end().to_owned())]),
                line(Symbol::None, vec![below(4), (Ink::Plain, old_text)]),
                line(Symbol::None, vec![below(1), arrow(), (Ink::Plain, new_text)]),
            ]
        };
        Self { lines, is_complete }
    }
}

const NEW_SENSITIVE_VALUE: &str = "(new sensitive value)";

fn line(symbol: Symbol, spans: Vec<(Ink, String)>) -> BlockLine {
    BlockLine { symbol, spans }
}

fn words(subject: &Subject) -> String {
    match subject {
        Subject::Statement { sid: Some(sid), .. } => format!("statement {}", literal::key(sid)),
        Subject::Statement { sid: None, number } => format!("statement {number}"),
        Subject::State { name, within } if within.0.is_empty() => format!("state {}", literal::key(name)),
        Subject::State { name, within } => format!("state {} in {}", literal::key(name), literal::path(within)),
    }
}

fn moved(difference: &DocumentDifference, from: &Path, place: &str) -> String {
    let scope = |path: Path| if path.0.is_empty() { "the top".to_owned() } else { literal::path(&path) };
    match &difference.subject {
        Some(Subject::State { name, within }) if place.is_empty() => {
            format!("state {} moved from {} to {}", literal::key(name), scope(owner(from)), scope(within.clone()))
        }
        subject => {
            let subject = subject.as_ref().map(|subject| format!("{}: ", words(subject))).unwrap_or_default();
            let old = from.0.last().map(|last| literal::path(&Path(vec![last.clone()]))).unwrap_or_default();
            format!("{subject}{old} is now {place}")
        }
    }
}

/// What a statement or a state that came or went is, in brackets, and whether that is all of it.
fn summary(subject: Option<&Subject>, value: &Value, before: usize, style: Style) -> (String, bool) {
    let (words, is_complete) = match (subject, value) {
        (Some(Subject::Statement { .. }), Value::Map(_)) => statement(value),
        (Some(Subject::State { .. }), Value::Map(_)) => {
            let parts: Vec<String> = ["Type", "Resource"].iter().filter_map(|key| value.get(key).map(bare)).collect();
            (parts.join(" "), false)
        }
        _ => (inline(value), true),
    };
    if words.is_empty() || INDENT + before + width(&words) > style.width {
        return (String::new(), false);
    }
    (format!(" ({words})"), is_complete)
}

/// `Allow ecs:RunTask, ecs:StopTask on arn:…`.
fn statement(statement: &Value) -> (String, bool) {
    const SAID: [(&str, &str); 4] = [("Effect", ""), ("Action", ""), ("Principal", "to "), ("Resource", "on ")];
    let mut parts = Vec::new();
    for (key, before) in SAID {
        let names: Vec<String> = match statement.get(key) {
            None | Some(Value::Null) => continue,
            Some(Value::List(items)) => items.iter().map(bare).collect(),
            Some(Value::Map(kinds)) => {
                let of = |names: &Value| {
                    if let Value::List(names) = names { names.iter().map(bare).collect() } else { vec![bare(names)] }
                };
                kinds.values().flat_map(of).collect()
            }
            Some(single) => vec![bare(single)],
        };
        parts.push(format!("{before}{}", names.join(", ")));
    }
    let is_complete =
        statement.as_map().is_some_and(|map| map.keys().all(|key| key == "Sid" || SAID.iter().any(|(said, _)| said == key)));
    (parts.join(" "), is_complete)
}

/// A value after `before` columns, and whether that is all of it: a table or a list too long for its line is not shown.
fn shown(value: &Value, before: usize, style: Style) -> (String, bool) {
    let text = inline(value);
    match value {
        Value::Map(_) if INDENT + before + width(&text) > style.width => ("{ … }".to_owned(), false),
        Value::List(_) if INDENT + before + width(&text) > style.width => ("[ … ]".to_owned(), false),
        _ => (text, true),
    }
}

/// A text without its quotes, where it is one word.
fn bare(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Pending(template) => template.to_string(),
        other => return inline(other),
    };
    if text.is_empty() || text.contains([' ', ',', '(', ')', '"']) { quoted(&text) } else { clean(&text) }
}

/// JSON on one line, references visible in it as everywhere in documents.
fn inline(value: &Value) -> String {
    match value {
        Value::List(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Map(map) if map.is_empty() => "{}".to_owned(),
        Value::Map(map) => {
            let entry = |(key, item): (&String, &Value)| format!("{}: {}", quoted(key), inline(item));
            format!("{{ {} }}", map.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Value::Pending(template) => quoted(&template.to_string()),
        leaf => literal::inline(leaf),
    }
}

#[cfg(test)]
mod tests;
