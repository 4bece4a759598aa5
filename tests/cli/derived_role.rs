//! State machines with a role of their own: they run with the derived policy and nothing else, and with none less.
//!
//! The proof is the endpoint's, which knows nothing of how Stepwright derives policies: it runs the machines and holds
//! each call that they make against the policies of their role (tests/endpoint/executions.py).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::support::fixture::EC2_LAUNCH;
use crate::support::offline::stepwright;
use crate::support::world::Outcome;
use crate::support::{FIXTURES, Fixture, World};

/// The example without the role of its workflow.
fn without_role(stack: &str) -> String {
    let start = stack.find("[role.workflow]").expect("the role begins");
    let end = stack.find("[state_machine.").expect("the machine follows");
    let text = format!("{}{}", &stack[..start], &stack[end..]);
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("role_arn")).collect();
    assert_eq!(text.lines().count() - kept.len(), 1, "one machine names one role: {text}");
    kept.join("\n")
}

/// A stack in an account whose machines really run.
struct Subject {
    world: World,
    file: String,
    stack: String,
    /// The machine: `state_machine.NAME`.
    machine: String,
    /// Options that the stack needs to run.
    options: Vec<String>,
    /// What a run that succeeds is not asked for.
    in_case: &'static [&'static str],
    /// What of it a stack file does not tell, so that it is granted and never missed.
    uncertain: &'static [&'static str],
}

impl Subject {
    fn of(fixture: &Fixture) -> Self {
        let world = World::of(fixture);
        world.write(fixture.file, &without_role(&world.read(fixture.file)));
        world.endpoint.set_knobs(&json!({ "executes": 1 }));
        let subnets = world.call("ec2", "describe_subnets", json!({}));
        let subnet = subnets["Subnets"][0]["SubnetId"].as_str().expect("a subnet").to_owned();
        let machine = fixture.addresses.iter().find_map(|address| address.strip_prefix("state_machine.")).expect("a machine");
        // An instance of one's own has its subnet already.
        let is_on_instances = fixture.file == EC2_LAUNCH.file;
        Self {
            world,
            file: fixture.file.to_owned(),
            stack: fixture.stack.to_owned(),
            machine: machine.to_owned(),
            options: if is_on_instances { Vec::new() } else { vec!["--var".to_owned(), format!("subnet={subnet}")] },
            // Which roles a task definition has that is looked up, a stack file does not tell; here it has none.
            in_case: if fixture.looks_up { &["ecs:StopTask", "iam:PassRole"] } else { &["ecs:StopTask"] },
            uncertain: if fixture.looks_up { &["iam:PassRole"] } else { &[] },
        }
    }

