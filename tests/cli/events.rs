//! What programs read: the JSON of a plan and the events of an apply; and what nobody may read, sensitive values.

use serde_json::{Value as Json, json};

use crate::support::World;
use crate::support::fixture::ECS_TASK;
use crate::support::world::Outcome;

/// What must be nowhere but in AWS.
const PASSWORD: &str = "correct-horse-battery-staple";
const OTHER_PASSWORD: &str = "incorrect-horse-battery-staple";

const SECRET: &[&str] = &["--var", "password=correct-horse-battery-staple"];
const OTHER_SECRET: &[&str] = &["--var", "password=incorrect-horse-battery-staple"];

const BEFORE: &str = r#"
[stack]
name   = "events"
region = "eu-central-1"

[variables]
password = { sensitive = true }

[cluster.changed]
settings = [{ name = "containerInsights", value = "enabled" }]

[cluster.removed]

[role.drifted]
description                 = "as it should be"
assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ecs-tasks.amazonaws.com" }, Action = "sts:AssumeRole" }] }

[task_definition.replaced]
[[task_definition.replaced.container_definitions]]
name        = "main"
image       = "busybox:1"
memory      = 64
environment = [{ name = "PASSWORD", value = "${var.password}" }, { name = "URL", value = "https://user:${var.password}@host" }]

[outputs]
password = { value = "${var.password}", sensitive = true }
arn      = "${task_definition.replaced.arn}"
cluster  = "${cluster.changed.name}"
"#;

/// A stack that was applied, drifted, and was then changed: something of every kind is to be done.
fn changed() -> World {
    let world = World::new();
    world.write("stack.toml", BEFORE);
    world.stepwright(&[&["apply", "stack.toml", "--yes"], SECRET].concat()).expect(0);
    // Someone else, with a state of their own, changes the role.
    std::fs::copy(world.path("state/events.json"), world.path("elsewhere.json")).expect("a copy");
    world.write("elsewhere.toml", &BEFORE.replace("as it should be", "as it should not be"));
    world.stepwright(&[&["apply", "elsewhere.toml", "--yes", "--state", "elsewhere.json"], SECRET].concat()).expect(0);

    world.edit("stack.toml", "value = \"enabled\"", "value = \"disabled\"");
    world.edit("stack.toml", "[cluster.removed]", "[cluster.added]");
    world.edit("stack.toml", "busybox:1", "busybox:2");
    world
}

#[test]
fn a_plan_has_what_readers_of_terraforms_plans_look_for() {
    let world = changed();
    let plan = world.stepwright(&[&["plan", "stack.toml", "--format", "json"], SECRET].concat()).expect(0).json();
    assert_eq!(plan["format_version"], "1.2");
    assert_eq!(plan["applyable"], true);
    let change = |address: &str| find(&plan["resource_changes"], address);

    let added = change("cluster.added");
    assert_eq!(
        json!([added["type"], added["name"], added["mode"], added["provider_name"]]),
        json!(["cluster", "added", "managed", "stepwright/aws"])
    );
    assert_eq!(added["change"]["actions"], json!(["create"]));
    assert_eq!(added["change"]["before"], Json::Null);
    assert_eq!(added["change"]["after"]["name"], "events-added");

    let updated = &change("cluster.changed")["change"];
    assert_eq!(updated["actions"], json!(["update"]));
    assert_eq!(updated["before"]["settings"], json!([{ "name": "containerInsights", "value": "enabled" }]));
    assert_eq!(updated["after"]["settings"], json!([{ "name": "containerInsights", "value": "disabled" }]));
    assert!(updated.get("replace_paths").is_none());

    let replaced = change("task_definition.replaced");
    assert_eq!(replaced["action_reason"], "replace_because_cannot_update");
    let replaced = &replaced["change"];
    assert_eq!(replaced["actions"], json!(["create", "delete"]));
    assert_eq!(replaced["replace_paths"], json!([["container_definitions", "main", "image"]]));
    assert_eq!(replaced["after_unknown"]["arn"], true);
    assert_eq!(replaced["after_unknown"]["revision"], true);
    for side in ["before", "after"] {
        let environment = &replaced[side]["container_definitions"][0]["environment"];
        let marks = &replaced[format!("{side}_sensitive")]["container_definitions"][0]["environment"];
        assert_eq!(environment, &json!([{ "name": "PASSWORD", "value": null }, { "name": "URL", "value": null }]), "{side}");
        assert_eq!(json!([marks[0]["value"], marks[1]["value"]]), json!([true, true]), "{side}: {marks}");
    }

    let removed = change("cluster.removed");
    assert_eq!(removed["action_reason"], "delete_because_no_resource_config");
    assert_eq!(removed["change"]["actions"], json!(["delete"]));
    assert_eq!(removed["change"]["after"], Json::Null);
    assert_eq!(removed["change"]["before"]["name"], "events-removed");

    let drifted = &change("role.drifted")["change"];
    assert_eq!(drifted["actions"], json!(["update"]));
    let drift = &find(&plan["resource_drift"], "role.drifted")["change"];
    assert_eq!(
        json!([drift["actions"], drift["before"]["description"], drift["after"]["description"]]),
        json!([["update"], "as it should be", "as it should not be"])
    );
    assert_eq!(plan["resource_drift"].as_array().map(Vec::len), Some(1), "nothing else drifted");

    let outputs = &plan["output_changes"];
    assert_eq!(outputs["cluster"]["actions"], json!(["no-op"]));
    assert_eq!(json!([outputs["arn"]["actions"], outputs["arn"]["after_unknown"]]), json!([["update"], true]));
    assert_eq!(outputs["password"]["after_sensitive"], true);
    assert_eq!(outputs["password"]["after"], Json::Null);

    let prior = &plan["prior_state"]["values"]["root_module"]["resources"];
    assert_eq!(find(prior, "cluster.changed")["values"]["settings"][0]["value"], "enabled");
    let planned = &plan["planned_values"]["root_module"]["resources"];
    assert_eq!(find(planned, "cluster.changed")["values"]["settings"][0]["value"], "disabled");
    assert_eq!(
        json!([plan["base"]["lineage"].is_string(), plan["base"]["serial"].is_u64(), plan["base"]["stack_digest"].is_string()]),
        json!([true, true, true])
    );
}

