//! What the role of a state machine must be allowed to do.

use crate::document::permissions::calls::{bucket_target, of_sdk};
use crate::document::permissions::given::{Given, first_given, given};
use crate::document::permissions::integrations::{Grant, On, row};
use crate::document::permissions::names::{self, Form};
use crate::document::permissions::{Cause, Condition, Need, Target, arn, global_arn, text, value};
use crate::document::states_language::ManagedRule;
use crate::document::states_language::model::{ScopeRole, State, StateKind, StateMachine};
use crate::template::{Part, Template};
use crate::value::{Path, Value};

/// A machine and what is around it.
#[derive(Clone, Copy)]
pub struct Machine<'a> {
    /// The whole spec.
    pub spec: &'a Value,
    /// The roles of the task definition that this names; none if it is not known here.
    pub task_definition: &'a dyn Fn(&Template) -> Option<TaskDefinition>,
}

/// What a task definition brings with it.
#[derive(Clone, Debug, Default)]
pub struct TaskDefinition {
    /// Its task role and its execution role.
    pub roles: Vec<Value>,
}

/// What it takes to deliver logs, as AWS's documentation lists it.
pub const LOG_DELIVERY: [&str; 8] = [
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
];

/// Everything that the machine's role needs.
pub fn of_machine(machine: Machine<'_>) -> Vec<Need> {
    let Some(definition) = machine.spec.get("definition") else { return Vec::new() };
    let mut found = Found { needs: Vec::new(), path: Path::default(), who: None, reason: String::new() };
    let parsed = StateMachine::parse(definition);
    for state in parsed.states() {
        found.path = Path(Path::key("definition").0.into_iter().chain(state.path.0.iter().cloned()).collect());
        found.who = Some(state.name.to_owned());
        match state.kind {
            Some(StateKind::Task) => of_task(machine, state, &mut found),
            Some(StateKind::Map) => {
                of_items(state, &mut found);
                if parsed.within(state).any(|scope| scope.role == ScopeRole::Distributed) {
                    of_child_executions(machine.spec, &mut found);
                }
            }
            _ => {}
        }
    }
    found.who = None;
    of_settings(machine.spec, &mut found);
    found.needs
}

/// What has been found so far, and for what the rest is looked for.
pub(super) struct Found {
    needs: Vec<Need>,
    path: Path,
    who: Option<String>,
    reason: String,
}

impl Found {
    pub(super) fn add(&mut self, actions: &[&str], target: &Target) {
        self.add_with(actions, target, None, true);
    }

    pub(super) fn add_with(&mut self, actions: &[&str], target: &Target, passed_to: Option<&'static str>, is_certain: bool) {
        for action in actions {
            let cause = Cause { path: self.path.clone(), who: self.who.clone(), reason: self.reason.clone() };
            let conditions = passed_to.map(Condition::passed_to).into_iter().collect();
            self.needs.push(Need { action: (*action).to_owned(), target: target.clone(), conditions, is_certain, cause });
        }
    }
}

const TASKS: &str = "ecs-tasks.amazonaws.com";

fn of_task(machine: Machine<'_>, state: &State<'_>, found: &mut Found) {
    // Another role does what the state does; this one must be allowed to take it.
    if let Some(credentials) = state.part("Credentials") {
        found.reason = "the state takes another role".to_owned();
        let target = named("RoleArn", Form::Name { service: "iam", prefix: "role/" }, Some(credentials.value));
        found.add(&["sts:AssumeRole"], &target);
        return;
    }
    let Some(integration) = state.integration() else {
        // A function's own ARN; an activity needs nothing.
        let function = match state.value.get("Resource") {
            Some(Value::String(resource)) if resource.contains(":lambda:") => Template::from_parts([text(resource)]),
            Some(Value::Pending(template)) if template.to_string().contains(":lambda:") => template.clone(),
            _ => return,
        };
        found.reason = "the state calls the function".to_owned();
        let arns = names::arns(Form::Versioned { service: "lambda", prefix: "function:" }, &function);
        found.add(&["lambda:InvokeFunction"], &Target::Any(arns.unwrap_or_default()));
        return;
    };
    let arguments = state.arguments().map(|arguments| arguments.value);
    let pattern = integration.pattern.as_ref().map(|pattern| format!(".{pattern}")).unwrap_or_default();
    found.reason = format!("{}{pattern}", integration.call);
    match integration.call.as_str() {
        "http:invoke" => of_http(arguments, found),
        "apigateway:invoke" => of_api(arguments, found),
        "events:putEvents" => of_events(arguments, found),
        call => match (row(call), call.strip_prefix("aws-sdk:").and_then(|call| call.split_once(':'))) {
            (Some(row), _) => {
                row.grants.iter().for_each(|grant| of_grant(grant, arguments, found));
                if integration.is_synchronous() {
                    row.sync.iter().for_each(|grant| of_grant(grant, arguments, found));
                    if let Some(rule) = row.rule {
                        let rule = arn("events", [text(format!("rule/{rule}"))]);
                        found.reason.push_str(" hears of the end through a rule");
                        found.add(&ManagedRule::ACTIONS, &Target::All(vec![rule]));
                    }
                }
            }
            (None, Some((service, call))) => of_sdk(service, call, arguments, found),
            (None, None) => {}
        },
    }
    if matches!(integration.call.as_str(), "ecs:runTask" | "aws-sdk:ecs:runTask") {
        found.reason = format!("{}{pattern} hands the roles of the task definition to the task", integration.call);
        of_task_definition(machine, arguments, found);
    }
}

