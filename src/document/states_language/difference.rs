//! What changed from one machine to another.
//!
//! States are told apart by their names, which are unique in a machine: one that stands in another scope than
//! before has moved. Inside a state, and beside the states, trees are compared place by place; of a list, what
//! it begins and ends with as before is passed over first.

use std::collections::HashMap;

use crate::document::difference::{DocumentDifference, Place, Subject, keys};
use crate::document::states_language::outline::{PROCESSORS, ScopeEntry, StateEntry, scopes_at, states};
use crate::value::{Map, Path, Segment, Value};

/// All changed places, in the order of `new`, what went last in its scope.
pub(crate) fn differences(old: &Value, new: &Value) -> Vec<DocumentDifference> {
    let new_names = names(new);
    let is_unique = |name: &str| matches!(new_names.get(name), Some(Some(_)));
    let homes = names(old).into_iter().filter_map(|(name, state)| Some((name, state.filter(|_| is_unique(name))?)));
    let mut walk = Walk { homes: homes.collect(), found: Vec::new() };
    walk.scope(&Place::default(), old, new);
    walk.found
}

/// Each name with its state, or with nothing where several states have it.
fn names(definition: &Value) -> HashMap<&str, Option<StateEntry<'_>>> {
    let mut all = HashMap::new();
    for state in states(definition) {
        all.entry(state.name).and_modify(|known| *known = None).or_insert(Some(state));
    }
    all
}

struct Walk<'a> {
    /// The states of the old document whose name both documents have exactly once.
    homes: HashMap<&'a str, StateEntry<'a>>,
    found: Vec<DocumentDifference>,
}

impl<'a> Walk<'a> {
    /// Two versions of one scope; `place` leads to it.
    fn scope(&mut self, place: &Place, old: &'a Value, new: &Value) {
        let (Some(old_map), Some(new_map)) = (old.as_map(), new.as_map()) else {
            self.tree(place, Some(old), Some(new));
            return self.arrived(ScopeEntry { path: place.new.clone(), value: new }.states());
        };
        for key in keys(old_map, new_map) {
            let at = place.key(key);
            match (key.as_str(), old_map.get(key), new_map.get(key)) {
                ("States", Some(Value::Map(old)), Some(Value::Map(new))) => self.states(&at, Some(old), new),
                ("States", None, Some(Value::Map(new))) if !new.is_empty() => self.states(&at, None, new),
                ("States", Some(Value::Map(old)), None) if !old.is_empty() => self.states(&at, Some(old), &Map::new()),
                ("States", old, states) => {
                    self.tree(&at, old, states);
                    self.arrived(ScopeEntry { path: place.new.clone(), value: new }.states());
                }
                (_, old, new) => self.tree(&at, old, new),
            }
        }
    }

    /// The states of one scope; `place` leads to its `States`.
    fn states(&mut self, place: &Place, old: Option<&'a Map>, new: &Map) {
        for (name, value) in new {
            let state = StateEntry { path: place.new.join_key(name), name, value };
            match old.and_then(|old| old.get(name)) {
                Some(old) => self.state(&of_state(&place.old.join_key(name), &state), old, value),
                None if self.homes.contains_key(name.as_str()) => self.arrived(std::iter::once(state)),
                None => {
                    self.found.push(of_state(&Path::default(), &state).changed(None, Some(value)));
                    self.arrived(state.scopes().iter().flat_map(ScopeEntry::states));
                }
            }
        }
        let went = |name: &str| !new.contains_key(name) && !self.homes.contains_key(name);
        for (name, value) in old.into_iter().flatten().filter(|(name, _)| went(name)) {
            let state = StateEntry { path: place.old.join_key(name), name, value };
            self.found.push(of_state(&state.path, &state).changed(Some(value), None));
        }
    }

