//! A value that comes, goes or is shown as a whole.

use crate::render::Style;
use crate::render::clean::{clean, width};
use crate::render::human::section::{BlockLine, Body, Entry, Section, Symbol};
use crate::render::human::text_diff;
use crate::render::literal;
use crate::render::style::Ink;
use crate::schema::{Field, Shape};
use crate::value::{Map, Segment, Value};

/// Documents and texts longer than this are cut.
const LINES_SHOWN_AT_MOST: usize = 20;
/// How much of a cut one is shown.
const LINES_SHOWN_OF_A_CUT_ONE: usize = 12;

/// Puts the masked `value` of `field` into `section` as `key`: on one line where it fits, as a block or a table where not.
pub(crate) fn put(section: &mut Section, field: Option<&Field>, key: &Segment, value: &Value, symbol: Symbol, style: Style) {
    let name = literal::join("", key);
    let is_document = field.is_some_and(|field| matches!(field.shape, Shape::Document(_)));
    let entry = |body| Entry { symbol, key: name.clone(), body, note: None };
    if is_document && !matches!(value, Value::Secret(_)) {
        section.entries.push(entry(document(value, style)));
        return;
    }
    match value {
        Value::String(text) if text.trim_end().contains('\n') => section.entries.push(entry(text_block(text))),
        Value::Map(map) if !fits(&name, value, style) => {
            let path = literal::join(&section.path, key);
            section.sections.push(table(path, field, map, symbol, style));
        }
        Value::List(items) if !fits(&name, value, style) => {
            if items.iter().all(|item| matches!(item, Value::Map(_))) && !items.iter().all(|item| is_small(item, style)) {
                let path = literal::join(&section.path, key);
                let identity = field.and_then(|field| field.rules.identity.as_deref());
                for (index, item) in items.iter().enumerate() {
                    let element = element(index, item, identity);
                    let (path, map) = (literal::join(&path, &element), item.as_map().cloned().unwrap_or_default());
                    section.sections.push(table(path, field.and_then(Field::item), &map, symbol, style));
                }
            } else {
                let lines = items.iter().map(|item| BlockLine {
                    symbol: Symbol::None,
                    spans: vec![(Ink::Plain, format!("{},", literal::inline(item)))],
                });
                section.entries.push(entry(Body::Block { open: "[", lines: lines.collect(), close: "]" }));
            }
        }
        other => section.entries.push(entry(Body::Inline(literal::inline(other)))),
    }
}

/// The masked `map` as a table of its own.
pub(crate) fn table(path: String, field: Option<&Field>, map: &Map, symbol: Symbol, style: Style) -> Section {
    let mut section = Section::new(symbol, path);
    for (key, item) in map {
        put(&mut section, field.and_then(|field| field.member(key)), &Segment::Key(key.clone()), item, symbol, style);
    }
    section
}

/// How the element of a list is called.
fn element(index: usize, item: &Value, identity: Option<&str>) -> Segment {
    match identity.and_then(|identity| item.get(identity)) {
        Some(Value::String(text)) => Segment::Element(text.clone()),
        Some(Value::Number(number)) => Segment::Element(number.to_string()),
        _ => Segment::Index(index),
    }
}

/// A document: as JSON, references visible in it.
pub(crate) fn document(value: &Value, style: Style) -> Body {
    let Some(lines) = text_diff::document_lines(value) else { return Body::Inline(literal::inline(value)) };
    if let [line] = lines.as_slice()
        && width(line) + 20 < style.width
    {
        return Body::Inline(clean(line));
    }
    block(&lines)
}

fn text_block(text: &str) -> Body {
    block(&text.lines().map(str::to_owned).collect::<Vec<_>>())
}

fn block(lines: &[String]) -> Body {
    let line = |text: &String| BlockLine { symbol: Symbol::None, spans: vec![(Ink::Plain, clean(text))] };
    if lines.len() <= LINES_SHOWN_AT_MOST {
        return Body::Block { open: "", lines: lines.iter().map(line).collect(), close: "" };
    }
    let mut shown: Vec<BlockLine> = lines[..LINES_SHOWN_OF_A_CUT_ONE].iter().map(line).collect();
    let rest = lines.len() - LINES_SHOWN_OF_A_CUT_ONE;
    shown.push(BlockLine { symbol: Symbol::None, spans: vec![(Ink::Dim, format!("(… {rest} more lines)"))] });
    Body::Block { open: "", lines: shown, close: "" }
}

/// Whether the element of a list needs no table of its own: a pair, however long, or anything flat that fits on a line.
fn is_small(item: &Value, style: Style) -> bool {
    let is_flat = |map: &Map| map.values().all(|item| !matches!(item, Value::Map(_) | Value::List(_)));
    item.as_map().is_some_and(|map| is_flat(map) && (map.len() <= 2 || fits("    ", item, style)))
}

/// Whether `key = value` fits on a line.
pub(crate) fn fits(key: &str, value: &Value, style: Style) -> bool {
    let holds_lines = {
        let mut found = false;
        value.visit(&mut |_, node| found |= matches!(node, Value::String(text) if text.trim_end().contains('\n')));
        found
    };
    !holds_lines && 4 + width(key) + 3 + width(&literal::inline(value)) <= style.width
}
