//! How each node of the picture stands at a moment, and what is tried again and when.
//!
//! A node stands for all entries of its state that count: of a loop the last one, of a map's iterations and a
//! parallel's branches those of the present attempt. What still runs comes first, then what went worst.

use jiff::Timestamp;

use crate::document::states_language::model::{State, StateKind, StateMachine};
use crate::execution::{Entry, EntryStatus, Execution, Status};
use crate::flow::{FlowGraph, NodeKind};

/// The statuses of a whole picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// By the position of the node.
    pub nodes: Vec<NodeProgress>,
    /// The node that each entry is of, if the picture has it.
    pub of_entries: Vec<Option<usize>>,
    /// For each entry that waits to be tried again, when that is.
    pub retries: Vec<Option<Retry>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NodeProgress {
    pub status: NodeStatus,
    /// How long it has been at it, or was.
    pub seconds: Option<f64>,
    /// The attempt that runs or was the last, if there is more than one.
    pub attempt: Option<AttemptOf>,
    /// What it failed with.
    pub error: Option<String>,
    /// Where there are several entries, or iterations: how many of how many have ended.
    pub ended: Option<(u64, u64)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum NodeStatus {
    /// Nothing has come to it.
    Waiting,
    Running,
    /// It failed and will be tried again.
    Retrying(Retry),
    Succeeded,
    Caught,
    Failed,
    Aborted,
}

/// The second attempt of four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptOf {
    pub number: u64,
    /// How many there are at most; unknown without the definition.
    pub of: Option<u64>,
}

/// An attempt that is still to come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    pub attempt: AttemptOf,
    pub at: Timestamp,
    /// Until then; never negative.
    pub in_seconds: f64,
    /// Whether it comes at a random moment before.
    pub is_jittered: bool,
}

impl Progress {
    /// How `execution` stands in the picture `graph` of `machine` at `now`.
    pub fn of(execution: &Execution, graph: &FlowGraph, machine: &StateMachine<'_>, now: Timestamp) -> Self {
        let mut states = machine.states();
        let is_state = |kind| matches!(kind, NodeKind::State(_));
        let states: Vec<Option<&State<'_>>> =
            graph.nodes.iter().map(|node| is_state(node.kind).then(|| states.next()).flatten()).collect();
        let of_entries = nodes_of(execution, graph);
        let state = |entry: usize| states.get(of_entries[entry]?).copied().flatten();
        let retries: Vec<Option<Retry>> =
            execution.entries.iter().enumerate().map(|(at, entry)| retry(entry, state(at)?, now)).collect();
        let is_current = current(execution);
        let mut nodes = Vec::with_capacity(graph.nodes.len());
        for (index, node) in graph.nodes.iter().enumerate() {
            let entries: Vec<usize> =
                (0..execution.entries.len()).filter(|entry| of_entries[*entry] == Some(index) && is_current[*entry]).collect();
            nodes.push(match node.kind {
                NodeKind::Start => dot(execution.started.is_some()),
                NodeKind::End => dot(execution.status == Status::Succeeded),
                NodeKind::State(_) => node_progress(execution, &entries, &retries, states[index], now),
            });
        }
        Self { nodes, of_entries, retries }
    }
}

/// Names are unique in a machine; where they are not, the one within the entry's own surroundings is meant.
fn nodes_of(execution: &Execution, graph: &FlowGraph) -> Vec<Option<usize>> {
    let mut found: Vec<Option<usize>> = Vec::with_capacity(execution.entries.len());
    for entry in &execution.entries {
        let owner = execution.strands.get(entry.strand).and_then(|strand| strand.owner);
        let owner = owner.and_then(|owner| found.get(owner).copied().flatten());
        let mut named = graph.nodes.iter().enumerate().filter(|(_, node)| node.name == entry.name);
        let mut named = named.by_ref().filter(|(_, node)| matches!(node.kind, NodeKind::State(_))).map(|(index, _)| index);
        let is_near = |index: &usize| graph.groups.get(graph.nodes[*index].group).is_some_and(|group| group.owner == owner);
        let all: Vec<usize> = named.by_ref().collect();
        found.push(all.iter().copied().find(is_near).or_else(|| all.first().copied()));
    }
    found
}

/// Which entries count: nothing of the same state follows in the strand, and the strand is of what counts.
fn current(execution: &Execution) -> Vec<bool> {
    let mut last = std::collections::HashMap::new();
    for (index, entry) in execution.entries.iter().enumerate() {
        last.insert((entry.strand, entry.name.as_str()), index);
    }
    let mut is_current: Vec<bool> = Vec::with_capacity(execution.entries.len());
    for (index, entry) in execution.entries.iter().enumerate() {
        let is_last = last.get(&(entry.strand, entry.name.as_str())) == Some(&index);
        // What is around an entry was entered before it.
        let is_around_current = execution.strands.get(entry.strand).is_none_or(|strand| {
            strand.owner.is_none_or(|owner| {
                let attempts = execution.entries.get(owner).map_or(0, |owner| owner.attempts.len());
                is_current.get(owner).copied().unwrap_or(false) && strand.attempt + 1 >= attempts
            })
        });
        is_current.push(is_last && is_around_current);
    }
    is_current
}

