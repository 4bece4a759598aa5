//! Event by event, what they make of the execution.
//!
//! Where an event belongs follows from the one that it names as its previous: the same entry, or one around that. Of
//! the ends of a `Parallel` and a `Map` the previous event lies within them. Where that leads nowhere, the last entry
//! that fits is taken: AWS does not document the order of all events, least of all after a redrive.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::document::states_language::model::StateKind;
use crate::execution::event::{Ending, Event, EventKind};
use crate::execution::{Attempt, EcsTask, Entry, EntryStatus, Execution, Failure, Status, Strand, StrandKind};

/// The name of what has run into its timeout.
const TIMEOUT: &str = "States.Timeout";

/// Where each event stands, by its number.
pub type Positions = BTreeMap<u64, Position>;

/// Where the event after this one goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Position {
    strand: usize,
    entry: Option<usize>,
    /// What is entered next begins a branch.
    begins_branch: bool,
}

impl Execution {
    /// Takes over the next event; one that was taken over already changes nothing.
    pub fn apply(&mut self, event: &Event) {
        if event.id <= self.last_event {
            return;
        }
        self.last_event = event.id;
        if self.strands.is_empty() {
            self.strands.push(Strand { kind: StrandKind::Machine, owner: None, attempt: 0, ending: None });
        }
        let from = self.positions.get(&event.previous).copied().unwrap_or_default();
        let position = self.fold(event, from).unwrap_or(Position { begins_branch: false, ..from });
        self.positions.insert(event.id, position);
    }

    /// The entry that an event belongs to, by its number; none of the execution's own and of what is not known.
    pub fn entry_of(&self, event: u64) -> Option<usize> {
        self.positions.get(&event)?.entry
    }

