//! The reference pages in docs/reference: made from what the program itself reads, and kept fresh by a test.
//!
//! | page | made from |
//! |---|---|
//! | `cli.md` | the command line, as `--help` tells it |
//! | `resources.md` | the [`Field`] tree and the [`Description`](crate::resource::Description) of each type |

use std::io::{self, Write};

use crate::resource::{Replacement, ResourceType, may_be_left_out};
use crate::schema::{Field, Phase, Shape};

/// `--help` of `command` and of all its subcommands.
pub fn commands(out: &mut dyn Write, command: clap::Command) -> io::Result<()> {
    writeln!(out, "# Command line\n\nWhat `--help` says of each command. `stepwright COMMAND --help` says it too.\n")?;
    // The width of a terminal and the environment of whoever makes this page must not show in it.
    let mut command = plain(command.term_width(100));
    command.build();
    section(out, &mut command, "stepwright")
}

fn plain(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| argument.hide_env_values(true)).mut_subcommands(plain)
}

fn section(out: &mut dyn Write, command: &mut clap::Command, path: &str) -> io::Result<()> {
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    writeln!(out, "## `{path}`\n\n```text\n{}\n```\n", lines.join("\n").trim_end())?;
    for subcommand in command.get_subcommands_mut().filter(|subcommand| subcommand.get_name() != "help") {
        let path = format!("{path} {}", subcommand.get_name());
        section(out, subcommand, &path)?;
    }
    Ok(())
}

/// Every field and attribute of `kinds`.
pub fn resources(out: &mut dyn Write, kinds: &[&dyn ResourceType]) -> io::Result<()> {
    writeln!(out, "{RESOURCES_HEAD}")?;
    for kind in kinds {
        let name = kind.description().name;
        writeln!(out, "- [`{name}`](#{name}): {}", first_line(kind.description().summary))?;
    }
    for kind in kinds {
        resource(out, *kind)?;
    }
    Ok(())
}

const RESOURCES_HEAD: &str = "\
# Resources

Every field that a resource may have in a stack file, and every attribute that a reference may name. Keys are the \
AWS API's own names in snake_case, so what AWS documents of a member holds here too. The same in a form for \
programs and editors: [stepwright.schema.json](stepwright.schema.json).

- **Replaces**: AWS can't change it in place, so a change of it makes a new resource and deletes the old one.
- **Unmanaged**: left out, it is left alone, since AWS's default depends on the account. Any other field that is left \
out has AWS's default, and what an earlier version of the stack had set is taken away again.
- **Write-only**: AWS never tells it back; a change that someone else made to it is not seen.

