//! What an interrupted run left open: looked up, and adopted or forgotten, before anything is planned.

use jiff::Timestamp;

use crate::address::Address;
use crate::aws::{Aws, Error};
use crate::observe;
use crate::state::{Entry, IntentOperation, Record, State};

/// How one open intent was settled.
#[derive(Clone, Debug)]
pub struct Settled {
    pub address: Address,
    /// Whether its creation had happened.
    pub adopted: bool,
    /// What the state is to take over.
    pub entries: Vec<Entry>,
}

/// Looks up every open intent of `state`.
///
/// Only a creation can have left something that the state does not know. An update or a deletion that
/// took effect, wholly or half, shows when the resource is read, and is planned again.
///
/// # Errors
/// If AWS can't be asked: then nothing may be planned either.
pub async fn settle(aws: &Aws, state: &State) -> Result<Vec<Settled>, Error> {
    let mut settled = Vec::new();
    for intent in &state.interrupted {
        let is_recorded = |id: &str| state.resources.get(&intent.address).is_some_and(|record| record.id == id);
        let found = observe::find_interrupted(aws, state, intent).await?.filter(|live| !is_recorded(&live.id));
        let mut entries = Vec::new();
        if let (Some(live), Some(spec)) = (&found, &intent.spec) {
            let record = Record {
                id: live.id.clone(),
                spec: spec.clone(),
                attributes: live.attributes.clone(),
                dependencies: intent.dependencies.clone(),
                lifecycle: intent.lifecycle.clone(),
                incomplete: true,
                changed_at: Timestamp::now(),
            };
            entries.push(Entry::Put { address: intent.address.clone(), record: Box::new(record) });
        }
        let is_known = state.resources.get(&intent.address).is_some_and(|record| record.incomplete);
        let adopted = found.is_some() || (intent.operation == IntentOperation::Create && is_known);
        entries.push(Entry::Settled { token: intent.token.clone(), adopted });
        settled.push(Settled { address: intent.address.clone(), adopted, entries });
    }
    Ok(settled)
}
