//! `[state]`: how the record of the stack is sealed, and where it is kept if not beside the stack.
//!
//! ```toml
//! [state.encryption]
//! recipients = ["age1…"]            # or kms_key_id = "arn:aws:kms:…"
//!
//! [state.s3]
//! bucket = "our-states"
//! ```
//!
//! The state has to be opened before anything else of the stack is known, and where the rest of the file is broken:
//! so nothing in here may refer to anything, and [`peek_state_settings`] reads it alone.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Location, Source, has_errors};
use crate::stack::node::Entry;
use crate::stack::parse::in_order;
use crate::stack::{syntax, table};

/// `[state]`, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateSettings {
    pub encryption: Option<EncryptionSettings>,
    pub s3: Option<S3Settings>,
}

/// `[state.encryption]`: for whom the state is sealed. One of the two is given, never both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptionSettings {
    /// Public keys of age, each of whose owners can open it.
    pub recipients: Vec<String>,
    /// A key of KMS: its id, its ARN, or an alias.
    pub kms_key_id: Option<String>,
}

/// `[state.s3]`: the bucket that the state is kept in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct S3Settings {
    pub bucket: String,
    /// Absent: see [`Self::key_of`].
    pub key: Option<String>,
    pub region: Option<String>,
    pub endpoint: Option<String>,
    pub kms_key_id: Option<String>,
}

impl S3Settings {
    /// The object's key for the stack called `stack_name`.
    pub fn key_of(&self, stack_name: &str) -> String {
        self.key.clone().unwrap_or_else(|| format!("stepwright/{stack_name}.json"))
    }
}

/// The name of the table.
pub const TABLE: &str = "state";
/// The tables in it.
pub const KEYS: &[&str] = &["encryption", "s3"];
pub const ENCRYPTION_KEYS: &[&str] = &["recipients", "kms_key_id"];
pub const S3_KEYS: &[&str] = &["bucket", "key", "region", "endpoint", "kms_key_id"];

/// How a recipient of age begins.
pub const RECIPIENT_PATTERN: &str = "^age1[02-9ac-hj-np-z]{58}$";

/// Reads `[state]`; `entry` is absent where there is none.
pub fn read(entry: Option<&Entry>, diagnostics: &mut Vec<Diagnostic>) -> StateSettings {
    let mut settings = StateSettings::default();
    let Some(entries) = entry.and_then(|entry| table::table(entry, diagnostics)) else { return settings };
    table::unknown_keys(entries, KEYS, diagnostics);
    settings.encryption = table::find(entries, "encryption").and_then(|entry| read_encryption(entry, diagnostics));
    settings.s3 = table::find(entries, "s3").and_then(|entry| read_s3(entry, diagnostics));
    settings
}

/// What `[state]` says, whatever else is wrong with the stack file.
///
/// # Errors
/// Where it can't be told: a state must not be written in clear because the table that forbids it has a mistake.
pub fn peek_state_settings(source: &Arc<Source>) -> Result<StateSettings, Vec<Diagnostic>> {
    let syntax = syntax::read(source);
    let mut diagnostics = Vec::new();
    let settings = read(table::find(&syntax.entries, TABLE), &mut diagnostics);
    diagnostics.extend(syntax.diagnostics.into_iter().filter(|diagnostic| syntax.damage.total || may_be_ours(diagnostic)));
    if has_errors(&diagnostics) { Err(in_order(source, diagnostics)) } else { Ok(settings) }
}

/// Whether a syntax error may have taken away something of `[state]`: it is in the table, in its header, or above all
/// headers, where `state.s3.bucket = "…"` may stand as well.
fn may_be_ours(diagnostic: &Diagnostic) -> bool {
    let Some(Location { source, range }) = &diagnostic.location else { return true };
    let end = source.text[range.start..].find('\n').map_or(source.text.len(), |length| range.start + length);
    let header = source.text[..end].lines().rev().map(str::trim_start).find(|line| line.starts_with('['));
    header.is_none_or(|header| header.trim_start_matches(['[', ' ', '\t', '"', '\'']).starts_with(TABLE))
}

