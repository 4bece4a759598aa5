//! What IAM would refuse of a role, beyond the limits of its fields.

use crate::diagnostic::Finding;
use crate::document::permissions::Sampler;
use crate::document::policy::{self, PolicyKind};
use crate::resources::tags;
use crate::schema::wire;
use crate::template::Part;
use crate::value::{Path, Segment, Value};

const LONGEST_POLICY_NAME: usize = 128;
const LONGEST_INLINE_POLICIES: usize = 10_240;
const LONGEST_TRUST: usize = 4096;
/// AWS's quota of a trust policy unless it was raised.
const USUAL_TRUST: usize = 2048;

pub fn validate(spec: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(trust) = spec.get("assume_role_policy_document") {
        let path = Path::key("assume_role_policy_document");
        findings.extend(within(&path, policy::validate(trust, PolicyKind::Trust)));
        match length(trust) {
            length if length > LONGEST_TRUST => findings.push(Finding::error(
                path,
                format!("the trust policy has {length} characters without white space; IAM allows at most {LONGEST_TRUST}"),
            )),
            length if length > USUAL_TRUST => findings.push(Finding::warning(
                path,
                format!("the trust policy has {length} characters without white space; IAM allows {USUAL_TRUST} unless the quota was raised"),
            )),
            _ => {}
        }
    }
    check_inline_policies(spec, &mut findings);
    let attached = spec.get("managed_policy_arns").map(Value::items).unwrap_or_default();
    for (index, arn) in attached.iter().enumerate() {
        findings.extend(check_policy_arn(arn, &Path::key("managed_policy_arns").join(Segment::Index(index))));
    }
    findings.extend(spec.get("permissions_boundary").and_then(|arn| check_policy_arn(arn, &Path::key("permissions_boundary"))));
    if attached.len() > 10 {
        let message = format!("{} attached policies; IAM allows 10 unless the quota was raised", attached.len());
        findings.push(Finding::warning(Path::key("managed_policy_arns"), message));
    }
    findings.extend(tags::validate(spec, tags::OURS, true));
    findings
}

fn check_inline_policies(spec: &Value, findings: &mut Vec<Finding>) {
    let Some(policies) = spec.get("inline_policies").and_then(Value::as_map) else { return };
    let path = Path::key("inline_policies");
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || "_+=,.@-".contains(character);
    for (name, document) in policies {
        let path = path.join_key(name);
        if name.is_empty() || name.chars().count() > LONGEST_POLICY_NAME || !name.chars().all(is_allowed) {
            let message = format!("a policy's name has 1 to {LONGEST_POLICY_NAME} letters, digits and `_+=,.@-`");
            findings.push(Finding::error(path.clone(), message).on_key());
        }
        findings.extend(within(&path, policy::validate(document, PolicyKind::Identity)));
    }
    let total: usize = policies.values().map(length).sum();
    if total > LONGEST_INLINE_POLICIES {
        findings.push(too_long(path, total).help("move some to a managed policy and attach that"));
    }
}

/// Whether the inline policies are too long once what is open has an example in its place. No account and no region is
/// shorter than its example, so what is too long here is too long.
pub fn check_derived(spec: &Value, derived: &[&str], sampler: &Sampler<'_>) -> Option<Finding> {
    let policies = spec.get("inline_policies").and_then(Value::as_map)?;
    let (mut total, mut told, mut longest) = (0, 0, ("", 0));
    for (name, document) in policies {
        let sample = sampler.policy(document).map_leaves(&mut |leaf| match leaf {
            Value::Pending(template) => Value::String(template.parts().iter().map(literal).collect()),
            Value::Secret(_) => Value::string(""),
            other => other.clone(),
        });
        let length = length(&sample);
        total += length;
        if !derived.contains(&name.as_str()) {
            told += self::length(document);
        }
        if length > longest.1 {
            longest = (name, length);
        }
    }
    let (name, length) = longest;
    // What the user wrote himself and leaves nothing open was measured before.
    (total > LONGEST_INLINE_POLICIES && told <= LONGEST_INLINE_POLICIES).then(|| {
        let finding = too_long(Path::key("inline_policies").join_key(name), total);
        finding.help(format!("`{name}` has {length} of them: move what it allows to a managed policy and attach that"))
    })
}

fn literal(part: &Part) -> &str {
    match part {
        Part::Literal(text) => text,
        Part::Reference(_) | Part::Secret { .. } => "",
    }
}

