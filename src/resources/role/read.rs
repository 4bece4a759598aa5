//! Roles as AWS tells them.
//!
//! One role is four calls and one for each inline policy. From ten roles on, the policies of all come
//! from pages of `GetAccountAuthorizationDetails`, which tells everything but description and session.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_iam::types as iam;
use futures::StreamExt;
use futures::future::try_join_all;
use percent_encoding::percent_decode_str;
use serde_json::{Value as Json, json};

use crate::aws::error::optional;
use crate::aws::{Aws, Error, ErrorKind};
use crate::place::Place;
use crate::resource::{self, Attributes, Live, Ownership};
use crate::resources::role::{Role, name_of};
use crate::resources::tags::{self, Tags};
use crate::value::Value;

/// IAM has a bucket of calls for the whole account; this many at once leave it room.
pub const CONCURRENT_READS: usize = 6;
const WORTH_A_LISTING: usize = 10;
pub const LARGEST_PAGE: i32 = 1000;

/// The policies of one role.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    /// By name.
    pub inline: BTreeMap<String, Json>,
    /// ARNs.
    pub attached: Vec<String>,
}

/// What is live of the roles `ids`, in their order.
pub async fn read_many(aws: &Aws, ids: &[String]) -> Vec<Result<Option<Live>, Error>> {
    let listed = if ids.len() >= WORTH_A_LISTING { list_policies(aws).await } else { Ok(HashMap::new()) };
    let listed = match listed {
        Ok(listed) => listed,
        // The listing is a shortcut that not every caller may take.
        Err(error) if error.kind == ErrorKind::AccessDenied => HashMap::new(),
        Err(error) => return ids.iter().map(|_| Err(error.clone())).collect(),
    };
    let mut reads = Vec::with_capacity(ids.len());
    for id in ids {
        let (aws, name) = (aws.clone(), name_of(id).to_owned());
        let known = listed.get(&name).cloned();
        reads.push(async move { read(&aws, &name, known).await });
    }
    futures::stream::iter(reads).buffered(CONCURRENT_READS).collect().await
}

/// One role with its policies; `known` are these if a listing has told them.
async fn read(aws: &Aws, name: &str, known: Option<Policies>) -> Result<Option<Live>, Error> {
    let Some(role) = get_role(aws, name).await? else { return Ok(None) };
    let policies = match known {
        Some(policies) => policies,
        // A role that goes away while it is read is not there.
        None => match optional(policies(aws, name).await)? {
            Some(policies) => policies,
            None => return Ok(None),
        },
    };
    Ok(Some(live(&role, &policies, &aws.place)))
}

/// The role without its policies.
pub async fn get_role(aws: &Aws, name: &str) -> Result<Option<iam::Role>, Error> {
    let answer = aws.iam.get_role().role_name(name).send().await;
    let answer = optional(answer.map_err(|error| Error::from_sdk("iam:GetRole", error)))?;
    Ok(answer.and_then(|answer| answer.role))
}

/// The policies of a role.
pub async fn policies(aws: &Aws, name: &str) -> Result<Policies, Error> {
    let (names, attached) = futures::try_join!(inline_names(aws, name), attached(aws, name))?;
    let documents = try_join_all(names.iter().map(|policy| inline_policy(aws, name, policy))).await?;
    let inline = names.iter().cloned().zip(documents).filter_map(|(name, document)| Some((name, document?))).collect();
    Ok(Policies { inline, attached })
}

/// The names of a role's inline policies.
pub async fn inline_names(aws: &Aws, role: &str) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    let mut marker = None;
    loop {
        let page = aws.iam.list_role_policies().role_name(role).set_marker(marker).send().await;
        let page = page.map_err(|error| Error::from_sdk("iam:ListRolePolicies", error))?;
        names.extend_from_slice(page.policy_names());
        marker = page.marker;
        if marker.is_none() {
            return Ok(names);
        }
    }
}

/// The ARNs of the managed policies attached to a role.
pub async fn attached(aws: &Aws, role: &str) -> Result<Vec<String>, Error> {
    let mut arns = Vec::new();
    let mut marker = None;
    loop {
        let page = aws.iam.list_attached_role_policies().role_name(role).set_marker(marker).send().await;
        let page = page.map_err(|error| Error::from_sdk("iam:ListAttachedRolePolicies", error))?;
        arns.extend(page.attached_policies().iter().filter_map(|policy| policy.policy_arn.clone()));
        marker = page.marker;
        if marker.is_none() {
            return Ok(arns);
        }
    }
}

