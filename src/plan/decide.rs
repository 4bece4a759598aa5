//! What each resource is to be, and what that takes.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::address::Address;
use crate::plan::drift::{self, Drift};
use crate::plan::error::PlanError;
use crate::plan::{Action, Change, Inputs, Reason, adjust, attributes, reasons};
use crate::resource::{self, Live, Ownership, Replacement, ResourceType};
use crate::schema::{Difference, differences};
use crate::stack::Resource;
use crate::state::Record;
use crate::template::Reference;
use crate::value::Value;

/// The decisions so far; each new one may look at those of its dependencies.
pub struct Decisions<'a> {
    inputs: Inputs<'a>,
    pub changes: IndexMap<Address, Change>,
    pub errors: Vec<PlanError>,
    /// The recorded resources by their ids.
    owners: HashMap<&'a str, &'a Address>,
    /// Which address takes over the name of which other, and what has that name now.
    takeovers: Vec<(Address, &'a Address, Live)>,
}

impl<'a> Decisions<'a> {
    pub fn new(inputs: Inputs<'a>) -> Self {
        let owners = inputs.state.resources.iter().map(|(address, record)| (record.id.as_str(), address)).collect();
        Self { inputs, changes: IndexMap::new(), errors: Vec::new(), owners, takeovers: Vec::new() }
    }

