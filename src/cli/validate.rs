//! `stepwright validate`: everything that can be known offline.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::context::{inputs, read_stack};
use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::options::{Format, VariableOptions};
use crate::cli::ui::Ui;
use crate::diagnostic::{Diagnostic, Severity, has_errors};
use crate::document::states_language::MachineType;
use crate::document::warning::BEYOND_NEED;
use crate::render;
use crate::stack::check_definition;
use crate::stack::load;

/// Checks a stack file and its documents, or a definition alone, without credentials and without a state.
///
/// All problems are told in one run, each under its token, with the right spelling where one is near. Of a
/// definition in the Amazon States Language, they carry the codes of Step Functions' own validation.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stepwright validate stacks/ecs-task.toml
  stepwright validate stacks/ecs-task.toml --var image=app:2
  stepwright validate stacks/ecs-task.toml --strict              roles may do what is needed, and no more
  stepwright validate --definition nightly.asl.json
  aws stepfunctions describe-state-machine --state-machine-arn ARN --query definition --output text | stepwright validate --definition - --format json")]
pub struct Validate {
    /// The stack file.
    #[arg(value_name = "STACK", required_unless_present = "definition", conflicts_with = "definition")]
    stack: Option<PathBuf>,
    #[command(flatten)]
    variables: VariableOptions,
    /// Also refuses what roles are allowed beyond what the stack needs them for.
    #[arg(long, conflicts_with = "definition")]
    strict: bool,
    /// A definition in the Amazon States Language to check alone; `-` reads stdin.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["variables", "variable_files"])]
    definition: Option<PathBuf>,
    /// The type of the machine whose definition it is.
    #[arg(long = "type", value_name = "TYPE", value_enum, default_value_t, ignore_case = true, requires = "definition")]
    machine_type: TypeOption,
    /// Whom to tell what is wrong.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[value(rename_all = "UPPER")]
enum TypeOption {
    /// Executions of up to a year.
    #[default]
    Standard,
    /// Many executions of up to five minutes.
    Express,
}

impl Validate {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let (diagnostics, verdict) = match (&self.definition, &self.stack) {
            (Some(path), _) => self.definition(path)?,
            (None, Some(path)) => self.stack(path)?,
            (None, None) => return Err(CliError::message("there is nothing to check").help("name a stack file")),
        };
        let is_wrong = has_errors(&diagnostics);
        match self.format {
            Format::Json => {
                let document = render::json::diagnostics(&diagnostics);
                ui.out(|writer, _| render::json::write_pretty(writer, &document))?;
            }
            Format::Human if is_wrong => return Err(CliError::Diagnostics(diagnostics)),
            Format::Human => {
                ui.err(|writer, style| render::diagnostic::write(writer, &diagnostics, style.color));
                ui.out(|writer, _| writeln!(writer, "{verdict}"))?;
            }
        }
        Ok(if is_wrong { exit_code::ERROR } else { exit_code::SUCCESS })
    }

    /// What is wrong with a definition, and what to say if nothing is.
    fn definition(&self, path: &Path) -> Result<(Vec<Diagnostic>, String), CliError> {
        let source = if path == Path::new("-") { load::read_stdin()? } else { load::read_source(path)? };
        let machine_type = match self.machine_type {
            TypeOption::Standard => MachineType::Standard,
            TypeOption::Express => MachineType::Express,
        };
        let verdict = format!("The definition {} is valid.", render::clean(&source.name));
        Ok((check_definition(&source, machine_type), verdict))
    }

    /// The same of a stack.
    fn stack(&self, path: &Path) -> Result<(Vec<Diagnostic>, String), CliError> {
        let inputs = inputs(&self.variables)?;
        match read_stack(path, &inputs, self.variables.allow_documents_outside, "") {
            Ok((mut stack, mut diagnostics)) => {
                if self.strict {
                    diagnostics.extend(stack.beyond_need.drain(..).map(refused));
                }
                let count = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
                let lookups = match stack.data.len() {
                    0 => String::new(),
                    number => format!(", {}", count(number, "look-up")),
                };
                let resources = count(stack.resources.len(), "resource");
                Ok((diagnostics, format!("The stack {} is valid: {resources}{lookups}.", stack.name)))
            }
            Err(CliError::Diagnostics(diagnostics)) => Ok((diagnostics, String::new())),
            Err(other) => Err(other),
        }
    }
}

/// What is granted beyond need, as an error: whoever asks for it strictly wants none of it. What can't be decided stays
/// a warning.
fn refused(diagnostic: Diagnostic) -> Diagnostic {
    let severity = if diagnostic.code == Some(BEYOND_NEED) { Severity::Error } else { diagnostic.severity };
    Diagnostic { severity, ..diagnostic }
}
