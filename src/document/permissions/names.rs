//! From a name, a URL or a reference to the ARN that policies speak of.

use crate::document::permissions::given::{Given, known};
use crate::document::permissions::{Condition, Target, arn, arn_in, global_arn, text, value};
use crate::template::{Part, Reference, Template};
use crate::value::Value;

/// How an argument names a resource.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// By its ARN, or by its name, before which the ARN has this.
    Name { service: &'static str, prefix: &'static str },
    /// The same of what has versions, which the ARN may name too.
    Versioned { service: &'static str, prefix: &'static str },
    /// The same of what has revisions; of what the stack makes or looks up, and of what names none, all are meant.
    Revisions { service: &'static str, prefix: &'static str },
    /// By the name of what it is in, all of which is meant.
    Within { service: &'static str, prefix: &'static str, suffix: &'static str },
    /// The URL of a queue.
    QueueUrl,
    /// `s3://BUCKET/KEY`, or `BUCKET/KEY`.
    Object,
    /// The ARN of a state machine, of which the executions are meant.
    Executions,
}

/// The ARNs, if they can be told.
pub fn arns(form: Form, named: &Template) -> Option<Vec<Value>> {
    match form {
        Form::Name { service, prefix } => Some(vec![whole(service, prefix, named)]),
        Form::Versioned { service, prefix } => {
            let base = whole(service, prefix, named);
            Some(vec![base.clone(), with_suffix(&base, ":*")])
        }
        Form::Revisions { service, prefix } => Some(vec![revisions(service, prefix, named)]),
        Form::Within { service, prefix, suffix } => Some(vec![with_suffix(&whole(service, prefix, named), suffix)]),
        Form::Object => object(named).map(|arn| vec![arn]),
        Form::QueueUrl => queue(named.as_literal()?).map(|arn| vec![arn]),
        Form::Executions => executions(named).map(|arn| vec![arn]),
    }
}

/// Whether it is an ARN, or the reference to one.
pub fn is_arn(named: &Template) -> bool {
    match named.parts().first() {
        Some(Part::Literal(text)) => text.starts_with("arn:"),
        Some(Part::Reference(Reference::Attribute { attribute, .. })) => attribute == "arn",
        _ => false,
    }
}

/// The ARN of what `name`, its name or its ARN, names; of what has none yet, all that there may be.
pub fn named(service: &str, prefix: &str, name: Option<&Value>) -> Value {
    match name.map(known) {
        Some(Given::Known(name)) => whole(service, prefix, &name),
        _ => arn(service, [text(format!("{prefix}*"))]),
    }
}

/// The ARN of the role that a field of a spec names, by its ARN or by its name.
pub fn role_arn(role: &Value) -> Value {
    named("iam", "role/", Some(role))
}

/// The key of KMS that `key`, an id, an ARN or an alias, names. What an alias leads to is known to KMS alone, and can be
/// a condition.
pub fn kms_key(key: &Value, region: Option<&str>) -> (Target, Vec<Condition>) {
    let Given::Known(key) = known(key) else { return (Target::Untold("the key is not known here".to_owned()), Vec::new()) };
    match key.to_string().rfind("alias/") {
        Some(at) => {
            let all = arn_in(region, "kms", [text("key/*")]);
            let alias = Value::string(&key.to_string()[at..]);
            let condition = Condition { operator: "ForAnyValue:StringEquals", key: "kms:ResourceAliases", value: alias };
            (Target::All(vec![all]), vec![condition])
        }
        None if is_arn(&key) => (Target::All(vec![value(key)]), Vec::new()),
        None => {
            let parts = [text("key/")].into_iter().chain(key.parts().iter().cloned());
            (Target::All(vec![arn_in(region, "kms", parts)]), Vec::new())
        }
    }
}

