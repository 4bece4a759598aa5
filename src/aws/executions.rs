//! Executions of state machines: starting, following, stopping, taking up again.
//!
//! Answers are read as JSON: the history has sixty members that differ by the type of the event, and a type that the
//! SDK does not know yet is to be kept.

use aws_config::retry::RetryConfig;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::aws::{Aws, Error, ErrorKind, JsonExchange};
use crate::execution::{Description, EcsTask, Event, Status};
use crate::secret::Veil;

/// The most events that AWS gives at once.
const WHOLE_PAGE: i32 = 1000;
/// What is new since a second ago is rarely more.
const NEWS_PAGE: i32 = 200;
/// The most tasks that can be asked for at once.
const TASKS_AT_ONCE: usize = 100;
/// The most executions that AWS lists at once.
const LIST_PAGE: i32 = 1000;

/// The executions of one account and region, with what must not be shown of them.
#[derive(Clone, Debug)]
pub struct Executions {
    pub aws: Aws,
    pub veil: Veil,
}

/// Sends a call and gives its answer as JSON.
macro_rules! answer {
    ($operation:literal, $request:expr) => {
        answer!($operation, customized $request.customize())
    };
    ($operation:literal, customized $request:expr) => {{
        let exchange = JsonExchange::listening();
        let sent = $request.interceptor(exchange.clone()).send().await;
        exchange.outcome($operation, sent)
    }};
}

impl Executions {
    /// Starts one, and gives its ARN.
    pub async fn start(&self, machine_arn: &str, name: Option<&str>, input: &str) -> Result<String, Error> {
        let request = self.aws.sfn.start_execution().state_machine_arn(machine_arn).input(input);
        let json = answer!("states:StartExecution", request.set_name(name.map(str::to_owned)))?;
        let arn = json.get("executionArn").and_then(Json::as_str);
        arn.map(str::to_owned)
            .ok_or_else(|| Error::new("states:StartExecution", ErrorKind::Bug, "AWS did not say which execution it started"))
    }

    pub async fn describe(&self, arn: &str) -> Result<Description, Error> {
        let json = answer!("states:DescribeExecution", self.aws.sfn.describe_execution().execution_arn(arn))?;
        Ok(Description::parse(&json, &self.veil))
    }

    /// The definition that the execution runs by, which may be older than that of its machine.
    pub async fn definition(&self, arn: &str) -> Result<Option<Json>, Error> {
        let request = self.aws.sfn.describe_state_machine_for_execution().execution_arn(arn);
        let json = answer!("states:DescribeStateMachineForExecution", request)?;
        Ok(json.get("definition").and_then(Json::as_str).and_then(|text| serde_json::from_str(text).ok()))
    }

