use serde_json::{Value as Json, json};

use super::statement::text_of;
use super::*;

/// The tree of `json`, in which texts are templates.
fn read(json: Json) -> Value {
    Value::from(json).map_leaves(&mut |leaf| match leaf.as_str().map(Template::parse) {
        Some(Ok(template)) => value(template),
        _ => leaf.clone(),
    })
}

fn policy(document: &Value, sampler: &Sampler<'_>) -> GrantedPolicy {
    GrantedPolicy::written(Path::default(), document, sampler)
}

fn told(need: &Need) -> String {
    let short = |resource: &Value| {
        let text = text_of(resource);
        let own = text.strip_prefix("arn:${account.partition}:").and_then(|rest| {
            let (service, resource) = rest.split_once(":${stack.region}:${account.id}:")?;
            Some(format!("~{service}:{resource}"))
        });
        own.unwrap_or(text)
    };
    let resources = match &need.target {
        Target::All(resources) | Target::Any(resources) => resources.iter().map(short).collect::<Vec<_>>().join(" | "),
        Target::Whole | Target::Untold(_) => "*".to_owned(),
    };
    let service =
        need.conditions.first().and_then(|it| it.value.as_str()).map(|service| format!(" for {service}")).unwrap_or_default();
    format!("{} @ {resources}{service}", need.action)
}

fn needs_of(spec: Json, roles: Option<&[&str]>) -> Vec<Need> {
    let known = |_: &Template| roles.map(|roles| TaskDefinition { roles: roles.iter().map(|role| read(json!(role))).collect() });
    of_machine(Machine { spec: &read(spec), task_definition: &known })
}

fn task(call: &str, arguments: &Json) -> Json {
    let state = json!({ "Type": "Task", "Resource": format!("arn:aws:states:::{call}"), "Parameters": arguments, "End": true });
    json!({ "StartAt": "T", "States": { "T": state } })
}

#[test]
fn integrations() {
    let cases: Vec<Json> =
        serde_json::from_str(include_str!("../../../tests/fixtures/permissions/integrations.json")).expect("JSON");
    for case in cases {
        let call = case["call"].as_str().expect("a call");
        let needs = needs_of(json!({ "name": "m", "definition": task(call, &case["arguments"]) }), Some(&[]));
        let wanted: Vec<&str> = case["needs"].as_array().expect("needs").iter().filter_map(Json::as_str).collect();
        assert_eq!(needs.iter().map(told).collect::<Vec<_>>(), wanted, "{call}");
        assert!(needs.iter().all(|need| need.cause.who.as_deref() == Some("T")), "{call}");
    }
}

#[test]
fn roles_of_the_task_are_passed() {
    let definition = task("ecs:runTask", &json!({ "TaskDefinition": "${task_definition.a.arn}" }));
    let needs = needs_of(json!({ "name": "m", "definition": definition }), Some(&["${role.a.arn}"]));
    assert_eq!(told(&needs[1]), "iam:PassRole @ ${role.a.arn} for ecs-tasks.amazonaws.com");
    let needs = needs_of(json!({ "name": "m", "definition": definition }), None);
    assert_eq!((told(&needs[1]).as_str(), needs[1].is_certain), ("iam:PassRole @ * for ecs-tasks.amazonaws.com", false));
}

