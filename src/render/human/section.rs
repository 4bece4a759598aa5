//! Lines and sections of the plan, and how they are written: a gutter of symbols, then what looks like the stack file.

use std::io::{Result, Write};

use crate::plan::Action;
use crate::render::Style;
use crate::render::clean::width;
use crate::render::style::Ink;
use crate::resource::Replacement;

/// What stands in the gutter, three columns wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symbol {
    None,
    Add,
    Change,
    Remove,
    CreateThenDelete,
    DeleteThenCreate,
    Import,
    Forget,
}

impl Symbol {
    pub(crate) fn of(action: Action) -> Self {
        match action {
            Action::NoOp => Self::None,
            Action::Create => Self::Add,
            Action::Update | Action::Refresh => Self::Change,
            Action::Replace(Replacement::CreateThenDelete) => Self::CreateThenDelete,
            Action::Replace(Replacement::DeleteThenCreate) => Self::DeleteThenCreate,
            Action::Delete => Self::Remove,
            Action::Import => Self::Import,
            Action::Forget => Self::Forget,
        }
    }

    pub(crate) fn gutter(self, style: Style) -> String {
        match self {
            Self::None => "   ".to_owned(),
            Self::Add => format!("  {}", style.paint(Ink::Added, "+")),
            Self::Change => format!("  {}", style.paint(Ink::Changed, "~")),
            Self::Remove => format!("  {}", style.paint(Ink::Removed, "-")),
            Self::CreateThenDelete => {
                format!("{}/{}", style.paint(Ink::Added, "+"), style.paint(Ink::Removed, "-"))
            }
            Self::DeleteThenCreate => {
                format!("{}/{}", style.paint(Ink::Removed, "-"), style.paint(Ink::Added, "+"))
            }
            Self::Import => format!(" {}", style.paint(Ink::Imported, "<=")),
            Self::Forget => format!("  {}", style.paint(Ink::Removed, ".")),
        }
    }
}

/// A table: its own lines, then the tables below it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Section {
    pub(crate) symbol: Symbol,
    /// Below the resource's address; empty for the resource itself.
    pub(crate) path: String,
    pub(crate) entries: Vec<Entry>,
    pub(crate) sections: Vec<Section>,
    /// A last, dim line.
    pub(crate) remark: Option<String>,
}

/// `key = value`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) symbol: Symbol,
    pub(crate) key: String,
    pub(crate) body: Body,
    pub(crate) note: Option<Note>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    Inline(String),
    /// `OLD -> NEW`.
    Moved(String, String),
    /// More lines than one; `open` stands behind the `=`, `close` below the lines.
    Block {
        open: &'static str,
        lines: Vec<BlockLine>,
        close: &'static str,
    },
}

/// A line inside a block: pieces of text, each in its ink.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BlockLine {
    pub(crate) symbol: Symbol,
    pub(crate) spans: Vec<(Ink, String)>,
}

/// What stands behind a line as a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    ForcesReplacement,
    ChangedOutside,
    /// Both of them.
    ChangedOutsideForcesReplacement,
}

impl Section {
    pub(crate) fn new(symbol: Symbol, path: String) -> Self {
        Self { symbol, path, entries: Vec::new(), sections: Vec::new(), remark: None }
    }

    /// Writes it and all below it; sections are told from each other by an empty line.
    pub(crate) fn write(&self, out: &mut dyn Write, address: &str, style: Style) -> Result<()> {
        // A table that holds nothing but tables needs no header of its own, as in TOML; the resource always has one.
        let is_resource = self.path.is_empty();
        if is_resource || !self.entries.is_empty() || self.remark.is_some() {
            if !is_resource {
                writeln!(out)?;
            }
            let dot = if is_resource || self.path.starts_with('[') { "" } else { "." };
            let header = style.paint(Ink::Bold, &format!("[{address}{dot}{}]", self.path));
            writeln!(out, "{} {header}", self.symbol.gutter(style))?;
            write_entries(out, &self.entries, style)?;
            if let Some(remark) = &self.remark {
                writeln!(out, "    {}", style.paint(Ink::Dim, remark))?;
            }
        }
        self.sections.iter().try_for_each(|section| section.write(out, address, style))
    }
}

/// Writes lines with their `=` below each other.
pub(crate) fn write_entries(out: &mut dyn Write, entries: &[Entry], style: Style) -> Result<()> {
    let longest = aligned_width(entries);
    for entry in entries {
        let padding = " ".repeat(longest.saturating_sub(width(&entry.key)));
        let note = entry.note.map(|note| note.paint(style)).unwrap_or_default();
        let gutter = entry.symbol.gutter(style);
        let key = &entry.key;
        match &entry.body {
            Body::Inline(value) => writeln!(out, "{gutter} {key}{padding} = {}{note}", paint_value(value, style))?,
            Body::Moved(old, new) => {
                let start = 4 + width(key).max(longest) + 3;
                let (arrow, broken) = (style.paint(Ink::Changed, "->"), start + width(old) + 4 + width(new) > style.width);
                let separator = if broken { format!("\n{}", " ".repeat(start - 3)) } else { " ".to_owned() };
                let (old, new) = (paint_value(old, style), paint_value(new, style));
                writeln!(out, "{gutter} {key}{padding} = {old}{separator}{arrow} {new}{note}")?;
            }
            Body::Block { open, lines, close } => {
                let open = if open.is_empty() { String::new() } else { format!(" {open}") };
                writeln!(out, "{gutter} {key}{padding} ={open}{note}")?;
                for line in lines {
                    let text: String = line.spans.iter().map(|(ink, text)| style.paint(*ink, text)).collect();
                    writeln!(out, "{}", format!("{}     {text}", line.symbol.gutter(style)).trim_end())?;
                }
                if !close.is_empty() {
                    writeln!(out, "    {close}")?;
                }
            }
        }
    }
    Ok(())
}

/// How wide keys are made. One very long key does not push all the others to the right.
fn aligned_width(entries: &[Entry]) -> usize {
    const WIDEST: usize = 32;
    entries.iter().map(|entry| width(&entry.key)).filter(|width| *width <= WIDEST).max().unwrap_or(0)
}

fn paint_value(value: &str, style: Style) -> String {
    let is_placeholder = value == crate::render::literal::KNOWN_AFTER_APPLY || value == crate::render::literal::SENSITIVE_VALUE;
    style.paint(if is_placeholder { Ink::Dim } else { Ink::Plain }, value)
}

impl Note {
    fn paint(self, style: Style) -> String {
        let outside = style.paint(Ink::Changed, "# changed outside of Stepwright");
        match self {
            Self::ForcesReplacement => format!("  {}", style.paint(Ink::Alert, "# forces replacement")),
            Self::ChangedOutside => format!("  {outside}"),
            Self::ChangedOutsideForcesReplacement => format!("  {outside}, {}", style.paint(Ink::Alert, "forces replacement")),
        }
    }
}
