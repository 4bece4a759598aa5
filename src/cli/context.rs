//! What most commands begin with: the stack, its state, and AWS.

use std::collections::BTreeSet;
use std::path::Path;

use crate::address::Address;
use crate::aws::{Aws, Connection, connect};
use crate::cli::assignment::Assignment;
use crate::cli::error::CliError;
use crate::cli::options::{PlanOptions, StackOptions, StateOptions, StrictOption, VariableOptions};
use crate::cli::store::{local_path, store_of};
use crate::cli::ui::Ui;
use crate::diagnostic::{Diagnostic, has_errors};
use crate::observe::{Look, observe};
use crate::place::Place;
use crate::plan::{self, Moved, Observed, Plan};
use crate::render;
use crate::resources;
use crate::stack::load::{self, LoadError};
use crate::stack::{ENVIRONMENT_PREFIX, Inputs, Stack, peek_allowed_account_ids, peek_name};
use crate::state::{FileStore, State, Store, digest};

/// Reads a stack file. Beside it stand warnings.
pub fn read_stack(path: &Path, inputs: &Inputs, allow_outside: bool, key: &str) -> Result<(Stack, Vec<Diagnostic>), CliError> {
    let source = load::read_source(path)?;
    let options = load::Options { allow_documents_outside: allow_outside };
    let (stack, diagnostics) = load::load(path, &source, resources::ALL, inputs, options, &|text| digest(key, text));
    match stack {
        Some(stack) if !has_errors(&diagnostics) => Ok((stack, diagnostics)),
        _ => Err(CliError::Diagnostics(diagnostics)),
    }
}

/// What the command line and the environment say of variables.
pub fn inputs(options: &VariableOptions) -> Result<Inputs, CliError> {
    let files = options.variable_files.iter().map(|path| load::read_source(path));
    let environment = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.to_str()?.strip_prefix(ENVIRONMENT_PREFIX)?.to_owned();
        Some((name, value.to_str()?.to_owned()))
    });
    Ok(Inputs {
        arguments: options.variables.iter().map(Assignment::parts).collect::<Result<_, _>>()?,
        files: files.collect::<Result<_, LoadError>>()?,
        environment: environment.collect(),
    })
}

/// A stack, its state as it is on disk, and where that is.
pub struct Project {
    pub stack: Stack,
    pub store: Store,
    /// The state, or the one that a first apply will start from.
    pub state: State,
}

/// Reads a stack and its state.
pub fn open_project(options: &StackOptions, ui: Ui) -> Result<Project, CliError> {
    let inputs = inputs(&options.variables)?;
    let stack = (options.stack.as_path(), &inputs, options.variables.allow_documents_outside);
    open_project_with(stack, &options.state, |_| None, ui)
}

/// The same with inputs that are at hand. `initial` may give the state to start from where there is none.
pub fn open_project_with(
    (stack_path, inputs, allow_outside): (&Path, &Inputs, bool),
    state: &StateOptions,
    initial: impl Fn(&str) -> Option<State>,
    ui: Ui,
) -> Result<Project, CliError> {
    // The state's place follows from the stack's name, and the digests of secrets from the state's key: so the
    // name is read first, with a key that counts for nothing.
    let (stack, _) = read_stack(stack_path, inputs, allow_outside, "")?;
    let store = store_of(&stack, state)?;
    let found = store.read()?.state;
    if found.is_none() && state.state.is_none() {
        require_migrated(&store, &stack.name, stack_path)?;
    }
    if let (None, Some(latest)) = (&found, store.history()?.first()) {
        let (path, serial) = (store.path().display(), latest.serial);
        ui.note(&format!(
            "warning: there is no state at {path}, but there was one of serial {serial} or later; if it is lost: stepwright state restore {stack_file} {serial}, or stepwright state rebuild {stack_file}",
            stack_file = stack_path.display()
        ));
    }
    let state = found.or_else(|| initial(&stack.name)).unwrap_or_else(|| State::new(&stack.name));
    let (stack, warnings) = read_stack(stack_path, inputs, allow_outside, &state.digest_key)?;
    ui.err(|writer, style| render::diagnostic::write(writer, &warnings, style.color));
    Ok(Project { stack, store, state })
}

impl Project {
    /// What a user asks for with `--strict`, beside the warnings that everybody is told.
    pub fn tell_beyond_need(&self, option: StrictOption, ui: Ui) {
        if option.strict {
            ui.err(|writer, style| render::diagnostic::write(writer, &self.stack.beyond_need, style.color));
        }
    }
}

