use expect_test::expect;

use super::*;
use crate::address::Address;
use crate::apply::{Event, Summary};
use crate::aws::{Error, ErrorKind};
use crate::render::Style;
use crate::render::fixture::written;

const PLAIN: Style = Style { color: false, width: 100 };
const NOW: &str = "2026-01-02T03:04:05Z";

fn error() -> Error {
    let mut error = Error::new("ecs:CreateCluster", ErrorKind::AccessDenied, "User is not\u{1b}[2J authorized");
    error.code = Some("AccessDeniedException".to_owned());
    error.request_id = Some("a1b2".to_owned());
    error.help = vec!["Allow ecs:CreateCluster to the role you use.".to_owned()];
    error
}

fn summary() -> Summary {
    let (cluster, machine) = (Address::managed("cluster", "main"), Address::managed("state_machine", "nightly"));
    Summary {
        done: vec![(Address::managed("role", "a"), OperationName::Create), (machine.clone(), OperationName::Update)],
        failed: vec![cluster],
        not_tried: vec![(Address::managed("task_definition", "report"), OperationName::Delete)],
        interrupted: false,
        elapsed: Duration::from_secs(75),
    }
}

fn events() -> Vec<Event> {
    let address = Address::managed("cluster", "main");
    let (step, operation, id) = (0, OperationName::Create, "arn:aws:ecs:x".to_owned());
    vec![
        Event::Settled { address: address.clone(), adopted: true },
        Event::Settled { address: address.clone(), adopted: false },
        Event::Started { steps: 1 },
        Event::StepStarted { step, address: address.clone(), operation, id: None },
        Event::StepStarted { step, address: address.clone(), operation: OperationName::Delete, id: Some(id.clone()) },
        Event::StepExists { step, address: address.clone(), id: id.clone() },
        Event::StepWaiting {
            step,
            address: address.clone(),
            what: "it to be ACTIVE".to_owned(),
            at_most: Duration::from_secs(120),
        },
        Event::StepDone { step, address: address.clone(), operation, id: Some(id), elapsed: Duration::from_millis(2900) },
        Event::StepFailed { step, address, operation, error: error(), elapsed: Duration::from_secs(3725) },
        Event::Draining { running: 2 },
        Event::Aborted { running: 1 },
        Event::Finished(summary()),
    ]
}

