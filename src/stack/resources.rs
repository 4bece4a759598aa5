//! `[TYPE.NAME]`: one table, checked against its type's schema and made into a [`Resource`].

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Finding, Location};
use crate::resource::{Ownership, ResourceType, normalise};
use crate::schema::{self, Field, Origin, Phase, Shape};
use crate::stack::node::Entry;
use crate::stack::permissions::{self, Purpose};
use crate::stack::reading::{FoundReference, Reading, Session, read_table};
use crate::stack::scope::{Referrer, Scope};
use crate::stack::settings::Settings;
use crate::stack::sound::sound_part;
use crate::stack::{Dependency, Lifecycle, Locations, MemberLocation, Resource, lifecycle};
use crate::template::Reference;
use crate::value::{Map, Path, Segment, Value};

/// A declared resource, not yet checked.
#[derive(Debug)]
pub struct Declaration<'a> {
    pub address: Address,
    pub kind: &'static dyn ResourceType,
    pub entry: &'a Entry,
    /// What it is the own role of; the user did not write it.
    pub made_for: Option<&'a Address>,
}

/// A resource and what else its table tells.
#[derive(Debug)]
pub struct Assembled {
    pub resource: Resource,
    /// Every reference in it, with its place.
    pub references: Vec<FoundReference>,
    /// What its permissions are derived from.
    pub purposes: Vec<Purpose>,
    /// What it is the own role of.
    pub made_for: Option<Address>,
}

/// Reads and checks one resource.
pub fn assemble(
    session: &mut Session<'_>,
    declaration: &Declaration<'_>,
    scope: &Scope<'_>,
    settings: &Settings,
    digest: &dyn Fn(&str) -> String,
) -> Option<Assembled> {
    let Declaration { address, kind, entry, made_for } = declaration;
    let Some(entries) = entry.value.entries() else {
        let message = format!("[{address}] must be a table, not {}", entry.value.describe());
        session.diagnostics.push(Diagnostic::error(message).at(entry.value.location.clone()));
        return None;
    };
    let field = kind.schema();
    let mut lifecycle = Lifecycle::default();
    if let Some(entry) = entries.iter().find(|entry| entry.key == LIFECYCLE) {
        lifecycle = lifecycle::read(entry, field, &mut session.diagnostics);
    }
    let is_purpose = |entry: &Entry| kind.takes_policies() && entry.key == permissions::KEY;
    let purposes = entries.iter().find(|entry| is_purpose(entry));
    let purposes = purposes.map(|entry| permissions::read(entry, &mut session.diagnostics)).unwrap_or_default();
    let of_fields = entries.iter().filter(|entry| entry.key != LIFECYCLE && !is_purpose(entry));
    let mut reading = read_table(session, of_fields, field);
    session.diagnostics.extend(reading.references.iter().filter_map(|found| scope.check(found, Referrer::Resource)));
    check_tags(&mut reading, &mut session.diagnostics);
    inherit_tags(&mut reading, settings, field);
    let name_field = kind.description().name_field;
    // The user did not choose the name of an own role, and need not know that there is one: it is made to fit.
    let longest = made_for.and_then(|_| longest_text(field.member(name_field)?));
    let is_named_by_us = name_by_default(&mut reading, address, scope, name_field, longest);

    let value = reading.value.resolve(&|reference| scope.lookup(reference), &|text| digest(text));
    let mut locations = Locations { header: entry.key_location.clone(), members: std::mem::take(&mut reading.members) };
    let mut findings = find_mistakes(field, &reading, &value);
    for key in [name_field].iter().chain(kind.description().arn_fields) {
        let path = Path::key(*key);
        if let Some((found, variable)) = scope.first_sensitive(reading.references.iter().filter(|found| found.path == path)) {
            session.diagnostics.push(named_by_secret(key, key == &name_field, variable, found.location.clone()));
            reading.broken.push(path);
        }
    }
    for found in reading.references.iter().filter(|found| found.is_alone && is_document(field, &found.path)) {
        if let Some((found, variable)) = scope.first_sensitive([found]) {
            // What differs in it is told by its keys, which would be secret as well.
            let message = format!("a whole document can't be the sensitive variable `{variable}`");
            let help = "write the document here, and refer to a sensitive variable only where the secret stands in it";
            session.diagnostics.push(Diagnostic::error(message).at(found.location.clone()).help(help));
            reading.broken.push(found.path.clone());
        }
    }
    let about_values = findings.iter().filter(|finding| !finding.on_key).map(|finding| finding.path.clone());
    let wrong: Vec<Path> = about_values.chain(reading.broken).collect();
    let mut more = kind.validate(&sound_part(field, &value, &wrong));
    more.retain(|finding| !wrong.iter().any(|wrong| finding.path.starts_with(wrong)));
    more.iter_mut().for_each(|finding| quote_replacement(finding, &locations));
    findings.append(&mut more);
    name_elements(field, &value, &mut locations.members);
    for mut finding in findings {
        if is_named_by_us && finding.path == Path::key(name_field) {
            let name = value.text(name_field).unwrap_or_default();
            finding.help.push(format!("left out, the name is made of the stack's and the resource's: {name}"));
            finding.replacement = None;
        }
        session.diagnostics.push(place(&locations, finding));
    }
    let resource = Resource {
        address: address.clone(),
        kind: *kind,
        spec: normalise(*kind, &value),
        is_named_by_default: is_named_by_us,
        lifecycle,
        dependencies: dependencies(field, &value, scope),
        locations,
    };
    Some(Assembled { resource, references: reading.references, purposes, made_for: made_for.cloned() })
}

