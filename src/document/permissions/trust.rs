//! Whether the service that uses a role may take it, as its trust policy says.

use crate::document::policy::{Context, Decision, decide_trust, placed_items, placed_statements};
use crate::value::{Path, Value};

/// What a trust policy says to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    Given,
    /// It does not let the service take the role. `path` is what it says instead, in the document.
    Refused {
        path: Path,
        trusted: Vec<String>,
    },
    /// It hangs on a condition, or on what is known only after apply.
    Undecided,
}

/// Whether `document` lets `service`, `states.amazonaws.com`, or its name in `region` take the role.
pub fn trust(document: &Value, service: &str, region: Option<&str>) -> Trust {
    let named = principals(document);
    let mut names: Vec<&str> = named.iter().filter(|it| it.names(service, region)).map(|it| it.text.as_str()).collect();
    names.push(service);
    match decide_trust(document, &names, "sts:AssumeRole", &Context::default()) {
        Decision::Allowed => Trust::Given,
        Decision::Undecided => Trust::Undecided,
        Decision::Missing | Decision::Denied => Trust::Refused {
            // Of several, none is the wrong one.
            path: match named.as_slice() {
                [one] => one.path.clone(),
                _ => Path::default(),
            },
            trusted: named.into_iter().map(|it| it.text).collect(),
        },
    }
}

/// Who else than `services` may take the role.
pub fn others(document: &Value, services: &[&str]) -> Vec<String> {
    let is_known = |it: &Principal| services.iter().any(|service| it.names(service, None));
    principals(document).into_iter().filter(|it| !is_known(it)).map(|it| it.text).collect()
}

/// Somebody whom a statement allows to take the role.
struct Principal {
    path: Path,
    is_service: bool,
    text: String,
}

impl Principal {
    fn names(&self, service: &str, region: Option<&str>) -> bool {
        let own = service.split('.').next().unwrap_or(service);
        let is_regional = match self.text.split('.').collect::<Vec<_>>().as_slice() {
            [name, of_region, "amazonaws", "com", ..] => *name == own && region.is_none_or(|region| region == *of_region),
            [name, "amazonaws", "com", ..] => *name == own,
            _ => false,
        };
        self.is_service && (self.text == service || is_regional)
    }
}

fn principals(document: &Value) -> Vec<Principal> {
    let mut found = Vec::new();
    for (path, statement) in placed_statements(document) {
        let is_allowing = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
        let Some(principal) = statement.get("Principal").filter(|_| is_allowing) else { continue };
        let path = path.join_key("Principal");
        let mut add = |path: &Path, value: &Value, is_service: bool| {
            for (path, name) in placed_items(path, value) {
                let text = match name {
                    Value::Pending(template) => template.to_string(),
                    other => other.as_str().unwrap_or_default().to_owned(),
                };
                found.push(Principal { path, is_service, text });
            }
        };
        match principal {
            Value::Map(kinds) => kinds.iter().for_each(|(kind, names)| add(&path.join_key(kind), names, kind == "Service")),
            other => add(&path, other, false),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    #[test]
    fn whom_a_role_trusts() {
        let said = |principal: Json, more: Json| {
            let mut statement = json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" });
            if let (Some(statement), Json::Object(more)) = (statement.as_object_mut(), more) {
                statement.extend(more);
            }
            trust(&Value::from(json!({ "Statement": [statement] })), "states.amazonaws.com", Some("eu-central-1"))
        };
        let refused = |path: &str, trusted: &[&str]| match said(json!({ "Service": trusted }), json!({})) {
            Trust::Refused { path: at, trusted: told } => {
                assert_eq!((at.to_string().as_str(), told.as_slice().len()), (path, trusted.len()))
            }
            other => panic!("{other:?}"),
        };
        for principal in [
            json!({ "Service": "states.amazonaws.com" }),
            json!({ "Service": ["lambda.amazonaws.com", "states.eu-central-1.amazonaws.com"] }),
            json!("*"),
        ] {
            assert_eq!(said(principal.clone(), json!({})), Trust::Given, "{principal}");
        }
        refused("Statement[0].Principal.Service[0]", &["ecs-tasks.amazonaws.com"]);
        refused("Statement[0].Principal.Service[0]", &["states.us-east-1.amazonaws.com"]);
        refused("", &["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"]);
        let states = json!({ "Service": "states.amazonaws.com" });
        assert!(matches!(said(states.clone(), json!({ "Action": "sts:TagSession" })), Trust::Refused { .. }));
        // Whether the account is the right one is not known here.
        let condition = json!({ "Condition": { "StringEquals": { "aws:SourceAccount": "123456789012" } } });
        assert_eq!(said(states, condition), Trust::Undecided);
    }

    #[test]
    fn who_else_may_take_it() {
        let document = Value::from(json!({ "Statement": [
            { "Effect": "Allow", "Principal": { "Service": ["states.amazonaws.com", "lambda.amazonaws.com"] } },
            { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:root" } },
            { "Effect": "Deny", "Principal": "*" },
        ] }));
        assert_eq!(others(&document, &["states.amazonaws.com"]), ["lambda.amazonaws.com", "arn:aws:iam::123456789012:root"]);
    }
}
