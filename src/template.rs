//! `${...}` inside strings: the only expressions of the stack language.
//!
//! | text | meaning |
//! |---|---|
//! | `${role.task.arn}` | an attribute of another resource; also a dependency on it |
//! | `${data.cluster.shared.arn}` | an attribute of something looked up |
//! | `${var.image}` | a variable |
//! | `${stack.name}`, `${stack.region}` | the stack |
//! | `${account.id}`, `${account.partition}` | where the credentials lead |
//! | `$${` | a literal `${` |

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use crate::address::{Address, is_identifier};
use crate::secret::Secret;

/// What a `${...}` refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    /// `${TYPE.NAME.ATTRIBUTE}` or `${data.TYPE.NAME.ATTRIBUTE}`.
    Attribute { address: Address, attribute: String },
    /// `${var.NAME}`.
    Variable(String),
    /// `${stack.name}`.
    StackName,
    /// `${stack.region}`.
    StackRegion,
    /// `${account.id}`: twelve digits.
    AccountId,
    /// `${account.partition}`: `aws`, `aws-cn`, `aws-us-gov`.
    AccountPartition,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute { address, attribute } => write!(f, "{address}.{attribute}"),
            Self::Variable(name) => write!(f, "var.{name}"),
            Self::StackName => f.write_str("stack.name"),
            Self::StackRegion => f.write_str("stack.region"),
            Self::AccountId => f.write_str("account.id"),
            Self::AccountPartition => f.write_str("account.partition"),
        }
    }
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Literal(String),
    Reference(Reference),
    /// What a reference led to, if that is secret. It is told by the reference alone.
    Secret {
        reference: Reference,
        secret: Secret,
    },
}

/// A string with references in it. Adjacent literals are always one part; an empty literal is no part.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Template {
    parts: Vec<Part>,
}

impl Template {
    /// Reads `text`. The error's range is the offending bytes of `text`.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut template = Self::default();
        let mut rest = 0;
        while let Some(found) = text[rest..].find("${") {
            let start = rest + found;
            // `$${` is a literal `${`.
            if text[rest..start].ends_with('$') {
                template.push_literal(&text[rest..start - 1]);
                template.push_literal("${");
                rest = start + 2;
                continue;
            }
            template.push_literal(&text[rest..start]);
            let inside = start + 2;
            let Some(length) = text[inside..].find('}') else {
                return Err(TemplateError { range: start..text.len(), kind: TemplateErrorKind::Unclosed });
            };
            let reference = parse_reference(text[inside..inside + length].trim())
                .map_err(|kind| TemplateError { range: start..inside + length + 1, kind })?;
            template.parts.push(Part::Reference(reference));
            rest = inside + length + 1;
        }
        template.push_literal(&text[rest..]);
        Ok(template)
    }

    /// A template of these parts, adjacent literals joined.
    pub fn from_parts(parts: impl IntoIterator<Item = Part>) -> Self {
        let mut template = Self::default();
        for part in parts {
            match part {
                Part::Literal(text) => template.push_literal(&text),
                other => template.parts.push(other),
            }
        }
        template
    }

    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The references in it that are still open, in order, repeated where the text repeats them.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parts.iter().filter_map(|part| match part {
            Part::Reference(reference) => Some(reference),
            Part::Literal(_) | Part::Secret { .. } => None,
        })
    }

    /// The secrets in it, in order.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.parts.iter().filter_map(|part| match part {
            Part::Secret { secret, .. } => Some(secret),
            Part::Literal(_) | Part::Reference(_) => None,
        })
    }

    /// The digests of the secrets, by the text of their references.
    pub fn digests(&self) -> BTreeMap<String, &str> {
        let secrets = self.parts.iter().filter_map(|part| match part {
            Part::Secret { reference, secret } => Some((reference.to_string(), secret.digest())),
            Part::Literal(_) | Part::Reference(_) => None,
        });
        secrets.collect()
    }

    /// The same with a secret of which only the digest is known in the place of each reference that has one.
    #[must_use]
    pub fn sealed<'a>(self, digest: impl Fn(&Reference) -> Option<&'a str>) -> Self {
        let parts = self.parts.into_iter().map(|part| match part {
            Part::Reference(reference) => match digest(&reference) {
                Some(digest) => Part::Secret { reference, secret: Secret::sealed(digest.to_owned()) },
                None => Part::Reference(reference),
            },
            other => other,
        });
        Self { parts: parts.collect() }
    }

    /// The text, secrets in clear, if no reference is open and every secret is known.
    pub fn reveal(&self) -> Option<String> {
        let texts = self.parts.iter().map(|part| match part {
            Part::Literal(text) => Some(text.as_str()),
            Part::Secret { secret, .. } => secret.reveal(),
            Part::Reference(_) => None,
        });
        texts.collect()
    }

    /// The text, if there is no reference and no secret in it.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    fn push_literal(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.parts.last_mut() {
            Some(Part::Literal(last)) => last.push_str(text),
            _ => self.parts.push(Part::Literal(text.to_owned())),
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Literal(text) => f.write_str(&text.replace("${", "$${"))?,
                Part::Reference(reference) | Part::Secret { reference, .. } => write!(f, "${{{reference}}}")?,
            }
        }
        Ok(())
    }
}