const LIFECYCLE: &str = "lifecycle";
const TAGS: &str = "tags";

/// What a physical name is made of ends up in ARNs, and these are recorded, shown and logged by everyone.
fn named_by_secret(key: &str, is_name: bool, variable: &str, location: Location) -> Diagnostic {
    let subject = if is_name { "a physical name" } else { "a part of an ARN" };
    let message = format!("{subject} is shown everywhere, so `{key}` can't be made from the sensitive variable `{variable}`");
    Diagnostic::error(message).at(location).help("use a variable that is not sensitive")
}

/// Whether a document of its own begins at `path`.
fn is_document(field: &Field, path: &Path) -> bool {
    let at_path = path.0.iter().try_fold(field, |field, segment| match segment {
        Segment::Key(key) => field.member(key),
        Segment::Index(_) | Segment::Element(_) => field.item(),
    });
    at_path.is_some_and(|field| matches!(field.shape, Shape::Document(_)))
}

/// A finding as a diagnostic.
pub fn place(locations: &Locations, finding: Finding) -> Diagnostic {
    // Findings about one element of a value reach further than the text knows: then its surroundings are underlined,
    // and a replacement for the element would replace too much.
    let is_exact = finding.path.0.is_empty() || locations.members.contains_key(&finding.path);
    Diagnostic {
        severity: finding.severity,
        code: finding.code,
        location: Some(locations.of(&finding.path, finding.on_key)),
        path: Some(finding.path),
        is_of_parent: finding.is_of_parent,
        help: finding.help,
        replacement: finding.replacement.filter(|_| is_exact),
        ..Diagnostic::error(finding.message)
    }
}

/// A type proposes a value; what is to be written in the place of a string is a string in its quotes.
pub fn quote_replacement(finding: &mut Finding, locations: &Locations) {
    let place = locations.of(&finding.path, finding.on_key);
    let is_quoted = place.source.text.get(place.range).is_some_and(|token| token.starts_with(['"', '\'']));
    if let (true, Some(text)) = (is_quoted, &finding.replacement) {
        // A string of JSON is one of TOML as well.
        finding.replacement = serde_json::to_string(text).ok();
    }
}

/// First what is written, then what the variables made of it.
fn find_mistakes(field: &Field, reading: &Reading, value: &Value) -> Vec<Finding> {
    let mut findings = schema::check(field, &reading.value, Origin::Written);
    let mut substituted = Vec::new();
    reading.value.visit(&mut |path, leaf| {
        if let Value::Pending(template) = leaf {
            substituted.push((path.clone(), template.clone()));
        }
    });
    for finding in schema::check(field, value, Origin::Substituted) {
        let origin = substituted.iter().find(|(path, _)| finding.path.starts_with(path));
        // A replacement would stand in for the reference, which is right; what is wrong is elsewhere.
        if let Some((_, template)) = origin {
            let help = format!("the value comes from {template}");
            findings.push(Finding { replacement: None, ..finding }.help(help));
        }
    }
    findings.retain(|finding| !reading.broken.iter().any(|broken| finding.path.starts_with(broken)));
    findings
}

fn check_tags(reading: &mut Reading, diagnostics: &mut Vec<Diagnostic>) {
    for key in reading.value.get(TAGS).and_then(Value::as_map).into_iter().flat_map(Map::keys) {
        let path = Path::key(TAGS).join_key(key);
        let location = reading.members.get(&path).and_then(|member| member.key.clone());
        if let Some(diagnostic) = location.and_then(|location| check_tag(key, location)) {
            diagnostics.push(diagnostic);
            reading.broken.push(path);
        }
    }
}

/// What is wrong with the key of a tag.
pub fn check_tag(key: &str, location: Location) -> Option<Diagnostic> {
    let (prefix, owner) = owner_of_tag(key)?;
    let message = format!("`{key}`: tags that begin with `{prefix}` are {owner}'s own");
    Some(Diagnostic::error(message).at(location).help("choose another key"))
}

/// Whose the key of a tag is, if not the user's.
fn owner_of_tag(key: &str) -> Option<(&'static str, &'static str)> {
    let key = key.to_lowercase();
    [(Ownership::PREFIX, "Stepwright"), ("aws:", "AWS")].into_iter().find(|(prefix, _)| key.starts_with(prefix))
}