    /// Where the event stands; none: where the one before does.
    fn fold(&mut self, event: &Event, from: Position) -> Option<Position> {
        let time = event.time;
        let entry = match &event.kind {
            EventKind::ExecutionStarted { input } => {
                (self.started, self.input) = (Some(time), input.clone());
                None
            }
            EventKind::ExecutionEnded { ending, output, failure } => {
                self.end(*ending, output.as_ref(), failure, (from, time));
                None
            }
            EventKind::ExecutionRedriven => {
                (self.status, self.stopped, self.failure) = (Status::Running, None, None);
                self.redrives += 1;
                None
            }
            EventKind::StateEntered { kind, name, input } => Some(self.enter(*kind, name, input.as_ref(), (from, time))),
            EventKind::StateExited { name, output } => {
                let entry = self.open(from, |entry| entry.name == *name);
                entry.inspect(|entry| self.exit(*entry, output.as_ref(), time))
            }
            EventKind::StateAborted { kind } => {
                let entry = self.open(from, |entry| kind.is_none() || entry.kind == *kind);
                entry.inspect(|entry| self.close(*entry, EntryStatus::Aborted, None, time))
            }
            EventKind::GroupStarted { kind, length } => {
                let owner = self.open(from, |entry| entry.kind == Some(*kind));
                let owner = owner.or_else(|| self.last(|entry| entry.kind == Some(*kind)))?;
                self.begin_attempt(owner, None, None, time);
                let entry = self.entries.get_mut(owner)?;
                entry.length = *length;
                let begins_branch = *kind == StateKind::Parallel;
                return Some(Position { strand: entry.strand, entry: Some(owner), begins_branch });
            }
            EventKind::GroupEnded { kind, ending } => {
                let entry = self.open(from, |entry| entry.kind == Some(*kind));
                entry.inspect(|owner| self.end_group(*owner, *ending, (from, time)))
            }
            EventKind::IterationStarted { name, index } => {
                let is_it = |entry: &Entry| entry.name == *name && entry.kind == Some(StateKind::Map);
                let owner = self.open(from, is_it).or_else(|| self.last(is_it))?;
                let strand = self.begin_strand(owner, StrandKind::Iteration(*index));
                return Some(Position { strand, entry: None, begins_branch: false });
            }
            EventKind::IterationEnded { name, index, ending } => {
                let is_it = |entry: &Entry| entry.name == *name && entry.kind == Some(StateKind::Map);
                let owner = self.around_position(from).find(|at| self.is(*at, is_it)).or_else(|| self.last(is_it))?;
                self.end_iteration(owner, *index, *ending, (from, time));
                Some(owner)
            }
            EventKind::MapRunStarted { arn } => {
                let entry = self.open(from, |entry| entry.kind == Some(StateKind::Map));
                entry.inspect(|entry| self.entries[*entry].map_run_arn = arn.clone())
            }
            EventKind::MapRunEnded { ending, failure } => {
                let entry = self.open(from, |entry| entry.kind == Some(StateKind::Map));
                entry.inspect(|entry| {
                    if *ending != Ending::Succeeded {
                        self.fail(*entry, failure, *ending, time);
                    }
                })
            }
            EventKind::TaskScheduled { resource, parameters } => {
                let entry = self.of_task(from)?;
                self.begin_attempt(entry, resource.clone(), parameters.clone(), time);
                Some(entry)
            }
            EventKind::TaskStarted | EventKind::Other => from.entry,
            EventKind::TaskSubmitted { output } => {
                let entry = self.of_task(from)?;
                self.note_tasks(entry, output.as_deref());
                Some(entry)
            }
            EventKind::TaskSucceeded { output } => {
                let entry = self.of_task(from)?;
                self.note_tasks(entry, output.as_deref());
                self.entries[entry].failure = None;
                if let Some(attempt) = self.attempt(entry) {
                    attempt.output.clone_from(output);
                    (attempt.status, attempt.stopped) = (EntryStatus::Succeeded, Some(time));
                }
                Some(entry)
            }
            EventKind::TaskFailed { failure, is_timeout } => {
                let entry = self.of_task(from)?;
                let mut failure = failure.clone();
                if *is_timeout && failure.error.is_empty() {
                    TIMEOUT.clone_into(&mut failure.error);
                }
                self.note_tasks(entry, Some(&failure.cause));
                self.fail(entry, &failure, if *is_timeout { Ending::TimedOut } else { Ending::Failed }, time);
                Some(entry)
            }
            EventKind::EvaluationFailed { failure } => {
                let entry = self.open(from, |_| true)?;
                self.entries[entry].failure = Some(failure.clone());
                Some(entry)
            }
        };
        entry.and_then(|entry| {
            Some(Position { strand: self.entries.get(entry)?.strand, entry: Some(entry), begins_branch: false })
        })
    }

    fn enter(
        &mut self,
        kind: Option<StateKind>,
        name: &str,
        input: Option<&String>,
        (from, time): (Position, Timestamp),
    ) -> usize {
        let strand = match from.entry {
            Some(owner) if from.begins_branch => {
                let attempt = self.entries[owner].attempts.len().saturating_sub(1);
                let is_own = |strand: &&Strand| strand.owner == Some(owner) && strand.attempt == attempt;
                let number = self.strands.iter().filter(is_own).count();
                self.begin_strand(owner, StrandKind::Branch(number))
            }
            _ => from.strand,
        };
        self.entries.push(Entry {
            name: name.to_owned(),
            kind,
            strand,
            entered: time,
            stopped: None,
            input: input.cloned(),
            output: None,
            status: EntryStatus::Running,
            failure: None,
            attempts: Vec::new(),
            length: None,
            map_run_arn: None,
        });
        self.entries.len() - 1
    }

    fn begin_strand(&mut self, owner: usize, kind: StrandKind) -> usize {
        let attempt = self.entries.get(owner).map_or(0, |entry| entry.attempts.len().saturating_sub(1));
        self.strands.push(Strand { kind, owner: Some(owner), attempt, ending: None });
        self.strands.len() - 1
    }

