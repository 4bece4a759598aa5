//! What `state encrypt` and `state decrypt` share.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::options::{LockOptions, StateOptions};
use crate::cli::store::find_store;
use crate::cli::ui::Ui;
use crate::state::{Form, Resealed, Store};

/// Which state.
#[derive(Args, Debug)]
pub struct Target {
    /// The stack file, of which only the name and [state] are used.
    #[arg(value_name = "STACK")]
    pub stack: PathBuf,
    #[command(flatten)]
    state: StateOptions,
    #[command(flatten)]
    lock: LockOptions,
}

impl Target {
    pub fn store(&self) -> Result<Store, CliError> {
        // A stack file that is not there must not pass for one that wants nothing sealed.
        crate::stack::load::read_source(&self.stack)?;
        find_store(&self.state, Some(&self.stack))
    }

    /// Brings all of it into `form`, and tells what was done.
    pub fn reseal(&self, store: &Store, form: Form, command: &str, ui: Ui) -> Result<(), CliError> {
        let command = format!("{command} {}", self.stack.display());
        let Resealed { written, left, aside } =
            tokio::task::block_in_place(|| store.reseal(form, &command, self.lock.lock_timeout))?;
        let done = match form {
            Form::Sealed => "Sealed",
            Form::Plain => "In clear now:",
        };
        written.iter().for_each(|path| ui.note(&format!("{done} {}", path.display())));
        left.iter().for_each(|error| ui.note(&format!("warning: left as it was: {error}")));
        if written.is_empty() && left.is_empty() {
            ui.note("There was nothing to do.");
        }
        tell_aside(&aside, ui);
        Ok(())
    }
}

fn tell_aside(aside: &[PathBuf], ui: Ui) {
    for path in aside {
        let path: &Path = path;
        ui.note(&format!("Not touched, as it was kept aside: {}; remove it when nobody needs it", path.display()));
    }
}
