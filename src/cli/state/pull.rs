//! `stepwright state pull`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::options::StateOptions;
use crate::cli::output_file;
use crate::cli::state::nothing_at;
use crate::cli::store::find_store;
use crate::cli::ui::Ui;
use crate::state::format;

/// Writes the state as a state file, wherever it is kept, and in clear: to stdout, or to --out.
///
/// What a run that goes on or was interrupted has done so far is in it. Sensitive values are digests in it as in every
/// state. `stepwright state push` puts such a file back.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  stepwright state pull stacks/ecs-task.toml --out copy.json\n  stepwright state pull --state s3://our-states/nightly.json | jq '.resources | keys'"
)]
pub struct Pull {
    /// The stack file; only its name and [state] are used. Without it and --state: the one state below state/.
    #[arg(value_name = "STACK")]
    stack: Option<PathBuf>,
    /// Writes this file, which must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    state: StateOptions,
}

impl Pull {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let store = find_store(&self.state, self.stack.as_deref())?;
        let state = store.read()?.state.ok_or_else(|| nothing_at(store.path()))?;
        let text = format::write(&state, None, store.path())?;
        match &self.out {
            Some(path) => {
                output_file::write_private(path, &text)?;
                ui.note(&format!("Wrote serial {} of {} to {}.", state.serial, store.path().display(), path.display()));
            }
            None => ui.out(|writer, _| writeln!(writer, "{text}"))?,
        }
        Ok(exit_code::SUCCESS)
    }
}
