//! Log groups: their life beside the task and the state machine that log to them, and what AWS and others make of them.

use serde_json::{Value as Json, json};

use crate::support::World;

const FILE: &str = "stack.toml";
const APPLY: &[&str] = &["apply", FILE, "--yes"];
const DESTROY: &[&str] = &["destroy", FILE, "--yes"];
const PLAN: &[&str] = &["plan", FILE, "--detailed-exitcode"];
const KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/1";
const OTHER_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/2";

const HEAD: &str = "[stack]\nname = \"logs\"\nregion = \"eu-central-1\"\n\n";

/// A task that logs to one log group, and a state machine that logs to another. Their roles' policies are derived.
const USERS: &str = r#"
[log_group.machine]
name = "/aws/vendedlogs/states/logs"

[role.execution]
permissions_for = "task_definition.job"
assume_role_policy_document = { Version = "2012-10-17", Statement = { Effect = "Allow", Principal = { Service = "ecs-tasks.amazonaws.com" }, Action = "sts:AssumeRole" } }

[role.machine]
permissions_for = "state_machine.main"
assume_role_policy_document = { Version = "2012-10-17", Statement = { Effect = "Allow", Principal = { Service = "states.amazonaws.com" }, Action = "sts:AssumeRole" } }

[task_definition.job]
requires_compatibilities = ["FARGATE"]
network_mode = "awsvpc"
cpu = "256"
memory = "512"
execution_role_arn = "${role.execution.arn}"

[[task_definition.job.container_definitions]]
name = "job"
image = "busybox"
log_configuration = { log_driver = "awslogs", options = { awslogs-group = "${log_group.main.name}", awslogs-region = "${stack.region}", awslogs-stream-prefix = "job" } }

[state_machine.main]
role_arn = "${role.machine.arn}"
definition = { StartAt = "A", States = { A = { Type = "Succeed" } } }
logging_configuration = { level = "ALL", destinations = [{ cloud_watch_logs_log_group = { log_group_arn = "${log_group.machine.arn}" } }] }
"#;

/// The stack with these members of `log_group.main`.
fn write(world: &World, members: &str, more: &str) {
    world.write(FILE, &format!("{HEAD}[log_group.main]\n{members}\n{more}"));
}

/// The calls that change something, and whatever has this name.
fn changes(world: &World) -> Vec<String> {
    let calls = world.endpoint.calls().into_iter();
    calls.filter(|call| call.is_change() && call.service != "sts").map(|call| call.action).collect()
}

fn main_group(world: &World) -> Json {
    let mut group = world.endpoint.account("show")["log_groups"]["logs-main"].clone();
    group["tags"].as_object_mut().expect("tags").retain(|key, _| !key.starts_with("stepwright:"));
    group
}

fn group(retention: Json, key: Json, tags: Json) -> Json {
    json!({
        "arn": "arn:aws:logs:eu-central-1:123456789012:log-group:logs-main", "retentionInDays": retention,
        "logGroupClass": "STANDARD", "kmsKeyId": key, "deletionProtectionEnabled": false, "tags": tags,
    })
}

#[test]
fn beside_those_that_log_to_it() {
    let world = World::new();
    write(&world, "retention_in_days = 30\ntags = { team = \"a\" }", USERS);
    let validated = world.stepwright(&["validate", FILE]).expect(0);
    assert_eq!(validated.stderr, "", "the derived policies lack nothing");
    world.stepwright(APPLY).expect(0);
    let made = changes(&world);
    let position = |made: &[String], action: &str| {
        made.iter().position(|it| it == action).unwrap_or_else(|| panic!("no {action}: {made:?}"))
    };
    assert!(position(&made, "CreateLogGroup") < position(&made, "RegisterTaskDefinition"), "{made:?}");
    let last = made.iter().rposition(|it| it == "CreateLogGroup").expect("a log group");
    assert!(last < position(&made, "CreateStateMachine"), "{made:?}");
    world.stepwright(PLAN).expect(0);
    world.stepwright(&["drift", FILE]).expect(0);
    assert_eq!(main_group(&world), group(json!(30), Json::Null, json!({ "team": "a" })));

    let calls = world.endpoint.calls();
    let sent = |action: &str| &calls.iter().find(|call| call.action == action).expect("it was sent").request;
    let destination = &sent("CreateStateMachine")["loggingConfiguration"]["destinations"][0];
    let arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/vendedlogs/states/logs:*";
    assert_eq!(destination["cloudWatchLogsLogGroup"]["logGroupArn"], arn);
    let container = &sent("RegisterTaskDefinition")["containerDefinitions"][0];
    assert_eq!(container["logConfiguration"]["options"]["awslogs-group"], "logs-main");
    let policy = &world.endpoint.account("show")["roles"]["logs-execution"]["inline_policies"]["task_definition.job"];
    let may_log = json!({ "Sid": "LogsCreateLogStream", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "arn:aws:logs:eu-central-1:123456789012:log-group:logs-main:*" });
    assert_eq!(policy["Statement"][0], may_log, "{policy}");

    // Without its state, all of it is recognised.
    std::fs::remove_file(world.path("state/logs.json")).expect("a state");
    world.stepwright(&["state", "rebuild", FILE, "--yes"]).expect(0).says(&["6 resources"]);
    world.stepwright(PLAN).expect(0);

    world.endpoint.forget_calls();
    world.stepwright(DESTROY).expect(0);
    let made = changes(&world);
    assert!(position(&made, "DeleteStateMachine") < position(&made, "DeleteLogGroup"), "{made:?}");
    assert!(position(&made, "DeregisterTaskDefinition") < position(&made, "DeleteLogGroup"), "{made:?}");
    assert_eq!(world.in_account(), Vec::<String>::new());
}

