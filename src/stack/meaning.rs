//! What each resource of a stack says of others, held against these: at first by the stack file alone, and once more
//! with what AWS tells of what is only looked up or named.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::diagnostic::Diagnostic;
use crate::place::Place;
use crate::resource::{Around, Live, ResourceType, find_kind};
use crate::stack::around::Surroundings;
use crate::stack::resources::Assembled;
use crate::stack::{DataSource, Resource, Stack};
use crate::template::Template;
use crate::value::{Path, Value};

/// Something that a resource names and the stack neither declares nor looks up.
#[derive(Clone, Debug)]
pub struct Outside {
    pub kind: &'static dyn ResourceType,
    /// As the text has it, references to the account resolved.
    pub text: String,
    /// Where that is said first.
    pub resource: Address,
    path: Path,
}

/// What AWS has of each; none for what it does not have.
pub type Found = Vec<(Outside, Option<Live>)>;

/// What is wrong by the stack file alone.
pub fn check<'a>(assembled: &'a [Assembled], data: impl Iterator<Item = &'a DataSource>, place: Place) -> Vec<Diagnostic> {
    let around = Surroundings::new(place)
        .with_resources(assembled.iter().map(|it| &it.resource))
        .with_data(data.map(|source| (source, None)));
    assembled.iter().flat_map(|it| diagnostics(&it.resource, &around)).collect()
}

fn diagnostics(resource: &Resource, around: &dyn Around) -> Vec<Diagnostic> {
    let findings = resource.kind.validate_around(&resource.spec, around).into_iter();
    findings.map(|finding| resource.diagnostic(finding)).collect()
}

/// What the resources of `stack` name and AWS alone can tell of.
pub fn outside(stack: &Stack, kinds: &[&'static dyn ResourceType], place: &Place) -> Vec<Outside> {
    let around = known(stack, Place::default());
    let mut found: Vec<Outside> = Vec::new();
    for resource in stack.resources.values() {
        for (path, resource_type, text) in resource.kind.named_resources(&resource.spec) {
            let Some(kind) = find_kind(kinds, resource_type) else { continue };
            if around.named(resource_type, &text).is_some() {
                continue;
            }
            let Some(text) = resolved(&text, place) else { continue };
            let is_known = |it: &Outside| it.text == text && it.kind.description().name == resource_type;
            if !found.iter().any(is_known) {
                found.push(Outside { kind, text, resource: resource.address.clone(), path });
            }
        }
    }
    found
}

fn known(stack: &Stack, place: Place) -> Surroundings<'_> {
    let data = stack.data.values().map(|source| (source, None));
    Surroundings::new(place).with_resources(stack.resources.values()).with_data(data)
}

fn resolved(text: &Template, place: &Place) -> Option<String> {
    let value = Value::Pending(text.clone()).resolve(&|reference| place.lookup(reference), &|text| text.to_owned());
    value.as_str().map(str::to_owned)
}

/// What is wrong beyond [`check`], now that AWS has told its part: of the look-ups, and of what is outside.
pub fn check_live(stack: &Stack, place: &Place, data: &BTreeMap<Address, Live>, outside: &Found) -> Vec<Diagnostic> {
    let before = known(stack, place_of(stack));
    let found = outside.iter().filter_map(|(it, live)| Some((it.kind.description().name, it.text.as_str(), live.as_ref()?)));
    let around = Surroundings::new(place.clone())
        .with_resources(stack.resources.values())
        .with_data(stack.data.values().map(|source| (source, data.get(&source.address))))
        .with_outside(found);
    let mut told = Vec::new();
    for resource in stack.resources.values() {
        let known = diagnostics(resource, &before);
        told.extend(diagnostics(resource, &around).into_iter().filter(|it| !known.contains(it)));
    }
    for (it, _) in outside.iter().filter(|(_, live)| live.is_none()) {
        let Some(resource) = stack.resources.get(&it.resource) else { continue };
        let noun = it.kind.description().name.replace('_', " ");
        told.push(
            Diagnostic::warning(format!("AWS has no active {noun} `{}`", it.text))
                .at(resource.locations.of(&it.path, false))
                .help(format!(
                    "the state fails until there is one; to make it here, declare [{}.NAME]",
                    it.kind.description().name
                )),
        );
    }
    told.retain(|diagnostic| !super::parse::is_allowed(diagnostic, &stack.allow));
    told
}

/// What the stack file alone tells of the place.
fn place_of(stack: &Stack) -> Place {
    Place::of_region(stack.region.as_deref(), &stack.allowed_account_ids)
}
