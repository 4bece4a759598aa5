//! What an interrupted run left open: looked up, and adopted or forgotten, before anything is planned.

use std::time::Duration;

use jiff::Timestamp;

use crate::address::Address;
use crate::aws::{Aws, Error};
use crate::observe;
use crate::resource::{Live, ResourceType};
use crate::state::{Entry, Intent, IntentOperation, Record, State};

/// How one open intent was settled.
#[derive(Clone, Debug)]
pub struct Settled {
    pub address: Address,
    /// Whether its creation had happened.
    pub adopted: bool,
    /// What the state is to take over.
    pub entries: Vec<Entry>,
}

/// A call that was in flight when its run was killed may still be on its way. What is not found is looked for once
/// more after this.
const STILL_ON_ITS_WAY: Duration = Duration::from_millis(1500);

/// Looks up every open intent of `state`.
///
/// Only a creation can have left something that the state does not know. An update or a deletion that
/// took effect, wholly or half, shows when the resource is read, and is planned again; until then its
/// record counts as incomplete.
///
/// # Errors
/// If AWS can't be asked: then nothing may be planned either.
pub async fn settle(aws: &Aws, kinds: &[&'static dyn ResourceType], state: &State) -> Result<Vec<Settled>, Error> {
    let mut found = Vec::new();
    for intent in &state.interrupted {
        found.push(observe::find_interrupted(aws, kinds, state, intent).await?);
    }
    let is_open = |(intent, live): &(&Intent, &Option<Live>)| live.is_none() && intent.operation == IntentOperation::Create;
    if state.interrupted.iter().zip(&found).any(|it| is_open(&it)) {
        tokio::time::sleep(STILL_ON_ITS_WAY).await;
        for (intent, live) in state.interrupted.iter().zip(&mut found) {
            if is_open(&(intent, live)) {
                *live = observe::find_interrupted(aws, kinds, state, intent).await?;
            }
        }
    }
    Ok(state.interrupted.iter().zip(found).map(|(intent, found)| one(state, intent, found)).collect())
}

/// What an intent comes to that has left `found`.
fn one(state: &State, intent: &Intent, found: Option<Live>) -> Settled {
    let recorded = state.resources.get(&intent.address);
    let is_recorded = |live: &Live| recorded.is_some_and(|record| record.id == live.id);
    let mut entries = Vec::new();
    if let (Some(live), Some(spec)) = (found.as_ref().filter(|live| !is_recorded(live)), &intent.spec) {
        let record = Record {
            id: live.id.clone(),
            spec: spec.clone(),
            attributes: live.attributes.clone(),
            dependencies: intent.dependencies.clone(),
            lifecycle: intent.lifecycle.clone(),
            incomplete: true,
            moved_from: None,
            changed_at: Timestamp::now(),
        };
        entries.push(Entry::Put { address: intent.address.clone(), record: Box::new(record) });
    }
    entries.extend(left_incomplete(state, intent));
    // A creation of which the state knows already happened, even if AWS does not find it by name yet.
    let is_known = intent.operation == IntentOperation::Create && recorded.is_some_and(|record| record.incomplete);
    let adopted = found.is_some() || is_known;
    entries.push(Entry::Settled { token: intent.token.clone(), adopted });
    Settled { address: intent.address.clone(), adopted, entries }
}

/// What a change that did not come to its end leaves of the record: it can't be relied on before it is read.
pub fn left_incomplete(state: &State, intent: &Intent) -> Option<Entry> {
    let is_change = matches!(intent.operation, IntentOperation::Update | IntentOperation::Delete);
    let record = state.resources.get(&intent.address).filter(|record| is_change && intent.id.as_ref() == Some(&record.id))?;
    let record = Record { incomplete: true, ..record.clone() };
    Some(Entry::Put { address: intent.address.clone(), record: Box::new(record) })
}
