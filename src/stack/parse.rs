//! Source → [`Stack`]: the passes, in order. Pure: documents come in through a closure.
//!
//! ```text
//! syntax ─► own roles ─► [stack] ─► [variables] ─► what is declared ─► each table by itself ─► permissions, names, rings ─► Stack
//! ```

use std::sync::Arc;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use crate::address::{Address, is_identifier};
use crate::diagnostic::{Diagnostic, Location, Severity, Source, has_errors, nearest};
use crate::graph;
use crate::place::Place;
use crate::resource::{ResourceType, find_kind};
use crate::stack::conceal::conceal;
use crate::stack::document::DocumentError;
use crate::stack::node::{Content, Entry};
use crate::stack::reading::{FoundReference, Session};
use crate::stack::resources::{Assembled, Declaration, assemble, check_tag};
use crate::stack::scope::{Referrer, Scope};
use crate::stack::syntax::Damage;
use crate::stack::variables::Inputs;
use crate::stack::{
    DataSource, Stack, Variable, imports, lookups, meaning, moves, outputs, own_roles, permissions, settings, state_settings,
    syntax, table, variables,
};
use crate::template::Reference;
use crate::value::{Path, Segment, Value};

/// The top-level tables that are no resource types.
pub const TABLES: &[&str] = &["stack", state_settings::TABLE, "variables", "data", "outputs", imports::TABLE, moves::TABLE];

