//! A state in S3, or in a store that speaks as S3 does and keeps the conditions of conditional writes.
//!
//! | object | written | holds |
//! |---|---|---|
//! | `KEY` | with every step, `If-Match` its last ETag | the [`head`]: which snapshot, and the journal that continues it |
//! | `KEY.states/SERIAL-….json` | once, `If-None-Match: *` | a state, see [`crate::state::format`]; the last ones are the history |
//! | `KEY.journal/SERIAL-….jsonl` | once, `If-None-Match: *` | the part of a long journal that no longer fits the head |
//! | `KEY.lock` | at the begin and the end of a run, and by its heartbeat | who holds it, see [`lock`] |
//!
//! Everything that counts hangs on one object, the head, and every write of it names the ETag of the one before. So
//! whatever locks say, of two that write one is refused; a reader that has read the head can't see a half of anything,
//! since what it names never changes; and a step costs one write of a size that has a limit, however large the stack is.
//!
//! ```text
//! append   KEY: + lines                        (once the head is full: its lines to an object of their own first)
//! fold     KEY.states/8-….json, then KEY: snapshot 8, no journal;  what nobody names any more is removed
//! take over what an interrupted run left:  KEY again, so that the run, should it live, is refused its next write
//! ```

mod client;
mod head;
mod lock;
mod reseal;
#[cfg(test)]
pub(in crate::state) mod tests;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::state::digest::sha256;
use crate::state::journal::{self, JournalRead};
use crate::state::store::{Loaded, no_such_serial};
use crate::state::{Cipher, Earlier, Holder, Run, State, StateError, format};
use client::{Client, Object};
use head::{Head, Part};
use lock::{Hold, S3Lock};
use writer::S3Writer;

/// Which object, and how to get at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Location {
    pub bucket: String,
    pub key: String,
    /// Absent: that of the environment.
    pub region: Option<String>,
    /// Of another store than AWS's. Absent: what `AWS_ENDPOINT_URL_S3` and `AWS_ENDPOINT_URL` say.
    pub endpoint: Option<String>,
    /// The KMS key with which S3 encrypts what it stores. Absent: the bucket's own rule.
    pub kms_key_id: Option<String>,
}

/// A state in S3. Clones share their connections.
#[derive(Clone, Debug)]
pub struct S3Store {
    client: Arc<Client>,
    key: String,
    path: PathBuf,
    cipher: Cipher,
}

impl S3Location {
    /// What `s3://BUCKET/KEY` names; `None` if it is no such URL.
    pub fn parse(url: &str) -> Option<Self> {
        let (bucket, key) = url.strip_prefix("s3://")?.split_once('/')?;
        let is_named = !bucket.is_empty() && !key.is_empty() && !key.ends_with('/');
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        is_named.then_some(Self { bucket, key, region: None, endpoint: None, kms_key_id: None })
    }

    /// `s3://BUCKET/KEY`.
    pub fn url(&self) -> PathBuf {
        PathBuf::from(format!("s3://{}/{}", self.bucket, self.key))
    }
}

impl S3Store {
    /// The store at `location`, which need not hold anything. The store itself is not called yet.
    ///
    /// # Errors
    /// If there is no region, or no credentials.
    pub fn new(location: &S3Location) -> Result<Self, StateError> {
        Ok(Self::of(Client::new(location)?, location))
    }

    fn of(client: Client, location: &S3Location) -> Self {
        Self { client: Arc::new(client), key: location.key.clone(), path: location.url(), cipher: Cipher::plain() }
    }

    /// The same store, in which everything but the lock and the head's outline is sealed and opened by `cipher`.
    #[must_use]
    pub fn with_cipher(self, cipher: Cipher) -> Self {
        Self { cipher, ..self }
    }

