//! What a definition says of other resources: names, ARNs, and tasks that ECS would refuse only when the state runs.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::support::World;
use crate::support::endpoint::root;
use crate::support::fixture::{ECS_TASK, EXISTING_CLUSTER};
use crate::support::offline::stepwright;

/// All that is said of tests/fixtures/references/blog.toml, which is how this workflow is often written: severity, place
/// and message, and the text that is proposed.
const BLOG: &[(&str, &str, &str, &str)] = &[
    (
        "warning",
        "blog.toml:19:12",
        "`Run` needs ecs:DescribeTasks, ecs:RunTask, ecs:StopTask on *, arn:aws:ecs:ap-southeast-1:XXXXXXXXXX:task-definition//task_name:3, which role.workflow does not allow (ecs:runTask.sync)",
        "",
    ),
    (
        "warning",
        "blog.toml:19:12",
        "`Run` needs events:DescribeRule, events:PutRule, events:PutTargets on arn:${account.partition}:events:${stack.region}:${account.id}:rule/StepFunctionsGetEventsForECSTaskRule, which role.workflow does not allow (ecs:runTask.sync hears of the end through a rule)",
        "",
    ),
    (
        "error",
        "nightly.asl.json:10:7",
        "task_definition.task_name has the network mode awsvpc, so `NetworkConfiguration` is needed",
        "",
    ),
    ("error", "nightly.asl.json:11:23", "`LaunchType` is EC2, and task_definition.task_name is made for FARGATE", "FARGATE"),
    (
        "error",
        "nightly.asl.json:12:20",
        "`Cluster` is in ap-southeast-1, and the stack in eu-central-1: a state reaches its own region only",
        "arn:aws:ecs:${stack.region}:${account.id}:cluster/cluster_name",
    ),
    (
        "error",
        "nightly.asl.json:12:20",
        "`XXXXXXXXXX` is no account: an account id has 12 digits",
        "arn:aws:ecs:${stack.region}:${account.id}:cluster/cluster_name",
    ),
    (
        "error",
        "nightly.asl.json:13:27",
        "`TaskDefinition` is in ap-southeast-1, and the stack in eu-central-1: a state reaches its own region only",
        "${task_definition.task_name.arn}",
    ),
    (
        "error",
        "nightly.asl.json:13:27",
        "`XXXXXXXXXX` is no account: an account id has 12 digits",
        "${task_definition.task_name.arn}",
    ),
    (
        "error",
        "nightly.asl.json:13:27",
        "there is an empty part in `task-definition//task_name:3`",
        "${task_definition.task_name.arn}",
    ),
    (
        "warning",
        "nightly.asl.json:13:27",
        "`TaskDefinition` is task_definition.task_name, spelt by hand",
        "${task_definition.task_name.arn}",
    ),
    (
        "warning",
        "nightly.asl.json:13:27",
        "revision 3 is pinned: once it is deregistered, the state fails",
        "${task_definition.task_name.arn}",
    ),
    ("error", "nightly.asl.json:14:57", "task_definition.task_name has no container `reprot`", "report"),
];

/// What `validate` says of a stack: severity, place, message, and the proposed text.
fn said(folder: &Path, file: &str) -> Vec<(String, String, String, String)> {
    let outcome = stepwright(folder, &["validate", file, "--format", "json"]);
    let told = outcome.json();
    let told = told["diagnostics"].as_array().expect("a list");
    let text = |value: &Json| value.as_str().unwrap_or_default().trim_matches('"').to_owned();
    let one = |it: &Json| {
        let place = format!("{}:{}:{}", it["file"].as_str().unwrap_or_default(), it["line"], it["column"]);
        (text(&it["severity"]).to_lowercase(), place, text(&it["message"]), text(&it["replacement"]))
    };
    told.iter().map(one).collect()
}

#[test]
fn the_workflow_as_it_is_often_written() {
    let said = said(&root().join("tests/fixtures/references"), "blog.toml");
    let wanted: Vec<_> =
        BLOG.iter().map(|(a, b, c, d)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned(), (*d).to_owned())).collect();
    for (said, wanted) in said.iter().zip(&wanted) {
        assert_eq!(said, wanted);
    }
    assert_eq!(said.len(), wanted.len(), "{said:#?}");
}

