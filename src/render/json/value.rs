//! One masked value as JSON, beside it the marks of what is not known yet and of what is sensitive.

use serde_json::{Map, Value as Json};

use crate::value::Value;

/// A value and its marks. A mark is `true` at a leaf, and a table or list around marked leaves; nothing where none is marked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown {
    /// Absent where it is not known.
    pub(crate) value: Option<Json>,
    pub(crate) unknown: Option<Json>,
    pub(crate) sensitive: Option<Json>,
}

impl Shown {
    pub(crate) fn unknown(&self) -> Json {
        self.unknown.clone().unwrap_or(Json::Bool(false))
    }
}

/// The JSON of `value`: a secret is null and marked sensitive, a pending text absent and marked unknown.
pub(crate) fn show(value: &Value) -> Shown {
    let plain = |value: Json| Shown { value: Some(value), unknown: None, sensitive: None };
    match value {
        Value::Null => plain(Json::Null),
        Value::Bool(value) => plain((*value).into()),
        Value::Number(number) => plain(Json::Number(number.clone())),
        Value::String(text) => plain(text.clone().into()),
        Value::Pending(_) => {
            Shown { value: None, unknown: Some(true.into()), sensitive: value.is_secret().then_some(true.into()) }
        }
        Value::Secret(_) => Shown { value: Some(Json::Null), unknown: None, sensitive: Some(true.into()) },
        Value::Map(map) => {
            let (mut values, mut unknown, mut sensitive) = (Map::new(), Map::new(), Map::new());
            for (key, item) in map {
                let shown = show(item);
                values.extend(shown.value.map(|value| (key.clone(), value)));
                unknown.extend(shown.unknown.map(|mark| (key.clone(), mark)));
                sensitive.extend(shown.sensitive.map(|mark| (key.clone(), mark)));
            }
            let marks = |marks: Map<String, Json>| (!marks.is_empty()).then_some(Json::Object(marks));
            Shown { value: Some(values.into()), unknown: marks(unknown), sensitive: marks(sensitive) }
        }
        Value::List(items) => {
            let shown: Vec<Shown> = items.iter().map(show).collect();
            let marks = |pick: fn(&Shown) -> &Option<Json>| {
                let is_marked = shown.iter().any(|item| pick(item).is_some());
                is_marked.then(|| shown.iter().map(|item| pick(item).clone().unwrap_or(Json::Bool(false))).collect())
            };
            Shown {
                unknown: marks(|item| &item.unknown),
                sensitive: marks(|item| &item.sensitive),
                value: Some(shown.iter().map(|item| item.value.clone().unwrap_or_default()).collect()),
            }
        }
    }
}
