//! The lock of a state in S3: an object that says who holds it, on a loan that a heartbeat renews.
//!
//! | it says | another run |
//! |---|---|
//! | free, or there is none | takes it by a conditional write |
//! | leased, renewed within [`LEASE`] | waits, or fails with the holder's name |
//! | leased, and not renewed, or by a process of this machine that has ended | takes it |
//! | kept | waits, or fails: only `state unlock ID` ends it |
//! | broken, by `state unlock ID` | takes it, and settles nothing before the loan that was broken is over |
//!
//! How old the object is tells the store's own clock, in its answers, so that no two machines need to agree on the
//! time. The object is never removed: every change of it names the ETag of the one before.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::state::format::FORMAT_VERSION;
use crate::state::lease::{Lease, Moment};
use crate::state::s3::S3Store;
use crate::state::s3::client::{Condition, Put};
use crate::state::{Holder, Run, StateError};

/// How long a lock counts after it was last renewed.
const LEASE: Duration = Duration::from_secs(30);
/// How often it is renewed.
const HEARTBEAT: Duration = Duration::from_secs(6);
/// And how soon again if that failed.
const RETRY: Duration = Duration::from_secs(1);
/// The store tells its time in whole seconds.
const PRECISION: Duration = Duration::from_secs(2);
/// How often one that waits looks whether the lock is free.
const POLL: Duration = Duration::from_millis(500);

/// What the object says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Content {
    format_version: u64,
    hold: Hold,
    holder: Holder,
    /// Who broke it, as `holder` holds it no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    broken_by: Option<Run>,
    /// Tells this write from every other.
    write: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    Free,
    Leased,
    Kept,
    Broken,
}

/// A lock that is held; dropping it releases it.
#[derive(Debug)]
pub struct S3Lock {
    store: S3Store,
    content: Content,
    lease: Lease,
    etag: Arc<Mutex<String>>,
    aftermath: Duration,
    stop: Option<oneshot::Sender<()>>,
    heartbeat: Option<JoinHandle<()>>,
}

/// A lock object that has been written.
pub struct Taken {
    pub holder: Holder,
    content: Content,
    etag: String,
    asked_at: Moment,
    aftermath: Duration,
}

impl Content {
    fn new(hold: Hold, holder: Holder) -> Self {
        Self { format_version: FORMAT_VERSION, hold, holder, broken_by: None, write: new_write() }
    }

    fn bytes(&self, store: &S3Store) -> Result<Vec<u8>, StateError> {
        serde_json::to_vec(self)
            .map_err(|error| StateError::Unwritable { path: store.client.url(&store.lock_key()), detail: error.to_string() })
    }

    /// One that can't be read is held by nobody knows whom, until it is unlocked.
    fn read(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_else(|_| {
            let holder = Holder { id: "unreadable".to_owned(), is_kept: true, ..Holder::default() };
            Self::new(Hold::Kept, holder)
        })
    }
}

fn new_write() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Writes the lock object for `run`, as soon as it may, within `patience`.
pub fn take(store: &S3Store, run: &Run, patience: Duration, hold: Hold) -> Result<Taken, StateError> {
    require_conditions(store)?;
    let began = Instant::now();
    let holder = Holder { is_kept: hold == Hold::Kept, ..Holder::of(run) };
    let content = Content::new(hold, holder);
    loop {
        let found = store.client.get(&store.lock_key())?;
        let present = found.as_ref().map(|object| (Content::read(&object.bytes), object.age));
        let (held_by, remaining) = match &present {
            Some((there, _)) if there.hold == Hold::Kept => (Some(&there.holder), Duration::MAX),
            Some((there, age)) if there.hold == Hold::Leased && !there.holder.is_dead() => {
                let remaining = (LEASE + PRECISION).saturating_sub(*age);
                (Some(&there.holder).filter(|_| !remaining.is_zero()), remaining)
            }
            _ => (None, Duration::ZERO),
        };
        let Some(holder) = held_by else {
            let aftermath = match &present {
                Some((there, age)) if there.hold == Hold::Broken && !there.holder.is_dead() => {
                    (LEASE + PRECISION).saturating_sub(*age)
                }
                _ => Duration::ZERO,
            };
            let condition = found.map_or(Condition::Absent, |object| Condition::Is(object.etag));
            let asked_at = Moment::now();
            match store.client.put(&store.lock_key(), content.bytes(store)?, condition)? {
                Put::Written(etag) => {
                    return Ok(Taken { holder: content.holder.clone(), content, etag, asked_at, aftermath });
                }
                // Somebody was faster, and is looked at.
                Put::Refused => continue,
            }
        };
        // Whoever lives would have renewed it by now; so it is soon over, and worth waiting for.
        let is_late = remaining < LEASE - 2 * HEARTBEAT - PRECISION;
        if began.elapsed() >= patience && !is_late {
            return Err(StateError::Locked { path: store.path.clone(), holder: Box::new(holder.clone()) });
        }
        std::thread::sleep(POLL);
    }
}

