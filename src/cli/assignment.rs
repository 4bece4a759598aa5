//! `NAME=VALUE` of the command line. Whether the value is sensitive, only the stack file tells: so no mistake is told
//! with it.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;

use crate::address::is_identifier;
use crate::cli::error::CliError;

/// The value of one `--var`, as it was given.
#[derive(Clone)]
pub struct Assignment(String);

impl FromStr for Assignment {
    type Err = Infallible;

    /// Takes anything, as the command line's parser would quote what is refused here.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NAME=VALUE")
    }
}

impl Assignment {
    /// The assignment of `value` to the variable `name`.
    pub fn new(name: &str, value: &str) -> Self {
        Self(format!("{name}={value}"))
    }

    /// Its name and its value.
    pub fn parts(&self) -> Result<(String, String), CliError> {
        let help = "write --var NAME=VALUE: a letter or `_`, then letters, digits, `_` and `-`, and the value behind `=`";
        match self.0.split_once('=') {
            Some((name, value)) if is_identifier(name) => Ok((name.to_owned(), value.to_owned())),
            Some(_) => Err(CliError::message("what stands before `=` in a --var is not the name of a variable").help(help)),
            None => Err(CliError::message("a --var has no `=`").help(help)),
        }
    }
}

/// `text`, which may quote the command line, without what may be the value of a variable.
///
/// `stepwright plan stack.toml password=hunter2` has an argument too much, and the user meant a `--var`.
pub fn without_values(text: &str) -> String {
    values(std::env::args_os()).iter().fold(text.to_owned(), |text, (value, shown)| text.replace(value, shown))
}

/// Every argument that assigns something, and what is to be shown of it.
fn values(arguments: impl Iterator<Item = OsString>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut follows_var = false;
    for argument in arguments {
        let argument = argument.to_string_lossy().into_owned();
        let assigned = match argument.strip_prefix("--") {
            // `--vra=NAME=VALUE` is a --var with a mistake in it, `--parallelism=x` is none.
            Some(option) => option.split_once('=').map(|(_, assigned)| assigned).filter(|assigned| assigned.contains('=')),
            None => Some(argument.as_str()).filter(|argument| follows_var || argument.contains('=')),
        };
        if let Some(assigned) = assigned.filter(|assigned| !assigned.is_empty()) {
            let shown = match assigned.split_once('=') {
                Some((name, _)) if is_identifier(name) => format!("{name}=..."),
                _ => "...".to_owned(),
            };
            found.push((assigned.to_owned(), shown));
        }
        follows_var = argument == "--var";
    }
    found.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_value() {
        let arguments = ["stepwright", "plan", "a.toml", "p=x", "--var", "secret", "--vra=p=y", "--parallelism=x", "--var=p"];
        let found = values(arguments.into_iter().map(OsString::from));
        let shown: Vec<(&str, &str)> = found.iter().map(|(value, shown)| (value.as_str(), shown.as_str())).collect();
        assert_eq!(shown, [("secret", "..."), ("p=x", "p=..."), ("p=y", "p=...")]);
    }

    #[test]
    fn debug_tells_nothing() {
        assert_eq!(format!("{:?}", Assignment::new("password", "hunter2")), "NAME=VALUE");
    }
}
