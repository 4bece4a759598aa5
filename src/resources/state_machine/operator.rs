//! What managing a state machine takes.

use crate::document::permissions::{Calls, Condition, LOG_DELIVERY, Need, Target, kms_key, named, role_arn, with_suffix};
use crate::resource::{Around, Work};
use crate::template::{Part, Template};
use crate::value::{Path, Value};

const READ: [&str; 2] = ["states:DescribeStateMachine", "states:ListTagsForResource"];
const SERVICE: &str = "states.amazonaws.com";

pub fn needs(spec: &Value, work: Work, around: &dyn Around) -> Vec<Need> {
    let on = [named("states", "stateMachine:", spec.get("name"))];
    let mut calls = Calls::default();
    match work {
        Work::Read => {
            calls.on(&on, &READ, "read");
            of_key(spec, &["kms:Decrypt"], "what the key encrypts is read", &mut calls);
        }
        Work::Check => calls.whole(&["states:ValidateStateMachineDefinition"], "AWS checks the definition"),
        Work::LookUp => calls.on(&on, &READ, "looked up"),
        Work::Change => {
            calls.on(&on, &["states:CreateStateMachine"], "created");
            calls.on(&on, &["states:TagResource", "states:UntagResource"], "tagged, also with whose it is");
            calls.on(&on, &["states:UpdateStateMachine"], "changed");
            if spec.get("publish").and_then(Value::as_bool) == Some(true) {
                calls.on(&on, &["states:PublishStateMachineVersion"], "each change publishes a version");
            }
            if let Some(role) = spec.get("role_arn") {
                of_role(role, around, &mut calls);
            }
            let level = spec.get("logging_configuration").and_then(|logging| logging.text("level"));
            if level.is_some_and(|level| level != "OFF") {
                calls.whole(&LOG_DELIVERY, "AWS sets up the delivery of logs");
            }
            let actions = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"];
            of_key(spec, &actions, "the definition is encrypted with the key", &mut calls);
        }
        Work::Delete => {
            calls.on(&on, &["states:DeleteStateMachine"], "deleted");
            calls.on(&on, &["states:ListExecutions"], "what runs is named");
            let executions = with_suffix(&named("states", "execution:", spec.get("name")), ":*");
            calls.on(&[executions], &["states:StopExecution"], "executions that still run are stopped");
        }
    }
    calls.needs
}

/// The role is handed over, and read where AWS refuses it: AWS says of one that it does not know yet what it says of
/// one that lacks something.
fn of_role(role: &Value, around: &dyn Around, calls: &mut Calls) {
    const WHY: &str = "a refusal for the sake of the role is told from one that passes";
    let before = calls.needs.len();
    let arn = role_arn(role);
    let passed = vec![Condition::passed_to(SERVICE)];
    calls.with(passed, &Target::All(vec![arn.clone()]), &["iam:PassRole"], "Step Functions is handed the role");
    calls.on(&[arn], &["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"], WHY);
    let name = match role {
        Value::String(name) => Template::from_parts([Part::Literal(name.clone())]),
        Value::Pending(template) => template.clone(),
        _ => Template::default(),
    };
    let target = match around.named("role", &name).and_then(|role| role.spec) {
        Some(spec) => {
            let attached = spec.get("managed_policy_arns").map(Value::items).unwrap_or_default();
            Target::All(attached.iter().chain(spec.get("permissions_boundary")).cloned().collect())
        }
        None => Target::Untold("which policies the role has is known only when it is read".to_owned()),
    };
    calls.with(Vec::new(), &target, &["iam:GetPolicy", "iam:GetPolicyVersion"], WHY);
    calls.needs[before..].iter_mut().for_each(|need| need.cause.path = Path::key("role_arn"));
}

fn of_key(spec: &Value, actions: &[&str], reason: &str, calls: &mut Calls) {
    let Some(key) = spec.get("encryption_configuration").and_then(|encryption| encryption.get("kms_key_id")) else { return };
    let (target, conditions) = kms_key(key, None);
    calls.with(conditions, &target, actions, reason);
}
