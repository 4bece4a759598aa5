//! desired × recorded × live → [`Plan`]: a function. The same inputs give the same plan, byte for byte.
//!
//! ```text
//! observed.rs   what was seen of AWS
//! planner.rs    the passes, in their order
//! adjust.rs     before a comparison: what is not managed, ignored, write-only or secret
//! moves.rs      before all else: what has another address now
//! drift.rs      what changed outside, and whose that is
//! decide.rs     for each resource, dependencies first: what it is to be, and what that takes
//! reasons.rs    why: the user, somebody else, something upstream, an interruption
//! attributes.rs what is certain of its attributes beforehand
//! outputs.rs    the outputs
//! steps.rs      decisions → steps, and what each step waits for
//! order.rs      steps in their order
//! ```

mod adjust;
mod attributes;
mod decide;
mod drift;
mod error;
mod moves;
mod observed;
mod order;
mod outputs;
mod planner;
mod reasons;
mod steps;
#[cfg(test)]
pub(crate) mod tests;

pub use adjust::{keep_unmanaged, keep_write_only, seal, seal_opposite, sealed_if};
pub use drift::{LeftAlone, LeftAloneBecause};
pub use error::PlanError;
pub use moves::{Moved, moved};
pub use observed::Observed;
pub use planner::{ImportOptions, Inputs, Options, plan};

use crate::address::Address;
use crate::place::Place;
use crate::resource::{Attributes, Live, Ownership, Replacement, ResourceType};
use crate::schema::{Difference, Phase};
use crate::stack::{Dependency, Lifecycle};
use crate::value::{Path, Segment, Value};

/// What would be done, and why.
#[derive(Clone, Debug)]
pub struct Plan {
    pub stack: String,
    pub place: Place,
    pub base: Base,
    /// Whether it only takes over into the state what changed outside: `--refresh-only`.
    pub is_refresh_only: bool,
    /// What has another address now, in the order in which the state learns of it.
    pub moves: Vec<Moved>,
    /// One for each resource of the stack and the state, no-ops among them; in the order of the stack, what is removed last.
    pub changes: Vec<Change>,
    pub outputs: Vec<OutputChange>,
    /// What the reader should know of how this plan came about, a sentence each.
    pub notices: Vec<String>,
    /// What the applier does. Nothing here is left to its choice.
    pub steps: Vec<Step>,
}

/// What a plan was made from. Another base, another plan.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Base {
    pub lineage: String,
    pub serial: u64,
    /// Absent for a destroy, which needs no stack.
    pub stack_digest: Option<String>,
}

/// What happens to one resource.
#[derive(Clone, Debug)]
pub struct Change {
    pub address: Address,
    pub kind: &'static dyn ResourceType,
    pub action: Action,
    pub reasons: Vec<Reason>,
    /// What AWS calls it now: its ARN.
    pub id: Option<String>,
    /// The spec as it is now: live, or recorded where AWS was not asked.
    pub before: Option<Value>,
    /// The spec as it will be; what is known only after apply is pending.
    pub after: Option<Value>,
    /// Attributes as they are now.
    pub before_attributes: Attributes,
    /// Attributes as far as they are certain.
    pub after_attributes: Attributes,
    /// From `before` to `after`, by path.
    pub differences: Vec<Difference>,
    /// From what was recorded to what is live: what changed outside and is managed.
    pub drift: Vec<Difference>,
    /// What else changed outside.
    pub left_alone: Vec<LeftAlone>,
    /// Whose it is by its tags now.
    pub ownership: Option<Ownership>,
    /// The ARN, where this is about a predecessor that an earlier replacement left.
    pub deposed: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    NoOp,
    Create,
    Update,
    Replace(Replacement),
    Delete,
    /// It is there, and becomes the stack's; differences are changed in place.
    Import,
    /// Only the state changes: it takes over what changed outside.
    Refresh,
    /// It is gone from AWS and from the stack; only the state still knows it.
    Forget,
}

impl Action {
    /// Whether AWS or the set of managed resources changes.
    pub fn is_change(self) -> bool {
        self != Self::NoOp
    }
}

/// Why a change is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// In the stack, not in the state.
    New,
    /// In the state, but AWS does not know it any more.
    Missing,
    /// In the state, but marked as this of another stack.
    MarkedAsAnothers(Ownership),
    /// In the state, no longer in the stack.
    RemovedFromStack,
    /// `destroy` was asked for.
    Destroy,
    /// The user changed this field.
    Changed(Path),
    /// Somebody else changed this field.
    Drifted(Path),
    /// This field can't be changed in place.
    MustBeReplaced(Path),
    /// It refers to something that gets a new identity.
    UpstreamReplaced(Address),
    /// `--replace`.
    Requested,
    /// An earlier run did not complete it.
    Interrupted,
    /// It carries our tags, though the state does not know it.
    OwnedByTags,
    /// `[import]`, or `stepwright import`.
    Imported,
    /// It was recorded, and is still marked, as this address.
    Moved(Address),
    /// A replacement left it to be deleted.
    Deposed,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OutputChange {
    pub name: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub sensitive: bool,
}

