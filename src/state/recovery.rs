//! A new state file where the present one, or its journal, is lost or can't be read.
//!
//! ```text
//! open    lock, read: what can be read is a Session, anything else is a Recovery
//! write   1. what is there gets a second name, NAME.json.aside; so does the journal
//!         2. the new file takes the place by rename
//!         3. the journal goes
//! ```
//!
//! Up to step 2 everybody who reads gets the error that he got before, and from then on the new state or, as long as
//! the journal is there and does not fit, an error that names this way out. At no step does it look as if nothing
//! existed, and nothing is ever thrown away that could not be read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use crate::address::Address;
use crate::state::format::Author;
use crate::state::store::{Remains, Store, Writer};
use crate::state::{Entry, Outcome, Record, Run, Session, State, StateError};

/// What is at the place of a state, locked.
#[derive(Debug)]
pub enum Opened {
    /// It can be read.
    Whole(Box<Session>),
    /// It can't, or there is none.
    Lost(Box<Recovery>),
}

/// The place of a state that is lost, locked.
#[derive(Debug)]
pub struct Recovery {
    store: Store,
    /// Holds the lock.
    writer: Box<dyn Writer>,
    run: Run,
    /// Why it can't be read; absent where there is no state at all.
    error: Option<StateError>,
    remains: Remains,
}

/// What is known of a lost state by what lies beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor {
    pub stack: String,
    pub lineage: String,
    pub digest_key: String,
}

/// What was written, and what was kept of what had been there.
#[derive(Debug)]
pub struct Recovered {
    pub state: State,
    pub aside: Vec<PathBuf>,
}

impl Opened {
    /// Locks the state in `store` and looks what is there.
    ///
    /// # Errors
    /// If that can't be told: the file can't be opened, or a newer version of Stepwright has written it.
    pub fn open(store: impl Into<Store>, command: &str, patience: Duration) -> Result<Self, StateError> {
        let (store, run) = (store.into(), Run::now(command));
        let mut writer = store.writer(&run, patience)?;
        let error = match writer.read() {
            Ok(loaded) if loaded.state.is_some() => {
                return Session::of(writer, run, loaded, None).map(Box::new).map(Self::Whole);
            }
            Ok(_) => None,
            Err(error) if error.is_about_damage() => Some(error),
            Err(error) => return Err(error),
        };
        store.cipher().prepare().map_err(|source| StateError::Sealed { path: store.path().to_owned(), source })?;
        let remains = writer.remains()?;
        Ok(Self::Lost(Box::new(Recovery { store, writer, run, error, remains })))
    }
}

impl Recovery {
    /// Why the state can't be read; `None` where there is none at all.
    pub fn error(&self) -> Option<&StateError> {
        self.error.as_ref()
    }

    pub fn path(&self) -> &Path {
        self.store.path()
    }

    /// Whose state it was, by whatever still tells: the file itself, where only its journal does not fit, the journal,
    /// or the latest earlier state that can be read.
    pub fn ancestor(&self) -> Option<Ancestor> {
        let of_state = |state: State| Ancestor { stack: state.stack, lineage: state.lineage, digest_key: state.digest_key };
        if let Some(state) = &self.remains.snapshot {
            return Some(of_state(state.clone()));
        }
        if let Some(Ok(journal)) = &self.remains.journal {
            return Some(of_state(journal.begin.base()));
        }
        let earlier = self.store.history().ok()?;
        earlier.into_iter().find_map(|earlier| earlier.content.ok()).map(|(state, _)| of_state(state))
    }

    /// What the journal of an interrupted run says to exist: address and id.
    pub fn journal_names(&self) -> Vec<(Address, String)> {
        let Some(Ok(journal)) = &self.remains.journal else { return Vec::new() };
        named_by(&journal.entries)
    }

    /// Whether the journal says what was done since `state`.
    pub fn is_continuation_of(&self, state: &State) -> bool {
        let begin = self.remains.journal.as_ref().and_then(|journal| Some(&journal.as_ref().ok()?.begin));
        begin.is_some_and(|begin| begin.lineage == state.lineage && begin.serial == state.serial)
    }

    /// Writes `state` as a new serial. What is there is kept aside, the journal as well: but where `state` is what the
    /// journal continues, it is put back as it was, and the journal stays and is as good as before.
    pub fn write(mut self, state: State) -> Result<Recovered, StateError> {
        let is_continued = self.is_continuation_of(&state);
        let serial = if is_continued { state.serial } else { self.next_serial() };
        let state = State { serial, interrupted: Vec::new(), ..state };
        let author = Author { command: self.run.command.clone(), at: Timestamp::now() };
        let aside = self.writer.write_anew(&state, &author, is_continued)?;
        Ok(Recovered { state, aside })
    }

    /// A serial that none of the states here has had, as far as can be told.
    fn next_serial(&self) -> u64 {
        self.remains.serials.iter().copied().max().unwrap_or_default().saturating_add(1)
    }
}

/// What is there after `entries`, by address, as far as they tell.
fn named_by(entries: &[Entry]) -> Vec<(Address, String)> {
    let mut named: Vec<(Address, String)> = Vec::new();
    let mut intents = Vec::new();
    let put = |named: &mut Vec<(Address, String)>, address: &Address, record: &Record| {
        if !named.iter().any(|(_, id)| *id == record.id) {
            named.push((address.clone(), record.id.clone()));
        }
    };
    for entry in entries {
        let intent = |token: &String| intents.iter().find(|intent: &&&crate::state::Intent| intent.token == *token);
        match entry {
            Entry::Intent(intent) => intents.push(intent),
            Entry::Put { address, record } => put(&mut named, address, record),
            Entry::Exists { token, record } | Entry::Done { token, outcome: Outcome::Put(record) } => {
                if let Some(intent) = intent(token) {
                    put(&mut named, &intent.address, record);
                }
            }
            Entry::Done { token, outcome: Outcome::Removed } => {
                let id = intent(token).and_then(|intent| intent.id.clone());
                named.retain(|(_, named)| Some(named) != id.as_ref());
            }
            Entry::Forget { address } => named.retain(|(named, _)| named != address),
            Entry::ForgetDeposed { id } => named.retain(|(_, named)| named != id),
            Entry::Begin(_)
            | Entry::Failed { .. }
            | Entry::Settled { .. }
            | Entry::Move { .. }
            | Entry::Outputs(_)
            | Entry::Place(_) => {}
        }
    }
    named
}
