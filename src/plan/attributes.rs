//! What is certain of a resource's attributes before an apply; the others are pending.

use crate::address::Address;
use crate::place::Place;
use crate::resource::{Attributes, ResourceType};
use crate::template::{Part, Reference, Template};
use crate::value::Value;

/// Of one that is yet to be made: those that its name, account and region make certain.
pub fn future(kind: &dyn ResourceType, address: &Address, desired: &Value, place: &Place) -> Attributes {
    let mut predicted = kind.predict(desired, place);
    let mut attributes = Attributes::new();
    for attribute in kind.description().attributes {
        let value = predicted.remove(attribute.name).unwrap_or_else(|| pending(address, attribute.name));
        attributes.insert(attribute.name.to_owned(), value);
    }
    attributes
}

/// Of one that is to be changed: those that a change can't touch.
pub fn surviving(kind: &dyn ResourceType, address: &Address, now: &Attributes) -> Attributes {
    let mut attributes = now.clone();
    for attribute in kind.description().attributes.iter().filter(|attribute| !attribute.survives_update) {
        attributes.insert(attribute.name.to_owned(), pending(address, attribute.name));
    }
    attributes
}

fn pending(address: &Address, attribute: &str) -> Value {
    let reference = Reference::Attribute { address: address.clone(), attribute: attribute.to_owned() };
    Value::Pending(Template::from_parts([Part::Reference(reference)]))
}
