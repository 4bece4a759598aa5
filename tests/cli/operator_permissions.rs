//! The policy that `stepwright permissions` prints: enough for each call that is made, and no more than that.

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;
use serde_json::Value as Json;
use stepwright::document::policy::{Context, Decision, decide};
use stepwright::value::Value;

use crate::support::endpoint::{Call, root};
use crate::support::fixture::ECS_TASK;
use crate::support::offline::stepwright;
use crate::support::{FIXTURES, World};

const ACCOUNT: &str = "123456789012";
const REGION: &str = "eu-central-1";

/// What AWS asks of the caller of one call: an action on a resource.
#[derive(Debug)]
struct Asked {
    action: String,
    resource: String,
    context: Context,
}

/// The roles that were made so far: IAM is told names, and knows the paths.
type Roles = BTreeMap<String, String>;

/// What AWS asks for a call, as its service authorization reference has it.
fn asked(call: &Call, roles: &mut Roles) -> Vec<Asked> {
    let service = if call.service == "stepfunctions" { "states" } else { call.service.as_str() };
    let text = |key: &str| call.request[key].as_str().unwrap_or_default().to_owned();
    let ask = |action: &str, resource: String, context: Context| Asked { action: action.to_owned(), resource, context };
    let plain = |resource: String| vec![ask(&format!("{service}:{}", call.action), resource, Context::default())];
    let arn = |resource: &str| format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}");
    let pass = |role: String, to: &str| ask("iam:PassRole", role, Context::default().with("iam:PassedToService", to));
    let tagged = |mut asked: Vec<Asked>| {
        if call.request["tags"].as_array().is_some_and(|tags| !tags.is_empty()) {
            let resource = asked[0].resource.clone();
            asked.push(ask(&format!("{service}:TagResource"), resource, Context::default()));
        }
        asked
    };
    match (service, call.action.as_str()) {
        ("sts", "GetCallerIdentity") => Vec::new(),
        ("ecs", "CreateCluster") => tagged(plain(arn(&format!("cluster/{}", text("clusterName"))))),
        ("ecs", "DescribeClusters") => {
            let arns = call.request["clusters"].as_array().into_iter().flatten().filter_map(Json::as_str);
            arns.flat_map(|arn| plain(arn.to_owned())).collect()
        }
        ("ecs", "UpdateCluster" | "PutClusterCapacityProviders" | "DeleteCluster") => plain(text("cluster")),
        ("ecs" | "states", "TagResource" | "UntagResource" | "ListTagsForResource") => plain(text("resourceArn")),
        ("ecs", "RegisterTaskDefinition") => {
            let mut asked = tagged(plain(arn(&format!("task-definition/{}:1", text("family")))));
            let handed = [text("taskRoleArn"), text("executionRoleArn")].into_iter().filter(|role| !role.is_empty());
            asked.extend(handed.map(|role| pass(role, "ecs-tasks.amazonaws.com")));
            asked
        }
        ("ecs", "DescribeTaskDefinition" | "ListTaskDefinitions" | "DeregisterTaskDefinition") => plain("*".to_owned()),
        ("ecs", "ListContainerInstances") => plain(text("cluster")),
        ("ecs", action @ ("ListTasks" | "ListServices")) => {
            vec![ask(&format!("ecs:{action}"), "*".to_owned(), Context::default().with("ecs:cluster", text("cluster")))]
        }
        ("ecs", "DeleteTaskDefinitions") => {
            let arns = call.request["taskDefinitions"].as_array().into_iter().flatten().filter_map(Json::as_str);
            arns.flat_map(|arn| plain(arn.to_owned())).collect()
        }
        ("iam", "GetPolicy" | "GetPolicyVersion") => plain(text("PolicyArn")),
        ("iam", "RemoveRoleFromInstanceProfile") => {
            plain(format!("arn:aws:iam::{ACCOUNT}:instance-profile/{}", text("InstanceProfileName")))
        }
        ("iam", action) => {
            let name = text("RoleName");
            assert!(!name.is_empty(), "what does iam:{action} ask for? {call:?}");
            if action == "CreateRole" {
                let path = call.request["Path"].as_str().unwrap_or("/");
                roles.insert(name.clone(), format!("arn:aws:iam::{ACCOUNT}:role{path}{name}"));
            }
            let arn = roles.get(&name).cloned().unwrap_or_else(|| format!("arn:aws:iam::{ACCOUNT}:role/{name}"));
            let context = match action {
                "AttachRolePolicy" => Context::default().with("iam:PolicyARN", text("PolicyArn")),
                "PutRolePermissionsBoundary" => Context::default().with("iam:PermissionsBoundary", text("PermissionsBoundary")),
                _ => Context::default(),
            };
            let mut asked = vec![ask(&format!("iam:{action}"), arn.clone(), context)];
            if action == "CreateRole" && call.request.as_object().is_some_and(|all| all.keys().any(|key| key.starts_with("Tags")))
            {
                asked.push(ask("iam:TagRole", arn, Context::default()));
            }
            asked
        }
        ("states", "CreateStateMachine") => {
            let mut asked = tagged(plain(arn(&format!("stateMachine:{}", text("name")))));
            asked.push(pass(text("roleArn"), "states.amazonaws.com"));
            asked
        }
        ("states", "UpdateStateMachine") => {
            let mut asked = plain(text("stateMachineArn"));
            if !text("roleArn").is_empty() {
                asked.push(pass(text("roleArn"), "states.amazonaws.com"));
            }
            asked
        }
        ("states", "DescribeStateMachine" | "DeleteStateMachine" | "ListExecutions") => plain(text("stateMachineArn")),
        ("logs", "DescribeLogGroups") => plain(format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*")),
        ("logs", "TagResource" | "UntagResource" | "ListTagsForResource") => plain(text("resourceArn")),
        ("logs", "PutLogGroupDeletionProtection") => plain(arn(&format!("log-group:{}:*", text("logGroupIdentifier")))),
        ("logs", _) => {
            let mut asked = plain(arn(&format!("log-group:{}:*", text("logGroupName"))));
            if call.request["tags"].as_object().is_some_and(|tags| !tags.is_empty()) {
                let bare = arn(&format!("log-group:{}", text("logGroupName")));
                asked.push(ask("logs:TagResource", bare, Context::default()));
            }
            asked
        }
        ("states", "ValidateStateMachineDefinition") => plain("*".to_owned()),
        (service, action) => panic!("what does {service}:{action} ask for? {call:?}"),
    }
}

