//! One form for all documents that mean the same.

use crate::document::policy::one_or_many;
use crate::value::{Map, Value, whole_number};

/// The canonical form: documents that mean the same are equal in it.
///
/// - a single statement, action, resource, principal or condition value is a list of one;
/// - these lists are sets: sorted, without repeats; what is empty is left out, an empty `Sid`, `Id` or `Version` too;
/// - actions are in lower case, as AWS does not tell them apart by it;
/// - the principal of an account is its number, and `"*"` is `{"AWS": "*"}`;
/// - values of conditions are strings; where they are compared as numbers, `"1.0"` is `"1"`.
///
/// `Version` is compared as it stands, though to IAM none is that of 2008: who adds it wants to see it added.
/// Nothing is concluded from what statements grant: one with two actions is not two with one each.
///
/// Idempotent. What is pending or secret stays as it is, and equals only itself.
pub fn canonical(document: &Value) -> Value {
    let Some(map) = document.as_map() else { return document.clone() };
    sorted(map, |key, value| match key {
        "Statement" => set(value, statement),
        "Version" | "Id" => or_nothing(value),
        _ => value.clone(),
    })
}

pub(super) fn statement(value: &Value) -> Value {
    let Some(map) = value.as_map() else { return value.clone() };
    sorted(map, |key, value| match key {
        "Sid" => or_nothing(value),
        "Action" | "NotAction" => set(value, action),
        "Resource" | "NotResource" => set(value, Value::clone),
        "Principal" | "NotPrincipal" => principal(value),
        "Condition" => condition(value),
        _ => value.clone(),
    })
}

pub(super) fn action(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.to_lowercase()),
        other => other.clone(),
    }
}

/// An empty text says nothing.
pub(super) fn or_nothing(value: &Value) -> Value {
    if value.as_str() == Some("") { Value::Null } else { value.clone() }
}

pub(super) fn principal(value: &Value) -> Value {
    match value {
        Value::String(text) if text == "*" => Value::Map(Map::from([("AWS".to_owned(), Value::List(vec![Value::string("*")]))])),
        Value::Map(map) => sorted(map, |kind, names| match kind {
            "AWS" => set(names, aws_principal),
            _ => set(names, Value::clone),
        }),
        other => other.clone(),
    }
}

/// One principal of the kind `AWS`.
pub(super) fn aws_principal(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::string(account_of_root(text).unwrap_or(text)),
        other => other.clone(),
    }
}

/// `123456789012` of `arn:PARTITION:iam::123456789012:root`.
fn account_of_root(arn: &str) -> Option<&str> {
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    match arn.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "iam", "", account, "root"] if is_account(account) => Some(account),
        _ => None,
    }
}

pub(super) fn condition(value: &Value) -> Value {
    let Some(operators) = value.as_map() else { return value.clone() };
    sorted(operators, operator)
}

/// The keys of the operator `name` of a condition.
pub(super) fn operator(name: &str, keys: &Value) -> Value {
    match keys {
        Value::Map(keys) => sorted(keys, |_, values| set(values, |value| condition_value(name, value))),
        other => other.clone(),
    }
}

pub(super) fn condition_value(operator: &str, value: &Value) -> Value {
    match value {
        Value::Bool(flag) => Value::string(flag.to_string()),
        Value::Number(number) => {
            Value::String(whole_number(number).map_or_else(|| number.to_string(), |whole| whole.to_string()))
        }
        Value::String(text) if is_numeric(operator) => Value::String(decimal(text).unwrap_or_else(|| text.clone())),
        other => other.clone(),
    }
}

/// Whether an operator compares numbers: `NumericEquals`, `ForAnyValue:NumericLessThanIfExists`, ….
fn is_numeric(operator: &str) -> bool {
    operator.rsplit(':').next().is_some_and(|operator| operator.starts_with("Numeric"))
}

/// `1.50` and `01.5` as `1.5`, `2.0` as `2`; `None` where it is no decimal number.
fn decimal(text: &str) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(match (sign, whole, fraction) {
        (_, "0", "") => "0".to_owned(),
        (sign, whole, "") => format!("{sign}{whole}"),
        (sign, whole, fraction) => format!("{sign}{whole}.{fraction}"),
    })
}

/// The entries of `map`, each made canonical, in the order of their keys, without the empty ones.
fn sorted(map: &Map, form: impl Fn(&str, &Value) -> Value) -> Value {
    let mut entries: Vec<(String, Value)> = map.iter().map(|(key, value)| (key.clone(), form(key, value))).collect();
    entries.retain(|(_, value)| !value.is_empty());
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    Value::Map(entries.into_iter().collect())
}

