//! What Stepwright knows to be its own: the [`State`], its file, its journal and its lock.
//!
//! | on disk | written | holds |
//! |---|---|---|
//! | `state/NAME.json` | once at the end of a run: temporary file, fsync, rename, fsync of the folder | the [`State`], see [`format`] |
//! | `state/NAME.json.journal` | one line per [`Entry`], with fsync, before and after each call | what this run does, see [`journal`] |
//! | `state/NAME.json.history/SERIAL.json` | before a new state file takes the place of that serial | the last states, see [`history`] |
//! | `state/NAME.json.aside` | before an unreadable file, or a journal that does not fit, is replaced | that file, see [`recovery`] |
//! | `state/NAME.json.lock` | at the start of a run that may change something | who holds it, see [`lock`] |
//!
//! ```text
//! state file ─┐
//!             ├─ fold (State::apply_entry, pure) ─► State ─── plan, show, list          (no lock)
//! journal ────┘                                       ▲
//!        Session::record: append + fsync, then fold ──┘── finish: new state file, journal removed
//! ```
//!
//! Everything but the lock is sealed on its way to the disk where the stack file says so: see [`encryption`].
//!
//! The same in S3 is [`s3`]; [`store`] is what the two have in common.
//!
//! Memory and disk go through the same function, so the state of a run that was killed is the state
//! that the run had in memory at its last durable entry. Everything that knows of files is in
//! [`file_store`], [`history`], [`journal`], [`lock`] and `files`; [`Session`] is the only writer, but where there is
//! nothing that it could read: there it is [`Recovery`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::place::Place;
use crate::resource::Attributes;
use crate::stack::{Dependency, Lifecycle};
use crate::value::Value;

pub mod comparison;
pub mod digest;
pub mod encryption;
pub mod entry;
pub mod error;
pub mod file_store;
mod file_writer;
mod files;
pub mod format;
pub mod history;
pub mod holder;
pub mod journal;
pub mod lease;
pub mod lock;
pub mod migrate;
pub mod recovery;
pub mod reseal;
pub mod s3;
#[cfg(test)]
#[path = "../../tests/support/s3_server.rs"]
mod s3_server;
pub mod session;
pub mod store;
#[cfg(test)]
mod tests;

pub use comparison::{Compared, Comparison, compare};
pub use digest::digest;
pub use encryption::{Cipher, EncryptionError, Identities};
pub use entry::{Begin, Entry, EntryError, Outcome, Run};
pub use error::StateError;
pub use file_store::FileStore;
pub use history::Earlier;
pub use holder::Holder;
pub use lease::Lease;
pub use lock::Lock;
pub use migrate::{Migrated, migrate};
pub use recovery::{Opened, Recovered, Recovery};
pub use reseal::{Form, Resealed};
pub use s3::S3Store;
pub use session::Session;
pub use store::{Loaded, Store};

/// The record of one stack.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Made once with the state, never changed: two states of one lineage are the same stack at two times.
    pub lineage: String,
    /// Grows by one with each write; 0 has never been written.
    pub serial: u64,
    pub stack: String,
    /// Where its resources are. Unknown until the first apply.
    pub place: Place,
    /// The key of the digests of sensitive values.
    pub digest_key: String,
    pub resources: BTreeMap<Address, Record>,
    /// What was replaced and is still to be deleted.
    pub deposed: Vec<Deposed>,
    pub outputs: BTreeMap<String, RecordedOutput>,
    /// Intents without an outcome, in their order: in flight in this run, or left by an interrupted one.
    /// Never in a state file: they come from its journal.
    pub interrupted: Vec<Intent>,
}

impl State {
    /// The state of a stack of which nothing exists yet.
    pub fn new(stack: impl Into<String>) -> Self {
        Self {
            lineage: uuid::Uuid::new_v4().to_string(),
            serial: 0,
            stack: stack.into(),
            place: Place::default(),
            digest_key: digest::new_key(),
            resources: BTreeMap::new(),
            deposed: Vec::new(),
            outputs: BTreeMap::new(),
            interrupted: Vec::new(),
        }
    }

    /// What AWS calls the resources.
    pub fn ids(&self) -> Vec<String> {
        self.resources.values().map(|record| record.id.clone()).collect()
    }

    /// The digest under which a sensitive text is recorded here.
    pub fn digest(&self, text: &str) -> String {
        digest::digest(&self.digest_key, text)
    }
}

/// One resource of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What AWS calls it: its ARN.
    pub id: String,
    /// What was last made so, in normal form; secrets as digests.
    pub spec: Value,
    pub attributes: Attributes,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// Whether its creation or change has not been completed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
    /// The address that its tags still name, since it was moved from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<Address>,
    /// When an apply last changed it.
    pub changed_at: Timestamp,
}

/// A predecessor that a replacement has left to be deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deposed {
    pub address: Address,
    pub record: Record,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedOutput {
    pub value: Value,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

/// What is about to be done, written before it is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    pub address: Address,
    pub operation: IntentOperation,
    /// What AWS calls the resource to be updated or deleted; absent for a creation. An address may have one
    /// record and several deposed predecessors, so an address alone does not say which one is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Tells this intent from every other; a type may write it on what it creates.
    pub token: String,
    /// The spec to be made; absent for a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
    #[serde(default)]
    pub lifecycle: Lifecycle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentOperation {
    Create,
    Update,
    Delete,
    /// The deletion of a deposed predecessor.
    DeleteDeposed,
}
