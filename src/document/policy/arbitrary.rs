//! Policies made at random, for tests: [`document`]; the same in other words: [`rewritten`].

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::schema::arbitrary::Dice;
use crate::value::{Map, Value};

fn one_or_some(items: &'static [&'static str]) -> impl Strategy<Value = Json> {
    let one = prop::sample::select(items).prop_map(|item| json!(item));
    prop_oneof![one.clone(), prop::collection::vec(one, 1..4).prop_map(Json::Array)]
}

fn principal() -> impl Strategy<Value = Json> {
    let accounts = &[
        "123456789012",
        "arn:aws:iam::123456789012:root",
        "arn:aws:iam::999999999999:root",
        "arn:aws:iam::123456789012:role/r",
        "*",
    ];
    let kinds = (
        prop::option::of(one_or_some(accounts)),
        prop::option::of(one_or_some(&["states.amazonaws.com", "ecs-tasks.amazonaws.com"])),
    );
    let kinds = kinds.prop_map(|(aws, service)| {
        let mut kinds = serde_json::Map::new();
        kinds.extend(aws.map(|aws| ("AWS".to_owned(), aws)));
        kinds.extend(service.map(|service| ("Service".to_owned(), service)));
        Json::Object(kinds)
    });
    prop_oneof![1 => Just(json!("*")), 4 => kinds]
}

fn condition() -> impl Strategy<Value = Json> {
    let value = prop_oneof![
        any::<bool>().prop_map(|flag| json!(flag)),
        (0..3).prop_map(|number| json!(number)),
        prop::sample::select(&["true", "1", "1.0", "x", ""]).prop_map(|text| json!(text)),
    ];
    let values = prop_oneof![value.clone(), prop::collection::vec(value, 1..3).prop_map(Json::Array)];
    let keys = prop::collection::vec((prop::sample::select(&["aws:a", "aws:b"]), values), 0..3);
    let operators = prop::sample::select(&["Bool", "StringEquals", "NumericLessThan", "ForAnyValue:NumericEquals"]);
    prop::collection::vec((operators, keys), 0..3).prop_map(|operators| {
        let keys =
            |keys: Vec<(&str, Json)>| Json::Object(keys.into_iter().map(|(key, values)| (key.to_owned(), values)).collect());
        Json::Object(operators.into_iter().map(|(operator, inside)| (operator.to_owned(), keys(inside))).collect())
    })
}

fn statement() -> impl Strategy<Value = Json> {
    let actions = one_or_some(&["s3:GetObject", "S3:getobject", "s3:*", "sts:AssumeRole"]);
    let resources = one_or_some(&["*", "arn:aws:s3:::a", "arn:aws:s3:::b"]);
    let parts = (
        prop::option::of(prop::sample::select(&["A", "B", ""])),
        prop::sample::select(&["Allow", "Deny"]),
        (any::<bool>(), actions),
        prop::option::of((any::<bool>(), resources)),
        prop::option::of(principal()),
        prop::option::of(condition()),
    );
    parts.prop_map(|(sid, effect, (is_not, actions), resources, principal, condition)| {
        let mut statement = serde_json::Map::new();
        statement.extend(sid.map(|sid| ("Sid".to_owned(), json!(sid))));
        statement.insert("Effect".to_owned(), json!(effect));
        statement.insert(if is_not { "NotAction" } else { "Action" }.to_owned(), actions);
        statement
            .extend(resources.map(|(is_not, resources)| (if is_not { "NotResource" } else { "Resource" }.to_owned(), resources)));
        statement.extend(principal.map(|principal| ("Principal".to_owned(), principal)));
        statement.extend(condition.map(|condition| ("Condition".to_owned(), condition)));
        Json::Object(statement)
    })
}

/// Any document of the language's own form.
pub fn document() -> impl Strategy<Value = Value> {
    let statements = prop_oneof![statement(), prop::collection::vec(statement(), 1..4).prop_map(Json::Array)];
    (prop::option::of(prop::sample::select(&["2012-10-17", "2008-10-17"])), statements).prop_map(|(version, statements)| {
        let mut document = serde_json::Map::new();
        document.extend(version.map(|version| ("Version".to_owned(), json!(version))));
        document.insert("Statement".to_owned(), statements);
        Value::from(Json::Object(document))
    })
}

