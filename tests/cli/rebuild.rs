//! A lost state comes back from the tags alone, and the plan after it is empty.

use serde_json::{Value as Json, json};

use crate::support::fixture::{ECS_TASK, FIXTURES};
use crate::support::{Fixture, World};

const FILE: &str = ECS_TASK.file;
const STATE: &str = "state/nightly-report.json";

fn lose_state(world: &World) {
    std::fs::remove_dir_all(world.path("state")).expect("there was a state");
}

/// A stack that was applied, and whose state is lost.
fn lost(fixture: &Fixture) -> World {
    let world = World::of(fixture);
    world.stepwright(&["apply", fixture.file, "--yes"]).expect(0);
    lose_state(&world);
    world.endpoint.forget_calls();
    world
}

fn state(world: &World) -> Json {
    serde_json::from_str(&world.read(STATE)).expect("a state")
}

/// Fails where the state holds more or less than these addresses, in their order.
#[track_caller]
fn assert_listed(world: &World, expected: &[&str]) {
    let listed = world.stepwright(&["state", "list"]).expect(0);
    assert_eq!(listed.stdout.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn each_example_stack() {
    for fixture in FIXTURES {
        let world = lost(fixture);
        let rebuilt = world.stepwright(&["state", "rebuild", fixture.file, "--yes"]).expect(0);
        for address in fixture.addresses {
            rebuilt.says(&[&format!("+ {address}  arn:")]);
        }
        let calls = world.endpoint.calls();
        assert!(calls.iter().all(|call| !call.is_change() || call.service == "sts"), "AWS is only read: {calls:#?}");
        assert_listed(&world, fixture.addresses);
        world.stepwright(&["plan", fixture.file, "--detailed-exitcode"]).expect(0).says(&["No changes"]);
        let written = world.read(&format!("state/{}.json", fixture.stack));
        world.stepwright(&["apply", fixture.file, "--yes"]).expect(0);
        assert_eq!(world.read(&format!("state/{}.json", fixture.stack)), written, "an apply finds nothing to write");
        world.stepwright(&["destroy", fixture.file, "--yes"]).expect(0);
        fixture.assert_is_gone(&world.in_account());
    }
}

#[test]
fn nothing_is_written_before_it_is_asked_about() {
    let world = lost(&ECS_TASK);
    let asked = world.stepwright(&["state", "rebuild", FILE]).expect(1);
    asked.says(&["7 resources are marked as the stack nightly-report's:", "nobody can be asked"]);
    world.stepwright(&["state", "rebuild", FILE, "--format", "json"]).expect(1).says(&["--yes"]);
    assert!(!world.path(STATE).exists());
    let told = world.stepwright(&["state", "rebuild", FILE, "--yes", "--format", "json"]).expect(0).json();
    assert_eq!((&told["serial"], &told["not_found"], &told["left_out"]), (&json!(1), &json!([]), &json!([])));
    let resources = told["resources"].as_array().expect("resources");
    assert!(resources.iter().all(|it| it["declared"] == true && it["deposed"] == false && it["id"].is_string()), "{told:#}");
}

#[test]
fn what_an_interrupted_replacement_left_is_deposed() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.endpoint.set_faults(&["kill-before,comm=stepwright,action=DeregisterTaskDefinition"]);
    let changed = ["apply", FILE, "--yes", ECS_TASK.change[0], ECS_TASK.change[1]];
    assert_eq!(world.stepwright(&changed).code, None);
    world.endpoint.wait_for_fault();
    world.endpoint.set_faults(&[]);
    lose_state(&world);
    let rebuild = ["state", "rebuild", FILE, "--yes", ECS_TASK.change[0], ECS_TASK.change[1]];
    world.stepwright(&rebuild).expect(0).says(&["task-definition/nightly-report-report:1  (left by a replacement"]);
    let revision = |at: usize| format!("arn:aws:ecs:eu-central-1:123456789012:task-definition/nightly-report-report:{at}");
    let state = state(&world);
    assert_eq!(state["resources"]["task_definition.report"]["id"], revision(2));
    assert_eq!(state["deposed"][0]["record"]["id"], revision(1));
    world.endpoint.forget_calls();
    world.stepwright(&changed).expect(0).says(&["1 destroyed"]);
    ECS_TASK.assert_is_all(&world.in_account());
    world.stepwright(&["plan", FILE, "--detailed-exitcode", ECS_TASK.change[0], ECS_TASK.change[1]]).expect(0);
    world.stepwright(&["destroy", FILE, "--yes"]).expect(0);
    ECS_TASK.assert_is_gone(&world.in_account());
}

#[test]
fn what_has_moved_keeps_its_name() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    let moved = "\n[[moved]]\nfrom = \"role.workflow\"\nto = \"role.runner\"\n\n[[moved]]\nfrom = \"task_definition.report\"\nto = \"task_definition.daily\"\n";
    world.edit("ecs-task.asl.json", "task_definition.report", "task_definition.daily");
    let stack =
        world.read(FILE).replace("role.workflow", "role.runner").replace("task_definition.report", "task_definition.daily");
    world.write(FILE, &format!("{stack}{moved}"));
    // Before the move is applied, the tags have the old addresses, and the plan is the move and nothing else.
    lose_state(&world);
    world.stepwright(&["state", "rebuild", FILE, "--yes"]).expect(0);
    let plan = world.stepwright(&["plan", FILE, "--format", "json"]).expect(0).json();
    assert_eq!((&plan["counts"]["add"], &plan["counts"]["destroy"]), (&json!(0), &json!(0)), "{plan:#}");
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    for text in [&format!("{stack}{moved}"), &stack] {
        world.write(FILE, text);
        lose_state(&world);
        world
            .stepwright(&["state", "rebuild", FILE, "--yes"])
            .expect(0)
            .says(&["+ role.runner  arn:aws:iam::123456789012:role/nightly-report-workflow"]);
        world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
    }
    world.stepwright(&["destroy", FILE, "--yes"]).expect(0);
    ECS_TASK.assert_is_gone(&world.in_account());
}

