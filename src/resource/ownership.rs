//! Whose a resource is, by its tags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The tags that say whose a resource is. They are ours alone and never part of a spec.
///
/// What AWS tells may lack one of them, since anybody can take a tag away: that part is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    pub stack: String,
    pub address: String,
    /// The intent that made it, where a type needs that to tell one creation from the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl Ownership {
    pub const STACK: &str = "stepwright:stack";
    pub const ADDRESS: &str = "stepwright:address";
    pub const TOKEN: &str = "stepwright:token";
    /// Every tag key that is ours begins so.
    pub const PREFIX: &str = "stepwright:";

    /// As tags.
    pub fn tags(&self) -> BTreeMap<String, String> {
        let mut tags =
            BTreeMap::from([(Self::STACK.to_owned(), self.stack.clone()), (Self::ADDRESS.to_owned(), self.address.clone())]);
        tags.extend(self.token.iter().map(|token| (Self::TOKEN.to_owned(), token.clone())));
        tags
    }

    /// Whether it is the same address of the same stack, whichever intent made it.
    pub fn is_same_resource(&self, other: &Self) -> bool {
        self.stack == other.stack && self.address == other.address
    }

    /// Whether it says that the resource is one of another stack than `stack`.
    pub fn is_of_another_stack(&self, stack: &str) -> bool {
        !self.stack.is_empty() && self.stack != stack
    }

    /// Whether neither tag is missing.
    pub fn is_whole(&self) -> bool {
        !self.stack.is_empty() && !self.address.is_empty()
    }

    /// Takes our tags and AWS's own (`aws:*`) out of `tags`; what remains is the user's.
    pub fn split_off(tags: &mut BTreeMap<String, String>) -> Option<Self> {
        let part = |key: &str| tags.get(key).cloned().unwrap_or_default();
        let owner = Self { stack: part(Self::STACK), address: part(Self::ADDRESS), token: tags.get(Self::TOKEN).cloned() };
        let owner = Some(owner).filter(|owner| !owner.stack.is_empty() || !owner.address.is_empty());
        tags.retain(|key, _| !key.starts_with(Self::PREFIX) && !key.starts_with("aws:"));
        owner
    }
}
