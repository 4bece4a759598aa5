//! `stepwright import`: takes over what exists already.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use indexmap::IndexMap;

use crate::address::Address;
use crate::aws::{Aws, Connection};
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

mod from_terraform;

/// Takes over into the state what exists already, as it is. The next plan shows what the stack wants else.
///
/// Of AWS only the tags are changed that say whose it is. In a pipeline, an entry `ADDRESS = "ID"` of `[import]` in
/// the stack file does the same, and the plan shows it. `stepwright export` writes a stack file for what exists.
///
/// With --from-terraform, everything is taken over that a Terraform state holds and the stack declares; if there is no
/// stack file yet, it is written.
#[derive(Args, Debug)]
#[command(
    override_usage = "\
stepwright import [OPTIONS] <STACK> <ADDRESS> <ID>
       stepwright import [OPTIONS] --from-terraform <FILE> [STACK]",
    after_help = "\
Examples:
  stepwright import stacks/ecs-task.toml role.workflow nightly-workflow
  stepwright import stacks/ecs-task.toml task_definition.report report                  its latest active revision
  stepwright import stacks/ecs-task.toml state_machine.nightly arn:aws:states:eu-central-1:123456789012:stateMachine:nightly
  stepwright import --from-terraform terraform.tfstate stacks/report.toml               writes the stack file first, if there is none"
)]
pub struct Import {
    /// The stack file, which must declare the resource.
    #[arg(value_name = "STACK", required_unless_present = "from_terraform")]
    stack: Option<PathBuf>,
    /// What it is to be: TYPE.NAME.
    #[arg(value_name = "ADDRESS", required_unless_present = "from_terraform")]
    address: Option<Address>,
    /// Its name or its ARN.
    #[arg(value_name = "ID", required_unless_present = "from_terraform")]
    id: Option<String>,
    /// Takes over what this Terraform state holds: a terraform.tfstate, or what `terraform show -json` prints. STACK is
    /// written if there is no such file [default: <stack name>.toml].
    #[arg(long, value_name = "FILE", conflicts_with_all = ["address", "id"])]
    from_terraform: Option<PathBuf>,
    /// The name of the stack that --from-terraform writes [default: made of the names of the resources].
    #[arg(long, value_name = "NAME", requires = "from_terraform", value_parser = crate::cli::options::stack_name)]
    name: Option<String>,
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

/// What is to be taken over, by its address in the stack: its name or its ARN.
type Ids = IndexMap<Address, String>;

impl Import {
    pub async fn run(self, ui: Ui) -> Result<u8, CliError> {
        match (&self.from_terraform, &self.stack, &self.address, &self.id) {
            (Some(file), ..) => from_terraform::run(&self, file, ui).await,
            (None, Some(stack), Some(address), Some(id)) => self.import_one(stack, address, id, ui).await,
            // The parser of the arguments lets nothing else through.
            _ => Err(CliError::message("name a STACK, an ADDRESS and an ID, or --from-terraform FILE")),
        }
    }

    async fn import_one(&self, stack: &Path, address: &Address, id: &str, ui: Ui) -> Result<u8, CliError> {
        if id.is_empty() {
            return Err(CliError::message("the ID is empty").help("name the resource, or write its ARN"));
        }
        let project = self.open(stack, ui)?;
        require_declared(stack, address, &project)?;
        let aws = self.connect(&project).await?;
        if let Some(record) = project.state.resources.get(address) {
            let message = format!("{address} is recorded already: {}", record.id);
            let help = format!("have that forgotten first: stepwright state rm {} {address}", stack.display());
            return Err(CliError::message(message).help(help));
        }
        let command = format!("import {} {address} {id}", stack.display());
        let code = self.import(project, &[(address.clone(), id.to_owned())].into(), &aws, &command, ui).await?;
        self.note_next(code, stack, ui);
        Ok(code)
    }

    fn open(&self, stack: &Path, ui: Ui) -> Result<Project, CliError> {
        let Self { state, variables, .. } = self;
        open_project(&StackOptions { stack: stack.to_owned(), state: state.clone(), variables: variables.clone() }, ui)
    }

    async fn connect(&self, project: &Project) -> Result<Aws, CliError> {
        require(connect_to(project.stack.region.as_deref(), &project.stack.allowed_account_ids).await?)
    }

    /// Takes `ids` over, and nothing else; what the stack moves or wants else is left for the next apply.
    async fn import(&self, project: Project, ids: &Ids, aws: &Aws, command: &str, ui: Ui) -> Result<u8, CliError> {
        let Project { mut stack, store, state } = project;
        let location = Location { source: stack.source.clone(), range: 0..0 };
        let entry = |id: &String| ImportEntry { id: Value::string(id), location: location.clone() };
        stack.imports = ids.iter().map(|(address, id)| (address.clone(), entry(id))).collect();
        stack.moves.clear();
        stack.outputs.clear();

        let session = open_session((store, Some(state)), command, self.lock.lock_timeout, aws, (self.format, ui)).await?;
        let only: BTreeSet<Address> = ids.keys().cloned().collect();
        let extent = Extent { refresh: true, only: Some(&only), parallelism: PARALLELISM };
        let connection = Connection::Ready(Box::new(aws.clone()));
        let seen = look(&connection, Some(&stack), session.state(), extent).await?;
        let import = ImportOptions { as_is: true, take_over: self.take_over };
        let plan = seen.plan(Some(&stack), &Options { only: Some(only.clone()), import, ..Options::default() })?;
        let execution = Execution {
            format: self.format,
            is_approved: true,
            title: "Import",
            question: "",
            parallelism: PARALLELISM,
            drain: None,
            shows_outputs: false,
        };
        execute(&plan, (aws, &seen.observed), session, execution, ui).await
    }

    /// Says how to go on after a success.
    fn note_next(&self, code: u8, stack: &Path, ui: Ui) {
        if code == exit_code::SUCCESS && self.format == Format::Human {
            ui.note(&format!("What the stack wants else: stepwright plan {}", stack.display()));
        }
    }
}

/// How many calls and steps run at a time.
const PARALLELISM: usize = 10;

fn require_declared(stack: &Path, address: &Address, project: &Project) -> Result<(), CliError> {
    let declared = &project.stack.resources;
    if declared.contains_key(address) {
        return Ok(());
    }
    let error = CliError::message(format!("{} declares no {address}", stack.display()));
    let known: Vec<String> = declared.keys().map(Address::to_string).collect();
    Err(match nearest(&address.to_string(), known.iter().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean {near}?")),
        None => error
            .help(format!("add [{address}] to it, as far as you know it: the plan shows what differs"))
            .help("or have the whole written for you: stepwright export"),
    })
}