fn whole(service: &str, prefix: &str, named: &Template) -> Value {
    match named.parts().first() {
        _ if is_arn(named) => value(named.clone()),
        // A part of an ARN: `ACCOUNT:function:NAME`.
        Some(Part::Literal(first)) if service == "lambda" && is_partial(first) => {
            let [start, region] = [Part::Reference(Reference::AccountPartition), Part::Reference(Reference::StackRegion)];
            let start = [text("arn:"), start, text(":lambda:"), region, text(":")];
            value(Template::from_parts(start.into_iter().chain(named.parts().iter().cloned())))
        }
        _ => arn(service, std::iter::once(text(prefix)).chain(named.parts().iter().cloned())),
    }
}

fn is_partial(name: &str) -> bool {
    name.split_once(":function:")
        .is_some_and(|(account, _)| !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit()))
}

pub fn with_suffix(base: &Value, suffix: &str) -> Value {
    match base {
        Value::Pending(template) => value(Template::from_parts(template.parts().iter().cloned().chain([text(suffix)]))),
        Value::String(base) => Value::String(format!("{base}{suffix}")),
        other => other.clone(),
    }
}

/// A revision is resolved before AWS asks whether it may be used, and the next one must be allowed as well.
fn revisions(service: &str, prefix: &str, named: &Template) -> Value {
    match named.parts() {
        // The first part tells the family, and what follows is the revision.
        [Part::Reference(Reference::Attribute { address, attribute }), ..]
            if attribute == "arn"
                || named.parts().len() == 1
                || matches!(&named.parts()[1], Part::Literal(text) if text.starts_with(':')) =>
        {
            let attribute = if attribute == "arn" { "family".to_owned() } else { attribute.clone() };
            let family = Part::Reference(Reference::Attribute { address: address.clone(), attribute });
            arn(service, [text(prefix), family, text(":*")])
        }
        parts => {
            let base = whole(service, prefix, named);
            let is_pinned = match parts.last() {
                Some(Part::Literal(last)) => {
                    last.rsplit_once(':').is_some_and(|(_, end)| !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit()))
                }
                _ => false,
            };
            if is_pinned { base } else { with_suffix(&base, ":*") }
        }
    }
}

/// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
fn queue(url: &str) -> Option<Value> {
    let rest = url.strip_prefix("https://").or(url.strip_prefix("http://"))?;
    let mut parts = rest.splitn(3, '/');
    let (host, account, name) = (parts.next()?, parts.next()?, parts.next()?);
    let host: Vec<&str> = host.split('.').collect();
    let region = match host.as_slice() {
        ["sqs", region, ..] | [region, "queue", ..] => *region,
        _ => return None,
    };
    let partition = Part::Reference(Reference::AccountPartition);
    Some(value(Template::from_parts([text("arn:"), partition, text(format!(":sqs:{region}:{account}:{name}"))])))
}

fn object(named: &Template) -> Option<Value> {
    let mut parts = named.parts().to_vec();
    let Some(Part::Literal(first)) = parts.first_mut() else { return None };
    // What a copy reads may name a version behind the key.
    let place = first.split("?versionId=").next().unwrap_or_default();
    let place = place.strip_prefix("s3://").unwrap_or(place).trim_start_matches('/');
    // Of an encoded key, a policy wants what it means.
    if place.starts_with("arn:") || !place.contains('/') || place.contains('%') {
        return None;
    }
    *first = place.to_owned();
    Some(global_arn("s3", parts))
}

fn executions(machine: &Template) -> Option<Value> {
    match machine.parts() {
        [Part::Reference(Reference::Attribute { address, attribute })] if attribute == "arn" => {
            let name = Part::Reference(Reference::Attribute { address: address.clone(), attribute: "name".to_owned() });
            Some(arn("states", [text("execution:"), name, text(":*")]))
        }
        parts => {
            let is_there = parts.iter().any(|part| matches!(part, Part::Literal(text) if text.contains(":stateMachine:")));
            let parts = parts.iter().cloned().map(|part| match part {
                Part::Literal(text) => Part::Literal(text.replace(":stateMachine:", ":execution:")),
                other => other,
            });
            is_there.then(|| value(Template::from_parts(parts.chain([text(":*")]))))
        }
    }
}
