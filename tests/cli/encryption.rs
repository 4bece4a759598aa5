//! What is on disk can be read by those whom [state.encryption] names, and by nobody else; and nothing is lost by it.

use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use serde_json::{Value as Json, json};

use crate::support::World;
use crate::support::fixture::ECS_TASK;
use crate::support::world::Outcome;

const FILE: &str = ECS_TASK.file;
const STATE: &str = "state/nightly-report.json";
const JOURNAL: &str = "state/nightly-report.json.journal";

/// What stands in every state of the stack in clear.
const TELLING: [&str; 6] = ["arn:aws", "lineage", "digest_key", "state_machine.nightly", "task_definition", "busybox"];

/// A stack whose state is sealed, and who can open it.
struct Sealed {
    world: World,
    /// What `stepwright` is told by the environment.
    keys: Vec<(&'static str, String)>,
}

/// With what a state is sealed.
#[derive(Clone, Copy, Debug)]
enum With {
    Age,
    Kms,
}

impl Sealed {
    fn new(with: With) -> Self {
        let mut it = Self { world: World::of(&ECS_TASK), keys: Vec::new() };
        match with {
            With::Age => it.seal_for(&[&Identity::generate()]),
            With::Kms => it.seal_with_kms(),
        }
        it
    }

    /// From now on the stack file names these, and the first is at hand.
    fn seal_for(&mut self, identities: &[&Identity]) {
        let recipients: Vec<String> = identities.iter().map(|identity| identity.to_public().to_string()).collect();
        self.set_encryption(&format!("recipients = {recipients:?}"));
        self.keys = vec![("STEPWRIGHT_AGE_KEY", identities[0].to_string().expose_secret().to_owned())];
    }

    fn seal_with_kms(&mut self) {
        let key = self.world.call("kms", "create_key", json!({}));
        self.set_encryption(&format!("kms_key_id = {}", key["KeyMetadata"]["Arn"]));
        self.world.endpoint.forget_calls();
    }

    fn set_encryption(&self, settings: &str) {
        self.clear_encryption();
        self.world.write(FILE, &format!("{}\n[state.encryption]\n{settings}\n", self.world.read(FILE)));
    }

    fn clear_encryption(&self) {
        let text = self.world.read(FILE);
        let rest = text.split("\n[state.encryption]\n").next().unwrap_or_default();
        self.world.write(FILE, rest);
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        let keys: Vec<(&str, &str)> = self.keys.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.world.stepwright_with(arguments, &keys)
    }

