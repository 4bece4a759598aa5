//! The attributes of a resource after its change, with those that only AWS can tell as pending.

use crate::plan::{Action, Change};
use crate::resource::Attributes;
use crate::template::{Part, Reference, Template};
use crate::value::Value;

/// Every attribute that the type has, as far as it is certain.
pub(crate) fn after(change: &Change) -> Attributes {
    let mut attributes = match change.action {
        Action::Delete | Action::Forget => return Attributes::new(),
        Action::NoOp => change.before_attributes.clone(),
        _ => Attributes::new(),
    };
    attributes.extend(change.after_attributes.clone());
    let is_made_anew = matches!(change.action, Action::Create | Action::Replace(_));
    for attribute in change.kind.description().attributes {
        if attributes.contains_key(attribute.name) {
            continue;
        }
        let is_untouched = !is_made_anew && (attribute.survives_update || change.differences.is_empty());
        let value = match change.before_attributes.get(attribute.name).filter(|_| is_untouched) {
            Some(value) => value.clone(),
            None if change.action == Action::NoOp => continue,
            None => pending(change, attribute.name),
        };
        attributes.insert(attribute.name.to_owned(), value);
    }
    attributes
}

fn pending(change: &Change, attribute: &str) -> Value {
    let reference = Reference::Attribute { address: change.address.clone(), attribute: attribute.to_owned() };
    Value::Pending(Template::from_parts([Part::Reference(reference)]))
}
