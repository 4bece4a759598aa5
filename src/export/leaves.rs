//! Where a spec names other resources.

use crate::document::DocumentKind;
use crate::place::Place;
use crate::resource::{Mention, ResourceType, find_kind};
use crate::schema::{Field, Shape};
use crate::value::{Path, Segment, Value};

/// A text in a spec that names resources.
#[derive(Debug)]
pub struct Leaf {
    pub path: Path,
    pub text: String,
    pub bond: Bond,
    pub mentions: Vec<(&'static dyn ResourceType, Mention)>,
}

/// How much a resource needs what one of its texts names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bond {
    /// A tag.
    Label,
    /// A policy says what is permitted, on things that may have nothing to do with the role otherwise.
    Permission,
    /// Something within a field, such as an environment variable.
    Text,
    /// A field of its own, or the definition of a state machine.
    Use,
}

impl Bond {
    /// Whether what is named belongs to what names it. That administrators may take a role is no reason to own them.
    pub fn is_followed(self) -> bool {
        self >= Self::Text
    }
}

/// Every text of `spec`, a spec of `kind`, that names a resource of `kinds`, any ARN, or the account.
pub fn leaves(kind: &dyn ResourceType, spec: &Value, place: &Place, kinds: &[&'static dyn ResourceType]) -> Vec<Leaf> {
    let bare = kind.bare_names(spec);
    let mut found = Vec::new();
    walk(Some(kind.schema()), spec, &Path::default(), Bond::Use, &mut |path, text, bond| {
        let by_arn = kinds.iter().flat_map(|kind| kind.mentions(text, place).into_iter().map(|mention| (*kind, mention)));
        let mut mentions: Vec<_> = by_arn.collect();
        if mentions.is_empty()
            && let Some((_, resource_type)) = bare.iter().find(|(at, _)| at == path)
            && let Some(kind) = find_kind(kinds, resource_type)
        {
            mentions.extend(kind.mention_by_name(text, place).map(|mention| (kind, mention)));
        }
        if !mentions.is_empty() || text.contains("arn:") || place.account_id.as_deref() == Some(text) {
            found.push(Leaf { path: path.clone(), text: text.to_owned(), bond, mentions });
        }
    });
    found
}

fn walk(field: Option<&Field>, value: &Value, path: &Path, bond: Bond, visit: &mut impl FnMut(&Path, &str, Bond)) {
    let is_document = |kind| matches!(field, Some(Field { shape: Shape::Document(found), .. }) if *found == kind);
    let bond = if is_document(DocumentKind::Policy) { Bond::Permission } else { bond };
    match value {
        Value::String(text) => visit(path, text, bond),
        Value::List(items) => {
            let bond = if field.is_some() { bond.min(Bond::Text) } else { bond };
            for (index, item) in items.iter().enumerate() {
                walk(field.and_then(Field::item), item, &path.join(Segment::Index(index)), bond, visit);
            }
        }
        Value::Map(map) => {
            // A definition is read by AWS down to its leaves; of other fields, those at the top of a spec.
            let is_text = field.is_some() && !path.0.is_empty() && !is_document(DocumentKind::StatesLanguage);
            let bond = if is_text { bond.min(Bond::Text) } else { bond };
            for (key, item) in map {
                let bond = if path.0.is_empty() && key == "tags" { Bond::Label } else { bond };
                walk(field.and_then(|field| field.member(key)), item, &path.join_key(key), bond, visit);
            }
        }
        _ => {}
    }
}

/// `value` with `replace` of each place in it, where that is something.
pub fn replaced(value: &Value, path: &Path, replace: &impl Fn(&Path) -> Option<Value>) -> Value {
    match value {
        Value::List(items) => {
            let items = items.iter().enumerate();
            Value::List(items.map(|(index, item)| replaced(item, &path.join(Segment::Index(index)), replace)).collect())
        }
        Value::Map(map) => {
            Value::Map(map.iter().map(|(key, item)| (key.clone(), replaced(item, &path.join_key(key), replace))).collect())
        }
        leaf => replace(path).unwrap_or_else(|| leaf.clone()),
    }
}
