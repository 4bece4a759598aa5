//! What each resource is to be, and what that takes.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::address::Address;
use crate::plan::error::PlanError;
use crate::plan::{Action, Change, Inputs, Reason, adjust, attributes, reasons};
use crate::resource::{self, Attributes, Live, Replacement, ResourceType};
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
    pub fn decide(&mut self, resource: &Resource, is_targeted: bool) {
        let record = self.inputs.state.resources.get(&resource.address);
        let change = if !is_targeted {
            self.untouched(resource, record)
        } else {
            let desired = self.desired(resource, &|reference| self.lookup(reference));
            let reason = if record.is_some() { Reason::Missing } else { Reason::New };
            match self.present(&resource.address, record) {
                Presence::Here(live) => self.existing(resource, desired, live, record),
                Presence::Gone => self.absent(resource, desired, reason),
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
        let Some(kind) = resource::find_kind(self.inputs.kinds, &address.resource_type) else {
            self.errors.push(PlanError::UnknownType { address: address.clone() });
            return;
        };
        let (action, mut before) = match self.present(address, Some(record)) {
            Presence::Here(live) => (Action::Delete, live),
            // What is there now is another stack's, and not ours to delete.
            Presence::Gone | Presence::Other(_) => (Action::Forget, recorded_as_live(record)),
        };
        self.seal(kind, &mut before.spec, [None, Some(&record.spec)]);
        adjust::keep_write_only(kind.schema(), &mut before.spec, Some(&record.spec), None);
        if action == Action::Delete && record.lifecycle.prevent_destroy {
            self.errors.push(PlanError::PreventDestroy { address: address.clone() });
        }
        let reasons = if action == Action::Forget { vec![Reason::Missing, reason] } else { vec![reason] };
        let change = Change {
            address: address.clone(),
            kind,
            action,
            reasons,
            id: Some(before.id),
            // What nobody declared goes with it, so it is shown.
            drift: drift(kind, Some(record), &before.spec),
            before: Some(before.spec),
            after: None,
            before_attributes: before.attributes,
            after_attributes: Attributes::new(),
            differences: Vec::new(),
            deposed: None,
        };
        self.changes.insert(address.clone(), change);
    }

    /// Looks back once everything is decided: a name can be taken over only from what gives it up.
    pub fn finish(&mut self) {
        for (address, owner, live) in std::mem::take(&mut self.takeovers) {
            let owner = self.changes.get(owner);
            if !owner.is_some_and(|owner| matches!(owner.action, Action::Delete | Action::Replace(_) | Action::Forget)) {
                self.errors.push(PlanError::NameTaken { address, id: live.id, owner: live.ownership });
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

    /// Whether it is there, as far as was looked. What was not looked at is taken to be as recorded.
    fn present(&self, address: &Address, record: Option<&Record>) -> Presence {
        let observed = self.inputs.observed;
        match (observed.resources.get(address), record, observed.found.get(address)) {
            (Some(Some(live)), ..) if self.is_of_another_stack(live) => Presence::Other(live.clone()),
            (Some(Some(live)), ..) => Presence::Here(live.clone()),
            (Some(None), ..) => Presence::Gone,
            (None, Some(record), _) => Presence::Here(recorded_as_live(record)),
            (None, None, Some(found)) if self.is_ours(address, found) && self.owner(found).is_none() => {
                Presence::Here(found.clone())
            }
            (None, None, Some(found)) => Presence::Other(found.clone()),
            (None, None, None) => Presence::Gone,
        }
    }

    /// Notes that `address` is to have the name that `live` has now: it must be given up, or there is no plan.
    fn claim_name(&mut self, address: &Address, live: Live) {
        match self.owner(&live) {
            Some(owner) if owner != address => self.takeovers.push((address.clone(), owner, live)),
            // Its own predecessor, which is deleted first.
            None if self.inputs.state.deposed.iter().any(|deposed| deposed.record.id == live.id) => {}
            _ => self.errors.push(PlanError::NameTaken { address: address.clone(), id: live.id, owner: live.ownership }),
        }
    }

    /// The recorded resource that `live` is.
    fn owner(&self, live: &Live) -> Option<&'a Address> {
        self.owners.get(live.id.as_str()).copied()
    }

    /// Whether `live`, which has the name of `address`, is that resource by its tags.
    fn is_ours(&self, address: &Address, live: &Live) -> bool {
        let owner = live.ownership.as_ref();
        owner.is_some_and(|owner| owner.stack == self.inputs.state.stack && owner.address == address.to_string())
    }

    fn is_of_another_stack(&self, live: &Live) -> bool {
        live.ownership.as_ref().is_some_and(|owner| owner.stack != self.inputs.state.stack)
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
            Presence::Here(mut live) => {
                self.seal(resource.kind, &mut live.spec, [None, Some(&record.spec)]);
                adjust::keep_write_only(resource.kind.schema(), &mut live.spec, Some(&record.spec), None);
                Some(live)
            }
            Presence::Gone | Presence::Other(_) => None,
        });
        let attributes = before.as_ref().map(|live| live.attributes.clone()).unwrap_or_default();
        Change {
            address: resource.address.clone(),
            kind: resource.kind,
            action: Action::NoOp,
            reasons: Vec::new(),
            id: before.as_ref().map(|live| live.id.clone()),
            before: before.as_ref().map(|live| live.spec.clone()),
            after: before.map(|live| live.spec),
            before_attributes: attributes.clone(),
            after_attributes: attributes,
            differences: Vec::new(),
            drift: Vec::new(),
            deposed: None,
        }
    }

    fn absent(&self, resource: &Resource, desired: Value, reason: Reason) -> Change {
        let after_attributes = attributes::future(resource.kind, &resource.address, &desired, self.inputs.place);
        Change {
            address: resource.address.clone(),
            kind: resource.kind,
            action: Action::Create,
            reasons: vec![reason],
            id: None,
            before: None,
            differences: differences(resource.kind.schema(), None, Some(&desired)),
            after: Some(desired),
            before_attributes: Attributes::new(),
            after_attributes,
            drift: Vec::new(),
            deposed: None,
        }
    }

    fn existing(&mut self, resource: &Resource, desired: Value, live: Live, record: Option<&Record>) -> Change {
        let (kind, address) = (resource.kind, &resource.address);
        let recorded = record.map(|record| &record.spec);
        let mut before = live.spec.clone();
        self.seal(kind, &mut before, [Some(&desired), recorded]);
        let interrupted = record.filter(|record| record.incomplete).map(|_| &desired);
        adjust::keep_write_only(kind.schema(), &mut before, recorded, interrupted);
        let desired = self.adjusted(resource, desired, &before);

        let differences = differences(kind.schema(), Some(&before), Some(&desired));
        let mut reasons = reasons::reasons(self, resource, record, &differences);
        let requested = self.inputs.options.replace.contains(address);
        if requested {
            reasons.push(Reason::Requested);
        }
        let action = if requested || differences.iter().any(|difference| difference.replace) {
            Action::Replace(self.replacement(resource, &before, &desired))
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
        Change {
            address: address.clone(),
            kind,
            action,
            reasons,
            id: Some(live.id),
            drift: drift(kind, record, &before),
            before: Some(before),
            after: Some(desired),
            before_attributes: live.attributes,
            after_attributes,
            differences,
            deposed: None,
        }
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
        // Of a resource that has a record, only a new name is looked for.
        if let Some(found) = self.inputs.observed.found.get(address)
            && found.id != live.id
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

/// What changed outside. After an interruption nobody knows what of a difference is our own doing.
fn drift(kind: &dyn ResourceType, record: Option<&Record>, before: &Value) -> Vec<Difference> {
    let Some(record) = record.filter(|record| !record.incomplete) else { return Vec::new() };
    let mut expected = record.spec.clone();
    adjust::keep_unmanaged(kind.schema(), &mut expected, before);
    differences(kind.schema(), Some(&expected), Some(before))
}

fn recorded_as_live(record: &Record) -> Live {
    Live { id: record.id.clone(), spec: record.spec.clone(), attributes: record.attributes.clone(), ownership: None }
}