const TRUST: &str = r#"{ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "states.amazonaws.com" }, Action = "sts:AssumeRole" }] }"#;

/// A stack of a cluster, a task definition and a machine that runs it. `task` is more of the task definition, and
/// `cluster` of the cluster.
fn stack(task: &str, cluster: &str, arguments: &Json) -> (String, String) {
    let toml = format!(
        "[stack]\nname = \"s\"\nregion = \"eu-central-1\"\n\n[cluster.main]\n{cluster}\n\n[task_definition.report]\n{task}\ncontainer_definitions = [{{ name = \"report\", image = \"busybox\", memory = 64 }}, {{ name = \"proxy\", image = \"envoy\", memory = 64 }}]\n\n[role.workflow]\nassume_role_policy_document = {TRUST}\npermissions_for = \"state_machine.m\"\n\n[state_machine.m]\nrole_arn = \"${{role.workflow.arn}}\"\ndefinition = {{ file = \"m.json\" }}\n"
    );
    let mut arguments = arguments.clone();
    if let Some(map) = arguments.as_object_mut() {
        map.entry("Cluster").or_insert(json!("${cluster.main.arn}"));
        map.entry("TaskDefinition").or_insert(json!("${task_definition.report.arn}"));
    }
    let definition = json!({ "StartAt": "Run", "TimeoutSeconds": 60, "States": { "Run": {
        "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": arguments, "End": true } } });
    (toml, serde_json::to_string_pretty(&definition).expect("JSON"))
}

const FARGATE: &str = "requires_compatibilities = [\"FARGATE\"]\nnetwork_mode = \"awsvpc\"\ncpu = \"256\"\nmemory = \"512\"";
const BRIDGE: &str = "requires_compatibilities = [\"EC2\"]";

