//! Creation, change and deletion of roles.
//!
//! ```text
//! create: CreateRole ─► exists ─► inline policies ─► attachments ─► wait until IAM itself tells the role ─► ready
//! update: only the calls whose fields differ
//! delete: out of instance profiles ─► detach ─► delete inline policies ─► DeleteRole
//! ```

use std::future::Future;
use std::time::Duration;

use aws_sdk_iam::types as iam;
use serde_json::Value as Json;

use crate::aws::error::optional;
use crate::aws::{Aws, Error, ErrorKind, Patience};
use crate::resource::{Live, Operation, ResourceType};
use crate::resources::changed::{is_changed, is_member_changed};
use crate::resources::role::read::{self, Policies};
use crate::resources::role::{Role, Spec, name_of};
use crate::resources::tags::{self, Tags};
use crate::schema::{Difference, as_told_back, differences};
use crate::value::{Path, Segment, Value};

/// How long a role that exists by the word of `CreateRole` may be unknown to `GetRole`.
const SIGHT: Patience = Patience { at_most: Duration::from_secs(30), ..Patience::PROPAGATION };
const DEFAULT_SESSION_SECONDS: i32 = 3600;

/// Creates the role, or makes one that an interrupted run of ours left into what is wanted.
pub async fn create(operation: Operation<'_>, spec: &Value) -> Result<Live, Error> {
    let aws = operation.aws;
    let wanted = typed("iam:CreateRole", spec)?;
    let name = wanted.name.as_deref().unwrap_or_default();
    let trust = wanted.assume_role_policy_document.0.clone();
    let request = aws
        .iam
        .create_role()
        .role_name(name)
        .assume_role_policy_document(trust.to_string())
        .set_path(wanted.path.clone())
        .set_description(wanted.description.clone())
        .set_max_session_duration(wanted.max_session_duration)
        .set_permissions_boundary(wanted.permissions_boundary.clone())
        .set_tags(Some(sdk_tags("iam:CreateRole", tags::with_ownership(spec, operation.ownership))?));
    let created = patiently(aws, None, Some(&trust), async || {
        request.clone().send().await.map_err(|error| Error::from_sdk("iam:CreateRole", error))
    })
    .await;
    let role = match created {
        Ok(answer) => answer.role.ok_or_else(|| Error::new("iam:CreateRole", ErrorKind::Bug, "the answer names no role"))?,
        Err(error) if error.kind == ErrorKind::AlreadyExists => return adopt(operation, name, spec).await,
        Err(error) => return Err(error),
    };
    let mut live = read::live(&role, &Policies::default(), &aws.place);
    // What CreateRole was sent is so, whatever of it the answer repeats.
    let mut bare = spec.clone();
    if let Some(map) = bare.as_map_mut() {
        map.shift_remove("inline_policies");
        map.shift_remove("managed_policy_arns");
    }
    live.spec = bare;
    live.ownership = Some(tags::without_token(operation.ownership));
    aws.changed_roles.note(&live.id, Duration::ZERO);
    operation.progress.exists(&live);

    for (policy, document) in wanted.inline_policies.iter().flatten() {
        put_policy(aws, &live.id, policy, &document.0).await?;
    }
    for arn in wanted.managed_policy_arns.iter().flatten() {
        attach(aws, &live.id, arn).await?;
    }
    aws.changed_roles.note(&live.id, Duration::ZERO);
    let role = settled(aws, name, Patience::PROPAGATION).await?;
    // Of its policies GetRole tells nothing.
    Ok(Live { ownership: live.ownership, ..read::live(&role, &Policies::default(), &aws.place) })
}

