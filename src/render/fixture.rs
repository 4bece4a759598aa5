//! Plans by hand, of a resource type that exists only here.

use std::sync::LazyLock;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde_json::json;

use crate::address::Address;
use crate::aws::{Aws, Error, ErrorKind};
use crate::document::policy::PolicyDocument;
use crate::place::Place;
use crate::plan::{Action, Base, Change, OutputChange, Plan, Reason};
use crate::resource::{Attribute, Attributes, Description, Live, Operation, Replacement, ResourceType};
use crate::schema::{Difference, Field, differences};
use crate::template::Template;
use crate::value::{Path, Secret, Segment, Value};

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Spec {
    name: String,
    #[schemars(extend("x-replace" = true))]
    memory: Option<String>,
    notes: Option<String>,
    #[schemars(extend("x-sensitive" = true))]
    password: Option<String>,
    #[schemars(extend("x-unordered" = true, "x-sensitive" = true))]
    tokens: Vec<String>,
    #[schemars(extend("x-unordered" = true))]
    policies: Vec<String>,
    #[schemars(extend("x-document" = "states_language"))]
    definition: Option<String>,
    #[schemars(extend("x-replace" = true, "x-unordered" = true, "x-identity" = "name", "x-element" = "container"))]
    containers: Vec<Container>,
    inline_policies: std::collections::BTreeMap<String, PolicyDocument>,
    tags: std::collections::BTreeMap<String, String>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Container {
    name: String,
    image: String,
    command: Vec<String>,
    #[schemars(extend("x-unordered" = true, "x-identity" = "name"))]
    environment: Vec<Variable>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Variable {
    name: String,
    value: String,
}

#[derive(Debug)]
struct Task;

static SCHEMA: LazyLock<Field> = LazyLock::new(Field::of::<Spec>);

static DESCRIPTION: Description = Description {
    name: "task",
    summary: "A type for tests.",
    name_field: "name",
    arn_fields: &[],
    name_ignores_case: false,
    attributes: &[
        Attribute { name: "arn", summary: "Its ARN.", survives_update: true },
        Attribute { name: "revision", summary: "Grows with each update.", survives_update: false },
    ],
    replacement: Replacement::CreateThenDelete,
};

pub(crate) static TASK: &dyn ResourceType = &Task;

#[async_trait]
impl ResourceType for Task {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }
    fn schema(&self) -> &'static Field {
        &SCHEMA
    }
    fn predict(&self, _spec: &Value, _place: &Place) -> Attributes {
        Attributes::new()
    }
    fn id(&self, _name_or_arn: &str, _place: &Place) -> Option<String> {
        None
    }
    async fn read_many(&self, _aws: &Aws, _ids: &[String]) -> Vec<Result<Option<Live>, Error>> {
        Vec::new()
    }
    async fn create(&self, _operation: Operation<'_>, _spec: &Value) -> Result<Live, Error> {
        Err(Error::new("test:Create", ErrorKind::Bug, "not for tests"))
    }
    async fn update(&self, _: Operation<'_>, _: &Live, _: &Value, _: &[Difference]) -> Result<Live, Error> {
        Err(Error::new("test:Update", ErrorKind::Bug, "not for tests"))
    }
    async fn delete(&self, _operation: Operation<'_>, _id: &str, _spec: &Value) -> Result<(), Error> {
        Ok(())
    }
}

/// JSON as a spec: `"$pending:TEXT"` is a template, `"$secret:TEXT"` a secret.
pub(crate) fn spec(json: serde_json::Value) -> Value {
    Value::from(json).map_leaves(&mut |leaf| match leaf.as_str() {
        Some(text) => match (text.strip_prefix("$pending:"), text.strip_prefix("$secret:")) {
            (Some(text), _) => Value::Pending(Template::parse(text).expect("a template")),
            (_, Some(text)) => Value::Secret(Secret::new(text.to_owned(), format!("digest{}", text.len()))),
            _ => leaf.clone(),
        },
        None => leaf.clone(),
    })
}

pub(crate) fn arn(name: &str) -> Attributes {
    Attributes::from([
        ("arn".to_owned(), Value::string(format!("arn:aws:test:eu-central-1:123456789012:task/{name}"))),
        ("revision".to_owned(), Value::from(3)),
    ])
}

pub(crate) fn change(name: &str, action: Action, before: Option<Value>, after: Option<Value>) -> Change {
    let differences = differences(&SCHEMA, before.as_ref(), after.as_ref());
    let is_new = before.is_none();
    Change {
        address: Address::managed("task", name),
        kind: TASK,
        action,
        reasons: if is_new { vec![Reason::New] } else { Vec::new() },
        id: (!is_new).then(|| format!("arn:aws:test:eu-central-1:123456789012:task/{name}")),
        before_attributes: if is_new { Attributes::new() } else { arn(name) },
        after_attributes: if action == Action::Update {
            Attributes::from([arn(name).pop_first().expect("arn")])
        } else {
            Attributes::new()
        },
        before,
        after,
        differences,
        drift: Vec::new(),
        left_alone: Vec::new(),
        ownership: None,
        deposed: None,
    }
}

