//! One step: what is written before it, the call, and what is written after it.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use crate::apply::promise;
use crate::aws::{Aws, Error, ErrorKind};
use crate::plan::{Observed, Step, StepOperation, Target, keep_unmanaged};
use crate::resource::{Live, Operation, Ownership, Progress, Teardown};
use crate::secret;
use crate::state::{Intent, IntentOperation, Record, State};
use crate::template::Reference;
use crate::value::Value;

/// What a running step tells the loop.
#[derive(Debug)]
pub enum Message {
    Exists { step: usize, live: Live },
    Waiting { step: usize, what: String, at_most: Duration },
    Finished { step: usize, result: Result<Option<Live>, Error> },
}

/// What all steps of a run are given.
#[derive(Clone, Debug)]
pub struct Setting {
    pub aws: Aws,
    pub stack: String,
    pub teardown: Teardown,
}

/// A step whose values are all known.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub step: Step,
    /// The spec to be made; null for a deletion.
    pub spec: Value,
    pub intent: Intent,
}

/// The ARN that a step is about, where there is one already.
pub fn id_of(operation: &StepOperation) -> Option<&str> {
    match operation {
        StepOperation::Create(_) | StepOperation::Forget => None,
        StepOperation::Update { live, .. } | StepOperation::Record { live, .. } => Some(&live.id),
        StepOperation::Delete { id, .. } => Some(id),
        StepOperation::DeleteDeposed { predecessor } => Some(&predecessor.id),
    }
}

/// What a step is to make, if it makes anything.
pub fn target_of(operation: &StepOperation) -> Option<&Target> {
    match operation {
        StepOperation::Create(target) | StepOperation::Update { target, .. } | StepOperation::Record { target, .. } => {
            Some(target)
        }
        StepOperation::Delete { .. } | StepOperation::DeleteDeposed { .. } | StepOperation::Forget => None,
    }
}

/// Resolves what the plan left pending, now that everything it waits for is there.
///
/// # Errors
/// If something is still pending: the plan's order was wrong, which is a bug of ours.
pub fn prepare(step: &Step, aws: &Aws, state: &State, observed: &Observed) -> Result<Prepared, Error> {
    let target = target_of(&step.operation);
    let spec = target.map_or(Value::Null, |target| resolve(&target.spec, aws, state, observed));
    if spec.is_pending() {
        let open: Vec<String> = spec.references().iter().map(|reference| format!("${{{reference}}}")).collect();
        let message = format!("{} is still not known when it is needed", open.join(", "));
        return Err(
            Error::new("stepwright:Resolve", ErrorKind::Bug, message).help("this is a bug of Stepwright: please report it")
        );
    }
    let operation = match step.operation {
        StepOperation::Create(_) => IntentOperation::Create,
        StepOperation::Update { .. } | StepOperation::Record { .. } => IntentOperation::Update,
        StepOperation::Delete { .. } | StepOperation::Forget => IntentOperation::Delete,
        StepOperation::DeleteDeposed { .. } => IntentOperation::DeleteDeposed,
    };
    let spec = if target.is_some() { crate::resource::normalise(step.kind, &spec) } else { spec };
    let intent = Intent {
        address: step.address.clone(),
        operation,
        id: id_of(&step.operation).map(str::to_owned),
        token: uuid::Uuid::new_v4().to_string(),
        spec: target.map(|_| spec.clone()),
        dependencies: target.map(|target| target.dependencies.clone()).unwrap_or_default(),
        lifecycle: target.map(|target| target.lifecycle.clone()).unwrap_or_default(),
    };
    Ok(Prepared { step: step.clone(), spec, intent })
}

/// `value` with the attributes that the state has by now.
pub fn resolve(value: &Value, aws: &Aws, state: &State, observed: &Observed) -> Value {
    let lookup = |reference: &Reference| match reference {
        Reference::Attribute { address, attribute } if address.is_data => {
            observed.data.get(address)?.attributes.get(attribute).cloned()
        }
        Reference::Attribute { address, attribute } => state.resources.get(address)?.attributes.get(attribute).cloned(),
        other => aws.place.lookup(other),
    };
    value.resolve(&lookup, &|text| state.digest(text))
}

/// Makes the calls. The result is what is there afterwards. A refusal that quotes a secret comes without it.
pub async fn run(
    index: usize,
    prepared: &Prepared,
    setting: &Setting,
    sender: UnboundedSender<Message>,
) -> Result<Option<Live>, Error> {
    // What was there may be quoted as well as what is to be.
    let before = match &prepared.step.operation {
        StepOperation::Update { live, .. } | StepOperation::Record { live, .. } => Some(&live.spec),
        StepOperation::Delete { spec, .. } => Some(spec),
        StepOperation::DeleteDeposed { predecessor } => Some(&predecessor.spec),
        StepOperation::Create(_) | StepOperation::Forget => None,
    };
    let specs = before.into_iter().chain([&prepared.spec]);
    carry_out(index, prepared, setting, sender).await.map_err(|error| without_secrets(error, specs))
}

