//! What was seen of AWS: the planner's third input. Seeing is `observe.rs`'s work.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::resource::Live;

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Of every resource in the state. One that is not here was not looked at.
    pub resources: BTreeMap<Address, Option<Live>>,
    /// Of resources that are in the stack and not in the state: what has their name already.
    pub found: BTreeMap<Address, Live>,
    /// Of `[import]`: what is to become the stack's. One that is not here was not looked at.
    pub imports: BTreeMap<Address, Live>,
    /// Of look-ups. One that is not here was not looked at.
    pub data: BTreeMap<Address, Live>,
}
