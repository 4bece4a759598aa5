//! The colours of the picture, light and dark. No custom properties: not every viewer of SVG knows them.

use std::fmt::Write;

use crate::document::states_language::model::StateKind;
use crate::flow::{EdgeKind, NodeKind};

/// Name, light, dark.
pub type Colour = (&'static str, &'static str, &'static str);

pub const CANVAS: Colour = ("canvas", "#ffffff", "#0d1117");
pub const TEXT: Colour = ("text", "#1f2328", "#e6edf3");
pub const FAINT: Colour = ("faint", "#59636e", "#9198a1");
pub const BORDER: Colour = ("border", "#d1d9e0", "#3d444d");
pub const BOX: Colour = ("box", "#ffffff", "#151b23");
pub const GROUP: Colour = ("group", "#f6f8fa", "#11161d");
const LINE: Colour = ("line", "#6e7781", "#848d97");
pub const CATCH: Colour = ("catch", "#bc4c00", "#e3833c");

/// The colour of each type of state.
pub const KINDS: [Colour; 8] = [
    ("task", "#0969da", "#4493f8"),
    ("pass", "#6e7781", "#9198a1"),
    ("choice", "#9a6700", "#d29922"),
    ("wait", "#8250df", "#ab7df8"),
    ("succeed", "#1a7f37", "#3fb950"),
    ("fail", "#cf222e", "#f85149"),
    ("parallel", "#0f766e", "#2dd4bf"),
    ("map", "#0f766e", "#2dd4bf"),
];

/// The class of a node; a later picture adds that of its status.
pub fn class_of_node(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Start | NodeKind::End => "dot",
        NodeKind::State(None) => "pass",
        NodeKind::State(Some(kind)) => match kind {
            StateKind::Task => "task",
            StateKind::Pass => "pass",
            StateKind::Choice => "choice",
            StateKind::Wait => "wait",
            StateKind::Succeed => "succeed",
            StateKind::Fail => "fail",
            StateKind::Parallel => "parallel",
            StateKind::Map => "map",
        },
    }
}

pub fn class_of_edge(kind: EdgeKind) -> &'static str {
    if kind == EdgeKind::Catch { "catch" } else { "next" }
}

/// The style sheet of the picture; every rule is about what is in a `.flow`.
pub fn style_sheet() -> String {
    let mut css = String::from(
        ".flow text{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif;font-size:11px}\n\
         .flow .name{font-size:13px;font-weight:600}\n\
         .flow .edge{fill:none;stroke-width:1.4}\n\
         .flow .edge.catch{stroke-dasharray:5 3}\n\
         .flow .shape{stroke-width:1.2}\n\
         .flow .succeed .shape,.flow .fail .shape,.flow .choice .shape{stroke-width:1.6}\n\
         .flow .frame{stroke-dasharray:2 3;fill:none}\n\
         .flow .retry{fill:none;stroke-width:1.3}\n",
    );
    colours(&mut css, |colour| colour.1);
    css.push_str("@media (prefers-color-scheme:dark){\n");
    colours(&mut css, |colour| colour.2);
    css.push_str("}\n");
    css
}

fn colours(css: &mut String, of: impl Fn(Colour) -> &'static str) {
    let (canvas, text, faint, border, fill, group) = (of(CANVAS), of(TEXT), of(FAINT), of(BORDER), of(BOX), of(GROUP));
    let (line, catch) = (of(LINE), of(CATCH));
    let mut rules = format!(
        ".flow .canvas{{fill:{canvas}}}\n.flow text{{fill:{text}}}\n.flow .faint{{fill:{faint}}}\n\
         .flow .shape{{fill:{fill};stroke:{border}}}\n.flow .group{{fill:{group};stroke:{border}}}\n\
         .flow .frame{{stroke:{border}}}\n.flow .dot .shape{{fill:{line};stroke:{line}}}\n\
         .flow .retry{{stroke:{faint}}}\n\
         .flow .edge{{stroke:{line}}}\n.flow .edge.catch{{stroke:{catch}}}\n\
         .flow .head{{fill:{line}}}\n.flow .head.catch{{fill:{catch}}}\n\
         .flow .plate{{fill:{canvas};stroke:{border}}}\n.flow .plate.catch{{stroke:{catch}}}\n\
         .flow text.catch{{fill:{catch}}}\n"
    );
    for colour in KINDS {
        let (name, value) = (colour.0, of(colour));
        // Writing to a string does not fail.
        let _ = writeln!(rules, ".flow .{name} .accent{{fill:{value}}}\n.flow .{name} .kind{{fill:{value}}}");
        if matches!(name, "succeed" | "fail" | "choice") {
            let _ = writeln!(rules, ".flow .{name} .shape{{stroke:{value}}}");
        }
    }
    css.push_str(&rules);
}
