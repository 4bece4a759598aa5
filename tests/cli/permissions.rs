//! What roles need: derived policies, and what is said of a role that lacks something.

use serde_json::Value as Json;

use crate::support::endpoint::root;
use crate::support::fixture::ECS_TASK;
use crate::support::offline::stepwright;
use crate::support::{FIXTURES, World};

/// The workflow's role of the example with no policy of its own, and one that is derived.
fn derived(stack: &str) -> String {
    let start = stack.find("[role.workflow.inline_policies.run_task]").expect("the policy begins");
    let end = stack.find("[state_machine.nightly]").expect("the machine follows");
    let head = stack[..start].replace("[role.workflow]", "[role.workflow]\npermissions_for = \"state_machine.nightly\"");
    format!("{head}{}", &stack[end..])
}

#[test]
fn the_examples_lack_nothing() {
    for fixture in FIXTURES {
        let outcome = stepwright(&root().join("stacks"), &["validate", fixture.file]).expect(0);
        assert_eq!(outcome.stderr, "", "{}", fixture.file);
    }
}

#[test]
fn each_action_that_is_taken_away_is_named_with_its_state() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = std::fs::read_to_string(root().join("stacks/ecs-task.toml")).expect("the example");
    let definition = std::fs::read_to_string(root().join("stacks/ecs-task.asl.json")).expect("its definition");
    std::fs::write(folder.path().join("ecs-task.asl.json"), definition).expect("written");
    for action in [
        "ecs:RunTask",
        "iam:PassRole",
        "ecs:DescribeTasks",
        "ecs:StopTask",
        "events:PutTargets",
        "events:PutRule",
        "events:DescribeRule",
    ] {
        let without = text.replace(&format!("\"{action}\""), "\"sns:Publish\"");
        assert_ne!(without, text);
        std::fs::write(folder.path().join("stack.toml"), without).expect("written");
        let outcome = stepwright(folder.path(), &["validate", "stack.toml"]).expect(0);
        outcome.says(&["warning: `RunReport` needs ", action, "role.workflow does not allow", "add to the inline_policies"]);
        assert_eq!(outcome.stderr.matches("warning: ").count(), 1, "{outcome}");
    }
}

#[test]
fn a_derived_policy_follows_the_definition() {
    let world = World::of(&ECS_TASK);
    world.write(ECS_TASK.file, &derived(&world.read(ECS_TASK.file)));
    world.stepwright(&["apply", ECS_TASK.file, "--yes"]).expect(0);
    world.stepwright(&["plan", ECS_TASK.file, "--detailed-exitcode"]).expect(0);
    let account = world.endpoint.account("show");
    let policy = &account["roles"]["nightly-report-workflow"]["inline_policies"]["state_machine.nightly"];
    let statements = policy["Statement"].as_array().expect("statements");
    let run = statements.iter().find(|statement| statement["Action"] == "ecs:RunTask").expect("the task may be run");
    assert!(run["Resource"].as_str().is_some_and(|arn| arn.ends_with(":task-definition/nightly-report-report:*")), "{run}");
    let pass = statements.iter().find(|statement| statement["Action"] == "iam:PassRole").expect("its roles may be passed");
    assert_eq!(pass["Condition"]["StringEquals"]["iam:PassedToService"], "ecs-tasks.amazonaws.com");
    assert_eq!(pass["Resource"].as_array().map(Vec::len), Some(2));
    // Another image is another revision, and the policy outlives it.
    let changed = [&["plan", ECS_TASK.file, "--format", "json"], ECS_TASK.change].concat();
    let plan = world.stepwright(&changed).expect(0).json();
    let of_role = |change: &&Json| change["address"] == "role.workflow";
    let change = plan["resource_changes"].as_array().and_then(|changes| changes.iter().find(of_role)).expect("the role");
    assert_eq!(change["change"]["actions"][0], "no-op", "{change:#}");
    world.stepwright(&["destroy", ECS_TASK.file, "--yes"]).expect(0);
    ECS_TASK.assert_is_gone(&world.in_account());
}

