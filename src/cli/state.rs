//! `stepwright state`: what is recorded.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::address::Address;
use crate::cli::context::{name_of_stack, state_path};
use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::options::{Format, StateOptions};
use crate::cli::ui::Ui;
use crate::diagnostic::nearest;
use crate::render;
use crate::state::{FileStore, State};

/// Looks at what is recorded. Needs no credentials and no lock.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  stepwright state list stacks/ecs-task.toml\n  stepwright state show cluster.main stacks/ecs-task.toml"
)]
pub enum StateCommand {
    /// Lists the addresses of everything recorded.
    #[command(
        after_help = "Examples:\n  stepwright state list stacks/ecs-task.toml\n  stepwright state list --state state/nightly-report.json"
    )]
    List(List),
    /// Shows what is recorded of one resource.
    #[command(
        after_help = "Examples:\n  stepwright state show cluster.main stacks/ecs-task.toml\n  stepwright state show cluster.main stacks/ecs-task.toml --format json | jq .id"
    )]
    Show(Show),
}

#[derive(Args, Debug)]
pub struct Source {
    /// The stack file; only its name is used.
    #[arg(value_name = "STACK", required_unless_present = "state")]
    stack: Option<PathBuf>,
    #[command(flatten)]
    state: StateOptions,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

#[derive(Args, Debug)]
pub struct List {
    #[command(flatten)]
    source: Source,
}

#[derive(Args, Debug)]
pub struct Show {
    /// Which resource, TYPE.NAME.
    #[arg(value_name = "ADDRESS")]
    address: Address,
    #[command(flatten)]
    source: Source,
}

impl StateCommand {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        match self {
            Self::List(List { source }) => {
                let state = source.read()?;
                match source.format {
                    Format::Human => ui.out(|writer, _| render::state::list(writer, &state))?,
                    Format::Json => ui.out(|writer, _| render::json::write_pretty(writer, &render::state::list_json(&state)))?,
                }
            }
            Self::Show(Show { address, source }) => {
                let state = source.read()?;
                let Some(record) = state.resources.get(address) else {
                    let known: Vec<String> = state.resources.keys().map(ToString::to_string).collect();
                    let error = CliError::message(format!("the state has no {address}"));
                    let near = nearest(&address.to_string(), known.iter().map(String::as_str));
                    return Err(match near {
                        Some(near) => error.help(format!("did you mean {near}?")),
                        None => error.help("`stepwright state list` shows what it has"),
                    });
                };
                let kind = crate::resources::find(&address.resource_type);
                match source.format {
                    Format::Human => ui.out(|writer, style| render::state::show(writer, address, record, kind, style))?,
                    Format::Json => {
                        ui.out(|writer, _| render::json::write_pretty(writer, &render::state::show_json(address, record, kind)))?
                    }
                }
            }
        }
        Ok(exit_code::SUCCESS)
    }
}

impl Source {
    fn read(&self) -> Result<State, CliError> {
        let path = match (&self.stack, &self.state.state) {
            (_, Some(path)) => path.clone(),
            // A stack file that is broken elsewhere still names its state.
            (Some(stack), None) => state_path(&self.state, &name_of_stack(stack)?),
            (None, None) => return Err(CliError::message("name a stack file, or a state with --state")),
        };
        FileStore::new(&path)?.read()?.state.ok_or_else(|| {
            CliError::message(format!("there is no state at {}", path.display())).help("nothing was applied from here yet")
        })
    }
}
