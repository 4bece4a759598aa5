//! `[import]`: what exists already and is to become the stack's, by its name or its ARN.
//!
//! ```toml
//! [import]
//! "role.workflow" = "nightly-workflow"
//! cluster.main    = "arn:aws:ecs:eu-central-1:123456789012:cluster/main"
//! ```
//!
//! `[[import]]` with `to` and `id`, as Terraform writes it, says the same. An entry whose resource is recorded
//! already has done its work and may stay.

use indexmap::IndexMap;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Location, nearest};
use crate::stack::node::{Content, Entry, Node};
use crate::stack::reading::{Session, read_value};
use crate::stack::scope::{Referrer, Scope};
use crate::stack::{Import, table};
use crate::value::Value;

/// The top-level table.
pub const TABLE: &str = "import";

/// The keys of `[[import]]`.
pub const KEYS: &[&str] = &["to", "id"];

/// An entry as it is written: its address, where that stands, and its id.
struct Written<'a> {
    address: String,
    address_location: Location,
    id: &'a Node,
}

/// Reads `[import]`; `entry` is absent where there is none.
pub fn read(
    session: &mut Session<'_>,
    entry: Option<&Entry>,
    scope: &Scope<'_>,
    digest: &dyn Fn(&str) -> String,
) -> IndexMap<Address, Import> {
    let mut imports: IndexMap<Address, Import> = IndexMap::new();
    for written in entry.map(|entry| written(entry, &mut session.diagnostics)).unwrap_or_default() {
        let Some(address) = declared(&written.address, &written.address_location, scope, &mut session.diagnostics) else {
            continue;
        };
        let Some(id) = id(session, &address, written.id, scope, digest) else { continue };
        if imports.contains_key(&address) {
            let diagnostic = Diagnostic::error(format!("{address} is imported twice")).at(written.address_location);
            session.diagnostics.push(diagnostic.help("keep one of the entries"));
            continue;
        }
        let twin = imports.iter().find(|(other, import)| other.resource_type == address.resource_type && import.id == id);
        if let Some((other, _)) = twin {
            let message = format!("{address} and {other} would both be the same {}", address.resource_type);
            session.diagnostics.push(Diagnostic::error(message).at(written.id.location.clone()).help("keep one of the entries"));
            continue;
        }
        imports.insert(address, Import { id, location: written.id.location.clone() });
    }
    imports
}

/// The address that `text` spells, if the stack declares it.
pub fn declared(text: &str, location: &Location, scope: &Scope<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Address> {
    let address = match text.parse::<Address>() {
        Ok(address) if !address.is_data => address,
        Ok(address) => {
            let message = format!("{address} is looked up, and never this stack's");
            diagnostics.push(Diagnostic::error(message).at(location.clone()).help("name a managed resource, TYPE.NAME"));
            return None;
        }
        Err(error) => {
            diagnostics.push(Diagnostic::error(error.to_string()).at(location.clone()));
            return None;
        }
    };
    if scope.addresses.contains_key(&address) {
        return Some(address);
    }
    if !scope.has_lost_declarations {
        let diagnostic = Diagnostic::error(format!("there is no {address} in this stack")).at(location.clone());
        let known: Vec<String> = scope.addresses.keys().filter(|known| !known.is_data).map(Address::to_string).collect();
        let help = match nearest(text, known.iter().map(String::as_str)) {
            Some(candidate) => format!("did you mean {candidate}?"),
            None => format!("declare it: [{address}]"),
        };
        diagnostics.push(diagnostic.help(help));
    }
    None
}

/// Every entry of either form.
fn written<'a>(entry: &'a Entry, diagnostics: &mut Vec<Diagnostic>) -> Vec<Written<'a>> {
    match &entry.value.content {
        Content::List(items) => items.iter().filter_map(|item| from_list(item, diagnostics)).collect(),
        Content::Table(entries) => entries.iter().flat_map(from_table).collect(),
        _ => {
            table::wrong_type(&entry.key, &entry.value, "a table of TYPE.NAME = \"ID\"", diagnostics);
            Vec::new()
        }
    }
}

/// `"role.a" = "ID"`, or `role.a = "ID"`, which TOML reads as a table in a table.
fn from_table(entry: &Entry) -> Vec<Written<'_>> {
    match &entry.value.content {
        Content::Table(named) if !entry.key.contains('.') => named
            .iter()
            .map(|named| Written {
                address: format!("{}.{}", entry.key, named.key),
                address_location: named.key_location.clone(),
                id: &named.value,
            })
            .collect(),
        _ => vec![Written { address: entry.key.clone(), address_location: entry.key_location.clone(), id: &entry.value }],
    }
}

fn from_list<'a>(item: &'a Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Written<'a>> {
    let Some(entries) = item.entries() else {
        table::wrong_type(TABLE, item, "a table with `to` and `id`", diagnostics);
        return None;
    };
    let has_unknown = table::unknown_keys(entries, KEYS, diagnostics);
    let (to, id) = (table::find(entries, "to"), table::find(entries, "id"));
    if let (Some(to), Some(id)) = (to, id) {
        let address = table::text(to, diagnostics)?;
        return Some(Written { address: address.text.clone(), address_location: address.location(), id: &id.value });
    }
    if !has_unknown {
        let missing = if to.is_none() { "`to`, the address" } else { "`id`, the name or ARN" };
        diagnostics.push(Diagnostic::error(format!("an import needs {missing}")).at(item.location.clone()));
    }
    None
}

fn id(
    session: &mut Session<'_>,
    address: &Address,
    node: &Node,
    scope: &Scope<'_>,
    digest: &dyn Fn(&str) -> String,
) -> Option<Value> {
    let reading = read_value(session, node);
    session.diagnostics.extend(reading.references.iter().filter_map(|found| scope.check(found, Referrer::Import)));
    if !reading.broken.is_empty() {
        return None;
    }
    let id = reading.value.resolve(&|reference| scope.lookup(reference), &|text| digest(text));
    let problem = match &id {
        value if value.is_secret() => "is shown everywhere, so it can't be made from a sensitive variable",
        Value::String(text) if text.is_empty() => "must not be empty",
        Value::String(_) | Value::Pending(_) => return Some(id),
        _ => "must be a string: its name or its ARN",
    };
    session.diagnostics.push(Diagnostic::error(format!("the id of {address} {problem}")).at(node.location.clone()));
    None
}
