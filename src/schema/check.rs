//! Whether a value fits a field: unknown keys, wrong types, what is missing, limits.
//!
//! The engine checks twice. First what the user wrote, where `"3"` is not an integer and whatever holds
//! a reference is left alone; then the same with variables filled in, where a text that reads as a
//! number is one, since a variable from the command line is always text.

use serde_json::Number;

use crate::diagnostic::{Finding, nearest};
use crate::schema::{Field, Shape};
use crate::template::Part;
use crate::value::{Map, Path, Segment, Value};

/// Where a value comes from, and so how literally its types are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// As it stands in the file.
    Written,
    /// With variables in place of the references to them.
    Substituted,
}

/// Everything that is wrong with `value` as a value of `field`. Pending parts and secrets are not judged.
pub fn check(field: &Field, value: &Value, origin: Origin) -> Vec<Finding> {
    let mut checker = Checker { origin, findings: Vec::new() };
    checker.value(field, value, &Path::default());
    checker.findings
}

struct Checker {
    origin: Origin,
    findings: Vec<Finding>,
}

impl Checker {
    fn report(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        let at = self.findings.len();
        self.findings.push(Finding::error(path.clone(), message));
        &mut self.findings[at]
    }

    fn value(&mut self, field: &Field, value: &Value, path: &Path) {
        match (&field.shape, value) {
            (Shape::String { .. }, Value::Pending(_) | Value::Secret(_)) => {}
            (shape, Value::Pending(template)) if matches!(template.parts(), [Part::Reference(_)]) || is_scalar(shape) => {}
            (shape, Value::Secret(_)) if is_scalar(shape) || matches!(shape, Shape::Document(_)) => {}
            (Shape::String { minimum_length, maximum_length, pattern, values }, Value::String(text)) => {
                if self.length(path, text, *minimum_length, *maximum_length) {
                    self.pattern(path, text, pattern.as_deref());
                    self.allowed(path, text, values);
                }
            }
            (Shape::String { .. }, Value::Number(_) | Value::Bool(_)) if self.origin == Origin::Substituted => {}
            (Shape::Integer { minimum, maximum }, Value::Number(number)) if is_whole(number) => {
                self.range(path, number, *minimum, *maximum);
            }
            (Shape::Integer { minimum, maximum }, Value::String(text)) if self.reads_as::<i64>(text) => {
                if let Ok(number) = text.trim().parse::<i64>() {
                    self.range(path, &number.into(), *minimum, *maximum);
                }
            }
            (Shape::Number, Value::Number(_)) | (Shape::Boolean, Value::Bool(_)) => {}
            (Shape::Number, Value::String(text)) if self.reads_as::<f64>(text) => {}
            (Shape::Boolean, Value::String(text)) if self.reads_as::<bool>(text) => {}
            (Shape::List { item, minimum_items, maximum_items }, Value::List(items)) => {
                self.size(path, items.len(), *minimum_items, *maximum_items);
                for (index, element) in items.iter().enumerate() {
                    if !field.leaves_out(element) {
                        self.value(item, element, &path.join(Segment::Index(index)));
                    }
                }
            }
            (Shape::Map { item }, Value::Map(map)) => {
                for (key, element) in map {
                    self.value(item, element, &path.join_key(key));
                }
            }
            (Shape::Object { .. }, Value::Map(map)) => self.object(field, map, path),
            (Shape::Document(_), Value::Map(_)) => {}
            (Shape::Document(_), Value::String(text)) if self.origin == Origin::Substituted => {
                if let Err(error) = serde_json::from_str::<Map>(text) {
                    self.report(path, format!("{} is not a JSON object: {error}", name(path)));
                }
            }
            (shape, other) => self.wrong_type(shape, other, path),
        }
    }

    fn reads_as<T: std::str::FromStr>(&self, text: &str) -> bool {
        self.origin == Origin::Substituted && text.trim().parse::<T>().is_ok()
    }

