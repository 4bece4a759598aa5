//! Why something can't be sealed or opened, and what to do. No key and no text that was sealed ever stands in one.

use std::path::PathBuf;

use super::identities::{KEY_FILE_VARIABLE, KEY_VARIABLE};
use crate::aws;

#[derive(Debug, thiserror::Error)]
pub enum EncryptionError {
    #[error(
        "it is sealed with age{}, and no key to open it is at hand; set {KEY_FILE_VARIABLE} to the path of a key file, or {KEY_VARIABLE} to the key itself. {LOST}",
        wanted(.recipients)
    )]
    NoIdentity { recipients: Vec<String> },
    #[error(
        "it is sealed with age{}, and none of the keys in {KEY_FILE_VARIABLE} and {KEY_VARIABLE} opens it (they are of {}); use a key that it was sealed for. If one of them is, the file is damaged: move it out of the way, and `stepwright state restore` puts back an earlier one. {LOST}",
        wanted(.recipients), .identities.join(", ")
    )]
    OtherIdentity { recipients: Vec<String>, identities: Vec<String> },
    #[error(
        "it would be sealed for {}, and none of the keys at hand could open it again, so that a run that is interrupted could not be settled; set {KEY_FILE_VARIABLE} to the path of a key file, or {KEY_VARIABLE} to the key itself, of one of these recipients",
        .recipients.join(", ")
    )]
    NoWayBack { recipients: Vec<String> },
    #[error(
        "it is in clear, and [state.encryption] wants it sealed; to seal it, with its history, run once: stepwright state encrypt STACK"
    )]
    Plain,
    #[error(
        "it is sealed, and would be written in clear, since no [state.encryption] says for whom; name the stack file that says it, or put [state.encryption] back into it. To have the state in clear from now on: stepwright state decrypt STACK"
    )]
    WouldBePlain,
    #[error(
        "{variable}{line} is no key of age: {reason}; a key begins with AGE-SECRET-KEY-1, and `age-keygen -o FILE` makes one"
    )]
    BadIdentity { variable: &'static str, line: LineOfFile, reason: &'static str },
    #[error("{KEY_FILE_VARIABLE} names {}, which can't be read: {source}", .path.display())]
    KeyFile { path: PathBuf, source: std::io::Error },
    #[error("`{recipient}` is no recipient of age: {reason}; see `recipients` in [state.encryption]")]
    BadRecipient { recipient: String, reason: &'static str },
    #[error("it is sealed with the KMS key {key_arn}, which can't be asked for here")]
    NoKeyService { key_arn: String },
    #[error("{}{}", .0, .0.help.iter().map(|help| format!("; {help}")).collect::<String>())]
    Kms(Box<aws::Error>),
    /// It was changed after it was sealed, or cut. Whoever knows what it is says what to do.
    #[error("{0}")]
    Damaged(String),
    #[error("it can't be sealed: {0}; this is a bug in stepwright")]
    Unsealable(String),
}

const LOST: &str = "If the keys are lost for good, move it out of the way, and `stepwright state rebuild STACK` makes the state anew from the tags of the resources";

/// Where in a file of keys.
#[derive(Clone, Copy, Debug)]
pub struct LineOfFile(pub usize);

impl std::fmt::Display for LineOfFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, ", line {},", self.0)
    }
}

impl From<aws::Error> for EncryptionError {
    fn from(error: aws::Error) -> Self {
        Self::Kms(Box::new(error))
    }
}

fn wanted(recipients: &[String]) -> String {
    if recipients.is_empty() { String::new() } else { format!(" (the stack's recipients are {})", recipients.join(", ")) }
}
