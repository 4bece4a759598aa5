//! Why a resource that exists is to be changed.
//!
//! | the value differs from what is live, and | reason |
//! |---|---|
//! | the stack says something else than what was recorded | `Changed` |
//! | it refers to something that will not be what it was | `UpstreamReplaced` |
//! | an earlier run did not get that far | `Interrupted` |
//! | none of these: somebody else changed it | `Drifted` |

use std::collections::BTreeSet;

use crate::address::Address;
use crate::plan::decide::Decisions;
use crate::plan::{Action, Reason};
use crate::schema::{self, Difference};
use crate::stack::Resource;
use crate::state::Record;
use crate::template::Reference;
use crate::value::{Path, Value};

/// The reasons for `differences`, each once.
pub fn reasons(
    decisions: &Decisions<'_>,
    resource: &Resource,
    record: Option<&Record>,
    differences: &[Difference],
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    match record {
        None => reasons.push(decisions.import_reason(&resource.address)),
        Some(record) if record.incomplete && !differences.is_empty() => reasons.push(Reason::Interrupted),
        Some(_) => {}
    }
    let by_user = if differences.is_empty() { Vec::new() } else { changed_by_user(decisions, resource, record) };
    for difference in differences {
        let is_by_user = record.is_none()
            || by_user.iter().any(|path| path.starts_with(&difference.path) || difference.path.starts_with(path));
        let upstream = changed_upstream(decisions, difference);
        if is_by_user {
            add(&mut reasons, Reason::Changed(difference.path.clone()));
        } else if upstream.is_empty() && !record.is_some_and(|record| record.incomplete) {
            add(&mut reasons, Reason::Drifted(difference.path.clone()));
        }
        upstream.into_iter().for_each(|address| add(&mut reasons, Reason::UpstreamReplaced(address)));
        if difference.replace {
            add(&mut reasons, Reason::MustBeReplaced(difference.path.clone()));
        }
    }
    reasons
}

fn add(reasons: &mut Vec<Reason>, reason: Reason) {
    if !reasons.contains(&reason) {
        reasons.push(reason);
    }
}

/// Where the stack says something else than what was recorded, all references meaning what they meant then.
fn changed_by_user(decisions: &Decisions<'_>, resource: &Resource, record: Option<&Record>) -> Vec<Path> {
    let Some(recorded) = record.map(|record| &record.spec) else { return Vec::new() };
    let desired = decisions.desired(resource, &|reference| decisions.lookup_recorded(reference));
    let desired = decisions.adjusted(resource, desired, recorded);
    let differences = schema::differences(resource.kind.schema(), Some(recorded), Some(&desired));
    differences.into_iter().map(|difference| difference.path).collect()
}

/// Which resources the new value waits for that will not be what they were. What is new is none of them.
fn changed_upstream(decisions: &Decisions<'_>, difference: &Difference) -> BTreeSet<Address> {
    let references = difference.new.as_ref().map(Value::references).unwrap_or_default();
    let addresses = references.into_iter().filter_map(|reference| match reference {
        Reference::Attribute { address, .. } => Some(address),
        _ => None,
    });
    addresses
        .filter(|address| {
            decisions.changes.get(address).is_some_and(|change| match change.action {
                Action::Replace(_) | Action::Update => true,
                Action::Create => change.reasons.contains(&Reason::Missing),
                _ => false,
            })
        })
        .collect()
}