fn too_long(path: Path, characters: usize) -> Finding {
    Finding::error(
        path,
        format!(
            "the inline policies have {characters} characters without white space; IAM allows at most {LONGEST_INLINE_POLICIES} in a role"
        ),
    )
}

fn check_policy_arn(arn: &Value, path: &Path) -> Option<Finding> {
    let arn = arn.as_str()?;
    let is_policy = matches!(
        arn.split(':').collect::<Vec<_>>().as_slice(),
        ["arn", _, "iam", "", account, policy] if policy.starts_with("policy/") && (*account == "aws" || is_account(account))
    );
    (!is_policy).then(|| {
        Finding::error(path.clone(), format!("`{arn}` is not the ARN of a managed policy"))
            .help("for example arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")
    })
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The characters that count against IAM's quotas; of a document with pending parts, none.
fn length(document: &Value) -> usize {
    let text = wire::document_text(document).unwrap_or_default();
    text.chars().filter(|character| !character.is_whitespace()).count()
}

/// Findings in a document as findings in the spec that holds it at `path`.
fn within(path: &Path, findings: Vec<Finding>) -> impl Iterator<Item = Finding> {
    findings.into_iter().map(move |mut finding| {
        let mut whole = path.clone();
        whole.0.append(&mut finding.path.0);
        finding.path = whole;
        finding
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn findings(extra: Json) -> Vec<String> {
        let mut spec = json!({ "name": "r", "assume_role_policy_document": {
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Principal": { "Service": "ecs-tasks.amazonaws.com" }, "Action": "sts:AssumeRole" }],
        } });
        if let (Some(spec), Json::Object(extra)) = (spec.as_object_mut(), extra) {
            spec.extend(extra);
        }
        validate(&Value::from(spec)).into_iter().map(|finding| finding.path.to_string()).collect()
    }

    #[test]
    fn paths_are_those_of_the_spec() {
        assert_eq!(findings(json!({})), Vec::<String>::new());
        assert_eq!(
            findings(
                json!({ "inline_policies": { "a b": { "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "x", "Resource": "*" } } } })
            ),
            ["inline_policies[\"a b\"]", "inline_policies[\"a b\"].Statement.Action"]
        );
        assert_eq!(
            findings(
                json!({ "managed_policy_arns": ["arn:aws:iam::aws:policy/A", "A"], "permissions_boundary": "arn:aws:iam::1:policy/x" })
            ),
            ["managed_policy_arns[1]", "permissions_boundary"]
        );
    }

    #[test]
    fn sizes() {
        let policy = |size: usize| json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "a:b", "Resource": format!("arn:aws:s3:::{}", "x".repeat(size)) } });
        assert_eq!(findings(json!({ "inline_policies": { "a": policy(5000), "b": policy(5000) } })), Vec::<String>::new());
        assert_eq!(findings(json!({ "inline_policies": { "a": policy(5000), "b": policy(5100) } })), ["inline_policies"]);
    }

    #[test]
    fn sizes_of_what_is_open() {
        let sampler = Sampler { lookup: &|_| None, region: None };
        let open = crate::template::Template::parse("arn:${account.partition}:iam::${account.id}:role/").expect("a template");
        let told = |size: usize, more: usize| {
            let list = Value::List(vec![Value::Pending(open.clone()), Value::String("x".repeat(size))]);
            let document = Value::Map([("Resource".to_owned(), list)].into_iter().collect());
            let policies = [("open".to_owned(), document), ("known".to_owned(), Value::from(json!({ "a": "y".repeat(more) })))];
            let policies = Value::Map(policies.into_iter().collect());
            let spec = Value::Map([("inline_policies".to_owned(), policies)].into_iter().collect());
            check_derived(&spec, &[], &sampler).map(|finding| (finding.path.to_string(), finding.message))
        };
        // {"Resource":["arn:aws:iam::000000000000:role/","…"]} and {"a":"…"}: 51 and 8 characters beside the text.
        assert_eq!(told(10_240 - 51 - 8, 0), None);
        let (path, message) = told(10_240 - 51 - 7, 0).expect("one too many");
        assert_eq!(path, "inline_policies.open");
        assert!(message.contains("have 10241 characters"), "{message}");
        assert_eq!(told(1, 20_000), None, "it was told before");
    }
}