    fn object(&mut self, field: &Field, map: &Map, path: &Path) {
        let Shape::Object { fields, required } = &field.shape else { return };
        let mut misspelt = Vec::new();
        for (key, element) in map {
            let at = path.join_key(key);
            if let Some(member) = fields.get(key) {
                self.value(member, element, &at);
                continue;
            }
            let candidates = fields.keys().map(String::as_str);
            let suggestion = nearest(key, candidates.clone()).map(str::to_owned);
            let known = candidates.collect::<Vec<_>>().join(", ");
            let finding = self.report(&at, format!("unknown key `{key}`"));
            finding.on_key = true;
            match suggestion {
                Some(suggestion) => {
                    finding.replacement = Some(suggestion.clone());
                    misspelt.push(suggestion);
                }
                None => finding.help.push(format!("known here: {known}")),
            }
        }
        for key in required.iter().filter(|key| !map.contains_key(*key) && !misspelt.contains(key)) {
            let what = fields.get(key).map(|member| member.shape.describe()).unwrap_or_default();
            let of = if path.0.is_empty() { String::new() } else { format!(" in {}", name(path)) };
            let finding = self.report(path, format!("`{key}` is missing{of}"));
            finding.on_key = true;
            finding.help.push(format!("add `{key}`, {what}"));
        }
    }

    /// Whether the length of `text` is right.
    fn length(&mut self, path: &Path, text: &str, minimum: Option<u64>, maximum: Option<u64>) -> bool {
        let length = text.chars().count() as u64;
        if let Some(minimum) = minimum.filter(|minimum| length < *minimum) {
            let message = match length {
                0 => format!("{} must not be empty", name(path)),
                _ => format!("{} has {length} characters and needs at least {minimum}", name(path)),
            };
            self.report(path, message);
        } else if let Some(maximum) = maximum.filter(|maximum| length > *maximum) {
            self.report(path, format!("{} has {length} characters and may have {maximum}", name(path)));
        } else {
            return true;
        }
        false
    }

    fn pattern(&mut self, path: &Path, text: &str, pattern: Option<&str>) {
        // A pattern that this engine can't compile is AWS's to judge.
        let Some((pattern, expression)) = pattern.and_then(|it| Some((it, regex_lite::Regex::new(it).ok()?))) else { return };
        if !expression.is_match(text) {
            let finding = self.report(path, format!("{} has a form that AWS does not take", name(path)));
            finding.help.push(format!("it must match {pattern}"));
        }
    }

    fn allowed(&mut self, path: &Path, text: &str, values: &[String]) {
        if values.is_empty() || values.iter().any(|value| value == text) {
            return;
        }
        let suggestion = nearest(text, values.iter().map(String::as_str)).map(|value| format!("{value:?}"));
        let finding = self.report(path, format!("{} can't be `{text}`", name(path)));
        finding.help.push(format!("one of: {}", values.join(", ")));
        finding.replacement = suggestion;
    }

    fn range(&mut self, path: &Path, number: &Number, minimum: Option<i64>, maximum: Option<i64>) {
        let value = number.as_f64().unwrap_or_default();
        if let Some(minimum) = minimum.filter(|minimum| value < *minimum as f64) {
            self.report(path, format!("{} is {number} and must be at least {minimum}", name(path)));
        } else if let Some(maximum) = maximum.filter(|maximum| value > *maximum as f64) {
            self.report(path, format!("{} is {number} and must be at most {maximum}", name(path)));
        }
    }

    fn size(&mut self, path: &Path, size: usize, minimum: Option<u64>, maximum: Option<u64>) {
        let size = size as u64;
        if let Some(minimum) = minimum.filter(|minimum| size < *minimum) {
            self.report(path, format!("{} has {size} elements and needs at least {minimum}", name(path)));
        } else if let Some(maximum) = maximum.filter(|maximum| size > *maximum) {
            self.report(path, format!("{} has {size} elements and may have {maximum}", name(path)));
        }
    }

