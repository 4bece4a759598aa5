//! Looks at AWS: what is recorded, what a new resource would collide with, what is looked up. Batched and concurrent.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt};
use indexmap::IndexMap;

use crate::address::Address;
use crate::aws::{Aws, Error, ErrorKind};
use crate::plan::Observed;
use crate::resource::{Live, Ownership, ResourceType};
use crate::stack::Stack;
use crate::state::{Intent, IntentOperation, State};

/// Something that could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    #[error("{address} can't be read: {error}")]
    Unreadable { address: Address, error: Box<Error> },
    #[error("{address}: AWS has no {} {query}", .address.resource_type)]
    NoSuchData { address: Address, query: String },
    #[error("{address}: {query} is no name or ARN of a {}", .address.resource_type)]
    BadQuery { address: Address, query: String },
}

/// Looks at everything in `state` (unless `refresh` is false), everything that `stack` would make anew, and
/// everything it looks up.
///
/// # Errors
/// All that could not be looked at: a plan made half blind would promise what it can't know.
pub async fn observe(
    aws: &Aws,
    stack: Option<&Stack>,
    state: &State,
    refresh: bool,
    parallelism: usize,
) -> Result<Observed, Vec<ObserveError>> {
    let (resources, found, data) = tokio::join!(
        read_recorded(aws, state, refresh, parallelism),
        find_unrecorded(aws, stack, state, parallelism),
        read_data(aws, stack, state),
    );
    let mut errors = Vec::new();
    let observed = Observed {
        resources: keep(resources, &mut errors),
        found: keep(found, &mut errors).into_iter().filter_map(|(address, live)| Some((address, live?))).collect(),
        data: keep(data, &mut errors),
    };
    if errors.is_empty() { Ok(observed) } else { Err(errors) }
}

/// What an intent of an interrupted run left behind: the creation that took effect, if it did.
pub async fn find_interrupted(aws: &Aws, state: &State, intent: &Intent) -> Result<Option<Live>, Error> {
    let kind = crate::resources::find(&intent.address.resource_type);
    let (Some(kind), Some(spec), IntentOperation::Create) = (kind, &intent.spec, intent.operation) else { return Ok(None) };
    let ownership =
        Ownership { stack: state.stack.clone(), address: intent.address.to_string(), token: Some(intent.token.clone()) };
    let live = kind.find(aws, spec, &ownership).await?;
    // What is there under that name and not ours is a stranger's: the intent never took effect.
    Ok(live.filter(|live| {
        live.ownership.as_ref().is_some_and(|owner| owner.stack == ownership.stack && owner.address == ownership.address)
    }))
}

async fn read_recorded(
    aws: &Aws,
    state: &State,
    refresh: bool,
    parallelism: usize,
) -> Vec<Result<(Address, Option<Live>), ObserveError>> {
    let mut by_type: IndexMap<&str, Vec<(&Address, String)>> = IndexMap::new();
    for (address, record) in state.resources.iter().filter(|_| refresh) {
        by_type.entry(&address.resource_type).or_default().push((address, record.id.clone()));
    }
    let batches = by_type.into_iter().filter_map(|(name, entries)| Some((crate::resources::find(name)?, entries)));
    let reads = batches.map(|(kind, entries)| async move {
        let ids: Vec<String> = entries.iter().map(|(_, id)| id.clone()).collect();
        let lives = kind.read_many(aws, &ids).await;
        let pair = |((address, _), live): ((&Address, String), Result<Option<Live>, Error>)| match live {
            Ok(live) => Ok((address.clone(), live)),
            Err(error) => Err(ObserveError::Unreadable { address: address.clone(), error: Box::new(error) }),
        };
        entries.into_iter().zip(lives).map(pair).collect::<Vec<_>>()
    });
    stream::iter(reads).buffer_unordered(parallelism).concat().await
}

async fn find_unrecorded(
    aws: &Aws,
    stack: Option<&Stack>,
    state: &State,
    parallelism: usize,
) -> Vec<Result<(Address, Option<Live>), ObserveError>> {
    let resources = stack.into_iter().flat_map(|stack| stack.resources.values());
    let new = resources.filter(|resource| !state.resources.contains_key(&resource.address));
    let looks = new.map(|resource| async move {
        let address = &resource.address;
        let spec = resource.spec.resolve(&|reference| aws.place.lookup(reference), &|text| state.digest(text));
        let ownership = Ownership { stack: state.stack.clone(), address: address.to_string(), token: None };
        match resource.kind.find(aws, &spec, &ownership).await {
            Ok(live) => Ok((address.clone(), live)),
            // Not being allowed to look is no reason not to try: the creation itself looks again.
            Err(error) if error.kind == ErrorKind::AccessDenied => Ok((address.clone(), None)),
            Err(error) => Err(ObserveError::Unreadable { address: address.clone(), error: Box::new(error) }),
        }
    });
    stream::iter(looks).buffer_unordered(parallelism).collect().await
}

async fn read_data(aws: &Aws, stack: Option<&Stack>, state: &State) -> Vec<Result<(Address, Live), ObserveError>> {
    let sources = stack.into_iter().flat_map(|stack| stack.data.values());
    let reads = sources.map(|source| async move {
        let address = source.address.clone();
        let query = source.query.resolve(&|reference| aws.place.lookup(reference), &|text| state.digest(text));
        let text = query.as_str().unwrap_or_default().to_owned();
        let Some(id) = source.kind.id(&text, &aws.place) else {
            return Err(ObserveError::BadQuery { address, query: text });
        };
        match read_one(source.kind, aws, id).await {
            Ok(Some(live)) => Ok((address, live)),
            Ok(None) => Err(ObserveError::NoSuchData { address, query: text }),
            Err(error) => Err(ObserveError::Unreadable { address, error: Box::new(error) }),
        }
    });
    futures::future::join_all(reads).await
}

async fn read_one(kind: &dyn ResourceType, aws: &Aws, id: String) -> Result<Option<Live>, Error> {
    kind.read_many(aws, &[id]).await.into_iter().next().unwrap_or(Ok(None))
}

fn keep<T>(results: Vec<Result<(Address, T), ObserveError>>, errors: &mut Vec<ObserveError>) -> BTreeMap<Address, T> {
    let mut kept = BTreeMap::new();
    for result in results {
        match result {
            Ok((address, value)) => {
                kept.insert(address, value);
            }
            Err(error) => errors.push(error),
        }
    }
    kept
}
