//! docs/reference is what the code says. `make reference` writes it anew.

use std::io;

use stepwright::render::reference;
use stepwright::resources;

use crate::support::endpoint::root;

#[test]
fn the_command_line() {
    is_fresh("cli.md", |out| reference::commands(out, stepwright::cli::command()));
}

#[test]
fn the_resources() {
    is_fresh("resources.md", |out| reference::resources(out, resources::ALL));
}

#[test]
fn the_schema_is_what_the_command_prints() {
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_stepwright")).arg("schema").output().expect("stepwright starts");
    assert!(output.status.success());
    is_fresh("stepwright.schema.json", |out| io::Write::write_all(out, &output.stdout));
}

/// Compares a page with the one in docs/reference, or writes it where UPDATE_REFERENCE says so.
fn is_fresh(name: &str, write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) {
    let mut text = Vec::new();
    write(&mut text).expect("writing to memory");
    let text = String::from_utf8(text).expect("UTF-8");
    let path = root().join("docs/reference").join(name);
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, &text).expect("docs/reference is there");
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let different = text.lines().zip(found.lines()).position(|(new, old)| new != old);
    let line = different.unwrap_or_else(|| text.lines().count().min(found.lines().count())) + 1;
    let at = |text: &str| text.lines().nth(line - 1).unwrap_or("(the end)").to_owned();
    assert!(
        text == found,
        "docs/reference/{name} is stale; write it anew with `make reference`\nline {line}\n  is        {}\n  should be {}",
        at(&found),
        at(&text)
    );
}
