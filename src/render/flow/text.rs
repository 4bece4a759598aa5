//! As text, from top to bottom: boxes for states, the branches of a choice indented, those of a `Parallel` side by
//! side where there is room. What is drawn elsewhere is pointed at: `▶ NAME ↓` is further down, `↑` further up.

use std::io::{Result, Write};

use crate::document::states_language::model::{ScopeRole, StateKind};
use crate::flow::{Edge, EdgeKind, FlowGraph, Node, NodeKind};
use crate::render::clean::{beginning, clean, width};
use crate::render::style::{Ink, Style};

/// A branch that has less room than that is drawn further down, by itself.
const NARROWEST: usize = 34;
/// How far the branch of a choice is moved.
const INDENT: usize = 2;

pub fn text(out: &mut dyn Write, graph: &FlowGraph, style: Style) -> Result<()> {
    for line in marked(graph, style, &|_| None) {
        writeln!(out, "{}", line.text.trim_end())?;
    }
    Ok(())
}

/// The same, line by line, with a mark on the nodes for which there is one.
pub(crate) fn marked(graph: &FlowGraph, style: Style, mark_of: &dyn Fn(usize) -> Option<Mark>) -> Vec<Line> {
    Drawing::new(graph, style, mark_of).group(0, style.width)
}

/// How a node stands: a sign before its name, a line below it.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub sign: &'static str,
    pub text: String,
    /// The line takes that many columns, so that a box does not change its size with what is in it.
    pub width: usize,
    pub ink: Ink,
}

/// A line and how wide it is: colours have no width.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub text: String,
    pub width: usize,
}

/// What is still to be drawn, and by which kind of edge it was pointed at.
type Later = Vec<(usize, EdgeKind)>;

struct Drawing<'a> {
    graph: &'a FlowGraph,
    style: Style,
    /// By edges that do not lead back to what was drawn.
    entering: Vec<Vec<usize>>,
    leaving: Vec<Vec<&'a Edge>>,
    is_drawn: Vec<bool>,
    mark_of: &'a dyn Fn(usize) -> Option<Mark>,
}

impl<'a> Drawing<'a> {
    fn new(graph: &'a FlowGraph, style: Style, mark_of: &'a dyn Fn(usize) -> Option<Mark>) -> Self {
        let mut entering = vec![Vec::new(); graph.nodes.len()];
        let mut leaving = vec![Vec::new(); graph.nodes.len()];
        for edge in &graph.edges {
            entering[edge.to].push(edge.from);
            leaving[edge.from].push(edge);
        }
        Self { graph, style, entering, leaving, is_drawn: vec![false; graph.nodes.len()], mark_of }
    }

    fn line(&self, ink: Ink, text: &str) -> Line {
        Line { text: self.style.paint(ink, text), width: width(text) }
    }

    /// Everything in a group: what its start leads to, then what only errors lead to or had no room.
    fn group(&mut self, group: usize, room: usize) -> Vec<Line> {
        let Some(found) = self.graph.groups.get(group) else { return Vec::new() };
        let mut lines = Vec::new();
        let mut later = Later::new();
        let mut roots: Vec<usize> = found.start.into_iter().chain(found.nodes.iter().copied()).rev().collect();
        loop {
            // What was pointed at comes first, in the order in which it was.
            let pointed_at = if later.is_empty() { None } else { Some(later.remove(0).0) };
            let Some(root) = pointed_at.or_else(|| roots.pop()) else { return lines };
            if self.is_drawn[root] || self.graph.nodes[root].kind == NodeKind::End {
                continue;
            }
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.append(&mut self.sequence(root, room, 0, &mut later));
        }
    }

