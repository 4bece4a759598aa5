//! Decisions → steps, and what each step waits for. The executor has no choices left.
//!
//! | step | waits for |
//! |---|---|
//! | create, update, record | each dependency that is made or changed, as far as the reference needs it; the deletion of whatever has its name |
//! | a delete that must go first | the deletion of everything that depended on it, which must go first as well |
//! | any other delete | that, and the change of everything that no longer depends on it |
//!
//! A delete goes first where something is made in its place: its replacement, or another of its name. So nothing
//! that goes first waits for anything that is made, and no steps can wait for each other but those of names that
//! are exchanged while both old ones are to stay.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use indexmap::IndexMap;

use crate::address::Address;
use crate::plan::order::in_order;
use crate::plan::{Action, Change, Inputs, OperationName, PlanError, Predecessor, Reason, Step, StepOperation, Target, Wait};
use crate::resource::{Live, Replacement, find_kind};
use crate::schema::Phase;
use crate::stack::Resource;
use crate::value::Value;

/// The steps of these changes, in an order in which each stands after what it waits for.
///
/// # Errors
/// The addresses of steps that would wait for each other.
pub fn steps(
    changes: &IndexMap<Address, Change>,
    deposed: &[Change],
    inputs: &Inputs<'_>,
    targets: Option<&BTreeSet<Address>>,
) -> Result<Vec<Step>, Vec<Address>> {
    let mut drafts = Drafts {
        inputs,
        targets,
        users: users(inputs),
        makes: BTreeMap::new(),
        deletes: BTreeMap::new(),
        deposed: Vec::new(),
        name_holders: HashMap::new(),
        steps: Vec::new(),
    };
    let only = inputs.options.only.as_ref();
    let is_in = |set: Option<&BTreeSet<Address>>, change: &Change| set.is_none_or(|set| set.contains(&change.address));
    for change in changes.values().filter(|change| is_in(targets, change) && is_in(only, change)) {
        drafts.add(change);
    }
    for change in deposed {
        drafts.add_deposed(change);
    }
    let goes_first = drafts.goes_first();
    drafts.connect_makes();
    drafts.connect_deletes(&goes_first);
    drafts.connect_deposed(&goes_first);
    in_order(drafts.steps)
}

/// The changes that delete what earlier replacements left, but for what something that is left out still uses.
pub fn deposed_changes(inputs: &Inputs<'_>, targets: Option<&BTreeSet<Address>>, errors: &mut Vec<PlanError>) -> Vec<Change> {
    let users = users(inputs);
    let mut changes = Vec::new();
    for deposed in &inputs.state.deposed {
        let (address, record) = (&deposed.address, &deposed.record);
        if targets.is_some_and(|targets| !targets.contains(address)) || is_used_elsewhere(address, &users, targets) {
            continue;
        }
        let Some(kind) = find_kind(inputs.kinds, &address.resource_type) else {
            errors.push(PlanError::UnknownType { address: address.clone() });
            continue;
        };
        let (id, spec, attributes) = (record.id.clone(), record.spec.clone(), record.attributes.clone());
        let live = Live { id: id.clone(), spec, attributes, ownership: None };
        changes.push(Change {
            action: Action::Delete,
            reasons: vec![Reason::Deposed],
            deposed: Some(id),
            ..Change::of(address.clone(), kind, Some(live))
        });
    }
    changes
}

/// Who depends on each address.
struct Users {
    by_state: BTreeMap<Address, BTreeSet<Address>>,
    /// By the stack or by the state.
    by_any: BTreeMap<Address, BTreeSet<Address>>,
}

fn users(inputs: &Inputs<'_>) -> Users {
    let mut users = Users { by_state: BTreeMap::new(), by_any: BTreeMap::new() };
    for (user, record) in &inputs.state.resources {
        for dependency in record.dependencies.iter().filter(|dependency| dependency.address != *user) {
            users.by_state.entry(dependency.address.clone()).or_default().insert(user.clone());
            users.by_any.entry(dependency.address.clone()).or_default().insert(user.clone());
        }
    }
    for (user, resource) in inputs.stack.into_iter().flat_map(|stack| &stack.resources) {
        for dependency in &resource.dependencies {
            users.by_any.entry(dependency.address.clone()).or_default().insert(user.clone());
        }
    }
    users
}