    /// The events after number `after`, in their order.
    ///
    /// The end of a history has no token to go on from. So what is new is read from its end backwards, until what is
    /// known already: one call, however long the history is.
    pub async fn history(&self, arn: &str, after: u64) -> Result<Vec<Event>, Error> {
        let is_news = after > 0;
        let request = self.aws.sfn.get_execution_history().execution_arn(arn).include_execution_data(true);
        let request = request.reverse_order(is_news).max_results(if is_news { NEWS_PAGE } else { WHOLE_PAGE });
        let mut events: Vec<Event> = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let json = answer!("states:GetExecutionHistory", request.clone().set_next_token(token.take()))?;
            let page = json.get("events").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            let page: Vec<Event> = page.iter().filter_map(|event| Event::parse(event, &self.veil)).collect();
            let reaches_back = page.iter().any(|event| event.id <= after + 1);
            events.extend(page.into_iter().filter(|event| event.id > after));
            token = json.get("nextToken").and_then(Json::as_str).filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() || (is_news && reaches_back) {
                break;
            }
        }
        events.sort_by_key(|event| event.id);
        events.dedup_by_key(|event| event.id);
        Ok(events)
    }

    /// The latest executions of a machine, the newest first, `at_most` of them.
    pub async fn list(&self, machine_arn: &str, status: Option<Status>, at_most: usize) -> Result<Vec<Description>, Error> {
        let mut found: Vec<Description> = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let missing = i32::try_from(at_most.saturating_sub(found.len())).unwrap_or(LIST_PAGE).clamp(1, LIST_PAGE);
            let request = self.aws.sfn.list_executions().state_machine_arn(machine_arn).max_results(missing);
            let request = request.set_status_filter(status.map(|status| status.name().into()));
            let json = answer!("states:ListExecutions", request.set_next_token(token.take()))?;
            let page = json.get("executions").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            found.extend(page.iter().map(|execution| Description::parse(execution, &self.veil)));
            token = json.get("nextToken").and_then(Json::as_str).filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() || found.len() >= at_most {
                found.truncate(at_most);
                return Ok(found);
            }
        }
    }

    /// Stops one.
    pub async fn stop(&self, arn: &str, error: Option<&str>, cause: Option<&str>) -> Result<(), Error> {
        let request = self.aws.sfn.stop_execution().execution_arn(arn);
        let request = request.set_error(error.map(str::to_owned)).set_cause(cause.map(str::to_owned));
        answer!("states:StopExecution", request).map(|_| ())
    }

    /// Takes one up again, where it failed.
    pub async fn redrive(&self, arn: &str) -> Result<(), Error> {
        // The SDK makes a token by itself, so that a call that it repeats takes effect once.
        answer!("states:RedriveExecution", self.aws.sfn.redrive_execution().execution_arn(arn)).map(|_| ())
    }

    /// What ECS says of these tasks of `cluster`. It forgets stopped ones after an hour.
    pub async fn tasks(&self, cluster: &str, arns: &[String]) -> Result<Vec<EcsTask>, Error> {
        let mut tasks = Vec::new();
        for arns in arns.chunks(TASKS_AT_ONCE) {
            let request = self.aws.ecs.describe_tasks().cluster(cluster).set_tasks(Some(arns.to_vec()));
            // It is asked again in a moment anyway.
            let once = aws_sdk_ecs::config::Builder::new().retry_config(RetryConfig::disabled());
            let json = answer!("ecs:DescribeTasks", customized request.customize().config_override(once))?;
            tasks.extend(json.get("tasks").and_then(Json::as_array).into_iter().flatten().filter_map(EcsTask::parse));
        }
        Ok(tasks)
    }

    /// The containers of a task definition, as ECS describes them.
    pub async fn container_definitions(&self, task_definition: &str) -> Result<Vec<Json>, Error> {
        let request = self.aws.ecs.describe_task_definition().task_definition(task_definition);
        let json = answer!("ecs:DescribeTaskDefinition", request)?;
        let containers = json.pointer("/taskDefinition/containerDefinitions").and_then(Json::as_array);
        Ok(containers.cloned().unwrap_or_default())
    }

    /// The lines of a log stream after `token`, and the token for those after them. None: there is no such stream yet.
    pub async fn log_lines(
        &self,
        stream: &LogStream,
        token: Option<&str>,
    ) -> Result<Option<(Vec<LogLine>, Option<String>)>, Error> {
        let region = aws_sdk_cloudwatchlogs::config::Region::new(stream.region.clone());
        let request = self.aws.logs.get_log_events().log_group_name(&stream.group).log_stream_name(&stream.name);
        let request = request.start_from_head(true).set_next_token(token.map(str::to_owned)).customize();
        let request = request.config_override(aws_sdk_cloudwatchlogs::config::Builder::new().region(region));
        let answer = match request.send().await.map_err(|error| Error::from_sdk("logs:GetLogEvents", error)) {
            Ok(answer) => answer,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let line = |event: &aws_sdk_cloudwatchlogs::types::OutputLogEvent| LogLine {
            time: event.timestamp().and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok()),
            text: self.veil.hide(event.message().unwrap_or_default()),
        };
        Ok(Some((answer.events().iter().map(line).collect(), answer.next_forward_token().map(str::to_owned))))
    }
}