#[test]
fn what_is_around_the_states() {
    let spec = json!({
        "name": "m",
        "definition": { "StartAt": "M", "States": { "M": {
            "Type": "Map", "End": true,
            "ItemProcessor": { "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" }, "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } },
            "ItemReader": { "Resource": "arn:aws:states:::s3:getObject", "Parameters": { "Bucket": "in", "Key": "a.csv" } },
            "ResultWriter": { "Resource": "arn:aws:states:::s3:putObject", "Parameters": { "Bucket": "out", "Prefix": "p" } },
        } } },
        "logging_configuration": { "level": "ALL" },
        "tracing_configuration": { "enabled": true },
        "encryption_configuration": { "type": "CUSTOMER_MANAGED_KMS_KEY", "kms_key_id": "1234" },
    });
    let told: Vec<String> = needs_of(spec, None).iter().map(told).collect();
    for need in [
        "s3:GetObject @ arn:${account.partition}:s3:::in/a.csv",
        "s3:PutObject @ arn:${account.partition}:s3:::out/p/*",
        "states:StartExecution @ ~states:stateMachine:m",
        "states:DescribeExecution @ ~states:execution:m:* | ~states:execution:m/*",
        "states:RedriveExecution @ ~states:execution:m/*",
        "logs:CreateLogDelivery @ *",
        "xray:PutTraceSegments @ *",
        "kms:Decrypt @ ~kms:key/1234",
        "kms:GenerateDataKey @ ~kms:key/1234",
    ] {
        assert!(told.iter().any(|told| told == need), "{need}: {told:#?}");
    }
}