pub(super) fn set(value: &Value, form: impl Fn(&Value) -> Value) -> Value {
    let mut items: Vec<Value> = one_or_many(value).into_iter().map(form).filter(|item| !item.is_empty()).collect();
    items.sort_by_cached_key(|item| serde_json::to_string(item).unwrap_or_default());
    items.dedup();
    Value::List(items)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::document::policy::{arbitrary, equal};
    use crate::schema::arbitrary::Dice;
    use crate::template::Template;

    fn value(json: Json) -> Value {
        Value::from(json)
    }

    fn of(statement: Json) -> Value {
        value(json!({ "Version": "2012-10-17", "Statement": statement }))
    }

    #[test]
    fn documents_that_mean_the_same() {
        let pairs = [
            (
                json!({ "Effect": "Allow", "Action": "a:B", "Resource": "*" }),
                json!([{ "Resource": ["*"], "Action": ["A:b"], "Effect": "Allow" }]),
            ),
            (json!([{ "Sid": "1" }, { "Sid": "2" }]), json!([{ "Sid": "2" }, { "Sid": "1" }, { "Sid": "1" }])),
            (json!({ "NotAction": ["s3:Get*", "s3:Put*"] }), json!({ "NotAction": ["s3:put*", "s3:get*"] })),
            (json!({ "NotResource": ["b", "a"] }), json!({ "NotResource": ["a", "b"] })),
            (
                json!({ "Principal": { "AWS": "123456789012" } }),
                json!({ "Principal": { "AWS": ["arn:aws-cn:iam::123456789012:root"] } }),
            ),
            (json!({ "Principal": "*" }), json!({ "Principal": { "AWS": ["*"] } })),
            (
                json!({ "Principal": { "Service": ["ecs.amazonaws.com", "states.amazonaws.com"] } }),
                json!({ "Principal": { "Service": ["states.amazonaws.com", "ecs.amazonaws.com"], "AWS": [] } }),
            ),
            (json!({ "Condition": { "Bool": { "aws:x": true } } }), json!({ "Condition": { "Bool": { "aws:x": ["true"] } } })),
            (
                json!({ "Condition": { "NumericLessThan": { "k": [2, 1] } } }),
                json!({ "Condition": { "NumericLessThan": { "k": ["1", "2"] } } }),
            ),
            (json!({ "Condition": {}, "Sid": "a" }), json!({ "Sid": "a" })),
        ];
        for (a, b) in pairs {
            assert!(equal(&of(a.clone()), &of(b.clone())), "{a} and {b}");
        }
    }

    #[test]
    fn documents_that_differ() {
        let pairs = [
            (json!({ "Effect": "Allow" }), json!({ "Effect": "Deny" })),
            (json!({ "Effect": "Allow" }), json!({ "Effect": "allow" })),
            (json!({ "Sid": "A" }), json!({ "Sid": "a" })),
            (json!({ "Resource": "arn:aws:s3:::A" }), json!({ "Resource": "arn:aws:s3:::a" })),
            (json!({ "Action": "a:b" }), json!({ "NotAction": "a:b" })),
            (
                json!({ "Principal": { "AWS": "123456789012" } }),
                json!({ "Principal": { "AWS": "arn:aws:iam::123456789012:role/root" } }),
            ),
            (json!({ "Principal": { "AWS": "*" } }), json!({ "Principal": { "Service": "*" } })),
            (json!({ "Condition": { "StringEquals": { "k": "v" } } }), json!({ "Condition": { "StringLike": { "k": "v" } } })),
            (json!({ "Condition": { "StringEquals": { "k": "v" } } }), json!({ "Condition": { "StringEquals": { "K": "v" } } })),
        ];
        for (a, b) in pairs {
            assert!(!equal(&of(a.clone()), &of(b.clone())), "{a} and {b}");
        }
        assert!(!equal(&value(json!({ "Version": "2008-10-17" })), &value(json!({ "Version": "2012-10-17" }))));
        assert!(!equal(&value(json!({ "Id": "x" })), &value(json!({}))));
    }

    #[test]
    fn what_is_pending_equals_itself() {
        let with = |text: &str| {
            let mut document = of(json!({ "Effect": "Allow", "Action": "iam:PassRole" }));
            let template = Value::Pending(Template::parse(text).expect("a template"));
            if let Some(Value::Map(statement)) = document.as_map_mut().and_then(|map| map.get_mut("Statement")) {
                statement.insert("Resource".to_owned(), template);
            }
            document
        };
        assert!(equal(&with("${role.a.arn}"), &with("${role.a.arn}")));
        assert!(!equal(&with("${role.a.arn}"), &with("${role.b.arn}")));
    }

    /// JSON made of the language's own words, so that the rules are met often.
    fn any_document() -> impl Strategy<Value = Value> {
        let word = prop_oneof![
            Just("*"),
            Just("s3:Get"),
            Just("S3:get"),
            Just("123456789012"),
            Just("arn:aws:iam::123456789012:root"),
            Just("true")
        ]
        .prop_map(|text| json!(text));
        let leaf = prop_oneof![
            word,
            any::<bool>().prop_map(|flag| json!(flag)),
            (0..3).prop_map(|number| json!(number)),
            Just(Json::Null)
        ];
        let key = prop_oneof![
            Just("Statement"),
            Just("Action"),
            Just("NotResource"),
            Just("Principal"),
            Just("AWS"),
            Just("Service"),
            Just("Condition"),
            Just("Bool"),
            Just("Sid")
        ];
        leaf.prop_recursive(5, 40, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Json::Array),
                prop::collection::vec((key.clone(), inner), 0..4)
                    .prop_map(|entries| Json::Object(entries.into_iter().map(|(key, item)| (key.to_owned(), item)).collect())),
            ]
        })
        .prop_map(|inner| value(json!({ "Version": "2012-10-17", "Statement": inner })))
    }

    proptest! {
        #[test]
        fn every_rewriting_keeps_the_meaning(
            a in arbitrary::document(), b in arbitrary::document(), seeds in prop::array::uniform2(any::<u64>())
        ) {
            let [first, second] = seeds.map(|seed| arbitrary::rewritten(&a, &mut Dice::new(seed)));
            prop_assert!(equal(&a, &first), "{:?}", first);
            prop_assert!(equal(&first, &second));
            prop_assert_eq!(equal(&a, &b), equal(&first, &b));
            prop_assert_eq!(equal(&b, &second), equal(&a, &b));
        }

        #[test]
        fn canonical_is_idempotent_and_equality_an_equivalence(a in any_document(), b in any_document()) {
            let once = canonical(&a);
            prop_assert_eq!(canonical(&once), once.clone());
            prop_assert!(equal(&a, &a));
            prop_assert!(equal(&a, &once));
            prop_assert_eq!(equal(&a, &b), equal(&b, &a));
        }
    }
}
