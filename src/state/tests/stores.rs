//! What is promised of every store: each test runs on a file and on S3, of a server that is neither AWS's nor moto's.

use std::time::Duration;

use tempfile::TempDir;

use crate::state::s3::tests::at;
use crate::state::s3_server::S3Server;
use crate::state::tests::{NO_WAIT, address, folded, intent, program, record, state};
use crate::state::{Entry, FileStore, IntentOperation, Opened, Run, Session, State, StateError, Store, history, migrate};

/// A store of its own, and what it stands on.
pub enum Fixture {
    File(TempDir),
    S3(S3Server),
}

impl Fixture {
    fn both() -> [Self; 2] {
        [Self::File(tempfile::tempdir().expect("a folder")), Self::S3(S3Server::start())]
    }

    fn store(&self) -> Store {
        self.store_at("nightly.json")
    }

    fn store_at(&self, name: &str) -> Store {
        match self {
            Self::File(folder) => FileStore::new(folder.path().join("state").join(name)).expect("a path").into(),
            Self::S3(server) => at(server, name).into(),
        }
    }
}

/// The state that a first run starts from.
fn initial() -> State {
    State { resources: Default::default(), deposed: Vec::new(), outputs: Default::default(), ..state() }
}

fn open(store: &Store) -> Result<Session, StateError> {
    Session::open(store.clone(), Some(initial()), "apply nightly.toml", NO_WAIT)
}

fn read(store: &Store) -> State {
    store.read().expect("it reads").state.expect("a state")
}

fn put(name: &str, id: &str) -> Entry {
    Entry::Put { address: address(name), record: Box::new(record(id)) }
}

/// A store at serial 1 with one cluster, `arn:1`.
fn seed(store: &Store) {
    let mut session = open(store).expect("it opens");
    session.record(&[put("main", "arn:1")]).expect("it records");
    assert_eq!(session.finish().expect("it finishes").serial, 1);
}

/// The same state apart from its serial.
fn as_serial(serial: u64, state: &State) -> State {
    State { serial, ..state.clone() }
}

#[test]
fn what_is_recorded_is_there_for_every_reader_at_once() {
    for fixture in Fixture::both() {
        let store = fixture.store();
        assert!(store.read().expect("it reads").state.is_none());
        seed(&store);
        let base = read(&store);
        let mut session = open(&store).expect("it opens");
        for (count, group) in program().iter().enumerate() {
            session.record(group).expect("it records");
            let expected = folded(&base, &program()[..=count].concat());
            assert_eq!(read(&store), expected);
            assert_eq!(session.state(), &expected);
        }
        let finished = session.finish().expect("it finishes");
        assert_eq!(finished, as_serial(2, &folded(&base, &program().concat())));
        assert_eq!(read(&store), finished);
        assert!(store.read().expect("it reads").unfinished_run.is_none());
    }
}

#[test]
fn a_run_that_ends_anywhere_is_continued() {
    for fixture in Fixture::both() {
        for count in 0..=program().len() {
            let store = fixture.store_at(&format!("{count}.json"));
            seed(&store);
            let base = read(&store);
            let mut session = open(&store).expect("it opens");
            for group in &program()[..count] {
                session.record(group).expect("it records");
            }
            drop(session);
            let mut session = open(&store).expect("it opens again");
            let expected = folded(&base, &program()[..count].concat());
            assert_eq!(session.state(), &expected);
            assert_eq!(session.unfinished_run().is_some(), count > 0);
            for group in &program()[count..] {
                session.record(group).expect("it records");
            }
            assert_eq!(session.finish().expect("it finishes"), as_serial(2, &folded(&base, &program().concat())));
        }
    }
}

#[test]
fn a_first_run_that_was_interrupted_is_not_nothing() {
    for fixture in Fixture::both() {
        let store = fixture.store();
        let mut session = open(&store).expect("it opens");
        session.record(&[intent("t", IntentOperation::Create, "main", None)]).expect("it records");
        drop(session);
        let loaded = store.read().expect("it reads");
        assert_eq!(loaded.state.expect("a state").interrupted.len(), 1);
        let mut session = open(&store).expect("it opens");
        assert!(matches!(session.compact(), Err(StateError::Unsettled { count: 1, .. })));
        session.record(&[Entry::Settled { token: "t".into(), adopted: false }]).expect("it records");
        session.finish().expect("it finishes");
        assert!(store.read().expect("it reads").unfinished_run.is_none());
    }
}

#[test]
fn a_run_without_changes_writes_nothing() {
    for fixture in Fixture::both() {
        let store = fixture.store();
        open(&store).expect("it opens").finish().expect("it finishes");
        assert!(store.read().expect("it reads").state.is_none());
        seed(&store);
        open(&store).expect("it opens").finish().expect("it finishes");
        let mut session = open(&store).expect("it opens");
        session.record(&[put("main", "arn:1")]).expect("it records");
        assert_eq!(session.finish().expect("it finishes").serial, 1, "the same again is no change");
    }
}

