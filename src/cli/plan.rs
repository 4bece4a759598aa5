//! `stepwright plan`: what an apply would do, and why.

use std::path::PathBuf;

use clap::Args;

use crate::apply::settle;
use crate::aws::Connection;
use crate::cli::consult::advise;
use crate::cli::context::{Extent, connect_to, look, open_project};
use crate::cli::error::CliError;
use crate::cli::execute::plan_options;
use crate::cli::exit_code;
use crate::cli::options::{Format, ModeOptions, PlanOptions, StackOptions, StrictOption};
use crate::cli::plan_file::PlanFile;
use crate::cli::ui::Ui;
use crate::render;
use crate::resources;
use crate::state::State;

/// Shows what apply would do, and why. Changes nothing, needs no lock.
///
/// Compares three things: what the stack wants, what the state recorded, and what AWS says. Without any
/// credentials, and with nothing recorded, it still plans; what depends on the account is then known after apply.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stepwright plan stacks/ecs-task.toml
  stepwright plan stacks/ecs-task.toml --var image=app:2 --out plan.json
  stepwright plan stacks/ecs-task.toml --detailed-exitcode       0 no changes, 1 error, 2 changes
  stepwright plan stacks/ecs-task.toml --refresh-only            what changed outside, and nothing else
  stepwright plan stacks/ecs-task.toml --format json | jq '.resource_changes[].change.actions'")]
pub struct PlanCommand {
    #[command(flatten)]
    stack: StackOptions,
    #[command(flatten)]
    options: PlanOptions,
    #[command(flatten)]
    mode: ModeOptions,
    #[command(flatten)]
    strict: StrictOption,
    /// Saves the plan; `stepwright apply FILE` does exactly that, or refuses.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How to print the plan; json is the format of `terraform show -json`.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
    /// Exits with 2 if there are changes.
    #[arg(long)]
    detailed_exitcode: bool,
}

impl PlanCommand {
    pub async fn run(self, ui: Ui) -> Result<u8, CliError> {
        let mut project = open_project(&self.stack, ui)?;
        project.tell_beyond_need(self.strict, ui);
        let connection = connect_to(project.stack.region.as_deref(), &project.stack.allowed_account_ids).await?;
        let notices = settle_in_memory(&connection, &mut project.state).await?;
        let options = plan_options(&self.options, &self.mode)?;
        let seen = look(&connection, Some(&project.stack), &project.state, Extent::of(&self.options)).await?;
        let mut plan = seen.plan(Some(&project.stack), &options)?;
        plan.notices.splice(0..0, notices);
        advise((&connection, &self.options), &project.stack, (&seen, &plan), ui).await?;
        if let Some(path) = &self.out {
            PlanFile::new(&self.stack, &self.options, &self.mode, &project, &plan)?.write(path, project.store.cipher())?;
        }
        match self.format {
            Format::Human => {
                ui.out(|writer, style| render::human::plan(writer, &plan, style))?;
                if let Some(path) = &self.out {
                    let path = path.display();
                    // A note is one line: a line break in it would be written as an escape.
                    ui.note("");
                    ui.note(&format!("Saved the plan to {path}. To do exactly this:"));
                    ui.note(&format!("  stepwright apply {path}"));
                }
            }
            Format::Json => ui.out(|writer, _| render::json::write_pretty(writer, &render::json::plan_document(&plan)))?,
        }
        Ok(if self.detailed_exitcode && plan.has_changes() { exit_code::CHANGES } else { exit_code::SUCCESS })
    }
}

/// What an interrupted run left open, settled for this plan alone: only apply writes.
pub async fn settle_in_memory(connection: &Connection, state: &mut State) -> Result<Vec<String>, CliError> {
    let mut notices = Vec::new();
    if state.interrupted.is_empty() {
        return Ok(notices);
    }
    let Connection::Ready(aws) = connection else {
        return Err(CliError::message("an earlier run was interrupted, and without credentials it can't be known what it did")
            .help("set AWS_PROFILE or AWS_ACCESS_KEY_ID"));
    };
    for settled in settle(aws, resources::ALL, state).await? {
        for entry in &settled.entries {
            state.apply_entry(entry).map_err(|error| CliError::message(error.to_string()))?;
        }
        let outcome = if settled.adopted { "happened; it is taken over" } else { "needs nothing more" };
        notices.push(format!("{}: what an interrupted run was about to do {outcome}", settled.address));
    }
    Ok(notices)
}
