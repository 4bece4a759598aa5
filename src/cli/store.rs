//! Which state a command is about: that of --state, else of [state.s3] in the stack file, else the local one of its name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::aws::kms::Kms;
use crate::cli::context::name_of_stack;
use crate::cli::error::CliError;
use crate::cli::options::StateOptions;
use crate::stack::load;
use crate::stack::{EncryptionSettings, Stack, StateSettings, peek_name, peek_region, peek_state_settings};
use crate::state::s3::S3Location;
use crate::state::{Cipher, FileStore, Identities, S3Store, Store};

/// Where local states are, below the working directory.
const STATE_FOLDER: &str = "state";

/// The store of the state of `stack`.
pub fn store_of(stack: &Stack, options: &StateOptions) -> Result<Store, CliError> {
    let cipher = cipher(stack.state.encryption.as_ref(), &stack.name, stack.region.clone());
    open(&place(options, &stack.name, &stack.state)?, cipher)
}

/// The store of the state of the stack file at `stack`, whatever else is wrong with that; without one, the one of --state,
/// else the only one below `state/`. What is sealed can then be read and not be written.
pub fn find_store(options: &StateOptions, stack: Option<&Path>) -> Result<Store, CliError> {
    let source = stack.and_then(|stack| load::read_source(stack).ok());
    let Some((stack, source)) = stack.zip(source) else {
        let place = match (&options.state, stack) {
            (Some(_), _) => place(options, "", &StateSettings::default())?,
            (None, Some(stack)) => return Err(name_of_stack(stack).err().unwrap_or_else(|| unnamed(stack))),
            (None, None) => Place::File(only_state()?),
        };
        return open(&place, cipher(None, "", None));
    };
    let settings = peek_state_settings(&source).map_err(CliError::Diagnostics)?;
    let name = match &options.state {
        Some(_) => peek_name(&source).unwrap_or_default(),
        None => name_of_stack(stack)?,
    };
    let cipher = cipher(settings.encryption.as_ref(), &name, peek_region(&source));
    open(&place(options, &name, &settings)?, cipher)
}

/// What seals as `settings` say, for the stack `name`; `region` is of a key of KMS that is not named by its ARN.
pub fn cipher(settings: Option<&EncryptionSettings>, name: &str, region: Option<String>) -> Cipher {
    Cipher::new(settings, name, Identities::Environment, Some(Arc::new(Kms { region })))
}

/// The store at `place`, a path or the URL of an object, as the stack file at `stack` says how to get at it.
pub fn store_at(place: &str, stack: &Path, cipher: Cipher) -> Result<Store, CliError> {
    let options = StateOptions { state: Some(PathBuf::from(place)) };
    let settings = load::read_source(stack).ok().map(|source| peek_state_settings(&source)).transpose();
    open(&self::place(&options, "", &settings.map_err(CliError::Diagnostics)?.unwrap_or_default())?, cipher)
}

/// Where the local state of the stack `name` is.
pub fn local_path(name: &str) -> PathBuf {
    Path::new(STATE_FOLDER).join(format!("{name}.json"))
}

enum Place {
    File(PathBuf),
    S3(S3Location),
}

fn place(options: &StateOptions, name: &str, settings: &StateSettings) -> Result<Place, CliError> {
    let s3 = settings.s3.as_ref();
    let located = |location: S3Location| S3Location {
        region: s3.and_then(|s3| s3.region.clone()),
        endpoint: s3.and_then(|s3| s3.endpoint.clone()),
        kms_key_id: s3.and_then(|s3| s3.kms_key_id.clone()),
        ..location
    };
    match (&options.state, s3) {
        (Some(path), _) => match path.to_str().filter(|path| path.starts_with("s3:")) {
            Some(url) => S3Location::parse(url)
                .map(|location| Place::S3(located(location)))
                .ok_or_else(|| CliError::message(format!("{url} names no object of S3")).help("write s3://BUCKET/KEY")),
            None => Ok(Place::File(path.clone())),
        },
        (None, Some(s3)) => {
            let (bucket, key) = (s3.bucket.clone(), s3.key_of(name));
            Ok(Place::S3(located(S3Location { bucket, key, region: None, endpoint: None, kms_key_id: None })))
        }
        (None, None) => Ok(Place::File(local_path(name))),
    }
}

fn open(place: &Place, cipher: Cipher) -> Result<Store, CliError> {
    Ok(match place {
        Place::File(path) => FileStore::new(path)?.with_cipher(cipher).into(),
        Place::S3(location) => S3Store::new(location)?.with_cipher(cipher).into(),
    })
}

fn unnamed(stack: &Path) -> CliError {
    CliError::message(format!("{} can't be read", stack.display()))
}

/// The state below `state/`, if there is just one.
fn only_state() -> Result<PathBuf, CliError> {
    let folder = Path::new(STATE_FOLDER);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_of = |path: &Path, kind: &str| path.extension().is_some_and(|extension| extension == kind);
    // A state that is lost still has its history.
    let named = entries.map(|path| if is_of(&path, "history") { path.with_extension("") } else { path });
    let mut states: Vec<PathBuf> = named.filter(|path| is_of(path, "json")).collect();
    states.sort();
    states.dedup();
    match states.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(CliError::message(format!("there is no state below {STATE_FOLDER}/"))
            .help("name a stack file, or a state with --state")),
        several => {
            let names: Vec<String> = several.iter().map(|path| path.display().to_string()).collect();
            Err(CliError::message("there are several states").help(format!("name one with --state: {}", names.join(", "))))
        }
    }
}
