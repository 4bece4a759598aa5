//! Looks at AWS: what is recorded, what a new resource would collide with, what is looked up. Batched and concurrent.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use indexmap::IndexMap;

use crate::address::Address;
use crate::aws::{Aws, Error, ErrorKind};
use crate::plan::Observed;
use crate::resource::{Live, Ownership, ResourceType, Sought, find_kind};
use crate::stack::{DataSource, Resource, Stack};
use crate::state::{Intent, IntentOperation, State};
use crate::value::Value;

/// Something that could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    #[error("{address} can't be read: {error}")]
    Unreadable { address: Address, error: Box<Error> },
    #[error("{address}: AWS has no {} {query}", .address.resource_type)]
    NoSuchData { address: Address, query: String },
    #[error("{address}: {query} is no name or ARN of a {}", .address.resource_type)]
    BadQuery { address: Address, query: String },
    #[error("{address} can't be imported: AWS has no {} {query}", .address.resource_type)]
    NoSuchImport { address: Address, query: String },
    #[error("what AWS has of the type {resource_type} can't be listed: {error}")]
    Unlisted { resource_type: &'static str, error: Box<Error> },
}

/// How to look.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub aws: &'a Aws,
    /// The resource types there are.
    pub kinds: &'a [&'static dyn ResourceType],
    /// Whether to read what is recorded. What an interrupted run left incomplete is read in any case:
    /// what is recorded of it is what was to be made.
    pub refresh: bool,
    /// Look only at these of what is recorded, made anew or imported; all others are taken to be as recorded.
    pub only: Option<&'a BTreeSet<Address>>,
    /// How many types to ask about at a time.
    pub parallelism: usize,
}

impl Look<'_> {
    fn is_at(&self, address: &Address) -> bool {
        self.only.is_none_or(|only| only.contains(address))
    }
}

/// Looks at everything in `state`, at the names of everything that `stack` would make anew, at what it imports, and at
/// everything it looks up.
///
/// # Errors
/// All that could not be looked at: a plan made half blind would promise what it can't know.
pub async fn observe(look: Look<'_>, stack: Option<&Stack>, state: &State) -> Result<Observed, Vec<ObserveError>> {
    let (resources, found, imports, data) = tokio::join!(
        read_recorded(look, state),
        find_unrecorded(look, stack, state),
        read_imports(look, stack, state),
        read_data(look, stack, state)
    );
    let mut errors = Vec::new();
    let observed = Observed {
        resources: keep(resources, &mut errors),
        found: keep(found, &mut errors).into_iter().filter_map(|(address, live)| Some((address, live?))).collect(),
        imports: keep(imports, &mut errors),
        data: keep(data, &mut errors),
    };
    if errors.is_empty() { Ok(observed) } else { Err(errors) }
}

