//! The lock of a state file: an advisory lock of the operating system on `STATE.lock`, which ends with its process.
//!
//! A run that was killed leaves no lock behind, so there is nothing to unlock by hand. The file's
//! content says who holds it, for the message to those who find it locked; one that says that it is kept counts without its process, until it is
//! removed by its id. The file itself stays: if
//! it were removed, one process could hold the lock of the removed file and another that of a new one.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::state::{Holder, Run, StateError, files};

/// How often one that waits looks whether the lock is free.
const POLL: Duration = Duration::from_millis(100);

/// A lock that is held; dropping it releases it.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
    holder: Holder,
}

/// Where the lock of the state file at `state` is.
pub fn path_of(state: &Path) -> PathBuf {
    files::with_suffix(state, ".lock")
}

impl Lock {
    /// Locks the state file at `state` for `run`; if another holds it, waits for it for `patience`.
    ///
    /// Blocks the thread while it waits.
    pub fn acquire(state: &Path, run: &Run, patience: Duration) -> Result<Self, StateError> {
        let path = path_of(state);
        files::create_folder_of(&path)?;
        let began = Instant::now();
        loop {
            let mut file = open(&path)?;
            let holder = match file.try_lock() {
                // Somebody may have removed the file between the opening and the locking; then it is not the lock any more.
                Ok(()) if !files::is_at(&file, &path) => continue,
                Ok(()) => match read_holder(&mut file) {
                    // Its process has ended, and meant it to stay.
                    kept if kept.is_kept => kept,
                    _ => {
                        let mut lock = Self { file, path, holder: Holder::of(run) };
                        lock.write()?;
                        return Ok(lock);
                    }
                },
                Err(TryLockError::WouldBlock) => read_holder(&mut file),
                Err(TryLockError::Error(source)) => return Err(StateError::Io { action: "lock", path, source }),
            };
            if began.elapsed() >= patience {
                return Err(StateError::Locked { path: state.to_owned(), holder: Box::new(holder) });
            }
            sleep(POLL.min(patience.saturating_sub(began.elapsed())));
        }
    }

    /// Makes it stay after this process has ended, until it is removed by its id.
    pub fn keep(mut self) -> Result<Holder, StateError> {
        self.holder.is_kept = true;
        self.write()?;
        files::attempt("write to the disk", &self.path, || self.file.sync_all())?;
        Ok(self.holder.clone())
    }

    /// Removes the lock with this id that was made to stay.
    ///
    /// # Errors
    /// If there is no such lock, or if it is that of a process which lives: it ends with that.
    pub fn remove(state: &Path, id: &str) -> Result<Holder, StateError> {
        let path = path_of(state);
        let absent = |holder: Option<Holder>| {
            let holder = holder.filter(|holder| !holder.id.is_empty()).map(Box::new);
            StateError::OtherLock { path: state.to_owned(), id: id.to_owned(), holder }
        };
        if files::read(&path)?.is_none() {
            return Err(absent(None));
        }
        let mut file = open(&path)?;
        match file.try_lock() {
            Ok(()) => {
                let holder = read_holder(&mut file);
                if !holder.is_kept || holder.id != id {
                    return Err(absent(Some(holder).filter(|holder| holder.is_kept)));
                }
                files::attempt("write", &path, || file.set_len(0))?;
                Ok(holder)
            }
            Err(TryLockError::WouldBlock) => {
                let holder = Box::new(read_holder(&mut file));
                match holder.id == id {
                    true => Err(StateError::HolderLives { path: state.to_owned(), holder }),
                    false => Err(absent(Some(*holder))),
                }
            }
            Err(TryLockError::Error(source)) => Err(StateError::Io { action: "lock", path, source }),
        }
    }

    fn write(&mut self) -> Result<(), StateError> {
        files::attempt("write", &self.path, || {
            self.file.set_len(0)?;
            self.file.rewind()?;
            self.file.write_all(serde_json::to_string(&self.holder)?.as_bytes())
        })
    }
}

fn open(path: &Path) -> Result<File, StateError> {
    files::attempt("open the lock", path, || files::private().read(true).write(true).create(true).truncate(false).open(path))
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The name of one who has let go would mislead. The lock itself goes with the file handle.
        if !self.holder.is_kept {
            let _ = self.file.set_len(0);
        }
    }
}

/// Who it is, as far as it can be read.
fn read_holder(file: &mut File) -> Holder {
    let mut text = String::new();
    let read = file.read_to_string(&mut text);
    read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default()
}
