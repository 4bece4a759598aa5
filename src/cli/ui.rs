//! The only place that prints. Data goes to stdout, everything else to stderr.

use std::io::{self, BufRead, IsTerminal, Write};

use anstream::ColorChoice;

use crate::render::Style;

/// Where a run's output goes, and in what style.
#[derive(Clone, Copy, Debug)]
pub struct Ui {
    out_color: bool,
    err_color: bool,
    width: usize,
}

/// Why something was not printed.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    #[error("stdout was closed before everything was written")]
    Closed,
    #[error("stdout can't be written: {0}")]
    Unwritable(io::Error),
}

/// The lines at the end of the terminal that are drawn again and again.
#[derive(Debug, Default)]
pub struct LiveArea {
    drawn: Vec<String>,
}

/// The terminal shows all of a drawing at once, and lets lines end at its edge.
const SYNCHRONIZED: &str = "\x1b[?2026h\x1b[?7l";
const SHOWN: &str = "\x1b[?7h\x1b[?2026l";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

impl LiveArea {
    /// To where the drawing begins.
    fn up(&self) -> String {
        if self.drawn.is_empty() { "\r".to_owned() } else { format!("\r\x1b[{}A", self.drawn.len()) }
    }
}

impl Ui {
    /// `color` decides for both streams; `Auto` looks at each, and at `NO_COLOR` and its like.
    pub fn new(color: ColorChoice) -> Self {
        let decide = |automatic: ColorChoice| match color {
            ColorChoice::Auto => automatic != ColorChoice::Never,
            other => other != ColorChoice::Never,
        };
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let terminal = console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
        Self {
            out_color: decide(anstream::AutoStream::choice(&io::stdout())),
            err_color: decide(anstream::AutoStream::choice(&io::stderr())),
            width: columns.or(terminal).unwrap_or(100).clamp(40, 200),
        }
    }

    /// How to write what goes to stdout.
    pub fn out_style(&self) -> Style {
        Style { color: self.out_color, width: self.width }
    }

    /// How to write what goes to stderr.
    pub fn err_style(&self) -> Style {
        Style { color: self.err_color, width: self.width }
    }

    /// Writes data.
    ///
    /// # Errors
    /// If stdout is closed or full: a reader must not take a part for the whole.
    pub fn out(&self, write: impl FnOnce(&mut dyn Write, Style) -> io::Result<()>) -> Result<(), OutputError> {
        let mut buffer = Vec::new();
        let written = write(&mut buffer, self.out_style()).and_then(|()| {
            let mut stdout = io::stdout().lock();
            stdout.write_all(&buffer)?;
            stdout.flush()
        });
        written.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => OutputError::Closed,
            _ => OutputError::Unwritable(error),
        })
    }

    /// Writes what is not data. That nobody listens changes nothing.
    pub fn err(&self, write: impl FnOnce(&mut dyn Write, Style) -> io::Result<()>) {
        let mut buffer = Vec::new();
        if write(&mut buffer, self.err_style()).is_ok() {
            let mut stderr = io::stderr().lock();
            let _ = stderr.write_all(&buffer).and_then(|()| stderr.flush());
        }
    }

    /// One line that is not data.
    pub fn note(&self, text: &str) {
        self.err(|writer, _| writeln!(writer, "{}", crate::render::clean(text)));
    }

    /// Whether somebody could answer a question.
    pub fn can_ask() -> bool {
        io::stdin().is_terminal()
    }

    /// Whether progress may be drawn and redrawn.
    pub fn is_live() -> bool {
        io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Where live progress is drawn.
    pub fn live_target() -> indicatif::ProgressDrawTarget {
        indicatif::ProgressDrawTarget::stderr()
    }

    /// Draws `lines` over what was drawn last. What does not fit into a line is cut off, and nothing scrolls.
    pub fn redraw(&self, area: &mut LiveArea, lines: Vec<String>) {
        if area.drawn == lines {
            return;
        }
        self.err(|writer, _| {
            write!(writer, "{SYNCHRONIZED}{}", area.up())?;
            lines.iter().try_for_each(|line| writeln!(writer, "{line}{}", CLEAR_LINE))?;
            write!(writer, "{CLEAR_BELOW}{SHOWN}")
        });
        area.drawn = lines;
    }

    /// Takes away what was drawn, so that other lines can be written in its place.
    pub fn clear(&self, area: &mut LiveArea) {
        if !area.drawn.is_empty() {
            self.err(|writer, _| write!(writer, "{}{CLEAR_BELOW}", area.up()));
            area.drawn.clear();
        }
    }

    /// Rows and columns of the terminal that live progress is drawn on.
    pub fn live_size() -> (usize, usize) {
        let (rows, columns) = console::Term::stderr().size_checked().unwrap_or((24, 80));
        (usize::from(rows), usize::from(columns))
    }

    /// Asks, and gives the answer in lower case, without white space around it.
    pub fn ask(&self, question: &str) -> io::Result<String> {
        self.err(|writer, style| {
            let (bold, plain) = if style.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
            write!(writer, "\n{bold}{question}{plain} ")
        });
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(answer.trim().to_lowercase())
    }

    /// Asks, and takes only `yes` for an answer.
    pub fn confirm(&self, question: &str) -> io::Result<bool> {
        self.err(|writer, style| {
            let (bold, plain) = if style.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
            write!(
                writer,
                "\n{bold}{question}{plain}\n  Only 'yes' will be accepted to approve.\n\n  {bold}Enter a value:{plain} "
            )
        });
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        self.note("");
        Ok(answer.trim() == "yes")
    }
}
