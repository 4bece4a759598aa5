//! The order within each layer: each vertex near the middle of its neighbours, over and over, and the best is kept.

use crate::flow::layout::layers::Proper;

/// Down and up again is one of these.
const SWEEPS: usize = 12;
/// A graph with more segments than that is swept less: it is no picture for anybody anyway.
const LARGE: usize = 1_500;

pub fn order(proper: &mut Proper) {
    let (above, below) = neighbours(proper);
    let mut position = positions(proper);
    let sweeps = if proper.segments.len() > LARGE { 2 } else { SWEEPS };
    let mut best = proper.layers.clone();
    let mut fewest = crossings(proper, &below, &position);
    for sweep in 0..sweeps {
        if fewest == 0 && sweep > 0 {
            break;
        }
        let depth = proper.layers.len();
        for layer in 1..depth {
            sort(proper, layer, &above, &mut position);
        }
        for layer in (0..depth.saturating_sub(1)).rev() {
            sort(proper, layer, &below, &mut position);
        }
        let crossed = crossings(proper, &below, &position);
        if crossed < fewest {
            fewest = crossed;
            best.clone_from(&proper.layers);
        }
    }
    proper.layers = best;
}

type Neighbours = Vec<Vec<usize>>;

pub fn neighbours(proper: &Proper) -> (Neighbours, Neighbours) {
    let mut above = vec![Vec::new(); proper.vertices.len()];
    let mut below = vec![Vec::new(); proper.vertices.len()];
    for (upper, lower, _) in &proper.segments {
        below[*upper].push(*lower);
        above[*lower].push(*upper);
    }
    (above, below)
}

fn positions(proper: &Proper) -> Vec<usize> {
    let mut position = vec![0; proper.vertices.len()];
    for layer in &proper.layers {
        for (at, vertex) in layer.iter().enumerate() {
            position[*vertex] = at;
        }
    }
    position
}

fn sort(proper: &mut Proper, layer: usize, neighbours: &Neighbours, position: &mut [usize]) {
    let vertices = &proper.vertices;
    let Some(members) = proper.layers.get_mut(layer) else { return };
    let middle = |vertex: usize| {
        let near = &neighbours[vertex];
        let sum: usize = near.iter().map(|near| position[*near]).sum();
        let middle = if near.is_empty() { position[vertex] as f64 } else { sum as f64 / near.len() as f64 };
        // What leaves for the side stands on that side of what it is next to.
        middle + if vertices[vertex].is_exit { 0.3 } else { 0.0 }
    };
    let mut sorted: Vec<(f64, usize)> = members.iter().map(|vertex| (middle(*vertex), *vertex)).collect();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
    *members = sorted.into_iter().map(|(_, vertex)| vertex).collect();
    for (at, vertex) in members.iter().enumerate() {
        position[*vertex] = at;
    }
}

/// How often two segments cross, counted with a tree of sums.
fn crossings(proper: &Proper, below: &Neighbours, position: &[usize]) -> usize {
    let mut total = 0;
    for pair in proper.layers.windows(2) {
        let width = pair[1].len();
        let mut tree = vec![0_usize; width + 1];
        let mut inserted = 0;
        for vertex in &pair[0] {
            let mut ends: Vec<usize> = below[*vertex].iter().map(|lower| position[*lower]).collect();
            ends.sort_unstable();
            for end in &ends {
                let (mut at, mut not_right) = (end + 1, 0);
                while at > 0 {
                    not_right += tree[at];
                    at &= at - 1;
                }
                total += inserted - not_right;
            }
            for end in ends {
                let mut at = end + 1;
                while at <= width {
                    tree[at] += 1;
                    at += at & at.wrapping_neg();
                }
                inserted += 1;
            }
        }
    }
    total
}