    pub fn cipher(&self) -> &Cipher {
        &self.cipher
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn read(&self) -> Result<Loaded, StateError> {
        match self.client.get(&self.key)? {
            None => Loaded::of(None, None, &self.path, &self.path),
            Some(object) => self.load(&head::read(&object.bytes, &self.path)?),
        }
    }

    pub(super) fn history(&self) -> Result<Vec<Earlier>, StateError> {
        let named = self.earlier_snapshots()?;
        let read = |(serial, key): (u64, String)| self.earlier_at(serial, &key).transpose();
        named.into_iter().filter_map(read).collect()
    }

    pub(super) fn present(&self) -> Result<Option<Earlier>, StateError> {
        let Some(object) = self.client.get(&self.key)? else { return Ok(None) };
        match head::read(&object.bytes, &self.path) {
            Ok(Head { snapshot: Some(part), .. }) => self.earlier_at(part.serial, &part.key),
            Ok(_) => Ok(None),
            // It is there, and says no more than that: the ones before it may be just what is looked for.
            Err(error) => {
                let (path, size, written_at) = (self.path.clone(), object.bytes.len(), object.modified_at);
                Ok(Some(Earlier { serial: 0, path, size, written_at, content: Err(error) }))
            }
        }
    }

    pub(super) fn earlier(&self, serial: u64) -> Result<Earlier, StateError> {
        let named = self.earlier_snapshots()?;
        for (_, key) in named.iter().filter(|(found, _)| *found == serial) {
            if let Some(earlier) = self.earlier_at(serial, key)? {
                return Ok(earlier);
            }
        }
        let serials: Vec<u64> = named.iter().rev().map(|(serial, _)| *serial).collect();
        Err(no_such_serial(&self.path, serial, &serials))
    }

    pub(super) fn writer(&self, run: &Run, patience: Duration) -> Result<S3Writer, StateError> {
        Ok(S3Writer::new(self.clone(), S3Lock::acquire(self, run, patience)?))
    }

    pub(super) fn lock(&self, run: &Run, patience: Duration) -> Result<Holder, StateError> {
        lock::take(self, run, patience, Hold::Kept).map(|taken| taken.holder)
    }

    pub(super) fn unlock(&self, id: &str, run: &Run) -> Result<Holder, StateError> {
        lock::break_up(self, id, run)
    }

    fn read_head(&self) -> Result<Option<Head>, StateError> {
        let object = self.client.get(&self.key)?;
        object.map(|object| head::read(&object.bytes, &self.path)).transpose()
    }

    /// What `head` names.
    fn load(&self, head: &Head) -> Result<Loaded, StateError> {
        let snapshot = head.snapshot.as_ref().map(|part| self.snapshot(part)).transpose()?;
        Loaded::of(snapshot, self.journal(head)?, &self.path, &self.path)
    }

    fn snapshot(&self, part: &Part) -> Result<State, StateError> {
        let path = self.client.url(&part.key);
        format::read(self.cipher.open_at(self.part(part)?.bytes, &path)?, &path)
    }

    fn journal(&self, head: &Head) -> Result<Option<JournalRead>, StateError> {
        if !head.has_journal() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        for part in &head.segments {
            bytes.extend(self.part(part)?.bytes);
        }
        bytes.extend(head.journal.as_bytes());
        journal::read(&bytes, &self.path, &self.cipher).map(Some)
    }

    fn part(&self, part: &Part) -> Result<Object, StateError> {
        let path = self.client.url(&part.key);
        let object = self.client.get(&part.key)?;
        let object = object.ok_or_else(|| StateError::PartMissing { path: self.path.clone(), part: path.clone() })?;
        match sha256(&[&object.bytes]) == part.sha256 {
            true => Ok(object),
            // The reason that its own reader finds says more.
            false => {
                let reason = self.cipher.open_at(object.bytes, &path).and_then(|bytes| format::read(&bytes, &path));
                Err(reason.err().unwrap_or(StateError::Checksum { path }))
            }
        }
    }

    fn earlier_at(&self, serial: u64, key: &str) -> Result<Option<Earlier>, StateError> {
        let object = self.client.get(key)?;
        Ok(object.map(|object| Earlier::of(self.client.url(key), object.bytes, Some(serial), object.modified_at, &self.cipher)))
    }

    /// The snapshots before the present one, the latest first.
    fn earlier_snapshots(&self) -> Result<Vec<(u64, String)>, StateError> {
        match self.read_head() {
            Ok(Some(head)) => Ok(head.history.into_iter().map(|part| (part.serial, part.key)).collect()),
            // What can't be read has no say; what is there may be just what is looked for.
            Ok(None) => self.snapshots(),
            Err(error) if error.is_about_damage() => self.snapshots(),
            Err(error) => Err(error),
        }
    }

    /// Every snapshot in the bucket, whoever names it, the latest first.
    fn snapshots(&self) -> Result<Vec<(u64, String)>, StateError> {
        let prefix = self.states_prefix();
        let serial = |key: &str| key.strip_prefix(&prefix)?.split_once('-')?.0.parse::<u64>().ok();
        let listed = self.client.list_with_times(&prefix)?;
        let mut found: Vec<(u64, i64, String)> =
            listed.into_iter().filter_map(|(key, at)| Some((serial(&key)?, at, key))).collect();
        // Of several with one serial, of lineages that were lost, the latest counts.
        found.sort_by(|one, other| (other.0, other.1, &other.2).cmp(&(one.0, one.1, &one.2)));
        Ok(found.into_iter().map(|(serial, _, key)| (serial, key)).collect())
    }

    fn states_prefix(&self) -> String {
        format!("{}.states/", self.key)
    }

    fn lock_key(&self) -> String {
        format!("{}.lock", self.key)
    }
}
