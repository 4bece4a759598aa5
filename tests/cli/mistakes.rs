//! A stack full of mistakes: each is told in one run, at its line and column, with the right spelling where one is near.

use std::path::PathBuf;

use crate::support::endpoint::root;
use crate::support::offline::stepwright;

/// Where and what: all that is to be said of tests/fixtures/mistakes/mistakes.toml, in this order.
const MISTAKES: &[(&str, &str)] = &[
    ("mistakes.toml:4:10", "`nowhere` is not a region"),
    ("mistakes.toml:5:24", "`12` is not an account id"),
    ("mistakes.toml:6:1", "unknown key `colour`"),
    ("mistakes.toml:9:11", "unknown key `defualt`"),
    ("mistakes.toml:10:1", "the variable `count` has no value"),
    ("mistakes.toml:10:18", "there is no type `integer`"),
    ("mistakes.toml:11:1", "the variable `subnet` has no value"),
    ("mistakes.toml:14:1", "unknown key `nmae`"),
    ("mistakes.toml:15:22", "`settings[0].name` can't be `containerInsight`"),
    ("mistakes.toml:18:22", "`capacity_providers` must be a list of strings, not a string"),
    ("mistakes.toml:19:10", "`aws:mine`: tags that begin with `aws:` are AWS's own"),
    ("mistakes.toml:19:28", "`stepwright:stack`: tags that begin with `stepwright:` are Stepwright's own"),
    ("mistakes.toml:20:15", "unknown key `prevent_destroi`"),
    ("mistakes.toml:20:58", "`setings` names no field: there is no `setings`"),
    ("mistakes.toml:22:2", "there is no resource type `clutser`"),
    ("mistakes.toml:26:34", "JSON syntax: found `n` where a key in double quotes should stand"),
    ("mistakes.toml:29:8", "the name `same` is taken by role.one in line 25 (case does not tell names apart)"),
    ("mistakes.toml:30:81", "`Effect` is `Allow` or `Deny`, not `Alow`"),
    ("mistakes.toml:31:24", "`max_session_duration` is 60 and must be at least 3600"),
    ("mistakes.toml:32:24", "`arn:aws:iam::aws:role/wrong` is not the ARN of a managed policy"),
    ("mistakes.toml:33:31", "a cluster has no attribute `ran`"),
    ("mistakes.toml:36:16", "these need each other: role.three → role.four → role.three"),
    ("mistakes.toml:47:10", "Fargate has no 4096 MiB of memory with 256 units of CPU"),
    ("mistakes.toml:48:30", "there is no role.tow in this stack"),
    ("mistakes.toml:53:13", "`container_definitions[0].essential` must be true or false, not a string"),
    ("mistakes.toml:54:54", "`A` is in `environment` twice"),
    ("mistakes.toml:55:34", "there is no container called `reprot`"),
    ("mistakes.toml:58:8", "there are two containers called `report`"),
    ("mistakes.toml:59:16", "there is no variable `imgae`"),
    ("mistakes.toml:60:10", "`container_definitions[1].memory` must be an integer, not a float"),
    ("mistakes.toml:62:18", "`container_definitions` is missing"),
    ("mistakes.toml:65:26", "there is no state `Frist` here"),
    (
        "mistakes.toml:68:13",
        "`${role.three}` is not a reference; known are TYPE.NAME.ATTRIBUTE, data.TYPE.NAME.ATTRIBUTE, var.NAME, stack.name, stack.region, account.id, account.partition",
    ),
    ("mistakes.toml:69:8", "`type` can't be `FAST`"),
    ("mistakes.toml:70:23", "there is no file `missing.asl.json`"),
    ("mistakes.toml:78:1", "`name` and `arn` both say what to look up"),
    ("mistakes.toml:81:9", "unknown key `valeu`"),
    (
        "mistakes.toml:82:7",
        "`${nothing}` is not a reference; known are TYPE.NAME.ATTRIBUTE, data.TYPE.NAME.ATTRIBUTE, var.NAME, stack.name, stack.region, account.id, account.partition",
    ),
    ("mistakes.asl.json:5:15", "there is no type of state called `Taks`"),
    ("mistakes.asl.json:7:15", "there is no state `Dnoe` here"),
    ("mistakes.asl.json:12:31", "a cluster has no attribute `nmae`"),
];

