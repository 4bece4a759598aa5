//! What managing a task definition takes.

use crate::document::permissions::{Calls, Condition, Need, Target, named, role_arn, text};
use crate::resource::Work;
use crate::template::{Part, Template};
use crate::value::{Path, Value};

const ROLES: [&str; 2] = ["execution_role_arn", "task_role_arn"];

pub fn needs(spec: &Value, work: Work) -> Vec<Need> {
    // Which revision it is to be, AWS chooses.
    let revisions = [named("ecs", "task-definition/", every_revision(spec.get("family")).as_ref())];
    let mut calls = Calls::default();
    match work {
        Work::Read => {
            calls.whole(&["ecs:DescribeTaskDefinition"], "read");
            calls.whole(&["ecs:ListTaskDefinitions"], "a revision that an interrupted run has registered is looked for");
        }
        Work::LookUp => calls.whole(&["ecs:DescribeTaskDefinition"], "looked up"),
        Work::Change => {
            calls.on(&revisions, &["ecs:RegisterTaskDefinition"], "a revision is registered");
            calls.on(&revisions, &["ecs:TagResource", "ecs:UntagResource"], "tagged, also with whose it is");
            calls.whole(&["ecs:DeregisterTaskDefinition"], "the revision before is deregistered");
            for field in ROLES {
                let Some(role) = spec.get(field).map(role_arn) else { continue };
                let before = calls.needs.len();
                let passed = vec![Condition::passed_to("ecs-tasks.amazonaws.com")];
                calls.with(passed, &Target::All(vec![role.clone()]), &["iam:PassRole"], "ECS is handed the role");
                calls.on(&[role], &["iam:GetRole"], "a refusal for the sake of the role is explained");
                calls.needs[before..].iter_mut().for_each(|need| need.cause.path = Path::key(field));
            }
        }
        Work::Check => {}
        Work::Delete => {
            calls.whole(&["ecs:DeregisterTaskDefinition"], "deregistered");
            calls.on(&revisions, &["ecs:DeleteTaskDefinitions"], "deleted");
        }
    }
    calls.needs
}

/// `FAMILY:*`.
fn every_revision(family: Option<&Value>) -> Option<Value> {
    let parts = match family? {
        Value::String(family) => vec![Part::Literal(family.clone())],
        Value::Pending(family) => family.parts().to_vec(),
        _ => return None,
    };
    Some(Value::Pending(Template::from_parts(parts.into_iter().chain([text(":*")]))))
}
