//! What happened, event by event: the JSON of `GetExecutionHistory` → [`Event`].

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::document::states_language::model::StateKind;
use crate::execution::Failure;
use crate::secret::Veil;

/// One line of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// From 1, without gaps.
    pub id: u64,
    /// The event that it follows; 0 for those that begin.
    pub previous: u64,
    pub time: Timestamp,
    /// As AWS calls it.
    pub name: String,
    pub kind: EventKind,
}

/// What an event says, whatever kind of task or state it is of.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    ExecutionStarted {
        input: Option<String>,
    },
    ExecutionEnded {
        ending: Ending,
        output: Option<String>,
        failure: Failure,
    },
    ExecutionRedriven,
    StateEntered {
        kind: Option<StateKind>,
        name: String,
        input: Option<String>,
    },
    StateExited {
        name: String,
        output: Option<String>,
    },
    /// Something else ended the state.
    StateAborted {
        kind: Option<StateKind>,
    },
    /// A `Parallel` or a `Map` begins with what is in it, once for each attempt.
    GroupStarted {
        kind: StateKind,
        length: Option<u64>,
    },
    GroupEnded {
        kind: StateKind,
        ending: Ending,
    },
    IterationStarted {
        name: String,
        index: u64,
    },
    IterationEnded {
        name: String,
        index: u64,
        ending: Ending,
    },
    MapRunStarted {
        arn: Option<String>,
    },
    MapRunEnded {
        ending: Ending,
        failure: Failure,
    },
    /// An attempt of a task begins.
    TaskScheduled {
        resource: Option<String>,
        parameters: Option<String>,
    },
    TaskStarted,
    /// The service has taken it on; what it said to that.
    TaskSubmitted {
        output: Option<String>,
    },
    TaskSucceeded {
        output: Option<String>,
    },
    TaskFailed {
        failure: Failure,
        is_timeout: bool,
    },
    /// An expression could not be evaluated.
    EvaluationFailed {
        failure: Failure,
    },
    /// What this version does not know.
    Other,
}

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

impl Event {
    /// Reads one element of `events`. Only what has no number is no event. What users put in is shown through `veil`.
    pub fn parse(json: &Json, veil: &Veil) -> Option<Self> {
        let number = |key: &str| json.get(key).and_then(Json::as_u64);
        let name = json.get("type").and_then(Json::as_str).unwrap_or_default().to_owned();
        Some(Self {
            id: number("id").filter(|id| *id > 0)?,
            previous: number("previousEventId").unwrap_or_default(),
            time: json.get("timestamp").and_then(time).unwrap_or_default(),
            kind: Details { json: details(json), veil }.kind(&name),
            name,
        })
    }
}

