//! As a Mermaid flow chart.

use std::io::{Result, Write};

use crate::document::states_language::model::{ScopeRole, StateKind};
use crate::flow::{Edge, EdgeKind, FlowGraph, Node, NodeKind};
use crate::render::graph::mermaid_text;

pub fn mermaid(out: &mut dyn Write, graph: &FlowGraph) -> Result<()> {
    writeln!(out, "flowchart TD")?;
    // Groups within groups are walked with a list: what is still to be written, and what closes it.
    enum Part {
        Group(usize, usize),
        Node(usize, usize),
        Branch(usize, usize, usize),
        End(usize),
    }
    let mut parts = vec![Part::Group(0, 1)];
    while let Some(part) = parts.pop() {
        match part {
            Part::Group(group, depth) => {
                let nodes = graph.groups.get(group).map(|group| group.nodes.as_slice()).unwrap_or_default();
                parts.extend(nodes.iter().rev().map(|node| Part::Node(*node, depth)));
            }
            Part::Node(index, depth) => {
                let Some(node) = graph.nodes.get(index) else { continue };
                let indent = "    ".repeat(depth);
                if node.groups.is_empty() {
                    let (open, close) = shape(node);
                    writeln!(out, "{indent}n{index}{open}{}{close}", label(node))?;
                    continue;
                }
                writeln!(out, "{indent}subgraph n{index} [{}]", label(node))?;
                parts.push(Part::End(depth));
                for (position, group) in node.groups.iter().enumerate().rev() {
                    let is_branch = graph.groups.get(*group).is_some_and(|found| found.role == ScopeRole::Branch);
                    if is_branch {
                        parts.push(Part::End(depth + 1));
                        parts.push(Part::Group(*group, depth + 2));
                        parts.push(Part::Branch(*group, position + 1, depth + 1));
                    } else {
                        parts.push(Part::Group(*group, depth + 1));
                    }
                }
            }
            Part::Branch(group, number, depth) => {
                writeln!(out, "{}subgraph g{group} [\"branch {number}\"]", "    ".repeat(depth))?;
            }
            Part::End(depth) => writeln!(out, "{}end", "    ".repeat(depth))?,
        }
    }
    for edge in &graph.edges {
        writeln!(out, "    n{} {} n{}", edge.from, arrow(edge), edge.to)?;
    }
    Ok(())
}

/// What stands around a node's text.
fn shape(node: &Node) -> (&'static str, &'static str) {
    match node.kind {
        NodeKind::Start | NodeKind::End => ("((", "))"),
        NodeKind::State(Some(StateKind::Choice)) => ("{{", "}}"),
        NodeKind::State(Some(StateKind::Succeed | StateKind::Fail)) => ("([", "])"),
        NodeKind::State(Some(StateKind::Wait)) => ("[/", "/]"),
        NodeKind::State(_) => ("[", "]"),
    }
}

/// In quotes.
fn label(node: &Node) -> String {
    let text = mermaid_text(&node.name);
    if !matches!(node.kind, NodeKind::State(_)) {
        return format!("\"{text}\"");
    }
    let mut lines = vec![format!("<b>{text}</b>"), node.kind.name().to_owned()];
    if !node.detail.is_empty() {
        lines[1] = format!("{} · {}", lines[1], mermaid_text(&node.detail));
    }
    lines.extend(node.retries.iter().map(|retry| format!("<i>{}</i>", mermaid_text(retry))));
    format!("\"{}\"", lines.join("<br/>"))
}

fn arrow(edge: &Edge) -> String {
    let label = mermaid_text(&edge.label);
    match edge.kind {
        EdgeKind::Next => "-->".to_owned(),
        EdgeKind::Choice | EdgeKind::Otherwise => format!("-->|\"{label}\"|"),
        EdgeKind::Catch => format!("-.->|\"catch {label}\"|"),
    }
}
