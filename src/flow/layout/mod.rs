//! Where each part of a flow stands: layers from top to bottom, as Sugiyama draws.
//!
//! | file | step |
//! |---|---|
//! | `layers.rs` | which edges lead back, which layer each node is in, bends and labels as vertices of their own |
//! | `order.rs` | the order within each layer, with few crossings |
//! | `coordinates.rs` | x of each vertex: near its neighbours, apart from those beside it |
//! | `routes.rs` | the points of each edge |
//!
//! A group is laid out before the one around it, for which it is a box like any other. A label is a vertex with
//! a size, and so nothing ever lies on it. Edges with one target run together, once their labels are passed.

mod coordinates;
mod layers;
mod order;
mod routes;

use crate::flow::{EdgeKind, FlowGraph, NodeKind};

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    pub width: f64,
    pub height: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    pub fn center(&self) -> Point {
        Point { x: self.x + self.width / 2.0, y: self.y + self.height / 2.0 }
    }

    fn shift(&mut self, by: Point) {
        self.x += by.x;
        self.y += by.y;
    }
}

/// How large everything is, by the positions of the graph.
#[derive(Clone, Debug, Default)]
pub struct Sizes {
    /// Of a node that holds groups: of its heading.
    pub nodes: Vec<Size>,
    /// Of each edge's label.
    pub labels: Vec<Option<Size>>,
}

/// A picture, by the positions of the graph.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub size: Size,
    pub nodes: Vec<Rect>,
    /// The machine's own is the whole picture.
    pub groups: Vec<Rect>,
    pub edges: Vec<Route>,
}

/// The way of an edge. Two points that share neither x nor y are joined by a curve that leaves and arrives vertically.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    pub points: Vec<Point>,
    /// How many of them are its own: from the last of these on it runs with another edge to the same node.
    pub own: usize,
    pub label: Option<Rect>,
}

/// Between the border of a node and the groups in it, and between these.
const PADDING: f64 = 14.0;
/// Above the first layer of a group within a node, where the arrow into it is drawn.
pub const ENTRY: f64 = 22.0;

