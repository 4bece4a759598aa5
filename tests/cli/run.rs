//! `run`, `runs`, `show`, `stop`, `redrive`: executions that really run, against an AWS that executes them.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::support::offline::stepwright;
use crate::support::world::{Outcome, World};

const STACK: &str = include_str!("../fixtures/run/stack.toml");

/// An account that executes state machines, and the stack applied to it.
fn applied() -> World {
    let world = World::new();
    world.endpoint.execute_state_machines();
    let subnets = world.call("ec2", "describe_subnets", json!({}));
    let subnet = subnets["Subnets"][0]["SubnetId"].as_str().expect("a default subnet");
    world.write("stack.toml", &STACK.replace("subnet-00000000000000000", subnet));
    world.stepwright(&["apply", "stack.toml", "--yes"]).expect(0);
    world.endpoint.forget_calls();
    world
}

fn run(world: &World, machine: &str, more: &[&str]) -> Outcome {
    world.stepwright(&[&["run", "stack.toml", machine], more].concat())
}

/// The last line of a run that told all of it as JSON.
#[track_caller]
fn execution(outcome: &Outcome) -> Json {
    let last = outcome.stdout.lines().last().unwrap_or_else(|| panic!("nothing was told: {outcome}"));
    let json: Json = serde_json::from_str(last).unwrap_or_else(|error| panic!("no JSON ({error}): {outcome}"));
    assert_eq!(json["type"], "execution", "{outcome}");
    json
}

/// How often the test's own process finds what it looks for.
#[track_caller]
fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "no {what} within a minute");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_task_fails_and_is_tried_again() {
    let world = applied();
    let outcome = run(&world, "flaky", &["--name", "one"]).expect(0);
    outcome.says(&[
        "execution one started",
        "RunReport: calls ecs:runTask.sync",
        "RunReport: task arn:aws:ecs:eu-central-1:123456789012:task/runs-main/",
        "failed: States.TaskFailed: container report exited 1; attempt 2 of 3, next in 1 s",
        "calls ecs:runTask.sync, attempt 2",
        "container report exited 0",
        "Execution one of state_machine.flaky of runs\n✓ succeeded after",
        "✓ RunReport  succeeded",
        "2 attempts",
        "attempt 1: States.TaskFailed: container report exited 1",
        "arn:aws:states:eu-central-1:123456789012:execution:runs-flaky:one",
    ]);
    assert!(!outcome.stderr.contains("warning"), "{outcome}");
    assert!(!outcome.stdout.contains('\u{1b}') && !outcome.stderr.contains('\u{1b}'), "a pipe gets no colours: {outcome}");
    // The same, looked at later: by its ARN alone, and by its name.
    let arn = "arn:aws:states:eu-central-1:123456789012:execution:runs-flaky:one";
    let shown = world.stepwright(&["show", arn]).expect(0);
    shown.says(&["│ ✓ RunReport ", "│ succeeded, ", "↻ retry 2×, 1→2 s", "Execution one of runs-flaky", "attempt 2: succeeded"]);
    let shown =
        world.stepwright(&["show", "one", "--stack", "stack.toml", "--machine", "flaky", "--format", "json"]).expect(0).json();
    assert_eq!(shown["status"], "SUCCEEDED");
    assert_eq!(shown["entries"][0]["attempts"].as_array().map(Vec::len), Some(2));
    assert_eq!(shown["entries"][0]["attempts"][1]["tasks"][0]["containers"][0]["exit_code"], 0);
    assert_eq!(shown["states"][0]["status"], "succeeded");
    // Followed from its end, it has ended already, and tells the same.
    world.stepwright(&["show", arn, "--follow"]).expect(0).says(&["attempt 2 of 3, next in 1 s", "✓ succeeded after"]);
}