/// Reads a stack file. Without errors among the diagnostics there is a stack.
///
/// `read_document` fetches what `{ file = "..." }` names; `digest` makes the keyed digest of a sensitive text.
pub fn parse(
    source: &Arc<Source>,
    kinds: &[&'static dyn ResourceType],
    inputs: &Inputs,
    read_document: &mut dyn FnMut(&str) -> Result<Arc<Source>, DocumentError>,
    digest: &dyn Fn(&str) -> String,
) -> (Option<Stack>, Vec<Diagnostic>) {
    let syntax = syntax::read(source);
    let damage = syntax.damage;
    let from_syntax = syntax.diagnostics;
    if damage.total {
        let mut diagnostics = in_order(source, from_syntax);
        conceal(&mut diagnostics, source, inputs);
        return (None, diagnostics);
    }
    let mut entries = syntax.entries;
    let mut session = Session { read_document, documents: Vec::new(), diagnostics: Vec::new() };
    check_tables(&entries, kinds, &mut session.diagnostics);
    let mut taken = Vec::new();
    let own = own_roles::add(&mut entries, kinds, &mut taken);
    // What names no role may have named one in a line that can't be read.
    session.diagnostics.extend(taken.into_iter().filter(|_| from_syntax.is_empty()));

    let stack_entry = table::find(&entries, "stack");
    let settings = settings::read(&mut session, source, stack_entry);
    let state = state_settings::read(table::find(&entries, state_settings::TABLE), &mut session.diagnostics);
    let variables =
        variables::read(table::find(&entries, "variables"), inputs, digest, damage.lost_declarations, &mut session.diagnostics);
    let (mut managed, data) = declarations(&entries, kinds, &mut session.diagnostics);
    managed.iter_mut().for_each(|it| it.made_for = own.get(&it.address));
    let addresses = managed.iter().chain(&data).map(|it| (it.address.clone(), it.entry.key_location.clone())).collect();
    let scope = Scope {
        kinds,
        stack_name: settings.name.clone(),
        region: settings.region.clone(),
        variables,
        addresses,
        has_lost_declarations: damage.lost_declarations,
    };
    session.diagnostics.extend(settings.references().filter_map(|found| scope.check(found, Referrer::Resource)));
    for (path, member) in settings.tags.iter().flat_map(|tags| &tags.members) {
        if let ([Segment::Key(key)], Some(location)) = (path.0.as_slice(), &member.key) {
            session.diagnostics.extend(check_tag(key, location.clone()));
        }
    }

    let data: IndexMap<Address, DataSource> = data
        .iter()
        .filter_map(|it| lookups::read(&mut session, &it.address, it.kind, it.entry, &scope, digest))
        .map(|data| (data.address.clone(), data))
        .collect();
    let mut assembled: Vec<Assembled> =
        managed.iter().filter_map(|it| assemble(&mut session, it, &scope, &settings, digest)).collect();
    let outputs = outputs::read(&mut session, table::find(&entries, "outputs"), &scope, digest);
    let imports = imports::read(&mut session, table::find(&entries, imports::TABLE), &scope, digest);
    let mut moves = moves::read(table::find(&entries, moves::TABLE), &scope, &mut session.diagnostics);
    own_roles::follow(&mut moves, &own, &scope);
    session.diagnostics.extend(permissions::derive(&mut assembled, &scope));
    let mut beyond_need = Vec::new();
    // What is wrong with a spec itself would be told once more as what its role lacks.
    if !has_errors(&session.diagnostics) {
        session.diagnostics.extend(permissions::check(&assembled, &scope));
        beyond_need = in_order(source, permissions::beyond_need(&assembled, &scope));
        beyond_need.retain(|diagnostic| !is_allowed(diagnostic, &settings.allow));
        conceal(&mut beyond_need, source, inputs);
    }
    let place = Place::of_region(settings.region.as_deref(), &settings.allowed_account_ids);
    session.diagnostics.extend(meaning::check(&assembled, data.values(), place));
    session.diagnostics.extend(repeated_names(&assembled));
    session.diagnostics.extend(rings(&assembled));

    let Session { documents, diagnostics: mut found, .. } = session;
    found.retain(|diagnostic| !is_consequence(diagnostic, source, &damage));
    found.retain(|diagnostic| !is_allowed(diagnostic, &settings.allow));
    found.extend(from_syntax);
    let mut diagnostics = in_order(source, found);
    conceal(&mut diagnostics, source, inputs);
    if has_errors(&diagnostics) {
        return (None, diagnostics);
    }
    let Some(name) = settings.name else { return (None, diagnostics) };
    let variables: IndexMap<String, Variable> =
        scope.variables.into_iter().filter_map(|(name, variable)| Some((name, variable?))).collect();
    let stack = Stack {
        name,
        region: settings.region,
        allowed_account_ids: settings.allowed_account_ids,
        allow: settings.allow,
        state,
        resources: assembled.into_iter().map(|it| (it.resource.address.clone(), it.resource)).collect(),
        data,
        imports,
        moves,
        outputs,
        beyond_need,
        digest: digest_of_all(source, &documents, &variables),
        variables,
        source: source.clone(),
    };
    (Some(stack), diagnostics)
}

/// Whether it is a warning that the stack has turned off.
pub(super) fn is_allowed(diagnostic: &Diagnostic, allow: &[String]) -> bool {
    let is_named = diagnostic.code.is_some_and(|code| allow.iter().any(|allowed| allowed == code));
    diagnostic.severity == Severity::Warning && is_named
}

/// The name in `[stack]`, if it can be read, whatever else is wrong: it tells where the state is.
pub fn peek_name(source: &Arc<Source>) -> Option<String> {
    let syntax = syntax::read(source);
    let entries = table::find(&syntax.entries, "stack")?.value.entries()?;
    let name = table::text(table::find(entries, "name")?, &mut Vec::new())?;
    settings::is_name(&name.text).then(|| name.text.clone())
}

/// The region in `[stack]`, whatever else is wrong.
pub fn peek_region(source: &Arc<Source>) -> Option<String> {
    let syntax = syntax::read(source);
    let entries = table::find(&syntax.entries, "stack")?.value.entries()?;
    table::text(table::find(entries, "region")?, &mut Vec::new()).map(|region| region.text.clone())
}

/// What `[stack]` allows, whatever else is wrong: who may be touched must not depend on the rest of the file.
pub fn peek_allowed_account_ids(source: &Arc<Source>) -> Vec<String> {
    let syntax = syntax::read(source);
    let settings = table::find(&syntax.entries, "stack").and_then(|entry| entry.value.entries());
    let accounts = settings.and_then(|entries| table::find(entries, "allowed_account_ids"));
    let texts = accounts.map(|entry| table::texts(entry, &mut Vec::new())).unwrap_or_default();
    texts.into_iter().map(|account| account.text.clone()).collect()
}

fn check_tables(entries: &[Entry], kinds: &[&'static dyn ResourceType], diagnostics: &mut Vec<Diagnostic>) {
    let names = || kinds.iter().map(|kind| kind.description().name).chain(TABLES.iter().copied());
    for entry in entries.iter().filter(|entry| !names().any(|name| name == entry.key)) {
        let is_table = entry.value.entries().is_some();
        let what = if is_table { "there is no resource type" } else { "nothing at the top of a stack file is called" };
        let diagnostic = Diagnostic::error(format!("{what} `{}`", entry.key)).at(entry.key_location.clone());
        diagnostics.push(match nearest(&entry.key, names()) {
            Some(candidate) => diagnostic.replacement(candidate),
            None => diagnostic.help(format!("known here: {}", names().collect::<Vec<_>>().join(", "))),
        });
    }
}

/// Every `[TYPE.NAME]` and every `[data.TYPE.NAME]`, in the order of the file.
fn declarations<'a>(
    entries: &'a [Entry],
    kinds: &[&'static dyn ResourceType],
    diagnostics: &mut Vec<Diagnostic>,
) -> (Vec<Declaration<'a>>, Vec<Declaration<'a>>) {
    let mut managed = Vec::new();
    for entry in entries {
        if let Some(kind) = find_kind(kinds, &entry.key) {
            managed.extend(named(entry, kind, false, diagnostics));
        }
    }
    let mut data = Vec::new();
    for entry in table::find(entries, "data").and_then(|entry| table::table(entry, diagnostics)).unwrap_or_default() {
        if let Some(kind) = find_kind(kinds, &entry.key) {
            data.extend(named(entry, kind, true, diagnostics));
            continue;
        }
        let names = || kinds.iter().map(|kind| kind.description().name);
        let diagnostic = Diagnostic::error(format!("there is no resource type `{}`", entry.key));
        let diagnostic = diagnostic.at(entry.key_location.clone());
        diagnostics.push(match nearest(&entry.key, names()) {
            Some(candidate) => diagnostic.replacement(candidate),
            None => diagnostic.help(format!("known types: {}", names().collect::<Vec<_>>().join(", "))),
        });
    }
    let position = |declaration: &Declaration<'_>| declaration.entry.key_location.range.start;
    managed.sort_by_key(position);
    data.sort_by_key(position);
    (managed, data)
}

fn named<'a>(
    entry: &'a Entry,
    kind: &'static dyn ResourceType,
    is_data: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Declaration<'a>> {
    let mut found = Vec::new();
    let prefix = if is_data { "data." } else { "" };
    let Some(entries) = entry.value.entries() else {
        let message = format!("a {} needs a name of its own: [{prefix}{}.NAME]", entry.key, entry.key);
        diagnostics.push(Diagnostic::error(message).at(entry.key_location.clone()));
        return found;
    };
    for named in entries {
        if matches!(named.value.content, Content::List(_)) && is_identifier(&named.key) && !kind_has(kind, &named.key) {
            let message = format!("{prefix}{}.{} must be one table, not a list", entry.key, named.key);
            let help = format!("write [{prefix}{}.{}] with single brackets", entry.key, named.key);
            diagnostics.push(Diagnostic::error(message).at(named.key_location.clone()).help(help));
            continue;
        }
        if named.value.entries().is_none() {
            // `[cluster]` in place of `[cluster.main]`: its members look like nameless resources, of which one is enough.
            let message = format!("a {} needs a name of its own", entry.key);
            let help = format!("write [{prefix}{}.NAME] above its keys", entry.key);
            diagnostics.push(Diagnostic::error(message).at(entry.key_location.clone()).help(help));
            continue;
        }
        if !is_identifier(&named.key) {
            let message = format!("`{}` can't be the name of a resource", named.key);
            let help = "a letter or `_`, then letters, digits, `_` and `-`; the name in AWS may be another: `name`";
            diagnostics.push(Diagnostic::error(message).at(named.key_location.clone()).help(help));
            continue;
        }
        let address = Address { is_data, resource_type: entry.key.clone(), name: named.key.clone() };
        found.push(Declaration { address, kind, entry: named, made_for: None });
    }
    found
}

/// Whether `key` is a field of the type: then it is no name, but the name is missing.
fn kind_has(kind: &dyn ResourceType, key: &str) -> bool {
    kind.schema().member(key).is_some()
}

/// Two resources of one type that AWS would take for one.
fn repeated_names(assembled: &[Assembled]) -> Vec<Diagnostic> {
    let mut known: IndexMap<(&str, String), &Assembled> = IndexMap::new();
    let mut diagnostics = Vec::new();
    for it in assembled {
        let description = it.resource.kind.description();
        let text = match it.resource.spec.get(description.name_field) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Pending(template)) => template.to_string(),
            _ => continue,
        };
        let key = if description.name_ignores_case { text.to_lowercase() } else { text.clone() };
        let place = |it: &Assembled| it.resource.locations.of(&Path::key(description.name_field), false);
        match known.entry((description.name, key)) {
            indexmap::map::Entry::Vacant(entry) => {
                entry.insert(it);
            }
            indexmap::map::Entry::Occupied(first) => {
                let first = first.get();
                let line = place(first).line_and_column().0;
                let what = if description.name_ignores_case { " (case does not tell names apart)" } else { "" };
                let message = format!("the name `{text}` is taken by {} in line {line}{what}", first.resource.address);
                let help = match &it.made_for {
                    None => format!("give {} another `{}`", it.resource.address, description.name_field),
                    Some(user) => {
                        format!("give {} another `{}`, or {user} another role", first.resource.address, description.name_field)
                    }
                };
                diagnostics.push(Diagnostic::error(message).at(place(it)).help(help));
            }
        }
    }
    diagnostics
}

