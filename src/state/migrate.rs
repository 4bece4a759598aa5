//! From one store into another.
//!
//! ```text
//! 1. both are locked, and the old one is read
//! 2. the new one gets the state, of the same lineage and serial
//! 3. in the old one it is kept aside: from then on nothing exists there
//! ```
//!
//! After a crash between 2 and 3 both hold the same state, and a repetition does what is left.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use crate::state::format::Author;
use crate::state::{Run, State, StateError, Store};

/// What was moved, and where the old store keeps it.
#[derive(Debug)]
pub struct Migrated {
    pub state: State,
    pub kept: PathBuf,
}

/// Moves the state in `from` to `to`, where there must be none, or the same one.
pub fn migrate(from: &Store, to: &Store, command: &str, patience: Duration) -> Result<Migrated, StateError> {
    let run = Run::now(command);
    let (mut old, mut new) = (from.writer(&run, patience)?, to.writer(&run, patience)?);
    let loaded = old.read()?;
    let Some(state) = loaded.state else { return Err(StateError::Absent { path: from.path().to_owned() }) };
    if !state.interrupted.is_empty() {
        return Err(StateError::Unsettled { path: from.path().to_owned(), count: state.interrupted.len() });
    }
    new.cipher().prepare().map_err(|source| StateError::Sealed { path: to.path().to_owned(), source })?;
    let author = Author { command: command.to_owned(), at: Timestamp::now() };
    // The journal of a run that left nothing open is in the state; its serial is used up with it.
    let serial = state.serial + u64::from(loaded.journal.is_some());
    let state = State { serial, ..state };
    match new.read()?.state {
        None => {
            new.write_anew(&state, &author, false)?;
        }
        Some(found) if found == state => {}
        Some(found) => {
            let (path, stack) = (to.path().to_owned(), found.stack);
            return Err(StateError::Occupied { path, stack, serial: found.serial });
        }
    }
    drop(new);
    if old.has_journal() {
        old.drop_journal()?;
    }
    let kept = old.retire()?;
    Ok(Migrated { state, kept })
}