/// Resources that are nobody's, of another stack of the same file, and with a tag that fits nothing.
fn strangers(world: &World) {
    let stack = world.read(FILE);
    world.write("other.toml", &stack.replace("name   = \"nightly-report\"", "name = \"other\""));
    world.stepwright(&["apply", "other.toml", "--yes"]).expect(0);
    std::fs::remove_file(world.path("state/other.json")).expect("there was a state");
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "Service": "ecs-tasks.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    for number in 0..3 {
        let name = format!("nightly-report-stranger-{number}");
        world.call("iam", "create_role", json!({ "RoleName": name, "AssumeRolePolicyDocument": trust.to_string() }));
        world.call("ecs", "create_cluster", json!({ "clusterName": name }));
        let containers = json!([{ "name": "a", "image": "busybox", "memory": 64 }]);
        world.call("ecs", "register_task_definition", json!({ "family": name, "containerDefinitions": containers }));
    }
    let tag = |key: &str, value: &str| json!({ "Key": key, "Value": value });
    let tags = json!([tag("stepwright:stack", "nightly-report"), tag("stepwright:address", "cluster.copied")]);
    world.call("iam", "tag_role", json!({ "RoleName": "nightly-report-stranger-0", "Tags": tags }));
}

#[test]
fn strangers_and_other_stacks_are_left_alone() {
    let world = World::of(&ECS_TASK);
    strangers(&world);
    let others = world.in_account();
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    lose_state(&world);
    let rebuilt = world.stepwright(&["state", "rebuild", FILE, "--yes"]).expect(0);
    rebuilt.says(&["Left out: the role arn:aws:iam::123456789012:role/nightly-report-stranger-0", "\"cluster.copied\""]);
    assert_listed(&world, ECS_TASK.addresses);
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
    world.stepwright(&["destroy", FILE, "--yes"]).expect(0);
    assert_eq!(world.in_account(), others);
}

