//! `stepwright drift`: what changed outside since the last apply.

use clap::Args;

use crate::aws::Connection;
use crate::cli::context::{Extent, connect_to, look, open_project, require};
use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::options::{Format, PlanOptions, StackOptions};
use crate::cli::plan::settle_in_memory;
use crate::cli::ui::Ui;
use crate::plan::Options;
use crate::render;

/// Shows what was changed outside of Stepwright since the last apply, field by field, and whose that is. Changes nothing.
///
/// What the stack manages is drift: an apply puts it back. What AWS's account settings decide and the stack says
/// nothing of, and what `lifecycle.ignore_changes` names, is shown and left alone; alone it is not drift.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stepwright drift stacks/ecs-task.toml                          0 none, 2 drift, 1 error
  stepwright drift stacks/ecs-task.toml --format json | jq '.resource_drift[].fields'")]
pub struct Drift {
    #[command(flatten)]
    stack: StackOptions,
    #[command(flatten)]
    options: PlanOptions,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

impl Drift {
    pub async fn run(self, ui: Ui) -> Result<u8, CliError> {
        if !self.options.refresh {
            return Err(CliError::message("drift can't be seen without looking").help("leave --refresh=false out"));
        }
        let mut project = open_project(&self.stack, ui)?;
        let aws = require(connect_to(project.stack.region.as_deref(), &project.stack.allowed_account_ids).await?)?;
        let connection = Connection::Ready(Box::new(aws));
        let notices = settle_in_memory(&connection, &mut project.state).await?;
        // What the stack would make anew or import is no matter of drift.
        project.stack.imports.clear();
        let seen = look(&connection, Some(&project.stack), &project.state, Extent::of(&self.options)).await?;
        let options = Options { targets: self.options.targets.clone(), refresh_only: true, ..Options::default() };
        let mut plan = seen.plan(Some(&project.stack), &options)?;
        plan.notices.splice(0..0, notices);
        match self.format {
            Format::Human => ui.out(|writer, style| render::human::drift(writer, &plan, style))?,
            Format::Json => ui.out(|writer, _| render::json::write_pretty(writer, &render::json::drift_document(&plan)))?,
        }
        Ok(if plan.drifted().next().is_some() { exit_code::CHANGES } else { exit_code::SUCCESS })
    }
}
