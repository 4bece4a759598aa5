//! Needs of whoever makes the calls himself: the operator.

use crate::document::permissions::{Cause, Condition, Need, Target};
use crate::value::{Path, Value};

/// Collects them.
#[derive(Debug, Default)]
pub struct Calls {
    pub needs: Vec<Need>,
}

impl Calls {
    /// Each of `actions` on all of `resources`.
    pub fn on(&mut self, resources: &[Value], actions: &[&str], reason: &str) {
        self.with(Vec::new(), &Target::All(resources.to_vec()), actions, reason);
    }

    /// Each of `actions`, for which AWS has nothing narrower than `*`.
    pub fn whole(&mut self, actions: &[&str], reason: &str) {
        self.with(Vec::new(), &Target::Whole, actions, reason);
    }

    /// Each of `actions` on `target`, where `conditions` are so.
    pub fn with(&mut self, conditions: Vec<Condition>, target: &Target, actions: &[&str], reason: &str) {
        self.needs.extend(actions.iter().map(|action| Need {
            action: (*action).to_owned(),
            target: target.clone(),
            conditions: conditions.clone(),
            is_certain: true,
            cause: Cause { path: Path::default(), who: None, reason: reason.to_owned() },
        }));
    }
}