fn dot(is_reached: bool) -> NodeProgress {
    let status = if is_reached { NodeStatus::Succeeded } else { NodeStatus::Waiting };
    NodeProgress { status, seconds: None, attempt: None, error: None, ended: None }
}

fn node_progress(
    execution: &Execution,
    entries: &[usize],
    retries: &[Option<Retry>],
    state: Option<&State<'_>>,
    now: Timestamp,
) -> NodeProgress {
    let all = || entries.iter().filter_map(|entry| execution.entries.get(*entry));
    let Some(first) = all().map(|entry| entry.entered).min() else { return dot(false) };
    let running: Vec<usize> =
        entries.iter().copied().filter(|entry| execution.entries[*entry].status == EntryStatus::Running).collect();
    let waiting: Vec<Retry> = running.iter().filter_map(|entry| retries.get(*entry).copied().flatten()).collect();
    let has = |status: EntryStatus| all().any(|entry| entry.status == status);
    let status = match waiting.iter().copied().min_by_key(|retry| retry.at) {
        Some(retry) if waiting.len() == running.len() => NodeStatus::Retrying(retry),
        _ if !running.is_empty() => NodeStatus::Running,
        _ if has(EntryStatus::Failed) => NodeStatus::Failed,
        _ if has(EntryStatus::Aborted) => NodeStatus::Aborted,
        _ if has(EntryStatus::Caught) => NodeStatus::Caught,
        _ => NodeStatus::Succeeded,
    };
    let last = if running.is_empty() { all().filter_map(|entry| entry.stopped).max().unwrap_or(now) } else { now };
    let furthest = all().filter(|entry| entry.attempts.len() > 1).max_by_key(|entry| entry.attempts.len());
    let of_map = || {
        let [map] = entries else { return None };
        let length = execution.entries.get(*map)?.length?;
        let (well, badly, _) = execution.iterations(*map);
        Some((well + badly, length))
    };
    let is_ended = |entry: &&Entry| entry.status != EntryStatus::Running;
    let of_entries = || (entries.len() > 1).then(|| (all().filter(is_ended).count() as u64, entries.len() as u64));
    NodeProgress {
        status,
        seconds: Some(seconds_between(first, last)),
        attempt: furthest.map(|entry| attempt_of(entry, state)).filter(|attempt| attempt.number > 1),
        error: all().filter_map(|entry| entry.failure.as_ref()).map(|failure| failure.error.clone()).next_back(),
        ended: if state.is_some_and(|state| state.kind == Some(StateKind::Map)) { of_map() } else { of_entries() },
    }
}

/// When `entry` is tried again, if its last attempt has failed and a retrier stands for that.
pub(super) fn retry(entry: &Entry, state: &State<'_>, now: Timestamp) -> Option<Retry> {
    let last = entry.attempts.last().filter(|attempt| attempt.status == EntryStatus::Failed)?;
    if entry.status != EntryStatus::Running {
        return None;
    }
    let errors: Vec<&str> = counted_errors(entry);
    let error = errors.last()?;
    let retrier = state.retriers.iter().find(|retrier| retrier.catches(error))?;
    let first_for = |error: &str| state.retriers.iter().find(|retrier| retrier.catches(error)).map(|retrier| &retrier.path);
    let repetition = errors.iter().filter(|error| first_for(error) == Some(&retrier.path)).count() as u64;
    if repetition > retrier.max_attempts {
        return None;
    }
    let number = errors.len() as u64 + 1;
    let wait = retrier.wait_seconds(repetition);
    let at = last.stopped.unwrap_or(last.started);
    let at =
        jiff::SignedDuration::try_from_secs_f64(wait).ok().and_then(|wait| at.checked_add(wait).ok()).unwrap_or(Timestamp::MAX);
    Some(Retry {
        attempt: AttemptOf { number, of: Some(number + (retrier.max_attempts - repetition)) },
        at,
        in_seconds: seconds_between(now, at).max(0.0),
        is_jittered: retrier.is_jittered,
    })
}

/// The attempt that runs or was the last.
fn attempt_of(entry: &Entry, state: Option<&State<'_>>) -> AttemptOf {
    let redrive = entry.attempts.last().map_or(0, |attempt| attempt.redrive);
    let number = entry.attempts.iter().filter(|attempt| attempt.redrive == redrive).count() as u64;
    let errors = counted_errors(entry);
    // Each retrier counts for itself: what is left of the one that was used last comes on top.
    let before = errors.get(..(number as usize).saturating_sub(1)).unwrap_or_default();
    let of = state.and_then(|state| {
        let first_for = |error: &str| state.retriers.iter().find(|retrier| retrier.catches(error));
        let retrier = first_for(before.last()?)?;
        let used = before.iter().filter(|error| first_for(error).is_some_and(|other| other.path == retrier.path)).count();
        Some(number + retrier.max_attempts.saturating_sub(used as u64))
    });
    AttemptOf { number, of }
}

/// The errors of the attempts since the last redrive.
fn counted_errors(entry: &Entry) -> Vec<&str> {
    let redrive = entry.attempts.last().map_or(0, |attempt| attempt.redrive);
    let counted = entry.attempts.iter().filter(|attempt| attempt.redrive == redrive);
    counted.filter_map(|attempt| attempt.failure.as_ref()).map(|failure| failure.error.as_str()).collect()
}

fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}