#[test]
fn each_change_is_its_own_call() {
    let world = World::new();
    let none: &[&str] = &[];
    for (members, made, there) in [
        ("".to_owned(), &["CreateLogGroup"][..], group(Json::Null, Json::Null, json!({}))),
        ("retention_in_days = 7".to_owned(), &["PutRetentionPolicy"], group(json!(7), Json::Null, json!({}))),
        ("retention_in_days = 14".to_owned(), &["PutRetentionPolicy"], group(json!(14), Json::Null, json!({}))),
        (
            format!("kms_key_id = \"{KEY}\""),
            &["AssociateKmsKey", "DeleteRetentionPolicy"],
            group(Json::Null, json!(KEY), json!({})),
        ),
        (format!("kms_key_id = \"{OTHER_KEY}\""), &["AssociateKmsKey"], group(Json::Null, json!(OTHER_KEY), json!({}))),
        (
            "tags = { a = \"1\", b = \"2\" }".to_owned(),
            &["TagResource", "DisassociateKmsKey"],
            group(Json::Null, Json::Null, json!({ "a": "1", "b": "2" })),
        ),
        (
            "tags = { b = \"3\" }".to_owned(),
            &["UntagResource", "TagResource"],
            group(Json::Null, Json::Null, json!({ "b": "3" })),
        ),
        (
            "tags = { b = \"3\" }\nlog_group_class = \"STANDARD\"\ndeletion_protection_enabled = false".to_owned(),
            none,
            group(Json::Null, Json::Null, json!({ "b": "3" })),
        ),
    ] {
        write(&world, &members, "");
        world.endpoint.forget_calls();
        world.stepwright(APPLY).expect(0);
        assert_eq!(changes(&world), made, "{members}");
        assert_eq!(main_group(&world), there, "{members}");
        world.stepwright(PLAN).expect(0);
    }
    write(&world, "log_group_class = \"INFREQUENT_ACCESS\"\nretention_in_days = 3", "");
    world.stepwright(&["plan", FILE]).expect(0).says(&["log_group.main must be replaced", "log_group_class"]);
    world.endpoint.forget_calls();
    world.stepwright(APPLY).expect(0);
    assert_eq!(changes(&world), ["DeleteLogGroup", "CreateLogGroup", "PutRetentionPolicy"]);
    world.stepwright(PLAN).expect(0);
}

#[test]
fn killed_at_each_call() {
    let first = "retention_in_days = 30\ntags = { team = \"a\" }".to_owned();
    let second =
        format!("retention_in_days = 7\nkms_key_id = \"{KEY}\"\ndeletion_protection_enabled = false\ntags = {{ stage = \"b\" }}");
    let replaced = "log_group_class = \"INFREQUENT_ACCESS\"\nretention_in_days = 30".to_owned();
    for kind in ["kill-before", "kill-after"] {
        for (before, after, command) in [
            (None, &first, APPLY),
            (Some(&first), &second, APPLY),
            (Some(&second), &replaced, APPLY),
            (Some(&first), &first, DESTROY),
        ] {
            killed(kind, before, after, command);
        }
    }
}

