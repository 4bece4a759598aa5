//! Clusters where others name them.

use std::ops::Range;

use crate::arn;
use crate::aws::{Aws, Error};
use crate::place::Place;
use crate::resource::{Mention, Piece, ResourceType, TerraformNames};
use crate::resources::cluster::Cluster;
use crate::value::Path;

pub static TERRAFORM: TerraformNames =
    TerraformNames { resource: "aws_ecs_cluster", parts: &[("aws_ecs_cluster_capacity_providers", "cluster_name")] };

/// What else has the cluster's name in its ARN: permissions are given on these.
const WITHIN: [&str; 4] = ["task/", "container-instance/", "service/", "task-set/"];

/// The clusters that `text` names by ARN, or by the ARN of something in them.
pub fn mentions(text: &str, place: &Place) -> Vec<Mention> {
    let mut found = Vec::new();
    for arn in arn::find(text).iter().filter(|arn| arn.is_of("ecs", place.region.as_deref(), place)) {
        if let Some(name) = arn.name_after("cluster/", is_allowed).filter(|name| arn::ends_at(text, name.end)) {
            let whole = Piece { range: arn.start()..name.end, attribute: "arn" };
            found.extend(mention(text, name, place, vec![whole]));
        }
        let within = WITHIN.iter().filter_map(|prefix| arn.name_after(prefix, is_allowed));
        for name in within.filter(|name| text.get(name.end..).is_some_and(|rest| rest.starts_with('/'))) {
            found.extend(mention(text, name, place, Vec::new()));
        }
    }
    found
}

/// The cluster that `name` is the name of.
pub fn by_name(name: &str, place: &Place) -> Option<Mention> {
    let is_name = !name.is_empty() && name.chars().all(is_allowed);
    is_name.then(|| mention(name, 0..name.len(), place, Vec::new())).flatten()
}

/// Where the sessions of Execute Command are logged.
pub fn bare_names() -> Vec<(Path, &'static str)> {
    let logging = Path::key("configuration").join_key("execute_command_configuration").join_key("log_configuration");
    vec![(logging.join_key("cloud_watch_log_group_name"), "log_group")]
}

fn mention(text: &str, name: Range<usize>, place: &Place, mut pieces: Vec<Piece>) -> Option<Mention> {
    let id = Cluster.id(text.get(name.clone())?, place)?;
    pieces.push(Piece { range: name, attribute: "name" });
    Some(Mention { id, pieces })
}

fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_".contains(character)
}

/// The ARNs of all clusters of the region.
pub async fn list(aws: &Aws) -> Result<Vec<String>, Error> {
    let (mut arns, mut next) = (Vec::new(), None);
    loop {
        let page = aws.ecs.list_clusters().set_next_token(next).send().await;
        let page = page.map_err(|error| Error::from_sdk("ecs:ListClusters", error))?;
        arns.extend(page.cluster_arns.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            return Ok(arns);
        }
    }
}
