//! What changed outside: recorded against live, and whose each difference is.
//!
//! | the field | the difference is | and an apply |
//! |---|---|---|
//! | is managed | ours | puts it back |
//! | has no fixed default, and the stack says nothing of it | left alone: unmanaged | leaves it |
//! | is in `lifecycle.ignore_changes` | left alone: ignored | leaves it |

use crate::plan::adjust;
use crate::resource::{Attributes, Live, Ownership, ResourceType};
use crate::schema::{Difference, differences};
use crate::stack::Lifecycle;
use crate::state::Record;
use crate::value::{Path, Value};

/// Why a difference is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftAloneBecause {
    /// AWS's default depends on the account, and the stack says nothing of it.
    Unmanaged,
    /// `lifecycle.ignore_changes` names it.
    Ignored,
}

/// Something that changed outside and is not put back.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftAlone {
    pub difference: Difference,
    pub because: LeftAloneBecause,
}

/// What changed outside of one resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drift {
    pub ours: Vec<Difference>,
    pub left_alone: Vec<LeftAlone>,
}

/// From what was recorded to what is live. `declared` is what the stack says, where it still has the resource.
///
/// After an interruption nobody knows what of a difference is our own doing, so there is none.
pub fn drift(
    kind: &dyn ResourceType,
    record: Option<&Record>,
    live: &Live,
    declared: Option<&Value>,
    lifecycle: &Lifecycle,
) -> Drift {
    let Some(record) = record.filter(|record| !record.incomplete) else { return Drift::default() };
    let (schema, recorded, before) = (kind.schema(), &record.spec, &live.spec);
    let all = differences(schema, Some(recorded), Some(before));

    let mut kept = recorded.clone();
    for path in &lifecycle.ignore_changes {
        adjust::keep_path(schema, path, &mut kept, before);
    }
    let not_ignored = differences(schema, Some(&kept), Some(before));
    adjust::release_unmanaged(schema, &mut kept, declared);
    adjust::keep_unmanaged(schema, &mut kept, before);
    let managed = differences(schema, Some(&kept), Some(before));

    let is_in = |list: &[Difference], it: &Difference| list.iter().any(|other| other.path == it.path);
    let mut drift = Drift::default();
    for difference in all {
        if is_in(&managed, &difference) {
            drift.ours.push(difference);
            continue;
        }
        let is_unmanaged = is_in(&not_ignored, &difference);
        let because = if is_unmanaged { LeftAloneBecause::Unmanaged } else { LeftAloneBecause::Ignored };
        drift.left_alone.push(LeftAlone { difference, because });
    }
    drift.ours.extend(of_attributes(kind, &record.attributes, &live.attributes));
    drift
}

/// Attributes that nothing but another resource in the place of this one can change, such as the unique id of a role.
fn of_attributes(kind: &dyn ResourceType, recorded: &Attributes, live: &Attributes) -> Vec<Difference> {
    let is_fixed = |name: &str| kind.description().attributes.iter().any(|it| it.name == name && it.survives_update);
    let is_a_field = |name: &str| kind.schema().member(name).is_some();
    let differs = |(name, old): &(&String, &Value)| live.get(*name).is_some_and(|new| new != *old);
    let fixed = recorded.iter().filter(|(name, _)| is_fixed(name) && !is_a_field(name)).filter(differs);
    fixed.map(|(name, old)| plain(Path::key(name.as_str()), Some(old.clone()), live.get(name).cloned())).collect()
}

/// What the tags that say whose a resource is must become, so that it is marked as `wanted`; none where it is.
pub fn unmarked(kind: &dyn ResourceType, live: &Live, wanted: &Ownership) -> Vec<Difference> {
    if kind.schema().member(TAGS).is_none() {
        return Vec::new();
    }
    let told = live.ownership.as_ref();
    let tag = |key: &str, old: Option<&String>, new: &String| {
        let old = old.filter(|old| !old.is_empty());
        let differs = old != Some(new);
        differs.then(|| plain(Path::key(TAGS).join_key(key), old.map(Value::string), Some(Value::string(new))))
    };
    let stack = tag(Ownership::STACK, told.map(|owner| &owner.stack), &wanted.stack);
    let address = tag(Ownership::ADDRESS, told.map(|owner| &owner.address), &wanted.address);
    stack.into_iter().chain(address).collect()
}

const TAGS: &str = "tags";

fn plain(path: Path, old: Option<Value>, new: Option<Value>) -> Difference {
    Difference { path, old, new, replace: false, sensitive: false, document: None }
}
