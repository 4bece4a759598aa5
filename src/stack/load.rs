//! Stack files and their documents, from the file system. The rest of this folder is pure.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Source};
use crate::resource::ResourceType;
use crate::stack::{DocumentError, Inputs, Stack, parse};

/// How files are looked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether `{ file = "..." }` may leave the project's root.
    pub allow_documents_outside: bool,
}

/// A file of the user's that was not read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("there is no file `{}`", .path.display())]
    Missing { path: PathBuf },
    #[error("`{}` is a folder; name the stack file in it", .path.display())]
    Folder { path: PathBuf },
    #[error("`{}`, line {line}: not UTF-8 text; save the file as UTF-8", .path.display())]
    NotText { path: PathBuf, line: usize },
    #[error("`{}` is larger than {LARGEST_BYTES} bytes, which no stack file or document is", .path.display())]
    TooLarge { path: PathBuf },
    #[error("`{}` can't be read: {source}", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
}

/// More than anything AWS would take, and little enough to be read whole.
pub const LARGEST_BYTES: u64 = 16 * 1024 * 1024;

/// Reads a stack file or a file of variables, known to the user as `path`.
pub fn read_source(path: &Path) -> Result<Arc<Source>, LoadError> {
    let text = read_text(path)?;
    Ok(Arc::new(Source { name: path.display().to_string(), text }))
}

/// Reads what is piped into this process.
pub fn read_stdin() -> Result<Arc<Source>, LoadError> {
    let name = "<stdin>";
    let text = read_all(io::stdin().lock(), Path::new(name))?;
    Ok(Arc::new(Source { name: name.to_owned(), text }))
}

/// Reads the stack that `source`, the file at `path`, describes, and the documents it names.
pub fn load(
    path: &Path,
    source: &Arc<Source>,
    kinds: &[&'static dyn ResourceType],
    inputs: &Inputs,
    options: Options,
    digest: &dyn Fn(&str) -> String,
) -> (Option<Stack>, Vec<Diagnostic>) {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let root = project_root(folder);
    parse(source, kinds, inputs, &mut |name| read_document(folder, &root, name, options), digest)
}

/// The nearest folder around `folder` that holds `.git`, else `folder` itself; symbolic links resolved.
fn project_root(folder: &Path) -> PathBuf {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    folder.ancestors().find(|ancestor| ancestor.join(".git").exists()).unwrap_or(&folder).to_owned()
}

fn read_document(folder: &Path, root: &Path, name: &str, options: Options) -> Result<Arc<Source>, DocumentError> {
    let path = folder.join(name);
    let told = || name.to_owned();
    let describe = |error: LoadError| match error {
        LoadError::Missing { .. } => DocumentError::Missing { path: told() },
        LoadError::Folder { .. } => DocumentError::Folder { path: told() },
        LoadError::NotText { .. } => DocumentError::NotText { path: told() },
        LoadError::TooLarge { .. } => DocumentError::TooLarge { path: told(), limit_bytes: LARGEST_BYTES },
        LoadError::Unreadable { source, .. } => DocumentError::Unreadable { path: told(), reason: source.to_string() },
    };
    if name.is_empty() {
        return Err(DocumentError::Missing { path: told() });
    }
    if !options.allow_documents_outside {
        // Where the path leads in the end counts: a symbolic link inside the project may lead out of it.
        let real = path.canonicalize().map_err(|error| describe(from_io(&path, error)))?;
        if !real.starts_with(root) {
            return Err(DocumentError::Outside { path: told(), root: root.display().to_string() });
        }
    }
    let text = read_text(&path).map_err(describe)?;
    // `./x.json` for a stack in the working directory would only be noise.
    let shown = path.strip_prefix(".").unwrap_or(&path).display().to_string();
    Ok(Arc::new(Source { name: shown, text }))
}

fn read_text(path: &Path) -> Result<String, LoadError> {
    let file = std::fs::File::open(path).map_err(|error| from_io(path, error))?;
    let metadata = file.metadata().map_err(|error| from_io(path, error))?;
    if metadata.is_dir() {
        return Err(LoadError::Folder { path: path.to_owned() });
    }
    read_all(file, path)
}

fn read_all(reader: impl Read, path: &Path) -> Result<String, LoadError> {
    // The length of a pipe or of /dev/zero is not told beforehand.
    let mut bytes = Vec::new();
    reader.take(LARGEST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| from_io(path, error))?;
    if bytes.len() as u64 > LARGEST_BYTES {
        return Err(LoadError::TooLarge { path: path.to_owned() });
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        LoadError::NotText { path: path.to_owned(), line: before.iter().filter(|byte| **byte == b'\n').count() + 1 }
    })?;
    // Some editors begin a file with a byte order mark. It is no part of the text, and would shift its columns.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn from_io(path: &Path, source: io::Error) -> LoadError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => LoadError::Missing { path },
        io::ErrorKind::IsADirectory => LoadError::Folder { path },
        _ => LoadError::Unreadable { path, source },
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn documents_stay_inside_the_project() {
        let outer = tempfile::tempdir().expect("a folder");
        let project = outer.path().join("project");
        let folder = project.join("stacks");
        fs::create_dir_all(&folder).expect("folders");
        fs::create_dir(project.join(".git")).expect("a folder");
        for path in ["secret.json", "project/a.json", "project/stacks/b.json"] {
            fs::write(outer.path().join(path), "{}").expect("a file");
        }
        std::os::unix::fs::symlink(outer.path().join("secret.json"), folder.join("link.json")).expect("a link");
        let root = project_root(&folder);
        let read = |name: &str, allow_documents_outside| {
            read_document(&folder, &root, name, Options { allow_documents_outside }).map(|source| source.text.clone())
        };
        assert_eq!(read("b.json", false), Ok("{}".into()));
        assert_eq!(read("../a.json", false), Ok("{}".into()));
        for outside in ["../../secret.json", "link.json", "/etc/hostname"] {
            assert!(matches!(read(outside, false), Err(DocumentError::Outside { .. })), "{outside}");
        }
        assert_eq!(read("link.json", true), Ok("{}".into()));
        assert_eq!(read("none.json", false), Err(DocumentError::Missing { path: "none.json".into() }));
        assert_eq!(read(".", false), Err(DocumentError::Folder { path: ".".into() }));
        assert!(read("\0", false).is_err());
        assert!(read("", true).is_err());
    }

    #[test]
    fn files_that_are_no_text() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("stack.toml");
        assert!(matches!(read_source(&path), Err(LoadError::Missing { .. })));
        assert!(matches!(read_source(folder.path()), Err(LoadError::Folder { .. })));
        fs::write(&path, "\u{feff}a").expect("a file");
        assert_eq!(read_source(&path).map(|source| source.text.clone()).ok(), Some("a".to_owned()));
        fs::write(&path, b"a\n\xff").expect("a file");
        assert!(matches!(read_source(&path), Err(LoadError::NotText { line: 2, .. })));
        assert!(matches!(read_source(Path::new("/dev/zero")), Err(LoadError::TooLarge { .. })));
    }
}
