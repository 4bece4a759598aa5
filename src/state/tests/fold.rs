//! Entries in any order: what holds of the fold whatever a journal says.

use std::path::Path;

use proptest::prelude::*;

use super::{address, done, incomplete, intent, record, state};
use crate::state::{Entry, IntentOperation, Outcome, State, format};

/// Entries as an engine would write them, and some that it would not.
fn any_entry() -> impl Strategy<Value = Entry> {
    let name = prop::sample::select(vec!["a", "b"]);
    let id = prop::sample::select(vec!["arn:1", "arn:2", "arn:3"]);
    let token = prop::sample::select(vec!["t1", "t2", "t3"]);
    let operation = prop::sample::select(vec![
        IntentOperation::Create,
        IntentOperation::Update,
        IntentOperation::Delete,
        IntentOperation::DeleteDeposed,
    ]);
    // A token belongs to one address, and so does an id: only then is an id that is there twice the fold's fault.
    let token = (token, name.clone()).prop_map(|(token, name)| (format!("{token}:{name}"), name));
    (0..9, id, token, operation).prop_map(|(kind, id, (token, name), operation)| match kind {
        0 | 1 => {
            let id = format!("{id}:{name}");
            intent(&token, operation, name, (operation != IntentOperation::Create).then_some(id.as_str()))
        }
        2 => Entry::Exists { token, record: incomplete(&format!("{id}:{name}")) },
        3 => done(&token, Some(&format!("{id}:{name}"))),
        4 => done(&token, None),
        5 => Entry::Failed { token, message: "no".into() },
        6 => Entry::Settled { token, adopted: true },
        7 => Entry::Put { address: address(name), record: Box::new(record(&format!("{id}:{name}"))) },
        _ => Entry::ForgetDeposed { id: format!("{id}:{name}") },
    })
}

fn ids(state: &State) -> Vec<String> {
    let all = state.resources.values().chain(state.deposed.iter().map(|deposed| &deposed.record));
    all.map(|record| record.id.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folding_is_a_valid_transition_wherever_the_log_is_cut(entries in prop::collection::vec(any_entry(), 0..40)) {
        let mut state = State { resources: Default::default(), deposed: Vec::new(), ..state() };
        for entry in &entries {
            let before = state.clone();
            let is_accepted = before.check_entries(std::slice::from_ref(entry)).is_ok();
            prop_assert_eq!(state.apply_entry(entry).is_ok(), is_accepted);
            if !is_accepted {
                prop_assert_eq!(&state, &before);
                continue;
            }
            // No id is lost but by an entry that says so, and none is there twice.
            let found = ids(&state);
            let mut unique = found.clone();
            unique.sort();
            unique.dedup();
            prop_assert_eq!(unique.len(), found.len());
            let may_lose = matches!(entry, Entry::ForgetDeposed { .. } | Entry::Done { outcome: Outcome::Removed, .. });
            let was_update = before.interrupted.iter().any(|intent| intent.operation == IntentOperation::Update);
            if !may_lose && !was_update {
                prop_assert!(ids(&before).iter().all(|id| found.contains(id)));
            }
            // Twice is once, or refused without a trace.
            let mut again = state.clone();
            let _ = again.apply_entry(entry);
            prop_assert_eq!(&again, &state);
        }
        // What is in a file is what is in memory.
        let file = State { interrupted: Vec::new(), ..state.clone() };
        prop_assert_eq!(format::read(format::write(&file, None, Path::new("f")).expect("text"), Path::new("f")).expect("a state"), file);
    }
}
