//! As SVG that needs nothing else: light or dark as the viewer is, readable without seeing it.

use std::io::{Result, Write};

use crate::document::states_language::model::{ScopeRole, StateKind};
use crate::flow::layout::{Layout, Point, Rect, Route, Size, Sizes, frame, layout};
use crate::flow::{Edge, EdgeKind, FlowGraph, Node, NodeKind};
use crate::render::clean::clean;
use crate::render::flow::measure::{text_width, wrap};
use crate::render::flow::theme;

/// Around the picture.
const MARGIN: f64 = 24.0;
const NAME_SIZE: f64 = 13.0;
/// How much wider a bold text is.
const BOLD: f64 = 1.08;
const SMALL_SIZE: f64 = 11.0;
const NAME_LINE: f64 = 17.0;
const SMALL_LINE: f64 = 15.0;
const WIDEST_TEXT: f64 = 230.0;
const WIDEST_LABEL: f64 = 190.0;
/// Left and right of a node's text.
const BESIDE_TEXT: f64 = 16.0;
const ABOVE_TEXT: f64 = 9.0;
const DOT: f64 = 18.0;
/// Of the corners of lines.
const ROUND: f64 = 7.0;

/// Draws `graph`; `title` is what the picture is of.
pub fn svg(out: &mut dyn Write, graph: &FlowGraph, title: &str) -> Result<()> {
    svg_with_badges(out, graph, title, &[])
}

/// What a node says beside what the definition says of it: how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// One more class of its group.
    pub class: &'static str,
    pub text: String,
}

/// The same with a badge for each node that has one, by its position.
pub fn svg_with_badges(out: &mut dyn Write, graph: &FlowGraph, title: &str, badges: &[Option<Badge>]) -> Result<()> {
    let badge = |index: usize| badges.get(index).and_then(Option::as_ref);
    let layout = layout(graph, &sizes(graph, badges));
    let (width, height) = (layout.size.width + 2.0 * MARGIN, layout.size.height + 2.0 * MARGIN);
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"flow\" role=\"img\" aria-labelledby=\"flow-title flow-description\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\">",
        Px(width),
        Px(height)
    )?;
    writeln!(out, "<title id=\"flow-title\">{}</title>", escape(title))?;
    writeln!(out, "<desc id=\"flow-description\">{}</desc>", escape(&description(graph)))?;
    writeln!(out, "<style>\n{}</style>", theme::style_sheet())?;
    writeln!(out, "<defs>")?;
    for class in ["next", "catch"] {
        writeln!(
            out,
            "<marker id=\"head-{class}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"head {class}\" d=\"M0 0.5L8 4L0 7.5z\"/></marker>"
        )?;
    }
    writeln!(out, "</defs>\n<rect class=\"canvas\" width=\"100%\" height=\"100%\"/>")?;
    writeln!(out, "<g transform=\"translate({0} {0})\">", Px(MARGIN))?;
    // Boxes around others first, then lines, so that no line is hidden by the box that it is in.
    let nodes = || graph.nodes.iter().zip(&layout.nodes).enumerate();
    for (index, (node, rect)) in nodes().filter(|(_, (node, _))| !node.groups.is_empty()) {
        open(out, node, badge(index))?;
        box_of_groups(out, graph, &layout, (node, badge(index)), *rect)?;
    }
    for (edge, route) in graph.edges.iter().zip(&layout.edges) {
        let (class, path) = (theme::class_of_edge(edge.kind), path(route.points.get(..route.own).unwrap_or_default()));
        // One that runs on with another has no head of its own.
        let head = if route.own == route.points.len() { format!(" marker-end=\"url(#head-{class})\"") } else { String::new() };
        writeln!(out, "<path class=\"edge {class}\" d=\"{path}\"{head}/>")?;
    }
    for (index, (node, rect)) in nodes().filter(|(_, (node, _))| node.groups.is_empty()) {
        open(out, node, badge(index))?;
        leaf(out, node, badge(index), *rect)?;
    }
    for (edge, route) in graph.edges.iter().zip(&layout.edges) {
        label(out, edge, route)?;
    }
    writeln!(out, "</g>\n</svg>")
}

/// A coordinate, as short as it is exact enough.
struct Px(f64);

impl std::fmt::Display for Px {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", (self.0 * 10.0).round() / 10.0)
    }
}

pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in clean(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// For those who can't see the picture: every state and where it leads.
fn description(graph: &FlowGraph) -> String {
    let states = graph.nodes.iter().enumerate().filter(|(_, node)| matches!(node.kind, NodeKind::State(_)));
    let mut leads: Vec<Vec<String>> = vec![Vec::new(); graph.nodes.len()];
    for edge in &graph.edges {
        let name = &graph.nodes[edge.to].name;
        leads[edge.from].push(match edge.kind {
            EdgeKind::Next => format!("to {name}"),
            EdgeKind::Choice => format!("if {} to {name}", edge.label),
            EdgeKind::Otherwise => format!("otherwise to {name}"),
            EdgeKind::Catch => format!("on {} to {name}", edge.label),
        });
    }
    let told = states.map(|(index, node)| {
        let retries = node.retries.iter().map(|retry| format!(", {retry}")).collect::<String>();
        let leads = if leads[index].is_empty() { String::new() } else { format!(": {}", leads[index].join(", ")) };
        format!("{} {}{retries}{leads}.", node.kind.name(), node.name)
    });
    told.collect::<Vec<_>>().join(" ")
}

/// The lines of a node's text.
struct Lines {
    name: Vec<String>,
    what: Vec<String>,
    retries: Vec<String>,
    badge: Vec<String>,
}

fn lines(node: &Node, badge: Option<&Badge>) -> Lines {
    let what = if node.detail.is_empty() {
        node.kind.name().to_owned()
    } else {
        format!("{} · {}", node.kind.name(), clean(&node.detail))
    };
    let small = |text: &str, most: usize| wrap(text, SMALL_SIZE, WIDEST_TEXT, most);
    Lines {
        name: wrap(&clean(&node.name), NAME_SIZE * BOLD, WIDEST_TEXT, 2),
        what: small(&what, 2),
        retries: node.retries.iter().take(4).flat_map(|retry| small(retry, 1)).collect(),
        badge: badge.map(|badge| wrap(&clean(&badge.text), SMALL_SIZE * BOLD, WIDEST_TEXT, 2)).unwrap_or_default(),
    }
}

/// Where the icon of a retry stands, its text is moved.
const ICON: f64 = 15.0;

impl Lines {
    fn size(&self) -> Size {
        let names = self.name.iter().map(|line| text_width(line, NAME_SIZE) * BOLD);
        let small = self.what.iter().map(|line| text_width(line, SMALL_SIZE));
        let small = small.chain(self.badge.iter().map(|line| text_width(line, SMALL_SIZE) * BOLD));
        let retries = self.retries.iter().map(|line| text_width(line, SMALL_SIZE) + ICON);
        let width = names.chain(small).chain(retries).fold(64.0, f64::max);
        let height =
            self.name.len() as f64 * NAME_LINE + (self.what.len() + self.retries.len() + self.badge.len()) as f64 * SMALL_LINE;
        Size { width: (width + 2.0 * BESIDE_TEXT).ceil(), height: height + 2.0 * ABOVE_TEXT }
    }
}

fn label_lines(edge: &Edge) -> Vec<String> {
    let text = clean(&edge.label);
    wrap(&if edge.kind == EdgeKind::Catch { format!("catch {text}") } else { text }, SMALL_SIZE, WIDEST_LABEL, 3)
}

pub fn sizes(graph: &FlowGraph, badges: &[Option<Badge>]) -> Sizes {
    let nodes = graph.nodes.iter().enumerate().map(|(index, node)| match node.kind {
        NodeKind::Start | NodeKind::End => Size { width: DOT, height: DOT },
        NodeKind::State(kind) => {
            let size = lines(node, badges.get(index).and_then(Option::as_ref)).size();
            // The corners of a choice are cut.
            let more = if kind == Some(StateKind::Choice) { 16.0 } else { 0.0 };
            Size { width: size.width + more, ..size }
        }
    });
    let labels = graph.edges.iter().map(|edge| {
        let lines = label_lines(edge);
        let width = lines.iter().map(|line| text_width(line, SMALL_SIZE)).fold(0.0, f64::max);
        (!lines.is_empty()).then(|| Size { width: (width + 14.0).ceil(), height: lines.len() as f64 * SMALL_LINE + 5.0 })
    });
    Sizes { nodes: nodes.collect(), labels: labels.collect() }
}

fn open(out: &mut dyn Write, node: &Node, badge: Option<&Badge>) -> Result<()> {
    let tooltip: Vec<String> =
        [node.kind.name(), &node.detail].iter().filter(|text| !text.is_empty()).map(|text| (*text).to_owned()).collect();
    let tooltip = std::iter::once(format!("{} — {}", node.name, tooltip.join(" · "))).chain(node.retries.iter().cloned());
    let tooltip = tooltip.chain(badge.map(|badge| badge.text.clone()));
    let tooltip = tooltip.map(|line| escape(&line)).collect::<Vec<_>>().join("\n");
    let class = theme::class_of_node(node.kind);
    let status = badge.map(|badge| format!(" {}", badge.class)).unwrap_or_default();
    writeln!(out, "<g class=\"node {class}{status}\" data-state=\"{}\"><title>{tooltip}</title>", escape(&node.name))
}

fn leaf(out: &mut dyn Write, node: &Node, badge: Option<&Badge>, rect: Rect) -> Result<()> {
    let (x, y, width, height) = (Px(rect.x), Px(rect.y), Px(rect.width), Px(rect.height));
    let center = rect.center();
    let kind = match node.kind {
        NodeKind::Start => {
            writeln!(out, "<circle class=\"shape\" cx=\"{}\" cy=\"{}\" r=\"7\"/></g>", Px(center.x), Px(center.y))?;
            return Ok(());
        }
        NodeKind::End => {
            let (x, y) = (Px(center.x), Px(center.y));
            writeln!(
                out,
                "<circle class=\"edge\" cx=\"{x}\" cy=\"{y}\" r=\"8\"/><circle class=\"shape\" cx=\"{x}\" cy=\"{y}\" r=\"4.5\"/></g>"
            )?;
            return Ok(());
        }
        NodeKind::State(kind) => kind,
    };
    let mut text_x = rect.x + BESIDE_TEXT;
    match kind {
        Some(StateKind::Choice) => {
            let cut = 12.0;
            let (left, right, top, bottom) = (rect.x, rect.right(), rect.y, rect.bottom());
            let corners = [
                (left + cut, top),
                (right - cut, top),
                (right, center.y),
                (right - cut, bottom),
                (left + cut, bottom),
                (left, center.y),
            ];
            let points: Vec<String> = corners.iter().map(|(x, y)| format!("{},{}", Px(*x), Px(*y))).collect();
            writeln!(out, "<polygon class=\"shape\" points=\"{}\"/>", points.join(" "))?;
            text_x += 8.0;
        }
        Some(StateKind::Succeed | StateKind::Fail) => {
            let radius = Px((rect.height / 2.0).min(16.0));
            writeln!(out, "<rect class=\"shape\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\"/>")?;
        }
        _ => {
            writeln!(out, "<rect class=\"shape\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>")?;
            accent(out, rect)?;
        }
    }
    text_of(out, node, badge, (text_x, rect.y))?;
    writeln!(out, "</g>")
}

/// A node's lines, from the corner at `x`, `y`.
fn text_of(out: &mut dyn Write, node: &Node, badge: Option<&Badge>, (x, y): (f64, f64)) -> Result<()> {
    let lines = lines(node, badge);
    let mut y = y + ABOVE_TEXT;
    for line in &lines.name {
        y += NAME_LINE;
        writeln!(out, "<text class=\"name\" x=\"{}\" y=\"{}\">{}</text>", Px(x), Px(y - 4.0), escape(line))?;
    }
    let kind = node.kind.name();
    for (index, line) in lines.what.iter().enumerate() {
        y += SMALL_LINE;
        let (x, at) = (Px(x), Px(y - 4.0));
        match line.strip_prefix(kind).filter(|_| index == 0) {
            Some(rest) => writeln!(
                out,
                "<text class=\"faint\" x=\"{x}\" y=\"{at}\"><tspan class=\"kind\">{kind}</tspan>{}</text>",
                escape(rest)
            )?,
            None => writeln!(out, "<text class=\"faint\" x=\"{x}\" y=\"{at}\">{}</text>", escape(line))?,
        }
    }
    for line in &lines.retries {
        y += SMALL_LINE;
        let (left, top) = (Px(x + 9.0), Px(y - 10.5));
        // An arrow that turns around.
        writeln!(
            out,
            "<path class=\"retry\" d=\"M{left} {top}a4 4 0 1 0 1 3.4M{left} {top}l0.6 -2.6M{left} {top}l-2.7 -0.2\"/>"
        )?;
        writeln!(out, "<text class=\"faint\" x=\"{}\" y=\"{}\">{}</text>", Px(x + ICON), Px(y - 4.0), escape(line))?;
    }
    for line in &lines.badge {
        y += SMALL_LINE;
        writeln!(out, "<text class=\"badge\" x=\"{}\" y=\"{}\">{}</text>", Px(x), Px(y - 4.0), escape(line))?;
    }
    Ok(())
}

/// The colored edge at the left of a box.
fn accent(out: &mut dyn Write, rect: Rect) -> Result<()> {
    writeln!(
        out,
        "<path class=\"accent\" d=\"M{0} {1}h-1a4 4 0 0 0 -4 4v{2}a4 4 0 0 0 4 4h1z\"/>",
        Px(rect.x + 6.0),
        Px(rect.y + 1.0),
        Px(rect.height - 10.0)
    )
}

fn box_of_groups(
    out: &mut dyn Write,
    graph: &FlowGraph,
    layout: &Layout,
    (node, badge): (&Node, Option<&Badge>),
    rect: Rect,
) -> Result<()> {
    let (x, y, width, height) = (Px(rect.x), Px(rect.y), Px(rect.width), Px(rect.height));
    writeln!(out, "<rect class=\"group\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>")?;
    accent(out, rect)?;
    text_of(out, node, badge, (rect.x + BESIDE_TEXT, rect.y))?;
    for group in &node.groups {
        let Some(found) = graph.groups.get(*group) else { continue };
        let around = frame(layout, graph, *group);
        if found.role == ScopeRole::Branch {
            let (x, y, width, height) = (Px(around.x), Px(around.y + 4.0), Px(around.width), Px(around.height - 4.0));
            writeln!(out, "<rect class=\"frame\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>")?;
        }
        if let Some(start) = found.start {
            let first = layout.nodes[start];
            let (x, top) = (Px(first.center().x), Px(around.y + 4.0));
            writeln!(out, "<path class=\"edge next\" d=\"M{x} {top}V{}\" marker-end=\"url(#head-next)\"/>", Px(first.y))?;
        }
    }
    writeln!(out, "</g>")
}

fn label(out: &mut dyn Write, edge: &Edge, route: &Route) -> Result<()> {
    let Some(rect) = route.label else { return Ok(()) };
    let class = theme::class_of_edge(edge.kind);
    let (x, y, width, height) = (Px(rect.x), Px(rect.y), Px(rect.width), Px(rect.height));
    writeln!(out, "<g><title>{}</title>", escape(&edge.label))?;
    writeln!(out, "<rect class=\"plate {class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>")?;
    for (index, line) in label_lines(edge).iter().enumerate() {
        let y = rect.y + (index + 1) as f64 * SMALL_LINE - 1.0;
        writeln!(
            out,
            "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            Px(rect.center().x),
            Px(y),
            escape(line)
        )?;
    }
    writeln!(out, "</g>")
}

/// Straight where two points share a coordinate, with round corners; a curve where they do not.
fn path(points: &[Point]) -> String {
    let Some(first) = points.first() else { return String::new() };
    let mut path = format!("M{} {}", Px(first.x), Px(first.y));
    let mut here = *first;
    for (index, next) in points.iter().enumerate().skip(1) {
        let is_straight = |one: &Point, other: &Point| one.x == other.x || one.y == other.y;
        if !is_straight(&here, next) {
            let middle = Px((here.y + next.y) / 2.0);
            path.push_str(&format!("C{0} {1} {2} {1} {2} {3}", Px(here.x), middle, Px(next.x), Px(next.y)));
            here = *next;
            continue;
        }
        let corner = points.get(index + 1).filter(|after| {
            is_straight(next, after) && next.x != after.x && here.x == next.x
                || is_straight(next, after) && next.y != after.y && here.y == next.y
        });
        let Some(after) = corner else {
            path.push_str(&format!("L{} {}", Px(next.x), Px(next.y)));
            here = *next;
            continue;
        };
        let length = |one: &Point, other: &Point| (one.x - other.x).abs() + (one.y - other.y).abs();
        let radius = ROUND.min(length(&here, next) / 2.0).min(length(next, after) / 2.0);
        let towards = |from: &Point, to: &Point| Point {
            x: from.x + (to.x - from.x).clamp(-radius, radius),
            y: from.y + (to.y - from.y).clamp(-radius, radius),
        };
        let (enter, leave) = (towards(next, &here), towards(next, after));
        path.push_str(&format!("L{} {}Q{} {} {} {}", Px(enter.x), Px(enter.y), Px(next.x), Px(next.y), Px(leave.x), Px(leave.y)));
        here = leave;
    }
    path
}