#[test]
fn the_same_plan_is_the_same_bytes() {
    let world = changed();
    let plan = || world.stepwright(&[&["plan", "stack.toml", "--format", "json"], SECRET].concat()).expect(0).stdout;
    assert_eq!(plan(), plan());
}

#[test]
fn an_apply_is_one_event_a_line() {
    let world = changed();
    let outcome = world.stepwright(&[&["apply", "stack.toml", "--format", "json", "--yes"], SECRET].concat()).expect(0);
    let events = events(&outcome);
    for event in &events {
        for key in ["@level", "@message", "@timestamp", "type"] {
            assert!(event[key].is_string(), "no {key}: {event}");
        }
    }
    let kinds = |event: &Json| event["type"].as_str().unwrap_or_default().to_owned();
    assert_eq!(events.first().map(kinds).as_deref(), Some("started"));
    assert_eq!(events.last().map(kinds).as_deref(), Some("change_summary"));
    let last = events.last().expect("events");
    // A replacement is an addition and a removal.
    assert_eq!(json!([last["changes"]["add"], last["changes"]["change"], last["changes"]["remove"]]), json!([2, 2, 2]));
    for address in ["cluster.added", "cluster.changed", "cluster.removed", "role.drifted", "task_definition.replaced"] {
        let of_address = |kind: &str| {
            let is_it = |event: &&Json| event["type"] == kind && event["hook"]["resource"]["addr"] == address;
            events.iter().filter(is_it).count()
        };
        assert!(of_address("apply_start") > 0, "{address} never started");
        assert_eq!(of_address("apply_start"), of_address("apply_complete"), "{address}");
    }
    world.stepwright(&[&["plan", "stack.toml", "--detailed-exitcode"], SECRET].concat()).expect(0);

    let outcome = world.stepwright(&["destroy", "stack.toml", "--format", "json", "--yes"]).expect(0);
    assert_eq!(self::events(&outcome).last().map(|event| event["changes"]["remove"].clone()), Some(json!(4)));
}

#[test]
fn a_failure_is_an_event() {
    let world = World::of(&ECS_TASK);
    world.endpoint.set_faults(&["error,action=CreateStateMachine,code=AccessDeniedException,message=no"]);
    let outcome = world.stepwright(&["apply", ECS_TASK.file, "--format", "json", "--yes"]).expect(1);
    let events = events(&outcome);
    let failed = events.iter().find(|event| event["type"] == "apply_errored").expect("a failure");
    assert_eq!(failed["@level"], "error");
    assert_eq!(failed["hook"]["resource"]["addr"], "state_machine.nightly");
    assert_eq!(failed["hook"]["error"]["operation"], "states:CreateStateMachine");
    assert_eq!(events.last().map(|event| event["failed"].clone()), Some(json!(["state_machine.nightly"])));
}

