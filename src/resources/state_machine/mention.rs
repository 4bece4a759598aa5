//! State machines where others name them, and what a definition names by less than an ARN.

use crate::arn;
use crate::aws::{Aws, Error};
use crate::document::states_language::{Integration, states};
use crate::place::Place;
use crate::resource::{Mention, Piece, ResourceType, TerraformNames};
use crate::resources::state_machine::StateMachine;
use crate::value::{Path, Value};

pub static TERRAFORM: TerraformNames = TerraformNames { resource: "aws_sfn_state_machine", parts: &[] };

/// What is named by the machine's name in an ARN. Its executions are what permissions are given on.
const PREFIXES: [&str; 4] = ["stateMachine:", "execution:", "express:", "mapRun:"];

/// The state machines that `text` names by ARN, or by the ARN of their executions.
pub fn mentions(text: &str, place: &Place) -> Vec<Mention> {
    let mut found = Vec::new();
    for arn in arn::find(text).iter().filter(|arn| arn.is_of("states", place.region.as_deref(), place)) {
        for prefix in PREFIXES {
            // A version, an alias or an execution may follow.
            let name = arn.name_after(prefix, is_allowed).filter(|name| {
                arn::ends_or_goes_on(text, name.end, ':') || text.get(name.end..).is_some_and(|rest| rest.starts_with('/'))
            });
            let Some(name) = name else { continue };
            let Some(id) = StateMachine.id(arn.part(&name), place) else { continue };
            let whole = Piece { range: arn.start()..name.end, attribute: "arn" };
            found.push(Mention { id, pieces: vec![whole, Piece { range: name, attribute: "name" }] });
        }
    }
    found
}

fn is_allowed(character: char) -> bool {
    character.is_alphanumeric() || "-_.!+@".contains(character)
}

/// What `ecs:runTask` may be given by name: a cluster, a family with or without a revision.
const RUN_TASK: [(&str, &str); 2] = [("Cluster", "cluster"), ("TaskDefinition", "task_definition")];

/// Where the definition in `spec` gives such a name.
pub fn bare_names(spec: &Value) -> Vec<(Path, &'static str)> {
    let Some(definition) = spec.get("definition") else { return Vec::new() };
    let mut found = Vec::new();
    for state in states(definition) {
        let integration = state.value.text("Resource").and_then(Integration::parse);
        if !integration.is_some_and(|it| matches!(it.call.as_str(), "ecs:runTask" | "aws-sdk:ecs:runTask")) {
            continue;
        }
        for arguments in ["Parameters", "Arguments"] {
            let given = |member: &str| state.value.get(arguments).and_then(|given| given.text(member));
            for (member, resource_type) in RUN_TASK.into_iter().filter(|(member, _)| given(member).is_some()) {
                let within = Path::key("definition").0.into_iter().chain(state.path.0.iter().cloned());
                found.push((Path(within.collect()).join_key(arguments).join_key(member), resource_type));
            }
        }
    }
    found
}

/// The ARNs of all state machines of the region.
pub async fn list(aws: &Aws) -> Result<Vec<String>, Error> {
    let (mut arns, mut next) = (Vec::new(), None);
    loop {
        let page = aws.sfn.list_state_machines().set_next_token(next).send().await;
        let page = page.map_err(|error| Error::from_sdk("states:ListStateMachines", error))?;
        arns.extend(page.state_machines.into_iter().map(|machine| machine.state_machine_arn));
        next = page.next_token;
        if next.is_none() {
            return Ok(arns);
        }
    }
}
