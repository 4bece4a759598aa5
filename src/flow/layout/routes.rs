//! Layers and middles → boxes and the points of each edge.

use std::collections::{BTreeMap, BTreeSet};

use crate::flow::layout::layers::{Chain, Proper};
use crate::flow::layout::{Arranged, Local, Point, Rect, Route, Size};

/// Between two layers.
const GAP: f64 = 40.0;
/// The same where one of them holds only labels and lines.
const GAP_BESIDE_LABELS: f64 = 25.0;
/// Between the outermost box and the first line at the side, and between such lines.
const RAIL: f64 = 14.0;

/// Where a layer begins and ends.
#[derive(Clone, Copy, Debug)]
struct Band {
    top: f64,
    bottom: f64,
}

pub fn routes(local: &Local, proper: &Proper, x: &[f64]) -> Arranged {
    let bands = bands(local, proper);
    let rects: Vec<Rect> = proper
        .vertices
        .iter()
        .zip(x)
        .map(|(vertex, x)| {
            let band = bands[vertex.layer];
            let y = (band.top + band.bottom - vertex.size.height) / 2.0;
            Rect { x: x - vertex.size.width / 2.0, y, width: vertex.size.width, height: vertex.size.height }
        })
        .collect();
    let mut size =
        Size { width: rects.iter().map(Rect::right).fold(0.0, f64::max), height: bands.last().map_or(0.0, |band| band.bottom) };
    let rails = rails(local, proper, &rects, &mut size);
    let mut edges = Vec::with_capacity(local.edges.len());
    let mut joined = BTreeSet::new();
    for (edge, chain) in local.edges.iter().zip(&proper.chains) {
        let route = match chain {
            Chain::Down(chain) => down(local, proper, chain, (&rects, &bands), edge.label.is_some(), &mut joined),
            Chain::Back { label } => {
                let rail = rails.get(&edge.to).copied().unwrap_or(size.width);
                let route = back(proper, (edge.from, *label, edge.to), rail, &rects, &bands);
                let lowest = route.points.iter().map(|point| point.y).fold(size.height, f64::max);
                size.height = lowest;
                route
            }
        };
        edges.push(route);
    }
    Arranged { size, nodes: rects.into_iter().take(local.sizes.len()).collect(), edges }
}

fn bands(local: &Local, proper: &Proper) -> Vec<Band> {
    let has_nodes = |layer: &Vec<usize>| layer.iter().any(|vertex| *vertex < local.sizes.len());
    let mut bands: Vec<Band> = Vec::with_capacity(proper.layers.len());
    let mut y = 0.0;
    for (index, layer) in proper.layers.iter().enumerate() {
        if let Some(above) = index.checked_sub(1).and_then(|above| proper.layers.get(above)) {
            y += if has_nodes(layer) && has_nodes(above) { GAP } else { GAP_BESIDE_LABELS };
        }
        let height = layer.iter().map(|vertex| proper.vertices[*vertex].size.height).fold(0.0, f64::max);
        bands.push(Band { top: y, bottom: y + height });
        y += height;
    }
    bands
}

/// For each node that is led back to: where the line to it goes up. Ways back to one node share it.
fn rails(local: &Local, proper: &Proper, rects: &[Rect], size: &mut Size) -> BTreeMap<usize, f64> {
    let mut spans: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for (edge, chain) in local.edges.iter().zip(&proper.chains) {
        if let Chain::Back { label } = chain {
            let (top, bottom) = (proper.vertices[edge.to].layer, proper.vertices[label.unwrap_or(edge.from)].layer);
            let span = spans.entry(edge.to).or_insert((top, bottom));
            *span = (span.0.min(top), span.1.max(bottom));
        }
    }
    let mut by_length: Vec<(usize, (usize, usize))> = spans.into_iter().collect();
    by_length.sort_by_key(|(target, (top, bottom))| (bottom.abs_diff(*top), *target));
    let mut taken: Vec<(usize, usize, f64)> = Vec::new();
    let mut rails = BTreeMap::new();
    for (target, (top, bottom)) in by_length {
        let layers = proper.layers.iter().take(bottom + 1).skip(top);
        let outermost = layers.filter_map(|layer| layer.last()).map(|vertex| rects[*vertex].right()).fold(0.0, f64::max);
        let beside = taken.iter().filter(|(other_top, other_bottom, _)| *other_top <= bottom && top <= *other_bottom);
        let x = beside.map(|(_, _, x)| *x).fold(outermost, f64::max) + RAIL;
        taken.push((top, bottom, x));
        rails.insert(target, x);
        size.width = size.width.max(x + 2.0);
    }
    rails
}