fn of_grant(grant: &Grant, arguments: Option<&Value>, found: &mut Found) {
    match grant.on {
        On::Whole => found.add(grant.actions, &Target::Whole),
        On::Untold(reason) => found.add(grant.actions, &Target::Untold(reason.to_owned())),
        On::Named(argument, form) => found.add(grant.actions, &named(argument, form, arguments)),
        On::IfSet(argument) => {
            if first_given(arguments, argument) != Given::Absent {
                found.add(grant.actions, &Target::Untold(format!("`{argument}` is set, and tags what is made")));
            }
        }
        On::Object(argument) => {
            if given(arguments, argument) != Given::Absent {
                found.add(grant.actions, &named(argument, Form::Object, arguments));
            }
        }
        On::Perhaps(reason) => found.add_with(grant.actions, &Target::Untold(reason.to_owned()), None, false),
        On::Passed(argument, service) => {
            for argument in argument.split('|') {
                if given(arguments, argument) != Given::Absent {
                    let target = named(argument, Form::Name { service: "iam", prefix: "role/" }, arguments);
                    found.add_with(grant.actions, &target, Some(service), true);
                }
            }
        }
    }
}

pub(super) fn named(argument: &str, form: Form, arguments: Option<&Value>) -> Target {
    let alternatives = argument.replace('|', "` or `");
    match first_given(arguments, argument) {
        Given::Known(template) => match names::arns(form, &template) {
            // With a version, or without one.
            Some(arns) if arns.len() > 1 => Target::Any(arns),
            Some(arns) => Target::All(arns),
            None => Target::Untold(format!("`{alternatives}` does not tell an ARN")),
        },
        Given::Dynamic => Target::Untold(format!("`{alternatives}` is known only when the state runs")),
        Given::Absent => Target::Untold(format!("there is no `{alternatives}`")),
    }
}

/// Whoever starts a task hands its roles over.
fn of_task_definition(machine: Machine<'_>, arguments: Option<&Value>, found: &mut Found) {
    const PASS: [&str; 1] = ["iam:PassRole"];
    let known = match given(arguments, "TaskDefinition") {
        Given::Known(template) => (machine.task_definition)(&template),
        Given::Dynamic | Given::Absent => None,
    };
    match known {
        Some(TaskDefinition { roles }) if roles.is_empty() => {}
        Some(TaskDefinition { roles }) => found.add_with(&PASS, &Target::All(roles), Some(TASKS), true),
        // It may have no roles at all.
        None => {
            let target = Target::Untold("the roles of the task definition are not known here".to_owned());
            found.add_with(&PASS, &target, Some(TASKS), false);
        }
    }
}