/// Resources that need each other.
fn rings(assembled: &[Assembled]) -> Vec<Diagnostic> {
    let by_address: IndexMap<&Address, &Assembled> = assembled.iter().map(|it| (&it.resource.address, it)).collect();
    let needs = assembled
        .iter()
        .map(|it| {
            let needed = it.resource.dependencies.iter().map(|dependency| dependency.address.clone());
            (it.resource.address.clone(), needed.collect())
        })
        .collect();
    graph::rings(&needs).iter().map(|ring| describe_ring(ring, &by_address)).collect()
}

fn describe_ring(ring: &[Address], by_address: &IndexMap<&Address, &Assembled>) -> Diagnostic {
    let names: Vec<String> = ring.iter().chain(ring.first()).map(Address::to_string).collect();
    let mut diagnostic = Diagnostic::error(format!("these need each other: {}", names.join(" → ")));
    for (position, from) in ring.iter().enumerate() {
        let Some(to) = ring.get((position + 1) % ring.len()) else { continue };
        let is_edge = |found: &&FoundReference| match &found.reference {
            Reference::Attribute { address, .. } => address == to,
            _ => false,
        };
        let Some(found) = by_address.get(from).and_then(|it| it.references.iter().find(is_edge)) else { continue };
        let (line, column) = found.location.line_and_column();
        let name = &found.location.source.name;
        diagnostic.help.push(format!("{from} refers to {to} at {name}:{line}:{column}: ${{{}}}", found.reference));
        if diagnostic.location.is_none() {
            diagnostic.location = Some(found.location.clone());
        }
    }
    diagnostic.help("take one of these references out")
}

