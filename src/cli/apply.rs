//! `stepwright apply`: makes AWS what the stack says.

use std::path::PathBuf;

use clap::Args;

use crate::address::Address;
use crate::aws::Connection;
use crate::cli::context::{Project, connect_to, inputs, look, open_project_with, require};
use crate::cli::error::CliError;
use crate::cli::execute::{Execution, execute, open_session, plan_options};
use crate::cli::options::{Format, LockOptions, PlanOptions, StateOptions, VariableOptions};
use crate::cli::plan_file::PlanFile;
use crate::cli::ui::Ui;
use crate::plan::{Inputs, plan};
use crate::resources;
use crate::state::State;

/// Makes AWS what the stack says: shows the plan, asks, and carries it out in dependency order.
///
/// Given a saved plan (`plan --out FILE`), it does exactly that, or refuses and says what moved since.
/// What was about to be done is written down before it is done: a run that is killed is settled by the next one.
/// A first Ctrl-C lets what is in flight finish; a second one leaves it to the next run.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stepwright apply stacks/ecs-task.toml
  stepwright apply stacks/ecs-task.toml --yes --var image=app:2
  stepwright apply plan.json                                     a saved plan
  stepwright apply stacks/ecs-task.toml --yes --format json      one event a line")]
pub struct Apply {
    /// The stack file, or a plan saved by `plan --out`.
    #[arg(value_name = "STACK|PLANFILE")]
    file: PathBuf,
    #[command(flatten)]
    state: StateOptions,
    #[command(flatten)]
    variables: VariableOptions,
    #[command(flatten)]
    options: PlanOptions,
    /// Replaces this resource even if nothing forces it. May be repeated.
    #[arg(long, value_name = "ADDRESS")]
    replace: Vec<Address>,
    /// Does not ask. A saved plan is never asked about: it was shown when it was made.
    #[arg(long, short, visible_alias = "auto-approve")]
    yes: bool,
    #[command(flatten)]
    lock: LockOptions,
    /// How to tell what happens; json is one event a line, and needs --yes.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

impl Apply {
    pub async fn run(mut self, ui: Ui) -> Result<u8, CliError> {
        let saved = PlanFile::read(&self.file)?;
        if let Some(saved) = &saved {
            self.take_over(saved)?;
        }
        let initial = |stack: &str| saved.as_ref().map(|saved| saved.initial_state(stack));
        let project = self.open(initial, ui)?;
        let connection = connect_to(project.stack.region.as_deref(), &project.stack.allowed_account_ids).await?;
        let aws = require(connection)?;
        let command = format!("apply {}", self.file.display());
        let store = (project.store.clone(), Some(project.state.clone()));
        let session = open_session(store, &command, self.lock.lock_timeout, &aws, (self.format, ui)).await?;

        let connection = Connection::Ready(Box::new(aws.clone()));
        let (place, observed) = look(&connection, Some(&project.stack), session.state(), &self.options).await?;
        let options = plan_options(&self.options, &self.replace);
        let state = session.state();
        let plan = plan(Inputs {
            kinds: resources::ALL,
            stack: Some(&project.stack),
            state,
            place: &place,
            observed: &observed,
            options: &options,
        })?;
        if let Some(saved) = &saved {
            let moved = saved.moved(&plan);
            if !moved.is_empty() {
                let refusal = CliError::message(format!("{} is no longer what would be done", self.file.display()));
                let refusal = moved.into_iter().fold(refusal, CliError::help);
                return Err(refusal.help("look at a new plan: stepwright plan STACK --out FILE"));
            }
        }
        let execution = Execution {
            format: self.format,
            is_approved: self.yes || saved.is_some(),
            title: "Apply",
            question: "Do you want to perform these actions?",
            parallelism: self.options.parallelism,
        };
        execute(&plan, (&aws, &observed), session, execution, ui).await
    }

    /// A saved plan brings its own options.
    fn take_over(&mut self, saved: &PlanFile) -> Result<(), CliError> {
        if !self.options.targets.is_empty() || !self.replace.is_empty() || self.state.state.is_some() {
            return Err(CliError::message("--target, --replace and --state are those of the saved plan").help("leave them out"));
        }
        self.state.state = Some(saved.state_file.clone());
        self.options.targets.clone_from(&saved.targets);
        self.options.refresh = saved.refresh;
        self.replace.clone_from(&saved.replace);
        let given_again = std::mem::take(&mut self.variables.variables);
        self.variables.variables = saved.variables.iter().cloned().chain(given_again).collect();
        self.variables.variable_files.splice(0..0, saved.variable_files.iter().cloned());
        self.variables.allow_documents_outside |= saved.allow_documents_outside;
        Ok(())
    }

    fn open(&self, initial: impl Fn(&str) -> Option<State>, ui: Ui) -> Result<Project, CliError> {
        let saved = PlanFile::read(&self.file)?;
        let stack_file = saved.as_ref().map_or(&self.file, |saved| &saved.stack_file);
        let inputs = inputs(&self.variables)?;
        open_project_with((stack_file, &inputs, self.variables.allow_documents_outside), &self.state, initial, ui)
    }
}
