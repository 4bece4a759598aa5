//! Input that nobody means well by, and streams that end early: an error that says what is wrong, and never a panic.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::offline::stepwright;
use crate::support::world::Outcome;

const STACK: &str = "[stack]\nname = \"hostile\"\n\n[cluster.main]\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("stack.toml"), STACK).expect("a stack");
    folder
}

/// Writes `stack.toml`, validates it, and expects a refusal.
#[track_caller]
fn refused(bytes: &[u8]) -> Outcome {
    let folder = folder();
    std::fs::write(folder.path().join("stack.toml"), bytes).expect("a stack");
    let outcome = stepwright(folder.path(), &["validate", "stack.toml"]).expect(1);
    assert_decent(&outcome);
    outcome
}

/// No panic, an error, and nothing that a terminal obeys.
#[track_caller]
fn assert_decent(outcome: &Outcome) {
    assert!(!outcome.stderr.contains("panicked"), "{outcome}");
    assert!(outcome.stderr.contains("error"), "it does not say what is wrong: {outcome}");
    assert_harmless(outcome);
}

#[track_caller]
fn assert_harmless(outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        let bad = text.chars().find(|character| character.is_control() && !['\n', '\t'].contains(character));
        assert_eq!(bad, None, "{outcome:?}");
    }
}

#[test]
fn files_that_are_no_stacks() {
    let folder = folder();
    refused(b"").says(&["[stack]"]);
    refused(b"\xff\xfe\x00").says(&["stack.toml"]);
    refused(b"[stack]\nname = \"a\xc3\"\n").says(&["stack.toml", "UTF-8"]);
    refused(b"\0\0\0\0").says(&["stack.toml:1:1"]);
    for (path, word) in [(".", "folder"), ("none.toml", "none.toml"), ("", "error"), ("stack.toml/x", "stack.toml/x")] {
        let outcome = stepwright(folder.path(), &["validate", path]).expect(1);
        assert_decent(&outcome);
        outcome.says(&[word]);
    }
    for command in ["plan", "apply", "graph", "destroy"] {
        assert_decent(&stepwright(folder.path(), &[command, "none.toml"]).expect(1));
        assert_decent(&stepwright(folder.path(), &[command, "."]).expect(1));
    }
}

#[test]
fn megabytes_of_garbage() {
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as u8
    };
    let bytes: Vec<u8> = (0..5_000_000).map(|_| random()).collect();
    assert!(refused(&bytes).stderr.len() < 100_000);
    let printable: Vec<u8> = bytes.iter().map(|byte| 0x20 + byte % 0x5f).collect();
    assert!(refused(&printable).stderr.len() < 1_000_000);
    let lines: Vec<u8> = bytes.iter().map(|byte| if byte % 16 == 0 { b'\n' } else { 0x20 + byte % 0x5f }).collect();
    let outcome = refused(&lines);
    assert!(outcome.stderr.len() < 5_000_000, "{} bytes of errors", outcome.stderr.len());
}

#[test]
fn depths() {
    for (open, close) in [("[", "]"), ("{a=", "}")] {
        refused(format!("{STACK}settings = {}1{}\n", open.repeat(100_000), close.repeat(100_000)).as_bytes());
    }
    refused(format!("{STACK}[{}a]\n", "a.".repeat(50_000)).as_bytes());
    let json = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    refused(format!("{STACK}[state_machine.deep]\nrole_arn = \"x\"\ndefinition = '{json}'\n").as_bytes());
    refused(format!("{STACK}name = \"{}\"\n", "${var.a".repeat(10_000)).as_bytes());
}

#[test]
fn terminals_are_not_commanded() {
    let escape = "\\u001b]0;owned\\u0007\\u001b[2J\\u009b31m\\u202e\\r";
    let texts = [
        format!("{STACK}name = \"{escape}\"\n"),
        format!("{STACK}\"{escape}\" = 1\n"),
        format!("{STACK}settings = [{{ name = \"{escape}\", value = \"enabled\" }}]\n"),
        format!("[stack]\nname = \"{escape}\"\n"),
        format!("{STACK}[role.r]\ndescription = \"${{var.{escape}}}\"\nassume_role_policy_document = \"{escape}\"\n"),
        format!("{STACK}[state_machine.s]\nrole_arn = \"x\"\ndefinition = {{ file = \"{escape}\" }}\n"),
        format!("{STACK}[\"{escape}\".x]\n"),
        "[stack]\nname = \"x\u{1b}[2J\u{9b}31m\"\n\u{1b}]0;owned\u{7}\n".to_owned(),
    ];
    for text in texts {
        let outcome = refused(text.as_bytes());
        assert!(!outcome.stderr.contains('\u{202e}'), "{outcome:?}");
    }
    let folder = folder();
    let arguments = [
        &["validate", "\u{1b}[2J.toml"][..],
        &["validate", "stack.toml", "--var", "\u{1b}[2J=1"],
        &["validate", "stack.toml", "--var-file", "\u{1b}[2J"],
        &["state", "list", "--state", "\u{1b}[2J"],
        &["state", "show", "\u{1b}[2J", "stack.toml"],
        &["plan", "stack.toml", "--target", "\u{1b}[2J"],
        &["\u{1b}[2J"],
    ];
    for arguments in arguments {
        assert_decent(&stepwright(folder.path(), arguments).expect(1));
    }
}

