use expect_test::{Expect, expect, expect_file};
use serde_json::json;

use super::*;
use crate::render::fixture::{change, plan, plans_of_secrets, representative, spec, written};

#[test]
fn a_plan_of_everything() {
    let document = plan_document(&representative());
    expect_file!["testdata/everything.json"].assert_eq(&written(|out| write_pretty(out, &document)));
}

#[test]
fn secrets_are_nowhere_and_marked() {
    for plan in plans_of_secrets() {
        let document = plan_document(&plan);
        assert!(!document.to_string().contains("hunter"), "{document:#}");
        let marks = &document["resource_changes"][0]["change"]["after_sensitive"];
        assert_eq!(marks["containers"][0]["environment"][0], json!({ "value": true }), "{document:#}");
        assert_eq!(marks["definition"]["List"], json!([false, true]));
        assert_eq!(marks["password"], json!(true));
    }
}

#[test]
fn drift_has_what_was_recorded_and_what_is_live() {
    let container =
        |image: &str, stage: &str| json!({ "name": "c", "image": image, "environment": [{ "name": "S", "value": stage }] });
    let recorded = json!({ "name": "a", "notes": "n", "policies": ["p"], "containers": [container("i", "s"), { "name": "d", "image": "d" }] });
    let live =
        json!({ "name": "a", "memory": "1", "policies": ["q"], "containers": [container("j", "t")], "tags": { "k": "v" } });
    let mut drifted = change("a", Action::Update, Some(spec(live.clone())), Some(spec(recorded.clone())));
    drifted.drift = crate::render::fixture::drift(&spec(recorded.clone()), &spec(live));
    let document = plan_document(&plan(vec![drifted]));
    let mut before = document["resource_drift"][0]["change"]["before"].clone();
    for attribute in ["arn", "revision"] {
        before.as_object_mut().expect("an object").shift_remove(attribute);
    }
    assert_eq!(before, recorded);
}

#[test]
fn escapes_what_a_terminal_would_obey() {
    let json = json!({ "a\u{9b}": "\u{1b}\u{202e}é\u{e0001}" });
    let text = written(|out| write_line(out, &json));
    assert_eq!(text, "{\"a\\u009b\":\"\\u001b\\u202eé\\udb40\\udc01\"}\n");
    assert_eq!(serde_json::from_str::<Json>(&text).expect("JSON"), json);
}

fn check_compare(saved: &Plan, fresh: &Plan, expected: Expect) {
    // A saved plan has been on disk.
    let saved: Json = serde_json::from_str(&plan_document(saved).to_string()).expect("JSON");
    expected.assert_eq(&compare(&saved, &plan_document(fresh)).join("\n"));
}

#[test]
fn the_same_plan_has_not_moved() {
    check_compare(&representative(), &representative(), expect![""]);
}

#[test]
fn what_moved_is_named() {
    let update = |name: &str, old: &str, new: &str| {
        let spec = |memory: &str| spec(json!({ "name": name, "notes": memory, "definition": { "List": [{ "x": memory }] } }));
        change(name, if old == new { Action::NoOp } else { Action::Update }, Some(spec(old)), Some(spec(new)))
    };
    let mut saved = plan(vec![update("a", "1", "2"), update("b", "1", "2"), update("quiet", "1", "1")]);
    let created = change("new", Action::Create, None, Some(spec(json!({ "name": "new" }))));
    let mut fresh = plan(vec![update("a", "\u{1b}3", "2"), update("b", "2", "2"), update("quiet", "2", "2"), created]);
    let output = |after: &str| crate::plan::OutputChange {
        name: "o".to_owned(),
        before: None,
        after: Some(Value::from(after)),
        sensitive: false,
    };
    saved.outputs = vec![output("1")];
    fresh.outputs = vec![output("2")];
    check_compare(
        &saved,
        &fresh,
        expect![[r#"
        task.a: before.definition.List[0].x: the saved plan has "1", now it is "\u{1b}3"
        task.a: before.notes: the saved plan has "1", now it is "\u{1b}3"
        task.b: the saved plan says update, now it would be no change
        task.new: the saved plan says no change, now it would be create
        output o: after: the saved plan has "1", now it is "2""#]],
    );
}

#[test]
fn changes_inside_documents_have_exact_paths() {
    let policy = |statements: Json| json!({ "name": "a", "inline_policies": { "run_task": { "Statement": statements } } });
    let before = policy(json!([{ "Sid": "AllowRun", "Action": ["ecs:RunTask", "a:b"], "Resource": "$secret:hunter2" }]));
    let after = policy(json!([
        { "Sid": "New", "Action": "c:d" },
        { "Sid": "AllowRun", "Action": ["ecs:RunTask", "ecs:StopTask"], "Resource": ["$secret:hunter33", "$pending:${task.b.arn}"] },
    ]));
    let updated = change("a", Action::Update, Some(spec(before.clone())), Some(spec(after.clone())));
    let mut drifted = change("b", Action::Update, Some(spec(after.clone())), Some(spec(before.clone())));
    drifted.drift = crate::render::fixture::drift(&spec(before), &spec(after));
    let document = plan_document(&plan(vec![updated, drifted]));
    assert!(!document.to_string().contains("hunter"), "{document:#}");
    let line = |change: &Json| {
        let text = |member: &str| change[member].as_str().unwrap_or_default().to_owned();
        let marks = format!("{} {} {}", change["after_unknown"], change["before_sensitive"], change["after_sensitive"]);
        let (place, sides) =
            ([text("path"), text("subject"), text("at"), text("action")].join(" | "), (&change["before"], &change["after"]));
        format!("{place} | {} | {} | {marks}\n", sides.0, sides.1)
    };
    let told = |changes: &Json| changes["document_changes"].as_array().into_iter().flatten().map(line).collect::<String>();
    expect![[r#"
        inline_policies.run_task | statement New | Statement[0] | add | null | {"Sid":"New","Action":"c:d"} | false false false
        inline_policies.run_task | statement AllowRun | Statement[0].Action[1] | remove | "a:b" | null | false false false
        inline_policies.run_task | statement AllowRun | Statement[1].Action[1] | add | null | "ecs:StopTask" | false false false
        inline_policies.run_task | statement AllowRun | Statement[0].Resource | remove | null | null | false true false
        inline_policies.run_task | statement AllowRun | Statement[1].Resource | add | null | null | false false true
    "#]]
    .assert_eq(&told(&document["resource_changes"][0]));
    assert_eq!(told(&document["resource_drift"][0]), told(&document["resource_changes"][0]));
}