#[test]
fn without_the_permission_to_list_all_details() {
    let world = lost(&ECS_TASK);
    let denied = "error,action=GetAccountAuthorizationDetails,status=403,code=AccessDenied,message=not_authorized";
    world.endpoint.set_faults(&[denied]);
    world.stepwright(&["state", "rebuild", FILE, "--yes"]).expect(0);
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
    // Without any way to list a type, nothing is written: the rest would pass for the whole.
    lose_state(&world);
    world.endpoint.set_faults(&[denied, "error,action=ListRoles,status=403,code=AccessDenied,message=not_authorized"]);
    world.stepwright(&["state", "rebuild", FILE, "--yes"]).expect(1).says(&["type role can't be listed", "iam:ListRoles"]);
    assert!(!world.path(STATE).exists());
    world.endpoint.set_faults(&[]);
}

#[test]
fn what_the_stack_no_longer_declares_is_kept_and_then_deleted() {
    let world = World::of(&ECS_TASK);
    let more = "\n[role.extra]\nassume_role_policy_document = { Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", Principal = { Service = \"ecs-tasks.amazonaws.com\" }, Action = \"sts:AssumeRole\" }] }\n\n[task_definition.extra]\ntask_role_arn = \"${role.extra.arn}\"\ncontainer_definitions = [{ name = \"a\", image = \"busybox\", memory = 64 }]\n";
    let stack = world.read(FILE);
    world.write(FILE, &format!("{stack}{more}"));
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.write(FILE, &stack);
    lose_state(&world);
    world.call("iam", "delete_role_policy", json!({ "RoleName": "nightly-report-workflow", "PolicyName": "run_task" }));
    let rebuilt = world.stepwright(&["state", "rebuild", FILE, "--yes"]).expect(0);
    rebuilt.says(&["+ role.extra  arn:", "(not in the stack file: the next apply deletes it)"]);
    let state = state(&world);
    assert_eq!(state["resources"]["task_definition.extra"]["dependencies"][0]["address"], "role.extra");
    let planned = world.planned(&[FILE]);
    let planned: Vec<(&str, &str)> = planned.iter().map(|(address, actions)| (address.as_str(), actions[0].as_str())).collect();
    assert_eq!(planned, [("role.extra", "delete"), ("role.workflow", "update"), ("task_definition.extra", "delete")]);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    ECS_TASK.assert_is_all(&world.in_account());
}

#[test]
fn a_state_that_can_be_read_is_not_given_up() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    let before = world.read(STATE);
    world.stepwright(&["state", "rebuild", FILE, "--yes"]).expect(1).says(&[
        "records 7 resources",
        "nothing to rebuild",
        "--force",
    ]);
    assert_eq!(world.read(STATE), before);
    // What an apply records and what a rebuild does is the same, but for the time.
    let forced = world.stepwright(&["state", "rebuild", FILE, "--yes", "--force"]).expect(0);
    assert!(!forced.stdout.contains("  ~ ") && !forced.stdout.contains("  - "), "{forced}");
    let (old, new): (Json, Json) = (serde_json::from_str(&before).expect("a state"), state(&world));
    assert_eq!(
        (&new["lineage"], &new["serial"], &new["outputs"]),
        (&old["lineage"], &json!(old["serial"].as_u64().expect("a serial") + 1), &old["outputs"])
    );
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
    world.stepwright(&["state", "restore", "1", "--yes"]).expect(0);
}

#[test]
fn an_unreadable_state_and_its_journal_are_kept_aside() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.endpoint.set_faults(&["kill-after,comm=stepwright,action=RegisterTaskDefinition"]);
    let changed = ["apply", FILE, "--yes", ECS_TASK.change[0], ECS_TASK.change[1]];
    assert_eq!(world.stepwright(&changed).code, None);
    world.endpoint.wait_for_fault();
    world.endpoint.set_faults(&[]);
    world.stepwright(&["state", "rebuild", FILE, "--yes"]).expect(1).says(&["its journal can be read", "stepwright apply"]);
    let (lineage, journal) = (state(&world)["lineage"].clone(), world.read(&format!("{STATE}.journal")));
    let half = world.read(STATE)[..500].to_owned();
    world.write(STATE, &half);
    world.stepwright(&["plan", FILE]).expect(1).says(&["ends in the middle", "state rebuild"]);
    let rebuilt = world.stepwright(&["state", "rebuild", FILE, "--yes"]).expect(0);
    rebuilt.says(&["The present state can't be used", "Kept what was there as", "(left by a replacement"]);
    assert_eq!(world.read(&format!("{STATE}.aside")), half);
    assert_eq!(world.read(&format!("{STATE}.journal.aside")), journal);
    assert_eq!((&state(&world)["lineage"], &state(&world)["serial"]), (&lineage, &json!(2)), "its journal knows the lineage");
    world.stepwright(&changed).expect(0);
    ECS_TASK.assert_is_all(&world.in_account());
    world.stepwright(&["plan", FILE, "--detailed-exitcode", ECS_TASK.change[0], ECS_TASK.change[1]]).expect(0);
}