/// Takes over a role of this name if it is ours: a creation that was interrupted, or answered too late.
async fn adopt(operation: Operation<'_>, name: &str, spec: &Value) -> Result<Live, Error> {
    let aws = operation.aws;
    let what = format!("the role {name}");
    if read::get_role(aws, name).await?.is_none() {
        operation.progress.waiting(&format!("IAM to tell {what}, which exists"), SIGHT.at_most);
    }
    let role = match settled(aws, name, SIGHT).await {
        Ok(role) => role,
        Err(error) if error.kind == ErrorKind::TimedOut => {
            return Err(tags::already_exists("iam:CreateRole", &what, None)
                .help("IAM tells role names apart without regard to case: look for one that differs in case alone"));
        }
        Err(error) => return Err(error),
    };
    let live = read::live(&role, &read::policies(aws, name).await?, &aws.place);
    if !live.is_owned_by(operation.ownership) {
        return Err(tags::already_exists("iam:CreateRole", &what, live.ownership.as_ref()));
    }
    let differences = differences(Role.schema(), Some(&live.spec), Some(&as_told_back(Role.schema(), spec)));
    if let Some(fixed) = differences.iter().find(|difference| difference.replace) {
        return Err(tags::already_exists("iam:CreateRole", &what, live.ownership.as_ref())
            .help(format!("it is this stack's, but its {} is another and can't be changed", fixed.path)));
    }
    // It may have been made a moment ago, by a call whose answer was lost.
    aws.changed_roles.note(&live.id, Duration::ZERO);
    operation.progress.exists(&live);
    update(operation, &live, spec, &differences).await
}

/// Makes only the calls that `changes` need.
pub async fn update(operation: Operation<'_>, live: &Live, spec: &Value, changes: &[Difference]) -> Result<Live, Error> {
    let aws = operation.aws;
    let wanted = typed("iam:UpdateRole", spec)?;
    let name = name_of(&live.id);
    let differs = |member: &str| is_member_changed(changes, member);
    let tag_changes = tags::changes(live, spec, operation.ownership);
    if !tag_changes.removed.is_empty() {
        let request = aws.iam.untag_role().role_name(name).set_tag_keys(Some(tag_changes.removed));
        patiently(aws, Some(&live.id), None, async || {
            request.clone().send().await.map_err(|error| Error::from_sdk("iam:UntagRole", error))
        })
        .await?;
    }
    if !tag_changes.set.is_empty() {
        let request = aws.iam.tag_role().role_name(name).set_tags(Some(sdk_tags("iam:TagRole", tag_changes.set)?));
        patiently(aws, Some(&live.id), None, async || {
            request.clone().send().await.map_err(|error| Error::from_sdk("iam:TagRole", error))
        })
        .await?;
    }
    if differs("description") || differs("max_session_duration") {
        // A description left out is kept, and a session left out becomes the default: so both are always sent.
        let request = aws
            .iam
            .update_role()
            .role_name(name)
            .description(wanted.description.as_deref().unwrap_or_default())
            .max_session_duration(wanted.max_session_duration.unwrap_or(DEFAULT_SESSION_SECONDS));
        patiently(aws, Some(&live.id), None, async || {
            request.clone().send().await.map_err(|error| Error::from_sdk("iam:UpdateRole", error))
        })
        .await?;
    }
    if differs("permissions_boundary") {
        set_boundary(aws, &live.id, wanted.permissions_boundary.as_deref()).await?;
        aws.changed_roles.note(&live.id, Duration::ZERO);
    }
    if differs("assume_role_policy_document") {
        let trust = &wanted.assume_role_policy_document.0;
        let request = aws.iam.update_assume_role_policy().role_name(name).policy_document(trust.to_string());
        patiently(aws, Some(&live.id), Some(trust), async || {
            request.clone().send().await.map_err(|error| Error::from_sdk("iam:UpdateAssumeRolePolicy", error))
        })
        .await?;
        aws.changed_roles.note(&live.id, Duration::ZERO);
    }
    update_policies(aws, live, &wanted, changes).await?;
    Ok(Live { spec: spec.clone(), ownership: Some(tags::without_token(operation.ownership)), ..live.clone() })
}

async fn set_boundary(aws: &Aws, role_arn: &str, boundary: Option<&str>) -> Result<(), Error> {
    let name = name_of(role_arn);
    match boundary {
        Some(arn) => {
            let request = aws.iam.put_role_permissions_boundary().role_name(name).permissions_boundary(arn);
            patiently(aws, Some(role_arn), None, async || {
                request.clone().send().await.map_err(|error| Error::from_sdk("iam:PutRolePermissionsBoundary", error))
            })
            .await?;
        }
        None => {
            let request = aws.iam.delete_role_permissions_boundary().role_name(name);
            gone(aws, async || {
                request.clone().send().await.map_err(|error| Error::from_sdk("iam:DeleteRolePermissionsBoundary", error))
            })
            .await?;
        }
    }
    Ok(())
}