/// For n = 1, 2, …: makes it as `before`, then kills `command` on it as `after` at the n-th call, then does `command` again.
fn killed(kind: &str, before: Option<&String>, after: &str, command: &[&str]) {
    for nth in 1.. {
        assert!(nth < 100, "{command:?} never comes through");
        let world = World::new();
        if let Some(before) = before {
            write(&world, before, "");
            world.stepwright(APPLY).expect(0);
        }
        write(&world, after, "");
        world.endpoint.set_faults(&[&format!("{kind},comm=stepwright,nth={nth}")]);
        world.endpoint.forget_calls();
        let outcome = world.stepwright(command);
        if outcome.code.is_some() {
            outcome.expect(0);
            assert!(nth > 1, "{command:?} made no call");
            return;
        }
        let last = world.endpoint.wait_for_fault().action;
        world.endpoint.set_faults(&[]);
        let again = world.stepwright(command);
        assert_eq!(again.code, Some(0), "{kind} at call {nth}, {last}, of {before:?} → {after:?}: {again}");
        if command == APPLY {
            let plan = world.stepwright(PLAN);
            assert_eq!(plan.code, Some(0), "not empty after {kind} at call {nth}, {last}: {plan}");
            assert_eq!(world.in_account().len(), 1, "{kind} at call {nth}, {last}");
            world.stepwright(DESTROY).expect(0);
        }
        assert_eq!(world.in_account(), Vec::<String>::new(), "{kind} at call {nth}, {last}");
    }
}

#[test]
fn another_change_at_the_same_time_is_waited_for() {
    let world = World::new();
    let aborted = |action: &str| {
        format!("error,action={action},nth=1-2,code=OperationAbortedException,message=A_conflicting_operation_is_in_progress")
    };
    let faults = ["CreateLogGroup", "PutRetentionPolicy", "TagResource", "AssociateKmsKey", "DeleteLogGroup"].map(aborted);
    world.endpoint.set_faults(&faults.each_ref().map(String::as_str));
    write(&world, "retention_in_days = 30", "");
    world.stepwright(APPLY).expect(0);
    write(&world, &format!("retention_in_days = 30\nkms_key_id = \"{KEY}\"\ntags = {{ a = \"1\" }}"), "");
    world.stepwright(APPLY).expect(0);
    world.stepwright(PLAN).expect(0);
    world.stepwright(DESTROY).expect(0);
    assert_eq!(world.in_account(), Vec::<String>::new());
    // Another answer that was lost: what is there then is ours.
    world.endpoint.set_faults(&["reset-after,action=CreateLogGroup,nth=1", "reset-after,action=DeleteLogGroup,nth=1"]);
    world.stepwright(APPLY).expect(0);
    world.stepwright(PLAN).expect(0);
    world.stepwright(DESTROY).expect(0);
    assert_eq!(world.in_account(), Vec::<String>::new());
}

#[test]
fn what_is_not_ours_stays_as_it_is() {
    let world = World::new();
    let call = |operation: &str, parameters: Json| world.call("logs", operation, parameters);
    call(
        "create_log_group",
        json!({ "logGroupName": "logs-main", "tags": { "stepwright:stack": "other", "stepwright:address": "log_group.x" } }),
    );
    write(&world, "retention_in_days = 30", "");
    world.stepwright(APPLY).expect(1).says(&["log_group.x", "other"]);
    assert_eq!(main_group(&world), group(Json::Null, Json::Null, json!({})));
    // Nor is what somebody made while the plan was looked at.
    call("delete_log_group", json!({ "logGroupName": "logs-main" }));
    world.stepwright(&["plan", FILE, "--out", "it.plan"]).expect(0);
    call("create_log_group", json!({ "logGroupName": "logs-main" }));
    world.stepwright(&["apply", "it.plan", "--yes"]).expect(1);
    assert_eq!(main_group(&world), group(Json::Null, Json::Null, json!({})));
}

#[test]
fn what_is_there_is_taken_over_or_looked_up() {
    let world = World::new();
    let make = |name: &str| world.call("logs", "create_log_group", json!({ "logGroupName": name }));
    // Names that begin with the one that is wanted, on more than a page.
    (0..60).for_each(|number| drop(make(&format!("/mine/{number:02}"))));
    make("/mine");
    make("/theirs");
    write(
        &world,
        "name = \"/mine\"\nretention_in_days = 30",
        "[data.log_group.theirs]\nname = \"/theirs\"\n\n[outputs]\narn = { value = \"${data.log_group.theirs.arn}\" }\n",
    );
    world.stepwright(&["import", FILE, "log_group.main", "arn:aws:logs:eu-central-1:123456789012:log-group:/mine:*"]).expect(0);
    assert_eq!(world.planned(&[FILE]), [("log_group.main".to_owned(), vec!["update".to_owned()])]);
    world.endpoint.forget_calls();
    world.stepwright(APPLY).expect(0).says(&["arn:aws:logs:eu-central-1:123456789012:log-group:/theirs"]);
    assert_eq!(changes(&world), ["PutRetentionPolicy"]);
    world.stepwright(PLAN).expect(0);
    let theirs = &world.endpoint.account("show")["log_groups"]["/theirs"]["tags"];
    assert_eq!(theirs, &json!({}), "what is looked up is not touched");
    world.edit(FILE, "name = \"/theirs\"", "name = \"/their\"");
    world.stepwright(&["plan", FILE]).expect(1).says(&["AWS has no log_group /their"]);
    world.edit(FILE, "name = \"/their\"", "name = \"/theirs\"");
    world.stepwright(DESTROY).expect(0);
    assert_eq!(world.in_account().len(), 61, "only what is the stack's goes");
}

