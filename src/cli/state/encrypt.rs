//! `stepwright state encrypt`.

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::state::reseal::Target;
use crate::cli::ui::Ui;
use crate::state::Form;

/// Seals the state, its journal and its whole history for whom [state.encryption] in the stack file names.
///
/// It is run once after [state.encryption] was added, as nothing is read in clear from then on; and again whenever
/// recipients or the KMS key have changed, for what was written earlier is sealed as it was. A key that was taken out
/// opens no file any more that is written from then on, but copies that somebody has kept. Nothing is called in AWS but
/// KMS, where it is used.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  age-keygen -o key.txt && export STEPWRIGHT_AGE_KEY_FILE=key.txt\n  stepwright state encrypt stacks/ecs-task.toml                  once [state.encryption] is in it, or was changed"
)]
pub struct Encrypt {
    #[command(flatten)]
    target: Target,
}

impl Encrypt {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let store = self.target.store()?;
        if !store.cipher().seals() {
            let stack = self.target.stack.display();
            return Err(CliError::message(format!("{stack} does not say for whom the state is to be sealed"))
                .help("add to it:\n[state.encryption]\nrecipients = [\"age1…\"]        # or kms_key_id = \"arn:aws:kms:…\""));
        }
        self.target.reseal(&store, Form::Sealed, "state encrypt", ui)?;
        Ok(exit_code::SUCCESS)
    }
}
