//! The promises of the history, on a real file system: kept, pruned, damaged, killed, full, restored.

use std::path::Path;

use super::{NO_WAIT, address, folder, open, record, run_with_fault, seeded, store};
use crate::state::files::fault::{self, Mode};
use crate::state::history::{KEPT, folder_of};
use crate::state::{Comparison, Entry, FileStore, Opened, Recovered, Session, State, StateError, compare, format, journal};

/// One more serial: `id` is what is recorded at cluster.main.
fn write(store: &FileStore, id: &str) -> State {
    let mut session = open(store).expect("it opens");
    session.record(&[Entry::Forget { address: address("main") }]).expect("it records");
    session.record(&[Entry::Put { address: address("main"), record: Box::new(record(id)) }]).expect("it records");
    session.finish().expect("it finishes")
}

fn serials(store: &FileStore) -> Vec<u64> {
    store.history().expect("it lists").iter().map(|it| it.serial).collect()
}

fn earlier(store: &FileStore, serial: u64) -> State {
    store.earlier(serial).expect("it is there").content.expect("it is whole").0
}

fn present(store: &FileStore) -> State {
    store.read().expect("it reads").state.expect("a state")
}

fn restore(store: &FileStore, serial: u64) -> Result<State, StateError> {
    let opened = Opened::open(store.clone(), "state restore", NO_WAIT)?;
    let wanted = store.earlier(serial)?.content?.0;
    match opened {
        Opened::Whole(mut session) => {
            session.replace(wanted)?;
            session.finish()
        }
        Opened::Lost(recovery) => recovery.write(wanted).map(|recovered| recovered.state),
    }
}

#[test]
fn the_last_states_are_kept_and_the_oldest_go() {
    let folder = folder();
    let store = seeded(folder.path());
    assert_eq!(serials(&store), Vec::<u64>::new());
    for number in 2..=KEPT as u64 + 4 {
        let before = present(&store);
        let state = write(&store, &format!("arn:{number}"));
        assert_eq!((state.serial, earlier(&store, number - 1)), (number, before));
    }
    let expected: Vec<u64> = (4..=KEPT as u64 + 3).rev().collect();
    assert_eq!(serials(&store), expected);
    let newest = &store.history().expect("it lists")[0];
    let (_, author) = newest.content.as_ref().expect("it is whole");
    assert_eq!(author.as_ref().map(|author| author.command.as_str()), Some("apply nightly.toml"));
    assert!(matches!(store.earlier(1), Err(StateError::NoSuchSerial { serial: 1, .. })));
}