#[test]
fn where_nothing_is_nothing_is_written() {
    let world = World::of(&ECS_TASK);
    let none = world.stepwright(&["state", "rebuild", FILE, "--yes"]).expect(1);
    none.says(&["nothing in eu-central-1 of account 123456789012 is marked as the stack nightly-report's", "check the region"]);
    assert!(!world.path(STATE).exists());
}

const SECRET: &str = "s3cr3t-Zq9x";
const DISCREET: &str = r#"
[stack]
name   = "discreet"
region = "us-east-1"

[variables]
password = { sensitive = true }

[role.task]
description = "knows ${var.password}"
assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ecs-tasks.amazonaws.com" }, Action = "sts:AssumeRole" }] }
tags = { hint = "${var.password}" }

[task_definition.report]
task_role_arn = "${role.task.arn}"
container_definitions = [{ name = "report", image = "busybox", memory = 64, command = ["--password=${var.password}", "plain"], environment = [{ name = "PASSWORD", value = "${var.password}" }] }]

[task_definition.gone]
container_definitions = [{ name = "gone", image = "busybox", memory = 64, command = ["--with=${var.password}"] }]

[outputs]
password = { value = "${var.password}", sensitive = true }
role     = { value = "${role.task.unique_id}" }
"#;

#[test]
fn a_sensitive_value_is_nowhere_on_disk() {
    let world = World::new();
    world.write("stack.toml", DISCREET);
    let with = |arguments: &[&str], password: &str| world.stepwright_with(arguments, &[("STEPWRIGHT_VAR_password", password)]);
    with(&["apply", "stack.toml", "--yes"], SECRET).expect(0);
    let kept = with(&["state", "rebuild", "stack.toml", "--yes", "--force"], SECRET).expect(0);
    assert!(!kept.stdout.contains("  ~ "), "as an apply records it: {kept}");
    // Of what is no longer declared, nothing but the value itself tells that it is secret.
    let (stack, gone) = DISCREET.split_once("[task_definition.gone]").expect("both parts");
    world.write("stack.toml", &format!("{stack}[outputs]{}", gone.split_once("[outputs]").expect("both parts").1));
    lose_state(&world);
    let rebuilt = with(&["state", "rebuild", "stack.toml", "--yes"], SECRET).expect(0);
    assert!(!rebuilt.stdout.contains(SECRET) && !rebuilt.stderr.contains(SECRET), "{rebuilt}");
    let text = world.read("state/discreet.json");
    assert!(!text.contains(SECRET), "{text}");
    assert_eq!(text.matches("$secret").count(), 6, "{text}");
    let plan = with(&["plan", "stack.toml", "--format", "json"], SECRET).expect(0).json();
    assert_eq!(plan["counts"], json!({ "import": 0, "add": 0, "change": 0, "destroy": 1, "forget": 0 }), "{plan:#}");
    with(&["apply", "stack.toml", "--yes"], SECRET).expect(0);
    with(&["plan", "stack.toml", "--detailed-exitcode"], SECRET).expect(0);

    // What stands where the stack has a secret is an older one, and is not written either.
    lose_state(&world);
    with(&["state", "rebuild", "stack.toml", "--yes"], "another").expect(0);
    let text = world.read("state/discreet.json");
    assert!(!text.contains(SECRET) && !text.contains("\"another\""), "{text}");
    with(&["plan", "stack.toml", "--detailed-exitcode"], "another").expect(2);
}
