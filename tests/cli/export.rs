//! `stepwright export`: what was made by hand, as a stack file.

use serde_json::{Value as Json, json};

use crate::support::World;
use crate::support::fixture::ECS_TASK;

/// An account whose workflow nobody wrote a stack for.
fn hand_made() -> World {
    let world = World::new();
    world.endpoint.account("prepare-hand-made");
    world.endpoint.forget_calls();
    world
}

fn exported(world: &World, arguments: &[&str]) -> Json {
    let outcome = world.stepwright(&[&["export"], arguments].concat()).expect(0);
    world.write("exported.toml", &outcome.stdout);
    world.stepwright(&["validate", "exported.toml"]).expect(0);
    toml::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome}"))
}

fn addresses(stack: &Json) -> Vec<&str> {
    let imports = stack["import"].as_object().expect("[import]");
    let mut addresses: Vec<&str> = imports.keys().map(String::as_str).collect();
    addresses.sort_unstable();
    addresses
}

const ALL: [&str; 9] = [
    "cluster.main",
    "log_group.worker",
    "role.execution",
    "role.task",
    "role.workflow",
    "state_machine.archive",
    "state_machine.main",
    "task_definition.cleanup",
    "task_definition.worker",
];

#[test]
fn a_state_machine_brings_what_it_refers_to() {
    let world = hand_made();
    let stack = exported(&world, &["--state-machine", "billing"]);
    assert!(!world.endpoint.calls().iter().any(|call| call.is_change()), "export changes nothing");
    assert_eq!(addresses(&stack), ALL);
    assert_eq!(stack["stack"], json!({ "name": "billing", "region": "eu-central-1" }));
    assert_eq!(stack["import"]["role.execution"], "billing-execution");
    assert_eq!(stack["import"]["role.task"], "arn:aws:iam::123456789012:role/batch/billing-task");
    assert_eq!(
        stack["import"]["task_definition.worker"],
        "arn:aws:ecs:eu-central-1:123456789012:task-definition/billing-worker:2"
    );

    let machine = &stack["state_machine"]["main"];
    assert_eq!(machine["role_arn"], "${role.workflow.arn}");
    let branches = &machine["definition"]["States"]["Both of them"]["Branches"];
    let work = &branches[0]["States"]["Work"]["Parameters"];
    assert_eq!(work["Cluster"], "${cluster.main.arn}");
    assert_eq!(work["TaskDefinition"], "${task_definition.worker.arn}");
    let clean_up = &branches[1]["States"]["Clean up"]["Parameters"];
    assert_eq!(clean_up["Cluster"], "${cluster.main.name}");
    assert_eq!(clean_up["TaskDefinition"], "${task_definition.cleanup.family}");
    assert_eq!(machine["definition"]["States"]["Archive"]["Parameters"]["StateMachineArn"], "${state_machine.archive.arn}");
    // TOML has no null.
    assert!(stack["state_machine"]["archive"]["definition"].as_str().is_some_and(|text| text.contains("null")), "{stack:#}");

    let worker = &stack["task_definition"]["worker"];
    assert_eq!(worker["task_role_arn"], "${role.task.arn}");
    assert_eq!(worker["execution_role_arn"], "${role.execution.arn}");
    let logging = &worker["container_definitions"][1]["log_configuration"]["options"];
    assert_eq!(logging["awslogs-group"], "${log_group.worker.name}");
    assert_eq!(
        stack["log_group"]["worker"],
        json!({ "name": "/billing/worker", "retention_in_days": 14, "tags": { "team": "billing" } })
    );
    let environment = &worker["container_definitions"][1]["environment"];
    assert_eq!(environment[1], json!({ "name": "CLUSTER", "value": "${cluster.main.arn}" }));
    assert_eq!(environment[3], json!({ "name": "Z", "value": "$${HOME}/é" }));

    let statements = &stack["role"]["workflow"]["inline_policies"]["run"]["Statement"];
    assert_eq!(
        statements[0]["Resource"][0],
        "arn:${account.partition}:ecs:${stack.region}:${account.id}:task-definition/${task_definition.worker.family}:*"
    );
    assert_eq!(statements[2]["Resource"], json!(["${role.execution.arn}", "${role.task.arn}"]));
    // The state machine needs the role, so the role can't refer to it.
    assert_eq!(statements[5]["Resource"][1], "arn:${account.partition}:states:${stack.region}:${account.id}:execution:billing:*");
}

