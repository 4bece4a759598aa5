//! The one tree that specs, documents and attributes are made of.
//!
//! It is JSON with two leaves more: a string that is *pending* (it still holds references that
//! only an apply can resolve) and a *secret* (it was made from a sensitive variable).

use std::fmt;

use indexmap::IndexMap;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::template::{Part, Reference, Template};
use crate::value::number::is_same_number;

mod number;

pub use crate::secret::Secret;
pub use number::whole_number;

/// A table. The order of keys is kept, since documents are sent as the user wrote them; it plays no part in equality.
pub type Map = IndexMap<String, Value>;

/// A value of a spec, a document or an attribute.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    String(String),
    List(Vec<Value>),
    Map(Map),
    /// Known only after apply.
    Pending(Template),
    /// Made from a sensitive variable.
    Secret(Secret),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => is_same_number(a, b),
            (Self::String(a), Self::String(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Pending(a), Self::Pending(b)) => a == b,
            (Self::Secret(a), Self::Secret(b)) => a == b,
            _ => false,
        }
    }
}

/// Why a tree can't be sent: something in it is not known yet, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPlain {
    #[error("{path}: {template} is known only after apply")]
    Pending { path: Path, template: String },
    #[error("{path}: the sensitive value is not known here")]
    Sealed { path: Path },
}

