//! Events as plain lines.

use std::io::{Result, Write};
use std::time::Duration;

use crate::address::Address;
use crate::apply::Event;
use crate::plan::OperationName;
use crate::render::Style;
use crate::render::clean::clean;
use crate::render::literal;
use crate::render::progress::{seconds, words};
use crate::render::style::Ink;

/// The line of `event`; nothing for those that a reader of lines need not see.
pub fn event_line(out: &mut dyn Write, event: &Event, style: Style) -> Result<()> {
    let subject = |address: &Address| style.paint(Ink::Bold, &format!("{}:", literal::address(address)));
    match event {
        Event::Settled { address, adopted } => {
            let outcome = if *adopted { "had taken effect; it is kept" } else { "had not taken effect; it is planned again" };
            writeln!(out, "{} What an interrupted run began {outcome}", subject(address))
        }
        Event::Started { .. } | Event::StepExists { .. } | Event::Finished(_) => Ok(()),
        Event::StepStarted { address, operation, id, .. } => {
            writeln!(out, "{} {}...{}", subject(address), words(*operation).doing, id_suffix(id.as_deref()))
        }
        Event::StepWaiting { address, what, at_most, .. } => {
            writeln!(out, "{} Waiting for {} (at most {})...", subject(address), clean(what), seconds(*at_most))
        }
        Event::StepDone { address, operation, id, elapsed, .. } => {
            let (deed, elapsed) = (words(*operation).deed, seconds(*elapsed));
            writeln!(out, "{} {deed} complete after {elapsed}{}", subject(address), id_suffix(id.as_deref()))
        }
        Event::StepFailed { address, operation, error, elapsed, .. } => {
            let what = format!("{} failed after {}:", words(*operation).deed, seconds(*elapsed));
            writeln!(out, "{} {} {}", subject(address), style.paint(Ink::Alert, &what), clean(&error.to_string()))
        }
        Event::Draining { running } => {
            let what = style.paint(Ink::Changed, "Interrupted:");
            writeln!(
                out,
                "{what} nothing new is started; waiting for {} to finish. Press Ctrl-C again to leave at once.",
                many(*running)
            )
        }
        Event::Aborted { running } => {
            let what = style.paint(Ink::Alert, "Aborted:");
            writeln!(out, "{what} {} left unfinished; the next run looks up what became of it.", many(*running))
        }
    }
}

/// The line that tells every few seconds that a step is still at it.
pub fn still_running_line(
    out: &mut dyn Write,
    address: &Address,
    operation: OperationName,
    elapsed: Duration,
    style: Style,
) -> Result<()> {
    let subject = style.paint(Ink::Bold, &format!("{}:", literal::address(address)));
    let doing = words(operation).doing.to_lowercase();
    writeln!(out, "{subject} Still {doing}... [{} elapsed]", seconds(elapsed))
}

fn id_suffix(id: Option<&str>) -> String {
    id.map(|id| format!(" [id={}]", clean(id))).unwrap_or_default()
}

fn many(running: usize) -> String {
    format!("{running} running {}", if running == 1 { "operation" } else { "operations" })
}
