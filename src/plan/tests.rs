//! Plans in a compact form: what is to be done with each address and why, then the steps and what each waits for.

use std::fmt::Write as _;
use std::sync::Arc;

use expect_test::{Expect, expect};
use serde_json::{Value as Json, json};

use crate::address::Address;
use crate::diagnostic::Source;
use crate::place::Place;
use crate::plan::{Action, Inputs, Observed, OperationName, Options, Plan, PlanError, Reason, StepOperation, moved, plan};
use crate::resource::{self, Live, Ownership, ResourceType, find_kind};
use crate::resources::fake::Cloud;
use crate::schema::Phase;
use crate::stack::{Dependency, DocumentError, Inputs as StackInputs, Lifecycle, Stack, parse};
use crate::state::{Deposed, Record, RecordedOutput, State, digest};
use crate::value::{Secret, Value};

mod adoption;
mod removal;
mod replacement;

pub const PLACE_TEXT: &str = "arn:aws:fake:eu-west-1:123456789012:";

/// The stack in `text`, of these types.
pub fn stack(text: &str, kinds: &[&'static dyn ResourceType], key: &str) -> Stack {
    let source = Arc::new(Source { name: "stack.toml".into(), text: text.into() });
    let mut documents = |name: &str| Err(DocumentError::Missing { path: name.to_owned() });
    let (stack, diagnostics) = parse(&source, kinds, &StackInputs::default(), &mut documents, &|text| digest(key, text));
    stack.unwrap_or_else(|| panic!("{diagnostics:?}\n{text}"))
}

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

/// A state and what is live, to be planned against.
struct World {
    kinds: Vec<&'static dyn ResourceType>,
    state: State,
    observed: Observed,
    options: Options,
    place: Place,
}

/// What is live where nobody has touched it.
const AS_RECORDED: Json = Json::Null;

impl World {
    fn new() -> Self {
        let place =
            Place { partition: Some("aws".into()), region: Some("eu-west-1".into()), account_id: Some("123456789012".into()) };
        let state = State { digest_key: "k".into(), lineage: "l".into(), place: place.clone(), ..State::new("s") };
        Self { kinds: Cloud::default().kinds(), state, observed: Observed::default(), options: Options::default(), place }
    }

    fn live(&self, at: &str, id: &str, spec: Value) -> Live {
        let kind = find_kind(&self.kinds, &address(at).resource_type).expect("a type");
        let spec = resource::normalise(kind, &spec);
        let mut attributes = kind.predict(&spec, &self.place);
        attributes.insert("arn".into(), Value::string(id));
        if at.starts_with("disk") {
            attributes.insert("serial".into(), Value::from("s1"));
            attributes.insert("version".into(), Value::from("v1"));
        }
        let ownership = Some(Ownership { stack: "s".into(), address: at.into(), token: None });
        Live { id: id.into(), spec, attributes, ownership }
    }

    /// Recorded at `at`: what its `live` is not, differs.
    fn with(mut self, at: &str, recorded: Value, live: Json, needs: &[&str]) -> Self {
        let name = recorded.text("name").or(recorded.text("family")).expect("a name").to_owned();
        let revision = if at.starts_with("image") { ":1" } else { "" };
        let id = format!("{PLACE_TEXT}{}/{name}{revision}", address(at).resource_type);
        let as_recorded = self.live(at, &id, recorded);
        let dependencies = needs.iter().map(|at| Dependency { address: address(at), needs: Phase::Exists }).collect();
        let record = Record {
            id: id.clone(),
            spec: as_recorded.spec.clone(),
            attributes: as_recorded.attributes.clone(),
            dependencies,
            lifecycle: Lifecycle::default(),
            incomplete: false,
            moved_from: None,
            changed_at: "2026-01-02T03:04:05Z".parse().expect("a time"),
        };
        let seen = match live {
            Json::Null => Some(as_recorded),
            Json::Bool(false) => None,
            live => Some(self.live(at, &id, Value::from(live))),
        };
        self.observed.resources.insert(address(at), seen);
        self.state.resources.insert(address(at), record);
        self
    }

    fn disk(self, at: &str, spec: Json, live: Json, needs: &[&str]) -> Self {
        self.with(at, Value::from(spec), live, needs)
    }

    fn change(mut self, at: &str, change: impl FnOnce(&mut Record)) -> Self {
        change(self.state.resources.get_mut(&address(at)).expect("a record"));
        self
    }

    fn found(mut self, at: &str, name: &str, owner: Option<(&str, &str)>, spec: Json) -> Self {
        let mut live = self.live(at, &format!("{PLACE_TEXT}disk/{name}"), Value::from(spec));
        live.ownership = owner.map(|(stack, at)| Ownership { stack: stack.into(), address: at.into(), token: None });
        self.observed.found.insert(address(at), live);
        self
    }

    /// What is live of `from` is seen at `to`, where a move has led its record.
    fn move_observed(mut self, from: &str, to: &str) -> Self {
        let live = self.observed.resources.remove(&address(from)).expect("it is live");
        self.observed.resources.insert(address(to), live);
        self
    }

    fn deposed(mut self, at: &str, id: &str, spec: Json, needs: &[&str]) -> Self {
        let world = World::new().with(at, Value::from(spec), AS_RECORDED, needs);
        let record = world.state.resources.into_values().next().expect("one");
        self.state.deposed.push(Deposed { address: address(at), record: Record { id: id.into(), ..record } });
        self
    }

    fn target(mut self, at: &str) -> Self {
        self.options.targets.push(address(at));
        self
    }

    fn plan(&self, text: Option<&str>) -> Result<Plan, Vec<PlanError>> {
        let stack = text.map(|text| stack(&format!("[stack]\nname = \"s\"\n{text}"), &self.kinds, "k"));
        let (state, moves) = moved(stack.as_ref(), &self.state)?;
        let inputs = Inputs {
            kinds: &self.kinds,
            stack: stack.as_ref(),
            state: &state,
            moves: &moves,
            place: &self.place,
            observed: &self.observed,
            options: &self.options,
        };
        plan(inputs)
    }

    fn check(&self, text: &str, expected: Expect) {
        expected.assert_eq(&compact(self.plan(Some(text))));
    }

    fn check_destroy(&self, expected: Expect) {
        expected.assert_eq(&compact(self.plan(None)));
    }
}

fn compact(plan: Result<Plan, Vec<PlanError>>) -> String {
    let mut text = String::new();
    let plan = match plan {
        Ok(plan) => plan,
        Err(errors) => return errors.iter().fold(text, |text, error| format!("{text}error: {error}\n")),
    };
    for moved in &plan.moves {
        let _ = writeln!(text, "moved: {} -> {}", moved.from, moved.to);
    }
    for change in &plan.changes {
        let reasons: Vec<String> = change.reasons.iter().map(reason).collect();
        let drift: Vec<String> = change.drift.iter().map(|difference| difference.path.to_string()).collect();
        let mut drift = if drift.is_empty() { String::new() } else { format!("  drift: {}", drift.join(", ")) };
        for left in &change.left_alone {
            let _ = write!(drift, "  left alone: {} ({:?})", left.difference.path, left.because);
        }
        let deposed = if change.deposed.is_some() { " (deposed)" } else { "" };
        if change.action != Action::NoOp || !drift.is_empty() {
            let _ = writeln!(text, "{}{deposed}: {:?} [{}]{drift}", change.address, change.action, reasons.join(", "));
        }
    }
    for output in plan.outputs.iter().filter(|output| output.is_change()) {
        let _ = writeln!(text, "output {}: {:?} -> {:?}", output.name, output.before, output.after);
    }
    for (index, step) in plan.steps.iter().enumerate() {
        let operation = match &step.operation {
            StepOperation::Create(_) => "create",
            StepOperation::Update { .. } if step.name == OperationName::Import => "import",
            StepOperation::Record { .. } if step.name == OperationName::Refresh => "refresh",
            StepOperation::Update { .. } => "update",
            StepOperation::Delete { .. } => "delete",
            StepOperation::DeleteDeposed { .. } => "delete deposed",
            StepOperation::Record { .. } => "record",
            StepOperation::Forget => "forget",
        };
        let waits: Vec<String> = step.waits_for.iter().map(|wait| format!("{} {:?}", wait.step, wait.phase)).collect();
        let waits = if waits.is_empty() { String::new() } else { format!(" after {}", waits.join(", ")) };
        let silent = if step.is_silent { " silently" } else { "" };
        let _ = writeln!(text, "  {index} {operation} {}{silent}{waits}", step.address);
    }
    text
}

fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Changed(path) => format!("changed {path}"),
        Reason::Drifted(path) => format!("drifted {path}"),
        Reason::MustBeReplaced(path) => format!("must replace {path}"),
        Reason::UpstreamReplaced(address) => format!("upstream {address}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn new_resources_in_their_order() {
    World::new().check(
        "[disk.b]\nlead = \"${disk.a.arn}\"\n[disk.a]\nsize = 1\n[image.i]\nuses = [\"${disk.b.serial}\"]\n[outputs]\nx = \"${image.i.arn}\"",
        expect![[r#"
            disk.b: Create [New]
            disk.a: Create [New]
            image.i: Create [New]
            output x: None -> Some(Pending(Template { parts: [Reference(Attribute { address: Address { is_data: false, resource_type: "image", name: "i" }, attribute: "arn" })] }))
              0 create disk.a
              1 create disk.b after 0 Ready
              2 create image.i after 1 Exists
        "#]],
    );
}

#[test]
fn the_user_and_others() {
    let world = World::new()
        .disk("disk.a", json!({ "name": "a", "size": 1, "zone": "x" }), json!({ "name": "a", "size": 2, "zone": "x" }), &[])
        .disk("disk.b", json!({ "name": "b", "size": 1 }), json!({ "name": "b", "size": 1, "owner": "o" }), &[]);
    // Drift of one, a change of the other; an unmanaged field that others set is none.
    world.check(
        "[disk.a]\nname = \"a\"\nsize = 1\nzone = \"y\"\n[disk.b]\nname = \"b\"\nsize = 3",
        expect![[r#"
            disk.a: Replace(DeleteThenCreate) [drifted size, changed zone, must replace zone]  drift: size
            disk.b: Update [changed size]  left alone: owner (Unmanaged)
              0 delete disk.a
              1 create disk.a after 0 Gone
              2 update disk.b
        "#]],
    );
    // What the user takes over as it is by now needs no call.
    world.check(
        "[disk.a]\nname = \"a\"\nsize = 2\nzone = \"x\"\n[disk.b]\nname = \"b\"\nsize = 1",
        expect![[r#"
            disk.a: NoOp []  drift: size
            disk.b: NoOp []  left alone: owner (Unmanaged)
              0 record disk.a silently
              1 record disk.b silently
        "#]],
    );
}

#[test]
fn ignored_and_write_only() {
    let world = World::new().disk(
        "disk.a",
        json!({ "name": "a", "note": "n", "parts": [{ "name": "p.q", "value": "1" }], "labels": { "x": "1" } }),
        json!({ "name": "a", "parts": [{ "name": "p.q", "value": "2" }], "labels": { "x": "2" } }),
        &[],
    );
    let parts = "parts = [{ name = \"p.q\", value = \"1\" }, { name = \"new\", value = \"1\" }]";
    world.check(
        &format!(
            "[disk.a]\nname = \"a\"\nnote = \"n\"\n{parts}\nlabels = {{ x = \"1\" }}\n\
             lifecycle = {{ ignore_changes = [\"parts[p.q].value\", \"parts[new].value\", \"labels\"] }}"
        ),
        expect![[r#"
            disk.a: Update [changed parts[new]]  left alone: labels.x (Ignored)  left alone: parts[p.q].value (Ignored)
              0 update disk.a
        "#]],
    );
    // After an interruption nobody knows whether the note was sent.
    world.change("disk.a", |record| record.incomplete = true).check(
        "[disk.a]\nname = \"a\"\nnote = \"n\"\nparts = [{ name = \"p.q\", value = \"2\" }]\nlabels = { x = \"2\" }",
        expect![[r#"
            disk.a: Update [Interrupted]
              0 update disk.a
        "#]],
    );
}

#[test]
fn secrets_are_compared_by_digest_and_sealed() {
    let sealed = |text: &str| Value::Secret(Secret::sealed(digest("k", text)));
    let recorded = |text: &str| {
        let mut spec = Value::from(json!({ "name": "a", "password": null }));
        spec.as_map_mut().expect("a table").insert("password".into(), sealed(text));
        spec
    };
    let live = json!({ "name": "a", "password": "old-one" });
    let text = "[variables]\np = { default = \"new-one\", sensitive = true }\n[disk.a]\nname = \"a\"\npassword = \"${var.p}\"";
    let world = World::new().with("disk.a", recorded("old-one"), live.clone(), &[]);
    world.check(
        text,
        expect![[r#"
        disk.a: Update [changed password]
          0 update disk.a
    "#]],
    );
    let same = World::new().with("disk.a", recorded("new-one"), json!({ "name": "a", "password": "new-one" }), &[]);
    same.check(text, expect![]);
    // Changed by hand, left out, or removed: nowhere in clear.
    let by_hand = World::new().with("disk.a", recorded("x"), live, &[]).disk("disk.b", json!({ "name": "b" }), AS_RECORDED, &[]);
    let both = format!("{text}\n[disk.b]\nname = \"b\"");
    let never_clear = |world: &World, text: &str| {
        let plan = world.plan(Some(text)).expect("a plan");
        assert!(!format!("{:?}", plan.changes).contains("old-one"), "{plan:?}");
        plan.steps.len()
    };
    assert_eq!(never_clear(&by_hand, &both), 1);
    assert_eq!(never_clear(&by_hand, ""), 2);
    assert_eq!(never_clear(&by_hand.target("disk.b"), &both), 0);
}

#[test]
fn what_has_the_name_already() {
    let text = "[disk.a]\nname = \"x\"\nsize = 1";
    let spec = json!({ "name": "x", "size": 2 });
    World::new().found("disk.a", "x", Some(("s", "disk.a")), spec.clone()).check(
        text,
        expect![[r#"
            disk.a: Import [OwnedByTags, changed size]
              0 import disk.a
        "#]],
    );
    World::new().found("disk.a", "x", None, spec.clone()).check(
        text,
        expect![[r#"
        error: disk.a can't be created: arn:aws:fake:eu-west-1:123456789012:disk/x is there already and was not made by Stepwright
    "#]],
    );
    World::new().found("disk.a", "x", Some(("other", "disk.a")), spec.clone()).check(
        text,
        expect![[r#"
            error: disk.a can't be created: arn:aws:fake:eu-west-1:123456789012:disk/x is there already and belongs to disk.a of the stack other
        "#]],
    );
    // Ours by its tags, but it must be replaced: it is recorded first.
    let zone = json!({ "name": "x", "size": 1, "zone": "z" });
    World::new().found("disk.a", "x", Some(("s", "disk.a")), zone).check(
        text,
        expect![[r#"
        disk.a: Replace(DeleteThenCreate) [OwnedByTags, changed zone, must replace zone]
          0 record disk.a silently
          1 delete disk.a after 0 Ready
          2 create disk.a after 0 Ready, 1 Gone
    "#]],
    );
    // What is recorded was taken over by another stack.
    let mut taken = World::new().disk("disk.a", spec, AS_RECORDED, &[]);
    if let Some(Some(live)) = taken.observed.resources.get_mut(&address("disk.a")) {
        live.ownership = Some(Ownership { stack: "other".into(), address: "disk.a".into(), token: None });
    }
    taken.check(
        text,
        expect![[r#"
        error: disk.a is recorded, and arn:aws:fake:eu-west-1:123456789012:disk/x is marked as disk.a of the stack other
    "#]],
    );
    taken.check_destroy(expect![[r#"
        disk.a: Forget [MarkedAsAnothers(Ownership { stack: "other", address: "disk.a", token: None }), Destroy]
          0 forget disk.a
    "#]]);
}

#[test]
fn only_the_state_changes() {
    let world = World::new().disk("disk.a", json!({ "name": "a" }), AS_RECORDED, &[]).disk(
        "disk.b",
        json!({ "name": "b", "uses": ["s1"] }),
        AS_RECORDED,
        &[],
    );
    let text = "[disk.a]\nname = \"a\"\n[disk.b]\nname = \"b\"\nuses = [\"${disk.a.serial}\"]";
    assert_eq!(compact(world.plan(Some(text))), "  0 record disk.b silently\n");
    let plan = world.plan(Some(text)).expect("a plan");
    assert!(!plan.has_changes());
    world.target("disk.a").check(text, expect![]);
}

#[test]
fn outputs() {
    let mut world = World::new().disk("disk.a", json!({ "name": "a", "size": 1 }), AS_RECORDED, &[]);
    let recorded = |value: &str| RecordedOutput { value: Value::from(value), sensitive: false };
    world.state.outputs =
        [("gone".into(), recorded("1")), ("version".into(), recorded("v1")), ("s".into(), recorded("s1"))].into();
    let text = "[disk.a]\nname = \"a\"\nsize = 2\n[disk.b]\nname = \"b\"\n[outputs]\nversion = \"${disk.a.version}\"\n\
                s = { value = \"${disk.a.serial}\", sensitive = true }\nnew = \"${disk.b.serial}\"";
    world.check(text, expect![[r#"
        disk.a: Update [changed size]
        disk.b: Create [New]
        output version: Some(String("v1")) -> Some(Pending(Template { parts: [Reference(Attribute { address: Address { is_data: false, resource_type: "disk", name: "a" }, attribute: "version" })] }))
        output s: Some(String("s1")) -> Some(Secret((sensitive)))
        output new: None -> Some(Pending(Template { parts: [Reference(Attribute { address: Address { is_data: false, resource_type: "disk", name: "b" }, attribute: "serial" })] }))
        output gone: Some(String("1")) -> None
          0 update disk.a
          1 create disk.b
    "#]]);
    world.target("disk.a").check(text, expect![[r#"
        disk.a: Update [changed size]
        output version: Some(String("v1")) -> Some(Pending(Template { parts: [Reference(Attribute { address: Address { is_data: false, resource_type: "disk", name: "a" }, attribute: "version" })] }))
        output s: Some(String("s1")) -> Some(Secret((sensitive)))
        output gone: Some(String("1")) -> None
          0 update disk.a
    "#]]);
}

#[test]
fn what_forbids_a_plan() {
    let mut world = World::new().disk("disk.a", json!({ "name": "a" }), AS_RECORDED, &[]).target("disk.nowhere");
    world.options.replace.push(address("disk.elsewhere"));
    world.state.stack = "t".into();
    world.place.region = Some("mars-1".into());
    world.change("disk.a", |_| ()).check(
        "[disk.a]\nname = \"a\"",
        expect![[r#"
        error: the state is of the stack t, and this stack file is of s
        error: the state is of a stack in eu-west-1 of account 123456789012, and this plan is for mars-1 of account 123456789012
        error: --target disk.nowhere: neither the stack nor the state has it
        error: --replace disk.elsewhere: neither the stack nor the state has it
    "#]],
    );
    let mut unknown = World::new().disk("disk.a", json!({ "name": "a" }), AS_RECORDED, &[]);
    let record = unknown.state.resources[&address("disk.a")].clone();
    unknown.state.resources.insert(address("tape.a"), record.clone());
    unknown.state.deposed.push(Deposed { address: address("tape.b"), record });
    unknown.check(
        "[disk.a]\nname = \"a\"",
        expect![[r#"
        error: tape.a: this version of Stepwright knows no resource type tape
        error: tape.b: this version of Stepwright knows no resource type tape
    "#]],
    );
}

#[test]
fn without_credentials() {
    let mut world = World::new();
    world.place = Place { region: Some("eu-west-1".into()), ..Place::default() };
    world.check(
        "[disk.a]\n[disk.b]\nuses = [\"${disk.a.arn}\", \"${account.id}\"]\n[outputs]\no = \"${disk.a.name}\"",
        expect![[r#"
            disk.a: Create [New]
            disk.b: Create [New]
            output o: None -> Some(String("s-a"))
              0 create disk.a
              1 create disk.b after 0 Exists
        "#]],
    );
}

#[test]
fn a_long_chain_is_planned() {
    // As many as a quadratic step would make this test a nuisance.
    let plan_chain = |count: usize| {
        let mut world = World::new();
        let mut text = String::new();
        // Each after the one it needs, the other way round in the file.
        for index in (0..count).rev() {
            let _ = writeln!(text, "[disk.d{index}]\nname = \"d{index}\"\nsize = 2");
            if index > 0 {
                let _ = writeln!(text, "uses = [\"${{disk.d{}.arn}}\"]", index - 1);
            }
            let needs = format!("disk.d{}", index.saturating_sub(1));
            world =
                world.disk(&format!("disk.d{index}"), json!({ "name": format!("d{index}"), "size": 1 }), AS_RECORDED, &[&needs]);
        }
        let stack = stack(&format!("[stack]\nname = \"s\"\n{text}"), &world.kinds, "k");
        let inputs = Inputs {
            kinds: &world.kinds,
            stack: Some(&stack),
            moves: &[],
            state: &world.state,
            place: &world.place,
            observed: &world.observed,
            options: &world.options,
        };
        assert_eq!(plan(inputs).expect("a plan").steps.len(), count);
        let destroy = Inputs { stack: None, ..inputs };
        assert_eq!(plan(destroy).expect("a plan").steps.len(), count);
    };
    plan_chain(1500);
}
