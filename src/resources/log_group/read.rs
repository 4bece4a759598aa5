//! Log groups as AWS tells them.
//!
//! `DescribeLogGroups` is asked by the beginning of a name, tells what begins so in the order of the names, fifty a page,
//! and may be called ten times a second. So one log group is the first of a page; of many, those that a stack made are
//! near each other, and a few pages from the beginning that all have in common tell most of them. Tags are a call each.

use futures::StreamExt;
use serde_json::Value as Json;

use crate::aws::error::optional;
use crate::aws::{Aws, Error, ErrorKind, JsonExchange};
use crate::resource::{self, Attributes, Live, ResourceType};
use crate::resources::log_group::LogGroup;
use crate::resources::tags::{self, Tags};
use crate::schema::wire;
use crate::value::Value;

pub const DESCRIBE: &str = "logs:DescribeLogGroups";
const LIST_TAGS: &str = "logs:ListTagsForResource";

/// AWS allows ten calls a second.
const CONCURRENT_READS: usize = 5;
/// As many are asked for one by one.
const FEW: usize = 3;

/// What is live of the log groups `ids`, in their order.
pub async fn read_many(aws: &Aws, ids: &[String]) -> Vec<Result<Option<Live>, Error>> {
    let mut listing = Listing::default();
    if ids.len() > FEW {
        let names: Vec<&str> = ids.iter().filter_map(|id| name_of(id)).collect();
        // At least every second call tells of one that is wanted, or the rest is asked for singly.
        match pages(aws, common_beginning(&names), ids.len().div_ceil(2)).await {
            Ok(told) => listing = told,
            Err(error) => return ids.iter().map(|_| Err(error.clone())).collect(),
        }
    }
    let mut reads = Vec::with_capacity(ids.len());
    for id in ids {
        let listed = listing.groups.iter().find(|group| group.arn == *id).cloned();
        let is_known = listed.is_some() || listing.is_whole;
        let (aws, id) = (aws.clone(), id.clone());
        reads.push(async move {
            let group = if is_known { listed } else { describe(&aws, &id).await? };
            match group {
                Some(group) => with_tags(&aws, group).await,
                None => Ok(None),
            }
        });
    }
    futures::stream::iter(reads).buffered(CONCURRENT_READS).collect().await
}

/// One log group.
pub async fn read(aws: &Aws, arn: &str) -> Result<Option<Live>, Error> {
    match describe(aws, arn).await? {
        Some(group) => with_tags(aws, group).await,
        None => Ok(None),
    }
}

/// Every log group of the region.
pub async fn read_all(aws: &Aws) -> Result<Vec<Result<Option<Live>, Error>>, Error> {
    let groups = pages(aws, "", usize::MAX).await?.groups;
    let mut reads = Vec::with_capacity(groups.len());
    for group in groups {
        let aws = aws.clone();
        reads.push(async move { with_tags(&aws, group).await });
    }
    Ok(futures::stream::iter(reads).buffered(CONCURRENT_READS).collect().await)
}

/// The ARNs of all log groups of the region.
pub async fn list(aws: &Aws) -> Result<Vec<String>, Error> {
    Ok(pages(aws, "", usize::MAX).await?.groups.into_iter().map(|group| group.arn).collect())
}

/// A log group but for its tags.
#[derive(Clone, Debug)]
struct Described {
    /// Without `:*`.
    arn: String,
    name: String,
    spec: Value,
}

/// Some log groups.
#[derive(Debug, Default)]
struct Listing {
    groups: Vec<Described>,
    /// Whether there are no others that begin as was asked for.
    is_whole: bool,
}

async fn describe(aws: &Aws, arn: &str) -> Result<Option<Described>, Error> {
    let Some(name) = name_of(arn) else { return Ok(None) };
    let mut next = None;
    loop {
        let (groups, more) = page(aws, name, next).await?;
        // A page may be empty and not the last. The name itself comes before all that only begin with it.
        if !groups.is_empty() || more.is_none() {
            return Ok(groups.into_iter().find(|group| group.arn == arn));
        }
        next = more;
    }
}

