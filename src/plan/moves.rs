//! `[[moved]]`: the state as it is when what has another address now is recorded there.

use std::borrow::Cow;

use crate::address::Address;
use crate::plan::PlanError;
use crate::stack::Stack;
use crate::state::{Entry, State};

/// A record that goes to another address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    pub from: Address,
    pub to: Address,
}

impl Moved {
    /// What the journal is to say of it.
    pub fn entry(&self) -> Entry {
        Entry::Move { from: self.from.clone(), to: self.to.clone() }
    }
}

/// `state` with the moves of `stack` made, and which of them there were to make. A plan is made from the former.
///
/// # Errors
/// Moves to addresses that are taken.
pub fn moved<'a>(stack: Option<&Stack>, state: &'a State) -> Result<(Cow<'a, State>, Vec<Moved>), Vec<PlanError>> {
    let mut state = Cow::Borrowed(state);
    let (mut made, mut errors) = (Vec::new(), Vec::new());
    let mut open: Vec<Moved> =
        stack.into_iter().flat_map(|stack| &stack.moves).map(|it| Moved { from: it.from.clone(), to: it.to.clone() }).collect();
    // The entries may stand in any order, and what moved twice has two of them. There are no rings: the reader refuses them.
    while let Some(at) = open.iter().position(|it| is_recorded(&state, &it.from) && !leads_on(&open, &state, it)) {
        let next = open.remove(at);
        match state.to_mut().apply_entry(&next.entry()) {
            Ok(()) => made.push(next),
            Err(_) => errors.push(PlanError::Occupied { from: next.from, to: next.to }),
        }
    }
    if errors.is_empty() { Ok((state, made)) } else { Err(errors) }
}

fn is_recorded(state: &State, address: &Address) -> bool {
    state.resources.contains_key(address) || state.deposed.iter().any(|deposed| deposed.address == *address)
}

/// Whether another move must come first, since it takes away what is where this one leads.
fn leads_on(open: &[Moved], state: &State, it: &Moved) -> bool {
    open.iter().any(|other| other.from == it.to && is_recorded(state, &other.from))
}
