//! `stepwright graph`: who depends on whom.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::context::{inputs, read_stack};
use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::options::VariableOptions;
use crate::cli::ui::Ui;
use crate::render;

/// Draws the dependencies of a stack.
///
/// An arrow leads from a resource to what it refers to. Needs neither credentials nor a state.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  stepwright graph stacks/ecs-task.toml\n  stepwright graph stacks/ecs-task.toml --format dot | dot -Tsvg > stack.svg"
)]
pub struct Graph {
    /// The stack file.
    #[arg(value_name = "STACK")]
    stack: PathBuf,
    #[command(flatten)]
    variables: VariableOptions,
    /// For which program to draw.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: GraphFormat,
}

#[derive(ValueEnum, Clone, Copy, Debug, Default)]
enum GraphFormat {
    /// As Markdown viewers draw it.
    #[default]
    Mermaid,
    /// For Graphviz.
    Dot,
}

impl Graph {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let inputs = inputs(&self.variables)?;
        let (stack, _) = read_stack(&self.stack, &inputs, self.variables.allow_documents_outside, "")?;
        let graph = render::graph::Graph {
            nodes: stack.resources.keys().chain(stack.data.keys()).cloned().collect(),
            edges: stack.edges(),
        };
        ui.out(|writer, _| match self.format {
            GraphFormat::Mermaid => render::graph::mermaid(writer, &graph),
            GraphFormat::Dot => render::graph::dot(writer, &graph),
        })?;
        Ok(exit_code::SUCCESS)
    }
}
