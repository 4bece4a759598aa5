//! `stepwright state`: what is recorded.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::address::Address;
use crate::cli::context::{STATE_FOLDER, name_of_stack, state_path};
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
    after_help = "Examples:\n  stepwright state list stacks/ecs-task.toml\n  stepwright state show stacks/ecs-task.toml cluster.main"
)]
pub enum StateCommand {
    /// Lists the addresses of everything recorded.
    #[command(
        after_help = "Examples:\n  stepwright state list stacks/ecs-task.toml\n  stepwright state list --state state/nightly-report.json\n  stepwright state list                                          the one state below state/"
    )]
    List(List),
    /// Shows what is recorded of one resource.
    #[command(
        after_help = "Examples:\n  stepwright state show stacks/ecs-task.toml cluster.main\n  stepwright state show cluster.main --format json | jq .id      the one state below state/"
    )]
    Show(Show),
}

#[derive(Args, Debug)]
pub struct Source {
    #[command(flatten)]
    state: StateOptions,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

#[derive(Args, Debug)]
pub struct List {
    /// The stack file; only its name is used. Without it and --state: the one state below state/.
    #[arg(value_name = "STACK")]
    stack: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
}

#[derive(Args, Debug)]
#[command(override_usage = "stepwright state show [OPTIONS] [STACK] <ADDRESS>")]
pub struct Show {
    /// The stack file, of which only the name is used, and which resource, TYPE.NAME.
    #[arg(value_names = ["STACK", "ADDRESS"], num_args = 1..=2, required = true)]
    what: Vec<String>,
    #[command(flatten)]
    source: Source,
}

impl Show {
    /// The stack file stands before the address, as in every command, or is left out. The other order is understood too.
    fn stack_and_address(&self) -> Result<(Option<PathBuf>, Address), CliError> {
        let is_file = |text: &String| Path::new(text).is_file();
        let (stack, address) = match self.what.as_slice() {
            [address, stack] if is_file(stack) && !is_file(address) => (Some(PathBuf::from(stack)), address),
            [stack, address] => (Some(PathBuf::from(stack)), address),
            [address] => (None, address),
            _ => return Err(CliError::message("name one resource, TYPE.NAME")),
        };
        let address = address.parse::<Address>().map_err(|error| CliError::message(error.to_string()))?;
        Ok((stack, address))
    }
}

impl StateCommand {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        match self {
            Self::List(List { stack, source }) => {
                let state = source.read(stack.as_deref())?;
                match source.format {
                    Format::Human => ui.out(|writer, _| render::state::list(writer, &state))?,
                    Format::Json => ui.out(|writer, _| render::json::write_pretty(writer, &render::state::list_json(&state)))?,
                }
            }
            Self::Show(show) => {
                let (stack, address) = show.stack_and_address()?;
                let (source, address) = (&show.source, &address);
                let state = source.read(stack.as_deref())?;
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
    fn read(&self, stack: Option<&Path>) -> Result<State, CliError> {
        let path = match (&self.state.state, stack) {
            (Some(path), _) => path.clone(),
            // A stack file that is broken elsewhere still names its state.
            (None, Some(stack)) => state_path(&self.state, &name_of_stack(stack)?),
            (None, None) => only_state()?,
        };
        FileStore::new(&path)?.read()?.state.ok_or_else(|| {
            CliError::message(format!("there is no state at {}", path.display())).help("nothing was applied from here yet")
        })
    }
}

/// The state below `state/`, if there is just one.
fn only_state() -> Result<PathBuf, CliError> {
    let folder = Path::new(STATE_FOLDER);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut states: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    states.sort();
    match states.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(CliError::message(format!("there is no state below {STATE_FOLDER}/"))
            .help("name a stack file, or a state with --state")),
        several => {
            let names: Vec<String> = several.iter().map(|path| path.display().to_string()).collect();
            Err(CliError::message("there are several states").help(format!("name one with --state: {}", names.join(", "))))
        }
    }
}
