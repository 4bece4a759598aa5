//! The journal: an append-only file of one [`Entry`] a line, beside the state file.
//!
//! ```text
//! {"c":"5f1c09aa","e":{"Begin":{"format_version":1,...}}}
//! {"c":"0b7e41d2","e":{"Intent":{"address":"cluster.main","operation":"create",...}}}
//! {"c":"91cc2f0e","e":{"Done":{"token":"...","outcome":{"Put":{...}}}}}
//! ```
//!
//! `c` is the beginning of the SHA-256 of the `c` before it and of the text of `e`, so that a line that was
//! damaged, lost or moved is seen. A line is one write and one fsync; several entries at once share them.
//!
//! Where the state is sealed, each line is by itself, and has `x` in the place of `e`: see [`super::encryption`]. `c` is then
//! of the text of `x`.
//!
//! A last line without its line break is one whose write was never acknowledged, so that nothing it speaks
//! of was begun: it is dropped, and said. Any other broken line was whole once: that is damage, and an error,
//! and so is a last line that is whole but for its line break. The first line appears together with the file
//! (by rename), so a journal without it is damaged too.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::state::digest::sha256;
use crate::state::files;
use crate::state::format::FORMAT_VERSION;
use crate::state::{Begin, Cipher, EncryptionError, Entry, StateError};

/// What a journal file says.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalRead {
    pub begin: Begin,
    /// All that follows.
    pub entries: Vec<Entry>,
    /// Whether a last line was dropped because it is not whole.
    pub torn: bool,
    end: End,
}

/// Where the next line goes, and what it follows.
#[derive(Clone, Debug, PartialEq)]
struct End {
    length: u64,
    check: String,
}

/// A journal that can be continued.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    cipher: Cipher,
    end: End,
    /// Whether there may be bytes behind `end`: of a torn line, or of a write that failed.
    is_dirty: bool,
}

/// Where the journal of the state file at `state` is.
pub fn path_of(state: &Path) -> PathBuf {
    files::with_suffix(state, ".journal")
}

/// Reads a journal. `path` is for errors alone.
pub fn read(bytes: &[u8], path: &Path, cipher: &Cipher) -> Result<JournalRead, StateError> {
    let damaged = |line: usize, detail: String| StateError::JournalDamaged { path: path.to_owned(), line, detail };
    let mut end = End { length: 0, check: String::new() };
    let (mut entries, mut torn) = (Vec::new(), false);
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        match split(line, &end.check) {
            Ok(Line { payload, check }) => {
                let text = payload.open(cipher).map_err(|source| match source {
                    EncryptionError::Damaged(detail) => damaged(index + 1, detail),
                    source => StateError::Sealed { path: path.to_owned(), source },
                })?;
                entries.push(serde_json::from_str(&text).map_err(|error| damaged(index + 1, error.to_string()))?);
                end = End { length: end.length + line.len() as u64, check: check.to_owned() };
            }
            // The first line is never torn, since it came by rename.
            Err(_) if index > 0 && is_torn(line, &end.check) => torn = true,
            Err(detail) => return Err(damaged(index + 1, detail)),
        }
    }
    let mut entries = entries.into_iter();
    match entries.next() {
        Some(Entry::Begin(begin)) if begin.format_version > FORMAT_VERSION => {
            Err(StateError::NewerFormat { path: path.to_owned(), found: begin.format_version, known: FORMAT_VERSION })
        }
        Some(Entry::Begin(begin)) => Ok(JournalRead { begin: *begin, entries: entries.collect(), torn, end }),
        Some(_) => Err(damaged(1, "it does not begin with Begin".to_owned())),
        None => Err(damaged(1, "it is empty".to_owned())),
    }
}

impl Journal {
    /// Makes the file, in the place of whatever is there.
    pub fn create(path: &Path, begin: Begin, cipher: &Cipher) -> Result<Self, StateError> {
        let (line, check) = encode(&Entry::Begin(Box::new(begin)), "", path, cipher)?;
        files::replace(path, line.as_bytes())?;
        Self::open(path, cipher, End { length: line.len() as u64, check }, false)
    }

    /// Continues the journal of which `read` has been read.
    pub fn resume(path: &Path, read: &JournalRead, cipher: &Cipher) -> Result<Self, StateError> {
        Self::open(path, cipher, read.end.clone(), read.torn)
    }

    /// Appends `entries`; they are durable when this returns. If it fails, the journal is as it was.
    pub fn append(&mut self, entries: &[Entry]) -> Result<(), StateError> {
        self.clean()?;
        self.require_untouched()?;
        let (lines, check) = encode_all(entries, &self.end.check, &self.path, &self.cipher)?;
        self.is_dirty = true;
        if let Err(error) = files::append(&self.file, &self.path, lines.as_bytes()) {
            // Half a line must not stay: what follows would make it a broken line in the middle. If this fails
            // as well, the next append tries again first, and a reader drops the half line.
            let _ = self.clean();
            return Err(error);
        }
        self.is_dirty = false;
        self.end = End { length: self.end.length + lines.len() as u64, check };
        Ok(())
    }

