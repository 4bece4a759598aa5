//! What AWS can tell beforehand of what a stack says: whether what it only names is there, and what AWS itself says of
//! the specs that are to be sent. Nothing is made or changed.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt};
use indexmap::IndexMap;

use crate::address::Address;
use crate::aws::{Aws, Error};
use crate::diagnostic::Diagnostic;
use crate::plan::{Action, Plan, StepOperation};
use crate::resource::{Live, ResourceType, Running};
use crate::stack::Stack;
use crate::stack::meaning::{self, Outside};

/// Whom to ask, and how.
#[derive(Clone, Copy, Debug)]
pub struct Consultation<'a> {
    pub aws: &'a Aws,
    /// The resource types there are.
    pub kinds: &'a [&'static dyn ResourceType],
    /// How many questions to ask at a time.
    pub parallelism: usize,
}

/// What was told.
#[derive(Clone, Debug, Default)]
pub struct Advice {
    pub diagnostics: Vec<Diagnostic>,
    /// What AWS could not be asked, and why, a sentence each. That is no reason to stop: what is known offline holds.
    pub notices: Vec<String>,
}

/// Asks about everything that `plan` would make or change of `stack`; `data` is what its look-ups found.
pub async fn consult(it: Consultation<'_>, stack: &Stack, data: &BTreeMap<Address, Live>, plan: &Plan) -> Advice {
    let (mut advice, opinions) = tokio::join!(look_outside(it, stack, data), ask(it, stack, plan));
    advice.diagnostics.extend(opinions.diagnostics);
    advice.notices.extend(opinions.notices);
    advice
}

async fn look_outside(it: Consultation<'_>, stack: &Stack, data: &BTreeMap<Address, Live>) -> Advice {
    let mut groups: IndexMap<&str, Vec<(Outside, String)>> = IndexMap::new();
    for outside in meaning::outside(stack, it.kinds, &it.aws.place) {
        // What is no name is told offline.
        if let Some(id) = outside.kind.id(&outside.text, &it.aws.place) {
            groups.entry(outside.kind.description().name).or_default().push((outside, id));
        }
    }
    let reads = groups.into_values().map(|group| async move {
        let ids: Vec<String> = group.iter().map(|(_, id)| id.clone()).collect();
        let lives = match group.first() {
            Some((outside, _)) => outside.kind.read_many(it.aws, &ids).await,
            None => Vec::new(),
        };
        group.into_iter().map(|(outside, _)| outside).zip(lives).collect::<Vec<_>>()
    });
    let answers = stream::iter(reads).buffer_unordered(it.parallelism.max(1)).concat().await;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for (outside, live) in answers {
        match live {
            Ok(live) => {
                let live = live.filter(|live| live.is_named_by(&outside.text));
                found.push((outside, live));
            }
            Err(error) => failures.push(error),
        }
    }
    let diagnostics = meaning::check_live(stack, &it.aws.place, data, &found);
    let notice = |error: &Error| format!("what the definitions name outside the stack could not be looked up: {error}");
    Advice { diagnostics, notices: failures.first().map(notice).into_iter().collect() }
}

/// AWS's opinion of each spec that is new or changed.
async fn ask(it: Consultation<'_>, stack: &Stack, plan: &Plan) -> Advice {
    let is_sent = |action| matches!(action, Action::Create | Action::Update | Action::Replace(_) | Action::Import);
    let changes = plan.changes.iter().filter(|change| is_sent(change.action));
    let asked = changes.filter_map(|change| Some((stack.resources.get(&change.address)?, change.after.as_ref()?)));
    let questions = asked.map(|(resource, spec)| async move { (resource, resource.kind.opinion(it.aws, spec).await) });
    let answers: Vec<_> = stream::iter(questions).buffered(it.parallelism.max(1)).collect().await;
    let (mut diagnostics, mut failures) = (Vec::new(), Vec::new());
    for (resource, answer) in answers {
        match answer {
            Ok(findings) => diagnostics.extend(findings.into_iter().map(|finding| resource.diagnostic(finding))),
            Err(error) => failures.push(error),
        }
    }
    let notice =
        |error: &Error| format!("AWS was not asked what it thinks of the definitions, which were checked offline: {error}");
    Advice { diagnostics, notices: failures.first().map(notice).into_iter().collect() }
}

/// What runs in what `plan` would delete, with its address and the id of the resource that it runs in; `owned` is what the
/// stack holds; and what could not be looked at, which is no reason to stop: the deletion itself will tell.
pub async fn in_the_way(it: Consultation<'_>, plan: &Plan, owned: &[String]) -> (Vec<(Address, String, Running)>, Vec<Error>) {
    type Deleted = (&'static dyn ResourceType, Vec<(Address, String)>);
    let mut groups: IndexMap<&str, Deleted> = IndexMap::new();
    for step in &plan.steps {
        if let StepOperation::Delete { id, .. } = &step.operation {
            let name = step.kind.description().name;
            groups.entry(name).or_insert_with(|| (step.kind, Vec::new())).1.push((step.address.clone(), id.clone()));
        }
    }
    let looks = groups.into_values().map(|(kind, deleted)| async move {
        let ids: Vec<String> = deleted.iter().map(|(_, id)| id.clone()).collect();
        let (found, error) = match kind.running(it.aws, &ids, owned).await {
            Ok(found) => (found, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let placed = found.into_iter().filter_map(|(of, running)| {
            let (address, id) = deleted.iter().find(|(_, id)| *id == of)?;
            Some((address.clone(), id.clone(), running))
        });
        (placed.collect::<Vec<_>>(), error)
    });
    let answers: Vec<_> = stream::iter(looks).buffered(it.parallelism.max(1)).collect().await;
    let (found, errors): (Vec<_>, Vec<_>) = answers.into_iter().unzip();
    (found.into_iter().flatten().collect(), errors.into_iter().flatten().collect())
}
