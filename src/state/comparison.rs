//! What differs between two states of one lineage, by address.

use crate::address::Address;
use crate::state::{Record, State};

/// What becomes of one record where `after` takes the place of `before`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    pub address: Address,
    /// Whether it is what a replacement left to be deleted.
    pub is_deposed: bool,
    pub comparison: Comparison,
}

/// See [`Compared`]. The ids are ARNs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// It is recorded again.
    Added { id: String },
    /// It is recorded no longer.
    Removed { id: String },
    /// It is recorded otherwise.
    Changed { before: String, after: String },
}

impl Compared {
    /// Whether an id is recorded no longer at this place.
    pub fn drops_id(&self) -> bool {
        match &self.comparison {
            Comparison::Added { .. } => false,
            Comparison::Removed { .. } => true,
            Comparison::Changed { before, after } => before != after,
        }
    }
}

/// Every record that differs, in the order of the addresses. When it was changed last is no difference.
pub fn compare(before: Option<&State>, after: &State) -> Vec<Compared> {
    let mut all: Vec<Compared> = Vec::new();
    let of = |state: Option<&State>, address: &Address| state.and_then(|state| state.resources.get(address)).cloned();
    let addresses = before.into_iter().flat_map(|state| state.resources.keys()).chain(after.resources.keys());
    let mut addresses: Vec<&Address> = addresses.collect();
    addresses.sort();
    addresses.dedup();
    for address in addresses {
        let comparison = match (of(before, address), of(Some(after), address)) {
            (None, Some(new)) => Comparison::Added { id: new.id },
            (Some(old), None) => Comparison::Removed { id: old.id },
            (Some(old), Some(new)) if !is_same(&old, &new) => Comparison::Changed { before: old.id, after: new.id },
            _ => continue,
        };
        all.push(Compared { address: address.clone(), is_deposed: false, comparison });
    }
    let deposed = |state: &State| -> Vec<(Address, String)> {
        state.deposed.iter().map(|deposed| (deposed.address.clone(), deposed.record.id.clone())).collect()
    };
    let (old, new) = (before.map(deposed).unwrap_or_default(), deposed(after));
    for (address, id) in old.iter().filter(|it| !new.contains(it)).cloned() {
        all.push(Compared { address, is_deposed: true, comparison: Comparison::Removed { id } });
    }
    for (address, id) in new.into_iter().filter(|it| !old.contains(it)) {
        all.push(Compared { address, is_deposed: true, comparison: Comparison::Added { id } });
    }
    all
}

fn is_same(old: &Record, new: &Record) -> bool {
    *old == Record { changed_at: old.changed_at, ..new.clone() }
}
