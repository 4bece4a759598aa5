//! docs/reference is what the code says. `make reference` writes it anew.

use std::io;

use stepwright::render::reference;
use stepwright::resources;

use crate::support::endpoint::root;
use crate::support::offline::stepwright;

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

/// A stack's file, without its ending, and the state machines that it declares.
fn example_machines() -> Vec<(String, Vec<String>)> {
    let header = regex_lite::Regex::new(r"(?m)^\[state_machine\.([A-Za-z0-9_-]+)\]").expect("a pattern");
    let files = std::fs::read_dir(root().join("stacks")).expect("stacks/ is there");
    let mut stacks: Vec<_> = files.map(|entry| entry.expect("a folder entry").path()).collect();
    stacks.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    stacks.sort();
    let machines = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).expect("a stack file");
        let names = header.captures_iter(&text).map(|captured| captured[1].to_owned()).collect();
        (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), names)
    };
    stacks.iter().map(machines).collect()
}

#[test]
fn the_pictures_of_the_example_stacks() {
    let mut page = String::from(
        "# The example stacks, drawn\n\nWritten by `make reference`; what each stack is for stands in \
         [stacks/README.md](../../stacks/README.md).\n",
    );
    for (stack, machines) in example_machines() {
        for machine in machines {
            let (file, title) = (format!("flows/{stack}.{machine}.svg"), format!("state_machine.{machine}"));
            let draw = |format: &str| {
                let stack = format!("stacks/{stack}.toml");
                stepwright(root(), &["graph", &stack, "--machine", &machine, "--format", format]).expect(0).stdout
            };
            is_fresh(&file, |out| io::Write::write_all(out, draw("svg").as_bytes()));
            page.push_str(&format!(
                "\n## {stack}.toml: {title}\n\n![The flow of {title}]({file})\n\n```text\n{}```\n",
                draw("text")
            ));
            let explained = stepwright(root(), &["explain", &format!("stacks/{stack}.toml"), &machine]).expect(0);
            assert_eq!(explained.stderr, "", "the example stacks are free of warnings");
            page.push_str(&format!(
                "\nWhat `stepwright explain stacks/{stack}.toml {machine}` says of it:\n\n```text\n{}```\n",
                explained.stdout
            ));
        }
    }
    is_fresh("flows.md", |out| io::Write::write_all(out, page.as_bytes()));
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