#[cfg(unix)]
#[test]
fn copies_are_links_and_private() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let folder = folder();
    let store = seeded(folder.path());
    let inode = std::fs::metadata(store.path()).expect("a file").ino();
    write(&store, "arn:2");
    let copy = std::fs::metadata(folder_of(store.path()).join("1.json")).expect("a copy");
    assert_eq!((copy.ino(), copy.permissions().mode() & 0o777), (inode, 0o600));
    let kept = std::fs::metadata(folder_of(store.path())).expect("a folder");
    assert_eq!(kept.permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_damaged_copy_is_told_and_hides_no_other() {
    let folder = folder();
    let store = seeded(folder.path());
    for id in ["arn:2", "arn:3", "arn:4"] {
        write(&store, id);
    }
    let copies = folder_of(store.path());
    std::fs::write(copies.join("2.json"), "{").expect("damaged");
    std::fs::copy(copies.join("1.json"), copies.join("9.json")).expect("misnamed");
    std::fs::write(copies.join("notes.txt"), "mine").expect("a stranger");
    let told: Vec<(u64, bool)> = store.history().expect("it lists").iter().map(|it| (it.serial, it.content.is_ok())).collect();
    assert_eq!(told, [(9, false), (3, true), (2, false), (1, true)]);
    assert!(matches!(restore(&store, 2), Err(StateError::Truncated { .. })));
    assert!(matches!(restore(&store, 9), Err(StateError::Malformed { .. })));
    assert_eq!(present(&store).serial, 4);
}

#[test]
fn a_kill_or_a_full_disk_at_any_step_loses_neither_the_state_nor_an_earlier_one() {
    for mode in [Mode::Killed, Mode::Once] {
        for steps in 0.. {
            let folder = folder();
            let store = seeded(folder.path());
            let second = write(&store, "arn:second");
            let (_, _, has_ended) = run_with_fault(&store, steps, mode);
            // What was kept before is as it was, and no half copy counts as one.
            assert!(store.history().expect("it lists").iter().all(|it| it.content.is_ok()), "after {steps} steps");
            assert_eq!(earlier(&store, 1).resources[&address("main")].id, "arn:1");
            let found = store.read_snapshot().expect("it reads").expect("a state");
            let is_kept = serials(&store).contains(&2);
            // In a single failure the link gives way to a copy, or the state is written without a past.
            assert!(found == second || is_kept || mode == Mode::Once, "after {steps} steps of {mode:?}");
            if is_kept {
                assert_eq!(earlier(&store, 2), second);
            }
            if has_ended {
                assert!(is_kept && steps > 20);
                break;
            }
        }
    }
}

#[test]
fn without_room_for_history_the_state_is_written_and_told() {
    // Every way to keep a copy fails: there is a file where the folder should be.
    let folder = folder();
    let store = seeded(folder.path());
    std::fs::write(folder_of(store.path()), "in the way").expect("written");
    let mut session = open(&store).expect("it opens");
    session.record(&[Entry::Put { address: address("b"), record: Box::new(record("arn:b")) }]).expect("it records");
    session.compact().expect("the state is written");
    assert!(session.unkept().is_some_and(|error| error.to_string().contains("history")));
    let state = session.finish().expect("it finishes");
    assert_eq!((state.serial, &present(&store)), (2, &state));
    // A restore, which can be tried again, is not done without.
    let mut session = Session::open(store.clone(), None, "state restore", NO_WAIT).expect("it opens");
    assert!(session.replace(State::new("nightly")).is_err());
    drop(session);
    assert_eq!(present(&store), state);
}

#[test]
fn two_states_of_one_serial_are_both_kept() {
    let folder = folder();
    let store = seeded(folder.path());
    let copies = folder_of(store.path());
    std::fs::create_dir(&copies).expect("a folder");
    std::fs::write(copies.join("1.json"), "by hand").expect("a copy");
    write(&store, "arn:2");
    assert_eq!(earlier(&store, 1).resources[&address("main")].id, "arn:1");
    assert_eq!(std::fs::read_to_string(copies.join("1.json.aside")).expect("kept"), "by hand");
}

#[test]
fn a_new_lineage_leaves_the_history_of_the_old_one_alone() {
    let folder = folder();
    let old = seeded(folder.path());
    write(&old, "arn:2");
    std::fs::remove_file(old.path()).expect("lost");
    let mut session = Session::open(old.clone(), Some(State::new("nightly")), "apply", NO_WAIT).expect("it opens");
    session.record(&[Entry::Put { address: address("main"), record: Box::new(record("arn:new")) }]).expect("it records");
    session.finish().expect("it finishes");
    assert_eq!(serials(&old), Vec::<u64>::new());
    let aside = crate::state::files::with_suffix(&folder_of(old.path()), ".aside");
    assert!(aside.join("1.json").exists());
}

#[test]
fn an_earlier_state_comes_back_as_a_new_serial() {
    let folder = folder();
    let store = seeded(folder.path());
    let first = present(&store);
    let second = write(&store, "arn:2");
    let state = restore(&store, 1).expect("it comes back");
    assert_eq!(state, State { serial: 3, ..first });
    assert_eq!((present(&store), earlier(&store, 2)), (state.clone(), second.clone()));
    // And back again.
    assert_eq!(restore(&store, 2).expect("it comes back"), State { serial: 4, ..second });
    assert_eq!(earlier(&store, 3), state);
}

#[test]
fn what_differs() {
    let folder = folder();
    let first = present(&seeded(folder.path()));
    let mut second = first.clone();
    second.resources.insert(address("b"), record("arn:b"));
    if let Some(main) = second.resources.get_mut(&address("main")) {
        main.changed_at = "2027-01-01T00:00:00Z".parse().expect("a time");
    }
    let compared = compare(Some(&first), &second);
    assert_eq!(compared.len(), 1);
    assert_eq!(compared[0].comparison, Comparison::Added { id: "arn:b".into() });
    assert_eq!(compare(Some(&second), &first)[0].comparison, Comparison::Removed { id: "arn:b".into() });
    assert_eq!(compare(None, &first).len(), 1);
}

/// Ways to lose the state file of serial 2.
const LOSSES: [fn(&Path); 4] = [
    |path| std::fs::write(path, "").expect("emptied"),
    |path| {
        let bytes = std::fs::read(path).expect("a file");
        std::fs::write(path, &bytes[..bytes.len() / 2]).expect("truncated");
    },
    |path| std::fs::write(path, "\0\0\0").expect("zeroed"),
    |path| std::fs::remove_file(path).expect("removed"),
];

#[test]
fn an_earlier_state_comes_back_in_the_place_of_a_lost_one() {
    for lose in LOSSES {
        let folder = folder();
        let store = seeded(folder.path());
        let first = present(&store);
        write(&store, "arn:2");
        lose(store.path());
        let lost = std::fs::read(store.path()).ok();
        let Ok(Opened::Lost(recovery)) = Opened::open(store.clone(), "state restore", NO_WAIT) else { panic!("it is lost") };
        assert_eq!(recovery.error().is_some(), lost.is_some());
        assert_eq!(recovery.ancestor().map(|ancestor| ancestor.lineage), Some(first.lineage.clone()));
        let Recovered { state, aside } = recovery.write(first.clone()).expect("it comes back");
        assert!(state.serial >= 2, "serial {}", state.serial);
        assert_eq!((present(&store), &state), (State { serial: state.serial, ..first }, &state));
        let kept: Vec<Vec<u8>> = aside.iter().map(|path| std::fs::read(path).expect("kept")).collect();
        assert_eq!(kept, lost.into_iter().collect::<Vec<_>>());
    }
}

/// A store whose state file of serial 2 is lost while a journal continues it.
fn interrupted(folder: &Path) -> (FileStore, State) {
    let store = seeded(folder);
    write(&store, "arn:2");
    let mut session = open(&store).expect("it opens");
    session.record(&super::program()[0]).expect("it records");
    session.record(&super::program()[1]).expect("it records");
    let state = session.state().clone();
    drop(session);
    (store, state)
}

#[test]
fn a_journal_that_does_not_fit_is_kept_aside_and_told() {
    let folder = folder();
    let (store, _) = interrupted(folder.path());
    std::fs::write(store.path(), "").expect("emptied");
    let journal = journal::path_of(store.path());
    let told = std::fs::read(&journal).expect("a journal");
    let Ok(Opened::Lost(recovery)) = Opened::open(store.clone(), "state restore", NO_WAIT) else { panic!("it is lost") };
    assert_eq!(recovery.journal_names(), [(address("main"), "arn:2".to_owned())]);
    let recovered = recovery.write(earlier(&store, 1)).expect("it comes back");
    assert_eq!(recovered.state.serial, 3, "no serial has two meanings");
    assert!(!journal.exists());
    let asides: Vec<Vec<u8>> = recovered.aside.iter().map(|path| std::fs::read(path).expect("kept")).collect();
    assert_eq!(asides, [Vec::new(), told]);
    assert_eq!(present(&store).interrupted, []);
}

#[test]
fn a_journal_that_continues_what_comes_back_stays() {
    let folder = folder();
    let (store, whole) = interrupted(folder.path());
    // As after a crash between the keeping of serial 2 and the writing of serial 3.
    crate::state::history::keep(store.path(), 2).expect("kept");
    std::fs::remove_file(store.path()).expect("lost");
    assert!(matches!(store.read(), Err(StateError::Missing { .. })));
    assert_eq!(restore(&store, 2).expect("it comes back").serial, 2);
    assert_eq!(present(&store), whole);
}

#[test]
fn a_kill_or_a_full_disk_at_any_step_of_a_restore_loses_nothing() {
    for is_lost in [false, true] {
        for mode in [Mode::Killed, Mode::Once] {
            for steps in 0.. {
                let folder = folder();
                let (store, _) = interrupted(folder.path());
                if is_lost {
                    std::fs::write(store.path(), "half").expect("damaged");
                } else {
                    std::fs::remove_file(journal::path_of(store.path())).expect("no journal");
                }
                let told = std::fs::read(journal::path_of(store.path())).ok();
                let before = store.read_snapshot().ok().flatten();
                fault::after(steps, mode);
                let restored = restore(&store, 1);
                let has_failed = fault::clear();
                let at = format!("after {steps} steps of {mode:?}: {restored:?}");

                let holds = |bytes: &[u8]| {
                    let folder = store.path().parent().expect("a folder");
                    let files = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
                    files.filter(|path| path.is_file()).any(|path| std::fs::read(path).is_ok_and(|found| found == bytes))
                };
                match &before {
                    Some(before) => {
                        let found = present(&store);
                        let is_before = found == *before;
                        assert!(is_before || (found.serial == 3 && earlier(&store, 2) == *before), "{at}");
                    }
                    None => {
                        assert!(holds(b"half") && holds(told.as_deref().expect("a journal")), "{at}");
                        // Never as if nothing existed.
                        assert!(store.read().map_or(true, |loaded| loaded.state.is_some()), "{at}");
                    }
                }
                assert!(earlier(&store, 1).resources.contains_key(&address("main")), "{at}");
                // Once more, and it is done.
                let again = restore(&store, 1).unwrap_or_else(|error| panic!("{at}: {error}"));
                assert_eq!(format::read(std::fs::read(store.path()).expect("a file"), store.path()).expect("whole"), again);
                if restored.is_ok() && !has_failed {
                    assert!(steps > 6, "{at}");
                    break;
                }
            }
        }
    }
}

#[test]
fn what_is_newer_or_can_not_be_opened_is_not_taken_for_lost() {
    let folder = folder();
    let store = seeded(folder.path());
    let text = std::fs::read_to_string(store.path()).expect("a file");
    std::fs::write(store.path(), text.replace("\"format_version\": 1", "\"format_version\": 2")).expect("written");
    assert!(matches!(Opened::open(store, "state restore", NO_WAIT), Err(StateError::NewerFormat { .. })));
    let other = store_at_a_folder(folder.path());
    assert!(matches!(Opened::open(other, "state restore", NO_WAIT), Err(StateError::Io { .. })));
}

fn store_at_a_folder(folder: &Path) -> FileStore {
    let path = store(folder).path().with_file_name("folder.json");
    std::fs::create_dir(&path).expect("a folder");
    FileStore::new(path).expect("a path")
}