async fn carry_out(
    index: usize,
    prepared: &Prepared,
    setting: &Setting,
    sender: UnboundedSender<Message>,
) -> Result<Option<Live>, Error> {
    let Setting { aws, stack, teardown } = setting;
    let ownership = Ownership {
        stack: stack.clone(),
        address: prepared.step.address.to_string(),
        token: Some(prepared.intent.token.clone()),
    };
    let progress = Reporter { step: index, sender };
    let operation = Operation { aws, ownership: &ownership, teardown, progress: &progress };
    let kind = prepared.step.kind;
    match &prepared.step.operation {
        StepOperation::Create(_) => {
            let live = kind.create(operation, &prepared.spec).await?;
            promise::kept(&prepared.step, &prepared.spec, &live, aws).inspect_err(|_| {
                // It is there all the same, and must not be lost.
                progress.exists(&live);
            })?;
            Ok(Some(live))
        }
        StepOperation::Update { live, .. } => {
            // What was pending in the plan may turn out to be what is there already.
            let differences = crate::schema::differences(kind.schema(), Some(&live.spec), Some(&prepared.spec));
            let is_marked = live.is_owned_by(&ownership);
            if differences.is_empty() && is_marked {
                return Ok(Some(live.clone()));
            }
            let live = kind.update(operation, live, &prepared.spec, &differences).await?;
            promise::kept(&prepared.step, &prepared.spec, &live, aws)?;
            Ok(Some(live))
        }
        StepOperation::Delete { id, spec } => kind.delete(operation, id, spec).await.map(|()| None),
        StepOperation::DeleteDeposed { predecessor } => {
            kind.retire(operation, &predecessor.id, &predecessor.spec).await.map(|()| None)
        }
        StepOperation::Record { live, .. } => Ok(Some(live.clone())),
        StepOperation::Forget => Ok(None),
    }
}

/// AWS likes to quote the value that it refuses, and what it says goes to screen, log and journal.
fn without_secrets<'a>(mut error: Error, specs: impl Iterator<Item = &'a Value>) -> Error {
    let mut secrets = Vec::new();
    for spec in specs {
        spec.visit(&mut |_, value| {
            if let Value::Secret(secret) = value {
                secrets.push(secret.clone());
            }
        });
    }
    if !secrets.is_empty() {
        for text in std::iter::once(&mut error.message).chain(&mut error.help) {
            *text = secret::without(text, &secrets);
        }
    }
    error
}

/// What the state is to say of `live`.
pub fn record(prepared: &Prepared, live: &Live, incomplete: bool) -> Record {
    let mut spec = prepared.spec.clone();
    // What is not managed is recorded as it was found, so that its change is seen.
    keep_unmanaged(prepared.step.kind.schema(), &mut spec, &live.spec);
    let marked = live.ownership.as_ref();
    Record {
        id: live.id.clone(),
        spec,
        attributes: live.attributes.clone(),
        dependencies: prepared.intent.dependencies.clone(),
        lifecycle: prepared.intent.lifecycle.clone(),
        incomplete,
        // What is only recorded carries the tags that it had.
        moved_from: marked.and_then(|owner| owner.address.parse().ok()).filter(|marked| *marked != prepared.step.address),
        changed_at: Timestamp::now(),
    }
}

struct Reporter {
    step: usize,
    sender: UnboundedSender<Message>,
}

impl Progress for Reporter {
    fn exists(&self, live: &Live) {
        // The loop is gone only when the whole run is being given up.
        let _ = self.sender.send(Message::Exists { step: self.step, live: live.clone() });
    }

    fn waiting(&self, what: &str, at_most: Duration) {
        let _ = self.sender.send(Message::Waiting { step: self.step, what: what.to_owned(), at_most });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Secret;

    #[test]
    fn a_refusal_does_not_tell_a_secret() {
        let secret = Value::Secret(Secret::new("hunter2".to_owned(), "digest".to_owned()));
        let short = Value::Secret(Secret::new("a".to_owned(), "digest".to_owned()));
        let spec = Value::List(vec![secret, short]);
        let told = Error::new("iam:CreateRole", ErrorKind::Refused, "Value 'hunter2' at 'description'").help("not hunter2");
        let told = without_secrets(told, std::iter::once(&spec));
        assert_eq!(told.message, "Value '(sensitive value)' at 'description'");
        assert_eq!(told.help, ["not (sensitive value)"]);
    }
}
