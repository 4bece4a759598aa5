//! The writer of a state in S3, under its lock.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::state::format::{self, Author};
use crate::state::history::KEPT;
use crate::state::lease::Lease;
use crate::state::s3::client::{Condition, Object, Put};
use crate::state::s3::head::{self, Head, Part};
use crate::state::s3::{S3Lock, S3Store};
use crate::state::store::{Loaded, Remains, Writer};
use crate::state::{Begin, Cipher, Entry, Run, State, StateError, journal};

/// See the module.
#[derive(Debug)]
pub struct S3Writer {
    store: S3Store,
    lock: S3Lock,
    /// As it was last acknowledged; absent where there is none, or none that can be read.
    pub(super) head: Option<Head>,
    /// Of the object that is there.
    etag: Option<String>,
    /// The check of the journal's last line.
    check: String,
    /// Writes of the head of which it is not known whether they took effect. None of them counts: the next write is
    /// made on whichever of them is there.
    uncertain: Vec<String>,
}

/// The journal's part in the head that is put into an object of its own before it grows beyond this. In bytes.
const LONGEST_JOURNAL: usize = 64 * 1024;

impl S3Writer {
    pub(super) fn new(store: S3Store, lock: S3Lock) -> Self {
        Self { store, lock, head: None, etag: None, check: String::new(), uncertain: Vec::new() }
    }

    /// Makes `next` the head, in the place of the one that this writer knows.
    pub(super) fn put(&mut self, next: &Head) -> Result<(), StateError> {
        let path = self.store.path.clone();
        self.lock.lease().check().map_err(|why| StateError::LockLost { path: path.clone(), why })?;
        loop {
            let next = next.as_new_write();
            let bytes = head::write(&next, &path)?.into_bytes();
            let condition = self.etag.clone().map_or(Condition::Absent, Condition::Is);
            match self.store.client.put(&self.store.key, bytes, condition) {
                Ok(Put::Written(etag)) => {
                    (self.etag, self.head) = (Some(etag), Some(next));
                    self.uncertain.clear();
                    return Ok(());
                }
                Ok(Put::Refused) => {}
                Err(error) => {
                    self.uncertain.push(next.write);
                    return Err(error);
                }
            }
            let found = self.store.client.get(&self.store.key)?;
            let ours = found.and_then(|Object { bytes, etag, .. }| Some((head::read(&bytes, &path).ok()?, etag)));
            match ours {
                Some((found, etag)) if self.uncertain.contains(&found.write) => self.etag = Some(etag),
                Some((found, _)) => return Err(StateError::Overtaken { path, by: found.written_by.command }),
                None => return Err(StateError::Overtaken { path, by: "state rm or another program".to_owned() }),
            }
        }
    }

    /// Writes an object that never changes.
    pub(super) fn put_part(&self, folder: &str, ending: &str, serial: u64, bytes: Vec<u8>) -> Result<Part, StateError> {
        let key = format!("{}.{folder}/{serial:08}-{}.{ending}", self.store.key, uuid::Uuid::new_v4());
        let part = Part::of(serial, key, &bytes);
        match self.store.client.put(&part.key, bytes, Condition::Absent)? {
            Put::Written(_) => Ok(part),
            Put::Refused => {
                Err(StateError::Overtaken { path: self.store.client.url(&part.key), by: "another program".to_owned() })
            }
        }
    }

    fn put_snapshot(&self, state: &State, author: &Author) -> Result<Part, StateError> {
        let text = format::write(state, Some(author), &self.store.path)?;
        let bytes = self.store.cipher.seal_at(text.as_bytes(), &self.store.path)?;
        self.put_part("states", "json", state.serial, bytes)
    }

    /// What nothing names any more. That it stays costs a little storage, and nothing else.
    pub(super) fn remove(&self, parts: &[Part]) {
        for part in parts {
            if let Err(error) = self.store.client.delete(&part.key) {
                tracing::debug!(%error, "an object that is not needed any more stays");
            }
        }
    }
}

impl Writer for S3Writer {
    fn path(&self) -> &Path {
        &self.store.path
    }

    fn cipher(&self) -> &Cipher {
        &self.store.cipher
    }

    fn read(&mut self) -> Result<Loaded, StateError> {
        loop {
            let Some(object) = self.store.client.get(&self.store.key)? else {
                (self.head, self.etag) = (None, None);
                return Loaded::of(None, None, &self.store.path, &self.store.path);
            };
            self.etag = Some(object.etag);
            let head = head::read(&object.bytes, &self.store.path)?;
            let loaded = self.store.load(&head)?;
            self.check = loaded.journal.as_ref().map(|journal| journal.check().to_owned()).unwrap_or_default();
            self.head = Some(head.clone());
            // The run that left this journal may live, and have lost no more than its lock. From here on its writes
            // are refused, or one of them was faster, and is read.
            match loaded.journal.is_some().then(|| self.put(&head)) {
                None | Some(Ok(())) => return Ok(loaded),
                Some(Err(StateError::Overtaken { .. })) => {}
                Some(Err(error)) => return Err(error),
            }
        }
    }

    fn has_journal(&self) -> bool {
        self.head.as_ref().is_some_and(Head::has_journal) || !self.uncertain.is_empty()
    }

