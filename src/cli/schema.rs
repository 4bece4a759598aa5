//! `stepwright schema`: the stack file as JSON Schema, from the structs that read it.

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::ui::Ui;
use crate::resources;

/// Prints the JSON Schema of stack files, for editors and checks.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  stepwright schema > stepwright.schema.json\n\nWith `#:schema stepwright.schema.json` in its first line, a stack file is checked and completed by editors that know TOML."
)]
pub struct Schema {}

impl Schema {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let schema = crate::stack::schema_document(resources::ALL);
        ui.out(|writer, _| writeln!(writer, "{schema:#}"))?;
        Ok(exit_code::SUCCESS)
    }
}