    fn begin_attempt(&mut self, entry: usize, resource: Option<String>, parameters: Option<String>, time: Timestamp) {
        // After a redrive, what had failed goes on, and so does all that it is a part of.
        let mut reopened = Some(entry);
        while let Some(entry) = reopened.and_then(|entry| self.entries.get_mut(entry)) {
            if entry.status != EntryStatus::Running && !self.status.is_ended() {
                (entry.status, entry.stopped) = (EntryStatus::Running, None);
            }
            entry.failure = None;
            let strand = entry.strand;
            reopened = self.strands.get_mut(strand).and_then(|strand| {
                strand.ending = None;
                strand.owner
            });
        }
        let redrive = self.redrives;
        let Some(entry) = self.entries.get_mut(entry) else { return };
        entry.attempts.push(Attempt {
            started: time,
            stopped: None,
            redrive,
            resource,
            parameters,
            output: None,
            status: EntryStatus::Running,
            failure: None,
            tasks: Vec::new(),
        });
    }

    fn exit(&mut self, entry: usize, output: Option<&String>, time: Timestamp) {
        let status = if self.entries[entry].failure.is_some() { EntryStatus::Caught } else { EntryStatus::Succeeded };
        self.entries[entry].output = output.cloned();
        self.close(entry, status, None, time);
    }

    /// Ends an entry, if it has not ended, and what of it runs.
    fn close(&mut self, entry: usize, status: EntryStatus, failure: Option<&Failure>, time: Timestamp) {
        let Some(entry) = self.entries.get_mut(entry).filter(|entry| entry.status == EntryStatus::Running) else { return };
        (entry.status, entry.stopped) = (status, Some(time));
        if let (Some(failure), None) = (failure, &entry.failure) {
            entry.failure = Some(failure.clone());
        }
        if let Some(attempt) = entry.attempts.last_mut().filter(|attempt| attempt.status == EntryStatus::Running) {
            (attempt.status, attempt.stopped) = (status, Some(time));
            attempt.failure = failure.cloned();
        }
    }

    /// The attempt of `entry` has failed. What comes of that is not known yet.
    fn fail(&mut self, entry: usize, failure: &Failure, ending: Ending, time: Timestamp) {
        if self.entries[entry].status == EntryStatus::Running || self.entries[entry].failure.is_none() {
            self.entries[entry].failure = Some(failure.clone());
        }
        if let Some(attempt) = self.attempt(entry) {
            attempt.status = if ending == Ending::Aborted { EntryStatus::Aborted } else { EntryStatus::Failed };
            (attempt.stopped, attempt.failure) = (Some(time), Some(failure.clone()));
        }
    }

    fn end_group(&mut self, owner: usize, ending: Ending, (from, time): (Position, Timestamp)) {
        if ending == Ending::Succeeded {
            self.entries[owner].failure = None;
            if let Some(attempt) = self.attempt(owner) {
                (attempt.status, attempt.stopped) = (EntryStatus::Succeeded, Some(time));
            }
            return;
        }
        let failure = self.failure_at(from).or_else(|| self.entries[owner].failure.clone()).unwrap_or_default();
        let within: Vec<usize> = (0..self.entries.len()).filter(|at| self.is_within(*at, owner)).collect();
        self.close_all(&within, &failure, (from, time));
        for strand in &mut self.strands {
            if strand.owner == Some(owner) && strand.ending.is_none() {
                strand.ending = Some(Ending::Aborted);
            }
        }
        self.fail(owner, &failure, ending, time);
    }

    fn end_iteration(&mut self, owner: usize, index: u64, ending: Ending, (from, time): (Position, Timestamp)) {
        let is_it = |strand: &Strand| strand.owner == Some(owner) && strand.kind == StrandKind::Iteration(index);
        let Some(strand) = self.strands.iter().rposition(is_it) else { return };
        self.strands[strand].ending = Some(ending);
        if ending != Ending::Succeeded {
            let failure = self.failure_at(from).unwrap_or_default();
            let is_in = |at: &usize| {
                self.entries[*at].strand == strand || self.around(&self.entries[*at]).any(|(_, around)| around.strand == strand)
            };
            let within: Vec<usize> = (0..self.entries.len()).filter(is_in).collect();
            self.close_all(&within, &failure, (from, time));
        }
    }

