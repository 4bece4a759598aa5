//! A saved plan: not a program to be run, but a promise to be compared.
//!
//! `apply FILE` reads the same stack with the same variables, looks at AWS again, makes the plan anew, and
//! goes on only if it is the saved one. So nothing that was saved is ever executed, no sensitive value
//! needs to be in the file, and a change of anything the plan touches is noticed and named. Only that is looked at
//! again: what changes elsewhere in the meantime is another plan's business.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::cli::assignment::Assignment;
use crate::cli::context::Project;
use crate::cli::error::CliError;
use crate::cli::options::{ModeOptions, PlanOptions, StackOptions};
use crate::cli::store::cipher;
use crate::plan::{Base, Change, Plan};
use crate::render;
use crate::state::encryption::is_sealed;
use crate::state::{Cipher, State};

/// The file's content.
#[derive(Debug, Serialize, Deserialize)]
pub struct PlanFile {
    pub stepwright_plan: u32,
    pub stack_file: PathBuf,
    pub state_file: PathBuf,
    pub allow_documents_outside: bool,
    /// Values of `--var`, sensitive ones left out: those must be given again.
    pub variables: Vec<(String, String)>,
    pub variable_files: Vec<PathBuf>,
    pub targets: Vec<Address>,
    pub replace: Vec<Address>,
    pub refresh: bool,
    pub refresh_only: bool,
    pub base: Base,
    /// What the plan touches, each with a keyed digest of what was live of it; none where nothing was.
    pub touched: BTreeMap<Address, Option<String>>,
    /// The key of the digests in `plan`, so that a first apply starts from the same state.
    pub digest_key: String,
    /// The plan as JSON, as `plan --format json` prints it.
    pub plan: serde_json::Value,
    /// Whether the file that it was read from was sealed.
    #[serde(skip)]
    pub was_sealed: bool,
}

const FORMAT: u32 = 2;

impl PlanFile {
    pub fn new(
        stack: &StackOptions,
        options: &PlanOptions,
        mode: &ModeOptions,
        project: &Project,
        plan: &Plan,
    ) -> Result<Self, CliError> {
        let is_public = |name: &str| project.stack.variables.get(name).is_some_and(|variable| !variable.sensitive);
        let variables = &stack.variables;
        let given = variables.variables.iter().map(Assignment::parts).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            stepwright_plan: FORMAT,
            stack_file: stack.stack.clone(),
            state_file: project.store.path().to_owned(),
            allow_documents_outside: variables.allow_documents_outside,
            variables: given.into_iter().filter(|(name, _)| is_public(name)).collect(),
            variable_files: variables.variable_files.clone(),
            targets: options.targets.clone(),
            replace: mode.replace.clone(),
            refresh: options.refresh,
            refresh_only: mode.refresh_only,
            base: plan.base.clone(),
            touched: touched(plan, &project.state),
            digest_key: project.state.digest_key.clone(),
            plan: render::json::plan_document(plan),
            was_sealed: false,
        })
    }

    /// Writes it, readable by its owner alone, whole or not at all.
    pub fn write(&self, path: &Path, cipher: &Cipher) -> Result<(), CliError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let failed = |error: std::io::Error| CliError::file("written", path, &error);
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(error.into()))?;
        let bytes = cipher.seal(text.as_bytes()).map_err(|error| CliError::seal("written", path, &error))?;
        file.write_all(&bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Reads `path` if it is a plan file and not a stack: a plan is JSON, and TOML never begins with a brace.
    ///
    /// Which stack it is of, and so how it should be sealed, stands in it: here, the keys at hand decide.
    pub fn read(path: &Path) -> Result<Option<Self>, CliError> {
        // Whatever is wrong with it, the reader of stacks says it better.
        let Ok(bytes) = std::fs::read(path) else { return Ok(None) };
        let was_sealed = is_sealed(&bytes);
        let bytes = cipher(None, "", None).open(bytes).map_err(|error| CliError::seal("opened", path, &error))?;
        let Ok(text) = String::from_utf8(bytes) else { return Ok(None) };
        if !was_sealed && !text.trim_start().starts_with('{') {
            return Ok(None);
        }
        let broken = |why: String| {
            CliError::message(format!("{} is no plan that can be applied: {why}", path.display()))
                .help("make it anew: stepwright plan STACK --out FILE")
        };
        let head: serde_json::Value = serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
        match head.get("stepwright_plan").and_then(serde_json::Value::as_u64) {
            Some(format) if format == u64::from(FORMAT) => {}
            Some(format) => return Err(broken(format!("its format is {format}, and this version knows {FORMAT}"))),
            None => return Err(broken("it has no stepwright_plan".to_owned())),
        }
        let plan: Self = serde_json::from_value(head).map_err(|error| broken(error.to_string()))?;
        Ok(Some(Self { was_sealed, ..plan }))
    }

    /// Fails if it is in clear, and the stack says that it should not be.
    pub fn require_sealed(&self, path: &Path, cipher: &Cipher) -> Result<(), CliError> {
        if self.was_sealed || !cipher.seals() {
            return Ok(());
        }
        Err(CliError::message(format!("{} is in clear, and [state.encryption] wants it sealed", path.display()))
            .help("make it anew: stepwright plan STACK --out FILE"))
    }

    /// The state that a first apply starts from.
    pub fn initial_state(&self, stack: &str) -> State {
        let fresh = State::new(stack);
        State { lineage: self.base.lineage.clone(), digest_key: self.digest_key.clone(), ..fresh }
    }

    /// What is no longer as it was when this was planned; empty if nothing that matters. `fresh` is a plan for what
    /// this one touches, made from `state`.
    pub fn moved(&self, fresh: &Plan, state: &State) -> Vec<String> {
        let mut moved = Vec::new();
        let (then, now) = (&self.base, &fresh.base);
        if then.lineage != now.lineage {
            moved.push(format!("the state is another one (lineage {} then, {} now)", then.lineage, now.lineage));
        }
        if then.stack_digest != now.stack_digest {
            let stack_file = self.stack_file.display();
            moved.push(format!("{stack_file}, one of its documents or a variable was changed"));
        }
        moved.extend(render::json::compare(&self.plan, &render::json::plan_document(fresh)));
        if moved.is_empty() {
            // Values that are not shown differ without a word in the plan.
            let now = touched(fresh, state);
            let differs = |(address, digest): &(&Address, &Option<String>)| now.get(*address) != Some(*digest);
            moved.extend(self.touched.iter().filter(differs).map(|(address, _)| {
                format!("{address}: what is live is not what it was when the plan was saved, in a value that is not shown")
            }));
        }
        moved
    }
}

/// The resources that something happens to, each with a fingerprint of what is live of it.
fn touched(plan: &Plan, state: &State) -> BTreeMap<Address, Option<String>> {
    let fingerprint = |change: &Change| {
        let live = serde_json::json!({ "id": change.id, "spec": change.before, "attributes": change.before_attributes });
        change.id.is_some().then(|| state.digest(&live.to_string()))
    };
    let mut touched = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| change.action.is_change()) {
        // What a replacement left shares its address with its successor, whose fingerprint counts.
        let fingerprint = if change.deposed.is_some() { None } else { fingerprint(change) };
        let entry = touched.entry(change.address.clone()).or_insert(None);
        *entry = entry.take().or(fingerprint);
    }
    touched
}
