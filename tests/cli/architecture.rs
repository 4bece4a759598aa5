//! The rules of docs/ARCHITECTURE.md that no compiler keeps, kept here by reading the source.

use std::path::{Path, PathBuf};

use regex_lite::Regex;

use crate::support::endpoint::root;

/// A module may import from its own row and from the rows above it.
const ROWS: &[&[&str]] = &[
    &["address", "arn", "template", "value", "secret", "place", "diagnostic"],
    &["document", "schema"],
    &["flow"],
    &["execution"],
    &["aws"],
    &["resource"],
    &["resources"],
    &["graph"],
    &["stack"],
    &["state"],
    &["plan"],
    &["observe", "consult"],
    &["export"],
    &["rebuild"],
    &["apply"],
    &["render"],
    &["cli"],
];

/// No module of src/ is longer; about 200 lines is usual.
const LONGEST: usize = 500;

/// A file of src/, without its comments and its tests.
struct Module {
    /// Relative to src/.
    path: String,
    /// With their numbers.
    lines: Vec<(usize, String)>,
    length: usize,
}

impl Module {
    /// The first part of its path: the row it belongs to.
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path == *place || (place.ends_with('/') && self.path.starts_with(place)))
    }
}

fn modules() -> Vec<Module> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("src/ is there") {
            let path = entry.expect("a folder entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let source = root().join("src");
    let mut paths = Vec::new();
    walk(&source, &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a source file");
            let relative = path.strip_prefix(&source).expect("below src/").to_string_lossy().replace('\\', "/");
            Module { path: relative, lines: code_of(&text), length: text.lines().count() }
        })
        .filter(|module| {
            !module.path.ends_with("tests.rs") && !module.path.contains("/tests/") && !module.path.ends_with("fixture.rs")
        })
        .collect()
}

/// The lines that are neither comments nor in the test module, which stands last in a file.
fn code_of(text: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines
        .windows(2)
        .position(|pair| pair[0].trim() == "#[cfg(test)]" && pair[1].trim_start().starts_with("mod ") && pair[1].contains('{'));
    let code = lines.iter().take(end.unwrap_or(lines.len())).enumerate();
    code.map(|(index, line)| (index + 1, line.split("//").next().unwrap_or_default().to_owned()))
        .filter(|(_, line)| !line.trim().is_empty())
        .collect()
}

fn row_of(room: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&room))
}

/// The rooms that a module names by `crate::…`, with the line: `use crate::{a, b::c}` names a and b.
fn imports(module: &Module) -> Vec<(usize, String)> {
    let mut text = String::new();
    let mut starts = Vec::new();
    for (number, line) in &module.lines {
        starts.push((text.len(), *number));
        text.push_str(line);
        text.push('\n');
    }
    let line_at = |at: usize| starts.iter().rev().find(|(start, _)| *start <= at).map_or(0, |(_, number)| *number);
    let single = Regex::new(r"\bcrate::([a-z_]+)").expect("a pattern");
    let mut found: Vec<(usize, String)> = single
        .captures_iter(&text)
        .map(|captured| (line_at(captured.get(0).map_or(0, |all| all.start())), captured[1].to_owned()))
        .collect();
    for (at, opening) in text.match_indices("crate::{") {
        let inside = inside_braces(&text[at + opening.len()..]);
        for part in split_at_depth_zero(inside) {
            let room = part.trim().split("::").next().unwrap_or_default().trim();
            let room = room.split_whitespace().next().unwrap_or_default();
            if !room.is_empty() && room != "self" {
                found.push((line_at(at), room.to_owned()));
            }
        }
    }
    found
}

/// Up to the brace that closes the one before `text`.
fn inside_braces(text: &str) -> &str {
    let mut depth = 1;
    for (at, character) in text.char_indices() {
        depth += i32::from(character == '{') - i32::from(character == '}');
        if depth == 0 {
            return &text[..at];
        }
    }
    text
}

fn split_at_depth_zero(text: &str) -> Vec<String> {
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for character in text.chars() {
        depth += i32::from(character == '{') - i32::from(character == '}');
        if character == ',' && depth == 0 {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(character);
        }
    }
    parts
}

