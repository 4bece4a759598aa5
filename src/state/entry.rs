//! What a run writes to its journal, and what each entry means: a pure transition of the [`State`].
//!
//! | entry | when | does to the state |
//! |---|---|---|
//! | `Begin` | first in a journal | nothing: it names the state that the journal continues |
//! | `Intent` | before a call | opens the intent |
//! | `Exists` | AWS knows what is being made | puts the (incomplete) record at its address |
//! | `Done` | the operation succeeded | puts or removes the record; closes the intent |
//! | `Failed` | it was refused | closes the intent; what `Exists` put stays |
//! | `Settled` | an intent of an earlier run was looked up | closes the intent |
//! | `Put` | refresh, import, adoption | puts the record at its address |
//! | `Forget`, `ForgetDeposed` | gone outside, or given up | removes the record |
//! | `Move` | it has another address now | puts all that is recorded of it there, and what others refer to |
//! | `Outputs`, `Place` | known | replaces them |
//!
//! Two rules hold everywhere:
//!
//! - **No id is lost.** Where a record is put at an address that has a record of another id, the old one
//!   becomes deposed in the same step (a creation before its destruction). An id leaves the state only by
//!   `Done` with `Removed`, by `Forget` and by `ForgetDeposed`, or where an update in place has renamed it.
//! - **Nothing happens that was not intended.** `Exists`, `Done`, `Failed` and `Settled` name an open intent
//!   by its token; anything else is refused and leaves the state as it was.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::place::Place;
use crate::state::{Deposed, Intent, IntentOperation, Record, RecordedOutput, State};

/// One line of a journal; see the module's table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    Begin(Box<Begin>),
    Intent(Intent),
    /// AWS knows it, though it may not be whole yet. For creations and updates.
    Exists {
        token: String,
        record: Box<Record>,
    },
    Done {
        token: String,
        outcome: Outcome,
    },
    /// The call was refused: nothing happened after what `Exists` said.
    Failed {
        token: String,
        message: String,
    },
    /// The intent of an interrupted run needs no more attention. What was found is in a `Put` or `Forget` before it.
    Settled {
        token: String,
        /// Whether it had happened.
        adopted: bool,
    },
    Put {
        address: Address,
        record: Box<Record>,
    },
    Forget {
        address: Address,
    },
    ForgetDeposed {
        id: String,
    },
    /// One entry and not two, so that no crash can leave the resource at both addresses or at none.
    Move {
        from: Address,
        to: Address,
    },
    Outputs(BTreeMap<String, RecordedOutput>),
    Place(Place),
}

/// How an operation ended that succeeded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// Of a creation or an update: what is there now.
    Put(Box<Record>),
    /// Of a deletion.
    Removed,
}

/// The head of a journal: the state that it continues, whole enough to stand in for the file of a first run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    pub format_version: u64,
    pub lineage: String,
    /// Of the state that the entries continue.
    pub serial: u64,
    pub stack: String,
    pub place: Place,
    pub digest_key: String,
    pub run: Run,
}

/// Who does something, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// For example `apply stacks/nightly.toml`.
    pub command: String,
    pub started_at: Timestamp,
    /// The process's id.
    pub process: u32,
}

/// Why an entry does not fit the state. The state is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    #[error("it names the intent {token}, which is not open")]
    UnknownToken { token: String },
    #[error("its token {token} is that of another open intent")]
    DuplicateToken { token: String },
    #[error("the outcome of the intent {token} is not one that a {operation} can have")]
    OutcomeMismatch { token: String, operation: &'static str },
    #[error("the intent {token} to delete a deposed {address} does not say which")]
    MissingId { token: String, address: Address },
    #[error("{to} is recorded already, so {from} can't move there")]
    Occupied { from: String, to: String },
    #[error("it continues serial {found} of lineage {lineage}, and not the state at hand")]
    OtherBase { lineage: String, found: u64 },
}

