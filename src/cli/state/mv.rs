//! `stepwright state mv`.

use clap::Args;

use crate::address::Address;
use crate::cli::error::CliError;
use crate::cli::execute::finish;
use crate::cli::exit_code;
use crate::cli::state::{Changed, parse_address, stack_first, unknown};
use crate::cli::ui::Ui;
use crate::state::{Entry, State};

/// Gives a recorded resource another address. Nothing is called in AWS.
///
/// Rename it in the stack file too. In a pull request `[[moved]]` does the same, and the plan shows it. The next
/// apply marks the resource with its new address.
#[derive(Args, Debug)]
#[command(
    override_usage = "stepwright state mv [OPTIONS] [STACK] <FROM> <TO>",
    after_help = "Examples:\n  stepwright state mv stacks/ecs-task.toml role.workflow role.nightly\n  stepwright state mv role.workflow role.nightly                 the one state below state/"
)]
pub struct Mv {
    /// The stack file, of which only the name is used, the address that it has, and the one that it is to have.
    #[arg(value_names = ["STACK", "FROM", "TO"], num_args = 2..=3, required = true)]
    what: Vec<String>,
    #[command(flatten)]
    changed: Changed,
}

impl Mv {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let (stack, [from, to]) = stack_first(&self.what) else {
            return Err(CliError::message("name two addresses: that it has, and that it is to have"));
        };
        let (from, to) = (parse_address(from)?, parse_address(to)?);
        let mut session = self.changed.open(stack, &format!("state mv {from} {to}"))?;
        check(session.state(), &from, &to)?;
        session.record(&[Entry::Move { from: from.clone(), to: to.clone() }])?;
        finish(session, ui)?;
        ui.note(&format!("{from} is {to} now. Rename it in the stack file too."));
        Ok(exit_code::SUCCESS)
    }
}

fn check(state: &State, from: &Address, to: &Address) -> Result<(), CliError> {
    if to.is_data || from.resource_type != to.resource_type {
        return Err(CliError::message(format!("a {} can't become {to}", from.resource_type))
            .help("only the name after the dot can change"));
    }
    if from == to {
        return Err(CliError::message(format!("{from} has that address")).help("name another one"));
    }
    if !state.resources.contains_key(from) {
        return Err(unknown(state, from));
    }
    match state.resources.get(to) {
        None => Ok(()),
        Some(record) => Err(CliError::message(format!("{to} is recorded already: {}", record.id))
            .help(format!("have it forgotten first: stepwright state rm STACK {to}"))),
    }
}