    /// A machine that calls other services, those that moto can run.
    fn services() -> Self {
        let world = World::new();
        world.endpoint.set_knobs(&json!({ "executes": 1 }));
        world.call("sns", "create_topic", json!({ "Name": "reports" }));
        world.call("sqs", "create_queue", json!({ "QueueName": "reports" }));
        let tables = world.call("dynamodb", "list_tables", json!({}));
        // The accounts of these tests are emptied of what Stepwright makes, and of nothing else.
        if !tables["TableNames"].as_array().expect("a list").contains(&json!("reports")) {
            let keys = json!([{ "AttributeName": "id", "KeyType": "HASH" }]);
            let attributes = json!([{ "AttributeName": "id", "AttributeType": "S" }]);
            let table = json!({ "TableName": "reports", "KeySchema": keys, "AttributeDefinitions": attributes, "BillingMode": "PAY_PER_REQUEST" });
            world.call("dynamodb", "create_table", table);
        }
        let call = |call: &str, arguments: Json, next: &str| {
            let mut state = json!({ "Type": "Task", "Resource": format!("arn:aws:states:::{call}"), "Parameters": arguments });
            match next {
                "" => state["End"] = json!(true),
                next => state["Next"] = json!(next),
            }
            state
        };
        let topic = json!({ "TopicArn": "arn:aws:sns:${stack.region}:${account.id}:reports", "Message": "done" });
        let queue = json!({ "QueueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/reports", "MessageBody": "done" });
        let item = json!({ "TableName": "reports", "Item": { "id": { "S": "1" } } });
        let event = json!({ "Source": "reports", "DetailType": "done", "Detail": { "a": 1 }, "EventBusName": "default" });
        let inner = json!({ "StateMachineArn": "${state_machine.inner.arn}", "Input": {} });
        let definition = json!({ "StartAt": "Tell", "TimeoutSeconds": 60, "States": {
            "Tell": call("sns:publish", topic, "Queue"),
            "Queue": call("sqs:sendMessage", queue, "Note"),
            "Note": call("dynamodb:putItem", item, "Announce"),
            "Announce": call("events:putEvents", json!({ "Entries": [event] }), "Nest"),
            "Nest": call("states:startExecution.sync:2", inner, ""),
        } });
        let idle = json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } });
        world.write(
            "services.toml",
            &format!(
                "[stack]\nname = \"services\"\nregion = \"eu-central-1\"\n[state_machine.outer]\ndefinition = '{definition}'\n[state_machine.inner]\ndefinition = '{idle}'\n"
            ),
        );
        // moto starts what is nested without a rule; AWS, and this endpoint, ask for it when the machine is made.
        let in_case = &["states:StopExecution", "events:DescribeRule", "events:PutRule", "events:PutTargets"];
        let (file, stack, machine) = ("services.toml".to_owned(), "services".to_owned(), "outer".to_owned());
        Self { world, file, stack, machine, options: Vec::new(), in_case, uncertain: &[] }
    }

    /// A command on the stack in `file`.
    fn command(&self, command: &str, file: &str, more: &[&str]) -> Outcome {
        let options = self.options.iter().map(String::as_str);
        self.world.stepwright(&[command, file].into_iter().chain(options).chain(more.iter().copied()).collect::<Vec<_>>())
    }

    /// Applies the stack, and returns the policy that its machine's own role then has, and nothing else.
    fn applied(&self) -> Json {
        self.command("apply", &self.file, &["--yes"]).expect(0);
        self.command("plan", &self.file, &["--detailed-exitcode"]).expect(0);
        self.command("drift", &self.file, &[]).expect(0);
        let Self { world, stack, machine, .. } = self;
        world.stepwright(&["state", "list", &self.file]).expect(0).says(&[&format!("role.{machine}_state_machine")]);
        if self.file == EC2_LAUNCH.file {
            world.endpoint.account(&format!("prepare-instance {stack}"));
        }
        let account = world.endpoint.account("show");
        let role = &account["roles"][format!("{stack}-{machine}_state_machine")];
        assert_eq!(account["state_machines"][format!("{stack}-{machine}")]["role_arn"], role["arn"]);
        assert_eq!(role["managed_policy_arns"], json!([]));
        let policies = role["inline_policies"].as_object().expect("policies");
        assert_eq!(policies.keys().collect::<Vec<_>>(), [&format!("state_machine.{machine}")]);
        policies.values().next().expect("a policy").clone()
    }

    /// How an execution of the machine goes: nothing, or what it was refused.
    fn execution(&self) -> Result<(), String> {
        let machine = format!("arn:aws:states:eu-central-1:123456789012:stateMachine:{}-{}", self.stack, self.machine);
        let call = |operation: &str, parameters: Json| self.world.call("stepfunctions", operation, parameters);
        let started = call("start_execution", json!({ "stateMachineArn": machine, "input": "{}" }));
        let execution = json!({ "executionArn": started["executionArn"] });
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let history = call("get_execution_history", execution.clone());
            for event in history["events"].as_array().expect("events") {
                match event["type"].as_str().unwrap_or_default() {
                    "ExecutionSucceeded" => return Ok(()),
                    // A retry would be refused as well.
                    "TaskFailed" | "ExecutionFailed" | "ExecutionTimedOut" => {
                        call("stop_execution", execution);
                        return Err(event.to_string());
                    }
                    _ => {}
                }
            }
            assert!(Instant::now() < deadline, "it still runs: {history:#}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn runs_with_what_is_derived(&self) {
        let policy = self.applied();
        self.execution().unwrap_or_else(|refused| panic!("{}: {refused}", self.file));
        let (mut needed, all_allowed) = asked(&self.world);
        assert!(all_allowed);
        // What the run was asked for is what was derived.
        needed.extend(self.in_case.iter().map(|action| (*action).to_owned()));
        assert_eq!(needed, actions_of(&policy), "{}", self.file);
    }

    /// Writes the role out, each time without one of its actions.
    fn runs_with_nothing_less(&self) {
        let policy = self.applied();
        let (own, machine) = (self.world.read(&self.file), &self.machine);
        for action in actions_of(&policy) {
            let less = without(&policy, &action);
            let role = format!(
                "[role.less]\nname = \"{}-{machine}_state_machine\"\nassume_role_policy_document = {TRUST}\ninline_policies.less = '''{less}'''",
                self.stack
            );
            let stack = own.replace(
                &format!("[state_machine.{machine}]"),
                &format!("{role}\n\n[state_machine.{machine}]\nrole_arn = \"${{role.less.arn}}\""),
            );
            let moved = format!("[[moved]]\nfrom = \"role.{machine}_state_machine\"\nto = \"role.less\"\n");
            self.world.write("less.toml", &format!("{stack}\n{moved}"));
            let plan = self.command("plan", "less.toml", &[]).expect(0);
            let is_missed = !self.uncertain.contains(&action.as_str());
            // Of what is looked up, a policy that spells it out may be said to be undecided.
            assert_eq!(plan.stderr.matches("which role.less does not allow").count(), usize::from(is_missed), "{action}: {plan}");
            if is_missed {
                let told = plan.stderr.lines().find(|line| line.contains("does not allow")).unwrap_or_default();
                assert!(told.starts_with("warning: `") && told.contains(&format!("` needs {action} on ")), "{action}: {told}");
            }
            self.command("apply", "less.toml", &["--yes"]).expect(0);
            match self.execution() {
                Ok(()) => assert!(self.in_case.contains(&action.as_str()), "{}: {action}", self.file),
                Err(refused) => assert!(refused.contains(&format!("is not authorized to perform: {action} on")), "{refused}"),
            }
        }
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

#[test]
fn each_example_runs_with_what_is_derived_and_nothing_else() {
    FIXTURES.iter().for_each(|fixture| Subject::of(fixture).runs_with_what_is_derived());
}

#[test]
fn no_action_of_an_example_can_be_taken_away() {
    FIXTURES.iter().for_each(|fixture| Subject::of(fixture).runs_with_nothing_less());
}

#[test]
fn calls_of_other_services_run_with_what_is_derived_and_with_nothing_less() {
    Subject::services().runs_with_what_is_derived();
    Subject::services().runs_with_nothing_less();
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
    // Forgotten and taken over again.
    world.stepwright(&["state", "rm", "stack.toml", "role.sleepy_state_machine", "state_machine.sleepy"]).expect(0);
    world.stepwright(&["import", "stack.toml", "role.sleepy_state_machine", "idle-idle_state_machine"]).expect(0);
    world.stepwright(&["import", "stack.toml", "state_machine.sleepy", "idle-idle"]).expect(0);
    world.stepwright(&["plan", "stack.toml", "--detailed-exitcode"]).expect(0);
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