#[test]
fn each_way_to_end_has_its_exit_code() {
    let world = applied();
    run(&world, "bad", &[]).expect(3).says(&[
        "execution failed: States.TaskFailed: container report exited 137",
        "✗ failed after",
        "error     States.TaskFailed",
        "cause     container report exited 137",
    ]);
    let caught = run(&world, "state_machine.caught", &["--format", "json"]).expect(0);
    let caught = execution(&caught);
    let statuses: Vec<_> = caught["entries"].as_array().expect("entries").iter().map(|entry| &entry["status"]).collect();
    assert_eq!(statuses, ["caught", "succeeded"]);
    assert_eq!(caught["output"], "\"mended\"");
    assert_eq!(caught["entries"][0]["failure"]["explanation"], "container report exited 137");
    run(&world, "late", &[]).expect(4).says(&["execution timed out", "■ Wait", "✗ timed out after"]);
    let both = execution(&run(&world, "both", &["--format", "json"]).expect(0));
    let paths: Vec<_> = both["entries"].as_array().expect("entries").iter().map(|entry| entry["path"].as_str()).collect();
    for path in ["Both", "Both / Left", "Both / Right", "Each", "Each[0] / One", "Each[1] / One"] {
        assert!(paths.contains(&Some(path)), "{path} is not in {paths:?}");
    }
    // All of it, the newest first.
    let listed = world.stepwright(&["runs", "stack.toml", "--format", "json"]).expect(0).json();
    let listed = listed["executions"].as_array().expect("executions").iter();
    let listed: Vec<_> =
        listed.map(|run| (run["address"].as_str().unwrap_or_default(), run["status"].as_str().unwrap_or_default())).collect();
    let expected = [
        ("state_machine.both", "SUCCEEDED"),
        ("state_machine.late", "TIMED_OUT"),
        ("state_machine.caught", "SUCCEEDED"),
        ("state_machine.bad", "FAILED"),
    ];
    assert_eq!(listed, expected);
    world.stepwright(&["runs", "stack.toml", "bad"]).expect(0).says(&["✗ failed", " s  "]);
    let listed = world.stepwright(&["runs", "stack.toml", "--status", "failed", "--limit", "3"]).expect(0);
    assert_eq!(listed.stdout.lines().count(), 1, "{listed}");
}

#[test]
fn an_execution_is_left_alone_found_again_and_stopped() {
    let world = applied();
    let arn = "arn:aws:states:eu-central-1:123456789012:execution:runs-slow:one";
    // Waiting ends, the execution does not.
    let outcome = run(&world, "slow", &["--name", "one", "--timeout", "1s"]).expect(6);
    outcome.says(&[
        "--timeout is over, and the execution still runs.",
        &format!("stepwright show {arn} --follow"),
        &format!("stepwright stop {arn}"),
    ]);
    assert_eq!(outcome.stdout, "");
    world.stepwright(&["show", arn]).expect(0).says(&["● running", "● Wait"]);
    world.stepwright(&["runs", "stack.toml", "slow"]).expect(0).says(&["● running"]);
    // Ctrl-C where nobody can be asked.
    let running = world.start(&["show", arn, "--follow"]);
    world.endpoint.forget_calls();
    world.endpoint.wait_for_call("GetExecutionHistory");
    running.interrupt();
    running.wait().expect(130).says(&["The execution goes on.", &format!("stepwright stop {arn}")]);
    assert!(world.endpoint.calls().iter().all(|call| call.action != "StopExecution"));
    // Somebody stops it while another looks on.
    let running = world.start(&["show", "one", "--stack", "stack.toml", "--machine", "slow", "--follow"]);
    world.endpoint.forget_calls();
    world.endpoint.wait_for_call("GetExecutionHistory");
    world.stepwright(&["stop", arn, "--cause", "enough"]).expect(0).says(&["Execution one of runs-slow is stopped."]);
    running.wait().expect(5).says(&["execution aborted", "■ Wait", "■ aborted after"]);
    let calls = world.endpoint.calls();
    let stop = calls.iter().find(|call| call.action == "StopExecution").expect("a call");
    assert_eq!(stop.request, json!({ "executionArn": arn, "cause": "enough" }));
    world.stepwright(&["stop", arn]).expect(0).says(&["has ended already: it is ABORTED."]);
    // The tests' AWS takes nothing up again, and says so.
    world.stepwright(&["redrive", arn]).expect(1).says(&["ExecutionNotRedrivable", "start a new one: stepwright run"]);
}

