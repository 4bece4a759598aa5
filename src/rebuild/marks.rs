//! Which address each resource is marked as, and which of several of one address is the latest.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::resource::{Live, ResourceType};
use crate::stack::Resource;

/// Something that is marked as the stack's and can't be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub resource_type: &'static str,
    pub id: String,
    /// What its tag says.
    pub marked_as: String,
}

/// By their addresses, in the order in which they were found.
pub fn by_address(found: Vec<(&'static dyn ResourceType, Live)>) -> (BTreeMap<Address, Vec<Live>>, Vec<LeftOut>) {
    let mut marked: BTreeMap<Address, Vec<Live>> = BTreeMap::new();
    let mut left_out = Vec::new();
    for (kind, live) in found {
        let resource_type = kind.description().name;
        let marked_as = live.ownership.as_ref().map(|owner| owner.address.clone()).unwrap_or_default();
        // Somebody may have written anything into a tag, or copied it from a resource of another type.
        match marked_as.parse::<Address>() {
            Ok(address) if !address.is_data && address.resource_type == resource_type => {
                marked.entry(address).or_default().push(live);
            }
            _ => left_out.push(LeftOut { resource_type, id: live.id, marked_as }),
        }
    }
    (marked, left_out)
}

/// The position of the one that is the record: of those that have the name that the stack gives, the last.
pub fn latest(lives: &[Live], declared: Option<&Resource>) -> usize {
    let has_its_name = |live: &Live| {
        let named = declared.and_then(|resource| Some((resource, resource.kind.description().name_of(&resource.spec)?)));
        named.is_some_and(|(resource, name)| resource.kind.description().name_of(&live.spec) == Some(name))
    };
    lives.iter().rposition(has_its_name).unwrap_or(lives.len().saturating_sub(1))
}
