//! The outputs: what they were, and what they will be as far as that is known.

use crate::address::Address;
use crate::plan::decide::Decisions;
use crate::plan::{Action, Inputs, OutputChange, adjust};
use crate::state::RecordedOutput;
use crate::template::Reference;
use crate::value::Value;

/// All outputs of the stack, then those that only the state has.
pub fn outputs(inputs: &Inputs<'_>, decisions: &Decisions<'_>) -> Vec<OutputChange> {
    let wanted = inputs.stack.map(|stack| &stack.outputs);
    let digest = |text: &str| inputs.state.digest(text);
    let before = |output: &RecordedOutput| adjust::sealed_if(output.sensitive, &output.value, &digest);
    let mut changes = Vec::new();
    for (name, output) in wanted.into_iter().flatten() {
        let before = inputs.state.outputs.get(name).map(before);
        let value = adjust::sealed_if(output.sensitive, &decisions.resolve(&output.value), &digest);
        // What no step of this plan will tell stays as it was.
        let after = if is_left_out(&value, decisions) { before.clone() } else { Some(value) };
        changes.push(OutputChange { name: name.clone(), before, after, sensitive: output.sensitive });
    }
    // A destroy of a part leaves the outputs: which of them it touches is not recorded.
    let is_partial = inputs.stack.is_none() && !inputs.options.targets.is_empty();
    for (name, output) in &inputs.state.outputs {
        if wanted.is_none_or(|wanted| !wanted.contains_key(name)) {
            let (before, sensitive) = (Some(before(output)), output.sensitive);
            let after = before.clone().filter(|_| is_partial);
            changes.push(OutputChange { name: name.clone(), before, after, sensitive });
        }
    }
    changes
}

/// The outputs of the state as they are.
pub fn unchanged(inputs: &Inputs<'_>) -> Vec<OutputChange> {
    let digest = |text: &str| inputs.state.digest(text);
    let recorded = inputs.state.outputs.iter();
    recorded
        .map(|(name, RecordedOutput { value, sensitive })| {
            let value = adjust::sealed_if(*sensitive, value, &digest);
            OutputChange { name: name.clone(), before: Some(value.clone()), after: Some(value), sensitive: *sensitive }
        })
        .collect()
}

/// Whether `value` waits for a resource that `--target` leaves out.
fn is_left_out(value: &Value, decisions: &Decisions<'_>) -> bool {
    let is_made = |address: &Address| decisions.changes.get(address).is_some_and(|change| change.action != Action::NoOp);
    value.references().iter().any(|reference| match reference {
        Reference::Attribute { address, .. } => !address.is_data && !is_made(address),
        _ => false,
    })
}
