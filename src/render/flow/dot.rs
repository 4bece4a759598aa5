//! As a DOT digraph.

use std::io::{Result, Write};

use crate::document::states_language::model::StateKind;
use crate::flow::{EdgeKind, FlowGraph, Node, NodeKind};
use crate::render::graph::dot_text;

pub fn dot(out: &mut dyn Write, graph: &FlowGraph) -> Result<()> {
    writeln!(out, "digraph flow {{")?;
    writeln!(out, "    compound = true;")?;
    writeln!(out, "    node [shape = box, style = rounded, fontname = \"sans-serif\"];")?;
    writeln!(out, "    edge [fontname = \"sans-serif\", fontsize = 10];")?;
    enum Part {
        Group(usize, usize),
        Close(usize),
    }
    let mut parts = vec![Part::Group(0, 1)];
    while let Some(part) = parts.pop() {
        let (group, depth) = match part {
            Part::Close(depth) => {
                writeln!(out, "{}}}", "    ".repeat(depth))?;
                continue;
            }
            Part::Group(group, depth) => (group, depth),
        };
        let indent = "    ".repeat(depth);
        let Some(found) = graph.groups.get(group) else { continue };
        let mut within = Vec::new();
        let mut inside = indent.clone();
        if let Some(owner) = found.owner.and_then(|owner| graph.nodes.get(owner)) {
            inside.push_str("    ");
            writeln!(out, "{indent}subgraph cluster_{group} {{")?;
            writeln!(out, "{inside}label = {};", dot_text(&format!("{} {}", owner.kind.name(), owner.name)))?;
            writeln!(out, "{inside}style = \"rounded,dashed\";")?;
        }
        for index in &found.nodes {
            let Some(node) = graph.nodes.get(*index) else { continue };
            writeln!(out, "{inside}n{index} [{}];", attributes(node))?;
            within.extend(&node.groups);
        }
        if found.owner.is_some() {
            parts.push(Part::Close(depth));
        }
        let deeper = depth + usize::from(found.owner.is_some());
        parts.extend(within.into_iter().rev().map(|group| Part::Group(group, deeper)));
    }
    for group in &graph.groups {
        // The way into a box.
        if let (Some(owner), Some(start)) = (group.owner, group.start) {
            writeln!(out, "    n{owner} -> n{start} [style = dotted];")?;
        }
    }
    for edge in &graph.edges {
        let attributes = match edge.kind {
            EdgeKind::Next => String::new(),
            EdgeKind::Choice | EdgeKind::Otherwise => format!(" [label = {}]", dot_text(&edge.label)),
            EdgeKind::Catch => format!(" [label = {}, style = dashed]", dot_text(&format!("catch {}", edge.label))),
        };
        writeln!(out, "    n{} -> n{}{attributes};", edge.from, edge.to)?;
    }
    writeln!(out, "}}")
}

fn attributes(node: &Node) -> String {
    let shape = match node.kind {
        NodeKind::Start => return "label = \"\", xlabel = \"start\", shape = circle, width = 0.2, style = filled".to_owned(),
        NodeKind::End => return "label = \"\", xlabel = \"end\", shape = doublecircle, width = 0.15, style = filled".to_owned(),
        NodeKind::State(Some(StateKind::Choice)) => ", shape = hexagon, style = solid",
        NodeKind::State(Some(StateKind::Succeed | StateKind::Fail)) => ", peripheries = 2",
        NodeKind::State(_) => "",
    };
    let what =
        if node.detail.is_empty() { node.kind.name().to_owned() } else { format!("{} · {}", node.kind.name(), node.detail) };
    let lines: Vec<&str> = [node.name.as_str(), &what].into_iter().chain(node.retries.iter().map(String::as_str)).collect();
    // A line break of DOT's own between the lines; within them there is none left.
    let quoted = lines.iter().map(|line| {
        let text = dot_text(line);
        text.get(1..text.len() - 1).unwrap_or_default().to_owned()
    });
    format!("label = \"{}\"{shape}", quoted.collect::<Vec<_>>().join("\\n"))
}
