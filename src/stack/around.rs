//! What is around each resource of a stack: the others, what is looked up, what is only named, and the place.

use crate::address::Address;
use crate::place::Place;
use crate::resource::{Around, Live, Neighbour};
use crate::stack::resources::Assembled;
use crate::stack::{DataSource, Resource, Stack};
use crate::template::{Part, Reference, Template};
use crate::value::Value;

/// Everything that a resource of a stack may name.
#[derive(Debug)]
pub struct Surroundings<'a> {
    entries: Vec<Entry<'a>>,
    place: Place,
}

/// One thing that may be named.
#[derive(Debug)]
struct Entry<'a> {
    resource_type: &'a str,
    /// None for what the stack neither declares nor looks up.
    address: Option<&'a Address>,
    /// As AWS calls it, or as the text does.
    name: Option<&'a str>,
    /// None for a look-up that nobody has made yet.
    spec: Option<&'a Value>,
}

impl<'a> Surroundings<'a> {
    pub fn new(place: Place) -> Self {
        Self { entries: Vec::new(), place }
    }

    /// The resources that are being read, of which the place does not matter.
    pub fn of(assembled: &'a [Assembled]) -> Self {
        Self::new(Place::default()).with_resources(assembled.iter().map(|it| &it.resource))
    }

    /// The resources of a stack that was read, of which the place does not matter.
    pub fn of_stack(stack: &'a Stack) -> Self {
        Self::new(Place::default()).with_resources(stack.resources.values())
    }

    #[must_use]
    pub fn with_resources(mut self, resources: impl Iterator<Item = &'a Resource>) -> Self {
        self.entries.extend(resources.map(|resource| Entry {
            resource_type: &resource.address.resource_type,
            address: Some(&resource.address),
            name: resource.spec.text(resource.kind.description().name_field),
            spec: Some(&resource.spec),
        }));
        self
    }

    /// With what each look-up found, if it was made.
    #[must_use]
    pub fn with_data(mut self, data: impl Iterator<Item = (&'a DataSource, Option<&'a Live>)>) -> Self {
        self.entries.extend(data.map(|(source, live)| Entry {
            resource_type: &source.address.resource_type,
            address: Some(&source.address),
            name: source.query.as_str().map(short),
            spec: live.map(|live| &live.spec),
        }));
        self
    }

    /// With what AWS has under a name that only a text knows.
    #[must_use]
    pub fn with_outside(mut self, outside: impl Iterator<Item = (&'a str, &'a str, &'a Live)>) -> Self {
        self.entries.extend(outside.map(|(resource_type, name, live)| Entry {
            resource_type,
            address: None,
            name: Some(name),
            spec: Some(&live.spec),
        }));
        self
    }
}

/// The name in an ARN, or in a name with a revision.
fn short(text: &str) -> &str {
    let last = text.rsplit('/').next().unwrap_or(text);
    // The ARNs of machines have their names behind a colon, and those of revisions their numbers.
    match last.strip_prefix("arn:").and_then(|_| last.split(':').nth(6)) {
        Some(name) => name,
        None => last.split(':').next().unwrap_or(last),
    }
}

impl Around for Surroundings<'_> {
    fn named(&self, resource_type: &str, name: &Template) -> Option<Neighbour<'_>> {
        let mut of_type = self.entries.iter().filter(|entry| entry.resource_type == resource_type);
        let found = match (name.parts().first(), name.parts().last()) {
            (Some(Part::Reference(Reference::Attribute { address, .. })), _)
            | (_, Some(Part::Reference(Reference::Attribute { address, .. }))) => {
                of_type.find(|entry| entry.address == Some(address))
            }
            (_, Some(Part::Literal(last))) => {
                let whole = name.as_literal();
                of_type.find(|entry| match (entry.address, entry.name) {
                    (_, None) => false,
                    (None, Some(text)) => whole == Some(text),
                    (Some(_), Some(own)) => own == short(last),
                })
            }
            _ => None,
        };
        found.map(|entry| Neighbour { address: entry.address, spec: entry.spec })
    }

    fn place(&self) -> &Place {
        &self.place
    }
}
