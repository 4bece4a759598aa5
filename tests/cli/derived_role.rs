//! State machines with a role of their own: they run with the derived policy and nothing else, and with none less.
//!
//! The proof is the endpoint's, which knows nothing of how Stepwright derives policies: it runs the machines and holds
//! each call that they make against the policies of their role (tests/endpoint/executions.py).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::support::fixture::EC2_LAUNCH;
use crate::support::offline::stepwright;
use crate::support::{FIXTURES, Fixture, World};

/// What a run that succeeds is not asked for: tasks are only stopped with their execution, and which roles a task
/// definition has that is looked up, a stack file does not tell; here it has none.
fn granted_in_case(fixture: &Fixture) -> &'static [&'static str] {
    if fixture.looks_up { &["ecs:StopTask", "iam:PassRole"] } else { &["ecs:StopTask"] }
}

/// The example without the role of its workflow.
fn without_role(stack: &str) -> String {
    let start = stack.find("[role.workflow]").expect("the role begins");
    let end = stack.find("[state_machine.").expect("the machine follows");
    let text = format!("{}{}", &stack[..start], &stack[end..]);
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("role_arn")).collect();
    assert_eq!(text.lines().count() - kept.len(), 1, "one machine names one role: {text}");
    kept.join("\n")
}

/// The name of the machine in the stack file, and of its own role.
fn machine_of(fixture: &Fixture) -> (&'static str, String) {
    let machine = fixture.addresses.iter().find_map(|address| address.strip_prefix("state_machine.")).expect("a machine");
    (machine, format!("{}-{machine}_state_machine", fixture.stack))
}

/// An account whose machines really run, the stack in it, and the option that names a subnet that is there.
fn world(fixture: &Fixture) -> (World, String) {
    let world = World::of(fixture);
    world.endpoint.set_knobs(&json!({ "executes": 1 }));
    let subnets = world.call("ec2", "describe_subnets", json!({}));
    let subnet = subnets["Subnets"][0]["SubnetId"].as_str().expect("a subnet").to_owned();
    (world, format!("subnet={subnet}"))
}

fn options<'a>(fixture: &Fixture, subnet: &'a str) -> Vec<&'a str> {
    if fixture.file == EC2_LAUNCH.file { Vec::new() } else { vec!["--var", subnet] }
}

