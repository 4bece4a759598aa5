//! `stepwright show`: an execution, past or present.

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::executions::{ExecutionOptions, refuse_express};
use crate::cli::exit_code;
use crate::cli::follow::{FollowOptions, definition_of, follow, write_page};
use crate::cli::options::Format;
use crate::cli::ui::Ui;
use crate::document::states_language::model::StateMachine;
use crate::execution::Execution;
use crate::flow::FlowGraph;
use crate::render;
use crate::render::execution::View;
use crate::value::Value;

/// Shows an execution: the flow of its machine with how each state stands, attempts, errors, tasks, output.
///
/// With --follow, one that runs is followed to its end as `run` does it, with the same exit codes.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stepwright show arn:aws:states:eu-central-1:123456789012:execution:nightly-report-nightly:one
  stepwright show one --stack stacks/ecs-task.toml
  stepwright show one --stack stacks/ecs-task.toml --follow --logs
  stepwright show one --stack stacks/ecs-task.toml --format json | jq '.entries[] | {path, seconds}'")]
pub struct Show {
    #[command(flatten)]
    execution: ExecutionOptions,
    /// Follows it to its end.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    options: FollowOptions,
}

impl Show {
    pub async fn run(self, ui: Ui) -> Result<u8, CliError> {
        if !self.follow && (self.options.logs || self.options.timeout.is_some()) {
            return Err(CliError::message("--logs and --timeout are of an execution that is followed").help("add --follow"));
        }
        let target = self.execution.target(ui).await?;
        refuse_express(&target.arn)?;
        if self.follow {
            // An execution that is not there is told at once: only one that has just been started is waited for.
            target.executions.describe(&target.arn.text).await?;
            return follow(&target, None, 0, &self.options, ui).await;
        }
        let (executions, arn) = (&target.executions, &target.arn);
        let description = executions.describe(&arn.text).await?;
        let (events, definition) = futures::join!(executions.history(&arn.text, 0), definition_of(&target, None, ui));
        let events = events?;
        let mut execution = Execution::of(&events);
        execution.complete(&description);
        for (cluster, tasks) in execution.unfinished_tasks() {
            // That ECS can't be asked takes nothing from what the history says.
            for task in executions.tasks(&cluster, &tasks).await.unwrap_or_default() {
                execution.observe_task(&task);
            }
        }
        let definition = definition.unwrap_or(Value::Null);
        let machine = StateMachine::parse(&definition);
        let graph = FlowGraph::of(&machine);
        let view = View {
            title: &target.title,
            arn,
            execution: &execution,
            machine: definition.as_map().is_some().then_some((&graph, &machine)),
            now: jiff::Timestamp::now(),
        };
        write_page(&self.options, view, ui)?;
        match self.options.format {
            Format::Json => ui.out(|writer, _| render::json::write_pretty(writer, &render::execution::execution_json(view)))?,
            Format::Human => ui.out(|writer, style| {
                for line in render::execution::picture(view, None, style) {
                    writeln!(writer, "{line}")?;
                }
                writeln!(writer)?;
                render::execution::summary(writer, view, style)
            })?,
        }
        Ok(exit_code::SUCCESS)
    }
}
