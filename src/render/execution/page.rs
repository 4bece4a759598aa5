//! An execution as a page of its own: the picture coloured by outcome, a line of time for each state, what went in and
//! what came out. No script, and nothing is fetched.
//!
//! Every value was written by whoever started the execution or by what ran in it: it is escaped, and could neither run
//! nor load if it were not.

use std::fmt::Write as _;
use std::io::{Result, Write};

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::execution::{Attempt, EcsTask, Entry, ExecutionArn, NodeStatus, sentence};
use crate::flow::NodeKind;
use crate::render::execution::View;
use crate::render::execution::page_style::style_sheet;
use crate::render::execution::status::{self, Told};
use crate::render::flow::{Badge, escape, svg_with_badges};

/// Longer values are cut, in characters.
const LONGEST_VALUE: usize = 20_000;
/// More entries than these have no line of their own.
const MOST_ENTRIES: usize = 1_000;

/// Writes the page.
pub fn page(out: &mut dyn Write, view: View<'_>) -> Result<()> {
    let title = escape(&format!("Execution {} of {}", view.arn.name, view.title));
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<meta name=\"color-scheme\" content=\"light dark\">")?;
    // Should anything ever slip through the escaping, it still can't run or load.
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">")?;
    writeln!(out, "<title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>", style_sheet())?;
    header(out, view)?;
    picture(out, view)?;
    timeline(out, view)?;
    let execution = view.execution;
    writeln!(out, "<section class=\"values\"><h2>Input and output</h2>")?;
    value(out, "input", execution.input.as_deref())?;
    value(out, "output", execution.output.as_deref())?;
    writeln!(out, "</section>\n</body>\n</html>")
}

fn header(out: &mut dyn Write, view: View<'_>) -> Result<()> {
    let execution = view.execution;
    let told = status::of_execution(execution.status);
    let time = status::elapsed(view.seconds(), !execution.status.is_ended());
    writeln!(out, "<header>\n<h1>{}</h1>", escape(view.title))?;
    writeln!(out, "<p class=\"outcome {}\">{} <b>{}</b> · {time}</p>", class(told), told.sign, escape(told.word))?;
    writeln!(out, "<dl class=\"facts\">")?;
    fact(out, "execution", &escape(&view.arn.name))?;
    for (name, time) in [("started", execution.started), ("ended", execution.stopped)] {
        if let Some(time) = time {
            fact(out, name, &format!("<time datetime=\"{time}\">{}</time>", moment(time)))?;
        }
    }
    if execution.redrives > 0 {
        fact(out, "redrives", &execution.redrives.to_string())?;
    }
    fact(out, "ARN", &escape(&view.arn.text))?;
    fact(out, "console", &link(&view.arn.console_url(), "open the execution in the AWS console"))?;
    writeln!(out, "</dl>")?;
    if let Some(failure) = &execution.failure {
        writeln!(out, "<div class=\"failure\"><b>{}</b>", escape(&failure.error))?;
        writeln!(out, "<p>{}</p></div>", escape(&limited(&sentence(&failure.cause)).0))?;
    }
    writeln!(out, "</header>")
}

fn fact(out: &mut dyn Write, name: &str, html: &str) -> Result<()> {
    writeln!(out, "<div><dt>{name}</dt><dd>{html}</dd></div>")
}

fn link(url: &str, text: &str) -> String {
    format!("<a href=\"{}\" rel=\"noreferrer\">{}</a>", escape(url), escape(text))
}

fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn picture(out: &mut dyn Write, view: View<'_>) -> Result<()> {
    let (Some((graph, _)), Some(progress)) = (view.machine, view.progress()) else { return Ok(()) };
    let badges: Vec<Option<Badge>> = graph
        .nodes
        .iter()
        .zip(&progress.nodes)
        .map(|(node, progress)| {
            let is_state = matches!(node.kind, NodeKind::State(_));
            let told = status::of_node(&progress.status);
            let text = match progress.status {
                NodeStatus::Waiting => String::new(),
                _ => format!("{} {}", told.sign, status::node(progress)),
            };
            is_state.then(|| Badge { class: class(told), text })
        })
        .collect();
    writeln!(out, "<main class=\"picture\">")?;
    svg_with_badges(out, graph, view.title, &badges)?;
    writeln!(out, "</main>")
}

