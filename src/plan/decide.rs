//! What each resource is to be, what that takes, and why.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::address::Address;
use crate::plan::adjust;
use crate::plan::error::PlanError;
use crate::plan::{Action, Change, Inputs, Reason};
use crate::resource::{self, Attributes, Live, Replacement, ResourceType};
use crate::schema::{Difference, differences};
use crate::stack::Resource;
use crate::state::Record;
use crate::template::{Part, Reference, Template};
use crate::value::{Path, Value};

/// The decisions so far; each new one may look at those of its dependencies.
pub struct Decisions<'a> {
    inputs: Inputs<'a>,
    pub changes: IndexMap<Address, Change>,
    pub errors: Vec<PlanError>,
}

impl<'a> Decisions<'a> {
    pub fn new(inputs: Inputs<'a>) -> Self {
        Self { inputs, changes: IndexMap::new(), errors: Vec::new() }
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
        let desired = self.desired(resource);
        let record = self.inputs.state.resources.get(&resource.address);
        let change = match (self.present(&resource.address, record), record) {
            _ if !is_targeted => self.untouched(resource, record),
            (Presence::Here(live), _) => self.existing(resource, desired, live, record),
            (Presence::Gone, Some(_)) => self.absent(resource, desired, Reason::Missing),
            (Presence::Gone, None) => self.absent(resource, desired, Reason::New),
        };
        self.changes.insert(resource.address.clone(), change);
    }

    /// What a resource is to be, as far as that is known.
    fn desired(&self, resource: &Resource) -> Value {
        let known = resource::normalise(resource.kind, &self.resolve(&resource.spec));
        // A normal form may name the account itself: a role's short name stands for its ARN.
        resource::normalise(resource.kind, &self.resolve(&known))
    }

    /// Decides on a record that the stack does not have.
    pub fn remove(&mut self, address: &Address, record: &Record, reason: Reason) {
        let Some(kind) = crate::resources::find(&address.resource_type) else {
            self.errors.push(PlanError::UnknownType { address: address.clone() });
            return;
        };
        let (action, mut before) = match self.present(address, Some(record)) {
            Presence::Here(live) => (Action::Delete, live),
            Presence::Gone => (Action::Forget, recorded_as_live(record)),
        };
        // AWS tells a secret back in clear; the plan must not.
        adjust::seal(&mut before.spec, [Some(&record.spec), None], &|text| self.inputs.state.digest(text));
        if action == Action::Delete && record.lifecycle.prevent_destroy {
            self.errors.push(PlanError::PreventDestroy { address: address.clone() });
        }
        let reasons = if action == Action::Forget { vec![Reason::Missing, reason] } else { vec![reason] };
        self.changes.insert(
            address.clone(),
            Change {
                address: address.clone(),
                kind,
                action,
                reasons,
                id: Some(before.id),
                before: Some(before.spec),
                after: None,
                before_attributes: before.attributes,
                after_attributes: Attributes::new(),
                differences: Vec::new(),
                drift: Vec::new(),
                deposed: None,
            },
        );
    }

    /// Whether it is there, as far as was looked. What was not looked at is taken to be as recorded.
    fn present(&self, address: &Address, record: Option<&Record>) -> Presence {
        let sight = self.inputs.observed.resources.get(address);
        match (sight, record, self.inputs.observed.found.get(address)) {
            (Some(Some(live)), ..) => Presence::Here(live.clone()),
            (Some(None), ..) => Presence::Gone,
            (None, Some(record), _) => Presence::Here(recorded_as_live(record)),
            (None, None, Some(found)) if self.leaves(found) => Presence::Gone,
            (None, None, Some(found)) => Presence::Here(found.clone()),
            (None, None, None) => Presence::Gone,
        }
    }

