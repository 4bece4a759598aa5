//! Following an execution to its end: what `run`, `redrive` and `show --follow` share.
//!
//! | file | does |
//! |---|---|
//! | `mod.rs` | asks AWS again and again, waits, takes Ctrl-C |
//! | `screen.rs` | shows what came: a picture on a terminal, lines elsewhere, JSON |
//! | `logs.rs` | reads what the containers write |

mod logs;
mod screen;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep, sleep_until};

use crate::aws::{Error, ErrorKind};
use crate::cli::error::CliError;
use crate::cli::execute::interrupts;
use crate::cli::executions::{Target, refuse_express};
use crate::cli::exit_code;
use crate::cli::follow::logs::{ContainerLogs, Written};
use crate::cli::follow::screen::Screen;
use crate::cli::options::{Format, duration};
use crate::cli::output_file;
use crate::cli::ui::Ui;
use crate::document::states_language::model::StateMachine;
use crate::execution::{EcsTask, Event, Execution, Status};
use crate::flow::FlowGraph;
use crate::render;
use crate::render::execution::View;
use crate::value::Value;

/// How to follow.
#[derive(Args, Clone, Debug)]
pub struct FollowOptions {
    /// Stops waiting after this time, for example 90s or 30m. The execution goes on.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// Shows what the containers write (awslogs with a stream prefix), as it comes.
    #[arg(long)]
    pub logs: bool,
    /// Writes a page for a browser: the picture, a timeline, input and output of each state.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// How to tell what happens; json is one event a line, and at the end all of the execution.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: Format,
}

/// Between two looks; longer with time, as AWS allows only so many.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// When pauses are that long, after some ten seconds, all of AWS knows an execution that was started.
const UNKNOWN_PAUSE: Duration = Duration::from_secs(1);
/// By how many percent each pause is longer than the one before.
const GROWTH: u32 = 4;
/// How often a picture is drawn: it shows seconds.
const DRAWING: Duration = Duration::from_millis(500);
/// What a container wrote last comes a moment after its end.
const LOGS_AFTER_END: Duration = Duration::from_secs(6);

/// What one look brought.
#[derive(Default)]
struct News {
    events: Vec<Event>,
    tasks: Vec<EcsTask>,
    /// ECS does not tell how tasks stand.
    tasks_are_kept: bool,
    written: Vec<Written>,
    /// What can't be had, told once.
    notes: Vec<String>,
}

/// What the user wants when he is asked.
enum Wish {
    GoOn,
    Stop,
    Detach,
}

/// Follows the execution to its end. An end at or before event number `since` is not the one.
///
/// `definition` is what to draw if AWS does not give the one that the execution runs by. The exit code is that of the
/// outcome.
pub async fn follow(
    target: &Target,
    definition: Option<Value>,
    since: u64,
    options: &FollowOptions,
    ui: Ui,
) -> Result<u8, CliError> {
    refuse_express(&target.arn)?;
    let mut interrupts = interrupts();
    let definition = definition_of(target, definition, ui).await.unwrap_or(Value::Null);
    let machine = StateMachine::parse(&definition);
    let graph = FlowGraph::of(&machine);
    let machine = definition.as_map().is_some().then_some((&graph, &machine));
    let mut screen = Screen::new(target, machine, options.format, ui);
    let mut logs = options.logs.then(ContainerLogs::default);
    let mut execution = Execution::default();
    let deadline = options.timeout.map(|timeout| Instant::now() + timeout);
    let mut pause = Duration::ZERO;
    let mut asks_for_tasks = true;
    while !has_ended(&execution, since) {
        let news = {
            let mut look = std::pin::pin!(look(target, &execution, logs.as_mut(), asks_for_tasks, pause));
            loop {
                tokio::select! {
                    news = &mut look => break news?,
                    () = sleep(DRAWING) => screen.draw(&execution),
                    () = until(deadline) => return gave_up(&mut screen, target, &execution),
                    Some(()) = interrupts.recv() => match wish(&mut screen, &mut interrupts).await {
                        Wish::GoOn => {}
                        Wish::Detach => return detached(&mut screen, target),
                        Wish::Stop => {
                            let cause = Some("stopped by Ctrl-C in stepwright");
                            target.executions.stop(&target.arn.text, None, cause).await?;
                            screen.note("Stopping it …");
                        }
                    },
                }
            }
        };
        asks_for_tasks &= !news.tasks_are_kept;
        take_over(news, since, &mut execution, (&mut screen, logs.as_mut()));
        pause = next_pause(pause);
    }
    if let Some(logs) = &mut logs {
        read_last_logs(target, &execution, logs, &mut screen).await;
    }
    screen.finish(&execution)?;
    let written = write_page(options, screen.view(&execution), ui);
    match (execution.status, written) {
        (Status::Succeeded, written) => written.map(|()| exit_code::SUCCESS),
        (status, written) => {
            // How the execution ended matters more than that its page is missing.
            if let Err(error) = written {
                error.report(ui);
            }
            Ok(match status {
                Status::TimedOut => exit_code::EXECUTION_TIMED_OUT,
                Status::Aborted => exit_code::EXECUTION_ABORTED,
                _ => exit_code::EXECUTION_FAILED,
            })
        }
    }
}