#[test]
fn one_run_at_a_time() {
    for fixture in Fixture::both() {
        let store = fixture.store();
        let session = open(&store).expect("it opens");
        match open(&store) {
            Err(StateError::Locked { holder, .. }) => assert!(holder.to_string().contains("`stepwright apply nightly.toml`")),
            other => panic!("{other:?}"),
        }
        drop(session);
        let session = open(&store).expect("it is free");
        let waiting = std::thread::spawn({
            let store = store.clone();
            move || Session::open(store, Some(initial()), "apply", Duration::from_secs(30)).map(drop)
        });
        std::thread::sleep(Duration::from_millis(300));
        drop(session);
        waiting.join().expect("no panic").expect("it waited");
    }
}

#[test]
fn a_lock_made_by_hand_stays_until_it_is_unlocked_by_its_id() {
    for fixture in Fixture::both() {
        let store = fixture.store();
        seed(&store);
        let run = Run::now("state lock");
        let holder = store.lock(&run, NO_WAIT).expect("it locks");
        assert!(matches!(open(&store), Err(StateError::Locked { holder: found, .. }) if *found == holder));
        assert!(matches!(store.lock(&run, NO_WAIT), Err(StateError::Locked { .. })));
        assert_eq!(read(&store).serial, 1, "reading goes on");
        assert!(matches!(store.unlock("another", &run), Err(StateError::OtherLock { holder: Some(_), .. })));
        assert_eq!(store.unlock(&holder.id, &run).expect("it unlocks"), holder);
        assert!(matches!(store.unlock(&holder.id, &run), Err(StateError::OtherLock { holder: None, .. })));
        open(&store).expect("it is free");
    }
}

#[test]
fn the_last_states_are_kept_and_come_back() {
    for fixture in Fixture::both() {
        let store = fixture.store();
        for number in 1..=history::KEPT + 3 {
            let mut session = open(&store).expect("it opens");
            session.record(&[put("main", &format!("arn:{number}"))]).expect("it records");
            session.finish().expect("it finishes");
        }
        let present = history::KEPT as u64 + 3;
        assert_eq!(read(&store).serial, present);
        assert_eq!(store.present().expect("it reads").expect("a state").serial, present);
        let serials: Vec<u64> = store.history().expect("it lists").iter().map(|earlier| earlier.serial).collect();
        assert_eq!(serials, (3..present).rev().collect::<Vec<_>>());
        assert!(matches!(store.earlier(2), Err(StateError::NoSuchSerial { .. })));
        let (wanted, author) = store.earlier(5).expect("it is there").content.expect("it reads");
        assert_eq!(author.expect("an author").command, "apply nightly.toml");
        let mut session = open(&store).expect("it opens");
        session.replace(wanted.clone()).expect("it is put back");
        session.finish().expect("it finishes");
        assert_eq!(read(&store), as_serial(present + 1, &wanted));
        assert_eq!(store.history().expect("it lists")[0].serial, present);
    }
}

#[test]
fn a_lost_state_is_written_anew() {
    for fixture in Fixture::both() {
        let store = fixture.store();
        let Opened::Lost(recovery) = Opened::open(store.clone(), "state rebuild", NO_WAIT).expect("it opens") else {
            panic!("there is none")
        };
        assert!(recovery.error().is_none());
        let recovered = recovery.write(as_serial(0, &state())).expect("it writes");
        assert_eq!(recovered.state.serial, 1);
        assert!(recovered.aside.is_empty());
        assert_eq!(read(&store), recovered.state);
        let mut session = open(&store).expect("it opens");
        session.record(&[put("b", "arn:b")]).expect("it records");
        assert_eq!(session.finish().expect("it finishes").serial, 2);
    }
}

#[test]
fn a_state_moves_from_any_store_to_any_other() {
    let fixtures = Fixture::both();
    let [file, s3] = &fixtures;
    for (from, to) in [(file, s3), (s3, file), (file, file), (s3, s3)] {
        let (old, new) = (from.store_at("old.json"), to.store_at("new.json"));
        seed(&old);
        let before = read(&old);
        let moved = migrate(&old, &new, "state migrate", NO_WAIT).expect("it moves");
        assert_eq!(moved.state, before);
        assert_eq!(read(&new), before);
        assert!(old.read().expect("it reads").state.is_none(), "nothing is there any more");
        assert!(matches!(migrate(&old, &new, "state migrate", NO_WAIT), Err(StateError::Absent { .. })));
        let mut session = open(&new).expect("it opens");
        session.record(&[put("b", "arn:b")]).expect("it records");
        assert_eq!(session.finish().expect("it finishes").serial, 2);
        let other = to.store_at("other.json");
        seed(&other);
        assert!(matches!(migrate(&other, &new, "state migrate", NO_WAIT), Err(StateError::Occupied { .. })));
        assert_eq!(read(&other).serial, 1, "what can't be moved stays");
        // For the next pair.
        migrate(&new, &to.store_at(&format!("{}.json", uuid::Uuid::new_v4())), "away", NO_WAIT).expect("it moves away");
        migrate(&other, &to.store_at(&format!("{}.json", uuid::Uuid::new_v4())), "away", NO_WAIT).expect("it moves away");
    }
}