/// One inline policy; none if it went away since it was listed.
async fn inline_policy(aws: &Aws, role: &str, policy: &str) -> Result<Option<Json>, Error> {
    let answer = aws.iam.get_role_policy().role_name(role).policy_name(policy).send().await;
    let answer = optional(answer.map_err(|error| Error::from_sdk("iam:GetRolePolicy", error)))?;
    Ok(answer.map(|answer| document(answer.policy_document())))
}

/// The policies of every role of the account, by the role's name.
async fn list_policies(aws: &Aws) -> Result<HashMap<String, Policies>, Error> {
    let mut all = HashMap::new();
    let mut marker = None;
    loop {
        let request = aws.iam.get_account_authorization_details().filter(iam::EntityType::Role).max_items(LARGEST_PAGE);
        let page = request.set_marker(marker).send().await;
        let page = page.map_err(|error| Error::from_sdk("iam:GetAccountAuthorizationDetails", error))?;
        for role in page.role_detail_list() {
            let inline = role.role_policy_list().iter().filter_map(|policy| {
                Some((policy.policy_name.clone()?, document(policy.policy_document.as_deref().unwrap_or_default())))
            });
            let attached = role.attached_managed_policies().iter().filter_map(|policy| policy.policy_arn.clone());
            let policies = Policies { inline: inline.collect(), attached: attached.collect() };
            all.insert(role.role_name().unwrap_or_default().to_owned(), policies);
        }
        marker = page.marker;
        if marker.is_none() {
            return Ok(all);
        }
    }
}

/// A role and its policies as a spec in normal form.
pub fn live(role: &iam::Role, policies: &Policies, place: &Place) -> Live {
    let mut role_tags: Tags = role.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
    let ownership = Ownership::split_off(&mut role_tags);
    let boundary = role.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
    let mut spec = Value::from(json!({
        "name": role.role_name(),
        "path": role.path(),
        "description": role.description(),
        "max_session_duration": role.max_session_duration(),
        "permissions_boundary": boundary,
        "assume_role_policy_document": document(role.assume_role_policy_document().unwrap_or_default()),
        "inline_policies": policies.inline,
        "managed_policy_arns": policies.attached,
    }));
    if let Some(map) = spec.as_map_mut() {
        map.insert("tags".to_owned(), tags::to_value(role_tags));
    }
    let arn = arn(role, place);
    Live { attributes: attributes(role, &arn), id: arn, spec: resource::normalise(&Role, &spec), ownership }
}

/// The attributes of a role.
fn attributes(role: &iam::Role, arn: &str) -> Attributes {
    let of = |key: &str, text: &str| (key.to_owned(), Value::string(text));
    Attributes::from([of("arn", arn), of("name", role.role_name()), of("unique_id", role.role_id())])
}

/// A role's ARN. For some seconds AWS may tell the unique id in its place: then the ARN is what it is going to be.
fn arn(role: &iam::Role, place: &Place) -> String {
    let made = || place.global_arn("iam", &format!("role{}{}", role.path(), role.role_name()));
    if has_arn(role) { role.arn().to_owned() } else { made().unwrap_or_else(|| role.arn().to_owned()) }
}

/// Whether AWS tells the role's real ARN yet.
pub fn has_arn(role: &iam::Role) -> bool {
    role.arn().starts_with("arn:")
}

/// A policy document out of an answer, where it is percent-encoded.
pub fn document(text: &str) -> Json {
    let parsed = serde_json::from_str(text).or_else(|_| serde_json::from_str(&percent_decode_str(text).decode_utf8_lossy()));
    parsed.unwrap_or_else(|_| Json::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded_once() {
        let expected = json!({ "Resource": "arn:aws:s3:::b/100%25" });
        assert_eq!(document("%7B%22Resource%22%3A%22arn%3Aaws%3As3%3A%3A%3Ab%2F100%2525%22%7D"), expected);
        assert_eq!(document("{\"Resource\":\"arn:aws:s3:::b/100%25\"}"), expected);
    }

    #[test]
    fn a_role_that_aws_tells_by_its_unique_id_has_its_arn_all_the_same() {
        let role = |arn: &str| {
            iam::Role::builder()
                .path("/p/")
                .role_name("r")
                .role_id("AROAEXAMPLE")
                .arn(arn)
                .create_date(aws_smithy_types::DateTime::from_secs(0))
                .build()
                .expect("all required members are set")
        };
        let place = Place { partition: Some("aws".into()), region: None, account_id: Some("123456789012".into()) };
        for told in ["AROAEXAMPLE", "arn:aws:iam::123456789012:role/p/r"] {
            let live = live(&role(told), &Policies::default(), &place);
            assert_eq!(live.id, "arn:aws:iam::123456789012:role/p/r");
            assert_eq!(live.attributes.get("unique_id"), Some(&Value::from("AROAEXAMPLE")));
        }
        assert!(!has_arn(&role("AROAEXAMPLE")));
    }
}