    /// What is known of a reference when everything decided so far has been done.
    pub fn lookup(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::Attribute { address, attribute } if address.is_data => {
                self.inputs.observed.data.get(address)?.attributes.get(attribute).cloned()
            }
            Reference::Attribute { address, attribute } => self.changes.get(address)?.after_attributes.get(attribute).cloned(),
            other => self.inputs.place.lookup(other),
        }
    }

    /// `value` with everything resolved that is known.
    pub fn resolve(&self, value: &Value) -> Value {
        value.resolve(&|reference| self.lookup(reference), &|text| self.inputs.state.digest(text))
    }

    /// Decides on a resource of the stack, whose dependencies are decided already.
    pub fn decide(&mut self, resource: &Resource, is_looked_at: bool) {
        let record = self.inputs.state.resources.get(&resource.address);
        let change = if !is_looked_at {
            self.untouched(resource, record)
        } else {
            let desired = self.desired(resource, &|reference| self.lookup(reference));
            let reason = if record.is_some() { Reason::Missing } else { Reason::New };
            match self.present(&resource.address, record) {
                Presence::Here(live) => {
                    self.check_import(&resource.address, record, &live);
                    self.existing(resource, desired, live, record)
                }
                Presence::Gone => {
                    self.check_new_name(&resource.address, None);
                    self.absent(resource, desired, reason)
                }
                Presence::Other(live) => {
                    self.claim_name(&resource.address, live);
                    self.absent(resource, desired, reason)
                }
            }
        };
        self.changes.insert(resource.address.clone(), change);
    }

    /// Decides on a record that the stack does not have.
    pub fn remove(&mut self, address: &Address, record: &Record, reason: Reason) {
        let Some(kind) = self.kind_of(address) else { return };
        let (action, why, before) = match self.present(address, Some(record)) {
            Presence::Here(live) => (Action::Delete, None, live),
            Presence::Gone => (Action::Forget, Some(Reason::Missing), self.recorded_as_live(address, record)),
            // What is there now is another stack's, and not ours to delete.
            Presence::Other(live) => {
                let why = live.ownership.map_or(Reason::Missing, Reason::MarkedAsAnothers);
                (Action::Forget, Some(why), self.recorded_as_live(address, record))
            }
        };
        let before = self.comparable(kind, before, record, [None, Some(&record.spec)]);
        if action == Action::Delete && record.lifecycle.prevent_destroy {
            self.errors.push(PlanError::PreventDestroy { address: address.clone() });
        }
        let reasons = why.into_iter().chain([reason]).collect();
        // What nobody declared goes with it, so it is shown.
        let Drift { ours, left_alone } = drift::drift(kind, Some(record), &before, None, &record.lifecycle);
        let change = Change { action, reasons, drift: ours, left_alone, ..Change::of(address.clone(), kind, Some(before)) };
        self.changes.insert(address.clone(), change);
    }

    /// Decides what the state is to take over of a record: what changed outside, and nothing else.
    pub fn refresh(&mut self, address: &Address, record: &Record) {
        let Some(kind) = self.kind_of(address) else { return };
        let resource = self.inputs.stack.and_then(|stack| stack.resources.get(address));
        let change = match self.present(address, Some(record)) {
            // That it is marked as another stack's is a change like any other here, where nothing is done about it.
            Presence::Here(live) | Presence::Other(live) => {
                let before = self.comparable(kind, live, record, [None, Some(&record.spec)]);
                let declared = resource.map(|resource| &resource.spec);
                let lifecycle = resource.map_or(&record.lifecycle, |resource| &resource.lifecycle);
                let Drift { mut ours, left_alone } = drift::drift(kind, Some(record), &before, declared, lifecycle);
                if !record.incomplete {
                    ours.extend(self.lost_marks(kind, address, record, &before));
                }
                let action = if ours.is_empty() && left_alone.is_empty() { Action::NoOp } else { Action::Refresh };
                let (after, after_attributes) = (Some(before.spec.clone()), before.attributes.clone());
                let change = Change::of(address.clone(), kind, Some(before));
                Change { action, drift: ours, left_alone, after, after_attributes, ..change }
            }
            Presence::Gone => {
                let before = self.recorded_as_live(address, record);
                let change = Change::of(address.clone(), kind, Some(before));
                Change { action: Action::Forget, reasons: vec![Reason::Missing], ..change }
            }
        };
        self.changes.insert(address.clone(), change);
    }

    /// Looks back once everything is decided: two addresses can't be one resource, and a name can be taken over only from
    /// what gives it up.
    pub fn finish(&mut self) {
        let mut seen: HashMap<&str, &Address> = HashMap::new();
        let is_told = |errors: &[PlanError], id: &str| {
            errors.iter().any(|error| matches!(error, PlanError::ManagedAlready { id: told, .. } if told == id))
        };
        for (address, change) in self.changes.iter().filter(|(_, change)| change.action != Action::Forget) {
            let Some(id) = change.id.as_deref().filter(|id| !is_told(&self.errors, id)) else { continue };
            if let Some(other) = seen.insert(id, address) {
                let (address, other, id) = (address.clone(), other.clone(), id.to_owned());
                self.errors.push(PlanError::SameResource { address, other, id });
            }
        }
        for (address, owner, live) in std::mem::take(&mut self.takeovers) {
            if !self.changes.get(owner).is_some_and(gives_up_its_name) {
                let error = self.name_taken(address, live);
                self.errors.push(error);
            }
        }
    }

    /// What a resource is to be, as far as `lookup` makes that known.
    pub fn desired(&self, resource: &Resource, lookup: &impl Fn(&Reference) -> Option<Value>) -> Value {
        let resolve = |value: &Value| value.resolve(lookup, &|text| self.inputs.state.digest(text));
        let known = resource::normalise(resource.kind, &resolve(&resource.spec));
        // A normal form may name the account itself: a role's short name stands for its ARN.
        resource::normalise(resource.kind, &resolve(&known))
    }

    /// `desired`, but as `before` where the resource leaves that open.
    pub fn adjusted(&self, resource: &Resource, mut desired: Value, before: &Value) -> Value {
        let schema = resource.kind.schema();
        let name_field = resource.kind.description().name_field;
        // A name that nobody gave is as good as any: one that is there keeps the name that it has.
        if let (true, Some(map), Some(name)) = (resource.is_named_by_default, desired.as_map_mut(), before.get(name_field)) {
            map.insert(name_field.to_owned(), name.clone());
        }
        adjust::keep_unmanaged(schema, &mut desired, before);
        for path in &resource.lifecycle.ignore_changes {
            adjust::keep_path(schema, path, &mut desired, before);
        }
        resource::normalise(resource.kind, &desired)
    }

    /// What a reference meant when the state was written.
    pub fn lookup_recorded(&self, reference: &Reference) -> Option<Value> {
        let recorded = match reference {
            Reference::Attribute { address, attribute } if !address.is_data => {
                self.inputs.state.resources.get(address).and_then(|record| record.attributes.get(attribute).cloned())
            }
            _ => None,
        };
        recorded.or_else(|| self.lookup(reference))
    }

    /// Why something becomes the stack's that is not recorded.
    pub fn import_reason(&self, address: &Address) -> Reason {
        if self.inputs.observed.imports.contains_key(address) { Reason::Imported } else { Reason::OwnedByTags }
    }

    /// Whether it is there, as far as was looked. What was not looked at is taken to be as recorded.
    fn present(&self, address: &Address, record: Option<&Record>) -> Presence {
        let observed = self.inputs.observed;
        match (observed.resources.get(address), record) {
            (Some(Some(live)), _) if self.is_of_another_stack(live) => return Presence::Other(live.clone()),
            // It was deleted outside, and another resource of this stack has been given its name since.
            (Some(Some(live)), _) if self.is_recorded_elsewhere(address, live) => return Presence::Gone,
            (Some(Some(live)), _) => return Presence::Here(live.clone()),
            (Some(None), _) => return Presence::Gone,
            (None, Some(record)) => return Presence::Here(self.recorded_as_live(address, record)),
            (None, None) => {}
        }
        if let Some(live) = observed.imports.get(address) {
            return Presence::Here(live.clone());
        }
        match observed.found.get(address) {
            Some(found) if self.is_ours(address, found) && self.owner(found).is_none() => Presence::Here(found.clone()),
            Some(found) => Presence::Other(found.clone()),
            None => Presence::Gone,
        }
    }

    /// Whether what is to be imported may be.
    fn check_import(&mut self, address: &Address, record: Option<&Record>, live: &Live) {
        if record.is_some() || !self.inputs.observed.imports.contains_key(address) {
            return;
        }
        let (address, id) = (address.clone(), live.id.clone());
        if let Some(owner) = self.owner(live) {
            self.errors.push(PlanError::ManagedAlready { address, id, owner: owner.clone() });
        } else if let Some(owner) = live.ownership.clone().filter(|_| self.is_of_another_stack(live))
            && !self.inputs.options.import.take_over
        {
            self.errors.push(PlanError::OwnedByAnother { address, id, owner });
        }
    }

    /// Notes that `address` is to have the name that `live` has now: it must be given up, or there is no plan.
    fn claim_name(&mut self, address: &Address, live: Live) {
        match self.owner(&live) {
            Some(owner)
                if owner == address
                    && let Some(owner) = live.ownership.clone().filter(|_| self.is_of_another_stack(&live)) =>
            {
                self.errors.push(PlanError::MarkedAsAnothers { address: address.clone(), id: live.id, owner });
            }
            Some(owner) if owner != address => self.takeovers.push((address.clone(), owner, live)),
            // Its own predecessor, which is deleted first.
            None if self.inputs.state.deposed.iter().any(|deposed| deposed.record.id == live.id) => {}
            _ => {
                let error = self.name_taken(address.clone(), live);
                self.errors.push(error);
            }
        }
    }

    fn name_taken(&self, address: Address, live: Live) -> PlanError {
        let owner = live.ownership.filter(Ownership::is_whole);
        PlanError::NameTaken { address, id: live.id, owner, stack: self.inputs.state.stack.clone() }
    }

    /// The recorded resource that `live` is.
    fn owner(&self, live: &Live) -> Option<&'a Address> {
        self.owners.get(live.id.as_str()).copied()
    }

    fn kind_of(&mut self, address: &Address) -> Option<&'static dyn ResourceType> {
        let kind = resource::find_kind(self.inputs.kinds, &address.resource_type);
        if kind.is_none() {
            self.errors.push(PlanError::UnknownType { address: address.clone() });
        }
        kind
    }

    /// Whether `live`, which has the name of `address`, is that resource by its tags.
    fn is_ours(&self, address: &Address, live: &Live) -> bool {
        live.is_owned_by(&self.ownership(address))
    }

    fn is_of_another_stack(&self, live: &Live) -> bool {
        live.ownership.as_ref().is_some_and(|owner| owner.is_of_another_stack(&self.inputs.state.stack))
    }

    /// Whether `live`, by its tags and by the state, is another resource of this stack than `address`.
    fn is_recorded_elsewhere(&self, address: &Address, live: &Live) -> bool {
        let marked = self.moved_from(address, live);
        let record = marked.and_then(|marked| self.inputs.state.resources.get(&marked));
        record.is_some_and(|record| record.id == live.id)
    }

    fn ownership(&self, address: &Address) -> Ownership {
        Ownership { stack: self.inputs.state.stack.clone(), address: address.to_string(), token: None }
    }

    /// The tags by which it is known as this stack's, where somebody took them away or changed them. That it is marked as
    /// the address from which it has moved is nobody's doing but ours.
    fn lost_marks(&self, kind: &dyn ResourceType, address: &Address, record: &Record, live: &Live) -> Vec<Difference> {
        let moved_from = self.moved_from(address, live);
        match moved_from.is_some() && moved_from == record.moved_from {
            true => Vec::new(),
            false => drift::unmarked(kind, live, &self.ownership(address)).into_iter().map(reversed).collect(),
        }
    }

    /// What was not looked at is taken to be as it was made.
    fn recorded_as_live(&self, address: &Address, record: &Record) -> Live {
        Live {
            id: record.id.clone(),
            spec: record.spec.clone(),
            attributes: record.attributes.clone(),
            ownership: Some(self.ownership(address)),
        }
    }

    /// `live` with what AWS tells in clear sealed, and with what AWS does not tell as it was recorded.
    fn comparable(&self, kind: &dyn ResourceType, mut live: Live, record: &Record, likes: [Option<&Value>; 2]) -> Live {
        self.seal(kind, &mut live.spec, likes);
        adjust::keep_write_only(kind.schema(), &mut live.spec, Some(&record.spec), None);
        live
    }

    /// AWS tells a secret back in clear; the plan must not.
    fn seal(&self, kind: &dyn ResourceType, live: &mut Value, likes: [Option<&Value>; 2]) {
        let digest = |text: &str| self.inputs.state.digest(text);
        adjust::seal(live, likes, &digest);
        for like in likes.into_iter().flatten().filter(|like| like.has_secret()) {
            adjust::seal_opposite(kind.schema(), live, like, &digest);
        }
    }

    /// One that `--target` leaves out.
    fn untouched(&self, resource: &Resource, record: Option<&Record>) -> Change {
        let before = record.and_then(|record| match self.present(&resource.address, Some(record)) {
            Presence::Here(live) => Some(self.comparable(resource.kind, live, record, [None, Some(&record.spec)])),
            Presence::Gone | Presence::Other(_) => None,
        });
        let after = before.as_ref().map(|live| live.spec.clone());
        let after_attributes = before.as_ref().map(|live| live.attributes.clone()).unwrap_or_default();
        Change { after, after_attributes, ..Change::of(resource.address.clone(), resource.kind, before) }
    }

    fn absent(&self, resource: &Resource, desired: Value, reason: Reason) -> Change {
        Change {
            action: Action::Create,
            reasons: vec![reason],
            differences: differences(resource.kind.schema(), None, Some(&desired)),
            after_attributes: attributes::future(resource.kind, &resource.address, &desired, self.inputs.place),
            after: Some(desired),
            ..Change::of(resource.address.clone(), resource.kind, None)
        }
    }

    fn existing(&mut self, resource: &Resource, desired: Value, live: Live, record: Option<&Record>) -> Change {
        let (kind, address) = (resource.kind, &resource.address);
        let recorded = record.map(|record| &record.spec);
        let mut live = live;
        let told = live.spec.clone();
        self.seal(kind, &mut live.spec, [Some(&desired), recorded]);
        let mut sealed = live.clone();
        adjust::unseal(&mut live.spec, &told, &desired);
        let interrupted = record.filter(|record| record.incomplete).map(|_| &desired);
        for live in [&mut live, &mut sealed] {
            adjust::keep_write_only(kind.schema(), &mut live.spec, recorded, interrupted);
        }
        let declared = desired.clone();
        let is_left_as_it_is = record.is_none() && self.inputs.options.import.as_is;
        let desired = if is_left_as_it_is { live.spec.clone() } else { self.adjusted(resource, desired, &live.spec) };

        let mut differences = differences(kind.schema(), Some(&live.spec), Some(&desired));
        let mut reasons = reasons::reasons(self, resource, record, &differences);
        let lost_marks = record.map(|record| self.lost_marks(kind, address, record, &live)).unwrap_or_default();
        reasons.extend(lost_marks.iter().map(|difference| Reason::Drifted(difference.path.clone())));
        differences.extend(drift::unmarked(kind, &live, &self.ownership(address)));
        if lost_marks.is_empty() {
            reasons.extend(self.moved_from(address, &live).map(Reason::Moved));
        }
        let requested = self.inputs.options.replace.contains(address);
        if requested {
            reasons.push(Reason::Requested);
        }
        let action = if requested || differences.iter().any(|difference| difference.replace) {
            Action::Replace(self.replacement(resource, &live.spec, &desired))
        } else if record.is_none() {
            Action::Import
        } else if differences.is_empty() {
            Action::NoOp
        } else {
            Action::Update
        };
        if matches!(action, Action::Replace(_)) {
            self.check_replacement(resource, &live);
        }
        let after_attributes = match action {
            Action::Replace(_) => attributes::future(kind, address, &desired, self.inputs.place),
            _ if differences.is_empty() => live.attributes.clone(),
            _ => attributes::surviving(kind, address, &live.attributes),
        };
        // That a value is sensitive now, or no longer, is nobody's doing outside: both sides are sealed alike.
        let record_sealed = record.cloned().map(|mut record| {
            self.seal(kind, &mut record.spec, [Some(&declared), None]);
            record
        });
        let Drift { mut ours, left_alone } =
            drift::drift(kind, record_sealed.as_ref(), &sealed, Some(&declared), &resource.lifecycle);
        if record.is_some_and(|record| !record.incomplete) {
            ours.extend(lost_marks);
        }
        Change {
            action,
            reasons,
            drift: ours,
            left_alone,
            after: Some(desired),
            after_attributes,
            differences,
            ..Change::of(address.clone(), kind, Some(live))
        }
    }

    /// The address of this stack as which `live` is still marked.
    fn moved_from(&self, address: &Address, live: &Live) -> Option<Address> {
        let owner = live.ownership.as_ref().filter(|owner| owner.stack == self.inputs.state.stack)?;
        owner.address.parse().ok().filter(|from| from != address)
    }

    fn replacement(&mut self, resource: &Resource, before: &Value, desired: &Value) -> Replacement {
        let description = resource.kind.description();
        let order = match resource.lifecycle.create_before_destroy {
            Some(true) => Replacement::CreateThenDelete,
            Some(false) => Replacement::DeleteThenCreate,
            None => description.replacement,
        };
        if order == Replacement::CreateThenDelete
            && description.names_are_exclusive()
            && let (Some(old), Some(new)) = (description.name_of(before), description.name_of(desired))
            && old == new
        {
            self.errors.push(PlanError::SameName { address: resource.address.clone(), name: new });
        }
        order
    }

    fn check_replacement(&mut self, resource: &Resource, live: &Live) {
        let address = &resource.address;
        if resource.lifecycle.prevent_destroy {
            self.errors.push(PlanError::PreventDestroy { address: address.clone() });
        }
        self.check_new_name(address, Some(&live.id));
    }

    /// Whether somebody has the name that `address` is to have, which until now has been `id`.
    fn check_new_name(&mut self, address: &Address, id: Option<&str>) {
        // Of a resource that has a record, only a new name is looked for.
        if let Some(found) = self.inputs.observed.found.get(address)
            && Some(found.id.as_str()) != id
            && !self.is_ours(address, found)
        {
            self.claim_name(address, found.clone());
        }
    }
}

/// Whether a resource is there.
enum Presence {
    Here(Live),
    Gone,
    /// Something that is not this resource has its name.
    Other(Live),
}

/// Whether its name is free once it has been changed. A replacement may keep it.
fn gives_up_its_name(change: &Change) -> bool {
    let description = change.kind.description();
    let name = |spec: &Option<Value>| spec.as_ref().and_then(|spec| description.name_of(spec));
    match change.action {
        Action::Delete | Action::Forget => true,
        Action::Replace(_) => name(&change.before) != name(&change.after),
        _ => false,
    }
}

/// As drift is told: from what was recorded to what is live.
fn reversed(difference: Difference) -> Difference {
    Difference { old: difference.new, new: difference.old, ..difference }
}