    fn end(&mut self, ending: Ending, output: Option<&String>, failure: &Failure, (from, time): (Position, Timestamp)) {
        let is_told = !failure.error.is_empty() || !failure.cause.is_empty();
        self.stopped = Some(time);
        self.output = output.cloned();
        self.failure = is_told.then(|| failure.clone());
        self.status = match ending {
            Ending::Succeeded => Status::Succeeded,
            Ending::Failed => Status::Failed,
            Ending::TimedOut => Status::TimedOut,
            Ending::Aborted => Status::Aborted,
        };
        let all: Vec<usize> = (0..self.entries.len()).collect();
        match ending {
            Ending::Failed => self.close_all(&all, failure, (from, time)),
            _ => all.into_iter().for_each(|entry| self.close(entry, EntryStatus::Aborted, None, time)),
        }
    }

    /// Ends what is open of `entries`: those that lead to `from` have failed, the others were ended by that.
    fn close_all(&mut self, entries: &[usize], failure: &Failure, (from, time): (Position, Timestamp)) {
        let failed: Vec<usize> = self.around_position(from).collect();
        for entry in entries {
            match failed.contains(entry) {
                true => self.close(*entry, EntryStatus::Failed, Some(failure), time),
                false => self.close(*entry, EntryStatus::Aborted, None, time),
            }
        }
    }

    fn note_tasks(&mut self, entry: usize, text: Option<&str>) {
        let tasks = text.map(EcsTask::find_all).unwrap_or_default();
        let Some(attempt) = self.attempt(entry) else { return };
        for task in tasks {
            match attempt.tasks.iter_mut().find(|known| known.arn == task.arn) {
                Some(known) => *known = task,
                None => attempt.tasks.push(task),
            }
        }
    }

    fn attempt(&mut self, entry: usize) -> Option<&mut Attempt> {
        self.entries.get_mut(entry)?.attempts.last_mut()
    }

    /// The error of what stands at `position`, or around it.
    fn failure_at(&self, position: Position) -> Option<Failure> {
        self.around_position(position).find_map(|entry| self.entries[entry].failure.clone())
    }

    /// The entry of `position`, then those around it.
    fn around_position(&self, position: Position) -> impl Iterator<Item = usize> {
        let owner = |strand: usize| self.strands.get(strand)?.owner;
        let first = position.entry.filter(|entry| *entry < self.entries.len()).or_else(|| owner(position.strand));
        std::iter::successors(first, move |entry| owner(self.entries.get(*entry)?.strand))
    }

    fn is(&self, entry: usize, fits: impl Fn(&Entry) -> bool) -> bool {
        self.entries.get(entry).is_some_and(fits)
    }

    /// The nearest open entry at or around `position` that fits, else the last one at all.
    fn open(&self, position: Position, fits: impl Fn(&Entry) -> bool) -> Option<usize> {
        let is_it = |entry: &Entry| entry.status == EntryStatus::Running && fits(entry);
        self.around_position(position).find(|entry| self.is(*entry, is_it)).or_else(|| self.last(is_it))
    }

    fn last(&self, fits: impl Fn(&Entry) -> bool) -> Option<usize> {
        self.entries.iter().rposition(fits)
    }

    /// The entry that an event of a task after `position` belongs to.
    fn of_task(&self, position: Position) -> Option<usize> {
        let is_task = |entry: &Entry| entry.kind.is_none_or(|kind| kind == StateKind::Task);
        position.entry.filter(|entry| self.is(*entry, is_task)).or_else(|| self.last(is_task))
    }

    fn is_within(&self, entry: usize, owner: usize) -> bool {
        let mut strand = self.entries.get(entry).map(|entry| entry.strand);
        while let Some(above) = strand.and_then(|strand| self.strands.get(strand)?.owner) {
            if above == owner {
                return true;
            }
            strand = self.entries.get(above).map(|entry| entry.strand);
        }
        false
    }
}
