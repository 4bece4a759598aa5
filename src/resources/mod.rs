//! The list of resource types. A new one is a file beside this one and a line here.

use crate::resource::ResourceType;

mod changed;
pub mod cluster;
mod ecs;
#[cfg(test)]
mod equality;
#[cfg(test)]
pub(crate) mod fake;
pub mod log_group;
pub mod role;
#[cfg(test)]
pub(crate) mod stand_in;
pub mod state_machine;
mod tags;
pub mod task_definition;

/// Every type, in the order of the reference.
pub const ALL: &[&dyn ResourceType] =
    &[&cluster::Cluster, &task_definition::TaskDefinition, &role::Role, &log_group::LogGroup, &state_machine::StateMachine];

/// The type called `name`.
pub fn find(name: &str) -> Option<&'static dyn ResourceType> {
    crate::resource::find_kind(ALL, name)
}