/// Fails with every line of these modules that matches.
#[track_caller]
fn assert_none(why: &str, pattern: &str, among: impl Fn(&Module) -> bool) {
    let pattern = Regex::new(pattern).expect("a pattern");
    let modules = modules();
    let found: Vec<String> = modules
        .iter()
        .filter(|module| among(module))
        .flat_map(|module| {
            let lines = module.lines.iter().filter(|(_, line)| pattern.is_match(line));
            lines.map(|(number, line)| format!("src/{}:{number}: {}", module.path, line.trim()))
        })
        .collect();
    assert!(found.is_empty(), "{why}\n{}", found.join("\n"));
}

fn is_pure(module: &Module) -> bool {
    !module.is_in(&["stack/load.rs", "export/discover.rs"])
        && module.is_in(&[
            "document/",
            "flow/",
            "execution/",
            "schema/",
            "stack/",
            "graph.rs",
            "graph/",
            "plan/",
            "export/",
            "rebuild/",
            "apply/schedule.rs",
        ])
}

#[test]
fn imports_go_upwards_only() {
    let mut wrong = Vec::new();
    for module in modules() {
        if module.is_in(&["lib.rs", "main.rs"]) {
            continue;
        }
        let Some(row) = row_of(module.room()) else {
            wrong.push(format!("src/{}: `{}` stands in no row of tests/cli/architecture.rs", module.path, module.room()));
            continue;
        };
        for (line, room) in imports(&module) {
            match row_of(&room) {
                Some(imported) if imported <= row => {}
                Some(_) => wrong.push(format!("src/{}:{line}: {} must not import {room}", module.path, module.room())),
                None => wrong.push(format!("src/{}:{line}: `{room}` stands in no row of tests/cli/architecture.rs", module.path)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_edge_names_the_sdk() {
    let edge = |module: &Module| module.is_in(&["aws/", "resources/", "state/s3/"]);
    assert_none("only src/aws and src/resources talk to AWS", r"\baws_(sdk|config|smithy)\w*::", |module| !edge(module));
}

#[test]
fn only_the_loader_the_state_and_the_commands_touch_files() {
    let may = |module: &Module| module.is_in(&["state/", "stack/load.rs", "cli/"]);
    assert_none("files are touched by src/state, src/stack/load.rs and src/cli", r"\b(std|tokio)::fs\b|\bFile::", |module| {
        !may(module)
    });
}

#[test]
fn only_the_user_interface_prints() {
    let pattern = r"\be?print(ln)?!|\b(stdout|stderr)\(\)";
    assert_none("only src/cli/ui.rs prints", pattern, |module| module.path != "cli/ui.rs");
}

#[test]
fn pure_modules_are_functions_of_their_input() {
    let pattern = r"\basync\b|\.await\b|\bSystemTime\b|\bInstant::now\b|\bTimestamp::now\b|\brand::|\bUuid::new|\bstd::env\b";
    assert_none("pure modules have no I/O, no clock, no chance", pattern, is_pure);
}

#[test]
fn nothing_is_silenced_or_left_open() {
    let pattern = r"#!?\[allow\(|\btodo!|\bunimplemented!|\bdbg!";
    assert_none("say #[expect(..., reason = ...)], and finish it", pattern, |_| true);
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<String> = modules()
        .iter()
        .filter(|module| module.length > LONGEST)
        .map(|module| format!("src/{}: {} lines", module.path, module.length))
        .collect();
    assert!(long.is_empty(), "past {LONGEST} lines a file is two files:\n{}", long.join("\n"));
}

#[test]
fn the_rules_find_what_they_look_for() {
    let module = |path: &str, text: &str| Module { path: path.to_owned(), lines: code_of(text), length: 0 };
    let text = "use crate::{plan::{Plan, Step}, value};\n// use crate::cli;\nfn f() { crate::state::x() }\n#[cfg(test)]\nmod tests { use crate::cli; }\n";
    let mut rooms: Vec<String> = imports(&module("schema/mod.rs", text)).into_iter().map(|(_, room)| room).collect();
    rooms.sort();
    assert_eq!(rooms, ["plan", "state", "value"]);
    assert_eq!(module("schema/mod.rs", text).room(), "schema");
    assert_eq!(module("graph.rs", text).room(), "graph");
}
