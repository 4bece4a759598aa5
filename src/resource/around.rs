//! How a resource names others, and what it may know of them.

use std::ops::Range;

use crate::address::Address;
use crate::place::Place;
use crate::template::Template;
use crate::value::Value;

/// What is around a resource: what else its stack declares or looks up, and where that is.
pub trait Around {
    /// What `name`, a name, an ARN or a reference, names among the resources of a type.
    fn named(&self, resource_type: &str, name: &Template) -> Option<Neighbour<'_>>;

    /// Where the stack lives, as far as it is known.
    fn place(&self) -> &Place;
}

/// A resource beside the one in question.
#[derive(Clone, Copy, Debug)]
pub struct Neighbour<'a> {
    /// None for what the stack neither declares nor looks up.
    pub address: Option<&'a Address>,
    /// None for a look-up that nobody has made yet.
    pub spec: Option<&'a Value>,
}

/// Where a text names a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// As `read_many` takes it.
    pub id: String,
    /// Which parts of the text are which attribute of the resource, the longest first. A part that is not what the
    /// resource has for that attribute, such as another revision, stays as it is.
    pub pieces: Vec<Piece>,
}

/// A part of a text that is an attribute of the resource it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub range: Range<usize>,
    pub attribute: &'static str,
}
