use expect_test::{Expect, expect};
use serde_json::{Value as Json, json};

use super::*;
use crate::document::states_language::model::StateMachine;
use crate::flow::FlowGraph;
use crate::render::Style;
use crate::value::Value;

const PLAIN: Style = Style { color: false, width: 80 };

fn drawn(definition: Json, draw: impl Fn(&mut dyn std::io::Write, &FlowGraph) -> std::io::Result<()>) -> String {
    let value = Value::from(definition);
    let mut out = Vec::new();
    draw(&mut out, &FlowGraph::of(&StateMachine::parse(&value))).expect("writing to memory");
    String::from_utf8(out).expect("UTF-8")
}

fn report() -> Json {
    let notify = json!({ "Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Next": "Failed" });
    json!({ "StartAt": "Run", "States": {
        "Run": {
            "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Next": "Ready?",
            "Retry": [{ "ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 10, "MaxAttempts": 3, "BackoffRate": 2 }],
            "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Notify" }],
        },
        "Ready?": { "Type": "Choice", "Choices": [{ "Variable": "$.rows", "NumericGreaterThan": 0, "Next": "Both" }], "Default": "Wait" },
        "Wait": { "Type": "Wait", "Seconds": 60, "Next": "Run" },
        "Both": { "Type": "Parallel", "End": true, "Branches": [
            { "StartAt": "Copy", "States": { "Copy": { "Type": "Pass", "End": true } } },
            { "StartAt": "Each", "States": { "Each": { "Type": "Map", "ItemsPath": "$.rows", "End": true,
                "ItemProcessor": { "StartAt": "One", "States": { "One": { "Type": "Succeed" } } } } } },
        ] },
        "Notify": notify,
        "Failed": { "Type": "Fail", "Error": "Report" },
    } })
}

/// Names that break what they are put into, where they are not escaped.
fn hostile() -> Json {
    let name = "</title><script>alert(\"1\")</script>]; --> & \u{1b}[2J\n\u{202e}x";
    json!({ "StartAt": name, "States": {
        name: { "Type": "Choice", "Default": "b", "Choices": [{ "Variable": "$.<b>\"", "StringEquals": "|\"]\n\u{1b}", "Next": "b" }] },
        "b": { "Type": "Fail", "Error": "<i>'\"" },
    } })
}

fn check(actual: &str, expected: &Expect) {
    expected.assert_eq(actual);
}

