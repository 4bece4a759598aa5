//! Live resources → the record of a stack whose state is lost: a function.
//!
//! Every resource carries the name of its stack and its address as tags, so that AWS itself remembers what the state
//! did. What AWS can't tell comes from the stack file, where that still declares the address:
//!
//! | of a record | is |
//! |---|---|
//! | address | its tag |
//! | spec | what is live; what AWS never tells back as the stack file says; what equals a secret by its digest |
//! | dependencies, lifecycle | the stack file's; of an address that it lacks, what its spec names |
//! | deposed | all of one address but the latest: a replacement was interrupted |
//! | outputs | computed as an apply does |
//!
//! `marks.rs` reads the tags, `seal.rs` keeps secrets out of the record.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;

use crate::address::Address;
use crate::export::leaves;
use crate::graph;
use crate::place::Place;
use crate::plan::{keep_write_only, sealed_if};
use crate::resource::{self, Live, ResourceType, find_kind};
use crate::schema::Phase;
use crate::stack::{Dependency, Resource, Stack};
use crate::state::{Deposed, Record, RecordedOutput, State};
use crate::template::Reference;
use crate::value::Value;

mod marks;
mod seal;
#[cfg(test)]
mod tests;

pub use marks::LeftOut;

/// All that a state is rebuilt from.
#[derive(Debug)]
pub struct Inputs<'a> {
    pub kinds: &'a [&'static dyn ResourceType],
    /// Read with the digest key of `base`.
    pub stack: &'a Stack,
    /// What is marked as the stack's; the latest last of those that share a name.
    pub found: Vec<(&'static dyn ResourceType, Live)>,
    /// What the stack looks up, as far as it is there.
    pub data: &'a BTreeMap<Address, Live>,
    pub place: &'a Place,
    /// Lineage and digest key; nothing else of it counts.
    pub base: &'a State,
    /// When this is.
    pub now: Timestamp,
}

/// What came of it.
#[derive(Debug)]
pub struct Rebuilt {
    pub state: State,
    /// What the stack declares and nothing is marked as.
    pub not_found: Vec<Address>,
    pub left_out: Vec<LeftOut>,
}

/// Makes the state.
pub fn rebuild(inputs: Inputs<'_>) -> Rebuilt {
    let Inputs { kinds, stack, data, place, base, now, .. } = inputs;
    let mut state = State {
        stack: stack.name.clone(),
        place: place.clone(),
        resources: BTreeMap::new(),
        deposed: Vec::new(),
        outputs: BTreeMap::new(),
        interrupted: Vec::new(),
        ..base.clone()
    };
    let (marked, left_out) = marks::by_address(inputs.found);
    for (address, lives) in marked {
        let declared = declared(stack, &address);
        let latest = marks::latest(&lives, declared);
        for (index, live) in lives.into_iter().enumerate() {
            // A spec in normal form may name the account itself, as a role's short name does.
            let spec = live.spec.resolve(&|reference| place.lookup(reference), &|text| base.digest(text));
            let record = Record {
                id: live.id,
                spec,
                attributes: live.attributes,
                dependencies: declared.map(|resource| resource.dependencies.clone()).unwrap_or_default(),
                lifecycle: declared.map(|resource| resource.lifecycle.clone()).unwrap_or_default(),
                incomplete: false,
                moved_from: None,
                changed_at: now,
            };
            if index == latest {
                state.resources.insert(address.clone(), record);
            } else {
                state.deposed.push(Deposed { address: address.clone(), record });
            }
        }
    }
    let known = state.clone();
    let lookup = |reference: &Reference| match reference {
        Reference::Attribute { address, attribute } if address.is_data => data.get(address)?.attributes.get(attribute).cloned(),
        Reference::Attribute { address, attribute } => known.resources.get(address)?.attributes.get(attribute).cloned(),
        other => place.lookup(other),
    };
    let digest = |text: &str| base.digest(text);
    complete(&mut state, inputs.kinds, stack, &lookup, &digest);
    for (name, output) in &stack.outputs {
        let value = output.value.resolve(&lookup, &digest);
        // What is not known waits for the next apply, as everywhere.
        if !value.is_pending() {
            let value = sealed_if(output.sensitive, &value, &digest);
            state.outputs.insert(name.clone(), RecordedOutput { value, sensitive: output.sensitive });
        }
    }
    infer_dependencies(&mut state, kinds, stack, place);
    let is_found = |address: &&Address| !known.resources.keys().any(|found| moved_to(stack, found) == **address);
    let not_found = stack.resources.keys().filter(is_found).cloned().collect();
    Rebuilt { state, not_found, left_out }
}

