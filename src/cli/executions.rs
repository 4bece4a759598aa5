//! An execution that somebody named, and AWS to ask about it.

use std::path::PathBuf;

use clap::Args;

use crate::aws::executions::Executions;
use crate::cli::context::{Project, connect_to, open_project, require};
use crate::cli::error::CliError;
use crate::cli::machine::{AppliedMachine, applied_machine, applied_machines};
use crate::cli::options::{StackOptions, StateOptions, VariableOptions};
use crate::cli::ui::Ui;
use crate::execution::ExecutionArn;
use crate::render::clean;
use crate::secret::Veil;
use crate::value::Value;

/// Which execution.
#[derive(Args, Clone, Debug)]
pub struct ExecutionOptions {
    /// The execution: its ARN; with --stack also its name.
    #[arg(value_name = "EXECUTION")]
    pub execution: String,
    /// The stack file of its state machine. Then the values of sensitive variables are not shown.
    #[arg(long, value_name = "STACK")]
    pub stack: Option<PathBuf>,
    /// The state machine that the name is of, where the stack has several: its NAME in [state_machine.NAME], or its address.
    #[arg(long, value_name = "MACHINE", requires = "stack")]
    pub machine: Option<String>,
    #[command(flatten)]
    pub state: StateOptions,
    #[command(flatten)]
    pub variables: VariableOptions,
}

/// An execution, where to ask about it, and what its machine is called.
pub struct Target {
    pub arn: ExecutionArn,
    pub title: String,
    pub executions: Executions,
}

impl ExecutionOptions {
    /// Finds it and connects to AWS.
    pub async fn target(&self, ui: Ui) -> Result<Target, CliError> {
        let options =
            self.stack.clone().map(|stack| StackOptions { stack, state: self.state.clone(), variables: self.variables.clone() });
        let project = options.map(|options| open_project(&options, ui)).transpose()?;
        let arn = match ExecutionArn::parse(&self.execution) {
            Some(arn) => arn,
            None => self.named(project.as_ref())?,
        };
        let is_of = |machine: &AppliedMachine| machine.arn.ends_with(&format!(":stateMachine:{}", arn.machine));
        let title = project.as_ref().and_then(|project| {
            let machine = applied_machines(project).into_iter().find(is_of)?;
            Some(title(&machine, project))
        });
        let title = title.unwrap_or_else(|| arn.machine.clone());
        let executions = executions(&arn.region, project.as_ref()).await?;
        Ok(Target { arn, title, executions })
    }

    /// The execution of that name, of the one machine that can be meant.
    fn named(&self, project: Option<&Project>) -> Result<ExecutionArn, CliError> {
        let name = clean(&self.execution);
        if self.execution.starts_with("arn:") {
            return Err(CliError::message(format!("`{name}` is not the ARN of an execution"))
                .help("it looks like arn:aws:states:REGION:ACCOUNT:execution:MACHINE:NAME; `stepwright runs STACK` lists them"));
        }
        let Some(project) = project else {
            return Err(CliError::message(format!("`{name}` is a name, and of which state machine is not said"))
                .help("give the execution's ARN, or the stack that the name is of: --stack STACK"));
        };
        let machine = match (&self.machine, applied_machines(project).as_slice()) {
            (Some(machine), _) => applied_machine(project, machine)?.arn,
            (None, [machine]) => machine.arn.clone(),
            (None, []) => {
                return Err(CliError::message(format!("the state of {} has no state machine", project.stack.name))
                    .help("make it first: stepwright apply STACK"));
            }
            (None, machines) => {
                let names: Vec<&str> = machines.iter().map(|machine| machine.address.name.as_str()).collect();
                return Err(CliError::message(format!("`{name}` may be of several state machines"))
                    .help(format!("say of which: --machine NAME, one of {}", names.join(", "))));
            }
        };
        ExecutionArn::of_machine(&machine, &self.execution)
            .ok_or_else(|| CliError::message(format!("{} is not the ARN of a state machine", clean(&machine))))
    }
}

/// `state_machine.nightly of nightly-report`.
pub fn title(machine: &AppliedMachine, project: &Project) -> String {
    format!("{} of {}", machine.address, project.stack.name)
}

/// AWS in `region`, with what must not be shown of its answers.
pub async fn executions(region: &str, project: Option<&Project>) -> Result<Executions, CliError> {
    let allowed = project.map(|project| project.stack.allowed_account_ids.as_slice()).unwrap_or_default();
    let aws = require(connect_to(Some(region), allowed).await?)?;
    let variables = project.map(|project| &project.stack.variables).into_iter().flatten();
    let secrets: Vec<_> = variables
        .filter_map(|(_, variable)| match &variable.value {
            Value::Secret(secret) => Some(secret),
            _ => None,
        })
        .collect();
    Ok(Executions { aws, veil: Veil::of(secrets) })
}

/// AWS keeps no history of express executions, so that nothing of them can be followed or shown.
pub fn refuse_express(arn: &ExecutionArn) -> Result<(), CliError> {
    if !arn.is_express {
        return Ok(());
    }
    Err(CliError::message("it is an execution of an express machine, of which AWS keeps no history")
        .help("its log group has its events, if the machine's logging_configuration names one"))
}
