//! `stepwright state lock`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::options::{LockOptions, StateOptions};
use crate::cli::store::find_store;
use crate::cli::ui::Ui;
use crate::state::Run;

/// Locks the state until it is unlocked by hand, so that no run can change anything. Its id is printed on stdout.
///
/// For instance while something is mended in AWS by hand. Reading commands go on as ever.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  id=$(stepwright state lock stacks/ecs-task.toml)\n  stepwright state unlock stacks/ecs-task.toml \"$id\""
)]
pub struct Lock {
    /// The stack file; only its name and [state] are used. Without it and --state: the one state below state/.
    #[arg(value_name = "STACK")]
    stack: Option<PathBuf>,
    #[command(flatten)]
    state: StateOptions,
    #[command(flatten)]
    lock: LockOptions,
}

impl Lock {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let store = find_store(&self.state, self.stack.as_deref())?;
        let stack = self.stack.as_ref().map(|stack| format!(" {}", stack.display())).unwrap_or_default();
        let run = Run::now(&format!("state lock{stack}"));
        let holder = tokio::task::block_in_place(|| store.lock(&run, self.lock.lock_timeout))?;
        ui.note(&format!("Locked {}. To unlock it:", store.path().display()));
        ui.note(&format!("  stepwright state unlock{stack} {}", holder.id));
        ui.out(|writer, _| writeln!(writer, "{}", holder.id))?;
        Ok(exit_code::SUCCESS)
    }
}
