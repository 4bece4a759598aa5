//! The picture in a page of its own, with a legend. No script, and nothing is fetched.

use std::io::{Result, Write};

use crate::flow::FlowGraph;
use crate::render::flow::svg::{escape, svg};
use crate::render::flow::theme;

/// Class, name and meaning of each type of state.
const LEGEND: [(&str, &str, &str); 8] = [
    ("task", "Task", "work, done by a service"),
    ("choice", "Choice", "goes on by a condition"),
    ("wait", "Wait", "does nothing for a while"),
    ("pass", "Pass", "only reshapes its input"),
    ("parallel", "Parallel", "all branches at once"),
    ("map", "Map", "the same for each item"),
    ("succeed", "Succeed", "the execution ends well"),
    ("fail", "Fail", "the execution fails"),
];

pub fn html(out: &mut dyn Write, graph: &FlowGraph, title: &str) -> Result<()> {
    let title_text = escape(title);
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<meta name=\"color-scheme\" content=\"light dark\">")?;
    // Should anything ever slip through the escaping, it still can't run or load.
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">")?;
    writeln!(out, "<title>{title_text}</title>\n<style>\n{}</style>\n</head>\n<body>", style_sheet())?;
    writeln!(out, "<header><h1>{title_text}</h1></header>\n<main>")?;
    svg(out, graph, title)?;
    writeln!(out, "</main>\n<footer>\n<ul class=\"flow-legend\">")?;
    for (class, name, meaning) in LEGEND {
        writeln!(out, "<li><i class=\"{class}\"></i><b>{name}</b> {meaning}</li>")?;
    }
    writeln!(out, "<li><i class=\"line\"></i><b>solid line</b> goes on</li>")?;
    writeln!(out, "<li><i class=\"dashed\"></i><b>dashed line</b> an error is caught</li>")?;
    writeln!(out, "</ul>\n</footer>\n</body>\n</html>")
}

fn style_sheet() -> String {
    let mut css = String::from(
        "*{box-sizing:border-box}\n\
         body{margin:0;font:14px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,Arial,sans-serif}\n\
         header,footer{padding:16px 24px}\nh1{font-size:18px;font-weight:600;margin:0;overflow-wrap:anywhere}\n\
         main{overflow-x:auto;padding:0 24px}\nsvg{display:block;margin:0 auto;max-width:none;border-radius:10px}\n\
         .flow-legend{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(230px,1fr));gap:6px 20px;font-size:13px}\n\
         .flow-legend i{display:inline-block;width:14px;height:10px;border-radius:3px;margin-right:8px}\n\
         .flow-legend i.line,.flow-legend i.dashed{height:0;width:18px;border-top:2px solid;border-radius:0;vertical-align:middle;margin-right:4px}\n\
         .flow-legend i.dashed{border-top-style:dashed}\n",
    );
    colours(&mut css, |colour| colour.1);
    css.push_str("@media (prefers-color-scheme:dark){\n");
    colours(&mut css, |colour| colour.2);
    css.push_str("}\n");
    css
}

fn colours(css: &mut String, of: impl Fn(theme::Colour) -> &'static str) {
    css.push_str(&format!("body{{background:{};color:{}}}\n", of(theme::GROUP), of(theme::TEXT)));
    css.push_str(&format!(".flow-legend{{color:{}}}\n.flow-legend b{{color:{}}}\n", of(theme::FAINT), of(theme::TEXT)));
    for colour in theme::KINDS {
        css.push_str(&format!(".flow-legend .{}{{background:{}}}\n", colour.0, of(colour)));
    }
    css.push_str(&format!(".flow-legend .dashed{{border-color:{}}}\n", of(theme::CATCH)));
}
