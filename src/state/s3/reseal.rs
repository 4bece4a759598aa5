//! Everything of a state in S3, written anew: sealed as the stack file says now, or in clear. See [`crate::state::reseal`].
//!
//! The parts are written beside the old ones and become the state together, with one write of the head; then the old
//! ones go.

use std::path::PathBuf;
use std::time::Duration;

use crate::state::encryption::is_sealed;
use crate::state::reseal::{Form, Resealed};
use crate::state::s3::S3Store;
use crate::state::s3::head::{Head, Part};
use crate::state::s3::writer::S3Writer;
use crate::state::store::Writer;
use crate::state::{Begin, Cipher, Entry, Run, StateError, journal};

impl S3Store {
    /// Brings state, journal and history into `form`, under the lock. The state must be readable.
    pub fn reseal(&self, form: Form, command: &str, patience: Duration) -> Result<Resealed, StateError> {
        let store = Self::with_cipher(self.clone(), self.cipher().taking_plain());
        let mut writer = store.writer(&Run::now(command), patience)?;
        let loaded = writer.read()?;
        let Some(head) = writer.head.clone().filter(|_| loaded.state.is_some()) else {
            return Err(StateError::Absent { path: self.path.clone() });
        };
        let cipher = match form {
            Form::Sealed => store.cipher.clone(),
            Form::Plain => Cipher::plain(),
        };
        cipher.prepare().map_err(|source| StateError::Sealed { path: self.path.clone(), source })?;
        let mut done = Resealed::default();
        let snapshot =
            head.snapshot.as_ref().map(|part| store.reseal_part(&writer, part, (form, &cipher), &mut done)).transpose()?;
        let mut history = Vec::new();
        for part in &head.history {
            history.push(store.reseal_part(&writer, part, (form, &cipher), &mut done)?);
        }
        let journal = match loaded.journal {
            None => String::new(),
            Some(read) => {
                let begin = std::iter::once(Entry::Begin(Box::<Begin>::new(read.begin)));
                let entries: Vec<Entry> = begin.chain(read.entries).collect();
                journal::encode_all(&entries, "", &self.path, &cipher)?.0
            }
        };
        // In an object of its own, since a head is to stay small, and a journal that is sealed line by line is long.
        let segments = match journal.is_empty() {
            true => Vec::new(),
            false => vec![writer.put_part("journal", "jsonl", head.serial, journal.into_bytes())?],
        };
        let next = Head { snapshot, history, segments, journal: String::new(), ..head.clone() };
        writer.put(&next)?;
        let is_old = |part: &&Part| !next.snapshot.iter().chain(&next.history).any(|new| new.key == part.key);
        let parts = head.snapshot.iter().chain(&head.history).chain(&head.segments).filter(is_old);
        writer.remove(&parts.cloned().collect::<Vec<_>>());
        done.written.push(self.path.clone());
        done.aside = self.unnamed(&next)?;
        Ok(done)
    }

    /// The objects of this state that `head` does not name: kept aside, or left by a run that was killed.
    fn unnamed(&self, head: &Head) -> Result<Vec<PathBuf>, StateError> {
        let is_named =
            |key: &String| head.snapshot.iter().chain(&head.history).chain(&head.segments).any(|part| part.key == *key);
        let mut found = Vec::new();
        for ending in [".aside", ".states/", ".journal/"] {
            let keys = self.client.list(&format!("{}{ending}", self.key))?;
            found.extend(keys.into_iter().filter(|key| !is_named(key)).map(|key| self.client.url(&key)));
        }
        Ok(found)
    }

    /// A part in another form; the same, if it is in that form already or so damaged that it can't be opened.
    fn reseal_part(
        &self,
        writer: &S3Writer,
        part: &Part,
        (form, cipher): (Form, &Cipher),
        done: &mut Resealed,
    ) -> Result<Part, StateError> {
        let path = self.client.url(&part.key);
        let bytes = match self.part(part) {
            Ok(object) => object.bytes,
            Err(error) if error.is_about_damage() => {
                done.left.push(error);
                return Ok(part.clone());
            }
            Err(error) => return Err(error),
        };
        if form == Form::Plain && !is_sealed(&bytes) {
            return Ok(part.clone());
        }
        let plain = match self.cipher.open_at(bytes, &path) {
            Ok(plain) => plain,
            Err(error @ StateError::SealDamaged { .. }) => {
                done.left.push(error);
                return Ok(part.clone());
            }
            Err(error) => return Err(error),
        };
        let new = writer.put_part("states", "json", part.serial, cipher.seal_at(&plain, &path)?)?;
        done.written.push(self.client.url(&new.key));
        Ok(new)
    }
}
