//! Where a document that can't be read is said to be wrong: in a file of its own and inside a TOML string,
//! in a trust policy and in a role's own policy.

use std::sync::Arc;

use expect_test::{Expect, expect};

use crate::diagnostic::{Diagnostic, Source};
use crate::stack::{Inputs, parse};

const TRUST: &str = r#"'{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}}'"#;
const PERMISSIONS: &str = r#"'{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecs:RunTask","Resource":"*"}}'"#;

/// Each diagnostic of a role that has `policy` as both of its documents, read from `d.json` or from a string.
fn told(policy: &str, spelling: &str) -> String {
    let mut told = String::new();
    for (trust, permissions) in [(spelling, PERMISSIONS), (TRUST, spelling)] {
        let stack = format!(
            "[stack]\nname = \"s\"\n\n[role.a]\nassume_role_policy_document = {trust}\n\n[role.a.inline_policies]\nrun = {permissions}\n"
        );
        let source = |name: &str, text: &str| Arc::new(Source { name: name.into(), text: text.into() });
        let document = source("d.json", policy);
        let mut documents = |_: &str| Ok(document.clone());
        let stack = source("stack.toml", &stack);
        let (_, diagnostics) = parse(&stack, crate::resources::ALL, &Inputs::default(), &mut documents, &|_| String::new());
        told.extend(diagnostics.iter().map(line));
    }
    told
}

fn line(diagnostic: &Diagnostic) -> String {
    let Some(at) = &diagnostic.location else { return format!("{}\n", diagnostic.message) };
    let ((line, column), token) = (at.line_and_column(), at.source.text.get(at.range.clone()).unwrap_or_default());
    format!("{}:{line}:{column} {token:?} {}\n", at.source.name, diagnostic.message)
}

fn check(policy: &str, expected: Expect) {
    let file = told(policy, "{ file = \"d.json\" }");
    let string = told("", &format!("'''\n{policy}'''"));
    let escaped = told("", &format!("{:?}", policy));
    expected.assert_eq(&format!("{file}\n{string}\n{escaped}"));
}

