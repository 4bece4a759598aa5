//! `stepwright completions`: for shells.

use clap::Args;
use clap_complete::Shell;

use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::ui::Ui;

/// Prints a completion script for a shell.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  stepwright completions bash > ~/.local/share/bash-completion/completions/stepwright\n  stepwright completions zsh > ~/.zfunc/_stepwright\n  stepwright completions fish > ~/.config/fish/completions/stepwright.fish"
)]
pub struct Completions {
    /// For which shell.
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

impl Completions {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::command(), "stepwright", &mut script);
        ui.out(|writer, _| writer.write_all(&script))?;
        Ok(exit_code::SUCCESS)
    }
}
