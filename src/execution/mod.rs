//! An execution of a state machine, as its history tells it.
//!
//! ```text
//! history (JSON) ── event ──► Event ── fold ──► Execution ── progress(graph, now) ──► a status for each node
//!                                                   ▲
//! DescribeTasks, the Cause of a task ── task ──► EcsTask
//! ```
//!
//! | file | answers |
//! |---|---|
//! | `mod.rs` | what is known of an execution? |
//! | `arn.rs` | which execution is this, and where can it be looked at? |
//! | `event.rs` | what happened? |
//! | `fold.rs` | what does that make of the execution? |
//! | `description.rs` | what does AWS say of an execution as a whole? |
//! | `task.rs` | what became of a task of ECS? |
//! | `cause.rs` | what does the cause of a failure say, in a sentence? |
//! | `progress.rs` | how does each node of the picture stand, and when is it tried again? |
//!
//! A history is a tree by `previousEventId`, since branches of a `Parallel` and iterations of a `Map` go on beside
//! each other. A *strand* is what follows one another in it: the execution itself, one branch, one iteration. An
//! *entry* is one stay in a state; a loop or a map makes many of one state. Folding event by event comes to the same
//! as folding all at once, any beginning of a history is an execution, and what is not known of an event is no error.

mod arn;
mod cause;
mod description;
mod event;
mod fold;
mod progress;
mod task;

pub use arn::ExecutionArn;
pub use cause::sentence;
pub use description::{Description, RedriveStatus};
pub use event::{Ending, Event, EventKind};
pub use progress::{AttemptOf, NodeProgress, NodeStatus, Progress, Retry};
pub use task::{Container, EcsTask};

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::document::states_language::model::StateKind;

/// One execution, so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Execution {
    pub status: Status,
    pub started: Option<Timestamp>,
    pub stopped: Option<Timestamp>,
    /// JSON, as it was given.
    pub input: Option<String>,
    pub output: Option<String>,
    /// What ended it.
    pub failure: Option<Failure>,
    /// How often it was taken up again.
    pub redrives: u64,
    /// The execution's own first; then in the order in which they began.
    pub strands: Vec<Strand>,
    /// In the order in which they were entered.
    pub entries: Vec<Entry>,
    /// The number of the last event that was folded; 0 before the first.
    pub last_event: u64,
    positions: fold::Positions,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    #[default]
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
    /// It is about to be taken up again.
    PendingRedrive,
}

impl Status {
    /// As AWS spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
            Self::PendingRedrive => "PENDING_REDRIVE",
        }
    }

    pub const ALL: [Self; 6] =
        [Self::Running, Self::Succeeded, Self::Failed, Self::TimedOut, Self::Aborted, Self::PendingRedrive];

    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    pub fn is_ended(self) -> bool {
        !matches!(self, Self::Running | Self::PendingRedrive)
    }
}

/// An error's name and what it says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    pub error: String,
    pub cause: String,
}

/// Entries that follow one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Strand {
    pub kind: StrandKind,
    /// The entry that it is a part of; none of the execution's own.
    pub owner: Option<usize>,
    /// In which attempt of its owner, from 0.
    pub attempt: usize,
    /// Of an iteration: how it ended.
    pub ending: Option<Ending>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrandKind {
    Machine,
    /// Of a `Parallel`, from 0, in the order in which they began.
    Branch(usize),
    /// Of a `Map`: the item's position, from 0.
    Iteration(u64),
}

/// One stay in a state.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub name: String,
    /// Absent, where this version does not know it.
    pub kind: Option<StateKind>,
    /// The strand that it stands in.
    pub strand: usize,
    pub entered: Timestamp,
    pub stopped: Option<Timestamp>,
    pub input: Option<String>,
    pub output: Option<String>,
    pub status: EntryStatus,
    /// What it failed with last, if nothing has made up for it since.
    pub failure: Option<Failure>,
    /// Of a `Task`, `Parallel` or `Map`.
    pub attempts: Vec<Attempt>,
    /// Of a `Map`: how many items there are.
    pub length: Option<u64>,
    /// Of a distributed `Map`: the run that has the executions of its items.
    pub map_run_arn: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryStatus {
    Running,
    Succeeded,
    /// It failed, and a catcher went on elsewhere.
    Caught,
    Failed,
    /// Something else ended it.
    Aborted,
}

