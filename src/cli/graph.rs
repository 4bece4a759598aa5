//! `stepwright graph`: who depends on whom.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::context::{inputs, read_stack};
use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::machine::machine_of;
use crate::cli::options::VariableOptions;
use crate::cli::ui::Ui;
use crate::document::states_language::model::StateMachine;
use crate::flow::FlowGraph;
use crate::render;
use crate::stack::Stack;

/// Draws the dependencies of a stack, or the flow of one of its state machines.
///
/// Of a stack, an arrow leads from a resource to what it refers to. With --machine, the states of that machine are
/// drawn: what follows what, conditions, what is caught and tried again. Needs neither credentials nor a state.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  stepwright graph stacks/ecs-task.toml\n  stepwright graph stacks/ecs-task.toml --format dot | dot -Tsvg > stack.svg\n  stepwright graph stacks/ecs-task.toml --machine nightly\n  stepwright graph stacks/ecs-task.toml --machine nightly --format html > nightly.html"
)]
pub struct Graph {
    /// The stack file.
    #[arg(value_name = "STACK")]
    stack: PathBuf,
    #[command(flatten)]
    variables: VariableOptions,
    /// Draws the flow of this state machine: its NAME in [state_machine.NAME], or its whole address.
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,
    /// For whom to draw [default: mermaid; with --machine: text].
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<GraphFormat>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum GraphFormat {
    /// As Markdown viewers draw it.
    Mermaid,
    /// For Graphviz.
    Dot,
    /// For a terminal; only with --machine.
    Text,
    /// A picture, light or dark as its viewer is; only with --machine.
    Svg,
    /// The same in a page with a legend; only with --machine.
    Html,
}

impl Graph {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let inputs = inputs(&self.variables)?;
        let (stack, _) = read_stack(&self.stack, &inputs, self.variables.allow_documents_outside, "")?;
        match &self.machine {
            Some(name) => self.machine(&stack, name, ui)?,
            None => self.stack(&stack, ui)?,
        }
        Ok(exit_code::SUCCESS)
    }

    fn stack(&self, stack: &Stack, ui: Ui) -> Result<(), CliError> {
        let graph = render::graph::Graph {
            nodes: stack.resources.keys().chain(stack.data.keys()).cloned().collect(),
            edges: stack.edges(),
        };
        match self.format.unwrap_or(GraphFormat::Mermaid) {
            GraphFormat::Mermaid => ui.out(|writer, _| render::graph::mermaid(writer, &graph))?,
            GraphFormat::Dot => ui.out(|writer, _| render::graph::dot(writer, &graph))?,
            GraphFormat::Text | GraphFormat::Svg | GraphFormat::Html => {
                return Err(CliError::message("the dependencies of a stack are drawn as mermaid or dot")
                    .help("to draw a state machine, name it: --machine NAME"));
            }
        }
        Ok(())
    }

    fn machine(&self, stack: &Stack, name: &str, ui: Ui) -> Result<(), CliError> {
        let machine = machine_of(stack, name)?;
        let graph = FlowGraph::of(&StateMachine::parse(machine.definition));
        let title = format!("{} of {}", machine.address, stack.name);
        ui.out(|writer, style| match self.format.unwrap_or(GraphFormat::Text) {
            GraphFormat::Mermaid => render::flow::mermaid(writer, &graph),
            GraphFormat::Dot => render::flow::dot(writer, &graph),
            GraphFormat::Text => render::flow::text(writer, &graph, style),
            GraphFormat::Svg => render::flow::svg(writer, &graph, &title),
            GraphFormat::Html => render::flow::html(writer, &graph, &title),
        })?;
        Ok(())
    }
}
