//! Creating and updating a cluster.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::aws::{Error, ErrorKind, JsonExchange, Patience};
use crate::resource::{Live, Operation, ResourceType};
use crate::resources::cluster::describe::{self, Described};
use crate::resources::cluster::{Cluster, schema};
use crate::resources::{ecs, tags};
use crate::schema::{self, Difference};
use crate::value::{Segment, Value};

const CREATE: &str = "ecs:CreateCluster";
const DESCRIBE: &str = "ecs:DescribeClusters";
const UPDATE: &str = "ecs:UpdateCluster";
const PUT_PROVIDERS: &str = "ecs:PutClusterCapacityProviders";

/// How long an update may take to show.
const VISIBLE: Patience =
    Patience { at_most: Duration::from_secs(15), first_pause: Duration::from_millis(200), longest_pause: Duration::from_secs(2) };

/// `CreateCluster` answers with a cluster that is there already and revives a deleted one, so it is looked for
/// first: one with our tags is ours from an interrupted run, any other is somebody's.
pub async fn create(operation: Operation<'_>, spec: &Value) -> Result<Live, Error> {
    let name = spec.text("name").ok_or_else(|| Error::new(CREATE, ErrorKind::Bug, "the cluster has no name"))?;
    let arn = Cluster.id(name, &operation.aws.place);
    let arn = arn.ok_or_else(|| Error::new(CREATE, ErrorKind::Bug, "the account and region are not known"))?;

    let mut found = describe::describe(operation.aws, &arn).await?;
    if found.as_ref().is_some_and(|found| found.status == "DEPROVISIONING") {
        wait_until_gone(operation, &arn).await?;
        found = None;
    }
    let mut created = match found.filter(Described::is_present) {
        Some(found) => found,
        None => request_creation(operation, spec).await?,
    };
    // The answer may be a cluster that somebody made in between, or tell no tags.
    if !created.live.is_owned_by(operation.ownership)
        && let Some(again) = describe::describe(operation.aws, &arn).await?
    {
        created = again;
    }
    if !created.live.is_owned_by(operation.ownership) {
        let message = format!("there is an active cluster {name} that this stack does not own");
        return Err(Error::new(CREATE, ErrorKind::AlreadyExists, message)
            .help("import it, choose another `name`, or look it up under [data.cluster.…]"));
    }
    operation.progress.exists(&created.live);
    // The answer to a creation may lack what only DescribeClusters tells, so at least one look is taken.
    let settled = wait_until_settled(operation, &arn).await?;
    // An adopted or revived cluster may not be what was asked for yet.
    let missing = differences(&settled.live, spec);
    if missing.is_empty() { Ok(settled.live) } else { update(operation, &settled.live, spec, &missing).await }
}

/// Makes the calls that `differences` need.
pub async fn update(operation: Operation<'_>, live: &Live, spec: &Value, differences: &[Difference]) -> Result<Live, Error> {
    let changed = |key: &str| {
        let is_in = |difference: &Difference| matches!(difference.path.0.first(), Some(Segment::Key(first)) if first == key);
        differences.iter().any(is_in)
    };
    let reported = AtomicBool::new(false);
    if let Some(request) = update_request(live, spec, &changed)? {
        let call = async || {
            let exchange = JsonExchange::sending(&request);
            let call = operation.aws.ecs.update_cluster().customize().interceptor(exchange.clone());
            call.send().await.map_err(|error| Error::from_sdk(UPDATE, error))
        };
        Patience::CHANGE.retry(|error| is_busy(operation, &reported, error), call).await?;
    }
    let put_providers = changed("capacity_providers") || changed("default_capacity_provider_strategy");
    if put_providers {
        let request = providers_request(live, spec)?;
        let call = async || {
            let exchange = JsonExchange::sending(&request);
            let call = operation.aws.ecs.put_cluster_capacity_providers().customize().interceptor(exchange.clone());
            call.send().await.map_err(|error| Error::from_sdk(PUT_PROVIDERS, error))
        };
        Patience::CHANGE.retry(|error| is_busy(operation, &reported, error), call).await?;
    }
    ecs::change_tags(operation, live, spec).await?;
    wait_until_shown(operation, &live.id, spec).await
}

