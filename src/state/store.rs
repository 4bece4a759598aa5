//! Where a state is kept: a file, or an object of S3. All that differs between the two is behind [`Store`] and [`Writer`].
//!
//! ```text
//! Store   read, history                no lock: a whole state, whatever a run does meanwhile
//!   └─ writer ─► Writer                the lock, and every write; there is one at a time, in a Session or a Recovery
//! ```

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::state::format::Author;
use crate::state::journal::JournalRead;
use crate::state::lease::Lease;
use crate::state::s3::S3Store;
use crate::state::{Cipher, Earlier, Entry, FileStore, Form, Holder, Resealed, Run, State, StateError};

/// Where a state is kept.
#[derive(Clone, Debug)]
pub enum Store {
    File(FileStore),
    S3(S3Store),
}

/// A state as it was read.
#[derive(Debug)]
pub struct Loaded {
    /// Snapshot and journal in one; `None` if there has never been any.
    pub state: Option<State>,
    /// The run whose journal this is: one that was interrupted, or, if the lock is not ours, one that still goes on.
    pub unfinished_run: Option<Run>,
    /// Whether the journal's last line was dropped because it is not whole.
    pub torn: bool,
    /// What was last folded, without the journal.
    pub(super) snapshot: Option<State>,
    pub(super) journal: Option<JournalRead>,
}

/// What is left of a state that can't be read.
#[derive(Debug, Default)]
pub(super) struct Remains {
    pub snapshot: Option<State>,
    pub journal: Option<Result<JournalRead, StateError>>,
    /// Every serial that a state here is known to have had, in no order.
    pub serials: Vec<u64>,
}

/// A state in the hands of the one run that may write to it. Dropping it releases the lock.
///
/// Every write is durable when it returns. One that fails has left what was there, or, where that can't be known,
/// either that or what was to be written: never anything between the two.
pub(super) trait Writer: fmt::Debug + Send {
    /// The state file's path, or the URL of the object.
    fn path(&self) -> &Path;

    /// What seals and opens everything here.
    fn cipher(&self) -> &Cipher;

    /// Reads what is there, and remembers the journal that [`Self::append`] continues. From then on no other writer
    /// can add to that journal.
    fn read(&mut self) -> Result<Loaded, StateError>;

    /// Whether a journal is there that has not been folded.
    fn has_journal(&self) -> bool;

    /// Appends `entries` to the journal on `base`, which `run` begins if there is none. All of them or none.
    fn append(&mut self, base: &State, run: &Run, entries: &[Entry]) -> Result<(), StateError>;

    /// Puts `next` in the place of the state with the serial before its own, which is kept in the history. The journal
    /// counts no more. That the earlier one could not be kept is returned, and is no reason not to write: a state that
    /// is true and has no past is worth more than one that is wrong and has one.
    fn write(&mut self, next: &State, author: &Author) -> Result<Option<StateError>, StateError>;

    /// Removes a journal that has been folded, or that says nothing new.
    fn drop_journal(&mut self) -> Result<(), StateError>;

    /// Makes sure that the present state, of `serial`, is in the history.
    fn keep(&mut self, serial: u64) -> Result<(), StateError>;

    /// What there is besides a state that can be read.
    fn remains(&self) -> Result<Remains, StateError>;

    /// Puts `state` in the place of whatever is there, which is kept aside; where is returned. The journal is kept
    /// aside too, unless it continues `state`.
    fn write_anew(&mut self, state: &State, author: &Author, keeps_journal: bool) -> Result<Vec<PathBuf>, StateError>;

    /// Until when this writer may act, where that is limited.
    fn lease(&self) -> Option<Lease> {
        None
    }

    /// How long calls of the writer before this one may still be on their way.
    fn aftermath(&self) -> Duration {
        Duration::ZERO
    }
}

