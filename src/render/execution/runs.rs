//! The executions of a stack, a line each.

use std::io::{Result, Write};

use jiff::Timestamp;

use crate::execution::Description;
use crate::render::clean::{clean, width};
use crate::render::execution::status;
use crate::render::style::{Ink, Style};

/// An execution and the address of its machine.
#[derive(Clone, Debug)]
pub struct Run {
    pub address: String,
    pub description: Description,
}

/// A line for each, in their order. `names_machines` where they are of more than one machine.
pub fn runs(out: &mut dyn Write, runs: &[Run], names_machines: bool, now: Timestamp, style: Style) -> Result<()> {
    if runs.is_empty() {
        return writeln!(out, "There are no executions.");
    }
    let rows: Vec<[String; 4]> = runs.iter().map(|run| row(run, names_machines, now)).collect();
    let widths = [0, 1, 2].map(|column| rows.iter().map(|row| width(&row[column])).max().unwrap_or_default());
    for ([machine, time, duration, name], run) in rows.iter().zip(runs) {
        let told = status::of_execution(run.description.status);
        let status = style.paint(told.ink, &format!("{} {:9}", told.sign, told.word));
        let [machine_width, time_width, duration_width] = widths;
        let machine = if names_machines { format!("  {machine:machine_width$}") } else { String::new() };
        let redrives = match run.description.redrives {
            0 => String::new(),
            number => style.paint(Ink::Dim, &format!("  redriven {number}×")),
        };
        writeln!(out, "{status}{machine}  {time:time_width$}  {duration:>duration_width$}  {name}{redrives}")?;
    }
    Ok(())
}

fn row(run: &Run, names_machines: bool, now: Timestamp) -> [String; 4] {
    let it = &run.description;
    let started = it.started.map_or_else(|| "?".to_owned(), |at| format!("{at:.0}"));
    let seconds = |started: Timestamp, stopped: Timestamp| stopped.duration_since(started).as_secs_f64();
    let duration = match (it.started, it.stopped) {
        (Some(started), Some(stopped)) => status::elapsed(seconds(started, stopped), false),
        (Some(started), None) if !it.status.is_ended() => status::elapsed(seconds(started, now), true),
        _ => "?".to_owned(),
    };
    let machine = if names_machines { clean(&run.address) } else { String::new() };
    [machine, started, duration, clean(&it.name)]
}
