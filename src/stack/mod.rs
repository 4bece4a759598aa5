//! A stack file, read: text → [`Stack`], every problem at once, each with its place.

mod around;
mod conceal;
mod definition;
mod document;
#[cfg(test)]
pub(crate) mod fixture;
mod imports;
mod json;
mod lifecycle;
pub mod load;
mod lookups;
pub mod meaning;
mod moves;
mod node;
mod operator;
mod outputs;
mod own_roles;
mod parse;
mod permissions;
mod reading;
mod resources;
mod schema_document;
mod scope;
mod settings;
mod sound;
mod state_settings;
mod syntax;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod variables;

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Finding, Location, Source};
use crate::resource::ResourceType;
use crate::schema::Phase;
use crate::template::Reference;
use crate::value::{Path, Value};

pub use definition::check_definition;
pub use document::DocumentError;
pub use operator::{OperatorCommand, by_prefix, in_texts, operator_needs, role_needs};
pub use parse::{parse, peek_allowed_account_ids, peek_name, peek_region};
pub use resources::place;
pub use schema_document::schema_document;
pub use settings::is_name;
pub use state_settings::{EncryptionSettings, S3Settings, StateSettings, peek_state_settings};
pub use variables::{ENVIRONMENT_PREFIX, Inputs};

/// A stack file whose variables are substituted; what refers to resources or to the account is still pending.
#[derive(Debug)]
pub struct Stack {
    pub name: String,
    /// `[stack] region`; absent, the environment's counts.
    pub region: Option<String>,
    /// `[stack] allowed_account_ids`; empty allows every account.
    pub allowed_account_ids: Vec<String>,
    /// `[stack] allow`: names of warnings that are not told.
    pub allow: Vec<String>,
    /// `[state]`.
    pub state: StateSettings,
    pub variables: IndexMap<String, Variable>,
    /// In the order of the file.
    pub resources: IndexMap<Address, Resource>,
    pub data: IndexMap<Address, DataSource>,
    /// What exists already and is to become the stack's. One that is recorded by now has done its work.
    pub imports: IndexMap<Address, Import>,
    /// What has another address now. One that is recorded so by now has done its work.
    pub moves: Vec<Move>,
    pub outputs: IndexMap<String, Output>,
    /// What roles are granted beyond what they are needed for: warnings for those who ask.
    pub beyond_need: Vec<Diagnostic>,
    /// SHA-256, in hex, of everything this stack was read from: the stack file, its documents and the values of its variables.
    pub digest: String,
    /// The stack file.
    pub source: Arc<Source>,
}

impl Stack {
    /// Who refers to whom, look-ups among them.
    pub fn edges(&self) -> Vec<(Address, Address)> {
        let referred = |resource: &Resource| {
            resource.spec.references().into_iter().filter_map(|reference| match reference {
                Reference::Attribute { address, .. } => Some(address),
                _ => None,
            })
        };
        let pairs = self.resources.values().flat_map(|user| referred(user).map(|used| (user.address.clone(), used)));
        pairs.collect()
    }
}

/// `[variables] NAME`, with its value.
#[derive(Clone, Debug)]
pub struct Variable {
    pub value: Value,
    pub sensitive: bool,
}

/// `[TYPE.NAME]`.
#[derive(Debug)]
pub struct Resource {
    pub address: Address,
    pub kind: &'static dyn ResourceType,
    /// In normal form, its physical name filled in.
    pub spec: Value,
    /// Whether the user left the physical name out. Then one that is there keeps the name that it has.
    pub is_named_by_default: bool,
    pub lifecycle: Lifecycle,
    /// What it refers to, each once, with the furthest phase it needs.
    pub dependencies: Vec<Dependency>,
    pub locations: Locations,
}

impl Resource {
    /// A finding about its spec, placed in the user's text.
    pub fn diagnostic(&self, mut finding: Finding) -> Diagnostic {
        resources::quote_replacement(&mut finding, &self.locations);
        resources::place(&self.locations, finding)
    }
}

/// `[data.TYPE.NAME]`.
#[derive(Debug)]
pub struct DataSource {
    pub address: Address,
    pub kind: &'static dyn ResourceType,
    /// The name or ARN to look up; may be pending on the account alone.
    pub query: Value,
    pub locations: Locations,
}

/// An entry of `[import]`.
#[derive(Clone, Debug)]
pub struct Import {
    /// Its name or its ARN; may be pending on the account alone.
    pub id: Value,
    pub location: Location,
}

/// An entry of `[[moved]]`.
#[derive(Clone, Debug)]
pub struct Move {
    pub from: Address,
    pub to: Address,
    pub from_location: Location,
    pub to_location: Location,
}

/// `[outputs] NAME`.
#[derive(Clone, Debug)]
pub struct Output {
    pub value: Value,
    pub sensitive: bool,
    pub description: Option<String>,
}

/// One thing that another refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Dependency {
    pub address: Address,
    pub needs: Phase,
}

/// `lifecycle = { ... }` of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Lifecycle {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore_changes: Vec<String>,
    /// Absent: as the type does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_before_destroy: Option<bool>,
}

/// Where each part of a resource stands in the user's files.
#[derive(Clone, Debug)]
pub struct Locations {
    /// The name in the header `[TYPE.NAME]`.
    pub header: Location,
    /// Of each member: its key and its value. Lists by position.
    pub members: BTreeMap<Path, MemberLocation>,
}

/// Where one member stands.
#[derive(Clone, Debug)]
pub struct MemberLocation {
    pub key: Option<Location>,
    pub value: Location,
}

impl Locations {
    /// The place of `path`, or of the nearest member around it.
    pub fn of(&self, path: &Path, on_key: bool) -> Location {
        let mut path = path.clone();
        loop {
            if let Some(member) = self.members.get(&path) {
                return if on_key { member.key.clone().unwrap_or_else(|| member.value.clone()) } else { member.value.clone() };
            }
            if path.0.pop().is_none() {
                return self.header.clone();
            }
        }
    }
}
