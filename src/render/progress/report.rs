//! How an apply ended.

use std::io::{Result, Write};

use crate::address::Address;
use crate::apply::{Event, Summary};
use crate::aws::Error;
use crate::plan::OperationName;
use crate::render::Style;
use crate::render::clean::clean;
use crate::render::literal;
use crate::render::progress::{seconds, words};
use crate::render::style::Ink;

/// A step that failed, kept for the end.
#[derive(Clone, Debug)]
pub struct Failure {
    pub address: Address,
    pub operation: OperationName,
    pub error: Error,
}

impl Failure {
    /// What `event` tells of a failure, if it does.
    pub fn of_event(event: &Event) -> Option<Self> {
        match event {
            Event::StepFailed { address, operation, error, .. } => {
                Some(Self { address: address.clone(), operation: *operation, error: error.clone() })
            }
            _ => None,
        }
    }
}

/// The closing report: what failed and why, what was not tried, what was done. `title` is `Apply` or `Destroy`.
pub fn report(out: &mut dyn Write, title: &str, summary: &Summary, failures: &[Failure], style: Style) -> Result<()> {
    for failure in failures {
        failed(out, failure, style)?;
    }
    if !summary.is_success() {
        list(out, "Done", &summary.done, |operation| words(operation).done, style)?;
        list(out, "Not tried", &summary.not_tried, |operation| words(operation).infinitive, style)?;
    }
    let counts = counts(summary);
    let elapsed = seconds(summary.elapsed);
    if summary.is_success() {
        return writeln!(out, "{} {counts} in {elapsed}.", style.paint(Ink::Added, &format!("{title} complete!")));
    }
    let headline = format!("{title} {}.", if summary.interrupted { "interrupted" } else { "failed" });
    writeln!(out, "{} {counts} in {elapsed}.", style.paint(Ink::Alert, &headline))?;
    writeln!(out, "The state holds what was done. Run {} again to go on from here.", title.to_lowercase())
}

fn failed(out: &mut dyn Write, failure: &Failure, style: Style) -> Result<()> {
    let Failure { address, operation, error } = failure;
    let headline = format!("{}: could not {} it", literal::address(address), words(*operation).infinitive);
    writeln!(out, "{} {}", style.paint(Ink::Alert, "Error:"), style.paint(Ink::Bold, &headline))?;
    writeln!(out, "  {}", clean(&error.message))?;
    writeln!(out, "  {}       {}", style.paint(Ink::Dim, "call"), clean(error.operation))?;
    if let Some(code) = &error.code {
        writeln!(out, "  {}       {}", style.paint(Ink::Dim, "code"), clean(code))?;
    }
    if let Some(request_id) = &error.request_id {
        writeln!(out, "  {} {}", style.paint(Ink::Dim, "request id"), clean(request_id))?;
    }
    for help in &error.help {
        writeln!(out, "  {} {}", style.paint(Ink::Imported, "help:"), clean(help))?;
    }
    writeln!(out)
}

fn list(
    out: &mut dyn Write,
    title: &str,
    steps: &[(Address, OperationName)],
    word: fn(OperationName) -> &'static str,
    style: Style,
) -> Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", style.paint(Ink::Bold, &format!("{title}:")))?;
    let names: Vec<String> = steps.iter().map(|(address, _)| literal::address(address)).collect();
    let longest = names.iter().map(|name| crate::render::clean::width(name)).max().unwrap_or(0);
    for (name, (_, operation)) in names.iter().zip(steps) {
        let padding = " ".repeat(longest - crate::render::clean::width(name));
        writeln!(out, "  {name}{padding}  {}", word(*operation))?;
    }
    writeln!(out)
}

/// `5 added, 1 changed, 0 destroyed`, and what else there was.
fn counts(summary: &Summary) -> String {
    let done = |wanted: OperationName| summary.done.iter().filter(|(_, operation)| *operation == wanted).count();
    let mut parts = Vec::new();
    if done(OperationName::Import) > 0 {
        parts.push(format!("{} imported", done(OperationName::Import)));
    }
    parts.push(format!("{} added", done(OperationName::Create)));
    parts.push(format!("{} changed", done(OperationName::Update)));
    parts.push(format!("{} destroyed", done(OperationName::Delete)));
    if done(OperationName::Forget) > 0 {
        parts.push(format!("{} forgotten", done(OperationName::Forget)));
    }
    format!("Resources: {}", parts.join(", "))
}
