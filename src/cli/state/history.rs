//! `stepwright state history`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::options::Format;
use crate::cli::state::{Source, nothing_at};
use crate::cli::store::find_store;
use crate::cli::ui::Ui;
use crate::render;

/// Lists the present state and the last 20 before it: serial, time, resources, size, and the command that wrote each.
///
/// They are kept in a folder beside the state file. A damaged one is listed as such.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  stepwright state history stacks/ecs-task.toml\n  stepwright state history --format json | jq '.states[].serial'   of the one state below state/"
)]
pub struct History {
    /// The stack file; only its name is used. Without it and --state: the one state below state/.
    #[arg(value_name = "STACK")]
    stack: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
}

impl History {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let store = find_store(&self.source.state, self.stack.as_deref())?;
        let (present, mut earlier) = (store.present()?, store.history()?);
        if present.is_none() && earlier.is_empty() {
            return Err(nothing_at(store.path()));
        }
        // A crash right before the write of a new state leaves the present one in the history as well.
        earlier.retain(|it| !present.as_ref().is_some_and(|present| present.content.is_ok() && present.serial == it.serial));
        match self.source.format {
            Format::Human => ui.out(|writer, style| render::state::history(writer, present.as_ref(), &earlier, style))?,
            Format::Json => {
                let document = render::state::history_json(present.as_ref(), &earlier);
                ui.out(|writer, _| render::json::write_pretty(writer, &document))?;
            }
        }
        Ok(exit_code::SUCCESS)
    }
}
