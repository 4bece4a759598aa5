//! `stepwright state unlock`.

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::options::StateOptions;
use crate::cli::state::stack_first;
use crate::cli::store::find_store;
use crate::cli::ui::Ui;
use crate::state::Run;

/// Ends a lock by its id, which everybody is told who finds the state locked.
///
/// What `state lock` has locked is free at once. A run that has lost its lock so is refused its next write, and sends
/// nothing more to AWS; the next run waits until none of its calls can be on its way, and settles what it left open. A
/// run that was killed needs no unlocking: its lock ends by itself.
#[derive(Args, Debug)]
#[command(
    override_usage = "stepwright state unlock [OPTIONS] [STACK] <ID>",
    after_help = "Examples:\n  stepwright state unlock stacks/ecs-task.toml 0f3c2a9e-7d5b-4c1f-9f0e-2b8d6a1c4e57"
)]
pub struct Unlock {
    /// The stack file, of which only the name and [state] are used, and the lock's id.
    #[arg(value_names = ["STACK", "ID"], num_args = 1..=2, required = true)]
    what: Vec<String>,
    #[command(flatten)]
    state: StateOptions,
}

impl Unlock {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let (stack, id) = match stack_first(&self.what) {
            (stack, [id]) => (stack, id),
            _ => {
                return Err(match self.what.as_slice() {
                    [only] => CliError::message(format!("{only} is a stack file, and the id of the lock is missing")),
                    words => CliError::message(format!("there is no stack file {}", words[0])),
                }
                .help("write: stepwright state unlock STACK ID; the id is in the message of the run that found it locked"));
            }
        };
        let store = find_store(&self.state, stack)?;
        let holder = store.unlock(id, &Run::now(&format!("state unlock {}", self.what.join(" "))))?;
        ui.note(&format!("Unlocked {}, which was locked by {holder}.", store.path().display()));
        Ok(exit_code::SUCCESS)
    }
}