/// Waits until a deleted cluster is no more than a memory.
pub async fn wait_until_gone(operation: Operation<'_>, arn: &str) -> Result<(), Error> {
    let reported = AtomicBool::new(false);
    let look = async || {
        let found = describe::describe(operation.aws, arn).await?;
        let is_gone = found.is_none_or(|found| found.status == "INACTIVE");
        if !is_gone {
            ecs::report_waiting(operation, &reported, "the cluster's deletion", Patience::DELETION);
        }
        Ok(is_gone.then_some(()))
    };
    Patience::DELETION.poll(DESCRIBE, "the cluster's deletion", look).await
}

async fn request_creation(operation: Operation<'_>, spec: &Value) -> Result<Described, Error> {
    let mut request = serde_json::Map::new();
    for (key, field) in schema().fields().filter(|(key, _)| *key != "tags") {
        if let Some(value) = ecs::member(CREATE, schema(), spec, key)? {
            request.insert(schema::wire::wire_name(key, field), value);
        }
    }
    request.insert("tags".to_owned(), tags::to_wire(&tags::with_ownership(spec, operation.ownership)));
    let request = Json::Object(request);
    let call = async || {
        let exchange = JsonExchange::sending(&request);
        let call = operation.aws.ecs.create_cluster().customize().interceptor(exchange.clone());
        call.send().await.map_err(|error| Error::from_sdk(CREATE, error))?;
        describe::parse(CREATE, exchange.answer(CREATE)?.get("cluster").unwrap_or(&Json::Null))
    };
    let reported = AtomicBool::new(false);
    let passes = |error: &Error| {
        let passes = lacks_service_linked_role(error);
        if passes {
            ecs::report_waiting(operation, &reported, "the service-linked role of ECS", Patience::PROPAGATION);
        }
        passes
    };
    Patience::PROPAGATION.retry(passes, call).await
}

/// In an account that has never used ECS, the first cluster is refused until its service-linked role is known.
fn lacks_service_linked_role(error: &Error) -> bool {
    ["Unable to assume the service linked role", "ECS Service Linked Role does not exist"]
        .iter()
        .any(|text| error.message.to_lowercase().contains(&text.to_lowercase()))
}

/// Refusals that pass once what is under way is done.
fn is_busy(operation: Operation<'_>, reported: &AtomicBool, error: &Error) -> bool {
    let busy = error.has_code("UpdateInProgressException")
        || error.has_code("ResourceInUseException")
        || error.message.contains("Cluster was not ACTIVE");
    if busy {
        ecs::report_waiting(operation, reported, "another change of the cluster", Patience::CHANGE);
    }
    busy
}

async fn wait_until_settled(operation: Operation<'_>, arn: &str) -> Result<Described, Error> {
    let reported = AtomicBool::new(false);
    let look = async || {
        let Some(found) = describe::describe(operation.aws, arn).await? else { return Ok(None) };
        if found.status == "FAILED" || found.attachments_status.as_deref() == Some("UPDATE_FAILED") {
            let message = format!("the cluster is {}, and its capacity providers could not be attached", found.status);
            let help = "check that the capacity providers exist and may be used by this cluster";
            return Err(Error::new(DESCRIBE, ErrorKind::Refused, message).help(help));
        }
        let is_settled = found.is_settled() && found.is_present();
        if !is_settled {
            ecs::report_waiting(operation, &reported, "the cluster to become ACTIVE", Patience::CHANGE);
        }
        Ok(is_settled.then_some(found))
    };
    Patience::CHANGE.poll(DESCRIBE, "the cluster to become ACTIVE", look).await
}

