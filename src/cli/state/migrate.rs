//! `stepwright state migrate`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::context::name_of_stack;
use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::options::{LockOptions, StateOptions};
use crate::cli::store::{find_store, local_path, store_at};
use crate::cli::ui::Ui;
use crate::state::{Migrated, StateError, migrate};

/// Moves the state to where the stack file says now: into S3 once [state.s3] was added, or to another bucket or file.
///
/// It keeps its lineage and serial. In the old place it is kept aside, and nothing exists there any more, so that
/// nobody goes on with it by mistake. The history does not move: it stays beside what is kept. Nothing is called in AWS but S3.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  stepwright state migrate stacks/ecs-task.toml                                  from state/NAME.json to [state.s3]\n  stepwright state migrate stacks/ecs-task.toml --from s3://old-bucket/nightly.json"
)]
pub struct Migrate {
    /// The stack file; only its name and [state] are used.
    #[arg(value_name = "STACK")]
    stack: PathBuf,
    /// Where the state is: a path, or s3://BUCKET/KEY [default: state/<stack name>.json].
    #[arg(long, value_name = "PLACE")]
    from: Option<String>,
    #[command(flatten)]
    state: StateOptions,
    #[command(flatten)]
    lock: LockOptions,
}

impl Migrate {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let to = find_store(&self.state, Some(&self.stack))?;
        let local = || name_of_stack(&self.stack).map(|name| local_path(&name).display().to_string());
        let from = self.from.clone().map_or_else(local, Ok)?;
        // Taken in clear as well, since it may be sealed from now on.
        let from = store_at(&from, &self.stack, to.cipher().taking_plain())?;
        if from.path() == to.path() {
            return Err(CliError::message(format!("{} is where the state is to be", to.path().display()))
                .help("add [state.s3] to the stack file first; or name the place that it comes from with --from"));
        }
        let command = format!("state migrate {}", self.stack.display());
        let moved = tokio::task::block_in_place(|| migrate(&from, &to, &command, self.lock.lock_timeout));
        let Migrated { state, kept } = moved.map_err(|error| match error {
            StateError::Absent { path } => CliError::message(format!("there is no state at {}", path.display()))
                .help("name the place that it comes from with --from"),
            StateError::Unsettled { path, .. } => {
                let (stack, path) = (self.stack.display(), path.display());
                CliError::message("an interrupted run has left open what it did")
                    .help(format!("settle it in the old place first: stepwright apply {stack} --state {path}"))
            }
            error => error.into(),
        })?;
        ui.note(&format!("Moved serial {} of {} to {}.", state.serial, state.stack, to.path().display()));
        ui.note(&format!("In the old place it is kept aside as {}", kept.display()));
        Ok(exit_code::SUCCESS)
    }
}
