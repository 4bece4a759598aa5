//! A value that comes, goes or is shown as a whole.

use crate::render::Style;
use crate::render::clean::{clean, width};
use crate::render::human::section::{BlockLine, Body, Entry, Section, Symbol};
use crate::render::human::text_diff;
use crate::render::literal;
use crate::render::style::Ink;
use crate::render::words::Words;
use crate::schema::{Field, Shape};
use crate::value::{Map, Segment, Value};

/// Documents and texts longer than this are cut.
const LINES_SHOWN_AT_MOST: usize = 20;
/// How much of a cut one is shown.
const LINES_SHOWN_OF_A_CUT_ONE: usize = 12;

/// Puts the masked `value` of `field` into `section` as `name`: on one line where it fits, as a block or a table where not.
pub(crate) fn put(section: &mut Section, field: Option<&Field>, name: &Words, value: &Value, symbol: Symbol, style: Style) {
    let key = name.to_string();
    let is_document = field.is_some_and(|field| matches!(field.shape, Shape::Document(_)));
    let entry = |body| Entry { symbol, key: key.clone(), body, note: None };
    if is_document && !matches!(value, Value::Secret(_)) {
        section.entries.push(entry(document(value, style)));
        return;
    }
    match value {
        Value::String(text) if text.trim_end().contains('\n') => section.entries.push(entry(text_block(text))),
        Value::Map(map) if !fits(&key, value, style) => {
            section.sections.push(table(section.path.then(name), field, map, symbol, style));
        }
        Value::List(items) if !fits(&key, value, style) => {
            if items.iter().all(|item| matches!(item, Value::Map(_))) && !items.iter().all(|item| is_small(item, style)) {
                for (index, item) in items.iter().enumerate() {
                    let path = section.path.then(&element(name, index, item, field));
                    let map = item.as_map().cloned().unwrap_or_default();
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
pub(crate) fn table(path: Words, field: Option<&Field>, map: &Map, symbol: Symbol, style: Style) -> Section {
    let mut section = Section::new(symbol, path);
    for (key, item) in map {
        put(&mut section, field.and_then(|field| field.member(key)), &Words::default().key(key), item, symbol, style);
    }
    section
}

/// How the element of the list `name` is called.
fn element(name: &Words, index: usize, item: &Value, list: Option<&Field>) -> Words {
    let identity = list.and_then(|list| list.rules.identity.as_deref());
    let segment = match identity.and_then(|identity| item.get(identity)) {
        Some(Value::String(text)) => Segment::Element(text.clone()),
        Some(Value::Number(number)) => Segment::Element(number.to_string()),
        _ => Segment::Index(index),
    };
    let is_named = matches!(segment, Segment::Element(_)) && list.is_some_and(|list| list.rules.element.is_some());
    if is_named { Words::default().element(list, &segment) } else { name.element(list, &segment) }
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