/// What is fine and hostile only to look at, shown by a plan.
#[test]
fn plans_and_graphs_are_harmless_to_look_at() {
    let folder = folder();
    let text = "[stack]\nname = \"hostile\"\n\n[role.main]\ndescription = \"tab\\tüß\"\n\
                assume_role_policy_document = { Version = \"2012-10-17\", Statement = [{ Sid = \"\\u001b[2J\", Effect = \"Allow\", Principal = { Service = \"a.amazonaws.com\" }, Action = \"sts:AssumeRole\" }] }\n\
                [state_machine.main]\nrole_arn = \"${role.main.arn}\"\n\
                definition = { Comment = \"\\u001b[31m\\u009b\\u202e\", StartAt = \"A\", States = { A = { Type = \"Succeed\" } } }\n\
                [outputs]\ntext = \"\\u001b[2J\"\n";
    std::fs::write(folder.path().join("stack.toml"), text).expect("a stack");
    for arguments in [&["plan", "stack.toml"][..], &["graph", "stack.toml"], &["plan", "stack.toml", "--format", "json"]] {
        assert_harmless(&stepwright(folder.path(), arguments));
    }
}

#[test]
fn mistakes_on_the_command_line_exit_with_1() {
    let folder = folder();
    let mistakes = [
        &[][..],
        &["pla"],
        &["plan"],
        &["plan", "stack.toml", "--frmat", "json"],
        &["plan", "stack.toml", "--format", "yaml"],
        &["plan", "stack.toml", "--parallelism", "0"],
        &["plan", "stack.toml", "--parallelism", "many"],
        &["plan", "stack.toml", "--refresh=maybe"],
        &["plan", "stack.toml", "--target", "nonsense"],
        &["plan", "stack.toml", "--replace", "a.b.c"],
        &["apply", "stack.toml", "--lock-timeout", "5 parsecs"],
        &["apply", "stack.toml", "--lock-timeout", "99999999999999999999s"],
        &["validate", "stack.toml", "--var", "image"],
        &["validate", "stack.toml", "--var", "=1"],
        &["validate", "stack.toml", "--var", "a b=1"],
        &["validate", "stack.toml", "stack.toml"],
        &["destroy"],
        &["state"],
        &["state", "list"],
        &["state", "show", "cluster.main"],
        &["completions", "tcsh"],
        &["--color", "mauve", "schema"],
    ];
    for arguments in mistakes {
        let outcome = stepwright(folder.path(), arguments).expect(1);
        assert!(!outcome.stderr.contains("panicked"), "{outcome}");
        assert!(outcome.stderr.contains("Usage: ") || outcome.stderr.contains("error"), "{outcome}");
        assert_eq!(outcome.stdout, "", "{outcome}");
    }
}

#[test]
fn help_version_and_completions() {
    let folder = folder();
    let version = stepwright(folder.path(), &["--version"]).expect(0);
    assert_eq!(version.stdout, format!("stepwright {}\n", env!("CARGO_PKG_VERSION")));
    for command in ["validate", "plan", "apply", "destroy", "state", "graph", "schema", "completions"] {
        stepwright(folder.path(), &[command, "--help"]).expect(0).says(&["Example", "Usage: stepwright"]);
    }
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let outcome = stepwright(folder.path(), &["completions", shell]).expect(0);
        outcome.says(&["stepwright", "allow-documents-outside"]);
    }
}

#[test]
fn a_reader_that_goes_away() {
    let folder = folder();
    for arguments in [&["schema"][..], &["completions", "zsh"], &["graph", "stack.toml"], &["plan", "stack.toml"]] {
        // A pipe whose reader is gone before anything is written.
        let mut child = Command::new(env!("CARGO_BIN_EXE_stepwright"))
            .args(arguments)
            .current_dir(folder.path())
            .env_clear()
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("stepwright starts");
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().expect("stderr is piped").read_to_string(&mut stderr).expect("text");
        assert_eq!(child.wait().expect("its end").code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.contains("stdout was closed") && !stderr.contains("panicked"), "{arguments:?}: {stderr}");
    }
    if Path::new("/dev/full").exists() {
        let (code, stderr) = under_shell(folder.path(), "\"$0\" schema > /dev/full");
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stderr.contains("stdout can't be written"), "{stderr}");
    }
}

fn under_shell(folder: &Path, script: &str) -> (Option<i32>, String) {
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_stepwright")]).current_dir(folder).env_clear();
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", folder);
    let output = command.output().expect("sh is there");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}
