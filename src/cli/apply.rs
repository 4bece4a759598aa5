//! `stepwright apply`: makes AWS what the stack says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::address::Address;
use crate::aws::Connection;
use crate::cli::assignment::Assignment;
use crate::cli::consult::advise;
use crate::cli::context::{Extent, Project, connect_to, inputs, look, open_project_with, require};
use crate::cli::error::CliError;
use crate::cli::execute::{Execution, execute, open_session, plan_options};
use crate::cli::options::{
    DrainOptions, Format, LockOptions, ModeOptions, PlanOptions, StateOptions, StrictOption, VariableOptions,
};
use crate::cli::plan_file::PlanFile;
use crate::cli::ui::Ui;
use crate::plan::{self, Plan};
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
    #[command(flatten)]
    mode: ModeOptions,
    #[command(flatten)]
    strict: StrictOption,
    /// Does not ask. A saved plan is never asked about: it was shown when it was made.
    #[arg(long, short, visible_alias = "auto-approve")]
    yes: bool,
    #[command(flatten)]
    drain: DrainOptions,
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
        let project = self.open(saved.as_ref(), initial, ui)?;
        project.tell_beyond_need(self.strict, ui);
        if let Some(saved) = &saved {
            saved.require_sealed(&self.file, project.store.cipher())?;
        }
        let connection = connect_to(project.stack.region.as_deref(), &project.stack.allowed_account_ids).await?;
        let aws = require(connection)?;
        let command = format!("apply {}", self.file.display());
        let store = (project.store.clone(), Some(project.state.clone()));
        let session = open_session(store, &command, self.lock.lock_timeout, &aws, (self.format, ui)).await?;

        let connection = Connection::Ready(Box::new(aws.clone()));
        let only: Option<BTreeSet<Address>> = saved.as_ref().map(|saved| saved.touched.keys().cloned().collect());
        let extent = Extent { only: only.as_ref(), ..Extent::of(&self.options) };
        let seen = look(&connection, Some(&project.stack), session.state(), extent).await?;
        let options = plan::Options { only, ..plan_options(&self.options, &self.mode)? };
        let plan = seen.plan(Some(&project.stack), &options)?;
        advise((&connection, &self.options), &project.stack, (&seen, &plan), ui).await?;
        if let Some(saved) = &saved {
            refuse_what_moved(saved, &plan, session.state(), &self.file)?;
        }
        let execution = Execution {
            format: self.format,
            is_approved: self.yes || saved.is_some(),
            title: "Apply",
            question: match self.mode.refresh_only {
                true => "Would you like to update the state to reflect these detected changes? Nothing is changed in AWS.",
                false => "Do you want to perform these actions?",
            },
            parallelism: self.options.parallelism,
            drain: self.drain.drain,
            shows_outputs: true,
        };
        execute(&plan, (&aws, &seen.observed), session, execution, ui).await
    }

    /// A saved plan brings its own options.
    fn take_over(&mut self, saved: &PlanFile) -> Result<(), CliError> {
        let Self { options, mode, state, .. } = &self;
        if !options.targets.is_empty() || !mode.replace.is_empty() || mode.refresh_only || state.state.is_some() {
            return Err(CliError::message("--target, --replace, --refresh-only and --state are those of the saved plan")
                .help("leave them out"));
        }
        self.state.state = Some(saved.state_file.clone());
        self.options.targets.clone_from(&saved.targets);
        self.options.refresh = saved.refresh;
        self.mode.replace.clone_from(&saved.replace);
        self.mode.refresh_only = saved.refresh_only;
        let given_again = std::mem::take(&mut self.variables.variables);
        self.variables.variables =
            saved.variables.iter().map(|(name, value)| Assignment::new(name, value)).chain(given_again).collect();
        self.variables.variable_files.splice(0..0, saved.variable_files.iter().cloned());
        self.variables.allow_documents_outside |= saved.allow_documents_outside;
        Ok(())
    }

    fn open(&self, saved: Option<&PlanFile>, initial: impl Fn(&str) -> Option<State>, ui: Ui) -> Result<Project, CliError> {
        let stack_file = saved.map_or(&self.file, |saved| &saved.stack_file);
        let inputs = inputs(&self.variables)?;
        open_project_with((stack_file, &inputs, self.variables.allow_documents_outside), &self.state, initial, ui)
    }
}

/// A plan is a promise: what it touches must be as it was.
fn refuse_what_moved(saved: &PlanFile, plan: &Plan, state: &State, file: &Path) -> Result<(), CliError> {
    let moved = saved.moved(plan, state);
    if moved.is_empty() {
        return Ok(());
    }
    let refusal = CliError::message(format!("{} is no longer what would be done", file.display()));
    let refusal = moved.into_iter().fold(refusal, CliError::help);
    Err(refusal.help("look at a new plan: stepwright plan STACK --out FILE"))
}
