//! `stepwright stop`: ends an execution.

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::executions::{ExecutionOptions, refuse_express};
use crate::cli::exit_code;
use crate::cli::ui::Ui;
use crate::render;

/// Stops an execution. What it runs and awaits is stopped too, as far as its role allows.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stepwright stop arn:aws:states:eu-central-1:123456789012:execution:nightly-report-nightly:one
  stepwright stop one --stack stacks/ecs-task.toml --error Cancelled --cause 'the input was wrong'")]
pub struct Stop {
    #[command(flatten)]
    execution: ExecutionOptions,
    /// The name of the error that it ends with.
    #[arg(long, value_name = "NAME")]
    error: Option<String>,
    /// Why it is stopped, for those who look at it later.
    #[arg(long, value_name = "TEXT")]
    cause: Option<String>,
}

/// AWS takes no more, in characters.
const LONGEST_ERROR: usize = 256;
const LONGEST_CAUSE: usize = 32_768;

impl Stop {
    pub async fn run(self, ui: Ui) -> Result<u8, CliError> {
        for (name, text, most) in [("--error", &self.error, LONGEST_ERROR), ("--cause", &self.cause, LONGEST_CAUSE)] {
            let length = text.as_deref().unwrap_or_default().chars().count();
            if length > most {
                return Err(CliError::message(format!("{name} has {length} characters, and AWS takes {most}")));
            }
        }
        let target = self.execution.target(ui).await?;
        refuse_express(&target.arn)?;
        let (executions, arn) = (&target.executions, target.arn.text.as_str());
        let description = executions.describe(arn).await?;
        let name = render::clean(&target.arn.name);
        if description.status.is_ended() {
            ui.note(&format!("Execution {name} has ended already: it is {}.", description.status.name()));
            return Ok(exit_code::SUCCESS);
        }
        executions.stop(arn, self.error.as_deref(), self.cause.as_deref()).await?;
        ui.note(&format!("Execution {name} of {} is stopped.", target.title));
        Ok(exit_code::SUCCESS)
    }
}
