//! A state machine of a stack, by the name that somebody typed.

use crate::address::Address;
use crate::cli::error::CliError;
use crate::diagnostic::nearest;
use crate::render::clean;
use crate::stack::Stack;
use crate::value::Value;

/// What `--machine` and its like name is of this type.
const TYPE: &str = "state_machine";

/// A state machine whose definition is known.
pub struct Machine<'a> {
    pub address: &'a Address,
    pub definition: &'a Value,
    pub is_express: bool,
}

/// The machine that `name` or `state_machine.name` is.
pub fn machine_of<'a>(stack: &'a Stack, name: &str) -> Result<Machine<'a>, CliError> {
    let bare = name.strip_prefix(TYPE).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name);
    let machines = || stack.resources.values().filter(|resource| resource.address.resource_type == TYPE);
    let Some(machine) = machines().find(|resource| resource.address.name == bare) else {
        let names: Vec<&str> = machines().map(|resource| resource.address.name.as_str()).collect();
        let error = CliError::message(format!("the stack {} has no state machine `{}`", stack.name, clean(name)));
        return Err(match (nearest(bare, names.iter().copied()), names.as_slice()) {
            (Some(near), _) => error.help(format!("did you mean `{near}`?")),
            (None, []) => error.help("it declares none: add [state_machine.NAME]"),
            (None, names) => error.help(format!("it declares: {}", names.join(", "))),
        });
    };
    match machine.spec.get("definition") {
        Some(definition @ Value::Map(_)) => {
            let is_express = machine.spec.text("type") == Some("EXPRESS");
            Ok(Machine { address: &machine.address, definition, is_express })
        }
        _ => Err(CliError::message(format!("the definition of {} is not known before an apply", machine.address))
            .help("write it in the stack file or as { file = \"...\" }")),
    }
}