#[test]
fn importing_it_changes_nothing() {
    for selected in [
        &["--state-machine", "billing", "--name", "billing"][..],
        &["--all", "--name", "all"],
        &["--cluster", "billing", "--role", "billing-task", "--name", "some"],
    ] {
        let world = hand_made();
        let before = world.endpoint.account("show");
        world.stepwright(&[&["export", "--out", "it.toml"], selected].concat()).expect(0);
        world.stepwright(&["plan", "it.toml"]).expect(0).says(&["to import, 0 to add, 0 to change, 0 to destroy"]);
        assert_eq!(world.planned(&["it.toml"]), []);
        world.endpoint.forget_calls();
        world.stepwright(&["apply", "it.toml", "--yes"]).expect(0);
        let calls = world.endpoint.calls();
        let changes: Vec<&str> = calls.iter().filter(|call| call.is_change()).map(|call| call.action.as_str()).collect();
        assert!(changes.iter().all(|action| ["TagResource", "TagRole"].contains(action)), "{changes:?}");
        world.stepwright(&["plan", "it.toml", "--detailed-exitcode"]).expect(0);
        // Exported again, now as the stack's own, it is the same.
        let again = world.stepwright(&[&["export"], selected].concat()).expect(0);
        assert_eq!(again.stdout, world.read("it.toml"));
        let without_tags = |mut account: Json| {
            for resource in account.as_object_mut().into_iter().flatten().flat_map(|(_, kind)| kind.as_object_mut()).flatten() {
                resource.1["tags"] = Json::Null;
            }
            account
        };
        assert_eq!(without_tags(world.endpoint.account("show")), without_tags(before));
    }
}

#[test]
fn everything_and_single_things() {
    let world = hand_made();
    assert_eq!(addresses(&exported(&world, &["--all", "--name", "billing"])), ALL);
    let stack = exported(&world, &["--task-definition", "billing-worker:1", "--name", "old"]);
    assert_eq!(addresses(&stack), ["cluster.main", "log_group.worker", "role.execution", "role.task", "task_definition.worker"]);
    assert_eq!(
        stack["import"]["task_definition.worker"],
        "arn:aws:ecs:eu-central-1:123456789012:task-definition/billing-worker:1"
    );
    // What was asked for wins over the revision that the state machine pins.
    let both = ["export", "--state-machine", "billing", "--task-definition", "billing-worker:1"];
    let outcome = world.stepwright(&both).expect(0);
    outcome.says(&["TaskDefinition = \"arn:${account.partition}:ecs:${stack.region}:${account.id}:task-definition/${task_definition.worker.family}:2\""]);
    outcome.says(&[
        "Left out: task_definition arn:aws:ecs:eu-central-1:123456789012:task-definition/billing-worker:2: a stack holds one",
    ]);
}

#[test]
fn files_are_not_overwritten() {
    let world = hand_made();
    let export = ["export", "--cluster", "billing", "--out", "out.toml"];
    world.stepwright(&export).expect(0).says(&["stepwright plan out.toml", "stepwright apply out.toml", "1 resource "]);
    let first = world.read("out.toml");
    world.write("out.toml", "mine");
    world.stepwright(&export).expect(1).says(&["there is a file out.toml already", "--force"]);
    assert_eq!(world.read("out.toml"), "mine");
    world.stepwright(&[&export[..], &["--force"]].concat()).expect(0);
    assert_eq!(world.read("out.toml"), first);
}

#[test]
fn what_is_not_there() {
    let world = hand_made();
    let all = ["export", "--cluster", "none", "--role", "nobody", "--state-machine", "billing"];
    world.stepwright(&all).expect(1).says(&["no cluster none", "no role nobody"]);
    world.stepwright(&["export"]).expect(1).says(&["nothing to export", "--all"]);
    world.stepwright(&["export", "--all", "--name", "no name"]).expect(1);
    world.stepwright_without_credentials(&["export", "--all"]).expect(1).says(&["AWS_PROFILE"]);
}

