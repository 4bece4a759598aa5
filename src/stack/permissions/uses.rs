//! Who uses which role of the stack, and what stands for what is not known yet.

use crate::address::Address;
use crate::document::permissions::Sampler;
use crate::place::Place;
use crate::resource::RoleUse;
use crate::stack::around::Surroundings;
use crate::stack::resources::Assembled;
use crate::stack::scope::Scope;
use crate::template::{Part, Reference};
use crate::value::Value;

pub fn find<'a>(assembled: &'a [Assembled], address: &Address) -> Option<&'a Assembled> {
    assembled.iter().find(|it| it.resource.address == *address)
}

pub fn uses_of(assembled: &[Assembled], it: &Assembled) -> Vec<RoleUse> {
    it.resource.kind.role_uses(&it.resource.spec, &Surroundings::of(assembled))
}

/// The role of this stack that a field names, and whether by a reference, which is waited for.
pub fn owned_role<'a>(assembled: &'a [Assembled], value: &Value, sampler: &Sampler<'_>) -> Option<(&'a Assembled, bool)> {
    if let Value::Pending(template) = value
        && let [Part::Reference(Reference::Attribute { address, .. })] = template.parts()
    {
        return Some((find(assembled, address)?, true));
    }
    let text = sampler.text(value)?;
    let is_it = |it: &&Assembled| {
        let arn = Reference::Attribute { address: it.resource.address.clone(), attribute: "arn".to_owned() };
        it.resource.kind.takes_policies() && (sampler.lookup)(&arn).as_ref() == Some(&text)
    };
    Some((assembled.iter().find(is_it)?, false))
}

/// What `reference` leads to, or may lead to.
pub fn example(assembled: &[Assembled], reference: &Reference, scope: &Scope<'_>) -> Option<String> {
    let Reference::Attribute { address, attribute } = reference else { return None };
    let resource = &find(assembled, address)?.resource;
    let place = Place {
        partition: Some("aws".to_owned()),
        region: scope.region.clone().or(Some("region".to_owned())),
        account_id: Some("000000000000".to_owned()),
    };
    if let Some(known) = resource.kind.predict(&resource.spec, &place).get(attribute).and_then(Value::as_str) {
        return Some(known.to_owned());
    }
    match attribute.as_str() {
        // Of what has revisions, the first stands for all.
        "arn" => {
            let name = resource.spec.text(resource.kind.description().name_field)?;
            Some(format!("{}:1", resource.kind.id(name, &place)?))
        }
        "revision" => Some("1".to_owned()),
        _ => None,
    }
}
