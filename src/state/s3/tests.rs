//! What only S3 can do to a state: lost answers, zombies, leases, stores that do not keep conditions.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;

use super::client::{Client, Condition, Put};
use super::{S3Location, S3Store, head};
use crate::state::encryption::tests::age_cipher;
use crate::state::s3_server::{ACCESS_KEY_ID, BUCKET, Fault, S3Server, SECRET_ACCESS_KEY};
use crate::state::tests::{address, folded, intent, program, record, state};
use crate::state::{Entry, Form, IntentOperation, Opened, Run, Session, State, StateError, Store};

const NO_WAIT: Duration = Duration::ZERO;

/// The store of `key` on `server`, with two attempts for each call.
pub(in crate::state) fn at(server: &S3Server, key: &str) -> S3Store {
    let location =
        S3Location { endpoint: Some(server.url()), ..S3Location::parse(&format!("s3://{BUCKET}/{key}")).expect("a URL") };
    let retries = RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(1));
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .credentials_provider(Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "test"))
        .region(Region::new("eu-central-1"))
        .retry_config(retries);
    S3Store::of(Client::with(&location, loader.load()).expect("a client"), &location)
}

fn open(store: &S3Store) -> Result<Session, StateError> {
    let initial = State { resources: Default::default(), deposed: Vec::new(), outputs: Default::default(), ..state() };
    Session::open(store.clone(), Some(initial), "apply nightly.toml", NO_WAIT)
}

fn put(name: &str, id: &str) -> Entry {
    Entry::Put { address: address(name), record: Box::new(record(id)) }
}

fn seeded(server: &S3Server) -> S3Store {
    let store = at(server, "nightly.json");
    let mut session = open(&store).expect("it opens");
    session.record(&[put("main", "arn:1")]).expect("it records");
    session.finish().expect("it finishes");
    store
}

fn read(store: &S3Store) -> State {
    store.read().expect("it reads").state.expect("a state")
}

/// Overwrites the object, whatever is there.
fn overwrite(store: &S3Store, key: &str, bytes: &[u8]) {
    let found = store.client.get(key).expect("it reads").expect("an object");
    let written = store.client.put(key, bytes.to_vec(), Condition::Is(found.etag)).expect("it writes");
    assert!(matches!(written, Put::Written(_)));
}

fn object(store: &S3Store, key: &str) -> Vec<u8> {
    store.client.get(key).expect("it reads").expect("an object").bytes
}

