//! Names for the stack and for the addresses in it, made of the names that the resources have in AWS.

use std::collections::HashSet;

use crate::address::{Address, is_identifier};
use crate::export::Found;

/// The most characters of a stack's name.
const LONGEST_STACK_NAME: usize = 64;
/// Fewer characters that names have in common say nothing.
const SHORTEST_BEGINNING: usize = 3;
/// What a resource is called whose name is that of the whole stack.
const NAMELESS: &str = "main";

/// A name for the stack of `found`: what all their names begin with, or else the name of the last, on which nothing depends.
pub fn stack_name(found: &[Found]) -> String {
    let names: Vec<&str> = found.iter().map(physical_name).collect();
    let common = common_beginning(&plain(&names));
    let name = if common.len() < SHORTEST_BEGINNING { names.last().copied().unwrap_or_default() } else { common };
    let mut made: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    made = made.trim_matches('-').to_owned();
    if !made.starts_with(|first: char| first.is_ascii_alphabetic()) {
        made = format!("stack-{made}");
    }
    made.truncate(LONGEST_STACK_NAME);
    made.trim_matches('-').to_owned()
}

/// An address for each of `found`, in their order.
pub fn addresses(found: &[Found], stack_name: &str) -> Vec<Address> {
    let mut taken: HashSet<Address> = HashSet::new();
    let mut addresses: Vec<Option<Address>> = vec![None; found.len()];
    // Names that are given go before those that are made.
    for (found, address) in found.iter().zip(&mut addresses) {
        let owner = found.live.ownership.as_ref().filter(|owner| owner.stack == stack_name);
        let recorded = owner.and_then(|owner| owner.address.parse::<Address>().ok());
        let recorded = recorded.filter(|it| !it.is_data && it.resource_type == found.kind.description().name);
        let wished = found.local_name.as_ref().filter(|name| is_identifier(name));
        let wished = wished.map(|name| Address::managed(found.kind.description().name, name));
        *address = recorded.or(wished).filter(|address| taken.insert(address.clone()));
    }
    let names: Vec<&str> = found.iter().map(physical_name).collect();
    let common = Some(common_beginning(&plain(&names))).filter(|common| common.len() >= SHORTEST_BEGINNING).unwrap_or_default();
    let unnamed = found.iter().zip(&mut addresses).filter(|(_, address)| address.is_none());
    for (found, address) in unnamed {
        let name = physical_name(found);
        let short = || without(name, stack_name).or_else(|| without(name, common)).unwrap_or(name).to_owned();
        let base = found.local_name.clone().unwrap_or_else(short);
        let base = identifier(&base);
        let numbered = (1..).map(|number| if number == 1 { base.clone() } else { format!("{base}_{number}") });
        let mut free = numbered.map(|name| Address::managed(found.kind.description().name, name));
        *address = free.find(|address| taken.insert(address.clone()));
    }
    addresses.into_iter().flatten().collect()
}

/// Those of `names` that are no paths, whose beginning says where they belong and not what they are.
fn plain<'a>(names: &[&'a str]) -> Vec<&'a str> {
    names.iter().copied().filter(|name| !name.starts_with(is_separator)).collect()
}

fn physical_name(found: &Found) -> &str {
    found.live.spec.text(found.kind.description().name_field).unwrap_or_default()
}

/// `report-task` as `task`, without the beginning `report`; none where it begins otherwise.
fn without<'a>(name: &'a str, beginning: &str) -> Option<&'a str> {
    let name = name.trim_start_matches(is_separator);
    let is_it = name.get(..beginning.len()).is_some_and(|found| found.eq_ignore_ascii_case(beginning));
    let rest = name.get(beginning.len()..).filter(|_| is_it && !beginning.is_empty())?;
    if rest.is_empty() {
        return Some(NAMELESS);
    }
    rest.strip_prefix(is_separator).filter(|local| !local.is_empty())
}

/// `text` as the name of a resource.
fn identifier(text: &str) -> String {
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    match words.first() {
        Some(first) if first.starts_with(|c: char| c.is_ascii_digit()) => format!("_{}", words.join("_")),
        Some(_) => words.join("_"),
        None => NAMELESS.to_owned(),
    }
}

/// What all of `names` begin with, up to the end of a word; nothing for fewer than two.
fn common_beginning<'a>(names: &[&'a str]) -> &'a str {
    let [first, others @ ..] = names else { return "" };
    if others.is_empty() {
        return "";
    }
    let ends = |name: &str, at: usize| name.get(at..).is_some_and(|rest| rest.is_empty() || rest.starts_with(is_separator));
    let boundaries = first.char_indices().map(|(at, _)| at).chain([first.len()]).filter(|at| ends(first, *at));
    let is_common = |at: &usize| others.iter().all(|name| name.get(..*at) == first.get(..*at) && ends(name, *at));
    boundaries.rev().find(is_common).and_then(|at| first.get(..at)).unwrap_or_default()
}

fn is_separator(character: char) -> bool {
    "-_./".contains(character)
}
