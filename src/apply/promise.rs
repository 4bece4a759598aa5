//! A plan is a promise: what it showed as known is what apply makes. AWS's own answers are held against it.
//!
//! What AWS tells otherwise is a breach, and a bug of ours: a default that we do not know, a value that AWS spells
//! in another way. What it does not tell can't be compared; the next plan reads the resource whole.

use crate::aws::{Aws, Error, ErrorKind};
use crate::plan::Step;
use crate::resource::{Live, ResourceType};
use crate::schema::{Difference, Field, as_told_back, differences};
use crate::value::{Path, Segment, Value};

/// Whether `live`, which AWS answered with, is what `spec` promised.
///
/// # Errors
/// The first breach, with the address, the path and both values.
pub fn kept(step: &Step, spec: &Value, live: &Live, aws: &Aws) -> Result<(), Error> {
    let address = &step.address;
    for (name, planned) in step.kind.predict(spec, &aws.place) {
        if let Some(actual) = live.attributes.get(&name).filter(|actual| **actual != planned) {
            return Err(breach(format!("{address}.{name} was planned to be {} and is {}", told(&planned), told(actual))));
        }
    }
    let schema = step.kind.schema();
    // AWS answers in clear, and a type may tell what it sent.
    let broken = differences(schema, Some(&as_told_back(schema, &live.spec)), Some(&as_told_back(schema, spec)));
    let Some(broken) = broken.into_iter().find(|difference| is_breach(step.kind, difference)) else { return Ok(()) };
    let is_secret = broken.sensitive || holds_secret_at(spec, &broken.path);
    let show = |value: &Option<Value>| match value {
        Some(_) if is_secret => "(sensitive value)".to_owned(),
        Some(value) => told(value),
        None => "absent".to_owned(),
    };
    let (planned, actual) = (show(&broken.new), show(&broken.old));
    Err(breach(format!("{address}: {} was planned to be {planned}, and AWS answers {actual}", broken.path)))
}

fn breach(message: String) -> Error {
    Error::new("stepwright:Promise", ErrorKind::Bug, message)
        .help("this is a bug of Stepwright: please report it. What was made is recorded, and the next plan shows what it is")
}

/// AWS tells something, and something else than was planned.
fn is_breach(kind: &dyn ResourceType, difference: &Difference) -> bool {
    let is_told = difference.old.is_some();
    let is_promised = difference.new.is_some() || !is_left_open(kind.schema(), &difference.path);
    is_told && is_promised
}

/// Whether nothing is promised at `path` where the spec is silent.
fn is_left_open(schema: &Field, path: &Path) -> bool {
    let mut field = Some(schema);
    for segment in &path.0 {
        field = field.and_then(|field| match segment {
            Segment::Key(key) => field.member(key),
            Segment::Index(_) | Segment::Element(_) => field.item(),
        });
        if field.is_some_and(|field| field.rules.unmanaged || field.rules.write_only) {
            return true;
        }
    }
    false
}

/// Whether `spec` holds a secret at `path`, or on the way to it.
fn holds_secret_at(spec: &Value, path: &Path) -> bool {
    let first = match path.0.first() {
        Some(Segment::Key(key)) => spec.get(key),
        _ => None,
    };
    first.is_some_and(Value::has_secret)
}

fn told(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::address::Address;
    use crate::plan::{OperationName, StepOperation};
    use crate::resource::Attributes;
    use crate::resources;
    use crate::resources::stand_in::{Reply, StandIn};
    use crate::value::Secret;

    fn told_of_cluster(planned: Value, live: serde_json::Value) -> Option<String> {
        let kind = resources::find("cluster").expect("a type");
        let address = Address::managed("cluster", "main");
        let (name, operation) = (OperationName::Create, StepOperation::Forget);
        let step = Step { address, kind, name, operation, is_silent: false, waits_for: Vec::new() };
        let live = Live { id: "id".into(), spec: Value::from(live), attributes: Attributes::new(), ownership: None };
        kept(&step, &planned, &live, &StandIn::start(|_, _| Reply::Hangup).aws()).err().map(|error| error.message)
    }

    #[test]
    fn what_aws_tells_otherwise_is_a_breach() {
        let planned = |extra: serde_json::Value| {
            let mut spec = json!({ "name": "a" });
            spec.as_object_mut().expect("a table").extend(extra.as_object().expect("a table").clone());
            Value::from(spec)
        };
        let tags = |value: &str| json!({ "name": "a", "tags": { "owner": value } });
        assert_eq!(told_of_cluster(planned(json!({})), json!({ "name": "a" })), None);
        // Not told, and not managed.
        assert_eq!(told_of_cluster(planned(json!({ "tags": { "owner": "x" } })), json!({ "name": "a" })), None);
        let providers = json!({ "name": "a", "capacity_providers": ["FARGATE"] });
        assert_eq!(told_of_cluster(planned(json!({})), providers), None);
        assert_eq!(
            told_of_cluster(planned(json!({ "tags": { "owner": "x" } })), tags("y")).as_deref(),
            Some("cluster.main: tags.owner was planned to be \"x\", and AWS answers \"y\"")
        );
        assert_eq!(
            told_of_cluster(planned(json!({})), tags("y")).as_deref(),
            Some("cluster.main: tags.owner was planned to be absent, and AWS answers \"y\"")
        );
        let secret = Value::Secret(Secret::new("hunter2".into(), "digest".into()));
        let mut spec = planned(json!({ "tags": { "owner": "x" } }));
        if let Some(Value::Map(tags)) = spec.as_map_mut().and_then(|map| map.get_mut("tags")) {
            tags.insert("owner".to_owned(), secret);
        }
        assert_eq!(told_of_cluster(spec.clone(), tags("hunter2")), None);
        let breach = told_of_cluster(spec, tags("hunter3")).expect("a breach");
        assert_eq!(breach, "cluster.main: tags.owner was planned to be (sensitive value), and AWS answers (sensitive value)");
    }
}
