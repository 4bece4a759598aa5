//! The earlier states, and what the return of one of them changes.

use std::io::{Result, Write};

use serde_json::{Value as Json, json};

use crate::render::Style;
use crate::render::clean::clean;
use crate::render::literal;
use crate::render::style::Ink;
use crate::state::{Compared, Comparison, Earlier, State, StateError};

/// `state history`: a line for each state, the present one first.
pub fn history(out: &mut dyn Write, present: Option<&Earlier>, earlier: &[Earlier], style: Style) -> Result<()> {
    let rows: Vec<[String; 4]> = present.into_iter().chain(earlier).map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2)];
    for (index, (row, it)) in rows.iter().zip(present.into_iter().chain(earlier)).enumerate() {
        let [serial, time, resources, size] = row;
        let [serial_width, time_width, resources_width] = widths;
        write!(out, "{serial:>serial_width$}  {time:time_width$}  {resources:>resources_width$}  {size}")?;
        match &it.content {
            Ok((_, Some(author))) => write!(out, "  {}", clean(&author.command))?,
            Ok((_, None)) => {}
            Err(StateError::Sealed { .. }) => write!(out, "  {}", style.paint(Ink::Alert, "sealed, no key to open it"))?,
            Err(_) => write!(out, "  {}", style.paint(Ink::Alert, "damaged"))?,
        }
        let is_present = present.is_some() && index == 0;
        writeln!(out, "{}", if is_present { style.paint(Ink::Dim, "  (present)") } else { String::new() })?;
    }
    Ok(())
}

/// The same for programs.
pub fn history_json(present: Option<&Earlier>, earlier: &[Earlier]) -> Json {
    let present = present.map(|it| entry(it, true));
    let states: Vec<Json> = present.into_iter().chain(earlier.iter().map(|it| entry(it, false))).collect();
    json!({ "states": states })
}

fn row(it: &Earlier) -> [String; 4] {
    let serial = if is_known(it) { it.serial.to_string() } else { "?".to_owned() };
    let time = it.written_at.map_or_else(|| "?".to_owned(), |at| format!("{at:.0}"));
    let resources = match &it.content {
        Ok((state, _)) if state.resources.len() == 1 => "1 resource".to_owned(),
        Ok((state, _)) => format!("{} resources", state.resources.len()),
        Err(_) => "?".to_owned(),
    };
    [serial, time, resources, format!("{} bytes", it.size)]
}

/// The serial of a damaged file is only in its name, and the present one has none there.
fn is_known(it: &Earlier) -> bool {
    it.content.is_ok() || it.serial > 0
}

fn entry(it: &Earlier, is_present: bool) -> Json {
    let told = it.content.as_ref().ok();
    json!({
        "serial": is_known(it).then_some(it.serial),
        "present": is_present,
        "written_at": it.written_at.map(|at| at.to_string()),
        "resources": told.map(|(state, _)| state.resources.len()),
        "lineage": told.map(|(state, _)| state.lineage.as_str()),
        "size": it.size,
        "command": told.and_then(|(_, author)| Some(author.as_ref()?.command.as_str())),
        "damaged": it.content.as_ref().err().map(ToString::to_string),
        "path": it.path.display().to_string(),
    })
}

/// What an earlier state changes in the record when it comes back: a line for each address.
pub fn restored(out: &mut dyn Write, compared: &[Compared], style: Style) -> Result<()> {
    for it in compared {
        let (ink, symbol, what) = match &it.comparison {
            Comparison::Added { id } => (Ink::Added, "+", clean(id)),
            Comparison::Removed { id } => (Ink::Removed, "-", clean(id)),
            Comparison::Changed { before, after } if before == after => (Ink::Changed, "~", clean(after)),
            Comparison::Changed { before, after } => (Ink::Changed, "~", format!("{} -> {}", clean(before), clean(after))),
        };
        let deposed = if it.is_deposed { " (deposed)" } else { "" };
        writeln!(out, "  {} {}{deposed}  {}", style.paint(ink, symbol), literal::address(&it.address), what)?;
    }
    Ok(())
}

/// The same for programs, with what was written.
pub fn restored_json(serial: u64, written: Option<&State>, compared: &[Compared], aside: &[std::path::PathBuf]) -> Json {
    let change = |it: &Compared| {
        let (action, before, after) = match &it.comparison {
            Comparison::Added { id } => ("add", None, Some(id)),
            Comparison::Removed { id } => ("remove", Some(id), None),
            Comparison::Changed { before, after } => ("change", Some(before), Some(after)),
        };
        json!({
            "address": it.address.to_string(),
            "action": action,
            "deposed": it.is_deposed,
            "id_before": before,
            "id_after": after,
        })
    };
    json!({
        "restored": serial,
        "lineage": written.map(|state| state.lineage.as_str()),
        "serial": written.map(|state| state.serial),
        "changes": compared.iter().map(change).collect::<Vec<_>>(),
        "kept_aside": aside.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
    })
}
