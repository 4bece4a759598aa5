//! What changed outside: beside a plan, and by itself.

use std::io::{Result, Write};

use crate::plan::{Change, LeftAloneBecause, Plan, Reason};
use crate::render::Style;
use crate::render::human::changed;
use crate::render::literal;
use crate::render::style::Ink;

/// All of it, with whose it is, and a closing line: what `stepwright drift` prints.
pub fn drift(out: &mut dyn Write, plan: &Plan, style: Style) -> Result<()> {
    note(out, plan, style)?;
    super::notices(out, plan, style)?;
    let drifted = plan.drifted().count();
    if drifted == 0 {
        let headline = style.paint(Ink::Added, "No drift.");
        return writeln!(out, "{headline} What the stack manages is as it was applied.");
    }
    let gone = plan.drifted().filter(|change| is_gone(change)).count();
    let headline = style.paint(Ink::Changed, "Drift:");
    writeln!(out, "{headline} {} changed, {gone} deleted outside of Stepwright. An apply puts them back.", drifted - gone)
}

/// Above a plan: what it knows to have changed outside, whether or not it does something about it.
///
/// What is left alone is told only where nothing else is asked for: in a plan it would hide what matters.
pub(super) fn note(out: &mut dyn Write, plan: &Plan, style: Style) -> Result<()> {
    let is_told = |change: &&Change| change.has_drifted() || (plan.is_refresh_only && !change.left_alone.is_empty());
    let told: Vec<&Change> = plan.changes.iter().filter(is_told).collect();
    if told.is_empty() {
        return Ok(());
    }
    writeln!(out, "{} objects have changed outside of Stepwright\n", style.paint(Ink::Changed, "Note:"))?;
    for change in told {
        resource(out, change, plan.is_refresh_only, style)?;
    }
    Ok(())
}

/// `No changes.`, or what applying a refresh-only plan would do.
pub(super) fn refresh_line(out: &mut dyn Write, plan: &Plan, style: Style) -> Result<()> {
    if !plan.has_changes() {
        let headline = style.paint(Ink::Added, "No changes.");
        return writeln!(out, "{headline} The state matches what is in AWS.");
    }
    let sentence = "This is a refresh-only plan: nothing is done about these changes. Applied, it records them in the state.";
    writeln!(out, "{sentence}")
}

fn resource(out: &mut dyn Write, change: &Change, with_left_alone: bool, style: Style) -> Result<()> {
    let address = literal::address(&change.address);
    let mut heading = |text: String| writeln!(out, "    {}", style.paint(Ink::Bold, &format!("# {address} {text}")));
    if is_gone(change) {
        heading("has been deleted".to_owned())?;
        return writeln!(out);
    }
    if !change.drift.is_empty() {
        heading("has changed".to_owned())?;
        changed::drift_section(change, style).write(out, &address, style)?;
        writeln!(out)?;
    }
    for because in [LeftAloneBecause::Unmanaged, LeftAloneBecause::Ignored] {
        let left: Vec<_> =
            change.left_alone.iter().filter(|left| left.because == because).map(|left| left.difference.clone()).collect();
        if left.is_empty() || !with_left_alone {
            continue;
        }
        let why = match because {
            LeftAloneBecause::Unmanaged => "has changed in what the stack says nothing of; that is left alone",
            LeftAloneBecause::Ignored => "has changed in what lifecycle.ignore_changes names; that is left alone",
        };
        writeln!(out, "    {}", style.paint(Ink::Bold, &format!("# {address} {why}")))?;
        let change = Change { drift: left, ..change.clone() };
        changed::drift_section(&change, style).write(out, &address, style)?;
        writeln!(out)?;
    }
    Ok(())
}

fn is_gone(change: &Change) -> bool {
    change.reasons.contains(&Reason::Missing)
}