impl Value {
    /// What a user calls its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::String(_) | Self::Pending(_) | Self::Secret(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a table",
        }
    }

    pub fn string(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The elements of a list; none for anything else.
    pub fn items(&self) -> &[Value] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The member `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }

    /// The text of the member `key`, if it is a known, not secret string.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// Null, an empty list or an empty map: what AWS treats as absent.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::List(items) => items.is_empty(),
            Self::Map(map) => map.is_empty(),
            _ => false,
        }
    }

    /// Whether any leaf is known only after apply.
    pub fn is_pending(&self) -> bool {
        let mut found = false;
        self.visit(&mut |_, value| found |= matches!(value, Self::Pending(_)));
        found
    }

    /// Whether any leaf is a secret, or will be one once it is known.
    pub fn has_secret(&self) -> bool {
        let mut found = false;
        self.visit(&mut |_, value| found |= value.is_secret());
        found
    }

    /// Whether it is a secret itself, or will be one once it is known.
    pub fn is_secret(&self) -> bool {
        match self {
            Self::Secret(_) => true,
            Self::Pending(template) => template.secrets().next().is_some(),
            _ => false,
        }
    }

    /// Every reference that is still open in this tree, in order of appearance.
    pub fn references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        self.visit(&mut |_, value| {
            if let Self::Pending(template) = value {
                references.extend(template.references().cloned());
            }
        });
        references
    }

    /// Calls `visitor` with every node of the tree and its path, parents first.
    pub fn visit(&self, visitor: &mut impl FnMut(&Path, &Value)) {
        fn walk(value: &Value, path: &mut Path, visitor: &mut impl FnMut(&Path, &Value)) {
            visitor(path, value);
            match value {
                Value::List(items) => {
                    for (index, item) in items.iter().enumerate() {
                        path.0.push(Segment::Index(index));
                        walk(item, path, visitor);
                        path.0.pop();
                    }
                }
                Value::Map(map) => {
                    for (key, item) in map {
                        path.0.push(Segment::Key(key.clone()));
                        walk(item, path, visitor);
                        path.0.pop();
                    }
                }
                _ => {}
            }
        }
        walk(self, &mut Path::default(), visitor);
    }

    /// The tree with every leaf replaced by what `leaf` makes of it.
    pub fn map_leaves(&self, leaf: &mut impl FnMut(&Value) -> Value) -> Value {
        match self {
            Self::List(items) => Self::List(items.iter().map(|item| item.map_leaves(leaf)).collect()),
            Self::Map(map) => Self::Map(map.iter().map(|(key, item)| (key.clone(), item.map_leaves(leaf))).collect()),
            other => leaf(other),
        }
    }

    /// Replaces references by what `lookup` knows of them; what it does not know stays pending.
    ///
    /// A string that is one reference and nothing else takes the value's own type; in a longer
    /// string the value is written as text. A secret makes the whole string a secret, its digest made by
    /// `digest`, as soon as all of it is known.
    pub fn resolve(&self, lookup: &impl Fn(&Reference) -> Option<Value>, digest: &impl Fn(&str) -> String) -> Value {
        self.map_leaves(&mut |leaf| match leaf {
            Self::Pending(template) => resolve_template(template, lookup, digest),
            other => other.clone(),
        })
    }

    /// As JSON, secrets in clear: for requests to AWS alone.
    pub fn to_plain(&self) -> Result<serde_json::Value, NotPlain> {
        fn convert(value: &Value, path: &mut Path) -> Result<serde_json::Value, NotPlain> {
            Ok(match value {
                Value::Null => serde_json::Value::Null,
                Value::Bool(value) => (*value).into(),
                Value::Number(number) => serde_json::Value::Number(number.clone()),
                Value::String(text) => text.clone().into(),
                Value::List(items) => {
                    let mut list = Vec::with_capacity(items.len());
                    for (index, item) in items.iter().enumerate() {
                        path.0.push(Segment::Index(index));
                        list.push(convert(item, path)?);
                        path.0.pop();
                    }
                    serde_json::Value::Array(list)
                }
                Value::Map(map) => {
                    let mut object = serde_json::Map::with_capacity(map.len());
                    for (key, item) in map {
                        path.0.push(Segment::Key(key.clone()));
                        object.insert(key.clone(), convert(item, path)?);
                        path.0.pop();
                    }
                    serde_json::Value::Object(object)
                }
                Value::Pending(template) => {
                    return Err(NotPlain::Pending { path: path.clone(), template: template.to_string() });
                }
                Value::Secret(secret) => match secret.reveal() {
                    Some(text) => text.into(),
                    None => return Err(NotPlain::Sealed { path: path.clone() }),
                },
            })
        }
        convert(self, &mut Path::default())
    }
}

fn resolve_template(
    template: &Template,
    lookup: &impl Fn(&Reference) -> Option<Value>,
    digest: &impl Fn(&str) -> String,
) -> Value {
    if let [Part::Reference(reference)] = template.parts() {
        return lookup(reference).unwrap_or_else(|| Value::Pending(template.clone()));
    }
    let parts = template.parts().iter().map(|part| match part {
        Part::Literal(_) | Part::Secret { .. } => part.clone(),
        Part::Reference(reference) => match lookup(reference) {
            // It stays apart from the text around it, or it would stand in clear until the rest is known.
            Some(Value::Secret(secret)) => Part::Secret { reference: reference.clone(), secret },
            Some(Value::String(text)) => Part::Literal(text),
            Some(Value::Number(number)) => Part::Literal(number.to_string()),
            Some(Value::Bool(value)) => Part::Literal(value.to_string()),
            _ => part.clone(),
        },
    });
    let resolved = Template::from_parts(parts.collect::<Vec<_>>());
    match resolved.reveal() {
        None => Value::Pending(resolved),
        Some(text) if resolved.secrets().next().is_some() => {
            let digest = digest(&text);
            Value::Secret(Secret::made_of(text, digest, resolved.secrets()))
        }
        Some(text) => Value::String(text),
    }
}

impl From<serde_json::Value> for Value {
    /// Plain JSON as a tree; `${...}` in it means nothing.
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => Self::Number(number),
            serde_json::Value::String(text) => Self::String(text),
            serde_json::Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(object) => {
                Self::Map(object.into_iter().map(|(key, item)| (key, Self::from(item))).collect())
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

const PENDING: &str = "$pending";
const SECRET: &str = "$secret";
/// Beside [`PENDING`]: the digests of what is secret in it, by the reference that the text has in its place.
const SECRETS: &str = "$secrets";

/// On disk a pending string is `{"$pending": "..."}`, a secret `{"$secret": DIGEST}`, and a key that
/// begins with `$` is written with one `$` more. The clear text of a secret is never written.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::List(items) => items.serialize(serializer),
            Self::Map(map) => serializer.collect_map(map.iter().map(|(key, item)| {
                let escaped = if key.starts_with('$') { format!("${key}") } else { key.clone() };
                (escaped, item)
            })),
            Self::Pending(template) => {
                let digests = template.digests();
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry(PENDING, &template.to_string())?;
                if !digests.is_empty() {
                    map.serialize_entry(SECRETS, &digests)?;
                }
                map.end()
            }
            Self::Secret(secret) => serializer.collect_map([(SECRET, secret.digest())]),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn unescape(json: serde_json::Value) -> Result<Value, String> {
            Ok(match json {
                serde_json::Value::Array(items) => Value::List(items.into_iter().map(unescape).collect::<Result<_, _>>()?),
                serde_json::Value::Object(object) => {
                    if let Some(text) = object.get(PENDING).and_then(|text| text.as_str()) {
                        let digest = |reference: &Reference| object.get(SECRETS)?.get(reference.to_string())?.as_str();
                        let template = Template::parse(text).map_err(|error| error.to_string())?;
                        return Ok(Value::Pending(template.sealed(digest)));
                    }
                    if let Some(digest) = object.get(SECRET).and_then(|digest| digest.as_str()) {
                        return Ok(Value::Secret(Secret::sealed(digest.to_owned())));
                    }
                    let entries = object.into_iter().map(|(key, item)| {
                        let key = key.strip_prefix('$').map(str::to_owned).unwrap_or(key);
                        unescape(item).map(|item| (key, item))
                    });
                    Value::Map(entries.collect::<Result<_, String>>()?)
                }
                leaf => Value::from(leaf),
            })
        }
        unescape(serde_json::Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// One step down a tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// A member of a map.
    Key(String),
    /// An element of a list, by position.
    Index(usize),
    /// An element of a list without order, by the value of its identifying member.
    Element(String),
}

/// Where something is in a tree: `container_definitions[report].environment[STAGE].value`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Path(pub Vec<Segment>);

impl Path {
    /// The path of the member `key` at the top.
    pub fn key(key: impl Into<String>) -> Self {
        Self(vec![Segment::Key(key.into())])
    }

    /// This path, one step further.
    pub fn join(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// As RFC 6901 writes it: `/States/A/Choices/0/Next`.
    pub fn json_pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in &self.0 {
            pointer.push('/');
            match segment {
                Segment::Index(index) => pointer.push_str(&index.to_string()),
                Segment::Key(key) | Segment::Element(key) => {
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                }
            }
        }
        pointer
    }

    /// This path, then the member `key`.
    pub fn join_key(&self, key: impl Into<String>) -> Self {
        self.join(Segment::Key(key.into()))
    }

    pub fn starts_with(&self, prefix: &Path) -> bool {
        self.0.starts_with(&prefix.0)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if crate::address::is_identifier(key) => {
                    write!(f, "{}{key}", if position == 0 { "" } else { "." })?;
                }
                Segment::Key(key) => write!(f, "[{key:?}]")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Element(identity) => write!(f, "[{}]", identity.escape_debug())?,
            }
        }
        Ok(())
    }
}

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests;