/// What AWS never tells back, and what it tells and must not be written.
fn complete(
    state: &mut State,
    kinds: &[&'static dyn ResourceType],
    stack: &Stack,
    lookup: &impl Fn(&Reference) -> Option<Value>,
    digest: &impl Fn(&str) -> String,
) {
    let secrets = seal::secrets(stack);
    let deposed = state.deposed.iter_mut().map(|deposed| (&deposed.address, &mut deposed.record));
    for (address, record) in state.resources.iter_mut().chain(deposed) {
        let Some(kind) = find_kind(kinds, &address.resource_type) else { continue };
        let desired = declared(stack, address).map(|resource| desired(resource, lookup, digest));
        record.spec = seal::sealed(kind.schema(), &record.spec, desired.as_ref(), &secrets, digest);
        keep_write_only(kind.schema(), &mut record.spec, desired.as_ref(), None);
    }
}

/// What the stack wants of a resource, as a plan knows it.
fn desired(resource: &Resource, lookup: &impl Fn(&Reference) -> Option<Value>, digest: &impl Fn(&str) -> String) -> Value {
    let known = resource::normalise(resource.kind, &resource.spec.resolve(lookup, digest));
    resource::normalise(resource.kind, &known.resolve(lookup, digest))
}

/// What the stack declares at `address`, or at the one that its `[[moved]]` leads to.
fn declared<'a>(stack: &'a Stack, address: &Address) -> Option<&'a Resource> {
    stack.resources.get(&moved_to(stack, address))
}

/// Where the moves of the stack lead from `address`. The reader refuses rings of them.
fn moved_to(stack: &Stack, address: &Address) -> Address {
    let mut at = address.clone();
    while let Some(next) = stack.moves.iter().find(|it| it.from == at) {
        at = next.to.clone();
    }
    at
}

/// What an address that the stack no longer declares is deleted before, by the ids that its spec names.
fn infer_dependencies(state: &mut State, kinds: &[&'static dyn ResourceType], stack: &Stack, place: &Place) {
    let by_id: BTreeMap<String, Address> =
        state.resources.iter().map(|(address, record)| (record.id.clone(), address.clone())).collect();
    let mut inferred: BTreeMap<Address, Vec<Dependency>> = BTreeMap::new();
    for (address, record) in state.resources.iter().filter(|(address, _)| declared(stack, address).is_none()) {
        let Some(kind) = find_kind(kinds, &address.resource_type) else { continue };
        let used = leaves(kind, &record.spec, place, kinds).into_iter().filter(|leaf| leaf.bond.is_followed());
        for (_, mention) in used.flat_map(|leaf| leaf.mentions) {
            let Some(named) = by_id.get(&mention.id).filter(|named| *named != address) else { continue };
            let dependencies = inferred.entry(address.clone()).or_default();
            if !dependencies.iter().any(|dependency| dependency.address == *named) {
                dependencies.push(Dependency { address: named.clone(), needs: Phase::Exists });
            }
        }
    }
    // Two that name each other can be told in no order, and are then deleted in any.
    let edges = |address: &Address, record: &Record| -> Vec<Address> {
        let all = record.dependencies.iter().chain(inferred.get(address).into_iter().flatten());
        all.map(|dependency| dependency.address.clone()).filter(|address| state.resources.contains_key(address)).collect()
    };
    let needs: IndexMap<Address, Vec<Address>> =
        state.resources.iter().map(|(address, record)| (address.clone(), edges(address, record))).collect();
    if graph::order(&needs).is_ok() {
        for (address, dependencies) in inferred {
            if let Some(record) = state.resources.get_mut(&address) {
                record.dependencies = dependencies;
            }
        }
    }
}
