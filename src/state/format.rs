//! The state file: JSON, format version 1.
//!
//! | key | holds |
//! |---|---|
//! | `format_version` | 1; a newer one is refused |
//! | `lineage`, `serial` | which state, and which of its writes |
//! | `stack`, `place` | whose, and where |
//! | `digest_key` | the key of the digests that stand for sensitive values |
//! | `resources` | address → [`Record`] |
//! | `deposed` | replaced and still to be deleted |
//! | `outputs` | name → value |
//! | `written_by` | the command that wrote this, and when; may be absent, and is no part of the state |
//! | `checksum` | SHA-256, in hex, of the file without this last member and without white space between tokens |
//!
//! The checksum is of the text and not of the values, so that no rounding of numbers can break it;
//! white space does not count, so that a formatter may touch the file. The file has no final line
//! break, so that it can't be cut anywhere without being seen.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::address::Address;
use crate::place::Place;
use crate::state::digest::sha256;
use crate::state::{Deposed, Record, RecordedOutput, State, StateError};

/// The newest format, and the one that is written.
pub const FORMAT_VERSION: u64 = 1;

/// Which command wrote a state file, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// For example `apply stacks/nightly.toml`.
    pub command: String,
    pub at: Timestamp,
}

/// Every key that a file must have but the checksum, in its order.
const KEYS: [&str; 9] =
    ["format_version", "lineage", "serial", "stack", "place", "digest_key", "resources", "deposed", "outputs"];

/// `state` as the text of a state file. `path` is for errors alone.
pub fn write(state: &State, author: Option<&Author>, path: &Path) -> Result<String, StateError> {
    let unwritable = |detail: String| StateError::Unwritable { path: path.to_owned(), detail };
    let document = Written {
        format_version: FORMAT_VERSION,
        lineage: &state.lineage,
        serial: state.serial,
        stack: &state.stack,
        place: &state.place,
        digest_key: &state.digest_key,
        resources: &state.resources,
        deposed: &state.deposed,
        outputs: &state.outputs,
        written_by: author,
    };
    let body = serde_json::to_string_pretty(&document).map_err(|error| unwritable(error.to_string()))?;
    let text = with_checksum(&body).ok_or_else(|| unwritable("it has no end".to_owned()))?;
    // A file that can't be read again must never take the place of one that can.
    read(&text, path).map_err(|error| unwritable(error.to_string()))?;
    Ok(text)
}

/// The state in `bytes`. Everything that is not a whole, undamaged state file of a known format is refused.
pub fn read(bytes: impl AsRef<[u8]>, path: &Path) -> Result<State, StateError> {
    read_with_author(bytes, path).map(|(state, _)| state)
}

/// The same, and who wrote it.
pub fn read_with_author(bytes: impl AsRef<[u8]>, path: &Path) -> Result<(State, Option<Author>), StateError> {
    let text = checked(bytes.as_ref(), &KEYS, path)?;
    let malformed = |detail: String| StateError::Malformed { path: path.to_owned(), detail };
    let document: Document = serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
    let state = State {
        lineage: document.lineage,
        serial: document.serial,
        stack: document.stack,
        place: document.place,
        digest_key: document.digest_key,
        resources: document.resources,
        deposed: document.deposed,
        outputs: document.outputs,
        interrupted: Vec::new(),
    };
    Ok((state, document.written_by))
}

/// The text of `bytes`, if that is a JSON object of a known format, with all of `keys`, and its checksum fits.
pub(super) fn checked<'a>(bytes: &'a [u8], keys: &[&'static str], path: &Path) -> Result<&'a str, StateError> {
    let path_of = || path.to_owned();
    if bytes.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0) {
        return Err(StateError::Empty { path: path_of() });
    }
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    let text = std::str::from_utf8(bytes).map_err(|error| match error.error_len() {
        None => StateError::Truncated { path: path_of(), lines },
        Some(_) => StateError::NotJson { path: path_of(), detail: format!("{error}") },
    })?;
    let json: Json = serde_json::from_str(text).map_err(|error| {
        if error.is_eof() {
            StateError::Truncated { path: path_of(), lines }
        } else {
            StateError::NotJson { path: path_of(), detail: error.to_string() }
        }
    })?;
    let malformed = |detail: String| StateError::Malformed { path: path_of(), detail };
    let object = json.as_object().ok_or_else(|| malformed("it holds no JSON object".to_owned()))?;
    // The version comes first: a newer format may have other keys and another checksum.
    let version =
        object.get("format_version").ok_or_else(|| StateError::MissingKey { path: path_of(), key: "format_version" })?;
    match version.as_u64() {
        Some(FORMAT_VERSION) => {}
        Some(found) if found > FORMAT_VERSION => {
            return Err(StateError::NewerFormat { path: path_of(), found, known: FORMAT_VERSION });
        }
        _ => return Err(malformed(format!("its format_version is {version}"))),
    }
    if let Some(key) = keys.iter().copied().chain(["checksum"]).find(|key| !object.contains_key(*key)) {
        return Err(StateError::MissingKey { path: path_of(), key });
    }
    if !has_valid_checksum(text, object.get("checksum")) {
        return Err(StateError::Checksum { path: path_of() });
    }
    Ok(text)
}

#[derive(Serialize)]
struct Written<'a> {
    format_version: u64,
    lineage: &'a str,
    serial: u64,
    stack: &'a str,
    place: &'a Place,
    digest_key: &'a str,
    resources: &'a BTreeMap<Address, Record>,
    deposed: &'a [Deposed],
    outputs: &'a BTreeMap<String, RecordedOutput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    written_by: Option<&'a Author>,
}

/// An unknown member is an error, since the next write would lose it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "format_version")]
    _format_version: u64,
    lineage: String,
    serial: u64,
    stack: String,
    place: Place,
    digest_key: String,
    resources: BTreeMap<Address, Record>,
    deposed: Vec<Deposed>,
    outputs: BTreeMap<String, RecordedOutput>,
    #[serde(default)]
    written_by: Option<Author>,
    #[serde(rename = "checksum")]
    _checksum: String,
}

/// A pretty JSON object, with its checksum as its last member.
pub(super) fn with_checksum(body: &str) -> Option<String> {
    let head = body.strip_suffix("\n}")?;
    let checksum = sha256(&[compact(body).as_bytes()]);
    Some(format!("{head},\n  \"checksum\": \"{checksum}\"\n}}"))
}

fn has_valid_checksum(text: &str, checksum: Option<&Json>) -> bool {
    let Some(checksum) = checksum.and_then(Json::as_str) else { return false };
    let compact = compact(text);
    let member = format!(",\"checksum\":\"{checksum}\"}}");
    compact.strip_suffix(&member).is_some_and(|rest| sha256(&[rest.as_bytes(), b"}"]) == checksum)
}

/// JSON `text` without the white space between its tokens.
fn compact(text: &str) -> String {
    let (mut in_string, mut is_escaped) = (false, false);
    text.chars()
        .filter(|character| {
            if in_string {
                match character {
                    _ if is_escaped => is_escaped = false,
                    '\\' => is_escaped = true,
                    '"' => in_string = false,
                    _ => {}
                }
                return true;
            }
            in_string = *character == '"';
            !character.is_ascii_whitespace()
        })
        .collect()
}
