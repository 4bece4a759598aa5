//! Retrying and polling, always with a deadline, and only for what is known to pass.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::{Error, ErrorKind};

/// How long to go on, and how often to try.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub at_most: Duration,
    pub first_pause: Duration,
    pub longest_pause: Duration,
}

impl Patience {
    /// For what IAM and its readers need to agree on a change: two minutes, as AWS's documentation asks.
    pub const PROPAGATION: Self = Self::of(120);
    /// For a resource to become what was asked of it.
    pub const CHANGE: Self = Self::of(600);
    /// For a deletion to be complete.
    pub const DELETION: Self = Self::of(900);

    const fn of(seconds: u64) -> Self {
        Self {
            at_most: Duration::from_secs(seconds),
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(5),
        }
    }

    /// Calls `attempt` until it succeeds, fails with an error that `passes` does not expect to pass, or time is up.
    pub async fn retry<T, A, F>(self, passes: impl Fn(&Error) -> bool, mut attempt: A) -> Result<T, Error>
    where
        A: FnMut() -> F,
        F: Future<Output = Result<T, Error>>,
    {
        let deadline = Instant::now() + self.at_most;
        let mut pause = self.first_pause;
        loop {
            match attempt().await {
                Err(error) if passes(&error) => {
                    if Instant::now() + pause > deadline {
                        let seconds = self.at_most.as_secs();
                        return Err(error.help(format!("it was tried again for {seconds} s, since this often passes by itself")));
                    }
                }
                result => return result,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(self.longest_pause);
        }
    }

    /// Calls `look` until it sees what is waited for.
    pub async fn poll<T, A, F>(self, operation: &'static str, what: &str, mut look: A) -> Result<T, Error>
    where
        A: FnMut() -> F,
        F: Future<Output = Result<Option<T>, Error>>,
    {
        let deadline = Instant::now() + self.at_most;
        let mut pause = self.first_pause;
        loop {
            if let Some(seen) = look().await? {
                return Ok(seen);
            }
            if Instant::now() + pause > deadline {
                let seconds = self.at_most.as_secs();
                return Err(Error::new(operation, ErrorKind::TimedOut, format!("waited {seconds} s for {what}")));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(self.longest_pause);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn conflict() -> Error {
        Error::new("test:Call", ErrorKind::Conflict, "busy")
    }

    #[tokio::test(start_paused = true)]
    async fn retries_what_passes_and_nothing_else() {
        let calls = Cell::new(0);
        let result = Patience::PROPAGATION
            .retry(
                |error| error.kind == ErrorKind::Conflict,
                async || {
                    calls.set(calls.get() + 1);
                    if calls.get() < 4 { Err(conflict()) } else { Ok(calls.get()) }
                },
            )
            .await;
        assert_eq!(result.ok(), Some(4));
        let refused = Patience::PROPAGATION.retry(|_| false, async || Err::<(), _>(conflict())).await;
        assert_eq!(refused.map_err(|error| error.help.len()), Err(0));
    }

    #[tokio::test(start_paused = true)]
    async fn ends_at_the_deadline() {
        let start = Instant::now();
        let result = Patience::PROPAGATION.retry(|_| true, async || Err::<(), _>(conflict())).await;
        assert!(result.is_err());
        assert!(start.elapsed() <= Patience::PROPAGATION.at_most);
        let result = Patience::CHANGE.poll("test:Look", "the moon", async || Ok(None::<()>)).await;
        assert_eq!(result.map_err(|error| error.kind), Err(ErrorKind::TimedOut));
    }
}