/// The page, if one is wanted. It may hold what the execution was given: it is for its owner alone to read.
pub fn write_page(options: &FollowOptions, view: View<'_>, ui: Ui) -> Result<(), CliError> {
    let Some(path) = &options.html else { return Ok(()) };
    let mut page = Vec::new();
    let written = render::execution::page(&mut page, view);
    written.map_err(|error| CliError::message(format!("the page could not be made: {error}")))?;
    output_file::replace_private(path, &page)?;
    ui.note(&format!("Wrote the page {}", path.display()));
    Ok(())
}

/// The definition that the execution runs by; where AWS does not give it, `at_hand`.
pub async fn definition_of(target: &Target, at_hand: Option<Value>, ui: Ui) -> Option<Value> {
    match target.executions.definition(&target.arn.text).await {
        Ok(Some(definition)) => Some(Value::from(definition)),
        Ok(None) => at_hand,
        // It has been started a moment ago.
        Err(error) if error.kind == ErrorKind::NotFound && at_hand.is_some() => at_hand,
        Err(error) => {
            let instead = if at_hand.is_some() { "the definition of the stack file is drawn" } else { "the states are listed" };
            ui.note(&format!("warning: the definition that this execution runs by can't be had, so {instead}: {error}"));
            at_hand
        }
    }
}

fn has_ended(execution: &Execution, since: u64) -> bool {
    execution.status.is_ended() && execution.last_event > since
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn next_pause(pause: Duration) -> Duration {
    (pause + pause * GROWTH / 100).clamp(FIRST_PAUSE, LONGEST_PAUSE)
}

/// Waits, and asks what is new.
async fn look(
    target: &Target,
    execution: &Execution,
    logs: Option<&mut ContainerLogs>,
    asks_for_tasks: bool,
    pause: Duration,
) -> Result<News, Error> {
    sleep(pause).await;
    let mut news = News::default();
    if asks_for_tasks {
        for (cluster, arns) in execution.unfinished_tasks() {
            match target.executions.tasks(&cluster, &arns).await {
                Ok(tasks) => news.tasks.extend(tasks),
                // The execution goes on without it, and the history tells of the tasks as well, only later.
                Err(error) => {
                    news.tasks_are_kept = true;
                    news.notes.push(format!("warning: how tasks stand can't be had: {error}"));
                }
            }
        }
    }
    if let Some(logs) = logs {
        let (written, notes) = logs.read(&target.executions, execution).await;
        news.written = written;
        news.notes.extend(notes);
    }
    news.events = match target.executions.history(&target.arn.text, execution.last_event).await {
        // It has been started a moment ago, and not everything at AWS knows that yet.
        Err(error) if error.kind == ErrorKind::NotFound && execution.last_event == 0 && pause < UNKNOWN_PAUSE => Vec::new(),
        events => events?,
    };
    Ok(news)
}

fn take_over(
    news: News,
    since: u64,
    execution: &mut Execution,
    (screen, mut logs): (&mut Screen<'_>, Option<&mut ContainerLogs>),
) {
    for note in &news.notes {
        screen.note(note);
    }
    for event in &news.events {
        execution.apply(event);
        // What was before a redrive was told then.
        if event.id > since {
            screen.event(execution, event);
        } else if let Some(logs) = &mut logs {
            logs.ignore_tasks_of(execution);
        }
    }
    // What the history tells of a task's end is then known, and no news.
    for task in &news.tasks {
        if execution.observe_task(task) {
            screen.task(execution, &task.arn);
        }
    }
    for written in &news.written {
        screen.written(written);
    }
    screen.draw(execution);
}

async fn read_last_logs(target: &Target, execution: &Execution, logs: &mut ContainerLogs, screen: &mut Screen<'_>) {
    let end = Instant::now() + LOGS_AFTER_END;
    while Instant::now() < end && logs.is_open(execution) {
        let (written, notes) = logs.read(&target.executions, execution).await;
        notes.iter().for_each(|note| screen.note(note));
        written.iter().for_each(|written| screen.written(written));
        sleep(FIRST_PAUSE).await;
    }
}

/// What to do about Ctrl-C. Where nobody can be asked, and at the second one, the execution is left alone.
async fn wish(screen: &mut Screen<'_>, interrupts: &mut UnboundedReceiver<()>) -> Wish {
    if !screen.can_ask() {
        return Wish::Detach;
    }
    screen.clear();
    let ui = screen.ui();
    let answer = tokio::task::spawn_blocking(move || {
        ui.ask("It goes on. Enter `d` to detach, `s` to stop it, nothing to go on following:")
    });
    tokio::select! {
        answer = answer => match answer.ok().and_then(Result::ok).as_deref() {
            Some("s" | "stop") => Wish::Stop,
            Some("") => Wish::GoOn,
            _ => Wish::Detach,
        },
        _ = interrupts.recv() => Wish::Detach,
    }
}

fn detached(screen: &mut Screen<'_>, target: &Target) -> Result<u8, CliError> {
    screen.leave("detached", "The execution goes on.", target)?;
    Ok(exit_code::INTERRUPTED)
}

fn gave_up(screen: &mut Screen<'_>, target: &Target, execution: &Execution) -> Result<u8, CliError> {
    screen.draw(execution);
    screen.leave("timeout", "--timeout is over, and the execution still runs.", target)?;
    Ok(exit_code::EXECUTION_RUNNING)
}