    /// Fails if another process has written to the journal or taken it away. The lock keeps others out, but
    /// not those before whom somebody has removed the lock's file.
    pub fn require_untouched(&self) -> Result<(), StateError> {
        let length = files::attempt("read", &self.path, || self.file.metadata())?.len();
        if files::is_at(&self.file, &self.path) && (self.is_dirty || length == self.end.length) {
            Ok(())
        } else {
            Err(StateError::JournalTaken { path: self.path.clone() })
        }
    }

    fn open(path: &Path, cipher: &Cipher, end: End, is_dirty: bool) -> Result<Self, StateError> {
        let file = files::attempt("open", path, || files::private().append(true).open(path))?;
        Ok(Self { file, path: path.to_owned(), cipher: cipher.clone(), end, is_dirty })
    }

    fn clean(&mut self) -> Result<(), StateError> {
        if self.is_dirty {
            files::attempt("truncate", &self.path, || self.file.set_len(self.end.length))?;
            self.is_dirty = false;
        }
        Ok(())
    }
}

impl JournalRead {
    /// The check that the next line follows.
    pub(super) fn check(&self) -> &str {
        &self.end.check
    }
}

/// `entries` as lines that follow a line with the check `previous`, and the check of the last of them.
pub(super) fn encode_all(
    entries: &[Entry],
    previous: &str,
    path: &Path,
    cipher: &Cipher,
) -> Result<(String, String), StateError> {
    let (mut lines, mut check) = (String::new(), previous.to_owned());
    for entry in entries {
        let (line, next) = encode(entry, &check, path, cipher)?;
        lines.push_str(&line);
        check = next;
    }
    Ok((lines, check))
}

/// `entry` as a line, and the line's check.
fn encode(entry: &Entry, previous: &str, path: &Path, cipher: &Cipher) -> Result<(String, String), StateError> {
    let unwritable = |error: serde_json::Error| StateError::Unwritable { path: path.to_owned(), detail: error.to_string() };
    let payload = serde_json::to_string(entry).map_err(unwritable)?;
    // What can't be read again must not be written, and what is intended must also fit the deeper nesting of its outcome.
    serde_json::from_str::<Entry>(&payload).map_err(unwritable)?;
    if let Entry::Intent(_) = entry {
        serde_json::from_str::<serde_json::Value>(&format!("[[[[{payload}]]]]")).map_err(unwritable)?;
    }
    let sealed = cipher.seal_line(&payload).map_err(|source| StateError::Sealed { path: path.to_owned(), source })?;
    let check = check(previous, sealed.as_ref().unwrap_or(&payload));
    let line = match sealed {
        Some(sealed) => format!("{{\"c\":\"{check}\",\"x\":\"{sealed}\"}}\n"),
        None => format!("{{\"c\":\"{check}\",\"e\":{payload}}}\n"),
    };
    Ok((line, check))
}

/// The entries of `read` as the bytes of a journal of their own.
pub(super) fn write(read: &JournalRead, path: &Path, cipher: &Cipher) -> Result<Vec<u8>, StateError> {
    let begin = Entry::Begin(Box::new(read.begin.clone()));
    let (mut text, mut check) = encode(&begin, "", path, cipher)?;
    for entry in &read.entries {
        let (line, next) = encode(entry, &check, path, cipher)?;
        text.push_str(&line);
        check = next;
    }
    Ok(text.into_bytes())
}

/// A line that is whole.
struct Line<'a> {
    payload: Payload<'a>,
    check: &'a str,
}

#[derive(Clone, Copy)]
enum Payload<'a> {
    Plain(&'a str),
    Sealed(&'a str),
}

impl Payload<'_> {
    fn open(self, cipher: &Cipher) -> Result<String, EncryptionError> {
        match self {
            Self::Plain(text) => cipher.require_plain_taken().map(|()| text.to_owned()),
            Self::Sealed(text) => cipher.open_line(text),
        }
    }
}

fn split<'a>(line: &'a [u8], previous: &str) -> Result<Line<'a>, String> {
    let line = std::str::from_utf8(line).map_err(|error| error.to_string())?;
    let parts = line.strip_prefix("{\"c\":\"").and_then(|rest| rest.split_once("\",\""));
    let found = parts.and_then(|(check, rest)| {
        let rest = rest.strip_suffix("}\n")?;
        let payload = match rest.strip_prefix("e\":") {
            Some(plain) => Payload::Plain(plain),
            None => Payload::Sealed(rest.strip_prefix("x\":\"")?.strip_suffix('"')?),
        };
        Some(Line { payload, check })
    });
    let found = found.ok_or_else(|| "it is not a whole entry".to_owned())?;
    let (Payload::Plain(text) | Payload::Sealed(text)) = found.payload;
    if found.check != check(previous, text) {
        return Err("its checksum does not fit".to_owned());
    }
    Ok(found)
}

/// Whether `line` may be what an interrupted write has left: a line ends with its line break, and was acknowledged
/// with it. Something else in the place of the line break was none when it was written.
fn is_torn(line: &[u8], previous: &str) -> bool {
    let is_whole_but_for_its_end = |rest: &[u8]| split(&[rest, b"\n"].concat(), previous).is_ok();
    !line.ends_with(b"\n") && !line.split_last().is_some_and(|(_, rest)| is_whole_but_for_its_end(rest))
}

fn check(previous: &str, payload: &str) -> String {
    let mut digest = sha256(&[previous.as_bytes(), payload.as_bytes()]);
    digest.truncate(8);
    digest
}