/// At most so many pages of what begins with `prefix`.
async fn pages(aws: &Aws, prefix: &str, at_most: usize) -> Result<Listing, Error> {
    let (mut listing, mut next) = (Listing::default(), None);
    for _ in 0..at_most {
        let (groups, more) = page(aws, prefix, next).await?;
        listing.groups.extend(groups);
        next = more;
        if next.is_none() {
            listing.is_whole = true;
            break;
        }
    }
    Ok(listing)
}

async fn page(aws: &Aws, prefix: &str, token: Option<String>) -> Result<(Vec<Described>, Option<String>), Error> {
    let exchange = JsonExchange::listening();
    let prefix = Some(prefix).filter(|prefix| !prefix.is_empty()).map(str::to_owned);
    let request = aws.logs.describe_log_groups().set_log_group_name_prefix(prefix).set_next_token(token);
    let answer = request.customize().interceptor(exchange.clone()).send().await;
    let next = answer.map_err(|error| Error::from_sdk(DESCRIBE, error))?.next_token;
    let told = exchange.answer(DESCRIBE)?;
    let groups = told.get("logGroups").and_then(Json::as_array).into_iter().flatten().map(parse);
    Ok((groups.collect::<Result<_, _>>()?, next))
}

fn parse(json: &Json) -> Result<Described, Error> {
    let text = |key: &str| json.get(key).and_then(Json::as_str);
    let (Some(arn), Some(name)) = (text("logGroupArn").or(text("arn")), text("logGroupName")) else {
        return Err(Error::new(DESCRIBE, ErrorKind::Bug, "AWS told a log group without its ARN or name"));
    };
    let arn = arn.strip_suffix(":*").unwrap_or(arn).to_owned();
    Ok(Described { arn, name: name.to_owned(), spec: wire::from_wire(LogGroup.schema(), json) })
}

/// None for what went away in between.
async fn with_tags(aws: &Aws, group: Described) -> Result<Option<Live>, Error> {
    let Some(told) = optional(tags_of(aws, &group.arn).await)? else { return Ok(None) };
    let Described { arn, name, mut spec } = group;
    let (tags, ownership) = tags::split(told);
    if let Some(map) = spec.as_map_mut() {
        map.insert("tags".to_owned(), tags);
    }
    let attributes = attributes(&arn, &name);
    Ok(Some(Live { id: arn, spec: resource::normalise(&LogGroup, &spec), attributes, ownership }))
}

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags, Error> {
    let answer = aws.logs.list_tags_for_resource().resource_arn(arn).send().await;
    let tags = answer.map_err(|error| Error::from_sdk(LIST_TAGS, error))?.tags;
    Ok(tags.unwrap_or_default().into_iter().collect())
}

/// The attributes of a log group.
pub fn attributes(arn: &str, name: &str) -> Attributes {
    Attributes::from([("arn".to_owned(), Value::string(arn)), ("name".to_owned(), Value::string(name))])
}

/// The name in an ARN without `:*`.
pub fn name_of(arn: &str) -> Option<&str> {
    match arn.splitn(7, ':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "logs", _, _, "log-group", name] => Some(name),
        _ => None,
    }
}

fn common_beginning<'a>(names: &[&'a str]) -> &'a str {
    let Some((first, others)) = names.split_first() else { return "" };
    let ends = (0..=first.len()).rev().filter_map(|end| first.get(..end));
    ends.into_iter().find(|beginning| others.iter().all(|name| name.starts_with(beginning))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_begin_with() {
        assert_eq!(common_beginning(&["/a/one", "/a/other", "/a/o"]), "/a/o");
        assert_eq!(common_beginning(&["a", "b"]), "");
        assert_eq!(common_beginning(&["same", "same"]), "same");
        assert_eq!(common_beginning(&[]), "");
    }

    #[test]
    fn names_in_arns() {
        assert_eq!(name_of("arn:aws:logs:r:1:log-group:/a/b"), Some("/a/b"));
        for other in ["arn:aws:logs:r:1:destination:x", "arn:aws:ecs:r:1:cluster/x", "/a/b"] {
            assert_eq!(name_of(other), None, "{other}");
        }
    }
}
