//! `stepwright state list`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::options::Format;
use crate::cli::state::Source;
use crate::cli::ui::Ui;
use crate::render;

/// Lists the addresses of everything recorded.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  stepwright state list stacks/ecs-task.toml\n  stepwright state list --state state/nightly-report.json\n  stepwright state list                                          the one state below state/"
)]
pub struct List {
    /// The stack file; only its name is used. Without it and --state: the one state below state/.
    #[arg(value_name = "STACK")]
    stack: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
}

impl List {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let state = self.source.read(self.stack.as_deref())?;
        match self.source.format {
            Format::Human => ui.out(|writer, _| render::state::list(writer, &state))?,
            Format::Json => ui.out(|writer, _| render::json::write_pretty(writer, &render::state::list_json(&state)))?,
        }
        Ok(exit_code::SUCCESS)
    }
}
