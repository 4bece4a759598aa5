//! What moved between a plan that was saved and the one that would be made now.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::render::clean::{clean, quoted};

/// One sentence for each place in which `fresh` is not what `saved` promised; none where applying one is applying the other.
///
/// Only resources and outputs are looked at that have a change in one of the two: whatever both leave alone may differ.
pub fn compare(saved: &Json, fresh: &Json) -> Vec<String> {
    let mut moved = Vec::new();
    difference("what has moved", "", &saved["moved"], &fresh["moved"], &mut moved);
    let (saved_changes, fresh_changes) = (list(saved, "resource_changes"), list(fresh, "resource_changes"));
    let mut seen = BTreeSet::new();
    for change in saved_changes.iter().chain(fresh_changes) {
        let key = key(change);
        if seen.insert(key.clone()) {
            let find = |changes: &'_ [Json]| changes.iter().find(|change| self::key(change) == key).cloned();
            resource(&key, find(saved_changes).as_ref(), find(fresh_changes).as_ref(), &mut moved);
        }
    }
    let (saved_outputs, fresh_outputs) = (&saved["output_changes"], &fresh["output_changes"]);
    let names: BTreeSet<&String> =
        [saved_outputs, fresh_outputs].into_iter().filter_map(Json::as_object).flat_map(|outputs| outputs.keys()).collect();
    for name in names {
        let (saved, fresh) = (saved_outputs.get(name), fresh_outputs.get(name));
        if [saved, fresh].into_iter().flatten().any(|output| output["actions"] != serde_json::json!(["no-op"])) {
            output(&format!("output {}", clean(name)), saved, fresh, &mut moved);
        }
    }
    moved
}

fn resource(key: &(String, String), saved: Option<&Json>, fresh: Option<&Json>, moved: &mut Vec<String>) {
    let subject = if key.1.is_empty() { clean(&key.0) } else { format!("{} (deposed {})", clean(&key.0), clean(&key.1)) };
    let (saved_action, fresh_action) = (action(saved), action(fresh));
    if saved_action == NOTHING && fresh_action == NOTHING {
        return;
    }
    if saved_action != fresh_action {
        moved.push(format!("{subject}: the saved plan says {saved_action}, now it would be {fresh_action}"));
        if saved_action == NOTHING || fresh_action == NOTHING {
            return;
        }
    }
    let (Some(saved), Some(fresh)) = (saved, fresh) else { return };
    for member in ["before", "after", "after_unknown", "before_sensitive", "after_sensitive", "replace_paths", "importing"] {
        difference(&subject, member, &saved["change"][member], &fresh["change"][member], moved);
    }
}

fn output(subject: &str, saved: Option<&Json>, fresh: Option<&Json>, moved: &mut Vec<String>) {
    let (saved, fresh) = (saved.unwrap_or(&Json::Null), fresh.unwrap_or(&Json::Null));
    let said = |output: &Json| match output["actions"][0].as_str() {
        None | Some("no-op") => NOTHING.to_owned(),
        Some(action) => clean(action),
    };
    let (saved_action, fresh_action) = (said(saved), said(fresh));
    if saved_action != fresh_action {
        moved.push(format!("{subject}: the saved plan says {saved_action}, now it would be {fresh_action}"));
    } else {
        difference(subject, "", saved, fresh, moved);
    }
}

const NOTHING: &str = "no change";

/// What would be done, in words.
fn action(change: Option<&Json>) -> String {
    let Some(change) = change.map(|change| &change["change"]) else { return NOTHING.to_owned() };
    let actions: Vec<&str> = change["actions"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    match (actions.as_slice(), change["importing"].is_object()) {
        (["no-op"] | [], false) => NOTHING.to_owned(),
        (["no-op"], true) => "import".to_owned(),
        (actions, true) => format!("import and {}", actions.join(" then ")),
        (actions, false) => actions.iter().map(|action| clean(action)).collect::<Vec<_>>().join(" then "),
    }
}

fn difference(subject: &str, path: &str, saved: &Json, fresh: &Json, moved: &mut Vec<String>) {
    if saved == fresh {
        return;
    }
    match (saved, fresh) {
        (Json::Object(a), Json::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let dot = if path.is_empty() { "" } else { "." };
                let at = format!("{path}{dot}{}", crate::render::literal::key(key));
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => difference(subject, &at, a, b, moved),
                    (a, b) => moved.push(sentence(subject, &at, a, b)),
                }
            }
        }
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                difference(subject, &format!("{path}[{index}]"), a, b, moved);
            }
        }
        _ => moved.push(sentence(subject, path, Some(saved), Some(fresh))),
    }
}

fn sentence(subject: &str, path: &str, saved: Option<&Json>, fresh: Option<&Json>) -> String {
    let place = if path.is_empty() { String::new() } else { format!(" {path}:") };
    format!("{subject}:{place} the saved plan has {}, now it is {}", show(saved), show(fresh))
}

fn show(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => "nothing".to_owned(),
        Some(Json::String(text)) => quoted(text),
        Some(other) => clean(&other.to_string()),
    }
}

fn key(change: &Json) -> (String, String) {
    let text = |member: &str| change[member].as_str().unwrap_or_default().to_owned();
    (text("address"), text("deposed"))
}

fn list<'a>(document: &'a Json, member: &str) -> &'a [Json] {
    document[member].as_array().map_or(&[], Vec::as_slice)
}
