//! A plan as people read it, in Terraform's words and the look of the stack file.
//!
//! ```text
//!     # task_definition.report must be replaced
//!     # (cannot be changed in place: memory)
//! +/- [task_definition.report]
//!   ~ arn    = "arn:…:3" -> (known after apply)
//!   ~ memory = "512" -> "1024"  # forces replacement
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `heading.rs` | what happens to a resource and why, in words |
//! | `section.rs` | lines and sections, and how they are written: gutter, alignment, line breaks |
//! | `whole.rs` | a value that comes or goes as a whole → sections |
//! | `changed.rs` | differences → sections |
//! | `drift.rs` | what changed outside, in a plan and by itself |
//! | `text_diff.rs` | what changed inside a long text or a document |

use std::io::{Result, Write};

use crate::plan::{Action, Change, OutputChange, Plan};
use crate::render::Style;
use crate::render::clean::clean;
use crate::render::literal;
use crate::render::mask;
use crate::render::style::Ink;
use crate::resource::Replacement;
use crate::value::Value;

mod changed;
mod drift;
mod heading;
pub(crate) mod section;
mod text_diff;
pub(crate) mod whole;

pub use drift::drift;
use section::{Body, Entry, Symbol};

/// The whole plan: what changed outside, what is to be done, outputs, notices, and the closing line.
pub fn plan(out: &mut dyn Write, plan: &Plan, style: Style) -> Result<()> {
    drift::note(out, plan, style)?;
    if plan.is_refresh_only {
        notices(out, plan, style)?;
        return drift::refresh_line(out, plan, style);
    }
    let changes: Vec<&Change> = plan.changes.iter().filter(|change| change.action.is_change()).collect();
    if !changes.is_empty() {
        legend(out, &changes, style)?;
        writeln!(out, "Stepwright will perform the following actions:\n")?;
        for change in &changes {
            resource(out, change, style)?;
        }
    }
    outputs(out, &plan.outputs, style)?;
    notices(out, plan, style)?;
    closing_line(out, plan, style)
}

fn notices(out: &mut dyn Write, plan: &Plan, style: Style) -> Result<()> {
    plan.notices.iter().try_for_each(|notice| writeln!(out, "{} {}\n", style.paint(Ink::Changed, "Note:"), clean(notice)))
}

/// `Plan: 5 to add, 1 to change, 0 to destroy.`, or that there is nothing to do.
pub fn closing_line(out: &mut dyn Write, plan: &Plan, style: Style) -> Result<()> {
    if !plan.has_changes() {
        let headline = style.paint(Ink::Added, "No changes.");
        return writeln!(out, "{headline} Your infrastructure matches the stack.");
    }
    let counts = plan.counts();
    let mut parts = Vec::new();
    if counts.import > 0 {
        parts.push(format!("{} to import", counts.import));
    }
    parts.push(format!("{} to add", counts.add));
    parts.push(format!("{} to change", counts.change));
    parts.push(format!("{} to destroy", counts.destroy));
    if counts.forget > 0 {
        parts.push(format!("{} to forget", counts.forget));
    }
    if !plan.changes.iter().any(|change| change.action.is_change()) {
        if !plan.moves.is_empty() {
            return writeln!(out, "Applying this plan only records what has moved; no resource changes.");
        }
        return writeln!(out, "Applying this plan only saves the new output values; no resource changes.");
    }
    writeln!(out, "{} {}.", style.paint(Ink::Bold, "Plan:"), parts.join(", "))
}

/// The symbols that this plan uses, each with its meaning.
fn legend(out: &mut dyn Write, changes: &[&Change], style: Style) -> Result<()> {
    const ALL: [(Action, &str); 7] = [
        (Action::Import, "import"),
        (Action::Create, "create"),
        (Action::Update, "update in-place"),
        (Action::Replace(Replacement::CreateThenDelete), "create replacement and then destroy"),
        (Action::Replace(Replacement::DeleteThenCreate), "destroy and then create replacement"),
        (Action::Delete, "destroy"),
        (Action::Forget, "forget"),
    ];
    writeln!(out, "Resource actions are indicated with the following symbols:")?;
    for (action, meaning) in ALL {
        if changes.iter().any(|change| change.action == action) {
            writeln!(out, "{} {meaning}", Symbol::of(action).gutter(style))?;
        }
    }
    writeln!(out)
}

/// One resource: its heading, and the fields that change.
fn resource(out: &mut dyn Write, change: &Change, style: Style) -> Result<()> {
    heading::write(out, change, style)?;
    let section = changed::section(change, style);
    section.write(out, &literal::address(&change.address), style)?;
    writeln!(out)
}

fn outputs(out: &mut dyn Write, outputs: &[OutputChange], style: Style) -> Result<()> {
    let entries: Vec<Entry> = outputs.iter().filter(|output| output.is_change()).map(output_entry).collect();
    if entries.is_empty() {
        return Ok(());
    }
    writeln!(out, "Changes to Outputs:")?;
    section::write_entries(out, &entries, style)?;
    writeln!(out)
}

fn output_entry(output: &OutputChange) -> Entry {
    let show = |value: &Option<_>, opposite: &Option<_>| {
        value
            .as_ref()
            .map(|value| if output.sensitive { mask::hidden(value) } else { mask::mask(None, value, opposite.as_ref()) })
    };
    let (before, after) = (show(&output.before, &output.after), show(&output.after, &output.before));
    let (symbol, body) = match (&before, &after) {
        (Some(Value::Secret(_)), Some(after @ Value::Secret(_))) => (Symbol::Change, Body::Inline(literal::inline(after))),
        (Some(before), Some(after)) => (Symbol::Change, Body::Moved(literal::inline(before), literal::inline(after))),
        (Some(before), None) => (Symbol::Remove, Body::Inline(literal::inline(before))),
        (None, after) => (Symbol::Add, Body::Inline(after.as_ref().map(literal::inline).unwrap_or_default())),
    };
    Entry { symbol, key: literal::key(&output.name), body, note: None }
}

#[cfg(test)]
mod tests;