#[test]
fn what_stepwright_would_refuse_is_written_to_be_mended() {
    let world = World::new();
    world.endpoint.account("prepare-mistaken");
    let outcome = world.stepwright(&["export", "--role", "mistaken", "--out", "it.toml"]).expect(1);
    outcome.says(&["a policy's name has", "the exported stack file:", "mend there what is shown above"]);
    world.stepwright(&["plan", "it.toml"]).expect(1).says(&["a policy's name has"]);
    world.edit("it.toml", "all of it", "all-of-it");
    world.stepwright(&["plan", "it.toml"]).expect(0).says(&["all-of-it", "1 to import, 0 to add, 1 to change"]);
}

#[test]
fn what_another_stack_owns_stays_its_own() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["apply", ECS_TASK.file, "--yes"]).expect(0);
    world.endpoint.account("prepare-hand-made");
    let owned = world.stepwright(&["export", "--cluster", "nightly-report-main"]).expect(1);
    owned.says(&["is cluster.main of the stack nightly-report", "--name nightly-report"]);
    let all = world.stepwright(&["export", "--all", "--name", "billing"]).expect(0);
    all.says(&["Left out: cluster arn:aws:ecs:eu-central-1:123456789012:cluster/nightly-report-main: it is cluster.main of the stack nightly-report"]);
    assert!(!all.stdout.contains("nightly-report"), "{all}");
    // A stack whose file is lost has its addresses again.
    let stack = exported(&world, &["--state-machine", "nightly-report-nightly", "--name", "nightly-report"]);
    assert_eq!(addresses(&stack), ECS_TASK.addresses);
}

/// The Terraform state of most of it.
fn write_terraform_state(world: &World) {
    let instance = |attributes: Json| json!([{ "schema_version": 0, "attributes": attributes }]);
    let resource = |kind: &str, name: &str, attributes: Json| json!({ "mode": "managed", "type": kind, "name": name, "instances": instance(attributes) });
    let state = json!({ "version": 4, "serial": 1, "resources": [
        resource("aws_ecs_cluster", "shared", json!({ "arn": "arn:aws:ecs:eu-central-1:123456789012:cluster/billing", "name": "billing" })),
        resource("aws_ecs_task_definition", "work", json!({ "arn": "arn:aws:ecs:eu-central-1:123456789012:task-definition/billing-worker:2" })),
        resource("aws_iam_role", "runner", json!({ "arn": "arn:aws:iam::123456789012:role/billing-workflow", "name": "billing-workflow" })),
        resource("aws_iam_role_policy", "run", json!({ "role": "billing-workflow" })),
        resource("aws_sfn_state_machine", "billing", json!({ "arn": "arn:aws:states:eu-central-1:123456789012:stateMachine:billing" })),
        resource("aws_cloudwatch_log_group", "logs", json!({ "name": "/billing/worker", "arn": "arn:aws:logs:eu-central-1:123456789012:log-group:/billing/worker" })),
        resource("aws_s3_bucket", "home", json!({ "bucket": "billing", "arn": "arn:aws:s3:::billing" })),
    ] });
    world.write("terraform.tfstate", &state.to_string());
}

