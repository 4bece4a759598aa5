//! The promises of the state, on a real file system: cut, damaged, killed, full, locked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use expect_test::{Expect, expect};

use crate::address::Address;
use crate::place::Place;
use crate::state::files::fault::{self, Mode};
use crate::state::{
    Entry, FileStore, Intent, IntentOperation, Outcome, Record, RecordedOutput, Session, State, StateError, format, journal,
};
use crate::value::Value;

mod fold;
mod history;
mod sealed;
pub(in crate::state) mod stores;

const FIXTURE: &str = include_str!("../../tests/fixtures/state/format-1.json");
const NO_WAIT: Duration = Duration::ZERO;

pub(in crate::state) fn address(name: &str) -> Address {
    Address::managed("cluster", name)
}

pub(in crate::state) fn record(id: &str) -> Record {
    let spec =
        Value::from(serde_json::json!({ "name": "n", "factor": 2.5, "settings": [{ "name": "ü \" \\ {}", "value": null }] }));
    Record {
        id: id.to_owned(),
        spec,
        attributes: [("arn".to_owned(), Value::from(id))].into(),
        dependencies: vec![crate::stack::Dependency {
            address: Address::managed("role", "r"),
            needs: crate::schema::Phase::Ready,
        }],
        lifecycle: crate::stack::Lifecycle::default(),
        incomplete: false,
        moved_from: None,
        changed_at: "2026-01-02T03:04:05Z".parse().expect("a time"),
    }
}

fn incomplete(id: &str) -> Box<Record> {
    Box::new(Record { incomplete: true, ..record(id) })
}

pub(in crate::state) fn intent(token: &str, operation: IntentOperation, name: &str, id: Option<&str>) -> Entry {
    Entry::Intent(Intent {
        address: address(name),
        operation,
        id: id.map(str::to_owned),
        token: token.to_owned(),
        spec: Some(record("x").spec),
        dependencies: Vec::new(),
        lifecycle: crate::stack::Lifecycle::default(),
    })
}

pub(in crate::state) fn done(token: &str, id: Option<&str>) -> Entry {
    let outcome = id.map_or(Outcome::Removed, |id| Outcome::Put(Box::new(record(id))));
    Entry::Done { token: token.to_owned(), outcome }
}

pub(in crate::state) fn state() -> State {
    let mut state = State {
        lineage: "11111111-2222-4333-8444-555555555555".to_owned(),
        serial: 0,
        digest_key: "00".repeat(32),
        place: Place { partition: Some("aws".into()), region: Some("eu-central-1".into()), account_id: None },
        ..State::new("nightly")
    };
    state.resources.insert(address("main"), record("arn:main"));
    state.deposed.push(crate::state::Deposed { address: address("main"), record: record("arn:old") });
    let secret = crate::value::Secret::sealed("hmac-sha256:00".to_owned());
    state.outputs.insert("password".to_owned(), RecordedOutput { value: Value::Secret(secret), sensitive: true });
    state
}

/// A creation before its destruction, a refused update, a deletion, in groups as a run writes them.
pub(in crate::state) fn program() -> Vec<Vec<Entry>> {
    use IntentOperation::{Create, Delete, DeleteDeposed, Update};
    vec![
        vec![intent("t1", Create, "main", None), intent("t2", Create, "b", None)],
        vec![Entry::Exists { token: "t1".into(), record: incomplete("arn:2") }],
        vec![done("t2", Some("arn:b")), intent("t3", Update, "b", Some("arn:b"))],
        vec![done("t1", Some("arn:2"))],
        vec![Entry::Failed { token: "t3".into(), message: "refused".into() }],
        vec![intent("t4", DeleteDeposed, "main", Some("arn:1")), intent("t5", Delete, "b", Some("arn:b"))],
        vec![done("t5", None), done("t4", None)],
        vec![Entry::Outputs([("o".to_owned(), RecordedOutput { value: Value::from("v"), sensitive: false })].into())],
    ]
}

pub(in crate::state) fn folded(base: &State, entries: &[Entry]) -> State {
    let mut state = base.clone();
    for entry in entries {
        state.apply_entry(entry).expect("the entry fits");
    }
    state
}

fn store(folder: &Path) -> FileStore {
    FileStore::new(folder.join("state/nightly.json")).expect("a path without links")
}

