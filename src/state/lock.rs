//! The lock of a state file: an advisory lock of the operating system on `STATE.lock`, which ends with its process.
//!
//! A run that was killed leaves no lock behind, so there is nothing to unlock by hand. The file's
//! content says who holds it, for the message to those who find it locked. The file itself stays: if
//! it were removed, one process could hold the lock of the removed file and another that of a new one.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::state::{Run, StateError, files};

/// How often one that waits looks whether the lock is free.
const POLL: Duration = Duration::from_millis(100);

/// A lock that is held; dropping it releases it.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Who holds a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Absent in the instant in which a holder has not yet written its name.
    pub run: Option<Run>,
    pub host: Option<String>,
    pub user: Option<String>,
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
            let mut file = files::attempt("open the lock", &path, || {
                files::private().read(true).write(true).create(true).truncate(false).open(&path)
            })?;
            match file.try_lock() {
                // Somebody may have removed the file between the opening and the locking; then it is not the lock any more.
                Ok(()) if !files::is_at(&file, &path) => {}
                Ok(()) => {
                    let holder = Holder { run: Some(run.clone()), host: host(), user: user() };
                    files::attempt("write", &path, || {
                        file.set_len(0)?;
                        file.write_all(serde_json::to_string(&holder)?.as_bytes())
                    })?;
                    return Ok(Self { file });
                }
                Err(TryLockError::WouldBlock) if began.elapsed() < patience => {
                    sleep(POLL.min(patience.saturating_sub(began.elapsed())));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(StateError::Locked { path: state.to_owned(), holder: read_holder(&mut file) });
                }
                Err(TryLockError::Error(source)) => return Err(StateError::Io { action: "lock", path, source }),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The name of one who has let go would mislead. The lock itself goes with the file handle.
        let _ = self.file.set_len(0);
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(run) = &self.run else { return f.write_str("another process") };
        write!(f, "`stepwright {}` (process {}", run.command, run.process)?;
        if let Some(host) = &self.host {
            write!(f, " on {host}")?;
        }
        if let Some(user) = &self.user {
            write!(f, ", user {user}")?;
        }
        write!(f, ", since {:.0})", run.started_at)
    }
}

/// Who it is, as far as it can be read.
fn read_holder(file: &mut File) -> Holder {
    let mut text = String::new();
    let read = file.read_to_string(&mut text);
    read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn host() -> Option<String> {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = kernel.or_else(|| std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).ok())?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn user() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok()).filter(|name| !name.is_empty())
}
