//! `[[moved]]`: a resource that has another address now, so that its new name in the stack file is no replacement.
//!
//! ```toml
//! [[moved]]
//! from = "role.workflow"
//! to   = "role.nightly"
//! ```

use crate::address::Address;
use crate::diagnostic::Diagnostic;
use crate::stack::node::{Content, Entry, Node};
use crate::stack::scope::Scope;
use crate::stack::{Move, imports, table};

/// The top-level list.
pub const TABLE: &str = "moved";

/// The keys of one entry.
pub const KEYS: &[&str] = &["from", "to"];

/// Reads `[[moved]]`; `entry` is absent where there is none. A resource that moved twice stands in two entries.
pub fn read(entry: Option<&Entry>, scope: &Scope<'_>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Move> {
    let Some(entry) = entry else { return Vec::new() };
    let Content::List(items) = &entry.value.content else {
        let message = "`moved` is a list of tables";
        diagnostics.push(Diagnostic::error(message).at(entry.key_location.clone()).help("write [[moved]] with double brackets"));
        return Vec::new();
    };
    let mut moves: Vec<Move> = Vec::new();
    for item in items {
        moves.extend(one(item, diagnostics));
    }
    check(&moves, scope, diagnostics);
    moves
}

fn one(item: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Move> {
    let Some(entries) = item.entries() else {
        table::wrong_type(TABLE, item, "a table with `from` and `to`", diagnostics);
        return None;
    };
    let has_unknown = table::unknown_keys(entries, KEYS, diagnostics);
    let mut address = |key: &str| {
        let Some(entry) = table::find(entries, key) else {
            if !has_unknown {
                let message = format!("a move needs `{key}`, an address");
                diagnostics.push(Diagnostic::error(message).at(item.location.clone()).help(format!("add {key} = \"TYPE.NAME\"")));
            }
            return None;
        };
        let text = table::text(entry, diagnostics)?;
        match text.text.parse::<Address>() {
            Ok(address) if !address.is_data => Some((address, text.location())),
            Ok(address) => {
                let message = format!("{address} is looked up: there is nothing to move");
                diagnostics.push(Diagnostic::error(message).at(text.location()));
                None
            }
            Err(error) => {
                diagnostics.push(Diagnostic::error(error.to_string()).at(text.location()));
                None
            }
        }
    };
    let (from, to) = (address("from"), address("to"));
    let ((from, from_location), (to, to_location)) = (from?, to?);
    if from.resource_type != to.resource_type {
        let message = format!("a {} can't become a {}", from.resource_type, to.resource_type);
        diagnostics.push(Diagnostic::error(message).at(to_location).help("only the name after the dot can change"));
        return None;
    }
    Some(Move { from, to, from_location, to_location })
}

/// What no order of the moves could make true.
fn check(moves: &[Move], scope: &Scope<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for (position, it) in moves.iter().enumerate() {
        if let Some(header) = scope.addresses.get(&it.from) {
            let line = header.line_and_column().0;
            let message = format!("{} has moved, but the stack still declares it in line {line}", it.from);
            let help = format!("take [{}] out, or this entry", it.from);
            diagnostics.push(Diagnostic::error(message).at(it.from_location.clone()).help(help));
        }
        if let Some(other) = moves[..position].iter().find(|other| other.from == it.from || other.to == it.to) {
            let (which, what) =
                if other.from == it.from { (&it.from, "moves to two places") } else { (&it.to, "is moved to twice") };
            diagnostics
                .push(Diagnostic::error(format!("{which} {what}")).at(it.from_location.clone()).help("keep one of the entries"));
        }
        let goes_on = moves.iter().any(|other| other.from == it.to);
        if !goes_on {
            imports::declared(&it.to.to_string(), &it.to_location, scope, diagnostics);
        }
    }
    // Where every end goes on, the moves run in a ring.
    let ring = moves.iter().find(|it| {
        let mut at = &it.to;
        for _ in 0..moves.len() {
            match moves.iter().find(|other| other.from == *at) {
                Some(next) => at = &next.to,
                None => return false,
            }
        }
        true
    });
    if let Some(it) = ring {
        let message = format!("the moves of {} lead in a ring", it.from);
        diagnostics.push(Diagnostic::error(message).at(it.from_location.clone()).help("take one of the entries out"));
    }
}
