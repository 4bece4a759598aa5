//! Executions, shown. Nothing here knows the time: whoever watches the clock passes it in.
//!
//! | file | writes |
//! |---|---|
//! | `frame.rs` | the picture of the machine with how each state stands, else a list of the states |
//! | `lines.rs` | a line for each event, for each change of a task, for each line of a log |
//! | `summary.rs` | at the end: the outcome, state by state, error and cause, output |
//! | `page.rs` | all of it as a page for a browser; `page_style.rs` holds its style sheet |
//! | `runs.rs` | the executions of a machine, a line each |
//! | `json.rs` | the same for programs |
//! | `status.rs` | the words, signs and inks of all of them |
//!
//! What AWS says of an execution was written by whoever started it and by what ran in it: all of it is cleaned.

mod frame;
mod json;
mod lines;
mod page;
mod page_style;
mod runs;
mod status;
mod summary;

use jiff::Timestamp;

use crate::document::states_language::model::StateMachine;
use crate::execution::{Execution, ExecutionArn, Progress};
use crate::flow::FlowGraph;

pub use frame::{frame, picture};
pub use json::{event_json, execution_json, log_json, runs_json, task_json, tells_json};
pub use lines::{event_line, log_line, task_line};
pub use page::page;
pub use runs::{Run, runs};
pub use summary::summary;

/// An execution and what it is shown with.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What the machine is called.
    pub title: &'a str,
    pub arn: &'a ExecutionArn,
    pub execution: &'a Execution,
    /// Absent, where the definition can't be had.
    pub machine: Option<(&'a FlowGraph, &'a StateMachine<'a>)>,
    pub now: Timestamp,
}

impl View<'_> {
    fn progress(&self) -> Option<Progress> {
        let (graph, machine) = self.machine?;
        Some(Progress::of(self.execution, graph, machine, self.now))
    }

    /// How long it has been running, or ran.
    fn seconds(&self) -> f64 {
        let started = self.execution.started.unwrap_or(self.now);
        self.execution.stopped.unwrap_or(self.now).duration_since(started).as_secs_f64().max(0.0)
    }
}

#[cfg(test)]
mod tests;
