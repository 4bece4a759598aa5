//! Whether AWS would take a document: its members, not what they grant.

use std::collections::BTreeSet;

use crate::diagnostic::{Finding, nearest};
use crate::document::policy::one_or_many;
use crate::value::{Map, Path, Segment, Value};

/// What a document is attached as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// It says who may take the role: with principals, without resources.
    Trust,
    /// It says what the role may do: with resources, without principals.
    Identity,
}

const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];
const DOCUMENT_MEMBERS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_MEMBERS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
const PRINCIPAL_KINDS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];

/// What is wrong with `document`, by paths that begin at it. Pending parts are not judged.
pub fn validate(document: &Value, kind: PolicyKind) -> Vec<Finding> {
    let mut findings = Vec::new();
    match document {
        Value::Map(map) => check_document(map, kind, &mut findings),
        Value::Pending(_) | Value::Secret(_) => {}
        _ => findings.push(Finding::error(Path::default(), "a policy is a table, or JSON text that holds an object")),
    }
    findings
}

fn check_document(document: &Map, kind: PolicyKind, findings: &mut Vec<Finding>) {
    check_members(document, &DOCUMENT_MEMBERS, &Path::default(), "a policy", findings);
    match document.get("Version") {
        None => findings.push(
            Finding::warning(Path::default(), "the policy has no `Version`, so AWS reads it by the rules of 2008")
                .help("add Version = \"2012-10-17\""),
        ),
        Some(Value::String(version)) if !VERSIONS.contains(&version.as_str()) => findings.push(
            Finding::error(Path::key("Version"), format!("there is no policy version `{version}`")).replacement("2012-10-17"),
        ),
        Some(Value::Pending(_) | Value::String(_)) => {}
        Some(_) => findings.push(Finding::error(Path::key("Version"), "`Version` is a string").replacement("2012-10-17")),
    }
    let path = Path::key("Statement");
    match document.get("Statement") {
        None => findings.push(Finding::error(Path::default(), "the policy has no `Statement`")),
        Some(Value::List(statements)) => {
            if statements.is_empty() {
                findings.push(Finding::error(path.clone(), "the policy has no statement"));
            }
            let mut sids = BTreeSet::new();
            for (index, statement) in statements.iter().enumerate() {
                let path = path.join(Segment::Index(index));
                check_statement(statement, kind, &path, findings);
                if let Some(sid) = statement.text("Sid").filter(|sid| !sid.is_empty() && !sids.insert(*sid)) {
                    findings.push(Finding::error(path.join_key("Sid"), format!("another statement has the Sid `{sid}` too")));
                }
            }
        }
        Some(statement) => check_statement(statement, kind, &path, findings),
    }
}

fn check_statement(statement: &Value, kind: PolicyKind, path: &Path, findings: &mut Vec<Finding>) {
    let statement = match statement {
        Value::Map(statement) => statement,
        Value::Pending(_) | Value::Secret(_) => return,
        _ => return findings.push(Finding::error(path.clone(), "a statement is a table")),
    };
    check_members(statement, &STATEMENT_MEMBERS, path, "a statement", findings);
    match statement.get("Effect") {
        None => findings.push(Finding::error(path.clone(), "the statement has no `Effect`").help("`Allow` or `Deny`")),
        Some(Value::String(effect)) if !["Allow", "Deny"].contains(&effect.as_str()) => {
            let mut finding = Finding::error(path.join_key("Effect"), format!("`Effect` is `Allow` or `Deny`, not `{effect}`"));
            finding.replacement = nearest(effect, ["Allow", "Deny"]).map(str::to_owned);
            findings.push(finding);
        }
        Some(_) => {}
    }
    if let Some(sid) = statement.get("Sid").and_then(Value::as_str)
        && !sid.chars().all(|character| character.is_ascii_alphanumeric())
    {
        findings.push(Finding::error(path.join_key("Sid"), "a `Sid` is made of letters and digits"));
    }
    exactly_one(statement, "Action", path, findings);
    check_strings(statement, "Action", path, findings, |action| action_problem(action, kind));
    match kind {
        PolicyKind::Trust => {
            exactly_one(statement, "Principal", path, findings);
            check_principal(statement, path, findings);
            for member in ["Resource", "NotResource"].into_iter().filter(|member| statement.contains_key(*member)) {
                findings.push(
                    Finding::error(path.join_key(member), format!("a trust policy has no `{member}`: it is the role itself"))
                        .on_key(),
                );
            }
        }
        PolicyKind::Identity => {
            exactly_one(statement, "Resource", path, findings);
            check_strings(statement, "Resource", path, findings, resource_problem);
            for member in ["Principal", "NotPrincipal"].into_iter().filter(|member| statement.contains_key(*member)) {
                let message = format!("a role's policy has no `{member}`: it speaks of the role itself");
                findings.push(Finding::error(path.join_key(member), message).on_key());
            }
        }
    }
    match statement.get("Condition") {
        Some(Value::Map(operators)) => {
            for (operator, keys) in operators.iter().filter(|(_, keys)| !matches!(keys, Value::Map(_) | Value::Pending(_))) {
                let message = format!("`{operator}` holds a table of condition keys, not {}", keys.kind());
                findings.push(Finding::error(path.join_key("Condition").join_key(operator), message));
            }
        }
        None | Some(Value::Pending(_) | Value::Null) => {}
        Some(other) => {
            findings.push(Finding::error(path.join_key("Condition"), format!("`Condition` is a table, not {}", other.kind())));
        }
    }
}

