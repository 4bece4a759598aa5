//! Decisions → steps, and what each step waits for. The executor has no choices left.
//!
//! | step | waits for |
//! |---|---|
//! | create, update | each dependency that is made or changed, as far as the reference needs it; the deletion of whatever has its name |
//! | delete | the deletion of everything that depended on it; where it is replaced after the fact or dropped, also the change of everything that no longer does |

use std::collections::{BTreeMap, BTreeSet, HashMap};

use indexmap::IndexMap;

use crate::address::Address;
use crate::plan::{Action, Change, Inputs, Predecessor, Reason, Step, StepOperation, Target, Wait};
use crate::resource::{Live, Replacement};
use crate::schema::Phase;
use crate::stack::Resource;
use crate::state::Deposed;
use crate::value::Value;

/// The steps of these changes, in an order in which each stands after what it waits for.
///
/// # Errors
/// The addresses of steps that would wait for each other.
pub fn steps(changes: &IndexMap<Address, Change>, deposed: &[Change], inputs: &Inputs<'_>) -> Result<Vec<Step>, Vec<Address>> {
    let mut drafts = Drafts {
        inputs,
        users: users(inputs),
        makes: BTreeMap::new(),
        deletes: BTreeMap::new(),
        name_holders: HashMap::new(),
        steps: Vec::new(),
    };
    for change in changes.values() {
        drafts.add(change);
    }
    let deposed: Vec<usize> = deposed.iter().filter_map(|change| drafts.add_deposed(change)).collect();
    drafts.connect_makes();
    drafts.connect_deletes();
    drafts.connect_deposed(&deposed);
    in_order(drafts.steps)
}

/// Who depends on each address, by the stack or by the state.
fn users(inputs: &Inputs<'_>) -> BTreeMap<Address, BTreeSet<Address>> {
    let by_state = inputs.state.resources.iter().map(|(user, record)| (user, &record.dependencies));
    let by_stack = inputs.stack.into_iter().flat_map(|stack| &stack.resources);
    let by_stack = by_stack.map(|(user, resource)| (user, &resource.dependencies));
    let mut users: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
    for (user, dependencies) in by_state.chain(by_stack) {
        for dependency in dependencies.iter().filter(|dependency| dependency.address != *user) {
            users.entry(dependency.address.clone()).or_default().insert(user.clone());
        }
    }
    users
}

struct Drafts<'a> {
    inputs: &'a Inputs<'a>,
    users: BTreeMap<Address, BTreeSet<Address>>,
    /// The step that creates, changes or takes over a resource.
    makes: BTreeMap<Address, usize>,
    /// The step that deletes one, with the order of its replacement if it is replaced.
    deletes: BTreeMap<Address, (usize, Option<Replacement>)>,
    /// The steps that delete outright, by what they delete: a name is free again after them.
    name_holders: HashMap<String, usize>,
    steps: Vec<Step>,
}

