//! What differs between two values of one field, by path.

use serde::Serialize;

use crate::document::{self, DocumentKind};
use crate::schema::{Field, Shape};
use crate::value::{Path, Segment, Value};

/// One changed place. The path stops where a person would: at a leaf, at a list whose order
/// matters, at a document, or at an element that came or went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    pub path: Path,
    /// Absent: there was nothing.
    pub old: Option<Value>,
    /// Absent: there is to be nothing.
    pub new: Option<Value>,
    /// Whether this place can't be changed in place.
    pub replace: bool,
    /// Whether it must not be shown.
    pub sensitive: bool,
    /// The language of the two values, if they are documents.
    #[serde(skip)]
    pub document: Option<DocumentKind>,
}

/// Whether two normalised values of `field` mean the same.
pub fn equal(field: &Field, a: &Value, b: &Value) -> bool {
    match &field.shape {
        Shape::Document(kind) => document::equal(*kind, a, b),
        _ => differences(field, Some(a), Some(b)).is_empty(),
    }
}

/// All places where two normalised values of `field` differ, in the order of the struct.
pub fn differences(field: &Field, old: Option<&Value>, new: Option<&Value>) -> Vec<Difference> {
    let mut found = Vec::new();
    let context = Context { replace: field.rules.replace, sensitive: field.rules.sensitive };
    walk(field, old, new, &Path::default(), context, &mut found);
    found
}

/// What a field inherits from those around it.
#[derive(Clone, Copy)]
struct Context {
    replace: bool,
    sensitive: bool,
}

impl Context {
    fn within(self, field: &Field) -> Self {
        Self { replace: self.replace || field.rules.replace, sensitive: self.sensitive || field.rules.sensitive }
    }
}

fn walk(field: &Field, old: Option<&Value>, new: Option<&Value>, path: &Path, context: Context, found: &mut Vec<Difference>) {
    if old == new {
        return;
    }
    match (&field.shape, old, new) {
        (Shape::Object { fields, .. }, _, _) if are_maps(old, new) => {
            for (key, member) in fields {
                let (old, new) = (old.and_then(|old| old.get(key)), new.and_then(|new| new.get(key)));
                walk(member, old, new, &path.join_key(key), context.within(member), found);
            }
        }
        (Shape::Map { item }, _, _) if are_maps(old, new) => {
            let keys = |value: Option<&Value>| {
                value.and_then(Value::as_map).into_iter().flat_map(|map| map.keys().cloned()).collect::<Vec<_>>()
            };
            let mut all = keys(old);
            all.extend(keys(new));
            all.sort();
            all.dedup();
            for key in all {
                let (old, new) = (old.and_then(|old| old.get(&key)), new.and_then(|new| new.get(&key)));
                walk(item, old, new, &path.join_key(&key), context.within(item), found);
            }
        }
        (Shape::List { item, .. }, _, _) if are_lists(old, new) => {
            let (old_items, new_items) = (old.map_or(&[][..], Value::items), new.map_or(&[][..], Value::items));
            if let Some(identity) = &field.rules.identity {
                walk_by_identity(item, identity, (old_items, new_items), path, context.within(item), found);
            } else if field.rules.unordered {
                let missing = |from: &[Value], other: &[Value]| {
                    from.iter().filter(|item| !other.contains(item)).cloned().collect::<Vec<_>>()
                };
                for gone in missing(old_items, new_items) {
                    let at = path.join(Segment::Element(element_name(&gone)));
                    found.push(difference(&at, Some(&gone), None, context, None));
                }
                for came in missing(new_items, old_items) {
                    let at = path.join(Segment::Element(element_name(&came)));
                    found.push(difference(&at, None, Some(&came), context, None));
                }
            } else if matches!(item.shape, Shape::Object { .. }) && !old_items.is_empty() && !new_items.is_empty() {
                for index in 0..old_items.len().max(new_items.len()) {
                    let at = path.join(Segment::Index(index));
                    walk(item, old_items.get(index), new_items.get(index), &at, context.within(item), found);
                }
            } else {
                found.push(difference(path, old, new, context, None));
            }
        }
        (Shape::Document(kind), Some(old), Some(new)) if document::equal(*kind, old, new) => {}
        (Shape::Document(kind), _, _) => found.push(difference(path, old, new, context, Some(*kind))),
        _ => found.push(difference(path, old, new, context, None)),
    }
}

fn walk_by_identity<'a>(
    item: &Field,
    identity: &str,
    (old, new): (&'a [Value], &'a [Value]),
    path: &Path,
    context: Context,
    found: &mut Vec<Difference>,
) {
    let name = |value: &Value| value.get(identity).map(element_name);
    let mut names: Vec<Option<String>> = old.iter().chain(new).map(name).collect();
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    for wanted in names {
        let of = |values: &'a [Value]| values.iter().filter(|value| name(value) == wanted).collect::<Vec<_>>();
        for (old, new) in pairs(item, of(old), of(new)) {
            let at = path.join(Segment::Element(wanted.clone().unwrap_or_default()));
            match (old, new) {
                (Some(old), Some(new)) => walk(item, Some(old), Some(new), &at, context, found),
                (old, new) => found.push(difference(&at, old, new, context, None)),
            }
        }
    }
}

/// Which of several elements of one identity (a port on two protocols) is which: those that did not change, then
/// those that differ least.
fn pairs<'a>(item: &Field, old: Vec<&'a Value>, mut new: Vec<&'a Value>) -> Vec<(Option<&'a Value>, Option<&'a Value>)> {
    let mut paired = Vec::new();
    let mut left = Vec::new();
    for old in old {
        match new.iter().position(|new| equal(item, old, new)) {
            Some(position) => drop(new.remove(position)),
            None => left.push(old),
        }
    }
    while !left.is_empty() && !new.is_empty() {
        let all = (0..left.len()).flat_map(|at| (0..new.len()).map(move |of| (at, of)));
        let distance = |(at, of): &(usize, usize)| differences(item, Some(left[*at]), Some(new[*of])).len();
        let Some((at, of)) = all.min_by_key(distance) else { break };
        paired.push((Some(left.remove(at)), Some(new.remove(of))));
    }
    paired.extend(left.into_iter().map(|old| (Some(old), None)));
    paired.extend(new.into_iter().map(|new| (None, Some(new))));
    paired
}

fn are_maps(old: Option<&Value>, new: Option<&Value>) -> bool {
    let is_map = |value: &Value| matches!(value, Value::Map(_));
    old.is_none_or(is_map) && new.is_none_or(is_map)
}

fn are_lists(old: Option<&Value>, new: Option<&Value>) -> bool {
    let is_list = |value: &Value| matches!(value, Value::List(_));
    old.is_none_or(is_list) && new.is_none_or(is_list)
}

fn difference(
    path: &Path,
    old: Option<&Value>,
    new: Option<&Value>,
    context: Context,
    document: Option<DocumentKind>,
) -> Difference {
    let sensitive = context.sensitive || old.is_some_and(Value::has_secret) || new.is_some_and(Value::has_secret);
    Difference { path: path.clone(), old: old.cloned(), new: new.cloned(), replace: context.replace, sensitive, document }
}

/// How an element without order is called: its text if it is one, else its JSON.
fn element_name(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Secret(_) => "(sensitive)".to_owned(),
        Value::Pending(template) => template.to_string(),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}
