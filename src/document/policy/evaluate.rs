//! What documents allow, as far as a reader who is not AWS can say.
//!
//! ```text
//! a Deny that matches            ──► Denied
//! an Allow that matches          ──► Allowed   (and the boundary, where there is one, allows it too)
//! one that may or may not match  ──► Undecided (a condition on a key that is not known here, a pending part)
//! else                           ──► Missing
//! ```

use std::collections::BTreeMap;

use crate::document::policy::{one_or_many, statements};
use crate::value::{Map, Value};

/// What documents say of one action on one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Allowed,
    /// A statement denies it: no other can allow it.
    Denied,
    /// No statement allows it.
    Missing,
    /// It hangs on something that is not known.
    Undecided,
}

/// The condition keys whose values are known, without regard to case.
#[derive(Clone, Debug, Default)]
pub struct Context(BTreeMap<String, String>);

impl Context {
    /// This context, and `key` is `value`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.0.insert(key.to_lowercase(), value.into());
        self
    }
}

/// Whether `policies`, within `boundary`, allow `action` on `resource`.
pub fn decide(policies: &[&Value], boundary: Option<&Value>, action: &str, resource: &str, context: &Context) -> Decision {
    decide_where(policies, boundary, action, &|pattern| matches_pattern(pattern, resource, false), context)
}

/// The same of a resource that is not known: only `*` is certain to name it, and every other pattern may.
pub fn decide_somewhere(policies: &[&Value], boundary: Option<&Value>, action: &str, context: &Context) -> Decision {
    let names = |pattern: &Value| if pattern.as_str() == Some("*") { Truth::Yes } else { Truth::Unknown };
    decide_where(policies, boundary, action, &names, context)
}

fn decide_where(
    policies: &[&Value],
    boundary: Option<&Value>,
    action: &str,
    names: &impl Fn(&Value) -> Truth,
    context: &Context,
) -> Decision {
    let matches = |statement: &Map| {
        listed(statement, "Action", |pattern| matches_pattern(pattern, action, true))
            .and(|| listed(statement, "Resource", names))
            .and(|| conditions(statement, context))
    };
    let granted = verdict(policies, &matches);
    let Some(boundary) = boundary else { return granted };
    match (granted, verdict(&[boundary], &matches)) {
        (Decision::Denied, _) | (_, Decision::Denied) => Decision::Denied,
        (Decision::Missing, _) | (_, Decision::Missing) => Decision::Missing,
        (Decision::Undecided, _) | (_, Decision::Undecided) => Decision::Undecided,
        (Decision::Allowed, Decision::Allowed) => Decision::Allowed,
    }
}

/// Whether the trust policy lets any of `services` (names of one service) do `action`.
pub fn decide_trust(trust: &Value, services: &[&str], action: &str, context: &Context) -> Decision {
    verdict(&[trust], &|statement| {
        let names_service = |principal: &Value| match principal {
            Value::String(text) => Truth::from(text == "*"),
            Value::Map(kinds) => {
                let names = kinds.get("Service").map(one_or_many).unwrap_or_default();
                Truth::any(names.into_iter().map(|name| match name.as_str() {
                    Some(name) => Truth::from(services.contains(&name)),
                    None => Truth::Unknown,
                }))
            }
            _ => Truth::Unknown,
        };
        let principal = match (statement.get("Principal"), statement.get("NotPrincipal")) {
            (Some(principal), _) => names_service(principal),
            (None, Some(principal)) => names_service(principal).not(),
            (None, None) => Truth::No,
        };
        principal
            .and(|| listed(statement, "Action", |pattern| matches_pattern(pattern, action, true)))
            .and(|| conditions(statement, context))
    })
}

/// Whether the conditions of a statement hold; absent, if they hang on what is not known.
pub fn conditions_hold(statement: &Map, context: &Context) -> Option<bool> {
    match conditions(statement, context) {
        Truth::Yes => Some(true),
        Truth::No => Some(false),
        Truth::Unknown => None,
    }
}