#[test]
fn lines() {
    let text: String = events().iter().map(|event| written(|out| event_line(out, event, PLAIN))).collect();
    expect![[r#"
        cluster.main: What an interrupted run began had taken effect; it is kept
        cluster.main: What an interrupted run began had not taken effect; it is planned again
        cluster.main: Creating...
        cluster.main: Destroying... [id=arn:aws:ecs:x]
        cluster.main: Waiting for it to be ACTIVE (at most 2m0s)...
        cluster.main: Creation complete after 2s [id=arn:aws:ecs:x]
        cluster.main: Creation failed after 1h2m5s: ecs:CreateCluster: AccessDeniedException: User is not\u{1b}[2J authorized
        Interrupted: nothing new is started; waiting for 2 running operations to finish. Press Ctrl-C again to leave at once.
        Aborted: 1 running operation left unfinished; the next run looks up what became of it.
    "#]]
    .assert_eq(&text);
    let (address, elapsed) = (Address::managed("cluster", "main"), Duration::from_secs(10));
    expect![[r#"
        cluster.main: Still modifying... [10s elapsed]
    "#]]
    .assert_eq(&written(|out| still_running_line(out, &address, OperationName::Update, elapsed, PLAIN)));
}

#[test]
fn json_lines() {
    let mut text: String = events().iter().map(|event| format!("{}\n", event_json(event, NOW))).collect();
    let (address, elapsed) = (Address::managed("cluster", "main"), Duration::from_secs(10));
    text.push_str(&still_running_json(0, &address, OperationName::Create, elapsed, NOW).to_string());
    expect![[r#"
        {"@level":"info","@message":"cluster.main: What an interrupted run began had taken effect; it is kept","@module":"stepwright.ui","@timestamp":"2026-01-02T03:04:05Z","type":"settled","hook":{"resource":{"addr":"cluster.main","resource":"cluster.main","resource_type":"cluster","resource_name":"main","implied_provider":"stepwright/aws"},"adopted":true}}
        {"@level":"info","@message":"cluster.main: What an interrupted run began had not taken effect; it is planned again","@module":"stepwright.ui","@timestamp":"2026-01-02T03:04:05Z","type":"settled","hook":{"resource":{"addr":"cluster.main","resource":"cluster.main","resource_type":"cluster","resource_name":"main","implied_provider":"stepwright/aws"},"adopted":false}}
        {"@level":"info","@message":"Applying: 1 step","@module":"stepwright.ui","@timestamp":"2026-01-02T03:04:05Z","type":"started","hook":{"steps":1}}
        {"@level":"info","@message":"cluster.main: Creating...","@module":"stepwright.ui","@timestamp":"2026-01-02T03:04:05Z","type":"apply_start","hook":{"resource":{"addr":"cluster.main","resource":"cluster.main","resource_type":"cluster","resource_name":"main","implied_provider":"stepwright/aws"},"action":"create","step":0}}
        {"@level":"info","@message":"cluster.main: Destroying... [id=arn:aws:ecs:x]","@module":"stepwright.ui","@timestamp":"2026-01-02T03:04:05Z","type":"apply_start","hook":{"resource":{"addr":"cluster.main","resource":"cluster.main","resource_type":"cluster","resource_name":"main","implied_provider":"stepwright/aws"},"action":"delete","step":0,"id_key":"arn","id_value":"arn:aws:ecs:x"}}
        {"@level":"info","@message":"cluster.main: Exists [id=arn:aws:ecs:x]","@module":"stepwright.ui","@timestamp":"2026-01-02T03:04:05Z","type":"apply_exists","hook":{"resource":{"addr":"cluster.main","resource":"cluster.main","resource_type":"cluster","resource_name":"main","implied_provider":"stepwright/aws"},"step":0,"id_key":"arn","id_value":"arn:aws:ecs:x"}}
        {"@level":"info","@message":"cluster.main: Waiting for it to be ACTIVE (at most 2m0s)...","@module":"stepwright.ui","@timestamp":"2026-01-02T03:04:05Z","type":"apply_waiting","hook":{"resource":{"addr":"cluster.main","resource":"cluster.main","resource_type":"cluster","resource_name":"main","implied_provider":"stepwright/aws"},"step":0,"what":"it to be ACTIVE","at_most_seconds":120}}
        {"@level":"info","@message":"cluster.main: Creation complete after 2s [id=arn:aws:ecs:x]","@module":"stepwright.ui","@timestamp":"2026-01-02T03:04:05Z","type":"apply_complete","hook":{"resource":{"addr":"cluster.main","resource":"cluster.main","resource_type":"cluster","resource_name":"main","implied_provider":"stepwright/aws"},"action":"create","step":0,"id_key":"arn","id_value":"arn:aws:ecs:x","elapsed_seconds":2}}
        {"@level":"error","@message":"cluster.main: Creation failed after 1h2m5s: ecs:CreateCluster: AccessDeniedException: User is not\\u{1b}[2J authorized","@module":"stepwright.ui","@timestamp":"2026-01-02T03:04:05Z","type":"apply_errored","hook":{"resource":{"addr":"cluster.main","resource":"cluster.main","resource_type":"cluster","resource_name":"main","implied_provider":"stepwright/aws"},"action":"create","step":0,"elapsed_seconds":3725,"error":{"operation":"ecs:CreateCluster","code":"AccessDeniedException","message":"User is not\u001b[2J authorized","request_id":"a1b2","help":["Allow ecs:CreateCluster to the role you use."]}}}
        {"@level":"warn","@message":"Interrupted: nothing new is started; waiting for 2 running operations to finish. Press Ctrl-C again to leave at once.","@module":"stepwright.ui","@timestamp":"2026-01-02T03:04:05Z","type":"draining","hook":{"running":2}}
        {"@level":"warn","@message":"Aborted: 1 running operation left unfinished; the next run looks up what became of it.","@module":"stepwright.ui","@timestamp":"2026-01-02T03:04:05Z","type":"aborted","hook":{"running":1}}
        {"@level":"error","@message":"Apply incomplete! Resources: 1 added, 1 changed, 0 destroyed.","@module":"stepwright.ui","@timestamp":"2026-01-02T03:04:05Z","type":"change_summary","changes":{"add":1,"change":1,"import":0,"remove":0,"forget":0,"refresh":0,"operation":"apply"},"failed":["cluster.main"],"not_tried":[{"addr":"task_definition.report","action":"delete"}],"interrupted":false,"elapsed_seconds":75}
        {"@level":"info","@message":"cluster.main: Still creating... [10s elapsed]","@module":"stepwright.ui","@timestamp":"2026-01-02T03:04:05Z","type":"apply_progress","hook":{"resource":{"addr":"cluster.main","resource":"cluster.main","resource_type":"cluster","resource_name":"main","implied_provider":"stepwright/aws"},"action":"create","step":0,"elapsed_seconds":10}}"#]].assert_eq(&text);
}

#[test]
fn report_of_a_failure() {
    let failures: Vec<Failure> = events().iter().filter_map(Failure::of_event).collect();
    expect![[r#"
        Error: cluster.main: could not create it
          User is not\u{1b}[2J authorized
          call       ecs:CreateCluster
          code       AccessDeniedException
          request id a1b2
          help: Allow ecs:CreateCluster to the role you use.

        Done:
          role.a                 created
          state_machine.nightly  updated

        Not tried:
          task_definition.report  destroy

        Apply failed. Resources: 1 added, 1 changed, 0 destroyed in 1m15s.
        The state holds what was done. Run apply again to go on from here.
    "#]]
    .assert_eq(&written(|out| report(out, "Apply", &summary(), &failures, PLAIN)));
}

#[test]
fn report_of_a_success() {
    let done =
        vec![(Address::managed("role", "a"), OperationName::Import), (Address::managed("role", "b"), OperationName::Forget)];
    let summary = Summary { done, elapsed: Duration::from_secs(1), ..Summary::default() };
    expect![[r#"
        Apply complete! Resources: 1 imported, 0 added, 0 changed, 0 destroyed, 1 forgotten in 1s.
    "#]]
    .assert_eq(&written(|out| report(out, "Apply", &summary, &[], PLAIN)));
}
