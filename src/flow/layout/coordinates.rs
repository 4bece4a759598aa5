//! The middle of each vertex: as near to its neighbours above and below as those beside it allow.

use crate::flow::layout::layers::{Proper, Vertex};

const ROUNDS: usize = 40;
/// A segment of that weight is straightened even if others must give way.
const MAIN: f64 = 40.0;
/// For a graph that is no picture for anybody anyway.
const ROUNDS_OF_LARGE: usize = 4;
const LARGE: usize = 1_500;
/// Between two boxes.
const GAP: f64 = 28.0;
/// Between a line and what stands beside it.
const GAP_OF_LINE: f64 = 10.0;
/// A line that is that little off is drawn straight.
const NEARLY_STRAIGHT: f64 = 24.0;

pub fn coordinates(proper: &Proper) -> Vec<f64> {
    let mut above = vec![Vec::new(); proper.vertices.len()];
    let mut below = vec![Vec::new(); proper.vertices.len()];
    for (upper, lower, weight) in &proper.segments {
        below[*upper].push((*lower, *weight));
        above[*lower].push((*upper, *weight));
    }
    let mut x = vec![0.0; proper.vertices.len()];
    for layer in &proper.layers {
        pack(layer, &proper.vertices, &mut x);
    }
    let depth = proper.layers.len();
    let rounds = if proper.segments.len() > LARGE { ROUNDS_OF_LARGE } else { ROUNDS };
    for round in 0..rounds {
        for layer in 0..depth {
            settle(proper, layer, &mut x, |vertex| (&above[vertex], &below[vertex], if round < 4 { 0.0 } else { 0.6 }));
        }
        for layer in (0..depth).rev() {
            settle(proper, layer, &mut x, |vertex| (&below[vertex], &above[vertex], if round < 4 { 0.0 } else { 0.6 }));
        }
    }
    straighten(proper, &above, &mut x);
    let left = proper.vertices.iter().zip(&x).map(|(vertex, x)| x - vertex.size.width / 2.0).fold(f64::INFINITY, f64::min);
    x.iter_mut().for_each(|x| *x -= left);
    x
}

/// How far the middles of two that stand beside each other are apart at least.
fn distance(left: &Vertex, right: &Vertex) -> f64 {
    let gap = match (left.is_bend, right.is_bend) {
        (false, false) => GAP,
        (true, true) => GAP_OF_LINE / 2.0,
        _ => GAP_OF_LINE,
    };
    (left.size.width + right.size.width) / 2.0 + gap
}

/// One beside the other, around 0.
fn pack(layer: &[usize], vertices: &[Vertex], x: &mut [f64]) {
    let mut at = 0.0;
    for (index, vertex) in layer.iter().enumerate() {
        if let Some(left) = index.checked_sub(1).and_then(|left| layer.get(left)) {
            at += distance(&vertices[*left], &vertices[*vertex]);
        }
        x[*vertex] = at;
    }
    layer.iter().for_each(|vertex| x[*vertex] -= at / 2.0);
}

type Weighted = Vec<(usize, f64)>;

/// Moves the vertices of a layer to where the sum of squares of their distances from what they want is the least,
/// with those beside each other apart: a regression of neighbours that are pooled where they want to overlap.
fn settle<'a>(proper: &Proper, layer: usize, x: &mut [f64], near: impl Fn(usize) -> (&'a Weighted, &'a Weighted, f64)) {
    struct Pool {
        sum: f64,
        weight: f64,
        count: usize,
    }
    let members = &proper.layers[layer];
    let mut offsets = Vec::with_capacity(members.len());
    let mut pools: Vec<Pool> = Vec::with_capacity(members.len());
    let mut offset = 0.0;
    for (index, vertex) in members.iter().enumerate() {
        if let Some(left) = index.checked_sub(1).and_then(|left| members.get(left)) {
            offset += distance(&proper.vertices[*left], &proper.vertices[*vertex]);
        }
        offsets.push(offset);
        let (first, second, share) = near(*vertex);
        let (mut sum, mut weight) = (x[*vertex] * 0.05, 0.05);
        for (near, strength) in first {
            sum += x[*near] * strength;
            weight += strength;
        }
        for (near, strength) in second {
            sum += x[*near] * strength * share;
            weight += strength * share;
        }
        pools.push(Pool { sum: sum - offset * weight, weight, count: 1 });
        while let [.., left, right] = pools.as_slice() {
            if left.sum / left.weight <= right.sum / right.weight {
                break;
            }
            let Some(right) = pools.pop() else { break };
            if let Some(left) = pools.last_mut() {
                left.sum += right.sum;
                left.weight += right.weight;
                left.count += right.count;
            }
        }
    }
    let mut at = 0;
    for pool in pools {
        for _ in 0..pool.count {
            x[members[at]] = pool.sum / pool.weight + offsets[at];
            at += 1;
        }
    }
}

/// Lines that are nearly straight become so, where there is room.
fn straighten(proper: &Proper, above: &[Weighted], x: &mut [f64]) {
    let mut place = vec![0; proper.vertices.len()];
    for layer in &proper.layers {
        for (at, vertex) in layer.iter().enumerate() {
            place[*vertex] = at;
        }
    }
    for layer in &proper.layers {
        for vertex in layer {
            let straightest = above[*vertex].iter().max_by(|one, other| one.1.total_cmp(&other.1));
            let Some((upper, weight)) = straightest else { continue };
            let wanted = x[*upper];
            if (wanted - x[*vertex]).abs() > NEARLY_STRAIGHT {
                continue;
            }
            let at = place[*vertex];
            let beside = |other: Option<&usize>| {
                other.map(|other| (x[*other], distance(&proper.vertices[*other], &proper.vertices[*vertex])))
            };
            let left = at.checked_sub(1).and_then(|left| beside(layer.get(left)));
            let right = beside(layer.get(at + 1));
            let is_free = left.is_none_or(|(x, apart)| wanted - x >= apart) && right.is_none_or(|(x, apart)| x - wanted >= apart);
            if is_free || *weight >= MAIN {
                x[*vertex] = wanted;
                make_room(layer, at, &proper.vertices, x);
            }
        }
    }
}

/// Moves those on both sides of the one at `at` away from it, as far as they must.
fn make_room(layer: &[usize], at: usize, vertices: &[Vertex], x: &mut [f64]) {
    let (left, right) = layer.split_at(at);
    let mut inner = layer[at];
    for vertex in right.iter().skip(1) {
        x[*vertex] = x[*vertex].max(x[inner] + distance(&vertices[inner], &vertices[*vertex]));
        inner = *vertex;
    }
    inner = layer[at];
    for vertex in left.iter().rev() {
        x[*vertex] = x[*vertex].min(x[inner] - distance(&vertices[*vertex], &vertices[inner]));
        inner = *vertex;
    }
}
