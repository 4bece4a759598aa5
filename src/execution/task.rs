//! Tasks of ECS, as ECS and as Step Functions tell them: the same members, spelt `lastStatus` by one and
//! `LastStatus` by the other.

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::execution::event::time;

/// What is known of one task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EcsTask {
    pub arn: String,
    pub cluster_arn: Option<String>,
    pub task_definition_arn: Option<String>,
    /// `PROVISIONING`, `PENDING`, `RUNNING`, `STOPPED` and what lies between.
    pub last_status: Option<String>,
    /// `EssentialContainerExited`, `TaskFailedToStart`, …
    pub stop_code: Option<String>,
    pub stopped_reason: Option<String>,
    pub started: Option<Timestamp>,
    pub stopped: Option<Timestamp>,
    pub containers: Vec<Container>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    pub name: String,
    pub last_status: Option<String>,
    pub exit_code: Option<i64>,
    pub reason: Option<String>,
}

impl EcsTask {
    /// Reads one task; none of what has no ARN of a task.
    pub fn parse(json: &Json) -> Option<Self> {
        let text = |key: &str| text(json, key);
        let arn = text("taskArn").filter(|arn| arn.contains(":ecs:") && arn.contains(":task/"))?;
        Some(Self {
            arn,
            cluster_arn: text("clusterArn"),
            task_definition_arn: text("taskDefinitionArn"),
            last_status: text("lastStatus"),
            stop_code: text("stopCode"),
            stopped_reason: text("stoppedReason"),
            started: member(json, "startedAt").and_then(moment),
            stopped: member(json, "stoppedAt").and_then(moment),
            containers: member(json, "containers").and_then(Json::as_array).into_iter().flatten().map(container).collect(),
        })
    }

    /// The tasks in what a service answered: `{"Tasks": [...]}`, or one task by itself.
    pub fn find_all(text: &str) -> Vec<Self> {
        // Most outputs are none, and reading a large one for nothing takes its time.
        if !text.contains(":task/") {
            return Vec::new();
        }
        let Ok(json) = serde_json::from_str::<Json>(text) else { return Vec::new() };
        match member(&json, "tasks").and_then(Json::as_array) {
            Some(tasks) => tasks.iter().filter_map(Self::parse).collect(),
            None => Self::parse(&json).into_iter().collect(),
        }
    }

    /// What its logs and the console call it.
    pub fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }

    pub fn is_stopped(&self) -> bool {
        self.last_status.as_deref() == Some("STOPPED")
    }
}

fn container(json: &Json) -> Container {
    Container {
        name: text(json, "name").unwrap_or_default(),
        last_status: text(json, "lastStatus"),
        exit_code: member(json, "exitCode").and_then(Json::as_i64),
        reason: text(json, "reason"),
    }
}

/// The member `key`, its first letter of either case.
fn member<'a>(json: &'a Json, key: &str) -> Option<&'a Json> {
    let capitalised = || {
        let mut letters = key.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    json.get(key).or_else(|| json.get(capitalised()?))
}

fn text(json: &Json, key: &str) -> Option<String> {
    member(json, key).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Step Functions counts milliseconds where ECS counts seconds.
fn moment(json: &Json) -> Option<Timestamp> {
    match json.as_f64() {
        Some(number) if number > 1e11 => Timestamp::from_millisecond(number as i64).ok(),
        _ => time(json),
    }
}