pub(crate) fn drift(old: &Value, new: &Value) -> Vec<Difference> {
    differences(&SCHEMA, Some(old), Some(new))
}

pub(crate) fn plan(changes: Vec<Change>) -> Plan {
    Plan {
        stack: "nightly".to_owned(),
        place: Place {
            partition: Some("aws".to_owned()),
            region: Some("eu-central-1".to_owned()),
            account_id: Some("123456789012".to_owned()),
        },
        base: Base { lineage: "lineage".to_owned(), serial: 7, stack_digest: Some("digest".to_owned()) },
        is_refresh_only: false,
        moves: Vec::new(),
        changes,
        outputs: Vec::new(),
        notices: Vec::new(),
        steps: Vec::new(),
    }
}

fn definition(timeout: i64, comment: &str) -> serde_json::Value {
    json!({
        "Comment": comment,
        "StartAt": "Report",
        "States": {
            "Report": {
                "Type": "Task",
                "Resource": "arn:aws:states:::ecs:runTask.sync",
                "TimeoutSeconds": timeout,
                "Parameters": { "TaskDefinition": "$pending:${task.report.arn}", "LaunchType": "FARGATE" },
                "Retry": [{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 3, "BackoffRate": 2 }],
                "End": true
            }
        }
    })
}

/// One change of each kind, drift, outputs and a notice.
pub(crate) fn representative() -> Plan {
    let report = |memory: &str, image: &str, stage: &str| {
        json!({
            "name": "report", "memory": memory,
            "containers": [{
                "name": "report", "image": image, "command": ["sh", "-c", "echo done"],
                "environment": [{ "name": "STAGE", "value": stage }]
            }],
        })
    };
    let mut replaced = change(
        "report",
        Action::Replace(Replacement::CreateThenDelete),
        Some(spec(report("512", "busybox:1.36", "test"))),
        Some(spec(report("1024", "busybox:1.37", "production"))),
    );
    let container = Path::key("containers").join(Segment::Element("report".to_owned()));
    replaced.reasons = vec![
        Reason::Drifted(Path::key("memory")),
        Reason::Changed(container.join_key("image")),
        Reason::Changed(container.join_key("environment")),
        Reason::MustBeReplaced(Path::key("memory")),
        Reason::MustBeReplaced(container.join_key("image")),
    ];
    replaced.drift = drift(&spec(report("1024", "busybox:1.36", "test")), &spec(report("512", "busybox:1.36", "test")));

    let mut updated = change(
        "machine",
        Action::Update,
        Some(spec(
            json!({ "name": "machine", "definition": definition(600, "Nightly report"), "policies": ["a", "b"], "tags": { "owner": "team" } }),
        )),
        Some(spec(
            json!({ "name": "machine", "definition": definition(1200, "The nightly report"), "policies": ["b", "c"], "tags": { "owner": "team", "cost centre": "42" } }),
        )),
    );
    updated.reasons =
        vec![Reason::Changed(Path::key("definition")), Reason::UpstreamReplaced(Address::managed("task", "report"))];

    let created = change(
        "extra",
        Action::Create,
        None,
        Some(spec(json!({
            "name": "extra", "memory": "256", "password": "hunter2", "policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
            "definition": definition(600, "A longer one, with enough states to be cut"),
            "containers": [
                { "name": "web", "image": "$pending:${task.report.arn}:latest", "command": ["a"], "environment": [
                    { "name": "STAGE", "value": "test" }, { "name": "KEY", "value": "$secret:hunter2" },
                    { "name": "A_VERY_LONG_NAME_THAT_NEEDS_ROOM", "value": "and a value that makes it longer still" }] },
                { "name": "side car", "image": "busybox", "command": ["sleep", "1"] }
            ],
            "tags": { "owner": "team" }
        }))),
    );

    let mut deleted =
        change("old", Action::Delete, Some(spec(json!({ "name": "old", "memory": "256", "tags": { "a": "b" } }))), None);
    deleted.reasons = vec![Reason::RemovedFromStack];
    let mut deposed = change("report", Action::Delete, Some(spec(json!({ "name": "report" }))), None);
    deposed.reasons = vec![Reason::Deposed];
    deposed.deposed = Some("arn:aws:test:eu-central-1:123456789012:task/report:1".to_owned());
    let mut imported =
        change("found", Action::Import, Some(spec(json!({ "name": "found" }))), Some(spec(json!({ "name": "found" }))));
    imported.reasons = vec![Reason::OwnedByTags];
    let mut forgotten = change("gone", Action::Forget, Some(spec(json!({ "name": "gone" }))), None);
    forgotten.reasons = vec![Reason::Missing];
    let noted = spec(json!({ "name": "quiet", "notes": "y" }));
    let mut quiet = change("quiet", Action::NoOp, Some(noted.clone()), Some(noted));
    quiet.drift = drift(&spec(json!({ "name": "quiet", "notes": "x" })), &spec(json!({ "name": "quiet", "notes": "y" })));

    let mut plan = plan(vec![replaced, updated, created, imported, quiet, deleted, deposed, forgotten]);
    let output = |name: &str, before: Option<&str>, after: Option<&str>, sensitive| OutputChange {
        name: name.to_owned(),
        before: before.map(|text| spec(json!(text))),
        after: after.map(|text| spec(json!(text))),
        sensitive,
    };
    plan.outputs = vec![
        output("machine_arn", None, Some("$pending:${task.machine.arn}"), false),
        output("image", Some("busybox:1.36"), Some("busybox:1.37"), false),
        output("key", Some("hunter1"), Some("$secret:hunter2"), false),
        output("password", Some("hunter1"), Some("hunter2"), true),
        output("same", Some("a"), Some("a"), false),
        output("old", Some("a"), None, false),
    ];
    plan.notices = vec!["AWS was not asked for the account; what depends on it is known after apply.".to_owned()];
    plan
}