#[test]
fn tasks_that_ecs_would_refuse() {
    let network = json!({ "AwsvpcConfiguration": { "Subnets": ["subnet-1"] } });
    let fargate = |more: Json| {
        let mut arguments = json!({ "LaunchType": "FARGATE", "NetworkConfiguration": network.clone() });
        if let (Some(all), Json::Object(more)) = (arguments.as_object_mut(), more) {
            all.extend(more);
        }
        arguments
    };
    let overrides = |container: Json| json!({ "ContainerOverrides": [container] });
    let providers = "capacity_providers = [\"FARGATE\", \"FARGATE_SPOT\"]";
    let cases: Vec<(&str, &str, Json, Vec<&str>)> = vec![
        (FARGATE, "", fargate(json!({})), vec![]),
        (BRIDGE, "", json!({ "LaunchType": "EC2" }), vec![]),
        (BRIDGE, "", json!({}), vec![]),
        ("", "", json!({ "LaunchType": "EC2" }), vec![]),
        (
            BRIDGE,
            "",
            json!({ "LaunchType": "FARGATE" }),
            vec!["error `LaunchType` is FARGATE, and task_definition.report is made for EC2 → EC2"],
        ),
        (
            "",
            "",
            json!({ "LaunchType": "FARGATE" }),
            vec!["error Fargate needs the network mode awsvpc, and that of task_definition.report is bridge → "],
        ),
        (
            BRIDGE,
            "",
            json!({ "LaunchType": "EC3" }),
            vec!["error `LaunchType` is one of EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES, not `EC3` → EC2"],
        ),
        (
            FARGATE,
            "",
            json!({ "NetworkConfiguration": network }),
            vec!["error there is no `LaunchType`: ECS takes EC2 then, and task_definition.report is made for FARGATE → "],
        ),
        (
            FARGATE,
            "",
            json!({ "LaunchType": "FARGATE" }),
            vec!["error task_definition.report has the network mode awsvpc, so `NetworkConfiguration` is needed → "],
        ),
        (
            BRIDGE,
            "",
            json!({ "LaunchType": "EC2", "NetworkConfiguration": network }),
            vec!["error `NetworkConfiguration` is for the network mode awsvpc, and that of task_definition.report is bridge → "],
        ),
        (
            FARGATE,
            "",
            json!({ "LaunchType": "FARGATE", "NetworkConfiguration": { "AwsvpcConfiguration": {} } }),
            vec!["error `AwsvpcConfiguration` has no `Subnets` → "],
        ),
        (
            FARGATE,
            "",
            json!({ "LaunchType": "FARGATE", "NetworkConfiguration": { "AwsvpcConfiguration": { "Subnets.$": "$.subnets", "AssignPublicIp": "YES" } } }),
            vec!["error `AssignPublicIp` is ENABLED or DISABLED, not `YES` → "],
        ),
        (
            FARGATE,
            providers,
            fargate(json!({ "CapacityProviderStrategy": [{ "CapacityProvider": "FARGATE_SPOT", "Weight": 1 }] })),
            vec!["error `LaunchType` and `CapacityProviderStrategy` exclude each other → "],
        ),
        (
            FARGATE,
            providers,
            json!({ "NetworkConfiguration": network, "CapacityProviderStrategy": [{ "CapacityProvider": "FARGATE_SPOT", "Weight": 1 }] }),
            vec![],
        ),
        (
            FARGATE,
            providers,
            json!({ "NetworkConfiguration": network, "CapacityProviderStrategy": [{ "CapacityProvider": "FARGATE_SPOTS", "Weight": 0 }] }),
            vec![
                "error one of the weights must be more than 0 → ",
                "error cluster.main has no capacity provider `FARGATE_SPOTS` → FARGATE_SPOT",
                "error task_definition.report is made for FARGATE, and can't run on `FARGATE_SPOTS` → ",
            ],
        ),
        (
            FARGATE,
            "",
            fargate(json!({ "PlacementStrategy": [{ "Type": "random" }] })),
            vec!["error on Fargate there is no `PlacementStrategy` → "],
        ),
        (
            BRIDGE,
            "",
            json!({ "LaunchType": "EC2", "PlatformVersion": "1.4.0" }),
            vec!["error only Fargate has a `PlatformVersion` → "],
        ),
        (
            FARGATE,
            "",
            fargate(json!({ "Overrides": overrides(json!({ "Name": "reprot" })) })),
            vec!["error task_definition.report has no container `reprot` → report"],
        ),
        (
            FARGATE,
            "",
            fargate(json!({ "Overrides": overrides(json!({ "Command": ["x"] })) })),
            vec!["error the override does not say by `Name` which container it is for → "],
        ),
        (FARGATE, "", fargate(json!({ "Overrides": overrides(json!({ "Name.$": "$.name" })) })), vec![]),
        (
            FARGATE,
            "",
            fargate(json!({ "Overrides": { "Memory": "4096" } })),
            vec!["error Fargate has no 4096 MiB of memory with 256 units of CPU → "],
        ),
        (FARGATE, "", fargate(json!({ "Overrides": { "Cpu": "512", "Memory": "4 GB" } })), vec![]),
        (
            FARGATE,
            "",
            fargate(json!({ "Overrides": overrides(json!({ "Name": "report", "Memory": 1024 })) })),
            vec!["error the container asks for 1024 MiB, and the task has 512 MiB → "],
        ),
        (
            FARGATE,
            "",
            fargate(json!({ "EnableExecuteCommand": true })),
            vec!["error ECS Exec takes the task's role, and task_definition.report has no task_role_arn → "],
        ),
        (
            FARGATE,
            "",
            fargate(json!({ "TaskDefinition": "s-report" })),
            vec!["warning `TaskDefinition` is task_definition.report, spelt by hand → ${task_definition.report.arn}"],
        ),
        (
            FARGATE,
            "",
            fargate(json!({ "Cluster": "s-main" })),
            vec!["warning `Cluster` is cluster.main, spelt by hand → ${cluster.main.arn}"],
        ),
        (
            FARGATE,
            "",
            fargate(json!({ "cluster": "x", "Overrides": { "ContainerOveride": [] } })),
            vec![
                "error `cluster` is no argument of ecs:runTask here → Cluster",
                "error `ContainerOveride` is no argument of ecs:runTask here → ContainerOverrides",
            ],
        ),
    ];
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (task, cluster, arguments, wanted) in cases {
        let (toml, definition) = stack(task, cluster, &arguments);
        std::fs::write(folder.path().join("s.toml"), &toml).expect("written");
        std::fs::write(folder.path().join("m.json"), definition).expect("written");
        let mut told: Vec<String> = said(folder.path(), "s.toml")
            .into_iter()
            .map(|(severity, _, message, text)| format!("{severity} {message} → {text}"))
            .collect();
        let mut wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
        told.sort();
        wanted.sort();
        assert_eq!(told, wanted, "{task}\n{cluster}\n{arguments}");
    }
}