fn of_http(arguments: Option<&Value>, found: &mut Found) {
    found.add(&["states:InvokeHTTPEndpoint"], &Target::Untold("an endpoint is no resource; a condition may bound it".to_owned()));
    let connection = named(
        "Authentication.ConnectionArn|InvocationConfig.ConnectionArn",
        Form::Name { service: "events", prefix: "connection/" },
        arguments,
    );
    found.add(&["events:RetrieveConnectionCredentials"], &connection);
    let secret = arn("secretsmanager", [text("secret:events!connection/*")]);
    found.add(&["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], &Target::All(vec![secret]));
}

fn of_api(arguments: Option<&Value>, found: &mut Found) {
    let host = match given(arguments, "ApiEndpoint") {
        Given::Known(template) => template.parts().first().cloned(),
        Given::Dynamic | Given::Absent => None,
    };
    let id = match host {
        Some(Part::Literal(host)) => host.split('.').next().filter(|id| !id.is_empty()).map(str::to_owned),
        _ => None,
    };
    let Some(id) = id else {
        let target = Target::Untold("`ApiEndpoint` is known only when the state runs".to_owned());
        return found.add(&["execute-api:Invoke"], &target);
    };
    let part = |argument: &str| match given(arguments, argument) {
        Given::Known(template) => template.as_literal().map_or("*".to_owned(), |text| text.trim_start_matches('/').to_owned()),
        Given::Dynamic | Given::Absent => "*".to_owned(),
    };
    let resource = format!("{id}/{}/{}/{}", part("Stage"), part("Method"), part("Path"));
    found.add(&["execute-api:Invoke"], &Target::All(vec![arn("execute-api", [text(resource)])]));
}

fn of_events(arguments: Option<&Value>, found: &mut Found) {
    let form = Form::Name { service: "events", prefix: "event-bus/" };
    let entries = arguments.and_then(|arguments| arguments.get("Entries")).map(Value::items).unwrap_or_default();
    if entries.is_empty() {
        found.add(&["events:PutEvents"], &Target::Untold("`Entries` is known only when the state runs".to_owned()));
    }
    for entry in entries {
        let target = match given(Some(entry), "EventBusName") {
            Given::Absent => Target::All(vec![arn("events", [text("event-bus/default")])]),
            _ => named("EventBusName", form, Some(entry)),
        };
        found.add(&["events:PutEvents"], &target);
    }
}

/// What a map reads its items from, and where it writes its results to.
fn of_items(state: &State<'_>, found: &mut Found) {
    for (member, is_written) in [("ItemReader", false), ("ResultWriter", true)] {
        let Some(part) = state.part(member) else { continue };
        let Some(resource) = part.value.text("Resource") else { continue };
        let arguments = part.value.get("Parameters").or(part.value.get("Arguments"));
        found.reason = member.to_owned();
        if is_written {
            let mut prefix = match given(arguments, "Bucket") {
                Given::Known(bucket) => bucket.parts().to_vec(),
                Given::Dynamic | Given::Absent => {
                    let target = Target::Untold("`Bucket` is known only when the state runs".to_owned());
                    found.add(&WRITER, &target);
                    continue;
                }
            };
            match given(arguments, "Prefix") {
                Given::Known(given) if !given.parts().is_empty() => {
                    prefix.extend([text("/")].into_iter().chain(given.parts().iter().cloned()).chain([text("/*")]));
                }
                _ => prefix.push(text("/*")),
            }
            found.add(&WRITER, &Target::All(vec![global_arn("s3", prefix)]));
        } else if resource.ends_with("listObjectsV2") {
            found.add(&["s3:ListBucket"], &bucket_target("ListBucket", arguments));
            let is_loaded =
                part.value.get("ReaderConfig").and_then(|config| config.text("Transformation")) == Some("LOAD_AND_FLATTEN");
            if is_loaded {
                found.add(&["s3:GetObject"], &bucket_target("GetObject", arguments));
            }
        } else {
            found.add(&["s3:GetObject"], &bucket_target("GetObject", arguments));
        }
    }
}

const WRITER: [&str; 4] = ["s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"];

/// A distributed map starts executions of the machine that it is in.
fn of_child_executions(spec: &Value, found: &mut Found) {
    found.reason = "a distributed map runs its items in executions of this machine".to_owned();
    let Some(name) = spec.get("name").and_then(name_of) else { return };
    // The machine's own ARN can't be referred to: the machine waits for its role.
    let of = |prefix: &str, suffix: &str| {
        let parts = [text(prefix)].into_iter().chain(name.clone()).chain([text(suffix)]);
        arn("states", parts.filter(|part| *part != text("")))
    };
    found.add(&["states:StartExecution"], &Target::All(vec![of("stateMachine:", "")]));
    let executions = vec![of("execution:", ":*"), of("execution:", "/*")];
    found.add(&["states:DescribeExecution", "states:StopExecution"], &Target::Any(executions));
    found.reason = "the executions of a distributed map can be run again".to_owned();
    found.add_with(&["states:RedriveExecution"], &Target::All(vec![of("execution:", "/*")]), None, false);
}

fn name_of(value: &Value) -> Option<Vec<Part>> {
    match value {
        Value::String(name) => Some(vec![text(name)]),
        Value::Pending(template) => Some(template.parts().to_vec()),
        _ => None,
    }
}

/// Logging, tracing, and the key that the machine is encrypted with.
fn of_settings(spec: &Value, found: &mut Found) {
    let logging = spec.get("logging_configuration");
    if logging.and_then(|logging| logging.text("level")).is_some_and(|level| level != "OFF") {
        found.path = Path::key("logging_configuration");
        found.reason = "executions are logged".to_owned();
        found.add(&LOG_DELIVERY, &Target::Whole);
    }
    if spec.get("tracing_configuration").and_then(|tracing| tracing.get("enabled")).and_then(Value::as_bool) == Some(true) {
        found.path = Path::key("tracing_configuration");
        found.reason = "executions are traced".to_owned();
        found.add(
            &["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"],
            &Target::Whole,
        );
    }
    let Some(encryption) = spec.get("encryption_configuration") else { return };
    found.path = Path::key("encryption_configuration");
    found.reason = "executions are encrypted with this key".to_owned();
    let target = match encryption.get("kms_key_id").map(crate::document::permissions::given::known) {
        Some(Given::Known(key)) if key.to_string().contains("alias/") => {
            Target::Untold("an alias may lead to any key".to_owned())
        }
        Some(Given::Known(key)) if names::is_arn(&key) => Target::All(vec![value(key)]),
        Some(Given::Known(key)) => Target::All(vec![arn("kms", [text("key/")].into_iter().chain(key.parts().iter().cloned()))]),
        Some(Given::Dynamic) => Target::Untold("the key is not known here".to_owned()),
        Some(Given::Absent) | None => return,
    };
    found.add(&["kms:Decrypt", "kms:GenerateDataKey"], &target);
}
