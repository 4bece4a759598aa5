//! The writer of a state file and its journal, under the lock.

use std::path::{Path, PathBuf};

use crate::state::format::Author;
use crate::state::journal::{self, Journal, JournalRead};
use crate::state::store::{Loaded, Remains, Writer};
use crate::state::{Begin, Cipher, Entry, FileStore, Lock, Run, State, StateError, files, format, history};

/// See the module.
#[derive(Debug)]
pub struct FileWriter {
    store: FileStore,
    journal: OnDisk,
    /// Held until the writer goes.
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

impl FileWriter {
    pub(super) fn new(store: FileStore, lock: Lock) -> Self {
        Self { store, journal: OnDisk::Nothing, _lock: lock }
    }
}

impl Writer for FileWriter {
    fn path(&self) -> &Path {
        self.store.path()
    }

    fn cipher(&self) -> &Cipher {
        self.store.cipher()
    }

    fn read(&mut self) -> Result<Loaded, StateError> {
        let loaded = self.store.read()?;
        self.journal = loaded.journal.clone().map_or(OnDisk::Nothing, |read| OnDisk::Left(Box::new(read)));
        Ok(loaded)
    }

    fn has_journal(&self) -> bool {
        !matches!(self.journal, OnDisk::Nothing)
    }

    fn append(&mut self, base: &State, run: &Run, entries: &[Entry]) -> Result<(), StateError> {
        let path = self.store.journal_path();
        match &self.journal {
            OnDisk::Nothing => {
                files::create_folder_of(path)?;
                self.journal = OnDisk::Open(Journal::create(path, Begin::on(base, run.clone()), self.store.cipher())?);
            }
            OnDisk::Left(read) => self.journal = OnDisk::Open(Journal::resume(path, read, self.store.cipher())?),
            OnDisk::Open(_) => {}
            OnDisk::Uncertain => return Err(StateError::Uncertain { path: self.store.path().to_owned() }),
        }
        match &mut self.journal {
            OnDisk::Open(journal) => journal.append(entries),
            OnDisk::Nothing | OnDisk::Left(_) | OnDisk::Uncertain => Ok(()),
        }
    }

    fn write(&mut self, next: &State, author: &Author) -> Result<Option<StateError>, StateError> {
        if let OnDisk::Open(journal) = &self.journal {
            journal.require_untouched()?;
        }
        self.journal = OnDisk::Uncertain;
        let path = self.store.path();
        let wanted = next.serial.saturating_sub(1);
        let current = self.store.read_snapshot()?;
        // A write whose last step failed may be repeated: the file may be in its place already.
        let is_written = current.as_ref() == Some(next);
        let is_first = current.is_none();
        let (found, lineage) = current.map_or((0, next.lineage.clone()), |current| (current.serial, current.lineage));
        if !is_written && (found != wanted || lineage != next.lineage) {
            return Err(StateError::Moved { path: path.to_owned(), wanted, found, lineage });
        }
        files::create_folder_of(path)?;
        let bytes = self.store.seal(&format::write(next, Some(author), path)?)?;
        let kept = match (is_written, is_first) {
            (true, _) => Ok(()),
            (false, true) => history::set_aside(path),
            (false, false) => history::keep(path, found),
        };
        files::replace(path, &bytes)?;
        // From here on the journal has been folded. Should its removal fail, every reader knows that by its serial.
        self.journal = OnDisk::Nothing;
        Ok(kept.and_then(|()| history::prune(path)).err())
    }

    fn drop_journal(&mut self) -> Result<(), StateError> {
        if let OnDisk::Open(journal) = &self.journal {
            journal.require_untouched()?;
        }
        self.journal = OnDisk::Nothing;
        files::remove(self.store.journal_path())
    }

    fn keep(&mut self, serial: u64) -> Result<(), StateError> {
        history::keep(self.store.path(), serial)
    }

    fn remains(&self) -> Result<Remains, StateError> {
        let path = self.store.journal_path();
        let journal = files::read(path)?.map(|bytes| journal::read(&bytes, path, self.store.cipher()));
        let snapshot = self.store.read_snapshot().ok().flatten();
        let of_file = match &snapshot {
            Some(state) => Some(state.serial),
            None => files::read(self.store.path())?.and_then(|bytes| serial_in(&String::from_utf8_lossy(&bytes))),
        };
        let of_journal = journal.as_ref().and_then(|journal| Some(journal.as_ref().ok()?.begin.serial));
        let mut serials = history::serials_in(&history::folder_of(self.store.path()))?;
        serials.extend(of_file.into_iter().chain(of_journal));
        Ok(Remains { snapshot, journal, serials })
    }

    fn write_anew(&mut self, state: &State, author: &Author, keeps_journal: bool) -> Result<Vec<PathBuf>, StateError> {
        let path = self.store.path();
        files::create_folder_of(path)?;
        let bytes = self.store.seal(&format::write(state, Some(author), path)?)?;
        let mut aside: Vec<PathBuf> = files::keep_aside(path)?.into_iter().collect();
        if !keeps_journal {
            aside.extend(files::keep_aside(self.store.journal_path())?);
        }
        files::replace(path, &bytes)?;
        if !keeps_journal {
            files::remove(self.store.journal_path())?;
        }
        Ok(aside)
    }
}

/// What `"serial": N` says in the remains of a state file.
fn serial_in(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("\"serial\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let digits = rest.split(|character: char| !character.is_ascii_digit()).next()?;
    // What is longer than any count of writes is part of the damage.
    Some(digits).filter(|digits| digits.len() <= 9)?.parse().ok()
}
