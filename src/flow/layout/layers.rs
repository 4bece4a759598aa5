//! Which edges lead back, which layer each node is in, and the vertices that the layers are made of.

use std::collections::{BTreeMap, BTreeSet};

use crate::flow::EdgeKind;
use crate::flow::layout::{Local, Size};

/// A group as a graph in which every segment leads from one layer to the next.
#[derive(Debug, Default)]
pub struct Proper {
    /// Nodes first, under their own numbers.
    pub vertices: Vec<Vertex>,
    /// From top to bottom, each from left to right.
    pub layers: Vec<Vec<usize>>,
    /// Upper vertex, lower vertex, and how straight it should be.
    pub segments: Vec<(usize, usize, f64)>,
    /// The way of each edge.
    pub chains: Vec<Chain>,
}

#[derive(Clone, Copy, Debug)]
pub struct Vertex {
    pub layer: usize,
    pub size: Size,
    /// Neither a node nor a label: a line passes.
    pub is_bend: bool,
    /// Where a line leaves for the side.
    pub is_exit: bool,
}

/// The way of an edge.
#[derive(Debug)]
pub enum Chain {
    /// Downwards, through these vertices; the label is the second, if there is one.
    Down(Vec<usize>),
    /// To a node that is not below: out by the side. The label stands below the node that is left.
    Back { label: Option<usize> },
}

/// A line is as good as that wide: lines keep this distance.
const BEND_WIDTH: f64 = 10.0;

pub fn layers(local: &Local) -> Proper {
    let is_back = back_edges(local);
    let layer_of = assign(local, &is_back);
    let mut proper = Proper::default();
    for (node, size) in local.sizes.iter().enumerate() {
        proper.vertices.push(Vertex { layer: layer_of[node], size: *size, is_bend: false, is_exit: false });
    }
    let mut bends: BTreeMap<(usize, bool, usize), usize> = BTreeMap::new();
    let mut joined = BTreeSet::new();
    for (edge, is_back) in local.edges.iter().zip(&is_back) {
        let top = layer_of[edge.from];
        let label = edge.label.map(|size| {
            proper.vertices.push(Vertex { layer: top + 1, size, is_bend: false, is_exit: *is_back });
            proper.vertices.len() - 1
        });
        let mut chain: Vec<usize> = std::iter::once(edge.from).chain(label).collect();
        if !*is_back {
            for layer in top + chain.len()..layer_of[edge.to] {
                let bend = *bends.entry((edge.to, edge.kind == EdgeKind::Catch, layer)).or_insert_with(|| {
                    let size = Size { width: BEND_WIDTH, height: 0.0 };
                    proper.vertices.push(Vertex { layer, size, is_bend: true, is_exit: false });
                    proper.vertices.len() - 1
                });
                chain.push(bend);
            }
            chain.push(edge.to);
        }
        for pair in chain.windows(2) {
            let (upper, lower) = (pair[0], pair[1]);
            if joined.insert((upper, lower)) {
                let weight = straightness(edge.kind) * stiffness(&proper.vertices[upper]) * stiffness(&proper.vertices[lower]);
                proper.segments.push((upper, lower, weight));
            }
        }
        proper.chains.push(if *is_back { Chain::Back { label } } else { Chain::Down(chain) });
    }
    let depth = proper.vertices.iter().map(|vertex| vertex.layer + 1).max().unwrap_or(0);
    proper.layers = vec![Vec::new(); depth];
    for vertex in visited_in_depth(local, &proper) {
        let layer = proper.vertices[vertex].layer;
        proper.layers[layer].push(vertex);
    }
    proper
}

/// What most goes through is drawn the straightest.
fn straightness(kind: EdgeKind) -> f64 {
    match kind {
        EdgeKind::Next => 40.0,
        EdgeKind::Choice | EdgeKind::Otherwise => 2.0,
        EdgeKind::Catch => 0.3,
    }
}

fn stiffness(vertex: &Vertex) -> f64 {
    if vertex.is_bend { 3.0 } else { 1.0 }
}

/// Which edges lead to a node that a walk from the start is still inside of.
fn back_edges(local: &Local) -> Vec<bool> {
    let leaving = leaving(local);
    let mut is_back = vec![false; local.edges.len()];
    // 0 not seen, 1 inside of, 2 done.
    let mut seen = vec![0_u8; local.sizes.len()];
    for root in local.start.into_iter().chain(0..local.sizes.len()) {
        if seen[root] != 0 {
            continue;
        }
        seen[root] = 1;
        let mut stack = vec![(root, 0)];
        while let Some((node, next)) = stack.last_mut() {
            let Some(edge) = leaving[*node].get(*next).copied() else {
                seen[*node] = 2;
                stack.pop();
                continue;
            };
            *next += 1;
            let to = local.edges[edge].to;
            match seen[to] {
                0 => {
                    seen[to] = 1;
                    stack.push((to, 0));
                }
                1 => is_back[edge] = true,
                _ => {}
            }
        }
    }
    is_back
}

fn leaving(local: &Local) -> Vec<Vec<usize>> {
    let mut leaving = vec![Vec::new(); local.sizes.len()];
    for (index, edge) in local.edges.iter().enumerate() {
        leaving[edge.from].push(index);
    }
    leaving
}

/// The longest way from above decides; an edge with a label spans two layers, as the label stands in between.
fn assign(local: &Local, is_back: &[bool]) -> Vec<usize> {
    let leaving = leaving(local);
    let mut waiting = vec![0; local.sizes.len()];
    for (edge, _) in local.edges.iter().zip(is_back).filter(|(_, is_back)| !**is_back) {
        waiting[edge.to] += 1;
    }
    let mut layer_of = vec![0; local.sizes.len()];
    let mut ready: Vec<usize> = (0..local.sizes.len()).filter(|node| waiting[*node] == 0).collect();
    while let Some(node) = ready.pop() {
        for edge in leaving[node].iter().filter(|edge| !is_back[**edge]) {
            let edge = local.edges[*edge];
            let length = if edge.label.is_some() { 2 } else { 1 };
            layer_of[edge.to] = layer_of[edge.to].max(layer_of[node] + length);
            waiting[edge.to] -= 1;
            if waiting[edge.to] == 0 {
                ready.push(edge.to);
            }
        }
    }
    if let Some(last) = local.last {
        layer_of[last] = layer_of.iter().copied().max().unwrap_or(0).max(1);
    }
    layer_of
}

/// Every vertex, in the order in which a walk from the start meets it: a good order to begin with.
fn visited_in_depth(local: &Local, proper: &Proper) -> Vec<usize> {
    let mut below = vec![Vec::new(); proper.vertices.len()];
    for (upper, lower, _) in &proper.segments {
        below[*upper].push(*lower);
    }
    let mut seen = vec![false; proper.vertices.len()];
    let mut visited = Vec::with_capacity(proper.vertices.len());
    for root in local.start.into_iter().chain(0..proper.vertices.len()) {
        let mut stack = vec![root];
        while let Some(vertex) = stack.pop() {
            if std::mem::replace(&mut seen[vertex], true) {
                continue;
            }
            visited.push(vertex);
            stack.extend(below[vertex].iter().rev().filter(|next| !seen[**next]));
        }
    }
    visited
}
