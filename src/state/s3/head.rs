//! The head: the one object on which all of a state in S3 hangs.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::state::StateError;
use crate::state::digest::sha256;
use crate::state::format::{self, Author, FORMAT_VERSION};

/// Its content, a JSON object with a checksum like that of a state file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub format_version: u64,
    pub lineage: String,
    pub serial: u64,
    /// Where the state of `serial` is; absent before the first has been written.
    pub snapshot: Option<Part>,
    /// The states before it, the latest first.
    pub history: Vec<Part>,
    /// The parts of the journal that did not fit here any more, the oldest first.
    pub segments: Vec<Part>,
    /// The lines of the journal that follow them.
    pub journal: String,
    /// Tells this write from every other, also from one of the same content.
    pub write: String,
    pub written_by: Author,
    /// Of what was read; it is written apart.
    #[serde(default, skip_serializing)]
    pub checksum: String,
}

/// An object that never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Of the state that it is, or that it continues.
    pub serial: u64,
    pub key: String,
    pub sha256: String,
}

const KEYS: [&str; 9] =
    ["format_version", "lineage", "serial", "snapshot", "history", "segments", "journal", "write", "written_by"];

impl Head {
    /// That of a state of which nothing is written yet.
    pub fn new(lineage: &str, serial: u64, written_by: Author) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            lineage: lineage.to_owned(),
            serial,
            snapshot: None,
            history: Vec::new(),
            segments: Vec::new(),
            journal: String::new(),
            write: String::new(),
            written_by,
            checksum: String::new(),
        }
    }

    pub fn has_journal(&self) -> bool {
        !(self.segments.is_empty() && self.journal.is_empty())
    }

    /// The same in a write of its own.
    pub fn as_new_write(&self) -> Self {
        Self { write: uuid::Uuid::new_v4().to_string(), ..self.clone() }
    }
}

impl Part {
    pub fn of(serial: u64, key: String, bytes: &[u8]) -> Self {
        Self { serial, key, sha256: sha256(&[bytes]) }
    }
}

pub fn write(head: &Head, path: &Path) -> Result<String, StateError> {
    let unwritable = |detail: String| StateError::Unwritable { path: path.to_owned(), detail };
    let body = serde_json::to_string_pretty(head).map_err(|error| unwritable(error.to_string()))?;
    format::with_checksum(&body).ok_or_else(|| unwritable("it has no end".to_owned()))
}

pub fn read(bytes: &[u8], path: &Path) -> Result<Head, StateError> {
    let text = format::checked(bytes, &KEYS, path)?;
    serde_json::from_str(text).map_err(|error| StateError::Malformed { path: path.to_owned(), detail: error.to_string() })
}
