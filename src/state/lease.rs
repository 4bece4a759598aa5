//! Until when a run may act that holds its lock on loan.
//!
//! A heartbeat renews the loan. A process that was stopped for longer than the loan lasts must not send anything
//! before it knows that the lock is still its own: whoever wants to send asks [`Lease::check`] first, which waits for
//! the next renewal if the time is up.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// A loan that several tasks look at; clones are the same one.
#[derive(Clone, Debug)]
pub struct Lease(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    terms: Mutex<Terms>,
    is_renewed: Condvar,
}

#[derive(Debug)]
struct Terms {
    until: Moment,
    /// Why it is over for good.
    lost: Option<String>,
}

/// By two clocks: one does not go back, and the other goes on while the machine sleeps.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    steady: Instant,
    wall: SystemTime,
}

/// How long [`Lease::check`] waits for a renewal.
const PATIENCE: Duration = Duration::from_secs(15);

impl Moment {
    pub fn now() -> Self {
        Self { steady: Instant::now(), wall: SystemTime::now() }
    }

    fn plus(self, duration: Duration) -> Self {
        Self { steady: self.steady + duration, wall: self.wall + duration }
    }

    /// Whether it has come by either clock. A wall clock that was set back counts for nothing.
    fn has_come(self) -> bool {
        Instant::now() >= self.steady || SystemTime::now() >= self.wall
    }
}

impl Lease {
    /// A loan of `length` from `asked_at` on, which is before the store was asked.
    pub fn new(asked_at: Moment, length: Duration) -> Self {
        let terms = Terms { until: asked_at.plus(length), lost: None };
        Self(Arc::new(Shared { terms: Mutex::new(terms), is_renewed: Condvar::new() }))
    }

    pub fn renew(&self, asked_at: Moment, length: Duration) {
        self.terms().until = asked_at.plus(length);
        self.0.is_renewed.notify_all();
    }

    /// Ends it for good.
    pub fn lose(&self, why: impl Into<String>) {
        self.terms().lost.get_or_insert(why.into());
        self.0.is_renewed.notify_all();
    }

    /// Whether its holder may act now. Blocks the thread until a renewal if the time is up.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> Result<(), String> {
        self.check_within(PATIENCE)
    }

    /// The same without waiting.
    pub fn check_now(&self) -> Result<(), String> {
        self.check_within(Duration::ZERO)
    }

    fn check_within(&self, patience: Duration) -> Result<(), String> {
        let is_waiting = |terms: &mut Terms| terms.lost.is_none() && terms.until.has_come();
        let waited = self.0.is_renewed.wait_timeout_while(self.terms(), patience, is_waiting);
        let (terms, result) = waited.unwrap_or_else(PoisonError::into_inner);
        match &terms.lost {
            Some(why) => Err(why.clone()),
            None if result.timed_out() => Err("the lock could not be renewed in time".to_owned()),
            None => Ok(()),
        }
    }

    fn terms(&self) -> MutexGuard<'_, Terms> {
        self.0.terms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(20);

    #[test]
    fn what_has_run_out_counts_again_once_it_is_renewed() {
        let lease = Lease::new(Moment::now(), Duration::ZERO);
        assert_eq!(lease.check_within(SHORT), Err("the lock could not be renewed in time".to_owned()));
        let (renewed, other) = (lease.clone(), lease.clone());
        let waiting = std::thread::spawn(move || other.check_within(LONG));
        renewed.renew(Moment::now(), LONG);
        assert_eq!(waiting.join().expect("no panic"), Ok(()));
    }

    #[test]
    fn what_is_lost_is_lost_for_good() {
        let lease = Lease::new(Moment::now(), LONG);
        assert_eq!(lease.check(), Ok(()));
        lease.lose("unlocked");
        lease.renew(Moment::now(), LONG);
        assert_eq!(lease.check(), Err("unlocked".to_owned()));
    }
}
