//! What apply and destroy share: settle, show, ask, carry out, report.

use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::apply::{ApplyOptions, Event, Summary, Work, apply, settle};
use crate::aws::Aws;
use crate::cli::error::CliError;
use crate::cli::exit_code;
use crate::cli::live::Live;
use crate::cli::options::{Format, ModeOptions, PlanOptions};
use crate::cli::ui::Ui;
use crate::plan::{self, Observed, Plan};
use crate::render;
use crate::resources;
use crate::state::{Session, State, Store};

/// How to go about it.
#[derive(Clone, Copy, Debug)]
pub struct Execution {
    pub format: Format,
    pub is_approved: bool,
    /// `Apply`, `Destroy`: what the report calls it.
    pub title: &'static str,
    pub question: &'static str,
    pub parallelism: usize,
    /// Whether the stack's outputs are shown at the end.
    pub shows_outputs: bool,
}

/// Locks the state and settles what an interrupted run left open.
pub async fn open_session(
    (store, initial): (Store, Option<State>),
    command: &str,
    lock_timeout: Duration,
    aws: &Aws,
    (format, ui): (Format, Ui),
) -> Result<Session, CliError> {
    let mut session = tokio::task::block_in_place(|| Session::open(store, initial, command, lock_timeout))?;
    if let Some(lease) = session.lease() {
        aws.permit.bind(move || lease.check());
    }
    settle_open(&mut session, aws, (format, ui)).await?;
    Ok(session)
}

/// Settles what an interrupted run left open.
pub async fn settle_open(session: &mut Session, aws: &Aws, (format, ui): (Format, Ui)) -> Result<(), CliError> {
    if session.unfinished_run().is_some() {
        let aftermath = session.aftermath();
        if !session.state().interrupted.is_empty() && !aftermath.is_zero() {
            let seconds = aftermath.as_secs() + 1;
            ui.note(&format!(
                "The interrupted run was unlocked and may live: waiting {seconds} s, after which none of its calls can be on its way."
            ));
            tokio::time::sleep(aftermath).await;
        }
        let settled = settle(aws, resources::ALL, session.state()).await?;
        for one in &settled {
            session.record(&one.entries)?;
            show_event(&Event::Settled { address: one.address.clone(), adopted: one.adopted }, format, ui)?;
        }
        session.compact()?;
    }
    Ok(())
}

/// Shows `plan`, asks, carries it out and reports. The exit code is the run's.
pub async fn execute(
    plan: &Plan,
    (aws, observed): (&Aws, &Observed),
    mut session: Session,
    execution: Execution,
    ui: Ui,
) -> Result<u8, CliError> {
    if execution.format == Format::Human {
        ui.out(|writer, style| render::human::plan(writer, plan, style))?;
    }
    if plan.has_changes() && !execution.is_approved && !approve(execution.question, execution.format, ui)? {
        return Ok(exit_code::ERROR);
    }
    if plan.steps.is_empty() && !plan.has_changes() {
        finish(session, ui)?;
        return Ok(exit_code::SUCCESS);
    }
    let live = Live::start(execution.format, ui);
    let mut report = |event: &Event| live.show(event);
    let options = ApplyOptions { parallelism: execution.parallelism };
    let work = Work { plan, aws, observed };
    let summary = apply(work, &mut session, options, interrupts(), &mut report).await;
    let failures = live.stop();
    let summary = summary?;
    let state = finish(session, ui)?;
    if execution.format == Format::Human {
        ui.err(|writer, style| render::progress::report(writer, execution.title, &summary, &failures, style));
        if summary.is_success() && execution.shows_outputs {
            ui.out(|writer, style| render::state::outputs(writer, &state, style))?;
        }
    }
    Ok(code_of(&summary))
}

/// Asks. Where nobody can be asked, that is an error.
pub fn approve(question: &str, format: Format, ui: Ui) -> Result<bool, CliError> {
    if !Ui::can_ask() || format == Format::Json {
        return Err(CliError::message("nobody can be asked, and --yes was not given").help("add --yes to apply without asking"));
    }
    let answer = ui.confirm(question).map_err(|error| CliError::message(format!("no answer could be read: {error}")))?;
    if !answer {
        ui.note("Nothing was changed.");
    }
    Ok(answer)
}

/// Ends the run. That an earlier state could not be kept is told, and no error: the state itself was written.
pub fn finish(mut session: Session, ui: Ui) -> Result<State, CliError> {
    if session.state().interrupted.is_empty() {
        session.compact()?;
    }
    if let Some(error) = session.unkept() {
        ui.note(&format!("warning: the state was written, but `stepwright state restore` won't have the one before it: {error}"));
    }
    Ok(session.finish()?)
}

fn code_of(summary: &Summary) -> u8 {
    match summary {
        summary if summary.is_success() => exit_code::SUCCESS,
        summary if summary.interrupted => exit_code::INTERRUPTED,
        _ => exit_code::ERROR,
    }
}

/// A message for each Ctrl-C or SIGTERM.
pub fn interrupts() -> UnboundedReceiver<()> {
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
        loop {
            let terminated = async {
                match &mut terminate {
                    Some(terminate) => terminate.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                result = tokio::signal::ctrl_c() => if result.is_err() { return },
                _ = terminated => {}
            }
            if sender.send(()).is_err() {
                return;
            }
        }
    });
    receiver
}

fn show_event(event: &Event, format: Format, ui: Ui) -> Result<(), CliError> {
    match format {
        Format::Human => ui.err(|writer, style| render::progress::event_line(writer, event, style)),
        Format::Json => {
            let now = jiff::Timestamp::now().to_string();
            ui.out(|writer, _| render::json::write_line(writer, &render::progress::event_json(event, &now)))?;
        }
    }
    Ok(())
}

/// The part of the options that a plan depends on.
pub fn plan_options(options: &PlanOptions, mode: &ModeOptions) -> Result<plan::Options, CliError> {
    if mode.refresh_only && !options.refresh {
        return Err(CliError::message("--refresh-only looks at AWS, and --refresh=false does not").help("leave one of them out"));
    }
    Ok(plan::Options {
        targets: options.targets.clone(),
        replace: mode.replace.clone(),
        refresh_only: mode.refresh_only,
        ..plan::Options::default()
    })
}
