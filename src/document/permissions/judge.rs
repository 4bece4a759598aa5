//! Which needs the policies of a role do not grant, as far as the stack file tells.
//!
//! What a stack file leaves open, such as the account, counts as what it will be: an example stands for it on both
//! sides, so that nothing is missed only because it is not known yet.

use serde_json::json;

use crate::document::permissions::{Need, Target};
use crate::document::policy::{Context, Decision, decide, decide_somewhere};
use crate::template::{Part, Reference};
use crate::value::{Path, Value};

/// What stands for what is not known yet.
pub struct Sampler<'a> {
    /// What a reference leads to, or an example of it.
    pub lookup: &'a dyn Fn(&Reference) -> Option<String>,
    /// Known only where the stack names it.
    pub region: Option<String>,
}

const ACCOUNT: &str = "000000000000";
const REGION: &str = "region";
const PARTITION: &str = "aws";

impl Sampler<'_> {
    /// A text, if all that it refers to has an example.
    pub fn text(&self, value: &Value) -> Option<String> {
        match value {
            Value::String(text) => Some(self.levelled(text)),
            Value::Pending(template) => {
                let parts: Option<Vec<String>> = template.parts().iter().map(|part| self.part(part)).collect();
                Some(self.levelled(&parts?.concat()))
            }
            _ => None,
        }
    }

    /// A policy with an example in the place of each reference that has one.
    pub fn policy(&self, document: &Value) -> Value {
        crate::document::parsed(document).map_leaves(&mut |leaf| match self.text(leaf) {
            Some(text) => Value::String(text),
            None => leaf.clone(),
        })
    }

    /// A text in which what has no example stands for itself.
    pub fn opaque(&self, value: &Value) -> Option<String> {
        let Value::Pending(template) = value else { return self.text(value) };
        let part = |part: &Part| match part {
            Part::Reference(reference) => Some(self.part(part).unwrap_or_else(|| format!("{{{reference}}}"))),
            other => self.part(other),
        };
        let parts: Option<Vec<String>> = template.parts().iter().map(part).collect();
        Some(self.levelled(&parts?.concat()))
    }

    fn part(&self, part: &Part) -> Option<String> {
        match part {
            Part::Literal(text) => Some(text.clone()),
            Part::Reference(Reference::AccountId) => Some(ACCOUNT.to_owned()),
            Part::Reference(Reference::AccountPartition) => Some(PARTITION.to_owned()),
            Part::Reference(Reference::StackRegion) => Some(self.region.clone().unwrap_or_else(|| REGION.to_owned())),
            Part::Reference(reference) => (self.lookup)(reference),
            Part::Secret { .. } => None,
        }
    }

    /// An ARN whose account, and region where that is not known, is the example: a policy may write them out.
    fn levelled(&self, text: &str) -> String {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts.as_slice() else { return text.to_owned() };
        let is_plain = |text: &str| !text.is_empty() && !text.contains(['*', '?', '$']);
        let partition = if is_plain(partition) { PARTITION } else { partition };
        let region = if self.region.is_none() && is_plain(region) { REGION } else { region };
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let account = if is_account { ACCOUNT } else { account };
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

/// A policy of a role.
#[derive(Clone, Debug)]
pub struct GrantedPolicy {
    /// Where it stands in the role's spec, or where its ARN does.
    pub path: Path,
    /// The ARN of a managed policy.
    pub arn: Option<String>,
    /// As the user wrote it, as a tree.
    pub written: Value,
    /// As the sampler makes it.
    pub document: Value,
}

impl GrantedPolicy {
    /// One whose text stands in the spec.
    pub fn written(path: Path, document: &Value, sampler: &Sampler<'_>) -> Self {
        let written = crate::document::parsed(document);
        Self { path, arn: None, document: sampler.policy(document), written }
    }

    /// One that the spec names.
    pub fn managed(path: Path, arn: String, document: Value) -> Self {
        Self { path, arn: Some(arn), written: document.clone(), document }
    }
}

/// What is known of what a role may do.
#[derive(Debug, Default)]
pub struct Granted {
    pub policies: Vec<GrantedPolicy>,
    /// Attached policies that are not known here.
    pub unknown: Vec<String>,
    pub boundary: Option<Value>,
    /// Whether it has a boundary that is not known here.
    pub has_unknown_boundary: bool,
}

/// What the policies say to a need.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Granted,
    /// They do not grant it on these.
    Missing(Vec<Value>),
    /// They deny it on these.
    Denied(Vec<Value>),
    Undecided,
}

/// Whether `granted` grants `need`.
pub fn judge(need: &Need, granted: &Granted, sampler: &Sampler<'_>) -> Verdict {
    let decide = |resource: Option<&Value>| one(need, granted, sampler, resource);
    let (resources, is_any) = match &need.target {
        Target::All(resources) => (resources.as_slice(), false),
        Target::Any(resources) => (resources.as_slice(), true),
        Target::Whole | Target::Untold(_) => {
            return match decide(None) {
                Decision::Allowed => Verdict::Granted,
                Decision::Undecided => Verdict::Undecided,
                Decision::Missing => Verdict::Missing(vec![Value::string("*")]),
                Decision::Denied => Verdict::Denied(vec![Value::string("*")]),
            };
        }
    };
    let decisions: Vec<(&Value, Decision)> = resources.iter().map(|resource| (resource, decide(Some(resource)))).collect();
    if is_any && decisions.iter().any(|(_, decision)| *decision == Decision::Allowed) {
        return Verdict::Granted;
    }
    let that_are = |wanted: Decision| -> Vec<Value> {
        decisions.iter().filter(|(_, decision)| *decision == wanted).map(|(resource, _)| (*resource).clone()).collect()
    };
    let (denied, missing) = (that_are(Decision::Denied), that_are(Decision::Missing));
    let is_undecided = decisions.iter().any(|(_, decision)| *decision == Decision::Undecided);
    match (denied.is_empty(), missing.is_empty()) {
        _ if is_any && is_undecided => Verdict::Undecided,
        (false, _) => Verdict::Denied(denied),
        (true, false) => Verdict::Missing(missing),
        (true, true) if is_undecided => Verdict::Undecided,
        (true, true) => Verdict::Granted,
    }
}

