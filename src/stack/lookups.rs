//! `[data.TYPE.NAME]`: something that exists and is not ours, by its name or its ARN.

use crate::address::Address;
use crate::diagnostic::Diagnostic;
use crate::resource::ResourceType;
use crate::stack::node::Entry;
use crate::stack::reading::{Session, read_value};
use crate::stack::scope::{Referrer, Scope};
use crate::stack::{DataSource, Locations, table};
use crate::value::{Path, Value};

/// The key of an ARN, beside the type's own name.
pub const ARN: &str = "arn";

/// Reads one look-up.
pub fn read(
    session: &mut Session<'_>,
    address: &Address,
    kind: &'static dyn ResourceType,
    entry: &Entry,
    scope: &Scope<'_>,
    digest: &dyn Fn(&str) -> String,
) -> Option<DataSource> {
    let name_field = kind.description().name_field;
    let Some(entries) = entry.value.entries() else {
        let message = format!("[{address}] must be a table, not {}", entry.value.describe());
        session.diagnostics.push(Diagnostic::error(message).at(entry.value.location.clone()));
        return None;
    };
    table::unknown_keys(entries, &[name_field, ARN], &mut session.diagnostics);
    let reading = read_value(session, &entry.value);
    session.diagnostics.extend(reading.references.iter().filter_map(|found| scope.check(found, Referrer::DataSource)));
    let given: Vec<&Entry> = entries.iter().filter(|entry| [name_field, ARN].contains(&entry.key.as_str())).collect();
    let key = match given.as_slice() {
        [only] => &only.key,
        [_, second, ..] => {
            let message = format!("`{name_field}` and `{ARN}` both say what to look up");
            session.diagnostics.push(Diagnostic::error(message).at(second.key_location.clone()).help("keep one of them"));
            return None;
        }
        [] => {
            let message = format!("[{address}] does not say what to look up");
            let help = format!("add {name_field} = \"...\" or {ARN} = \"...\"");
            session.diagnostics.push(Diagnostic::error(message).at(entry.key_location.clone()).help(help));
            return None;
        }
    };
    let locations = Locations { header: entry.key_location.clone(), members: reading.members };
    if reading.broken.contains(&Path::key(key.as_str())) {
        return None;
    }
    let query = reading.value.get(key)?.resolve(&|reference| scope.lookup(reference), &|text| digest(text));
    let problem = match &query {
        value if value.is_secret() => "is shown everywhere, so it can't be made from a sensitive variable",
        Value::String(text) if text.is_empty() => "must not be empty",
        Value::String(_) | Value::Pending(_) => return Some(DataSource { address: address.clone(), kind, query, locations }),
        _ => "must be a string",
    };
    let place = locations.of(&Path::key(key.as_str()), false);
    session.diagnostics.push(Diagnostic::error(format!("`{key}` {problem}")).at(place));
    None
}