/// Whether something that `--target` leaves out may refer to `address` as it was.
fn is_used_elsewhere(address: &Address, users: &Users, targets: Option<&BTreeSet<Address>>) -> bool {
    let Some(targets) = targets else { return false };
    users.by_state.get(address).into_iter().flatten().any(|user| !targets.contains(user))
}

/// The step that deletes a resource, and the order of its replacement if it is replaced.
#[derive(Clone, Copy)]
struct Deletion {
    step: usize,
    order: Option<Replacement>,
}

struct Drafts<'a> {
    inputs: &'a Inputs<'a>,
    targets: Option<&'a BTreeSet<Address>>,
    users: Users,
    /// The step that creates, changes or takes over a resource.
    makes: BTreeMap<Address, usize>,
    deletes: BTreeMap<Address, Deletion>,
    /// The steps that delete what earlier replacements left.
    deposed: Vec<usize>,
    /// The steps that delete, by the type and name that is free again after them.
    name_holders: HashMap<(&'static str, String), usize>,
    steps: Vec<Step>,
}

impl Drafts<'_> {
    fn add(&mut self, change: &Change) {
        match change.action {
            Action::NoOp => self.add_record(change),
            Action::Refresh => self.add_refresh(change),
            Action::Create => self.add_create(change),
            Action::Update => self.add_update(change),
            Action::Import if change.differences.is_empty() => self.add_record(change),
            Action::Import => self.add_update(change),
            Action::Replace(order) => self.add_replace(change, order),
            Action::Delete => self.add_delete(change, None),
            Action::Forget => {
                self.push(change, StepOperation::Forget);
            }
        }
    }

    /// Only the state changes: it takes over, or a reference, a lifecycle rule or a completed creation is noted.
    fn add_record(&mut self, change: &Change) {
        let Some(live) = self.live_of(change) else { return };
        let Some(resource) = self.resource(&change.address) else { return };
        let record = self.inputs.state.resources.get(&change.address);
        let is_as_recorded = record.is_some_and(|record| {
            !record.incomplete
                && record.id == live.id
                && record.dependencies == resource.dependencies
                && record.lifecycle == resource.lifecycle
                && Some(&record.spec) == change.after.as_ref()
                && record.attributes == live.attributes
        });
        // That something is complete must have been seen.
        let is_doubtful = record.is_some_and(|record| record.incomplete) && !self.was_seen(&change.address);
        if !is_as_recorded && !is_doubtful {
            let target = self.target(change);
            let step = self.add_make(change, StepOperation::Record { live, target });
            self.steps[step].is_silent = change.action == Action::NoOp;
        }
    }

    /// What is recorded of references and lifecycle stays: nothing of a new stack file is applied here.
    fn add_refresh(&mut self, change: &Change) {
        let (Some(live), Some(record)) = (self.live_of(change), self.inputs.state.resources.get(&change.address)) else { return };
        let (dependencies, lifecycle) = (record.dependencies.clone(), record.lifecycle.clone());
        let target = Target { spec: live.spec.clone(), dependencies, lifecycle };
        let step = self.add_make(change, StepOperation::Record { live, target });
        self.steps[step].name = OperationName::Refresh;
    }

    /// What AWS no longer knows is forgotten first, or the record would be kept as a predecessor that is to be deleted.
    fn add_create(&mut self, change: &Change) {
        let is_recorded = self.inputs.state.resources.contains_key(&change.address);
        let forgotten = is_recorded.then(|| self.push_silent(change, StepOperation::Forget));
        let create = self.add_make(change, StepOperation::Create(self.target(change)));
        self.steps[create].waits_for.extend(forgotten.map(|step| Wait { step, phase: Phase::Gone }));
    }

    fn add_update(&mut self, change: &Change) {
        if let Some(live) = self.live_of(change) {
            let (target, differences) = (self.target(change), change.differences.clone());
            let step = self.add_make(change, StepOperation::Update { live, target, differences });
            if change.action == Action::Import {
                self.steps[step].name = OperationName::Import;
            }
        }
    }

    /// What is ours by its tags alone is recorded first, so that it can't be lost between the two steps.
    fn add_replace(&mut self, change: &Change, order: Replacement) {
        let is_recorded = self.inputs.state.resources.contains_key(&change.address);
        let recorded = self.live_of(change).filter(|_| !is_recorded).map(|live| {
            let target = Target { spec: live.spec.clone(), ..self.target(change) };
            self.push_silent(change, StepOperation::Record { live, target })
        });
        let create = self.add_make(change, StepOperation::Create(self.target(change)));
        self.add_delete(change, Some(order));
        let delete = self.deletes.get(&change.address).map(|deletion| deletion.step);
        for step in [Some(create), delete].into_iter().flatten() {
            self.steps[step].waits_for.extend(recorded.map(|step| Wait { step, phase: Phase::Ready }));
        }
    }

    fn add_make(&mut self, change: &Change, operation: StepOperation) -> usize {
        let step = self.push(change, operation);
        self.makes.insert(change.address.clone(), step);
        step
    }

    fn add_delete(&mut self, change: &Change, order: Option<Replacement>) {
        let Some(Live { id, spec, .. }) = self.live_of(change) else { return };
        let operation = if order == Some(Replacement::CreateThenDelete) {
            // It stays, deposed, until a plan reaches everything that uses it.
            if is_used_elsewhere(&change.address, &self.users, self.targets) {
                return;
            }
            StepOperation::DeleteDeposed { predecessor: Predecessor { id, spec } }
        } else {
            StepOperation::Delete { id, spec }
        };
        let step = self.push(change, operation);
        self.hold_name(change, step);
        self.deletes.insert(change.address.clone(), Deletion { step, order });
    }

    fn add_deposed(&mut self, change: &Change) {
        let (Some(id), Some(spec)) = (change.deposed.clone(), change.before.clone()) else { return };
        let step = self.push(change, StepOperation::DeleteDeposed { predecessor: Predecessor { id, spec } });
        self.hold_name(change, step);
        self.deposed.push(step);
    }

    fn hold_name(&mut self, change: &Change, step: usize) {
        let description = change.kind.description();
        let name = change.before.as_ref().and_then(|spec| description.name_of(spec));
        if let Some(name) = name.filter(|_| description.names_are_exclusive()) {
            self.name_holders.insert((description.name, name), step);
        }
    }

    fn push(&mut self, change: &Change, operation: StepOperation) -> usize {
        let (address, kind, name) = (change.address.clone(), change.kind, name_of(&operation));
        self.steps.push(Step { address, kind, name, operation, is_silent: false, waits_for: Vec::new() });
        self.steps.len() - 1
    }

    fn push_silent(&mut self, change: &Change, operation: StepOperation) -> usize {
        let step = self.push(change, operation);
        self.steps[step].is_silent = true;
        step
    }

    /// The deletes in whose place something is made, and those that must precede them.
    fn goes_first(&self) -> HashSet<usize> {
        let mut first: HashSet<usize> = self.makes.values().filter_map(|&make| self.name_holder(make)).collect();
        let replaced = self.deletes.values().filter(|deletion| deletion.order == Some(Replacement::DeleteThenCreate));
        first.extend(replaced.map(|deletion| deletion.step));
        let mut open: Vec<usize> = first.iter().copied().collect();
        while let Some(step) = open.pop() {
            for user in self.users.by_state.get(&self.steps[step].address).into_iter().flatten() {
                if let Some(deletion) = self.outright_delete(user)
                    && first.insert(deletion)
                {
                    open.push(deletion);
                }
            }
        }
        first
    }

    /// The deletion of `address`, unless it is one that follows its replacement.
    fn outright_delete(&self, address: &Address) -> Option<usize> {
        let deletion = self.deletes.get(address)?;
        (deletion.order != Some(Replacement::CreateThenDelete)).then_some(deletion.step)
    }

    fn connect_makes(&mut self) {
        for (address, step) in self.makes.clone() {
            let dependencies = self.resource(&address).map(|resource| resource.dependencies.as_slice()).unwrap_or_default();
            let mut waits: Vec<Wait> = dependencies
                .iter()
                .filter_map(|dependency| Some(Wait { step: *self.makes.get(&dependency.address)?, phase: dependency.needs }))
                .collect();
            if let Some(Deletion { step, order: Some(Replacement::DeleteThenCreate) }) = self.deletes.get(&address) {
                waits.push(Wait { step: *step, phase: Phase::Gone });
            }
            waits.extend(self.name_holder(step).map(|step| Wait { step, phase: Phase::Gone }));
            self.wait(step, waits);
        }
    }

    fn connect_deletes(&mut self, goes_first: &HashSet<usize>) {
        for (address, Deletion { step, order }) in self.deletes.clone() {
            let is_first = goes_first.contains(&step);
            let mut waits = self.waits_for_users(&address, is_first);
            if order == Some(Replacement::CreateThenDelete) {
                waits.extend(self.makes.get(&address).map(|&step| Wait { step, phase: Phase::Ready }));
            }
            self.wait(step, waits);
        }
    }

    /// What waits until no user of `address` refers to it any more; what goes first waits only for those that are deleted.
    fn waits_for_users(&self, address: &Address, is_first: bool) -> Vec<Wait> {
        let mut waits = Vec::new();
        for user in self.users.by_state.get(address).into_iter().flatten() {
            let deletion = self.deletes.get(user).map(|deletion| deletion.step).filter(|_| !is_first);
            waits.extend(self.outright_delete(user).or(deletion).map(|step| Wait { step, phase: Phase::Gone }));
        }
        if !is_first {
            let users = self.users.by_any.get(address).into_iter().flatten();
            let makes = users.filter(|user| self.outright_delete(user).is_none()).filter_map(|user| self.makes.get(user));
            waits.extend(makes.map(|&step| Wait { step, phase: Phase::Ready }));
        }
        waits
    }

    /// What an earlier replacement left may go once nothing refers to it any more, and what it refers to not before it.
    fn connect_deposed(&mut self, goes_first: &HashSet<usize>) {
        for step in self.deposed.clone() {
            let Step { address, operation: StepOperation::DeleteDeposed { predecessor }, .. } = &self.steps[step] else {
                continue;
            };
            let (address, id) = (address.clone(), predecessor.id.clone());
            let is_first = goes_first.contains(&step);
            let mut waits = self.waits_for_users(&address, is_first);
            if !is_first {
                waits.extend(self.makes.get(&address).map(|&step| Wait { step, phase: Phase::Ready }));
            }
            self.wait(step, waits);
            let record = self.inputs.state.deposed.iter().find(|deposed| deposed.record.id == id);
            for dependency in record.into_iter().flat_map(|deposed| &deposed.record.dependencies) {
                // Where each refers to the other, it was to an earlier one of it that this one referred.
                let is_mutual = |deletion: &usize| self.steps[step].waits_for.iter().any(|wait| wait.step == *deletion);
                if let Some(deletion) = self.deletes.get(&dependency.address).map(|deletion| deletion.step)
                    && (is_first || !goes_first.contains(&deletion))
                    && !is_mutual(&deletion)
                {
                    self.wait(deletion, vec![Wait { step, phase: Phase::Gone }]);
                }
            }
        }
    }

    /// `step` waits for these too, for each step once.
    fn wait(&mut self, step: usize, waits: Vec<Wait>) {
        let known = std::mem::take(&mut self.steps[step].waits_for);
        let mut furthest: BTreeMap<usize, Phase> = BTreeMap::new();
        for wait in known.into_iter().chain(waits).filter(|wait| wait.step != step) {
            let phase = furthest.entry(wait.step).or_insert(wait.phase);
            *phase = wait.phase.max(*phase);
        }
        self.steps[step].waits_for = furthest.into_iter().map(|(step, phase)| Wait { step, phase }).collect();
    }

    /// The deletion that must come first because what it deletes has the name that `step` is to give.
    fn name_holder(&self, step: usize) -> Option<usize> {
        let Step { kind, operation: StepOperation::Create(target), .. } = &self.steps[step] else { return None };
        let description = kind.description();
        self.name_holders.get(&(description.name, description.name_of(&target.spec)?)).copied()
    }

    fn live_of(&self, change: &Change) -> Option<Live> {
        let (id, spec) = (change.id.clone()?, change.before.clone()?);
        Some(Live { id, spec, attributes: change.before_attributes.clone(), ownership: change.ownership.clone() })
    }

    fn resource(&self, address: &Address) -> Option<&Resource> {
        self.inputs.stack?.resources.get(address)
    }

    fn was_seen(&self, address: &Address) -> bool {
        self.inputs.observed.resources.contains_key(address)
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

/// What such a step usually does.
fn name_of(operation: &StepOperation) -> OperationName {
    match operation {
        StepOperation::Create(_) => OperationName::Create,
        StepOperation::Update { .. } => OperationName::Update,
        StepOperation::Delete { .. } | StepOperation::DeleteDeposed { .. } => OperationName::Delete,
        StepOperation::Record { .. } => OperationName::Import,
        StepOperation::Forget => OperationName::Forget,
    }
}
