//! Deleting a state machine, and its executions that still run.
//!
//! A machine that is being deleted starts no more executions, and is DELETING until those that run have ended.

use std::collections::BTreeSet;
use std::sync::Mutex;

use futures::stream::{self, StreamExt};

use crate::aws::error::optional;
use crate::aws::executions::Executions;
use crate::aws::{Aws, Error, ErrorKind, Patience};
use crate::execution::Status;
use crate::resource::{Operation, Running};
use crate::resources::state_machine::read;
use crate::secret::Veil;

const DELETE: &str = "states:DeleteStateMachine";
/// The error that a stopped execution ends with.
const STOPPED_WITH: &str = "Stepwright.Destroyed";
const CONCURRENT_LISTS: usize = 10;
/// How many of the executions that are waited for are named.
const NAMED: usize = 3;

/// The executions of the machines `ids` that run.
pub async fn running(aws: &Aws, ids: &[String]) -> Result<Vec<(String, Running)>, Error> {
    let mut lists = Vec::with_capacity(ids.len());
    for id in ids {
        let (aws, id) = (aws.clone(), id.clone());
        lists.push(async move { (id.clone(), running_of(&aws, &id).await) });
    }
    let lists: Vec<_> = stream::iter(lists).buffered(CONCURRENT_LISTS).collect().await;
    let mut found = Vec::new();
    for (id, executions) in lists {
        found.extend(executions?.into_iter().map(|execution| (id.clone(), execution)));
    }
    Ok(found)
}

/// The executions of one machine that run. Of express ones nobody knows; they end after five minutes.
async fn running_of(aws: &Aws, id: &str) -> Result<Vec<Running>, Error> {
    let list = optional(executions(aws).list(id, Some(Status::Running), usize::MAX).await);
    let found = match list {
        Err(error) if error.has_code("StateMachineTypeNotSupported") => None,
        list => list?,
    };
    let told = found.unwrap_or_default().into_iter().map(|execution| {
        let since = execution.started.map(|started| format!(" (since {started})")).unwrap_or_default();
        Running { what: format!("the execution {}{since}", execution.name), id: execution.arn, command: None, is_stopping: false }
    });
    Ok(told.collect())
}

/// Only names, times and ARNs of them are asked for, and nothing of that is secret.
fn executions(aws: &Aws) -> Executions {
    Executions { aws: aws.clone(), veil: Veil::default() }
}

/// Deletes the machine and waits until it is gone. Its executions are stopped, or left to end as long as they may.
pub async fn delete(operation: Operation<'_>, id: &str) -> Result<(), Error> {
    let (aws, teardown) = (operation.aws, operation.teardown);
    let deletion = aws.sfn.delete_state_machine().state_machine_arn(id).send().await;
    match deletion.map_err(|error| Error::from_sdk(DELETE, error)) {
        Ok(_) => {}
        Err(error) if error.kind == ErrorKind::NotFound || error.has_code("StateMachineDeleting") => {}
        Err(error) => return Err(error),
    }
    let known: Vec<Running> = teardown.running_in(id).cloned().collect();
    let stopped = Mutex::new(BTreeSet::new());
    if teardown.is_over() {
        stop(operation, &known, &stopped).await?;
    }
    if read::describe(aws, id).await?.is_none() {
        return Ok(());
    }
    let told = Mutex::new(String::new());
    let look = async || {
        if read::describe(aws, id).await?.is_none() {
            return Ok(Some(()));
        }
        let running = running_of(aws, id).await?;
        let is_over = teardown.is_over();
        if is_over {
            stop(operation, &running, &stopped).await?;
        }
        let what = waiting_for(&running, is_over, id);
        let is_new = told.lock().is_ok_and(|mut told| std::mem::replace(&mut *told, what.clone()) != what);
        if is_new {
            operation.progress.waiting(&what, if is_over { Patience::DELETION.at_most } else { teardown.left() });
        }
        Ok(None)
    };
    let patience = Patience { at_most: Patience::DELETION.at_most + teardown.left(), ..Patience::DELETION };
    patience.poll(DELETE, &format!("the state machine {id}, which is DELETING until its executions end"), look).await.map_err(
        |error| error.help("it goes away by itself once its running executions have ended or are stopped; then try again"),
    )
}

/// Stops each once. One that has ended by itself in the meantime is as good.
async fn stop(operation: Operation<'_>, running: &[Running], stopped: &Mutex<BTreeSet<String>>) -> Result<(), Error> {
    for execution in running {
        let is_new = stopped.lock().is_ok_and(|mut stopped| stopped.insert(execution.id.clone()));
        if !is_new {
            continue;
        }
        let cause = format!("Stepwright takes down {} of the stack {}", operation.ownership.address, operation.ownership.stack);
        match executions(operation.aws).stop(&execution.id, Some(STOPPED_WITH), Some(&cause)).await {
            Err(error) if error.kind != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn waiting_for(running: &[Running], is_over: bool, id: &str) -> String {
    if running.is_empty() {
        return format!("the state machine {id}, which is DELETING");
    }
    let names: Vec<&str> = running.iter().take(NAMED).filter_map(|execution| execution.id.rsplit(':').next()).collect();
    let more = if running.len() > NAMED { format!(" and {} more", running.len() - NAMED) } else { String::new() };
    let (noun, itself, was) =
        if running.len() == 1 { ("the execution", "itself", "was") } else { ("the executions", "themselves", "were") };
    match is_over {
        true => format!("{noun} {}{more}, which {was} stopped, to end", names.join(", ")),
        false => format!("{noun} {}{more} to end by {itself}", names.join(", ")),
    }
}