    fn append(&mut self, base: &State, run: &Run, entries: &[Entry]) -> Result<(), StateError> {
        let author = Author { command: run.command.clone(), at: run.started_at };
        let head = self.head.clone().unwrap_or_else(|| Head::new(&base.lineage, base.serial, author.clone()));
        let mut next = Head { lineage: base.lineage.clone(), serial: base.serial, written_by: author, ..head };
        let (lines, check) = if next.has_journal() {
            journal::encode_all(entries, &self.check, &self.store.path, &self.store.cipher)?
        } else {
            let begin = Entry::Begin(Box::new(Begin::on(base, run.clone())));
            let all: Vec<Entry> = std::iter::once(begin).chain(entries.iter().cloned()).collect();
            journal::encode_all(&all, "", &self.store.path, &self.store.cipher)?
        };
        if !next.journal.is_empty() && next.journal.len() + lines.len() > LONGEST_JOURNAL {
            let full = std::mem::take(&mut next.journal);
            next.segments.push(self.put_part("journal", "jsonl", next.serial, full.into_bytes())?);
        }
        next.journal.push_str(&lines);
        self.put(&next)?;
        self.check = check;
        Ok(())
    }

    fn write(&mut self, state: &State, author: &Author) -> Result<Option<StateError>, StateError> {
        let wanted = state.serial.saturating_sub(1);
        let before = self.head.clone().filter(|head| head.snapshot.is_some());
        let (found, lineage) = before.as_ref().map_or((0, &state.lineage), |head| (head.serial, &head.lineage));
        if found != wanted || *lineage != state.lineage {
            let (path, lineage) = (self.store.path.clone(), lineage.clone());
            return Err(StateError::Moved { path, wanted, found, lineage });
        }
        let segments = self.head.as_ref().map(|head| head.segments.clone()).unwrap_or_default();
        let mut history =
            before.map(|head| head.snapshot.into_iter().chain(head.history).collect::<Vec<_>>()).unwrap_or_default();
        let surplus = history.split_off(history.len().min(KEPT));
        let snapshot = Some(self.put_snapshot(state, author)?);
        self.put(&Head { snapshot, history, ..Head::new(&state.lineage, state.serial, author.clone()) })?;
        self.check.clear();
        self.remove(&segments);
        self.remove(&surplus);
        Ok(None)
    }

    fn drop_journal(&mut self) -> Result<(), StateError> {
        let Some(head) = self.head.clone().filter(|_| self.has_journal()) else { return Ok(()) };
        self.put(&Head { segments: Vec::new(), journal: String::new(), ..head.clone() })?;
        self.check.clear();
        self.remove(&head.segments);
        Ok(())
    }

    /// What a head names as its snapshot it names as the first of its history when the next one takes its place.
    fn keep(&mut self, _serial: u64) -> Result<(), StateError> {
        Ok(())
    }

    fn remains(&self) -> Result<Remains, StateError> {
        let head = self.store.read_head().ok().flatten();
        let snapshot = head.as_ref().and_then(|head| self.store.snapshot(head.snapshot.as_ref()?).ok());
        let journal = head.as_ref().and_then(|head| self.store.journal(head).transpose());
        let mut serials: Vec<u64> = self.store.snapshots()?.into_iter().map(|(serial, _)| serial).collect();
        serials.extend(head.map(|head| head.serial));
        Ok(Remains { snapshot, journal, serials })
    }

    fn write_anew(&mut self, state: &State, author: &Author, keeps_journal: bool) -> Result<Vec<PathBuf>, StateError> {
        let found = self.store.client.get(&self.store.key)?;
        let head = found.as_ref().and_then(|object| head::read(&object.bytes, &self.store.path).ok());
        let mut aside = Vec::new();
        if let Some(object) = &found {
            let key = format!("{}.aside-{}", self.store.key, uuid::Uuid::new_v4());
            // What it names stays too, as nothing removes it.
            self.store.client.put(&key, object.bytes.clone(), Condition::Absent)?;
            aside.push(self.store.client.url(&key));
        }
        self.etag = found.map(|object| object.etag);
        let history = match &head {
            Some(head) => head.snapshot.iter().chain(&head.history).cloned().collect(),
            None => self.readable_snapshots(state)?,
        };
        let history = history.into_iter().filter(|part| part.serial != state.serial).take(KEPT).collect();
        let (segments, journal) = match head.filter(|_| keeps_journal) {
            Some(head) => (head.segments, head.journal),
            None => Default::default(),
        };
        let snapshot = Some(self.put_snapshot(state, author)?);
        let fresh = Head::new(&state.lineage, state.serial, author.clone());
        self.put(&Head { snapshot, history, segments, journal, ..fresh })?;
        Ok(aside)
    }

    fn lease(&self) -> Option<Lease> {
        Some(self.lock.lease().clone())
    }

    fn aftermath(&self) -> Duration {
        self.lock.aftermath()
    }
}

impl S3Writer {
    /// The snapshots of the lineage of `state` that can be read, the latest first: a history for a head that has lost its own.
    fn readable_snapshots(&self, state: &State) -> Result<Vec<Part>, StateError> {
        let mut parts = Vec::new();
        for (serial, key) in self.store.snapshots()?.into_iter().take(KEPT) {
            let Some(object) = self.store.client.get(&key)? else { continue };
            let path = self.store.client.url(&key);
            let read = self.store.cipher.open_at(object.bytes.clone(), &path).and_then(|bytes| format::read(bytes, &path));
            if read.is_ok_and(|read| read.lineage == state.lineage && read.serial == serial) {
                parts.push(Part::of(serial, key, &object.bytes));
            }
        }
        Ok(parts)
    }
}