/// The id of the lock that is held.
fn lock_id(store: &S3Store) -> String {
    match open(store) {
        Err(StateError::Locked { holder, .. }) => holder.id.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_that_is_lost_anywhere_changes_nothing() {
    let server = S3Server::start();
    let run = |store: &S3Store| -> Result<State, StateError> {
        let mut session = open(store)?;
        for group in program() {
            session.record(&group)?;
        }
        session.finish()
    };
    let store = seeded(&server);
    let expected = folded(&read(&store), &program().concat());
    server.set_fault(Fault::Nothing, 0, 0);
    run(&store).expect("it runs");
    let writes = server.writes();
    assert!(writes > 12, "probe, lock, one for each group, snapshot, head, release: {writes}");
    for fault in [Fault::Lost, Fault::Refused] {
        for index in 0..writes {
            let store = at(&server, &format!("{fault:?}-{index}.json"));
            server.set_fault(Fault::Nothing, 0, 0);
            let mut session = open(&store).expect("it opens");
            session.record(&[put("main", "arn:1")]).expect("it records");
            session.finish().expect("it finishes");
            server.set_fault(fault, index, 1);
            assert_eq!(run(&store).expect("it runs"), State { serial: 2, ..expected.clone() }, "{fault:?} at write {index}");
            assert_eq!(read(&store), State { serial: 2, ..expected.clone() });
            server.set_fault(Fault::Nothing, 0, 0);
            open(&store).expect("the lock was released");
        }
    }
}

#[test]
fn a_write_that_fails_may_be_repeated_whether_it_took_effect_or_not() {
    for fault in [Fault::Lost, Fault::Refused] {
        let server = S3Server::start();
        let store = seeded(&server);
        let base = read(&store);
        let mut session = open(&store).expect("it opens");
        for group in program() {
            // Both attempts fail; of a lost one both may have taken effect, as far as the caller knows.
            server.set_fault(fault, 0, 2);
            if session.record(&group).is_err() {
                server.set_fault(Fault::Nothing, 0, 0);
                session.record(&group).expect("it records in the second try");
            }
        }
        server.set_fault(Fault::Refused, 0, 2);
        assert!(session.compact().is_err());
        server.set_fault(Fault::Nothing, 0, 0);
        let finished = session.finish().expect("it finishes");
        assert_eq!(finished, State { serial: 2, ..folded(&base, &program().concat()) }, "{fault:?}");
        assert_eq!(read(&store), finished);
    }
}

#[test]
fn whoever_was_unlocked_writes_no_more() {
    let server = S3Server::start();
    let store = seeded(&server);
    let mut zombie = open(&store).expect("it opens");
    zombie.record(&[intent("t1", IntentOperation::Create, "a", None)]).expect("it records");
    store.unlock(&lock_id(&store), &Run::now("state unlock")).expect("it unlocks");

    let mut successor = open(&store).expect("it is free");
    assert_eq!(successor.state().interrupted.len(), 1, "it sees what was begun");
    assert!(successor.aftermath() > Duration::from_secs(20), "calls of the other one may be on their way");
    // Even before the successor has written anything of its own.
    let refused = zombie.record(&[put("a", "arn:a")]);
    assert!(matches!(refused, Err(StateError::Overtaken { .. } | StateError::LockLost { .. })), "{refused:?}");
    successor.record(&[put("b", "arn:b"), Entry::Settled { token: "t1".into(), adopted: false }]).expect("it records");
    let refused = zombie.record(&[Entry::Settled { token: "t1".into(), adopted: true }]);
    assert!(matches!(refused, Err(StateError::Overtaken { .. } | StateError::LockLost { .. })), "{refused:?}");
    drop(zombie);
    assert!(matches!(open(&store), Err(StateError::Locked { .. })), "a zombie that goes does not unlock its successor");
    let finished = successor.finish().expect("it finishes");
    assert_eq!(read(&store), finished);
    assert_eq!(finished.resources.len(), 2);
}

#[test]
fn of_two_that_think_that_they_hold_the_lock_one_writes() {
    let server = S3Server::start();
    let store = seeded(&server);
    let mut zombie = open(&store).expect("it opens");
    store.unlock(&lock_id(&store), &Run::now("state unlock")).expect("it unlocks");
    // Neither has written yet, so neither can know of the other.
    let mut successor = open(&store).expect("it is free");
    let first = zombie.record(&[put("a", "arn:a")]);
    let second = successor.record(&[put("b", "arn:b")]);
    assert_eq!([first.is_ok(), second.is_ok()], [true, false]);
    assert!(matches!(second, Err(StateError::Overtaken { .. })), "{second:?}");
    assert!(matches!(successor.compact(), Ok(())), "it has nothing to write");
    let finished = zombie.finish().expect("it finishes");
    assert_eq!(read(&store), finished);
}

#[test]
fn a_store_that_does_not_keep_conditions_is_refused_before_anything_is_written() {
    let server = S3Server::start();
    let store = at(&server, "nightly.json");
    server.set_fault(Fault::Unconditional, 0, usize::MAX);
    let refused = open(&store);
    assert!(matches!(refused, Err(StateError::Unconditional { .. })), "{refused:?}");
    assert!(store.client.list("").expect("it lists").is_empty(), "not even a probe is left");
}

#[test]
fn a_long_journal_goes_on_in_objects_of_its_own() {
    let server = S3Server::start();
    let store = seeded(&server);
    let mut session = open(&store).expect("it opens");
    // Each line is about 600 bytes.
    for number in 0..300 {
        session.record(&[put(&format!("c{number}"), &format!("arn:{number}"))]).expect("it records");
    }
    let segments = || store.client.list("nightly.json.journal/").expect("it lists").len();
    assert!(segments() >= 1, "{}", segments());
    assert!(object(&store, "nightly.json").len() < 100_000, "the head stays small");
    assert_eq!(read(&store), *session.state());
    drop(session);
    let session = open(&store).expect("it opens again");
    assert_eq!(session.state().resources.len(), 301);
    let finished = session.finish().expect("it finishes");
    assert_eq!(read(&store), finished);
    assert_eq!(segments(), 0, "what is folded is removed");
}

#[test]
fn a_head_that_is_cut_or_flipped_anywhere_is_an_error_and_can_be_replaced() {
    let server = S3Server::start();
    let store = seeded(&server);
    let whole = object(&store, "nightly.json");
    for length in 0..whole.len() {
        assert!(head::read(&whole[..length], store.path()).is_err_and(|error| error.is_about_damage()), "cut at {length}");
    }
    for position in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[position] ^= 1 << (position % 8);
        assert!(head::read(&flipped, store.path()).is_err(), "flipped at {position}");
    }
    let before = read(&store);
    overwrite(&store, "nightly.json", &whole[..whole.len() / 2]);
    assert!(store.read().is_err());
    assert!(open(&store).is_err());
    assert!(store.present().expect("it is there").is_some_and(|present| present.content.is_err()));
    assert_eq!(store.history().expect("it lists what is there")[0].serial, 1);
    let Opened::Lost(recovery) = Opened::open(store.clone(), "state restore", NO_WAIT).expect("it opens") else {
        panic!("it can't be read")
    };
    let (wanted, _) = store.earlier(1).expect("it is there").content.expect("it reads");
    let recovered = recovery.write(wanted).expect("it writes");
    assert_eq!(recovered.aside.len(), 1);
    assert_eq!(read(&store), State { serial: 2, ..before });
}

#[test]
fn a_snapshot_that_is_damaged_or_gone_is_an_error() {
    let server = S3Server::start();
    let store = seeded(&server);
    let key = store.client.list("nightly.json.states/").expect("it lists").remove(0);
    let whole = object(&store, &key);
    overwrite(&store, &key, &whole[..whole.len() - 1]);
    assert!(matches!(store.read(), Err(StateError::Truncated { .. })), "{:?}", store.read());
    store.client.delete(&key).expect("it goes");
    assert!(matches!(store.read(), Err(StateError::PartMissing { .. })));
    let opened = Opened::open(Store::from(store.clone()), "state rebuild", NO_WAIT).expect("it opens");
    assert!(matches!(opened, Opened::Lost(_)));
}

/// Everything that is stored, in one.
fn everything(store: &S3Store) -> String {
    let keys = store.client.list("").expect("it lists");
    keys.iter().map(|key| String::from_utf8_lossy(&object(store, key)).into_owned()).collect()
}

#[test]
fn sealed_and_in_clear_again() {
    let server = S3Server::start();
    let key = age::x25519::Identity::generate();
    let cipher = age_cipher(&[&key], &[&key]);
    let plain = seeded(&server);
    let mut session = open(&plain).expect("it opens");
    session.record(&program()[0]).expect("it records");
    drop(session);
    let before = read(&plain);
    assert!(everything(&plain).contains("arn:1"));

    let sealed = at(&server, "nightly.json").with_cipher(cipher);
    assert!(matches!(sealed.read(), Err(StateError::Sealed { .. })), "in clear it is refused");
    assert!(open(&sealed).is_err());
    let done = sealed.reseal(Form::Sealed, "state encrypt", NO_WAIT).expect("it is sealed");
    assert!(done.left.is_empty() && done.aside.is_empty(), "{done:?}");
    assert_eq!(read(&sealed), before, "the open intents of the interrupted run too");
    assert!(!everything(&sealed).contains("arn:1"));
    assert!(plain.read().is_err(), "without a key it can't be read");

    let mut session = open(&sealed).expect("it opens");
    for group in &program()[1..] {
        session.record(group).expect("it records");
    }
    for number in 0..100 {
        session.record(&[put(&format!("c{number}"), &format!("arn:{number}"))]).expect("it records");
    }
    assert!(!sealed.client.list("nightly.json.journal/").expect("it lists").is_empty(), "the journal is a long one");
    drop(session);
    sealed.reseal(Form::Sealed, "state encrypt", NO_WAIT).expect("it is sealed again");
    let finished = open(&sealed).expect("it opens").finish().expect("it finishes");
    assert_eq!(finished.serial, 2);
    assert!(!everything(&sealed).contains("arn:"), "nothing stands anywhere in clear");
    assert_eq!(sealed.history().expect("it lists").len(), 1);

    sealed.reseal(Form::Plain, "state decrypt", NO_WAIT).expect("it is in clear");
    assert_eq!(read(&plain), finished);
    assert!(plain.history().expect("it lists")[0].content.is_ok());
}

#[test]
fn a_renewal_on_its_way_at_the_end_does_not_keep_the_lock() {
    let server = S3Server::start();
    let store = seeded(&server);
    let session = open(&store).expect("it opens");
    // The same content under another ETag, which the holder has not heard of: so a renewal looks whose answer came too late.
    let held = object(&store, "nightly.json.lock");
    let mut renewed: serde_json::Value = serde_json::from_slice(&held).expect("JSON");
    renewed["write"] = "renewed".into();
    overwrite(&store, "nightly.json.lock", renewed.to_string().as_bytes());
    drop(session);
    open(&store).expect("it is free");
}

#[test]
fn a_lock_that_cannot_be_read_is_nobodys_to_take() {
    let server = S3Server::start();
    let store = seeded(&server);
    overwrite(&store, "nightly.json.lock", b"{");
    assert!(matches!(open(&store), Err(StateError::Locked { .. })));
    store.unlock("unreadable", &Run::now("state unlock")).expect("it unlocks");
    open(&store).expect("it is free");
}

#[test]
fn the_name_of_an_object() {
    let location = S3Location::parse("s3://bucket/some/key.json").expect("a URL");
    assert_eq!((location.bucket.as_str(), location.key.as_str()), ("bucket", "some/key.json"));
    for wrong in ["s3://bucket", "s3://bucket/", "s3:///key", "s3://bucket/folder/", "state/x.json"] {
        assert_eq!(S3Location::parse(wrong), None, "{wrong}");
    }
}