    /// Fails if anything of the state stands in a file below state/, or in the plan file.
    #[track_caller]
    fn assert_nothing_in_clear(&self) {
        for path in files(&self.world.path("state")).into_iter().chain([self.world.path("saved.plan")]) {
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let text = String::from_utf8_lossy(&bytes);
            for word in TELLING {
                assert!(!text.contains(word), "{} says {word}: {text}", path.display());
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn a_whole_life_sealed_with_age() {
    whole_life(With::Age);
}

#[test]
fn a_whole_life_sealed_with_kms() {
    whole_life(With::Kms);
}

fn whole_life(with: With) {
    let it = Sealed::new(with);
    it.run(&["apply", FILE, "--yes"]).expect(0);
    it.assert_nothing_in_clear();
    it.run(&["plan", FILE, "--detailed-exitcode"]).expect(0);
    // A plan file too, which tells by itself who can open it.
    it.run(&[&["plan", FILE, "--out", "saved.plan"], ECS_TASK.change].concat()).expect(0);
    it.assert_nothing_in_clear();
    it.run(&["apply", "saved.plan"]).expect(0);
    it.run(&[&["plan", FILE, "--detailed-exitcode"], ECS_TASK.change].concat()).expect(0);
    it.assert_nothing_in_clear();
    let history = it.run(&["state", "history", FILE, "--format", "json"]).expect(0).json();
    let damaged: Vec<&Json> = history["states"].as_array().expect("states").iter().map(|state| &state["damaged"]).collect();
    assert_eq!(damaged, [&Json::Null; 2]);
    it.run(&["state", "list", FILE]).expect(0).says(&["state_machine.nightly"]);
    it.run(&["state", "restore", FILE, "1", "--yes"]).expect(0);
    it.run(&["state", "restore", FILE, "2", "--yes"]).expect(0);
    it.run(&["state", "rebuild", FILE, "--force", "--yes"]).expect(0);
    it.assert_nothing_in_clear();
    it.run(&["destroy", FILE, "--yes"]).expect(0);
    ECS_TASK.assert_is_gone(&it.world.in_account());
    it.assert_nothing_in_clear();
}

#[test]
fn a_run_that_is_killed_is_settled_with_age() {
    killed_and_settled(With::Age);
}

#[test]
fn a_run_that_is_killed_is_settled_with_kms() {
    killed_and_settled(With::Kms);
}

fn killed_and_settled(with: With) {
    for nth in [3, 9, 15, 21] {
        let it = Sealed::new(with);
        it.world.endpoint.set_faults(&[&format!("kill-after,comm=stepwright,nth={nth}")]);
        it.world.endpoint.forget_calls();
        let killed = it.run(&["apply", FILE, "--yes"]);
        assert_eq!(killed.code, None, "call {nth}: {killed}");
        it.world.endpoint.set_faults(&[]);
        it.assert_nothing_in_clear();
        it.run(&["apply", FILE, "--yes"]).expect(0);
        ECS_TASK.assert_is_all(&it.world.in_account());
        it.run(&["plan", FILE, "--detailed-exitcode"]).expect(0);
        it.assert_nothing_in_clear();
        assert!(!it.world.path(JOURNAL).exists());
    }
}

#[test]
fn kms_that_goes_away_in_the_middle() {
    let it = Sealed::new(With::Kms);
    it.run(&["apply", FILE, "--yes", "--target", "cluster.main"]).expect(0);
    it.world.endpoint.set_latency_ms(30);
    it.world.endpoint.forget_calls();
    let running = it.world.start(&["apply", FILE, "--yes"]);
    it.world.endpoint.wait_for_call("CreateRole");
    it.world.endpoint.set_faults(&["reset-before,service=kms"]);
    running.wait().expect(0);
    it.assert_nothing_in_clear();
    let asked: Vec<String> =
        it.world.endpoint.calls().into_iter().filter(|call| call.service == "kms").map(|call| call.action).collect();
    assert_eq!(asked, ["Decrypt", "GenerateDataKey"], "once each, before anything is made");
    // The next one can't read it, and says why; nothing is taken for lost.
    it.run(&["plan", FILE]).expect(1).says(&["kms:Decrypt", "nightly-report.json"]);
    it.run(&["state", "rebuild", FILE, "--yes"]).expect(1).says(&["kms:Decrypt"]);
    it.world.endpoint.set_faults(&[]);
    it.run(&["plan", FILE, "--detailed-exitcode"]).expect(0);
}

#[test]
fn kms_that_refuses_is_told_before_anything_is_made() {
    let it = Sealed::new(With::Kms);
    it.world.endpoint.set_faults(&["error,service=kms,code=AccessDeniedException,message=no"]);
    it.run(&["apply", FILE, "--yes"]).expect(1).says(&["kms:GenerateDataKey", "AccessDeniedException", "permission"]);
    ECS_TASK.assert_is_gone(&it.world.in_account());
}

#[test]
fn in_clear_sealed_rotated_and_in_clear_again() {
    let mut it = Sealed { world: World::of(&ECS_TASK), keys: Vec::new() };
    it.run(&["apply", FILE, "--yes"]).expect(0);
    it.run(&[&["apply", FILE, "--yes"], ECS_TASK.change].concat()).expect(0);
    it.run(&[&["plan", FILE, "--out", "saved.plan"], ECS_TASK.change].concat()).expect(0);
    let plain = it.world.read(STATE);
    assert!(TELLING.iter().all(|word| plain.contains(word)), "{plain}");
    it.run(&["state", "encrypt", FILE]).expect(1).says(&["does not say for whom", "[state.encryption]"]);

    let (one, other) = (Identity::generate(), Identity::generate());
    it.seal_for(&[&one]);
    for refused in
        [&["plan", FILE][..], &["apply", FILE, "--yes"], &["state", "list", FILE], &["state", "restore", FILE, "1", "--yes"]]
    {
        it.run(refused).expect(1).says(&["is in clear", "stepwright state encrypt STACK"]);
    }
    assert_eq!(it.world.read(STATE), plain, "a refusal changes nothing");
    it.run(&["state", "encrypt", FILE]).expect(0).says(&[&format!("Sealed {STATE}"), "history/1.json"]);
    it.run(&["apply", "saved.plan"]).expect(1).says(&["saved.plan is in clear", "--out"]);
    std::fs::remove_file(it.world.path("saved.plan")).expect("a file");
    it.assert_nothing_in_clear();

    // Rotation: the old key is needed once more, and opens nothing from then on.
    it.seal_for(&[&other]);
    it.keys.push(("STEPWRIGHT_AGE_KEY_FILE", "old.txt".to_owned()));
    it.world.write("old.txt", &format!("# the old one\n{}\n", one.to_string().expose_secret()));
    it.run(&["state", "encrypt", FILE]).expect(0);
    it.run(&["state", "history", FILE]).expect(0);
    it.keys.remove(0);
    let refused = it.run(&["plan", FILE]).expect(1);
    refused.says(&[&other.to_public().to_string(), &one.to_public().to_string(), "STEPWRIGHT_AGE_KEY"]);
    assert!(!refused.stderr.contains("SECRET-KEY"), "{refused}");
    it.keys.clear();
    it.run(&["plan", FILE]).expect(1).says(&["no key to open it is at hand", "STEPWRIGHT_AGE_KEY_FILE"]);

    // From age to KMS, and at last in clear.
    it.keys = vec![("STEPWRIGHT_AGE_KEY", other.to_string().expose_secret().to_owned())];
    it.seal_with_kms();
    it.run(&["state", "encrypt", FILE]).expect(0);
    it.keys.clear();
    it.run(&[&["plan", FILE, "--detailed-exitcode"], ECS_TASK.change].concat()).expect(0);
    it.clear_encryption();
    it.run(&["plan", FILE]).expect(0);
    let refused = it.run(&["apply", FILE, "--yes"]).expect(1);
    refused.says(&["would be written in clear", "stepwright state decrypt STACK"]);
    it.run(&["plan", FILE, "--out", "saved.plan"]).expect(1).says(&["would be written in clear"]);
    it.run(&["state", "decrypt", FILE]).expect(0).says(&["In clear now"]);
    assert_eq!(it.world.read(STATE), plain, "to the byte");
    it.run(&[&["plan", FILE, "--detailed-exitcode"], ECS_TASK.change].concat()).expect(0);
}

#[test]
fn an_interrupted_run_in_clear_is_sealed_with_its_journal() {
    let mut it = Sealed { world: World::of(&ECS_TASK), keys: Vec::new() };
    it.world.endpoint.set_faults(&["kill-after,comm=stepwright,action=CreateRole,nth=1"]);
    assert_eq!(it.run(&["apply", FILE, "--yes"]).code, None);
    it.world.endpoint.set_faults(&[]);
    it.seal_for(&[&Identity::generate()]);
    it.run(&["apply", FILE, "--yes"]).expect(1).says(&["journal", "stepwright state encrypt STACK"]);
    it.run(&["state", "encrypt", FILE]).expect(0).says(&[JOURNAL]);
    it.assert_nothing_in_clear();
    it.run(&["apply", FILE, "--yes"]).expect(0);
    ECS_TASK.assert_is_all(&it.world.in_account());
}

#[test]
fn nobody_is_locked_out() {
    let mut it = Sealed::new(With::Age);
    // Sealed for somebody else alone: what is made could not be settled after a crash.
    it.set_encryption(&format!("recipients = [\"{}\"]", Identity::generate().to_public()));
    it.run(&["apply", FILE, "--yes"]).expect(1).says(&["none of the keys at hand could open it again"]);
    ECS_TASK.assert_is_gone(&it.world.in_account());
    // A key that is none is told without being repeated.
    it.keys = vec![("STEPWRIGHT_AGE_KEY", "AGE-SECRET-KEY-1HUNTER2".to_owned())];
    let refused = it.run(&["apply", FILE, "--yes"]).expect(1);
    refused.says(&["STEPWRIGHT_AGE_KEY, line 1, is no key of age"]);
    assert!(!refused.stderr.contains("HUNTER2"), "{refused}");
    it.keys = vec![("STEPWRIGHT_AGE_KEY_FILE", "nowhere.txt".to_owned())];
    it.run(&["apply", FILE, "--yes"]).expect(1).says(&["nowhere.txt, which can't be read"]);
    // A key that is lost for good: the tags tell what the state was.
    it.seal_for(&[&Identity::generate()]);
    it.run(&["apply", FILE, "--yes"]).expect(0);
    it.seal_for(&[&Identity::generate()]);
    it.run(&["state", "rebuild", FILE, "--yes"]).expect(1).says(&["nightly-report.json", "lost for good", "state rebuild"]);
    std::fs::rename(it.world.path(STATE), it.world.path("lost.json")).expect("moved out of the way");
    it.run(&["state", "rebuild", FILE, "--yes"]).expect(0);
    it.run(&["plan", FILE, "--detailed-exitcode"]).expect(0);
}

#[test]
fn the_state_can_be_opened_where_the_rest_of_the_stack_file_is_broken() {
    let it = Sealed::new(With::Age);
    it.run(&["apply", FILE, "--yes"]).expect(0);
    it.world.edit(FILE, "[cluster.main]", "[cluster.main]\nsettings = = 1");
    it.run(&["state", "list", FILE]).expect(0).says(&["role.workflow"]);
    it.run(&["destroy", FILE, "--yes"]).expect(0);
    ECS_TASK.assert_is_gone(&it.world.in_account());
}
