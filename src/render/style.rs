//! How the output is to look, and the few inks it uses.

use anstyle::{AnsiColor, Effects};

/// What the terminal can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    /// In columns. Lists and tables that are longer are broken over several lines.
    pub width: usize,
}

/// What a piece of text is; its colour follows from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    Bold,
    Dim,
    Added,
    Removed,
    Changed,
    Imported,
    /// The words of an added line that make the difference.
    AddedWords,
    RemovedWords,
    Alert,
}

impl Style {
    /// `text` in `ink`, or as it is where there is no colour.
    pub(crate) fn paint(self, ink: Ink, text: &str) -> String {
        if !self.color || ink == Ink::Plain || text.is_empty() {
            return text.to_owned();
        }
        let style = match ink {
            Ink::Plain => anstyle::Style::new(),
            Ink::Bold => anstyle::Style::new().effects(Effects::BOLD),
            Ink::Dim => anstyle::Style::new().effects(Effects::DIMMED),
            Ink::Added => AnsiColor::Green.on_default(),
            Ink::Removed => AnsiColor::Red.on_default(),
            Ink::Changed => AnsiColor::Yellow.on_default(),
            Ink::Imported => AnsiColor::Cyan.on_default(),
            Ink::AddedWords => AnsiColor::Green.on_default().effects(Effects::BOLD | Effects::UNDERLINE),
            Ink::RemovedWords => AnsiColor::Red.on_default().effects(Effects::BOLD | Effects::UNDERLINE),
            Ink::Alert => AnsiColor::Red.on_default().effects(Effects::BOLD),
        };
        format!("{style}{text}{style:#}")
    }
}
