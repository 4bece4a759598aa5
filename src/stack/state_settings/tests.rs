//! `[state]`, right and wrong.

use std::sync::Arc;

use expect_test::{Expect, expect};

use crate::diagnostic::{Diagnostic, Source};
use crate::stack::fixture::read;
use crate::stack::{EncryptionSettings, Inputs, S3Settings, StateSettings, peek_state_settings};

const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source { name: "stack.toml".to_owned(), text: text.to_owned() })
}

fn line(diagnostic: &Diagnostic) -> String {
    let (line, column) = diagnostic.location.as_ref().expect("a place").line_and_column();
    let help = diagnostic.help.iter().map(|help| format!("    {help}\n")).collect::<String>();
    format!("{line}:{column} {}\n{help}", diagnostic.message)
}

fn check(state: &str, expected: Expect) {
    let text = format!("[stack]\nname = \"one\"\n[state]\n{state}");
    let (stack, whole) = read(&text, "{}", &Inputs::default());
    assert!(stack.is_none());
    let whole: String = whole.iter().map(line).collect();
    expected.assert_eq(&whole);
    let peeked = peek_state_settings(&source(&text)).expect_err("the same errors");
    assert_eq!(peeked.iter().map(line).collect::<String>(), whole);
}

#[test]
fn all_of_it() {
    let text = format!(
        "[stack]\nname = \"one\"\n[state.encryption]\nrecipients = [\"{RECIPIENT}\"]\n\
         [state.s3]\nbucket = \"b\"\nkey = \"k\"\nregion = \"eu-central-1\"\nendpoint = \"http://localhost:1\"\nkms_key_id = \"alias/a\"\n"
    );
    let wanted = StateSettings {
        encryption: Some(EncryptionSettings { recipients: vec![RECIPIENT.to_owned()], kms_key_id: None }),
        s3: Some(S3Settings {
            bucket: "b".to_owned(),
            key: Some("k".to_owned()),
            region: Some("eu-central-1".to_owned()),
            endpoint: Some("http://localhost:1".to_owned()),
            kms_key_id: Some("alias/a".to_owned()),
        }),
    };
    let (stack, diagnostics) = read(&text, "{}", &Inputs::default());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert_eq!(stack.map(|stack| stack.state), Some(wanted.clone()));
    // Something else is broken: the state can be opened all the same.
    let broken = format!("{text}[widget.a]\ncount = = 1\n");
    assert_eq!(peek_state_settings(&source(&broken)).ok(), Some(wanted));
}

#[test]
fn none_of_it() {
    let text = "[stack]\nname = \"one\"\n";
    assert_eq!(peek_state_settings(&source(text)).ok(), Some(StateSettings::default()));
    assert_eq!(S3Settings::default().key_of("one"), "stepwright/one.json");
}

#[test]
fn wrong_in_every_way() {
    check(
        "encription = {}\n[state.encryption]\nrecipients = [\"age1\", \"${var.key}\", 3, \"AGE-SECRET-KEY-1QQ\"]\n[state.s3]\nbuckt = \"\"\nkey = \"\"\nregion = \"${var.region}\"\n",
        expect![[r#"
            4:1 unknown key `encription`
            6:15 `age1` is no recipient of age: invalid Bech32 encoding
                a recipient begins with age1; `age-keygen -y key.txt` prints that of a key
            6:24 `recipients` can't refer to anything
                write the value itself
            6:37 `recipients` must be a list of strings, not an integer
            6:40 this is a secret key, and not the public one
                it does not belong into a file that others read: make a new key, and write its public key, `age-keygen -y key.txt`
            8:1 unknown key `buckt`
            9:7 `key` is empty
                leave it out, or give it a value
            10:11 `region` can't refer to anything
                write the value itself
        "#]],
    );
    check(
        "[state.encryption]\n",
        expect![[r#"
        4:8 [state.encryption] does not say for whom the state is sealed
            give it recipients = ["age1…"], or kms_key_id = "arn:aws:kms:…"
    "#]],
    );
    check(
        "[state.encryption]\nrecipients = []\n[state.s3]\n",
        expect![[r#"
        5:14 `recipients` is empty, so that nobody could open the state
            make a key: age-keygen -o key.txt
        6:8 `bucket` is missing in [state.s3]
            add bucket = "the-bucket"; it must exist already
    "#]],
    );
    check(
        &format!("[state.encryption]\nrecipients = [\"{RECIPIENT}\"]\nkms_key_id = \"alias/a\"\n"),
        expect![[r#"
        6:1 `recipients` and `kms_key_id` can't stand side by side
            keep one of the two
    "#]],
    );
}

#[test]
fn what_may_have_been_lost_is_not_passed_over() {
    let lost = format!("[stack]\nname = \"one\"\n[state.encryption\nrecipients = [\"{RECIPIENT}\"]\n");
    peek_state_settings(&source(&lost)).expect_err("the header is broken");
    let broken = "[stack]\nname = \"one\"\n[state.encryption]\nrecipients = [\"age1\n";
    peek_state_settings(&source(broken)).expect_err("a line of it is broken");
}
