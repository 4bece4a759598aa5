//! The few things that are done with files, each failing with what was tried and on which path.
//!
//! Every step that changes the disk passes through [`attempt`], where the tests make each of them fail in turn.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::state::StateError;

/// The bytes of the file, or `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, StateError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StateError::Io { action: "read", path: path.to_owned(), source }),
    }
}

/// Makes the file hold `bytes`, durably: after a crash at any time it holds either what it held or all of `bytes`.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    // The lock admits one writer, so a fixed name will do, and what a killed writer left is swept here.
    let temporary = with_suffix(path, ".new");
    remove_if_there(&temporary)?;
    let written = write_new(&temporary, bytes).and_then(|()| attempt("rename to", path, || std::fs::rename(&temporary, path)));
    if let Err(error) = written {
        // It would only be in the way, and the next writer removes it if this fails too.
        let _ = remove_if_there(&temporary);
        return Err(error);
    }
    sync_folder_of(path)
}

/// Removes the file durably; it may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), StateError> {
    remove_if_there(path)?;
    sync_folder_of(path)
}

/// Makes the folder that is to hold `path`, and those around it.
pub(super) fn create_folder_of(path: &Path) -> Result<(), StateError> {
    let folder = folder_of(path);
    if folder.is_dir() {
        return Ok(());
    }
    if folder.parent().is_some() {
        create_folder_of(folder)?;
    }
    match attempt("create the folder", folder, || std::fs::create_dir(folder)) {
        Err(StateError::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_folder_of(folder),
    }
}

/// Makes the folder at `path`, which only its owner may enter, if it is not there.
pub(super) fn create_private_folder(path: &Path) -> Result<(), StateError> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    attempt("create the folder", path, || builder.create(path))?;
    sync_folder_of(path)
}

/// Gives the file at `from` a second name, durably; where the file system has no hard links, a copy gets that name.
/// Nothing may be there yet.
pub(super) fn link_or_copy(from: &Path, to: &Path) -> Result<(), StateError> {
    if attempt("link", to, || std::fs::hard_link(from, to)).is_ok() {
        return sync_folder_of(to);
    }
    match read(from)? {
        Some(bytes) => replace(to, &bytes),
        None => Ok(()),
    }
}

/// Keeps what is at `path` under a name that is free, beside it, and says which. Nothing that is kept so is ever removed.
pub(super) fn keep_aside(path: &Path) -> Result<Option<PathBuf>, StateError> {
    let Some(bytes) = read(path)? else { return Ok(None) };
    let mut aside = with_suffix(path, ".aside");
    for number in 2_u64.. {
        match read(&aside)? {
            None => break,
            // One that was kept right before a crash, or before the disk was full.
            Some(same) if same == bytes => return Ok(Some(aside)),
            Some(_) => aside = with_suffix(path, &format!(".aside-{number}")),
        }
    }
    link_or_copy(path, &aside)?;
    Ok(Some(aside))
}

/// Renames, durably. Nothing may be at `to` that counts.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), StateError> {
    attempt("rename to", to, || std::fs::rename(from, to))?;
    sync_folder_of(to)
}

/// The names of what is in the folder at `path`; none where there is no folder.
pub(super) fn names_in(path: &Path) -> Result<Vec<String>, StateError> {
    let failed = |source| StateError::Io { action: "list the folder", path: path.to_owned(), source };
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    names.collect::<io::Result<_>>().map_err(failed)
}

/// When the file was last written to, as far as the file system tells.
pub(super) fn modified_at(path: &Path) -> Option<jiff::Timestamp> {
    std::fs::metadata(path).and_then(|found| found.modified()).ok()?.try_into().ok()
}

/// Appends `bytes` with one call and waits until they are on the disk.
pub(super) fn append(mut file: &File, path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    write_all(&mut file, path, bytes)?;
    attempt("write to the disk", path, || file.sync_data())
}

