//! Creation, change and deletion of log groups.
//!
//! A creation takes everything but how long logs are kept, which is a call of its own. All calls that change one log
//! group exclude each other at AWS: what comes too early is refused with `OperationAbortedException`, and passes.

use std::future::Future;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::Value as Json;

use crate::aws::{Error, ErrorKind, JsonExchange, Patience};
use crate::place::Place;
use crate::resource::{self, Live, Operation, ResourceType};
use crate::resources::changed::is_member_changed;
use crate::resources::ecs;
use crate::resources::log_group::{LogGroup, read};
use crate::resources::tags::{self, TagChanges};
use crate::schema::{Difference, as_told_back, differences, wire};
use crate::value::Value;

const CREATE: &str = "logs:CreateLogGroup";
const PUT_RETENTION: &str = "logs:PutRetentionPolicy";
const DELETE_RETENTION: &str = "logs:DeleteRetentionPolicy";
const ASSOCIATE_KEY: &str = "logs:AssociateKmsKey";
const DISASSOCIATE_KEY: &str = "logs:DisassociateKmsKey";
const PUT_PROTECTION: &str = "logs:PutLogGroupDeletionProtection";
const DELETE: &str = "logs:DeleteLogGroup";

/// How long a change may take to show.
const VISIBLE: Patience =
    Patience { at_most: Duration::from_secs(15), first_pause: Duration::from_millis(200), longest_pause: Duration::from_secs(2) };

/// Creates the log group, or makes one that an interrupted run of ours left into what is wanted.
pub async fn create(operation: Operation<'_>, spec: &Value) -> Result<Live, Error> {
    let aws = operation.aws;
    let name = spec.text("name").ok_or_else(|| Error::new(CREATE, ErrorKind::Bug, "the log group has no name"))?;
    let arn = LogGroup.id(name, &aws.place);
    let arn = arn.ok_or_else(|| Error::new(CREATE, ErrorKind::Bug, "the account and region are not known"))?;
    let request = creation_request(operation, spec)?;
    let found = patiently(operation, async || {
        let exchange = JsonExchange::sending(&request);
        let call = aws.logs.create_log_group().customize().interceptor(exchange).send().await;
        match call.map_err(|error| Error::from_sdk(CREATE, error)) {
            Ok(_) => Ok(None),
            Err(error) if error.kind == ErrorKind::AlreadyExists => match read::read(aws, &arn).await? {
                Some(live) => Ok(Some(live)),
                // It is on its way out: its name is free in a moment.
                None => Err(Error { kind: ErrorKind::Conflict, ..error }),
            },
            Err(error) => Err(explained(error, spec, &aws.place)),
        }
    });
    if let Some(live) = found.await? {
        return adopt(operation, live, spec).await;
    }
    let mut made = spec.clone();
    if let Some(map) = made.as_map_mut() {
        map.shift_remove("retention_in_days");
    }
    operation.progress.exists(&Live {
        id: arn.clone(),
        spec: made,
        attributes: read::attributes(&arn, name),
        ownership: Some(tags::without_token(operation.ownership)),
    });
    if spec.get("retention_in_days").is_some() {
        put_retention(operation, name, spec).await?;
    }
    // Tags of one that had the name before may be slow to go.
    if let Some(live) = read::read(aws, &arn).await?.filter(|live| !is_shown(operation, live, spec)) {
        change_tags(operation, &live, spec).await?;
    }
    shown(operation, &arn, spec).await
}

