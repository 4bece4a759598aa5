//! What people and programs read: every function here writes to a `&mut dyn Write` and decides nothing.
//!
//! | file | renders |
//! |---|---|
//! | `diagnostic.rs` | problems, each under its token |
//! | `human/` | a plan for people |
//! | `json/` | a plan in the shape of Terraform's plan JSON; what a saved plan is compared by |
//! | `progress/` | the events of an apply: lines, JSON lines, the closing report |
//! | `state.rs` | what the state holds |
//! | `execution/` | executions: live, as lines, at their end, as a list |
//! | `explain/` | what happens when states fail |
//! | `permissions.rs` | what must be allowed, and why |
//! | `graph.rs` | dependencies, as Mermaid and DOT |
//! | `flow/` | a state machine, as text, Mermaid, DOT, SVG and HTML |
//! | `fact.rs` | names and facts in two columns |
//! | `words.rs` | paths as people say them |
//! | `reference.rs` | the pages of docs/reference |
//!
//! Two things hold for all of it. No text of the user's or of AWS's reaches a terminal with a control
//! character in it (`clean.rs`), and nothing sensitive is written, be it marked by the schema, made from
//! a sensitive variable, or only the older value of such a field (`mask.rs`).

pub mod diagnostic;
pub mod execution;
pub mod explain;
pub mod flow;
pub mod graph;
pub mod human;
pub mod json;
pub mod permissions;
pub mod progress;
pub mod reference;
pub mod state;

mod attributes;
mod clean;
mod fact;
mod literal;
mod mask;
mod style;
mod words;

#[cfg(test)]
mod fixture;

pub use clean::clean;
pub use style::Style;
