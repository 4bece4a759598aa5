//! One changed place inside a document, as every language tells it.

use std::fmt;

use crate::value::{Map, Path, Segment, Value};

/// One place in which two documents of a language do not mean the same.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentDifference {
    /// The statement or state that it is about; nothing for what stands at the top of the document.
    pub subject: Option<Subject>,
    /// The exact place from the top: in the new document, or in the old one for what went.
    pub path: Path,
    /// What the place is called below its subject. A member of a set has no position here; empty for the subject itself.
    pub below: Path,
    /// Whether this is a member of a set, so that only its coming and going counts.
    pub is_member: bool,
    /// Where in the old document it stood, if it only moved; what changed in it besides is told apart.
    pub moved_from: Option<Path>,
    /// In the user's spelling. Absent: there was nothing.
    pub old: Option<Value>,
    /// In the user's spelling. Absent: there is to be nothing.
    pub new: Option<Value>,
}

/// A part of a document that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A statement of a policy.
    Statement {
        sid: Option<String>,
        /// From 1, in the document that `path` is about.
        number: usize,
    },
    /// A state of a machine.
    State {
        name: String,
        /// The name of the state around it, and which of its scopes; empty for a state of the machine itself.
        within: Path,
    },
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statement { sid: Some(sid), .. } => write!(f, "statement {sid}"),
            Self::Statement { sid: None, number } => write!(f, "statement {number}"),
            Self::State { name, within } if within.0.is_empty() => write!(f, "state {name}"),
            Self::State { name, within } => write!(f, "state {name} in {within}"),
        }
    }
}

impl DocumentDifference {
    /// Two documents of which nothing more can be said than that they differ.
    pub(super) fn of_whole(old: &Value, new: &Value) -> Self {
        Place::default().changed(Some(old), Some(new))
    }

    /// Whether nothing more can be said than that the documents differ.
    pub fn is_of_whole(&self) -> bool {
        self.path.0.is_empty()
    }
}

/// Where a walk through two documents stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) subject: Option<Subject>,
    /// In the old document.
    pub(super) old: Path,
    /// In the new document.
    pub(super) new: Path,
    pub(super) below: Path,
}

impl Place {
    /// The member `key` on both sides.
    pub(super) fn key(&self, key: &str) -> Self {
        self.renamed(key, key)
    }

    /// A member that has another key in each document.
    pub(super) fn renamed(&self, old: &str, new: &str) -> Self {
        Self {
            subject: self.subject.clone(),
            old: self.old.join_key(old),
            new: self.new.join_key(new),
            below: self.below.join_key(new),
        }
    }

    /// The same element on both sides.
    pub(super) fn index(&self, index: usize) -> Self {
        let segment = Segment::Index(index);
        Self {
            subject: self.subject.clone(),
            old: self.old.join(segment.clone()),
            new: self.new.join(segment.clone()),
            below: self.below.join(segment),
        }
    }

    /// What stands here, changed, come or gone.
    pub(super) fn changed(&self, old: Option<&Value>, new: Option<&Value>) -> DocumentDifference {
        DocumentDifference {
            subject: self.subject.clone(),
            path: if new.is_some() { self.new.clone() } else { self.old.clone() },
            below: self.below.clone(),
            is_member: false,
            moved_from: None,
            old: old.cloned(),
            new: new.cloned(),
        }
    }

    /// What stands here and stood elsewhere.
    pub(super) fn moved(&self, old: &Value, new: &Value) -> DocumentDifference {
        DocumentDifference { moved_from: Some(self.old.clone()), ..self.changed(Some(old), Some(new)) }
    }
}

/// The keys of both, those of `new` first.
pub(super) fn keys<'a>(old: &'a Map, new: &'a Map) -> impl Iterator<Item = &'a String> {
    new.keys().chain(old.keys().filter(|key| !new.contains_key(*key)))
}
