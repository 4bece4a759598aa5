//! The Amazon States Language.
//!
//! | file | answers |
//! |---|---|
//! | `difference.rs` | what changed from one machine to another? |
//! | `integration.rs` | which services does a machine call, and what does each such call bring with it? |
//! | `validate.rs` | would AWS take this machine? |
//!
//! A machine is a tree of *scopes*: the machine itself, each branch of a `Parallel`, the processor of a
//! `Map`. Each has `StartAt` and `States`, and a state can only lead to another of its own scope.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::value::{Path, Segment, Value};

mod difference;
mod integration;
mod validate;

pub(super) use difference::differences;
pub use difference::owner;
pub use integration::{Integration, ManagedRule, managed_rules};
pub use validate::{MachineType, validate};

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

/// One scope and its place in the definition.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    pub path: Path,
    pub value: &'a Value,
}

impl<'a> Scope<'a> {
    /// Its states by name, in their order.
    pub fn states(&self) -> impl Iterator<Item = State<'a>> + use<'a> {
        let path = self.path.join_key("States");
        let states = self.value.get("States").and_then(Value::as_map);
        states.into_iter().flatten().map(move |(name, value)| State { path: path.join_key(name), name, value })
    }
}

/// One state and its place in the definition.
#[derive(Clone, Debug)]
pub struct State<'a> {
    pub path: Path,
    pub name: &'a str,
    pub value: &'a Value,
}

impl<'a> State<'a> {
    /// Its `Type`, if it is known.
    pub fn kind(&self) -> Option<&'a str> {
        self.value.text("Type")
    }

    /// The scopes within it.
    pub fn scopes(&self) -> Vec<Scope<'a>> {
        let members = std::iter::once("Branches").chain(PROCESSORS).filter_map(|key| Some((key, self.value.get(key)?)));
        members.flat_map(|(key, value)| scopes_at(&self.path.join_key(key), key, value)).collect()
    }
}

/// The members of a state that are one scope. `Iterator` is the name that `ItemProcessor` had before distributed maps.
const PROCESSORS: [&str; 2] = ["ItemProcessor", "Iterator"];

/// The scopes that the member `key` of a state holds; `path` leads to it.
fn scopes_at<'a>(path: &Path, key: &str, value: &'a Value) -> Vec<Scope<'a>> {
    match key {
        "Branches" => {
            let items = value.items().iter().enumerate();
            items.map(|(index, value)| Scope { path: path.join(Segment::Index(index)), value }).collect()
        }
        key if PROCESSORS.contains(&key) => vec![Scope { path: path.clone(), value }],
        _ => Vec::new(),
    }
}

/// Every scope of a definition, the outer ones first.
pub fn scopes(definition: &Value) -> Vec<Scope<'_>> {
    let mut all = vec![Scope { path: Path::default(), value: definition }];
    let mut next = 0;
    while let Some(scope) = all.get(next) {
        let within: Vec<Scope> = scope.states().flat_map(|state| state.scopes()).collect();
        all.extend(within);
        next += 1;
    }
    all
}

/// Every state of a definition, nested ones included.
pub fn states(definition: &Value) -> Vec<State<'_>> {
    scopes(definition).iter().flat_map(Scope::states).collect()
}