#[test]
fn named_warnings_are_turned_off() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let network = json!({ "AwsvpcConfiguration": { "Subnets": ["subnet-1"] } });
    let arguments = json!({ "LaunchType": "FARGATE", "NetworkConfiguration": network, "TaskDefinition": "s-report:3" });
    let (toml, definition) = stack(FARGATE, "", &arguments);
    let toml = toml.replace("name = \"s\"\n", "name = \"s\"\nallow = [\"spelled-by-hand\", \"pinned-revision\"]\n");
    std::fs::write(folder.path().join("s.toml"), toml).expect("written");
    std::fs::write(folder.path().join("m.json"), definition).expect("written");
    assert_eq!(said(folder.path(), "s.toml"), []);
}

#[test]
fn what_is_outside_is_looked_up() {
    let world = World::of(&ECS_TASK);
    let definition = "ecs-task.asl.json";
    world.edit(definition, "${cluster.main.arn}", "arn:aws:ecs:eu-central-1:123456789012:cluster/elsewhere");
    let told = world.stepwright(&["plan", ECS_TASK.file]).expect(0);
    told.says(&[
        "warning: AWS has no active cluster `arn:aws:ecs:eu-central-1:123456789012:cluster/elsewhere`",
        "ecs-task.asl.json:",
    ]);
    world.call("ecs", "create_cluster", json!({ "clusterName": "elsewhere" }));
    let told = world.stepwright(&["plan", ECS_TASK.file]).expect(0);
    assert!(!told.stderr.contains("no active cluster"), "{told}");
    // Of another account, nothing is there to be seen.
    world.edit(definition, "123456789012:cluster", "210987654321:cluster");
    let told = world.stepwright(&["plan", ECS_TASK.file]).expect(1);
    told.says(&["`Cluster` is in the account 210987654321, and the stack in 123456789012"]);
}

#[test]
fn what_is_looked_up_is_held_against_the_definition() {
    let world = World::of(&EXISTING_CLUSTER);
    let text = world.read(EXISTING_CLUSTER.file);
    let launch = text.find("LaunchType").expect("the example says how it launches");
    assert!(text[launch..].starts_with("LaunchType"), "{text}");
    let (old, new) = if text.contains("LaunchType = \"EC2\"") || text.contains("\"LaunchType\": \"EC2\"") {
        ("EC2", "FARGATE")
    } else {
        ("FARGATE", "EC2")
    };
    world.edit(EXISTING_CLUSTER.file, &format!("\"{old}\""), &format!("\"{new}\""));
    world.stepwright(&["validate", EXISTING_CLUSTER.file]).expect(0);
    let told = world.stepwright(&["plan", EXISTING_CLUSTER.file]).expect(1);
    told.says(&["`LaunchType` is", "data.task_definition."]);
}

#[test]
fn the_opinion_of_step_functions() {
    let world = World::of(&ECS_TASK);
    world.stepwright(&["plan", ECS_TASK.file]).expect(0);
    let asked =
        |world: &World| world.endpoint.calls().iter().filter(|call| call.action == "ValidateStateMachineDefinition").count();
    assert_eq!(asked(&world), 1, "it is asked about what is new");
    world
        .endpoint
        .set_faults(&["error,action=ValidateStateMachineDefinition,status=400,code=AccessDeniedException,message=not_allowed"]);
    let told = world.stepwright(&["plan", ECS_TASK.file]).expect(0);
    told.says(&["notice: AWS was not asked what it thinks of the definitions, which were checked offline: states:ValidateStateMachineDefinition"]);
    world.endpoint.set_faults(&[]);
    world.stepwright(&["apply", ECS_TASK.file, "--yes"]).expect(0);
    world.endpoint.forget_calls();
    world.stepwright(&["plan", ECS_TASK.file, "--detailed-exitcode"]).expect(0);
    assert_eq!(asked(&world), 0, "what has not changed is not asked about");
}
