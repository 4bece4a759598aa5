//! The Amazon States Language.
//!
//! | file | answers |
//! |---|---|
//! | `model/` | what does a definition say? a typed tree of it, each part with its place |
//! | `outline.rs` | where do its states stand, whatever is in them? |
//! | `difference.rs` | what changed from one machine to another? |
//! | `integration.rs` | which services does a machine call, and what does each such call bring with it? |
//! | `failure/` | what happens when a state fails: attempts, waits, what is caught? |
//! | `duration.rs` | how long is that, as people say it? |
//! | `json_path.rs`, `intrinsic.rs`, `jsonata/` | what do the expressions in it say? |
//! | `rules/` | would AWS take this machine? |
//!
//! A machine is a tree of *scopes*: the machine itself, each branch of a `Parallel`, the processor of a
//! `Map`. Each has `StartAt` and `States`, and a state can only lead to another of its own scope.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::diagnostic::{Finding, Severity};
use crate::value::Value;

mod difference;
mod duration;
pub mod failure;
mod integration;
pub mod intrinsic;
pub mod json_path;
pub mod jsonata;
pub mod model;
mod outline;
mod rules;

pub(super) use difference::differences;
pub use difference::owner;
pub use duration::duration;
pub use integration::{Integration, ManagedRule, managed_rules};
pub use outline::{ScopeEntry, StateEntry, scopes, states};
pub use rules::{LONGEST_DEFINITION, MachineType, code};

/// What is wrong with `definition`; of one that AWS would take also what is hardly meant so, when it fails.
pub fn validate(definition: &Value, machine_type: MachineType) -> Vec<Finding> {
    let mut findings = rules::validate(definition, machine_type);
    let is_refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    if definition.as_map().is_some() && !is_refused {
        let failures = failure::failures(&model::StateMachine::parse(definition));
        findings.extend(failure::warnings(&failures, machine_type == MachineType::Express));
    }
    findings
}

/// A state machine inside a `Spec`, in the language's own spelling.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StatesLanguageDocument(pub serde_json::Value);

impl JsonSchema for StatesLanguageDocument {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "StatesLanguageDocument".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "x-document": "states_language" })
    }
}
