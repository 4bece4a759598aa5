//! What the state holds: `state list` and `state show`.

use std::io::{Result, Write};

use serde_json::{Map, Value as Json, json};

use crate::address::Address;
use crate::render::Style;
use crate::render::clean::clean;
use crate::render::human::section::{Body, Entry, Section, Symbol};
use crate::render::human::whole;
use crate::render::json::value::show as show_value;
use crate::render::literal;
use crate::render::mask::{hidden, mask};
use crate::render::style::Ink;
use crate::render::words::Words;
use crate::resource::ResourceType;
use crate::state::{Record, State};
use crate::value::Value;

mod history;
mod rebuild;

pub use history::{history, history_json, restored, restored_json};
pub use rebuild::{left_out, rebuilt, rebuilt_json};

/// `state list`: an address a line, in their order; what a replacement left behind says so.
pub fn list(out: &mut dyn Write, state: &State) -> Result<()> {
    for address in state.resources.keys() {
        writeln!(out, "{}", literal::address(address))?;
    }
    for deposed in &state.deposed {
        writeln!(out, "{} (deposed {})", literal::address(&deposed.address), clean(&deposed.record.id))?;
    }
    Ok(())
}

/// The same for programs.
pub fn list_json(state: &State) -> Json {
    let resources = state.resources.iter().map(|(address, record)| entry(address, record, false));
    let deposed = state.deposed.iter().map(|deposed| entry(&deposed.address, &deposed.record, true));
    json!({
        "stack": state.stack,
        "lineage": state.lineage,
        "serial": state.serial,
        "resources": resources.chain(deposed).collect::<Vec<_>>(),
    })
}

/// What the stack gives out, after an apply; nothing where there is nothing.
pub fn outputs(out: &mut dyn Write, state: &State, style: Style) -> Result<()> {
    if state.outputs.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}\n", style.paint(Ink::Bold, "Outputs:"))?;
    let width = state.outputs.keys().map(|name| literal::key(name).len()).max().unwrap_or_default();
    for (name, output) in &state.outputs {
        let value = if output.sensitive { hidden(&output.value) } else { mask(None, &output.value, None) };
        writeln!(out, "{:width$} = {}", literal::key(name), literal::inline(&value))?;
    }
    Ok(())
}

/// `state show ADDRESS`: all that is recorded of it, in the look of the stack file, sensitive values hidden.
///
/// `kind` is its type, absent for one that this version does not know.
pub fn show(
    out: &mut dyn Write,
    address: &Address,
    record: &Record,
    kind: Option<&dyn ResourceType>,
    style: Style,
) -> Result<()> {
    let field = kind.map(ResourceType::schema);
    let spec = mask(field, &record.spec, None);
    let comment = |text: &str| style.paint(Ink::Dim, text);
    writeln!(out, "{}", style.paint(Ink::Bold, &format!("# {}", literal::address(address))))?;
    writeln!(out, "{}", comment(&format!("# id: {}", clean(&record.id))))?;
    writeln!(out, "{}", comment(&format!("# last changed: {}", record.changed_at)))?;
    if record.incomplete {
        writeln!(out, "{}", style.paint(Ink::Alert, "# incomplete: its creation or change did not finish"))?;
    }
    if !record.dependencies.is_empty() {
        let names: Vec<String> = record.dependencies.iter().map(|dependency| literal::address(&dependency.address)).collect();
        writeln!(out, "{}", comment(&format!("# depends on: {}", names.join(", "))))?;
    }
    let map = spec.as_map().cloned().unwrap_or_default();
    let attributes = record.attributes.iter().filter(|(name, _)| !map.contains_key(*name)).map(|(name, value)| Entry {
        symbol: Symbol::None,
        key: literal::key(name),
        body: Body::Inline(literal::inline(&mask(None, value, None))),
        note: None,
    });
    let mut section = Section::new(Symbol::None, Words::default());
    section.entries.extend(attributes);
    let table = whole::table(Words::default(), field, &map, Symbol::None, style);
    section.entries.extend(table.entries);
    section.sections = table.sections;
    let mut with_gutter = Vec::new();
    section.write(&mut with_gutter, &literal::address(address), style)?;
    // Nothing changes, so the gutter is empty, and without it this reads like the stack file.
    for line in String::from_utf8_lossy(&with_gutter).lines() {
        writeln!(out, "{}", line.strip_prefix("    ").unwrap_or(line))?;
    }
    Ok(())
}

/// The same for programs: sensitive values are null, and marked in `sensitive_values`.
pub fn show_json(address: &Address, record: &Record, kind: Option<&dyn ResourceType>) -> Json {
    let mut object = head(address, record);
    let values = show_value(&mask(kind.map(ResourceType::schema), &record.spec, None));
    let attributes = Value::Map(record.attributes.iter().map(|(name, value)| (name.clone(), value.clone())).collect());
    object.insert("values".to_owned(), values.value.unwrap_or_default());
    object.insert("sensitive_values".to_owned(), values.sensitive.unwrap_or_else(|| json!({})));
    object.insert("attributes".to_owned(), show_value(&attributes).value.unwrap_or_default());
    object.insert("dependencies".to_owned(), json!(record.dependencies));
    object.insert("lifecycle".to_owned(), json!(record.lifecycle));
    object.insert("incomplete".to_owned(), record.incomplete.into());
    object.insert("changed_at".to_owned(), record.changed_at.to_string().into());
    Json::Object(object)
}

fn entry(address: &Address, record: &Record, is_deposed: bool) -> Json {
    let mut object = head(address, record);
    object.insert("deposed".to_owned(), is_deposed.into());
    object.insert("incomplete".to_owned(), record.incomplete.into());
    Json::Object(object)
}

fn head(address: &Address, record: &Record) -> Map<String, Json> {
    let mut object = Map::new();
    object.insert("address".to_owned(), address.to_string().into());
    object.insert("type".to_owned(), address.resource_type.clone().into());
    object.insert("name".to_owned(), address.name.clone().into());
    object.insert("id".to_owned(), record.id.clone().into());
    object
}

#[cfg(test)]
mod tests;
