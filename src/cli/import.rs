//! `stepwright import`: takes over what exists already.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use crate::address::Address;
use crate::aws::Connection;
use crate::cli::context::{Extent, Project, connect_to, look, open_project, require};
use crate::cli::error::CliError;
use crate::cli::execute::{Execution, execute, open_session};
use crate::cli::exit_code;
use crate::cli::options::{Format, LockOptions, StackOptions, StateOptions, VariableOptions};
use crate::cli::ui::Ui;
use crate::diagnostic::{Location, nearest};
use crate::plan::{ImportOptions, Options};
use crate::stack::Import as ImportEntry;
use crate::value::Value;

/// Takes over into the state what exists already, as it is. The next plan shows what the stack wants else.
///
/// Of AWS only the tags are changed that say whose it is. In a pipeline, an entry `ADDRESS = "ID"` of `[import]` in
/// the stack file does the same, and the plan shows it. `stepwright export` writes a stack file for what exists.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stepwright import stacks/ecs-task.toml role.workflow nightly-workflow
  stepwright import stacks/ecs-task.toml task_definition.report report                  its latest active revision
  stepwright import stacks/ecs-task.toml state_machine.nightly arn:aws:states:eu-central-1:123456789012:stateMachine:nightly")]
pub struct Import {
    /// The stack file, which must declare the resource.
    #[arg(value_name = "STACK")]
    stack: PathBuf,
    /// What it is to be: TYPE.NAME.
    #[arg(value_name = "ADDRESS")]
    address: Address,
    /// Its name or its ARN.
    #[arg(value_name = "ID")]
    id: String,
    /// Takes it over even if its tags say that it is another stack's.
    #[arg(long)]
    take_over: bool,
    #[command(flatten)]
    state: StateOptions,
    #[command(flatten)]
    variables: VariableOptions,
    #[command(flatten)]
    lock: LockOptions,
    /// How to tell what happens; json is one event a line.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

impl Import {
    pub async fn run(self, ui: Ui) -> Result<u8, CliError> {
        let Self { stack, state, variables, .. } = &self;
        let options = StackOptions { stack: stack.clone(), state: state.clone(), variables: variables.clone() };
        let mut project = open_project(&options, ui)?;
        self.declare(&mut project)?;
        let aws = require(connect_to(project.stack.region.as_deref(), &project.stack.allowed_account_ids).await?)?;
        let command = format!("import {} {} {}", stack.display(), self.address, self.id);
        let store = (project.store.clone(), Some(project.state.clone()));
        let session = open_session(store, &command, self.lock.lock_timeout, &aws, (self.format, ui)).await?;
        if let Some(record) = session.state().resources.get(&self.address) {
            return Err(CliError::message(format!("{} is recorded already: {}", self.address, record.id)).help(format!(
                "have that forgotten first: stepwright state rm {} {}",
                stack.display(),
                self.address
            )));
        }

        let only = BTreeSet::from([self.address.clone()]);
        let extent = Extent { refresh: true, only: Some(&only), parallelism: 1 };
        let connection = Connection::Ready(Box::new(aws.clone()));
        let seen = look(&connection, Some(&project.stack), session.state(), extent).await?;
        let import = ImportOptions { as_is: true, take_over: self.take_over };
        let plan = seen.plan(Some(&project.stack), &Options { only: Some(only.clone()), import, ..Options::default() })?;
        let execution = Execution { format: self.format, is_approved: true, title: "Import", question: "", parallelism: 1 };
        let code = execute(&plan, (&aws, &seen.observed), session, execution, ui).await?;
        if code == exit_code::SUCCESS && self.format == Format::Human {
            ui.note(&format!("What the stack wants else: stepwright plan {}", stack.display()));
        }
        Ok(code)
    }

    /// Makes this the only import of the stack, and leaves its moves for the next apply.
    fn declare(&self, project: &mut Project) -> Result<(), CliError> {
        let declared = &project.stack.resources;
        if !declared.contains_key(&self.address) {
            let error = CliError::message(format!("{} declares no {}", self.stack.display(), self.address));
            let known: Vec<String> = declared.keys().map(Address::to_string).collect();
            return Err(match nearest(&self.address.to_string(), known.iter().map(String::as_str)) {
                Some(near) => error.help(format!("did you mean {near}?")),
                None => error
                    .help(format!("add [{}] to it, as far as you know it: the plan shows what differs", self.address))
                    .help("or have the whole written for you: stepwright export"),
            });
        }
        let location = Location { source: project.stack.source.clone(), range: 0..0 };
        let entry = ImportEntry { id: Value::string(&self.id), location };
        project.stack.imports = [(self.address.clone(), entry)].into();
        project.stack.moves.clear();
        project.stack.outputs.clear();
        Ok(())
    }
}
