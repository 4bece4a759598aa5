//! The states before the present one: listed, put back, and put back where the present one is lost.

use serde_json::{Value as Json, json};

use crate::support::World;
use crate::support::fixture::ECS_TASK;

const FILE: &str = ECS_TASK.file;
const STATE: &str = "state/nightly-report.json";
const JOURNAL: &str = "state/nightly-report.json.journal";

/// Serial 1 is as the stack says, serial 2 has another image.
fn changed() -> World {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.stepwright(&["apply", FILE, "--yes", ECS_TASK.change[0], ECS_TASK.change[1]]).expect(0);
    world
}

fn serial(world: &World) -> u64 {
    let state: Json = serde_json::from_str(&world.read(STATE)).expect("a state");
    state["serial"].as_u64().expect("a serial")
}

#[test]
fn earlier_states_are_listed() {
    let world = changed();
    let listed = world.stepwright(&["state", "history", FILE, "--format", "json"]).expect(0).json();
    let states = listed["states"].as_array().expect("states");
    let told = |key: &str| -> Vec<&Json> { states.iter().map(|state| &state[key]).collect() };
    assert_eq!(told("serial"), [2, 1]);
    assert_eq!(told("present"), [true, false]);
    assert_eq!(told("resources"), [7, 7]);
    assert_eq!(told("command"), [&json!("apply ecs-task.toml"); 2]);
    assert_eq!(told("damaged"), [&Json::Null; 2]);
    assert!(states.iter().all(|state| state["written_at"].is_string() && state["size"].as_u64() > Some(100)), "{listed:#}");
    world.write("state/nightly-report.json.history/1.json", "{");
    let listed = world.stepwright(&["state", "history"]).expect(0);
    let lines: Vec<&str> = listed.stdout.lines().collect();
    assert!(lines[0].contains("7 resources") && lines[0].ends_with("apply ecs-task.toml  (present)"), "{listed}");
    assert!(lines[1].starts_with("1  ") && lines[1].ends_with("damaged"), "{listed}");
    world.stepwright(&["state", "restore", FILE, "1", "--yes"]).expect(1).says(&["1.json ends in the middle"]);
    assert_eq!(serial(&world), 2);
}

#[test]
fn an_earlier_state_is_put_back_and_taken_back() {
    let world = changed();
    world.endpoint.forget_calls();
    world.stepwright(&["state", "restore", FILE, "1"]).expect(1).says(&["nobody can be asked", "--yes"]);
    let restored = world.stepwright(&["state", "restore", FILE, "1", "--yes"]).expect(0);
    restored.says(&[
        "~ task_definition.report  arn:aws:ecs:eu-central-1:123456789012:task-definition/nightly-report-report:2 -> arn:",
        "~ state_machine.nightly  arn:",
        "Restored serial 1 as serial 3",
    ]);
    assert!(!restored.stdout.contains("role."), "what is the same is not told: {restored}");
    assert_eq!(serial(&world), 3);
    world.stepwright(&["state", "restore", "1", "--yes"]).expect(0).says(&["says the same", "nothing to restore"]);
    let document = world.stepwright(&["state", "restore", "2", "--yes", "--format", "json"]).expect(0).json();
    assert_eq!((&document["restored"], &document["serial"]), (&json!(2), &json!(4)));
    assert_eq!(document["changes"][0]["action"], "change");
    assert!(world.endpoint.calls().is_empty(), "AWS is not asked");
    world.stepwright(&["plan", FILE, "--detailed-exitcode", ECS_TASK.change[0], ECS_TASK.change[1]]).expect(0);
}

#[test]
fn what_can_not_be_put_back() {
    let world = changed();
    let before = world.read(STATE);
    let refused = |arguments: &[&str], words: &[&str]| {
        world.stepwright(&[&["state", "restore"], arguments, &["--yes"]].concat()).expect(1).says(words);
    };
    refused(&[FILE, "7"], &["has no serial 7; it has 1"]);
    refused(&[FILE, "first"], &["`first` is no serial", "state history"]);
    refused(&["nowhere.toml", "1"], &["there is no file nowhere.toml"]);
    refused(&[FILE], &["name the serial"]);
    let copy = "state/nightly-report.json.history/1.json";
    let kept = world.read(copy);
    let other = World::of(&ECS_TASK);
    other.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.write(copy, &other.read(STATE));
    refused(&[FILE, "1"], &["is of lineage", "the record of other resources", "state rebuild"]);
    world.write(STATE, "");
    world.write("state/nightly-report.json.history/2.json", &before);
    refused(&[FILE, "1"], &["is of lineage"]);
    world.write(copy, &kept);
    world.edit(FILE, "name   = \"nightly-report\"", "name = \"weekly\"");
    refused(&[FILE, "1", "--state", STATE], &["is of the stack \"nightly-report\", and not of \"weekly\""]);
    assert_eq!(world.read(STATE), "");
}

#[test]
fn a_lost_state_is_put_back() {
    for lost in [None, Some(""), Some("{\"format_version\": 1, \"serial\": 2, "), Some("damaged")] {
        let world = changed();
        match lost {
            None => std::fs::remove_file(world.path(STATE)).expect("there was a state"),
            Some(text) => world.write(STATE, text),
        }
        let refused = i32::from(lost.is_some());
        world.stepwright(&["plan", FILE]).expect(refused).says(&["state restore", "state rebuild"]);
        let restored = world.stepwright(&["state", "restore", FILE, "1", "--yes"]).expect(0);
        restored.says(&["+ role.workflow", "Restored serial 1 as serial", "state rebuild STACK --force"]);
        if let Some(text) = lost {
            assert_eq!(world.read("state/nightly-report.json.aside"), text);
            restored.says(&["The present state can't be used", "Kept what was there as"]);
        }
        // The image of serial 1 again: the revision of serial 2, which the state does not know, is told by nothing but its tags.
        world.stepwright(&["apply", FILE, "--yes"]).expect(0);
        world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
    }
}

#[test]
fn a_journal_is_settled_or_kept() {
    let world = changed();
    world.endpoint.set_faults(&["kill-after,comm=stepwright,action=RegisterTaskDefinition"]);
    assert_eq!(world.stepwright(&["apply", FILE, "--yes"]).code, None);
    world.endpoint.wait_for_fault();
    world.endpoint.set_faults(&[]);
    world.stepwright(&["state", "restore", FILE, "1", "--yes"]).expect(1).says(&["interrupted run has left open", "apply STACK"]);
    let journal = world.read(JOURNAL);
    world.write(STATE, "");
    world.stepwright(&["state", "restore", FILE, "1", "--yes"]).expect(0).says(&["nightly-report.json.journal.aside"]);
    assert_eq!(world.read("state/nightly-report.json.journal.aside"), journal);
    assert_eq!(serial(&world), 3);
}
