//! `stepwright state decrypt`.

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::state::reseal::Target;
use crate::cli::ui::Ui;
use crate::state::Form;

/// Writes the state, its journal and its whole history in clear.
///
/// Take [state.encryption] out of the stack file with it: as long as that is there, a state in clear is refused. A key
/// that opens the state must be at hand. Nothing is called in AWS but KMS, where it is used.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  STEPWRIGHT_AGE_KEY_FILE=key.txt stepwright state decrypt stacks/ecs-task.toml")]
pub struct Decrypt {
    #[command(flatten)]
    target: Target,
}

impl Decrypt {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let store = self.target.store()?;
        self.target.reseal(&store, Form::Plain, "state decrypt", ui)?;
        if store.cipher().seals() {
            let stack = self.target.stack.display();
            ui.note(&format!("Now take [state.encryption] out of {stack}: with it, a state in clear is refused."));
        }
        Ok(exit_code::SUCCESS)
    }
}
