//! What the execution role of a task definition must be allowed to do.

use crate::document::permissions::given::{Given, known};
use crate::document::permissions::names::with_suffix;
use crate::document::permissions::{Cause, Need, Target, arn, text, value};
use crate::template::{Part, Reference, Template};
use crate::value::{Path, Segment, Value};

/// Everything that ECS does with the execution role before the containers of `spec` run, and around them.
pub fn of_containers(spec: &Value) -> Vec<Need> {
    let mut needs = Vec::new();
    let containers = spec.get("container_definitions").map(Value::items).unwrap_or_default();
    for (index, container) in containers.iter().enumerate() {
        let path = Path::key("container_definitions").join(Segment::Index(index));
        let mut add = |member: &str, actions: &[&str], target: Target, reason: &str| {
            for action in actions {
                needs.push(Need {
                    action: (*action).to_owned(),
                    target: target.clone(),
                    conditions: Vec::new(),
                    is_certain: true,
                    cause: Cause {
                        path: path.join_key(member),
                        who: container.text("name").map(str::to_owned),
                        reason: reason.to_owned(),
                    },
                });
            }
        };
        if let Some(repository) = container.get("image").and_then(repository) {
            add("image", &["ecr:GetAuthorizationToken"], Target::Whole, "the image is in ECR");
            let actions = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"];
            add("image", &actions, Target::All(vec![repository]), "the image is in ECR");
        }
        let secret_options = container.get("log_configuration").and_then(|logs| logs.get("secret_options"));
        for (member, secrets) in [("secrets", container.get("secrets")), ("log_configuration", secret_options)] {
            for from in secrets.map(Value::items).unwrap_or_default().iter().filter_map(|secret| secret.get("value_from")) {
                let (action, target) = secret(from);
                add(member, &[action], target, "a secret is read");
            }
        }
        if let Some(from) = container.get("repository_credentials").and_then(|it| it.get("credentials_parameter")) {
            add("repository_credentials", &["secretsmanager:GetSecretValue"], secret(from).1, "the registry wants credentials");
        }
        for file in container.get("environment_files").map(Value::items).unwrap_or_default() {
            let Some(Given::Known(object)) = file.get("value").map(known) else { continue };
            let bucket = object.as_literal().and_then(|arn| arn.split('/').next()).map(Value::string);
            add("environment_files", &["s3:GetObject"], Target::All(vec![value(object)]), "a file of variables is read");
            let bucket =
                bucket.map_or(Target::Untold("the file's bucket is not known here".to_owned()), |arn| Target::All(vec![arn]));
            add("environment_files", &["s3:GetBucketLocation"], bucket, "a file of variables is read");
        }
        let logs = container.get("log_configuration").filter(|logs| logs.text("log_driver") == Some("awslogs"));
        if let Some(options) = logs.and_then(|logs| logs.get("options")) {
            let group = match options.get("awslogs-group").map(known) {
                Some(Given::Known(group)) => Target::All(vec![with_suffix(&log_group(&group), ":*")]),
                _ => Target::Untold("the log group is not known here".to_owned()),
            };
            let actions = ["logs:CreateLogStream", "logs:PutLogEvents"];
            add("log_configuration", &actions, group.clone(), "the container's output goes to CloudWatch Logs");
            if options.text("awslogs-create-group") == Some("true") {
                add("log_configuration", &["logs:CreateLogGroup"], group, "the log group is made if it is not there");
            }
        }
    }
    needs
}

/// The ARN of the log group that is called `name`.
fn log_group(name: &Template) -> Value {
    match name.parts() {
        [Part::Reference(Reference::Attribute { address, attribute })]
            if address.resource_type == "log_group" && attribute == "name" =>
        {
            let attribute = "arn".to_owned();
            value(Template::from_parts([Part::Reference(Reference::Attribute { address: address.clone(), attribute })]))
        }
        parts => arn("logs", [text("log-group:")].into_iter().chain(parts.iter().cloned())),
    }
}

/// The ARN of the repository of an image in a private registry of ECR.
fn repository(image: &Value) -> Option<Value> {
    let Given::Known(template) = known(image) else { return None };
    let image = template.as_literal()?;
    let (host, rest) = image.split_once('/')?;
    let [account, "dkr", "ecr", region, "amazonaws", ..] = host.split('.').collect::<Vec<_>>()[..] else { return None };
    let repository = rest.split('@').next()?.split(':').next()?;
    let partition = Part::Reference(Reference::AccountPartition);
    let rest = text(format!(":ecr:{region}:{account}:repository/{repository}"));
    Some(value(Template::from_parts([text("arn:"), partition, rest])))
}

/// The action that reads what `value_from` names, and on what.
fn secret(from: &Value) -> (&'static str, Target) {
    const PARAMETERS: &str = "ssm:GetParameters";
    const SECRETS: &str = "secretsmanager:GetSecretValue";
    let Given::Known(template) = known(from) else {
        return (PARAMETERS, Target::Untold("the secret is not known here".to_owned()));
    };
    let whole = template.to_string();
    if whole.contains(":secretsmanager:") {
        // Behind the name stand a key of its JSON, a stage and a version.
        let end = match template.as_literal() {
            Some(arn) => Value::String(arn.split(':').take(7).collect::<Vec<_>>().join(":")),
            None => value(template),
        };
        return (SECRETS, Target::All(vec![end]));
    }
    if whole.contains(":ssm:") {
        return (PARAMETERS, Target::All(vec![value(template)]));
    }
    match template.as_literal() {
        Some(name) => {
            let slash = if name.starts_with('/') { "" } else { "/" };
            (PARAMETERS, Target::All(vec![arn("ssm", [text(format!("parameter{slash}{name}"))])]))
        }
        None => (PARAMETERS, Target::Untold("the secret is not known here".to_owned())),
    }
}
