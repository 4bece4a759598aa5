//! `stepwright redrive`: takes an execution up again where it failed.

use clap::Args;

use crate::aws::{Error, ErrorKind};
use crate::cli::error::CliError;
use crate::cli::executions::{ExecutionOptions, refuse_express};
use crate::cli::exit_code;
use crate::cli::follow::{FollowOptions, follow};
use crate::cli::ui::Ui;
use crate::render;

/// Takes up an execution again that failed, timed out or was stopped, from where it ended.
///
/// What had succeeded is not done again, and the definition is the one that it began with. It is followed as `run`
/// follows one, with the same exit codes.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stepwright redrive one --stack stacks/ecs-task.toml
  stepwright redrive arn:aws:states:eu-central-1:123456789012:execution:nightly-report-nightly:one --detach")]
pub struct Redrive {
    #[command(flatten)]
    execution: ExecutionOptions,
    /// Only takes it up, and does not follow it.
    #[arg(long, conflicts_with_all = ["timeout", "logs"])]
    detach: bool,
    #[command(flatten)]
    follow: FollowOptions,
}

impl Redrive {
    pub async fn run(self, ui: Ui) -> Result<u8, CliError> {
        let target = self.execution.target(ui).await?;
        refuse_express(&target.arn)?;
        let (executions, arn) = (&target.executions, target.arn.text.as_str());
        // Its present end is not the one to wait for.
        let events = executions.history(arn, 0).await?;
        let last = events.last().map_or(0, |event| event.id);
        executions.redrive(arn).await.map_err(not_redriven)?;
        if self.detach {
            ui.note(&format!(
                "Execution {} of {} is taken up again. To follow it: stepwright show {arn} --follow",
                render::clean(&target.arn.name),
                target.title
            ));
            return Ok(exit_code::SUCCESS);
        }
        follow(&target, None, last, &self.follow, ui).await
    }
}

fn not_redriven(error: Error) -> CliError {
    let is_refused = error.kind == ErrorKind::Refused;
    let told = CliError::from(error);
    if !is_refused {
        return told;
    }
    told.help("AWS takes up executions of standard machines that did not succeed, within 14 days of their end and 24,999 events")
        .help("start a new one: stepwright run STACK MACHINE")
}
