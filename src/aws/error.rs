//! What AWS refused, and of which class that refusal is.
//!
//! The class is told by wire code and text, not by the SDK's enums: several services answer with codes
//! that their models do not name (`AccessDeniedException` of `CreateStateMachine`, `ConcurrentModification`
//! of `PutRolePolicy`), and an enum match misses just those.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

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
    /// AWS answered what it must not, or we asked what we must not.
    Bug,
    /// Any other refusal.
    Refused,
}

impl Error {
    pub fn new(operation: &'static str, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { operation, code: None, message: message.into(), request_id: None, kind, help: Vec::new() }
    }

    /// The error of an SDK call.
    pub fn from_sdk<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.code().map(str::to_owned);
        let request_id = error.meta().extra("aws_request_id").map(str::to_owned);
        let answered = matches!(error, SdkError::ServiceError(_));
        let message = match (error.message(), status) {
            (Some(message), _) => message.to_owned(),
            (None, Some(status)) if answered && code.is_none() => format!("an answer that is not AWS's own: HTTP {status}"),
            (None, _) => without_request(&chain(&error)),
        };
        let kind = match &code {
            Some(code) if answered => kind_of(code, &message, status),
            _ => ErrorKind::Unanswered,
        };
        let was_sent =
            !matches!(error, SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) | SdkError::TimeoutError(_));
        let it = Self { operation, code, message, request_id, kind, help: Vec::new() }.with_usual_help();
        if was_sent { it } else { it.help("check the network, the region, and AWS_ENDPOINT_URL and proxies if they are set") }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Whether it carries this code.
    pub fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    fn with_usual_help(self) -> Self {
        match self.kind {
            ErrorKind::AccessDenied => {
                let action = self.operation;
                self.help(format!("the caller needs the permission {action}"))
            }
            ErrorKind::Credentials => self.help("check the credentials: AWS_PROFILE, AWS_ACCESS_KEY_ID, or log in again"),
            ErrorKind::Throttled => self.help("AWS allows only so many calls; try again, or with a smaller --parallelism"),
            _ => self,
        }
    }
}

/// `Err(NotFound)` as `Ok(None)`.
pub fn optional<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn kind_of(code: &str, message: &str, status: Option<u16>) -> ErrorKind {
    match code {
        "NoSuchEntity"
        | "ClusterNotFoundException"
        | "StateMachineDoesNotExist"
        | "ExecutionDoesNotExist"
        | "ResourceNotFound"
        | "ResourceNotFoundException" => ErrorKind::NotFound,
        "ClientException" if message.contains("Unable to describe task definition") || message.contains("does not exist") => {
            ErrorKind::NotFound
        }
        "EntityAlreadyExists" | "StateMachineAlreadyExists" | "ExecutionAlreadyExists" | "ResourceAlreadyExistsException" => {
            ErrorKind::AlreadyExists
        }
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "SlowDown" => ErrorKind::Throttled,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => ErrorKind::AccessDenied,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken" => ErrorKind::Credentials,
        "DeleteConflict"
        | "ConcurrentModification"
        | "ConflictException"
        | "UpdateInProgressException"
        | "ResourceInUseException"
        | "OperationAbortedException"
        | "StateMachineDeleting"
        | "TargetNotConnectedException" => ErrorKind::Conflict,
        contains if contains.starts_with("ClusterContains") => ErrorKind::Conflict,
        // A 5xx says nothing of whether the call took effect.
        _ if status.is_some_and(|status| status >= 500) => ErrorKind::Unanswered,
        _ => ErrorKind::Refused,
    }
}

/// The SDK tells of an endpoint that is no URL with the whole request, in which may be secrets.
fn without_request(message: &str) -> String {
    match (message.split_once(" to request `Request {"), message.rsplit_once("}`: ")) {
        (Some((what, _)), Some((_, why))) => format!("{what}: {why}"),
        _ => message.to_owned(),
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::without_request;

    #[test]
    fn a_request_is_not_shown() {
        let told =
            "other: failed to apply endpoint `x` to request `Request { body: Some(b\"secret\") }`: endpoint is not a valid URI";
        assert_eq!(without_request(told), "other: failed to apply endpoint `x`: endpoint is not a valid URI");
        assert_eq!(without_request("io error: refused"), "io error: refused");
    }
}
