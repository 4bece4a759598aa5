//! Whatever is written is read back as it was.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::address::Address;
use crate::resource::normalise;
use crate::stack::Inputs;
use crate::stack::fixture::{KINDS, read};

fn written(spec: &Value) -> String {
    let mut text = String::from("[stack]\nname = \"s\"\n");
    table::table(&mut text, &["widget".to_owned(), "w".to_owned()], spec.as_map().expect("a table"), Some(KINDS[0].schema()));
    text
}

fn round_trip(spec: Json) -> (String, Value, Value) {
    let spec = normalise(KINDS[0], &Value::from(spec));
    let text = written(&spec);
    let (stack, diagnostics) = read(&text, "", &Inputs::default());
    let mut stack = stack.unwrap_or_else(|| panic!("{diagnostics:#?}\n{text}"));
    let read = stack.resources.swap_remove(&Address::managed("widget", "w")).expect("it is there").spec;
    (text, spec, read)
}

fn text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        4 => any::<char>().prop_map(String::from),
        4 => "[a-z .]{0,6}".prop_map(String::from),
        1 => Just("${".to_owned()),
        1 => Just("$".to_owned()),
        1 => Just("\"\"\"".to_owned()),
        1 => Just("'''".to_owned()),
        1 => Just("\\".to_owned()),
        1 => Just("\n".to_owned()),
        1 => Just("\r\n".to_owned()),
        1 => Just("\t".to_owned()),
        1 => Just("\"".to_owned()),
        1 => Just("#".to_owned()),
    ];
    prop::collection::vec(pieces, 0..10).prop_map(|pieces| pieces.concat())
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        1 => Just(Json::Null),
        2 => any::<bool>().prop_map(Json::from),
        2 => any::<i64>().prop_map(Json::from),
        1 => any::<u64>().prop_map(Json::from),
        2 => any::<f64>().prop_filter("JSON has finite numbers", |number| number.is_finite()).prop_map(Json::from),
        8 => text().prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from), object(inner)]
    })
}

fn object(inner: impl Strategy<Value = Json>) -> impl Strategy<Value = Json> {
    let key = prop_oneof![3 => "[A-Za-z][A-Za-z0-9_-]{0,8}".prop_map(String::from), 1 => text(), 1 => Just("file".to_owned())];
    prop::collection::vec((key, inner), 0..5).prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn documents_are_read_as_they_were(document in object(any_json())) {
        let (text, spec, read) = round_trip(json!({ "name": "w", "document": document }));
        prop_assert_eq!(spec, read, "{}", text);
    }

    #[test]
    fn fields_are_read_as_they_were(values in prop::collection::vec(text(), 1..4), name in "[a-z]{1,9}") {
        let parts: Vec<Json> = values.iter().map(|value| json!({ "name": value.replace("odd", "even") })).take(3).collect();
        let (text, spec, read) = round_trip(json!({ "name": name, "peer": values[0], "subnets": values, "parts": parts }));
        prop_assert_eq!(spec, read, "{}", text);
    }
}

#[track_caller]
fn looks(spec: Json, expected: Expect) {
    let (text, spec, read) = round_trip(spec);
    assert_eq!(spec, read, "{text}");
    expected.assert_eq(text.split_once("\n\n").map_or("", |(_, resource)| resource));
}

#[test]
fn the_look() {
    looks(
        json!({
            "name": "w", "count": 3, "enabled": true,
            "subnets": ["a", "b ${c}"],
            "parts": [{ "name": "x", "size": 1 }, { "name": "y" }],
            "tags": { "team": "a \"b\"", "cost center": "it's \"4\"" },
        }),
        expect![[r#"
            [widget.w]
            name    = "w"
            count   = 3
            enabled = true
            parts   = [{ name = "x", size = 1 }, { name = "y" }]
            subnets = ["a", "b $${c}"]
            tags    = { "cost center" = "it's \"4\"", team = 'a "b"' }
        "#]],
    );
}

#[test]
fn documents_are_tables_where_they_can_be() {
    looks(
        json!({ "name": "w", "document": { "StartAt": "A", "States": {
            "A": { "Type": "Pass", "Next": "B b" },
            "B b": { "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Retry": [
                { "ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 10, "MaxAttempts": 3, "BackoffRate": 2.0 },
                { "ErrorEquals": ["States.ALL"], "MaxAttempts": 0 },
            ], "End": true },
        } } }),
        expect![[r#"
            [widget.w]
            name = "w"

            [widget.w.document]
            StartAt = "A"

            [widget.w.document.States.A]
            Type = "Pass"
            Next = "B b"

            [widget.w.document.States."B b"]
            Type     = "Task"
            Resource = "arn:aws:states:::ecs:runTask.sync"
            End      = true

            [[widget.w.document.States."B b".Retry]]
            ErrorEquals     = ["States.TaskFailed"]
            IntervalSeconds = 10
            MaxAttempts     = 3
            BackoffRate     = 2.0

            [[widget.w.document.States."B b".Retry]]
            ErrorEquals = ["States.ALL"]
            MaxAttempts = 0
        "#]],
    );
}

#[test]
fn what_toml_lacks_is_json() {
    looks(
        json!({ "name": "w", "document": { "a": null, "b": "say \"${x}\"" } }),
        expect![[r#"
            [widget.w]
            name     = "w"
            document = """
            {
              "a": null,
              "b": "say \\"$${x}\\""
            }"""
        "#]],
    );
}

#[test]
fn what_is_deep_is_read_as_it_was() {
    for depth in [5, 15, 30, 55] {
        let mut document = json!({ "a": 1 });
        for level in 0..depth {
            document = if level % 3 == 0 { json!({ "List": [document, {}] }) } else { json!({ "States": { "x y": document } }) };
        }
        let (text, spec, read) = round_trip(json!({ "name": "w", "document": document }));
        assert_eq!(spec, read, "{text}");
    }
}