#[test]
fn as_text() {
    check(
        &drawn(report(), |out, graph| text(out, graph, PLAIN)),
        &expect![[r#"
          ● start
          │
        ╭─┴───────────────────────╮
        │ Run                     │
        │ Task · ecs:runTask.sync │
        │ ↻ retry 3×, 10→40 s     │
        ╰─┬───────────────────────╯
          ├╌ catch States.ALL ╌▶ Notify ↓
          │
        ╭─┴──────╮
        │ Ready? │
        │ Choice │
        ╰─┬──────╯
          ├─ $.rows > 0
          │   │
          │ ╭─┴─────────────────────────────────────╮
          │ │ Both                                  │
          │ │ Parallel · 2 branches                 │
          │ │                                       │
          │ │ ╭────────╮   ╭──────────────────────╮ │
          │ │ │ Copy   │   │ Each                 │ │
          │ │ │ Pass   │   │ Map · each of $.rows │ │
          │ │ ╰────────╯   │                      │ │
          │ │              │ ╭─────────╮          │ │
          │ │              │ │ One     │          │ │
          │ │              │ │ Succeed │          │ │
          │ │              │ ╰─────────╯          │ │
          │ │              ╰──────────────────────╯ │
          │ ╰─┬─────────────────────────────────────╯
          │   ╰─▶ ◉ end
          ╰─ otherwise
              │
            ╭─┴───────────╮
            │ Wait        │
            │ Wait · 60 s │
            ╰─┬───────────╯
              ╰─▶ Run ↑

        ╭────────────────────╮
        │ Notify             │
        │ Task · sns:publish │
        ╰─┬──────────────────╯
          │
        ╭─┴─────────────╮
        │ Failed        │
        │ Fail · Report │
        ╰───────────────╯
    "#]],
    );
}

#[test]
fn as_mermaid() {
    check(
        &drawn(report(), |out, graph| mermaid(out, graph)),
        &expect![[r#"
        flowchart TD
            n0(("Start"))
            n1["<b>Run</b><br/>Task · ecs:runTask.sync<br/><i>retry 3×, 10→40 s</i>"]
            n2{{"<b>Ready?</b><br/>Choice"}}
            n3[/"<b>Wait</b><br/>Wait · 60 s"/]
            subgraph n4 ["<b>Both</b><br/>Parallel · 2 branches"]
                subgraph g1 ["branch 1"]
                    n7["<b>Copy</b><br/>Pass"]
                end
                subgraph g2 ["branch 2"]
                    subgraph n8 ["<b>Each</b><br/>Map · each of $.rows"]
                        n9(["<b>One</b><br/>Succeed"])
                    end
                end
            end
            n5["<b>Notify</b><br/>Task · sns:publish"]
            n6(["<b>Failed</b><br/>Fail · Report"])
            n10(("End"))
            n0 --> n1
            n1 --> n2
            n1 -.->|"catch States.ALL"| n5
            n2 -->|"$.rows #gt; 0"| n4
            n2 -->|"otherwise"| n3
            n3 --> n1
            n4 --> n10
            n5 --> n6
    "#]],
    );
}

#[test]
fn as_dot() {
    check(
        &drawn(report(), |out, graph| dot(out, graph)),
        &expect![[r#"
        digraph flow {
            compound = true;
            node [shape = box, style = rounded, fontname = "sans-serif"];
            edge [fontname = "sans-serif", fontsize = 10];
            n0 [label = "", xlabel = "start", shape = circle, width = 0.2, style = filled];
            n1 [label = "Run\nTask · ecs:runTask.sync\nretry 3×, 10→40 s"];
            n2 [label = "Ready?\nChoice", shape = hexagon, style = solid];
            n3 [label = "Wait\nWait · 60 s"];
            n4 [label = "Both\nParallel · 2 branches"];
            n5 [label = "Notify\nTask · sns:publish"];
            n6 [label = "Failed\nFail · Report", peripheries = 2];
            n10 [label = "", xlabel = "end", shape = doublecircle, width = 0.15, style = filled];
            subgraph cluster_1 {
                label = "Parallel Both";
                style = "rounded,dashed";
                n7 [label = "Copy\nPass"];
            }
            subgraph cluster_2 {
                label = "Parallel Both";
                style = "rounded,dashed";
                n8 [label = "Each\nMap · each of $.rows"];
                subgraph cluster_3 {
                    label = "Map Each";
                    style = "rounded,dashed";
                    n9 [label = "One\nSucceed", peripheries = 2];
                }
            }
            n4 -> n7 [style = dotted];
            n4 -> n8 [style = dotted];
            n8 -> n9 [style = dotted];
            n0 -> n1;
            n1 -> n2;
            n1 -> n5 [label = "catch States.ALL", style = dashed];
            n2 -> n4 [label = "$.rows > 0"];
            n2 -> n3 [label = "otherwise"];
            n3 -> n1;
            n4 -> n10;
            n5 -> n6;
        }
    "#]],
    );
}

#[test]
fn hostile_names_break_nothing() {
    let mermaid = drawn(hostile(), |out, graph| mermaid(out, graph));
    check(
        &mermaid,
        &expect![[r#"
        flowchart TD
            n0(("Start"))
            n1{{"<b>#lt;/title#gt;#lt;script#gt;alert(#quot;1#quot;)#lt;/script#gt;]; --#gt; #amp; #92;u{1b}[2J#92;n#92;u{202e}x</b><br/>Choice"}}
            n2(["<b>b</b><br/>Fail · #lt;i#gt;'#quot;"])
            n0 --> n1
            n1 -->|"$.#lt;b#gt;#quot; = #quot;|#quot;]#92;n#92;u{1b}#quot;"| n2
            n1 -->|"otherwise"| n2
    "#]],
    );
    let all = [
        mermaid,
        drawn(hostile(), |out, graph| text(out, graph, PLAIN)),
        drawn(hostile(), |out, graph| dot(out, graph)),
        drawn(hostile(), |out, graph| svg(out, graph, "<t>")),
        drawn(hostile(), |out, graph| html(out, graph, "<t>")),
    ];
    for text in &all {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
    for text in &all[3..] {
        assert!(
            !text.contains("<script") && !text.contains("<t>") && !text.contains("<b>\"") && !text.contains("<i>'"),
            "{text}"
        );
    }
}

#[test]
fn a_picture_needs_nothing_else() {
    let page = drawn(report(), |out, graph| html(out, graph, "nightly"));
    for part in [
        "prefers-color-scheme:dark",
        "<title id=\"flow-title\">nightly",
        "<desc ",
        "data-state=\"Run\"",
        "Content-Security-Policy",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for part in ["<script", "src=", "url(http", "@import", "<link"] {
        assert!(!page.contains(part), "{part}");
    }
}

#[test]
fn text_keeps_to_its_width() {
    for width in [40, 60, 80] {
        let text = drawn(report(), |out, graph| text(out, graph, Style { color: false, width }));
        assert!(text.lines().all(|line| line.chars().count() <= width.max(44)), "{text}");
    }
}
