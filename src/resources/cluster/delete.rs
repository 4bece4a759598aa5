//! Deleting a cluster, and saying what stands in the way.

use std::sync::atomic::AtomicBool;

use aws_sdk_ecs::types::DesiredStatus;

use crate::aws::{Aws, Error, ErrorKind, Patience};
use crate::resource::Operation;
use crate::resources::cluster::change::wait_until_gone;
use crate::resources::ecs;

const DELETE: &str = "ecs:DeleteCluster";
/// How many of the things in the way are named.
const NAMED: i32 = 10;

/// Deletes the cluster and waits until it is gone; gone already is as good.
pub async fn delete(operation: Operation<'_>, arn: &str) -> Result<(), Error> {
    let call = async || {
        let result = operation.aws.ecs.delete_cluster().cluster(arn).send().await;
        match result.map_err(|error| Error::from_sdk(DELETE, error)) {
            Ok(_) => Ok(()),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(explain(operation.aws, arn, error).await),
        }
    };
    let reported = AtomicBool::new(false);
    let passes = |error: &Error| {
        if error.kind == ErrorKind::Conflict {
            ecs::report_waiting(operation, &reported, "what is left in the cluster to end", Patience::CHANGE);
        }
        error.kind == ErrorKind::Conflict
    };
    Patience::CHANGE.retry(passes, call).await?;
    wait_until_gone(operation, arn).await
}

/// What is ending by itself stays a [`ErrorKind::Conflict`], which is worth waiting for. What goes on for ever
/// is a refusal that names it and the command that would end it.
async fn explain(aws: &Aws, arn: &str, error: Error) -> Error {
    let Some((blockers, command)) = blockers(aws, arn, &error).await else { return error };
    if blockers.is_empty() {
        return error;
    }
    let mut explained = Error { kind: ErrorKind::Refused, ..error };
    explained = explained.help(format!("in the way: {}", blockers.join(", ")));
    explained.help(format!("{command}; then destroy again"))
}

/// The things of the kind that the refusal speaks of which do not end by themselves, and how to end them.
/// `None`: a refusal that passes by itself.
async fn blockers(aws: &Aws, arn: &str, error: &Error) -> Option<(Vec<String>, String)> {
    match error.code.as_deref()? {
        "ClusterContainsTasksException" => {
            let request = aws.ecs.list_tasks().cluster(arn).desired_status(DesiredStatus::Running).max_results(NAMED);
            let tasks = request.send().await.map(|answer| answer.task_arns.unwrap_or_default());
            Some((tasks.unwrap_or_default(), format!("stop each: aws ecs stop-task --cluster {arn} --task TASK")))
        }
        "ClusterContainsServicesException" => {
            let services = aws.ecs.list_services().cluster(arn).max_results(NAMED).send().await;
            let services = services.map(|answer| answer.service_arns.unwrap_or_default()).unwrap_or_default();
            Some((services, format!("delete each: aws ecs delete-service --cluster {arn} --service SERVICE --force")))
        }
        "ClusterContainsContainerInstancesException" => {
            let instances = aws.ecs.list_container_instances().cluster(arn).max_results(NAMED).send().await;
            let instances = instances.map(|answer| answer.container_instance_arns.unwrap_or_default()).unwrap_or_default();
            let command = format!(
                "deregister each: aws ecs deregister-container-instance --cluster {arn} --container-instance INSTANCE --force"
            );
            Some((instances, command))
        }
        "ClusterContainsCapacityProviderException" => {
            let command = "delete each: aws ecs delete-capacity-provider --capacity-provider PROVIDER";
            Some((vec!["a capacity provider that belongs to the cluster".to_owned()], command.to_owned()))
        }
        _ => None,
    }
}