/// New and changed policies first, so that what the role may do has no gap in between.
async fn update_policies(aws: &Aws, live: &Live, wanted: &Spec, changes: &[Difference]) -> Result<(), Error> {
    let name = name_of(&live.id);
    let inline = |policy: &str| is_changed(changes, &Path::key("inline_policies").join_key(policy));
    let managed = |arn: &str| is_changed(changes, &Path::key("managed_policy_arns").join(Segment::Element(arn.to_owned())));
    let old_inline: Vec<&String> =
        live.spec.get("inline_policies").and_then(Value::as_map).into_iter().flat_map(|map| map.keys()).collect();
    let old_attached: Vec<&str> =
        live.spec.get("managed_policy_arns").map(Value::items).unwrap_or_default().iter().filter_map(Value::as_str).collect();
    let new_inline = wanted.inline_policies.clone().unwrap_or_default();
    let new_attached = wanted.managed_policy_arns.clone().unwrap_or_default();
    let mut is_touched = false;
    for (policy, document) in new_inline.iter().filter(|(policy, _)| inline(policy)) {
        put_policy(aws, &live.id, policy, &document.0).await?;
        is_touched = true;
    }
    // Attachments are counted against a small quota: those that go make room for those that come.
    for arn in old_attached.iter().filter(|arn| managed(arn) && !new_attached.iter().any(|wanted| wanted == *arn)) {
        detach(aws, name, arn).await?;
        is_touched = true;
    }
    for arn in new_attached.iter().filter(|arn| managed(arn) && !old_attached.contains(&arn.as_str())) {
        attach(aws, &live.id, arn).await?;
        is_touched = true;
    }
    for policy in old_inline.into_iter().filter(|policy| inline(policy) && !new_inline.contains_key(*policy)) {
        delete_policy(aws, name, policy).await?;
        is_touched = true;
    }
    if is_touched {
        aws.changed_roles.note(&live.id, Duration::ZERO);
    }
    Ok(())
}

/// Deletes the role and all that is bound to it. What is gone already is as good.
pub async fn delete(operation: Operation<'_>, id: &str) -> Result<(), Error> {
    let (aws, name) = (operation.aws, name_of(id));
    let Some(profiles) = optional(instance_profiles(aws, name).await)? else { return Ok(()) };
    for profile in profiles {
        let request = aws.iam.remove_role_from_instance_profile().role_name(name).instance_profile_name(profile);
        gone(aws, async || {
            request.clone().send().await.map_err(|error| Error::from_sdk("iam:RemoveRoleFromInstanceProfile", error))
        })
        .await?;
    }
    for arn in optional(read::attached(aws, name).await)?.unwrap_or_default() {
        detach(aws, name, &arn).await?;
    }
    for policy in optional(read::inline_names(aws, name).await)?.unwrap_or_default() {
        delete_policy(aws, name, &policy).await?;
    }
    let request = aws.iam.delete_role().role_name(name);
    let delete = async || request.clone().send().await.map_err(|error| Error::from_sdk("iam:DeleteRole", error));
    // What was detached a moment ago may still be counted as attached.
    let passes = |error: &Error| error.has_code("DeleteConflict") || error.has_code("ConcurrentModification");
    optional(Patience::PROPAGATION.retry(passes, delete).await).map(|_| ())
}

async fn instance_profiles(aws: &Aws, role: &str) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    let mut marker = None;
    loop {
        let page = aws.iam.list_instance_profiles_for_role().role_name(role).set_marker(marker).send().await;
        let page = page.map_err(|error| Error::from_sdk("iam:ListInstanceProfilesForRole", error))?;
        names.extend(page.instance_profiles().iter().map(|profile| profile.instance_profile_name().to_owned()));
        marker = page.marker;
        if marker.is_none() {
            return Ok(names);
        }
    }
}

async fn put_policy(aws: &Aws, role_arn: &str, policy: &str, document: &Json) -> Result<(), Error> {
    let request =
        aws.iam.put_role_policy().role_name(name_of(role_arn)).policy_name(policy).policy_document(document.to_string());
    let put = async || request.clone().send().await.map_err(|error| Error::from_sdk("iam:PutRolePolicy", error));
    patiently(aws, Some(role_arn), None, put).await.map(|_| ())
}

