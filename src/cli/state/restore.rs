//! `stepwright state restore`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::context::name_of_stack;
use crate::cli::error::CliError;
use crate::cli::execute::{approve, finish};
use crate::cli::exit_code;
use crate::cli::options::{Format, LockOptions, StateOptions};
use crate::cli::state::{records, stack_first, unsettled};
use crate::cli::store::find_store;
use crate::cli::ui::Ui;
use crate::render;
use crate::state::{Compared, Opened, Recovered, Recovery, Session, State, StateError, compare};

/// Puts an earlier state back, as a new serial. Nothing is called in AWS.
///
/// It shows what differs in the record, and asks. The present state stays in the history, so that this can be undone
/// like any other write. A present state file that can't be read is kept aside, beside it, and so is the journal of an
/// interrupted run that does not continue what is put back.
#[derive(Args, Debug)]
#[command(
    override_usage = "stepwright state restore [OPTIONS] [STACK] <SERIAL>",
    after_help = "Examples:\n  stepwright state restore stacks/ecs-task.toml 7\n  stepwright state restore 7 --yes                               the one state below state/"
)]
pub struct Restore {
    /// The stack file, of which only the name is used, and which serial; `stepwright state history` lists them.
    #[arg(value_names = ["STACK", "SERIAL"], num_args = 1..=2, required = true)]
    what: Vec<String>,
    /// Does not ask.
    #[arg(long, short, visible_alias = "auto-approve")]
    yes: bool,
    #[command(flatten)]
    state: StateOptions,
    #[command(flatten)]
    lock: LockOptions,
    /// How to tell what is done; json needs --yes.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

impl Restore {
    pub fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let (stack, serial) = self.stack_and_serial()?;
        let store = find_store(&self.state, stack)?;
        let command = format!("state restore {}", self.what.join(" "));
        let opened = Opened::open(store.clone(), &command, self.lock.lock_timeout)?;
        let earlier = store.earlier(serial)?;
        let path = earlier.path.clone();
        let (wanted, _) = earlier.content?;
        if let Some(stack) = stack {
            require_stack(&wanted, &name_of_stack(stack)?, &path)?;
        }
        match opened {
            Opened::Whole(session) => self.replace(*session, wanted, &path, ui),
            Opened::Lost(recovery) => self.recover(*recovery, wanted, &path, ui),
        }
    }

    /// The present state can be read: it stays in the history.
    fn replace(&self, mut session: Session, wanted: State, path: &Path, ui: Ui) -> Result<u8, CliError> {
        // The journal may be all that tells what was begun; only AWS knows how that ended.
        if !session.state().interrupted.is_empty() {
            return Err(unsettled());
        }
        let present = session.state().clone();
        require_stack(&wanted, &present.stack, path)?;
        require_lineage(&wanted, &present.lineage, path)?;
        let serial = wanted.serial;
        let compared = compare(Some(&present), &wanted);
        if compared.is_empty() && present.outputs == wanted.outputs && present.place == wanted.place {
            ui.note(&format!("Serial {serial} says the same as the present state: there is nothing to restore."));
            if self.format == Format::Json {
                self.tell_json(serial, &present, &compared, &[], ui)?;
            }
            session.finish()?;
            return Ok(exit_code::SUCCESS);
        }
        let heading = format!("Serial {serial} in the place of the present state differs in what is recorded:");
        if !self.is_approved(&heading, &compared, ui)? {
            return Ok(exit_code::ERROR);
        }
        let state = session.replace(wanted)?.clone();
        finish(session, ui)?;
        ui.note(&format!("Restored serial {serial} as serial {}. The state before it stays in the history.", state.serial));
        if compared.iter().any(Compared::drops_id) {
            ui.note("What is recorded no longer stays in AWS. To find all that AWS holds of the stack, by its tags:");
            ui.note("  stepwright state rebuild STACK --force");
        }
        self.tell(serial, &state, &compared, &[], ui)
    }