fn open(store: &FileStore) -> Result<Session, StateError> {
    let initial = State { resources: Default::default(), deposed: Vec::new(), outputs: Default::default(), ..state() };
    Session::open(store.clone(), Some(initial), "apply nightly.toml", NO_WAIT)
}

/// A store at serial 1 with one cluster, `arn:1`.
fn seeded(folder: &Path) -> FileStore {
    seed(store(folder))
}

fn seed(store: FileStore) -> FileStore {
    let mut session = open(&store).expect("it opens");
    session.record(&[Entry::Put { address: address("main"), record: Box::new(record("arn:1")) }]).expect("it records");
    assert_eq!(session.finish().expect("it finishes").serial, 1);
    store
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn check_error(bytes: &[u8], expected: &Expect) {
    let error = format::read(bytes, Path::new("state/nightly.json")).expect_err("it is refused");
    expected.assert_eq(&error.to_string());
}

#[test]
fn format_1_still_loads_and_is_still_written() {
    let state = State { serial: 7, ..state() };
    assert_eq!(format::read(FIXTURE, Path::new("f")).expect("it loads"), state);
    assert_eq!(format::write(&state, None, Path::new("f")).expect("it is written"), FIXTURE);
    let reformatted = FIXTURE.replace("\n  ", "\r\n\t");
    assert_eq!(format::read(reformatted, Path::new("f")).expect("white space does not count"), state);
}

#[test]
fn errors_say_what_to_do() {
    check_error(
        b"",
        &expect![
            "the state file state/nightly.json is empty; put back an earlier one: `stepwright state history STACK` lists what is kept, `stepwright state restore STACK SERIAL` puts it back, and `stepwright state rebuild STACK` makes it anew from the tags of the resources. Deleting it would make stepwright forget every resource of the stack, and nothing was changed"
        ],
    );
    check_error(
        &FIXTURE.as_bytes()[..300],
        &expect![
            "the state file state/nightly.json ends in the middle, after line 11; put back an earlier one: `stepwright state history STACK` lists what is kept, `stepwright state restore STACK SERIAL` puts it back, and `stepwright state rebuild STACK` makes it anew from the tags of the resources. Deleting it would make stepwright forget every resource of the stack, and nothing was changed"
        ],
    );
    check_error(
        b"state: yes",
        &expect![
            "the state file state/nightly.json is not JSON: expected value at line 1 column 1; put back an earlier one: `stepwright state history STACK` lists what is kept, `stepwright state restore STACK SERIAL` puts it back, and `stepwright state rebuild STACK` makes it anew from the tags of the resources. Deleting it would make stepwright forget every resource of the stack, and nothing was changed"
        ],
    );
    check_error(
        FIXTURE.replace("arn:main", "arn:mine").as_bytes(),
        &expect![
            "the state file state/nightly.json was damaged or edited: its checksum does not fit its content; put back an earlier one: `stepwright state history STACK` lists what is kept, `stepwright state restore STACK SERIAL` puts it back, and `stepwright state rebuild STACK` makes it anew from the tags of the resources. Deleting it would make stepwright forget every resource of the stack, and nothing was changed"
        ],
    );
    check_error(
        FIXTURE.replace("\"format_version\": 1", "\"format_version\": 2").as_bytes(),
        &expect![
            "state/nightly.json is in format 2, and this stepwright reads formats up to 1; use the version of stepwright that wrote it, or a later one"
        ],
    );
    check_error(
        FIXTURE.replace("\"lineage\"", "\"linage\"").as_bytes(),
        &expect![
            "the state file state/nightly.json has no `lineage`; put back an earlier one: `stepwright state history STACK` lists what is kept, `stepwright state restore STACK SERIAL` puts it back, and `stepwright state rebuild STACK` makes it anew from the tags of the resources. Deleting it would make stepwright forget every resource of the stack, and nothing was changed"
        ],
    );
    check_error(
        b"[1]",
        &expect![
            "the state file state/nightly.json is not a state: it holds no JSON object; put back an earlier one: `stepwright state history STACK` lists what is kept, `stepwright state restore STACK SERIAL` puts it back, and `stepwright state rebuild STACK` makes it anew from the tags of the resources. Deleting it would make stepwright forget every resource of the stack, and nothing was changed"
        ],
    );
}

#[test]
fn a_state_cut_anywhere_is_an_error() {
    for length in 0..FIXTURE.len() {
        assert!(format::read(&FIXTURE.as_bytes()[..length], Path::new("f")).is_err(), "cut at {length}");
    }
}

#[test]
fn a_flipped_bit_anywhere_is_an_error() {
    let mut bytes = FIXTURE.as_bytes().to_vec();
    for position in 0..bytes.len() {
        for bit in 0..8 {
            bytes[position] ^= 1 << bit;
            assert!(format::read(&bytes, Path::new("f")).is_err(), "byte {position}, bit {bit}");
            bytes[position] ^= 1 << bit;
        }
    }
}

#[test]
fn a_journal_cut_anywhere_is_its_whole_entries() {
    let folder = folder();
    cut_anywhere(&seeded(folder.path()), 1);
}

/// At each `step`th byte, and around each end of a line.
fn cut_anywhere(store: &FileStore, step: usize) {
    let base = store.read().expect("it reads").state.expect("a state");
    let mut session = open(store).expect("it opens");
    let entries = program().concat();
    for entry in &entries {
        session.record(std::slice::from_ref(entry)).expect("it records");
    }
    drop(session);
    let path = journal::path_of(store.path());
    let whole = std::fs::read(&path).expect("the journal");
    let first = whole.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    let ends_near = |length: usize| whole[length.saturating_sub(2)..whole.len().min(length + 2)].contains(&b'\n');
    for length in (0..=whole.len()).filter(|length| length % step == 0 || ends_near(*length)) {
        std::fs::write(&path, &whole[..length]).expect("cut");
        let loaded = store.read();
        if length < first {
            assert!(loaded.is_err(), "cut at {length}");
            continue;
        }
        let loaded = loaded.expect("it reads");
        let lines = whole[..length].iter().filter(|byte| **byte == b'\n').count() - 1;
        assert_eq!(loaded.state, Some(folded(&base, &entries[..lines])), "cut at {length}");
        assert_eq!(loaded.torn, whole[length - 1] != b'\n', "cut at {length}");
        assert_eq!(loaded.unfinished_run.map(|run| run.command).as_deref(), Some("apply nightly.toml"));
    }
    // A run that continues a torn journal leaves no broken line in the middle.
    std::fs::write(&path, &whole[..whole.len() - 5]).expect("cut");
    let mut session = open(store).expect("it opens");
    assert!(session.was_torn());
    session.record(&[Entry::Forget { address: address("main") }]).expect("it records");
    drop(session);
    let mut expected = folded(&base, &entries[..entries.len() - 1]);
    expected.resources.remove(&address("main"));
    assert_eq!(store.read().expect("it reads").state, Some(expected));
}

#[test]
fn a_flipped_bit_anywhere_in_a_journal_is_an_error() {
    let folder = folder();
    flipped_anywhere(&store(folder.path()), 1);
}

/// Each `step`th bit.
fn flipped_anywhere(store: &FileStore, step: usize) {
    let mut session = open(store).expect("it opens");
    session.record(&program()[0]).expect("it records");
    drop(session);
    let path = journal::path_of(store.path());
    let mut bytes = std::fs::read(&path).expect("the journal");
    for flipped in (0..bytes.len() * 8).step_by(step) {
        let (position, bit) = (flipped / 8, flipped % 8);
        bytes[position] ^= 1 << bit;
        let read = journal::read(&bytes, &path, store.cipher());
        assert!(matches!(read, Err(StateError::JournalDamaged { .. })), "byte {position}, bit {bit}: {read:?}");
        bytes[position] ^= 1 << bit;
    }
}

/// Runs the program with a failure after `steps` file operations; what was acknowledged, and what was at least tried.
fn run_with_fault(store: &FileStore, steps: usize, mode: Mode) -> (Vec<Entry>, Vec<Entry>, bool) {
    let (mut acknowledged, mut tried) = (Vec::new(), Vec::new());
    fault::after(steps, mode);
    let ended = open(store).and_then(|mut session| {
        for group in program() {
            tried.extend(group.clone());
            // As an applier does with an outcome when the disk was full: once more.
            if session.record(&group).is_err() {
                session.record(&group)?;
            }
            acknowledged.extend(group);
        }
        session.finish()
    });
    let has_failed = fault::clear();
    (acknowledged, tried, ended.is_ok() && !has_failed)
}

#[test]
fn a_kill_or_a_full_disk_at_any_step_loses_nothing_acknowledged() {
    fault_at_any_step(&|folder| seeded(folder));
}

fn fault_at_any_step(seeded: &dyn Fn(&Path) -> FileStore) {
    for mode in [Mode::Killed, Mode::Once] {
        for steps in 0.. {
            let folder = folder();
            let store = seeded(folder.path());
            let base = store.read().expect("it reads").state.expect("a state");
            let (acknowledged, tried, has_ended) = run_with_fault(&store, steps, mode);
            let found = State { serial: base.serial, ..store.read().expect("it reads").state.expect("a state") };
            let at_least = acknowledged.len();
            let is_prefix = (at_least..=tried.len()).any(|count| found == folded(&base, &tried[..count]));
            assert!(is_prefix, "after {steps} steps: {found:#?}");

            // The next run settles what is open, and ends with a whole state file and nothing else.
            let mut session = open(&store).expect("the lock of the dead is free");
            for intent in session.state().interrupted.clone() {
                session.record(&[Entry::Settled { token: intent.token, adopted: false }]).expect("it settles");
            }
            let state = session.finish().expect("it finishes");
            let present = store.present().expect("it reads").expect("a file").content.expect("it is whole");
            assert_eq!(present.0, state);
            assert!(!journal::path_of(store.path()).exists() || store.read().expect("it reads").unfinished_run.is_none());
            if has_ended {
                assert!(steps > 20, "the program has more steps than {steps}");
                break;
            }
        }
    }
}

#[test]
fn a_run_without_changes_writes_nothing_and_one_with_changes_one_serial() {
    let folder = folder();
    let store = seeded(folder.path());
    let before = std::fs::read(store.path()).expect("a file");
    open(&store).expect("it opens").finish().expect("it finishes");
    let mut session = open(&store).expect("it opens");
    session.record(&[intent("t", IntentOperation::Delete, "main", Some("arn:1"))]).expect("it records");
    session.record(&[Entry::Failed { token: "t".into(), message: "no".into() }]).expect("it records");
    session.finish().expect("it finishes");
    assert_eq!(std::fs::read(store.path()).expect("a file"), before);

    let mut session = open(&store).expect("it opens");
    session.record(&[intent("t", IntentOperation::Delete, "main", Some("arn:1"))]).expect("it records");
    assert!(matches!(session.compact(), Err(StateError::Unsettled { count: 1, .. })));
    session.record(&[done("t", None)]).expect("it records");
    let state = session.finish().expect("it finishes");
    assert_eq!((state.serial, state.resources.len()), (2, 0));
    assert_eq!(store.read().expect("it reads").state, Some(state));
}

#[test]
fn a_first_run_that_is_killed_is_whole_from_its_journal_alone() {
    let folder = folder();
    let store = store(folder.path());
    let mut session = open(&store).expect("it opens");
    session.record(&program()[0]).expect("it records");
    let expected = session.state().clone();
    drop(session);
    assert!(!store.path().exists());
    assert_eq!(store.read().expect("it reads").state, Some(expected));
}

#[test]
fn journal_and_state_must_belong_together() {
    let folder = folder();
    let store = seeded(folder.path());
    let mut session = open(&store).expect("it opens");
    session.record(&program()[0]).expect("it records");
    drop(session);
    let error = |store: &FileStore| store.read().expect_err("it is refused");
    let original = store.read().expect("it reads").snapshot.expect("a state");
    let put =
        |state: &State| std::fs::write(store.path(), format::write(state, None, store.path()).expect("text")).expect("written");
    put(&State { lineage: "other".into(), ..original.clone() });
    assert!(matches!(error(&store), StateError::JournalOfOther { .. }));
    put(&State { serial: 0, ..original.clone() });
    assert!(matches!(error(&store), StateError::JournalAhead { .. }));
    // As after a crash between the rename and the removal of the journal.
    let newer = State { serial: 2, ..original };
    put(&newer);
    assert_eq!(store.read().expect("it reads").state, Some(newer));
    std::fs::remove_file(store.path()).expect("removed");
    assert!(matches!(error(&store), StateError::Missing { serial: 1, .. }));
}

#[test]
fn one_lock_and_its_holder_is_named() {
    let folder = folder();
    let store = seeded(folder.path());
    let session = open(&store).expect("it opens");
    let error = open(&store).expect_err("it is locked").to_string();
    assert!(error.contains(&format!("is locked by `stepwright apply nightly.toml` (process {}", std::process::id())), "{error}");
    store.read().expect("reading needs no lock");
    let waiting = store.clone();
    let waiter = std::thread::spawn(move || Session::open(waiting, None, "destroy", Duration::from_secs(20)).map(|_| ()));
    std::thread::sleep(Duration::from_millis(150));
    drop(session);
    waiter.join().expect("no panic").expect("it gets the lock");
}

#[test]
fn a_zombie_after_a_forced_unlock_is_stopped() {
    let folder = folder();
    let store = seeded(folder.path());
    let mut zombie = open(&store).expect("it opens");
    zombie.record(&[intent("t", IntentOperation::Create, "b", None)]).expect("it records");
    std::fs::remove_file(crate::state::lock::path_of(store.path())).expect("removed by force");
    let mut heir = open(&store).expect("it opens");
    assert_eq!(heir.state().interrupted.len(), 1);
    heir.record(&[Entry::Settled { token: "t".into(), adopted: false }]).expect("it records");
    assert!(matches!(zombie.record(&[done("t", Some("arn:b"))]), Err(StateError::JournalTaken { .. })));
    heir.record(&[Entry::Put { address: address("c"), record: Box::new(record("arn:c")) }]).expect("it records");
    let state = heir.finish().expect("it finishes");
    assert!(matches!(zombie.record(&[done("t", Some("arn:b"))]), Err(StateError::JournalTaken { .. })));
    zombie.finish().expect("it leaves everything as it is");
    assert_eq!(store.read().expect("it reads").state, Some(state));
}

#[test]
fn other_stack_and_nothing_there() {
    let folder = folder();
    let store = seeded(folder.path());
    let other = Session::open(store, Some(State::new("weekly")), "apply", NO_WAIT);
    assert!(matches!(other, Err(StateError::OtherStack { .. })));
    let nothing = FileStore::new(folder.path().join("x.json")).expect("a path");
    assert!(nothing.read().expect("it reads").state.is_none());
    assert!(matches!(Session::open(nothing, None, "destroy", NO_WAIT), Err(StateError::Absent { .. })));
}

#[test]
fn what_is_not_a_file_or_a_folder_is_an_error_with_its_path() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "x").expect("written");
    for path in [PathBuf::from("."), PathBuf::from("file/state.json")] {
        let store = FileStore::new(folder.path().join(&path)).expect("a path");
        let error = store.read().expect_err("it is refused").to_string();
        assert!(error.starts_with("can't read ") && error.contains(&*path.to_string_lossy()), "{error}");
        assert!(open(&FileStore::new(folder.path().join("file/a.json")).expect("a path")).is_err());
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_files_are_private() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = folder();
    let real = seeded(folder.path());
    let link = folder.path().join("link.json");
    symlink("state/nightly.json", &link).expect("a link");
    let linked = FileStore::new(&link).expect("it resolves");
    let mut session = open(&linked).expect("it opens");
    assert!(matches!(open(&real), Err(StateError::Locked { .. })), "two names, one lock");
    session.record(&[Entry::Forget { address: address("main") }]).expect("it records");
    for path in [journal::path_of(real.path()), crate::state::lock::path_of(real.path()), real.path().to_owned()] {
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    session.finish().expect("it finishes");
    assert!(link.is_symlink());
    assert_eq!(real.read().expect("it reads").state.map(|state| state.serial), Some(2));
    symlink("ring.json", folder.path().join("ring.json")).expect("a link");
    assert!(FileStore::new(folder.path().join("ring.json")).is_err());
}

#[test]
fn nesting_that_could_not_be_read_again_is_refused_before_it_is_intended() {
    let folder = folder();
    let mut session = open(&store(folder.path())).expect("it opens");
    let deep = (0..130).fold(Value::Null, |inner, _| Value::List(vec![inner]));
    let Entry::Intent(mut intent) = intent("t", IntentOperation::Create, "a", None) else { return };
    intent.spec = Some(deep);
    assert!(matches!(session.record(&[Entry::Intent(intent)]), Err(StateError::Unwritable { .. })));
    assert!(session.state().interrupted.is_empty());
}

#[test]
fn numbers_come_back_as_they_were() {
    // A number that came back one digit off would be planned as a change for ever.
    for number in 1..5000 {
        let value = Value::from(serde_json::json!((f64::from(number) / 7.0).sqrt() * 1e3));
        let text = serde_json::to_string(&value).expect("text");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("a value"), value);
    }
}
