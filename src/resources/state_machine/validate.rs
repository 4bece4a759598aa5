//! What Step Functions would refuse of a state machine, beyond the limits of its fields.

use crate::diagnostic::Finding;
use crate::document::states_language::{self, LONGEST_DEFINITION, MachineType};
use crate::resources::tags;
use crate::schema::wire;
use crate::template::{Part, Reference, Template};
use crate::value::{Path, Segment, Value};

/// Besides white space and control characters.
const FORBIDDEN_IN_NAMES: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";

pub fn validate(spec: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    check_name(spec, &mut findings);
    if let Some(definition) = spec.get("definition") {
        let machine_type = match spec.text("type") {
            Some("EXPRESS") => MachineType::Express,
            _ => MachineType::Standard,
        };
        let path = Path::key("definition");
        for mut finding in states_language::validate(definition, machine_type) {
            let mut whole = path.clone();
            whole.0.append(&mut finding.path.0);
            finding.path = whole;
            findings.push(finding);
        }
        let length = wire::document_text(definition).unwrap_or_default().chars().count();
        if length > LONGEST_DEFINITION {
            let message = format!("the definition has {length} characters; Step Functions allows at most {LONGEST_DEFINITION}");
            findings.push(Finding::error(path, message));
        }
    }
    check_logging(spec, &mut findings);
    check_encryption(spec, &mut findings);
    if spec.get("version_description").is_some() && spec.get("publish").is_none_or(|publish| publish.as_bool() == Some(false)) {
        findings.push(
            Finding::error(Path::key("version_description"), "no version is published that this could describe")
                .on_key()
                .help("set publish = true"),
        );
    }
    findings.extend(tags::validate(spec, tags::OURS, false));
    findings
}

fn check_name(spec: &Value, findings: &mut Vec<Finding>) {
    let Some(name) = spec.text("name") else { return };
    let path = Path::key("name");
    let is_forbidden =
        |character: &char| character.is_whitespace() || character.is_control() || FORBIDDEN_IN_NAMES.contains(*character);
    if let Some(bad) = name.chars().find(is_forbidden) {
        findings.push(Finding::error(path, format!("the name of a state machine can't hold `{}`", bad.escape_debug())));
    } else if is_logging(spec)
        && let Some(bad) = name.chars().find(|character| !character.is_ascii_alphanumeric() && !"_-".contains(*character))
    {
        let message = format!("with logging on, the name of a state machine can't hold `{}`", bad.escape_debug());
        findings.push(Finding::error(path, message).help("keep to 0-9, A-Z, a-z, - and _"));
    }
}

fn logging(spec: &Value) -> Option<&Value> {
    spec.get("logging_configuration")
}

/// Whether logs are certain to be delivered.
fn is_logging(spec: &Value) -> bool {
    logging(spec).and_then(|logging| logging.text("level")).is_some_and(|level| level != "OFF")
}

fn check_logging(spec: &Value, findings: &mut Vec<Finding>) {
    let Some(logging) = logging(spec) else { return };
    let path = Path::key("logging_configuration");
    let destinations = logging.get("destinations").map(Value::items).unwrap_or_default();
    if is_logging(spec) && destinations.is_empty() {
        findings.push(Finding::error(path.clone(), "the logs have no destination").help(
            "add destinations = [{ cloud_watch_logs_log_group = { log_group_arn = \"${log_group.NAME.arn}\" } }], or set level = \"OFF\"",
        ));
    }
    for (index, destination) in destinations.iter().enumerate() {
        let path = path.join_key("destinations").join(Segment::Index(index));
        let Some(group) = destination.get("cloud_watch_logs_log_group") else {
            findings.push(Finding::error(path, "the destination names no `cloud_watch_logs_log_group`"));
            continue;
        };
        let path = path.join_key("cloud_watch_logs_log_group");
        match group.get("log_group_arn") {
            None => findings.push(Finding::error(path, "the log group has no `log_group_arn`")),
            Some(Value::String(arn)) => findings.extend(check_log_group_arn(arn, &path.join_key("log_group_arn"))),
            Some(Value::Pending(template)) if is_name_of_log_group(template) => {
                let finding = Finding::error(path.join_key("log_group_arn"), "a log group is named by its ARN here");
                findings.push(finding.replacement(template.to_string().replace(".name}", ".arn}")));
            }
            // A template is known by its end.
            Some(Value::Pending(template)) if !template.to_string().ends_with('}') && !template.to_string().ends_with(":*") => {
                findings.push(
                    Finding::error(path.join_key("log_group_arn"), "the ARN of a log group ends in `:*` here")
                        .replacement(format!("{template}:*")),
                );
            }
            Some(_) => {}
        }
    }
}

