//! What a definition says of other resources, held against these: names, and the tasks that are run.

use crate::diagnostic::Finding;
use crate::document::naming::{Expected, Own, check, names};
use crate::document::states_language::model::StateMachine;
use crate::resource::Around;
use crate::resources::state_machine::run_task;
use crate::template::Template;
use crate::value::{Path, Value};

/// The resource types that definitions name by ARN: service, what stands before the name, and the type.
const TYPES: [(&str, &str, &str); 4] = [
    ("ecs", "cluster/", "cluster"),
    ("ecs", "task-definition/", "task_definition"),
    ("states", "stateMachine:", "state_machine"),
    ("iam", "role/", "role"),
];

/// What the definition in `spec` names of these types.
pub fn named_resources(spec: &Value) -> Vec<(Path, &'static str, Template)> {
    let Some(definition) = spec.get("definition") else { return Vec::new() };
    let named = names(&StateMachine::parse(definition)).into_iter();
    named.filter_map(|it| Some((in_spec(it.path), type_of(it.expected)?, it.text))).collect()
}

/// What is wrong with the definition in `spec` by what is around it.
pub fn validate(spec: &Value, around: &dyn Around) -> Vec<Finding> {
    let Some(definition) = spec.get("definition") else { return Vec::new() };
    let machine = StateMachine::parse(definition);
    let mut findings = Vec::new();
    for named in names(&machine) {
        let address = type_of(named.expected).and_then(|resource_type| around.named(resource_type, &named.text)?.address);
        let own = address.map(|address| Own { address: address.to_string(), reference: format!("${{{address}.arn}}") });
        for mistake in check(&named, Some(around.place()), own.as_ref()) {
            findings.push(mistake.into_finding(named.path.clone(), true));
        }
    }
    for state in machine.states() {
        findings.extend(run_task::validate(state, around));
    }
    for finding in &mut findings {
        finding.path = in_spec(std::mem::take(&mut finding.path));
    }
    findings
}

/// A path of the definition as one of the spec.
fn in_spec(path: Path) -> Path {
    Path(Path::key("definition").0.into_iter().chain(path.0).collect())
}

fn type_of(expected: Expected) -> Option<&'static str> {
    let Expected::Resource { service, prefix } = expected else { return None };
    TYPES.iter().find(|(of, before, _)| (*of, *before) == (service, prefix)).map(|(_, _, resource_type)| *resource_type)
}