/// The class of a status.
fn class(told: Told) -> &'static str {
    match told.word {
        "waiting" => "is-waiting",
        "running" => "is-running",
        "succeeded" => "is-succeeded",
        "caught" => "is-caught",
        "failed" | "timed out" => "is-failed",
        "aborted" => "is-aborted",
        _ => "is-retrying",
    }
}

/// From the beginning of an execution to its end, or to now.
#[derive(Clone, Copy)]
struct Span {
    start: Timestamp,
    seconds: f64,
}

impl Span {
    /// Where `from` to `to` stands in it, in percent: the left edge and the width, which is never too small to be seen.
    fn place(self, from: Timestamp, to: Timestamp) -> (f64, f64) {
        let percent = |time: Timestamp| (self.since(time) / self.seconds.max(0.001) * 100.0).clamp(0.0, 100.0);
        let left = percent(from).min(99.6);
        (left, (percent(to) - left).max(0.4))
    }

    fn since(self, time: Timestamp) -> f64 {
        time.duration_since(self.start).as_secs_f64()
    }
}

fn timeline(out: &mut dyn Write, view: View<'_>) -> Result<()> {
    let entries = &view.execution.entries;
    let start = view.execution.started.or(entries.first().map(|entry| entry.entered)).unwrap_or(view.now);
    let span = Span { start, seconds: view.seconds() };
    writeln!(out, "<section class=\"timeline\"><h2>Timeline</h2>")?;
    let marks: Vec<String> = (0..=4).map(|quarter| status::elapsed(span.seconds * f64::from(quarter) / 4.0, false)).collect();
    writeln!(out, "<div class=\"scale\" aria-hidden=\"true\"><span></span><span class=\"track\">")?;
    for mark in &marks {
        writeln!(out, "<i>{}</i>", escape(mark))?;
    }
    writeln!(out, "</span></div>")?;
    let progress = view.progress();
    for (index, entry) in entries.iter().enumerate().take(MOST_ENTRIES) {
        let is_retrying = progress.as_ref().is_some_and(|it| it.retries.get(index).is_some_and(Option::is_some));
        row(out, view, entry, (span, is_retrying))?;
    }
    if entries.len() > MOST_ENTRIES {
        let more = entries.len() - MOST_ENTRIES;
        writeln!(out, "<p class=\"more\">… and {more} more; all of them: stepwright show ARN --format json</p>")?;
    }
    if entries.is_empty() {
        writeln!(out, "<p class=\"more\">No state has been entered.</p>")?;
    }
    writeln!(out, "</section>")
}

fn row(out: &mut dyn Write, view: View<'_>, entry: &Entry, (span, is_retrying): (Span, bool)) -> Result<()> {
    let told = status::of_entry(entry.status, is_retrying);
    let stopped = entry.stopped.unwrap_or(view.now);
    let seconds = stopped.duration_since(entry.entered).as_secs_f64();
    let time = status::elapsed(seconds, entry.stopped.is_none());
    let depth = view.execution.around(entry).count().min(12);
    writeln!(out, "<details class=\"{}\"><summary>", class(told))?;
    writeln!(
        out,
        "<span class=\"what\" style=\"padding-left:{}px\"><i>{}</i> <b>{}</b>",
        depth * 14,
        told.sign,
        escape(&view.execution.path(entry))
    )?;
    let kind = entry.kind.map(|kind| kind.name()).unwrap_or_default();
    let attempts = if entry.attempts.len() > 1 { format!(", {} attempts", entry.attempts.len()) } else { String::new() };
    writeln!(out, "<small>{kind} · {} · {time}{attempts}</small></span>", escape(told.word))?;
    writeln!(out, "<span class=\"track\">")?;
    bar(out, span, (entry.entered, stopped), "around")?;
    if entry.attempts.is_empty() {
        bar(out, span, (entry.entered, stopped), class(told))?;
    }
    for attempt in &entry.attempts {
        let told = status::of_entry(attempt.status, false);
        bar(out, span, (attempt.started, attempt.stopped.unwrap_or(stopped)), class(told))?;
    }
    writeln!(out, "</span></summary>\n<div class=\"inside\">")?;
    if let Some(failure) = &entry.failure {
        writeln!(out, "<p class=\"why\">{}</p>", escape(&limited(&status::failure(failure)).0))?;
    }
    attempts_of(out, entry, (span, view.now))?;
    if let Some(arn) = &entry.map_run_arn {
        writeln!(out, "<p><b>map run</b> {}</p>", escape(arn))?;
    }
    value(out, "input", entry.input.as_deref())?;
    if let [only] = entry.attempts.as_slice() {
        value(out, "parameters", only.parameters.as_deref())?;
    }
    value(out, "output", entry.output.as_deref())?;
    writeln!(out, "</div></details>")
}

