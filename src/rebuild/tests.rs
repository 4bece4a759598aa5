//! Records from what is live, without AWS.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::*;
use crate::diagnostic::Source;
use crate::resource::Ownership;
use crate::resources;
use crate::stack;
use crate::state::digest;

const ACCOUNT: &str = "123456789012";

fn place() -> Place {
    Place { partition: Some("aws".into()), region: Some("eu-central-1".into()), account_id: Some(ACCOUNT.into()) }
}

fn read(text: &str, variables: &[(&str, &str)], key: &str) -> Stack {
    let source = Arc::new(Source { name: "stack.toml".into(), text: format!("[stack]\nname = \"s\"\n{text}") });
    let arguments = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let inputs = stack::Inputs { arguments, ..stack::Inputs::default() };
    let missing = |name: &str| Err(stack::DocumentError::Missing { path: name.to_owned() });
    let (stack, diagnostics) = stack::parse(&source, resources::ALL, &inputs, &mut { missing }, &|text| digest(key, text));
    stack.unwrap_or_else(|| panic!("{diagnostics:#?}"))
}

fn live(resource_type: &str, id: &str, address: &str, spec: Json) -> (&'static dyn ResourceType, Live) {
    let kind = find_kind(resources::ALL, resource_type).expect("a type");
    let spec = resource::normalise(kind, &Value::from(spec));
    let ownership = Some(Ownership { stack: "s".into(), address: address.into(), token: None });
    (kind, Live { id: id.into(), spec, attributes: [("arn".to_owned(), Value::from(id))].into(), ownership })
}

fn cluster(name: &str, address: &str) -> (&'static dyn ResourceType, Live) {
    live("cluster", &format!("arn:aws:ecs:eu-central-1:{ACCOUNT}:cluster/{name}"), address, json!({ "name": name }))
}

fn rebuilt(stack: &Stack, found: Vec<(&'static dyn ResourceType, Live)>, base: &State) -> Rebuilt {
    let (data, place, now) = (BTreeMap::new(), place(), Timestamp::UNIX_EPOCH);
    rebuild(Inputs { kinds: resources::ALL, stack, found, data: &data, place: &place, base, now })
}

#[test]
fn the_one_that_has_the_name_of_the_stack_file_is_the_record() {
    let stack = read("[cluster.a]\nname = \"one\"\n[cluster.c]\n", &[], "");
    let found =
        vec![cluster("one", "cluster.a"), cluster("two", "cluster.a"), cluster("x", "cluster.b"), cluster("y", "cluster.b")];
    let Rebuilt { state, not_found, left_out } = rebuilt(&stack, found, &State::new("s"));
    let id =
        |name: &str| state.resources[&Address::managed("cluster", name)].id.rsplit('/').next().unwrap_or_default().to_owned();
    assert_eq!((id("a"), id("b")), ("one".to_owned(), "y".to_owned()));
    let deposed: Vec<&str> = state.deposed.iter().filter_map(|deposed| deposed.record.id.rsplit('/').next()).collect();
    assert_eq!(deposed, ["two", "x"]);
    assert_eq!((not_found, left_out), (vec![Address::managed("cluster", "c")], Vec::new()));
}

#[test]
fn tags_that_name_no_address_of_the_type_are_left_out() {
    let stack = read("[cluster.a]\n", &[], "");
    let found = ["", "nonsense", "role.a", "data.cluster.a", "cluster.a.b"].map(|address| cluster("x", address)).to_vec();
    let Rebuilt { state, left_out, .. } = rebuilt(&stack, found, &State::new("s"));
    assert_eq!((state.resources.len(), left_out.len()), (0, 5));
}

#[test]
fn lineage_and_key_are_kept_and_all_else_is_new() {
    let base = State { serial: 7, ..State::new("s") };
    let base = State { outputs: [("old".to_owned(), RecordedOutput { value: Value::Null, sensitive: false })].into(), ..base };
    let stack = read(
        "[cluster.a]\n[outputs]\narn = { value = \"${cluster.a.arn}\" }\nlater = { value = \"${cluster.b.arn}\" }\n[cluster.b]\n",
        &[],
        "",
    );
    let state = rebuilt(&stack, vec![cluster("s-a", "cluster.a")], &base).state;
    assert_eq!((&state.lineage, &state.digest_key, &state.place), (&base.lineage, &base.digest_key, &place()));
    let outputs: Vec<&str> = state.outputs.keys().map(String::as_str).collect();
    assert_eq!(outputs, ["arn"], "an output that is not known waits");
}

#[test]
fn what_is_secret_is_sealed_and_what_the_stack_says_in_clear_is_not() {
    let base = State::new("s");
    let text = "[variables]\np = { sensitive = true }\n[cluster.a]\ntags = { secret = \"x-${var.p}\", clear = \"hunter2 said aloud\", changed = \"${var.p}\" }\n";
    let stack = read(text, &[("p", "hunter2")], &base.digest_key);
    let tags = json!({ "secret": "x-hunter2", "clear": "hunter2 said aloud", "changed": "what was there", "strange": "by hand: hunter2" });
    let arn = format!("arn:aws:ecs:eu-central-1:{ACCOUNT}:cluster/s-a");
    let found = vec![live("cluster", &arn, "cluster.a", json!({ "name": "s-a", "tags": tags }))];
    let state = rebuilt(&stack, found, &base).state;
    let spec = &state.resources[&Address::managed("cluster", "a")].spec;
    let tags = spec.get("tags").and_then(Value::as_map).expect("tags");
    let sealed: Vec<&str> = tags.iter().filter(|(_, tag)| tag.has_secret()).map(|(key, _)| key.as_str()).collect();
    assert_eq!(sealed.len(), 3, "{sealed:?}");
    assert_eq!(tags["clear"], Value::from("hunter2 said aloud"));
    assert_eq!(tags["secret"], Value::Secret(crate::value::Secret::sealed(base.digest("x-hunter2"))));
}

#[test]
fn what_an_undeclared_one_names_is_deleted_after_it_but_in_a_ring() {
    let stack = read("[cluster.other]\n", &[], "");
    let machine = |name: &str, starts: &str| {
        let arn = |name: &str| format!("arn:aws:states:eu-central-1:{ACCOUNT}:stateMachine:{name}");
        let state = json!({ "Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "Parameters": { "StateMachineArn": arn(starts) }, "End": true });
        let definition = json!({ "StartAt": "S", "States": { "S": state } });
        let spec = json!({ "name": name, "role_arn": "arn:aws:iam::210987654321:role/r", "definition": definition });
        live("state_machine", &arn(name), &format!("state_machine.{name}"), spec)
    };
    let depends = |found: Vec<(&'static dyn ResourceType, Live)>| -> Vec<usize> {
        rebuilt(&stack, found, &State::new("s")).state.resources.values().map(|record| record.dependencies.len()).collect()
    };
    assert_eq!(depends(vec![machine("a", "b"), machine("b", "elsewhere")]), [1, 0]);
    assert_eq!(depends(vec![machine("a", "b"), machine("b", "a")]), [0, 0]);
}
