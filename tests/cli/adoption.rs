//! What exists already becomes the stack's, and what has another name in the stack stays what it is.

use serde_json::{Value as Json, json};

use crate::support::World;
use crate::support::fixture::ECS_TASK;

const FILE: &str = ECS_TASK.file;
const STATE: &str = "state/nightly-report.json";
const MARKS: [&str; 3] = ["stepwright:stack", "stepwright:address", "stepwright:token"];

/// All of the stack is there, and neither state nor tags say whose it is.
fn strangers() -> World {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    for role in ["task", "task_execution", "workflow"] {
        world.call("iam", "untag_role", json!({ "RoleName": format!("nightly-report-{role}"), "TagKeys": MARKS }));
    }
    let cluster = "arn:aws:ecs:eu-central-1:123456789012:cluster/nightly-report-main";
    let revision = "arn:aws:ecs:eu-central-1:123456789012:task-definition/nightly-report-report:1";
    for arn in [cluster, revision] {
        world.call("ecs", "untag_resource", json!({ "resourceArn": arn, "tagKeys": MARKS }));
    }
    let machine = "arn:aws:states:eu-central-1:123456789012:stateMachine:nightly-report-nightly";
    world.call("stepfunctions", "untag_resource", json!({ "resourceArn": machine, "tagKeys": MARKS }));
    std::fs::remove_file(world.path(STATE)).expect("there was a state");
    world.endpoint.forget_calls();
    world
}

const ENTRIES: &str = r#"
[import]
"cluster.main" = "nightly-report-main"
role.task = "arn:aws:iam::${account.id}:role/nightly-report-task"
role.task_execution = "nightly-report-task_execution"
role.workflow = "nightly-report-workflow"
"task_definition.report" = "nightly-report-report"
"state_machine.nightly" = "nightly-report-nightly"
"#;

#[test]
fn entries_of_the_stack_file() {
    let world = strangers();
    world.stepwright(&["plan", FILE]).expect(1).says(&["is there already", "[import] \"role.task\" = "]);
    let stack = world.read(FILE);
    world.write(FILE, &format!("{stack}{ENTRIES}"));
    let plan = world.stepwright(&["plan", FILE, "--format", "json"]).expect(0).json();
    assert_eq!(plan["counts"], json!({ "import": 7, "add": 0, "change": 0, "destroy": 0, "forget": 0 }));
    let changes = plan["resource_changes"].as_array().expect("changes");
    assert!(changes.iter().all(|change| change["change"]["importing"]["id"].is_string()), "{plan:#}");
    assert!(changes.iter().all(|change| change["change"]["actions"] == json!(["no-op"])), "{plan:#}");
    world.stepwright(&["plan", FILE]).expect(0).says(&["# role.task will be imported", "Plan: 7 to import, 0 to add"]);

    world.stepwright(&["apply", FILE, "--yes"]).expect(0).says(&["7 imported, 0 added, 0 changed, 0 destroyed"]);
    let only_tags = |call: &crate::support::endpoint::Call| !call.is_change() || call.action.contains("Tag");
    assert!(world.endpoint.calls().iter().all(only_tags), "nothing but tags: {:#?}", world.endpoint.calls());
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
    world.stepwright(&["destroy", FILE, "--yes"]).expect(0);
    ECS_TASK.assert_is_gone(&world.in_account());
}

#[test]
fn what_is_imported_and_differs_is_changed() {
    let world = strangers();
    world.call("iam", "update_role", json!({ "RoleName": "nightly-report-workflow", "Description": "by hand" }));
    let stack = world.read(FILE);
    let image = "public.ecr.aws/docker/library/busybox:1.37";
    world.write(FILE, &format!("{}{ENTRIES}", stack.replace(image, "public.ecr.aws/docker/library/busybox:1.40")));
    let planned = world.planned(&[FILE]);
    let planned: Vec<(&str, Vec<&str>)> =
        planned.iter().map(|(address, actions)| (address.as_str(), actions.iter().map(String::as_str).collect())).collect();
    let expected = [
        ("role.workflow", vec!["update"]),
        ("state_machine.nightly", vec!["update"]),
        ("task_definition.report", vec!["create", "delete"]),
    ];
    assert_eq!(planned, expected);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
    ECS_TASK.assert_is_all(&world.in_account());
}