/// Makes only the calls that `changes` need.
pub async fn update(operation: Operation<'_>, live: &Live, spec: &Value, changes: &[Difference]) -> Result<Live, Error> {
    let aws = operation.aws;
    let name = read::name_of(&live.id)
        .ok_or_else(|| Error::new(PUT_RETENTION, ErrorKind::Bug, format!("{} is not the ARN of a log group", live.id)))?;
    change_tags(operation, live, spec).await?;
    if is_member_changed(changes, "kms_key_id") {
        let key = member(ASSOCIATE_KEY, spec, "kms_key_id")?.as_ref().and_then(Json::as_str).map(str::to_owned);
        patiently(operation, async || match &key {
            Some(key) => {
                let call = aws.logs.associate_kms_key().log_group_name(name).kms_key_id(key).send().await;
                call.map(|_| ()).map_err(|error| explained(Error::from_sdk(ASSOCIATE_KEY, error), spec, &aws.place))
            }
            None => {
                let call = aws.logs.disassociate_kms_key().log_group_name(name).send().await;
                call.map(|_| ()).map_err(|error| Error::from_sdk(DISASSOCIATE_KEY, error))
            }
        })
        .await?;
    }
    if is_member_changed(changes, "retention_in_days") {
        put_retention(operation, name, spec).await?;
    }
    if is_member_changed(changes, "deletion_protection_enabled") {
        let is_protected = member(PUT_PROTECTION, spec, "deletion_protection_enabled")? == Some(Json::Bool(true));
        patiently(operation, async || {
            let call = aws.logs.put_log_group_deletion_protection().log_group_identifier(name);
            let call = call.deletion_protection_enabled(is_protected).send().await;
            call.map(|_| ()).map_err(|error| Error::from_sdk(PUT_PROTECTION, error))
        })
        .await?;
    }
    shown(operation, &live.id, spec).await
}

/// Deletes the log group and all that was logged in it; gone already is as good.
pub async fn delete(operation: Operation<'_>, arn: &str) -> Result<(), Error> {
    let name =
        read::name_of(arn).ok_or_else(|| Error::new(DELETE, ErrorKind::Bug, format!("{arn} is not the ARN of a log group")))?;
    let deletion = patiently(operation, async || {
        let call = operation.aws.logs.delete_log_group().log_group_name(name).send().await;
        call.map(|_| ()).map_err(|error| Error::from_sdk(DELETE, error))
    });
    match deletion.await {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
        Err(error) if error.message.to_lowercase().contains("protect") => {
            Err(error.help("set deletion_protection_enabled = false and apply, then try again"))
        }
        result => result,
    }
}

/// Makes `live` into what is wanted if it is ours.
async fn adopt(operation: Operation<'_>, live: Live, spec: &Value) -> Result<Live, Error> {
    let what = format!("the log group {}", spec.text("name").unwrap_or_default());
    if !live.is_owned_by(operation.ownership) {
        return Err(tags::already_exists(CREATE, &what, live.ownership.as_ref()));
    }
    let changes = left(&live, spec);
    if let Some(fixed) = changes.iter().find(|difference| difference.replace) {
        return Err(tags::already_exists(CREATE, &what, live.ownership.as_ref())
            .help(format!("it is this stack's, but its {} is another and can't be changed", fixed.path)));
    }
    operation.progress.exists(&live);
    update(operation, &live, spec, &changes).await
}

fn creation_request(operation: Operation<'_>, spec: &Value) -> Result<Json, Error> {
    let mut request = serde_json::Map::new();
    for (key, field) in LogGroup.schema().fields().filter(|(key, _)| !["retention_in_days", "tags"].contains(&key.as_str())) {
        if let Some(value) = member(CREATE, spec, key)? {
            request.insert(wire::wire_name(key, field), value);
        }
    }
    let tags = tags::with_ownership(spec, operation.ownership);
    request.insert("tags".to_owned(), tags.into_iter().map(|(key, value)| (key, Json::String(value))).collect());
    Ok(Json::Object(request))
}

/// Keeps the logs for as long as `spec` says: for ever, where it says nothing.
async fn put_retention(operation: Operation<'_>, name: &str, spec: &Value) -> Result<(), Error> {
    let logs = &operation.aws.logs;
    let days = member(PUT_RETENTION, spec, "retention_in_days")?.as_ref().and_then(Json::as_i64);
    let days = days.map(i32::try_from).transpose();
    let days = days.map_err(|error| Error::new(PUT_RETENTION, ErrorKind::Bug, format!("retention_in_days: {error}")))?;
    patiently(operation, async || match days {
        Some(days) => {
            let call = logs.put_retention_policy().log_group_name(name).retention_in_days(days).send().await;
            call.map(|_| ()).map_err(|error| Error::from_sdk(PUT_RETENTION, error))
        }
        None => {
            let call = logs.delete_retention_policy().log_group_name(name).send().await;
            call.map(|_| ()).map_err(|error| Error::from_sdk(DELETE_RETENTION, error))
        }
    })
    .await
}

