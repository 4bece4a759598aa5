//! What AWS refused, and of which class that refusal is.

/// A call that failed, with what its reader needs to mend it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{operation}: {}{message}", .code.as_ref().map(|code| format!("{code}: ")).unwrap_or_default())]
pub struct Error {
    /// `service:Action`, spelt as the IAM action: `ecs:RegisterTaskDefinition`.
    pub operation: &'static str,
    /// AWS's error code, absent where AWS did not answer.
    pub code: Option<String>,
    pub message: String,
    /// To quote to AWS support.
    pub request_id: Option<String>,
    pub kind: ErrorKind,
    /// What to do about it, a sentence each.
    pub help: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// What the call names is not there.
    NotFound,
    /// Something of that name is there, and not ours.
    AlreadyExists,
    /// The caller lacks a permission.
    AccessDenied,
    /// No usable credentials.
    Credentials,
    /// Too many calls; retries are used up.
    Throttled,
    /// No answer: the call may have taken effect.
    Unanswered,
    /// Something else still uses it, or changes it.
    Conflict,
    /// A wait reached its deadline.
    TimedOut,
    /// The user interrupted it.
    Cancelled,
    /// AWS answered what it must not, or we asked what we must not.
    Bug,
    /// Any other refusal.
    Refused,
}
