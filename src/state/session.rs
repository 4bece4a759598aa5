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
use crate::state::lease::Lease;
use crate::state::store::{Loaded, Store, Writer};
use crate::state::{Entry, Run, State, StateError};

/// A state that is locked by this process.
#[derive(Debug)]
pub struct Session {
    /// Holds the lock until the session goes.
    writer: Box<dyn Writer>,
    run: Run,
    state: State,
    /// What was last folded.
    snapshot: Option<State>,
    unfinished_run: Option<Run>,
    torn: bool,
    /// Why what a new state file replaced could not be kept.
    unkept: Option<StateError>,
}

impl Session {
    /// Locks and reads the state in `store`. Where none exists it starts as `initial`, which must be new; without
    /// an `initial` that is an error. If there is both, they must be of one stack.
    ///
    /// `command` is what others are told who find it locked, for example `apply stacks/nightly.toml`;
    /// `patience` is how long to wait (and block the thread) while another run holds the lock.
    pub fn open(store: impl Into<Store>, initial: Option<State>, command: &str, patience: Duration) -> Result<Self, StateError> {
        let run = Run::now(command);
        let mut writer = store.into().writer(&run, patience)?;
        let loaded = writer.read()?;
        Self::of(writer, run, loaded, initial)
    }

    /// The same with what has been locked and read already.
    pub(super) fn of(writer: Box<dyn Writer>, run: Run, loaded: Loaded, initial: Option<State>) -> Result<Self, StateError> {
        let path = || writer.path().to_owned();
        // Before anything is done, so that what is done can be written down.
        writer.cipher().prepare().map_err(|source| StateError::Sealed { path: path(), source })?;
        let state = match (loaded.state, initial) {
            (Some(found), Some(wanted)) if found.stack != wanted.stack => {
                return Err(StateError::OtherStack { path: path(), found: found.stack, wanted: wanted.stack });
            }
            (Some(found), _) => found,
            (None, Some(initial)) if initial.serial == 0 => initial,
            (None, _) => return Err(StateError::Absent { path: path() }),
        };
        let (snapshot, unfinished_run, torn) = (loaded.snapshot, loaded.unfinished_run, loaded.torn);
        Ok(Self { writer, run, state, snapshot, unfinished_run, torn, unkept: None })
    }

    /// Until when this run may act, where that is limited: AWS must not be called after that.
    pub fn lease(&self) -> Option<Lease> {
        self.writer.lease()
    }

    /// How long calls of the run that held the state before may still be on their way. What it left open can be
    /// settled only after that.
    pub fn aftermath(&self) -> Duration {
        self.writer.aftermath()
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
        let path = self.writer.path().to_owned();
        let misfit = |source| StateError::Entry { path: path.clone(), source };
        if entries.is_empty() {
            return Ok(());
        }
        self.state.check_entries(entries).map_err(misfit)?;
        self.writer.append(&self.state, &self.run, entries)?;
        for entry in entries {
            self.state.apply_entry(entry).map_err(misfit)?;
        }
        Ok(())
    }

    /// Writes everything recorded so far into the state file and removes the journal. Refused while an intent is open.
    pub fn compact(&mut self) -> Result<(), StateError> {
        if !self.state.interrupted.is_empty() {
            let (path, count) = (self.writer.path().to_owned(), self.state.interrupted.len());
            return Err(StateError::Unsettled { path, count });
        }
        if !self.writer.has_journal() {
            return Ok(());
        }
        if self.has_changed() {
            let mut next = self.state.clone();
            next.serial += 1;
            self.write(next)?;
        }
        self.writer.drop_journal()
    }

    /// Puts `state` in the place of the present one, as the next serial of its lineage. The present one is kept in the
    /// history, or nothing is replaced. Refused while an intent is open.
    pub fn replace(&mut self, state: State) -> Result<&State, StateError> {
        self.compact()?;
        if self.snapshot.is_some() {
            self.writer.keep(self.state.serial)?;
        }
        let (lineage, serial) = (self.state.lineage.clone(), self.state.serial + 1);
        self.write(State { lineage, serial, interrupted: Vec::new(), ..state })?;
        Ok(&self.state)
    }

    fn write(&mut self, next: State) -> Result<(), StateError> {
        let author = Author { command: self.run.command.clone(), at: Timestamp::now() };
        if let Some(error) = self.writer.write(&next, &author)? {
            self.unkept.get_or_insert(error);
        }
        self.snapshot = Some(next.clone());
        self.state = next;
        Ok(())
    }

    /// Ends the run and returns the state as it was left.
    ///
    /// With intents still open (calls that were given up) the journal stays, for the next run to settle.
    ///
    /// # Errors
    /// Also if the lock was lost: what is in memory is then not what the store holds.
    pub fn finish(mut self) -> Result<State, StateError> {
        if self.state.interrupted.is_empty() {
            self.compact()?;
        } else if let Some(lease) = self.lease() {
            let path = || self.writer.path().to_owned();
            lease.check().map_err(|why| StateError::LockLost { path: path(), why })?;
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