    /// One that `--target` leaves out.
    fn untouched(&self, resource: &Resource, record: Option<&Record>) -> Change {
        let before = match self.present(&resource.address, record) {
            Presence::Here(live) if record.is_some() => Some(live),
            _ => None,
        };
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
        let after_attributes = future_attributes(resource.kind, &resource.address, &desired, &self.inputs);
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

    fn existing(&mut self, resource: &Resource, mut desired: Value, live: Live, record: Option<&Record>) -> Change {
        let (kind, address) = (resource.kind, &resource.address);
        let schema = kind.schema();
        let mut before = live.spec.clone();
        let recorded = record.map(|record| &record.spec);
        adjust::seal(&mut before, [Some(&desired), recorded], &|text| self.inputs.state.digest(text));
        adjust::keep_write_only(schema, &mut before, recorded);
        adjust::keep_unmanaged(schema, &mut desired, &before);
        for path in &resource.lifecycle.ignore_changes {
            adjust::keep_path(schema, path, &mut desired, &before);
        }
        let desired = resource::normalise(kind, &desired);

        if record.is_none() && !self.is_ours(address, &live) {
            self.errors.push(PlanError::NameTaken {
                address: address.clone(),
                id: live.id.clone(),
                owner: live.ownership.clone(),
            });
        }
        let drift = recorded.map_or_else(Vec::new, |recorded| {
            let mut expected = recorded.clone();
            adjust::keep_unmanaged(schema, &mut expected, &before);
            differences(schema, Some(&expected), Some(&before))
        });
        let differences = differences(schema, Some(&before), Some(&desired));
        let mut reasons = self.reasons(&differences, schema, recorded, &desired);
        if record.is_none() {
            reasons.insert(0, Reason::OwnedByTags);
        } else if record.is_some_and(|record| record.incomplete) && !differences.is_empty() {
            reasons.insert(0, Reason::Interrupted);
        }
        let requested = self.inputs.options.replace.contains(address);
        if requested {
            reasons.push(Reason::Requested);
        }
        let must_replace = requested || differences.iter().any(|difference| difference.replace);
        let action = match (must_replace, record) {
            (true, _) => Action::Replace(self.replacement(resource, &before, &desired)),
            (false, None) => Action::Import,
            (false, Some(_)) if differences.is_empty() => Action::NoOp,
            (false, Some(_)) => Action::Update,
        };
        if must_replace && resource.lifecycle.prevent_destroy {
            self.errors.push(PlanError::PreventDestroy { address: address.clone() });
        }
        let after_attributes = match action {
            Action::Replace(_) => future_attributes(kind, address, &desired, &self.inputs),
            _ if differences.is_empty() => live.attributes.clone(),
            _ => surviving_attributes(kind, address, &live.attributes),
        };
        Change {
            address: address.clone(),
            kind,
            action,
            reasons,
            id: Some(live.id),
            before: Some(before),
            after: Some(desired),
            before_attributes: live.attributes,
            after_attributes,
            differences,
            drift,
            deposed: None,
        }
    }

    /// Whether what has a name now is a resource of ours that this plan deletes: the name will be free.
    fn leaves(&self, live: &Live) -> bool {
        let owner = live.ownership.as_ref().filter(|owner| owner.stack == self.inputs.state.stack);
        let owner: Option<Address> = owner.and_then(|owner| owner.address.parse().ok());
        owner.is_some_and(|owner| {
            let is_recorded = self.inputs.state.resources.get(&owner).is_some_and(|record| record.id == live.id);
            is_recorded && self.inputs.stack.is_some_and(|stack| !stack.resources.contains_key(&owner))
        })
    }

    /// Whether `live`, which has the name of `address`, is that resource by its tags.
    fn is_ours(&self, address: &Address, live: &Live) -> bool {
        live.ownership
            .as_ref()
            .is_some_and(|owner| owner.stack == self.inputs.state.stack && owner.address == address.to_string())
    }

    fn replacement(&mut self, resource: &Resource, before: &Value, desired: &Value) -> Replacement {
        let description = resource.kind.description();
        let order = match resource.lifecycle.create_before_destroy {
            Some(true) => Replacement::CreateThenDelete,
            Some(false) => Replacement::DeleteThenCreate,
            None => description.replacement,
        };
        let name = before.text(description.name_field);
        if order == Replacement::CreateThenDelete
            && description.replacement == Replacement::DeleteThenCreate
            && name.is_some()
            && name == desired.text(description.name_field)
        {
            let name = name.unwrap_or_default().to_owned();
            self.errors.push(PlanError::SameName { address: resource.address.clone(), name });
        }
        order
    }

    fn reasons(
        &self,
        differences: &[Difference],
        schema: &crate::schema::Field,
        recorded: Option<&Value>,
        desired: &Value,
    ) -> Vec<Reason> {
        let by_user: BTreeSet<Path> = recorded.map_or_else(BTreeSet::new, |recorded| {
            crate::schema::differences(schema, Some(recorded), Some(desired))
                .into_iter()
                .map(|difference| difference.path)
                .collect()
        });
        let mut reasons = Vec::new();
        let mut add = |reason: Reason| {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        };
        for difference in differences {
            let upstream = self.replaced_upstream(difference);
            let is_by_user = recorded.is_none()
                || by_user.iter().any(|path| path.starts_with(&difference.path) || difference.path.starts_with(path));
            if !upstream.is_empty() {
                upstream.into_iter().for_each(|address| add(Reason::UpstreamReplaced(address)));
            } else if is_by_user {
                add(Reason::Changed(difference.path.clone()));
            } else {
                add(Reason::Drifted(difference.path.clone()));
            }
            if difference.replace {
                add(Reason::MustBeReplaced(difference.path.clone()));
            }
        }
        reasons
    }

    /// Which replaced resources the new value waits for.
    fn replaced_upstream(&self, difference: &Difference) -> BTreeSet<Address> {
        let references = difference.new.as_ref().map(Value::references).unwrap_or_default();
        references
            .into_iter()
            .filter_map(|reference| match reference {
                Reference::Attribute { address, .. } => Some(address),
                _ => None,
            })
            .filter(|address| self.changes.get(address).is_some_and(|change| matches!(change.action, Action::Replace(_))))
            .collect()
    }
}

/// Whether a resource is there.
enum Presence {
    Here(Live),
    Gone,
}

fn recorded_as_live(record: &Record) -> Live {
    Live { id: record.id.clone(), spec: record.spec.clone(), attributes: record.attributes.clone(), ownership: None }
}

/// The attributes of one that is yet to be made: those that its name, account and region make certain; the others are pending.
fn future_attributes(kind: &dyn ResourceType, address: &Address, desired: &Value, inputs: &Inputs<'_>) -> Attributes {
    let mut predicted = kind.predict(desired, inputs.place);
    kind.description()
        .attributes
        .iter()
        .map(|attribute| {
            let value = predicted.remove(attribute.name).unwrap_or_else(|| pending_attribute(address, attribute.name));
            (attribute.name.to_owned(), value)
        })
        .collect()
}

/// The attributes of one that is to be changed: those that a change may touch are pending.
fn surviving_attributes(kind: &dyn ResourceType, address: &Address, now: &Attributes) -> Attributes {
    let touched: BTreeMap<_, _> = kind
        .description()
        .attributes
        .iter()
        .filter(|attribute| !attribute.survives_update)
        .map(|attribute| (attribute.name.to_owned(), pending_attribute(address, attribute.name)))
        .collect();
    now.clone().into_iter().chain(touched).collect()
}

fn pending_attribute(address: &Address, attribute: &str) -> Value {
    let reference = Reference::Attribute { address: address.clone(), attribute: attribute.to_owned() };
    Value::Pending(Template::from_parts([Part::Reference(reference)]))
}