fn is_allowed(policy: &Json, asked: &Asked) -> bool {
    let policy = Value::from(policy.clone());
    decide(&[&policy], None, &asked.action, &asked.resource, &asked.context) == Decision::Allowed
}

/// The actions that a policy names.
fn actions(policy: &Json) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().expect("statements");
    let listed = |value: &Json| match value {
        Json::String(text) => vec![text.clone()],
        Json::Array(items) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    statements.iter().flat_map(|statement| listed(&statement["Action"])).collect()
}

#[test]
fn every_call_of_each_example_is_allowed_by_the_policy_of_its_command() {
    for fixture in FIXTURES {
        let world = World::of(fixture);
        let policy = |command: &str| world.stepwright(&["permissions", fixture.file, "--for", command]).expect(0).json();
        let (plan, apply, destroy) = (policy("plan"), policy("apply"), policy("destroy"));
        let whole = world.stepwright(&["permissions", fixture.file]).expect(0).json();
        let change = |command: &'static str, more: &[&'static str]| [&[command, fixture.file], fixture.change, more].concat();
        let runs = [
            (vec!["plan", fixture.file], &plan),
            (vec!["apply", fixture.file, "--yes"], &apply),
            (change("plan", &[]), &plan),
            (change("apply", &["--yes"]), &apply),
            (vec!["drift", fixture.file], &plan),
            (vec!["destroy", fixture.file, "--yes"], &destroy),
        ];
        let mut roles = Roles::new();
        let mut has_changed = BTreeSet::new();
        for (arguments, policy) in runs {
            world.endpoint.forget_calls();
            let outcome = world.stepwright(&arguments);
            assert!(matches!(outcome.code, Some(0 | 2)), "{outcome}");
            for call in world.endpoint.calls() {
                for asked in asked(&call, &mut roles) {
                    assert!(is_allowed(policy, &asked), "{arguments:?} makes {asked:?}, which is not in {policy:#}");
                    assert!(is_allowed(&whole, &asked), "the policy of all three lacks {asked:?}");
                    if call.is_change() {
                        has_changed.insert(asked.action.clone());
                        assert!(!is_allowed(&plan, &asked), "a plan's policy allows {asked:?}");
                    }
                }
            }
        }
        fixture.assert_is_gone(&world.in_account());
        // It was looked at: both ends of the life are among the calls.
        for action in ["iam:CreateRole", "iam:PassRole", "states:CreateStateMachine", "states:DeleteStateMachine"] {
            assert!(has_changed.contains(action), "{}: no {action} in {has_changed:?}", fixture.file);
        }
        // Nor does the plan's policy allow a change that none of these runs made.
        for action in actions(&plan) {
            let verb = action.split(':').nth(1).unwrap_or_default();
            assert!(["Describe", "Get", "List", "Validate"].iter().any(|read| verb.starts_with(read)), "{action}");
        }
        // What it allows for this stack it allows for no other.
        let other = Asked {
            action: "states:DeleteStateMachine".to_owned(),
            resource: format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:other"),
            context: Context::default(),
        };
        assert!(!is_allowed(&whole, &other));
    }
}

