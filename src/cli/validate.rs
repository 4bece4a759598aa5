//! `stepwright validate`: everything that can be known offline.

use std::path::PathBuf;

use clap::Args;

use crate::cli::context::{inputs, read_stack};
use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::options::VariableOptions;
use crate::cli::ui::Ui;
use crate::render;

/// Checks a stack file and its documents, without credentials and without a state.
///
/// All problems are told in one run, each under its token, with the right spelling where one is near.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  stepwright validate stacks/ecs-task.toml\n  stepwright validate stacks/ecs-task.toml --var image=app:2"
)]
pub struct Validate {
    /// The stack file.
    #[arg(value_name = "STACK")]
    stack: PathBuf,
    #[command(flatten)]
    variables: VariableOptions,
}

impl Validate {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let inputs = inputs(&self.variables)?;
        let (stack, warnings) = read_stack(&self.stack, &inputs, self.variables.allow_documents_outside, "")?;
        ui.err(|writer, style| render::diagnostic::write(writer, &warnings, style.color));
        let (resources, data) = (stack.resources.len(), stack.data.len());
        ui.out(|writer, _| {
            let count = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
            let lookups = if data > 0 { format!(", {}", count(data, "look-up")) } else { String::new() };
            writeln!(writer, "The stack {} is valid: {}{lookups}.", stack.name, count(resources, "resource"))
        })?;
        Ok(exit_code::SUCCESS)
    }
}
