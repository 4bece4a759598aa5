//! The style sheet of the page of an execution, light and dark.

use crate::render::flow::theme::{self, Colour};

/// Class, light and dark line, light and dark tint.
const STATUSES: [(&str, Colour, Colour); 7] = [
    ("is-waiting", ("", "#8c959f", "#6e7681"), ("", "#f6f8fa", "#11161d")),
    ("is-running", ("", "#0969da", "#4493f8"), ("", "#ddf4ff", "#0c2d4d")),
    ("is-retrying", ("", "#9a6700", "#d29922"), ("", "#fff8c5", "#3a2d09")),
    ("is-succeeded", ("", "#1a7f37", "#3fb950"), ("", "#dafbe1", "#0f2e1a")),
    ("is-caught", ("", "#bc4c00", "#e3833c"), ("", "#fff1e5", "#3d2208")),
    ("is-failed", ("", "#cf222e", "#f85149"), ("", "#ffebe9", "#3c1618")),
    ("is-aborted", ("", "#59636e", "#9198a1"), ("", "#eaeef2", "#21262d")),
];

pub fn style_sheet() -> String {
    let mut css = String::from(
        "*{box-sizing:border-box}\n\
         body{margin:0 auto;padding:20px 24px 60px;max-width:1400px;font:14px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,Arial,sans-serif}\n\
         h1{font-size:20px;margin:0 0 8px;overflow-wrap:anywhere}\nh2{font-size:15px;margin:28px 0 10px}\n\
         .outcome{display:inline-block;margin:0 0 12px;padding:3px 12px;border-radius:20px;border:1px solid}\n\
         .facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(220px,1fr));gap:8px 24px;margin:0}\n\
         .facts dt{font-size:12px}\n.facts dd{margin:0;overflow-wrap:anywhere}\n\
         .failure{margin-top:16px;padding:10px 14px;border-left:4px solid;border-radius:4px;overflow-wrap:anywhere}\n.failure p{margin:4px 0 0}\n\
         .picture{overflow-x:auto;margin-top:24px;border-radius:10px}\n.picture svg{display:block;margin:0 auto;max-width:none}\n\
         .flow .badge{font-weight:600}\n.flow .is-waiting{opacity:.55}\n\
         .scale,.timeline summary{display:grid;grid-template-columns:minmax(200px,32%) 1fr;gap:12px;align-items:center}\n\
         .scale .track{display:flex;justify-content:space-between;height:auto;font-size:11px;background:none}\n.scale i{font-style:normal}\n\
         .timeline details{border-top:1px solid}\n.timeline summary{cursor:pointer;padding:5px 4px;list-style:none}\n\
         .timeline summary::-webkit-details-marker{display:none}\n\
         .what{min-width:0;overflow-wrap:anywhere}\n.what i{font-style:normal}\n.what small{display:block;font-size:12px}\n\
         .track{position:relative;height:16px;border-radius:4px;display:block}\n\
         .bar{position:absolute;top:2px;height:12px;border-radius:3px;min-width:3px}\n.bar.around{top:7px;height:2px}\n\
         .inside{padding:4px 8px 14px 22px}\n.attempts{margin:6px 0;padding-left:22px}\n.attempts p{margin:2px 0}\n\
         .inside,.why,.task{overflow-wrap:anywhere}\nfigure{margin:8px 0}\nfigcaption{font-size:12px}\n\
         pre{margin:2px 0 0;padding:10px 12px;border-radius:6px;max-height:420px;overflow:auto;font:12px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}\n\
         .more{font-size:12px}\n",
    );
    colours(&mut css, |colour| colour.1);
    css.push_str("@media (prefers-color-scheme:dark){\n");
    colours(&mut css, |colour| colour.2);
    css.push_str("}\n");
    css
}

fn colours(css: &mut String, of: impl Fn(Colour) -> &'static str) {
    let (canvas, text, faint, border, group) =
        (of(theme::CANVAS), of(theme::TEXT), of(theme::FAINT), of(theme::BORDER), of(theme::GROUP));
    css.push_str(&format!(
        "body{{background:{canvas};color:{text}}}\na{{color:{link}}}\n\
         .facts dt,.what small,figcaption,.more,.scale{{color:{faint}}}\n\
         .timeline details{{border-color:{border}}}\n.track,pre{{background:{group}}}\n.bar.around{{background:{border}}}\n",
        link = of(theme::KINDS[0]),
    ));
    for (class, line, tint) in STATUSES {
        let (line, tint) = (of(line), of(tint));
        css.push_str(&format!(
            ".outcome.{class}{{color:{line};background:{tint};border-color:{line}}}\n.bar.{class}{{background:{line}}}\n\
             details.{class} .what i,.attempts .{class}{{color:{line}}}\n\
             .flow .node.{class} .shape,.flow .node.{class} .group{{stroke:{line};fill:{tint}}}\n.flow .{class} .badge{{fill:{line}}}\n",
        ));
        if class == "is-failed" {
            css.push_str(&format!(".failure{{border-color:{line};background:{tint}}}\n.why{{color:{line}}}\n"));
        }
    }
}