/// Calls that are in no policy, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("iam:GetAccountAuthorizationDetails", "a shortcut for many roles; who may not make it reads role by role"),
    ("ecs:ListClusters", "export and state rebuild"),
    ("ecs:ListTaskDefinitionFamilies", "export"),
    ("states:ListStateMachines", "export and state rebuild"),
    ("iam:ListRoles", "state rebuild"),
    ("iam:ListRoleTags", "state rebuild"),
    ("sts:AssumeRole", "an action that trust policies allow, and no call of ours"),
];

/// A stack that says everything that a call hangs on.
const EVERYTHING: &str = r#"
[stack]
name = "s"
region = "eu-central-1"
[log_group.l]
retention_in_days = 7
[cluster.main]
capacity_providers = ["FARGATE"]
[role.bounded]
permissions_boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
managed_policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/AWSLambdaRole"]
assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "states.amazonaws.com" }, Action = "sts:AssumeRole" }] }
[role.free]
path = "/deep/"
assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ecs-tasks.amazonaws.com" }, Action = "sts:AssumeRole" }] }
[task_definition.t]
task_role_arn = "${role.free.arn}"
container_definitions = [{ name = "c", image = "i", memory = 64 }]
[data.role.runner]
name = "runner"
[state_machine.m]
role_arn = "${role.bounded.arn}"
publish = true
[state_machine.m.logging_configuration]
level = "ALL"
destinations = [{ cloud_watch_logs_log_group = { log_group_arn = "arn:aws:logs:eu-central-1:123456789012:log-group:g:*" } }]
[state_machine.m.encryption_configuration]
type = "CUSTOMER_MANAGED_KMS_KEY"
kms_key_id = "alias/machines"
[state_machine.m.definition]
StartAt = "Tell"
[state_machine.m.definition.States.Tell]
Type = "Task"
Resource = "arn:aws:states:::sns:publish"
Parameters = { TopicArn = "arn:aws:sns:eu-central-1:123456789012:told", Message = "x" }
Next = "Ask"
[state_machine.m.definition.States.Ask]
Type = "Task"
Resource = "arn:aws:states:::sns:publish"
Parameters = { "TopicArn.$" = "$.topic", Message = "x" }
End = true
[state_machine.n]
role_arn = "${data.role.runner.arn}"
definition = { StartAt = "P", States = { P = { Type = "Pass", End = true } } }
[state.s3]
bucket = "states"
key = "s.json"
kms_key_id = "1234"
[state.encryption]
kms_key_id = "arn:aws:kms:eu-west-1:123456789012:key/5678"
"#;

