//! What became of an execution.

use std::io::{Result, Write};

use crate::execution::{Entry, EntryStatus, sentence};
use crate::render::clean::{beginning, clean, width};
use crate::render::execution::{View, status};
use crate::render::flow::shortened;
use crate::render::style::{Ink, Style};

/// Longer values are cut; `--format json` has all of them.
const LONGEST_VALUE: usize = 600;
/// More entries than these are not listed one by one.
const ENTRIES_TOLD: usize = 40;
/// And of one entry, more attempts than these are not.
const ATTEMPTS_TOLD: usize = 12;
/// Where values begin.
const COLUMN: usize = 10;

/// The outcome, state by state, then error and cause or the output.
pub fn summary(out: &mut dyn Write, view: View<'_>, style: Style) -> Result<()> {
    let execution = view.execution;
    let told = status::of_execution(execution.status);
    let time = status::elapsed(view.seconds(), !execution.status.is_ended());
    let preposition = if execution.status.is_ended() { "after" } else { "for" };
    let title = format!("Execution {} of {}", clean(&view.arn.name), clean(view.title));
    let outcome = format!("{} {} {preposition} {time}", told.sign, told.word);
    writeln!(out, "{}", style.paint(Ink::Bold, &title))?;
    writeln!(out, "{}", style.paint(told.ink, &outcome))?;
    writeln!(out)?;
    entries(out, view, style)?;
    if let Some(failure) = &execution.failure {
        fact(out, style, "error", &failure.error)?;
        fact(out, style, "cause", &sentence(&failure.cause))?;
    }
    fact(out, style, "input", execution.input.as_deref().unwrap_or_default())?;
    fact(out, style, "output", execution.output.as_deref().unwrap_or_default())?;
    if execution.redrives > 0 {
        fact(out, style, "redrives", &execution.redrives.to_string())?;
    }
    // These two are for taking along, and stay whole.
    writeln!(out, "  {}       {}", style.paint(Ink::Dim, "arn"), clean(&view.arn.text))?;
    writeln!(out, "  {}   {}", style.paint(Ink::Dim, "console"), clean(&view.arn.console_url()))
}

fn entries(out: &mut dyn Write, view: View<'_>, style: Style) -> Result<()> {
    let all = &view.execution.entries;
    let progress = view.progress();
    let is_retrying =
        |index: usize| progress.as_ref().is_some_and(|progress| progress.retries.get(index).is_some_and(Option::is_some));
    // Of many, what went wrong is told first of all, then the latest.
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|index| (all[*index].status == EntryStatus::Succeeded, std::cmp::Reverse(*index)));
    let kept = order.get(..order.len().min(ENTRIES_TOLD)).unwrap_or_default();
    let names: Vec<(usize, String)> = all
        .iter()
        .enumerate()
        .filter(|(index, _)| kept.contains(index))
        .map(|(index, entry)| (index, clean(&view.execution.path(entry))))
        .collect();
    let longest = names.iter().map(|(_, name)| width(name)).max().unwrap_or_default().min((style.width / 3).max(12));
    for (index, name) in &names {
        let entry = &all[*index];
        let told = status::of_entry(entry.status, is_retrying(*index));
        let name = shortened(name, longest);
        let padding = " ".repeat(longest.saturating_sub(width(&name)));
        let seconds = entry.stopped.unwrap_or(view.now).duration_since(entry.entered).as_secs_f64();
        let time = status::elapsed(seconds, entry.stopped.is_none());
        let attempts = match entry.attempts.len() {
            0 | 1 => String::new(),
            number => format!("  {number} attempts"),
        };
        writeln!(
            out,
            "  {} {}{padding}  {}  {time}{attempts}",
            style.paint(told.ink, told.sign),
            style.paint(Ink::Bold, &name),
            style.paint(told.ink, &format!("{:9}", told.word)),
        )?;
        details(out, entry, style)?;
    }
    if names.len() < all.len() {
        writeln!(out, "  … and {} more; all of them: --format json", all.len() - names.len())?;
    }
    if !all.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

/// Each attempt, with its error and its tasks.
fn details(out: &mut dyn Write, entry: &Entry, style: Style) -> Result<()> {
    let is_several = entry.attempts.len() > 1;
    let left_out = entry.attempts.len().saturating_sub(ATTEMPTS_TOLD);
    if left_out > 0 {
        line(out, style, Ink::Dim, 6, &format!("… {left_out} attempts before; all of them: --format json"))?;
    }
    for (number, attempt) in entry.attempts.iter().enumerate().skip(left_out) {
        let told = status::of_entry(attempt.status, false);
        let why = attempt.failure.as_ref().map(status::failure);
        match (is_several, why) {
            (true, Some(why)) => line(out, style, Ink::Changed, 6, &format!("attempt {}: {why}", number + 1))?,
            (true, None) => line(out, style, told.ink, 6, &format!("attempt {}: {}", number + 1, told.word))?,
            (false, Some(why)) => line(out, style, Ink::Changed, 6, &why)?,
            (false, None) => {}
        }
        for task in &attempt.tasks {
            line(out, style, Ink::Dim, 8, &clean(&task.arn))?;
            line(out, style, Ink::Dim, 10, &status::task(task))?;
        }
    }
    let is_told = entry.attempts.iter().any(|attempt| attempt.failure.is_some());
    match &entry.failure {
        Some(failure) if !is_told => line(out, style, Ink::Changed, 6, &status::failure(failure)),
        _ => Ok(()),
    }
}

/// Indented, and broken between words where it is longer than the terminal is wide.
fn line(out: &mut dyn Write, style: Style, ink: Ink, indent: usize, text: &str) -> Result<()> {
    let lines = wrapped(&limited(text), style.width.saturating_sub(indent).max(20));
    lines.iter().try_for_each(|line| writeln!(out, "{:indent$}{}", "", style.paint(ink, line)))
}

/// `text` in lines of at most so many columns; longer words, as ARNs are, stay whole.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(last) if width(last) + 1 + width(word) <= columns => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A line in pieces of so many columns.
fn pieces(mut line: &str, columns: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    while width(line) > columns {
        let piece = beginning(line, columns.max(2));
        pieces.push(piece.to_owned());
        line = &line[piece.len()..];
    }
    pieces.push(line.to_owned());
    pieces
}

fn fact(out: &mut dyn Write, style: Style, name: &str, value: &str) -> Result<()> {
    if value.is_empty() {
        return Ok(());
    }
    let padding = " ".repeat(COLUMN.saturating_sub(width(name)));
    let mut name = format!("{}{padding}", style.paint(Ink::Dim, name));
    let columns = style.width.saturating_sub(COLUMN + 2).max(20);
    for line in wrapped(&limited(&clean(value)), columns).iter().flat_map(|line| pieces(line, columns)) {
        writeln!(out, "  {name}{line}")?;
        name = " ".repeat(COLUMN);
    }
    Ok(())
}

/// What is cleaned already, cut where it is too long, with a word on where the rest is.
fn limited(text: &str) -> String {
    let length = width(text);
    if length <= LONGEST_VALUE {
        return text.to_owned();
    }
    format!("{} ({length} characters; all of them: --format json)", shortened(text, LONGEST_VALUE))
}
