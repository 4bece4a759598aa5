//! Which of several things comes first, where some need others.
//!
//! ```text
//! state_machine.nightly ──► role.workflow          order:  role.workflow, cluster.main, state_machine.nightly
//!                       └─► cluster.main           rings:  none, or a.x → b.y → a.x
//! ```

use std::collections::BTreeSet;
use std::hash::Hash;

use indexmap::{IndexMap, IndexSet};

/// Everything in `needs`, each after what it needs; otherwise as they stand there.
///
/// What is needed but is no key of `needs` is taken for given. On error: every ring, see [`rings`].
pub fn order<Item: Clone + Eq + Hash>(needs: &IndexMap<Item, Vec<Item>>) -> Result<Vec<Item>, Vec<Vec<Item>>> {
    let mut open: Vec<usize> = vec![0; needs.len()];
    let mut dependants: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (index, needed) in needs.values().enumerate() {
        for needed in needed.iter().filter_map(|needed| needs.get_index_of(needed)) {
            open[index] += 1;
            dependants[needed].push(index);
        }
    }
    let mut free: BTreeSet<usize> = (0..needs.len()).filter(|&index| open[index] == 0).collect();
    let mut ordered = Vec::with_capacity(needs.len());
    while let Some(index) = free.pop_first() {
        ordered.extend(needs.get_index(index).map(|(item, _)| item.clone()));
        for &dependant in &dependants[index] {
            open[dependant] -= 1;
            if open[dependant] == 0 {
                free.insert(dependant);
            }
        }
    }
    if ordered.len() < needs.len() { Err(rings(needs)) } else { Ok(ordered) }
}

/// The rings in `needs`: one, the shortest through its first member, for each group of items that all need each other.
///
/// A ring is written without its first member repeated at the end; one of a single member needs itself.
pub fn rings<Item: Clone + Eq + Hash>(needs: &IndexMap<Item, Vec<Item>>) -> Vec<Vec<Item>> {
    let mut found: Vec<Vec<Item>> = Vec::new();
    let mut settled: IndexSet<&Item> = IndexSet::new();
    for item in needs.keys() {
        if settled.contains(item) {
            continue;
        }
        if let Some(ring) = shortest_ring(needs, item) {
            // Whatever lies on a way from here and back again is of the same group.
            let reachable = reach(needs, item);
            settled.extend(reachable.iter().copied().filter(|other| reach(needs, other).contains(item)));
            found.push(ring);
        }
    }
    found
}

/// What `start` needs, directly or not.
fn reach<'a, Item: Eq + Hash>(needs: &'a IndexMap<Item, Vec<Item>>, start: &Item) -> IndexSet<&'a Item> {
    let mut reached: IndexSet<&Item> = needs.get(start).into_iter().flatten().collect();
    let mut at = 0;
    while let Some(item) = reached.get_index(at).copied() {
        reached.extend(needs.get(item).into_iter().flatten());
        at += 1;
    }
    reached
}

fn shortest_ring<Item: Clone + Eq + Hash>(needs: &IndexMap<Item, Vec<Item>>, start: &Item) -> Option<Vec<Item>> {
    // Each item reached, with the one it was reached from: breadth first, so that the first way back is a shortest.
    let mut reached: IndexMap<&Item, &Item> = IndexMap::new();
    let mut queue = vec![needs.get_key_value(start)?.0];
    let mut at = 0;
    while let Some(item) = queue.get(at).copied() {
        at += 1;
        for next in needs.get(item).into_iter().flatten() {
            if next == start {
                let mut ring = vec![item.clone()];
                let mut item = item;
                while let Some(previous) = reached.get(item) {
                    ring.push((*previous).clone());
                    item = previous;
                }
                ring.reverse();
                return Some(ring);
            }
            if !reached.contains_key(next) {
                reached.insert(next, item);
                queue.push(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(text: &str) -> IndexMap<String, Vec<String>> {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        text.split(';')
            .map(|rule| {
                let (item, needed) = rule.split_once(':').expect("ITEM: NEEDED…");
                (item.trim().to_owned(), words(needed))
            })
            .collect()
    }

    #[test]
    fn what_is_needed_comes_first() {
        assert_eq!(order(&needs("a: b c; b: d; c: ; d: x")), Ok(vec!["c".into(), "d".into(), "b".into(), "a".into()]));
    }

    #[test]
    fn each_ring_once() {
        let rings = order(&needs("a: b; b: c d; c: a; d: d; e: a; f: g; g: f")).expect_err("rings");
        assert_eq!(rings, [vec!["a", "b", "c"], vec!["d"], vec!["f", "g"]]);
    }

    #[test]
    fn a_long_chain() {
        let chain: IndexMap<u32, Vec<u32>> = (0..2000).map(|at| (at, vec![at + 1])).collect();
        assert_eq!(order(&chain).map(|order| order.len()), Ok(2000));
    }
}
