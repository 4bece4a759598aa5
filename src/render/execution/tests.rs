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

/// Where the pages of the test below go to be looked at by a browser: see tests/browser.
const PAGES: &str = "STEPWRIGHT_PAGES";

/// Hostile in every place where a value may stand.
fn hostile(definition: &Value) -> bool {
    definition.to_plain().is_ok_and(|json| json.to_string().contains("<script"))
}

#[test]
fn pages() {
    let folder = format!("{}/tests/fixtures/executions", env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("the fixtures")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .collect();
    names.sort();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let shown = Shown::of(&name);
        let page = shown.last(|view| text(|out| page(out, view)));
        check_page(&name, &page);
        assert!(!hostile(&shown.definition) || page.contains("&lt;script"), "{name}");
    }
    for count in [5, 50] {
        let (definition, events) = long(count);
        let shown = Shown { definition, events };
        let page = shown.last(|view| text(|out| page(out, view)));
        assert_eq!(page.matches("<details ").count(), count);
        check_page(&format!("states_{count}"), &page);
    }
}

/// Nothing that was written by others has become a part of the page, and the page is there to be looked at.
fn check_page(name: &str, page: &str) {
    let lower = page.to_lowercase();
    for forbidden in ["<script", "<img", "<iframe", "<object", "\u{1b}"] {
        assert!(!lower.contains(forbidden), "{name} has {forbidden}");
    }
    assert!(page.contains("Content-Security-Policy") && page.ends_with("</html>\n"), "{name}");
    if let Ok(folder) = std::env::var(PAGES) {
        std::fs::write(format!("{folder}/{name}.html"), page).expect("written");
    }
}

/// A row of tasks, of which one in ten fails at first, and the last for good; what goes in and comes out is hostile.
fn long(count: usize) -> (Value, Vec<Event>) {
    let name = |index: usize| format!("State {index} <b>\"&'");
    let value = "{\"a\":\"</pre></figure><script>window.pwned=1</script><img src=x onerror=alert(1)>\\u001b[2J\u{202e}\"}";
    let mut states = serde_json::Map::new();
    let mut events = vec![serde_json::json!({ "type": "ExecutionStarted", "executionStartedEventDetails": { "input": value } })];
    for index in 0..count {
        let next =
            if index + 1 < count { serde_json::json!({ "Next": name(index + 1) }) } else { serde_json::json!({ "End": true }) };
        let mut state = serde_json::json!({ "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Retry": [{ "ErrorEquals": ["States.ALL"] }] });
        if let (Some(state), Json::Object(next)) = (state.as_object_mut(), next) {
            state.extend(next);
        }
        states.insert(name(index), state);
        events.push(serde_json::json!({ "type": "TaskStateEntered", "stateEnteredEventDetails": { "name": name(index), "input": value } }));
        let scheduled = serde_json::json!({ "type": "TaskScheduled", "taskScheduledEventDetails": { "resourceType": "ecs", "resource": "runTask.sync", "parameters": value } });
        let failed = serde_json::json!({ "type": "TaskFailed", "taskFailedEventDetails": { "resourceType": "ecs", "resource": "runTask.sync", "error": "<b>E</b>", "cause": value } });
        if index % 10 == 3 || index + 1 == count {
            events.extend([scheduled.clone(), failed.clone()]);
        }
        events.push(scheduled);
        if index + 1 == count {
            events.push(failed);
            break;
        }
        events.push(serde_json::json!({ "type": "TaskSucceeded", "taskSucceededEventDetails": { "resourceType": "ecs", "resource": "runTask.sync", "output": value } }));
        events.push(
            serde_json::json!({ "type": "TaskStateExited", "stateExitedEventDetails": { "name": name(index), "output": value } }),
        );
    }
    events.push(
        serde_json::json!({ "type": "ExecutionFailed", "executionFailedEventDetails": { "error": "<b>E</b>", "cause": value } }),
    );
    let parsed = events.iter_mut().enumerate().map(|(index, event)| {
        event["id"] = (index + 1).into();
        event["previousEventId"] = index.into();
        event["timestamp"] = (1_790_000_000.0 + index as f64 * 1.7).into();
        Event::parse(event, &Veil::default()).expect("an event")
    });
    let events = parsed.collect();
    (Value::from(serde_json::json!({ "StartAt": name(0), "States": states })), events)
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
