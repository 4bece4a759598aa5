//! What the resource types of ECS share: tags as ECS spells them, and errors of requests.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value as Json, json};

use crate::aws::{Error, ErrorKind, Patience};
use crate::diagnostic::Finding;
use crate::resource::{Live, Operation, Ownership};
use crate::schema::{Field, wire};
use crate::value::{Path, Value};

/// The most tags that AWS allows on one resource.
const MAXIMUM_TAGS: usize = 50;

/// The member `key` of a spec as AWS is sent it; absent where the spec has none.
pub fn member(operation: &'static str, schema: &Field, spec: &Value, key: &str) -> Result<Option<Json>, Error> {
    match (schema.member(key), spec.get(key)) {
        (Some(field), Some(value)) => wire::to_wire(field, value).map(Some).map_err(|error| not_plain(operation, &error)),
        _ => Ok(None),
    }
}

/// The error of a spec that should have been resolved by now.
pub fn not_plain(operation: &'static str, error: &crate::value::NotPlain) -> Error {
    Error::new(operation, ErrorKind::Bug, error.to_string())
}

/// The tags of a spec, secrets in clear.
pub fn plain_tags(operation: &'static str, spec: &Value) -> Result<BTreeMap<String, String>, Error> {
    let Some(tags) = spec.get("tags") else { return Ok(BTreeMap::new()) };
    let json = tags.to_plain().map_err(|error| not_plain(operation, &error))?;
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Ok(json.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect())
}

/// Tags as ECS takes them: `[{"key": …, "value": …}]`.
pub fn tag_list(tags: &BTreeMap<String, String>) -> Json {
    tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// Tags as ECS tells them: the user's, and whose the resource is.
pub fn split_tags(list: Option<&Json>) -> (Value, Option<Ownership>) {
    let text = |tag: &Json, key: &str| tag.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let mut tags: BTreeMap<String, String> =
        list.and_then(Json::as_array).into_iter().flatten().map(|tag| (text(tag, "key"), text(tag, "value"))).collect();
    let ownership = Ownership::split_off(&mut tags);
    (Value::Map(tags.into_iter().map(|(key, value)| (key, Value::String(value))).collect()), ownership)
}

/// Makes the tags of `live` those of `spec` and of the operation's owner, by as few calls as that needs.
pub async fn change_tags(operation: Operation<'_>, live: &Live, spec: &Value) -> Result<(), Error> {
    let mut wanted = plain_tags("ecs:TagResource", spec)?;
    // The token stays that of the creation: it tells one creation from the next, and this is none.
    let owner = Ownership { token: None, ..operation.ownership.clone() };
    wanted.extend(owner.tags());
    let mut present: BTreeMap<String, Option<String>> = live.ownership.iter().flat_map(|owner| owner.tags()).map(some).collect();
    for (key, value) in live.spec.get("tags").and_then(Value::as_map).into_iter().flatten() {
        present.insert(key.clone(), value.as_str().map(str::to_owned));
    }

    let gone: Vec<String> =
        present.keys().filter(|key| !wanted.contains_key(*key) && !key.starts_with(Ownership::PREFIX)).cloned().collect();
    if !gone.is_empty() {
        let request = operation.aws.ecs.untag_resource().resource_arn(&live.id).set_tag_keys(Some(gone));
        request.send().await.map_err(|error| Error::from_sdk("ecs:UntagResource", error))?;
    }
    let changed: Vec<(String, String)> =
        wanted.into_iter().filter(|(key, value)| present.get(key).is_none_or(|old| old.as_ref() != Some(value))).collect();
    if !changed.is_empty() {
        let tag = |(key, value)| aws_sdk_ecs::types::Tag::builder().key(key).value(value).build();
        let tags = changed.into_iter().map(tag).collect();
        let request = operation.aws.ecs.tag_resource().resource_arn(&live.id).set_tags(Some(tags));
        request.send().await.map_err(|error| Error::from_sdk("ecs:TagResource", error))?;
    }
    Ok(())
}

/// Reports once that an operation waits, however often it looks.
pub fn report_waiting(operation: Operation<'_>, reported: &AtomicBool, what: &str, patience: Patience) {
    if !reported.swap(true, Ordering::Relaxed) {
        operation.progress.waiting(what, patience.at_most);
    }
}

/// What is wrong with the tags of a spec; `ours` is how many Stepwright adds.
pub fn validate_tags(spec: &Value, ours: usize) -> Vec<Finding> {
    let Some(tags) = spec.get("tags").and_then(Value::as_map) else { return Vec::new() };
    let path = Path::key("tags");
    let mut findings = Vec::new();
    if tags.len() + ours > MAXIMUM_TAGS {
        let message = format!("{} tags are too many", tags.len());
        let help = format!("AWS allows {MAXIMUM_TAGS} on a resource, and {ours} of them are Stepwright's");
        findings.push(Finding::error(path.clone(), message).on_key().help(help));
    }
    for (key, value) in tags {
        let at = path.join_key(key);
        if key.to_lowercase().starts_with("aws:") {
            findings.push(Finding::error(at.clone(), "tag keys that begin with `aws:` are AWS's own").on_key());
        }
        if key.starts_with(Ownership::PREFIX) {
            let message = format!("tag keys that begin with `{}` are Stepwright's own", Ownership::PREFIX);
            findings.push(Finding::error(at.clone(), message).on_key());
        }
        if key.is_empty() || key.chars().count() > 128 {
            findings.push(Finding::error(at.clone(), "a tag key has 1 to 128 characters").on_key());
        }
        if value.as_str().is_some_and(|text| text.chars().count() > 256) {
            findings.push(Finding::error(at, "a tag value has at most 256 characters"));
        }
    }
    findings
}

fn some((key, value): (String, String)) -> (String, Option<String>) {
    (key, Some(value))
}

/// The leaf members of a schema by AWS's own names, as the lists in `tests/fixtures/model/` have them.
#[cfg(test)]
pub fn leaves(schema: &Field) -> Vec<String> {
    use crate::schema::Shape;

    fn walk(field: &Field, path: &str, leaves: &mut Vec<String>) {
        match &field.shape {
            Shape::Object { fields, .. } => {
                for (key, member) in fields {
                    let name = wire::wire_name(key, member);
                    let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                    walk(member, &path, leaves);
                }
            }
            Shape::List { item, .. } => walk(item, &format!("{path}[]"), leaves),
            // Our table of tags is AWS's list of pairs.
            Shape::Map { .. } if path == "tags" => leaves.extend(["tags[].key".to_owned(), "tags[].value".to_owned()]),
            Shape::Map { item } => walk(item, &format!("{path}{{}}"), leaves),
            _ => leaves.push(path.to_owned()),
        }
    }
    let mut leaves = Vec::new();
    walk(schema, "", &mut leaves);
    leaves.sort();
    leaves
}
