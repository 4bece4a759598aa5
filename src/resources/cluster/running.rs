//! What stands in the way of a cluster's deletion: tasks, services, container instances.

use aws_sdk_ecs::types::DesiredStatus;
use serde_json::Value as Json;

use crate::aws::error::optional;
use crate::aws::{Aws, Error, JsonExchange};
use crate::resource::Running;

const DESCRIBE: &str = "ecs:DescribeTasks";
/// The most tasks of one `DescribeTasks`.
const BATCH: usize = 100;
/// How many services and instances are named.
const NAMED: i32 = 10;

/// What runs in the clusters `ids`.
pub async fn running(aws: &Aws, ids: &[String], owned: &[String]) -> Result<Vec<(String, Running)>, Error> {
    let mut found = Vec::new();
    for id in ids {
        let (tasks, services, instances) = tokio::try_join!(tasks(aws, id, owned), services(aws, id), instances(aws, id))?;
        found.extend(tasks.into_iter().chain(services).chain(instances).map(|running| (id.clone(), running)));
    }
    Ok(found)
}

/// The tasks of the cluster that have not stopped. One of a task definition that the stack holds is the stack's own, unless
/// a service would start it again; of those that are stopping, nobody needs to do anything.
pub async fn tasks(aws: &Aws, cluster: &str, owned: &[String]) -> Result<Vec<Running>, Error> {
    let mut found = Vec::new();
    for status in [DesiredStatus::Running, DesiredStatus::Stopped] {
        let arns = list_tasks(aws, cluster, status.clone()).await?;
        for batch in arns.chunks(BATCH) {
            let exchange = JsonExchange::listening();
            let request = aws.ecs.describe_tasks().cluster(cluster).set_tasks(Some(batch.to_vec()));
            let sent = request.customize().interceptor(exchange.clone()).send().await;
            let answer = exchange.outcome(DESCRIBE, sent)?;
            let described = answer.get("tasks").and_then(Json::as_array).into_iter().flatten();
            for task in described.filter_map(|task| running_task(task, cluster, owned)) {
                // One that began to stop between the two lists is in both.
                if !found.iter().any(|known: &Running| known.id == task.id) {
                    found.push(task);
                }
            }
        }
    }
    Ok(found)
}

async fn list_tasks(aws: &Aws, cluster: &str, status: DesiredStatus) -> Result<Vec<String>, Error> {
    let (mut arns, mut next) = (Vec::new(), None);
    loop {
        let request = aws.ecs.list_tasks().cluster(cluster).desired_status(status.clone());
        let page = request.set_next_token(next).send().await.map_err(|error| Error::from_sdk("ecs:ListTasks", error));
        let Some(page) = optional(page)? else { return Ok(arns) };
        arns.extend(page.task_arns.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            return Ok(arns);
        }
    }
}

fn running_task(task: &Json, cluster: &str, owned: &[String]) -> Option<Running> {
    let text = |member: &str| task.get(member).and_then(Json::as_str).unwrap_or_default();
    let (arn, definition, status) = (text("taskArn").to_owned(), text("taskDefinitionArn"), text("lastStatus"));
    if status == "STOPPED" || arn.is_empty() {
        return None;
    }
    let is_stopping = text("desiredStatus") == "STOPPED";
    let is_of_service = text("group").starts_with("service:");
    let is_own = !is_of_service && owned.iter().any(|id| family(id).is_some() && family(id) == family(definition));
    let short = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
    Some(Running {
        what: format!("the task {} of {} ({status})", short(&arn), short(definition)),
        command: (!is_own && !is_stopping).then(|| format!("aws ecs stop-task --cluster {cluster} --task {arn}")),
        is_stopping,
        id: arn,
    })
}

/// The ARN of a task definition without its revision: whichever of them runs, it is the same family.
fn family(arn: &str) -> Option<&str> {
    arn.contains(":task-definition/").then(|| arn.rsplit_once(':').map_or(arn, |(family, _)| family))
}

async fn services(aws: &Aws, cluster: &str) -> Result<Vec<Running>, Error> {
    let answer = aws.ecs.list_services().cluster(cluster).max_results(NAMED).send().await;
    let answer = optional(answer.map_err(|error| Error::from_sdk("ecs:ListServices", error)))?;
    let arns = answer.and_then(|answer| answer.service_arns).unwrap_or_default();
    let service = |arn: String| Running {
        what: format!("the service {}", arn.rsplit('/').next().unwrap_or(&arn)),
        command: Some(format!("aws ecs delete-service --cluster {cluster} --service {arn} --force")),
        is_stopping: false,
        id: arn,
    };
    Ok(arns.into_iter().map(service).collect())
}

async fn instances(aws: &Aws, cluster: &str) -> Result<Vec<Running>, Error> {
    let answer = aws.ecs.list_container_instances().cluster(cluster).max_results(NAMED).send().await;
    let answer = optional(answer.map_err(|error| Error::from_sdk("ecs:ListContainerInstances", error)))?;
    let arns = answer.and_then(|answer| answer.container_instance_arns).unwrap_or_default();
    let instance = |arn: String| Running {
        what: format!("the container instance {}", arn.rsplit('/').next().unwrap_or(&arn)),
        command: Some(format!("aws ecs deregister-container-instance --cluster {cluster} --container-instance {arn} --force")),
        is_stopping: false,
        id: arn,
    };
    Ok(arns.into_iter().map(instance).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_of_one_family() {
        let arn = |end: &str| format!("arn:aws:ecs:eu-central-1:123456789012:{end}");
        assert_eq!(family(&arn("task-definition/report:3")), family(&arn("task-definition/report:14")));
        assert_ne!(family(&arn("task-definition/report:3")), family(&arn("task-definition/reports:3")));
        assert_eq!(family(&arn("cluster/report")), None);
    }
}