fn action_problem(action: &str, kind: PolicyKind) -> Option<String> {
    match kind {
        PolicyKind::Trust => (!action.to_lowercase().starts_with("sts:"))
            .then(|| format!("a trust policy allows only actions of sts, not `{action}`")),
        PolicyKind::Identity => {
            let is_action =
                action == "*" || action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
            (!is_action).then(|| format!("`{action}` is not an action; an action is SERVICE:NAME, for example ecs:RunTask"))
        }
    }
}

fn resource_problem(resource: &str) -> Option<String> {
    if resource == "*" {
        return None;
    }
    let Some(rest) = resource.strip_prefix("arn:") else {
        return Some(format!("`{resource}` is neither an ARN nor `*`"));
    };
    let partition = rest.split(':').next().unwrap_or_default();
    let is_partition = partition.starts_with("aws") || partition.contains(['*', '?', '$']);
    (!is_partition).then(|| format!("`{resource}` names the partition `{partition}`; there are aws, aws-cn, aws-us-gov"))
}

fn check_principal(statement: &Map, path: &Path, findings: &mut Vec<Finding>) {
    for member in ["Principal", "NotPrincipal"] {
        let path = path.join_key(member);
        match statement.get(member) {
            Some(Value::Map(kinds)) => {
                check_members(kinds, &PRINCIPAL_KINDS, &path, "a principal", findings);
                if kinds.values().all(Value::is_empty) {
                    findings.push(Finding::error(path, "the statement names nobody"));
                }
            }
            Some(Value::String(text)) if text != "*" => findings.push(
                Finding::error(path, format!("a principal is a table or `*`, not `{text}`"))
                    .help("for a service: { Service = \"states.amazonaws.com\" }; for an account or role: { AWS = \"arn:…\" }"),
            ),
            _ => {}
        }
    }
}

fn exactly_one(statement: &Map, member: &str, path: &Path, findings: &mut Vec<Finding>) {
    let negated = format!("Not{member}");
    let present = |key: &str| statement.get(key).is_some_and(|value| !value.is_empty());
    match (present(member), present(&negated)) {
        (true, true) => findings
            .push(Finding::error(path.join_key(&negated), format!("`{member}` and `{negated}` exclude each other")).on_key()),
        (false, false) => findings.push(Finding::error(path.clone(), format!("the statement has no `{member}`"))),
        _ => {}
    }
}

fn check_strings(
    statement: &Map,
    member: &str,
    path: &Path,
    findings: &mut Vec<Finding>,
    problem: impl Fn(&str) -> Option<String>,
) {
    for member in [member.to_owned(), format!("Not{member}")] {
        let Some(value) = statement.get(&member) else { continue };
        for (index, item) in one_or_many(value).into_iter().enumerate() {
            let mut path = path.join_key(&member);
            if matches!(value, Value::List(_)) {
                path = path.join(Segment::Index(index));
            }
            match item {
                Value::String(text) => findings.extend(problem(text).map(|message| Finding::error(path, message))),
                Value::Pending(_) | Value::Secret(_) => {}
                other => findings.push(Finding::error(path, format!("`{member}` is made of strings, not of {}", other.kind()))),
            }
        }
    }
}

fn check_members(map: &Map, known: &[&str], path: &Path, what: &str, findings: &mut Vec<Finding>) {
    for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
        let mut finding = Finding::error(path.join_key(key), format!("{what} has no member `{key}`"))
            .on_key()
            .help(format!("known are {}", known.join(", ")));
        finding.replacement = nearest(key, known.iter().copied()).map(str::to_owned);
        findings.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn paths(document: Json, kind: PolicyKind) -> Vec<String> {
        validate(&Value::from(document), kind).into_iter().map(|finding| finding.path.to_string()).collect()
    }

    #[test]
    fn good_documents() {
        let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "Service": "ecs-tasks.amazonaws.com" }, "Action": "sts:AssumeRole" } });
        assert_eq!(paths(trust, PolicyKind::Trust), Vec::<String>::new());
        let identity = json!({ "Version": "2012-10-17", "Statement": [
            { "Sid": "A1", "Effect": "Allow", "Action": ["ecs:RunTask", "*"], "Resource": ["*", "arn:aws:s3:::b"], "Condition": { "StringEquals": { "k": "v" } } },
            { "Effect": "Deny", "NotAction": "iam:*", "NotResource": "*" },
        ] });
        assert_eq!(paths(identity, PolicyKind::Identity), Vec::<String>::new());
    }

    #[test]
    fn bad_documents() {
        let identity = json!({ "Version": "2012", "Statment": 1, "Statement": [
            { "Sid": "a-b", "Effect": "allow", "Action": "RunTask", "Resource": "bucket", "Principal": "*" },
            { "Effect": "Allow", "Action": "a:b", "NotAction": "a:c" },
        ] });
        assert_eq!(
            paths(identity, PolicyKind::Identity),
            [
                "Statment",
                "Version",
                "Statement[0].Effect",
                "Statement[0].Sid",
                "Statement[0].Action",
                "Statement[0].Resource",
                "Statement[0].Principal",
                "Statement[1].NotAction",
                "Statement[1]"
            ]
        );
        let trust = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "ecs:RunTask", "Principal": { "service": "x" }, "Resource": "*" },
            { "Effect": "Allow", "Action": "sts:AssumeRole" },
        ] });
        assert_eq!(
            paths(trust, PolicyKind::Trust),
            ["Statement[0].Action", "Statement[0].Principal.service", "Statement[0].Resource", "Statement[1]"]
        );
    }
}
