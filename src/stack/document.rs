//! Why a document beside the stack file can't be had. Reading it is the loader's work.

/// The document of `{ file = "..." }` that was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    #[error("there is no file `{path}`")]
    Missing { path: String },
    #[error("`{path}` is a folder")]
    Folder { path: String },
    #[error("`{path}` lies outside the project's root {root}")]
    Outside { path: String, root: String },
    #[error("`{path}` is not UTF-8 text")]
    NotText { path: String },
    #[error("`{path}` is larger than {limit_bytes} bytes")]
    TooLarge { path: String, limit_bytes: u64 },
    #[error("`{path}` can't be read: {reason}")]
    Unreadable { path: String, reason: String },
}

impl DocumentError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some("the path is relative to the stack file".to_owned()),
            Self::Outside { .. } => Some("move it into the project, or allow it with --allow-documents-outside".to_owned()),
            Self::Folder { .. } => Some("name a JSON file".to_owned()),
            Self::NotText { .. } => Some("save it as UTF-8".to_owned()),
            Self::TooLarge { .. } | Self::Unreadable { .. } => None,
        }
    }
}
