//! What managing a role takes.

use crate::document::permissions::{Calls, Condition, Need, Target, named, text};
use crate::resource::Work;
use crate::template::{Part, Template};
use crate::value::Value;

const READ: [&str; 4] = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"];

pub fn needs(spec: &Value, work: Work) -> Vec<Need> {
    let on = [arn(spec)];
    let mut calls = Calls::default();
    match work {
        Work::Read => {
            calls.on(&on, &READ, "read with its policies");
            if spec.get("path").is_some() {
                // Of a role that is not there yet, IAM is told the name alone.
                calls.on(&[named("iam", "role/", spec.get("name"))], &["iam:GetRole"], "looked for before it is there");
            }
        }
        Work::LookUp => {
            let name = spec.get("name");
            let mut on = vec![named("iam", "role/", name)];
            // A name does not tell the path.
            if !name
                .map(parts)
                .is_some_and(|parts| matches!(parts.first(), Some(Part::Literal(text)) if text.starts_with("arn:")))
            {
                on.push(named("iam", "role/*/", name));
            }
            calls.on(&on, &READ, "looked up with its policies");
        }
        Work::Change => change(spec, &on, &mut calls),
        Work::Check => {}
        Work::Delete => {
            calls.on(&on, &["iam:DeleteRole"], "deleted");
            let reason = "freed of what is bound to it, or IAM refuses to delete it";
            calls.on(
                &on,
                &["iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
                reason,
            );
            calls.on(&on, &["iam:ListInstanceProfilesForRole"], reason);
            let profiles = [named("iam", "instance-profile/", None)];
            calls.on(&profiles, &["iam:RemoveRoleFromInstanceProfile"], "it is taken out of whichever instance profiles hold it");
        }
    }
    calls.needs
}

fn change(spec: &Value, on: &[Value], calls: &mut Calls) {
    calls.on(on, &["iam:CreateRole"], "created");
    calls.on(on, &["iam:TagRole", "iam:UntagRole"], "tagged, also with whose it is");
    calls.on(on, &["iam:UpdateRole", "iam:UpdateAssumeRolePolicy"], "changed");
    calls.on(on, &["iam:PutRolePolicy", "iam:DeleteRolePolicy"], "its inline policies are those of the stack file");
    // What is to go is what the stack file does not tell.
    calls.on(on, &["iam:DetachRolePolicy"], "a policy that the stack file does not attach is detached");
    let attached = spec.get("managed_policy_arns").map(Value::items).unwrap_or_default();
    if !attached.is_empty() {
        let value = if let [only] = attached { only.clone() } else { Value::List(attached.to_vec()) };
        let condition = Condition { operator: "ArnEquals", key: "iam:PolicyARN", value };
        let reason = "the policies of the stack file are attached, and no others";
        calls.with(vec![condition], &Target::All(on.to_vec()), &["iam:AttachRolePolicy"], reason);
    }
    match spec.get("permissions_boundary") {
        Some(boundary) => {
            let condition = Condition { operator: "StringLike", key: "iam:PermissionsBoundary", value: boundary.clone() };
            let target = Target::All(on.to_vec());
            calls.with(vec![condition], &target, &["iam:PutRolePermissionsBoundary"], "bounded as the stack file says");
        }
        // One that must stay can't be declared and be taken off by the same operator.
        None => calls.on(on, &["iam:DeleteRolePermissionsBoundary"], "a boundary that the stack file does not set is taken off"),
    }
}

/// `arn:…:role/PATH/NAME`.
fn arn(spec: &Value) -> Value {
    let Some(name) = spec.get("name").map(parts) else { return named("iam", "role/", None) };
    // By its ARN, as an import may name it, the path is in there.
    if matches!(name.first(), Some(Part::Literal(text)) if text.starts_with("arn:")) {
        return named("iam", "role/", spec.get("name"));
    }
    let path = spec.get("path").map_or_else(|| vec![text("/")], parts);
    named("iam", "role", Some(&Value::Pending(Template::from_parts(path.into_iter().chain(name)))))
}

fn parts(value: &Value) -> Vec<Part> {
    match value {
        Value::String(literal) => vec![text(literal)],
        Value::Pending(template) => template.parts().to_vec(),
        _ => vec![text("*")],
    }
}