#[test]
fn containers() {
    let spec = json!({ "container_definitions": [{
        "name": "c",
        "image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app:1",
        "secrets": [{ "name": "A", "value_from": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:s-abcdef:key::" }, { "name": "B", "value_from": "b" }],
        "log_configuration": { "log_driver": "awslogs", "options": { "awslogs-group": "/g", "awslogs-create-group": "true" } },
    }] });
    assert_eq!(
        of_containers(&read(spec)).iter().map(told).collect::<Vec<_>>(),
        [
            "ecr:GetAuthorizationToken @ *",
            "ecr:BatchCheckLayerAvailability @ arn:${account.partition}:ecr:eu-central-1:123456789012:repository/team/app",
            "ecr:GetDownloadUrlForLayer @ arn:${account.partition}:ecr:eu-central-1:123456789012:repository/team/app",
            "ecr:BatchGetImage @ arn:${account.partition}:ecr:eu-central-1:123456789012:repository/team/app",
            "secretsmanager:GetSecretValue @ arn:aws:secretsmanager:eu-central-1:123456789012:secret:s-abcdef",
            "ssm:GetParameters @ ~ssm:parameter/b",
            "logs:CreateLogStream @ ~logs:log-group:/g:*",
            "logs:PutLogEvents @ ~logs:log-group:/g:*",
            "logs:CreateLogGroup @ ~logs:log-group:/g:*",
        ]
    );
}

#[test]
fn a_log_group_that_is_referred_to() {
    for (name, needed) in [
        ("${log_group.x.name}", "${log_group.x.arn}:*"),
        ("${data.log_group.x.name}", "${data.log_group.x.arn}:*"),
        ("/ecs/${stack.name}", "~logs:log-group:/ecs/${stack.name}:*"),
    ] {
        let logging = json!({ "log_driver": "awslogs", "options": { "awslogs-group": name } });
        let needs = of_containers(&read(json!({ "container_definitions": [{ "name": "c", "log_configuration": logging }] })));
        let wanted = [format!("logs:CreateLogStream @ {needed}"), format!("logs:PutLogEvents @ {needed}")];
        assert_eq!(needs.iter().map(told).collect::<Vec<_>>(), wanted);
    }
}

#[test]
fn a_policy_of_statements_grants_what_it_is_made_of() {
    let definition = task("ecs:runTask.sync", &json!({ "TaskDefinition": "report", "Tags": [] }));
    let needs = needs_of(json!({ "name": "m", "definition": definition }), Some(&["${role.a.arn}"]));
    let made = statements(&needs);
    // The order of the states plays no part.
    let reversed = statements(&needs.iter().rev().cloned().collect::<Vec<_>>());
    assert_eq!(policy_document(&made), policy_document(&reversed));
    let sids: Vec<&str> = made.iter().map(|statement| statement.sid.as_str()).collect();
    assert_eq!(sids, ["EcsDescribeTasks", "EcsRunTask", "EventsDescribeRule", "IamPassRoleEcsTasks"]);
    let sampler = Sampler { lookup: &|_| Some("arn:aws:iam::123456789012:role/a".to_owned()), region: None };
    let whole = Granted { policies: vec![policy(&policy_document(&made), &sampler)], ..Granted::default() };
    for need in &needs {
        assert_eq!(judge(need, &whole, &sampler), Verdict::Granted, "{}", need.action);
        // Without this action, exactly this one is missing.
        let mut less = made.clone();
        less.iter_mut().for_each(|statement| statement.actions.retain(|action| *action != need.action));
        less.retain(|statement| !statement.actions.is_empty());
        let granted = Granted { policies: vec![policy(&policy_document(&less), &sampler)], ..Granted::default() };
        assert!(matches!(judge(need, &granted, &sampler), Verdict::Missing(_)), "{}", need.action);
    }
}

#[test]
fn verdicts() {
    let need = |action: &str, resource: &str| Need {
        action: action.to_owned(),
        target: Target::All(vec![read(json!(resource))]),
        conditions: Vec::new(),
        is_certain: true,
        cause: Cause { path: Path::default(), who: None, reason: String::new() },
    };
    let sampler = Sampler { lookup: &|_| None, region: Some("eu-central-1".to_owned()) };
    let judged = |need: &Need, statements: Json, unknown: &[&str], has_unknown_boundary: bool| {
        let policies = vec![policy(&read(json!({ "Statement": statements })), &sampler)];
        let unknown = unknown.iter().map(|arn| (*arn).to_owned()).collect();
        judge(need, &Granted { policies, unknown, boundary: None, has_unknown_boundary }, &sampler)
    };
    let publish = need("sns:Publish", "arn:aws:sns:eu-central-1:123456789012:t");
    let allow = |resource: &str| json!({ "Effect": "Allow", "Action": "sns:*", "Resource": resource });
    assert_eq!(judged(&publish, allow("arn:aws:sns:eu-central-1:${account.id}:t"), &[], false), Verdict::Granted);
    assert_eq!(judged(&publish, allow("*"), &[], true), Verdict::Undecided);
    assert_eq!(judged(&publish, json!([]), &["arn:x"], false), Verdict::Undecided);
    assert!(matches!(judged(&publish, json!([]), &[], false), Verdict::Missing(_)));
    let deny = json!([allow("*"), { "Effect": "Deny", "NotAction": "s3:*", "Resource": "*" }]);
    assert!(matches!(judged(&publish, deny, &[], false), Verdict::Denied(_)));
    // What is looked up is known by the same reference alone.
    let looked_up = need("ecs:RunTask", "${data.task_definition.a.arn}");
    assert_eq!(
        judged(&looked_up, json!({ "Effect": "Allow", "Action": "*", "Resource": "${data.task_definition.a.arn}" }), &[], false),
        Verdict::Granted
    );
    assert_eq!(
        judged(&looked_up, json!({ "Effect": "Allow", "Action": "*", "Resource": "arn:x" }), &[], false),
        Verdict::Undecided
    );
    assert!(matches!(
        judged(&looked_up, json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }), &[], false),
        Verdict::Missing(_)
    ));
}

#[test]
fn a_reason_stays_with_its_own_resource() {
    let need = |who: &str, action: &str, topic: &str| Need {
        action: action.to_owned(),
        target: Target::All(vec![Value::string(topic)]),
        conditions: Vec::new(),
        is_certain: true,
        cause: Cause { path: Path::default(), who: Some(who.to_owned()), reason: "r".to_owned() },
    };
    let made =
        statements(&[need("A", "sns:Publish", "arn:a"), need("B", "sns:Publish", "arn:b"), need("B", "sns:Subscribe", "arn:b")]);
    let told: Vec<String> = made
        .iter()
        .flat_map(|statement| statement.reasons.iter().map(move |reason| (statement, reason)))
        .map(|(statement, reason)| format!("{:?} {:?} {:?}", statement.resources.len(), reason.cause.who, reason.actions))
        .collect();
    assert_eq!(told, [r#"1 Some("A") {"sns:Publish"}"#, r#"1 Some("B") {"sns:Publish", "sns:Subscribe"}"#]);
}