/// One attempt of an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    pub started: Timestamp,
    pub stopped: Option<Timestamp>,
    /// After how many redrives of the execution: each begins to count anew.
    pub redrive: u64,
    /// `ecs:runTask.sync`, or the ARN of a function or activity.
    pub resource: Option<String>,
    /// What was handed to it.
    pub parameters: Option<String>,
    pub output: Option<String>,
    pub status: EntryStatus,
    pub failure: Option<Failure>,
    /// Those that it started.
    pub tasks: Vec<EcsTask>,
}

impl Execution {
    /// The execution that `events` tell of, in the order of their numbers.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut execution = Self::default();
        events.into_iter().for_each(|event| execution.apply(event));
        execution
    }

    /// The entries around `entry`, the nearest first.
    pub fn around(&self, entry: &Entry) -> impl Iterator<Item = (&Strand, &Entry)> {
        let above = |entry: &Entry| {
            let strand = self.strands.get(entry.strand)?;
            Some((strand, self.entries.get(strand.owner?)?))
        };
        std::iter::successors(above(entry), move |(_, owner)| above(owner))
    }

    /// `Each[2] / RunReport`: where it stands, outermost first.
    pub fn path(&self, entry: &Entry) -> String {
        let mut parts = vec![entry.name.clone()];
        for (strand, owner) in self.around(entry) {
            parts.push(match strand.kind {
                StrandKind::Iteration(index) => format!("{}[{index}]", owner.name),
                _ => owner.name.clone(),
            });
        }
        parts.reverse();
        parts.join(" / ")
    }

    /// Of a `Map`: its iterations in the present attempt, as ended well, ended otherwise, and all that have begun.
    pub fn iterations(&self, map: usize) -> (u64, u64, u64) {
        let attempt = self.entries.get(map).map_or(0, |entry| entry.attempts.len().saturating_sub(1));
        let own = self.strands.iter().filter(|strand| strand.owner == Some(map) && strand.attempt == attempt);
        let iterations = own.filter(|strand| matches!(strand.kind, StrandKind::Iteration(_)));
        iterations.fold((0, 0, 0), |(well, badly, all), strand| match strand.ending {
            Some(Ending::Succeeded) => (well + 1, badly, all + 1),
            Some(_) => (well, badly + 1, all + 1),
            None => (well, badly, all + 1),
        })
    }

    /// The tasks of ECS whose state still runs, or of all.
    pub fn tasks(&self, only_running: bool) -> impl Iterator<Item = (&Entry, &EcsTask)> {
        let attempts = self.entries.iter().flat_map(|entry| entry.attempts.iter().map(move |attempt| (entry, attempt)));
        attempts
            .filter(move |(_, attempt)| !only_running || attempt.status == EntryStatus::Running)
            .flat_map(|(entry, attempt)| attempt.tasks.iter().map(move |task| (entry, task)))
    }

    /// The tasks that may still change, by their cluster.
    pub fn unfinished_tasks(&self) -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (_, task) in self.tasks(true).filter(|(_, task)| !task.is_stopped()) {
            if let Some(cluster) = &task.cluster_arn {
                found.entry(cluster.clone()).or_default().push(task.arn.clone());
            }
        }
        found
    }

    /// Takes over what the description says and the history does not.
    pub fn complete(&mut self, description: &Description) {
        self.status = description.status;
        self.started = self.started.or(description.started);
        self.stopped = if description.status.is_ended() { self.stopped.or(description.stopped) } else { None };
        let data = [(&mut self.input, &description.input), (&mut self.output, &description.output)];
        for (known, told) in data {
            if known.is_none() {
                known.clone_from(told);
            }
        }
        self.redrives = self.redrives.max(description.redrives);
        if self.failure.is_none() && description.status.is_ended() {
            self.failure.clone_from(&description.failure);
        }
    }

    /// Takes over what ECS says of a task that this execution started. Whether that is news.
    pub fn observe_task(&mut self, seen: &EcsTask) -> bool {
        let attempts = self.entries.iter_mut().flat_map(|entry| &mut entry.attempts);
        let known = attempts.flat_map(|attempt| &mut attempt.tasks).find(|task| task.arn == seen.arn);
        known.is_some_and(|known| {
            let is_news = known.last_status != seen.last_status || known.containers != seen.containers;
            // What the history says of an end is not to be undone by an older look.
            let is_taken = is_news && !known.is_stopped();
            if is_taken {
                *known = seen.clone();
            }
            is_taken
        })
    }
}

#[cfg(test)]
mod tests;
