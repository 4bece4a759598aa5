//! Reads what was asked for, and everything that it refers to, round by round.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use crate::aws::{Aws, Error, ErrorKind};
use crate::export::Found;
use crate::export::leaves::leaves;
use crate::resource::{Live, ResourceType};

/// One resource that was asked for.
#[derive(Clone, Debug)]
pub struct Request {
    pub kind: &'static dyn ResourceType,
    pub name_or_arn: String,
    /// What it is to be called in the stack.
    pub local_name: Option<String>,
}

/// What is to be exported.
#[derive(Debug, Default)]
pub struct Selection {
    pub requests: Vec<Request>,
    /// Whether everything in the region is, too.
    pub everything: bool,
    /// Whether what these refer to is, too.
    pub follow: bool,
    /// The stack that the resources may belong to already.
    pub stack: Option<String>,
}

/// What there is to export.
#[derive(Debug, Default)]
pub struct Discovery {
    /// In the order of the types, then in that in which they were found.
    pub found: Vec<Found>,
    pub left_out: Vec<LeftOut>,
}

/// Something that is there, or that is named, and is not exported: where it is named, its ARN stays as text.
#[derive(Debug)]
pub struct LeftOut {
    pub resource_type: &'static str,
    pub id: String,
    pub reason: Reason,
}

/// Why it is not exported.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    #[error("it does not exist, or no longer")]
    Missing,
    #[error("it is {address} of the stack {stack}")]
    Owned { stack: String, address: String },
    #[error("it can't be read: {0}")]
    Unreadable(Box<Error>),
    #[error("a stack holds one of a name, and {kept} is exported")]
    SameName { kept: String },
}

