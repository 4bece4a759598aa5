//! The rules of a `Choice`.

use std::fmt;

use crate::document::states_language::model::Part;
use crate::value::{Path, Value};

/// Conditions within each other further than this are not read.
const DEEPEST: usize = 60;

/// One element of `Choices`.
#[derive(Clone, Debug)]
pub struct ChoiceRule<'a> {
    pub path: Path,
    pub value: &'a Value,
    pub condition: Condition<'a>,
    pub next: Option<Part<'a>>,
}

impl<'a> ChoiceRule<'a> {
    pub(super) fn parse(part: Part<'a>) -> Self {
        let next = Part::of(part.value, "Next", &part.path);
        Self { condition: Condition::parse(part.value, 0), next, path: part.path, value: part.value }
    }
}

/// When a rule holds. Written out, it reads as people would say it: `$.count >= 3 and not $.done is true`.
#[derive(Clone, Debug)]
pub enum Condition<'a> {
    And(Vec<Condition<'a>>),
    Or(Vec<Condition<'a>>),
    Not(Box<Condition<'a>>),
    Comparison(Comparison<'a>),
    /// A JSONata expression, without its `{% %}`.
    Jsonata(&'a str),
    /// What is no condition, or not known yet.
    Unknown,
}

/// `Variable` and one operator.
#[derive(Clone, Debug)]
pub struct Comparison<'a> {
    pub variable: &'a str,
    /// `NumericGreaterThanEquals`.
    pub operator: &'a str,
    pub operand: &'a Value,
}

/// What may stand beside the operator of a comparison.
const BESIDE: [&str; 5] = ["Variable", "Next", "Comment", "Assign", "Output"];

impl<'a> Condition<'a> {
    fn parse(value: &'a Value, depth: usize) -> Self {
        let Some(map) = value.as_map().filter(|_| depth < DEEPEST) else { return Self::Unknown };
        let all = |value: &'a Value| value.items().iter().map(|item| Self::parse(item, depth + 1)).collect();
        if let Some(conditions) = map.get("And") {
            return Self::And(all(conditions));
        }
        if let Some(conditions) = map.get("Or") {
            return Self::Or(all(conditions));
        }
        if let Some(condition) = map.get("Not") {
            return Self::Not(Box::new(Self::parse(condition, depth + 1)));
        }
        if let Some(condition) = map.get("Condition").and_then(Value::as_str) {
            let inside = condition.trim().strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}"));
            return inside.map_or(Self::Unknown, |inside| Self::Jsonata(inside.trim()));
        }
        let comparison = map.iter().find(|(key, _)| !BESIDE.contains(&key.as_str()));
        match (map.get("Variable").and_then(Value::as_str), comparison) {
            (Some(variable), Some((operator, operand))) => Self::Comparison(Comparison { variable, operator, operand }),
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Condition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, conditions: &[Self], word: &str| {
            for (index, condition) in conditions.iter().enumerate() {
                if index > 0 {
                    write!(f, " {word} ")?;
                }
                condition.write_within(f)?;
            }
            Ok(())
        };
        match self {
            Self::And(conditions) => joined(f, conditions, "and"),
            Self::Or(conditions) => joined(f, conditions, "or"),
            Self::Not(condition) => {
                f.write_str("not ")?;
                condition.write_within(f)
            }
            Self::Comparison(comparison) => comparison.fmt(f),
            Self::Jsonata(expression) => f.write_str(expression),
            Self::Unknown => f.write_str("?"),
        }
    }
}

impl Condition<'_> {
    /// In brackets, where it would else run into what stands around it.
    fn write_within(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(all) | Self::Or(all) if all.len() > 1 => write!(f, "({self})"),
            _ => write!(f, "{self}"),
        }
    }
}

impl fmt::Display for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = self.operator.strip_suffix("Path").unwrap_or(self.operator);
        if let Some(what) = operator.strip_prefix("Is") {
            let not = if self.operand.as_bool() == Some(false) { "not " } else { "" };
            return write!(f, "{} is {not}{}", self.variable, what.to_lowercase());
        }
        let types = ["String", "Numeric", "Boolean", "Timestamp"];
        let bare = types.iter().find_map(|prefix| operator.strip_prefix(prefix)).unwrap_or(operator);
        let sign = match bare {
            "Equals" => "=",
            "LessThan" => "<",
            "LessThanEquals" => "<=",
            "GreaterThan" => ">",
            "GreaterThanEquals" => ">=",
            "Matches" => "matches",
            other => other,
        };
        let operand = match self.operand {
            Value::String(text) if self.operator.ends_with("Path") => text.clone(),
            Value::String(text) => format!("\"{text}\""),
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            Value::Pending(template) => template.to_string(),
            _ => "?".to_owned(),
        };
        write!(f, "{} {sign} {operand}", self.variable)
    }
}
