//! A definition, typed: what it says, part by part, each part with its place.
//!
//! Parsing never fails. What a definition says wrongly is left out of the typed parts and stays in the `value`
//! beside them; telling what is wrong is the work of `rules/`.
//!
//! ```text
//! StateMachine ── scopes ──► Scope (the machine's own first) ── states ──► State ── retriers, catchers, choices
//!                              ▲                                             │
//!                              └───────────────── scopes (by position) ──────┘
//! ```
//!
//! Scopes stand in one list and refer to each other by position, so that no walk of them is a recursion. Further
//! than anybody nests them, they are not read.

mod choice;
mod retry;
mod state;

pub use choice::{ChoiceRule, Comparison, Condition};
pub use retry::{Catcher, Retrier};
pub use state::{State, StateKind};

use crate::document::states_language::outline::PROCESSORS;
use crate::value::{Path, Segment, Value};

/// The language that the expressions of a state are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueryLanguage {
    #[default]
    JsonPath,
    Jsonata,
}

/// A value and its place in the definition.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    pub path: Path,
    pub value: &'a Value,
}

impl<'a> Part<'a> {
    /// The member `key` of `value`, which stands at `path`.
    pub fn of(value: &'a Value, key: &str, path: &Path) -> Option<Self> {
        Some(Self { value: value.get(key)?, path: path.join_key(key) })
    }

    /// The elements of the list that the member `key` of `value` is.
    pub fn items_of(value: &'a Value, key: &str, path: &Path) -> Vec<Self> {
        let items = value.get(key).map(Value::items).unwrap_or_default().iter().enumerate();
        items.map(|(index, value)| Self { value, path: path.join_key(key).join(Segment::Index(index)) }).collect()
    }

    /// Its text, if that is known.
    pub fn text(&self) -> Option<&'a str> {
        self.value.as_str()
    }
}

/// What a scope is of the state around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeRole {
    /// The machine itself.
    Machine,
    /// A branch of a `Parallel`.
    Branch,
    /// What a `Map` does with each item, in the executions of the machine itself.
    Inline,
    /// What a `Map` does with each item, each in an execution of its own.
    Distributed,
}

/// `StartAt` and `States`: the machine itself, a branch, or the processor of a map.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    pub path: Path,
    pub value: &'a Value,
    pub role: ScopeRole,
    /// The state around it, as the positions of its scope and of itself in there.
    pub owner: Option<(usize, usize)>,
    pub start_at: Option<Part<'a>>,
    /// In their order.
    pub states: Vec<State<'a>>,
}

impl<'a> Scope<'a> {
    /// The state called `name`.
    pub fn state(&self, name: &str) -> Option<&State<'a>> {
        // The table knows without a walk whether there is one.
        let position = self.value.get("States")?.as_map()?.get_index_of(name)?;
        self.states.get(position)
    }
}

/// Scopes within each other further than this are not read.
pub const DEEPEST: usize = 100;

/// A whole definition.
#[derive(Clone, Debug)]
pub struct StateMachine<'a> {
    pub value: &'a Value,
    pub query_language: QueryLanguage,
    /// The machine's own, then those within it, outer ones first.
    pub scopes: Vec<Scope<'a>>,
    /// The states whose scopes were not read, as they nest too deeply.
    pub too_deep: Vec<Path>,
}

impl<'a> StateMachine<'a> {
    /// Reads `definition`. Of what is no table, there is one scope without states.
    pub fn parse(definition: &'a Value) -> Self {
        let query_language = query_language_of(definition, QueryLanguage::default());
        let outermost = Scope {
            path: Path::default(),
            value: definition,
            role: ScopeRole::Machine,
            owner: None,
            start_at: Part::of(definition, "StartAt", &Path::default()),
            states: Vec::new(),
        };
        let mut machine = Self { value: definition, query_language, scopes: vec![outermost], too_deep: Vec::new() };
        let mut next = 0;
        while next < machine.scopes.len() {
            machine.read_states(next);
            next += 1;
        }
        machine
    }

    /// The machine's own scope.
    pub fn outermost(&self) -> Option<&Scope<'a>> {
        self.scopes.first()
    }

    /// Every state, those of outer scopes first.
    pub fn states(&self) -> impl Iterator<Item = &State<'a>> {
        self.scopes.iter().flat_map(|scope| &scope.states)
    }

    /// The scopes within `state`.
    pub fn within(&self, state: &State<'a>) -> impl Iterator<Item = &Scope<'a>> {
        state.scopes.iter().filter_map(|position| self.scopes.get(*position))
    }

    /// The scopes around `scope`, the nearest first.
    pub fn around(&self, scope: &Scope<'a>) -> impl Iterator<Item = &Scope<'a>> {
        let above = |scope: &&Scope<'a>| scope.owner.and_then(|(position, _)| self.scopes.get(position));
        std::iter::successors(scope.owner.and_then(|(position, _)| self.scopes.get(position)), above)
    }

    fn read_states(&mut self, position: usize) {
        let Some(scope) = self.scopes.get(position) else { return };
        let path = scope.path.join_key("States");
        let Some(entries) = scope.value.get("States").and_then(Value::as_map) else { return };
        let is_deepest = self.around(scope).count() >= DEEPEST;
        let mut states = Vec::with_capacity(entries.len());
        for (name, value) in entries {
            let mut state = State::parse(name, value, path.join_key(name), self.query_language);
            let mut within = scopes_of(&state);
            if is_deepest && !within.is_empty() {
                within.clear();
                self.too_deep.push(state.path.clone());
            }
            for (path, value, role) in within {
                state.scopes.push(self.scopes.len());
                let start_at = Part::of(value, "StartAt", &path);
                let owner = Some((position, states.len()));
                self.scopes.push(Scope { path, value, role, owner, start_at, states: Vec::new() });
            }
            states.push(state);
        }
        if let Some(scope) = self.scopes.get_mut(position) {
            scope.states = states;
        }
    }
}

/// A state's own word, else that of the machine. As AWS reads it, everything but `JSONPath` is JSONata.
fn query_language_of(value: &Value, inherited: QueryLanguage) -> QueryLanguage {
    match value.get("QueryLanguage") {
        None | Some(Value::Pending(_) | Value::Secret(_)) => inherited,
        Some(Value::String(text)) if text == "JSONPath" => QueryLanguage::JsonPath,
        Some(_) => QueryLanguage::Jsonata,
    }
}

/// The scopes in a state, by their members.
fn scopes_of<'a>(state: &State<'a>) -> Vec<(Path, &'a Value, ScopeRole)> {
    let branches = Part::items_of(state.value, "Branches", &state.path).into_iter();
    let branches = branches.map(|branch| (branch.path, branch.value, ScopeRole::Branch));
    let processors = PROCESSORS.into_iter().filter_map(|key| {
        let processor = Part::of(state.value, key, &state.path)?;
        let is_distributed = processor.value.get("ProcessorConfig").and_then(|config| config.text("Mode")) == Some("DISTRIBUTED");
        let role = if is_distributed { ScopeRole::Distributed } else { ScopeRole::Inline };
        Some((processor.path, processor.value, role))
    });
    branches.chain(processors).collect()
}

#[cfg(test)]
mod tests;
