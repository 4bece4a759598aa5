//! Which roles are so new that other services may not know them yet.
//!
//! IAM answers at once, but Step Functions and ECS see a new role, trust or policy only some seconds later,
//! and refuse it until then with the words they would use for a role that is really wrong. Such a
//! refusal is worth a retry only if the role was changed a moment ago.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::aws::Patience;

/// The ARNs of roles made or changed lately, by this run or the one before it.
#[derive(Clone, Debug, Default)]
pub struct ChangedRoles {
    changed: Arc<Mutex<HashMap<String, Instant>>>,
}

impl ChangedRoles {
    /// Notes that the role `arn` was changed `ago`.
    pub fn note(&self, arn: &str, ago: Duration) {
        if let (Some(when), Ok(mut changed)) = (Instant::now().checked_sub(ago), self.changed.lock()) {
            changed.insert(arn.to_owned(), when);
        }
    }

    /// How much longer a service may be expected not to know the role as it is; zero if it was not changed lately.
    pub fn settling(&self, arn: &str) -> Duration {
        let changed = self.changed.lock().ok().and_then(|changed| changed.get(arn).copied());
        changed.map_or(Duration::ZERO, |when| Patience::PROPAGATION.at_most.saturating_sub(when.elapsed()))
    }
}
