//! `Resource`, timeouts, credentials; what an express machine can't do.

use crate::diagnostic::Finding;
use crate::document::states_language::Integration;
use crate::document::states_language::model::{QueryLanguage, State, StateKind};
use crate::document::states_language::rules::code::SCHEMA_VALIDATION_FAILED;
use crate::document::states_language::rules::{MachineType, Report, is_jsonata, is_unknown, run_task};
use crate::value::Value;

/// Services whose calls have no end to wait for.
const NEVER_SYNC: [&str; 6] = ["lambda", "sns", "sqs", "dynamodb", "events", "aws-sdk"];
/// Services that hand no task token on.
const NEVER_TOKEN: [&str; 9] =
    ["athena", "batch", "codebuild", "elasticmapreduce", "emr-serverless", "glue", "databrew", "sagemaker", "dynamodb"];

/// What these calls can't do without.
const REQUIRED_ARGUMENTS: [(&str, &[&str]); 10] = [
    ("lambda:invoke", &["FunctionName"]),
    ("sqs:sendMessage", &["QueueUrl", "MessageBody"]),
    ("sns:publish", &["Message"]),
    ("dynamodb:putItem", &["TableName", "Item"]),
    ("dynamodb:getItem", &["TableName", "Key"]),
    ("states:startExecution", &["StateMachineArn"]),
    ("events:putEvents", &["Entries"]),
    ("ecs:runTask", &["TaskDefinition"]),
    ("glue:startJobRun", &["JobName"]),
    ("batch:submitJob", &["JobDefinition", "JobName", "JobQueue"]),
];

pub fn check(state: &State<'_>, machine_type: MachineType, report: &mut Report) {
    if state.kind != Some(StateKind::Task) {
        return;
    }
    check_timeouts(state, report);
    check_credentials(state, report);
    let Some(resource) = state.resource().filter(|_| state.value.get("Resource").is_some_and(|value| !is_unknown(value))) else {
        return;
    };
    check_resource(state, resource, report);
    let integration = Integration::parse(resource);
    if let Some(integration) = &integration {
        check_pattern(state, integration, report);
        check_arguments(state, integration, report);
        if integration.call == "ecs:runTask" {
            run_task::check(state, report);
        }
    }
    if machine_type == MachineType::Express {
        check_express(state, report);
    }
}

fn check_timeouts(state: &State<'_>, report: &mut Report) {
    let number = |key: &str| state.value.get(key).and_then(Value::as_i64);
    let (Some(timeout), Some(heartbeat)) = (number("TimeoutSeconds"), number("HeartbeatSeconds")) else { return };
    if heartbeat > timeout {
        let message = format!("`HeartbeatSeconds` ({heartbeat}) must be less than `TimeoutSeconds` ({timeout})");
        report.error(state.path.join_key("HeartbeatSeconds"), message);
    } else if heartbeat == timeout {
        let message = "the heartbeat is never missed: the task has timed out by then";
        report.push(Finding::warning(state.path.join_key("HeartbeatSeconds"), message));
    }
}

fn check_credentials(state: &State<'_>, report: &mut Report) {
    let Some(credentials) = state.part("Credentials") else { return };
    if matches!(credentials.value, Value::String(text) if state.query_language == QueryLanguage::Jsonata && is_jsonata(text)) {
        return;
    }
    let Some(map) = report.table(credentials.value, &credentials.path, "`Credentials`") else { return };
    if !map.contains_key("RoleArn") && !map.contains_key("RoleArn.$") {
        report.error(credentials.path, "`Credentials` has no `RoleArn`");
    }
}

/// Placeholders of templates: `_tbd_`, `<ARN>`, `{{arn}}`, `%arn%`.
fn is_placeholder(text: &str) -> bool {
    [("_", "_"), ("<", ">"), ("{{", "}}"), ("%", "%")].iter().any(|(start, end)| text.starts_with(start) && text.ends_with(end))
}

