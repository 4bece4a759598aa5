use std::collections::BTreeMap;

use expect_test::expect;
use serde_json::json;

use super::*;
use crate::place::Place;
use crate::render::fixture::{TASK, arn, spec, written};
use crate::schema::Phase;
use crate::stack::{Dependency, Lifecycle};
use crate::state::Deposed;

const PLAIN: Style = Style { color: false, width: 80 };

fn record() -> Record {
    Record {
        id: "arn:aws:test:eu-central-1:123456789012:task/report\u{1b}".to_owned(),
        spec: spec(json!({
            "name": "report", "memory": "512", "password": "hunter2", "definition": { "Key": "$secret:hunter2" },
            "containers": [{ "name": "report", "image": "busybox", "environment": [{ "name": "KEY", "value": "$secret:hunter2" }] }],
        })),
        attributes: arn("report"),
        dependencies: vec![Dependency { address: Address::managed("role", "a"), needs: Phase::Ready }],
        lifecycle: Lifecycle::default(),
        incomplete: true,
        moved_from: None,
        changed_at: "2026-01-02T03:04:05Z".parse().expect("a timestamp"),
    }
}

fn state() -> State {
    let address = Address::managed("task", "report");
    State {
        lineage: "l".to_owned(),
        serial: 3,
        stack: "nightly".to_owned(),
        place: Place::default(),
        digest_key: "key".to_owned(),
        resources: BTreeMap::from([(address.clone(), record()), (Address::managed("cluster", "main"), record())]),
        deposed: vec![Deposed { address, record: record() }],
        outputs: BTreeMap::new(),
        interrupted: Vec::new(),
    }
}

#[test]
fn lists() {
    expect![[r#"
        cluster.main
        task.report
        task.report (deposed arn:aws:test:eu-central-1:123456789012:task/report\u{1b})
    "#]]
    .assert_eq(&written(|out| list(out, &state())));
    expect![[r#"
        {
          "stack": "nightly",
          "lineage": "l",
          "serial": 3,
          "resources": [
            {
              "address": "cluster.main",
              "type": "cluster",
              "name": "main",
              "id": "arn:aws:test:eu-central-1:123456789012:task/report\u001b",
              "deposed": false,
              "incomplete": true
            },
            {
              "address": "task.report",
              "type": "task",
              "name": "report",
              "id": "arn:aws:test:eu-central-1:123456789012:task/report\u001b",
              "deposed": false,
              "incomplete": true
            },
            {
              "address": "task.report",
              "type": "task",
              "name": "report",
              "id": "arn:aws:test:eu-central-1:123456789012:task/report\u001b",
              "deposed": true,
              "incomplete": true
            }
          ]
        }"#]]
    .assert_eq(&format!("{:#}", list_json(&state())));
}

#[test]
fn shows_all_but_secrets() {
    let address = Address::managed("task", "report");
    let text = written(|out| show(out, &address, &record(), Some(TASK), PLAIN));
    assert!(!text.contains("hunter"));
    expect![[r##"
        # task.report
        # id: arn:aws:test:eu-central-1:123456789012:task/report\u{1b}
        # last changed: 2026-01-02T03:04:05Z
        # incomplete: its creation or change did not finish
        # depends on: role.a
        [task.report]
        arn        = "arn:aws:test:eu-central-1:123456789012:task/report"
        revision   = 3
        name       = "report"
        memory     = "512"
        password   = (sensitive value)
        definition =
            {
              "Key": "(sensitive value)"
            }

        [task.report, container report]
        name        = "report"
        image       = "busybox"
        environment = [{ name = "KEY", value = (sensitive value) }]
    "##]]
    .assert_eq(&text);
    let json = format!("{:#}", show_json(&address, &record(), Some(TASK)));
    assert!(!json.contains("hunter"));
    expect![[r#"
        {
          "address": "task.report",
          "type": "task",
          "name": "report",
          "id": "arn:aws:test:eu-central-1:123456789012:task/report\u001b",
          "values": {
            "name": "report",
            "memory": "512",
            "password": null,
            "definition": {
              "Key": null
            },
            "containers": [
              {
                "name": "report",
                "image": "busybox",
                "environment": [
                  {
                    "name": "KEY",
                    "value": null
                  }
                ]
              }
            ]
          },
          "sensitive_values": {
            "password": true,
            "definition": {
              "Key": true
            },
            "containers": [
              {
                "environment": [
                  {
                    "value": true
                  }
                ]
              }
            ]
          },
          "attributes": {
            "arn": "arn:aws:test:eu-central-1:123456789012:task/report",
            "revision": 3
          },
          "dependencies": [
            {
              "address": "role.a",
              "needs": "ready"
            }
          ],
          "lifecycle": {},
          "incomplete": true,
          "changed_at": "2026-01-02T03:04:05Z"
        }"#]]
    .assert_eq(&json);
}
