//! What a role allows, as far as its spec tells, and how a derived policy is put into it.

use serde_json::json;

use crate::document::permissions::{Granted, GrantedPolicy, Sampler, managed_policy};
use crate::value::{Map, Path, Segment, Value};

pub const TRUST: &str = "assume_role_policy_document";
const INLINE: &str = "inline_policies";
const ATTACHED: &str = "managed_policy_arns";

/// As a user writes it.
pub fn role_for(service: &str) -> serde_json::Value {
    let statement = json!({ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" });
    json!({ TRUST: { "Version": "2012-10-17", "Statement": [statement] } })
}

pub fn grants(spec: &Value, sampler: &Sampler<'_>) -> Granted {
    let mut granted = Granted::default();
    let inline = spec.get(INLINE).and_then(Value::as_map);
    let inline = inline.into_iter().flatten();
    granted.policies =
        inline.map(|(name, document)| GrantedPolicy::written(Path::key(INLINE).join_key(name), document, sampler)).collect();
    for (index, attached) in spec.get(ATTACHED).map(Value::items).unwrap_or_default().iter().enumerate() {
        let arn = sampler.text(attached);
        match arn.as_deref().and_then(managed_policy) {
            Some(document) => {
                let path = Path::key(ATTACHED).join(Segment::Index(index));
                granted.policies.push(GrantedPolicy::managed(path, arn.unwrap_or_default(), document));
            }
            None => granted.unknown.push(arn.unwrap_or_else(|| "a policy that is known only after apply".to_owned())),
        }
    }
    if let Some(boundary) = spec.get("permissions_boundary") {
        granted.boundary = sampler.text(boundary).as_deref().and_then(managed_policy);
        granted.has_unknown_boundary = granted.boundary.is_none();
    }
    granted
}

pub fn with_policy(spec: &Value, name: &str, policy: Value) -> Option<Value> {
    let mut spec = spec.clone();
    let policies = spec.as_map_mut()?.entry(INLINE.to_owned()).or_insert_with(|| Value::Map(Map::new()));
    let policies = policies.as_map_mut()?;
    if policies.contains_key(name) {
        return None;
    }
    policies.insert(name.to_owned(), policy);
    Some(spec)
}