#[test]
fn it_is_only_started() {
    let world = applied();
    let outcome = run(&world, "echo", &["--detach", "--name", "one"]).expect(0);
    assert_eq!(outcome.stdout, "arn:aws:states:eu-central-1:123456789012:execution:runs-echo:one\n");
    outcome.says(&["Started an execution of state_machine.echo of runs."]);
    let again = run(&world, "echo", &["--detach", "--name", "one", "--input", "{\"other\":1}"]).expect(1);
    again.says(&["ExecutionAlreadyExists", "an execution `one` of this machine, with another input or ended already", "90 days"]);
    let calls = world.endpoint.calls();
    assert!(calls.iter().all(|call| call.action != "GetExecutionHistory"), "{calls:?}");
    let started: Vec<_> = calls.iter().filter(|call| call.action == "StartExecution").map(|call| &call.request).collect();
    assert_eq!(
        started[0],
        &json!({ "stateMachineArn": "arn:aws:states:eu-central-1:123456789012:stateMachine:runs-echo", "name": "one", "input": "{}" })
    );
}

#[test]
fn what_is_put_in_is_shown_harmless_and_without_secrets() {
    let world = applied();
    let hostile = "\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}</script>";
    world.write("input.json", &json!({ "x": hostile, "p": "correct-horse" }).to_string());
    for format in ["human", "json"] {
        let outcome = run(&world, "echo", &["--input", "@input.json", "--format", format]).expect(0);
        outcome.says(&["(sensitive value)"]);
        let all = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!all.contains("correct-horse"), "{outcome}");
        let bad = all.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(bad, None, "{outcome}");
    }
    let calls = world.endpoint.calls();
    let sent = calls.iter().find(|call| call.action == "StartExecution").expect("a call");
    let sent: Json = serde_json::from_str(sent.request["input"].as_str().expect("an input")).expect("JSON");
    assert_eq!(sent["p"], "correct-horse", "what is sent is what was given");
}

#[test]
fn what_containers_write_is_shown() {
    let world = applied();
    let running = world.start(&["run", "stack.toml", "flaky", "--logs"]);
    let task = eventually("task", || {
        let arns = ["RUNNING", "STOPPED"]
            .map(|status| world.call("ecs", "list_tasks", json!({ "cluster": "runs-main", "desiredStatus": status })));
        arns.iter().find_map(|arns| arns["taskArns"][0].as_str().map(str::to_owned))
    });
    let stream = format!("p/report/{}", task.rsplit('/').next().unwrap_or_default());
    world.call("logs", "create_log_group", json!({ "logGroupName": "/ecs/runs" }));
    world.call("logs", "create_log_stream", json!({ "logGroupName": "/ecs/runs", "logStreamName": stream }));
    let now = jiff::Timestamp::now().as_millisecond();
    let events = json!([{ "timestamp": now, "message": "the \u{1b}[31mreport" }, { "timestamp": now + 1, "message": "correct-horse is done" }]);
    world.call("logs", "put_log_events", json!({ "logGroupName": "/ecs/runs", "logStreamName": stream, "logEvents": events }));
    let outcome = running.wait().expect(0);
    outcome.says(&["RunReport/report | the \\u{1b}[31mreport", "RunReport/report | (sensitive value) is done"]);
    assert_eq!(outcome.stderr.matches("is done").count(), 1, "each line once: {outcome}");
}

