//! Deleting a state machine, and its executions that still run.
//!
//! A machine that is being deleted starts no more executions, and is DELETING until those that run have ended.

use std::collections::BTreeSet;
use std::sync::Mutex;

use aws_sdk_sfn::types::ExecutionStatus;
use futures::stream::{self, StreamExt};

use crate::aws::error::optional;
use crate::aws::{Aws, Error, ErrorKind, Patience};
use crate::resource::{Operation, Running};
use crate::resources::state_machine::read;

const DELETE: &str = "states:DeleteStateMachine";
const CONCURRENT_LISTS: usize = 10;
/// How many of the executions that are waited for are named.
const NAMED: usize = 3;

/// The executions of the machines `ids` that run.
pub async fn running(aws: &Aws, ids: &[String]) -> Result<Vec<(String, Running)>, Error> {
    let mut lists = Vec::with_capacity(ids.len());
    for id in ids {
        let (aws, id) = (aws.clone(), id.clone());
        lists.push(async move { (id.clone(), executions(&aws, &id).await) });
    }
    let lists: Vec<_> = stream::iter(lists).buffered(CONCURRENT_LISTS).collect().await;
    let mut found = Vec::new();
    for (id, executions) in lists {
        found.extend(executions?.into_iter().map(|execution| (id.clone(), execution)));
    }
    Ok(found)
}

/// The executions of one machine that run. Of express ones nobody knows; they end after five minutes.
async fn executions(aws: &Aws, id: &str) -> Result<Vec<Running>, Error> {
    let (mut found, mut next) = (Vec::new(), None);
    loop {
        let request = aws.sfn.list_executions().state_machine_arn(id).status_filter(ExecutionStatus::Running);
        let page = request.set_next_token(next).send().await.map_err(|error| Error::from_sdk("states:ListExecutions", error));
        let page = match optional(page) {
            Ok(Some(page)) => page,
            Ok(None) => return Ok(found),
            Err(error) if error.has_code("StateMachineTypeNotSupported") => return Ok(found),
            Err(error) => return Err(error),
        };
        found.extend(page.executions.into_iter().map(|execution| Running {
            what: format!("the execution {} (since {})", execution.name, execution.start_date),
            id: execution.execution_arn,
            command: None,
            is_stopping: false,
        }));
        next = page.next_token;
        if next.is_none() {
            return Ok(found);
        }
    }
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
        let running = executions(aws, id).await?;
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
        let request = operation.aws.sfn.stop_execution().execution_arn(&execution.id).error("Stepwright.Destroyed").cause(cause);
        let answer = request.send().await.map_err(|error| Error::from_sdk("states:StopExecution", error));
        match answer {
            Ok(_) => {}
            Err(error) if error.kind == ErrorKind::NotFound || error.has_code("ExecutionDoesNotExist") => {}
            Err(error) => return Err(error),
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
