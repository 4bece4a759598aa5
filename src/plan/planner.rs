//! The passes of the planner, in their order.

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexMap;

use crate::address::Address;
use crate::graph;
use crate::place::Place;
use crate::plan::decide::Decisions;
use crate::plan::{Base, Change, Moved, Observed, Plan, PlanError, Reason, outputs, steps};
use crate::resource::ResourceType;
use crate::stack::Stack;
use crate::state::State;

/// All that a plan is made from.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The resource types there are.
    pub kinds: &'a [&'static dyn ResourceType],
    /// Absent for a destroy: everything in the state goes.
    pub stack: Option<&'a Stack>,
    /// With `moves` made: see [`super::moved`].
    pub state: &'a State,
    pub moves: &'a [Moved],
    pub place: &'a Place,
    pub observed: &'a Observed,
    pub options: &'a Options,
}

/// What the user asked for beyond the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Only these, what they depend on, and for a destroy what depends on them. Empty: everything.
    pub targets: Vec<Address>,
    /// Replace these even if nothing forces it.
    pub replace: Vec<Address>,
    /// Decide on these alone, for all others are known to need nothing. What the targets are is another question.
    pub only: Option<BTreeSet<Address>>,
    /// Change nothing but the state, which takes over what changed outside.
    pub refresh_only: bool,
    pub import: ImportOptions,
}

/// How imports go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// What is imported is left as it is: the next plan shows what the stack wants else.
    pub as_is: bool,
    /// Also what another stack has marked as its own.
    pub take_over: bool,
}