Beside its own fields, every resource takes `lifecycle`: see the [guide](../guide.md#lifecycle). A role takes \
`permissions_for` as well: see [permissions](../guide.md#permissions).
";

fn resource(out: &mut dyn Write, kind: &dyn ResourceType) -> io::Result<()> {
    let (description, schema) = (kind.description(), kind.schema());
    writeln!(out, "\n## {}\n\n{}", description.name, description.summary)?;
    for paragraph in schema.documentation.split("\n\n").skip(1) {
        writeln!(out, "\n{}", one_line(paragraph))?;
    }
    let order = match description.replacement {
        Replacement::DeleteThenCreate => "the old one is deleted, then the new one created",
        Replacement::CreateThenDelete => {
            "the new one is created, what refers to the old one moves over, then the old one is deleted"
        }
    };
    let case = if description.name_ignores_case { ", without regard to case" } else { "" };
    writeln!(out, "\n- Physical name: `{}`, unique{case}. Left out, it is `STACK-NAME`.", description.name_field)?;
    writeln!(out, "- Replaced so: {order}; `lifecycle.create_before_destroy` decides otherwise.")?;
    let lookup = format!("`{}` or `arn`", description.name_field);
    writeln!(out, "- Looked up with `[data.{}.NAME]` by {lookup}.", description.name)?;
    writeln!(out, "\n| attribute | |\n|---|---|")?;
    for attribute in description.attributes {
        writeln!(out, "| `${{{}.NAME.{}}}` | {} |", description.name, attribute.name, cell(attribute.summary))?;
    }
    table(out, schema, &format!("[{}.NAME]", description.name), "", (kind, false))
}

/// The members of an object, then those of the objects in it.
fn table(
    out: &mut dyn Write,
    object: &Field,
    title: &str,
    prefix: &str,
    (kind, replaces): (&dyn ResourceType, bool),
) -> io::Result<()> {
    let Shape::Object { fields, required } = &object.shape else { return Ok(()) };
    writeln!(out, "\n### `{title}`\n")?;
    if !prefix.is_empty() && !object.documentation.is_empty() {
        writeln!(out, "{}\n", one_line(&object.documentation))?;
    }
    if replaces {
        writeln!(out, "A change of any of these replaces the resource.\n")?;
    }
    writeln!(out, "| field | is | |\n|---|---|---|")?;
    for (key, field) in fields {
        let is_required = required.contains(key) && !(prefix.is_empty() && may_be_left_out(kind, key));
        let need = if is_required { ", **required**" } else { "" };
        writeln!(out, "| `{key}` | {}{need} | {} |", cell(&field.shape.describe()), cell(&about(field, replaces)))?;
    }
    for (key, field) in fields {
        let replaces = replaces || field.rules.replace;
        let path = format!("{prefix}{key}");
        let (inner, path) = match &field.shape {
            Shape::List { item, .. } => (&**item, format!("{path}[]")),
            Shape::Map { item } => (&**item, format!("{path}.NAME")),
            _ => (field, path),
        };
        table(out, inner, &path, &format!("{path}."), (kind, replaces))?;
    }
    Ok(())
}

/// The documentation of a field, its limits and its rules.
fn about(field: &Field, replaces_anyway: bool) -> String {
    let rules = &field.rules;
    let mut parts = vec![one_line(&field.documentation)];
    parts.extend(limits(&field.shape, ""));
    // Documentation that says it already is not repeated.
    if let Some(default) = rules.default.as_ref().filter(|_| !field.documentation.contains("Default:")) {
        let default = serde_json::to_string(default).unwrap_or_default();
        parts.push(format!("Default: `{default}`."));
    }
    if rules.replace && !replaces_anyway {
        parts.push("**Replaces.**".to_owned());
    }
    if rules.unmanaged {
        parts.push("**Unmanaged** where left out.".to_owned());
    }
    if rules.write_only {
        parts.push("**Write-only.**".to_owned());
    }
    if rules.sensitive {
        parts.push("Sensitive: never shown.".to_owned());
    }
    if rules.unordered {
        parts.push("The order means nothing.".to_owned());
    }
    if let Some(identity) = &rules.identity {
        parts.push(format!("Elements are told apart by `{identity}`."));
    }
    if rules.needs == Phase::Ready {
        parts.push("Waits until what it refers to is ready.".to_owned());
    }
    if let Some(wire) = &rules.wire {
        parts.push(format!("AWS spells it `{wire}`."));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

/// What a value may be, as sentences; `each` stands before them where it is about the elements of a list.
fn limits(shape: &Shape, each: &str) -> Vec<String> {
    let sentence = |text: String| format!("{}.", capital(&format!("{each}{text}")));
    match shape {
        Shape::String { minimum_length, maximum_length, pattern, values } => {
            let mut limits = Vec::new();
            if !values.is_empty() {
                let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
                limits.push(sentence(format!("one of {}", values.join(", "))));
            }
            limits.extend(range(minimum_length.as_ref(), maximum_length.as_ref()).map(|range| sentence(range + " characters")));
            limits.extend(pattern.iter().map(|pattern| sentence(format!("matches `{pattern}`"))));
            limits
        }
        Shape::Integer { minimum, maximum } => range(minimum.as_ref(), maximum.as_ref()).map(sentence).into_iter().collect(),
        Shape::List { item, maximum_items, minimum_items } => {
            let count = range(minimum_items.as_ref(), maximum_items.as_ref()).map(|range| sentence(range + " elements"));
            count.into_iter().chain(limits(&item.shape, "each ")).collect()
        }
        Shape::Map { item } => limits(&item.shape, "each "),
        Shape::Number | Shape::Boolean | Shape::Object { .. } | Shape::Document(_) => Vec::new(),
    }
}

fn range<Number: std::fmt::Display + PartialEq>(minimum: Option<&Number>, maximum: Option<&Number>) -> Option<String> {
    match (minimum, maximum) {
        (Some(minimum), Some(maximum)) if minimum == maximum => Some(format!("exactly {minimum}")),
        (Some(minimum), Some(maximum)) => Some(format!("{minimum} to {maximum}")),
        (Some(minimum), None) => Some(format!("at least {minimum}")),
        (None, Some(maximum)) => Some(format!("at most {maximum}")),
        (None, None) => None,
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text in a cell of a table, where `|` would end it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
