use expect_test::{Expect, expect, expect_file};
use serde_json::json;

use super::*;
use crate::address::Address;
use crate::plan::Reason;
use crate::render::fixture::{change, drift as drifted, plan as plan_of, representative, spec, written};
use crate::value::Path;

const PLAIN: Style = Style { color: false, width: 100 };

fn check(plan: &Plan, expected: Expect) {
    expected.assert_eq(&written(|out| super::plan(out, plan, PLAIN)));
}

fn updated(before: serde_json::Value, after: serde_json::Value) -> Plan {
    plan_of(vec![change("a", Action::Update, Some(spec(before)), Some(spec(after)))])
}

#[test]
fn a_plan_of_everything() {
    expect_file!["testdata/everything.txt"].assert_eq(&written(|out| super::plan(out, &representative(), PLAIN)));
}

#[test]
fn a_plan_of_everything_in_colour() {
    let style = Style { color: true, width: 100 };
    let text = written(|out| super::plan(out, &representative(), style));
    expect_file!["testdata/everything_in_colour.txt"].assert_eq(&text.replace('\u{1b}', "␛"));
}

#[test]
fn colour_changes_nothing_but_colour() {
    let coloured = written(|out| super::plan(out, &representative(), Style { color: true, width: 100 }));
    let stripped = anstream::adapter::strip_str(&coloured).to_string();
    assert_eq!(stripped, written(|out| super::plan(out, &representative(), PLAIN)));
}

