//! Specs made at random from the tree of their fields, for tests: [`spec`]; the same in other words:
//! [`told_otherwise`]; the same but for one leaf: [`changed_leaf`].

use proptest::prelude::*;
use proptest::string::string_regex;

use crate::document::DocumentKind;
use crate::document::policy::arbitrary as policy;
use crate::schema::{Field, Shape};
use crate::value::{Map, Path, Segment, Value};

/// Few, so that what can be equal often is.
const TEXTS: [&str; 8] = ["a", "b", "A", "é", "x y", "1", "true", "0.5 GB"];

/// Any value of `field`, within its limits.
pub fn spec(field: &Field) -> BoxedStrategy<Value> {
    match &field.shape {
        Shape::String { minimum_length, maximum_length, pattern, values } => {
            if !values.is_empty() {
                return prop::sample::select(values.clone()).prop_map(Value::String).boxed();
            }
            if let Some(pattern) = pattern {
                return matching(pattern, *maximum_length).prop_map(Value::String).boxed();
            }
            let least = minimum_length.unwrap_or(0) as usize;
            let text = prop::sample::select(&TEXTS).prop_map(move |text| Value::String(text.repeat(least.max(1))));
            if least == 0 { prop_oneof![9 => text, 1 => Just(Value::from(""))].boxed() } else { text.boxed() }
        }
        Shape::Integer { minimum, maximum } => {
            let first = minimum.unwrap_or(-2);
            let last = maximum.unwrap_or(i64::MAX).min(first.saturating_add(3));
            let near = (first..=last).prop_map(Value::from);
            match &field.rules.default {
                Some(default) => prop_oneof![2 => near, 1 => Just(default.clone())].boxed(),
                None => near.boxed(),
            }
        }
        Shape::Number => (0..4).prop_map(|halves| Value::from(serde_json::json!(f64::from(halves) / 2.0))).boxed(),
        Shape::Boolean => any::<bool>().prop_map(Value::Bool).boxed(),
        Shape::List { item, minimum_items, maximum_items } => {
            let least = minimum_items.unwrap_or(0) as usize;
            let most = maximum_items.unwrap_or(3).min(3) as usize;
            prop::collection::vec(spec(item), least..=most).prop_map(Value::List).boxed()
        }
        Shape::Map { item } => prop::collection::vec((prop::sample::select(&TEXTS), spec(item)), 0..3)
            .prop_map(|entries| Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
            .boxed(),
        Shape::Object { fields, required } => {
            let members: Vec<BoxedStrategy<Option<(String, Value)>>> = fields
                .iter()
                .map(|(key, member)| {
                    let named = key.clone();
                    let entry = spec(member).prop_map(move |value| (named.clone(), value));
                    if required.contains(key) {
                        entry.prop_map(Some).boxed()
                    } else {
                        prop::option::weighted(0.35, entry).boxed()
                    }
                })
                .collect();
            members.prop_map(|members| Value::Map(members.into_iter().flatten().collect())).boxed()
        }
        Shape::Document(DocumentKind::Policy) => policy::document().boxed(),
        Shape::Document(DocumentKind::StatesLanguage) => json().boxed(),
    }
}

/// Texts that match a pattern, which is that of a whole text.
fn matching(pattern: &str, maximum_length: Option<u64>) -> BoxedStrategy<String> {
    let inside = pattern.trim_start_matches('^').trim_end_matches('$').replace(r"\w", "A-Za-z0-9_");
    let most = maximum_length.unwrap_or(12).min(12) as usize;
    let texts = string_regex(&inside).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    // Cut short, what the pattern repeats is repeated less often; where it is more than that, it is left as it is.
    let whole = regex_lite::Regex::new(pattern).expect("the check compiles it too");
    texts
        .prop_map(move |text| {
            let short: String = text.chars().take(most).collect();
            if whole.is_match(&short) { short } else { text }
        })
        .boxed()
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (0..3_i64).prop_map(Value::from),
        prop::sample::select(&TEXTS).prop_map(Value::from),
    ];
    let nested = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::List),
            prop::collection::vec((prop::sample::select(&TEXTS), inner), 0..3)
                .prop_map(|entries| Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
        ]
    });
    nested.prop_map(|inner| Value::Map(Map::from([("StartAt".to_owned(), inner)])))
}

/// Choices that follow from a seed.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One of the numbers below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    pub fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}

/// `value` in other words: lists without order in another order, defaults said, empty members added, documents rewritten.
pub fn told_otherwise(field: &Field, value: &Value, dice: &mut Dice) -> Value {
    match (&field.shape, value) {
        (Shape::Object { fields, required }, Value::Map(map)) => {
            let mut members: Vec<(String, Value)> = Vec::new();
            for (key, member) in fields {
                match (map.get(key), &field_default(member)) {
                    (Some(value), _) => members.push((key.clone(), told_otherwise(member, value, dice))),
                    (None, Some(default)) if dice.coin() => members.push((key.clone(), default.clone())),
                    (None, None) if !required.contains(key) && dice.coin() => members.push((key.clone(), nothing(member))),
                    _ => {}
                }
            }
            dice.shuffle(&mut members);
            Value::Map(members.into_iter().collect())
        }
        (Shape::Map { item }, Value::Map(map)) => {
            let mut entries: Vec<(String, Value)> =
                map.iter().map(|(key, value)| (key.clone(), told_otherwise(item, value, dice))).collect();
            dice.shuffle(&mut entries);
            Value::Map(entries.into_iter().collect())
        }
        (Shape::List { item, .. }, Value::List(items)) => {
            let mut items: Vec<Value> = items.iter().map(|value| told_otherwise(item, value, dice)).collect();
            if field.rules.unordered {
                dice.shuffle(&mut items);
            }
            if matches!(item.shape, Shape::Object { .. }) && dice.coin() {
                items.insert(dice.below(items.len() + 1), Value::Map(Map::new()));
            }
            Value::List(items)
        }
        (Shape::Document(DocumentKind::Policy), document) => policy::rewritten(document, dice),
        (Shape::Document(DocumentKind::StatesLanguage), Value::Map(map)) => {
            let mut entries: Vec<(String, Value)> = map.clone().into_iter().collect();
            dice.shuffle(&mut entries);
            Value::Map(entries.into_iter().collect())
        }
        (_, value) => value.clone(),
    }
}