fn bar(out: &mut dyn Write, span: Span, (from, to): (Timestamp, Timestamp), class: &str) -> Result<()> {
    let (left, width) = span.place(from, to);
    writeln!(out, "<i class=\"bar {class}\" style=\"left:{left:.2}%;width:{width:.2}%\"></i>")
}

fn attempts_of(out: &mut dyn Write, entry: &Entry, (span, now): (Span, Timestamp)) -> Result<()> {
    if entry.attempts.is_empty() {
        return Ok(());
    }
    writeln!(out, "<ol class=\"attempts\">")?;
    for attempt in &entry.attempts {
        let told = status::of_entry(attempt.status, false);
        let seconds = attempt.stopped.unwrap_or(now).duration_since(attempt.started).as_secs_f64();
        let mut line = String::new();
        // Writing to a string does not fail.
        let _ = write!(
            line,
            "<span class=\"{}\">{} {}</span> at {}, {}",
            class(told),
            told.sign,
            escape(told.word),
            escape(&status::elapsed(span.since(attempt.started), false)),
            escape(&status::elapsed(seconds, attempt.stopped.is_none())),
        );
        if let Some(resource) = &attempt.resource {
            let _ = write!(line, " · {}", escape(resource));
        }
        writeln!(out, "<li>{line}")?;
        if let Some(failure) = &attempt.failure {
            writeln!(out, "<p class=\"why\">{}</p>", escape(&limited(&status::failure(failure)).0))?;
        }
        tasks_of(out, attempt)?;
        writeln!(out, "</li>")?;
    }
    writeln!(out, "</ol>")
}

fn tasks_of(out: &mut dyn Write, attempt: &Attempt) -> Result<()> {
    for task in &attempt.tasks {
        writeln!(out, "<p class=\"task\">task {}: {}</p>", task_link(task), escape(&limited(&status::task(task)).0))?;
    }
    Ok(())
}

fn task_link(task: &EcsTask) -> String {
    match ExecutionArn::task_console_url(&task.arn) {
        Some(url) => link(&url, task.id()),
        None => escape(&task.arn),
    }
}

/// A value in full, or as much of it as anybody reads.
fn value(out: &mut dyn Write, name: &str, text: Option<&str>) -> Result<()> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(()) };
    let pretty = serde_json::from_str::<Json>(text).ok().and_then(|json| serde_json::to_string_pretty(&json).ok());
    let (kept, more) = limited(pretty.as_deref().unwrap_or(text));
    let lines: Vec<String> = kept.split('\n').map(escape).collect();
    writeln!(out, "<figure><figcaption>{name}</figcaption><pre>{}</pre>", lines.join("\n"))?;
    if more > 0 {
        writeln!(out, "<p class=\"more\">… {more} more characters; all of them: stepwright show ARN --format json</p>")?;
    }
    writeln!(out, "</figure>")
}

/// The beginning, and how many characters follow.
fn limited(text: &str) -> (String, usize) {
    let kept: String = text.chars().take(LONGEST_VALUE).collect();
    let more = text.chars().count().saturating_sub(LONGEST_VALUE);
    (kept, more)
}