impl OutputChange {
    pub fn is_change(&self) -> bool {
        self.before != self.after
    }
}

/// What a step does, as people call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationName {
    Create,
    Update,
    Delete,
    Import,
    Refresh,
    Forget,
}

/// One thing for the applier to do.
#[derive(Clone, Debug)]
pub struct Step {
    pub address: Address,
    pub kind: &'static dyn ResourceType,
    pub name: OperationName,
    pub operation: StepOperation,
    /// Whether only the state changes, in a way that no reader of the plan asked about: it is neither shown nor counted.
    pub is_silent: bool,
    /// Which phases of which steps, by position in [`Plan::steps`], must be reached before this one starts.
    pub waits_for: Vec<Wait>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait {
    pub step: usize,
    pub phase: Phase,
}

#[derive(Clone, Debug)]
pub enum StepOperation {
    Create(Target),
    /// `live` is what it is now.
    Update {
        live: Live,
        target: Target,
        differences: Vec<Difference>,
    },
    Delete {
        id: String,
        spec: Value,
    },
    /// Deletes a predecessor, which a replacement in this plan or an earlier one left.
    DeleteDeposed {
        predecessor: Predecessor,
    },
    /// Nothing is called; the state takes this over.
    Record {
        live: Live,
        target: Target,
    },
    /// Nothing is called; the state drops it.
    Forget,
}

/// What a step is to make.
#[derive(Clone, Debug)]
pub struct Target {
    /// The spec; pending parts are resolved when the step starts.
    pub spec: Value,
    pub dependencies: Vec<Dependency>,
    pub lifecycle: Lifecycle,
}

/// Which predecessor is meant.
#[derive(Clone, Debug)]
pub struct Predecessor {
    pub id: String,
    pub spec: Value,
}

/// How many of each, as the closing line tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    pub import: usize,
    pub add: usize,
    pub change: usize,
    pub destroy: usize,
    pub forget: usize,
}

impl Plan {
    /// A replacement counts as one to add and one to destroy.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for change in &self.changes {
            match change.action {
                Action::NoOp | Action::Refresh => {}
                Action::Create => counts.add += 1,
                Action::Update => counts.change += 1,
                Action::Replace(_) => {
                    counts.add += 1;
                    counts.destroy += 1;
                }
                Action::Delete => counts.destroy += 1,
                Action::Import => {
                    counts.import += 1;
                    counts.change += usize::from(change.has_spec_differences());
                }
                Action::Forget => counts.forget += 1,
            }
        }
        counts
    }

    /// Whether applying it would change anything that a user cares for.
    pub fn has_changes(&self) -> bool {
        let is_moved = !self.moves.is_empty();
        is_moved
            || self.changes.iter().any(|change| change.action.is_change())
            || self.outputs.iter().any(OutputChange::is_change)
    }

    /// What changed outside and is managed, or is gone: what `drift` looks for.
    pub fn drifted(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.has_drifted())
    }
}

impl Change {
    /// Nothing that happens to what is there as `live`.
    fn of(address: Address, kind: &'static dyn ResourceType, live: Option<Live>) -> Self {
        let (id, before, before_attributes, ownership) = match live {
            Some(Live { id, spec, attributes, ownership }) => (Some(id), Some(spec), attributes, ownership),
            None => (None, None, Attributes::new(), None),
        };
        Self {
            address,
            kind,
            action: Action::NoOp,
            reasons: Vec::new(),
            id,
            before,
            after: None,
            before_attributes,
            after_attributes: Attributes::new(),
            differences: Vec::new(),
            drift: Vec::new(),
            left_alone: Vec::new(),
            ownership,
            deposed: None,
        }
    }

    /// Whether it changed outside in anything that is managed, or is gone.
    pub fn has_drifted(&self) -> bool {
        !self.drift.is_empty() || self.reasons.contains(&Reason::Missing)
    }

    /// The address that it had before.
    pub fn moved_from(&self) -> Option<&Address> {
        self.reasons.iter().find_map(|reason| match reason {
            Reason::Moved(from) => Some(from),
            _ => None,
        })
    }

    /// Whether more is to change than the tags that say whose it is, which come with every import.
    pub fn has_spec_differences(&self) -> bool {
        self.differences.iter().any(|difference| !is_mark(difference))
    }
}

/// Whether a difference is about a tag that says whose the resource is.
fn is_mark(difference: &Difference) -> bool {
    matches!(difference.path.0.as_slice(), [Segment::Key(tags), Segment::Key(key)] if tags == "tags" && key.starts_with(Ownership::PREFIX))
}