/// Options to open a file that only its owner may read.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The file that `path` leads to through symbolic links, which may not exist yet. A rename would
/// otherwise replace the link and leave the file that it leads to behind.
pub(super) fn resolve_links(path: &Path) -> Result<PathBuf, StateError> {
    let mut target = path.to_owned();
    // As many as Linux follows.
    for _ in 0..40 {
        match std::fs::read_link(&target) {
            Ok(link) => target = folder_of(&target).join(link),
            // Anything that is not a link is what it leads to; other errors show up when it is read.
            Err(_) => return Ok(target),
        }
    }
    let source = io::Error::other("too many symbolic links, or a ring of them");
    Err(StateError::Io { action: "follow", path: path.to_owned(), source })
}

/// Whether `path` still leads to the open `file`.
#[cfg(unix)]
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(ours), Ok(theirs)) => (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino()),
        _ => false,
    }
}

/// Elsewhere a file that is open can't be removed.
#[cfg(not(unix))]
pub(super) fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

/// `path` with `suffix` behind its whole name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Does `action` and says so in its error.
pub(super) fn attempt<T>(action: &'static str, path: &Path, operation: impl FnOnce() -> io::Result<T>) -> Result<T, StateError> {
    fault::step().and_then(|()| operation()).map_err(|source| StateError::Io { action, path: path.to_owned(), source })
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let mut file = attempt("create", path, || private().write(true).create_new(true).open(path))?;
    write_all(&mut file, path, bytes)?;
    attempt("write to the disk", path, || file.sync_all())
}

fn write_all(file: &mut impl io::Write, path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let written = fault::write(file, bytes).and_then(|()| file.write_all(bytes));
    written.map_err(|source| StateError::Io { action: "write", path: path.to_owned(), source })
}

fn remove_if_there(path: &Path) -> Result<(), StateError> {
    match attempt("remove", path, || std::fs::remove_file(path)) {
        Err(StateError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// A rename, a creation or a removal is durable only when the folder is.
fn sync_folder_of(path: &Path) -> Result<(), StateError> {
    let folder = folder_of(path);
    attempt("write to the disk the folder", folder, || {
        // Other systems than Unix can't open a folder, and need no such step.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    })
}

pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Failures on demand.
#[cfg(not(test))]
mod fault {
    use std::io;

    #[expect(clippy::unnecessary_wraps, reason = "the tests' version can fail")]
    pub(super) fn step() -> io::Result<()> {
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "the tests' version can fail")]
    pub(super) fn write(_file: &mut impl io::Write, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// Failures on demand: the tests count the steps and let one of them, or all from one on, fail.
#[cfg(test)]
pub(super) mod fault {
    use std::cell::Cell;
    use std::io;

    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum Mode {
        /// One step fails, as on a disk that is full for a moment.
        Once,
        /// No step from there on has an effect, as after SIGKILL.
        Killed,
    }

    thread_local! {
        static STEPS_LEFT: Cell<Option<(usize, Mode)>> = const { Cell::new(None) };
    }

    pub fn after(steps: usize, mode: Mode) {
        STEPS_LEFT.set(Some((steps, mode)));
    }

    /// Whether the failure has come, or would still be to come.
    pub fn clear() -> bool {
        !matches!(STEPS_LEFT.take(), Some((left, _)) if left > 0)
    }

    pub(super) fn step() -> io::Result<()> {
        match STEPS_LEFT.get() {
            None => Ok(()),
            Some((0, mode)) => {
                if mode == Mode::Once {
                    STEPS_LEFT.set(None);
                }
                Err(io::Error::from(io::ErrorKind::StorageFull))
            }
            Some((left, mode)) => {
                STEPS_LEFT.set(Some((left - 1, mode)));
                Ok(())
            }
        }
    }

    /// A write that fails has written half.
    pub(super) fn write(file: &mut impl io::Write, bytes: &[u8]) -> io::Result<()> {
        let was_killed = STEPS_LEFT.get().is_some_and(|(left, _)| left == 0);
        step().inspect_err(|_| {
            if was_killed {
                let _ = file.write_all(&bytes[..bytes.len() / 2]);
            }
        })
    }
}
