//! Taking out what must not be shown.
//!
//! A masked tree has a sealed [`Value::Secret`] wherever something sensitive was. That is more than the
//! secrets of the desired side: AWS tells the *older* value of the same field in clear, so what stands
//! opposite a secret is a secret as well.

use crate::plan::Change;
use crate::render::literal::SENSITIVE_VALUE;
use crate::schema::{Difference, Field};
use crate::template::Reference;
use crate::value::{Path, Secret, Segment, Value};

/// What is to be masked in one change.
pub(crate) struct Mask<'a> {
    schema: &'a Field,
    /// Sets of which some member is sensitive: their members have no identity by which to tell the others apart.
    tainted: Vec<Path>,
}

impl<'a> Mask<'a> {
    pub(crate) fn of_change(change: &'a Change) -> Self {
        let left_alone = change.left_alone.iter().map(|left| &left.difference);
        Self::new(change.kind.schema(), change.differences.iter().chain(&change.drift).chain(left_alone))
    }

    fn new(schema: &'a Field, differences: impl IntoIterator<Item = &'a Difference>) -> Self {
        let mut tainted = Vec::new();
        for difference in differences {
            if let [before @ .., Segment::Element(_)] = difference.path.0.as_slice() {
                let parent = Path(before.to_vec());
                if difference.sensitive && locate(schema, &parent).0.is_some_and(|field| field.rules.identity.is_none()) {
                    tainted.push(parent);
                }
            }
        }
        Self { schema, tainted }
    }

    /// Both sides of `difference`.
    pub(crate) fn difference(&self, difference: &Difference) -> (Option<Value>, Option<Value>) {
        let (field, is_inside_sensitive) = locate(self.schema, &difference.path);
        let (old, new) = (difference.old.as_ref(), difference.new.as_ref());
        let hide = |value: Option<&Value>| value.map(hidden);
        if is_inside_sensitive || self.is_tainted(&difference.path) {
            return (hide(old), hide(new));
        }
        let masked = (old.map(|old| mask(field, old, new)), new.map(|new| mask(field, new, old)));
        let shows_a_secret = [&masked.0, &masked.1].into_iter().flatten().any(Value::has_secret);
        if difference.sensitive && !shows_a_secret { (hide(old), hide(new)) } else { masked }
    }

    /// `path` without the names of elements that are values themselves.
    pub(crate) fn path(&self, path: &Path) -> Path {
        let mut shown = Path::default();
        let mut walked = Path::default();
        for segment in &path.0 {
            let (list, is_sensitive) = locate(self.schema, &walked);
            let identity = list.and_then(|list| {
                let identity = list.rules.identity.as_deref()?;
                list.item()?.member(identity)
            });
            let is_hidden = matches!(segment, Segment::Element(_))
                && (is_sensitive || self.tainted.contains(&walked) || identity.is_some_and(|field| field.rules.sensitive));
            walked.0.push(segment.clone());
            shown.0.push(if is_hidden { Segment::Element(SENSITIVE_VALUE.to_owned()) } else { segment.clone() });
        }
        shown
    }

    fn is_tainted(&self, path: &Path) -> bool {
        self.tainted.iter().any(|tainted| path.starts_with(tainted))
    }
}

/// The field at `path`, and whether it or one around it is sensitive by its rules.
pub(crate) fn locate<'a>(schema: &'a Field, path: &Path) -> (Option<&'a Field>, bool) {
    let mut field = Some(schema);
    let mut is_sensitive = schema.rules.sensitive;
    for segment in &path.0 {
        field = field.and_then(|field| match segment {
            Segment::Key(key) => field.member(key),
            Segment::Index(_) | Segment::Element(_) => field.item(),
        });
        is_sensitive |= field.is_some_and(|field| field.rules.sensitive);
    }
    (field, is_sensitive)
}

/// `value` masked: by the rules of `field`, by its own secrets, and by those of `opposite`.
pub(crate) fn mask(field: Option<&Field>, value: &Value, opposite: Option<&Value>) -> Value {
    if field.is_some_and(|field| field.rules.sensitive) {
        return hidden(value);
    }
    match value {
        Value::Null | Value::Pending(_) => value.clone(),
        Value::Secret(_) => hidden(value),
        _ if opposite.is_some_and(is_secret) => hidden(value),
        // One statement opposite a list of them, or the like: which of its texts stands for the secret can't be told.
        Value::Map(_) if opposite.is_some_and(|opposite| opposite.as_map().is_none() && holds_secret(opposite)) => {
            value.map_leaves(&mut hidden)
        }
        Value::Map(map) => Value::Map(
            map.iter()
                .map(|(key, item)| {
                    let member = field.and_then(|field| field.member(key));
                    (key.clone(), mask(member, item, opposite.and_then(|opposite| opposite.get(key))))
                })
                .collect(),
        ),
        Value::List(items) => {
            let masked = items.iter().enumerate().map(|(index, item)| mask_element(field, index, item, opposite));
            Value::List(masked.collect())
        }
        // A scalar opposite a tree: the tree's secret may well have been this text.
        _ if opposite.is_some_and(holds_secret) => hidden(value),
        _ => value.clone(),
    }
}

/// A tree in which nothing of `value` is left but its null.
pub(crate) fn hidden(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Secret(secret) => Value::Secret(Secret::sealed(secret.digest().to_owned())),
        _ => Value::Secret(Secret::sealed(String::new())),
    }
}

fn mask_element(list: Option<&Field>, index: usize, item: &Value, opposite: Option<&Value>) -> Value {
    let field = list.and_then(Field::item);
    let Some(opposite) = opposite.filter(|opposite| holds_secret(opposite)) else { return mask(field, item, None) };
    if let Some(identity) = list.and_then(|list| list.rules.identity.as_deref()) {
        let same = |other: &&Value| other.get(identity) == item.get(identity);
        let pair = opposite.items().iter().filter(same).max_by_key(|other| holds_secret(other));
        return mask(field, item, pair);
    }
    if opposite.items().contains(item) {
        return mask(field, item, None);
    }
    // Inside a policy the statements of one Sid belong together, wherever they stand.
    if let Some(sid) = item.text("Sid").filter(|_| list.is_none()) {
        let mut same = opposite.items().iter().filter(|other| other.text("Sid") == Some(sid));
        if let (Some(pair), None) = (same.next(), same.next()) {
            return mask(None, item, Some(pair));
        }
    }
    // Without an identity any changed element may be the older form of a secret one.
    match (item, opposite.items().get(index)) {
        (Value::Map(_) | Value::List(_), Some(pair)) if holds_secret(pair) => mask(field, item, Some(pair)),
        _ => item.map_leaves(&mut hidden),
    }
}

fn is_secret(value: &Value) -> bool {
    match value {
        // A pending document that is text still tells its secrets by the names of their variables.
        Value::Pending(template) => {
            value.is_secret() || template.references().any(|reference| matches!(reference, Reference::Variable(_)))
        }
        _ => value.is_secret(),
    }
}

fn holds_secret(value: &Value) -> bool {
    let mut found = false;
    value.visit(&mut |_, node| found |= is_secret(node));
    found
}
