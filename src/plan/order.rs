//! Steps in an order in which each stands after what it waits for.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::plan::Step;

/// The same steps, each after those it waits for, else in their given order (Kahn's algorithm).
pub fn in_order(steps: Vec<Step>) -> Result<Vec<Step>, Vec<Address>> {
    let mut open: Vec<usize> = steps.iter().map(|step| step.waits_for.len()).collect();
    let mut dependants = vec![Vec::new(); steps.len()];
    for (index, step) in steps.iter().enumerate() {
        for wait in &step.waits_for {
            dependants[wait.step].push(index);
        }
    }
    let mut ready: BTreeSet<usize> = (0..steps.len()).filter(|&index| open[index] == 0).collect();
    let mut position = vec![usize::MAX; steps.len()];
    let mut ordered = 0;
    while let Some(index) = ready.pop_first() {
        position[index] = ordered;
        ordered += 1;
        for &dependant in &dependants[index] {
            open[dependant] -= 1;
            if open[dependant] == 0 {
                ready.insert(dependant);
            }
        }
    }
    if ordered < steps.len() {
        return Err(steps.into_iter().zip(open).filter(|(_, open)| *open > 0).map(|(step, _)| step.address).collect());
    }
    let mut steps: Vec<(usize, Step)> = position.iter().copied().zip(steps).collect();
    steps.sort_by_key(|(position, _)| *position);
    for wait in steps.iter_mut().flat_map(|(_, step)| &mut step.waits_for) {
        wait.step = position[wait.step];
    }
    Ok(steps.into_iter().map(|(_, step)| step).collect())
}