    /// It can't, or there is none: what is there is kept aside.
    fn recover(&self, recovery: Recovery, wanted: State, path: &Path, ui: Ui) -> Result<u8, CliError> {
        if let Some(ancestor) = recovery.ancestor() {
            require_stack(&wanted, &ancestor.stack, path)?;
            require_lineage(&wanted, &ancestor.lineage, path)?;
        }
        match recovery.error() {
            Some(error) => ui.note(&format!("The present state can't be used: {error}.")),
            None => ui.note(&format!("There is no state at {}.", recovery.path().display())),
        }
        let is_continued = recovery.is_continuation_of(&wanted);
        let by_journal = recovery.journal_names();
        let (serial, compared) = (wanted.serial, compare(None, &wanted));
        if !self.is_approved(&format!("Serial {serial} records:"), &compared, ui)? {
            return Ok(exit_code::ERROR);
        }
        let Recovered { state, aside } = recovery.write(wanted)?;
        if is_continued {
            ui.note(&format!(
                "Put serial {serial} back. The journal of the interrupted run continues it; nothing of it is lost."
            ));
        } else {
            ui.note(&format!("Restored serial {serial} as serial {}.", state.serial));
            for (address, id) in by_journal.iter().filter(|(_, id)| !records(&state, id)) {
                ui.note(&format!("The journal of an interrupted run names what it does not know: {address} {id}"));
            }
        }
        for path in &aside {
            ui.note(&format!("Kept what was there as {}", path.display()));
        }
        if !is_continued {
            ui.note("What later runs made is not in it. To find all that AWS holds of the stack, by its tags:");
            ui.note("  stepwright state rebuild STACK --force");
        }
        self.tell(serial, &state, &compared, &aside, ui)
    }

    fn is_approved(&self, heading: &str, compared: &[Compared], ui: Ui) -> Result<bool, CliError> {
        if self.format == Format::Human {
            ui.out(|writer, style| {
                writeln!(writer, "{heading}")?;
                render::state::restored(writer, compared, style)
            })?;
        }
        let question = "Do you want to put it back? Nothing is changed in AWS.";
        if self.yes { Ok(true) } else { approve(question, self.format, ui) }
    }

    fn tell(&self, serial: u64, state: &State, compared: &[Compared], aside: &[PathBuf], ui: Ui) -> Result<u8, CliError> {
        match self.format {
            Format::Human => ui.note("What differs in AWS from what is recorded now: stepwright plan STACK"),
            Format::Json => self.tell_json(serial, state, compared, aside, ui)?,
        }
        Ok(exit_code::SUCCESS)
    }

    fn tell_json(&self, serial: u64, state: &State, compared: &[Compared], aside: &[PathBuf], ui: Ui) -> Result<(), CliError> {
        let document = render::state::restored_json(serial, Some(state), compared, aside);
        Ok(ui.out(|writer, _| render::json::write_pretty(writer, &document))?)
    }

    fn stack_and_serial(&self) -> Result<(Option<&Path>, u64), CliError> {
        let (stack, words) = stack_first(&self.what);
        let [serial] = words else {
            let error = CliError::message(match words {
                [file, _] => format!("there is no file {file}"),
                _ => "name the serial that is to come back".to_owned(),
            });
            return Err(error.help("stepwright state restore [STACK] SERIAL"));
        };
        let serial = serial.parse().map_err(|_| {
            CliError::message(format!("`{}` is no serial", serial.escape_debug()))
                .help("`stepwright state history` lists them; a serial is a number")
        })?;
        Ok((stack, serial))
    }
}

fn require_stack(wanted: &State, stack: &str, path: &Path) -> Result<(), StateError> {
    if wanted.stack == stack {
        return Ok(());
    }
    Err(StateError::OtherStack { path: path.to_owned(), found: wanted.stack.clone(), wanted: stack.to_owned() })
}

fn require_lineage(wanted: &State, lineage: &str, path: &Path) -> Result<(), StateError> {
    if wanted.lineage == lineage {
        return Ok(());
    }
    Err(StateError::OtherLineage { path: path.to_owned(), found: wanted.lineage.clone(), wanted: lineage.to_owned() })
}