    fn wrong_type(&mut self, shape: &Shape, value: &Value, path: &Path) {
        let replacement = match (shape, value) {
            (Shape::String { .. }, Value::Number(number)) => Some(format!("\"{number}\"")),
            (Shape::String { .. }, Value::Bool(value)) => Some(format!("\"{value}\"")),
            (Shape::Integer { .. }, Value::String(text)) => text.trim().parse::<i64>().ok().map(|number| number.to_string()),
            (Shape::Boolean, Value::String(text)) => {
                text.trim().to_lowercase().parse::<bool>().ok().map(|value| value.to_string())
            }
            _ => None,
        };
        let found = match value {
            Value::Pending(_) => "text around a reference",
            other => describe(other),
        };
        let finding = self.report(path, format!("{} must be {}, not {found}", name(path), shape.describe()));
        finding.replacement = replacement;
    }
}

/// What AWS takes as one word: a text with references in it may become one.
fn is_scalar(shape: &Shape) -> bool {
    matches!(shape, Shape::String { .. } | Shape::Integer { .. } | Shape::Number | Shape::Boolean)
}

fn is_whole(number: &Number) -> bool {
    number.as_i64().is_some()
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if is_whole(number) => "an integer",
        Value::Number(_) => "a float",
        Value::String(_) => "a string",
        Value::List(_) => "a list",
        Value::Map(_) => "a table",
        Value::Pending(_) => "a reference",
        Value::Secret(_) => "a sensitive value",
    }
}

fn name(path: &Path) -> String {
    if path.0.is_empty() { "this".to_owned() } else { format!("`{path}`") }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::template::Template;

    #[expect(dead_code, reason = "only its schema is read")]
    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    struct Spec {
        #[schemars(length(min = 1, max = 5), regex(pattern = r"^[a-z]*$"))]
        name: String,
        #[schemars(range(min = 1, max = 10))]
        count: Option<i64>,
        enabled: Option<bool>,
        #[schemars(length(max = 2))]
        items: Option<Vec<Item>>,
    }

    #[expect(dead_code, reason = "only its schema is read")]
    #[derive(Deserialize, JsonSchema)]
    struct Item {
        key: String,
    }

    fn findings(json: serde_json::Value, origin: Origin) -> Vec<String> {
        let value = Value::from(json).map_leaves(&mut |leaf| match leaf {
            Value::String(text) if text.contains("${") => Value::Pending(Template::parse(text).expect("a template")),
            other => other.clone(),
        });
        check(&Field::of::<Spec>(), &value, origin).into_iter().map(|found| found.message).collect()
    }

    #[test]
    fn what_is_written_is_taken_literally() {
        let written = |json| findings(json, Origin::Written);
        assert_eq!(written(json!({ "name": "abc", "count": 3 })), Vec::<String>::new());
        assert_eq!(written(json!({ "count": 3 })), ["`name` is missing"]);
        assert_eq!(written(json!({ "name": "", "nme": 3 })), ["`name` must not be empty", "unknown key `nme`"]);
        assert_eq!(written(json!({ "name": "A" })), ["`name` has a form that AWS does not take"]);
        assert_eq!(written(json!({ "name": 3, "count": "3", "enabled": "yes" })).len(), 3);
        assert_eq!(written(json!({ "name": "${var.a}", "count": "${var.b}", "items": "${var.c}" })), Vec::<String>::new());
        assert_eq!(written(json!({ "name": "a", "items": "x${var.c}" })).len(), 1);
        assert_eq!(
            written(json!({ "name": "a", "count": 11, "items": [{ "other": "a" }, {}, { "key": 1.5 }] })),
            [
                "`count` is 11 and must be at most 10",
                "`items` has 3 elements and may have 2",
                "unknown key `other`",
                "`key` is missing in `items[0]`",
                "`items[2].key` must be a string, not a float"
            ]
        );
    }

    #[test]
    fn what_is_substituted_is_taken_by_its_meaning() {
        let substituted = |json| findings(json, Origin::Substituted);
        assert_eq!(substituted(json!({ "name": "a", "count": "3", "enabled": "true" })), Vec::<String>::new());
        assert_eq!(substituted(json!({ "name": "a", "count": "30" })), ["`count` is 30 and must be at most 10"]);
        assert_eq!(substituted(json!({ "name": "a", "count": "x" })), ["`count` must be an integer, not a string"]);
    }
}
