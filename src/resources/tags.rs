//! Tags: the user's, and those that say whose a resource is.
//!
//! A resource with a name of its own is found again by it, so the token of the intent that made it is not written
//! on it. A revision of a task definition has none, and carries the token.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use crate::aws::{Error, ErrorKind};
use crate::diagnostic::Finding;
use crate::resource::{Live, Ownership};
use crate::value::{Map, Path, Value};

/// AWS allows so many tags on one resource.
const MOST_TAGS: usize = 50;
/// Of these, so many say whose it is: stack and address.
pub const OURS: usize = 2;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

pub type Tags = BTreeMap<String, String>;

/// The `tags` of a spec. Secrets are in clear: for requests to AWS alone.
pub fn of(spec: &Value) -> Tags {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Secret(secret) => secret.reveal().map(str::to_owned),
        _ => None,
    };
    let tags = spec.get("tags").and_then(Value::as_map);
    tags.into_iter().flatten().filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect()
}

/// The tags to create a resource with: the user's and ours.
pub fn with_ownership(spec: &Value, ownership: &Ownership) -> Tags {
    let mut tags = of(spec);
    tags.extend(without_token(ownership).tags());
    tags
}

/// Whose a resource is, whichever intent made it.
pub fn without_token(ownership: &Ownership) -> Ownership {
    Ownership { token: None, ..ownership.clone() }
}

/// As the member `tags` of a spec.
pub fn to_value(tags: Tags) -> Value {
    Value::Map(tags.into_iter().map(|(key, value)| (key, Value::String(value))).collect::<Map>())
}

/// `[{"key": …, "value": …}]`, as ECS and Step Functions spell it.
pub fn to_wire(tags: &Tags) -> Json {
    tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// The reverse of [`to_wire`].
pub fn from_wire(list: Option<&Json>) -> Tags {
    let text = |tag: &Json, member: &str| tag.get(member).and_then(Json::as_str).unwrap_or_default().to_owned();
    let list = list.and_then(Json::as_array).into_iter().flatten();
    list.map(|tag| (text(tag, "key"), text(tag, "value"))).filter(|(key, _)| !key.is_empty()).collect()
}

/// Tags as AWS tells them: the user's, as the member `tags` of a spec, and whose the resource is.
pub fn split(mut told: Tags) -> (Value, Option<Ownership>) {
    let ownership = Ownership::split_off(&mut told);
    (to_value(told), ownership)
}

/// What to do to the tags of a live resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagChanges {
    /// To be removed, and first: IAM takes keys that differ in case for the same.
    pub removed: Vec<String>,
    /// To be set.
    pub set: Tags,
}

/// What makes the tags of `live` those of `spec`, and the resource ours where it is not marked so yet.
pub fn changes(live: &Live, spec: &Value, ownership: &Ownership) -> TagChanges {
    let (old, new) = (of(&live.spec), of(spec));
    let removed = old.keys().filter(|key| !new.contains_key(*key)).cloned().collect();
    let mut set: Tags = new.into_iter().filter(|(key, value)| old.get(key) != Some(value)).collect();
    if !live.is_owned_by(ownership) {
        set.extend(without_token(ownership).tags());
    }
    TagChanges { removed, set }
}

/// The error of a creation that finds something of its name that is not ours.
pub fn already_exists(operation: &'static str, what: &str, owner: Option<&Ownership>) -> Error {
    let message = match owner.filter(|owner| owner.is_whole()) {
        Some(owner) => format!("{what} exists already: it is {} of the stack {}", owner.address, owner.stack),
        None => format!("{what} exists already, and is not this stack's"),
    };
    Error::new(operation, ErrorKind::AlreadyExists, message)
        .help("give yours another `name`, or delete what is there; a [data.TYPE.NAME] refers to it without managing it")
}

/// What is wrong with the `tags` of a spec, reserved keys aside, which are refused in every type. IAM tells keys apart without regard to case.
///
/// `ours` is how many of them are Stepwright's.
pub fn validate(spec: &Value, ours: usize, keys_ignore_case: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let path = Path::key("tags");
    let Some(tags) = spec.get("tags").and_then(Value::as_map) else { return findings };
    if tags.len() + ours > MOST_TAGS {
        let message = format!("{} tags are too many: AWS allows {MOST_TAGS}, and {ours} say whose the resource is", tags.len());
        findings.push(Finding::error(path.clone(), message).on_key().help(format!("keep to {}", MOST_TAGS - ours)));
    }
    let mut seen = BTreeSet::new();
    for (key, value) in tags {
        let at = path.join_key(key);
        let mut complain = |message: String| findings.push(Finding::error(at.clone(), message).on_key());
        if key.is_empty() || key.chars().count() > LONGEST_KEY {
            complain(format!("a tag key has 1 to {LONGEST_KEY} characters"));
        }
        if let Some(bad) = key.chars().find(|character| !is_allowed(*character)) {
            complain(format!("a tag key can't hold `{}`", bad.escape_debug()));
        }
        if keys_ignore_case && !seen.insert(key.to_lowercase()) {
            complain(format!("IAM takes `{key}` and another key, that differs in case, for the same"));
        }
        if let Some(text) = value.as_str() {
            if text.chars().count() > LONGEST_VALUE {
                findings.push(Finding::error(at.clone(), format!("a tag value has at most {LONGEST_VALUE} characters")));
            }
            if let Some(bad) = text.chars().find(|character| !is_allowed(*character)) {
                findings.push(Finding::error(at, format!("a tag value can't hold `{}`", bad.escape_debug())));
            }
        }
    }
    findings
}

/// Letters, digits, spaces and a few signs: what every service of AWS takes.
fn is_allowed(character: char) -> bool {
    character.is_alphanumeric()
        || character == ' '
        || (!character.is_control() && character.is_whitespace())
        || "_.:/=+-@".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(tags: Json) -> Value {
        Value::from(json!({ "tags": tags }))
    }

    #[test]
    fn findings() {
        let paths = |tags: Json| -> Vec<String> {
            validate(&spec(tags), OURS, true).into_iter().map(|finding| finding.path.to_string()).collect()
        };
        assert_eq!(paths(json!({ "team": "a b", "Straße": "x" })), Vec::<String>::new());
        assert_eq!(paths(json!({ "a": "", "A": "" })), ["tags.A"]);
        assert_eq!(paths(json!({ "a": "x".repeat(257), "b": "<" })), ["tags.a", "tags.b"]);
        let many: Json = (0..49).map(|number| (format!("k{number}"), json!(""))).collect::<serde_json::Map<_, _>>().into();
        assert_eq!(paths(many), ["tags"]);
    }

    #[test]
    fn wire_round_trip() {
        let tags = of(&spec(json!({ "a": "1", "b": "" })));
        assert_eq!(from_wire(Some(&to_wire(&tags))), tags);
    }

    #[test]
    fn only_what_changed() {
        let ours = Ownership { stack: "s".into(), address: "role.r".into(), token: None };
        let old = spec(json!({ "a": "1", "b": "1", "c": "1" }));
        let live = Live { id: String::new(), spec: old, attributes: BTreeMap::new(), ownership: Some(ours.clone()) };
        let new = spec(json!({ "a": "2", "b": "1" }));
        let found = changes(&live, &new, &ours);
        assert_eq!(found, TagChanges { removed: vec!["c".into()], set: Tags::from([("a".into(), "2".into())]) });
        let foreign = Live { ownership: None, ..live };
        let same = foreign.spec.clone();
        assert_eq!(changes(&foreign, &same, &ours).set, ours.tags());
    }
}