    /// The states from `node` on. What is to be drawn after it is added to `later`.
    fn sequence(&mut self, node: usize, room: usize, depth: usize, later: &mut Later) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut here = Some(node);
        while let Some(node) = here {
            self.is_drawn[node] = true;
            let is_led_to = !lines.is_empty() || depth > 0;
            lines.append(&mut self.node(node, room, is_led_to));
            let branches: Vec<&Edge> = self.leaving[node]
                .iter()
                .copied()
                .filter(|edge| matches!(edge.kind, EdgeKind::Choice | EdgeKind::Otherwise))
                .collect();
            let next = self.leaving[node].iter().copied().find(|edge| edge.kind == EdgeKind::Next).map(|edge| edge.to);
            let catches: Vec<&Edge> = self.leaving[node].iter().copied().filter(|edge| edge.kind == EdgeKind::Catch).collect();
            for (index, catch) in catches.iter().enumerate() {
                let is_last = index + 1 == catches.len() && next.is_none();
                lines.push(self.pointer(
                    if is_last { "  ╰╌ " } else { "  ├╌ " },
                    &format!("catch {}", clean(&catch.label)),
                    " ╌▶ ",
                    catch.to,
                    room,
                ));
                later.push((catch.to, EdgeKind::Catch));
            }
            if branches.is_empty() {
                here = self.follow(next, depth, room, &mut lines, later);
                continue;
            }
            let mut joined = Later::new();
            let mut drawn = self.branches(&branches, room, depth, &mut joined);
            let onwards = joined.iter().filter(|(_, kind)| *kind != EdgeKind::Catch).map(|(to, _)| *to);
            here = onwards.into_iter().find(|to| !self.is_drawn[*to] && self.is_next(*to, depth));
            if here.is_none() {
                close(&mut drawn);
            }
            let last = drawn.len().saturating_sub(1);
            for (index, (_, rest)) in drawn.iter_mut().enumerate() {
                let rail = if index == last && here.is_none() { "   ".to_owned() } else { self.style.paint(Ink::Dim, "  │") };
                rest.iter_mut().for_each(|line| *line = Line { text: format!("{rail}{}", line.text), width: line.width + 3 });
            }
            if here.is_some() {
                drawn.push((self.line(Ink::Dim, "  │"), Vec::new()));
            }
            lines.extend(drawn.into_iter().flat_map(|(head, rest)| std::iter::once(head).chain(rest)));
            later.extend(joined.into_iter().filter(|(to, _)| Some(*to) != here));
        }
        lines
    }

    /// Whether the line may go on with `node`: all that leads to it is drawn.
    fn is_next(&self, node: usize, depth: usize) -> bool {
        let is_ready = self.entering[node].iter().all(|from| self.is_drawn[*from]);
        self.graph.nodes[node].kind != NodeKind::End && (is_ready || depth == 0)
    }

    /// Where to go on after a state with one way out.
    fn follow(&self, next: Option<usize>, depth: usize, room: usize, lines: &mut Vec<Line>, later: &mut Later) -> Option<usize> {
        let to = next?;
        if self.graph.nodes[to].kind == NodeKind::End && depth == 0 && self.graph.nodes[to].group == 0 {
            lines.push(self.line(Ink::Dim, "  │"));
            lines.push(self.line(Ink::Dim, "  ◉ end"));
            return None;
        }
        let is_shared = self.entering[to].iter().any(|from| !self.is_drawn[*from]);
        if self.is_drawn[to]
            || self.graph.nodes[to].kind == NodeKind::End
            || (depth > 0 && is_shared)
            || (depth > 0 && self.entering[to].len() > 1)
        {
            lines.push(self.pointer("  ╰", "", "─▶ ", to, room));
            later.push((to, EdgeKind::Next));
            return None;
        }
        lines.push(self.line(Ink::Dim, "  │"));
        Some(to)
    }

    /// The branches of a choice: the line that names each, and what is drawn of it.
    fn branches(&mut self, branches: &[&Edge], room: usize, depth: usize, joined: &mut Later) -> Vec<(Line, Vec<Line>)> {
        let mut drawn = Vec::new();
        for edge in branches {
            let (to, label) = (edge.to, clean(&edge.label));
            let is_alone = !self.is_drawn[to] && self.entering[to].len() == 1 && self.graph.nodes[to].kind != NodeKind::End;
            if !is_alone || room < NARROWEST + INDENT + 2 {
                drawn.push((self.pointer("  ├─ ", &label, " ─▶ ", to, room), Vec::new()));
                joined.push((to, EdgeKind::Choice));
                continue;
            }
            let head = self.label("  ├─ ", &label, room);
            let rest = self.sequence(to, room - INDENT - 2, depth + 1, joined);
            let mut lines = vec![self.line(Ink::Dim, "  │")];
            lines.extend(rest);
            drawn.push((head, lines.iter().map(|line| beside(" ", line)).collect()));
        }
        drawn
    }

    fn label(&self, lead: &str, text: &str, room: usize) -> Line {
        let text = shortened(text, room.saturating_sub(width(lead)).max(8));
        Line { text: format!("{}{text}", self.style.paint(Ink::Dim, lead)), width: width(lead) + width(&text) }
    }

    /// A line that leads to a state which stands elsewhere.
    fn pointer(&self, lead: &str, label: &str, arrow: &str, to: usize, room: usize) -> Line {
        let node = &self.graph.nodes[to];
        let (name, mark) = match node.kind {
            NodeKind::End => ("◉ end".to_owned(), ""),
            _ => (clean(&node.name), if self.is_drawn[to] { " ↑" } else { " ↓" }),
        };
        let left = room.saturating_sub(width(lead) + width(arrow) + 2);
        let name = shortened(&name, (left / 2).max(12).max(left.saturating_sub(width(label))));
        let label = shortened(label, left.saturating_sub(width(&name)).max(8));
        let paint = |ink, text: &str| self.style.paint(ink, text);
        Line {
            text: format!(
                "{}{label}{}{}{}",
                paint(Ink::Dim, lead),
                paint(Ink::Dim, arrow),
                paint(Ink::Bold, &name),
                paint(Ink::Dim, mark)
            ),
            width: width(lead) + width(&label) + width(arrow) + width(&name) + width(mark),
        }
    }

    /// One state; `is_led_to` by the line above it.
    fn node(&mut self, index: usize, room: usize, is_led_to: bool) -> Vec<Line> {
        let graph = self.graph;
        let node = &graph.nodes[index];
        if node.kind == NodeKind::Start {
            return vec![self.line(Ink::Dim, "  ● start")];
        }
        let mut content: Vec<Line> = Vec::new();
        let inner = room.saturating_sub(4).max(12);
        let mark = (self.mark_of)(index);
        content.push(self.title(node, mark.as_ref(), inner));
        content.push(self.what(node, inner));
        content.extend(node.retries.iter().map(|retry| self.line(Ink::Dim, &shortened(&format!("↻ {retry}"), inner))));
        if !node.groups.is_empty() {
            content.append(&mut self.within(node, inner));
        }
        if let Some(mark) = &mark {
            let text = shortened(&mark.text, mark.width.min(inner));
            let wide = mark.width.min(inner).max(width(&text));
            content.insert(2, Line { text: self.style.paint(mark.ink, &format!("{text:wide$}")), width: wide });
        }
        let is_ending = self.leaving[index].is_empty();
        self.boxed(&content, is_led_to, is_ending)
    }

    fn title(&self, node: &Node, mark: Option<&Mark>, inner: usize) -> Line {
        let Some(mark) = mark else { return self.line(Ink::Bold, &shortened(&clean(&node.name), inner)) };
        let name = shortened(&clean(&node.name), inner.saturating_sub(2).max(8));
        let sign = self.style.paint(mark.ink, mark.sign);
        Line { text: format!("{sign} {}", self.style.paint(Ink::Bold, &name)), width: width(&name) + 2 }
    }

    fn what(&self, node: &Node, inner: usize) -> Line {
        let kind = node.kind.name();
        let ink = match node.kind {
            NodeKind::State(Some(StateKind::Fail)) => Ink::Removed,
            NodeKind::State(Some(StateKind::Succeed)) => Ink::Added,
            NodeKind::State(Some(StateKind::Choice)) => Ink::Changed,
            _ => Ink::Imported,
        };
        if node.detail.is_empty() {
            return self.line(ink, kind);
        }
        let rest = shortened(&format!(" · {}", clean(&node.detail)), inner.saturating_sub(width(kind)));
        Line {
            text: format!("{}{}", self.style.paint(ink, kind), self.style.paint(Ink::Dim, &rest)),
            width: width(kind) + width(&rest),
        }
    }

    /// The groups of a node: side by side if there is room, else below each other.
    fn within(&mut self, node: &Node, room: usize) -> Vec<Line> {
        let graph = self.graph;
        let is_branch = |group: usize| graph.groups.get(group).is_some_and(|group| group.role == ScopeRole::Branch);
        let drawn: Vec<Vec<Line>> = node.groups.iter().map(|group| self.group(*group, room)).collect();
        let widths: Vec<usize> = drawn.iter().map(|lines| lines.iter().map(|line| line.width).max().unwrap_or(0)).collect();
        let beside_each_other = widths.iter().sum::<usize>() + 3 * widths.len().saturating_sub(1);
        let mut lines = vec![Line::default()];
        if beside_each_other <= room {
            let height = drawn.iter().map(Vec::len).max().unwrap_or(0);
            for row in 0..height {
                let mut line = Line::default();
                for (column, (branch, wide)) in drawn.iter().zip(&widths).enumerate() {
                    let part = branch.get(row).cloned().unwrap_or_default();
                    let gap = if column + 1 < drawn.len() { 3 } else { 0 };
                    line.text.push_str(&part.text);
                    line.text.push_str(&" ".repeat(wide.saturating_sub(part.width) + gap));
                    line.width += (*wide).max(part.width) + gap;
                }
                lines.push(line);
            }
            return lines;
        }
        for (number, (branch, group)) in drawn.into_iter().zip(&node.groups).enumerate() {
            if is_branch(*group) {
                if number > 0 {
                    lines.push(Line::default());
                }
                lines.push(self.line(Ink::Dim, &format!("branch {}", number + 1)));
            }
            lines.extend(branch);
        }
        lines
    }

    fn boxed(&self, content: &[Line], is_led_to: bool, is_ending: bool) -> Vec<Line> {
        let wide = content.iter().map(|line| line.width).max().unwrap_or(0).max(6);
        let border =
            |left: &str, knot: &str, right: &str| self.line(Ink::Dim, &format!("{left}─{knot}{}{right}", "─".repeat(wide)));
        let mut lines = vec![border("╭", if is_led_to { "┴" } else { "─" }, "╮")];
        for line in content {
            let side = self.style.paint(Ink::Dim, "│");
            let padding = " ".repeat(wide - line.width);
            lines.push(Line { text: format!("{side} {}{padding} {side}", line.text), width: wide + 4 });
        }
        lines.push(border("╰", if is_ending { "─" } else { "┬" }, "╯"));
        lines
    }
}

fn beside(rail: &str, line: &Line) -> Line {
    Line { text: format!("{rail}{}", line.text), width: width(rail) + line.width }
}

/// The last branch of a choice that nothing follows.
fn close(drawn: &mut [(Line, Vec<Line>)]) {
    if let Some((head, _)) = drawn.last_mut() {
        head.text = head.text.replacen('├', "╰", 1);
    }
}

/// `text` in at most that many columns.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    format!("{}…", beginning(text, most.saturating_sub(1)))
}