/// Whether a problem may come from what a syntax error took away.
fn is_consequence(diagnostic: &Diagnostic, source: &Arc<Source>, damage: &Damage) -> bool {
    match &diagnostic.location {
        Some(location) if Arc::ptr_eq(&location.source, source) => {
            damage.covers(&location.range) || (damage.lost_declarations && location.range == (0..0))
        }
        _ => false,
    }
}

/// The stack file's first, by place; each once.
pub(super) fn in_order(source: &Arc<Source>, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let key = |diagnostic: &Diagnostic| match &diagnostic.location {
        None => (0, String::new(), 0),
        Some(Location { source: other, range }) if Arc::ptr_eq(other, source) => (1, String::new(), range.start),
        Some(Location { source: other, range }) => (2, other.name.clone(), range.start),
    };
    diagnostics.sort_by_cached_key(key);
    diagnostics.dedup();
    diagnostics
}

/// SHA-256 over everything that the stack was read from, in hex.
fn digest_of_all(source: &Source, documents: &[Arc<Source>], variables: &IndexMap<String, Variable>) -> String {
    let mut hash = Sha256::new();
    // Each part with its length first, so that no two lists of parts look alike.
    let mut add = |part: &str| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    };
    add(&source.text);
    for document in documents {
        add(&document.name);
        add(&document.text);
    }
    for (name, variable) in variables {
        add(name);
        // A secret writes its digest.
        add(&serde_json::to_string(&variable.value).unwrap_or_default());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