/// Corrected lines that are proposed.
const CORRECTIONS: &[&str] = &[
    "image = { default = \"busybox\" }",
    "name = \"x\"",
    "settings = [{ name = \"containerInsights\", value = \"enabled\" }]",
    "lifecycle = { prevent_destroy = true, ignore_changes = [\"setings\"] }",
    "lifecycle = { prevent_destroi = true, ignore_changes = [\"settings\"] }",
    "[cluster.third]",
    "Effect = \"Allow\", Principal = { Service = \"ecs-tasks.amazonaws.com\" }, Action = \"sts:AssumeRole\" }] }",
    "description = \"${cluster.main.arn}\"",
    "memory = \"2048\"",
    "execution_role_arn = \"${role.two.arn}\"",
    "depends_on = [{ container_name = \"report\", condition = \"START\" }]",
    "image = \"${var.image}\"",
    "definition = { StartAt = \"First\", States = { First = { Type = \"Pass\", End = true } } }",
    "arn = { value = \"x\" }",
    "\"Type\": \"Task\",",
    "\"Next\": \"Done\"",
    "\"Next\": \"${cluster.main.name}\"",
];

fn fixture() -> PathBuf {
    root().join("tests/fixtures/mistakes")
}

#[test]
fn all_of_them_in_one_run() {
    let outcome = stepwright(&fixture(), &["validate", "mistakes.toml"]).expect(1);
    assert_eq!(outcome.stdout, "", "what is wrong is no data");
    let told = told(&outcome.stderr);
    let wanted: Vec<(String, String)> =
        MISTAKES.iter().map(|(place, message)| ((*place).to_owned(), (*message).to_owned())).collect();
    for one in &wanted {
        assert!(told.contains(one), "{one:?} is not told: {outcome}");
    }
    assert_eq!(told, wanted);
    assert!(told.len() > 40, "there is room for more");
}

#[test]
fn the_right_spelling_is_shown() {
    let outcome = stepwright(&fixture(), &["validate", "mistakes.toml"]).expect(1);
    for correction in CORRECTIONS {
        let is_shown = outcome.stderr.lines().any(|line| {
            // `8 + image = ...`, or `14 | settings = ...` where only something is added.
            line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ').trim_start_matches(['+', '|']).trim() == *correction
                || line.ends_with(correction)
        });
        assert!(is_shown, "{correction:?} is not proposed: {outcome}");
    }
}

#[test]
fn variables_that_are_given_wrongly() {
    let arguments = ["validate", "mistakes.toml", "--var", "imag=busybox", "--var", "count=many"];
    let outcome = stepwright(&fixture(), &arguments).expect(1);
    outcome.says(&["--var imag=...: the stack has no variable `imag`", "did you mean --var image=...?"]);
    let outcome = stepwright(&fixture(), &["validate", "mistakes.toml", "--var", "image"]).expect(1);
    outcome.says(&["NAME=VALUE"]);
    let outcome = stepwright(&fixture(), &["validate", "mistakes.toml", "--var-file", "none.toml"]).expect(1);
    outcome.says(&["none.toml"]);
}

#[test]
fn every_command_that_reads_the_stack_tells_the_same() {
    let validated = stepwright(&fixture(), &["validate", "mistakes.toml"]).expect(1).stderr;
    for command in [&["plan", "mistakes.toml"][..], &["apply", "mistakes.toml", "--yes"], &["graph", "mistakes.toml"]] {
        assert_eq!(stepwright(&fixture(), command).expect(1).stderr, validated, "{command:?}");
    }
}

/// The place and the message of each error.
fn told(stderr: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = stderr.lines().collect();
    let place = |at: usize| lines.get(at + 1).and_then(|line| line.trim().strip_prefix("--> ")).unwrap_or_default().to_owned();
    // `error: ` or `error[CODE]: `.
    let message = |line: &'_ str| Some(line.strip_prefix("error")?.split_once(": ")?.1.to_owned());
    let messages = lines.iter().enumerate().filter_map(|(at, line)| Some((at, message(line)?)));
    messages.map(|(at, message)| (place(at), message)).collect()
}