#[test]
fn what_nothing_can_be_derived_from() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let role = r#"assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "states.amazonaws.com" }, Action = "sts:AssumeRole" }] }"#;
    for (purpose, said) in [
        ("\"state_machine.nihgtly\"", "there is no state_machine.nihgtly in this stack"),
        ("\"cluster.main\"", "cluster.main tells nothing of what its role must be allowed to do"),
        ("3", "`permissions_for` must be an address"),
    ] {
        let text = format!("[stack]\nname = \"s\"\n[cluster.main]\n[role.a]\npermissions_for = {purpose}\n{role}\n");
        std::fs::write(folder.path().join("stack.toml"), text).expect("written");
        stepwright(folder.path(), &["validate", "stack.toml"]).expect(1).says(&[said]);
    }
}

/// A machine that runs nothing, and what else the stack says of its role.
fn machine(role: &str) -> String {
    format!(
        "[stack]\nname = \"s\"\nregion = \"eu-central-1\"\n[role.a]\n{role}\n[state_machine.m]\nrole_arn = \"${{role.a.arn}}\"\ndefinition = '{{\"StartAt\": \"A\", \"States\": {{\"A\": {{\"Type\": \"Pass\", \"End\": true}}}}}}'\n"
    )
}

fn trust(service: &str) -> String {
    format!(
        "assume_role_policy_document = {{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", Principal = {{ Service = {service} }}, Action = \"sts:AssumeRole\" }}] }}"
    )
}

#[test]
fn a_role_that_its_user_can_not_take_is_told_where_it_says_whom_it_trusts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let validated = |text: &str| {
        std::fs::write(folder.path().join("stack.toml"), text).expect("written");
        stepwright(folder.path(), &["validate", "stack.toml"]).expect(0)
    };
    let outcome = validated(&machine(&trust("\"ecs-tasks.amazonaws.com\"")));
    outcome.says(&[
        "states.amazonaws.com can't take role.a, which is the `role_arn` of state_machine.m: it trusts ecs-tasks.amazonaws.com",
    ]);
    outcome.says(&["stack.toml:5:114"]);
    for service in ["\"states.amazonaws.com\"", "[\"lambda.amazonaws.com\", \"states.eu-central-1.amazonaws.com\"]"] {
        assert_eq!(validated(&machine(&trust(service))).stderr, "");
    }
    // A role of a task, and both kinds.
    let task = "[task_definition.t]\nFIELD = \"${role.a.arn}\"\n[[task_definition.t.container_definitions]]\nname = \"c\"\nimage = \"i\"\nmemory = 128\n";
    for field in ["task_role_arn", "execution_role_arn"] {
        let text = format!("{}{}", machine(&trust("\"states.amazonaws.com\"")), task.replace("FIELD", field));
        validated(&text)
            .says(&[&format!("ecs-tasks.amazonaws.com can't take role.a, which is the `{field}` of task_definition.t")]);
    }
}

#[test]
fn a_role_that_is_named_by_its_arn_is_known_and_not_waited_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = machine(&trust("\"ecs-tasks.amazonaws.com\"")).replace("${role.a.arn}", "arn:aws:iam::123456789012:role/s-a");
    std::fs::write(folder.path().join("stack.toml"), &text).expect("written");
    let outcome = stepwright(folder.path(), &["validate", "stack.toml"]).expect(0);
    outcome.says(&["`role_arn` is the ARN of role.a, and does not wait for it", "${role.a.arn}", "can't take role.a"]);
    std::fs::write(folder.path().join("stack.toml"), text.replace("role/s-a", "role/s-b")).expect("written");
    assert_eq!(stepwright(folder.path(), &["validate", "stack.toml"]).expect(0).stderr, "");
}

