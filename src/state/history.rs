//! The states before the present one: a folder of copies beside the state file.
//!
//! | step of a write | after a crash right behind it |
//! |---|---|
//! | the present file, of serial N, gets a second name, `NAME.json.history/N.json`: a hard link, where there are none a copy | N is the state, and in its history too |
//! | the new file takes its place by rename | N + 1 is the state, N its history |
//! | the oldest copies are removed | there is one more than [`KEPT`] until the next write |
//!
//! A state file is never changed in place, so a second name is as good as a copy and costs nothing. A copy that can't
//! be made is told and holds up no write of the state itself. One lineage has one folder: the first state of a new
//! lineage moves the folder of an older one aside.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::state::format::Author;
use crate::state::store::no_such_serial;
use crate::state::{Cipher, FileStore, State, StateError, files, format};

/// How many earlier states are kept.
pub const KEPT: usize = 20;

/// One of the earlier states.
#[derive(Debug)]
pub struct Earlier {
    pub serial: u64,
    pub path: PathBuf,
    /// In bytes.
    pub size: usize,
    /// When it was written, as far as that is known.
    pub written_at: Option<Timestamp>,
    /// What it says and who wrote it, or why it can't be read.
    pub content: Result<(State, Option<Author>), StateError>,
}

impl Earlier {
    /// What `bytes` at `path` say. `serial` is what the name says it is; `stored_at` when it was stored.
    pub(super) fn of(path: PathBuf, bytes: Vec<u8>, serial: Option<u64>, stored_at: Option<Timestamp>, cipher: &Cipher) -> Self {
        let size = bytes.len();
        let opened = cipher.open_at(bytes, &path).and_then(|bytes| format::read_with_author(&bytes, &path));
        let content = opened.and_then(|(state, author)| match serial {
            Some(named) if named != state.serial => {
                let detail = format!("it is of serial {}, and its name says {named}", state.serial);
                Err(StateError::Malformed { path: path.clone(), detail })
            }
            _ => Ok((state, author)),
        });
        let told = content.as_ref().ok();
        let serial = serial.or_else(|| told.map(|(state, _)| state.serial)).unwrap_or_default();
        let written_at = told.and_then(|(_, author)| Some(author.as_ref()?.at)).or(stored_at);
        Self { serial, size, written_at, content, path }
    }
}

/// Where the earlier states of the state file at `state` are.
pub fn folder_of(state: &Path) -> PathBuf {
    files::with_suffix(state, ".history")
}

impl FileStore {
    /// The earlier states, the latest first. A damaged one is among them, and says so.
    pub fn history(&self) -> Result<Vec<Earlier>, StateError> {
        let folder = folder_of(self.path());
        let mut serials = serials_in(&folder)?;
        serials.reverse();
        // What is removed meanwhile by a run that goes on is no longer there.
        let read = |serial| read(path_of(&folder, serial), Some(serial), self.cipher()).transpose();
        serials.into_iter().filter_map(read).collect()
    }

    /// The present state file, without its journal; `None` where there is none.
    pub fn present(&self) -> Result<Option<Earlier>, StateError> {
        read(self.path().to_owned(), None, self.cipher())
    }

    /// The earlier state of `serial`.
    pub fn earlier(&self, serial: u64) -> Result<Earlier, StateError> {
        let folder = folder_of(self.path());
        if let Some(found) = read(path_of(&folder, serial), Some(serial), self.cipher())? {
            return Ok(found);
        }
        Err(no_such_serial(self.path(), serial, &serials_in(&folder)?))
    }
}

/// Keeps the state file at `state`, which is of `serial`.
pub(super) fn keep(state: &Path, serial: u64) -> Result<(), StateError> {
    let folder = folder_of(state);
    files::create_private_folder(&folder)?;
    let copy = path_of(&folder, serial);
    if let Some(found) = files::read(&copy)? {
        // It was kept before a crash, or before the disk was full.
        if Some(&found) == files::read(state)?.as_ref() {
            return Ok(());
        }
        // Two states of one serial: somebody has put files here by hand. Neither is thrown away.
        files::keep_aside(&copy)?;
        files::remove(&copy)?;
    }
    files::link_or_copy(state, &copy)
}

/// Removes the oldest states beyond those that are to be kept.
pub(super) fn prune(state: &Path) -> Result<(), StateError> {
    let folder = folder_of(state);
    let serials = serials_in(&folder)?;
    let surplus = serials.len().saturating_sub(KEPT);
    serials.iter().take(surplus).try_for_each(|serial| files::remove(&path_of(&folder, *serial)))
}

/// Moves the history of another lineage out of the way of the first state of a new one.
pub(super) fn set_aside(state: &Path) -> Result<(), StateError> {
    let folder = folder_of(state);
    if serials_in(&folder)?.is_empty() {
        return Ok(());
    }
    let mut aside = files::with_suffix(&folder, ".aside");
    let mut number: u64 = 2;
    while aside.exists() {
        aside = files::with_suffix(&folder, &format!(".aside-{number}"));
        number += 1;
    }
    files::rename(&folder, &aside)
}

/// The serials in a history, in their order.
pub(super) fn serials_in(folder: &Path) -> Result<Vec<u64>, StateError> {
    let is_plain = |digits: &&str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let serial = |name: &String| name.strip_suffix(".json").filter(is_plain)?.parse().ok();
    let mut serials: Vec<u64> = files::names_in(folder)?.iter().filter_map(serial).collect();
    serials.sort_unstable();
    Ok(serials)
}

pub(super) fn path_of(folder: &Path, serial: u64) -> PathBuf {
    folder.join(format!("{serial}.json"))
}

/// The state file at `path`; `serial` is what its name says it is.
fn read(path: PathBuf, serial: Option<u64>, cipher: &Cipher) -> Result<Option<Earlier>, StateError> {
    let Some(bytes) = files::read(&path)? else { return Ok(None) };
    let modified_at = files::modified_at(&path);
    Ok(Some(Earlier::of(path, bytes, serial, modified_at, cipher)))
}