/// One group by itself, its nodes and edges numbered anew.
#[derive(Debug, Default)]
struct Local {
    sizes: Vec<Size>,
    edges: Vec<LocalEdge>,
    start: Option<usize>,
    /// The node that stands below all others.
    last: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
struct LocalEdge {
    from: usize,
    to: usize,
    label: Option<Size>,
    kind: EdgeKind,
}

/// A group, laid out with its corner at 0, 0.
#[derive(Debug, Default)]
struct Arranged {
    size: Size,
    nodes: Vec<Rect>,
    edges: Vec<Route>,
}

/// Lays `graph` out.
pub fn layout(graph: &FlowGraph, sizes: &Sizes) -> Layout {
    let mut laid_out = Layout {
        nodes: vec![Rect::default(); graph.nodes.len()],
        groups: vec![Rect::default(); graph.groups.len()],
        edges: vec![Route::default(); graph.edges.len()],
        ..Layout::default()
    };
    let mut edges_of: Vec<Vec<usize>> = vec![Vec::new(); graph.groups.len()];
    for (index, edge) in graph.edges.iter().enumerate() {
        edges_of[graph.nodes[edge.from].group].push(index);
    }
    let mut full: Vec<Size> = sizes.nodes.clone();
    // Inner ones first. They stay where their own corner is 0, 0 until the one around them has its place.
    for (index, group) in graph.groups.iter().enumerate().rev() {
        let arranged = arrange_group(graph, index, &edges_of[index], &full, sizes);
        for (node, rect) in group.nodes.iter().zip(arranged.nodes) {
            laid_out.nodes[*node] = rect;
        }
        for (edge, route) in edges_of[index].iter().zip(arranged.edges) {
            laid_out.edges[*edge] = route;
        }
        let size = arranged.size;
        laid_out.groups[index] = Rect { x: 0.0, y: 0.0, width: size.width, height: size.height };
        if let Some(owner) = group.owner {
            let is_last = graph.nodes[owner].groups.first() == Some(&index);
            if is_last {
                full[owner] = box_around(graph, owner, &laid_out, sizes.nodes[owner]);
            }
        }
    }
    for (index, group) in graph.groups.iter().enumerate() {
        let corner = Point { x: laid_out.groups[index].x, y: laid_out.groups[index].y };
        for node in &group.nodes {
            laid_out.nodes[*node].shift(corner);
            place_groups(graph, *node, &mut laid_out, sizes.nodes[*node]);
        }
        for edge in &edges_of[index] {
            let route = &mut laid_out.edges[*edge];
            route.points.iter_mut().for_each(|point| {
                point.x += corner.x;
                point.y += corner.y;
            });
            route.label.iter_mut().for_each(|label| label.shift(corner));
        }
    }
    laid_out.size = laid_out.groups.first().map(|all| Size { width: all.width, height: all.height }).unwrap_or_default();
    laid_out
}

fn arrange_group(graph: &FlowGraph, index: usize, edges: &[usize], full: &[Size], sizes: &Sizes) -> Arranged {
    let group = &graph.groups[index];
    // The nodes of a group follow each other, but for the dots: so their numbers are found by search.
    let number = |node: usize| group.nodes.binary_search(&node).unwrap_or_default();
    let local = Local {
        sizes: group.nodes.iter().map(|node| full[*node]).collect(),
        edges: edges
            .iter()
            .map(|edge| {
                let (label, edge) = (sizes.labels[*edge], &graph.edges[*edge]);
                LocalEdge { from: number(edge.from), to: number(edge.to), label, kind: edge.kind }
            })
            .collect(),
        start: group.start.map(number),
        last: group.nodes.iter().position(|node| graph.nodes[*node].kind == NodeKind::End),
    };
    arrange(&local)
}

fn arrange(local: &Local) -> Arranged {
    let mut proper = layers::layers(local);
    order::order(&mut proper);
    let x = coordinates::coordinates(&proper);
    routes::routes(local, &proper, &x)
}

/// The size of a node with its groups side by side in it.
fn box_around(graph: &FlowGraph, node: usize, laid_out: &Layout, heading: Size) -> Size {
    let inner = graph.nodes[node].groups.iter().map(|group| laid_out.groups[*group]);
    let (width, height) = inner.fold((PADDING, 0.0_f64), |(width, height), group| {
        (width + group.width.max(40.0) + 2.0 * PADDING + PADDING, height.max(group.height))
    });
    Size { width: width.max(heading.width), height: heading.height + ENTRY + height + 2.0 * PADDING }
}

/// Gives the groups within `node` their places; the node has its own.
fn place_groups(graph: &FlowGraph, node: usize, laid_out: &mut Layout, heading: Size) {
    let around = laid_out.nodes[node];
    let groups = &graph.nodes[node].groups;
    let needed: f64 =
        groups.iter().map(|group| laid_out.groups[*group].width.max(40.0) + 2.0 * PADDING + PADDING).sum::<f64>() + PADDING;
    let mut x = around.x + PADDING + (around.width - needed).max(0.0) / 2.0;
    for group in groups {
        let rect = &mut laid_out.groups[*group];
        rect.x = x + PADDING + (40.0 - rect.width).max(0.0) / 2.0;
        rect.y = around.y + heading.height + ENTRY;
        x += rect.width.max(40.0) + 2.0 * PADDING + PADDING;
    }
}

/// The frame that is drawn around a group within a node.
pub fn frame(laid_out: &Layout, graph: &FlowGraph, group: usize) -> Rect {
    let rect = laid_out.groups[group];
    let bottom = graph.groups[group].owner.map_or(rect.bottom(), |owner| laid_out.nodes[owner].bottom() - PADDING);
    let width = rect.width.max(40.0) + 2.0 * PADDING;
    let x = rect.x - PADDING - (40.0 - rect.width).max(0.0) / 2.0;
    Rect { x, y: rect.y - ENTRY, width, height: bottom - rect.y + ENTRY }
}
