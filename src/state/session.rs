//! A run that may change a state: the only writer of state file and journal.
//!
//! ```text
//! open    lock, read; an interrupted run's open intents are in state().interrupted
//! record  append + fsync, then the same entries into memory          (as often as needed)
//! compact everything so far into a new state file; the journal goes  (after settling, before planning)
//! finish  compact, and release the lock
//! replace another state in the place of this one, which stays in the history
//! ```
//!
//! Nothing is written before the first `record`: a run without changes leaves the files as they are.
//! Dropping a session at any point is what a crash is: the journal stays, and the next session continues it.

use std::time::Duration;

use jiff::Timestamp;

use crate::state::format::Author;
use crate::state::journal::{Journal, JournalRead};
use crate::state::{Entry, FileStore, Loaded, Lock, Run, State, StateError, history};

/// A state that is locked by this process.
#[derive(Debug)]
pub struct Session {
    store: FileStore,
    run: Run,
    state: State,
    /// What the state file says.
    snapshot: Option<State>,
    journal: OnDisk,
    unfinished_run: Option<Run>,
    torn: bool,
    /// Why what a new state file replaced could not be kept.
    unkept: Option<StateError>,
    /// Held until the session goes.
    _lock: Lock,
}

/// The journal's file.
#[derive(Debug)]
enum OnDisk {
    /// None, or one that the state file has overtaken and that the next one replaces.
    Nothing,
    /// Left by an interrupted run and not written to since.
    Left(Box<JournalRead>),
    Open(Journal),
    /// The writing of the state file failed at a step after which it may be in place. An entry in the old
    /// journal could then be one that is ignored, so there is no recording until a repetition succeeds.
    Uncertain,
}

impl Session {
    /// Locks and reads the state in `store`. Where none exists it starts as `initial`, which must be new; without
    /// an `initial` that is an error. If there is both, they must be of one stack.
    ///
    /// `command` is what others are told who find it locked, for example `apply stacks/nightly.toml`;
    /// `patience` is how long to wait (and block the thread) while another run holds the lock.
    pub fn open(store: FileStore, initial: Option<State>, command: &str, patience: Duration) -> Result<Self, StateError> {
        let run = Run::now(command);
        let lock = Lock::acquire(store.path(), &run, patience)?;
        let loaded = store.read()?;
        Self::of(store, run, lock, loaded, initial)
    }

    /// The same with what has been locked and read already.
    pub(super) fn of(store: FileStore, run: Run, lock: Lock, loaded: Loaded, initial: Option<State>) -> Result<Self, StateError> {
        let path = || store.path().to_owned();
        // Before anything is done, so that what is done can be written down.
        store.cipher().prepare().map_err(|source| StateError::Sealed { path: path(), source })?;
        let state = match (loaded.state, initial) {
            (Some(found), Some(wanted)) if found.stack != wanted.stack => {
                return Err(StateError::OtherStack { path: path(), found: found.stack, wanted: wanted.stack });
            }
            (Some(found), _) => found,
            (None, Some(initial)) if initial.serial == 0 => initial,
            (None, _) => return Err(StateError::Absent { path: path() }),
        };
        let journal = loaded.journal.map_or(OnDisk::Nothing, |read| OnDisk::Left(Box::new(read)));
        let (snapshot, unfinished_run, torn) = (loaded.snapshot, loaded.unfinished_run, loaded.torn);
        Ok(Self { store, run, state, snapshot, journal, unfinished_run, torn, unkept: None, _lock: lock })
    }

    /// The state as of the last entry recorded. Its serial is that of the state file.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The run that was interrupted, if one was. What it left open is in `state().interrupted`.
    pub fn unfinished_run(&self) -> Option<&Run> {
        self.unfinished_run.as_ref()
    }

    /// Whether the interrupted run's last entry was dropped because it is not whole.
    pub fn was_torn(&self) -> bool {
        self.torn
    }

    /// Why an earlier state could not be kept in the history. The present one is true all the same.
    pub fn unkept(&self) -> Option<&StateError> {
        self.unkept.as_ref()
    }

    /// Makes `entries` durable with one write and one fsync, then true in memory.
    ///
    /// If it fails, neither disk nor memory holds any of them. It may be called again, for instance for
    /// the outcome of a call that was in flight when the disk was full.
    pub fn record(&mut self, entries: &[Entry]) -> Result<(), StateError> {
        let misfit = |source| StateError::Entry { path: self.store.path().to_owned(), source };
        if entries.is_empty() {
            return Ok(());
        }
        self.state.check_entries(entries).map_err(misfit)?;
        match &self.journal {
            OnDisk::Nothing => self.journal = OnDisk::Open(self.store.begin_journal(&self.state, self.run.clone())?),
            OnDisk::Left(read) => self.journal = OnDisk::Open(self.store.resume_journal(read)?),
            OnDisk::Open(_) => {}
            OnDisk::Uncertain => return Err(StateError::Uncertain { path: self.store.path().to_owned() }),
        }
        if let OnDisk::Open(journal) = &mut self.journal {
            journal.append(entries)?;
        }
        for entry in entries {
            self.state.apply_entry(entry).map_err(misfit)?;
        }
        Ok(())
    }

    /// Writes everything recorded so far into the state file and removes the journal. Refused while an intent is open.
    pub fn compact(&mut self) -> Result<(), StateError> {
        if !self.state.interrupted.is_empty() {
            let (path, count) = (self.store.path().to_owned(), self.state.interrupted.len());
            return Err(StateError::Unsettled { path, count });
        }
        if matches!(self.journal, OnDisk::Nothing) {
            return Ok(());
        }
        if let OnDisk::Open(journal) = &self.journal {
            journal.require_untouched()?;
        }
        if self.has_changed() {
            let mut next = self.state.clone();
            next.serial += 1;
            self.write(next)?;
        }
        // From here on the journal has been folded. Should its removal fail, every reader knows that by its serial.
        self.journal = OnDisk::Nothing;
        self.store.remove_journal()
    }

    /// Puts `state` in the place of the present one, as the next serial of its lineage. The present one is kept in the
    /// history, or nothing is replaced. Refused while an intent is open.
    pub fn replace(&mut self, state: State) -> Result<&State, StateError> {
        self.compact()?;
        if self.snapshot.is_some() {
            history::keep(self.store.path(), self.state.serial)?;
        }
        let (lineage, serial) = (self.state.lineage.clone(), self.state.serial + 1);
        self.write(State { lineage, serial, interrupted: Vec::new(), ..state })?;
        self.journal = OnDisk::Nothing;
        Ok(&self.state)
    }

    fn write(&mut self, next: State) -> Result<(), StateError> {
        self.journal = OnDisk::Uncertain;
        let author = Author { command: self.run.command.clone(), at: Timestamp::now() };
        if let Some(error) = self.store.write(&next, &author)? {
            self.unkept.get_or_insert(error);
        }
        self.snapshot = Some(next.clone());
        self.state = next;
        Ok(())
    }

    /// Ends the run and returns the state as it was left.
    ///
    /// With intents still open (calls that were given up) the journal stays, for the next run to settle.
    pub fn finish(mut self) -> Result<State, StateError> {
        if self.state.interrupted.is_empty() {
            self.compact()?;
        }
        Ok(self.state)
    }

    fn has_changed(&self) -> bool {
        match &self.snapshot {
            Some(snapshot) => *snapshot != self.state,
            // A run that made nothing need not leave a file that says so.
            None => {
                let State { resources, deposed, outputs, .. } = &self.state;
                !(resources.is_empty() && deposed.is_empty() && outputs.is_empty())
            }
        }
    }
}
