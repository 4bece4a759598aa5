//! What happens during an apply. Reporters show it, logs write it down; none of them decides anything.

use std::time::Duration;

use crate::address::Address;
use crate::aws::Error;
use crate::plan::OperationName;

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// What an earlier, interrupted run began has been looked up.
    Settled {
        address: Address,
        adopted: bool,
    },
    /// The work begins; so many steps.
    Started {
        steps: usize,
    },
    StepStarted {
        step: usize,
        address: Address,
        operation: OperationName,
        id: Option<String>,
    },
    /// AWS knows it; what needs no more than that goes on.
    StepExists {
        step: usize,
        address: Address,
        id: String,
    },
    /// It waits, and for at most this long.
    StepWaiting {
        step: usize,
        address: Address,
        what: String,
        at_most: Duration,
    },
    StepDone {
        step: usize,
        address: Address,
        operation: OperationName,
        id: Option<String>,
        elapsed: Duration,
    },
    StepFailed {
        step: usize,
        address: Address,
        operation: OperationName,
        error: Error,
        elapsed: Duration,
    },
    /// A first Ctrl-C: nothing new starts.
    Draining {
        running: usize,
    },
    /// A second one: what runs is left; the next run settles it.
    Aborted {
        running: usize,
    },
    Finished(Summary),
}

/// How an apply ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub done: Vec<(Address, OperationName)>,
    pub failed: Vec<Address>,
    /// What was not tried, because something failed or the user interrupted.
    pub not_tried: Vec<(Address, OperationName)>,
    pub interrupted: bool,
    pub elapsed: Duration,
}

impl Summary {
    pub fn is_success(&self) -> bool {
        self.failed.is_empty() && self.not_tried.is_empty() && !self.interrupted
    }
}
