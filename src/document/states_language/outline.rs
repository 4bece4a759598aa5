//! Where the states of a definition stand, whatever is in them.

use crate::value::{Path, Segment, Value};

/// One scope and its place in the definition. What is in it is not read: see `StateMachine` for that.
#[derive(Clone, Debug)]
pub struct ScopeEntry<'a> {
    pub path: Path,
    pub value: &'a Value,
}

impl<'a> ScopeEntry<'a> {
    /// Its states by name, in their order.
    pub fn states(&self) -> impl Iterator<Item = StateEntry<'a>> + use<'a> {
        let path = self.path.join_key("States");
        let states = self.value.get("States").and_then(Value::as_map);
        states.into_iter().flatten().map(move |(name, value)| StateEntry { path: path.join_key(name), name, value })
    }
}

/// One state and its place in the definition.
#[derive(Clone, Debug)]
pub struct StateEntry<'a> {
    pub path: Path,
    pub name: &'a str,
    pub value: &'a Value,
}

impl<'a> StateEntry<'a> {
    /// Its `Type`, if it is known.
    pub fn kind(&self) -> Option<&'a str> {
        self.value.text("Type")
    }

    /// The scopes within it.
    pub fn scopes(&self) -> Vec<ScopeEntry<'a>> {
        let members = std::iter::once("Branches").chain(PROCESSORS).filter_map(|key| Some((key, self.value.get(key)?)));
        members.flat_map(|(key, value)| scopes_at(&self.path.join_key(key), key, value)).collect()
    }
}

/// The members of a state that are one scope. `Iterator` is the name that `ItemProcessor` had before distributed maps.
pub(super) const PROCESSORS: [&str; 2] = ["ItemProcessor", "Iterator"];

/// The scopes that the member `key` of a state holds; `path` leads to it.
pub(super) fn scopes_at<'a>(path: &Path, key: &str, value: &'a Value) -> Vec<ScopeEntry<'a>> {
    match key {
        "Branches" => {
            let items = value.items().iter().enumerate();
            items.map(|(index, value)| ScopeEntry { path: path.join(Segment::Index(index)), value }).collect()
        }
        key if PROCESSORS.contains(&key) => vec![ScopeEntry { path: path.clone(), value }],
        _ => Vec::new(),
    }
}

/// Every scope of a definition, the outer ones first.
pub fn scopes(definition: &Value) -> Vec<ScopeEntry<'_>> {
    let mut all = vec![ScopeEntry { path: Path::default(), value: definition }];
    let mut next = 0;
    while let Some(scope) = all.get(next) {
        let within: Vec<ScopeEntry> = scope.states().flat_map(|state| state.scopes()).collect();
        all.extend(within);
        next += 1;
    }
    all
}

/// Every state of a definition, nested ones included.
pub fn states(definition: &Value) -> Vec<StateEntry<'_>> {
    scopes(definition).iter().flat_map(ScopeEntry::states).collect()
}
