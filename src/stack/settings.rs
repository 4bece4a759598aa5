//! `[stack]`: what the stack is called, where it lives, and the tags that all of it carries.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Location, Source, nearest};
use crate::document::warnings;
use crate::stack::node::{Content, Entry};
use crate::stack::reading::{FoundReference, Reading, Session, read_value};
use crate::stack::table;
use crate::value::{Path, Value};

/// `[stack]`, read.
#[derive(Debug, Default)]
pub struct Settings {
    pub name: Option<String>,
    pub region: Option<String>,
    pub allowed_account_ids: Vec<String>,
    /// Names of warnings that are not told.
    pub allow: Vec<String>,
    /// Tags of every resource that can carry tags, with their places; references are still pending.
    pub tags: Option<Reading>,
}

impl Settings {
    pub fn references(&self) -> impl Iterator<Item = &FoundReference> {
        self.tags.iter().flat_map(|tags| &tags.references)
    }
}

/// The keys of `[stack]`.
pub const KEYS: &[&str] = &["name", "region", "allowed_account_ids", "allow", "tags"];

/// The form of a stack's name.
pub const NAME_PATTERN: &str = "^[A-Za-z][A-Za-z0-9-]{0,63}$";

/// Reads `[stack]`; `entry` is absent where there is none.
pub fn read(session: &mut Session<'_>, source: &Arc<Source>, entry: Option<&Entry>) -> Settings {
    let mut settings = Settings::default();
    let Some(entry) = entry else {
        let start = Location { source: source.clone(), range: 0..0 };
        let diagnostic = Diagnostic::error("the table [stack] is missing").at(start);
        session.diagnostics.push(diagnostic.help("begin the file with:\n[stack]\nname = \"my-stack\""));
        return settings;
    };
    let Some(entries) = table::table(entry, &mut session.diagnostics) else { return settings };
    let has_unknown = table::unknown_keys(entries, KEYS, &mut session.diagnostics);
    match table::find(entries, "name") {
        Some(name) => settings.name = read_name(name, &mut session.diagnostics),
        None if has_unknown => {}
        None => session.diagnostics.push(
            Diagnostic::error("`name` is missing in [stack]").at(entry.key_location.clone()).help("add name = \"my-stack\""),
        ),
    }
    if let Some(region) = table::find(entries, "region").and_then(|entry| table::text(entry, &mut session.diagnostics)) {
        if is_region(&region.text) {
            settings.region = Some(region.text.clone());
        } else {
            let diagnostic = Diagnostic::error(format!("`{}` is not a region", region.text)).at(region.location());
            session.diagnostics.push(diagnostic.help("for example \"eu-central-1\""));
        }
    }
    if let Some(accounts) = table::find(entries, "allowed_account_ids") {
        for account in table::texts(accounts, &mut session.diagnostics) {
            if account.text.len() == 12 && account.text.bytes().all(|byte| byte.is_ascii_digit()) {
                settings.allowed_account_ids.push(account.text.clone());
            } else {
                let diagnostic = Diagnostic::error(format!("`{}` is not an account id", account.text)).at(account.location());
                session.diagnostics.push(diagnostic.help("an account id is twelve digits, in quotes"));
            }
        }
    }
    if let Some(allow) = table::find(entries, "allow") {
        settings.allow = read_allow(allow, &mut session.diagnostics);
    }
    if let Some(tags) = table::find(entries, "tags")
        && let Some(entries) = table::table(tags, &mut session.diagnostics)
    {
        for tag in entries {
            if !matches!(tag.value.content, Content::Text(_)) {
                table::wrong_type(&tag.key, &tag.value, "a string", &mut session.diagnostics);
            }
        }
        settings.tags = Some(read_tags(session, tags));
    }
    settings
}

fn read_tags(session: &mut Session<'_>, tags: &Entry) -> Reading {
    let mut reading = read_value(session, &tags.value);
    // What is no string was reported; the resources that would inherit it are not to report it each again.
    if let Value::Map(map) = &mut reading.value {
        map.retain(|key, value| {
            matches!(value, Value::String(_) | Value::Pending(_)) && !reading.broken.contains(&Path::key(key.as_str()))
        });
    }
    reading
}

/// The names of warnings that somebody means so.
fn read_allow(entry: &Entry, diagnostics: &mut Vec<Diagnostic>) -> Vec<String> {
    let names = || warnings().map(|(name, _)| *name);
    let mut allowed = Vec::new();
    for name in table::texts(entry, diagnostics) {
        if names().any(|known| known == name.text) {
            allowed.push(name.text.clone());
            continue;
        }
        let diagnostic = Diagnostic::error(format!("there is no warning `{}`", name.text)).at(name.location());
        diagnostics.push(match nearest(&name.text, names()) {
            Some(candidate) => diagnostic.replacement(candidate),
            None => diagnostic.help(format!("known are {}", names().collect::<Vec<_>>().join(", "))),
        });
    }
    allowed
}

fn read_name(entry: &Entry, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    let name = table::text(entry, diagnostics)?;
    if is_name(&name.text) {
        return Some(name.text.clone());
    }
    let diagnostic = Diagnostic::error(format!("`{}` can't be the name of a stack", name.text)).at(name.location());
    diagnostics.push(diagnostic.help("a letter, then at most 63 letters, digits and `-`: it becomes part of AWS names"));
    None
}

/// [`NAME_PATTERN`].
pub fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// `eu-central-1`, `us-gov-west-1`, …: the form alone, since AWS adds regions.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [words @ .., number] = parts.as_slice() else { return false };
    words.len() >= 2
        && words.iter().all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}
