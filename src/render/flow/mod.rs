//! The flow of a state machine, drawn.
//!
//! | file | for |
//! |---|---|
//! | `mermaid.rs` | Markdown viewers |
//! | `dot.rs` | Graphviz |
//! | `text.rs` | a terminal, 80 columns wide or more |
//! | `svg.rs` | a browser, light or dark; `theme.rs` holds its colours, `measure.rs` how wide a text is |
//! | `html.rs` | the same in a page with a legend |
//!
//! What a state is called is the user's: each format escapes it in its own way, and no format breaks by it.

mod dot;
mod html;
mod measure;
mod mermaid;
mod svg;
mod text;
pub(crate) mod theme;

pub use dot::dot;
pub use html::html;
pub use mermaid::mermaid;
pub use svg::svg;
pub(crate) use svg::{Badge, escape, svg_with_badges};
pub use text::text;
pub(crate) use text::{Line, Mark, marked, shortened};

#[cfg(test)]
mod tests;