#[test]
fn the_command_takes_over_as_it_is() {
    let world = strangers();
    world.call("iam", "update_role", json!({ "RoleName": "nightly-report-task", "Description": "by hand" }));
    let machine = "arn:aws:states:eu-central-1:123456789012:stateMachine:nightly-report-nightly";
    for (address, id) in [
        ("cluster.main", "nightly-report-main"),
        ("role.task", "nightly-report-task"),
        ("role.task_execution", "nightly-report-task_execution"),
        ("role.workflow", "nightly-report-workflow"),
        ("task_definition.report", "nightly-report-report:1"),
        ("state_machine.nightly", machine),
    ] {
        world.stepwright(&["import", FILE, address, id]).expect(0).says(&[&format!("# {address} will be imported")]);
    }
    let account = world.endpoint.account("show");
    let role = world.call("iam", "get_role", json!({ "RoleName": "nightly-report-task" }));
    assert_eq!(role["Role"]["Description"], "by hand");
    assert_eq!(account["roles"]["nightly-report-task"]["tags"]["stepwright:address"], "role.task");
    assert_eq!(world.planned(&[FILE]), [("role.task".to_owned(), vec!["update".to_owned()])]);
    world.stepwright(&["import", FILE, "role.task", "nightly-report-task"]).expect(1).says(&["recorded already", "state rm"]);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
}

#[test]
fn what_can_not_be_imported() {
    let world = strangers();
    let refused = |arguments: &[&str], words: &[&str]| {
        world.stepwright(&[&["import", FILE], arguments].concat()).expect(1).says(words);
    };
    refused(&["role.tsk", "x"], &["declares no role.tsk", "did you mean role.task?"]);
    refused(&["role.task", "nobody"], &["role.task can't be imported: AWS has no role nobody"]);
    refused(&["nonsense", "x"], &["is not an address"]);
    refused(&["role.task", "arn:aws:iam::123456789012:role/nobody"], &["AWS has no role"]);
    // An ARN says more than a name.
    for stranger in ["iam::111111111111:role/", "iam::123456789012:role/a/path/", "ecs:eu-central-1:123456789012:cluster/"] {
        let arn = format!("arn:aws:{stranger}nightly-report-task");
        refused(&["role.task", &arn], &["AWS has no role"]);
        world.stepwright(&["export", "--role", &arn]).expect(1).says(&["AWS has no role"]);
    }
    refused(&["role.task", ""], &["the ID is empty"]);
    world.stepwright(&["import", FILE, "role.workflow", "nightly-report-workflow"]).expect(0);
    refused(&["role.task", "nightly-report-workflow"], &["is managed already, as role.workflow", "[[moved]]"]);
    let tags = json!([{ "Key": "stepwright:stack", "Value": "other" }, { "Key": "stepwright:address", "Value": "role.theirs" }]);
    world.call("iam", "tag_role", json!({ "RoleName": "nightly-report-task", "Tags": tags }));
    refused(&["role.task", "nightly-report-task"], &["belongs to role.theirs of the stack other", "--take-over"]);
    world.stepwright(&["import", FILE, "role.task", "nightly-report-task", "--take-over"]).expect(0);
    let listed = world.stepwright(&["state", "list", FILE]).expect(0);
    assert_eq!(listed.stdout, "role.task\nrole.workflow\n");
}

#[test]
fn nothing_is_imported_twice() {
    let world = strangers();
    let stack = "[stack]\nname = \"twice\"\nregion = \"eu-central-1\"\n[cluster.a]\nname = \"nightly-report-main\"\n[cluster.b]\n[import]\n";
    let entries = "\"cluster.a\" = \"nightly-report-main\"\n\"cluster.b\" = \"arn:aws:ecs:eu-central-1:123456789012:cluster/nightly-report-main\"\n";
    world.write("twice.toml", &format!("{stack}{entries}"));
    world.stepwright(&["apply", "twice.toml", "--yes"]).expect(1).says(&["cluster.b and cluster.a would both be"]);
    assert!(!world.endpoint.calls().iter().any(|call| call.is_change()), "nothing was changed");
}

#[test]
fn a_killed_import_is_imported_again() {
    for kind in ["kill-before", "kill-after"] {
        let world = strangers();
        world.endpoint.set_faults(&[&format!("{kind},comm=stepwright,action=TagRole")]);
        assert_eq!(world.stepwright(&["import", FILE, "role.task", "nightly-report-task"]).code, None, "{kind}");
        world.endpoint.wait_for_fault();
        world.endpoint.set_faults(&[]);
        world.stepwright(&["import", FILE, "role.task", "nightly-report-task"]).expect(0);
        let listed = world.stepwright(&["state", "list", FILE]).expect(0);
        assert_eq!(listed.stdout, "role.task\n", "{kind}");
    }
}