fn field_default(field: &Field) -> Option<Value> {
    field.rules.default.clone()
}

/// How one says nothing in a member of this shape.
fn nothing(field: &Field) -> Value {
    match &field.shape {
        Shape::String { .. } => Value::from(""),
        Shape::List { .. } => Value::List(Vec::new()),
        Shape::Map { .. } | Shape::Object { .. } => Value::Map(Map::new()),
        _ => Value::Null,
    }
}

/// `value`, which is in normal form, with one leaf changed, and the path at which that shows.
///
/// Leaves by which an element is told apart, and those of elements that can't be told apart, are left alone: to change
/// one is to take an element away and add another.
pub fn changed_leaf(field: &Field, value: &Value, dice: &mut Dice) -> Option<(Path, Value)> {
    let mut places = Vec::new();
    find_places(field, value, &Path::default(), &mut places);
    if places.is_empty() {
        return None;
    }
    let wanted = dice.below(places.len());
    let (path, leaf) = places.swap_remove(wanted);
    let mut changed = value.clone();
    *at(&mut changed, field, &path)? = leaf;
    Some((path, changed))
}

/// The places that can be changed, each with what it can become.
fn find_places(field: &Field, value: &Value, path: &Path, places: &mut Vec<(Path, Value)>) {
    match (&field.shape, value) {
        (Shape::Object { fields, .. }, Value::Map(map)) => {
            for (key, value) in map {
                find_places(&fields[key], value, &path.join_key(key), places);
            }
        }
        (Shape::Map { item }, Value::Map(map)) => {
            for (key, value) in map {
                find_places(item, value, &path.join_key(key), places);
            }
        }
        (Shape::List { item, .. }, Value::List(items)) => match &field.rules.identity {
            Some(identity) => {
                let names: Vec<Option<String>> = items.iter().map(|value| value.get(identity).map(name)).collect();
                for (value, name) in items.iter().zip(&names) {
                    let Some(wanted) = name else { continue };
                    if names.iter().filter(|other| *other == name).count() == 1 {
                        let path = path.join(Segment::Element(wanted.clone()));
                        let mut inside = Vec::new();
                        find_places(item, value, &path, &mut inside);
                        inside.retain(|(place, _)| *place != path.join_key(identity));
                        places.append(&mut inside);
                    }
                }
            }
            None if field.rules.unordered => {}
            None if matches!(item.shape, Shape::Object { .. }) => {
                for (index, value) in items.iter().enumerate() {
                    find_places(item, value, &path.join(Segment::Index(index)), places);
                }
            }
            None => {
                let mut longer = items.clone();
                longer.extend(other(item, &items[0]));
                places.push((path.clone(), Value::List(longer)));
            }
        },
        (Shape::Document(_), Value::Map(map)) => {
            let mut map = map.clone();
            map.insert("Id".to_owned(), Value::from("another"));
            places.push((path.clone(), Value::Map(map)));
        }
        (_, value) => places.extend(other(field, value).map(|other| (path.clone(), other))),
    }
}

/// Another value of a leaf, and not its default.
fn other(field: &Field, value: &Value) -> Option<Value> {
    let default = field.rules.default.as_ref();
    match (&field.shape, value) {
        (Shape::String { values, .. }, _) if !values.is_empty() => {
            values.iter().map(Value::string).find(|other| other != value && Some(other) != default)
        }
        (Shape::String { .. }, Value::String(text)) => Some(Value::String(format!("{text}z"))),
        (Shape::Integer { .. }, Value::Number(_)) => {
            (4000..4002).map(Value::from).find(|other| other != value && Some(other) != default)
        }
        // The other one is the default, or it would not be there.
        (Shape::Boolean, Value::Bool(flag)) => Some(Value::Bool(!flag)),
        _ => None,
    }
}

fn at<'a>(value: &'a mut Value, field: &Field, path: &Path) -> Option<&'a mut Value> {
    let Some((first, rest)) = path.0.split_first() else { return Some(value) };
    let rest = Path(rest.to_vec());
    match (first, value) {
        (Segment::Key(key), Value::Map(map)) => at(map.get_mut(key)?, field.member(key)?, &rest),
        (Segment::Index(index), Value::List(items)) => at(items.get_mut(*index)?, field.item()?, &rest),
        (Segment::Element(wanted), Value::List(items)) => {
            let identity = field.rules.identity.as_deref()?;
            at(items.iter_mut().find(|item| item.get(identity).map(name).as_ref() == Some(wanted))?, field.item()?, &rest)
        }
        _ => None,
    }
}

fn name(value: &Value) -> String {
    value.as_str().map_or_else(|| serde_json::to_string(value).unwrap_or_default(), str::to_owned)
}
