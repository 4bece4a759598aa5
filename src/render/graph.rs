//! The dependencies of a stack, drawn: Mermaid for Markdown, DOT for Graphviz. An arrow leads from what needs to what is needed.

use std::collections::BTreeMap;
use std::io::{Result, Write};

use crate::address::Address;
use crate::render::clean::clean;

/// What is drawn. Order and repeats play no part: the same graph gives the same text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    pub nodes: Vec<Address>,
    /// From the one that refers to the one referred to. What is missing among the nodes is drawn too.
    pub edges: Vec<(Address, Address)>,
}

/// As a Mermaid flow chart.
pub fn mermaid(out: &mut dyn Write, graph: &Graph) -> Result<()> {
    let (numbers, edges) = ordered(graph);
    writeln!(out, "flowchart LR")?;
    for (address, number) in &numbers {
        let (open, close) = if address.is_data { ("([\"", "\"])") } else { ("[\"", "\"]") };
        writeln!(out, "    n{number}{open}{}{close}", mermaid_text(&address.to_string()))?;
    }
    for (from, to) in edges {
        writeln!(out, "    n{from} --> n{to}")?;
    }
    Ok(())
}

/// As a DOT digraph.
pub fn dot(out: &mut dyn Write, graph: &Graph) -> Result<()> {
    let (numbers, edges) = ordered(graph);
    writeln!(out, "digraph stack {{")?;
    writeln!(out, "    rankdir = LR;")?;
    writeln!(out, "    node [shape = box, fontname = \"sans-serif\"];")?;
    for (address, number) in &numbers {
        let style = if address.is_data { ", style = \"dashed,rounded\"" } else { "" };
        writeln!(out, "    n{number} [label = {}{style}];", dot_text(&address.to_string()))?;
    }
    for (from, to) in edges {
        writeln!(out, "    n{from} -> n{to};")?;
    }
    writeln!(out, "}}")
}

/// Every address once, numbered in their order, and the edges between those numbers.
fn ordered(graph: &Graph) -> (BTreeMap<&Address, usize>, Vec<(usize, usize)>) {
    let ends = graph.edges.iter().flat_map(|(from, to)| [from, to]);
    let mut numbers: BTreeMap<&Address, usize> = graph.nodes.iter().chain(ends).map(|address| (address, 0)).collect();
    for (number, at) in numbers.values_mut().enumerate() {
        *at = number;
    }
    let mut edges: Vec<(usize, usize)> = graph.edges.iter().map(|(from, to)| (numbers[from], numbers[to])).collect();
    edges.sort_unstable();
    edges.dedup();
    (numbers, edges)
}

/// Inside a quoted Mermaid label only entities are safe, and they begin with `#`.
pub(super) fn mermaid_text(text: &str) -> String {
    let mut escaped = String::new();
    for character in clean(text).chars() {
        match character {
            '"' => escaped.push_str("#quot;"),
            '#' => escaped.push_str("#35;"),
            '&' => escaped.push_str("#amp;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '`' => escaped.push_str("#96;"),
            '\\' => escaped.push_str("#92;"),
            other => escaped.push(other),
        }
    }
    escaped
}

pub(super) fn dot_text(text: &str) -> String {
    format!("\"{}\"", clean(text).replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(render: fn(&mut dyn Write, &Graph) -> Result<()>, graph: &Graph, expected: Expect) {
        let mut out = Vec::new();
        render(&mut out, graph).expect("writing to memory");
        expected.assert_eq(&String::from_utf8(out).expect("UTF-8"));
    }

    fn sample() -> Graph {
        let (machine, role) = (Address::managed("state_machine", "nightly"), Address::managed("role", "workflow"));
        let (cluster, hostile) = (Address::data("cluster", "shared"), Address::managed("role", "a\"];\n\\<b>#\u{1b}"));
        Graph {
            nodes: vec![machine.clone(), role.clone(), cluster.clone(), machine.clone()],
            edges: vec![(machine.clone(), role.clone()), (machine.clone(), cluster), (machine.clone(), role), (machine, hostile)],
        }
    }

    #[test]
    fn mermaid_whole() {
        check(
            mermaid,
            &sample(),
            expect![[r#"
            flowchart LR
                n0["role.a#quot;];#92;n#92;#lt;b#gt;#35;#92;u{1b}"]
                n1["role.workflow"]
                n2["state_machine.nightly"]
                n3(["data.cluster.shared"])
                n2 --> n0
                n2 --> n1
                n2 --> n3
        "#]],
        );
    }

    #[test]
    fn dot_whole() {
        check(
            dot,
            &sample(),
            expect![[r#"
            digraph stack {
                rankdir = LR;
                node [shape = box, fontname = "sans-serif"];
                n0 [label = "role.a\"];\\n\\<b>#\\u{1b}"];
                n1 [label = "role.workflow"];
                n2 [label = "state_machine.nightly"];
                n3 [label = "data.cluster.shared", style = "dashed,rounded"];
                n2 -> n0;
                n2 -> n1;
                n2 -> n3;
            }
        "#]],
        );
    }

    #[test]
    fn order_plays_no_part() {
        let mut reversed = sample();
        reversed.nodes.reverse();
        reversed.edges.reverse();
        let text = |graph: &Graph| {
            let mut out = Vec::new();
            mermaid(&mut out, graph).expect("writing to memory");
            out
        };
        assert_eq!(text(&sample()), text(&reversed));
    }
}
