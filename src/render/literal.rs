//! Values and paths on one line, in the look of the stack file.

use crate::address::{Address, is_identifier};
use crate::render::clean::{clean, quoted};
use crate::value::{Path, Segment, Value};

pub(crate) const KNOWN_AFTER_APPLY: &str = "(known after apply)";
pub(crate) use crate::secret::SENSITIVE_VALUE;

/// `value` on one line. It must be masked already.
pub(crate) fn inline(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::List(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Map(map) if map.is_empty() => "{}".to_owned(),
        Value::Map(map) => {
            let entries: Vec<String> = map.iter().map(|(name, item)| format!("{} = {}", key(name), inline(item))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Pending(_) => KNOWN_AFTER_APPLY.to_owned(),
        Value::Secret(_) => SENSITIVE_VALUE.to_owned(),
    }
}

/// A key as TOML writes it: bare where it can be.
pub(crate) fn key(text: &str) -> String {
    let is_bare = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if is_bare || text == SENSITIVE_VALUE { text.to_owned() } else { quoted(text) }
}

/// `container_definitions.report.environment.STAGE.value`: elements are told by their identity, as if the list were a table.
pub(crate) fn path(path: &Path) -> String {
    path.0.iter().fold(String::new(), |text, segment| join(&text, segment))
}

/// `before`, one step further.
pub(crate) fn join(before: &str, segment: &Segment) -> String {
    let dot = if before.is_empty() { "" } else { "." };
    match segment {
        Segment::Key(name) | Segment::Element(name) => format!("{before}{dot}{}", key(name)),
        Segment::Index(index) => format!("{before}[{index}]"),
    }
}

/// An address. Its parts are identifiers wherever a stack was read, and harmless in any case.
pub(crate) fn address(address: &Address) -> String {
    if is_identifier(&address.resource_type) && is_identifier(&address.name) {
        address.to_string()
    } else {
        clean(&address.to_string())
    }
}