/// `document` in other words: whatever of the rules for equality can be used is used by chance.
pub fn rewritten(document: &Value, dice: &mut Dice) -> Value {
    let Some(map) = document.as_map() else { return document.clone() };
    let mut members = shuffled(map, dice, |key, value, dice| match key {
        "Statement" => set(value, dice, statement_rewritten),
        _ => value.clone(),
    });
    if dice.coin() {
        members.entry("Id".to_owned()).or_insert_with(|| Value::from(""));
    }
    Value::Map(members)
}

fn statement_rewritten(statement: &Value, dice: &mut Dice) -> Value {
    let Some(map) = statement.as_map() else { return statement.clone() };
    let mut members = shuffled(map, dice, |key, value, dice| match key {
        "Action" | "NotAction" => set(value, dice, |action, dice| match action {
            Value::String(text) if dice.coin() => Value::String(text.to_uppercase()),
            other => other.clone(),
        }),
        "Resource" | "NotResource" => set(value, dice, |resource, _| resource.clone()),
        "Principal" | "NotPrincipal" => principal_rewritten(value, dice),
        "Condition" => condition_rewritten(value, dice),
        _ => value.clone(),
    });
    if dice.coin() {
        members.entry("Sid".to_owned()).or_insert_with(|| Value::from(""));
    }
    if dice.coin() {
        members.entry("Condition".to_owned()).or_insert_with(|| Value::Map(Map::new()));
    }
    Value::Map(members)
}

fn principal_rewritten(principal: &Value, dice: &mut Dice) -> Value {
    match principal {
        Value::String(everybody) if dice.coin() => Value::Map(Map::from([("AWS".to_owned(), Value::from(everybody.as_str()))])),
        Value::Map(kinds) => {
            let mut kinds = shuffled(kinds, dice, |kind, names, dice| {
                set(names, dice, |name, dice| match name.as_str() {
                    Some("123456789012") if kind == "AWS" && dice.coin() => Value::from("arn:aws-cn:iam::123456789012:root"),
                    Some("arn:aws:iam::999999999999:root") if dice.coin() => Value::from("999999999999"),
                    _ => name.clone(),
                })
            });
            if dice.coin() {
                kinds.entry("Federated".to_owned()).or_insert_with(|| Value::List(Vec::new()));
            }
            Value::Map(kinds)
        }
        other => other.clone(),
    }
}

fn condition_rewritten(condition: &Value, dice: &mut Dice) -> Value {
    let Some(operators) = condition.as_map() else { return condition.clone() };
    Value::Map(shuffled(operators, dice, |operator, keys, dice| match keys {
        Value::Map(keys) => Value::Map(shuffled(keys, dice, |_, values, dice| {
            set(values, dice, |value, dice| match value {
                Value::Bool(flag) if dice.coin() => Value::string(flag.to_string()),
                Value::Number(number) if dice.coin() => Value::string(number.to_string()),
                Value::String(text) if text == "1" && operator.contains("Numeric") && dice.coin() => Value::from("1.0"),
                other => other.clone(),
            })
        })),
        other => other.clone(),
    }))
}

fn shuffled(map: &Map, dice: &mut Dice, form: impl Fn(&str, &Value, &mut Dice) -> Value) -> Map {
    let mut entries: Vec<(String, Value)> = map.iter().map(|(key, value)| (key.clone(), form(key, value, dice))).collect();
    dice.shuffle(&mut entries);
    entries.into_iter().collect()
}

/// One or many, in any order, some of them twice.
fn set(value: &Value, dice: &mut Dice, form: impl Fn(&Value, &mut Dice) -> Value) -> Value {
    let mut items = Vec::new();
    for item in super::one_or_many(value) {
        items.push(form(item, dice));
        if dice.below(4) == 0 {
            items.push(form(item, dice));
        }
    }
    dice.shuffle(&mut items);
    match items.as_slice() {
        [only] if dice.coin() => only.clone(),
        _ => Value::List(items),
    }
}
