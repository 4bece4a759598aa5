//! Why a command failed, and how that is told.

use std::path::{Path, PathBuf};

use crate::aws;
use crate::cli::ui::{OutputError, Ui};
use crate::diagnostic::Diagnostic;
use crate::observe::ObserveError;
use crate::plan::PlanError;
use crate::render;
use crate::stack::load::LoadError;
use crate::state::{EncryptionError, StateError};

#[derive(Debug)]
pub enum CliError {
    /// Problems in the user's files, each with its place.
    Diagnostics(Vec<Diagnostic>),
    /// A sentence, and what to do.
    Message { message: String, help: Vec<String> },
}

impl CliError {
    pub fn message(message: impl Into<String>) -> Self {
        Self::Message { message: message.into(), help: Vec::new() }
    }

    #[must_use]
    pub fn help(self, more: impl Into<String>) -> Self {
        match self {
            Self::Message { message, mut help } => {
                help.push(more.into());
                Self::Message { message, help }
            }
            other => other,
        }
    }

    /// The error of an operation on a file.
    pub fn file(action: &str, path: impl Into<PathBuf>, error: &std::io::Error) -> Self {
        Self::message(format!("{} can't be {action}: {error}", path.into().display()))
    }

    /// The error of sealing or opening a file.
    pub fn seal(action: &str, path: &Path, error: &EncryptionError) -> Self {
        let it = Self::message(format!("{} can't be {action}: {error}", path.display()));
        match error {
            EncryptionError::Damaged(_) => it.help("it was changed since it was sealed; make it anew"),
            _ => it,
        }
    }

    pub fn report(&self, ui: Ui) {
        let diagnostics = match self {
            Self::Diagnostics(diagnostics) => diagnostics.clone(),
            Self::Message { message, help } => {
                let diagnostic = Diagnostic { help: help.clone(), ..Diagnostic::error(message) };
                vec![diagnostic]
            }
        };
        ui.err(|writer, style| render::diagnostic::write(writer, &diagnostics, style.color));
    }
}

impl From<OutputError> for CliError {
    fn from(error: OutputError) -> Self {
        Self::message(error.to_string())
    }
}

impl From<aws::Error> for CliError {
    fn from(error: aws::Error) -> Self {
        let mut help = error.help.clone();
        help.extend(error.request_id.as_ref().map(|id| format!("AWS request id: {id}")));
        Self::Message { message: error.to_string(), help }
    }
}

impl From<LoadError> for CliError {
    fn from(error: LoadError) -> Self {
        Self::message(error.to_string())
    }
}

impl From<StateError> for CliError {
    fn from(error: StateError) -> Self {
        let help = match &error {
            StateError::Remote { source, .. } => source.help.clone(),
            _ => Vec::new(),
        };
        Self::Message { message: error.to_string(), help }
    }
}

impl From<Vec<PlanError>> for CliError {
    fn from(errors: Vec<PlanError>) -> Self {
        Self::Diagnostics(errors.iter().map(|error| Diagnostic::error(error.to_string()).help(error.help())).collect())
    }
}

impl From<Vec<ObserveError>> for CliError {
    fn from(errors: Vec<ObserveError>) -> Self {
        let diagnostic = |error: &ObserveError| {
            let help = match error {
                ObserveError::Unreadable { error, .. } | ObserveError::Unlisted { error, .. } => error.help.clone(),
                ObserveError::NoSuchData { .. } => {
                    vec!["look-ups name something that exists already; create it first".to_owned()]
                }
                ObserveError::NoSuchImport { .. } => {
                    vec![
                        "check its name, and of an ARN the type, path, region and account".to_owned(),
                        "if it is gone and to be made anew, take its entry out of [import]".to_owned(),
                    ]
                }
                ObserveError::BadQuery { .. } => vec!["write its name or its ARN".to_owned()],
            };
            Diagnostic { help, ..Diagnostic::error(error.to_string()) }
        };
        Self::Diagnostics(errors.iter().map(diagnostic).collect())
    }
}
