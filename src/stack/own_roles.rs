//! Roles of their own, for what needs a role and names none.
//!
//! ```toml
//! [state_machine.nightly]              # no role_arn: as if there stood
//!
//! [role.nightly_state_machine]
//! permissions_for             = "state_machine.nightly"
//! assume_role_policy_document = { ... "states.amazonaws.com" ... }
//! ```
//!
//! The tables are completed before anything is read, so that all that follows knows nothing of it: an own role is
//! planned, recorded, moved and deleted as one that the user wrote. Whatever is said of it stands under the header of
//! what it belongs to.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::address::{Address, is_identifier};
use crate::diagnostic::{Diagnostic, Location};
use crate::resource::{ResourceType, find_kind};
use crate::stack::Move;
use crate::stack::node::{Content, Entry, Node};
use crate::stack::permissions;
use crate::stack::scope::Scope;
use crate::stack::text::Text;

/// The roles that were made, and whose they are.
pub type OwnRoles = BTreeMap<Address, Address>;

/// Gives a role to everything in `entries` that may have one of its own and names none.
pub fn add(entries: &mut Vec<Entry>, kinds: &[&'static dyn ResourceType], diagnostics: &mut Vec<Diagnostic>) -> OwnRoles {
    let mut own = OwnRoles::new();
    let Some((role_type, made)) = role_type(kinds) else { return own };
    let mut roles = Vec::new();
    for kind in kinds {
        let (Some(wanted), Some(spec)) = (kind.own_role(), kind.own_role().and_then(|wanted| made(wanted.service))) else {
            continue;
        };
        let resource_type = kind.description().name;
        for user in tables_of(entries, resource_type).filter(|user| is_identifier(&user.key)) {
            let Content::Table(members) = &mut user.value.content else { continue };
            if members.iter().any(|member| member.key == wanted.field) {
                continue;
            }
            let address = Address::managed(resource_type, user.key.as_str());
            let role = address_for(&address, role_type);
            let header = user.key_location.clone();
            members.push(entry(wanted.field, &Json::String(format!("${{{role}.arn}}")), &header));
            let mut role_entry = entry(&role.name, &spec, &header);
            if let Content::Table(members) = &mut role_entry.value.content {
                members.push(entry(permissions::KEY, &Json::String(address.to_string()), &header));
            }
            roles.push((role_entry, wanted.field));
            own.insert(role, address);
        }
    }
    for (role, field) in roles {
        let address = Address::managed(role_type, role.key.as_str());
        let declared = tables_of(entries, role_type).find(|declared| declared.key == role.key).map(|it| it.key_location.clone());
        match (declared, own.get(&address)) {
            (Some(declared), Some(user)) => {
                diagnostics.push(taken(&address, user, field, (&role.key_location, &declared)));
                own.remove(&address);
            }
            _ => insert(entries, role_type, role),
        }
    }
    own
}

/// What has an own role and moves to another address takes its role along.
pub fn follow(moves: &mut Vec<Move>, own: &OwnRoles, scope: &Scope<'_>) {
    let Some((role_type, _)) = role_type(scope.kinds) else { return };
    let mut more: Vec<Move> = Vec::new();
    for it in moves.iter() {
        let has_own = find_kind(scope.kinds, &it.from.resource_type).is_some_and(|kind| kind.own_role().is_some());
        let (from, to) = (address_for(&it.from, role_type), address_for(&it.to, role_type));
        // What moved twice has its role where it is now.
        let ends_there = own.contains_key(&address_for(end_of(moves, &it.to), role_type));
        let is_told = moves.iter().any(|other| other.from == from || other.to == to);
        if has_own && ends_there && !is_told && !scope.addresses.contains_key(&from) {
            more.push(Move { from, to, ..it.clone() });
        }
    }
    moves.append(&mut more);
}

/// Where the moves lead from `address`.
fn end_of<'a>(moves: &'a [Move], address: &'a Address) -> &'a Address {
    let mut at = address;
    // In a ring, which is reported, there is no end.
    for _ in 0..moves.len() {
        match moves.iter().find(|it| it.from == *at) {
            Some(next) => at = &next.to,
            None => break,
        }
    }
    at
}

/// The name of the type of roles, and what makes one for a service.
fn role_type(kinds: &[&'static dyn ResourceType]) -> Option<(&'static str, impl Fn(&str) -> Option<Json> + use<>)> {
    let kind = kinds.iter().copied().find(|kind| kind.takes_policies())?;
    Some((kind.description().name, move |service: &str| kind.role_for(service)))
}

/// It follows from the address of its user alone, so that nothing else in the stack file ever changes it.
fn address_for(user: &Address, role_type: &str) -> Address {
    Address::managed(role_type, format!("{}_{}", user.name, user.resource_type))
}

fn tables_of<'a>(entries: &'a mut [Entry], resource_type: &str) -> impl Iterator<Item = &'a mut Entry> {
    let of_type = entries.iter_mut().find(|entry| entry.key == resource_type);
    of_type.into_iter().flat_map(|entry| match &mut entry.value.content {
        Content::Table(tables) => tables.as_mut_slice(),
        _ => &mut [],
    })
}

fn insert(entries: &mut Vec<Entry>, role_type: &str, role: Entry) {
    match entries.iter_mut().find(|entry| entry.key == role_type) {
        Some(entry) => {
            // What is no table was reported.
            if let Content::Table(tables) = &mut entry.value.content {
                tables.push(role);
            }
        }
        None => {
            let location = role.key_location.clone();
            let value = Node { location: location.clone(), content: Content::Table(vec![role]) };
            entries.push(Entry { key: role_type.to_owned(), key_location: location, value });
        }
    }
}

/// `key = value`, all of which stands at `location`.
fn entry(key: &str, value: &Json, location: &Location) -> Entry {
    Entry { key: key.to_owned(), key_location: location.clone(), value: node(value, location) }
}

fn node(value: &Json, location: &Location) -> Node {
    let content = match value {
        Json::Null => Content::Null,
        Json::Bool(flag) => Content::Boolean(*flag),
        Json::Number(number) => Content::Number(number.clone()),
        Json::String(text) => Content::Text(Text::unwritten(location, text)),
        Json::Array(items) => Content::List(items.iter().map(|item| node(item, location)).collect()),
        Json::Object(members) => Content::Table(members.iter().map(|(key, item)| entry(key, item, location)).collect()),
    };
    Node { location: location.clone(), content }
}

fn taken(role: &Address, user: &Address, field: &str, (header, declared): (&Location, &Location)) -> Diagnostic {
    let line = declared.line_and_column().0;
    let message = format!("{user} has no `{field}`, and the role of its own would be {role}, which line {line} declares");
    Diagnostic::error(message)
        .at(header.clone())
        .help(format!("if that is its role, add {field} = \"${{{role}.arn}}\""))
        .help("else give the other role another address")
}