/// The request of `UpdateCluster`, if any of its members changed.
fn update_request(live: &Live, spec: &Value, changed: &impl Fn(&str) -> bool) -> Result<Option<Json>, Error> {
    let mut request = serde_json::Map::new();
    if changed("settings")
        && let Some(settings) = ecs::member(UPDATE, schema(), spec, "settings")?
    {
        request.insert("settings".to_owned(), settings);
    }
    if changed("configuration") {
        let mut configuration = ecs::member(UPDATE, schema(), spec, "configuration")?.unwrap_or_else(|| json!({}));
        // What the request leaves out AWS leaves as it is, so what is to go is sent as its default.
        if let Some(members) = configuration.as_object_mut() {
            let had = |key: &str| live.spec.get("configuration").is_some_and(|configuration| configuration.get(key).is_some());
            if had("execute_command_configuration") {
                members.entry("executeCommandConfiguration").or_insert_with(|| json!({ "logging": "DEFAULT" }));
            }
            if had("managed_storage_configuration") {
                members.entry("managedStorageConfiguration").or_insert_with(|| json!({}));
            }
        }
        request.insert("configuration".to_owned(), configuration);
    }
    if changed("service_connect_defaults") {
        // An empty namespace takes the default away.
        let defaults = ecs::member(UPDATE, schema(), spec, "service_connect_defaults")?;
        request.insert("serviceConnectDefaults".to_owned(), defaults.unwrap_or_else(|| json!({ "namespace": "" })));
    }
    if request.is_empty() {
        return Ok(None);
    }
    request.insert("cluster".to_owned(), Json::String(live.id.clone()));
    Ok(Some(Json::Object(request)))
}

/// The request of `PutClusterCapacityProviders`, which replaces both lists whole: a list that is not declared is sent as it is.
fn providers_request(live: &Live, spec: &Value) -> Result<Json, Error> {
    let list = |from: &Value, key: &str| ecs::member(PUT_PROVIDERS, schema(), from, key);
    let empty = || json!([]);
    let providers = match list(spec, "capacity_providers")? {
        Some(providers) => providers,
        None => list(&live.spec, "capacity_providers")?.unwrap_or_else(empty),
    };
    let strategy = match list(spec, "default_capacity_provider_strategy")? {
        Some(strategy) => strategy,
        None => {
            let mut strategy = list(&live.spec, "default_capacity_provider_strategy")?.unwrap_or_else(empty);
            // A strategy can't name a provider that is taken away.
            if let (Some(items), Some(providers)) = (strategy.as_array_mut(), providers.as_array()) {
                items.retain(|item| item.get("capacityProvider").is_some_and(|provider| providers.contains(provider)));
            }
            strategy
        }
    };
    Ok(json!({ "cluster": live.id, "capacityProviders": providers, "defaultCapacityProviderStrategy": strategy }))
}

/// Waits until the cluster shows what was asked of it. What AWS goes on to show otherwise is left for the
/// comparison after an apply to judge, but for one thing that it may not be able to do.
async fn wait_until_shown(operation: Operation<'_>, arn: &str, spec: &Value) -> Result<Live, Error> {
    let first = describe::describe(operation.aws, arn).await?;
    let first = first.ok_or_else(|| Error::new(DESCRIBE, ErrorKind::NotFound, "the cluster is gone"))?;
    let settled = if first.is_settled() { first } else { wait_until_settled(operation, arn).await? };
    if differences(&settled.live, spec).is_empty() {
        return Ok(settled.live);
    }
    let look = async || {
        let found = describe::describe(operation.aws, arn).await?;
        Ok(found.filter(|found| differences(&found.live, spec).is_empty()))
    };
    match VISIBLE.poll(DESCRIBE, "the cluster's change", look).await {
        Ok(shown) => Ok(shown.live),
        Err(error) if error.kind == ErrorKind::TimedOut => {
            let last = describe::describe(operation.aws, arn).await?.map_or(settled.live, |found| found.live);
            let kept = differences(&last, spec).into_iter().find(|difference| {
                difference.new.is_none() && matches!(difference.path.0.first(), Some(Segment::Key(key)) if key == "configuration")
            });
            match kept {
                Some(kept) => Err(Error::new(UPDATE, ErrorKind::Refused, format!("AWS keeps {}", kept.path))
                    .help("declare it again, or replace the cluster")),
                None => Ok(last),
            }
        }
        Err(error) => Err(error),
    }
}

/// What the cluster does not show yet, of that which the spec declares or AWS's defaults settle.
fn differences(live: &Live, spec: &Value) -> Vec<Difference> {
    let clear = schema::as_told_back(schema(), spec);
    let is_managed = |difference: &Difference| match difference.path.0.first() {
        Some(Segment::Key(key)) => spec.get(key).is_some() || schema().member(key).is_some_and(|field| !field.rules.unmanaged),
        _ => true,
    };
    let all = schema::differences(schema(), Some(&live.spec), Some(&clear));
    all.into_iter().filter(is_managed).collect()
}