fn everything(arguments: &[&str]) -> crate::support::world::Outcome {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("s.toml"), EVERYTHING).expect("written");
    stepwright(folder.path(), &[&["permissions", "s.toml"], arguments].concat())
}

/// The code of src/resources, without the tests and without the lists of needs themselves.
fn code_of_the_types() -> String {
    fn walk(folder: &std::path::Path, code: &mut String) {
        for entry in std::fs::read_dir(folder).expect("src/resources is there") {
            let path = entry.expect("a folder entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() {
                walk(&path, code);
            } else if !["operator.rs", "tests.rs", "fake.rs", "stand_in.rs", "equality.rs"].contains(&name.as_str()) {
                let text = std::fs::read_to_string(&path).expect("a source file");
                code.push_str(text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default());
            }
        }
    }
    let mut code = String::new();
    walk(&root().join("src/resources"), &mut code);
    code
}

#[test]
fn every_call_that_the_types_can_make_is_in_a_policy() {
    let code = code_of_the_types();
    let named = Regex::new(r#""((?:ecs|iam|states|sts|kms|logs):[A-Z][A-Za-z]+)""#).expect("a pattern");
    let called = Regex::new(r"\.\s*(ecs|iam|sfn|logs)\s*\.\s*([a-z_]+)\(\)").expect("a pattern");
    let mut found: BTreeSet<String> = named.captures_iter(&code).map(|captured| captured[1].to_owned()).collect();
    let count = (found.len(), called.captures_iter(&code).count());
    found.extend(called.captures_iter(&code).map(|captured| {
        let service = if &captured[1] == "sfn" { "states" } else { &captured[1] };
        let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
        format!("{service}:{}", captured[2].split('_').map(capital).collect::<String>())
    }));
    assert!(count.0 > 40 && count.1 > 40, "the source is not read any more: {found:?}");
    let granted = actions(&everything(&["--account", ACCOUNT]).expect(0).json());
    for action in &found {
        let is_exception = EXCEPTIONS.iter().any(|(exception, _)| exception == action);
        assert_ne!(granted.contains(action), is_exception, "{action} must be in a policy or be an exception, and not both");
    }
    for (exception, _) in EXCEPTIONS {
        assert!(found.contains(*exception), "{exception} is no call any more");
    }
}

#[test]
fn the_policy_of_a_stack_that_says_everything() {
    let document = everything(&["--account", ACCOUNT]).expect(0).json();
    let policy = Value::from(document.clone());
    let decided = |action: &str, resource: &str, context: Context| decide(&[&policy], None, action, resource, &context);
    let role = |name: &str| format!("arn:aws:iam::{ACCOUNT}:role/{name}");
    let object = |ending: &str| format!("arn:aws:s3:::states/s.json{ending}");
    let plain = Context::default;
    let key = format!("arn:aws:kms:eu-central-1:{ACCOUNT}:key/1234");
    let sealing = "arn:aws:kms:eu-west-1:123456789012:key/5678";
    let of_stack = |stack: &str| plain().with("kms:EncryptionContext:stepwright:stack", stack);
    for (action, resource, context, expected) in [
        (
            "iam:AttachRolePolicy",
            role("s-bounded"),
            plain().with("iam:PolicyARN", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
            true,
        ),
        (
            "iam:AttachRolePolicy",
            role("s-bounded"),
            plain().with("iam:PolicyARN", "arn:aws:iam::aws:policy/AdministratorAccess"),
            false,
        ),
        (
            "iam:AttachRolePolicy",
            role("deep/s-free"),
            plain().with("iam:PolicyARN", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
            false,
        ),
        (
            "iam:PutRolePermissionsBoundary",
            role("s-bounded"),
            plain().with("iam:PermissionsBoundary", "arn:aws:iam::aws:policy/PowerUserAccess"),
            true,
        ),
        ("iam:DeleteRolePermissionsBoundary", role("s-bounded"), plain(), false),
        ("iam:DeleteRolePermissionsBoundary", role("deep/s-free"), plain(), true),
        ("iam:GetRole", role("s-free"), plain(), true),
        ("iam:DeleteRole", role("s-free"), plain(), false),
        ("iam:PassRole", role("s-bounded"), plain().with("iam:PassedToService", "states.amazonaws.com"), true),
        ("iam:PassRole", role("s-bounded"), plain().with("iam:PassedToService", "ec2.amazonaws.com"), false),
        ("iam:PassRole", role("runner"), plain().with("iam:PassedToService", "states.amazonaws.com"), true),
        ("iam:PassRole", role("at/a/path/runner"), plain().with("iam:PassedToService", "states.amazonaws.com"), true),
        ("iam:PassRole", role("runner2"), plain().with("iam:PassedToService", "states.amazonaws.com"), false),
        ("states:PublishStateMachineVersion", format!("arn:aws:states:eu-central-1:{ACCOUNT}:stateMachine:s-m"), plain(), true),
        ("logs:CreateLogDelivery", "*".to_owned(), plain(), true),
        (
            "kms:Decrypt",
            format!("arn:aws:kms:eu-central-1:{ACCOUNT}:key/9"),
            plain().with("kms:ResourceAliases", "alias/machines"),
            true,
        ),
        (
            "kms:Decrypt",
            format!("arn:aws:kms:eu-central-1:{ACCOUNT}:key/9"),
            plain().with("kms:ResourceAliases", "alias/other"),
            false,
        ),
        ("kms:GenerateDataKey", key, plain(), true),
        ("kms:Decrypt", sealing.to_owned(), of_stack("s"), true),
        ("kms:Decrypt", sealing.to_owned(), of_stack("other"), false),
        ("s3:ListBucket", "arn:aws:s3:::states".to_owned(), plain(), true),
        ("s3:GetObject", object(""), plain(), true),
        ("s3:PutObject", object(".lock"), plain(), true),
        ("s3:PutObject", "arn:aws:s3:::states/t.json".to_owned(), plain(), false),
        ("s3:DeleteObject", object(".states/1-a.json"), plain(), true),
        ("s3:DeleteObject", object(""), plain(), false),
    ] {
        let decision = decided(action, &resource, context);
        assert_eq!(decision == Decision::Allowed, expected, "{action} on {resource}: {decision:?} by {document:#}");
    }
    // What only reads writes nothing to the bucket, and a destroy looks nothing up.
    assert!(!actions(&everything(&["--for", "plan"]).expect(0).json()).contains("s3:PutObject"));
    let destroyed = everything(&["--for", "destroy", "--account", ACCOUNT]).expect(0).stdout;
    assert!(!destroyed.contains("ValidateStateMachineDefinition") && destroyed.contains("s3:DeleteObject"), "{destroyed}");
}

#[test]
fn a_role_of_the_stack_has_its_reasons_by_state() {
    let told = everything(&["state_machine.m", "--account", ACCOUNT, "--format", "human"]).expect(0);
    told.says(&[
        "What the role_arn of state_machine.m must be allowed to do",
        "Tell, Ask: sns:publish (sns:Publish)",
        "why so wide",
        "Ask: `TopicArn` or `TargetArn` is known only when the state runs",
        "logging_configuration: executions are logged",
    ]);
    let policy = everything(&["state_machine.m"]).expect(0).json();
    assert!(actions(&policy).contains("sns:Publish"));
    for (address, said) in [
        ("state_machine.x", "has no state_machine.x"),
        ("cluster.main", "cluster.main tells nothing of what its role must be allowed to do"),
        ("m", "`m` is not an address"),
    ] {
        everything(&[address]).expect(1).says(&[said]);
    }
    // It is the policy that `permissions_for` puts into the role.
    let example =
        stepwright(&root().join("stacks"), &["permissions", ECS_TASK.file, "state_machine.nightly", "--account", ACCOUNT]);
    let run = format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/nightly-report-report:*");
    example.expect(0).says(&[&run, "\"iam:PassedToService\": \"ecs-tasks.amazonaws.com\""]);
}

#[test]
fn what_is_not_known_is_said() {
    let outcome = everything(&[]).expect(0);
    outcome.says(&["so `*` stands for the account", "--format human tells why"]);
    assert!(outcome.stdout.contains("arn:aws:iam::*:role/s-bounded"), "{outcome}");
    everything(&["--account", "12"]).expect(1).says(&["an account has twelve digits"]);
    everything(&["--for", "apply", "--account", ACCOUNT]).expect(0).says(&["needs --for destroy as well"]);
}

#[test]
fn names_and_places_are_those_that_the_stack_file_gives() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trust = r#"assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ecs-tasks.amazonaws.com" }, Action = "sts:AssumeRole" }] }"#;
    let text = format!(
        "[stack]\nname = \"s\"\nregion = \"cn-north-1\"\n[role.old]\n{trust}\n[role.named]\nname = \"own\"\n{trust}\n\
         [cluster.c]\nname = \"in-${{account.id}}\"\n[data.task_definition.t]\narn = \"arn:aws-cn:ecs:cn-north-1:123456789012:task-definition/t:4\"\n\
         [import]\n\"role.old\" = \"legacy\"\n"
    );
    std::fs::write(folder.path().join("s.toml"), text).expect("written");
    let printed = stepwright(folder.path(), &["permissions", "s.toml", "--account", ACCOUNT]).expect(0);
    let policy = Value::from(printed.json());
    for (action, resource, expected) in [
        // An import keeps the name that it has.
        ("iam:TagRole", "arn:aws-cn:iam::123456789012:role/legacy", true),
        ("iam:GetRole", "arn:aws-cn:iam::123456789012:role/at/a/path/legacy", true),
        ("iam:TagRole", "arn:aws-cn:iam::123456789012:role/s-old", false),
        ("iam:CreateRole", "arn:aws-cn:iam::123456789012:role/own", true),
        ("ecs:CreateCluster", "arn:aws-cn:ecs:cn-north-1:123456789012:cluster/in-123456789012", true),
        ("ecs:CreateCluster", "arn:aws:ecs:cn-north-1:123456789012:cluster/in-123456789012", false),
        ("ecs:DescribeTaskDefinition", "*", true),
        ("ecs:RegisterTaskDefinition", "arn:aws-cn:ecs:cn-north-1:123456789012:task-definition/t:4", false),
    ] {
        let decision = decide(&[&policy], None, action, resource, &Context::default());
        assert_eq!(decision == Decision::Allowed, expected, "{action} on {resource}: {decision:?} by {printed}");
    }
}

#[test]
fn a_long_policy_is_told_and_can_be_shorter() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let role = |index: usize| {
        format!(
            "[role.number_{index}]\nassume_role_policy_document = {{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", Principal = {{ Service = \"states.amazonaws.com\" }}, Action = \"sts:AssumeRole\" }}] }}\n"
        )
    };
    let roles: String = (0..200).map(role).collect();
    std::fs::write(folder.path().join("s.toml"), format!("[stack]\nname = \"many\"\n{roles}")).expect("written");
    let run =
        |more: &[&str]| stepwright(folder.path(), &[&["permissions", "s.toml", "--account", ACCOUNT], more].concat()).expect(0);
    let exact = run(&[]);
    exact.says(&["IAM allows 6144 in a managed policy", "--compact makes it shorter", "no region is known"]);
    assert!(exact.stdout.contains("role/many-number_199"));
    let short = run(&["--compact"]);
    short.says(&["role/many-*", "allows the same on everything whose name begins with many-"]);
    assert!(!short.stdout.contains("number_199") && short.stdout.len() < 3000, "{short}");
}
