//! Writing a file that a command was told to write.

use std::io::Write;
use std::path::Path;

use crate::cli::error::CliError;

/// Writes it whole or not at all, and over nothing that was there unless `overwrite`.
pub fn write(path: &Path, text: &str, overwrite: bool) -> Result<(), CliError> {
    write_with(path, text.as_bytes(), overwrite, public())
}

/// The same over nothing that was there, for its owner alone to read.
pub fn write_private(path: &Path, text: &str) -> Result<(), CliError> {
    write_with(path, text.as_bytes(), false, std::os::unix::fs::PermissionsExt::from_mode(0o600))
}

/// The same over whatever was there.
pub fn replace_private(path: &Path, contents: &[u8]) -> Result<(), CliError> {
    write_with(path, contents, true, std::os::unix::fs::PermissionsExt::from_mode(0o600))
}

fn write_with(path: &Path, contents: &[u8], overwrite: bool, permissions: std::fs::Permissions) -> Result<(), CliError> {
    let failed = |error: &std::io::Error| CliError::file("written", path, error);
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(permissions).tempfile_in(folder).map_err(|error| failed(&error))?;
    file.write_all(contents).and_then(|()| file.as_file().sync_all()).map_err(|error| failed(&error))?;
    let result = if overwrite { file.persist(path) } else { file.persist_noclobber(path) };
    match result {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Err(taken(path)),
        Err(error) => Err(failed(&error.error)),
    }
}

/// The error of a file that is there already.
pub fn taken(path: &Path) -> CliError {
    CliError::message(format!("there is a file {} already", path.display()))
}

/// What is written is to be shared; what the user's umask forbids, it forbids here too.
fn public() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}