/// Makes the plan.
///
/// # Errors
/// Everything that forbids one, at once.
pub fn plan(inputs: Inputs<'_>) -> Result<Plan, Vec<PlanError>> {
    let mut errors = check(&inputs);
    let targets = targeted(&inputs);
    let mut decisions = Decisions::new(inputs);
    decide(&mut decisions, &inputs, targets.as_ref());
    let deposed = match inputs.options.refresh_only {
        true => Vec::new(),
        false => steps::deposed_changes(&inputs, targets.as_ref(), &mut decisions.errors),
    };
    let leaves_outputs = inputs.options.refresh_only || inputs.options.import.as_is;
    let outputs = if leaves_outputs { outputs::unchanged(&inputs) } else { outputs::outputs(&inputs, &decisions) };
    errors.append(&mut decisions.errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    let steps = steps::steps(&decisions.changes, &deposed, &inputs, targets.as_ref())
        .map_err(|addresses| vec![PlanError::Tangled { addresses }])?;
    Ok(Plan {
        stack: inputs.state.stack.clone(),
        place: inputs.place.clone(),
        base: Base {
            lineage: inputs.state.lineage.clone(),
            serial: inputs.state.serial,
            stack_digest: inputs.stack.map(|stack| stack.digest.clone()),
        },
        is_refresh_only: inputs.options.refresh_only,
        moves: inputs.moves.to_vec(),
        changes: in_file_order(inputs.stack, decisions.changes).into_iter().chain(deposed).collect(),
        outputs,
        notices: notices(&inputs),
        steps,
    })
}

/// Decides on every resource of the stack and of the state, dependencies first.
fn decide(decisions: &mut Decisions<'_>, inputs: &Inputs<'_>, targets: Option<&BTreeSet<Address>>) {
    let only = inputs.options.only.as_ref();
    let is_looked_at = |address: &Address| {
        targets.is_none_or(|targets| targets.contains(address)) && only.is_none_or(|only| only.contains(address))
    };
    if inputs.options.refresh_only {
        for (address, record) in inputs.state.resources.iter().filter(|(address, _)| is_looked_at(address)) {
            decisions.refresh(address, record);
        }
        return;
    }
    for address in order(inputs.stack) {
        if let Some(resource) = inputs.stack.and_then(|stack| stack.resources.get(&address)) {
            decisions.decide(resource, is_looked_at(&address));
        }
    }
    let removed_because = if inputs.stack.is_some() { Reason::RemovedFromStack } else { Reason::Destroy };
    for (address, record) in &inputs.state.resources {
        let is_wanted = inputs.stack.is_some_and(|stack| stack.resources.contains_key(address));
        if !is_wanted && is_looked_at(address) {
            decisions.remove(address, record, removed_because.clone());
        }
    }
    decisions.finish();
}

/// What forbids any plan.
fn check(inputs: &Inputs<'_>) -> Vec<PlanError> {
    let mut errors = Vec::new();
    let (state, place) = (inputs.state, inputs.place);
    if let Some(stack) = inputs.stack
        && stack.name != state.stack
    {
        errors.push(PlanError::OtherStack { recorded: state.stack.clone(), wanted: stack.name.clone() });
    }
    let differs =
        |recorded: &Option<String>, wanted: &Option<String>| recorded.is_some() && wanted.is_some() && recorded != wanted;
    let holds_any = !state.resources.is_empty() || !state.deposed.is_empty();
    if holds_any && (differs(&state.place.region, &place.region) || differs(&state.place.account_id, &place.account_id)) {
        errors.push(PlanError::Moved { recorded: state.place.clone(), wanted: place.clone() });
    }
    let is_known = |address: &Address| {
        let deposed = state.deposed.iter().any(|deposed| deposed.address == *address);
        deposed
            || state.resources.contains_key(address)
            || inputs.stack.is_some_and(|stack| stack.resources.contains_key(address))
    };
    for (option, addresses) in [("--target", &inputs.options.targets), ("--replace", &inputs.options.replace)] {
        let unknown = addresses.iter().filter(|address| !is_known(address));
        errors.extend(unknown.map(|address| PlanError::UnknownAddress { option, address: address.clone() }));
    }
    errors
}

/// The resources of the stack, dependencies first.
fn order(stack: Option<&Stack>) -> Vec<Address> {
    let Some(stack) = stack else { return Vec::new() };
    let edges: IndexMap<Address, Vec<Address>> = stack
        .resources
        .iter()
        .map(|(address, resource)| (address.clone(), resource.dependencies.iter().map(|it| it.address.clone()).collect()))
        .collect();
    // The stack has been checked for cycles when it was read.
    graph::order(&edges).unwrap_or_default()
}

/// What `--target` means: the targets and what they need, and for what is to be destroyed what needs it. `None` is everything.
fn targeted(inputs: &Inputs<'_>) -> Option<BTreeSet<Address>> {
    if inputs.options.targets.is_empty() {
        return None;
    }
    let is_kept = |address: &Address| inputs.stack.is_some_and(|stack| stack.resources.contains_key(address));
    let mut neighbours: HashMap<&Address, Vec<&Address>> = HashMap::new();
    for (user, resource) in inputs.stack.iter().flat_map(|stack| &stack.resources) {
        neighbours.entry(user).or_default().extend(resource.dependencies.iter().map(|it| &it.address));
    }
    for (user, record) in &inputs.state.resources {
        for dependency in record.dependencies.iter().filter(|dependency| !is_kept(&dependency.address)) {
            neighbours.entry(&dependency.address).or_default().push(user);
        }
    }
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Address> = inputs.options.targets.iter().collect();
    while let Some(address) = open.pop() {
        if reached.insert(address.clone()) {
            open.extend(neighbours.get(address).into_iter().flatten());
        }
    }
    Some(reached)
}

fn in_file_order(stack: Option<&Stack>, mut changes: IndexMap<Address, Change>) -> Vec<Change> {
    let position = |address: &Address| stack.and_then(|stack| stack.resources.get_index_of(address)).unwrap_or(usize::MAX);
    changes.sort_by(|a, _, b, _| position(a).cmp(&position(b)));
    changes.into_values().collect()
}

fn notices(inputs: &Inputs<'_>) -> Vec<String> {
    let mut notices = Vec::new();
    if !inputs.options.targets.is_empty() {
        notices.push("--target leaves parts of the stack out: run plan without it afterwards".to_owned());
    }
    if inputs.place.account_id.is_none() {
        notices.push(
            "Without credentials nothing was looked up: every value that depends on the account is known after apply".to_owned(),
        );
    }
    notices
}
