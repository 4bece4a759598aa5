//! The promises of the state where it is sealed: the same as in clear, and that nothing of it can be read.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use age::x25519::Identity;

use super::{NO_WAIT, address, cut_anywhere, fault_at_any_step, flipped_anywhere, folder, open, program, record, seed, store};
use crate::state::encryption::is_sealed;
use crate::state::encryption::tests::{FakeKeys, age_cipher, given, kms_cipher, reader, settings_of};
use crate::state::files::fault::{self, Mode};
use crate::state::history::folder_of;
use crate::state::{Cipher, EncryptionError, Entry, FileStore, Form, Opened, State, StateError, journal};

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Fails if anything that the state says stands in a file below `folder`.
#[track_caller]
fn assert_nothing_in_clear(folder: &Path) {
    for path in files(folder) {
        let text = String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).into_owned();
        for word in ["arn:1", "arn:2", "cluster", "lineage", "digest", "serial", "hmac", "apply nightly"] {
            assert!(!text.contains(word), "{} says {word}: {text}", path.display());
        }
    }
}

/// Three serials, and a journal with open intents.
fn lived(store: FileStore) -> FileStore {
    let store = seed(store);
    for id in ["arn:2", "arn:3"] {
        let mut session = open(&store).expect("it opens");
        session.record(&[Entry::Put { address: address("main"), record: Box::new(record(id)) }]).expect("it records");
        session.finish().expect("it finishes");
    }
    open(&store).expect("it opens").record(&program()[0]).expect("it records");
    store
}

fn state_of(store: &FileStore) -> State {
    store.read().expect("it reads").state.expect("a state")
}

#[test]
fn a_sealed_journal_cut_anywhere_is_its_whole_entries() {
    let folder = folder();
    cut_anywhere(&seed(store(folder.path()).with_cipher(kms_cipher(&Arc::default(), &[]))), 61);
}

#[test]
fn a_flipped_bit_anywhere_in_a_sealed_journal_is_an_error() {
    let folder = folder();
    flipped_anywhere(&store(folder.path()).with_cipher(kms_cipher(&Arc::default(), &[])), 11);
}

#[test]
fn a_kill_or_a_full_disk_at_any_step_loses_nothing_that_was_sealed() {
    fault_at_any_step(&|folder| seed(store(folder).with_cipher(kms_cipher(&Arc::default(), &[]))));
}

#[test]
fn nothing_stands_in_clear() {
    let one = Identity::generate();
    for cipher in [age_cipher(&[&one], &[&one]), kms_cipher(&Arc::default(), &[])] {
        let folder = folder();
        let store = lived(store(folder.path()).with_cipher(cipher));
        assert_nothing_in_clear(folder.path());
        assert_eq!(state_of(&store).interrupted.len(), 2);
        assert_eq!(store.history().expect("it lists").iter().filter(|earlier| earlier.content.is_ok()).count(), 2);
    }
}

#[test]
fn a_state_in_clear_is_refused_until_it_is_sealed() {
    let (folder, one) = (folder(), Identity::generate());
    let plain = lived(store(folder.path()));
    let (before, history) = (state_of(&plain), plain.history().expect("it lists").len());
    let sealed = plain.clone().with_cipher(age_cipher(&[&one], &[&one]));
    let error = open(&sealed).expect_err("in clear");
    assert!(matches!(error, StateError::Sealed { source: EncryptionError::Plain, .. }), "{error:?}");
    assert!(error.to_string().contains("stepwright state encrypt STACK"), "{error}");
    assert!(Opened::open(sealed.clone(), "state rebuild", NO_WAIT).is_err(), "it is not lost");

    let done = sealed.reseal(Form::Sealed, "state encrypt", NO_WAIT).expect("it seals");
    assert_eq!(done.written.len(), history + 2, "{done:?}");
    assert_nothing_in_clear(folder.path());
    assert_eq!(state_of(&sealed), before);
    assert_eq!(open(&sealed).expect("it opens").state().interrupted, before.interrupted);

    // And without the settings it can be read, but not be written.
    let without = plain.clone().with_cipher(reader(&[&one], &Arc::default()));
    assert_eq!(state_of(&without), before);
    let error = open(&without).expect_err("it would be in clear");
    assert!(matches!(error, StateError::Sealed { source: EncryptionError::WouldBePlain, .. }), "{error:?}");
    without.reseal(Form::Plain, "state decrypt", NO_WAIT).expect("it opens");
    assert_eq!(state_of(&plain), before);
    assert!(plain.history().expect("it lists").iter().all(|earlier| earlier.content.is_ok()));
}

