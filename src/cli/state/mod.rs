//! `stepwright state`: what is recorded, and how to correct that by hand.
//!
//! | file | does |
//! |---|---|
//! | `list.rs`, `show.rs` | look at it; no lock, no credentials |
//! | `mv.rs`, `rm.rs` | change it, and nothing in AWS; under the lock |
//! | `history.rs`, `restore.rs` | the states before the present one, and how one of them comes back |
//! | `pull.rs`, `push.rs` | the state as a file: out of its store, and into it |
//! | `lock.rs`, `unlock.rs` | keeps runs out, and ends a lock by its id |
//! | `migrate.rs` | moves it into another store |
//! | `rebuild.rs` | makes a lost one anew from what is live; reads AWS |
//! | `encrypt.rs`, `decrypt.rs`, `reseal.rs` | all of its files written anew, sealed or in clear; under the lock |

use std::path::Path;

use clap::{Args, Subcommand};

use crate::address::Address;
use crate::cli::error::CliError;
use crate::cli::options::{Format, LockOptions, StateOptions};
use crate::cli::store::find_store;
use crate::cli::ui::Ui;
use crate::diagnostic::nearest;
use crate::state::{Session, State};

mod decrypt;
mod encrypt;
mod history;
mod list;
mod lock;
mod migrate;
mod mv;
mod pull;
mod push;
mod rebuild;
mod reseal;
mod restore;
mod rm;
mod show;
mod unlock;

/// Looks at what is recorded, and corrects it.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  stepwright state list stacks/ecs-task.toml\n  stepwright state show stacks/ecs-task.toml cluster.main\n  stepwright state mv stacks/ecs-task.toml role.workflow role.nightly\n  stepwright state history stacks/ecs-task.toml"
)]
pub enum StateCommand {
    List(list::List),
    Show(show::Show),
    Mv(mv::Mv),
    Rm(rm::Rm),
    History(history::History),
    Restore(restore::Restore),
    Rebuild(rebuild::Rebuild),
    Pull(pull::Pull),
    Push(push::Push),
    Lock(lock::Lock),
    Unlock(unlock::Unlock),
    Migrate(migrate::Migrate),
    Encrypt(encrypt::Encrypt),
    Decrypt(decrypt::Decrypt),
}

impl StateCommand {
    pub async fn run(&self, ui: Ui) -> Result<u8, CliError> {
        match self {
            Self::List(list) => list.run(ui),
            Self::Show(show) => show.run(ui),
            Self::Mv(mv) => mv.run(ui),
            Self::Rm(rm) => rm.run(ui),
            Self::History(history) => history.run(ui),
            Self::Restore(restore) => restore.run(ui),
            Self::Rebuild(rebuild) => rebuild.run(ui).await,
            Self::Pull(pull) => pull.run(ui),
            Self::Push(push) => push.run(ui),
            Self::Lock(lock) => lock.run(ui),
            Self::Unlock(unlock) => unlock.run(ui),
            Self::Migrate(migrate) => migrate.run(ui),
            Self::Encrypt(encrypt) => encrypt.run(ui),
            Self::Decrypt(decrypt) => decrypt.run(ui),
        }
    }
}

/// Where to look, and how to print it.
#[derive(Args, Debug)]
struct Source {
    #[command(flatten)]
    state: StateOptions,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

impl Source {
    fn read(&self, stack: Option<&Path>) -> Result<State, CliError> {
        let store = find_store(&self.state, stack)?;
        store.read()?.state.ok_or_else(|| nothing_at(store.path()))
    }
}

/// What is to be changed, and how long to wait for it.
#[derive(Args, Debug)]
struct Changed {
    #[command(flatten)]
    state: StateOptions,
    #[command(flatten)]
    lock: LockOptions,
}

impl Changed {
    /// The state, locked. What an interrupted run left open needs AWS to be settled, which this does not ask.
    fn open(&self, stack: Option<&Path>, command: &str) -> Result<Session, CliError> {
        let store = find_store(&self.state, stack)?;
        if store.read()?.state.is_none() {
            return Err(nothing_at(store.path()));
        }
        let session = Session::open(store, None, command, self.lock.lock_timeout)?;
        if session.state().interrupted.is_empty() {
            return Ok(session);
        }
        Err(unsettled())
    }
}

/// The error of a command that asks nothing of AWS where only AWS knows how an interrupted run ended.
fn unsettled() -> CliError {
    CliError::message("an interrupted run has left open what it did").help("settle it first: stepwright apply STACK")
}

fn nothing_at(path: &Path) -> CliError {
    CliError::message(format!("there is no state at {}", path.display())).help("nothing was applied from here yet")
}

/// The stack file, which stands before all else or is left out, and the words that follow.
fn stack_first(words: &[String]) -> (Option<&Path>, &[String]) {
    // `ecs-task.toml` would be an address too, so it is the file system that tells.
    match words.split_first() {
        Some((first, rest)) if Path::new(first).is_file() => (Some(Path::new(first)), rest),
        _ => (None, words),
    }
}

fn parse_address(text: &str) -> Result<Address, CliError> {
    text.parse().map_err(|error: crate::address::ParseAddressError| {
        let error = CliError::message(error.to_string());
        if text.ends_with(".toml") { error.help(format!("there is no file {text} either")) } else { error }
    })
}

/// Whether `state` knows the resource with this ARN.
fn records(state: &State, id: &str) -> bool {
    state.resources.values().chain(state.deposed.iter().map(|deposed| &deposed.record)).any(|record| record.id == id)
}

/// The error of an address that `state` does not have.
fn unknown(state: &State, address: &Address) -> CliError {
    let known: Vec<String> = state.resources.keys().map(ToString::to_string).collect();
    let error = CliError::message(format!("the state has no {address}"));
    match nearest(&address.to_string(), known.iter().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean {near}?")),
        None => error.help("`stepwright state list` shows what it has"),
    }
}