fn read_encryption(entry: &Entry, diagnostics: &mut Vec<Diagnostic>) -> Option<EncryptionSettings> {
    let entries = table::table(entry, diagnostics)?;
    let before = diagnostics.len();
    table::unknown_keys(entries, ENCRYPTION_KEYS, diagnostics);
    let mut settings = EncryptionSettings::default();
    let (recipients, kms) = (table::find(entries, "recipients"), table::find(entries, "kms_key_id"));
    if let Some(recipients) = recipients {
        for recipient in table::texts(recipients, diagnostics) {
            match refusal(&recipient.text) {
                None => settings.recipients.push(recipient.text.clone()),
                Some((message, help)) => {
                    diagnostics.push(Diagnostic::error(message).at(recipient.location()).help(help));
                }
            }
        }
        if diagnostics.len() == before && settings.recipients.is_empty() {
            let diagnostic = Diagnostic::error("`recipients` is empty, so that nobody could open the state");
            diagnostics.push(diagnostic.at(recipients.value.location.clone()).help("make a key: age-keygen -o key.txt"));
        }
    }
    if let Some(kms) = kms {
        settings.kms_key_id = filled(kms, diagnostics);
    }
    if diagnostics.len() > before {
        return None;
    }
    match (recipients, kms) {
        (Some(_), Some(kms)) => {
            let message = "`recipients` and `kms_key_id` can't stand side by side";
            diagnostics.push(Diagnostic::error(message).at(kms.key_location.clone()).help("keep one of the two"));
            None
        }
        (None, None) => {
            let diagnostic = Diagnostic::error("[state.encryption] does not say for whom the state is sealed");
            let help = "give it recipients = [\"age1…\"], or kms_key_id = \"arn:aws:kms:…\"";
            diagnostics.push(diagnostic.at(entry.key_location.clone()).help(help));
            None
        }
        _ => Some(settings),
    }
}

fn read_s3(entry: &Entry, diagnostics: &mut Vec<Diagnostic>) -> Option<S3Settings> {
    let entries = table::table(entry, diagnostics)?;
    let before = diagnostics.len();
    table::unknown_keys(entries, S3_KEYS, diagnostics);
    let mut text = |key: &str| table::find(entries, key).and_then(|entry| filled(entry, diagnostics));
    let (bucket, key, region) = (text("bucket"), text("key"), text("region"));
    let (endpoint, kms_key_id) = (text("endpoint"), text("kms_key_id"));
    if diagnostics.len() > before {
        return None;
    }
    let Some(bucket) = bucket else {
        let diagnostic = Diagnostic::error("`bucket` is missing in [state.s3]").at(entry.key_location.clone());
        diagnostics.push(diagnostic.help("add bucket = \"the-bucket\"; it must exist already"));
        return None;
    };
    Some(S3Settings { bucket, key, region, endpoint, kms_key_id })
}

/// The text of `entry`, which must hold something.
fn filled(entry: &Entry, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    let text = table::text(entry, diagnostics)?;
    if text.text.trim().is_empty() {
        let diagnostic = Diagnostic::error(format!("`{}` is empty", entry.key)).at(text.location());
        diagnostics.push(diagnostic.help("leave it out, or give it a value"));
        return None;
    }
    Some(text.text.clone())
}

/// Why `recipient` is none, and what to do.
fn refusal(recipient: &str) -> Option<(String, &'static str)> {
    // The one mistake that must not be repeated in a message.
    if recipient.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
        let help =
            "it does not belong into a file that others read: make a new key, and write its public key, `age-keygen -y key.txt`";
        return Some(("this is a secret key, and not the public one".to_owned(), help));
    }
    match recipient.parse::<age::x25519::Recipient>() {
        Ok(_) => None,
        Err(why) => {
            let message = format!("`{}` is no recipient of age: {why}", recipient.escape_debug());
            Some((message, "a recipient begins with age1; `age-keygen -y key.txt` prints that of a key"))
        }
    }
}

#[cfg(test)]
mod tests;