#[test]
fn percent_encoded() {
    check(
        "%7B%22Version%22%3A%20%222012-10-17%22%7D",
        expect![[r#"
            d.json:1:1 "%7B" the document is percent-encoded, as IAM's API returns policies
            d.json:1:1 "%7B" the document is percent-encoded, as IAM's API returns policies

            stack.toml:6:1 "%7B" the document is percent-encoded, as IAM's API returns policies
            stack.toml:9:1 "%7B" the document is percent-encoded, as IAM's API returns policies

            stack.toml:5:32 "%7B" the document is percent-encoded, as IAM's API returns policies
            stack.toml:8:8 "%7B" the document is percent-encoded, as IAM's API returns policies
        "#]],
    );
    check(
        " %0A%7b%22Version%22%3A%20%222012-10-17%22%7d\n",
        expect![[r#"
            d.json:1:2 "%0A" the document is percent-encoded, as IAM's API returns policies
            d.json:1:2 "%0A" the document is percent-encoded, as IAM's API returns policies

            stack.toml:6:2 "%0A" the document is percent-encoded, as IAM's API returns policies
            stack.toml:9:2 "%0A" the document is percent-encoded, as IAM's API returns policies

            stack.toml:5:33 "%0A" the document is percent-encoded, as IAM's API returns policies
            stack.toml:8:9 "%0A" the document is percent-encoded, as IAM's API returns policies
        "#]],
    );
    check(
        "\"%7B%22Version%22%3A%20%222012-10-17%22%7D\"",
        expect![[r#"
            d.json:1:2 "%7B" the document is percent-encoded, as IAM's API returns policies
            d.json:1:2 "%7B" the document is percent-encoded, as IAM's API returns policies

            stack.toml:6:2 "%7B" the document is percent-encoded, as IAM's API returns policies
            stack.toml:9:2 "%7B" the document is percent-encoded, as IAM's API returns policies

            stack.toml:5:34 "%7B" the document is percent-encoded, as IAM's API returns policies
            stack.toml:8:10 "%7B" the document is percent-encoded, as IAM's API returns policies
        "#]],
    );
}

#[test]
fn duplicate_keys() {
    check(
        "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": {},\n  \"Version\": \"2012-10-17\"\n}\n",
        expect![[r#"
            d.json:3:16 "{}" the statement has no `Effect`
            d.json:3:16 "{}" the statement has no `Action`
            d.json:3:16 "{}" the statement has no `Principal`
            d.json:4:3 "\"Version\"" `Version` is written twice in one object
            d.json:3:16 "{}" the statement has no `Effect`
            d.json:3:16 "{}" the statement has no `Action`
            d.json:3:16 "{}" the statement has no `Resource`
            d.json:4:3 "\"Version\"" `Version` is written twice in one object

            stack.toml:8:16 "{}" the statement has no `Effect`
            stack.toml:8:16 "{}" the statement has no `Action`
            stack.toml:8:16 "{}" the statement has no `Principal`
            stack.toml:9:3 "\"Version\"" `Version` is written twice in one object
            stack.toml:11:16 "{}" the statement has no `Effect`
            stack.toml:11:16 "{}" the statement has no `Action`
            stack.toml:11:16 "{}" the statement has no `Resource`
            stack.toml:12:3 "\"Version\"" `Version` is written twice in one object

            stack.toml:5:84 "{}" the statement has no `Effect`
            stack.toml:5:84 "{}" the statement has no `Action`
            stack.toml:5:84 "{}" the statement has no `Principal`
            stack.toml:5:91 "\\\"Version\\\"" `Version` is written twice in one object
            stack.toml:8:60 "{}" the statement has no `Effect`
            stack.toml:8:60 "{}" the statement has no `Action`
            stack.toml:8:60 "{}" the statement has no `Resource`
            stack.toml:8:67 "\\\"Version\\\"" `Version` is written twice in one object
        "#]],
    );
}

#[test]
fn not_json() {
    check(
        "{\n  \"Version\": \"2012-10-17\",\n  Statement: []\n}\n",
        expect![[r#"
            d.json:3:3 "S" JSON syntax: found `S` where a key in double quotes should stand
            d.json:3:3 "S" JSON syntax: found `S` where a key in double quotes should stand

            stack.toml:8:3 "S" JSON syntax: found `S` where a key in double quotes should stand
            stack.toml:11:3 "S" JSON syntax: found `S` where a key in double quotes should stand

            stack.toml:5:69 "S" JSON syntax: found `S` where a key in double quotes should stand
            stack.toml:8:45 "S" JSON syntax: found `S` where a key in double quotes should stand
        "#]],
    );
    check(
        "%s is no policy",
        expect![[r#"
            d.json:1:1 "%" JSON syntax: found `%` where a value should stand
            d.json:1:1 "%" JSON syntax: found `%` where a value should stand

            stack.toml:6:1 "%" JSON syntax: found `%` where a value should stand
            stack.toml:9:1 "%" JSON syntax: found `%` where a value should stand

            stack.toml:5:32 "%" JSON syntax: found `%` where a value should stand
            stack.toml:8:8 "%" JSON syntax: found `%` where a value should stand
        "#]],
    );
    check(
        "\n  100%",
        expect![[r#"
            d.json:2:6 "%" JSON syntax: found `%` where the end of the document should stand
            d.json:2:6 "%" JSON syntax: found `%` where the end of the document should stand

            stack.toml:7:6 "%" JSON syntax: found `%` where the end of the document should stand
            stack.toml:10:6 "%" JSON syntax: found `%` where the end of the document should stand

            stack.toml:5:39 "%" JSON syntax: found `%` where the end of the document should stand
            stack.toml:8:15 "%" JSON syntax: found `%` where the end of the document should stand
        "#]],
    );
}
