//! The flow of a state machine as a picture: what is drawn, and where.
//!
//! | file | answers |
//! |---|---|
//! | `mod.rs` | what is in the picture: nodes, edges, groups |
//! | `build.rs` | which picture is that of this machine? |
//! | `layout/` | where does each part of it stand? |
//!
//! ```text
//! StateMachine ── build ──► FlowGraph ── layout(sizes) ──► Layout ── render ──► SVG, HTML
//!                               └────────────────────────── render ──► Mermaid, DOT, text
//! ```
//!
//! A node's position in `nodes` is its identity, in the layout too. Whoever knows how an execution goes keeps a
//! status for each position beside the two, which do not change for it: a picture that moves while it is looked
//! at can't be followed.

mod build;
pub mod layout;

pub use build::retry_label;

use crate::document::states_language::model::{ScopeRole, StateKind};

/// What is drawn of one state machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowGraph {
    pub nodes: Vec<Node>,
    /// Both ends of each are in one group.
    pub edges: Vec<Edge>,
    /// The machine's own first, then those within it, outer ones first.
    pub groups: Vec<Group>,
}

/// A state, or one of the two dots where the machine begins and ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub kind: NodeKind,
    /// The state's name, as it is written: nothing about it is harmless.
    pub name: String,
    /// What it does, in a few words; empty where its type says all.
    pub detail: String,
    /// What it tries again, one line for each retrier.
    pub retries: Vec<String>,
    /// The group that it stands in.
    pub group: usize,
    /// The groups within it.
    pub groups: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    Start,
    /// A state; its type may not be known.
    State(Option<StateKind>),
    End,
}

impl NodeKind {
    /// As `Type` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::End => "End",
            Self::State(kind) => kind.map_or("State", StateKind::name),
        }
    }
}

/// A way from one node to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    pub kind: EdgeKind,
    /// The condition of a choice, the errors of a catcher; else empty.
    pub label: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeKind {
    Next,
    /// A rule of a choice holds.
    Choice,
    /// No rule of a choice holds.
    Otherwise,
    /// An error is caught.
    Catch,
}

/// Nodes that stand together: the machine, a branch of a `Parallel`, what a `Map` does with each item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub role: ScopeRole,
    /// The node around it.
    pub owner: Option<usize>,
    /// The node where it begins.
    pub start: Option<usize>,
    pub nodes: Vec<usize>,
}

impl FlowGraph {
    /// The edges that leave `node`, in their order.
    pub fn leaving(&self, node: usize) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.from == node)
    }
}

#[cfg(test)]
mod tests;
