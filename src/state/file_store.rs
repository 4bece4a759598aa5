//! A state in a file, with its journal beside it.
//!
//! Reading needs no lock, because of its order: the journal first, then the file. A run puts its
//! new state file in place before it removes the journal, so whatever happens between the two reads:
//!
//! | journal says | file says | the state is |
//! |---|---|---|
//! | nothing | serial 4 | the file |
//! | continues 4 | serial 4 | the file, then the journal's entries |
//! | continues 4 | serial 5 or later | the file: the journal has been folded into it |
//! | continues 0 | no file | the journal's entries: a first run has not ended |
//! | continues 4 | no file, serial 3, other lineage | unknown: an error |
//! | nothing | no file | none: nothing exists |

use std::path::{Path, PathBuf};

use crate::state::format::Author;
use crate::state::journal::{self, Journal, JournalRead};
use crate::state::{Begin, Cipher, EncryptionError, Run, State, StateError, files, format, history};

/// Where a state is kept.
#[derive(Clone, Debug)]
pub struct FileStore {
    path: PathBuf,
    journal: PathBuf,
    cipher: Cipher,
}

/// A state as it was read.
#[derive(Debug)]
pub struct Loaded {
    /// File and journal in one; `None` if there has never been any.
    pub state: Option<State>,
    /// The run whose journal this is: one that was interrupted, or, if the lock is not ours, one that still goes on.
    pub unfinished_run: Option<Run>,
    /// Whether the journal's last line was dropped because it is not whole.
    pub torn: bool,
    /// What the file says without the journal.
    pub(super) snapshot: Option<State>,
    pub(super) journal: Option<JournalRead>,
}

impl FileStore {
    /// The store of the state file at `path`, which need not exist. A symbolic link is followed, so that
    /// two names of one state share its journal and its lock.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, StateError> {
        let path = files::resolve_links(path.as_ref())?;
        let journal = journal::path_of(&path);
        Ok(Self { path, journal, cipher: Cipher::plain() })
    }

    /// The same store, whose files are sealed and opened by `cipher`.
    #[must_use]
    pub fn with_cipher(self, cipher: Cipher) -> Self {
        Self { cipher, ..self }
    }

    pub fn cipher(&self) -> &Cipher {
        &self.cipher
    }

    /// The content of one of the files, opened.
    pub(super) fn read_file(&self, path: &Path) -> Result<Option<Vec<u8>>, StateError> {
        files::read(path)?.map(|bytes| open(&self.cipher, bytes, path)).transpose()
    }

    /// `text` as the content of one of the files.
    pub(super) fn seal(&self, text: &str) -> Result<Vec<u8>, StateError> {
        self.cipher.seal(text.as_bytes()).map_err(|source| StateError::Sealed { path: self.path.clone(), source })
    }

    /// The state file itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the whole state. See the module's table.
    pub fn read(&self) -> Result<Loaded, StateError> {
        let journal = files::read(&self.journal)?;
        let snapshot = self.read_snapshot()?;
        let alone = |snapshot: Option<State>| Loaded {
            state: snapshot.clone(),
            unfinished_run: None,
            torn: false,
            snapshot,
            journal: None,
        };
        let Some(bytes) = journal else { return Ok(alone(snapshot)) };
        let journal = journal::read(&bytes, &self.journal, &self.cipher)?;
        let begin = &journal.begin;
        let mut state = match &snapshot {
            None if begin.serial == 0 => begin.base(),
            None => {
                let (path, journal) = (self.path.clone(), self.journal.clone());
                return Err(StateError::Missing { path, journal, serial: begin.serial });
            }
            Some(state) if state.lineage != begin.lineage => {
                return Err(StateError::JournalOfOther {
                    path: self.journal.clone(),
                    journal_lineage: begin.lineage.clone(),
                    state_lineage: state.lineage.clone(),
                });
            }
            Some(state) if state.serial > begin.serial => return Ok(alone(snapshot)),
            Some(state) if state.serial < begin.serial => {
                return Err(StateError::JournalAhead {
                    path: self.journal.clone(),
                    journal_serial: begin.serial,
                    state_serial: state.serial,
                });
            }
            Some(state) => state.clone(),
        };
        for (index, entry) in journal.entries.iter().enumerate() {
            state.apply_entry(entry).map_err(|error| StateError::JournalDamaged {
                path: self.journal.clone(),
                line: index + 2,
                detail: error.to_string(),
            })?;
        }
        let unfinished_run = Some(journal.begin.run.clone());
        Ok(Loaded { state: Some(state), unfinished_run, torn: journal.torn, snapshot, journal: Some(journal) })
    }

    /// Puts `state` in the place of the one with the serial before its own. Only a [`super::Session`] may,
    /// which holds the lock and knows that the journal is in it.
    ///
    /// What is replaced is kept in the history first. That this failed is returned, and no reason not to write: a
    /// state that is true and has no past is worth more than one that is wrong and has one.
    pub(super) fn write(&self, state: &State, author: &Author) -> Result<Option<StateError>, StateError> {
        let wanted = state.serial.saturating_sub(1);
        let current = self.read_snapshot()?;
        // A write whose last step failed may be repeated: the file may be in its place already.
        let is_written = current.as_ref() == Some(state);
        let is_first = current.is_none();
        let (found, lineage) = current.map_or((0, state.lineage.clone()), |current| (current.serial, current.lineage));
        if !is_written && (found != wanted || lineage != state.lineage) {
            return Err(StateError::Moved { path: self.path.clone(), wanted, found, lineage });
        }
        files::create_folder_of(&self.path)?;
        let bytes = self.seal(&format::write(state, Some(author), &self.path)?)?;
        let kept = match (is_written, is_first) {
            (true, _) => Ok(()),
            (false, true) => history::set_aside(&self.path),
            (false, false) => history::keep(&self.path, found),
        };
        files::replace(&self.path, &bytes)?;
        Ok(kept.and_then(|()| history::prune(&self.path)).err())
    }

    /// Starts the journal of `run` on `state`, in the place of one that has been folded.
    pub(super) fn begin_journal(&self, state: &State, run: Run) -> Result<Journal, StateError> {
        files::create_folder_of(&self.journal)?;
        Journal::create(&self.journal, Begin::on(state, run), &self.cipher)
    }

    /// Continues the journal that an interrupted run left.
    pub(super) fn resume_journal(&self, read: &JournalRead) -> Result<Journal, StateError> {
        Journal::resume(&self.journal, read, &self.cipher)
    }

    pub(super) fn remove_journal(&self) -> Result<(), StateError> {
        files::remove(&self.journal)
    }

    pub(super) fn journal_path(&self) -> &Path {
        &self.journal
    }

    pub(super) fn read_snapshot(&self) -> Result<Option<State>, StateError> {
        self.read_file(&self.path)?.map(|bytes| format::read(bytes, &self.path)).transpose()
    }
}

/// What the `bytes` of the file at `path` say.
pub(super) fn open(cipher: &Cipher, bytes: Vec<u8>, path: &Path) -> Result<Vec<u8>, StateError> {
    cipher.open(bytes).map_err(|source| match source {
        EncryptionError::Damaged(detail) => StateError::SealDamaged { path: path.to_owned(), detail },
        source => StateError::Sealed { path: path.to_owned(), source },
    })
}