fn check_resource(state: &State<'_>, resource: &str, report: &mut Report) {
    let path = state.path.join_key("Resource");
    let example = "for example arn:aws:states:::ecs:runTask.sync";
    if is_placeholder(resource) {
        return;
    }
    let Some(rest) = resource.strip_prefix("arn:") else {
        let is_uri = resource.split_once(':').is_some_and(|(scheme, rest)| {
            !rest.is_empty()
                && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        });
        // The language itself takes any URI.
        return report.push(if is_uri {
            Finding::warning(path, format!("`{resource}` is no ARN, and Step Functions takes nothing else")).help(example)
        } else {
            Finding::error(path, format!("`{resource}` is no ARN")).code(SCHEMA_VALIDATION_FAILED).help(example)
        });
    };
    let parts: Vec<&str> = rest.splitn(5, ':').collect();
    let [partition, service, _, _, name] = parts.as_slice() else {
        let finding = Finding::error(path, format!("`{resource}` is no whole ARN")).code(SCHEMA_VALIDATION_FAILED);
        return report.push(finding.help("arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME"));
    };
    if !partition.starts_with("aws") && !is_placeholder(partition) {
        report.error(path, format!("`{resource}` names the partition `{partition}`; there are aws, aws-cn, aws-us-gov"));
    } else if service.is_empty() || name.is_empty() || name.ends_with(':') {
        report.error(path, format!("`{resource}` is no whole ARN"));
    }
}

fn check_pattern(state: &State<'_>, integration: &Integration, report: &mut Report) {
    let service = integration.call.split(':').next().unwrap_or_default();
    let path = state.path.join_key("Resource");
    match integration.pattern.as_deref() {
        Some("sync" | "sync:2") if NEVER_SYNC.contains(&service) => {
            let mut finding = Finding::error(path, format!("there is no `.sync` of {service}")).code(SCHEMA_VALIDATION_FAILED);
            if service == "lambda" {
                finding.help.push("a call of a function waits for it anyway".to_owned());
            }
            report.push(finding);
        }
        Some("waitForTaskToken") if NEVER_TOKEN.contains(&service) => {
            report
                .push(Finding::warning(path, format!("{service} can't hand on a task token")).help("`.sync` waits for its end"));
        }
        Some("sync:2") if service != "states" => {
            report.push(Finding::warning(path, format!("only states:startExecution has a `.sync:2`, not {service}")));
        }
        None | Some("sync" | "sync:2" | "waitForTaskToken") => {}
        Some(other) => {
            let message = format!("there is no `.{other}`; a call waits by .sync, .sync:2 or .waitForTaskToken");
            report.push(Finding::error(path, message).code(SCHEMA_VALIDATION_FAILED));
        }
    }
}

fn check_arguments(state: &State<'_>, integration: &Integration, report: &mut Report) {
    let Some((call, required)) = REQUIRED_ARGUMENTS.iter().find(|(call, _)| *call == integration.call) else { return };
    let member = match state.query_language {
        QueryLanguage::JsonPath => "Parameters",
        QueryLanguage::Jsonata => "Arguments",
    };
    let Some(arguments) = state.arguments() else {
        let message = format!("{call} is called without `{member}`");
        return report.push(Finding::warning(state.path.clone(), message).help(format!("it needs {}", required.join(", "))));
    };
    let Value::Map(map) = arguments.value else {
        if !matches!(arguments.value, Value::String(_)) && !is_unknown(arguments.value) {
            let message = format!("`{member}` of a call is a table, not {}", arguments.value.kind());
            report.push(Finding::warning(arguments.path, message));
        }
        return;
    };
    for key in required.iter().filter(|key| !map.contains_key(**key) && !map.contains_key(&format!("{key}.$"))) {
        report.push(Finding::warning(arguments.path.clone(), format!("{call} needs `{key}`")));
    }
}

/// Also of the executions that a distributed map makes express ones of.
pub fn express_problem(state: &State<'_>) -> Option<String> {
    let resource = state.resource()?;
    match state.integration().and_then(|integration| integration.pattern) {
        Some(pattern) => Some(format!("an express machine can't wait for a task as `.{pattern}` does")),
        None => resource.contains(":activity:").then(|| "an express machine can't run an activity".to_owned()),
    }
}

fn check_express(state: &State<'_>, report: &mut Report) {
    if let Some(message) = express_problem(state) {
        let finding = Finding::error(state.path.join_key("Resource"), message).code(SCHEMA_VALIDATION_FAILED);
        report.push(finding.help("a machine of type STANDARD can"));
    }
}