#[test]
fn rotation_leaves_nothing_for_the_old_key() {
    let (folder, old, new) = (folder(), Identity::generate(), Identity::generate());
    let keys = Arc::new(FakeKeys::default());
    let first = lived(store(folder.path()).with_cipher(age_cipher(&[&old], &[&old])));
    let before = state_of(&first);
    let kept = |identity: &Identity| reader(&[identity], &keys);
    // From key to key, from age to KMS, and back.
    let for_new = Cipher::new(Some(&settings_of(&[&new])), "nightly", given(&[&new, &old]), Some(keys.clone()));
    let ciphers = [for_new.clone(), kms_cipher(&keys, &[&new]), for_new];
    for (round, cipher) in ciphers.into_iter().enumerate() {
        let store = first.clone().with_cipher(cipher);
        store.reseal(Form::Sealed, "state encrypt", NO_WAIT).expect("it seals");
        assert_eq!(state_of(&store), before, "round {round}");
        for path in files(folder.path()).into_iter().filter(|path| path.extension().is_some_and(|end| end == "json")) {
            let bytes = std::fs::read(&path).expect("a file");
            assert!(kept(&old).open(bytes.clone()).is_err() == (round != 1), "{}, round {round}", path.display());
            assert!(kept(&new).open(bytes).is_ok(), "{}, round {round}", path.display());
        }
    }
}

#[test]
fn a_kill_at_any_step_of_sealing_leaves_what_can_be_sealed() {
    for steps in 0.. {
        let (folder, keys) = (folder(), Arc::default());
        let plain = lived(store(folder.path()));
        let before = state_of(&plain);
        let sealed = plain.clone().with_cipher(kms_cipher(&keys, &[]));
        fault::after(steps, Mode::Killed);
        let ended = sealed.reseal(Form::Sealed, "state encrypt", NO_WAIT).is_ok();
        let has_failed = fault::clear();
        assert_eq!(state_of(&plain.clone().with_cipher(kms_cipher(&keys, &[]).taking_plain())), before, "after {steps} steps");
        sealed.reseal(Form::Sealed, "state encrypt", NO_WAIT).expect("a repetition");
        assert_eq!(state_of(&sealed), before);
        assert_nothing_in_clear(folder.path());
        if ended && !has_failed {
            assert!(steps > 10, "it has more steps than {steps}");
            break;
        }
    }
}

#[test]
fn damage_is_told_as_damage_and_an_earlier_state_comes_back() {
    let (folder, one) = (folder(), Identity::generate());
    let store = seed(store(folder.path()).with_cipher(age_cipher(&[&one], &[&one])));
    let mut session = open(&store).expect("it opens");
    session.record(&[Entry::Put { address: address("main"), record: Box::new(record("arn:2")) }]).expect("it records");
    session.finish().expect("it finishes");
    let whole = std::fs::read(store.path()).expect("a file");
    let cut = &whole[..whole.len() - 60];
    for damaged in [&[][..], &whole[..20], cut] {
        std::fs::write(store.path(), damaged).expect("damaged");
        let error = store.read().expect_err("it is seen");
        assert!(error.to_string().contains("stepwright state restore STACK SERIAL"), "{error}");
        let Opened::Lost(recovery) = Opened::open(store.clone(), "state restore", NO_WAIT).expect("it opens") else {
            panic!("it can't be read");
        };
        let earlier = store.earlier(1).expect("it is there").content.expect("it is whole").0;
        recovery.write(earlier).expect("it is written");
        assert!(is_sealed(&std::fs::read(store.path()).expect("a file")));
    }
    // A damaged copy holds up nothing.
    std::fs::write(folder_of(store.path()).join("1.json"), cut).expect("damaged");
    let done = store.reseal(Form::Sealed, "state encrypt", NO_WAIT).expect("it seals");
    assert!(matches!(done.left.as_slice(), [StateError::SealDamaged { .. }]), "{done:?}");
    assert!(!done.aside.is_empty());
}

#[test]
fn a_run_whose_kms_goes_away_ends_well() {
    let (folder, keys) = (folder(), Arc::new(FakeKeys::default()));
    let new = || store(folder.path()).with_cipher(kms_cipher(&keys, &[]));
    seed(new());
    let mut session = open(&new()).expect("it opens");
    keys.is_away.store(true, Ordering::Relaxed);
    session.record(&[Entry::Put { address: address("main"), record: Box::new(record("arn:2")) }]).expect("it records");
    let state = session.finish().expect("it finishes");
    assert!(open(&new()).is_err(), "the next one needs it");
    keys.is_away.store(false, Ordering::Relaxed);
    assert_eq!(state_of(&new()), state);
}

#[test]
fn a_missing_key_is_not_a_lost_state() {
    let (folder, one) = (folder(), Identity::generate());
    let path = lived(store(folder.path()).with_cipher(age_cipher(&[&one], &[&one]))).path().to_owned();
    for cipher in [Cipher::plain(), age_cipher(&[&one], &[])] {
        let store = store(folder.path()).with_cipher(cipher);
        let opened = Opened::open(store.clone(), "state rebuild", NO_WAIT);
        assert!(matches!(opened, Err(StateError::Sealed { source: EncryptionError::NoIdentity { .. }, .. })), "{opened:?}");
    }
    assert!(journal::path_of(&path).exists());
}
