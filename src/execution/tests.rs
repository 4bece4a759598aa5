//! Each file of tests/fixtures/executions is a definition and a history as `GetExecutionHistory` gives it. How they
//! are shown is held by `render/execution/tests.rs`, file by file.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::document::states_language::model::StateMachine;
use crate::flow::FlowGraph;
use crate::secret::{Secret, Veil};
use crate::value::Value;

fn fixture(name: &str) -> (Value, Vec<Json>) {
    let path = format!("{}/tests/fixtures/executions/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut json: Json = serde_json::from_str(&text).expect("JSON");
    let Json::Array(events) = json["events"].take() else { panic!("{path} has no events") };
    (Value::from(json["definition"].take()), events)
}

fn events(json: &[Json]) -> Vec<Event> {
    json.iter().map(|event| Event::parse(event, &Veil::default()).expect("an event")).collect()
}

fn names() -> Vec<String> {
    let folder = std::fs::read_dir(format!("{}/tests/fixtures/executions", env!("CARGO_MANIFEST_DIR"))).expect("the fixtures");
    let files = folder.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = files.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect();
    names.sort();
    assert!(names.len() > 15, "{names:?}");
    names
}

fn statuses(name: &str, at: Option<usize>) -> (Execution, Vec<NodeStatus>) {
    let (definition, json) = fixture(name);
    let events = events(&json);
    let events = &events[..at.unwrap_or(events.len())];
    let execution = Execution::of(events);
    let machine = StateMachine::parse(&definition);
    let now = events.last().map(|event| event.time).unwrap_or_default();
    let progress = Progress::of(&execution, &FlowGraph::of(&machine), &machine, now);
    (execution, progress.nodes.into_iter().map(|node| node.status).collect())
}

/// Whatever is cut off, and whatever comes twice.
#[test]
fn any_beginning_is_an_execution_and_what_is_known_changes_nothing() {
    for name in names() {
        let (definition, json) = fixture(&name);
        let all = events(&json);
        let machine = StateMachine::parse(&definition);
        let graph = FlowGraph::of(&machine);
        let mut folded = Execution::default();
        for (index, event) in all.iter().enumerate() {
            folded.apply(event);
            let at_once = Execution::of(&all[..=index]);
            assert_eq!(folded, at_once, "{name}: event {}", event.id);
            let progress = Progress::of(&folded, &graph, &machine, event.time);
            assert_eq!(progress.nodes.len(), graph.nodes.len());
            assert_eq!(progress.of_entries.len(), folded.entries.len());
            assert!(progress.of_entries.iter().all(Option::is_some), "{name}: every entry is of a state");
            for earlier in &all[..=index] {
                folded.apply(earlier);
            }
            assert_eq!(folded, at_once, "{name}: the events up to {} again", event.id);
            let is_open = folded.entries.iter().any(|entry| entry.status == EntryStatus::Running);
            assert!(!(folded.status.is_ended() && is_open), "{name}: nothing runs after the end");
        }
    }
}

#[test]
fn each_node_has_its_status() {
    use NodeStatus::{Aborted, Caught, Failed, Running, Succeeded, Waiting};
    for (name, expected) in [
        ("retried", vec![Succeeded, Succeeded, Succeeded]),
        ("out_of_memory", vec![Succeeded, Failed, Waiting]),
        ("caught", vec![Succeeded, Caught, Succeeded, Succeeded]),
        ("branch_caught", vec![Succeeded, Caught, Succeeded, Failed, Aborted, Succeeded]),
        ("map_retried", vec![Succeeded, Succeeded, Succeeded, Succeeded]),
        ("redriven", vec![Succeeded, Succeeded, Succeeded, Succeeded]),
        ("function", vec![Succeeded, Caught, Succeeded, Succeeded]),
        ("task_timed_out", vec![Succeeded, Failed, Waiting]),
        ("timed_out_between_attempts", vec![Succeeded, Aborted, Waiting]),
        ("stopped", vec![Succeeded, Aborted, Waiting, Waiting]),
        ("choice", vec![Succeeded, Succeeded, Succeeded, Waiting, Succeeded]),
        ("unknown_events", vec![Succeeded, Failed, Waiting]),
        ("loop", vec![Succeeded, Succeeded, Succeeded, Succeeded]),
    ] {
        let (execution, nodes) = statuses(name, None);
        let mut nodes: Vec<NodeStatus> = nodes;
        if name == "loop" {
            // It ends in a state that says so itself, and has no dot at its end.
            assert_eq!(nodes.len(), 4);
        }
        nodes.truncate(expected.len());
        assert_eq!(nodes, expected, "{name}: {:?}", execution.status);
    }
    let (_, nodes) = statuses("map_retried", Some(4));
    assert_eq!(nodes, [Succeeded, Running, Waiting, Waiting]);
}

#[test]
fn what_is_tried_again_and_when() {
    let (definition, json) = fixture("waits_for_an_attempt");
    let events = events(&json);
    let execution = Execution::of(&events);
    let machine = StateMachine::parse(&definition);
    let failed = events.last().expect("events").time;
    let after = |seconds: i64| failed + jiff::SignedDuration::from_secs(seconds);
    let retry = |now| Progress::of(&execution, &FlowGraph::of(&machine), &machine, now).retries[0];
    let expected = |in_seconds| Retry {
        // The retrier of timeouts has not been used, and does not count.
        attempt: AttemptOf { number: 2, of: Some(4) },
        at: after(20),
        in_seconds,
        is_jittered: true,
    };
    assert_eq!(retry(after(0)), Some(expected(20.0)));
    assert_eq!(retry(after(5)), Some(expected(15.0)));
    assert_eq!(retry(after(500)), Some(expected(0.0)));
    // The second of two failures was the last repetition.
    let (execution, nodes) = statuses("out_of_memory", Some(14));
    assert_eq!((execution.entries[0].attempts.len(), &nodes[1]), (3, &NodeStatus::Running));
}

#[test]
fn all_of_an_entry_is_kept() {
    let (execution, _) = statuses("out_of_memory", None);
    let [entry] = execution.entries.as_slice() else { panic!("one entry") };
    assert_eq!((execution.status, execution.path(entry).as_str()), (Status::Failed, "RunReport"));
    assert_eq!(entry.attempts.len(), 3);
    let attempt = &entry.attempts[0];
    assert_eq!(attempt.resource.as_deref(), Some("ecs:runTask.sync"));
    assert_eq!(attempt.parameters.as_deref(), Some("{\"LaunchType\":\"FARGATE\"}"));
    assert_eq!(attempt.stopped.map(|stopped| stopped.duration_since(attempt.started).as_secs()), Some(30));
    let [task] = attempt.tasks.as_slice() else { panic!("one task") };
    assert_eq!((task.id(), task.is_stopped()), ("00000000000000000000000000000001", true));
    assert_eq!(task.started.map(|at| at.to_string()).as_deref(), Some("2026-01-01T00:00:05Z"));
    let failure = attempt.failure.as_ref().expect("it failed");
    assert_eq!(sentence(&failure.cause), "container report exited 137: OutOfMemoryError: Container killed due to memory usage");

    let (execution, _) = statuses("map_retried", None);
    let paths: Vec<String> = execution.entries.iter().map(|entry| execution.path(entry)).collect();
    assert_eq!(
        paths,
        ["Each", "Each[0] / One", "Each[1] / One", "Each[2] / One", "Each[0] / One", "Each[1] / One", "Each[2] / One"]
    );
    assert_eq!(execution.iterations(0), (3, 0, 3));
    let status: Vec<EntryStatus> = execution.entries.iter().map(|entry| entry.status).collect();
    use EntryStatus::{Aborted, Failed, Succeeded};
    assert_eq!(status, [Succeeded, Succeeded, Failed, Aborted, Succeeded, Succeeded, Succeeded]);

    let (execution, _) = statuses("redriven", None);
    assert_eq!((execution.redrives, execution.status, execution.failure), (1, Status::Succeeded, None));
    let redrives: Vec<u64> = execution.entries[1].attempts.iter().map(|attempt| attempt.redrive).collect();
    assert_eq!(redrives, [0, 1]);
}

#[test]
fn what_ecs_says_does_not_undo_an_end() {
    let (mut execution, _) = statuses("out_of_memory", Some(5));
    let arn = execution.tasks(true).next().expect("a task").1.arn.clone();
    let seen = |status: &str| EcsTask { arn: arn.clone(), last_status: Some(status.to_owned()), ..EcsTask::default() };
    assert!(execution.observe_task(&seen("RUNNING")));
    assert!(!execution.observe_task(&seen("RUNNING")));
    assert!(execution.observe_task(&seen("STOPPED")));
    assert!(!execution.observe_task(&seen("RUNNING")));
    assert!(execution.tasks(true).all(|(_, task)| task.is_stopped()));
    assert!(!execution.observe_task(&EcsTask { arn: "other".to_owned(), ..EcsTask::default() }));
}

#[test]
fn secrets_are_hidden_where_users_write() {
    let secret = Secret::new("2026-01-01".to_owned(), "digest".to_owned());
    let (_, json) = fixture("out_of_memory");
    let event = Event::parse(&json[0], &Veil::of([&secret])).expect("an event");
    assert_eq!(event.kind, EventKind::ExecutionStarted { input: Some("{\"day\":\"(sensitive value)\"}".to_owned()) });
}

#[test]
fn what_is_no_event() {
    let parse = |text: &str| Event::parse(&serde_json::from_str(text).expect("JSON"), &Veil::default());
    for text in ["null", "[]", "{}", "{\"id\":0}", "{\"id\":-1}", "{\"id\":\"1\"}"] {
        assert_eq!(parse(text), None, "{text}");
    }
    let event = parse("{\"id\":1,\"type\":7,\"timestamp\":1e300,\"x\":{}}").expect("an event");
    assert_eq!((event.kind, event.previous), (EventKind::Other, 0));
    let told = parse("{\"id\":1,\"type\":\"TaskStarted\",\"timestamp\":\"2026-01-01T02:00:00.5+02:00\"}").expect("an event");
    assert_eq!(told.time.to_string(), "2026-01-01T00:00:00.5Z");
}

proptest! {
    /// Events that no machine makes, in any order, with any previous event: nothing of it is an error.
    #[test]
    fn nothing_in_a_history_is_an_error(picks in proptest::collection::vec((0_usize..1000, 0_u64..40), 0..60)) {
        static POOL: std::sync::LazyLock<Vec<Json>> =
            std::sync::LazyLock::new(|| names().iter().flat_map(|name| fixture(name).1).collect());
        let (definition, _) = fixture("map_retried");
        let machine = StateMachine::parse(&definition);
        let graph = FlowGraph::of(&machine);
        let mut execution = Execution::default();
        for (index, (pick, previous)) in picks.iter().enumerate() {
            let mut event = Event::parse(&POOL[pick % POOL.len()], &Veil::default()).expect("an event");
            (event.id, event.previous) = (index as u64 + 1, *previous);
            execution.apply(&event);
            let progress = Progress::of(&execution, &graph, &machine, event.time);
            prop_assert_eq!(progress.nodes.len(), graph.nodes.len());
        }
        for entry in &execution.entries {
            prop_assert!(!execution.path(entry).is_empty() || entry.name.is_empty());
        }
    }
}