/// Takes the lock with `id` from whoever holds it.
pub fn break_up(store: &S3Store, id: &str, run: &Run) -> Result<Holder, StateError> {
    loop {
        let found = store.client.get(&store.lock_key())?;
        let there = found.map(|object| (Content::read(&object.bytes), object.etag));
        let held = there.filter(|(content, _)| matches!(content.hold, Hold::Leased | Hold::Kept));
        let Some((content, etag)) = held.clone().filter(|(content, _)| content.holder.id == id) else {
            let holder = held.map(|(content, _)| Box::new(content.holder));
            return Err(StateError::OtherLock { path: store.path.clone(), id: id.to_owned(), holder });
        };
        // A lock that was kept is no run's, so that nothing of it can be on its way.
        let hold = if content.hold == Hold::Kept { Hold::Free } else { Hold::Broken };
        let broken = Content { hold, broken_by: Some(run.clone()), write: new_write(), ..content.clone() };
        if let Put::Written(_) = store.client.put(&store.lock_key(), broken.bytes(store)?, Condition::Is(etag))? {
            return Ok(content.holder);
        }
    }
}

/// Refuses a store that writes whatever the conditions say: there a lock would lock nothing.
fn require_conditions(store: &S3Store) -> Result<(), StateError> {
    let key = format!("{}.probe-{}", store.key, new_write());
    let result = probe(store, &key);
    // It is in nobody's way, and its name is never used again.
    let _ = store.client.delete(&key);
    result
}

fn probe(store: &S3Store, key: &str) -> Result<(), StateError> {
    let unconditional = |detail: &str| StateError::Unconditional { path: store.path.clone(), detail: detail.to_owned() };
    let understood = |error| match error {
        StateError::Remote { source, .. } if source.has_code("NotImplemented") => {
            unconditional("it says that it does not know them")
        }
        other => other,
    };
    let put = |content: &[u8], condition| store.client.put(key, content.to_vec(), condition).map_err(understood);
    let refuses = |content: &[u8], condition| store.client.refuses(key, content.to_vec(), condition).map_err(understood);
    let Put::Written(etag) = put(b"1", Condition::Absent)? else {
        return Err(unconditional("a new object was refused"));
    };
    if !refuses(b"2", Condition::Absent)? {
        return Err(unconditional("`If-None-Match: *` overwrote an object"));
    }
    if !refuses(b"3", Condition::Is("\"0123456789abcdef0123456789abcdef\"".to_owned()))? {
        return Err(unconditional("`If-Match` with another ETag overwrote an object"));
    }
    // Not the plain answer: the repetition of a write whose answer was lost is refused by every store.
    if put(b"4", Condition::Is(etag))? == Put::Refused {
        return Err(unconditional("`If-Match` with the object's own ETag was refused"));
    }
    Ok(())
}

