//! Executions of state machines: starting, following, stopping, taking up again.
//!
//! Answers are read as JSON: the history has sixty members that differ by the type of the event, and a type that the
//! SDK does not know yet is to be kept.

use aws_config::retry::RetryConfig;
use aws_smithy_runtime_api::client::result::SdkError;
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
        match sent {
            Ok(_) => exchange.answer($operation),
            Err(error) => {
                // Where AWS agreed and the SDK could not read what it said, we may.
                let is_agreed = matches!(&error, SdkError::ResponseError(context) if context.raw().status().is_success());
                match exchange.answer($operation) {
                    Ok(json) if is_agreed => Ok(json),
                    _ => Err(Error::from_sdk($operation, error)),
                }
            }
        }
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
