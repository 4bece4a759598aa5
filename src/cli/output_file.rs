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

/// Whether a file can be written there, so that nothing is begun whose report would be lost.
pub fn check(path: &Path) -> Result<(), CliError> {
    let failed = |error: &std::io::Error| CliError::file("written", path, error);
    if path.is_dir() {
        return Err(failed(&std::io::ErrorKind::IsADirectory.into()));
    }
    if is_special(path) {
        return Ok(());
    }
    tempfile::tempfile_in(folder_of(path)).map(|_| ()).map_err(|error| failed(&error))
}

/// Whether it is there, and no file that could be replaced: a device, a pipe.
fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write_with(path: &Path, contents: &[u8], overwrite: bool, permissions: std::fs::Permissions) -> Result<(), CliError> {
    let failed = |error: &std::io::Error| CliError::file("written", path, error);
    if overwrite && is_special(path) {
        let file = std::fs::OpenOptions::new().write(true).open(path);
        return file.and_then(|mut file| file.write_all(contents)).map_err(|error| failed(&error));
    }
    // What a link leads to is replaced, and not the link.
    let target = if overwrite { path.canonicalize().unwrap_or_else(|_| path.to_owned()) } else { path.to_owned() };
    let mut file =
        tempfile::Builder::new().permissions(permissions).tempfile_in(folder_of(&target)).map_err(|error| failed(&error))?;
    file.write_all(contents).and_then(|()| file.as_file().sync_all()).map_err(|error| failed(&error))?;
    let result = if overwrite { file.persist(&target) } else { file.persist_noclobber(&target) };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_link_leads_to_is_replaced_and_no_device_is() {
        assert!(is_special(Path::new("/dev/null")));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        replace_private(&link, b"new").expect("written");
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).expect("the file"), "new");
        assert!(check(folder.path()).is_err() && check(&folder.path().join("none/file")).is_err());
        check(&folder.path().join("other")).expect("it can be written");
        assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 2, "nothing is left of a check");
    }
}
