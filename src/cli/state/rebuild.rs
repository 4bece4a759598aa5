//! `stepwright state rebuild`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use crate::address::Address;
use crate::aws::Aws;
use crate::cli::context::{connect_to, inputs, read_stack, require};
use crate::cli::error::CliError;
use crate::cli::execute::{approve, finish, settle_open};
use crate::cli::exit_code;
use crate::cli::options::{Format, LockOptions, StackOptions, StateOptions, VariableOptions};
use crate::cli::state::records;
use crate::cli::store::store_of;
use crate::cli::ui::Ui;
use crate::observe::{Look, observe, owned};
use crate::rebuild::{Inputs, Rebuilt, rebuild};
use crate::render;
use crate::resource::Live;
use crate::resources;
use crate::stack::Stack;
use crate::state::{Opened, Recovered, State, StateError, compare};

/// Makes a lost state anew from the tags by which every resource says whose it is. AWS is only read.
///
/// Everything in the account and region that is marked as the stack's is recorded at the address that it is marked
/// with, also what the stack file no longer declares. What AWS never tells back, dependencies and lifecycle come from
/// the stack file. It shows what it found, and asks. A state file that can't be read, and a journal beside it, are
/// kept aside. Where the state can be read and records anything, nothing is done without --force.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  stepwright state rebuild stacks/ecs-task.toml\n  stepwright state rebuild stacks/ecs-task.toml --yes && stepwright plan stacks/ecs-task.toml\n  stepwright state rebuild stacks/ecs-task.toml --force          in the place of a state that can be read"
)]
pub struct Rebuild {
    /// The stack file.
    #[arg(value_name = "STACK")]
    stack: PathBuf,
    /// Does not ask.
    #[arg(long, short, visible_alias = "auto-approve")]
    yes: bool,
    /// Also in the place of a state that can be read and records something. It stays in the history.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    state: StateOptions,
    #[command(flatten)]
    variables: VariableOptions,
    #[command(flatten)]
    lock: LockOptions,
    /// How to tell what is done; json needs --yes.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

impl Rebuild {
    pub async fn run(&self, ui: Ui) -> Result<u8, CliError> {
        let stack = self.read_stack("")?;
        let store = store_of(&stack, &self.state)?;
        let path = store.path().to_owned();
        let aws = require(connect_to(stack.region.as_deref(), &stack.allowed_account_ids).await?)?;
        let command = format!("state rebuild {}", self.stack.display());
        let mut opened = tokio::task::block_in_place(|| Opened::open(store, &command, self.lock.lock_timeout))?;
        if let Opened::Whole(session) = &mut opened {
            require_stack(&session.state().stack, &stack, &path)?;
            if !self.force && is_recording(session.state()) {
                return Err(self.needless(session.state(), &path));
            }
            settle_open(session, &aws, (self.format, ui)).await?;
        }
        let base = base_of(&opened, &stack, &path)?;
        // Read again: the digests of its secrets are made with the state's own key.
        let stack = self.read_stack(&base.digest_key)?;
        let found = owned(&aws, resources::ALL, &stack.name).await?;
        let data = look_up(&aws, &stack, &base, ui).await;
        let (kinds, now) = (resources::ALL, Timestamp::now());
        let inputs = Inputs { kinds, stack: &stack, found, data: &data, place: &aws.place, base: &base, now };
        let rebuilt = rebuild(inputs);
        for left in &rebuilt.left_out {
            ui.note(&render::state::left_out(left));
        }
        if rebuilt.state.resources.is_empty() {
            let place = &aws.place;
            let (region, account) = (place.region.as_deref().unwrap_or("?"), place.account_id.as_deref().unwrap_or("?"));
            return Err(CliError::message(format!(
                "nothing in {region} of account {account} is marked as the stack {}'s",
                stack.name
            ))
            .help("check the region and the account")
            .help(format!(
                "if there is nothing indeed, move {} out of the way, and the next apply begins anew",
                path.display()
            )));
        }
        if !self.is_approved(&opened, &rebuilt, &stack, ui)? {
            return Ok(exit_code::ERROR);
        }
        let (written, aside) = write(opened, rebuilt.state.clone(), ui)?;
        for path in &aside {
            ui.note(&format!("Kept what was there as {}", path.display()));
        }
        if self.format == Format::Json {
            let document = render::state::rebuilt_json(&rebuilt, &written, &stack, &aside);
            ui.out(|writer, _| render::json::write_pretty(writer, &document))?;
        } else {
            ui.note(&format!("Wrote {}, serial {}. Look at it:", path.display(), written.serial));
            ui.note(&format!("  stepwright plan {}", self.stack.display()));
        }
        Ok(exit_code::SUCCESS)
    }