#[test]
fn mistakes_are_told_before_anything_is_started() {
    let world = World::new();
    world.write("stack.toml", STACK);
    let refused = |arguments: &[&str], words: &[&str]| {
        world.stepwright(arguments).expect(1).says(words);
    };
    refused(
        &["run", "stack.toml", "flaky", "--input", "{day: 1}"],
        &["--input:1:2: the input is not JSON", "@FILE reads a file"],
    );
    refused(&["run", "stack.toml", "flaky", "--input", "@missing.json"], &["there is no file `missing.json`"]);
    refused(&["run", "stack.toml", "flaky", "--name", "a/b"], &["`a/b` can't be the name of an execution: it has '/' in it"]);
    refused(&["run", "stack.toml", "falky"], &["no state machine `falky`", "did you mean `flaky`?"]);
    refused(&["run", "stack.toml", "flaky"], &["state_machine.flaky is declared and not there yet", "stepwright apply STACK"]);
    refused(&["run", "stack.toml", "flaky", "--detach", "--logs"], &["cannot be used with"]);
    refused(&["show", "one"], &["`one` is a name", "--stack STACK"]);
    refused(&["show", "arn:aws:states:eu-central-1:1:stateMachine:x"], &["is not the ARN of an execution"]);
    refused(&["show", "arn:aws:states:eu-central-1:1:express:x:y:z"], &["express machine, of which AWS keeps no history"]);
    refused(&["stop", "one", "--stack", "stack.toml"], &["the state of runs has no state machine"]);
    refused(&["show", "arn:aws:states:eu-central-1:123456789012:execution:x:y", "--logs"], &["add --follow"]);
    assert!(world.endpoint.calls().iter().all(|call| call.service != "states"));
    refused(&["show", "arn:aws:states:eu-central-1:123456789012:execution:x:y"], &["ExecutionDoesNotExist"]);
    refused(&["show", "arn:aws:states:eu-central-1:123456789012:execution:x:y", "--follow"], &["ExecutionDoesNotExist"]);
    let piped = stepwright(world.path("").as_path(), &["run", "stack.toml", "flaky", "--input", "-"]);
    piped.expect(1).says(&["<stdin>:1:0: the input is not JSON"]);
}

#[test]
fn of_an_express_machine_nothing_can_be_followed() {
    let world = applied();
    run(&world, "quick", &[]).expect(1).says(&["state_machine.quick is an express machine", "--detach"]);
    world
        .stepwright(&["runs", "stack.toml", "quick"])
        .expect(0)
        .says(&["AWS does not list its executions", "There are no executions."]);
    assert!(world.endpoint.calls().iter().all(|call| call.action != "StartExecution"));
    world
        .stepwright(&["show", "one", "--stack", "stack.toml"])
        .expect(1)
        .says(&["`one` may be of several state machines", "flaky, bad"]);
}

#[test]
fn a_page_for_a_browser() {
    let world = applied();
    let outcome = run(&world, "bad", &["--name", "page", "--html", "page.html"]).expect(3);
    outcome.says(&["Wrote the page page.html"]);
    let page = world.read("page.html");
    let arn = "arn:aws:states:eu-central-1:123456789012:execution:runs-bad:page";
    for expected in [
        "<!doctype html>",
        "is-failed",
        "container report exited",
        arn,
        "https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/",
        "class=\"task\">task <a href=\"https://eu-central-1.console.aws.amazon.com/ecs/v2/clusters/runs-main/tasks/",
        "<h2>Timeline</h2>",
    ] {
        assert!(page.contains(expected), "no {expected:?} in {page}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(world.path("page.html")).expect("the page").permissions().mode();
        assert_eq!(mode & 0o077, 0, "what an execution was given is for its owner alone");
    }
    // The same of a past one, over what was there.
    world.write("page.html", "old");
    world.stepwright(&["show", arn, "--html", "page.html"]).expect(0);
    assert!(world.read("page.html").contains("container report exited"));
    world.stepwright(&["show", arn, "--html", "missing/page.html"]).expect(1).says(&["missing/page.html"]);
}
