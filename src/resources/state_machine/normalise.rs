//! The one form in which Step Functions takes the ARN of a log group.

use crate::template::{Part, Reference, Template};
use crate::value::Value;

/// Step Functions wants `:*` behind the ARN of a log group, and the attribute `arn` of one has none: a reference to it
/// is meant with it.
pub fn normalise(spec: &mut Value) {
    let destinations = member(spec, "logging_configuration").and_then(|logging| member(logging, "destinations"));
    let Some(Value::List(destinations)) = destinations else { return };
    for destination in destinations {
        let group = member(destination, "cloud_watch_logs_log_group");
        if let Some(arn) = group.and_then(|group| member(group, "log_group_arn"))
            && let Value::Pending(template) = arn
            && let [reference @ Part::Reference(Reference::Attribute { address, attribute })] = template.parts()
            && address.resource_type == "log_group"
            && attribute == "arn"
        {
            *arn = Value::Pending(Template::from_parts([reference.clone(), Part::Literal(":*".to_owned())]));
        }
    }
}

fn member<'a>(value: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    value.as_map_mut()?.get_mut(key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn normal(arn: &str) -> String {
        let mut spec =
            Value::from(json!({ "logging_configuration": { "destinations": [{}, { "cloud_watch_logs_log_group": {} }] } }));
        let template = Template::parse(arn).expect("a template");
        let value = template.as_literal().map(Value::string).unwrap_or(Value::Pending(template));
        let Some(Value::List(destinations)) =
            member(&mut spec, "logging_configuration").and_then(|logging| member(logging, "destinations"))
        else {
            panic!("a list")
        };
        let group = member(&mut destinations[1], "cloud_watch_logs_log_group").and_then(Value::as_map_mut).expect("a table");
        group.insert("log_group_arn".to_owned(), value);
        normalise(&mut spec);
        let once = spec.clone();
        normalise(&mut spec);
        assert_eq!(spec, once, "{arn}");
        let group = &spec.get("logging_configuration").and_then(|it| it.get("destinations")).expect("a list").items()[1];
        match group.get("cloud_watch_logs_log_group").and_then(|group| group.get("log_group_arn")) {
            Some(Value::Pending(template)) => template.to_string(),
            other => other.and_then(Value::as_str).expect("a text").to_owned(),
        }
    }

    #[test]
    fn only_a_reference_to_a_log_group_is_completed() {
        for (written, meant) in [
            ("${log_group.x.arn}", "${log_group.x.arn}:*"),
            ("${data.log_group.x.arn}", "${data.log_group.x.arn}:*"),
            ("${log_group.x.arn}:*", "${log_group.x.arn}:*"),
            ("${log_group.x.name}", "${log_group.x.name}"),
            ("${role.x.arn}", "${role.x.arn}"),
            ("arn:aws:logs:r:1:log-group:x", "arn:aws:logs:r:1:log-group:x"),
        ] {
            assert_eq!(normal(written), meant);
        }
    }
}
