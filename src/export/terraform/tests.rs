use expect_test::expect;
use serde_json::json;

use super::*;
use crate::resources;

const STATE: &str = include_str!("../../../tests/fixtures/terraform/state.tfstate");
const SHOWN: &str = include_str!("../../../tests/fixtures/terraform/show.json");

fn told(text: &str) -> String {
    let takeover = read(text, resources::ALL).expect("a state");
    let taken = takeover.resources.iter().map(|it| {
        let kind = it.kind.description().name;
        format!("{} = {kind}.{}  {}\n", it.terraform_address, it.local_name, it.id)
    });
    let parts = takeover.parts.iter().map(|part| format!("part: {} of {}\n", part.terraform_address, part.owner));
    let staying = takeover.staying.iter().map(|address| format!("stays: {address}\n"));
    taken.chain(parts).chain(staying).collect()
}

#[test]
fn a_state() {
    expect![[r#"
        aws_ecs_cluster.main = cluster.main  arn:aws:ecs:eu-central-1:123456789012:cluster/report
        aws_ecs_task_definition.report[0] = task_definition.report  arn:aws:ecs:eu-central-1:123456789012:task-definition/report:3
        module.roles.aws_iam_role.this["execution"] = role.roles_this_execution  arn:aws:iam::123456789012:role/report-execution
        module.roles.aws_iam_role.this["task"] = role.roles_this_task  arn:aws:iam::123456789012:role/batch/report-task
        module.flow["nightly"].aws_iam_role.workflow = role.workflow  arn:aws:iam::123456789012:role/report-workflow
        module.flow["nightly"].aws_sfn_state_machine.nightly-report = state_machine.nightly-report  arn:aws:states:eu-central-1:123456789012:stateMachine:report
        aws_cloudwatch_log_group.report = log_group.report  arn:aws:logs:eu-central-1:123456789012:log-group:/report
        part: aws_ecs_cluster_capacity_providers.main of aws_ecs_cluster.main
        part: module.flow["nightly"].aws_iam_role_policy.run of module.flow["nightly"].aws_iam_role.workflow
        part: module.roles.aws_iam_role_policy_attachment.this[0] of module.roles.aws_iam_role.this["execution"]
        part: aws_iam_policy_attachment.shared of module.roles.aws_iam_role.this["task"]
        stays: aws_iam_role_policy.elsewhere
        stays: aws_iam_policy.p
    "#]]
    .assert_eq(&told(STATE));
}

#[test]
fn the_same_as_terraform_shows_it() {
    let sorted = |text: String| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(told(SHOWN)), sorted(told(STATE)));
    assert_eq!(read(SHOWN, resources::ALL).expect("a state").region().as_deref(), Some("eu-central-1"));
}

#[test]
fn what_is_no_state() {
    let error = |text: &str| read(text, resources::ALL).expect_err(text);
    let half = STATE.get(..STATE.len() / 2).unwrap_or_default();
    assert!(matches!(error(half), TerraformError::Truncated { .. }));
    assert_eq!(error(" \n"), TerraformError::Empty);
    assert!(matches!(error("resource \"a\" {}"), TerraformError::NotJson { line: 1, .. }));
    assert_eq!(error("[]"), TerraformError::NotAState);
    assert_eq!(error("{\"version\": \"4\"}"), TerraformError::NotAState);
    assert_eq!(error("{\"version\": 3, \"modules\": []}"), TerraformError::TooOld { version: 3 });
    assert_eq!(error("{\"version\": 3, \"backend\": {\"type\": \"s3\"}}"), TerraformError::Backend);
    assert_eq!(error("{\"version\": 5, \"resources\": []}"), TerraformError::TooNew { version: 5 });
    assert_eq!(error("{\"format_version\": \"1.2\", \"planned_values\": {}}"), TerraformError::Plan);
    let encrypted =
        "{\"serial\": 1, \"lineage\": \"x\", \"meta\": {}, \"encrypted_data\": \"eyJ\", \"encryption_version\": \"v0\"}";
    assert_eq!(error(encrypted), TerraformError::Encrypted);
    let without = STATE.replace("\"arn\": \"arn:aws:ecs:eu-central-1:123456789012:cluster/report\",", "");
    let without = without.replace("\"id\": \"arn:aws:ecs:eu-central-1:123456789012:cluster/report\",", "");
    assert!(matches!(error(&without), TerraformError::Incomplete { .. }));
    assert!(told("{\"version\": 4, \"resources\": []}").is_empty());
    assert!(told("{\"format_version\": \"1.0\"}").is_empty());
}

#[test]
fn what_a_stack_describes() {
    let place =
        Place { partition: Some("aws".into()), region: Some("eu-central-1".into()), account_id: Some("123456789012".into()) };
    let takeover = read(STATE, resources::ALL).expect("a state");
    let described = |kind: &str, spec: Json| -> Vec<String> {
        let kind = resources::find(kind).expect("a type");
        let spec = Value::from(spec);
        let found = takeover.resources.iter().filter(|taken| taken.is_described_by(kind, &spec, &place));
        found.map(|taken| taken.local_name.clone()).collect()
    };
    assert_eq!(described("cluster", json!({ "name": "report" })), ["main"]);
    assert_eq!(described("state_machine", json!({ "name": "report" })), ["nightly-report"]);
    assert_eq!(described("task_definition", json!({ "family": "report" })), ["report"]);
    assert_eq!(described("role", json!({ "name": "report-task", "path": "/batch/" })), ["roles_this_task"]);
    assert_eq!(described("log_group", json!({ "name": "/report" })), ["report"]);
    assert_eq!(described("role", json!({ "name": "report-task" })), Vec::<String>::new());
    assert_eq!(described("cluster", json!({ "name": "reports" })), Vec::<String>::new());
}
