//! `stepwright explain`: what happens when a state fails.

use std::path::PathBuf;

use clap::Args;

use crate::cli::context::{inputs, read_stack};
use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::machine::machine_of;
use crate::cli::options::{Format, VariableOptions};
use crate::cli::ui::Ui;
use crate::document::states_language::failure::{failures, warnings};
use crate::document::states_language::model::StateMachine;
use crate::render;

/// Tells for each state of a machine what happens when it fails.
///
/// How often it is tried, how long the waits are, how long it takes in the worst case, which errors are retried and
/// caught, and which never are. Needs neither credentials nor a state.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stepwright explain stacks/ecs-task.toml nightly
  stepwright explain stacks/ecs-task.toml nightly --format json")]
pub struct Explain {
    /// The stack file.
    #[arg(value_name = "STACK")]
    stack: PathBuf,
    /// The state machine: its NAME in [state_machine.NAME], or its whole address.
    #[arg(value_name = "MACHINE")]
    machine: String,
    #[command(flatten)]
    variables: VariableOptions,
    /// Whom to tell it.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

impl Explain {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let inputs = inputs(&self.variables)?;
        let (stack, found) = read_stack(&self.stack, &inputs, self.variables.allow_documents_outside, "")?;
        let machine = machine_of(&stack, &self.machine)?;
        let failures = failures(&StateMachine::parse(machine.definition));
        match self.format {
            Format::Json => {
                let mut warnings = warnings(&failures, machine.is_express);
                warnings.retain(|warning| warning.code.is_none_or(|code| !stack.allow.iter().any(|allowed| allowed == code)));
                let document = render::explain::json(&failures, &machine.address.to_string(), &warnings);
                ui.out(|writer, _| render::json::write_pretty(writer, &document))?;
            }
            Format::Human => {
                ui.err(|writer, style| render::diagnostic::write(writer, &found, style.color));
                let title = format!("{} of {}", machine.address, stack.name);
                ui.out(|writer, style| render::explain::human(writer, &failures, &title, machine.is_express, style))?;
            }
        }
        Ok(exit_code::SUCCESS)
    }
}
