//! Shows an execution while it runs.

use crate::cli::error::CliError;
use crate::cli::executions::Target;
use crate::cli::follow::logs::Written;
use crate::cli::options::Format;
use crate::cli::ui::{LiveArea, Ui};
use crate::document::states_language::model::StateMachine;
use crate::execution::{Event, Execution};
use crate::flow::FlowGraph;
use crate::render;
use crate::render::execution::View;

/// Where and how it is shown.
pub struct Screen<'a> {
    target: &'a Target,
    machine: Option<(&'a FlowGraph, &'a StateMachine<'a>)>,
    ui: Ui,
    mode: Mode,
}

enum Mode {
    Live(LiveArea),
    Lines,
    Json,
}

impl<'a> Screen<'a> {
    pub fn new(target: &'a Target, machine: Option<(&'a FlowGraph, &'a StateMachine<'a>)>, format: Format, ui: Ui) -> Self {
        let mode = match format {
            Format::Json => Mode::Json,
            Format::Human if Ui::is_live() => Mode::Live(LiveArea::default()),
            Format::Human => Mode::Lines,
        };
        Self { target, machine, ui, mode }
    }

    pub fn ui(&self) -> Ui {
        self.ui
    }

    /// Whether the user sees what he is asked, and can answer.
    pub fn can_ask(&self) -> bool {
        matches!(self.mode, Mode::Live(_)) && Ui::can_ask()
    }

    /// `event` has just been taken over.
    pub fn event(&mut self, execution: &Execution, event: &Event) {
        let view = self.view(execution);
        match &self.mode {
            Mode::Live(_) => {}
            Mode::Lines => self.ui.err(|writer, style| render::execution::event_line(writer, view, event, style)),
            Mode::Json => self.print_json(&render::execution::event_json(view, event)),
        }
    }

    /// The task with this ARN has another status.
    pub fn task(&mut self, execution: &Execution, arn: &str) {
        let view = self.view(execution);
        let Some(found) = execution.tasks(false).find(|(_, task)| task.arn == arn) else { return };
        match &self.mode {
            Mode::Live(_) => {}
            Mode::Lines => self.ui.err(|writer, style| render::execution::task_line(writer, view, found, style)),
            Mode::Json => self.print_json(&render::execution::task_json(view, found)),
        }
    }

    /// A container wrote a line.
    pub fn written(&mut self, written: &Written) {
        self.clear();
        let time = written.time.unwrap_or_else(jiff::Timestamp::now);
        match &self.mode {
            Mode::Json => self.print_json(&render::execution::log_json(&written.from, time, &written.text)),
            _ => self.ui.err(|writer, style| render::execution::log_line(writer, &written.from, &written.text, style)),
        }
    }

    pub fn note(&mut self, text: &str) {
        self.clear();
        self.ui.note(text);
    }

    /// Draws the picture, where there is one.
    pub fn draw(&mut self, execution: &Execution) {
        let view = self.view(execution);
        if let Mode::Live(area) = &mut self.mode {
            let (rows, columns) = Ui::live_size();
            let style = render::Style { width: columns, ..self.ui.err_style() };
            // A drawing as high as the terminal would scroll.
            self.ui.redraw(area, render::execution::frame(view, rows.saturating_sub(1), style));
        }
    }

    /// Takes the picture away, until it is drawn again.
    pub fn clear(&mut self) {
        if let Mode::Live(area) = &mut self.mode {
            self.ui.clear(area);
        }
    }

    /// The end of the execution: what became of it goes to stdout.
    pub fn finish(&mut self, execution: &Execution) -> Result<(), CliError> {
        self.draw(execution);
        let view = self.view(execution);
        match &self.mode {
            Mode::Json => self.ui.out(|writer, _| render::json::write_line(writer, &render::execution::execution_json(view)))?,
            Mode::Live(_) | Mode::Lines => {
                self.ui.err(|writer, _| writeln!(writer));
                self.ui.out(|writer, style| render::execution::summary(writer, view, style))?;
            }
        }
        Ok(())
    }

    /// The execution is left alone, for the reason that `message` tells.
    pub fn leave(&mut self, kind: &str, message: &str, target: &Target) -> Result<(), CliError> {
        let arn = &target.arn.text;
        match &self.mode {
            Mode::Json => {
                let json = render::execution::tells_json(kind, message, arn, jiff::Timestamp::now());
                self.ui.out(|writer, _| render::json::write_line(writer, &json))?;
            }
            Mode::Live(_) | Mode::Lines => {
                self.ui.note("");
                self.ui.note(message);
                self.ui.note(&format!("  to look at it again: stepwright show {arn} --follow"));
                self.ui.note(&format!("  to stop it:          stepwright stop {arn}"));
            }
        }
        Ok(())
    }

    pub fn view<'b>(&self, execution: &'b Execution) -> View<'b>
    where
        'a: 'b,
    {
        View { title: &self.target.title, arn: &self.target.arn, execution, machine: self.machine, now: jiff::Timestamp::now() }
    }

    fn print_json(&self, json: &serde_json::Value) {
        // That nobody reads any more does not end the execution, and the last line will tell.
        let _ = self.ui.out(|writer, _| render::json::write_line(writer, json));
    }
}
