//! Deleting a cluster. Tasks of the stack's own task definitions are ended first; what is not the stack's is named.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use crate::aws::{Error, ErrorKind, Patience};
use crate::resource::{Operation, Running};
use crate::resources::cluster::change::wait_until_gone;
use crate::resources::cluster::running::{running, tasks};
use crate::resources::ecs;

const DELETE: &str = "ecs:DeleteCluster";
const STOP: &str = "ecs:StopTask";

/// Deletes the cluster and waits until it is gone; gone already is as good.
pub async fn delete(operation: Operation<'_>, arn: &str) -> Result<(), Error> {
    let stopped = Mutex::new(BTreeSet::new());
    let reported = AtomicBool::new(false);
    let call = async || {
        let result = operation.aws.ecs.delete_cluster().cluster(arn).send().await;
        match result.map_err(|error| Error::from_sdk(DELETE, error)) {
            Ok(_) => Ok(()),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(make_way(operation, arn, error, &stopped, &reported).await),
        }
    };
    let passes = |error: &Error| {
        if error.kind == ErrorKind::Conflict {
            ecs::report_waiting(operation, &reported, "what is left in the cluster to end", Patience::CHANGE);
        }
        error.kind == ErrorKind::Conflict
    };
    let patience = Patience { at_most: Patience::CHANGE.at_most + operation.teardown.left(), ..Patience::CHANGE };
    patience.retry(passes, call).await?;
    wait_until_gone(operation, arn).await
}

/// What ends by itself, or is ended here, stays a [`ErrorKind::Conflict`], which is worth waiting for. What goes on for
/// ever is a refusal that names it and the command that would end it.
async fn make_way(
    operation: Operation<'_>,
    arn: &str,
    error: Error,
    stopped: &Mutex<BTreeSet<String>>,
    reported: &AtomicBool,
) -> Error {
    let (aws, owned) = (operation.aws, &operation.teardown.owned);
    let found = match error.code.as_deref() {
        Some("ClusterContainsTasksException") => tasks(aws, arn, owned).await,
        Some("ClusterContainsServicesException" | "ClusterContainsContainerInstancesException") => {
            let found = running(aws, &[arn.to_owned()], owned).await;
            found.map(|found| found.into_iter().map(|(_, running)| running).collect())
        }
        Some("ClusterContainsCapacityProviderException") => {
            let help = "in the way: a capacity provider that belongs to the cluster; delete each: aws ecs delete-capacity-provider --capacity-provider PROVIDER; then destroy again";
            return Error { kind: ErrorKind::Refused, ..error }.help(help);
        }
        _ => return error,
    };
    // Who may not look is told what AWS said.
    let Ok(found) = found else { return error };
    let (own, foreign): (Vec<Running>, Vec<Running>) = found.into_iter().partition(|running| running.command.is_none());
    if !foreign.is_empty() {
        let refusal = Error { kind: ErrorKind::Refused, ..error };
        let help = |running: &Running| {
            format!("in the way: {}; to end it: {}", running.what, running.command.as_deref().unwrap_or_default())
        };
        return foreign.iter().fold(refusal, |refusal, running| refusal.help(help(running))).help("then destroy again");
    }
    if !operation.teardown.is_over() {
        if !own.is_empty() && !reported.swap(true, std::sync::atomic::Ordering::Relaxed) {
            operation.progress.waiting(&format!("{} to end by itself", named(&own)), operation.teardown.left());
        }
        return error;
    }
    for task in own {
        let is_new = !task.is_stopping && stopped.lock().is_ok_and(|mut stopped| stopped.insert(task.id.clone()));
        if !is_new {
            continue;
        }
        operation.progress.waiting(&format!("{}, which was stopped, to end", task.what), Patience::CHANGE.at_most);
        let reason = format!("Stepwright takes down the stack {}", operation.ownership.stack);
        let stop = aws.ecs.stop_task().cluster(arn).task(&task.id).reason(reason).send().await;
        match stop.map_err(|error| Error::from_sdk(STOP, error)) {
            Ok(_) => {}
            // It ended by itself.
            Err(stop) if stop.kind == ErrorKind::NotFound || stop.message.contains("not found") => {}
            Err(stop) => return stop,
        }
    }
    error
}

fn named(running: &[Running]) -> String {
    running.iter().map(|running| running.what.as_str()).collect::<Vec<_>>().join(", ")
}