/// Refuses to begin anew in S3 where there is a local state: both would hold the same resources.
fn require_migrated(store: &Store, name: &str, stack_path: &Path) -> Result<(), CliError> {
    let local = local_path(name);
    if matches!(store, Store::File(_)) || FileStore::new(&local)?.read().is_ok_and(|loaded| loaded.state.is_none()) {
        return Ok(());
    }
    let (there, here) = (store.path().display(), local.display());
    Err(CliError::message(format!("[state.s3] leads to {there}, where there is no state, and there is one at {here}"))
        .help(format!("move it there: stepwright state migrate {}", stack_path.display()))
        .help(format!("or, if it is not needed any more, move {here} out of the way")))
}

/// The name of the stack in the file at `path`, whatever else is wrong with it.
pub fn name_of_stack(path: &Path) -> Result<String, CliError> {
    let source = load::read_source(path)?;
    peek_name(&source).ok_or_else(|| {
        CliError::message(format!("`{}` does not say which stack it is", path.display()))
            .help("give it `[stack]` with a `name`, or name the state with --state")
    })
}

/// The accounts that the file at `path` allows, whatever else is wrong with it; none are named if it can't be read.
pub fn accounts_of_stack(path: &Path) -> Vec<String> {
    load::read_source(path).map(|source| peek_allowed_account_ids(&source)).unwrap_or_default()
}

/// AWS for a stack or a recorded place.
pub async fn connect_to(region: Option<&str>, allowed_account_ids: &[String]) -> Result<Connection, CliError> {
    let connection = connect(region).await?;
    if let Connection::Ready(aws) = &connection
        && let Some(account) = &aws.place.account_id
        && !allowed_account_ids.is_empty()
        && !allowed_account_ids.contains(account)
    {
        return Err(CliError::message(format!("the credentials are of account {account}, which this stack does not allow"))
            .help(format!("[stack] allowed_account_ids = {allowed_account_ids:?}; use credentials of one of them")));
    }
    Ok(connection)
}

/// AWS, where nothing can be done without it.
pub fn require(connection: Connection) -> Result<Aws, CliError> {
    match connection {
        Connection::Ready(aws) => Ok(*aws),
        Connection::Offline { reason, .. } => {
            Err(CliError::message(reason).help("set AWS_PROFILE or AWS_ACCESS_KEY_ID, or log in (`aws sso login`)"))
        }
    }
}

/// What a plan is made from, beside the stack: the state with its moves made, the place, and what was seen of AWS.
pub struct Seen {
    pub state: State,
    pub moves: Vec<Moved>,
    pub place: Place,
    pub observed: Observed,
}

impl Seen {
    /// The plan for `stack`; without one, for taking everything down.
    pub fn plan(&self, stack: Option<&Stack>, options: &plan::Options) -> Result<Plan, CliError> {
        let inputs = plan::Inputs {
            kinds: resources::ALL,
            stack,
            state: &self.state,
            moves: &self.moves,
            place: &self.place,
            observed: &self.observed,
            options,
        };
        Ok(plan::plan(inputs)?)
    }
}

/// How much of AWS to look at.
#[derive(Clone, Copy, Debug)]
pub struct Extent<'a> {
    pub refresh: bool,
    /// These alone; absent, everything.
    pub only: Option<&'a BTreeSet<Address>>,
    pub parallelism: usize,
}

impl<'a> Extent<'a> {
    pub fn of(options: &'a PlanOptions) -> Self {
        Self { refresh: options.refresh, only: None, parallelism: options.parallelism }
    }
}

/// Looks at AWS.
pub async fn look(connection: &Connection, stack: Option<&Stack>, state: &State, extent: Extent<'_>) -> Result<Seen, CliError> {
    let (state, moves) = plan::moved(stack, state)?;
    let (place, observed) = match connection {
        Connection::Ready(aws) => {
            let Extent { refresh, only, parallelism } = extent;
            let look = Look { aws, kinds: resources::ALL, refresh, only, parallelism };
            (aws.place.clone(), observe(look, stack, &state).await?)
        }
        Connection::Offline { place, reason } => {
            if extent.refresh && !state.resources.is_empty() {
                return Err(CliError::message(format!("{reason}, so what is recorded can't be compared with AWS"))
                    .help("set AWS_PROFILE or AWS_ACCESS_KEY_ID, or plan against the state alone with --refresh=false"));
            }
            if stack.is_some_and(|stack| !stack.imports.is_empty()) {
                return Err(CliError::message(format!("{reason}, so what [import] names can't be looked up"))
                    .help("set AWS_PROFILE or AWS_ACCESS_KEY_ID"));
            }
            let recorded = state.place.clone();
            (Place { region: place.region.clone().or(recorded.region), ..recorded }, Observed::default())
        }
    };
    Ok(Seen { state: state.into_owned(), moves, place, observed })
}
