//! Refusals for the sake of the machine's role: to be waited out, or final.
//!
//! Step Functions looks at the role when a machine is created or changed, and it sees a new role, trust or
//! policy some seconds late. It says of a role that it does not know yet what it says of one that is
//! wrong, so the role's own documents decide:
//!
//! | the documents | the role was changed a moment ago | then |
//! |---|---|---|
//! | lack something | either way | it fails at once, and what is missing is named |
//! | grant everything | yes | it is tried again until AWS has had the time to agree with itself |
//! | can't tell | yes | the same |
//! | grant everything, or can't tell | no | it fails at once |

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::{Aws, Error, ErrorKind, Patience};
use crate::document::permissions::LOG_DELIVERY;
use crate::document::policy::Context;
use crate::document::states_language::{ManagedRule, managed_rules};
use crate::resource::Operation;
use crate::resources::role::access::{self, Access, Need, Permission};
use crate::value::Value;

/// The words of AWS that may be true of a moment only.
const ROLE_REFUSALS: [&str; 3] = [
    "is authorized to assume the provided role",
    "is not authorized to create managed-rule",
    "is not authorized to access the Log Destination",
];

/// Calls until it succeeds or the refusal is final. `arn` is the machine's, `spec` what it is to be.
pub async fn patiently<T, F: Future<Output = Result<T, Error>>>(
    operation: Operation<'_>,
    arn: &str,
    spec: &Value,
    mut call: impl FnMut() -> F,
) -> Result<T, Error> {
    let aws = operation.aws;
    let role_arn = spec.text("role_arn").unwrap_or_default();
    let deletion_deadline = Instant::now() + Patience::DELETION.at_most;
    let mut pause = Patience::PROPAGATION.first_pause;
    // Both are said and found out once: the documents do not change while AWS comes to agree with them.
    let (mut is_said, mut is_granted) = (false, false);
    loop {
        let error = match call().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let left = if error.has_code("StateMachineDeleting") {
            if !is_said {
                let what =
                    format!("the name of {arn} to be free: the state machine before it is DELETING until its executions end");
                operation.progress.waiting(&what, Patience::DELETION.at_most);
                is_said = true;
            }
            deletion_deadline.saturating_duration_since(Instant::now())
        } else if is_role_refusal(&error) {
            let left = aws.changed_roles.settling(role_arn);
            if !is_granted {
                match access::of_role(aws, role_arn, &need(aws, arn, spec)).await {
                    Access::Missing(missing) => return Err(lacking(&error, role_arn, &missing)),
                    Access::Granted if left.is_zero() => return Err(without_usual_help(&error).help(GRANTED)),
                    Access::Undecided(why) if left.is_zero() => return Err(without_usual_help(&error).help(why)),
                    Access::Granted => is_granted = true,
                    Access::Undecided(_) => {}
                }
            }
            if !is_said && !left.is_zero() {
                operation.progress.waiting(&format!("Step Functions to see the role {role_arn} as it is now"), left);
                is_said = true;
            }
            left
        } else {
            return Err(explained(error, role_arn));
        };
        if left < pause {
            return Err(without_usual_help(&error).help("it was tried again for as long as such a refusal may pass by itself"));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(3));
    }
}

const GRANTED: &str = "the role's own documents grant what is wanted: look for a service control policy, or, if the role was \
                       changed a moment ago, try again";

fn is_role_refusal(error: &Error) -> bool {
    error.kind == ErrorKind::AccessDenied && ROLE_REFUSALS.iter().any(|text| error.message.contains(text))
}

/// What Step Functions wants of the role of this machine.
fn need(aws: &Aws, arn: &str, spec: &Value) -> Need {
    let place = &aws.place;
    let region = place.region.as_deref().unwrap_or_default();
    let mut permissions = Vec::new();
    for rule in spec.get("definition").map(managed_rules).unwrap_or_default() {
        let resource = place.arn("events", &format!("rule/{}", rule.rule_name));
        permissions.extend(resource.map(|resource| Permission { actions: ManagedRule::ACTIONS.to_vec(), resource }));
    }
    let level = spec.get("logging_configuration").and_then(|logging| logging.text("level")).unwrap_or("OFF");
    if level != "OFF" {
        permissions.push(Permission { actions: LOG_DELIVERY.to_vec(), resource: "*".to_owned() });
    }
    Need {
        trusted_services: vec!["states.amazonaws.com".to_owned(), format!("states.{region}.amazonaws.com")],
        permissions,
        context: Context::default()
            .with("aws:SourceAccount", place.account_id.clone().unwrap_or_default())
            .with("aws:SourceArn", arn),
    }
}

/// The error of a role that really lacks something.
fn lacking(error: &Error, role_arn: &str, missing: &access::Missing) -> Error {
    let mut lacking = without_usual_help(error);
    lacking.message =
        format!("the role {role_arn} is not allowed what this state machine needs: {} ({})", missing.describe(), error.message);
    lacking.help.extend(missing.help());
    lacking
}

/// The error without the advice to give the *caller* a permission.
fn without_usual_help(error: &Error) -> Error {
    Error { help: Vec::new(), ..error.clone() }
}

/// Other refusals, with advice where the text tells what to do.
fn explained(error: Error, role_arn: &str) -> Error {
    if error.kind == ErrorKind::AccessDenied && error.message.contains("iam:PassRole") {
        return without_usual_help(&error).help(format!("the caller needs the permission iam:PassRole on {role_arn}"));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_known_words_may_pass() {
        let denied = |message: &str| Error::new("states:CreateStateMachine", ErrorKind::AccessDenied, message);
        for message in [
            "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.",
            "'arn:aws:iam::123456789012:role/r' is not authorized to create managed-rule.",
            "The state machine IAM Role is not authorized to access the Log Destination",
        ] {
            assert!(is_role_refusal(&denied(message)), "{message}");
        }
        let pass_role =
            denied("User: arn:aws:iam::123456789012:user/u is not authorized to perform: iam:PassRole on resource: r");
        assert!(!is_role_refusal(&pass_role));
        assert_eq!(explained(pass_role, "r").help, ["the caller needs the permission iam:PassRole on r"]);
        assert!(!is_role_refusal(&denied("Cross-account pass role is not allowed.")));
    }
}
