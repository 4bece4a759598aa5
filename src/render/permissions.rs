//! Statements of a policy with their reasons, for people.

use std::io::{Result, Write};

use crate::document::permissions::{Condition, Reason, Statement, text_of};
use crate::render::clean::clean;
use crate::render::fact::fact;
use crate::render::style::{Ink, Style};

/// Writes `statements`, which are for what `title` says.
pub fn human(out: &mut dyn Write, title: &str, statements: &[Statement], style: Style) -> Result<()> {
    writeln!(out, "{}", style.paint(Ink::Bold, &clean(title)))?;
    if statements.is_empty() {
        return writeln!(out, "\nNothing has to be allowed.");
    }
    statements.iter().try_for_each(|statement| {
        writeln!(out)?;
        write_statement(out, statement, style)
    })
}

fn write_statement(out: &mut dyn Write, statement: &Statement, style: Style) -> Result<()> {
    writeln!(out, "{}", style.paint(Ink::Bold, &clean(&statement.sid)))?;
    list(out, style, Ink::Plain, "allows", statement.actions.iter().map(String::as_str))?;
    list(out, style, Ink::Imported, "on", statement.resources.iter().map(text_of))?;
    list(out, style, Ink::Plain, "only where", statement.conditions.iter().map(told))?;
    list(out, style, Ink::Dim, "for", reasons(statement))?;
    list(out, style, Ink::Changed, "why so wide", statement.wide.iter().map(String::as_str))
}

/// What is to be so: `iam:PassedToService is states.amazonaws.com`.
fn told(condition: &Condition) -> String {
    let is_list = condition.value.items().len() > 1;
    let verb = match condition.operator {
        "ForAnyValue:StringEquals" => "has",
        _ if is_list => "is one of",
        _ => "is",
    };
    format!("{} {verb} {}", condition.key, text_of(&condition.value))
}

/// Who needs which of the actions, and what for; those that need the same for the same stand together.
fn reasons(statement: &Statement) -> Vec<String> {
    let mut groups: Vec<(&Reason, Vec<String>)> = Vec::new();
    for reason in &statement.reasons {
        let cause = &reason.cause;
        let who = cause.who.clone().unwrap_or_else(|| cause.path.to_string());
        match groups.iter_mut().find(|(it, _)| it.cause.reason == cause.reason && it.actions == reason.actions) {
            Some((_, all)) if all.contains(&who) => {}
            Some((_, all)) => all.push(who),
            None => groups.push((reason, vec![who])),
        }
    }
    let line = |(reason, who): (&Reason, Vec<String>)| {
        let actions = match reason.actions.len() < statement.actions.len() {
            true => format!(" ({})", reason.actions.iter().cloned().collect::<Vec<_>>().join(", ")),
            false => String::new(),
        };
        format!("{}: {}{actions}", some_of(&who), reason.cause.reason)
    };
    groups.into_iter().map(line).collect()
}

/// All of a few, and of many the first.
fn some_of(names: &[String]) -> String {
    const FEW: usize = 6;
    match names.len() > FEW {
        true => format!("{} and {} more", names[..FEW - 1].join(", "), names.len() - (FEW - 1)),
        false => names.join(", "),
    }
}

/// One item a line.
fn list(out: &mut dyn Write, style: Style, ink: Ink, name: &str, items: impl IntoIterator<Item = impl AsRef<str>>) -> Result<()> {
    let mut name = name;
    for item in items {
        fact(out, style, ink, name, &clean(item.as_ref()))?;
        name = "";
    }
    Ok(())
}
