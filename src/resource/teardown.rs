//! What runs in a resource that is to be deleted, and what becomes of it.

use std::time::Duration;

use tokio::time::Instant;

/// Something that runs in a resource and stands in the way of its deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its ARN.
    pub id: String,
    /// `the execution nightly-7 (since 2026-11-24 20:15 UTC)`.
    pub what: String,
    /// How to end it; none for what the deletion ends itself.
    pub command: Option<String>,
    /// Whether it is about to end already.
    pub is_stopping: bool,
}

/// How deletions treat what still runs.
#[derive(Clone, Debug, Default)]
pub struct Teardown {
    /// Until then what runs may end by itself; then, or without it at once, it is stopped.
    pub drain_until: Option<Instant>,
    /// The ids of all that the stack holds: what runs of these is the stack's own.
    pub owned: Vec<String>,
    /// What ran when the deletion was decided, with the id of the resource that it runs in.
    pub running: Vec<(String, Running)>,
}

impl Teardown {
    /// Whether what runs is to be stopped now.
    pub fn is_over(&self) -> bool {
        self.drain_until.is_none_or(|until| Instant::now() >= until)
    }

    /// How long what runs may still take.
    pub fn left(&self) -> Duration {
        self.drain_until.map(|until| until.saturating_duration_since(Instant::now())).unwrap_or_default()
    }

    /// What ran in the resource `id`.
    pub fn running_in(&self, id: &str) -> impl Iterator<Item = &Running> {
        self.running.iter().filter(move |(of, _)| of == id).map(|(_, running)| running)
    }
}
