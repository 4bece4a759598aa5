//! How AWS tells a task definition.

use aws_sdk_ecs::types::{SortOrder, TaskDefinitionField, TaskDefinitionStatus};
use serde_json::Value as Json;

use crate::aws::{Aws, Error, ErrorKind, JsonExchange, error};
use crate::place::Place;
use crate::resource::{self, Attributes, Live, Ownership};
use crate::resources::tags;
use crate::resources::task_definition::{TaskDefinition, schema};
use crate::schema::wire;
use crate::value::Value;

const DESCRIBE: &str = "ecs:DescribeTaskDefinition";
const LIST: &str = "ecs:ListTaskDefinitions";

/// How many revisions [`find`] looks at. An interrupted registration is among the newest of its family unless
/// somebody has registered this many since, and each look is a call.
const NEWEST: usize = 50;

/// The revision `id`, or the latest active one of a family; `None` where it is not active.
pub async fn describe(aws: &Aws, id: &str) -> Result<Option<Live>, Error> {
    let exchange = JsonExchange::listening();
    let name = name_for_call(&aws.place, id);
    let request = aws.ecs.describe_task_definition().task_definition(name).include(TaskDefinitionField::Tags);
    let call = request.customize().interceptor(exchange.clone()).send().await;
    if error::optional(call.map_err(|error| Error::from_sdk(DESCRIBE, error)))?.is_none() {
        return Ok(None);
    }
    let answer = exchange.answer(DESCRIBE)?;
    let status = answer.pointer("/taskDefinition/status").and_then(Json::as_str);
    if status.is_some_and(|status| status != "ACTIVE") {
        return Ok(None);
    }
    parse(DESCRIBE, &answer).map(Some)
}

/// The revision that an interrupted creation left behind: the newest of the family that carries the
/// owner's tags and, where there is one, its token.
pub async fn find(aws: &Aws, family: &str, owner: &Ownership) -> Result<Option<Live>, Error> {
    for arn in newest(aws, family).await? {
        let Some(live) = describe(aws, &arn).await? else { continue };
        let Some(found) = &live.ownership else { continue };
        let is_same_token = owner.token.is_none() || owner.token == found.token;
        if found.stack == owner.stack && found.address == owner.address && is_same_token {
            return Ok(Some(live));
        }
    }
    Ok(None)
}

/// The newest active revisions of a family, newest first.
async fn newest(aws: &Aws, family: &str) -> Result<Vec<String>, Error> {
    let mut arns = Vec::new();
    let mut next = None;
    loop {
        let request = aws.ecs.list_task_definitions().family_prefix(family).status(TaskDefinitionStatus::Active);
        let request = request.sort(SortOrder::Desc).set_next_token(next);
        let answer = request.send().await.map_err(|error| Error::from_sdk(LIST, error))?;
        next = answer.next_token;
        // AWS documents the prefix as the whole family; that it is, is made sure of.
        arns.extend(answer.task_definition_arns.unwrap_or_default().into_iter().filter(|arn| family_of(arn) == Some(family)));
        if arns.len() >= NEWEST || next.is_none() {
            arns.truncate(NEWEST);
            return Ok(arns);
        }
    }
}

/// Every active revision of the region.
pub async fn active(aws: &Aws) -> Result<Vec<String>, Error> {
    let (mut arns, mut next) = (Vec::new(), None);
    loop {
        let request = aws.ecs.list_task_definitions().status(TaskDefinitionStatus::Active).set_next_token(next);
        let page = request.send().await.map_err(|error| Error::from_sdk(LIST, error))?;
        arns.extend(page.task_definition_arns.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            return Ok(arns);
        }
    }
}

/// A task definition from the JSON of an answer: `{"taskDefinition": …, "tags": …}`.
pub fn parse(operation: &'static str, answer: &Json) -> Result<Live, Error> {
    let json = answer.get("taskDefinition").unwrap_or(&Json::Null);
    let arn = json.get("taskDefinitionArn").and_then(Json::as_str);
    let arn = arn.ok_or_else(|| Error::new(operation, ErrorKind::Bug, "AWS told a task definition without its ARN"))?;
    let mut spec = wire::from_wire(schema(), json);
    let (tags, ownership) = tags::split(tags::from_wire(answer.get("tags")));
    if let Some(map) = spec.as_map_mut() {
        map.insert("tags".to_owned(), tags);
    }
    let family = json.get("family").and_then(Json::as_str).unwrap_or_default();
    let revision = json.get("revision").and_then(Json::as_i64).unwrap_or_default();
    let attributes = Attributes::from([
        ("arn".to_owned(), Value::string(arn)),
        ("family".to_owned(), Value::string(family)),
        ("revision".to_owned(), Value::from(revision)),
    ]);
    Ok(Live { id: arn.to_owned(), spec: resource::normalise(&TaskDefinition, &spec), attributes, ownership })
}

/// `DescribeTaskDefinition` takes a family, or an ARN with a revision. An id that is an ARN without one is
/// the family's, if it is of this account and region.
fn name_for_call<'a>(place: &Place, id: &'a str) -> &'a str {
    let here = place.arn("ecs", "task-definition/");
    match here.and_then(|here| id.strip_prefix(here.as_str())) {
        Some(family) if !family.contains(':') => family,
        _ => id,
    }
}

/// The family in the ARN of a revision.
fn family_of(arn: &str) -> Option<&str> {
    let (_, name) = arn.split_once("task-definition/")?;
    name.split(':').next()
}