/// Whether it is the reference to the name of a log group, and nothing else.
fn is_name_of_log_group(template: &Template) -> bool {
    let [Part::Reference(Reference::Attribute { address, attribute })] = template.parts() else { return false };
    address.resource_type == "log_group" && attribute == "name"
}

fn check_log_group_arn(arn: &str, path: &Path) -> Option<Finding> {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let ["arn", _, "logs", region, account, "log-group", _] = parts.as_slice() else {
        return Some(
            Finding::error(path.clone(), format!("`{arn}` is not the ARN of a log group"))
                .help("an example: arn:aws:logs:eu-central-1:123456789012:log-group:/aws/vendedlogs/states/NAME:*"),
        );
    };
    if region.is_empty() || account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Finding::error(path.clone(), format!("`{arn}` lacks the region or the twelve digits of the account")));
    }
    (!arn.ends_with(":*")).then(|| {
        Finding::error(path.clone(), "the ARN of a log group ends in `:*` here")
            .replacement(format!("{}:*", arn.trim_end_matches(':')))
    })
}

fn check_encryption(spec: &Value, findings: &mut Vec<Finding>) {
    let Some(encryption) = spec.get("encryption_configuration") else { return };
    let path = Path::key("encryption_configuration");
    let has_key = encryption.get("kms_key_id").is_some();
    match (encryption.get("type").map(Value::as_str), has_key) {
        (Some(Some("CUSTOMER_MANAGED_KMS_KEY")), false) => {
            findings.push(Finding::error(path, "a customer managed key needs its `kms_key_id`"));
        }
        (None | Some(Some("AWS_OWNED_KEY")), true) => findings.push(
            Finding::error(path.join_key("kms_key_id"), "an AWS owned key has no `kms_key_id`")
                .on_key()
                .help("set type = \"CUSTOMER_MANAGED_KMS_KEY\""),
        ),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn findings(extra: Json) -> Vec<String> {
        let mut spec =
            json!({ "name": "m", "role_arn": "arn", "definition": { "StartAt": "A", "States": { "A": { "Type": "Succeed" } } } });
        if let (Some(spec), Json::Object(extra)) = (spec.as_object_mut(), extra) {
            spec.extend(extra);
        }
        validate(&Value::from(spec)).into_iter().map(|finding| finding.path.to_string()).collect()
    }

    fn logging(arn: &str) -> Json {
        json!({ "level": "ALL", "destinations": [{ "cloud_watch_logs_log_group": { "log_group_arn": arn } }] })
    }

    #[test]
    fn logs() {
        let good = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/vendedlogs/states/x:*";
        assert_eq!(findings(json!({ "logging_configuration": logging(good) })), Vec::<String>::new());
        assert_eq!(
            findings(json!({ "logging_configuration": logging(good.trim_end_matches(":*")) })),
            ["logging_configuration.destinations[0].cloud_watch_logs_log_group.log_group_arn"]
        );
        assert_eq!(findings(json!({ "logging_configuration": { "level": "ALL" } })), ["logging_configuration"]);
        assert_eq!(findings(json!({ "name": "a.b" })), Vec::<String>::new());
        assert_eq!(findings(json!({ "name": "a.b", "logging_configuration": logging(good) })), ["name"]);
    }

    #[test]
    fn the_rest() {
        assert_eq!(findings(json!({ "name": "a b" })), ["name"]);
        assert_eq!(findings(json!({ "version_description": "x" })), ["version_description"]);
        assert_eq!(
            findings(json!({ "encryption_configuration": { "kms_key_id": "k" } })),
            ["encryption_configuration.kms_key_id"]
        );
        assert_eq!(findings(json!({ "definition": { "StartAt": "A", "States": {} } })), ["definition.States"]);
    }
}
