//! Tables: what fits on a line stands on one, what does not has a header of its own.

use std::fmt::Write;

use crate::export::toml::inline::{document_text, inline, text_of};
use crate::export::toml::string;
use crate::schema::{Field, Shape};
use crate::value::{Map, Value};

/// The width that lines are kept to where they can be.
const WIDTH: usize = 120;
/// A list of one is not worth lines of its own.
const LONELY_WIDTH: usize = 160;
/// An element of a list over several lines; one of a document is narrower, or has a header of its own.
const ELEMENT_WIDTH: usize = 116;
const STATEMENT_WIDTH: usize = 84;
/// A table that is shown whole in a header's stead is no more than this.
const TABLE_WIDTH: usize = 100;
/// Below so many headers everything stands on one line: the reader refuses longer keys.
const DEEPEST_HEADER: usize = 24;

/// Writes the table `[PATH]` and those within it.
pub fn table(out: &mut String, path: &[String], map: &Map, field: Option<&Field>) {
    section(out, path, map, field, false, true);
}

/// The members of a table with their fields.
type Member<'a> = (&'a String, &'a Value, Option<&'a Field>);

fn section(out: &mut String, path: &[String], map: &Map, field: Option<&Field>, is_element: bool, is_shown: bool) {
    let members: Vec<Member<'_>> =
        map.iter().map(|(key, value)| (key, value, field.and_then(|field| field.member(key)))).collect();
    let can_go_deeper = path.len() < DEEPEST_HEADER;
    let mut apart: Vec<bool> =
        members.iter().map(|(key, value, field)| can_go_deeper && wants_header(key, value, *field)).collect();
    // Tables of one kind look alike: if one of them has a header, all have.
    let are_tables = members.iter().all(|(_, value, field)| is_table(value, *field));
    if are_tables && apart.contains(&true) {
        apart.iter_mut().for_each(|apart| *apart = true);
    }
    let beside: Vec<&Member<'_>> = members.iter().zip(&apart).filter(|(_, apart)| !**apart).map(|(member, _)| member).collect();
    if is_element || is_shown || !beside.is_empty() || members.is_empty() {
        let name = path.join(".");
        let header = if is_element { format!("[[{name}]]") } else { format!("[{name}]") };
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&header);
        out.push('\n');
    }
    lines(out, &beside);
    for ((key, value, field), _) in members.iter().zip(&apart).filter(|(_, apart)| **apart) {
        let within: Vec<String> = path.iter().cloned().chain([string::key(key)]).collect();
        match value {
            Value::Map(map) => section(out, &within, map, *field, false, false),
            Value::List(items) => {
                let item = field.and_then(Field::item);
                for map in items.iter().filter_map(Value::as_map) {
                    section(out, &within, map, item, true, true);
                }
            }
            _ => {}
        }
    }
}

/// `key = value`, the signs under each other.
fn lines(out: &mut String, members: &[&Member<'_>]) {
    let width = members.iter().map(|(key, ..)| string::key(key).chars().count()).max().unwrap_or_default();
    for (key, value, field) in members {
        let key = string::key(key);
        let value = value_of_line(value, *field, width + " = ".len());
        // Writing to a string does not fail.
        let _ = writeln!(out, "{key:width$} = {value}");
    }
}

fn value_of_line(value: &Value, field: Option<&Field>, before: usize) -> String {
    let several = document_text(value, field).or_else(|| text_of(value)).and_then(|text| string::lines(&text));
    if let Some(several) = several {
        return several;
    }
    let whole = inline(value, field);
    match value {
        Value::List(items) if items.len() > 1 && before + whole.chars().count() > WIDTH => {
            let item = field.and_then(Field::item);
            let items = items.iter().map(|it| format!("  {},\n", inline(it, item)));
            format!("[\n{}]", items.collect::<String>())
        }
        _ => whole,
    }
}

fn is_table(value: &Value, field: Option<&Field>) -> bool {
    matches!(value, Value::Map(_)) && document_text(value, field).is_none()
}

fn wants_header(key: &str, value: &Value, field: Option<&Field>) -> bool {
    let width = || key.chars().count() + " = ".len() + inline(value, field).chars().count();
    match value {
        Value::Map(map) => is_table(value, field) && !map.is_empty() && (width() > TABLE_WIDTH || holds_lists_of_tables(value)),
        Value::List(items) if !items.is_empty() && items.iter().all(|item| item.as_map().is_some()) => {
            let item = field.and_then(Field::item);
            if field.is_some_and(|field| field.rules.identity.is_some()) && item.is_some_and(has_structure) {
                return true;
            }
            let most = if field.is_some() { ELEMENT_WIDTH } else { STATEMENT_WIDTH };
            let is_narrow = |it: &Value| inline(it, item).chars().count() <= most && is_flat(it);
            width() > (if items.len() == 1 { LONELY_WIDTH } else { WIDTH }) && !items.iter().all(is_narrow)
        }
        _ => false,
    }
}

/// Whether the elements of a list are things of their own, as containers are, and no mere pairs.
fn has_structure(field: &Field) -> bool {
    field
        .fields()
        .any(|(_, member)| !matches!(member.shape, Shape::String { .. } | Shape::Integer { .. } | Shape::Number | Shape::Boolean))
}

fn is_flat(value: &Value) -> bool {
    value.as_map().is_some_and(|map| map.values().all(|member| !matches!(member, Value::Map(_))))
}

fn holds_lists_of_tables(value: &Value) -> bool {
    match value {
        Value::List(items) => items.len() > 1 && items.iter().any(|item| item.as_map().is_some()),
        Value::Map(map) => map.values().any(holds_lists_of_tables),
        _ => false,
    }
}
