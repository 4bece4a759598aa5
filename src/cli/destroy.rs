//! `stepwright destroy`: takes down what the state records.

use std::path::PathBuf;

use clap::Args;

use crate::aws::Connection;
use crate::cli::context::{Extent, accounts_of_stack, connect_to, inputs, look, name_of_stack, read_stack, require};
use crate::cli::error::CliError;
use crate::cli::execute::{Execution, execute, open_session, plan_options};
use crate::cli::options::{DrainOptions, Format, LockOptions, ModeOptions, PlanOptions, StateOptions, VariableOptions};
use crate::cli::store::{find_store, store_of};
use crate::cli::ui::Ui;
use crate::state::Store;

/// Destroys everything that the state records, dependants first.
///
/// It works from the state alone. If the stack file is gone, or so broken that it does not say its name, name the state with --state.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stepwright destroy stacks/ecs-task.toml
  stepwright destroy stacks/ecs-task.toml --yes
  stepwright destroy --state state/nightly-report.json --yes     without a stack file")]
pub struct Destroy {
    /// The stack file; only its name and allowed_account_ids are used. Without one, name the state with --state.
    #[arg(value_name = "STACK", required_unless_present = "state")]
    stack: Option<PathBuf>,
    #[command(flatten)]
    state: StateOptions,
    #[command(flatten)]
    variables: VariableOptions,
    #[command(flatten)]
    options: PlanOptions,
    /// Does not ask.
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

impl Destroy {
    pub async fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let (store, allowed) = self.find_store(ui)?;
        let path = store.path().to_owned();
        let Some(state) = store.read()?.state else {
            return Err(CliError::message(format!("there is no state at {}", path.display()))
                .help("nothing was applied from here; or name the state with --state"));
        };
        let aws = require(connect_to(state.place.region.as_deref(), &allowed).await?)?;
        let command = format!("destroy {}", self.stack.as_ref().unwrap_or(&path).display());
        let session = open_session((store, None), &command, self.lock.lock_timeout, &aws, (self.format, ui)).await?;
        let connection = Connection::Ready(Box::new(aws.clone()));
        let seen = look(&connection, None, session.state(), Extent::of(&self.options)).await?;
        let plan = seen.plan(None, &plan_options(&self.options, &ModeOptions::default())?)?;
        let execution = Execution {
            format: self.format,
            is_approved: self.yes,
            title: "Destroy",
            question: "Do you really want to destroy all of this? There is no undo.",
            parallelism: self.options.parallelism,
            drain: self.drain.drain,
            shows_outputs: false,
        };
        execute(&plan, (&aws, &seen.observed), session, execution, ui).await
    }

    /// Where the state is, and which accounts are allowed. A broken stack file is told and passed over.
    fn find_store(&self, ui: Ui) -> Result<(Store, Vec<String>), CliError> {
        let Some(stack) = &self.stack else {
            return Ok((find_store(&self.state, None)?, Vec::new()));
        };
        let read =
            inputs(&self.variables).and_then(|inputs| read_stack(stack, &inputs, self.variables.allow_documents_outside, ""));
        let error = match read {
            Ok((stack, _)) => return Ok((store_of(&stack, &self.state)?, stack.allowed_account_ids)),
            Err(error) => error,
        };
        // A stack file that is broken elsewhere still names its state.
        match (&self.state.state, name_of_stack(stack)) {
            (Some(_), _) => ui.note(&format!("{} can't be used; going on with the state alone.", stack.display())),
            (None, Ok(name)) => ui
                .note(&format!("{} has errors, or its variables no values; going on with the state of {name}.", stack.display())),
            (None, Err(_)) => return Err(error),
        }
        Ok((find_store(&self.state, Some(stack))?, accounts_of_stack(stack)))
    }
}
