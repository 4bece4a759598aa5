//! How each history of tests/fixtures/executions looks: beside it stands what is shown, in a file of its own.

use expect_test::expect_file;
use serde_json::Value as Json;

use super::*;
use crate::document::states_language::model::StateMachine;
use crate::execution::{Description, Event};
use crate::render::Style;
use crate::secret::Veil;
use crate::value::Value;

const PLAIN: Style = Style { color: false, width: 80 };
const ARN: &str = "arn:aws:states:eu-central-1:123456789012:execution:nightly-report-nightly:one";

struct Shown {
    definition: Value,
    events: Vec<Event>,
}

impl Shown {
    fn of(name: &str) -> Self {
        let path = format!("{}/tests/fixtures/executions/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let mut json: Json = serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).expect("JSON");
        let events = json["events"].as_array().expect("events").iter();
        let events = events.map(|event| Event::parse(event, &Veil::default()).expect("an event")).collect();
        Self { events, definition: Value::from(json["definition"].take()) }
    }

    /// What `show` makes of the first `count` events, each as it comes.
    fn with<T>(&self, count: usize, show: impl Fn(View<'_>, &Event) -> T) -> Vec<T> {
        let machine = StateMachine::parse(&self.definition);
        let graph = FlowGraph::of(&machine);
        let arn = ExecutionArn::parse(ARN).expect("an ARN");
        let mut execution = Execution::default();
        let shown = self.events.iter().take(count).map(|event| {
            execution.apply(event);
            let machine = Some((&graph, &machine));
            let view = View {
                title: "state_machine.nightly of nightly-report",
                arn: &arn,
                execution: &execution,
                machine,
                now: event.time,
            };
            show(view, event)
        });
        shown.collect()
    }

    fn last<T>(&self, show: impl Fn(View<'_>) -> T) -> T {
        self.with(self.events.len(), |view, _| show(view)).pop().expect("at least one event")
    }
}

fn text(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("writing to memory");
    String::from_utf8(out).expect("UTF-8")
}

fn names() -> Vec<String> {
    let folder = std::fs::read_dir(format!("{}/tests/fixtures/executions", env!("CARGO_MANIFEST_DIR"))).expect("the fixtures");
    let files = folder.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned());
    files.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect()
}

#[test]
fn each_history_as_lines_picture_and_summary() {
    for name in names() {
        let shown = Shown::of(&name);
        let lines = shown.with(shown.events.len(), |view, event| text(|out| event_line(out, view, event, PLAIN)));
        let frame = shown.last(|view| frame(view, 60, PLAIN)).join("\n");
        let list = shown.last(|view| picture(view, Some(3), PLAIN)).join("\n");
        let summary = shown.last(|view| text(|out| summary(out, view, PLAIN)));
        let all = format!("{}\n--- picture\n{frame}\n\n--- list\n{list}\n\n--- summary\n{summary}", lines.concat());
        expect_file![format!("{}/tests/fixtures/executions/{name}.txt", env!("CARGO_MANIFEST_DIR"))].assert_eq(&all);
    }
}

/// Whatever anybody calls a state or writes into an error, in colour or not, narrow or wide.
#[test]
fn nothing_reaches_the_terminal_and_nothing_is_wider() {
    for name in names() {
        let shown = Shown::of(&name);
        for (width, color) in [(40, false), (80, true), (200, true)] {
            let style = Style { color, width };
            let frames = shown.with(shown.events.len(), |view, event| {
                let lines = text(|out| event_line(out, view, event, style));
                let summary = text(|out| summary(out, view, style));
                let tasks: Vec<String> =
                    view.execution.tasks(false).map(|task| text(|out| task_line(out, view, task, style))).collect();
                let json = [event_json(view, event), execution_json(view)]
                    .map(|json| text(|out| crate::render::json::write_line(out, &json)));
                for text in [lines, summary, json.concat(), tasks.concat(), picture(view, None, style).join("\n")] {
                    assert_harmless(&text, color);
                }
                for rows in [1, 5] {
                    assert!(frame(view, rows, style).len() <= rows, "{name} in {rows} rows");
                }
                frame(view, 20, style)
            });
            for frame in frames {
                assert!(frame.len() <= 20, "{name}: {} lines\n{}", frame.len(), frame.join("\n"));
                for line in &frame {
                    assert_harmless(line, color);
                    let plain = without_colors(line);
                    assert!(plain.chars().count() <= width, "{name} at {width}: {plain}");
                }
            }
        }
    }
}

fn without_colors(text: &str) -> String {
    regex_lite::Regex::new("\u{1b}\\[[0-9;]*m").expect("a pattern").replace_all(text, "").into_owned()
}

fn assert_harmless(text: &str, color: bool) {
    let plain = if color { without_colors(text) } else { text.to_owned() };
    let bad = plain.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
    assert_eq!(bad, None, "{plain:?}");
}

#[test]
fn a_picture_does_not_move_while_it_runs() {
    let shown = Shown::of("retried");
    let shapes = shown.with(shown.events.len(), |view, _| {
        let lines = picture(view, None, PLAIN);
        (lines.len(), lines.iter().map(|line| line.chars().position(|c| c == '╮')).collect::<Vec<_>>())
    });
    assert!(shapes.windows(2).all(|pair| pair[0] == pair[1]), "{shapes:?}");
}

#[test]
fn long_values_are_cut_with_a_hint() {
    let shown = Shown::of("hostile");
    let summary = shown.last(|view| text(|out| summary(out, view, PLAIN)));
    assert!(summary.contains("characters; all of them: --format json)"), "{summary}");
    let json = shown.last(execution_json);
    assert!(json["failure"]["cause"].as_str().is_some_and(|cause| cause.len() > 2500));
}

#[test]
fn what_programs_read() {
    let shown = Shown::of("out_of_memory");
    let json = shown.last(execution_json);
    assert_eq!((json["type"].as_str(), json["status"].as_str()), (Some("execution"), Some("FAILED")));
    assert_eq!(json["input"], "{\"day\":\"2026-01-01\"}");
    let entry = &json["entries"][0];
    assert_eq!((entry["path"].as_str(), entry["attempts"].as_array().map(Vec::len)), (Some("RunReport"), Some(3)));
    assert_eq!(entry["attempts"][0]["tasks"][0]["containers"][0]["exit_code"], 137);
    assert_eq!(json["states"][0]["attempt"], serde_json::json!({ "number": 3, "of": 3 }));
    let shown = Shown::of("waits_for_an_attempt");
    let next = &shown.last(execution_json)["entries"][0]["next_attempt"];
    assert_eq!((next["number"].as_u64(), next["of"].as_u64(), next["jitter"].as_bool()), (Some(2), Some(4), Some(true)));
    let events = shown.with(2, event_json);
    assert_eq!((events[0]["path"].as_str(), events[1]["path"].as_str()), (None, Some("RunReport")));
}

#[test]
fn a_list_of_runs() {
    let run = |name: &str, status: &str, stop: Json| {
        let json = serde_json::json!({ "executionArn": ARN, "name": name, "status": status, "startDate": 1_767_225_600.25, "stopDate": stop, "redriveCount": 1 });
        Run { address: "state_machine.nightly".to_owned(), description: Description::parse(&json, &Veil::default()) }
    };
    let all = [
        run("one", "SUCCEEDED", 1_767_225_700.0.into()),
        run("two\u{1b}[2J", "RUNNING", Json::Null),
        run("three", "TIMED_OUT", Json::Null),
    ];
    let now: Timestamp = "2026-01-01T01:00:00Z".parse().expect("a time");
    let shown = text(|out| runs(out, &all, true, now, PLAIN));
    expect_test::expect![[r#"
        ✓ succeeded  state_machine.nightly  2026-01-01T00:00:00Z       99.8 s  one  redriven 1×
        ● running    state_machine.nightly  2026-01-01T00:00:00Z  59 min 59 s  two\u{1b}[2J  redriven 1×
        ✗ timed out  state_machine.nightly  2026-01-01T00:00:00Z            ?  three  redriven 1×
    "#]]
    .assert_eq(&shown);
    assert_eq!(text(|out| runs(out, &[], false, now, PLAIN)), "There are no executions.\n");
    assert_eq!(runs_json(&all, now)["executions"][1]["seconds"], 3599.75);
}