/// Where a container writes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogStream {
    pub region: String,
    pub group: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    pub time: Option<Timestamp>,
    pub text: String,
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;
    use crate::resources::stand_in::{Reply, StandIn};

    const ARN: &str = "arn:aws:states:eu-west-1:123456789012:execution:nightly:one";

    /// Answers by `reply`, and keeps the requests.
    fn stand_in(mut reply: impl FnMut(&str, &Json) -> Json + Send + 'static) -> (Executions, Arc<Mutex<Vec<Json>>>) {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let stand_in = StandIn::start(move |action, body| {
            kept.lock().expect("no other thread has panicked").push(body.clone());
            Reply::Json(200, reply(action, body))
        });
        (Executions { aws: stand_in.aws(), veil: Veil::default() }, requests)
    }

    fn event(id: u64) -> Json {
        json!({ "id": id, "previousEventId": id - 1, "type": "PassStateEntered", "timestamp": 1.5 })
    }

    /// A history of `length` events, in pages of at most three.
    fn history(length: u64) -> impl FnMut(&str, &Json) -> Json + Send + 'static {
        move |_, request| {
            let is_reversed = request["reverseOrder"] == true;
            let skipped: u64 = request["nextToken"].as_str().map_or(0, |token| token.parse().expect("a token of ours"));
            let ids = (skipped + 1..=length).take(3);
            let events: Vec<Json> = ids.map(|id| event(if is_reversed { length + 1 - id } else { id })).collect();
            let next = skipped + events.len() as u64;
            json!({ "events": events, "nextToken": (next < length).then(|| next.to_string()) })
        }
    }

    #[tokio::test]
    async fn a_history_is_read_whole_and_then_only_what_is_new() {
        for (after, expected_calls) in [(0, 4), (9, 1), (8, 1), (7, 1), (6, 2), (1, 3), (10, 1)] {
            let (executions, requests) = stand_in(history(10));
            let events = executions.history(ARN, after).await.expect("events");
            let ids: Vec<u64> = events.iter().map(|event| event.id).collect();
            assert_eq!(ids, (after + 1..=10).collect::<Vec<_>>(), "after {after}");
            let requests = requests.lock().expect("no other thread has panicked");
            assert_eq!(requests.len(), expected_calls, "after {after}: {requests:?}");
            assert_eq!(requests[0]["reverseOrder"], after > 0);
        }
    }

    #[tokio::test]
    async fn it_is_taken_up_again_once() {
        let (executions, requests) = stand_in(|action, _| {
            assert_eq!(action, "RedriveExecution");
            json!({ "redriveDate": 1.5 })
        });
        executions.redrive(ARN).await.expect("it is redriven");
        let requests = requests.lock().expect("no other thread has panicked");
        assert_eq!((requests.len(), requests[0]["executionArn"].as_str()), (1, Some(ARN)));
        assert!(requests[0]["clientToken"].as_str().is_some_and(|token| !token.is_empty()), "{requests:?}");
    }

    #[tokio::test]
    async fn what_the_sdk_cannot_read_is_read_all_the_same() {
        let task = "arn:aws:ecs:eu-west-1:123456789012:task/main/ab";
        let (executions, requests) = stand_in(
            move |_, _| json!({ "tasks": [{ "taskArn": task, "lastStatus": "RUNNING", "containers": [{ "name": "report", "cpu": 0 }] }] }),
        );
        let tasks = executions.tasks("main", &[task.to_owned()]).await.expect("tasks");
        assert_eq!(tasks.iter().map(|task| task.last_status.as_deref()).collect::<Vec<_>>(), [Some("RUNNING")]);
        assert_eq!(requests.lock().expect("no other thread has panicked").len(), 1, "and it is asked once");
    }

    #[tokio::test]
    async fn no_more_are_listed_than_wanted() {
        let (executions, requests) = stand_in(|_, request| {
            let execution =
                |name: u64| json!({ "executionArn": ARN, "name": name.to_string(), "status": "FAILED", "startDate": 1.0 });
            let count = request["maxResults"].as_u64().unwrap_or(0).min(2);
            json!({ "executions": (0..count).map(execution).collect::<Vec<_>>(), "nextToken": "more" })
        });
        let found = executions.list("machine", Some(Status::Failed), 5).await.expect("executions");
        assert_eq!(found.len(), 5);
        let requests = requests.lock().expect("no other thread has panicked");
        let asked: Vec<_> =
            requests.iter().map(|request| (request["maxResults"].as_u64(), request["statusFilter"].as_str())).collect();
        assert_eq!(asked, [(Some(5), Some("FAILED")), (Some(3), Some("FAILED")), (Some(1), Some("FAILED"))]);
    }
}