async fn delete_policy(aws: &Aws, role: &str, policy: &str) -> Result<(), Error> {
    let request = aws.iam.delete_role_policy().role_name(role).policy_name(policy);
    gone(aws, async || request.clone().send().await.map_err(|error| Error::from_sdk("iam:DeleteRolePolicy", error))).await
}

async fn attach(aws: &Aws, role_arn: &str, arn: &str) -> Result<(), Error> {
    let request = aws.iam.attach_role_policy().role_name(name_of(role_arn)).policy_arn(arn);
    let attach = async || request.clone().send().await.map_err(|error| Error::from_sdk("iam:AttachRolePolicy", error));
    patiently(aws, Some(role_arn), None, attach).await.map(|_| ())
}

async fn detach(aws: &Aws, role: &str, arn: &str) -> Result<(), Error> {
    let request = aws.iam.detach_role_policy().role_name(role).policy_arn(arn);
    gone(aws, async || request.clone().send().await.map_err(|error| Error::from_sdk("iam:DetachRolePolicy", error))).await
}

/// The role once `GetRole` tells it with its real ARN.
async fn settled(aws: &Aws, name: &str, patience: Patience) -> Result<iam::Role, Error> {
    let look = async || Ok(read::get_role(aws, name).await?.filter(read::has_arn));
    patience.poll("iam:GetRole", &format!("IAM to tell the role {name} with its ARN"), look).await
}

/// Calls again where another change of the same role is under way, and where a trust policy names a
/// principal so new that IAM does not know it yet. `role_arn` is the role that the call changes: made a
/// moment ago, it may itself be unknown yet.
async fn patiently<T, F: Future<Output = Result<T, Error>>>(
    aws: &Aws,
    role_arn: Option<&str>,
    trust: Option<&Json>,
    call: impl FnMut() -> F,
) -> Result<T, Error> {
    let is_unseen = |error: &Error| {
        error.kind == ErrorKind::NotFound
            && error.message.contains("role with name")
            && role_arn.is_some_and(|arn| !aws.changed_roles.settling(arn).is_zero())
    };
    let passes = |error: &Error| {
        error.has_code("ConcurrentModification")
            || is_unseen(error)
            || (error.has_code("MalformedPolicyDocument")
                && error.message.contains("Invalid principal in policy")
                && trust.is_some_and(|trust| names_new_principal(aws, trust, &error.message)))
    };
    Patience::PROPAGATION.retry(passes, call).await
}

/// The same for a call after which something is gone: that it is gone already is as good.
async fn gone<T, F: Future<Output = Result<T, Error>>>(aws: &Aws, call: impl FnMut() -> F) -> Result<(), Error> {
    optional(patiently(aws, None, None, call).await).map(|_| ())
}

/// Whether the principal that IAM complains of is a role made a moment ago.
fn names_new_principal(aws: &Aws, trust: &Json, message: &str) -> bool {
    let is_new = |arn: &str| !aws.changed_roles.settling(arn).is_zero() && (message.contains(arn) || !message.contains("arn:"));
    match trust {
        Json::String(text) => is_new(text),
        Json::Array(items) => items.iter().any(|item| names_new_principal(aws, item, message)),
        Json::Object(members) => members.values().any(|item| names_new_principal(aws, item, message)),
        _ => false,
    }
}

/// The spec as its struct: all of it is known when it is applied.
fn typed(operation: &'static str, spec: &Value) -> Result<Spec, Error> {
    let plain =
        as_told_back(Role.schema(), spec).to_plain().map_err(|error| Error::new(operation, ErrorKind::Bug, error.to_string()))?;
    serde_json::from_value(plain)
        .map_err(|error| Error::new(operation, ErrorKind::Bug, format!("the spec is not a role's: {error}")))
}

fn sdk_tags(operation: &'static str, tags: Tags) -> Result<Vec<iam::Tag>, Error> {
    let tag = |(key, value)| iam::Tag::builder().key(key).value(value).build();
    let tags: Result<_, _> = tags.into_iter().map(tag).collect();
    tags.map_err(|error| Error::new(operation, ErrorKind::Bug, error.to_string()))
}