/// What a renderer wrote.
pub(crate) fn written(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("writing to memory does not fail");
    String::from_utf8(out).expect("UTF-8")
}

/// Plans in which the text `hunter` is always a secret, in every place that may hold one.
pub(crate) fn plans_of_secrets() -> Vec<Plan> {
    let secretive = |secret: &str| {
        json!({
            "name": "a", "memory": "1", "password": "hunter-by-rule", "tokens": ["hunter-in-a-set"],
            "policies": [secret, "open"],
            "notes": secret,
            "definition": { "Key": secret, "List": ["open", secret], "Deep": [{ "Key": secret }] },
            "containers": [{
                "name": "report", "image": "busybox", "command": ["--password", secret],
                "environment": [{ "name": "KEY", "value": secret }],
            }],
            "inline_policies": {
                "one": { "Statement": { "Sid": secret, "Effect": "Allow", "Action": ["open", secret], "Resource": secret } },
                "many": { "Statement": [{ "Action": "open" }, { "Action": secret, "Condition": { "Bool": { "open": [secret] } } }] },
            },
            "tags": { "key": secret },
        })
    };
    let sealed = spec(secretive("$secret:hunter2"));
    let rotated = spec(secretive("$secret:hunter-new"));
    // What AWS tells is in clear, whatever it is to become.
    let mut listed = secretive("hunter-live");
    listed["inline_policies"]["one"]["Statement"] = json!([{ "Action": "open" }, listed["inline_policies"]["one"]["Statement"]]);
    listed["inline_policies"]["many"]["Statement"] = listed["inline_policies"]["many"]["Statement"][1].clone();
    let listed = spec(listed);
    let clear = spec(secretive("hunter-live"));
    let empty = spec(json!({ "name": "a" }));
    let output = |before: Option<&Value>, after: Option<&Value>| OutputChange {
        name: "all".to_owned(),
        before: before.and_then(|spec| spec.get("definition")).cloned(),
        after: after.and_then(|spec| spec.get("definition")).cloned(),
        sensitive: false,
    };
    let mut plans = Vec::new();
    for (before, after) in [
        (None, Some(&sealed)),
        (Some(&clear), Some(&sealed)),
        (Some(&listed), Some(&sealed)),
        (Some(&sealed), Some(&rotated)),
        (Some(&empty), Some(&sealed)),
    ] {
        let action = if before.is_none() { Action::Create } else { Action::Update };
        let mut changed = change("a", action, before.cloned(), after.cloned());
        changed.reasons = changed
            .differences
            .iter()
            .flat_map(|difference| [Reason::Changed(difference.path.clone()), Reason::MustBeReplaced(difference.path.clone())])
            .collect();
        if before == Some(&clear) || before == Some(&listed) {
            changed.drift = before.map(|live| drift(&sealed, live)).unwrap_or_default();
        }
        let mut plan = plan(vec![changed.clone()]);
        plan.outputs = vec![output(before, after)];
        plans.push(plan.clone());
        if before.is_some() {
            changed.action = Action::Replace(Replacement::CreateThenDelete);
            plan.changes = vec![changed];
            plans.push(plan);
        }
    }
    plans
}
