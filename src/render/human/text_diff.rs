//! What changed inside a document or a long text: the changed lines with a little around them, never all of it.

use similar::{ChangeTag, TextDiff};

use crate::document::parsed;
use crate::render::clean::clean;
use crate::render::human::section::{BlockLine, Symbol};
use crate::render::literal::SENSITIVE_VALUE;
use crate::render::style::Ink;
use crate::template::Part;
use crate::value::{Map, Value};

/// Unchanged lines shown around a change.
const CONTEXT_LINES: usize = 3;

/// The changed lines from `old` to `new`, in JSON, or nothing where one of them is not known.
///
/// Keys that only moved make no difference, and neither does the comma behind the line above a new one.
pub(crate) fn documents(old: &Value, new: &Value) -> Option<Vec<BlockLine>> {
    let (old, new) = (parsed(old), parsed(new));
    let new_lines = document_lines(&with_new_secrets_named(&old, &new))?;
    let old_lines = document_lines(&in_order_of(&old, &new))?;
    Some(lines(&old_lines, &new_lines, "line"))
}

/// The changed lines between two lists of lines; `noun` is what one of them is.
pub(crate) fn lines(old: &[String], new: &[String], noun: &str) -> Vec<BlockLine> {
    let (old_keys, new_keys) = (without_commas(old), without_commas(new));
    let difference = TextDiff::from_slices(&old_keys, &new_keys);
    let mut shown = Vec::new();
    let mut next = 0;
    for group in difference.grouped_ops(CONTEXT_LINES) {
        let start = group.first().map_or(next, |operation| operation.old_range().start);
        skip(&mut shown, start - next, noun);
        next = group.last().map_or(next, |operation| operation.old_range().end);
        for change in group.iter().flat_map(|operation| difference.iter_inline_changes(operation)) {
            let (symbol, ink, emphasis, source) = match change.tag() {
                ChangeTag::Equal => (Symbol::None, Ink::Plain, Ink::Plain, change.new_index().and_then(|at| new.get(at))),
                ChangeTag::Delete => {
                    (Symbol::Remove, Ink::Removed, Ink::RemovedWords, change.old_index().and_then(|at| old.get(at)))
                }
                ChangeTag::Insert => (Symbol::Add, Ink::Added, Ink::AddedWords, change.new_index().and_then(|at| new.get(at))),
            };
            let mut spans: Vec<(Ink, String)> = Vec::new();
            for (is_emphasised, text) in change.values() {
                spans.push((if *is_emphasised { emphasis } else { ink }, clean(text)));
            }
            if source.is_some_and(|line| line.ends_with(',')) {
                spans.push((ink, ",".to_owned()));
            }
            shown.push(BlockLine { symbol, spans });
        }
    }
    skip(&mut shown, old.len() - next, noun);
    shown
}

/// A document as lines of JSON, references visible in it; nothing where it is not known at all.
pub(crate) fn document_lines(value: &Value) -> Option<Vec<String>> {
    match parsed(value) {
        Value::Pending(template) => {
            let text = template.to_string();
            (!matches!(template.parts(), [Part::Reference(_)])).then(|| text.lines().map(str::to_owned).collect())
        }
        Value::Secret(_) | Value::Null => None,
        Value::String(text) => Some(text.lines().map(str::to_owned).collect()),
        tree => Some(serde_json::to_string_pretty(&to_json(&tree)).unwrap_or_default().lines().map(str::to_owned).collect()),
    }
}

/// `new`, its secrets that `old` has not told apart: or a changed secret would look unchanged.
fn with_new_secrets_named(old: &Value, new: &Value) -> Value {
    let mut known = Vec::new();
    old.visit(&mut |_, node| known.extend(if let Value::Secret(secret) = node { Some(secret.clone()) } else { None }));
    new.map_leaves(&mut |leaf| match leaf {
        Value::Secret(secret) if !known.is_empty() && !known.contains(secret) => Value::from("(new sensitive value)"),
        other => other.clone(),
    })
}

/// `old` with its keys in the order of `new`; what `new` has not stays behind the key it stood behind.
fn in_order_of(old: &Value, new: &Value) -> Value {
    match (old, new) {
        (Value::Map(old), Value::Map(new)) => {
            let mut order: Vec<&String> = new.keys().collect();
            let mut previous: Option<&String> = None;
            for key in old.keys() {
                if !new.contains_key(key) {
                    let at =
                        previous.and_then(|previous| order.iter().position(|other| *other == previous)).map_or(0, |at| at + 1);
                    order.insert(at, key);
                }
                previous = Some(key);
            }
            let entry = |key: &String| {
                let item = old.get(key)?;
                Some((key.clone(), new.get(key).map_or_else(|| item.clone(), |new| in_order_of(item, new))))
            };
            Value::Map(order.into_iter().filter_map(entry).collect::<Map>())
        }
        (Value::List(old), Value::List(new)) => Value::List(
            old.iter()
                .enumerate()
                .map(|(at, item)| new.get(at).map_or_else(|| item.clone(), |new| in_order_of(item, new)))
                .collect(),
        ),
        _ => old.clone(),
    }
}

fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => serde_json::Value::Number(number.clone()),
        Value::String(text) => text.clone().into(),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(map) => map.iter().map(|(key, item)| (key.clone(), to_json(item))).collect::<serde_json::Map<_, _>>().into(),
        Value::Pending(template) => template.to_string().into(),
        Value::Secret(_) => SENSITIVE_VALUE.into(),
    }
}

fn without_commas(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.strip_suffix(',').unwrap_or(line)).collect()
}

fn skip(shown: &mut Vec<BlockLine>, count: usize, noun: &str) {
    if count > 0 {
        let plural = if count == 1 { "" } else { "s" };
        let text = format!("(… {count} unchanged {noun}{plural})");
        shown.push(BlockLine { symbol: Symbol::None, spans: vec![(Ink::Dim, text)] });
    }
}
