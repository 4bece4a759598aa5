//! Which step may start: a pure queue of (step, phase it waits for).

use std::collections::BTreeSet;

use crate::plan::Step;
use crate::schema::Phase;

/// What is still to start, and what it waits for.
#[derive(Debug)]
pub struct Schedule {
    /// How many waits of each step are not over.
    open: Vec<usize>,
    /// Of each step, who waits for which of its phases.
    dependants: Vec<Vec<(usize, Phase)>>,
    ready: BTreeSet<usize>,
    started: Vec<bool>,
}

impl Schedule {
    pub fn new(steps: &[Step]) -> Self {
        let mut dependants = vec![Vec::new(); steps.len()];
        for (index, step) in steps.iter().enumerate() {
            for wait in &step.waits_for {
                dependants[wait.step].push((index, wait.phase));
            }
        }
        let open: Vec<usize> = steps.iter().map(|step| step.waits_for.len()).collect();
        let ready = (0..steps.len()).filter(|&index| open[index] == 0).collect();
        Self { started: vec![false; steps.len()], open, dependants, ready }
    }

    /// The next step that waits for nothing, in the order of the plan. It counts as started.
    pub fn start_next(&mut self) -> Option<usize> {
        let step = self.ready.pop_first()?;
        self.started[step] = true;
        Some(step)
    }

    /// `step` has not started after all.
    pub fn give_back(&mut self, step: usize) {
        self.started[step] = false;
        self.ready.insert(step);
    }

    /// `step` has reached `phase`: what waited for that, or for less, waits no more.
    pub fn reach(&mut self, step: usize, phase: Phase) {
        let (released, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.dependants[step]).into_iter().partition(|(_, needed)| *needed <= phase);
        self.dependants[step] = waiting;
        for (dependant, _) in released {
            self.open[dependant] -= 1;
            if self.open[dependant] == 0 {
                self.ready.insert(dependant);
            }
        }
    }

    /// The steps that never started.
    pub fn not_started(&self) -> impl Iterator<Item = usize> {
        self.started.iter().enumerate().filter(|(_, started)| !**started).map(|(step, _)| step)
    }
}