/// Why nothing is exported.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    #[error("AWS has no {resource_type} {name_or_arn} in this account and region")]
    Missing { resource_type: &'static str, name_or_arn: String },
    #[error("{name_or_arn} is no name or ARN of a {resource_type}")]
    BadName { resource_type: &'static str, name_or_arn: String },
    #[error("{resource_type} {name_or_arn} is {address} of the stack {stack}")]
    Owned { resource_type: &'static str, name_or_arn: String, stack: String, address: String },
    #[error("{what} can't be read: {error}")]
    Unreadable { what: String, error: Box<Error> },
}

impl DiscoverError {
    /// What to do about it.
    pub fn help(&self) -> Vec<String> {
        match self {
            Self::Missing { .. } => vec!["check the name, the region and the account".to_owned()],
            Self::BadName { .. } => vec!["write its name or its ARN".to_owned()],
            Self::Owned { stack, .. } => {
                vec![format!("leave it to that stack; or, if its stack file is lost, write it anew with --name {stack}")]
            }
            Self::Unreadable { error, .. } => error.help.clone(),
        }
    }
}

/// A type's name and an id of that type.
type Key = (&'static str, String);

/// A resource to be read.
struct Wanted {
    kind: &'static dyn ResourceType,
    id: String,
    /// Absent: something else refers to it, or it was listed.
    request: Option<Request>,
    is_root: bool,
}

impl Wanted {
    fn key(&self) -> Key {
        (self.kind.description().name, self.id.clone())
    }
}

/// A resource that was read.
struct Read {
    found: Found,
    is_root: bool,
    is_requested: bool,
    /// Whether it was named by its whole id, as a revision is, and not by what stands for it, as a family does.
    is_exact: bool,
    /// What it refers to.
    refers: Vec<Key>,
}

/// Everything that `selection` asks for.
///
/// # Errors
/// All that was asked for by name and can't be exported. What is only referred to is left out.
pub async fn discover(
    aws: &Aws,
    kinds: &[&'static dyn ResourceType],
    selection: &Selection,
) -> Result<Discovery, Vec<DiscoverError>> {
    let mut errors = Vec::new();
    let mut wanted = roots(aws, kinds, selection, &mut errors).await;
    let mut reads: IndexMap<Key, Read> = IndexMap::new();
    // What stands for what: a family for its latest revision, each ARN for itself.
    let mut meant: HashMap<Key, Key> = HashMap::new();
    let mut asked: HashSet<Key> = HashSet::new();
    let mut left_out = Vec::new();
    while !wanted.is_empty() {
        let mut next = Vec::new();
        for kind in kinds {
            let name = kind.description().name;
            let (of_kind, others): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|it| it.kind.description().name == name);
            wanted = others;
            let fresh: Vec<Wanted> = of_kind.into_iter().filter(|it| asked.insert(it.key())).collect();
            let ids: Vec<String> = fresh.iter().map(|it| it.id.clone()).collect();
            let lives = if ids.is_empty() { Vec::new() } else { kind.read_many(aws, &ids).await };
            for (wanted, live) in fresh.into_iter().zip(lives) {
                let live = match judge(&wanted, live, selection) {
                    Ok(live) => live,
                    Err(Refusal::Fatal(error)) => {
                        errors.push(error);
                        continue;
                    }
                    // What went away since it was listed is nothing to speak of.
                    Err(Refusal::LeftOut(Reason::Missing)) if wanted.is_root => continue,
                    Err(Refusal::LeftOut(reason)) => {
                        left_out.push(LeftOut { resource_type: name, id: wanted.id, reason });
                        continue;
                    }
                };
                let read = read(aws, kinds, &wanted, live, selection, &mut next);
                let key = (name, read.found.live.id.clone());
                meant.insert(wanted.key(), key.clone());
                match reads.get_mut(&key) {
                    Some(known) => {
                        known.is_root |= read.is_root;
                        known.is_requested |= read.is_requested;
                        known.is_exact |= read.is_exact;
                        known.found.local_name = known.found.local_name.take().or(read.found.local_name);
                    }
                    None => {
                        reads.insert(key, read);
                    }
                }
            }
        }
        wanted = next;
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let found = keep(kinds, reads, &mut meant, &mut left_out);
    Ok(Discovery { found, left_out })
}

async fn roots(
    aws: &Aws,
    kinds: &[&'static dyn ResourceType],
    selection: &Selection,
    errors: &mut Vec<DiscoverError>,
) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for request in &selection.requests {
        let Request { kind, name_or_arn, .. } = request;
        match kind.id(name_or_arn, &aws.place) {
            Some(id) => wanted.push(Wanted { kind: *kind, id, request: Some(request.clone()), is_root: true }),
            None => {
                errors.push(DiscoverError::BadName { resource_type: kind.description().name, name_or_arn: name_or_arn.clone() })
            }
        }
    }
    if selection.everything {
        for kind in kinds {
            match kind.list(aws).await {
                Ok(ids) => {
                    wanted.extend(ids.into_iter().map(|id| Wanted { kind: *kind, id, request: None, is_root: true }));
                }
                Err(error) => {
                    let what = format!("the list of every {}", kind.description().name);
                    errors.push(DiscoverError::Unreadable { what, error: Box::new(error) });
                }
            }
        }
    }
    wanted
}

enum Refusal {
    Fatal(DiscoverError),
    LeftOut(Reason),
}

/// Whether what was answered for `wanted` is to be exported.
fn judge(wanted: &Wanted, answer: Result<Option<Live>, Error>, selection: &Selection) -> Result<Live, Refusal> {
    let resource_type = wanted.kind.description().name;
    let named = wanted.request.as_ref().map(|request| request.name_or_arn.clone());
    let reason = match answer {
        Ok(Some(live)) if named.as_ref().is_some_and(|named| !live.is_named_by(named)) => Reason::Missing,
        Ok(Some(live)) => match &live.ownership {
            Some(owner) if owner.is_of_another_stack(selection.stack.as_deref().unwrap_or_default()) => {
                Reason::Owned { stack: owner.stack.clone(), address: owner.address.clone() }
            }
            _ => return Ok(live),
        },
        Ok(None) => Reason::Missing,
        Err(error) if error.kind == ErrorKind::AccessDenied || named.is_some() => Reason::Unreadable(Box::new(error)),
        Err(error) => {
            let what = format!("{resource_type} {}", wanted.id);
            return Err(Refusal::Fatal(DiscoverError::Unreadable { what, error: Box::new(error) }));
        }
    };
    let Some(name_or_arn) = named else { return Err(Refusal::LeftOut(reason)) };
    Err(Refusal::Fatal(match reason {
        Reason::Owned { stack, address } => DiscoverError::Owned { resource_type, name_or_arn, stack, address },
        Reason::Unreadable(error) => DiscoverError::Unreadable { what: format!("{resource_type} {name_or_arn}"), error },
        Reason::Missing | Reason::SameName { .. } => DiscoverError::Missing { resource_type, name_or_arn },
    }))
}

/// What was read, and in `next` what it refers to.
fn read(
    aws: &Aws,
    kinds: &[&'static dyn ResourceType],
    wanted: &Wanted,
    mut live: Live,
    selection: &Selection,
    next: &mut Vec<Wanted>,
) -> Read {
    // AWS may tell a role by its short name, which then stands for the ARN it has in this account.
    live.spec = live.spec.resolve(&|reference| aws.place.lookup(reference), &|_| String::new());
    let leaves = leaves(wanted.kind, &live.spec, &aws.place, kinds);
    let used = leaves.into_iter().filter(|leaf| leaf.bond.is_followed());
    let mut refers = Vec::new();
    for (kind, mention) in used.flat_map(|leaf| leaf.mentions) {
        let wanted = Wanted { kind, id: mention.id, request: None, is_root: false };
        refers.push(wanted.key());
        if selection.follow {
            next.push(wanted);
        }
    }
    Read {
        is_root: wanted.is_root,
        is_requested: wanted.request.is_some(),
        is_exact: live.id == wanted.id,
        found: Found {
            kind: wanted.kind,
            live,
            local_name: wanted.request.as_ref().and_then(|request| request.local_name.clone()),
        },
        refers,
    }
}

/// One resource of each name, and only what the roots still reach.
fn keep(
    kinds: &[&'static dyn ResourceType],
    mut reads: IndexMap<Key, Read>,
    meant: &mut HashMap<Key, Key>,
    left_out: &mut Vec<LeftOut>,
) -> Vec<Found> {
    let mut best: HashMap<(&str, String), Key> = HashMap::new();
    // Of two revisions the later, whose ARN is the longer or the greater, unless one of them is what was asked for.
    let rank = |read: &Read| {
        let id = &read.found.live.id;
        (read.is_requested, read.is_exact, id.len(), id.clone())
    };
    let mut dropped = Vec::new();
    for (key, read) in &reads {
        let Some(name) = read.found.kind.description().name_of(&read.found.live.spec) else { continue };
        let kept = best.entry((key.0, name)).or_insert_with(|| key.clone());
        let Some(rival) = reads.get(kept) else { continue };
        if kept != key {
            let loser = if rank(read) > rank(rival) { std::mem::replace(kept, key.clone()) } else { key.clone() };
            dropped.push(loser);
        }
    }
    for key in dropped {
        let Some(read) = reads.shift_remove(&key) else { continue };
        let name = read.found.kind.description().name_of(&read.found.live.spec).unwrap_or_default();
        let Some(kept) = best.get(&(key.0, name)) else { continue };
        if let Some(kept) = reads.get_mut(kept) {
            kept.is_root |= read.is_root;
        }
        // Only a revision that is named as such stays in the text.
        if read.is_exact {
            let reason = Reason::SameName { kept: kept.1.clone() };
            left_out.push(LeftOut { resource_type: key.0, id: key.1.clone(), reason });
        }
        for means in meant.values_mut().filter(|means| **means == key) {
            *means = kept.clone();
        }
    }
    let mut reached: HashSet<Key> = HashSet::new();
    let mut open: Vec<Key> = reads.iter().filter(|(_, read)| read.is_root).map(|(key, _)| key.clone()).collect();
    while let Some(key) = open.pop() {
        if let Some(read) = reads.get(&key)
            && reached.insert(key)
        {
            open.extend(read.refers.iter().filter_map(|key| meant.get(key).cloned()));
        }
    }
    let mut found: Vec<Found> = reads.into_iter().filter(|(key, _)| reached.contains(key)).map(|(_, read)| read.found).collect();
    found.sort_by_key(|it| kinds.iter().position(|kind| kind.description().name == it.kind.description().name));
    found
}
