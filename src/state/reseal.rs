//! Everything of a state that is on disk, written anew: sealed as the stack file says now, or in clear.
//!
//! Each file is opened as it is and replaced by rename, the history before the state; what a file says stays the same
//! to the byte, its serial with it. After a crash in between, each file tells by itself how it is sealed, and a
//! repetition does what is left.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::state::encryption::is_sealed;
use crate::state::{FileStore, Lock, Run, StateError, files, history, journal};

/// In which form a state is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Sealed for whom the store's cipher seals.
    Sealed,
    Plain,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Resealed {
    /// Written anew.
    pub written: Vec<PathBuf>,
    /// Sealed, and so damaged that it can't be opened: left as it was.
    pub left: Vec<StateError>,
    /// Kept aside earlier, or named by nothing, and never touched.
    pub aside: Vec<PathBuf>,
}

impl FileStore {
    /// Brings state, journal and history into `form`, under the lock. The state must be readable.
    pub fn reseal(&self, form: Form, command: &str, patience: Duration) -> Result<Resealed, StateError> {
        let store = Self::with_cipher(self.clone(), self.cipher().taking_plain());
        let path = store.path();
        let _lock = Lock::acquire(path, &Run::now(command), patience)?;
        if store.read()?.state.is_none() {
            return Err(StateError::Absent { path: path.to_owned() });
        }
        if form == Form::Sealed {
            store.cipher().prepare().map_err(|source| StateError::Sealed { path: path.to_owned(), source })?;
        }
        let mut done = Resealed::default();
        let folder = history::folder_of(path);
        for serial in history::serials_in(&folder)? {
            store.reseal_file(&history::path_of(&folder, serial), form, &mut done)?;
        }
        store.reseal_journal(form, &mut done)?;
        store.reseal_file(path, form, &mut done)?;
        // What a write that was cut off has left may hold what is sealed now.
        for name in files::names_in(&folder)?.iter().filter(|name| name.ends_with(".new")) {
            files::remove(&folder.join(name))?;
        }
        files::remove(&files::with_suffix(store.journal_path(), ".new"))?;
        done.aside = aside_of(path)?;
        Ok(done)
    }

    fn reseal_file(&self, path: &Path, form: Form, done: &mut Resealed) -> Result<(), StateError> {
        let Some(bytes) = files::read(path)? else { return Ok(()) };
        let was_plain = !is_sealed(&bytes);
        let plain = match self.cipher().open_at(bytes, path) {
            Ok(plain) => plain,
            Err(error @ StateError::SealDamaged { .. }) => {
                done.left.push(error);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let bytes = match form {
            Form::Plain if was_plain => return Ok(()),
            Form::Plain => plain,
            Form::Sealed => self.cipher().seal_at(&plain, path)?,
        };
        files::replace(path, &bytes)?;
        done.written.push(path.to_owned());
        Ok(())
    }

    /// The journal of an interrupted run: it has lines that are sealed each by itself.
    fn reseal_journal(&self, form: Form, done: &mut Resealed) -> Result<(), StateError> {
        let path = self.journal_path();
        let Some(bytes) = files::read(path)? else { return Ok(()) };
        let read = journal::read(&bytes, path, self.cipher())?;
        let bytes = match form {
            Form::Sealed => journal::write(&read, path, self.cipher())?,
            Form::Plain => journal::write(&read, path, &crate::state::Cipher::plain())?,
        };
        files::replace(path, &bytes)?;
        done.written.push(path.to_owned());
        Ok(())
    }
}

/// What was kept aside of the state at `path`.
fn aside_of(path: &Path) -> Result<Vec<PathBuf>, StateError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = files::folder_of(path);
    let folders = [folder.to_owned(), history::folder_of(path)];
    let mut found = Vec::new();
    for (index, folder) in folders.iter().enumerate() {
        let is_ours = |other: &&String| other.contains(".aside") && (index > 0 || other.starts_with(&*name));
        found.extend(files::names_in(folder)?.iter().filter(is_ours).map(|other| folder.join(other)));
    }
    found.sort();
    Ok(found)
}