/// Whether `text` is as `pattern` says: `*` is any text, `?` any character.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at_pattern, mut at_text) = (0, 0);
    // Where to go on if the text runs out of step: after the last star, which takes one character more.
    let mut last_star: Option<(usize, usize)> = None;
    while at_text < text.len() {
        match pattern.get(at_pattern) {
            Some('*') => {
                last_star = Some((at_pattern + 1, at_text));
                at_pattern += 1;
            }
            Some(character) if *character == '?' || *character == text[at_text] => {
                at_pattern += 1;
                at_text += 1;
            }
            _ => {
                let Some((after_star, taken)) = last_star else { return false };
                last_star = Some((after_star, taken + 1));
                (at_pattern, at_text) = (after_star, taken + 1);
            }
        }
    }
    pattern[at_pattern..].iter().all(|character| *character == '*')
}

/// Three-valued truth: what is not known must not pass for either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    Yes,
    No,
    Unknown,
}

impl Truth {
    fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => Self::No,
            Self::Yes => other(),
            Self::Unknown if other() == Self::No => Self::No,
            Self::Unknown => Self::Unknown,
        }
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }

    fn any(truths: impl IntoIterator<Item = Self>) -> Self {
        truths.into_iter().fold(Self::No, |found, truth| found.not().and(|| truth.not()).not())
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

fn verdict(policies: &[&Value], matches: &impl Fn(&Map) -> Truth) -> Decision {
    let (mut allowed, mut denied) = (Truth::No, Truth::No);
    for statement in policies.iter().flat_map(|policy| statements(policy)) {
        let effect = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => &mut allowed,
            Some("Deny") => &mut denied,
            _ => continue,
        };
        *effect = Truth::any([*effect, matches(statement)]);
    }
    match (denied, allowed) {
        (Truth::Yes, _) => Decision::Denied,
        (_, Truth::No) => Decision::Missing,
        (Truth::No, Truth::Yes) => Decision::Allowed,
        (Truth::Unknown, _) | (_, Truth::Unknown) => Decision::Undecided,
    }
}

/// Whether the member `key` lists a match, or its `Not` form lists none.
fn listed(statement: &Map, key: &str, matches: impl Fn(&Value) -> Truth) -> Truth {
    if let Some(patterns) = statement.get(key) {
        return Truth::any(one_or_many(patterns).into_iter().map(matches));
    }
    match statement.get(&format!("Not{key}")) {
        Some(patterns) => Truth::any(one_or_many(patterns).into_iter().map(matches)).not(),
        None => Truth::No,
    }
}

fn matches_pattern(pattern: &Value, text: &str, ignores_case: bool) -> Truth {
    match pattern {
        // A policy variable stands for whoever asks.
        Value::String(pattern) if pattern.contains("${") => Truth::Unknown,
        Value::String(pattern) if ignores_case => wildcard(&pattern.to_lowercase(), &text.to_lowercase()).into(),
        Value::String(pattern) => wildcard(pattern, text).into(),
        _ => Truth::Unknown,
    }
}

fn conditions(statement: &Map, context: &Context) -> Truth {
    let operators = match statement.get("Condition") {
        None | Some(Value::Null) => return Truth::Yes,
        Some(Value::Map(operators)) => operators,
        Some(_) => return Truth::Unknown,
    };
    let mut all = Truth::Yes;
    for (operator, keys) in operators {
        let Some(keys) = keys.as_map() else { return Truth::Unknown };
        for (key, wanted) in keys {
            let holds = context.0.get(&key.to_lowercase()).map_or(Truth::Unknown, |actual| holds(operator, actual, wanted));
            all = all.and(|| holds);
        }
    }
    all
}