impl Loaded {
    /// What `snapshot` and `journal` come to; see the table in [`crate::state::file_store`]. The paths are for errors.
    pub(super) fn of(
        snapshot: Option<State>,
        journal: Option<JournalRead>,
        path: &Path,
        journal_path: &Path,
    ) -> Result<Self, StateError> {
        let alone = |snapshot: Option<State>| Self {
            state: snapshot.clone(),
            unfinished_run: None,
            torn: false,
            snapshot,
            journal: None,
        };
        let Some(journal) = journal else { return Ok(alone(snapshot)) };
        let (path, journal_path, begin) = (path.to_owned(), journal_path.to_owned(), &journal.begin);
        let mut state = match &snapshot {
            None if begin.serial == 0 => begin.base(),
            None => return Err(StateError::Missing { path, journal: journal_path, serial: begin.serial }),
            Some(state) if state.lineage != begin.lineage => {
                let (journal_lineage, state_lineage) = (begin.lineage.clone(), state.lineage.clone());
                return Err(StateError::JournalOfOther { path: journal_path, journal_lineage, state_lineage });
            }
            Some(state) if state.serial > begin.serial => return Ok(alone(snapshot)),
            Some(state) if state.serial < begin.serial => {
                let (journal_serial, state_serial) = (begin.serial, state.serial);
                return Err(StateError::JournalAhead { path: journal_path, journal_serial, state_serial });
            }
            Some(state) => state.clone(),
        };
        for (index, entry) in journal.entries.iter().enumerate() {
            state.apply_entry(entry).map_err(|error| StateError::JournalDamaged {
                path: journal_path.clone(),
                line: index + 2,
                detail: error.to_string(),
            })?;
        }
        let unfinished_run = Some(journal.begin.run.clone());
        Ok(Self { state: Some(state), unfinished_run, torn: journal.torn, snapshot, journal: Some(journal) })
    }
}

impl Store {
    /// The state file's path, or the URL of the object: what errors name.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(store) => store.path(),
            Self::S3(store) => store.path(),
        }
    }

    /// Reads the whole state. It needs no lock.
    pub fn read(&self) -> Result<Loaded, StateError> {
        match self {
            Self::File(store) => store.read(),
            Self::S3(store) => store.read(),
        }
    }

    /// The earlier states, the latest first. A damaged one is among them, and says so.
    pub fn history(&self) -> Result<Vec<Earlier>, StateError> {
        match self {
            Self::File(store) => store.history(),
            Self::S3(store) => store.history(),
        }
    }

    /// The present state as it was last folded, without its journal; `None` where there is none.
    pub fn present(&self) -> Result<Option<Earlier>, StateError> {
        match self {
            Self::File(store) => store.present(),
            Self::S3(store) => store.present(),
        }
    }

    /// The earlier state of `serial`.
    pub fn earlier(&self, serial: u64) -> Result<Earlier, StateError> {
        match self {
            Self::File(store) => store.earlier(serial),
            Self::S3(store) => store.earlier(serial),
        }
    }

    /// Brings state, journal and history into `form`, under the lock. The state must be readable.
    pub fn reseal(&self, form: Form, command: &str, patience: Duration) -> Result<Resealed, StateError> {
        match self {
            Self::File(store) => store.reseal(form, command, patience),
            Self::S3(store) => store.reseal(form, command, patience),
        }
    }

    /// What seals and opens everything here.
    pub fn cipher(&self) -> &Cipher {
        match self {
            Self::File(store) => store.cipher(),
            Self::S3(store) => store.cipher(),
        }
    }

    /// Locks the state for `run`; if another holds it, waits for it for `patience`, and blocks the thread meanwhile.
    pub(super) fn writer(&self, run: &Run, patience: Duration) -> Result<Box<dyn Writer>, StateError> {
        Ok(match self {
            Self::File(store) => Box::new(store.writer(run, patience)?),
            Self::S3(store) => Box::new(store.writer(run, patience)?),
        })
    }

    /// Locks the state until it is unlocked by hand. The holder returned has the id that unlocks it.
    pub fn lock(&self, run: &Run, patience: Duration) -> Result<Holder, StateError> {
        match self {
            Self::File(store) => store.lock(run, patience),
            Self::S3(store) => store.lock(run, patience),
        }
    }

    /// Takes the lock with this id from whoever holds it, who is returned.
    pub fn unlock(&self, id: &str, run: &Run) -> Result<Holder, StateError> {
        match self {
            Self::File(store) => store.unlock(id),
            Self::S3(store) => store.unlock(id, run),
        }
    }
}

impl From<FileStore> for Store {
    fn from(store: FileStore) -> Self {
        Self::File(store)
    }
}

impl From<S3Store> for Store {
    fn from(store: S3Store) -> Self {
        Self::S3(store)
    }
}

/// The error where the history has no `serial` but `serials`.
pub(super) fn no_such_serial(path: &Path, serial: u64, serials: &[u64]) -> StateError {
    let serials: Vec<String> = serials.iter().map(u64::to_string).collect();
    let known = if serials.is_empty() { "it is empty".to_owned() } else { format!("it has {}", serials.join(", ")) };
    StateError::NoSuchSerial { path: path.to_owned(), serial, known }
}
