//! The address of a resource: `TYPE.NAME`, or `data.TYPE.NAME` for something looked up and not ours.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names one resource of a stack, e.g. `task_definition.report` or `data.cluster.shared`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// Whether this is a look-up (`[data.TYPE.NAME]`) rather than a managed resource.
    pub is_data: bool,
    /// The resource type, e.g. `task_definition`.
    pub resource_type: String,
    /// The name the user gave it in the stack file.
    pub name: String,
}

impl Address {
    /// The address of a managed resource.
    pub fn managed(resource_type: impl Into<String>, name: impl Into<String>) -> Self {
        Self { is_data: false, resource_type: resource_type.into(), name: name.into() }
    }

    /// The address of a look-up.
    pub fn data(resource_type: impl Into<String>, name: impl Into<String>) -> Self {
        Self { is_data: true, resource_type: resource_type.into(), name: name.into() }
    }
}

/// Whether `text` may name a resource, a variable or an output: a letter or `_`, then letters, digits, `_`, `-`.
pub fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.is_data { "data." } else { "" };
        write!(f, "{prefix}{}.{}", self.resource_type, self.name)
    }
}

/// Why a text is not an address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{}` is not an address; an address is TYPE.NAME, for example task_definition.report", .0.escape_debug())]
pub struct ParseAddressError(String);

impl FromStr for Address {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('.').collect();
        match parts.as_slice() {
            [resource_type, name] if *resource_type != "data" && is_identifier(resource_type) && is_identifier(name) => {
                Ok(Self::managed(*resource_type, *name))
            }
            ["data", resource_type, name] if is_identifier(resource_type) && is_identifier(name) => {
                Ok(Self::data(*resource_type, *name))
            }
            _ => Err(ParseAddressError(text.to_owned())),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_it_prints() {
        for text in ["cluster.main", "data.task_definition.report-2"] {
            assert_eq!(text.parse::<Address>().map(|address| address.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in ["", "cluster", "data.cluster", "a.b.c", "a.b.c.d", "cluster.", ".main", "cluster.1x", "cluster.a b"] {
            assert!(text.parse::<Address>().is_err(), "{text:?} was accepted");
        }
    }
}