/// What an intent of an interrupted run left behind: the creation that took effect, if it did.
pub async fn find_interrupted(
    aws: &Aws,
    kinds: &[&'static dyn ResourceType],
    state: &State,
    intent: &Intent,
) -> Result<Option<Live>, Error> {
    let kind = find_kind(kinds, &intent.address.resource_type);
    let (Some(kind), Some(spec), IntentOperation::Create) = (kind, &intent.spec, intent.operation) else { return Ok(None) };
    let ownership =
        Ownership { stack: state.stack.clone(), address: intent.address.to_string(), token: Some(intent.token.clone()) };
    let sought = Sought { spec: spec.clone(), ownership };
    let live = kind.find_many(aws, std::slice::from_ref(&sought)).await.into_iter().next().unwrap_or(Ok(None))?;
    // What is there under that name and not ours is a stranger's: the intent never took effect.
    Ok(live.filter(|live| live.is_owned_by(&sought.ownership)))
}

/// All that is marked as `stack`'s, in the order of `kinds`.
///
/// # Errors
/// The types that could not be listed: half of what there is would pass for the whole.
pub async fn owned(
    aws: &Aws,
    kinds: &[&'static dyn ResourceType],
    stack: &str,
) -> Result<Vec<(&'static dyn ResourceType, Live)>, Vec<ObserveError>> {
    let looks = kinds.iter().map(|kind| async move { (*kind, kind.list_owned(aws, stack).await) });
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for (kind, lives) in futures::future::join_all(looks).await {
        match lives {
            Ok(lives) => found.extend(lives.into_iter().map(|live| (kind, live))),
            Err(error) => errors.push(ObserveError::Unlisted { resource_type: kind.description().name, error: Box::new(error) }),
        }
    }
    if errors.is_empty() { Ok(found) } else { Err(errors) }
}

/// What became of one question.
type Answer<T> = Result<(Address, T), ObserveError>;

async fn read_recorded(look: Look<'_>, state: &State) -> Vec<Answer<Option<Live>>> {
    let recorded = state.resources.iter().filter(|(address, _)| look.is_at(address));
    let wanted = recorded.filter(|(_, record)| look.refresh || record.incomplete);
    let by_type = by_type(wanted.filter_map(|(address, record)| {
        let kind = find_kind(look.kinds, &address.resource_type)?;
        Some((kind, (address.clone(), record.id.clone())))
    }));
    let reads = by_type.into_iter().map(|(kind, entries)| async move {
        let (addresses, ids): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        let lives = kind.read_many(look.aws, &ids).await;
        addresses.into_iter().zip(lives).map(|(address, live)| answer(address, live)).collect::<Vec<_>>()
    });
    stream::iter(reads).buffer_unordered(look.parallelism.max(1)).concat().await
}

async fn find_unrecorded(look: Look<'_>, stack: Option<&Stack>, state: &State) -> Vec<Answer<Option<Live>>> {
    let resources = stack.into_iter().flat_map(|stack| stack.resources.values());
    let is_imported = |resource: &Resource| stack.is_some_and(|stack| stack.imports.contains_key(&resource.address));
    let looked_at = resources.filter(|resource| look.is_at(&resource.address) && !is_imported(resource));
    let taking = looked_at.filter(|resource| takes_name(resource, state));
    let by_type = by_type(taking.map(|resource| {
        let spec = resource.spec.resolve(&|reference| look.aws.place.lookup(reference), &|text| state.digest(text));
        let ownership = Ownership { stack: state.stack.clone(), address: resource.address.to_string(), token: None };
        (resource.kind, (resource.address.clone(), Sought { spec, ownership }))
    }));
    let looks = by_type.into_iter().map(|(kind, entries)| async move {
        let (addresses, sought): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        let found = kind.find_many(look.aws, &sought).await;
        let pair = |(address, live): (Address, Result<Option<Live>, Error>)| match live {
            // Not being allowed to look is no reason not to try: the creation itself looks again.
            Err(error) if error.kind == ErrorKind::AccessDenied => Ok((address, None)),
            live => answer(address, live),
        };
        addresses.into_iter().zip(found).map(pair).collect::<Vec<_>>()
    });
    stream::iter(looks).buffer_unordered(look.parallelism.max(1)).concat().await
}

/// Whether `resource` is to have a name that it does not have yet.
fn takes_name(resource: &Resource, state: &State) -> bool {
    let field = resource.kind.description().name_field;
    let recorded = state.resources.get(&resource.address);
    // A name that nobody gave is only for what is not there yet.
    recorded.is_none_or(|record| !resource.is_named_by_default && record.spec.text(field) != resource.spec.text(field))
}

async fn read_data(look: Look<'_>, stack: Option<&Stack>, state: &State) -> Vec<Answer<Live>> {
    let sources = stack.into_iter().flat_map(|stack| stack.data.values());
    let wanted = sources.map(|DataSource { address, kind, query, .. }| (*kind, address, query));
    let missing = |address, query| ObserveError::NoSuchData { address, query };
    read_by_name(look, wanted, state, missing).await
}

/// What `[import]` names and the state does not have yet.
async fn read_imports(look: Look<'_>, stack: Option<&Stack>, state: &State) -> Vec<Answer<Live>> {
    let imports = stack.into_iter().flat_map(|stack| &stack.imports);
    let open = imports.filter(|(address, _)| look.is_at(address) && !state.resources.contains_key(*address));
    let wanted = open.filter_map(|(address, import)| {
        let kind = find_kind(look.kinds, &address.resource_type)?;
        Some((kind, address, &import.id))
    });
    let missing = |address, query| ObserveError::NoSuchImport { address, query };
    read_by_name(look, wanted, state, missing).await
}

/// What the user calls by a name or an ARN.
async fn read_by_name<'a>(
    look: Look<'_>,
    wanted: impl Iterator<Item = (&'static dyn ResourceType, &'a Address, &'a Value)>,
    state: &State,
    missing: impl Fn(Address, String) -> ObserveError + Copy,
) -> Vec<Answer<Live>> {
    let mut answers = Vec::new();
    let mut known = Vec::new();
    for (kind, address, query) in wanted {
        let query = query.resolve(&|reference| look.aws.place.lookup(reference), &|text| state.digest(text));
        let query = query.as_str().unwrap_or_default().to_owned();
        match kind.id(&query, &look.aws.place) {
            Some(id) => known.push((kind, (address.clone(), query, id))),
            None => answers.push(Err(ObserveError::BadQuery { address: address.clone(), query })),
        }
    }
    let reads = by_type(known).into_iter().map(|(kind, entries)| async move {
        let ids: Vec<String> = entries.iter().map(|(_, _, id)| id.clone()).collect();
        let lives = kind.read_many(look.aws, &ids).await;
        let pair = |((address, query, _), live): ((Address, String, String), Result<Option<Live>, Error>)| match live {
            Ok(Some(live)) if live.is_named_by(&query) => Ok((address, live)),
            Ok(_) => Err(missing(address, query)),
            Err(error) => Err(ObserveError::Unreadable { address, error: Box::new(error) }),
        };
        entries.into_iter().zip(lives).map(pair).collect::<Vec<_>>()
    });
    answers.extend(stream::iter(reads).buffer_unordered(look.parallelism.max(1)).concat().await);
    answers
}

/// The same, one group for each type: a type reads many with few calls.
fn by_type<T>(entries: impl IntoIterator<Item = (&'static dyn ResourceType, T)>) -> Vec<(&'static dyn ResourceType, Vec<T>)> {
    let mut groups: IndexMap<&str, (&'static dyn ResourceType, Vec<T>)> = IndexMap::new();
    for (kind, entry) in entries {
        groups.entry(kind.description().name).or_insert_with(|| (kind, Vec::new())).1.push(entry);
    }
    groups.into_values().collect()
}

fn answer(address: Address, live: Result<Option<Live>, Error>) -> Answer<Option<Live>> {
    match live {
        Ok(live) => Ok((address, live)),
        Err(error) => Err(ObserveError::Unreadable { address, error: Box::new(error) }),
    }
}

fn keep<T>(answers: Vec<Answer<T>>, errors: &mut Vec<ObserveError>) -> BTreeMap<Address, T> {
    let mut kept = BTreeMap::new();
    for answer in answers {
        match answer {
            Ok((address, value)) => {
                kept.insert(address, value);
            }
            Err(error) => errors.push(error),
        }
    }
    kept
}