impl Drafts<'_> {
    fn add(&mut self, change: &Change) {
        match change.action {
            Action::NoOp => self.add_record(change),
            Action::Create => self.add_make(change, StepOperation::Create(self.target(change))),
            Action::Update => self.add_update(change),
            Action::Import if change.differences.is_empty() => self.add_record(change),
            Action::Import => self.add_update(change),
            Action::Replace(order) => {
                self.add_make(change, StepOperation::Create(self.target(change)));
                self.add_delete(change, Some(order));
            }
            Action::Delete => self.add_delete(change, None),
            Action::Forget => {
                self.push(change, StepOperation::Forget);
            }
        }
    }

    /// Only the state changes: it takes over, or a reference, a lifecycle rule or a completed creation is noted.
    fn add_record(&mut self, change: &Change) {
        let Some(live) = live_of(change) else { return };
        let Some(resource) = self.resource(&change.address) else { return };
        let is_recorded = self.inputs.state.resources.get(&change.address).is_some_and(|record| {
            !record.incomplete
                && record.id == live.id
                && record.dependencies == resource.dependencies
                && record.lifecycle == resource.lifecycle
                && Some(&record.spec) == change.after.as_ref()
                && record.attributes == live.attributes
        });
        if !is_recorded {
            let target = self.target(change);
            self.add_make(change, StepOperation::Record { live, target });
        }
    }

    fn add_update(&mut self, change: &Change) {
        if let Some(live) = live_of(change) {
            let (target, differences) = (self.target(change), change.differences.clone());
            self.add_make(change, StepOperation::Update { live, target, differences });
        }
    }

    fn add_make(&mut self, change: &Change, operation: StepOperation) {
        let step = self.push(change, operation);
        self.makes.insert(change.address.clone(), step);
    }

    fn add_delete(&mut self, change: &Change, order: Option<Replacement>) {
        let Some(Live { id, spec, .. }) = live_of(change) else { return };
        let step = if order == Some(Replacement::CreateThenDelete) {
            self.push(change, StepOperation::DeleteDeposed { predecessor: Predecessor { id, spec } })
        } else {
            let holder = name_key(change.kind.description().name_ignores_case, &id);
            let step = self.push(change, StepOperation::Delete { id, spec });
            self.name_holders.insert(holder, step);
            step
        };
        self.deletes.insert(change.address.clone(), (step, order));
    }

    fn add_deposed(&mut self, change: &Change) -> Option<usize> {
        let (id, spec) = (change.deposed.clone()?, change.before.clone()?);
        Some(self.push(change, StepOperation::DeleteDeposed { predecessor: Predecessor { id, spec } }))
    }

    fn push(&mut self, change: &Change, operation: StepOperation) -> usize {
        self.steps.push(Step { address: change.address.clone(), kind: change.kind, operation, waits_for: Vec::new() });
        self.steps.len() - 1
    }

    fn connect_makes(&mut self) {
        for (address, step) in self.makes.clone() {
            let mut waits: BTreeSet<Wait> = self
                .resource(&address)
                .map(|resource| resource.dependencies.as_slice())
                .unwrap_or_default()
                .iter()
                .filter_map(|dependency| Some(Wait { step: *self.makes.get(&dependency.address)?, phase: dependency.needs }))
                .collect();
            if let Some((delete, Some(Replacement::DeleteThenCreate))) = self.deletes.get(&address) {
                waits.insert(Wait { step: *delete, phase: Phase::Gone });
            }
            waits.extend(self.name_holder(step).map(|step| Wait { step, phase: Phase::Gone }));
            self.wait(step, waits);
        }
    }

    fn connect_deletes(&mut self) {
        // What must go so that another can take its name goes before the users have moved to that other.
        let taken_over: BTreeSet<usize> = self.makes.values().filter_map(|&make| self.name_holder(make)).collect();
        for (address, (step, order)) in self.deletes.clone() {
            let goes_first = order == Some(Replacement::DeleteThenCreate) || taken_over.contains(&step);
            let mut waits = BTreeSet::new();
            for user in self.users.get(&address).into_iter().flatten() {
                let its_delete = self.deletes.get(user).filter(|(_, order)| *order != Some(Replacement::CreateThenDelete));
                if let Some((delete, _)) = its_delete {
                    waits.insert(Wait { step: *delete, phase: Phase::Gone });
                } else if !goes_first && let Some(&make) = self.makes.get(user) {
                    waits.insert(Wait { step: make, phase: Phase::Ready });
                }
            }
            if order == Some(Replacement::CreateThenDelete)
                && let Some(&make) = self.makes.get(&address)
            {
                waits.insert(Wait { step: make, phase: Phase::Ready });
            }
            self.wait(step, waits);
        }
    }

    /// What an earlier replacement left may go once nothing refers to it any more.
    fn connect_deposed(&mut self, deposed: &[usize]) {
        for &step in deposed {
            let address = self.steps[step].address.clone();
            let users = self.users.get(&address).into_iter().flatten();
            let makes = users.chain([&address]).filter_map(|user| self.makes.get(user));
            let waits = makes.map(|&step| Wait { step, phase: Phase::Ready }).collect();
            self.wait(step, waits);
        }
    }

    fn wait(&mut self, step: usize, waits: BTreeSet<Wait>) {
        self.steps[step].waits_for = waits.into_iter().filter(|wait| wait.step != step).collect();
    }

    /// The deletion that must come first because what it deletes has the name that `step` is to give.
    fn name_holder(&self, step: usize) -> Option<usize> {
        let Step { kind, operation: StepOperation::Create(target), .. } = &self.steps[step] else { return None };
        let name = target.spec.text(kind.description().name_field)?;
        let id = kind.id(name, self.inputs.place)?;
        self.name_holders.get(&name_key(kind.description().name_ignores_case, &id)).copied()
    }

    fn resource(&self, address: &Address) -> Option<&Resource> {
        self.inputs.stack?.resources.get(address)
    }

    fn target(&self, change: &Change) -> Target {
        let resource = self.resource(&change.address);
        Target {
            spec: change.after.clone().unwrap_or(Value::Null),
            dependencies: resource.map(|resource| resource.dependencies.clone()).unwrap_or_default(),
            lifecycle: resource.map(|resource| resource.lifecycle.clone()).unwrap_or_default(),
        }
    }
}

