//! What the resource types of ECS share: members of requests, and changes of tags.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value as Json;

use crate::aws::{Error, ErrorKind, Patience};
use crate::resource::{Live, Operation};
use crate::resources::tags::{self, TagChanges};
use crate::schema::{Field, wire};
use crate::value::Value;

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

/// Makes the tags of `live` those of `spec` and of the operation's owner, by as few calls as that needs.
pub async fn change_tags(operation: Operation<'_>, live: &Live, spec: &Value) -> Result<(), Error> {
    let TagChanges { removed, set } = tags::changes(live, spec, operation.ownership);
    if !removed.is_empty() {
        let request = operation.aws.ecs.untag_resource().resource_arn(&live.id).set_tag_keys(Some(removed));
        request.send().await.map_err(|error| Error::from_sdk("ecs:UntagResource", error))?;
    }
    if !set.is_empty() {
        let tag = |(key, value)| aws_sdk_ecs::types::Tag::builder().key(key).value(value).build();
        let request = operation.aws.ecs.tag_resource().resource_arn(&live.id).set_tags(Some(set.into_iter().map(tag).collect()));
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
