//! Progress on a terminal: a line for each step that runs, with its time. Elsewhere: plain lines, or JSON.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::apply::Event;
use crate::cli::options::Format;
use crate::cli::ui::Ui;
use crate::render;
use crate::render::progress::Failure;

/// Shows events as they come.
pub struct Live {
    format: Format,
    ui: Ui,
    bars: Option<MultiProgress>,
    running: Mutex<HashMap<usize, ProgressBar>>,
    failures: Mutex<Vec<Failure>>,
}

impl Live {
    pub fn start(format: Format, ui: Ui) -> Self {
        let is_live = format == Format::Human && Ui::is_live();
        let bars = is_live.then(|| MultiProgress::with_draw_target(Ui::live_target()));
        Self { format, ui, bars, running: Mutex::default(), failures: Mutex::default() }
    }

    pub fn show(&self, event: &Event) {
        if let (Some(failure), Ok(mut failures)) = (Failure::of_event(event), self.failures.lock()) {
            failures.push(failure);
        }
        match (self.format, &self.bars) {
            (Format::Json, _) => {
                let now = jiff::Timestamp::now().to_string();
                // An apply goes on if nobody reads its events any more.
                let _ = self.ui.out(|writer, _| render::json::write_line(writer, &render::progress::event_json(event, &now)));
            }
            (Format::Human, None) => self.ui.err(|writer, style| render::progress::event_line(writer, event, style)),
            (Format::Human, Some(bars)) => self.draw(bars, event),
        }
    }

    /// Takes the live lines away; what was finished stays on the screen.
    pub fn stop(&self) {
        if let Some(bars) = &self.bars {
            let _ = bars.clear();
        }
    }

    /// What failed, with its errors.
    pub fn failures(&self) -> Vec<Failure> {
        self.failures.lock().map(|failures| failures.clone()).unwrap_or_default()
    }

    fn draw(&self, bars: &MultiProgress, event: &Event) {
        let Ok(mut running) = self.running.lock() else { return };
        match event {
            Event::StepStarted { step, address, operation, .. } => {
                let bar = bars.add(ProgressBar::new_spinner().with_style(style()));
                bar.set_prefix(address.to_string());
                bar.set_message(render::progress::doing(*operation));
                bar.enable_steady_tick(Duration::from_millis(120));
                running.insert(*step, bar);
            }
            Event::StepWaiting { step, what, at_most, .. } => {
                if let Some(bar) = running.get(step) {
                    bar.set_message(format!("{} (at most {} s)", render::clean(what), at_most.as_secs()));
                }
            }
            Event::StepExists { .. } => {}
            Event::StepDone { step, .. } | Event::StepFailed { step, .. } => {
                if let Some(bar) = running.remove(step) {
                    bar.finish_and_clear();
                }
                self.print(bars, event);
            }
            _ => self.print(bars, event),
        }
    }

    fn print(&self, bars: &MultiProgress, event: &Event) {
        bars.suspend(|| self.ui.err(|writer, style| render::progress::event_line(writer, event, style)));
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {prefix}: {msg} [{elapsed}]").unwrap_or_else(|_| ProgressStyle::default_spinner())
}
