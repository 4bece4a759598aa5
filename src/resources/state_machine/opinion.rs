//! What Step Functions itself says of a definition: `ValidateStateMachineDefinition`.

use aws_sdk_sfn::types::{StateMachineType, ValidateStateMachineDefinitionDiagnostic, ValidateStateMachineDefinitionSeverity};

use crate::aws::{Aws, Error};
use crate::diagnostic::{Finding, Severity};
use crate::document::states_language::{self, MachineType, code};
use crate::schema::wire;
use crate::template::{Part, Reference};
use crate::value::{Path, Segment, Value};

/// As many as the call can tell of.
const MOST: i32 = 100;

/// What AWS finds in the definition of `spec` and our own rules do not.
pub async fn opinion(aws: &Aws, spec: &Value) -> Result<Vec<Finding>, Error> {
    let Some(definition) = spec.get("definition") else { return Ok(Vec::new()) };
    let example = definition.map_leaves(&mut |leaf| example_of(leaf, aws));
    let Ok(text) = wire::document_text(&example) else { return Ok(Vec::new()) };
    let is_express = spec.text("type") == Some("EXPRESS");
    let machine_type = if is_express { StateMachineType::Express } else { StateMachineType::Standard };
    let request = aws.sfn.validate_state_machine_definition().definition(text).r#type(machine_type);
    let request = request.severity(ValidateStateMachineDefinitionSeverity::Warning).max_results(MOST);
    let answer = request.send().await.map_err(|error| Error::from_sdk("states:ValidateStateMachineDefinition", error))?;
    let ours = states_language::validate(definition, if is_express { MachineType::Express } else { MachineType::Standard });
    let findings = answer.diagnostics.iter().map(|diagnostic| finding_of(diagnostic, definition));
    // What we have said of the same place by the same name need not be said twice.
    let is_new = |finding: &Finding| !ours.iter().any(|own| own.code == finding.code && own.path == within(&finding.path));
    Ok(findings.filter(is_new).collect())
}

/// A text that stands for what is not known yet. Nothing secret is sent.
fn example_of(leaf: &Value, aws: &Aws) -> Value {
    match leaf {
        Value::Pending(template) => Value::String(template.parts().iter().map(|part| example_of_part(part, aws)).collect()),
        Value::Secret(_) => Value::string("secret"),
        leaf => leaf.clone(),
    }
}

fn example_of_part(part: &Part, aws: &Aws) -> String {
    match part {
        Part::Literal(text) => text.clone(),
        Part::Secret { .. } => "secret".to_owned(),
        Part::Reference(Reference::Attribute { address, attribute }) if attribute == "arn" => {
            let name = format!("{}/{}", address.resource_type.replace('_', "-"), address.name);
            aws.place.arn("ecs", &name).unwrap_or(name)
        }
        Part::Reference(reference) => {
            let known = aws.place.lookup(reference).and_then(|value| value.as_str().map(str::to_owned));
            known.unwrap_or_else(|| "1".to_owned())
        }
    }
}

fn finding_of(diagnostic: &ValidateStateMachineDefinitionDiagnostic, definition: &Value) -> Finding {
    let severity = match diagnostic.severity {
        ValidateStateMachineDefinitionSeverity::Error => Severity::Error,
        _ => Severity::Warning,
    };
    let path = path_of(diagnostic.location.as_deref().unwrap_or_default(), definition);
    let code = code::find(&diagnostic.code);
    let name = if code.is_none() { format!("{}: ", diagnostic.code) } else { String::new() };
    let message = format!("Step Functions says: {name}{}", diagnostic.message.trim_end_matches('.'));
    Finding { severity, code, ..Finding::error(Path(Path::key("definition").0.into_iter().chain(path.0).collect()), message) }
}

/// `/States/Run/Retry[0]/ErrorEquals` as a path of `definition`, as far as that leads.
fn path_of(location: &str, definition: &Value) -> Path {
    let (mut path, mut value) = (Path::default(), definition);
    for segment in location.split('/').filter(|segment| !segment.is_empty()) {
        // As JSON pointers escape them (RFC 6901).
        let segment = segment.replace("~1", "/").replace("~0", "~");
        let (key, index) = match segment.strip_suffix(']').and_then(|segment| segment.rsplit_once('[')) {
            Some((key, index)) if value.get(&segment).is_none() => (key.to_owned(), index.parse::<usize>().ok()),
            _ => (segment.clone(), None),
        };
        if let Value::List(items) = value {
            let Some((index, item)) = segment.parse().ok().and_then(|index: usize| Some((index, items.get(index)?))) else {
                break;
            };
            (path, value) = (path.join(Segment::Index(index)), item);
            continue;
        }
        let Some(member) = value.get(&key) else { break };
        (path, value) = (path.join_key(&key), member);
        if let Some((index, item)) = index.and_then(|index| Some((index, value.items().get(index)?))) {
            (path, value) = (path.join(Segment::Index(index)), item);
        }
    }
    path
}

/// A path of the spec as one of the definition.
fn within(path: &Path) -> Path {
    Path(path.0.iter().skip(1).cloned().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn locations() {
        let definition = Value::from(json!({ "States": { "a/b": { "Retry": [{ "ErrorEquals": [] }] } } }));
        let path = |location: &str| path_of(location, &definition).to_string();
        assert_eq!(path("/States/a~1b/Retry/0/ErrorEquals"), "States[\"a/b\"].Retry[0].ErrorEquals");
        assert_eq!(path("/States/a~1b/Retry[0]/ErrorEquals"), "States[\"a/b\"].Retry[0].ErrorEquals");
        assert_eq!(path("/States/none/Next"), "States");
        assert_eq!(path(""), "");
        assert_eq!(path("/States/a~1b/Retry/7"), "States[\"a/b\"].Retry");
    }
}
