//! A state in S3, from the command line: moved there and back, taken out, put back, locked.

use super::support::fixture::ECS_TASK;
use super::support::{World, store};

const FILE: &str = ECS_TASK.file;

/// A world whose stack has been applied, with its state in S3 from now on.
fn moved() -> World {
    let world = World::of(&ECS_TASK);
    let text = world.read(FILE);
    let text = text.split("\n[state.s3]").next().expect("a text").to_owned();
    world.write(FILE, &format!("{text}\n# [state.] is a file\n"));
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
    world.write(FILE, &format!("{text}{}", store::s3s_table(&format!("{}.json", uuid::Uuid::new_v4()))));
    world
}

#[test]
fn it_moves_there_and_back() {
    let world = moved();
    let lost = world.stepwright(&["state", "list", FILE]).expect(1);
    lost.says(&["there is no state at s3://states/"]);
    for command in ["plan", "apply"] {
        world.stepwright(&[command, FILE]).expect(1).says(&["where there is no state, and there is one at", "state migrate"]);
    }
    world.stepwright(&["state", "migrate", FILE]).expect(0).says(&["Moved serial 1", "kept aside"]);
    assert!(!world.path("state/nightly-report.json").exists(), "nobody goes on with it by mistake");
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
    world.stepwright(&[&["apply", FILE, "--yes"], ECS_TASK.change].concat()).expect(0);
    world.stepwright(&["state", "history", FILE]).expect(0).says(&["2  ", "(present)", "1  "]);
    world.stepwright(&["state", "migrate", FILE]).expect(1).says(&["there is no state at", "--from"]);

    let text = world.read(FILE);
    let (stack, table) = text.split_once("\n[state.s3]").expect("a table");
    let key = table.lines().find_map(|line| line.strip_prefix("key = ")).expect("a key").trim_matches('"').to_owned();
    world.write("back.toml", &format!("{stack}\n[state.s3]{table}"));
    let back = world.stepwright(&[
        "state",
        "migrate",
        "back.toml",
        "--state",
        "state/here.json",
        "--from",
        &format!("s3://states/{key}"),
    ]);
    back.expect(0).says(&["Moved serial 2"]);
    let plan = [&["plan", "back.toml", "--state", "state/here.json", "--detailed-exitcode"], ECS_TASK.change].concat();
    world.stepwright(&plan).expect(0);
    world.stepwright(&["destroy", "back.toml", "--state", "state/here.json", "--yes"]).expect(0);
    assert!(world.in_account().is_empty());
}

#[test]
fn it_is_pulled_and_pushed() {
    let world = moved();
    world.stepwright(&["state", "migrate", FILE]).expect(0);
    world.stepwright(&["state", "pull", FILE, "--out", "copy.json"]).expect(0).says(&["serial 1"]);
    world.stepwright(&["state", "pull", FILE, "--out", "copy.json"]).expect(1).says(&["there is a file copy.json already"]);
    let pulled = world.stepwright(&["state", "pull", FILE]).expect(0);
    assert_eq!(pulled.stdout.trim_end(), world.read("copy.json").trim_end());
    world.stepwright(&["state", "push", FILE, "copy.json"]).expect(0).says(&["there is nothing to do"]);

    world.stepwright(&["state", "rm", FILE, "cluster.main"]).expect(0);
    let older = world.stepwright(&["state", "push", FILE, "copy.json"]).expect(1);
    older.says(&["it is older", "--force"]);
    world.stepwright(&["state", "push", FILE, "copy.json", "--force"]).expect(0).says(&["serial 3"]);
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);

    let copy = world.read("copy.json");
    world.write("cut.json", &copy[..copy.len() / 2]);
    world.stepwright(&["state", "push", FILE, "cut.json", "--force"]).expect(1).says(&["ends in the middle"]);
    world.stepwright(&["state", "push", FILE, "none.json"]).expect(1).says(&["none.json can't be read"]);
}

#[test]
fn it_is_locked_until_it_is_unlocked() {
    let world = moved();
    world.stepwright(&["state", "migrate", FILE]).expect(0);
    let id = world.stepwright(&["state", "lock", FILE]).expect(0).stdout.trim().to_owned();
    for command in [&["apply", FILE, "--yes"][..], &["destroy", FILE, "--yes"], &["state", "rm", FILE, "cluster.main"]] {
        world.stepwright(command).expect(1).says(&["is locked by `stepwright state lock", "state unlock", &id]);
    }
    world.stepwright(&["plan", FILE, "--detailed-exitcode"]).expect(0);
    world.stepwright(&["state", "unlock", FILE, "another"]).expect(1).says(&["is not locked under the id", &id]);
    world.stepwright(&["state", "unlock", FILE, &id]).expect(0).says(&["Unlocked"]);
    world.stepwright(&["apply", FILE, "--yes"]).expect(0);
}

#[test]
fn of_two_at_once_one_is_told_of_the_other() {
    let world = moved();
    world.stepwright(&["state", "migrate", FILE]).expect(0);
    world.endpoint.set_latency_ms(300);
    world.endpoint.forget_calls();
    let change = [&["apply", FILE, "--yes"], ECS_TASK.change].concat();
    let first = world.start(&change);
    world.endpoint.wait_for_call("RegisterTaskDefinition");
    world.stepwright(&change).expect(1).says(&["is locked by `stepwright apply ecs-task.toml`"]);
    let second = world.stepwright(&[&change[..], &["--lock-timeout", "2m"]].concat());
    first.wait().expect(0);
    second.expect(0);
    world.endpoint.set_latency_ms(0);
    world.stepwright(&[&["plan", FILE, "--detailed-exitcode"], ECS_TASK.change].concat()).expect(0);
}

#[test]
fn what_is_wrong_with_the_place_is_said() {
    let world = World::of(&ECS_TASK);
    let on = |state: &str| world.stepwright(&["plan", FILE, "--state", state]).expect(1);
    on("s3://states").says(&["s3://states names no object of S3", "s3://BUCKET/KEY"]);
    on("s3://states/").says(&["names no object"]);
    on("s3://no-such-bucket-of-ours/x.json").says(&["NoSuchBucket", "create the bucket first"]);
    let nobody = world.stepwright_without_credentials(&["state", "list", "--state", "s3://states/x.json"]).expect(1);
    nobody.says(&["AWS_PROFILE or AWS_ACCESS_KEY_ID"]);
}
