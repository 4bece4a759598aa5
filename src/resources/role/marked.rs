//! The roles that carry the tag of a stack.
//!
//! `GetAccountAuthorizationDetails` tells the tags of all roles, a page at a time. Who may not call it lists the roles
//! and asks for the tags of each.

use aws_sdk_iam::types as iam;
use futures::StreamExt;

use crate::aws::error::optional;
use crate::aws::{Aws, Error, ErrorKind};
use crate::resource::Ownership;
use crate::resources::role::read::{CONCURRENT_READS, LARGEST_PAGE};

/// Roles that AWS makes and keeps for its own services; nobody can tag them as theirs.
const SERVICE_LINKED: &str = "/aws-service-role/";

/// The ARNs of the roles of `stack`.
pub async fn marked(aws: &Aws, stack: &str) -> Result<Vec<String>, Error> {
    match by_pages(aws, stack).await {
        Err(error) if error.kind == ErrorKind::AccessDenied => one_by_one(aws, stack).await,
        found => found,
    }
}

async fn by_pages(aws: &Aws, stack: &str) -> Result<Vec<String>, Error> {
    let (mut arns, mut marker) = (Vec::new(), None);
    loop {
        let request = aws.iam.get_account_authorization_details().filter(iam::EntityType::Role).max_items(LARGEST_PAGE);
        let page = request.set_marker(marker).send().await;
        let page = page.map_err(|error| Error::from_sdk("iam:GetAccountAuthorizationDetails", error))?;
        let roles = page.role_detail_list().iter().filter(|role| is_marked(role.tags(), stack));
        arns.extend(roles.filter_map(|role| role.arn.clone()));
        marker = page.marker;
        if marker.is_none() {
            return Ok(arns);
        }
    }
}

async fn one_by_one(aws: &Aws, stack: &str) -> Result<Vec<String>, Error> {
    let (mut roles, mut marker) = (Vec::new(), None);
    loop {
        let page = aws.iam.list_roles().max_items(LARGEST_PAGE).set_marker(marker).send().await;
        let page = page.map_err(|error| Error::from_sdk("iam:ListRoles", error))?;
        let managed = page.roles().iter().filter(|role| !role.path().starts_with(SERVICE_LINKED));
        roles.extend(managed.map(|role| (role.arn().to_owned(), role.role_name().to_owned())));
        marker = page.marker;
        if marker.is_none() {
            break;
        }
    }
    let mut reads = Vec::with_capacity(roles.len());
    for (arn, name) in roles {
        let (aws, stack) = (aws.clone(), stack.to_owned());
        // A role that goes away meanwhile is nobody's.
        reads.push(async move { optional(has_tag(&aws, &name, &stack).await).map(|has| (arn, has.unwrap_or_default())) });
    }
    let told: Vec<Result<(String, bool), Error>> = futures::stream::iter(reads).buffered(CONCURRENT_READS).collect().await;
    let told = told.into_iter().collect::<Result<Vec<_>, Error>>()?;
    Ok(told.into_iter().filter(|(_, is_marked)| *is_marked).map(|(arn, _)| arn).collect())
}

async fn has_tag(aws: &Aws, role: &str, stack: &str) -> Result<bool, Error> {
    let mut marker = None;
    loop {
        let page = aws.iam.list_role_tags().role_name(role).set_marker(marker).send().await;
        let page = page.map_err(|error| Error::from_sdk("iam:ListRoleTags", error))?;
        if is_marked(page.tags(), stack) {
            return Ok(true);
        }
        marker = page.marker;
        if marker.is_none() {
            return Ok(false);
        }
    }
}

fn is_marked(tags: &[iam::Tag], stack: &str) -> bool {
    tags.iter().any(|tag| tag.key() == Ownership::STACK && tag.value() == stack)
}
