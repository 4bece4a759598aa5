//! A plan in the shape of Terraform's plan JSON, so that whatever reads that reads ours.
//!
//! What differs, and why:
//!
//! | member | here |
//! |---|---|
//! | sensitive values | `null`, with `true` at the same place of `*_sensitive`; Terraform writes them in clear |
//! | `replace_paths` | elements of lists without order are named by their identity, which a position would not |
//! | `reasons` | added: every reason of a change; `action_reason` is the nearest of Terraform's |
//! | `moved`, `refresh_only`, `fields` of a drift | added: what has another address; whether only the state is to change; each field and whose it is |
//! | `document_changes` | added, of a change and of drift: what changed inside policies and state machines, place by place |
//! | `base` | added: lineage, serial and stack digest that the plan was made from |
//! | `variables`, `configuration`, `timestamp` | left out: a plan does not hold the first two, and is the same at any time |
//!
//! | file | holds |
//! |---|---|
//! | `value.rs` | one value → its JSON and the marks of what is unknown and what is sensitive |
//! | `change.rs` | one change |
//! | `document.rs` | what changed inside documents |
//! | `drift.rs` | what changed outside |
//! | `diagnostic.rs` | what is wrong with the user's input |
//! | `write.rs` | JSON as text that is harmless on a terminal |
//! | `compare.rs` | what moved between a saved plan and a fresh one |

use serde_json::{Map, Value as Json, json};

use crate::plan::{Action, Change, Moved, OutputChange, Plan};
use crate::render::mask;
use crate::value::Value;

mod change;
mod compare;
mod diagnostic;
mod document;
mod drift;
pub(super) mod value;
mod write;

pub use compare::compare;
pub use diagnostic::diagnostics;
pub use write::{write_line, write_pretty};

/// Of the members and their meaning: Terraform's.
const FORMAT_VERSION: &str = "1.2";
const STATE_FORMAT_VERSION: &str = "1.0";

/// The plan. The same plan gives the same bytes.
pub fn plan_document(plan: &Plan) -> Json {
    let changes = plan.changes.iter().map(change::change).collect::<Vec<_>>();
    let resources_now = plan.changes.iter().filter(|change| change.deposed.is_none()).filter_map(change::resource_before);
    let resources_planned = plan.changes.iter().filter(|change| change.deposed.is_none()).filter_map(change::resource_after);
    let outputs = |pick: fn(&OutputChange) -> Option<&Value>| -> Map<String, Json> {
        plan.outputs.iter().filter_map(|output| Some((output.name.clone(), planned_output(output, pick(output)?)))).collect()
    };
    json!({
        "format_version": FORMAT_VERSION,
        "stepwright_version": env!("CARGO_PKG_VERSION"),
        "stack": plan.stack,
        "place": plan.place,
        "base": plan.base,
        "refresh_only": plan.is_refresh_only,
        "moved": moved(plan),
        "planned_values": {
            "outputs": outputs(|output| output.after.as_ref()),
            "root_module": { "resources": resources_planned.collect::<Vec<_>>() },
        },
        "resource_drift": resource_drift(plan),
        "resource_changes": changes,
        "output_changes": plan.outputs.iter().map(|output| (output.name.clone(), output_change(output))).collect::<Map<_, _>>(),
        "prior_state": {
            "format_version": STATE_FORMAT_VERSION,
            "values": {
                "outputs": outputs(|output| output.before.as_ref()),
                "root_module": { "resources": resources_now.collect::<Vec<_>>() },
            },
        },
        "notices": plan.notices,
        "counts": plan.counts(),
        "applyable": plan.has_changes(),
        "complete": true,
        "errored": false,
    })
}

/// What changed outside, alone: what `stepwright drift` prints.
pub fn drift_document(plan: &Plan) -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "stepwright_version": env!("CARGO_PKG_VERSION"),
        "stack": plan.stack,
        "place": plan.place,
        "base": plan.base,
        "drifted": plan.drifted().next().is_some(),
        "resource_drift": resource_drift(plan),
        "notices": plan.notices,
    })
}

fn resource_drift(plan: &Plan) -> Vec<Json> {
    let is_told = |change: &&Change| change.has_drifted() || !change.left_alone.is_empty();
    plan.changes.iter().filter(is_told).map(drift::drift).collect()
}

fn moved(plan: &Plan) -> Vec<Json> {
    plan.moves.iter().map(|Moved { from, to }| json!({ "from": from, "to": to })).collect()
}

fn planned_output(output: &OutputChange, value: &Value) -> Json {
    let is_hidden = output.sensitive || [&output.before, &output.after].into_iter().flatten().any(Value::has_secret);
    let shown = value::show(&if is_hidden { mask::hidden(value) } else { value.clone() });
    json!({ "sensitive": is_hidden, "value": shown.value.unwrap_or_default() })
}

fn output_change(output: &OutputChange) -> Json {
    let show = |value: &Option<Value>, opposite: &Option<Value>| {
        value.as_ref().map(|value| {
            value::show(&if output.sensitive { mask::hidden(value) } else { mask::mask(None, value, opposite.as_ref()) })
        })
    };
    let (before, after) = (show(&output.before, &output.after), show(&output.after, &output.before));
    let actions = match (&output.before, &output.after) {
        _ if !output.is_change() => "no-op",
        (None, _) => "create",
        (_, None) => "delete",
        _ => "update",
    };
    json!({
        "actions": [actions],
        "before": before.as_ref().and_then(|shown| shown.value.clone()),
        "after": after.as_ref().and_then(|shown| shown.value.clone()),
        "after_unknown": after.as_ref().map_or(Json::Bool(false), value::Shown::unknown),
        "before_sensitive": output.sensitive || before.is_some_and(|shown| shown.sensitive.is_some()),
        "after_sensitive": output.sensitive || after.is_some_and(|shown| shown.sensitive.is_some()),
    })
}

/// Terraform's names of an action.
fn actions(action: Action, has_differences: bool) -> &'static [&'static str] {
    use crate::resource::Replacement;
    match action {
        Action::NoOp | Action::Refresh => &["no-op"],
        Action::Create => &["create"],
        Action::Update => &["update"],
        Action::Replace(Replacement::DeleteThenCreate) => &["delete", "create"],
        Action::Replace(Replacement::CreateThenDelete) => &["create", "delete"],
        Action::Delete => &["delete"],
        Action::Import if has_differences => &["update"],
        Action::Import => &["no-op"],
        Action::Forget => &["forget"],
    }
}

#[cfg(test)]
mod tests;
