//! What Stepwright knows to be its own: the [`State`], its file, its journal and its lock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::place::Place;
use crate::resource::Attributes;
use crate::stack::{Dependency, Lifecycle};
use crate::value::Value;

/// The record of one stack.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Made once with the state, never changed: two states of one lineage are the same stack at two times.
    pub lineage: String,
    /// Grows by one with each write.
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
    /// Creations of an interrupted run whose outcome is not known. Never in a state file: they come from its journal.
    pub interrupted: Vec<Intent>,
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
    /// Tells this intent from every other; a type may write it on what it creates.
    pub token: String,
    /// The spec to be made; absent for a deletion.
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
