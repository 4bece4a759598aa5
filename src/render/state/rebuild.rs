//! What a state is rebuilt from, before it is written.

use std::io::{Result, Write};
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use crate::address::Address;
use crate::rebuild::{LeftOut, Rebuilt};
use crate::render::Style;
use crate::render::clean::clean;
use crate::render::literal;
use crate::render::style::Ink;
use crate::stack::Stack;
use crate::state::State;

/// A line for each resource that was found, and for each that was not.
pub fn rebuilt(out: &mut dyn Write, rebuilt: &Rebuilt, stack: &Stack, style: Style) -> Result<()> {
    let state = &rebuilt.state;
    let count = state.resources.len() + state.deposed.len();
    let resources = if count == 1 { "1 resource is" } else { &format!("{count} resources are") };
    writeln!(out, "{resources} marked as the stack {}'s:", clean(&state.stack))?;
    for (address, record) in &state.resources {
        let note = if is_declared(stack, address) { "" } else { "  (not in the stack file: the next apply deletes it)" };
        let symbol = style.paint(Ink::Added, "+");
        writeln!(out, "  {symbol} {}  {}{}", literal::address(address), clean(&record.id), style.paint(Ink::Changed, note))?;
    }
    for deposed in &state.deposed {
        let note = style.paint(Ink::Changed, "  (left by a replacement: the next apply deletes it)");
        let symbol = style.paint(Ink::Added, "+");
        writeln!(out, "  {symbol} {}  {}{note}", literal::address(&deposed.address), clean(&deposed.record.id))?;
    }
    for address in &rebuilt.not_found {
        let note = style.paint(Ink::Changed, "not found: the next apply creates it");
        writeln!(out, "    {}  {note}", literal::address(address))?;
    }
    Ok(())
}

/// A sentence on what is marked as the stack's and can't be recorded.
pub fn left_out(left: &LeftOut) -> String {
    let LeftOut { resource_type, id, marked_as } = left;
    format!("Left out: the {resource_type} {id}, for its tag stepwright:address says {marked_as:?}, which is no address of one")
}

/// All of it for programs, with what was written.
pub fn rebuilt_json(rebuilt: &Rebuilt, written: &State, stack: &Stack, aside: &[PathBuf]) -> Json {
    let mut document = super::list_json(written);
    let declared: Vec<bool> = written
        .resources
        .keys()
        .chain(written.deposed.iter().map(|deposed| &deposed.address))
        .map(|address| is_declared(stack, address))
        .collect();
    if let Some(resources) = document.get_mut("resources").and_then(Json::as_array_mut) {
        for (resource, is_declared) in resources.iter_mut().zip(declared) {
            resource["declared"] = is_declared.into();
        }
    }
    let left = |left: &LeftOut| json!({ "type": left.resource_type, "id": left.id, "marked_as": left.marked_as });
    document["not_found"] = rebuilt.not_found.iter().map(Address::to_string).collect();
    document["left_out"] = rebuilt.left_out.iter().map(left).collect();
    document["kept_aside"] = aside.iter().map(|path| path.display().to_string()).collect();
    document
}

fn is_declared(stack: &Stack, address: &Address) -> bool {
    stack.resources.contains_key(address) || stack.moves.iter().any(|it| it.from == *address)
}
