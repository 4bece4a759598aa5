//! `stepwright state show`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::address::Address;
use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::options::Format;
use crate::cli::state::{Source, parse_address, unknown};
use crate::cli::ui::Ui;
use crate::render;

/// Shows what is recorded of one resource.
#[derive(Args, Debug)]
#[command(
    override_usage = "stepwright state show [OPTIONS] [STACK] <ADDRESS>",
    after_help = "Examples:\n  stepwright state show stacks/ecs-task.toml cluster.main\n  stepwright state show cluster.main --format json | jq .id      the one state below state/"
)]
pub struct Show {
    /// The stack file, of which only the name is used, and which resource, TYPE.NAME.
    #[arg(value_names = ["STACK", "ADDRESS"], num_args = 1..=2, required = true)]
    what: Vec<String>,
    #[command(flatten)]
    source: Source,
}

impl Show {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let (stack, address) = self.stack_and_address()?;
        let state = self.source.read(stack.as_deref())?;
        let record = state.resources.get(&address).ok_or_else(|| unknown(&state, &address))?;
        let kind = crate::resources::find(&address.resource_type);
        match self.source.format {
            Format::Human => ui.out(|writer, style| render::state::show(writer, &address, record, kind, style))?,
            Format::Json => {
                ui.out(|writer, _| render::json::write_pretty(writer, &render::state::show_json(&address, record, kind)))?
            }
        }
        Ok(exit_code::SUCCESS)
    }

    /// The stack file stands before the address, as in every command, or is left out. The other order is understood too.
    fn stack_and_address(&self) -> Result<(Option<PathBuf>, Address), CliError> {
        let is_file = |text: &String| Path::new(text).is_file();
        let (stack, address) = match self.what.as_slice() {
            [address, stack] if is_file(stack) && !is_file(address) => (Some(PathBuf::from(stack)), address),
            [stack, address] => (Some(PathBuf::from(stack)), address),
            [address] => (None, address),
            _ => return Err(CliError::message("name one resource, TYPE.NAME")),
        };
        Ok((stack, parse_address(address)?))
    }
}
