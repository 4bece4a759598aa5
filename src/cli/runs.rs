//! `stepwright runs`: the executions of a stack.

use clap::Args;

use crate::cli::context::open_project;
use crate::cli::error::CliError;
use crate::cli::executions::executions;
use crate::cli::exit_code;
use crate::cli::machine::{applied_machine, applied_machines};
use crate::cli::options::{Format, StackOptions};
use crate::cli::ui::Ui;
use crate::execution::Status;
use crate::render;
use crate::render::execution::Run;

/// Lists the executions of a stack's state machines, the newest first.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stepwright runs stacks/ecs-task.toml
  stepwright runs stacks/ecs-task.toml nightly --status failed --limit 5")]
pub struct Runs {
    #[command(flatten)]
    stack: StackOptions,
    /// Only those of this state machine: its NAME in [state_machine.NAME], or its whole address.
    #[arg(value_name = "MACHINE")]
    machine: Option<String>,
    /// Only those that stand so.
    #[arg(long, value_name = "STATUS", value_enum)]
    status: Option<StatusOption>,
    /// How many to list.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Whom to list them for.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum StatusOption {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
    PendingRedrive,
}

impl Runs {
    pub async fn run(self, ui: Ui) -> Result<u8, CliError> {
        let project = open_project(&self.stack, ui)?;
        let machines = match &self.machine {
            Some(machine) => vec![applied_machine(&project, machine)?],
            None => applied_machines(&project),
        };
        let status = self.status.map(|status| match status {
            StatusOption::Running => Status::Running,
            StatusOption::Succeeded => Status::Succeeded,
            StatusOption::Failed => Status::Failed,
            StatusOption::TimedOut => Status::TimedOut,
            StatusOption::Aborted => Status::Aborted,
            StatusOption::PendingRedrive => Status::PendingRedrive,
        });
        let mut found = Vec::new();
        let (express, standard): (Vec<_>, Vec<_>) = machines.iter().partition(|machine| machine.is_express);
        for machine in &express {
            ui.note(&format!("{} is an express machine: AWS does not list its executions", machine.address));
        }
        if let Some(first) = standard.first() {
            let executions = executions(first.arn.split(':').nth(3).unwrap_or_default(), Some(&project)).await?;
            for machine in &standard {
                let listed = executions.list(&machine.arn, status, self.limit as usize).await?;
                found.extend(listed.into_iter().map(|description| Run { address: machine.address.to_string(), description }));
            }
        }
        found.sort_by_key(|run| std::cmp::Reverse(run.description.started));
        found.truncate(self.limit as usize);
        let now = jiff::Timestamp::now();
        match self.format {
            Format::Json => ui.out(|writer, _| render::json::write_pretty(writer, &render::execution::runs_json(&found, now)))?,
            Format::Human => ui.out(|writer, style| render::execution::runs(writer, &found, machines.len() > 1, now, style))?,
        }
        Ok(exit_code::SUCCESS)
    }
}