#[test]
fn nothing_to_do() {
    let same = spec(json!({ "name": "same" }));
    check(
        &plan_of(vec![change("same", Action::NoOp, Some(same.clone()), Some(same))]),
        expect![[r#"
        No changes. Your infrastructure matches the stack.
    "#]],
    );
}

#[test]
fn only_outputs() {
    let mut plan = plan_of(Vec::new());
    let after = Some(Value::from("b"));
    plan.outputs = vec![OutputChange { name: "a".to_owned(), before: None, after, sensitive: false }];
    check(
        &plan,
        expect![[r#"
        Changes to Outputs:
          + a = "b"

        Applying this plan only saves the new output values; no resource changes.
    "#]],
    );
}

#[test]
fn deleted_outside() {
    let same = spec(json!({ "name": "a", "memory": "512" }));
    let mut again = change("a", Action::Create, Some(same.clone()), Some(same));
    again.reasons = vec![Reason::Missing];
    check(
        &plan_of(vec![again]),
        expect![[r#"
        Note: objects have changed outside of Stepwright

            # task.a has been deleted

        Resource actions are indicated with the following symbols:
          + create

        Stepwright will perform the following actions:

            # task.a has been deleted outside of Stepwright, and will be created again
          + [task.a]
          + arn      = (known after apply)
          + revision = (known after apply)
          + name     = "a"
          + memory   = "512"

        Plan: 1 to add, 0 to change, 0 to destroy.
    "#]],
    );
}

#[test]
fn replaced_on_request_and_what_follows() {
    let same = spec(json!({ "name": "a" }));
    let action = Action::Replace(Replacement::DeleteThenCreate);
    let mut requested = change("a", action, Some(same.clone()), Some(same.clone()));
    requested.reasons = vec![Reason::Requested];
    let mut follows = change("b", action, Some(same.clone()), Some(same.clone()));
    follows.reasons = vec![Reason::UpstreamReplaced(Address::managed("task", "a"))];
    let mut incomplete = change("c", action, Some(same.clone()), Some(same));
    incomplete.reasons = vec![Reason::Interrupted];
    check(
        &plan_of(vec![requested, follows, incomplete]),
        expect![[r#"
        Resource actions are indicated with the following symbols:
        -/+ destroy and then create replacement

        Stepwright will perform the following actions:

            # task.a will be replaced, as requested
        -/+ [task.a]
          ~ arn      = "arn:aws:test:eu-central-1:123456789012:task/a" -> (known after apply)
          ~ revision = 3 -> (known after apply)

            # task.b must be replaced
            # (because task.a gets a new identity)
        -/+ [task.b]
          ~ arn      = "arn:aws:test:eu-central-1:123456789012:task/b" -> (known after apply)
          ~ revision = 3 -> (known after apply)

            # task.c is incomplete, so it must be replaced
            # (because an earlier run did not complete it)
        -/+ [task.c]
          ~ arn      = "arn:aws:test:eu-central-1:123456789012:task/c" -> (known after apply)
          ~ revision = 3 -> (known after apply)

        Plan: 3 to add, 0 to change, 3 to destroy.
    "#]],
    );
}

#[test]
fn elements_tables_and_long_lists() {
    let before = json!({ "name": "a", "containers": [
        { "name": "gone", "image": "busybox" },
        { "name": "kept", "image": "busybox", "command": ["sh", "-c", "a rather long line of shell that goes on and on", "1", "2", "3"],
          "environment": [{ "name": "A", "value": "1" }, { "name": "B", "value": "2" }] },
    ], "tags": { "owner": "me" } });
    let after = json!({ "name": "a", "containers": [
        { "name": "kept", "image": "busybox", "command": ["sh", "-c", "a rather long line of shell that goes on and on", "1", "2", "4"],
          "environment": [{ "name": "A", "value": "3" }, { "name": "C", "value": "2" }] },
        { "name": "new", "image": "busybox", "environment": [{ "name": "A", "value": "1" }] },
    ], "tags": { "team": "us" } });
    check(
        &updated(before, after),
        expect![[r#"
            Resource actions are indicated with the following symbols:
              ~ update in-place

            Stepwright will perform the following actions:

                # task.a will be updated in-place
              ~ [task.a]
              ~ revision = 3 -> (known after apply)

              ~ [task.a.containers]
              - gone = { name = "gone", image = "busybox" }
              + new  = { name = "new", image = "busybox", environment = [{ name = "A", value = "1" }] }

              ~ [task.a.containers.kept]
              ~ command = [
                    (… 2 unchanged elements)
                    "a rather long line of shell that goes on and on",
                    "1",
                    "2",
              -     "3",
              +     "4",
                ]

              ~ [task.a.containers.kept.environment]
              ~ A.value = "1" -> "3"
              - B       = { name = "B", value = "2" }
              + C       = { name = "C", value = "2" }

              ~ [task.a.tags]
              - owner = "me"
              + team  = "us"

            Plan: 0 to add, 1 to change, 0 to destroy.
        "#]],
    );
}

#[test]
fn texts_of_many_lines_and_long_lines() {
    let before =
        json!({ "name": "an old name that is quite long, so that two of them are too wide", "notes": "one\ntwo\nthree\n" });
    let after =
        json!({ "name": "a new name that is quite long, so that two of them are too wide", "notes": "one\nzwei\nthree\n" });
    check(
        &updated(before, after),
        expect![[r#"
        Resource actions are indicated with the following symbols:
          ~ update in-place

        Stepwright will perform the following actions:

            # task.a will be updated in-place
          ~ [task.a]
          ~ revision = 3 -> (known after apply)
          ~ name     = "an old name that is quite long, so that two of them are too wide"
                    -> "a new name that is quite long, so that two of them are too wide"
          ~ notes    =
                one
          -     two
          +     zwei
                three

        Plan: 0 to add, 1 to change, 0 to destroy.
    "#]],
    );
}

#[test]
fn documents_differ_by_meaning() {
    let before = json!({ "name": "a", "definition": { "A": 1, "B": [1, 2], "C": { "x": "arn:1" } } });
    let after = json!({ "name": "a", "definition": { "B": [1, 2, 3], "A": 1, "C": { "x": "$pending:${task.b.arn}" } } });
    check(
        &updated(before, after),
        expect![[r#"
        Resource actions are indicated with the following symbols:
          ~ update in-place

        Stepwright will perform the following actions:

            # task.a will be updated in-place
          ~ [task.a]
          ~ revision   = 3 -> (known after apply)
          ~ definition =
                (… 1 unchanged line)
                  "B": [
                    1,
                    2,
          +         3
                  ],
                  "A": 1,
                  "C": {
          -         "x": "arn:1"
          +         "x": "${task.b.arn}"
                  }
                }

        Plan: 0 to add, 1 to change, 0 to destroy.
    "#]],
    );
}

#[test]
fn a_document_that_is_still_text() {
    let after = json!({ "name": "a", "definition": "$pending:{\"A\": \"${task.b.arn}\"}" });
    check(
        &updated(json!({ "name": "a", "definition": { "A": "arn:1" } }), after),
        expect![[r#"
        Resource actions are indicated with the following symbols:
          ~ update in-place

        Stepwright will perform the following actions:

            # task.a will be updated in-place
          ~ [task.a]
          ~ revision   = 3 -> (known after apply)
          ~ definition =
                {
          -       "A": "arn:1"
          +       "A": "${task.b.arn}"
                }

        Plan: 0 to add, 1 to change, 0 to destroy.
    "#]],
    );
    let after = json!({ "name": "a", "definition": "$pending:${task.b.arn}" });
    check(
        &updated(json!({ "name": "a", "definition": { "A": "arn:1" } }), after),
        expect![[r#"
        Resource actions are indicated with the following symbols:
          ~ update in-place

        Stepwright will perform the following actions:

            # task.a will be updated in-place
          ~ [task.a]
          ~ revision   = 3 -> (known after apply)
          ~ definition = { A = "arn:1" } -> (known after apply)

        Plan: 0 to add, 1 to change, 0 to destroy.
    "#]],
    );
}

#[test]
fn hostile_text_stays_text() {
    const HOSTILE: &str = "\u{1b}[2J\u{9b}31m\r\u{7}\u{202e}\"]'\\";
    let before = json!({ "name": HOSTILE, "notes": format!("a\n{HOSTILE}\nb"), "definition": { HOSTILE: 1 } });
    let mut map = serde_json::Map::new();
    map.insert(HOSTILE.to_owned(), HOSTILE.into());
    let after = json!({
        "name": format!("{HOSTILE}2"), "notes": format!("a\n{HOSTILE}2\nb"), "definition": { HOSTILE: HOSTILE }, "tags": map,
        "policies": [HOSTILE], "containers": [{ "name": HOSTILE, "image": HOSTILE, "command": [HOSTILE, "a".repeat(100)] }],
    });
    let mut plan = updated(before.clone(), after.clone());
    plan.changes[0].address.name = HOSTILE.to_owned();
    plan.changes[0].reasons = vec![Reason::Changed(Path::key(HOSTILE)), Reason::MustBeReplaced(Path::key(HOSTILE))];
    plan.changes[0].drift = drifted(&spec(after.clone()), &spec(before.clone()));
    plan.changes.push(change("b", Action::Create, None, Some(spec(after))));
    let mut deposed = change("c", Action::Delete, Some(spec(before)), None);
    deposed.deposed = Some(HOSTILE.to_owned());
    plan.changes.push(deposed);
    plan.notices = vec![HOSTILE.to_owned()];
    let output = Some(Value::from(HOSTILE));
    plan.outputs = vec![OutputChange { name: HOSTILE.to_owned(), before: None, after: output, sensitive: false }];
    let text = written(|out| super::plan(out, &plan, PLAIN));
    let obeyed = text.chars().find(|character| (character.is_control() && *character != '\n') || *character == '\u{202e}');
    assert_eq!(obeyed, None, "{text}");
}

#[test]
fn secrets_are_nowhere() {
    for plan in crate::render::fixture::plans_of_secrets() {
        for color in [false, true] {
            let text = written(|out| super::plan(out, &plan, Style { color, width: 60 }));
            assert!(!text.contains("hunter"), "{text}");
            assert!(text.contains("(sensitive value)"), "{text}");
        }
    }
}

#[test]
fn a_changed_secret_in_a_document_is_seen() {
    let before = json!({ "name": "a", "definition": { "Key": "$secret:hunter2", "Same": "$secret:hunter4444" } });
    let after = json!({ "name": "a", "definition": { "Key": "$secret:hunter33", "Same": "$secret:hunter4444" } });
    check(
        &updated(before, after),
        expect![[r#"
        Resource actions are indicated with the following symbols:
          ~ update in-place

        Stepwright will perform the following actions:

            # task.a will be updated in-place
          ~ [task.a]
          ~ revision   = 3 -> (known after apply)
          ~ definition =
                {
          -       "Key": "(sensitive value)",
          +       "Key": "(new sensitive value)",
                  "Same": "(sensitive value)"
                }

        Plan: 0 to add, 1 to change, 0 to destroy.
    "#]],
    );
}
