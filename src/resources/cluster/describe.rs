//! How AWS tells a cluster.

use aws_sdk_ecs::types::ClusterField;
use serde_json::Value as Json;

use crate::aws::{Aws, Error, ErrorKind, JsonExchange};
use crate::resource::{self, Attributes, Live};
use crate::resources::cluster::Cluster;
use crate::resources::tags;
use crate::schema::wire;
use crate::value::Value;

const DESCRIBE: &str = "ecs:DescribeClusters";
/// The most clusters of one `DescribeClusters`.
const BATCH: usize = 100;

/// A cluster, whatever its status.
#[derive(Clone, Debug)]
pub struct Described {
    pub live: Live,
    /// `PROVISIONING`, `ACTIVE`, `DEPROVISIONING`, `FAILED` or `INACTIVE`.
    pub status: String,
    /// How far the capacity providers are: `UPDATE_IN_PROGRESS`, `UPDATE_COMPLETE` or `UPDATE_FAILED`.
    pub attachments_status: Option<String>,
}

impl Described {
    /// Whether it is there; a deleted cluster can be described for a while.
    pub fn is_present(&self) -> bool {
        !matches!(self.status.as_str(), "INACTIVE" | "DEPROVISIONING")
    }

    /// Whether nothing about it is under way.
    pub fn is_settled(&self) -> bool {
        self.status != "PROVISIONING" && self.attachments_status.as_deref() != Some("UPDATE_IN_PROGRESS")
    }
}

/// One cluster by its ARN.
pub async fn describe(aws: &Aws, arn: &str) -> Result<Option<Described>, Error> {
    describe_many(aws, &[arn.to_owned()]).await.into_iter().next().unwrap_or(Ok(None))
}

/// Clusters by their ARNs, in that order.
pub async fn describe_many(aws: &Aws, arns: &[String]) -> Vec<Result<Option<Described>, Error>> {
    let mut all = Vec::with_capacity(arns.len());
    for batch in arns.chunks(BATCH) {
        match describe_batch(aws, batch).await {
            Ok(found) => all.extend(batch.iter().map(|arn| Ok(found.iter().find(|cluster| cluster.live.id == *arn).cloned()))),
            // One bad ARN spoils the whole batch, so each is asked for alone to find out which.
            Err(error) if batch.len() > 1 && error.kind == ErrorKind::Refused => {
                for arn in batch {
                    let found = describe_batch(aws, std::slice::from_ref(arn)).await;
                    all.push(found.map(|found| found.into_iter().find(|cluster| cluster.live.id == *arn)));
                }
            }
            Err(error) => all.extend(batch.iter().map(|_| Err(error.clone()))),
        }
    }
    all
}

async fn describe_batch(aws: &Aws, arns: &[String]) -> Result<Vec<Described>, Error> {
    let exchange = JsonExchange::listening();
    let include = [ClusterField::Tags, ClusterField::Settings, ClusterField::Configurations, ClusterField::Attachments];
    let request = aws.ecs.describe_clusters().set_clusters(Some(arns.to_vec())).set_include(Some(include.to_vec()));
    request.customize().interceptor(exchange.clone()).send().await.map_err(|error| Error::from_sdk(DESCRIBE, error))?;
    let answer = exchange.answer(DESCRIBE)?;
    let failures = answer.get("failures").and_then(Json::as_array).into_iter().flatten();
    let text = |failure: &Json, key: &str| failure.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    if let Some(failure) = failures.into_iter().find(|failure| text(failure, "reason") != "MISSING") {
        let message = format!("{}: {} {}", text(failure, "arn"), text(failure, "reason"), text(failure, "detail"));
        return Err(Error::new(DESCRIBE, ErrorKind::Refused, message.trim_end()));
    }
    answer.get("clusters").and_then(Json::as_array).into_iter().flatten().map(|json| parse(DESCRIBE, json)).collect()
}

/// A cluster from the JSON of an answer.
pub fn parse(operation: &'static str, json: &Json) -> Result<Described, Error> {
    let text = |key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
    let (Some(arn), Some(name)) = (text("clusterArn"), text("clusterName")) else {
        return Err(Error::new(operation, ErrorKind::Bug, "AWS told a cluster without its ARN or name"));
    };
    let mut spec = wire::from_wire(super::schema(), json);
    let (tags, ownership) = tags::split(tags::from_wire(json.get("tags")));
    if let Some(map) = spec.as_map_mut() {
        map.insert("tags".to_owned(), tags);
    }
    let attributes = Attributes::from([("arn".to_owned(), Value::string(arn.clone())), ("name".to_owned(), Value::string(name))]);
    let live = Live { id: arn, spec: resource::normalise(&Cluster, &spec), attributes, ownership };
    Ok(Described { live, status: text("status").unwrap_or_default(), attachments_status: text("attachmentsStatus") })
}
