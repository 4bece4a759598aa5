//! Facts under a heading: their names in one column, what they are in another, broken to the width of the terminal.

use std::io::{Result, Write};

use crate::render::clean::width;
use crate::render::style::{Ink, Style};

/// Where the facts begin.
const COLUMN: usize = 14;

/// A line of two columns, the second broken where it does not fit.
pub(crate) fn fact(out: &mut dyn Write, style: Style, ink: Ink, name: &str, text: &str) -> Result<()> {
    let room = style.width.saturating_sub(COLUMN + 2).max(20);
    let hang = text.len() - text.trim_start().len();
    let mut lines: Vec<String> = vec![" ".repeat(hang)];
    for word in text.split_whitespace() {
        let last = lines.last().map_or(0, |line| width(line));
        if last > hang && last + 1 + width(word) > room {
            lines.push(" ".repeat(hang));
        }
        if let Some(line) = lines.last_mut() {
            if width(line) > hang {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    for (index, line) in lines.iter().enumerate() {
        let name = if index == 0 { name } else { "" };
        let padding = " ".repeat(COLUMN.saturating_sub(width(name)));
        writeln!(out, "  {}{padding}{}", style.paint(Ink::Dim, name), style.paint(ink, line))?;
    }
    Ok(())
}