/// A time as AWS tells it: seconds since 1970, or in words as the AWS CLI writes it.
pub(super) fn time(json: &Json) -> Option<Timestamp> {
    match json {
        Json::Number(number) => {
            let milliseconds = number.as_f64()? * 1000.0;
            // Saturates, and a time that no calendar knows is none.
            Timestamp::from_millisecond(milliseconds.round() as i64).ok()
        }
        Json::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The one member that says more; its name tells the type once more.
fn details(json: &Json) -> &Json {
    let members = json.as_object().into_iter().flatten();
    members.into_iter().find(|(key, _)| key.ends_with("EventDetails")).map_or(&Json::Null, |(_, details)| details)
}

struct Details<'a> {
    json: &'a Json,
    veil: &'a Veil,
}

impl Details<'_> {
    fn kind(&self, name: &str) -> EventKind {
        use Ending::{Aborted, Failed, Succeeded, TimedOut};
        match name {
            "ExecutionStarted" => EventKind::ExecutionStarted { input: self.data("input") },
            "ExecutionSucceeded" => self.execution_ended(Succeeded),
            "ExecutionFailed" => self.execution_ended(Failed),
            "ExecutionTimedOut" => self.execution_ended(TimedOut),
            "ExecutionAborted" => self.execution_ended(Aborted),
            "ExecutionRedriven" => EventKind::ExecutionRedriven,
            "ParallelStateStarted" => self.group_started(StateKind::Parallel),
            "MapStateStarted" => self.group_started(StateKind::Map),
            "ParallelStateSucceeded" => EventKind::GroupEnded { kind: StateKind::Parallel, ending: Succeeded },
            "ParallelStateFailed" => EventKind::GroupEnded { kind: StateKind::Parallel, ending: Failed },
            "MapStateSucceeded" => EventKind::GroupEnded { kind: StateKind::Map, ending: Succeeded },
            "MapStateFailed" => EventKind::GroupEnded { kind: StateKind::Map, ending: Failed },
            "MapIterationStarted" => EventKind::IterationStarted { name: self.text("name"), index: self.number("index") },
            "MapIterationSucceeded" => self.iteration_ended(Succeeded),
            "MapIterationFailed" => self.iteration_ended(Failed),
            "MapIterationAborted" => self.iteration_ended(Aborted),
            "MapRunStarted" | "MapRunRedriven" => EventKind::MapRunStarted { arn: self.data("mapRunArn") },
            "MapRunSucceeded" => self.map_run_ended(Succeeded),
            "MapRunFailed" => self.map_run_ended(Failed),
            "MapRunAborted" => self.map_run_ended(Aborted),
            "TaskScheduled" | "LambdaFunctionScheduled" | "ActivityScheduled" => EventKind::TaskScheduled {
                resource: self.resource(),
                parameters: self.data("parameters").or_else(|| self.data("input")),
            },
            "TaskStarted" | "LambdaFunctionStarted" | "ActivityStarted" => EventKind::TaskStarted,
            "TaskSubmitted" => EventKind::TaskSubmitted { output: self.data("output") },
            "TaskSucceeded" | "LambdaFunctionSucceeded" | "ActivitySucceeded" => {
                EventKind::TaskSucceeded { output: self.data("output") }
            }
            "TaskFailed"
            | "TaskStartFailed"
            | "TaskSubmitFailed"
            | "LambdaFunctionFailed"
            | "LambdaFunctionScheduleFailed"
            | "LambdaFunctionStartFailed"
            | "ActivityFailed"
            | "ActivityScheduleFailed" => EventKind::TaskFailed { failure: self.failure(), is_timeout: false },
            "TaskTimedOut" | "LambdaFunctionTimedOut" | "ActivityTimedOut" => {
                EventKind::TaskFailed { failure: self.failure(), is_timeout: true }
            }
            "EvaluationFailed" => EventKind::EvaluationFailed { failure: self.failure() },
            _ => self.of_state(name),
        }
    }

    fn of_state(&self, name: &str) -> EventKind {
        if let Some(kind) = name.strip_suffix("StateEntered") {
            let kind = StateKind::of_name(kind);
            return EventKind::StateEntered { kind, name: self.text("name"), input: self.data("input") };
        }
        if name.ends_with("StateExited") {
            return EventKind::StateExited { name: self.text("name"), output: self.data("output") };
        }
        match name.strip_suffix("StateAborted") {
            Some(kind) => EventKind::StateAborted { kind: StateKind::of_name(kind) },
            None => EventKind::Other,
        }
    }

    fn execution_ended(&self, ending: Ending) -> EventKind {
        EventKind::ExecutionEnded { ending, output: self.data("output"), failure: self.failure() }
    }

    fn group_started(&self, kind: StateKind) -> EventKind {
        EventKind::GroupStarted { kind, length: self.json.get("length").and_then(Json::as_u64) }
    }

    fn iteration_ended(&self, ending: Ending) -> EventKind {
        EventKind::IterationEnded { name: self.text("name"), index: self.number("index"), ending }
    }

    fn map_run_ended(&self, ending: Ending) -> EventKind {
        EventKind::MapRunEnded { ending, failure: self.failure() }
    }

    /// `ecs:runTask.sync`; of a function or an activity its ARN.
    fn resource(&self) -> Option<String> {
        let (kind, resource) = (self.text("resourceType"), self.data("resource")?);
        Some(if kind.is_empty() { resource } else { format!("{kind}:{resource}") })
    }

    fn failure(&self) -> Failure {
        Failure { error: self.data("error").unwrap_or_default(), cause: self.data("cause").unwrap_or_default() }
    }

    /// What users or their programs have written.
    fn data(&self, key: &str) -> Option<String> {
        self.json.get(key).and_then(Json::as_str).map(|text| self.veil.hide(text))
    }

    fn text(&self, key: &str) -> String {
        self.json.get(key).and_then(Json::as_str).unwrap_or_default().to_owned()
    }

    fn number(&self, key: &str) -> u64 {
        self.json.get(key).and_then(Json::as_u64).unwrap_or_default()
    }
}