impl Run {
    /// `command`, in this process, from now on.
    pub fn now(command: &str) -> Self {
        Self { command: command.to_owned(), started_at: Timestamp::now(), process: std::process::id() }
    }
}

impl Begin {
    /// The beginning of a journal on `state`.
    pub fn on(state: &State, run: Run) -> Self {
        Self {
            format_version: super::format::FORMAT_VERSION,
            lineage: state.lineage.clone(),
            serial: state.serial,
            stack: state.stack.clone(),
            place: state.place.clone(),
            digest_key: state.digest_key.clone(),
            run,
        }
    }

    /// The state that it continues if there is no state file yet.
    pub fn base(&self) -> State {
        State {
            lineage: self.lineage.clone(),
            serial: self.serial,
            stack: self.stack.clone(),
            place: self.place.clone(),
            digest_key: self.digest_key.clone(),
            resources: BTreeMap::new(),
            deposed: Vec::new(),
            outputs: BTreeMap::new(),
            interrupted: Vec::new(),
        }
    }
}

impl State {
    /// What `entry` makes of this state. Pure: the same for the running process and for recovery from disk.
    pub fn apply_entry(&mut self, entry: &Entry) -> Result<(), EntryError> {
        let intent = advance(&mut self.interrupted, entry)?;
        match (entry, intent) {
            (Entry::Begin(begin), _) => {
                if begin.lineage != self.lineage || begin.serial != self.serial {
                    return Err(EntryError::OtherBase { lineage: begin.lineage.clone(), found: begin.serial });
                }
            }
            (Entry::Exists { record, .. }, Some(intent)) | (Entry::Done { outcome: Outcome::Put(record), .. }, Some(intent)) => {
                self.put(&intent.address, record, intent.operation);
            }
            (Entry::Done { outcome: Outcome::Removed, .. }, Some(intent)) => self.remove(&intent),
            (Entry::Put { address, record }, _) => self.put(address, record, IntentOperation::Create),
            (Entry::Forget { address }, _) => {
                self.resources.remove(address);
            }
            (Entry::ForgetDeposed { id }, _) => self.deposed.retain(|deposed| deposed.record.id != *id),
            (Entry::Move { from, to }, _) => self.move_address(from, to)?,
            (Entry::Outputs(outputs), _) => self.outputs.clone_from(outputs),
            (Entry::Place(place), _) => self.place.clone_from(place),
            (Entry::Intent(_) | Entry::Exists { .. } | Entry::Done { .. } | Entry::Failed { .. } | Entry::Settled { .. }, _) => {}
        }
        Ok(())
    }

    /// Whether these entries, one after the other, all fit. What this accepts, [`Self::apply_entry`] accepts.
    pub fn check_entries(&self, entries: &[Entry]) -> Result<(), EntryError> {
        let mut open = self.interrupted.clone();
        for entry in entries {
            if let Entry::Begin(begin) = entry
                && (begin.lineage != self.lineage || begin.serial != self.serial)
            {
                return Err(EntryError::OtherBase { lineage: begin.lineage.clone(), found: begin.serial });
            }
            advance(&mut open, entry)?;
        }
        self.check_moves(entries)
    }

    /// Whether every move among `entries` leads to an address that is free by then.
    fn check_moves(&self, entries: &[Entry]) -> Result<(), EntryError> {
        if !entries.iter().any(|entry| matches!(entry, Entry::Move { .. })) {
            return Ok(());
        }
        let mut then = self.clone();
        entries.iter().try_for_each(|entry| then.apply_entry(entry))
    }

