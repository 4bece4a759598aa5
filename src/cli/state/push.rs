//! `stepwright state push`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::execute::finish;
use crate::cli::exit_code;
use crate::cli::options::{LockOptions, StateOptions};
use crate::cli::state::{stack_first, unsettled};
use crate::cli::store::find_store;
use crate::cli::ui::Ui;
use crate::state::{Opened, State, format};

/// Puts a state file into the store, as the next serial. Nothing is called in AWS.
///
/// The present state stays in the history. A file of another lineage, or of an older serial than the present state, is
/// refused without --force: it would be the record of other resources, or forget what was made since.
#[derive(Args, Debug)]
#[command(
    override_usage = "stepwright state push [OPTIONS] [STACK] <FILE>",
    after_help = "Examples:\n  stepwright state push stacks/ecs-task.toml copy.json\n  stepwright state push stacks/ecs-task.toml - < copy.json"
)]
pub struct Push {
    /// The stack file, of which only the name and [state] are used, and the state file; `-` is stdin.
    #[arg(value_names = ["STACK", "FILE"], num_args = 1..=2, required = true)]
    what: Vec<String>,
    /// Also if it is of another lineage, or older.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    state: StateOptions,
    #[command(flatten)]
    lock: LockOptions,
}

impl Push {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let (stack, file) = self.stack_and_file()?;
        let store = find_store(&self.state, stack)?;
        let (path, bytes) = read(file)?;
        let wanted = format::read(store.cipher().taking_plain().open_at(bytes, &path)?, &path)?;
        let command = format!("state push {}", self.what.join(" "));
        let opened = tokio::task::block_in_place(|| Opened::open(store.clone(), &command, self.lock.lock_timeout))?;
        let state = match opened {
            Opened::Whole(mut session) => {
                let present = session.state();
                if !present.interrupted.is_empty() {
                    return Err(unsettled());
                }
                self.require_successor(&wanted, present)?;
                if is_same(&wanted, present) {
                    ui.note(&format!("{} says the same as the present state: there is nothing to do.", path.display()));
                    session.finish()?;
                    return Ok(exit_code::SUCCESS);
                }
                session.replace(wanted)?;
                finish(*session, ui)?
            }
            Opened::Lost(recovery) => {
                if let Some(error) = recovery.error() {
                    ui.note(&format!("The present state can't be used: {error}."));
                }
                if let Some(ancestor) = recovery.ancestor()
                    && !self.force
                    && (ancestor.lineage != wanted.lineage || ancestor.stack != wanted.stack)
                {
                    return Err(other_lineage(&wanted, &ancestor.stack, &ancestor.lineage));
                }
                let recovered = recovery.write(wanted)?;
                for path in &recovered.aside {
                    ui.note(&format!("Kept what was there as {}", path.display()));
                }
                recovered.state
            }
        };
        ui.note(&format!("Wrote {}, serial {}.", store.path().display(), state.serial));
        Ok(exit_code::SUCCESS)
    }

    fn stack_and_file(&self) -> Result<(Option<&Path>, &str), CliError> {
        match self.what.as_slice() {
            [file] => Ok((None, file)),
            words => match stack_first(words) {
                (Some(stack), [file]) => Ok((Some(stack), file)),
                _ => Err(CliError::message(format!("there is no stack file {}", words[0]))),
            },
        }
    }

    fn require_successor(&self, wanted: &State, present: &State) -> Result<(), CliError> {
        if self.force {
            return Ok(());
        }
        if wanted.lineage != present.lineage || wanted.stack != present.stack {
            return Err(other_lineage(wanted, &present.stack, &present.lineage));
        }
        if wanted.serial < present.serial {
            let (old, new) = (wanted.serial, present.serial);
            return Err(CliError::message(format!("the file is of serial {old}, and the state of serial {new}: it is older"))
                .help("what was made since would be recorded no longer; --force writes it all the same")
                .help("to look at what differs: stepwright state restore STACK SERIAL shows it, and asks"));
        }
        Ok(())
    }
}

fn is_same(wanted: &State, present: &State) -> bool {
    *wanted == State { serial: wanted.serial, ..present.clone() }
}

fn other_lineage(wanted: &State, stack: &str, lineage: &str) -> CliError {
    let (of, from) = (&wanted.stack, &wanted.lineage);
    CliError::message(format!("the file is of the stack {of:?}, lineage {from}, and the state of {stack:?}, lineage {lineage}"))
        .help("it is the record of other resources; --force writes it all the same")
}

fn read(file: &str) -> Result<(PathBuf, Vec<u8>), CliError> {
    let path = PathBuf::from(if file == "-" { "stdin" } else { file });
    let mut bytes = Vec::new();
    let result = match file {
        "-" => std::io::stdin().read_to_end(&mut bytes).map(|_| ()),
        file => std::fs::read(file).map(|read| bytes = read),
    };
    result.map_err(|error| CliError::file("read", &path, &error))?;
    Ok((path, bytes))
}
