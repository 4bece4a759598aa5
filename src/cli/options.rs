//! Arguments that several commands share.

use std::path::PathBuf;

use clap::Args;

use crate::address::Address;
use crate::cli::assignment::Assignment;

/// Which stack, which state, which values.
#[derive(Args, Clone, Debug)]
pub struct StackOptions {
    /// The stack file.
    #[arg(value_name = "STACK")]
    pub stack: PathBuf,
    #[command(flatten)]
    pub state: StateOptions,
    #[command(flatten)]
    pub variables: VariableOptions,
}

#[derive(Args, Clone, Debug, Default)]
pub struct StateOptions {
    /// The state file [default: state/<stack name>.json below the working directory].
    #[arg(long, value_name = "PATH", env = "STEPWRIGHT_STATE")]
    pub state: Option<PathBuf>,
}

#[derive(Args, Clone, Debug, Default)]
pub struct VariableOptions {
    /// Sets a variable of the stack. May be repeated; the last one wins. STEPWRIGHT_VAR_NAME does the same.
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub variables: Vec<Assignment>,
    /// Sets variables from a TOML file. May be repeated; --var wins.
    #[arg(long = "var-file", value_name = "FILE")]
    pub variable_files: Vec<PathBuf>,
    /// Lets `{ file = "..." }` name documents outside of the project's root.
    #[arg(long)]
    pub allow_documents_outside: bool,
}

/// What to say of permissions.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct StrictOption {
    /// Also tells what roles are allowed beyond what the stack needs them for.
    #[arg(long)]
    pub strict: bool,
}

/// How to plan.
#[derive(Args, Clone, Debug)]
pub struct PlanOptions {
    /// Looks only at this resource and what it depends on (for destroy: what depends on it). May be repeated.
    #[arg(long = "target", value_name = "ADDRESS")]
    pub targets: Vec<Address>,
    /// Whether to look at AWS before planning; false trusts the state.
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1,
          require_equals = true, action = clap::ArgAction::Set)]
    pub refresh: bool,
    /// How many calls and steps run at a time.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = parallelism)]
    pub parallelism: usize,
}

/// What kind of plan to make.
#[derive(Args, Clone, Debug, Default)]
pub struct ModeOptions {
    /// Changes nothing in AWS: only the state takes over what changed outside.
    #[arg(long, conflicts_with = "replace")]
    pub refresh_only: bool,
    /// Replaces this resource even if nothing forces it. May be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub replace: Vec<Address>,
}

/// How to wait for a state that another run holds.
#[derive(Args, Clone, Debug)]
pub struct LockOptions {
    /// How long to wait while another run holds the state, for example 30s or 5m.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub lock_timeout: std::time::Duration,
}

/// What becomes of what still runs in what is deleted.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct DrainOptions {
    /// How long executions and tasks may take to end by themselves before they are stopped, for example 10m [default: they are stopped at once].
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub drain: Option<std::time::Duration>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs.
    Json,
}

fn parallelism(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(number) if (1..=256).contains(&number) => Ok(number),
        _ => Err("write a number from 1 to 256".to_owned()),
    }
}

pub fn duration(text: &str) -> Result<std::time::Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| "write a number and a unit: 30s, 5m, 1h")?;
    let seconds = match &text[digits.len()..] {
        "" | "s" => number,
        "m" => number.saturating_mul(60),
        "h" => number.saturating_mul(3600),
        unit => return Err(format!("`{unit}` is no unit; write s, m or h")),
    };
    Ok(std::time::Duration::from_secs(seconds))
}

/// Reads the name of a stack.
pub fn stack_name(text: &str) -> Result<String, String> {
    match crate::stack::is_name(text) {
        true => Ok(text.to_owned()),
        false => Err("a letter, then at most 63 letters, digits and `-`".to_owned()),
    }
}
