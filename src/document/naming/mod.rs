//! What a definition names outside itself, clusters, functions, roles and so on, and whether that can be what is meant.
//!
//! AWS takes whatever stands there when the machine is made; what is wrong with it fails when the state runs.
//!
//! | file | answers |
//! |---|---|
//! | `mod.rs` | which arguments of which states name something? |
//! | `arn.rs` | is what stands there an ARN that can be right, here? |

mod arn;
#[cfg(test)]
mod tests;

pub use arn::{Mistake, Own, check};

use crate::diagnostic::Finding;
use crate::document::permissions::{Form, On, is_expression, row, target_of};
use crate::document::states_language::model::{State, StateKind, StateMachine};
use crate::template::{Part, Template};
use crate::value::{Path, Value};

/// One place in a definition that names something.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// In the definition.
    pub path: Path,
    /// The name of the state.
    pub state: String,
    /// `TaskDefinition`.
    pub argument: String,
    pub text: Template,
    pub expected: Expected,
    /// Whether another role does what the state does, perhaps in another account and region.
    pub is_elsewhere: bool,
}

/// What an argument is to name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// An ARN of this service, with this before the name, or the name alone.
    Resource { service: &'static str, prefix: &'static str },
    /// The URL of a queue.
    QueueUrl,
}

/// Arguments that name something on which no action is allowed.
const MORE: [(&str, &str, Expected); 1] = [("ecs:runTask", "Cluster", Expected::Resource { service: "ecs", prefix: "cluster/" })];

/// Everything that the tasks of `machine` name, as far as it is known before they run.
pub fn names(machine: &StateMachine<'_>) -> Vec<Named> {
    machine.states().filter(|state| state.kind == Some(StateKind::Task)).flat_map(names_in).collect()
}

fn names_in(state: &State<'_>) -> Vec<Named> {
    let mut found = Found { state, named: Vec::new() };
    if let Some(credentials) = state.part("Credentials") {
        found.argument(
            "RoleArn",
            Expected::Resource { service: "iam", prefix: "role/" },
            Some(&credentials.path),
            credentials.value,
        );
    }
    let Some(integration) = state.integration() else {
        found.function_or_activity();
        return found.named;
    };
    let Some(arguments) = state.arguments() else { return found.named };
    let mut add = |argument: &str, expected| found.argument(argument, expected, Some(&arguments.path), arguments.value);
    let call = integration.call.strip_prefix("aws-sdk:").unwrap_or(&integration.call);
    for (_, argument, expected) in MORE.iter().filter(|(of, _, _)| *of == call) {
        add(argument, *expected);
    }
    if let Some(row) = row(&integration.call) {
        for grant in row.grants.iter().chain(row.sync) {
            match grant.on {
                On::Named(arguments, form) => add_all(arguments, expected_of(form), &mut add),
                On::Passed(roles, _) => {
                    roles.split('|').for_each(|role| add(role, Expected::Resource { service: "iam", prefix: "role/" }));
                }
                On::Whole | On::Untold(_) | On::IfSet(_) | On::Object(_) | On::Perhaps(_) => {}
            }
        }
    } else if let Some((service, call)) = integration.call.strip_prefix("aws-sdk:").and_then(|call| call.split_once(':')) {
        for (arguments, form) in target_of(service, call) {
            add_all(arguments, expected_of(form), &mut add);
        }
    }
    found.named
}

/// None for what has names of its own, as buckets have.
fn expected_of(form: Form) -> Option<Expected> {
    match form {
        Form::Name { service, prefix }
        | Form::Versioned { service, prefix }
        | Form::Revisions { service, prefix }
        | Form::Within { service, prefix, .. } => Some(Expected::Resource { service, prefix }),
        Form::QueueUrl => Some(Expected::QueueUrl),
        Form::Executions => Some(Expected::Resource { service: "states", prefix: "stateMachine:" }),
        Form::Object => None,
    }
}

fn add_all(arguments: &str, expected: Option<Expected>, add: &mut impl FnMut(&str, Expected)) {
    if let Some(expected) = expected {
        arguments.split('|').for_each(|argument| add(argument, expected));
    }
}

struct Found<'a> {
    state: &'a State<'a>,
    named: Vec<Named>,
}

impl Found<'_> {
    /// The member of `arguments` that `argument`, with dots between its parts, leads to.
    fn argument(&mut self, argument: &str, expected: Expected, path: Option<&Path>, arguments: &Value) {
        let (mut path, mut value) = (path.cloned().unwrap_or_default(), arguments);
        for member in argument.split('.') {
            let Some(within) = value.get(member) else { return };
            (path, value) = (path.join_key(member), within);
        }
        self.push(path, argument, expected, value);
    }

    /// A function's own ARN, or that of an activity.
    fn function_or_activity(&mut self) {
        let Some(resource) = self.state.part("Resource") else { return };
        let Some(text) = text_of(resource.value).map(|text| text.to_string()) else { return };
        let expected = match text.split(':').nth(2) {
            Some("lambda") => Expected::Resource { service: "lambda", prefix: "function:" },
            Some("states") if text.contains(":activity:") => Expected::Resource { service: "states", prefix: "activity:" },
            _ => return,
        };
        self.push(resource.path, "Resource", expected, resource.value);
    }

    fn push(&mut self, path: Path, argument: &str, expected: Expected, value: &Value) {
        let Some(text) = text_of(value) else { return };
        if self.named.iter().any(|named| named.path == path) {
            return;
        }
        let (state, argument) = (self.state.name.to_owned(), argument.to_owned());
        let is_elsewhere = self.state.has("Credentials");
        self.named.push(Named { path, state, argument, text, expected, is_elsewhere });
    }
}

/// A leaf as text in which references are open; none for what is made when the state runs, or secret.
fn text_of(value: &Value) -> Option<Template> {
    match value {
        Value::String(text) if text.trim_start().starts_with("{%") => None,
        Value::String(text) => Some(Template::from_parts([Part::Literal(text.clone())])),
        Value::Pending(template) if template.secrets().next().is_none() && !is_expression(template) => Some(template.clone()),
        _ => None,
    }
}

/// What is wrong with the names in a definition that stands alone. AWS takes it nevertheless: these are warnings.
pub fn warnings(machine: &StateMachine<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for named in names(machine) {
        for mistake in check(&named, None, None) {
            findings.push(mistake.into_finding(named.path.clone(), false));
        }
    }
    findings
}
