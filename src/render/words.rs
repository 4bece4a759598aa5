//! Paths as people say them: an element of a list that has a word for its elements is called by it.
//!
//! | path | in words |
//! |---|---|
//! | `memory` | `memory` |
//! | `runtime_platform.cpu_architecture` | `runtime_platform.cpu_architecture` |
//! | `container_definitions[report].environment[STAGE].value` | `container report: environment.STAGE.value` |
//! | the same below `task_definition.nightly` | `task_definition.nightly, container report: environment.STAGE.value` |

use std::fmt;

use crate::render::literal;
use crate::schema::Field;
use crate::value::{Path, Segment};

/// A path, or a part of one, in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Words {
    text: String,
    /// What it begins and ends with; nothing where it is empty.
    ends: Option<(Piece, Piece)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece {
    Key,
    Index,
    /// `container report`.
    Element,
}

impl Words {
    /// The words of `path` in a spec of `schema`.
    pub(crate) fn of(schema: &Field, path: &Path) -> Self {
        Self::below(schema, path, 0)
    }

    /// The words of `path` without its first `depth` segments, which lead to where they are said.
    pub(crate) fn below(schema: &Field, path: &Path, depth: usize) -> Self {
        let mut field = Some(schema);
        let mut words = Self::default();
        let mut segments = path.0.iter().enumerate().peekable();
        while let Some((at, segment)) = segments.next() {
            let list = field;
            field = match segment {
                Segment::Key(key) => field.and_then(|field| field.member(key)),
                Segment::Index(_) | Segment::Element(_) => field.and_then(Field::item),
            };
            let is_named_next = matches!(segments.peek(), Some((_, Segment::Element(_))));
            if at >= depth && !(is_named_next && field.is_some_and(|field| field.rules.element.is_some())) {
                words = words.element(list, segment);
            }
        }
        words
    }

    /// What stands before all words: an address, in its own spelling.
    pub(crate) fn start(text: String) -> Self {
        Self { text, ends: Some((Piece::Key, Piece::Key)) }
    }

    /// These words, then the member `key`.
    pub(crate) fn key(&self, key: &str) -> Self {
        self.push(Piece::Key, &literal::key(key))
    }

    /// These words, then an element of `list`. Where the list has a word for it, the list itself goes without saying.
    pub(crate) fn element(&self, list: Option<&Field>, segment: &Segment) -> Self {
        match (segment, list.and_then(|list| list.rules.element.as_deref())) {
            (Segment::Element(name), Some(word)) => self.push(Piece::Element, &format!("{word} {}", literal::key(name))),
            (Segment::Key(name) | Segment::Element(name), _) => self.key(name),
            (Segment::Index(index), _) => self.push(Piece::Index, &format!("[{index}]")),
        }
    }

    /// These words, then those.
    pub(crate) fn then(&self, more: &Self) -> Self {
        match more.ends {
            None => self.clone(),
            Some((first, last)) => Self { ends: Some((self.first_or(first), last)), ..self.push(first, &more.text) },
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_none()
    }

    fn push(&self, piece: Piece, text: &str) -> Self {
        let separator = match (self.ends, piece) {
            (None, _) | (_, Piece::Index) => "",
            (Some(_), Piece::Element) => ", ",
            (Some((_, Piece::Element)), Piece::Key) => ": ",
            (Some(_), Piece::Key) => ".",
        };
        Self { text: format!("{}{separator}{text}", self.text), ends: Some((self.first_or(piece), piece)) }
    }

    fn first_or(&self, piece: Piece) -> Piece {
        self.ends.map_or(piece, |(first, _)| first)
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
