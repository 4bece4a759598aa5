//! What a role may do, as far as its own documents tell: whether another service that refuses it is
//! only behind, or right.

use std::fmt::Write;

use serde_json::json;

use crate::aws::{Aws, Error};
use crate::document::policy::{Context, Decision, decide, decide_trust};
use crate::resources::role::name_of;
use crate::resources::role::read;
use crate::value::Value;

/// What a service wants of a role.
#[derive(Clone, Debug, Default)]
pub struct Need {
    /// The names of the service that is to take the role; empty if that is not in question.
    pub trusted_services: Vec<String>,
    pub permissions: Vec<Permission>,
    /// What is known of the service's request.
    pub context: Context,
}

/// Actions on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    pub actions: Vec<&'static str>,
    pub resource: String,
}

/// What the documents of a role say to a need.
#[derive(Clone, Debug)]
pub enum Access {
    /// They grant it: who refuses it does not know them yet.
    Granted,
    /// They do not.
    Missing(Missing),
    /// The documents can't be read, or hang on conditions that are not known here.
    Undecided(String),
}

/// What a role lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// The services that can't take the role.
    pub trusted_services: Vec<String>,
    pub permissions: Vec<Permission>,
}

impl Missing {
    /// What is missing, in one sentence's part: `events:PutRule on arn:…`.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        if !self.trusted_services.is_empty() {
            let _ = write!(text, "its trust policy does not let {} take it", self.trusted_services[0]);
        }
        for permission in &self.permissions {
            let separator = if text.is_empty() { "" } else { "; " };
            let _ = write!(text, "{separator}it may not do {} on {}", permission.actions.join(", "), permission.resource);
        }
        text
    }

    /// The statements to add, a sentence each.
    pub fn help(&self) -> Vec<String> {
        let mut help = Vec::new();
        if let Some(service) = self.trusted_services.first() {
            let statement = json!({ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" });
            help.push(format!("add to its assume_role_policy_document: {statement}"));
        }
        for permission in &self.permissions {
            let statement = json!({ "Effect": "Allow", "Action": permission.actions, "Resource": permission.resource });
            help.push(format!("add to one of its inline_policies: {statement}"));
        }
        help
    }
}

/// Reads the role `arn` and says whether its documents grant `need`.
pub async fn of_role(aws: &Aws, arn: &str, need: &Need) -> Access {
    match documents(aws, arn).await {
        Ok(Some(documents)) => judge(&documents, need),
        Ok(None) => Access::Undecided(format!("IAM does not know the role {arn}")),
        Err(error) => Access::Undecided(format!("whether the role grants it could not be read ({error})")),
    }
}

struct Documents {
    trust: Value,
    policies: Vec<Value>,
    boundary: Option<Value>,
}

async fn documents(aws: &Aws, arn: &str) -> Result<Option<Documents>, Error> {
    let name = name_of(arn);
    let Some(role) = read::get_role(aws, name).await? else { return Ok(None) };
    let own = read::policies(aws, name).await?;
    let mut policies: Vec<Value> = own.inline.into_values().map(Value::from).collect();
    for arn in &own.attached {
        policies.push(managed_policy(aws, arn).await?);
    }
    let boundary = match role.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn()) {
        Some(arn) => Some(managed_policy(aws, arn).await?),
        None => None,
    };
    let trust = Value::from(read::document(role.assume_role_policy_document().unwrap_or_default()));
    Ok(Some(Documents { trust, policies, boundary }))
}

/// The document of a managed policy, in the version that counts.
async fn managed_policy(aws: &Aws, arn: &str) -> Result<Value, Error> {
    let answer = aws.iam.get_policy().policy_arn(arn).send().await;
    let policy = answer.map_err(|error| Error::from_sdk("iam:GetPolicy", error))?.policy;
    let version = policy.and_then(|policy| policy.default_version_id).unwrap_or_else(|| "v1".to_owned());
    let answer = aws.iam.get_policy_version().policy_arn(arn).version_id(version).send().await;
    let version = answer.map_err(|error| Error::from_sdk("iam:GetPolicyVersion", error))?.policy_version;
    let text = version.and_then(|version| version.document).unwrap_or_default();
    Ok(Value::from(read::document(&text)))
}

fn judge(documents: &Documents, need: &Need) -> Access {
    let mut missing = Missing::default();
    let mut is_undecided = false;
    if !need.trusted_services.is_empty() {
        let services: Vec<&str> = need.trusted_services.iter().map(String::as_str).collect();
        match decide_trust(&documents.trust, &services, "sts:AssumeRole", &need.context) {
            Decision::Allowed => {}
            Decision::Undecided => is_undecided = true,
            Decision::Denied | Decision::Missing => missing.trusted_services.clone_from(&need.trusted_services),
        }
    }
    let policies: Vec<&Value> = documents.policies.iter().collect();
    for permission in &need.permissions {
        let mut lacks = |action: &&&'static str| {
            let boundary = documents.boundary.as_ref();
            match decide(&policies, boundary, action, &permission.resource, &Context::default()) {
                Decision::Allowed => false,
                Decision::Undecided => {
                    is_undecided = true;
                    false
                }
                Decision::Denied | Decision::Missing => true,
            }
        };
        let actions: Vec<&'static str> = permission.actions.iter().filter(&mut lacks).copied().collect();
        if !actions.is_empty() {
            missing.permissions.push(Permission { actions, resource: permission.resource.clone() });
        }
    }
    if missing != Missing::default() {
        Access::Missing(missing)
    } else if is_undecided {
        Access::Undecided("whether the role grants it hangs on conditions".to_owned())
    } else {
        Access::Granted
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;

    fn documents(service: &str, actions: Json) -> Documents {
        Documents {
            trust: Value::from(
                json!({ "Statement": { "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" } }),
            ),
            policies: vec![Value::from(json!({ "Statement": { "Effect": "Allow", "Action": actions, "Resource": "arn:rule" } }))],
            boundary: None,
        }
    }

    #[test]
    fn names_what_is_missing() {
        let need = Need {
            trusted_services: vec!["states.amazonaws.com".to_owned()],
            permissions: vec![Permission {
                actions: vec!["events:PutRule", "events:PutTargets"],
                resource: "arn:rule".to_owned(),
            }],
            context: Context::default(),
        };
        assert!(matches!(judge(&documents("states.amazonaws.com", json!("events:*")), &need), Access::Granted));
        let Access::Missing(missing) = judge(&documents("ecs-tasks.amazonaws.com", json!("events:PutRule")), &need) else {
            panic!("something is missing");
        };
        assert_eq!(
            missing.describe(),
            "its trust policy does not let states.amazonaws.com take it; it may not do events:PutTargets on arn:rule"
        );
        assert_eq!(missing.help().len(), 2);
    }
}