/// Whether a key whose value is `actual` meets `wanted`.
fn holds(operator: &str, actual: &str, wanted: &Value) -> Truth {
    // Of a key with a single value, "for any" and "for all" of its values say the same.
    let operator = operator.strip_prefix("ForAnyValue:").or(operator.strip_prefix("ForAllValues:")).unwrap_or(operator);
    let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
    let any = |matches: &dyn Fn(&str) -> bool| {
        Truth::any(one_or_many(wanted).into_iter().map(|value| match value {
            Value::String(text) if text.contains("${") => Truth::Unknown,
            Value::String(text) => matches(text).into(),
            Value::Bool(flag) => matches(&flag.to_string()).into(),
            Value::Number(number) => matches(&number.to_string()).into(),
            _ => Truth::Unknown,
        }))
    };
    match operator {
        "StringEquals" => any(&|text| text == actual),
        "StringNotEquals" => any(&|text| text == actual).not(),
        "StringEqualsIgnoreCase" | "Bool" => any(&|text| text.eq_ignore_ascii_case(actual)),
        "StringNotEqualsIgnoreCase" => any(&|text| text.eq_ignore_ascii_case(actual)).not(),
        "StringLike" | "ArnLike" | "ArnEquals" => any(&|text| wildcard(text, actual)),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => any(&|text| wildcard(text, actual)).not(),
        "Null" => any(&|text| text == "false"),
        _ => Truth::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    const RULE: &str = "arn:aws:events:eu-central-1:123456789012:rule/StepFunctionsGetEventsForECSTaskRule";

    fn decision(statements: Json, boundary: Option<Json>) -> Decision {
        let policy = Value::from(json!({ "Statement": statements }));
        let boundary = boundary.map(|statements| Value::from(json!({ "Statement": statements })));
        let context = Context::default().with("aws:SourceAccount", "123456789012");
        decide(&[&policy], boundary.as_ref(), "events:PutRule", RULE, &context)
    }

    #[test]
    fn decisions() {
        let allow = json!({ "Effect": "Allow", "Action": "events:Put*", "Resource": "arn:aws:events:*:*:rule/*" });
        let deny = json!({ "Effect": "Deny", "Action": "*", "Resource": "*" });
        let cases = [
            (allow.clone(), Decision::Allowed),
            (json!([]), Decision::Missing),
            (json!([allow, deny]), Decision::Denied),
            (json!({ "Effect": "Allow", "Action": "EVENTS:putrule", "Resource": RULE }), Decision::Allowed),
            (json!({ "Effect": "Allow", "Action": "events:PutRul?", "Resource": RULE.to_uppercase() }), Decision::Missing),
            (json!({ "Effect": "Allow", "NotAction": "iam:*", "Resource": "*" }), Decision::Allowed),
            (json!({ "Effect": "Allow", "NotAction": "events:*", "Resource": "*" }), Decision::Missing),
            (json!({ "Effect": "Allow", "Action": "*", "NotResource": ["a", RULE] }), Decision::Missing),
            (
                json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { "StringEquals": { "AWS:sourceaccount": "123456789012" } } }),
                Decision::Allowed,
            ),
            (
                json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { "StringEquals": { "aws:SourceAccount": "2" } } }),
                Decision::Missing,
            ),
            (
                json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { "Bool": { "aws:SecureTransport": true } } }),
                Decision::Undecided,
            ),
            (
                json!([allow, { "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": { "Bool": { "x:y": true } } }]),
                Decision::Undecided,
            ),
        ];
        for (statements, expected) in cases {
            assert_eq!(decision(statements.clone(), None), expected, "{statements}");
        }
        assert_eq!(decision(allow.clone(), Some(json!([]))), Decision::Missing);
        assert_eq!(decision(allow.clone(), Some(allow.clone())), Decision::Allowed);
        assert_eq!(decision(allow, Some(deny)), Decision::Denied);
    }

    #[test]
    fn trust() {
        let states = ["states.amazonaws.com", "states.eu-central-1.amazonaws.com"];
        let context = Context::default().with("aws:SourceAccount", "123456789012");
        let cases = [
            (
                json!({ "Effect": "Allow", "Principal": { "Service": "states.amazonaws.com" }, "Action": "sts:AssumeRole" }),
                Decision::Allowed,
            ),
            (
                json!({ "Effect": "Allow", "Principal": { "Service": ["x", "states.eu-central-1.amazonaws.com"] }, "Action": ["sts:*"] }),
                Decision::Allowed,
            ),
            (
                json!({ "Effect": "Allow", "Principal": { "Service": "ecs-tasks.amazonaws.com" }, "Action": "sts:AssumeRole" }),
                Decision::Missing,
            ),
            (json!({ "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole" }), Decision::Allowed),
            (
                json!({ "Effect": "Allow", "Principal": { "Service": "states.amazonaws.com" }, "Action": "sts:TagSession" }),
                Decision::Missing,
            ),
        ];
        for (statement, expected) in cases {
            let trust = Value::from(json!({ "Statement": [statement.clone()] }));
            assert_eq!(decide_trust(&trust, &states, "sts:AssumeRole", &context), expected, "{statement}");
        }
    }

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a*b*c", "aXbXbc", true),
            ("?", "", false),
            ("a?c", "abc", true),
            ("", "a", false),
            ("**a", "ba", true),
        ] {
            assert_eq!(wildcard(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