#[test]
fn sensitive_values_are_nowhere_but_in_aws() {
    let world = World::new();
    world.write("stack.toml", BEFORE);
    let run = |arguments: &[&str], secret: &[&str]| {
        let outcome = world.stepwright(&[arguments, secret].concat()).expect(0);
        assert_clean(&world, &outcome);
    };
    run(&["validate", "stack.toml"], SECRET);
    run(&["graph", "stack.toml"], SECRET);
    run(&["plan", "stack.toml"], SECRET);
    run(&["plan", "stack.toml", "--format", "json", "--out", "saved.plan"], SECRET);
    run(&["-vv", "apply", "stack.toml", "--yes"], SECRET);
    let account = world.endpoint.account("show").to_string();
    assert!(account.contains(PASSWORD) && account.contains(&format!("https://user:{PASSWORD}@host")), "AWS has it");
    run(&["plan", "stack.toml", "--detailed-exitcode"], SECRET);
    run(&["state", "list", "stack.toml"], &[]);
    run(&["state", "show", "task_definition.replaced", "stack.toml"], &[]);
    run(&["state", "show", "stack.toml", "task_definition.replaced", "--format", "json"], &[]);
    run(&["plan", "stack.toml"], OTHER_SECRET);
    run(&["plan", "stack.toml", "--format", "json", "--out", "saved.plan"], OTHER_SECRET);
    run(&["apply", "stack.toml", "--yes", "--format", "json"], OTHER_SECRET);
    assert!(world.endpoint.account("show").to_string().contains(OTHER_PASSWORD), "it was changed");
    run(&["destroy", "stack.toml", "--yes"], OTHER_SECRET);
}

#[test]
fn a_journal_that_was_left_behind_holds_no_sensitive_value() {
    let world = World::new();
    world.write("stack.toml", BEFORE);
    world.endpoint.set_faults(&["kill-after,comm=stepwright,action=RegisterTaskDefinition,nth=1"]);
    let killed = world.stepwright(&[&["apply", "stack.toml", "--yes"], SECRET].concat());
    assert_eq!(killed.code, None, "{killed}");
    assert!(world.read("state/events.json.journal").contains("task_definition.replaced"), "the intent is there");
    assert_clean(&world, &killed);
    world.endpoint.set_faults(&[]);
    assert_clean(&world, &world.stepwright(&[&["apply", "stack.toml", "--yes"], SECRET].concat()).expect(0));
    world.stepwright(&[&["plan", "stack.toml", "--detailed-exitcode"], SECRET].concat()).expect(0);
}

#[test]
fn what_aws_says_of_a_sensitive_value_is_not_shown() {
    let world = World::new();
    world.write("stack.toml", BEFORE);
    let fault = format!("error,action=RegisterTaskDefinition,code=ClientException,message=bad_value_{PASSWORD}");
    world.endpoint.set_faults(&[&fault]);
    let outcome = world.stepwright(&[&["apply", "stack.toml", "--yes"], SECRET].concat()).expect(1);
    outcome.says(&["task_definition.replaced"]);
    assert_clean(&world, &outcome);
}

/// Fails if a password is in the output or in any file that the run could have written.
#[track_caller]
fn assert_clean(world: &World, outcome: &Outcome) {
    let mut texts = vec![("stdout".to_owned(), outcome.stdout.clone()), ("stderr".to_owned(), outcome.stderr.clone())];
    for folder in [world.path("state"), world.path(".")] {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("a folder entry").path();
            if path.is_file() {
                let text = String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).into_owned();
                texts.push((path.display().to_string(), text));
            }
        }
    }
    for (name, text) in texts {
        for word in [PASSWORD, OTHER_PASSWORD, "horse-battery"] {
            // How it was given stands in the test's own record of the command alone.
            assert!(!text.contains(word), "{name} holds a sensitive value after `{}`:\n{text}", outcome.command);
        }
    }
}

fn events(outcome: &Outcome) -> Vec<Json> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("not JSON ({error}): {line:?}: {outcome}"));
    outcome.stdout.lines().map(parse).collect()
}

#[track_caller]
fn find(list: &Json, address: &str) -> Json {
    let found = list.as_array().into_iter().flatten().find(|one| one["address"] == address);
    found.cloned().unwrap_or_else(|| panic!("no {address}: {list:#}"))
}