/// Adds the tags of `[stack]`; the resource's own win.
fn inherit_tags(reading: &mut Reading, settings: &Settings, field: &Field) {
    let can_carry = field.member(TAGS).is_some_and(|tags| matches!(tags.shape, Shape::Map { .. }));
    let (true, Some(defaults)) = (can_carry, &settings.tags) else { return };
    let Some(map) = reading.value.as_map_mut() else { return };
    let tags = map.entry(TAGS.to_owned()).or_insert_with(|| Value::Map(Map::new()));
    // Where `tags` is no table, or came from a variable, there is nothing to add to.
    let (Some(tags), Some(inherited)) = (tags.as_map_mut(), defaults.value.as_map()) else { return };
    for (key, value) in inherited {
        // What [stack] may not say was reported there.
        if !tags.contains_key(key) && owner_of_tag(key).is_none() {
            tags.insert(key.clone(), value.clone());
            if let Some(member) = defaults.members.get(&Path::key(key)) {
                reading.members.insert(Path::key(TAGS).join_key(key), member.clone());
            }
        }
    }
}

/// Fills in the physical name where the user left it out.
fn name_by_default(
    reading: &mut Reading,
    address: &Address,
    scope: &Scope<'_>,
    name_field: &str,
    longest: Option<usize>,
) -> bool {
    let (Some(stack), Some(map)) = (&scope.stack_name, reading.value.as_map_mut()) else { return false };
    if map.contains_key(name_field) {
        return false;
    }
    let name = format!("{stack}-{}", address.name);
    map.insert(name_field.to_owned(), Value::String(longest.map_or_else(|| name.clone(), |longest| within(&name, longest))));
    true
}

/// `name`, which is ASCII, in at most `longest` characters: of a longer one the beginning, and a digest of the whole.
fn within(name: &str, longest: usize) -> String {
    if name.len() <= longest {
        return name.to_owned();
    }
    let digest: String = Sha256::digest(name).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let kept = name.get(..longest.saturating_sub(digest.len() + 1)).unwrap_or_default();
    format!("{kept}-{digest}")
}

fn longest_text(field: &Field) -> Option<usize> {
    match field.shape {
        Shape::String { maximum_length, .. } => usize::try_from(maximum_length?).ok(),
        _ => None,
    }
}

/// What the resource refers to, each once, with the furthest phase any of its fields needs.
pub fn dependencies(field: &Field, value: &Value, scope: &Scope<'_>) -> Vec<Dependency> {
    let mut found: BTreeMap<Address, Phase> = BTreeMap::new();
    collect(Some(field), value, Phase::Exists, &mut |address, phase| {
        if !address.is_data && scope.addresses.contains_key(address) {
            let needs = found.entry(address.clone()).or_default();
            *needs = (*needs).max(phase);
        }
    });
    found.into_iter().map(|(address, needs)| Dependency { address, needs }).collect()
}

fn collect(field: Option<&Field>, value: &Value, around: Phase, found: &mut impl FnMut(&Address, Phase)) {
    let phase = field.map_or(around, |field| field.rules.needs.max(around));
    match value {
        Value::Pending(template) => {
            for reference in template.references() {
                if let Reference::Attribute { address, .. } = reference {
                    found(address, phase);
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(field.and_then(Field::item), item, phase, found)),
        Value::Map(map) => {
            map.iter().for_each(|(key, item)| collect(field.and_then(|field| field.member(key)), item, phase, found));
        }
        _ => {}
    }
}

/// Lists whose elements have names are known by these too, since plans speak of `container_definitions[report]`.
fn name_elements(field: &Field, value: &Value, members: &mut BTreeMap<Path, MemberLocation>) {
    let mut names = Vec::new();
    name_within(field, value, &Path::default(), &Path::default(), &mut names);
    for (by_position, by_name) in names {
        if let Some(member) = members.get(&by_position).cloned() {
            members.entry(by_name).or_insert(member);
        }
    }
}

fn name_within(field: &Field, value: &Value, by_position: &Path, by_name: &Path, names: &mut Vec<(Path, Path)>) {
    if by_position != by_name {
        names.push((by_position.clone(), by_name.clone()));
    }
    match value {
        Value::List(items) => {
            let Some(item) = field.item() else { return };
            for (index, element) in items.iter().enumerate() {
                let name = match (&field.rules.identity, element) {
                    (Some(identity), element) => element.get(identity).map(|name| match name {
                        Value::String(text) => text.clone(),
                        other => serde_json::to_string(other).unwrap_or_default(),
                    }),
                    (None, Value::String(text)) if field.rules.unordered => Some(text.clone()),
                    _ => None,
                };
                let index = Segment::Index(index);
                let by_name = by_name.join(name.map_or(index.clone(), Segment::Element));
                name_within(item, element, &by_position.join(index), &by_name, names);
            }
        }
        Value::Map(map) => {
            for (key, element) in map {
                if let Some(member) = field.member(key) {
                    name_within(member, element, &by_position.join_key(key), &by_name.join_key(key), names);
                }
            }
        }
        _ => {}
    }
}
