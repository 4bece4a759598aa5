//! One change of a resource.

use serde_json::{Map, Value as Json, json};

use crate::address::Address;
use crate::plan::{Action, Change, Reason};
use crate::render::attributes;
use crate::render::json::value::{Shown, show};
use crate::render::json::{actions, document};
use crate::render::mask::{Mask, mask};
use crate::resource::Attributes;
use crate::schema::{Difference, Field};
use crate::value::{Path, Segment, Value};

/// An element of `resource_changes`.
pub(super) fn change(change: &Change) -> Json {
    let (before, after) = (before(change), after(change));
    let mut object = head(&change.address);
    if let Some(arn) = &change.deposed {
        object.insert("deposed".to_owned(), arn.clone().into());
    }
    let mut detail = sides(actions(change.action, change.has_spec_differences()), before.as_ref(), after.as_ref());
    let mask = Mask::of_change(change);
    if matches!(change.action, Action::Replace(_)) {
        let forcing = change.differences.iter().filter(|difference| difference.replace);
        let paths: Vec<Json> = forcing.map(|difference| steps(&mask.path(&difference.path))).collect();
        detail["replace_paths"] = paths.into();
    }
    if change.action == Action::Import {
        detail["importing"] = json!({ "id": change.id });
    }
    if let Some(from) = change.moved_from() {
        object.insert("previous_address".to_owned(), from.to_string().into());
    }
    object.insert("change".to_owned(), detail);
    if let Some(reason) = action_reason(change) {
        object.insert("action_reason".to_owned(), reason.into());
    }
    object.insert("reasons".to_owned(), change.reasons.iter().map(|reason| self::reason(reason, &mask)).collect());
    document::put(&mut object, document_changes(&change.differences, &mask));
    Json::Object(object)
}

fn document_changes(differences: &[Difference], mask: &Mask<'_>) -> Vec<Json> {
    let inside = |difference: &Difference| {
        let (old, new) = mask.difference(difference);
        document::changes(difference, old.as_ref(), new.as_ref())
    };
    differences.iter().flat_map(inside).collect()
}

/// The resource as it is, for `prior_state`.
pub(super) fn resource_before(change: &Change) -> Option<Json> {
    Some(resource(&change.address, &before(change)?))
}

/// The resource as it will be, for `planned_values`.
pub(super) fn resource_after(change: &Change) -> Option<Json> {
    Some(resource(&change.address, &after(change)?))
}

/// `address`, `mode` and so on: what every member about a resource begins with.
pub(super) fn head(address: &Address) -> Map<String, Json> {
    let mut object = Map::new();
    object.insert("address".to_owned(), address.to_string().into());
    object.insert("mode".to_owned(), if address.is_data { "data" } else { "managed" }.into());
    object.insert("type".to_owned(), address.resource_type.clone().into());
    object.insert("name".to_owned(), address.name.clone().into());
    object.insert("provider_name".to_owned(), "stepwright/aws".into());
    object
}

/// `actions`, `before`, `after` and their marks.
pub(super) fn sides(actions: &[&str], before: Option<&Shown>, after: Option<&Shown>) -> Json {
    let value = |side: Option<&Shown>| side.and_then(|side| side.value.clone());
    let sensitive = |side: Option<&Shown>| match side {
        None => Json::Bool(false),
        Some(side) => side.sensitive.clone().unwrap_or_else(|| json!({})),
    };
    json!({
        "actions": actions,
        "before": value(before),
        "after": value(after),
        "after_unknown": after.and_then(|after| after.unknown.clone()).unwrap_or_else(|| json!({})),
        "before_sensitive": sensitive(before),
        "after_sensitive": sensitive(after),
    })
}

/// A spec, masked, with the attributes beside its fields.
pub(super) fn whole(schema: &Field, spec: &Value, attributes: &Attributes, opposite: Option<(&Value, &Attributes)>) -> Shown {
    let masked = mask(Some(schema), spec, opposite.map(|(spec, _)| spec));
    let mut map = masked.as_map().cloned().unwrap_or_default();
    for (name, value) in attributes {
        let opposite = opposite.and_then(|(_, attributes)| attributes.get(name));
        if !map.contains_key(name) {
            map.insert(name.clone(), mask(schema.member(name), value, opposite));
        }
    }
    show(&Value::Map(map))
}

fn before(change: &Change) -> Option<Shown> {
    let spec = change.before.as_ref().filter(|_| change.action != Action::Create)?;
    let attributes = attributes::after(change);
    let opposite = change.after.as_ref().map(|after| (after, &attributes));
    Some(whole(change.kind.schema(), spec, &change.before_attributes, opposite))
}

fn after(change: &Change) -> Option<Shown> {
    let spec = change.after.as_ref().filter(|_| !matches!(change.action, Action::Delete | Action::Forget))?;
    let opposite = change.before.as_ref().map(|before| (before, &change.before_attributes));
    Some(whole(change.kind.schema(), spec, &attributes::after(change), opposite))
}

fn resource(address: &Address, shown: &Shown) -> Json {
    let mut object = head(address);
    object.insert("schema_version".to_owned(), 0.into());
    object.insert("values".to_owned(), shown.value.clone().unwrap_or_default());
    object.insert("sensitive_values".to_owned(), shown.sensitive.clone().unwrap_or_else(|| json!({})));
    Json::Object(object)
}

fn steps(path: &Path) -> Json {
    path.0
        .iter()
        .map(|segment| match segment {
            Segment::Key(name) | Segment::Element(name) => Json::from(name.clone()),
            Segment::Index(index) => Json::from(*index),
        })
        .collect()
}

/// The nearest of Terraform's reasons.
fn action_reason(change: &Change) -> Option<&'static str> {
    let has = |reason: &Reason| change.reasons.contains(reason);
    match change.action {
        Action::Replace(_) if has(&Reason::Requested) => Some("replace_by_request"),
        Action::Replace(_) if has(&Reason::Interrupted) => Some("replace_because_tainted"),
        Action::Replace(_) => Some("replace_because_cannot_update"),
        Action::Delete if has(&Reason::RemovedFromStack) => Some("delete_because_no_resource_config"),
        _ => None,
    }
}

fn reason(reason: &Reason, mask: &Mask<'_>) -> Json {
    let with_path = |kind: &str, path: &Path| {
        let path = mask.path(path);
        json!({ "kind": kind, "path": path, "steps": steps(&path) })
    };
    match reason {
        Reason::New => json!({ "kind": "new" }),
        Reason::Missing => json!({ "kind": "missing" }),
        Reason::MarkedAsAnothers(owner) => {
            json!({ "kind": "marked_as_anothers", "stack": owner.stack, "owner_address": owner.address })
        }
        Reason::RemovedFromStack => json!({ "kind": "removed_from_stack" }),
        Reason::Destroy => json!({ "kind": "destroy" }),
        Reason::Changed(path) => with_path("changed", path),
        Reason::Drifted(path) => with_path("drifted", path),
        Reason::MustBeReplaced(path) => with_path("must_be_replaced", path),
        Reason::UpstreamReplaced(address) => json!({ "kind": "upstream_replaced", "address": address }),
        Reason::Requested => json!({ "kind": "requested" }),
        Reason::Interrupted => json!({ "kind": "interrupted" }),
        Reason::Imported => json!({ "kind": "imported" }),
        Reason::Moved(from) => json!({ "kind": "moved", "from": from }),
        Reason::OwnedByTags => json!({ "kind": "owned_by_tags" }),
        Reason::Deposed => json!({ "kind": "deposed" }),
    }
}