#[test]
fn many_are_read_by_the_page() {
    let world = World::new();
    let groups: String = (0..12).map(|number| format!("[log_group.g{number}]\nretention_in_days = 1\n")).collect();
    world.write(FILE, &format!("{HEAD}{groups}"));
    world.stepwright(APPLY).expect(0);
    world.endpoint.forget_calls();
    world.stepwright(PLAN).expect(0);
    let calls = world.endpoint.calls();
    let count = |action: &str| calls.iter().filter(|call| call.action == action).count();
    assert_eq!((count("DescribeLogGroups"), count("ListTagsForResource")), (1, 12));

    // Where others have taken all the room before them, each is asked for.
    (0..700)
        .for_each(|number| drop(world.call("logs", "create_log_group", json!({ "logGroupName": format!("logs-g{number:04}") }))));
    world.endpoint.forget_calls();
    world.stepwright(PLAN).expect(0);
    let describes = world.endpoint.calls().iter().filter(|call| call.action == "DescribeLogGroups").count();
    assert!(describes <= 18, "{describes} calls for twelve log groups");
}

#[test]
fn refusals_say_what_to_do() {
    let world = World::new();
    write(&world, &format!("kms_key_id = \"{KEY}\""), "");
    let fault = |code: &str, message: &str| format!("error,action=CreateLogGroup,code={code},message={message}");
    world.endpoint.set_faults(&[&fault("InvalidParameterException", "The_specified_KMS_Key_Id_could_not_be_found")]);
    world.stepwright(APPLY).expect(1).says(&["its policy must allow logs.eu-central-1.amazonaws.com", "kms:GenerateDataKey*"]);
    let message = "User:_x_is_not_authorized_to_perform:_logs:TagResource_on_resource:_y";
    world.endpoint.set_faults(&[&fault("AccessDeniedException", message)]);
    world.stepwright(APPLY).expect(1).says(&["the caller needs the permission logs:TagResource"]);
    world.endpoint.set_faults(&[]);

    write(&world, "deletion_protection_enabled = true", "");
    world.stepwright(APPLY).expect(0);
    world.stepwright(PLAN).expect(0);
    world.stepwright(DESTROY).expect(1).says(&["deletion_protection_enabled = false", "then try again"]);
    assert_eq!(world.in_account().len(), 1);
    write(&world, "", "");
    world.stepwright(APPLY).expect(0);
    world.stepwright(DESTROY).expect(0);
    assert_eq!(world.in_account(), Vec::<String>::new());
}

#[test]
fn mistakes_are_told_offline() {
    let world = World::new();
    for (members, more, said) in [
        ("retention_in_days = 31", "", "CloudWatch Logs can't keep logs for 31 days"),
        ("retention_in_days = 4000", "", "`retention_in_days` is 4000 and must be at most 3653"),
        ("name = \"aws/x\"", "", "can't begin with `aws/`"),
        ("name = \"a b\"", "", "`name` has a form that AWS does not take"),
        ("log_group_class = \"INFREQUENT\"", "", "`log_group_class` can't be `INFREQUENT`"),
        ("kms_key_id = \"alias/logs\"", "", "takes a key by its ARN only"),
        ("", &USERS.replace("${log_group.machine.arn}", "${log_group.machine.name}"), "a log group is named by its ARN here"),
        ("", &USERS.replace("${log_group.main.name}", "${log_group.main.arn}"), "a log group is named by its name here"),
        (
            "",
            &USERS.replace("${log_group.machine.arn}", "arn:aws:logs:eu-central-1:123456789012:log-group:x"),
            "the ARN of a log group ends in `:*` here",
        ),
    ] {
        write(&world, members, more);
        world.stepwright(&["validate", FILE]).expect(1).says(&[said]);
    }
    write(&world, "log_group_class = \"DELIVERY\"\nretention_in_days = 3", "");
    world.stepwright(&["validate", FILE]).expect(0).says(&["warning", "is fixed by AWS"]);
    write(&world, "", &USERS.replace("${log_group.machine.arn}", "${log_group.machine.arn}:*"));
    assert_eq!(world.stepwright(&["validate", FILE]).expect(0).stderr, "");
}