#[test]
fn what_a_terraform_state_holds() {
    let world = hand_made();
    write_terraform_state(&world);
    let stack = exported(&world, &["--from-terraform", "terraform.tfstate"]);
    assert_eq!(
        addresses(&stack),
        ["cluster.shared", "log_group.logs", "role.runner", "state_machine.billing", "task_definition.work"]
    );
    assert_eq!(stack["state_machine"]["billing"]["role_arn"], "${role.runner.arn}");
    world.stepwright(&["apply", "exported.toml", "--yes"]).expect(0).says(&["5 imported, 0 added, 0 changed"]);
    world.stepwright(&["plan", "exported.toml", "--detailed-exitcode"]).expect(0);
    // These exactly, and nothing that they refer to.
    assert_eq!(
        stack["task_definition"]["work"]["execution_role_arn"],
        "arn:${account.partition}:iam::${account.id}:role/billing-execution"
    );
    let again = ["export", "--from-terraform", "terraform.tfstate", "--name", "billing"];
    let outcome = world.stepwright(&again).expect(0);
    outcome.says(&[
        "Stays with Terraform: aws_s3_bucket.home",
        "terraform state rm 'aws_ecs_cluster.shared' 'aws_ecs_task_definition.work' 'aws_iam_role.runner'",
        "'aws_sfn_state_machine.billing' 'aws_cloudwatch_log_group.logs' 'aws_iam_role_policy.run'",
    ]);
    world.write("plan.json", "{\"format_version\": \"1.2\", \"planned_values\": {}}");
    world.stepwright(&["export", "--from-terraform", "plan.json"]).expect(1).says(&["plan.json: this is a Terraform plan"]);
    world.stepwright(&["export", "--from-terraform", "none.json"]).expect(1).says(&["there is no file `none.json`"]);
}

#[test]
fn a_terraform_state_is_imported() {
    let world = hand_made();
    write_terraform_state(&world);
    let import = ["import", "--from-terraform", "terraform.tfstate"];
    world.endpoint.forget_calls();
    let outcome = world.stepwright(&import).expect(0);
    outcome.says(&[
        "Wrote the stack billing to billing.toml.",
        "Import complete! Resources: 5 imported, 0 added, 0 changed, 0 destroyed",
        "Stays with Terraform: aws_s3_bucket.home",
        "Now, let Terraform forget what is the stack's now, its parts with it:",
        "'aws_sfn_state_machine.billing' 'aws_cloudwatch_log_group.logs' 'aws_iam_role_policy.run'",
        "What the stack wants else: stepwright plan billing.toml",
    ]);
    let only_tags = |call: &crate::support::endpoint::Call| !call.is_change() || call.action.contains("Tag");
    assert!(world.endpoint.calls().iter().all(only_tags), "nothing but tags: {:#?}", world.endpoint.calls());
    world.stepwright(&["plan", "billing.toml", "--detailed-exitcode"]).expect(0);
    world.stepwright(&["drift", "billing.toml"]).expect(0);

    // What was written is not overwritten, and what is recorded is not imported again.
    let written = world.read("billing.toml");
    world.stepwright(&[&import[..], &["--name", "billing"]].concat()).expect(1).says(&["there is a file billing.toml already"]);
    assert_eq!(world.read("billing.toml"), written);
    world.stepwright(&[&import[..], &["billing.toml"]].concat()).expect(0).says(&["everything is recorded already"]);
}

/// A stack that somebody wrote by hand to replace what Terraform made, in part and with a difference.
#[test]
fn a_terraform_state_is_imported_into_a_stack_that_is_there() {
    let world = hand_made();
    write_terraform_state(&world);
    let stack = "[stack]\nname = \"billing\"\nregion = \"eu-central-1\"\n\n[cluster.everything]\nname = \"billing\"\nsettings = [{ name = \"containerInsights\", value = \"enhanced\" }]\n";
    world.write("by-hand.toml", stack);
    let import = ["import", "--from-terraform", "terraform.tfstate", "by-hand.toml"];
    world.stepwright(&import).expect(0).says(&[
        "Stays with Terraform: aws_iam_role.runner: by-hand.toml declares nothing of its name",
        "1 imported, 0 added, 0 changed",
        "  terraform state rm 'aws_ecs_cluster.shared'\n",
    ]);
    world.stepwright(&["plan", "by-hand.toml"]).expect(0).says(&["Plan: 0 to add, 1 to change, 0 to destroy"]);

    world.write("other.toml", "[stack]\nname = \"other\"\n\n[cluster.main]\n");
    world.stepwright(&[&import[..3], &["other.toml"]].concat()).expect(1).says(&["other.toml declares nothing of what"]);
    world.stepwright(&[&import[..3], &["other.toml", "--name", "x"]].concat()).expect(1).says(&["leave out --name"]);
    world.stepwright(&["import", "by-hand.toml"]).expect(1).says(&["<ADDRESS>"]);
}