/// Why a text is not a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct TemplateError {
    /// The offending bytes of the text.
    pub range: Range<usize>,
    pub kind: TemplateErrorKind,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateErrorKind {
    #[error("`${{` without its `}}`")]
    Unclosed,
    #[error(
        "`${{{0}}}` is not a reference; known are TYPE.NAME.ATTRIBUTE, data.TYPE.NAME.ATTRIBUTE, var.NAME, stack.name, stack.region, account.id, account.partition"
    )]
    NotAReference(String),
}

fn parse_reference(text: &str) -> Result<Reference, TemplateErrorKind> {
    let parts: Vec<&str> = text.split('.').collect();
    if !parts.iter().all(|part| is_identifier(part)) {
        return Err(TemplateErrorKind::NotAReference(text.to_owned()));
    }
    match parts.as_slice() {
        ["var", name] => Ok(Reference::Variable((*name).to_owned())),
        ["stack", "name"] => Ok(Reference::StackName),
        ["stack", "region"] => Ok(Reference::StackRegion),
        ["account", "id"] => Ok(Reference::AccountId),
        ["account", "partition"] => Ok(Reference::AccountPartition),
        ["data", resource_type, name, attribute] => {
            Ok(Reference::Attribute { address: Address::data(*resource_type, *name), attribute: (*attribute).to_owned() })
        }
        [resource_type, name, attribute] if !matches!(*resource_type, "data" | "var" | "stack" | "account") => {
            Ok(Reference::Attribute { address: Address::managed(*resource_type, *name), attribute: (*attribute).to_owned() })
        }
        _ => Err(TemplateErrorKind::NotAReference(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_parses() {
        for text in ["", "plain", "${var.a}", "a${role.task.arn}b${stack.name}", "$${var.a}", "100$", "$$ ${account.id}", "{}"] {
            let template = Template::parse(text).expect(text);
            assert_eq!(template.to_string(), text);
        }
    }

    #[test]
    fn escaped_is_literal() {
        let template = Template::parse("a $${b} c").expect("it parses");
        assert_eq!(template.as_literal(), Some("a ${b} c"));
    }

    #[test]
    fn errors_name_their_range() {
        for (text, range) in
            [("ab${var.x", 2..9), ("${}", 0..3), ("x${a.b}", 1..7), ("${stack.nme}", 0..12), ("${a.b.c.d.e}", 0..12)]
        {
            assert_eq!(Template::parse(text).expect_err(text).range, range, "{text}");
        }
    }
}