impl S3Lock {
    /// Locks the state for `run`; if another holds it, waits for it for `patience`. Blocks the thread while it waits.
    pub fn acquire(store: &S3Store, run: &Run, patience: Duration) -> Result<Self, StateError> {
        let Taken { content, etag, asked_at, aftermath, .. } = take(store, run, patience, Hold::Leased)?;
        let lease = Lease::new(asked_at, LEASE);
        let etag = Arc::new(Mutex::new(etag));
        let (stop, stopped) = oneshot::channel();
        let beat = renew(store.clone(), content.clone(), lease.clone(), etag.clone(), stopped);
        let heartbeat = store.client.spawn(beat);
        Ok(Self { store: store.clone(), content, lease, etag, aftermath, stop: Some(stop), heartbeat })
    }

    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    pub fn aftermath(&self) -> Duration {
        self.aftermath
    }
}

impl Drop for S3Lock {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(heartbeat) = self.heartbeat.take() {
            // It may be in the middle of a renewal, whose ETag is needed.
            while !heartbeat.is_finished() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        if self.lease.check_now().is_err() {
            return;
        }
        // If this fails the lock is over in a moment all the same.
        let _ = self.release();
    }
}

impl S3Lock {
    fn release(&self) -> Result<(), StateError> {
        let client = &self.store.client;
        let key = self.store.lock_key();
        let mut etag = self.etag.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // A renewal that was on its way when the run ended may have changed the ETag since, and may do so once more.
        for _ in 0..3 {
            let free = Content { hold: Hold::Free, write: new_write(), ..self.content.clone() };
            if let Put::Written(_) = client.put(&key, free.bytes(&self.store)?, Condition::Is(etag))? {
                return Ok(());
            }
            let Some(object) = client.get(&key)? else { return Ok(()) };
            let there = Content::read(&object.bytes);
            if there.holder.id != self.content.holder.id || there.hold != Hold::Leased {
                return Ok(());
            }
            etag = object.etag;
        }
        Ok(())
    }
}

/// The heartbeat, until it is stopped or the lock turns out to be another's.
async fn renew(store: S3Store, content: Content, lease: Lease, etag: Arc<Mutex<String>>, mut stopped: oneshot::Receiver<()>) {
    let mut pause = HEARTBEAT;
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            () = tokio::time::sleep(pause) => {}
        }
        let next = Content { write: new_write(), ..content.clone() };
        let Ok(bytes) = next.bytes(&store) else { return };
        let asked_at = Moment::now();
        let known = etag.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let call = store.client.put_later(&store.lock_key(), bytes, Condition::Is(known));
        // A call that hangs must not keep the next one from being tried, nor the end of the run.
        let answer = tokio::select! {
            _ = &mut stopped => return,
            answer = tokio::time::timeout(LEASE / 3, call) => answer,
        };
        pause = match answer {
            Ok(Ok(Put::Written(renewed))) => {
                *etag.lock().unwrap_or_else(PoisonError::into_inner) = renewed;
                lease.renew(asked_at, LEASE);
                HEARTBEAT
            }
            Ok(Ok(Put::Refused)) => match other_holder(&store, &content, &etag).await {
                Some(why) => return lease.lose(why),
                None => RETRY,
            },
            Ok(Err(_)) | Err(_) => RETRY,
        };
    }
}

/// Who has the lock now, if it is not ours any more. A renewal that was given up may have taken effect later on.
async fn other_holder(store: &S3Store, ours: &Content, etag: &Mutex<String>) -> Option<String> {
    let found = store.client.get_later(&store.lock_key()).await.ok()?;
    let Some(object) = found else { return Some("its object was removed".to_owned()) };
    let there = Content::read(&object.bytes);
    if there.holder.id == ours.holder.id && there.hold == Hold::Leased {
        *etag.lock().unwrap_or_else(PoisonError::into_inner) = object.etag;
        return None;
    }
    Some(match (there.hold, there.broken_by) {
        (Hold::Broken, Some(run)) => format!("it was unlocked by `stepwright {}` (process {})", run.command, run.process),
        (Hold::Free | Hold::Broken, _) => "it was taken by another run, which has ended".to_owned(),
        (Hold::Leased | Hold::Kept, _) => format!("it is held by {}", there.holder),
    })
}