#[test]
fn strict_refuses_what_nothing_needs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let policy = "\n[role.a.inline_policies.more]\nVersion = \"2012-10-17\"\nStatement = [{ Effect = \"Allow\", Action = [\"ecs:*\"], Resource = \"*\" }]\n";
    let text = machine(&format!("{}{policy}", trust("\"states.amazonaws.com\"")));
    let write = |text: &str| std::fs::write(folder.path().join("stack.toml"), text).expect("written");
    let run = |arguments: &[&str]| stepwright(folder.path(), arguments);
    write(&text);
    assert_eq!(run(&["validate", "stack.toml"]).expect(0).stderr, "");
    let strict = run(&["validate", "stack.toml", "--strict"]).expect(1);
    strict.says(&["error[beyond-need]: role.a allows ecs:* on *, which nothing that uses it needs", "stack.toml:8:44"]);
    let json = run(&["validate", "stack.toml", "--strict", "--format", "json"]).expect(1).json();
    assert_eq!((&json["result"], &json["diagnostics"][0]["code"]), (&"FAIL".into(), &"beyond-need".into()));
    assert_eq!(json["diagnostics"][0]["pointer"], "/inline_policies/more/Statement/0/Action/0");
    // A plan only tells it.
    run(&["plan", "stack.toml", "--strict"]).expect(0).says(&["warning[beyond-need]: role.a allows ecs:* on *"]);
    assert!(!run(&["plan", "stack.toml"]).expect(0).stderr.contains("beyond-need"));
    write(&text.replace("[role.a]", "allow = [\"beyond-need\"]\n[role.a]"));
    assert_eq!(run(&["validate", "stack.toml", "--strict"]).expect(0).stderr, "");
    // Somebody else may need it: that is no error.
    write(&text.replace("\"states.amazonaws.com\"", "[\"states.amazonaws.com\", \"lambda.amazonaws.com\"]"));
    run(&["validate", "stack.toml", "--strict"]).expect(0).says(&["warning[undecided-need]", "lambda.amazonaws.com"]);
    // The role of what nothing here uses is not judged.
    write(&text.replace("${role.a.arn}", "arn:aws:iam::123456789012:role/elsewhere"));
    assert_eq!(run(&["validate", "stack.toml", "--strict"]).expect(0).stderr, "");
}

#[test]
fn what_one_of_two_machines_needs_is_needed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let topic = |name: &str| format!("arn:aws:sns:eu-central-1:123456789012:{name}");
    let machine = |name: &str| {
        let task = serde_json::json!({ "Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": true, "TimeoutSeconds": 9,
            "Parameters": { "TopicArn": topic(name), "Message": "m" } });
        let definition = serde_json::json!({ "StartAt": "Tell", "States": { "Tell": task } });
        format!("[state_machine.{name}]\nrole_arn = \"${{role.a.arn}}\"\ndefinition = '{definition}'\n")
    };
    let role = format!(
        "[role.a]\n{}\n[role.a.inline_policies.tell]\nVersion = \"2012-10-17\"\nStatement = [{{ Effect = \"Allow\", Action = \"sns:Publish\", Resource = [\"{}\", \"{}\"] }}]\n",
        trust("\"states.amazonaws.com\""),
        topic("one"),
        topic("two"),
    );
    let run = |machines: &[&str], code: i32| {
        let machines: String = machines.iter().map(|name| machine(name)).collect();
        let text = format!("[stack]\nname = \"s\"\nregion = \"eu-central-1\"\n{role}{machines}");
        std::fs::write(folder.path().join("stack.toml"), text).expect("written");
        stepwright(folder.path(), &["validate", "stack.toml", "--strict"]).expect(code)
    };
    assert_eq!(run(&["one", "two"], 0).stderr, "");
    run(&["one"], 1)
        .says(&["role.a allows sns:Publish on arn:aws:sns:eu-central-1:123456789012:two, which nothing that uses it needs"]);
}

#[test]
fn the_workflows_of_the_examples_are_allowed_no_more_than_they_need() {
    for fixture in FIXTURES {
        let outcome = stepwright(&root().join("stacks"), &["validate", fixture.file, "--strict"]);
        assert!(!outcome.stderr.contains("role.workflow"), "{outcome}");
    }
}
