//! Puts references where ARNs and names of other exported resources stood.
//!
//! ```text
//! arn:aws:ecs:eu-central-1:123456789012:task-definition/report:3      the exported revision
//!   ──► ${task_definition.report.arn}
//! arn:aws:ecs:eu-central-1:123456789012:task-definition/report:*      another part of its name
//!   ──► arn:${account.partition}:ecs:${stack.region}:${account.id}:task-definition/${task_definition.report.family}:*
//! ```
//!
//! A reference is a dependency. Where two resources name each other, the weaker of the two is spelt out.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use indexmap::IndexMap;

use crate::arn;
use crate::export::Named;
use crate::export::leaves::{Bond, Leaf, leaves, replaced};
use crate::graph;
use crate::place::Place;
use crate::resource::{Mention, ResourceType};
use crate::template::{Part, Reference, Template};
use crate::value::{Path, Value};

/// A resource and its spec as it is to be written.
#[derive(Debug)]
pub struct Written {
    pub named: Named,
    pub spec: Value,
}

/// One resource naming another, by position.
type Edge = (usize, usize);

/// Each of `named` with references in its spec, what others need before those who need it.
pub fn refer(named: Vec<Named>, place: &Place, kinds: &[&'static dyn ResourceType]) -> Vec<Written> {
    let found: Vec<Vec<Leaf>> = named.iter().map(|it| leaves(it.kind, &it.live.spec, place, kinds)).collect();
    let mut edges: IndexMap<Edge, Bond> = IndexMap::new();
    for (from, leaf) in found.iter().enumerate().flat_map(|(from, leaves)| leaves.iter().map(move |leaf| (from, leaf))) {
        for to in leaf.mentions.iter().filter_map(|(kind, mention)| target(&named, *kind, &leaf.text, mention)) {
            let bond = edges.entry((from, to)).or_insert(leaf.bond);
            *bond = (*bond).max(leaf.bond);
        }
    }
    let cut = cut_rings(named.len(), &edges);
    let specs: Vec<Value> = named
        .iter()
        .enumerate()
        .map(|(from, it)| {
            let mut texts: HashMap<&Path, Value> = HashMap::new();
            for leaf in &found[from] {
                let value = with_references(&named, leaf, place, |to| to != from && !cut.contains(&(from, to)));
                texts.insert(&leaf.path, value);
            }
            replaced(&it.live.spec, &Path::default(), &|path| texts.get(path).cloned())
        })
        .collect();
    let needs = needs(named.len(), edges.keys().filter(|(from, to)| from != to && !cut.contains(&(*from, *to))));
    let order = graph::order(&needs).unwrap_or_else(|_| (0..named.len()).collect());
    let mut written: Vec<Option<Written>> =
        named.into_iter().zip(specs).map(|(named, spec)| Some(Written { named, spec })).collect();
    order.into_iter().filter_map(|at| written.get_mut(at)?.take()).collect()
}

/// Which of `named` a mention means: that very resource, or one that some part of it is an attribute of.
fn target(named: &[Named], kind: &dyn ResourceType, text: &str, mention: &Mention) -> Option<usize> {
    let is_of_type = |it: &&Named| it.kind.description().name == kind.description().name;
    let candidates = || named.iter().enumerate().filter(|(_, it)| is_of_type(it));
    let matching = |it: &Named| !pieces_of(it, text, mention).is_empty();
    candidates()
        .find(|(_, it)| it.live.id == mention.id && matching(it))
        .or_else(|| candidates().find(|(_, it)| matching(it)))
        .map(|(at, _)| at)
}

/// The pieces of a mention that are what `named` has for the attribute; none overlaps another.
fn pieces_of(named: &Named, text: &str, mention: &Mention) -> Vec<(Range<usize>, Reference)> {
    let mut pieces: Vec<(Range<usize>, Reference)> = Vec::new();
    let mut is_meant = false;
    for piece in &mention.pieces {
        let is_it = match named.live.attributes.get(piece.attribute) {
            Some(Value::String(attribute)) => text.get(piece.range.clone()) == Some(attribute),
            Some(Value::Number(number)) => text.get(piece.range.clone()) == Some(number.to_string().as_str()),
            _ => false,
        };
        if is_it && !overlaps(&pieces, &piece.range) {
            let reference = Reference::Attribute { address: named.address.clone(), attribute: piece.attribute.to_owned() };
            pieces.push((piece.range.clone(), reference));
            // The number of a revision is that of many others too.
            is_meant |= piece.attribute == named.kind.description().name_field
                || text.get(piece.range.clone()) == Some(named.live.id.as_str());
        }
    }
    if is_meant { pieces } else { Vec::new() }
}

fn overlaps(pieces: &[(Range<usize>, Reference)], range: &Range<usize>) -> bool {
    pieces.iter().any(|(taken, _)| taken.start < range.end && range.start < taken.end)
}

fn needs<'a>(count: usize, edges: impl Iterator<Item = &'a Edge>) -> IndexMap<usize, Vec<usize>> {
    let mut needs: IndexMap<usize, Vec<usize>> = (0..count).map(|at| (at, Vec::new())).collect();
    for (from, to) in edges {
        needs.entry(*from).or_default().push(*to);
    }
    needs
}

