//! The secret keys of age that are at hand, as sops has them: the key itself in one variable, the path of a file of
//! keys in another. Both may hold several, one a line, and comments.

use age::x25519::Identity;
use zeroize::Zeroizing;

use super::error::{EncryptionError, LineOfFile};

/// The keys themselves.
pub const KEY_VARIABLE: &str = "STEPWRIGHT_AGE_KEY";
/// The path of a file of keys.
pub const KEY_FILE_VARIABLE: &str = "STEPWRIGHT_AGE_KEY_FILE";

/// Where secret keys come from. They are read when they are needed, so that a wrong one disturbs nothing else.
#[derive(Clone, Default)]
pub enum Identities {
    /// The two variables.
    #[default]
    Environment,
    /// These.
    Given(Vec<Identity>),
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Environment => "Environment",
            Self::Given(_) => "Given(…)",
        })
    }
}

impl Identities {
    pub(super) fn read(&self) -> Result<Vec<Identity>, EncryptionError> {
        if let Self::Given(identities) = self {
            return Ok(identities.clone());
        }
        let mut found = Vec::new();
        if let Ok(text) = std::env::var(KEY_VARIABLE) {
            found.extend(parse(&Zeroizing::new(text), KEY_VARIABLE)?);
        }
        if let Some(path) = std::env::var_os(KEY_FILE_VARIABLE).filter(|path| !path.is_empty()) {
            let text = std::fs::read_to_string(&path).map_err(|source| EncryptionError::KeyFile { path: path.into(), source })?;
            found.extend(parse(&Zeroizing::new(text), KEY_FILE_VARIABLE)?);
        }
        Ok(found)
    }
}

fn parse(text: &str, variable: &'static str) -> Result<Vec<Identity>, EncryptionError> {
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(index, line)| {
            line.parse().map_err(|reason| EncryptionError::BadIdentity { variable, line: LineOfFile(index + 1), reason })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_lines_and_comments() {
        use age::secrecy::ExposeSecret as _;
        let (one, other) = (Identity::generate(), Identity::generate());
        let text =
            format!("# created: today\n{}\n\n  {}  \n", one.to_string().expose_secret(), other.to_string().expose_secret());
        let found = parse(&text, KEY_VARIABLE).expect("two keys");
        assert!(found.iter().map(Identity::to_public).eq([one.to_public(), other.to_public()]));
    }

    #[test]
    fn a_wrong_key_is_not_repeated() {
        for wrong in ["AGE-SECRET-KEY-1SECRET", "hunter2", "AGE-SECRET-KEY-PQ-1SECRET"] {
            let Err(error) = parse(&format!("# a comment\n{wrong}"), KEY_VARIABLE) else { panic!("{wrong} is no key") };
            let told = format!("{error} {error:?}");
            assert!(told.contains("line 2") && !told.contains("SECRET-KEY-1S") && !told.contains("hunter"), "{told}");
        }
    }
}
