//! What is wrong with the user's input, where, and what to do about it.
//!
//! A [`Finding`] speaks of a path in a tree; whoever knows the text turns it into a [`Diagnostic`],
//! which speaks of bytes in a file. Rendering is elsewhere.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::value::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Warning,
    Error,
}

/// A text that diagnostics point into.
#[derive(PartialEq, Eq)]
pub struct Source {
    /// How the user knows it: a path as given on the command line, or beside the stack file.
    pub name: String,
    pub text: String,
}

/// A file of variables is one, and what it says may be sensitive.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A place in a [`Source`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    pub source: Arc<Source>,
    /// Bytes of the source's text.
    pub range: Range<usize>,
}

impl Location {
    /// Line and column of the first byte, both from 1, the column in characters.
    pub fn line_and_column(&self) -> (usize, usize) {
        let start = self.range.start.min(self.source.text.len());
        let before = &self.source.text.as_bytes()[..start];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        (line, String::from_utf8_lossy(&before[line_start..]).chars().count() + 1)
    }
}

/// A problem, placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// What AWS calls the problem, where it has a name for it.
    pub code: Option<&'static str>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    pub location: Option<Location>,
    /// The same place in the tree, where the problem is one of a tree.
    pub path: Option<Path>,
    /// Whether AWS tells the problem of what holds that place.
    pub is_of_parent: bool,
    /// What stands under the underlined token.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Vec<String>,
    /// What the token should read instead, where that can be known.
    pub replacement: Option<String>,
    /// Bytes of the location's source that may be sensitive, and are not to be shown.
    pub concealed: Vec<Range<usize>>,
}

impl Diagnostic {
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: None,
            message: message.into(),
            location: None,
            path: None,
            is_of_parent: false,
            label: None,
            help: Vec::new(),
            replacement: None,
            concealed: Vec::new(),
        }
    }

    pub fn warning(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message) }
    }

    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    #[must_use]
    pub fn replacement(mut self, replacement: impl Into<String>) -> Self {
        self.replacement = Some(replacement.into());
        self
    }
}

/// Whether any of them is an error.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// A problem at a path of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// What AWS calls the problem, where it has a name for it.
    pub code: Option<&'static str>,
    pub path: Path,
    /// Whether the key is the offending token, rather than the value.
    pub on_key: bool,
    /// Whether AWS tells the problem of what holds the offending member.
    pub is_of_parent: bool,
    pub message: String,
    pub help: Vec<String>,
    pub replacement: Option<String>,
}

impl Finding {
    pub fn error(path: Path, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: None,
            path,
            on_key: false,
            is_of_parent: false,
            message: message.into(),
            help: Vec::new(),
            replacement: None,
        }
    }

    pub fn warning(path: Path, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, message) }
    }

    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    #[must_use]
    pub fn on_key(mut self) -> Self {
        self.on_key = true;
        self
    }

    #[must_use]
    pub fn of_parent(mut self) -> Self {
        self.is_of_parent = true;
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    #[must_use]
    pub fn replacement(mut self, replacement: impl Into<String>) -> Self {
        self.replacement = Some(replacement.into());
        self
    }
}

/// The candidate nearest to `text`, if one is near enough to be what was meant.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = text.chars().count();
    let furthest = |candidate: &str| (candidate.chars().count().max(length) / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= furthest(candidate))
        .map(|candidate| (strsim::damerau_levenshtein(&text.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= furthest(candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_spelling() {
        let candidates = ["memory", "memory_reservation", "cpu"];
        assert_eq!(nearest("memroy", candidates), Some("memory"));
        assert_eq!(nearest("Memory", candidates), Some("memory"));
        assert_eq!(nearest("xylophone", candidates), None);
    }

    #[test]
    fn line_and_column_count_characters() {
        let source = Arc::new(Source { name: "s".into(), text: "a\nüb = c".into() });
        assert_eq!(Location { source, range: 4..5 }.line_and_column(), (2, 2));
    }
}