async fn change_tags(operation: Operation<'_>, live: &Live, spec: &Value) -> Result<(), Error> {
    let logs = &operation.aws.logs;
    let TagChanges { removed, set } = tags::changes(live, spec, operation.ownership);
    if !removed.is_empty() {
        patiently(operation, async || {
            let call = logs.untag_resource().resource_arn(&live.id).set_tag_keys(Some(removed.clone())).send().await;
            call.map(|_| ()).map_err(|error| Error::from_sdk("logs:UntagResource", error))
        })
        .await?;
    }
    if !set.is_empty() {
        patiently(operation, async || {
            let tags = set.clone().into_iter().collect();
            let call = logs.tag_resource().resource_arn(&live.id).set_tags(Some(tags)).send().await;
            call.map(|_| ()).map_err(|error| Error::from_sdk("logs:TagResource", error))
        })
        .await?;
    }
    Ok(())
}

/// Calls again where another change of the log group is under way.
async fn patiently<T, F: Future<Output = Result<T, Error>>>(
    operation: Operation<'_>,
    call: impl FnMut() -> F,
) -> Result<T, Error> {
    let reported = AtomicBool::new(false);
    let passes = |error: &Error| {
        let passes = error.kind == ErrorKind::Conflict;
        if passes {
            ecs::report_waiting(operation, &reported, "another change of the log group", Patience::PROPAGATION);
        }
        passes
    };
    Patience::PROPAGATION.retry(passes, call).await
}

/// The log group once it shows what was asked of it. What it goes on to show otherwise is left for the comparison after an
/// apply to judge.
async fn shown(operation: Operation<'_>, arn: &str, spec: &Value) -> Result<Live, Error> {
    let look = async || Ok(read::read(operation.aws, arn).await?.filter(|live| is_shown(operation, live, spec)));
    match VISIBLE.poll(read::DESCRIBE, "the log group to be as it was asked for", look).await {
        Err(error) if error.kind == ErrorKind::TimedOut => read::read(operation.aws, arn).await?.ok_or(error),
        result => result,
    }
}

fn is_shown(operation: Operation<'_>, live: &Live, spec: &Value) -> bool {
    live.is_owned_by(operation.ownership) && left(live, spec).is_empty()
}

/// What the log group does not show yet.
fn left(live: &Live, spec: &Value) -> Vec<Difference> {
    let clear = resource::normalise(&LogGroup, &as_told_back(LogGroup.schema(), spec));
    differences(LogGroup.schema(), Some(&live.spec), Some(&clear))
}

/// The member `key` as AWS is sent it; absent where the spec has none.
fn member(operation: &'static str, spec: &Value, key: &str) -> Result<Option<Json>, Error> {
    ecs::member(operation, LogGroup.schema(), spec, key)
}

/// Refusals with advice where the text alone does not tell what to do.
fn explained(error: Error, spec: &Value, place: &Place) -> Error {
    if error.kind == ErrorKind::AccessDenied && error.message.contains("logs:TagResource") {
        let help = vec!["the caller needs the permission logs:TagResource: a log group is made with its tags".to_owned()];
        return Error { help, ..error };
    }
    if spec.get("kms_key_id").is_some() && error.has_code("InvalidParameterException") {
        let region = place.region.as_deref().unwrap_or("REGION");
        let suffix = if place.partition.as_deref() == Some("aws-cn") { ".cn" } else { "" };
        return error.help(format!(
            "the KMS key must be symmetric, enabled and of this region, and its policy must allow logs.{region}.amazonaws.com{suffix} \
             kms:Encrypt*, kms:Decrypt*, kms:ReEncrypt*, kms:GenerateDataKey* and kms:Describe*"
        ));
    }
    error
}