/// How an execution of the stack's machine goes: nothing, or what it was refused.
fn execution(world: &World, fixture: &Fixture) -> Result<(), String> {
    let machine = format!("arn:aws:states:eu-central-1:123456789012:stateMachine:{}-{}", fixture.stack, machine_of(fixture).0);
    let started = world.call("stepfunctions", "start_execution", json!({ "stateMachineArn": machine, "input": "{}" }));
    let execution = json!({ "executionArn": started["executionArn"] });
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let history = world.call("stepfunctions", "get_execution_history", execution.clone());
        for event in history["events"].as_array().expect("events") {
            match event["type"].as_str().unwrap_or_default() {
                "ExecutionSucceeded" => return Ok(()),
                // A retry would be refused as well.
                "TaskFailed" | "ExecutionFailed" | "ExecutionTimedOut" => {
                    world.call("stepfunctions", "stop_execution", execution);
                    return Err(event.to_string());
                }
                _ => {}
            }
        }
        assert!(Instant::now() < deadline, "it still runs: {history:#}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The actions that the executions so far were asked for, and whether all were allowed.
fn asked(world: &World) -> (BTreeSet<String>, bool) {
    let asked = world.endpoint.account("asked");
    let asked = asked.as_array().expect("a list");
    let actions = asked.iter().filter_map(|it| it["action"].as_str().map(str::to_owned)).collect();
    (actions, asked.iter().all(|it| it["allowed"] == true))
}

fn actions_of(policy: &Json) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().expect("statements");
    let listed = statements.iter().flat_map(|statement| match &statement["Action"] {
        Json::Array(actions) => actions.iter().filter_map(Json::as_str).collect(),
        single => single.as_str().into_iter().collect::<Vec<_>>(),
    });
    listed.map(str::to_owned).collect()
}

/// `policy` without an action, and without the statements that it was all of.
fn without(policy: &Json, action: &str) -> Json {
    let mut policy = policy.clone();
    let statements = policy["Statement"].as_array_mut().expect("statements");
    for statement in statements.iter_mut() {
        if let Json::Array(actions) = &mut statement["Action"] {
            actions.retain(|it| it != action);
        }
    }
    statements
        .retain(|statement| statement["Action"] != action && statement["Action"].as_array().is_none_or(|it| !it.is_empty()));
    policy
}

/// The life of a stack whose machine has a role of its own, and the policy that was derived.
fn life(fixture: &Fixture) -> (World, String, Json) {
    let (world, subnet) = world(fixture);
    world.write(fixture.file, &without_role(&world.read(fixture.file)));
    let arguments = |command| [&[command, fixture.file], options(fixture, &subnet).as_slice()].concat();
    world.stepwright(&[arguments("apply"), vec!["--yes"]].concat()).expect(0);
    world.stepwright(&[arguments("plan"), vec!["--detailed-exitcode"]].concat()).expect(0);
    world.stepwright(&[&["drift"], &arguments("drift")[1..]].concat()).expect(0);
    let (machine, role) = machine_of(fixture);
    world.stepwright(&["state", "list", fixture.file]).expect(0).says(&[&format!("role.{machine}_state_machine")]);
    if fixture.file == EC2_LAUNCH.file {
        world.endpoint.account(&format!("prepare-instance {}", fixture.stack));
    }
    let account = world.endpoint.account("show");
    let role = &account["roles"][&role];
    assert_eq!(account["state_machines"][format!("{}-{machine}", fixture.stack)]["role_arn"], role["arn"]);
    assert_eq!(role["managed_policy_arns"], json!([]));
    let policies = role["inline_policies"].as_object().expect("policies");
    assert_eq!(policies.keys().collect::<Vec<_>>(), [&format!("state_machine.{machine}")]);
    let policy = policies.values().next().expect("a policy").clone();
    (world, subnet, policy)
}

#[test]
fn each_example_runs_with_what_is_derived_and_nothing_else() {
    for fixture in FIXTURES {
        let (world, _, policy) = life(fixture);
        execution(&world, fixture).unwrap_or_else(|refused| panic!("{}: {refused}", fixture.file));
        let (mut needed, all_allowed) = asked(&world);
        assert!(all_allowed);
        // What the run was asked for is what was derived.
        needed.extend(granted_in_case(fixture).iter().map(|action| (*action).to_owned()));
        assert_eq!(needed, actions_of(&policy), "{}", fixture.file);
    }
}

#[test]
fn no_action_can_be_taken_away() {
    for fixture in FIXTURES {
        let (world, subnet, policy) = life(fixture);
        let (machine, _) = machine_of(fixture);
        let own = world.read(fixture.file);
        for action in actions_of(&policy) {
            let role = format!("role.{machine}_state_machine");
            let less = without(&policy, &action);
            // The same role, written out.
            let stack = own.replace(&format!("[state_machine.{machine}]"), &format!(
                "[role.{machine}_role]\nassume_role_policy_document = {TRUST}\ninline_policies.less = '''{less}'''\n\n[state_machine.{machine}]\nrole_arn = \"${{role.{machine}_role.arn}}\""
            ));
            world.write("less.toml", &format!("{stack}\n[[moved]]\nfrom = \"{role}\"\nto = \"role.{machine}_role\"\n"));
            let arguments = |command| [&[command, "less.toml"], options(fixture, &subnet).as_slice()].concat();
            let plan = world.stepwright(&arguments("plan")).expect(0);
            let state = if machine == "batch" { "RunBatch" } else { "RunReport" };
            // What is not certain is granted, and not missed.
            let is_missed = !(fixture.looks_up && action == "iam:PassRole");
            if is_missed {
                plan.says(&[
                    &format!("warning: `{state}` needs {action} on "),
                    &format!("which role.{machine}_role does not allow"),
                ]);
            }
            // Of what is looked up, a policy that spells it out may be said to be undecided.
            assert_eq!(plan.stderr.matches("does not allow").count(), usize::from(is_missed), "{plan}");
            world.stepwright(&[arguments("apply"), vec!["--yes"]].concat()).expect(0);
            match execution(&world, fixture) {
                Ok(()) => assert!(granted_in_case(fixture).contains(&action.as_str()), "{}: {action}", fixture.file),
                Err(refused) => assert!(refused.contains(&format!("is not authorized to perform: {action} on")), "{refused}"),
            }
        }
    }
}

const TRUST: &str = r#"{ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "states.amazonaws.com" }, Action = "sts:AssumeRole" }] }"#;

#[test]
fn a_machine_that_needs_nothing_has_a_role_that_may_do_nothing() {
    let world = World::new();
    let stack = "[stack]\nname = \"idle\"\nregion = \"eu-central-1\"\ntags = { Team = \"reports\" }\n[state_machine.idle]\ndefinition = '{\"StartAt\": \"A\", \"States\": {\"A\": {\"Type\": \"Pass\", \"End\": true}}}'\n";
    world.write("stack.toml", stack);
    world.stepwright(&["apply", "stack.toml", "--yes"]).expect(0);
    let role = world.endpoint.account("show")["roles"]["idle-idle_state_machine"].clone();
    assert_eq!(role["inline_policies"], json!({}));
    assert_eq!(role["trust"]["Statement"][0]["Principal"]["Service"], "states.amazonaws.com");
    assert_eq!(
        (&role["tags"]["Team"], &role["tags"]["stepwright:address"]),
        (&json!("reports"), &json!("role.idle_state_machine"))
    );
    // Another name for the machine takes its role along.
    let moved = stack.replace("[state_machine.idle]", "[state_machine.sleepy]\nname = \"idle-idle\"");
    world.write("stack.toml", &format!("{moved}[[moved]]\nfrom = \"state_machine.idle\"\nto = \"state_machine.sleepy\"\n"));
    let planned = world.planned(&["stack.toml"]);
    assert!(planned.iter().all(|(_, actions)| actions == &["update"]), "nothing is made anew: {planned:?}");
    world.stepwright(&["apply", "stack.toml", "--yes"]).expect(0);
    world.stepwright(&["plan", "stack.toml", "--detailed-exitcode"]).expect(0);
    let listed = world.stepwright(&["state", "list", "stack.toml"]).expect(0);
    assert_eq!(listed.stdout.split_whitespace().collect::<Vec<_>>(), ["role.sleepy_state_machine", "state_machine.sleepy"]);
    // Written out under its address, it is the same role.
    let moved = world.read("stack.toml");
    let role = format!(
        "[role.sleepy_state_machine]\npermissions_for = \"state_machine.sleepy\"\nassume_role_policy_document = {TRUST}\n"
    );
    let written = moved.replace(
        "[state_machine.sleepy]",
        &format!("{role}[state_machine.sleepy]\nrole_arn = \"${{role.sleepy_state_machine.arn}}\""),
    );
    world.write("written.toml", &written);
    // The moved role is called as it was.
    world.stepwright(&["plan", "written.toml", "--detailed-exitcode"]).expect(0);
    // An exported stack writes its role out.
    let exported = world.stepwright(&["export", "--state-machine", "idle-idle", "--name", "idle"]).expect(0);
    exported.says(&["[role.", "role_arn", "states.amazonaws.com"]);
    world.stepwright(&["destroy", "stack.toml", "--yes"]).expect(0);
    assert_eq!(world.in_account(), Vec::<String>::new());
}

#[test]
fn what_is_said_of_an_own_role_stands_under_its_machine() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let machine =
        "[state_machine.m]\ndefinition = '{\"StartAt\": \"A\", \"States\": {\"A\": {\"Type\": \"Pass\", \"End\": true}}}'\n";
    let role = |name: &str| format!("[role.{name}]\nassume_role_policy_document = {TRUST}\n");
    let calls = |count: usize| {
        let states: Vec<String> = (0..count)
            .map(|number| {
                let next = if number + 1 == count { "\"End\": true".to_owned() } else { format!("\"Next\": \"S{}\"", number + 1) };
                format!("\"S{number}\": {{\"Type\": \"Task\", \"Resource\": \"arn:aws:states:::sns:publish\", \"Parameters\": {{\"TopicArn\": \"arn:aws:sns:eu-central-1:123456789012:topic-{number:060}\", \"Message\": \"x\"}}, {next}}}")
            })
            .collect();
        format!("[state_machine.m]\ndefinition = '{{\"StartAt\": \"S0\", \"States\": {{{}}}}}'\n", states.join(", "))
    };
    for (text, code, said) in [
        (machine.to_owned(), 0, &["is valid: 2 resources"][..]),
        (
            format!("{machine}{}", role("m_state_machine")),
            1,
            &[
                "state_machine.m has no `role_arn`",
                "role.m_state_machine, which line 6 declares",
                "stack.toml:4:16",
                "role_arn = \"${role.m_state_machine.arn}\"",
            ],
        ),
        (
            format!("{machine}[role.other]\nname = \"s-m_state_machine\"\nassume_role_policy_document = {TRUST}\n"),
            1,
            &["the name `s-m_state_machine` is taken by role.m_state_machine in line 4"],
        ),
        ("[state_machine.m]\ntype = \"STANDARD\"\n".to_owned(), 1, &["`definition` is missing", "stack.toml:4:16"]),
        (calls(200), 1, &["role.m_state_machine: the inline policies have 21512 characters", "at most 10240", "stack.toml:4:16"]),
        (calls(50), 0, &["is valid: 2 resources"]),
    ] {
        std::fs::write(folder.path().join("stack.toml"), format!("[stack]\nname = \"s\"\nregion = \"eu-central-1\"\n{text}"))
            .expect("written");
        stepwright(folder.path(), &["validate", "stack.toml"]).expect(code).says(said);
    }
    // The name is cut to what IAM takes, and tells long ones apart.
    let long = "n".repeat(70);
    let text = format!(
        "[stack]\nname = \"s\"\nregion = \"eu-central-1\"\n{}",
        machine.replace(".m]", &format!(".{long}]\nname = \"m\""))
    );
    std::fs::write(folder.path().join("stack.toml"), text).expect("written");
    let plan = stepwright(folder.path(), &["plan", "stack.toml", "--format", "json"]).expect(0).json();
    let role = plan["resource_changes"].as_array().expect("changes").iter().find(|it| it["type"] == "role").expect("a role");
    let name = role["change"]["after"]["name"].as_str().expect("a name");
    assert_eq!((name.len(), &name[..55]), (64, format!("s-{}", "n".repeat(53)).as_str()));
}

#[test]
fn the_schema_lets_role_arn_be_left_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let schema = stepwright(folder.path(), &["schema"]).expect(0).json();
    let machine = &schema["properties"]["state_machine"]["additionalProperties"];
    assert_eq!(machine["required"], json!(["definition"]));
    assert!(machine["properties"]["role_arn"]["description"].as_str().is_some_and(|text| text.contains("a role of its own")));
}