fn renamed(world: &World, moved: &str) {
    let stack = world.read(FILE);
    let asl = world.read("ecs-task.asl.json");
    world.write("ecs-task.asl.json", &asl.replace("task_definition.report", "task_definition.daily"));
    let stack = stack.replace("role.workflow", "role.runner").replace("task_definition.report", "task_definition.daily");
    world.write(FILE, &format!("{stack}{moved}"));
}

const MOVED: &str = "\n[[moved]]\nfrom = \"role.workflow\"\nto = \"role.runner\"\n\n[[moved]]\nfrom = \"task_definition.report\"\nto = \"task_definition.daily\"\n";

#[test]
fn a_rename_is_no_replacement() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    let before = world.in_account();
    renamed(&world, MOVED);
    let plan = world.stepwright(&["plan", FILE, "--format", "json"]).expect(0).json();
    assert_eq!(plan["counts"]["add"], 0, "{plan:#}");
    assert_eq!(plan["counts"]["destroy"], 0, "{plan:#}");
    let moved = |from: &str, to: &str| json!({ "from": from, "to": to });
    let expected = json!([moved("role.workflow", "role.runner"), moved("task_definition.report", "task_definition.daily")]);
    assert_eq!(plan["moved"], expected);
    world.stepwright(&["plan", FILE]).expect(0).says(&["# (moved from role.workflow)"]);
    world.endpoint.forget_calls();
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    let only_tags = |call: &crate::support::endpoint::Call| !call.is_change() || call.action.contains("Tag");
    assert!(world.endpoint.calls().iter().all(only_tags), "nothing but tags: {:#?}", world.endpoint.calls());
    assert_eq!(world.in_account(), before);
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
    // The entries have done their work, and the names stay.
    let stack = world.read(FILE);
    world.write(FILE, &stack.replace(MOVED, ""));
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
    world.stepwright(&["destroy", FILE, "--yes"]).expect(0);
    ECS_TASK.assert_is_gone(&world.in_account());
}

#[test]
fn a_move_that_is_killed_is_whole() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    renamed(&world, MOVED);
    world.endpoint.set_faults(&["kill-after,comm=stepwright,action=TagRole"]);
    assert_eq!(world.stepwright(&["apply", FILE, "--yes"]).code, None);
    world.endpoint.set_faults(&[]);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
    ECS_TASK.assert_is_all(&world.in_account());
}

#[test]
fn state_mv_and_rm() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.endpoint.forget_calls();
    world.stepwright(&["state", "mv", FILE, "role.workflow", "role.runner"]).expect(0);
    world.stepwright(&["state", "mv", "task_definition.report", "task_definition.daily"]).expect(0);
    world.stepwright(&["state", "mv", "role.nobody", "role.x"]).expect(1).says(&["the state has no role.nobody"]);
    world.stepwright(&["state", "mv", "role.task", "role.runner"]).expect(1).says(&["recorded already"]);
    world.stepwright(&["state", "mv", "role.task", "cluster.task"]).expect(1).says(&["can't become"]);
    assert!(world.endpoint.calls().is_empty(), "the state alone");
    renamed(&world, "");
    let plan = world.stepwright(&["plan", FILE, "--format", "json"]).expect(0).json();
    let drifted: &Json = &plan["resource_drift"];
    assert_eq!(drifted, &json!([]), "a move is no drift");
    world.stepwright(&["apply", FILE, "--yes"]).expect(0).says(&["2 changed"]);
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);

    world.stepwright(&["state", "rm", FILE, "role.task", "role.nobody"]).expect(1);
    world.stepwright(&["state", "rm", FILE, "role.task", "cluster.main"]).expect(0).says(&["Forgot role.task"]);
    let listed = world.stepwright(&["state", "list", FILE]).expect(0);
    assert!(!listed.stdout.contains("role.task\n") && !listed.stdout.contains("cluster.main"), "{listed}");
    ECS_TASK.assert_is_all(&world.in_account());
    // What is still in the stack, and marked as its own, comes back.
    world.stepwright(&["apply", FILE, "--yes"]).expect(0).says(&["2 imported"]);
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
}