fn one(need: &Need, granted: &Granted, sampler: &Sampler<'_>, resource: Option<&Value>) -> Decision {
    let policies: Vec<&Value> = granted.policies.iter().map(|policy| &policy.document).collect();
    let mut context = Context::default();
    for condition in &need.conditions {
        if let Some(value) = condition.value.as_str() {
            context = context.with(condition.key, value);
        }
    }
    if let Some(region) = &sampler.region {
        context = context.with("aws:RequestedRegion", region);
    }
    let boundary = granted.boundary.as_ref();
    let action = need.action.as_str();
    let decision = match (&need.target, resource) {
        (Target::Whole, _) => decide(&policies, boundary, action, "*", &context),
        (_, Some(resource)) => match sampler.text(resource) {
            Some(text) => decide(&policies, boundary, action, &example_of(&text), &context),
            // The reference may lead to what a policy names in another way.
            None => somewhere(&policies, boundary, action, &context, resource, sampler),
        },
        (_, None) => decide_somewhere(&policies, boundary, action, &context),
    };
    match decision {
        Decision::Missing if !granted.unknown.is_empty() => Decision::Undecided,
        Decision::Allowed if granted.has_unknown_boundary => Decision::Undecided,
        decision => decision,
    }
}

/// A policy that refers to the very same thing names it, whatever it is.
fn somewhere(
    policies: &[&Value],
    boundary: Option<&Value>,
    action: &str,
    context: &Context,
    resource: &Value,
    sampler: &Sampler<'_>,
) -> Decision {
    let opaque = |leaf: &Value| sampler.opaque(leaf).map_or_else(|| leaf.clone(), Value::String);
    let made: Vec<Value> = policies.iter().map(|policy| policy.map_leaves(&mut |leaf| opaque(leaf))).collect();
    let made: Vec<&Value> = made.iter().collect();
    let resource = sampler.opaque(resource).unwrap_or_default();
    match decide(&made, boundary, action, &example_of(&resource), context) {
        Decision::Missing => decide_somewhere(policies, boundary, action, context),
        decision => decision,
    }
}

/// One resource that a pattern means.
pub(super) fn example_of(pattern: &str) -> String {
    pattern.replace('*', "1")
}

/// What the managed policy `arn` allows, of what matters here; none if it is not known.
pub fn managed_policy(arn: &str) -> Option<Value> {
    let name = arn.contains(":aws:policy/").then(|| arn.rsplit('/').next())??;
    let pass = json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
        "Condition": { "StringLike": { "iam:PassedToService": "ecs-tasks.amazonaws.com" } } });
    let actions = |actions: &[&str]| json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    let statements = match name {
        "AdministratorAccess" => vec![actions(&["*"])],
        "PowerUserAccess" => {
            vec![json!({ "Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*" })]
        }
        "AmazonECSTaskExecutionRolePolicy" => vec![actions(&[
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ])],
        "AmazonECS_FullAccess" => vec![
            actions(&[
                "ecs:*",
                "events:DescribeRule",
                "events:PutRule",
                "events:PutTargets",
                "logs:CreateLogGroup",
                "logs:DescribeLogGroups",
            ]),
            pass,
        ],
        "AmazonEC2ContainerRegistryReadOnly" | "AmazonEC2ContainerRegistryPullOnly" => vec![actions(&[
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
        ])],
        "CloudWatchLogsFullAccess" => vec![actions(&["logs:*"])],
        "AWSXRayDaemonWriteAccess" | "AWSXrayWriteOnlyAccess" => vec![actions(&[
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
        ])],
        "AWSXrayFullAccess" => vec![actions(&["xray:*"])],
        "AWSLambdaRole" => vec![actions(&["lambda:InvokeFunction"])],
        "AWSLambda_FullAccess" => vec![actions(&["lambda:*"])],
        "AWSStepFunctionsFullAccess" => vec![actions(&["states:*"])],
        "AmazonSNSFullAccess" => vec![actions(&["sns:*"])],
        "AmazonSQSFullAccess" => vec![actions(&["sqs:*"])],
        "AmazonDynamoDBFullAccess" | "AmazonDynamoDBFullAccess_v2" => vec![actions(&["dynamodb:*"])],
        "AmazonEventBridgeFullAccess" | "CloudWatchEventsFullAccess" => vec![actions(&["events:*"])],
        "AmazonS3FullAccess" => vec![actions(&["s3:*"])],
        "AmazonS3ReadOnlyAccess" => vec![actions(&["s3:Get*", "s3:List*", "s3:Describe*"])],
        "SecretsManagerReadWrite" => vec![actions(&["secretsmanager:*"])],
        "AmazonSSMReadOnlyAccess" => vec![actions(&["ssm:Describe*", "ssm:Get*", "ssm:List*"])],
        _ => return None,
    };
    Some(Value::from(json!({ "Version": "2012-10-17", "Statement": statements })))
}