fn name_key(ignores_case: bool, id: &str) -> String {
    if ignores_case { id.to_lowercase() } else { id.to_owned() }
}

/// The changes that delete what earlier replacements left.
pub fn deposed_changes(deposed: &[Deposed]) -> Vec<Change> {
    deposed
        .iter()
        .filter_map(|deposed| {
            Some(Change {
                address: deposed.address.clone(),
                kind: crate::resources::find(&deposed.address.resource_type)?,
                action: Action::Delete,
                reasons: vec![Reason::Deposed],
                id: Some(deposed.record.id.clone()),
                before: Some(deposed.record.spec.clone()),
                after: None,
                before_attributes: deposed.record.attributes.clone(),
                after_attributes: BTreeMap::new(),
                differences: Vec::new(),
                drift: Vec::new(),
                deposed: Some(deposed.record.id.clone()),
            })
        })
        .collect()
}

fn live_of(change: &Change) -> Option<Live> {
    let (id, spec) = (change.id.clone()?, change.before.clone()?);
    Some(Live { id, spec, attributes: change.before_attributes.clone(), ownership: None })
}

/// The same steps, each after those it waits for, else in their given order (Kahn's algorithm).
fn in_order(steps: Vec<Step>) -> Result<Vec<Step>, Vec<Address>> {
    let mut open: Vec<usize> = steps.iter().map(|step| step.waits_for.len()).collect();
    let mut dependants = vec![Vec::new(); steps.len()];
    for (index, step) in steps.iter().enumerate() {
        for wait in &step.waits_for {
            dependants[wait.step].push(index);
        }
    }
    let mut ready: BTreeSet<usize> = (0..steps.len()).filter(|&index| open[index] == 0).collect();
    let mut position = vec![usize::MAX; steps.len()];
    let mut order = Vec::with_capacity(steps.len());
    while let Some(index) = ready.pop_first() {
        position[index] = order.len();
        order.push(index);
        for &dependant in &dependants[index] {
            open[dependant] -= 1;
            if open[dependant] == 0 {
                ready.insert(dependant);
            }
        }
    }
    if order.len() < steps.len() {
        return Err(steps.into_iter().zip(open).filter(|(_, open)| *open > 0).map(|(step, _)| step.address).collect());
    }
    let renumber = |wait: &Wait| Wait { step: position[wait.step], phase: wait.phase };
    let moved = |index: usize| Step { waits_for: steps[index].waits_for.iter().map(renumber).collect(), ..steps[index].clone() };
    Ok(order.into_iter().map(moved).collect())
}
