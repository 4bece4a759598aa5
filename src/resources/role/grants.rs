//! What a role allows, as far as its spec tells, and how a derived policy is put into it.

use crate::document::permissions::{Granted, Sampler, managed_policy};
use crate::value::{Map, Value};

const INLINE: &str = "inline_policies";

pub fn grants(spec: &Value, sampler: &Sampler<'_>) -> Granted {
    let mut granted = Granted::default();
    let inline = spec.get(INLINE).and_then(Value::as_map);
    granted.policies = inline.into_iter().flatten().map(|(_, document)| sampler.policy(document)).collect();
    for attached in spec.get("managed_policy_arns").map(Value::items).unwrap_or_default() {
        let arn = sampler.text(attached);
        match arn.as_deref().and_then(managed_policy) {
            Some(document) => granted.policies.push(document),
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