/// `joined` are the lower ends of what was drawn already, behind a bend.
fn down(
    local: &Local,
    proper: &Proper,
    chain: &[usize],
    (rects, bands): (&[Rect], &[Band]),
    has_label: bool,
    joined: &mut BTreeSet<usize>,
) -> Route {
    let mut points = Vec::with_capacity(chain.len() * 2);
    let mut own = None;
    for (index, vertex) in chain.iter().enumerate() {
        let (rect, band) = (rects[*vertex], bands[proper.vertices[*vertex].layer]);
        let x = rect.center().x;
        let is_node = *vertex < local.sizes.len();
        if index > 0 {
            push(&mut points, x, band.top);
            if proper.vertices[*vertex].is_bend && !joined.insert(*vertex) {
                own.get_or_insert(points.len());
            }
            push(&mut points, x, if is_node { rect.y } else { band.bottom });
        }
        if index + 1 < chain.len() {
            push(&mut points, x, if is_node { rect.bottom() } else { band.bottom });
            push(&mut points, x, band.bottom);
        }
    }
    let label = chain.get(1).filter(|_| has_label).map(|vertex| rects[*vertex]);
    Route { own: own.unwrap_or(points.len()), points, label }
}

fn back(proper: &Proper, (from, label, to): (usize, Option<usize>, usize), rail: f64, rects: &[Rect], bands: &[Band]) -> Route {
    let is_outermost = |vertex: usize| proper.layers[proper.vertices[vertex].layer].last() == Some(&vertex);
    let (source, target) = (rects[from], rects[to]);
    let mut points = Vec::new();
    // Lines to one node lie upon each other; those to others do not.
    let apart = (rail / RAIL % 3.0).floor() * 3.0;
    if label.is_none() && is_outermost(from) && from != to {
        push(&mut points, source.right(), source.center().y);
        push(&mut points, rail, source.center().y);
    } else {
        let band = bands[proper.vertices[from].layer];
        push(&mut points, source.center().x, source.bottom());
        push(&mut points, source.center().x, band.bottom);
        let (x, bottom) = match label {
            Some(label) => {
                let (rect, band) = (rects[label], bands[proper.vertices[label].layer]);
                push(&mut points, rect.center().x, band.top);
                push(&mut points, rect.center().x, band.bottom);
                (rect.center().x, band.bottom)
            }
            None => (source.center().x, band.bottom),
        };
        push(&mut points, x, bottom + 8.0 + apart);
        push(&mut points, rail, bottom + 8.0 + apart);
    }
    if is_outermost(to) {
        push(&mut points, rail, target.center().y);
        push(&mut points, target.right(), target.center().y);
    } else {
        let (top, x) = (bands[proper.vertices[to].layer].top, target.center().x + (target.width / 4.0).min(30.0));
        push(&mut points, rail, top - 9.0 - apart);
        push(&mut points, x, top - 9.0 - apart);
        push(&mut points, x, target.y);
    }
    Route { own: points.len(), points, label: label.map(|label| rects[label]) }
}

/// The next point, unless the line is there already.
fn push(points: &mut Vec<Point>, x: f64, y: f64) {
    if points.last() != Some(&Point { x, y }) {
        points.push(Point { x, y });
    }
}