    /// Everything that is recorded at `from` is recorded at `to`, and everything that refers to it refers there.
    fn move_address(&mut self, from: &Address, to: &Address) -> Result<(), EntryError> {
        if self.resources.contains_key(to) {
            return Err(EntryError::Occupied { from: from.to_string(), to: to.to_string() });
        }
        if let Some(mut record) = self.resources.remove(from) {
            // Moved back, its tags are right again.
            let marked = record.moved_from.take().unwrap_or_else(|| from.clone());
            record.moved_from = Some(marked).filter(|marked| marked != to);
            self.resources.insert(to.clone(), record);
        }
        for deposed in self.deposed.iter_mut().filter(|deposed| deposed.address == *from) {
            deposed.address.clone_from(to);
        }
        let records = self.resources.values_mut().chain(self.deposed.iter_mut().map(|deposed| &mut deposed.record));
        let of_records = records.flat_map(|record| &mut record.dependencies);
        let of_intents = self.interrupted.iter_mut().flat_map(|intent| &mut intent.dependencies);
        for dependency in of_records.chain(of_intents).filter(|dependency| dependency.address == *from) {
            dependency.address.clone_from(to);
        }
        Ok(())
    }

    fn put(&mut self, address: &Address, record: &Record, operation: IntentOperation) {
        self.deposed.retain(|deposed| deposed.address != *address || deposed.record.id != record.id);
        let previous = self.resources.insert(address.clone(), record.clone());
        // An update in place keeps the identity, whatever AWS calls it afterwards.
        if let Some(previous) = previous
            && previous.id != record.id
            && operation == IntentOperation::Create
        {
            self.deposed.push(Deposed { address: address.clone(), record: previous });
        }
    }

    fn remove(&mut self, intent: &Intent) {
        let is_meant = |record: &Record| intent.id.as_ref().is_none_or(|id| record.id == *id);
        if intent.operation == IntentOperation::Delete && self.resources.get(&intent.address).is_some_and(is_meant) {
            self.resources.remove(&intent.address);
        } else {
            self.deposed.retain(|deposed| deposed.address != intent.address || intent.id.as_ref() != Some(&deposed.record.id));
        }
    }
}

/// The part of the transition that can be refused: what `entry` does to the open intents, and which of them it is about.
fn advance(open: &mut Vec<Intent>, entry: &Entry) -> Result<Option<Intent>, EntryError> {
    match entry {
        Entry::Intent(intent) => {
            if intent.operation == IntentOperation::DeleteDeposed && intent.id.is_none() {
                return Err(EntryError::MissingId { token: intent.token.clone(), address: intent.address.clone() });
            }
            match open.iter().find(|other| other.token == intent.token) {
                None => open.push(intent.clone()),
                Some(same) if same == intent => {}
                Some(_) => return Err(EntryError::DuplicateToken { token: intent.token.clone() }),
            }
            Ok(None)
        }
        Entry::Exists { token, .. } => {
            let intent = &open[position(open, token)?];
            require_fit(intent, true)?;
            Ok(Some(intent.clone()))
        }
        Entry::Done { token, outcome } => {
            let position = position(open, token)?;
            require_fit(&open[position], matches!(outcome, Outcome::Put(_)))?;
            Ok(Some(open.remove(position)))
        }
        Entry::Failed { token, .. } | Entry::Settled { token, .. } => Ok(Some(open.remove(position(open, token)?))),
        Entry::Begin(_)
        | Entry::Put { .. }
        | Entry::Forget { .. }
        | Entry::ForgetDeposed { .. }
        | Entry::Move { .. }
        | Entry::Outputs(_)
        | Entry::Place(_) => Ok(None),
    }
}

fn position(open: &[Intent], token: &str) -> Result<usize, EntryError> {
    open.iter().position(|intent| intent.token == token).ok_or_else(|| EntryError::UnknownToken { token: token.to_owned() })
}

/// Only a creation or an update can leave a record, only a deletion can leave nothing.
fn require_fit(intent: &Intent, leaves_record: bool) -> Result<(), EntryError> {
    let (makes_record, operation) = match intent.operation {
        IntentOperation::Create => (true, "creation"),
        IntentOperation::Update => (true, "update"),
        IntentOperation::Delete | IntentOperation::DeleteDeposed => (false, "deletion"),
    };
    if makes_record == leaves_record {
        Ok(())
    } else {
        Err(EntryError::OutcomeMismatch { token: intent.token.clone(), operation })
    }
}