/// The edges without which nothing needs itself: of each ring, the one with the weakest bond.
fn cut_rings(count: usize, edges: &IndexMap<Edge, Bond>) -> HashSet<Edge> {
    let mut cut = HashSet::new();
    loop {
        let kept = edges.keys().filter(|(from, to)| from != to && !cut.contains(&(*from, *to)));
        let rings = graph::rings(&needs(count, kept));
        if rings.is_empty() {
            return cut;
        }
        for ring in rings {
            let around = ring.iter().copied().zip(ring.iter().copied().cycle().skip(1));
            cut.extend(around.min_by_key(|edge| edges.get(edge).copied()));
        }
    }
}

fn with_references(named: &[Named], leaf: &Leaf, place: &Place, may_refer: impl Fn(usize) -> bool) -> Value {
    let text = leaf.text.as_str();
    let mut pieces: Vec<(Range<usize>, Reference)> = Vec::new();
    for (kind, mention) in &leaf.mentions {
        let to = target(named, *kind, text, mention).filter(|to| may_refer(*to));
        let more = to.and_then(|to| named.get(to)).map(|named| pieces_of(named, text, mention)).unwrap_or_default();
        if more.iter().all(|(range, _)| !overlaps(&pieces, range)) {
            pieces.extend(more);
        }
    }
    if place.account_id.as_deref() == Some(text) {
        pieces.push((0..text.len(), Reference::AccountId));
    }
    for arn in arn::find(text) {
        // An ARN of this account holds for any account.
        if place.account_id.as_deref() != Some(arn.part(&arn.account)) {
            continue;
        }
        let parts = [
            (&arn.partition, place.partition.as_deref(), Reference::AccountPartition),
            (&arn.region, place.region.as_deref(), Reference::StackRegion),
            (&arn.account, place.account_id.as_deref(), Reference::AccountId),
        ];
        for (range, here, reference) in parts {
            if Some(arn.part(range)) == here && !overlaps(&pieces, range) {
                pieces.push((range.clone(), reference));
            }
        }
    }
    pieces.sort_by_key(|(range, _)| range.start);
    let mut parts = Vec::new();
    let mut at = 0;
    for (range, reference) in pieces {
        parts.push(Part::Literal(text.get(at..range.start).unwrap_or_default().to_owned()));
        parts.push(Part::Reference(reference));
        at = range.end;
    }
    parts.push(Part::Literal(text.get(at..).unwrap_or_default().to_owned()));
    let template = Template::from_parts(parts);
    // A reference right behind a `$` can't be written.
    let can_be_written = Template::parse(&template.to_string()).as_ref() == Ok(&template);
    if template.as_literal().is_none() && can_be_written { Value::Pending(template) } else { Value::string(text) }
}
