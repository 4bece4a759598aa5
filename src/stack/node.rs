//! What the user wrote, TOML or JSON, as one tree in which every key and every value knows its place.

use std::sync::Arc;

use serde_json::Number;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Location, Source};
use crate::stack::text::Text;

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    pub location: Location,
    pub content: Content,
}

#[derive(Clone, Debug)]
pub enum Content {
    /// Only in JSON.
    Null,
    Boolean(bool),
    Number(Number),
    Text(Text),
    List(Vec<Node>),
    Table(Vec<Entry>),
    /// Something that was reported already, so that nothing more is said about it.
    Broken,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: String,
    pub key_location: Location,
    pub value: Node,
}

/// Tables and lists within each other further than this are refused: every walk of a tree is a recursion.
pub const DEEPEST: usize = 120;

impl Node {
    /// What a user calls it.
    pub fn describe(&self) -> &'static str {
        match &self.content {
            Content::Null => "null",
            Content::Boolean(_) => "a boolean",
            Content::Number(number) if number.is_f64() => "a float",
            Content::Number(_) => "an integer",
            Content::Text(_) => "a string",
            Content::List(_) => "a list",
            Content::Table(_) => "a table",
            Content::Broken => "something unreadable",
        }
    }

    /// The entries of a table.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Table(entries) => Some(entries),
            _ => None,
        }
    }
}

/// The tree of a TOML table. What TOML can write and no stack can use is reported.
pub fn of_toml(source: &Arc<Source>, table: &DeTable<'_>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Entry> {
    entries(source, table, 0, diagnostics)
}

fn entries(source: &Arc<Source>, table: &DeTable<'_>, depth: usize, diagnostics: &mut Vec<Diagnostic>) -> Vec<Entry> {
    table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_location: Location { source: source.clone(), range: key.span() },
            value: node(source, value, depth + 1, diagnostics),
        })
        .collect()
}

fn node(source: &Arc<Source>, value: &Spanned<DeValue<'_>>, depth: usize, diagnostics: &mut Vec<Diagnostic>) -> Node {
    let location = Location { source: source.clone(), range: value.span() };
    let mut broken = |message: String, help: &str| {
        diagnostics.push(Diagnostic::error(message).at(location.clone()).help(help));
        Content::Broken
    };
    let content = match value.get_ref() {
        _ if depth > DEEPEST => broken(format!("more than {DEEPEST} tables and lists within each other"), "flatten it"),
        DeValue::String(text) => Content::Text(Text::of_toml(source, location.range.clone(), text)),
        DeValue::Boolean(value) => Content::Boolean(*value),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => Content::Number(number.into()),
            Err(_) => broken(
                "this integer does not fit into 64 bits".to_owned(),
                "write a number between -9223372036854775808 and 9223372036854775807",
            ),
        },
        DeValue::Float(float) => match float.as_str().parse().ok().and_then(Number::from_f64) {
            Some(number) => Content::Number(number),
            None => broken(format!("{} is not a number that JSON and AWS can carry", float.as_str()), "write a finite number"),
        },
        DeValue::Datetime(_) => {
            broken("a date is not a value that AWS takes here".to_owned(), "put it in quotes, which makes it a string")
        }
        DeValue::Array(items) => Content::List(items.iter().map(|item| node(source, item, depth + 1, diagnostics)).collect()),
        DeValue::Table(table) => Content::Table(entries(source, table, depth, diagnostics)),
    };
    Node { location, content }
}