    fn read_stack(&self, key: &str) -> Result<Stack, CliError> {
        let options = StackOptions { stack: self.stack.clone(), state: self.state.clone(), variables: self.variables.clone() };
        let inputs = inputs(&options.variables)?;
        Ok(read_stack(&options.stack, &inputs, options.variables.allow_documents_outside, key)?.0)
    }

    fn is_approved(&self, opened: &Opened, rebuilt: &Rebuilt, stack: &Stack, ui: Ui) -> Result<bool, CliError> {
        let names = match opened {
            Opened::Whole(_) => Vec::new(),
            Opened::Lost(recovery) => {
                if let Some(error) = recovery.error() {
                    ui.note(&format!("The present state can't be used: {error}."));
                }
                recovery.journal_names()
            }
        };
        if self.format == Format::Human {
            ui.out(|writer, style| {
                render::state::rebuilt(writer, rebuilt, stack, style)?;
                match opened {
                    Opened::Whole(session) if is_recording(session.state()) => {
                        let compared = compare(Some(session.state()), &rebuilt.state);
                        writeln!(writer, "\nIn the place of the present state, that differs in:")?;
                        render::state::restored(writer, &compared, style)
                    }
                    _ => Ok(()),
                }
            })?;
        }
        for (address, id) in names.iter().filter(|(_, id)| !records(&rebuilt.state, id)) {
            ui.note(&format!(
                "The journal of an interrupted run names what is not marked as the stack's, or no more: {address} {id}"
            ));
        }
        let question = "Do you want to record this? Nothing is changed in AWS.";
        if self.yes { Ok(true) } else { approve(question, self.format, ui) }
    }

    /// The error where there is a state already.
    fn needless(&self, state: &State, path: &std::path::Path) -> CliError {
        if !state.interrupted.is_empty() {
            return CliError::message("an interrupted run has left open what it did, and its journal can be read")
                .help(format!("nothing is lost: stepwright apply {} settles it", self.stack.display()));
        }
        let count = state.resources.len() + state.deposed.len();
        CliError::message(format!("{} can be read, and records {count} resources: there is nothing to rebuild", path.display()))
            .help("to compare it with AWS: stepwright drift STACK")
            .help("--force makes it anew all the same: what it records and no tag tells is recorded no longer, and drift counts as recorded; the present state stays in the history")
    }
}

/// Writes `state`; returns it as it was written, and what was kept aside.
fn write(opened: Opened, state: State, ui: Ui) -> Result<(State, Vec<PathBuf>), CliError> {
    match opened {
        Opened::Whole(mut session) => {
            session.replace(state)?;
            Ok((finish(*session, ui)?, Vec::new()))
        }
        Opened::Lost(recovery) => {
            let Recovered { state, aside } = recovery.write(state)?;
            Ok((state, aside))
        }
    }
}

/// The lineage and the key that can be known; else new ones.
fn base_of(opened: &Opened, stack: &Stack, path: &std::path::Path) -> Result<State, CliError> {
    let state = match opened {
        Opened::Whole(session) => session.state().clone(),
        Opened::Lost(recovery) => match recovery.ancestor() {
            Some(ancestor) => {
                require_stack(&ancestor.stack, stack, path)?;
                State { lineage: ancestor.lineage, digest_key: ancestor.digest_key, ..State::new(&stack.name) }
            }
            None => State::new(&stack.name),
        },
    };
    Ok(state)
}

/// What the stack looks up. That something is missing is told, and keeps back no more than the outputs that need it.
async fn look_up(aws: &Aws, stack: &Stack, base: &State, ui: Ui) -> BTreeMap<Address, Live> {
    let nothing = BTreeSet::new();
    let look = Look { aws, kinds: resources::ALL, refresh: false, only: Some(&nothing), parallelism: 10 };
    let empty = State { digest_key: base.digest_key.clone(), ..State::new(&stack.name) };
    match observe(look, Some(stack), &empty).await {
        Ok(observed) => observed.data,
        Err(errors) => {
            errors.iter().for_each(|error| ui.note(&format!("warning: {error}")));
            BTreeMap::new()
        }
    }
}

fn is_recording(state: &State) -> bool {
    !(state.resources.is_empty() && state.deposed.is_empty() && state.interrupted.is_empty())
}

fn require_stack(found: &str, stack: &Stack, path: &std::path::Path) -> Result<(), StateError> {
    if found == stack.name {
        return Ok(());
    }
    Err(StateError::OtherStack { path: path.to_owned(), found: found.to_owned(), wanted: stack.name.clone() })
}