    /// Two versions of one state.
    fn state(&mut self, place: &Place, old: &'a Value, new: &Value) {
        let (Some(old_map), Some(new_map)) = (old.as_map(), new.as_map()) else {
            self.tree(place, Some(old), Some(new));
            let state = StateEntry { path: place.new.clone(), name: "", value: new };
            return self.arrived(state.scopes().iter().flat_map(ScopeEntry::states));
        };
        let renamed = renamed_processor(old_map, new_map);
        for key in keys(old_map, new_map) {
            let at = place.key(key);
            match (key.as_str(), old_map.get(key), new_map.get(key), renamed) {
                ("Branches", Some(Value::List(old)), Some(Value::List(new)), _) => self.branches(&at, old, new),
                (key, Some(old), Some(new), _) if PROCESSORS.contains(&key) => self.scope(&at, old, new),
                (key, _, Some(new), Some((old_key, old))) if PROCESSORS.contains(&key) => {
                    let at = place.renamed(old_key, key);
                    self.found.push(at.moved(old, new));
                    self.scope(&at, old, new);
                }
                (key, _, None, Some(_)) if PROCESSORS.contains(&key) => {}
                (key, old, new, _) => {
                    self.tree(&at, old, new);
                    if let Some(new) = new {
                        self.arrived(scopes_at(&at.new, key, new).iter().flat_map(ScopeEntry::states));
                    }
                }
            }
        }
    }

    fn branches(&mut self, place: &Place, old: &'a [Value], new: &[Value]) {
        for index in 0..old.len().max(new.len()) {
            let at = place.index(index);
            match (old.get(index), new.get(index)) {
                (Some(old), Some(new)) => self.scope(&at, old, new),
                (old, new) => {
                    self.tree(&at, old, new);
                    self.arrived(new.map(|value| ScopeEntry { path: at.new.clone(), value }).iter().flat_map(ScopeEntry::states));
                }
            }
        }
    }

    /// States whose surroundings are told already. What is left to tell is which of them stood elsewhere, and what changed in those.
    fn arrived<'b>(&mut self, states: impl Iterator<Item = StateEntry<'b>>) {
        for state in states.collect::<Vec<_>>() {
            match self.homes.get(state.name).cloned() {
                Some(home) => {
                    let place = of_state(&home.path, &state);
                    self.found.push(place.moved(home.value, state.value));
                    self.state(&place, home.value, state.value);
                }
                None => self.arrived(state.scopes().iter().flat_map(ScopeEntry::states).collect::<Vec<_>>().into_iter()),
            }
        }
    }

    /// Two versions of anything.
    fn tree(&mut self, place: &Place, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (old, new) if old == new => {}
            (Some(Value::Map(old)), Some(Value::Map(new))) => {
                for key in keys(old, new) {
                    self.tree(&place.key(key), old.get(key), new.get(key));
                }
            }
            (Some(Value::List(old)), Some(Value::List(new))) => self.list(place, old, new),
            (old, new) => self.found.push(place.changed(old, new)),
        }
    }

    /// Element by element, what the lists begin and end with alike passed over.
    fn list(&mut self, place: &Place, old: &[Value], new: &[Value]) {
        let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
        let (old_rest, new_rest) = (&old[start..], &new[start..]);
        let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| old == new).count();
        let (old_rest, new_rest) = (&old_rest[..old_rest.len() - end], &new_rest[..new_rest.len() - end]);
        for index in 0..old_rest.len().max(new_rest.len()) {
            self.tree(&place.index(start + index), old_rest.get(index), new_rest.get(index));
        }
    }
}

/// The place of `state`, which stood at `old`.
fn of_state(old: &Path, state: &StateEntry<'_>) -> Place {
    let subject = Subject::State { name: state.name.to_owned(), within: owner(&state.path) };
    Place { subject: Some(subject), old: old.clone(), new: state.path.clone(), below: Path::default() }
}

/// Of the path of a state: the name of the state around it, and which of its scopes it stands in.
pub fn owner(state: &Path) -> Path {
    let mut owner = Path::default();
    let mut rest = state.0.as_slice();
    // Each state on the way is `States`, its name, and the scope: one member, or a list and a position in it.
    while let [_, name, scope @ ..] = rest {
        let length = if let [_, Segment::Index(_), ..] = scope { 2 } else { 1 };
        let Some((scope, inner)) = scope.split_at_checked(length).filter(|(_, inner)| !inner.is_empty()) else { break };
        owner = Path(std::iter::once(name).chain(scope).cloned().collect());
        rest = inner;
    }
    owner
}

/// `Iterator` and what it holds, where it has become `ItemProcessor`; the other way round as well.
fn renamed_processor<'a>(old: &'a Map, new: &Map) -> Option<(&'static str, &'a Value)> {
    let [from] = PROCESSORS.into_iter().filter(|key| old.contains_key(*key)).collect::<Vec<_>>()[..] else { return None };
    let [to] = PROCESSORS.into_iter().filter(|key| new.contains_key(*key)).collect::<Vec<_>>()[..] else { return None };
    old.get(from).filter(|_| from != to).map(|value| (from, value))
}
