//! Progress on a terminal: a line for each step that runs, with its time. Elsewhere: plain lines, or JSON.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::address::Address;
use crate::apply::Event;
use crate::cli::options::Format;
use crate::cli::ui::Ui;
use crate::plan::OperationName;
use crate::render;
use crate::render::progress::Failure;

/// How often a log is told that a step is still at it.
const REMINDER: Duration = Duration::from_secs(10);

/// Shows events as they come.
pub struct Live {
    shared: Arc<Shared>,
    reminder: tokio::task::JoinHandle<()>,
}

struct Shared {
    format: Format,
    ui: Ui,
    bars: Option<MultiProgress>,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    running: BTreeMap<usize, Running>,
    failures: Vec<Failure>,
}

struct Running {
    address: Address,
    operation: OperationName,
    since: Instant,
    bar: Option<ProgressBar>,
}

impl Live {
    pub fn start(format: Format, ui: Ui) -> Self {
        let is_live = format == Format::Human && Ui::is_live();
        let bars = is_live.then(|| MultiProgress::with_draw_target(Ui::live_target()));
        let shared = Arc::new(Shared { format, ui, bars, progress: Mutex::default() });
        let reminder = tokio::spawn(remind(shared.clone()));
        Self { shared, reminder }
    }

    pub fn show(&self, event: &Event) {
        self.shared.track(event);
        self.shared.print(event);
    }

    /// Takes the live lines away; what was finished stays on the screen. What failed is returned, with its errors.
    pub fn stop(self) -> Vec<Failure> {
        self.reminder.abort();
        if let Some(bars) = &self.shared.bars {
            let _ = bars.clear();
        }
        self.shared.progress.lock().map(|mut progress| std::mem::take(&mut progress.failures)).unwrap_or_default()
    }
}

/// Tells every few seconds what is still running, where no live line does.
async fn remind(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(REMINDER);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        shared.remind();
    }
}

impl Shared {
    fn track(&self, event: &Event) {
        let Ok(mut progress) = self.progress.lock() else { return };
        progress.failures.extend(Failure::of_event(event));
        match event {
            Event::StepStarted { step, address, operation, .. } => {
                let bar = self.bars.as_ref().map(|bars| new_bar(bars, address, *operation));
                let running = Running { address: address.clone(), operation: *operation, since: Instant::now(), bar };
                progress.running.insert(*step, running);
            }
            Event::StepWaiting { step, what, at_most, .. } => {
                if let Some(bar) = progress.running.get(step).and_then(|running| running.bar.as_ref()) {
                    bar.set_message(format!("{} (at most {} s)", render::clean(what), at_most.as_secs()));
                }
            }
            Event::StepDone { step, .. } | Event::StepFailed { step, .. } => {
                if let Some(bar) = progress.running.remove(step).and_then(|running| running.bar) {
                    bar.finish_and_clear();
                }
            }
            _ => {}
        }
    }

    fn print(&self, event: &Event) {
        match (self.format, &self.bars, event) {
            (Format::Json, ..) => {
                let now = jiff::Timestamp::now().to_string();
                self.print_json(&render::progress::event_json(event, &now));
            }
            // A live line says so already.
            (Format::Human, Some(_), Event::StepStarted { .. } | Event::StepWaiting { .. }) => {}
            (Format::Human, Some(bars), _) => bars.suspend(|| self.print_line(event)),
            (Format::Human, None, _) => self.print_line(event),
        }
    }

    fn print_line(&self, event: &Event) {
        self.ui.err(|writer, style| render::progress::event_line(writer, event, style));
    }

    fn print_json(&self, json: &serde_json::Value) {
        // An apply goes on if nobody reads its events any more.
        let _ = self.ui.out(|writer, _| render::json::write_line(writer, json));
    }

    fn remind(&self) {
        let Ok(progress) = self.progress.lock() else { return };
        for (step, Running { address, operation, since, bar }) in &progress.running {
            match (self.format, bar) {
                (Format::Json, _) => {
                    let now = jiff::Timestamp::now().to_string();
                    self.print_json(&render::progress::still_running_json(*step, address, *operation, since.elapsed(), &now));
                }
                (Format::Human, Some(_)) => {}
                (Format::Human, None) => self.ui.err(|writer, style| {
                    render::progress::still_running_line(writer, address, *operation, since.elapsed(), style)
                }),
            }
        }
    }
}

fn new_bar(bars: &MultiProgress, address: &Address, operation: OperationName) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {prefix}: {msg} [{elapsed}]");
    let bar = bars.add(ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner())));
    bar.set_prefix(address.to_string());
    bar.set_message(render::progress::doing(operation));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
