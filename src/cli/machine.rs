//! A state machine of a stack, by the name that somebody typed.

use crate::address::Address;
use crate::cli::context::Project;
use crate::cli::error::CliError;
use crate::diagnostic::nearest;
use crate::render::clean;
use crate::stack::{Resource, Stack};
use crate::value::Value;

/// What `--machine` and its like name is of this type.
const TYPE: &str = "state_machine";

/// A state machine whose definition is known.
pub struct Machine<'a> {
    pub address: &'a Address,
    pub definition: &'a Value,
    pub is_express: bool,
}

/// A state machine that was applied.
pub struct AppliedMachine {
    pub address: Address,
    pub arn: String,
    pub is_express: bool,
}

/// The machine that `name` or `state_machine.name` is.
pub fn machine_of<'a>(stack: &'a Stack, name: &str) -> Result<Machine<'a>, CliError> {
    let machine = declared_machine(stack, name)?;
    match machine.spec.get("definition") {
        Some(definition @ Value::Map(_)) => {
            let is_express = machine.spec.text("type") == Some("EXPRESS");
            Ok(Machine { address: &machine.address, definition, is_express })
        }
        _ => Err(CliError::message(format!("the definition of {} is not known before an apply", machine.address))
            .help("write it in the stack file or as { file = \"...\" }")),
    }
}

/// The same machine as the state has it, whatever is known of its definition.
pub fn applied_machine(project: &Project, name: &str) -> Result<AppliedMachine, CliError> {
    let address = &declared_machine(&project.stack, name)?.address;
    applied(project, address).ok_or_else(|| {
        CliError::message(format!("{address} is declared and not there yet: nothing in the state says that it was made"))
            .help("make it first: stepwright apply STACK")
    })
}

/// All machines of a stack that were applied, in the order of the file.
pub fn applied_machines(project: &Project) -> Vec<AppliedMachine> {
    machines(&project.stack).filter_map(|machine| applied(project, &machine.address)).collect()
}

fn applied(project: &Project, address: &Address) -> Option<AppliedMachine> {
    let record = project.state.resources.get(address)?;
    let is_express = record.spec.text("type") == Some("EXPRESS");
    Some(AppliedMachine { address: address.clone(), arn: record.id.clone(), is_express })
}

fn machines(stack: &Stack) -> impl Iterator<Item = &Resource> {
    stack.resources.values().filter(|resource| resource.address.resource_type == TYPE)
}

fn declared_machine<'a>(stack: &'a Stack, name: &str) -> Result<&'a Resource, CliError> {
    let bare = name.strip_prefix(TYPE).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name);
    machines(stack).find(|resource| resource.address.name == bare).ok_or_else(|| {
        let names: Vec<&str> = machines(stack).map(|resource| resource.address.name.as_str()).collect();
        let error = CliError::message(format!("the stack {} has no state machine `{}`", stack.name, clean(name)));
        match (nearest(bare, names.iter().copied()), names.as_slice()) {
            (Some(near), _) => error.help(format!("did you mean `{near}`?")),
            (None, []) => error.help("it declares none: add [state_machine.NAME]"),
            (None, names) => error.help(format!("it declares: {}", names.join(", "))),
        }
    })
}
