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
use std::time::Duration;

use crate::state::file_writer::FileWriter;
use crate::state::store::Loaded;
use crate::state::{Cipher, Holder, Lock, Run, State, StateError, files, format, journal};

/// Where a state is kept.
#[derive(Clone, Debug)]
pub struct FileStore {
    path: PathBuf,
    journal: PathBuf,
    cipher: Cipher,
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
        files::read(path)?.map(|bytes| self.cipher.open_at(bytes, path)).transpose()
    }

    /// `text` as the content of one of the files.
    pub(super) fn seal(&self, text: &str) -> Result<Vec<u8>, StateError> {
        self.cipher.seal_at(text.as_bytes(), &self.path)
    }

    /// The state file itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the whole state. See the module's table.
    pub fn read(&self) -> Result<Loaded, StateError> {
        let journal = files::read(&self.journal)?;
        let snapshot = self.read_snapshot()?;
        let journal = journal.map(|bytes| journal::read(&bytes, &self.journal, &self.cipher)).transpose()?;
        Loaded::of(snapshot, journal, &self.path, &self.journal)
    }

    /// Locks the state for `run`. See [`crate::state::Store`].
    pub(super) fn writer(&self, run: &Run, patience: Duration) -> Result<FileWriter, StateError> {
        Ok(FileWriter::new(self.clone(), Lock::acquire(&self.path, run, patience)?))
    }

    /// Locks the state until it is unlocked by hand.
    pub(super) fn lock(&self, run: &Run, patience: Duration) -> Result<Holder, StateError> {
        Lock::acquire(&self.path, run, patience)?.keep()
    }

    /// Takes away the lock with this id, which was made to be unlocked by hand.
    pub(super) fn unlock(&self, id: &str) -> Result<Holder, StateError> {
        Lock::remove(&self.path, id)
    }

    pub(super) fn journal_path(&self) -> &Path {
        &self.journal
    }

    pub(super) fn read_snapshot(&self) -> Result<Option<State>, StateError> {
        self.read_file(&self.path)?.map(|bytes| format::read(bytes, &self.path)).transpose()
    }
}
