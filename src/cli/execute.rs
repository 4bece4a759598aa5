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
use crate::consult::{Consultation, in_the_way};
use crate::plan::{self, Observed, Plan};
use crate::render;
use crate::resource::Running;
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
    /// How long what runs may take to end by itself before it is stopped.
    pub drain: Option<Duration>,
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
    let running = clear_the_way(plan, aws, &session, execution, ui).await?;
    if plan.has_changes() && !execution.is_approved && !approve(execution.question, execution.format, ui)? {
        return Ok(exit_code::ERROR);
    }
    if plan.steps.is_empty() && !plan.has_changes() {
        finish(session, ui)?;
        return Ok(exit_code::SUCCESS);
    }
    let live = Live::start(execution.format, ui);
    let mut report = |event: &Event| live.show(event);
    let options = ApplyOptions { parallelism: execution.parallelism, drain: execution.drain };
    let work = Work { plan, aws, observed, running: &running };
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

/// Names what runs in what would be deleted and will be ended.
///
/// # Errors
/// What is not the stack's stands in the way: nothing has been done yet, and a teardown would stop half way.
async fn clear_the_way(
    plan: &Plan,
    aws: &Aws,
    session: &Session,
    execution: Execution,
    ui: Ui,
) -> Result<Vec<(String, Running)>, CliError> {
    let consultation = Consultation { aws, kinds: resources::ALL, parallelism: execution.parallelism };
    let (found, errors) = in_the_way(consultation, plan, &session.state().ids()).await;
    errors.iter().for_each(|error| ui.note(&format!("notice: what still runs could not be looked up: {error}")));
    let foreign = || found.iter().filter_map(|(address, _, running)| Some((address, running, running.command.as_ref()?)));
    if foreign().next().is_some() {
        let error = CliError::message("something that is not this stack's runs in what is to be deleted; nothing was changed");
        return Err(foreign().fold(error, |error, (address, running, command)| {
            error.help(format!("{address}: {}; to end it: {command}", running.what))
        }));
    }
    if !found.is_empty() {
        ui.note(&match execution.drain {
            Some(drain) => format!("Still running; left to end for {} s, and then stopped:", drain.as_secs()),
            None => "Still running, and will be stopped:".to_owned(),
        });
        for (address, _, running) in &found {
            let ending = if running.is_stopping { ", which is about to end" } else { "" };
            ui.note(&format!("  {address}: {}{ending}", running.what));
        }
    }
    Ok(found.into_iter().map(|(_, id, running)| (id, running)).collect())
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
