//! What the containers of an execution's tasks write, by CloudWatch Logs.
//!
//! A container with `awslogs` and a stream prefix writes to the stream `PREFIX/CONTAINER/TASK-ID`. Where it writes
//! elsewhere, that is said once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::aws::executions::{Executions, LogStream};
use crate::execution::{EcsTask, Execution};

/// A line that a container wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// `RunReport/report`: the path of its state, and its name.
    pub from: String,
    pub time: Option<Timestamp>,
    pub text: String,
}

/// The streams of all tasks so far, each with how far it was read.
#[derive(Debug, Default)]
pub struct ContainerLogs {
    /// Where the containers of a task definition write, by its ARN.
    places: BTreeMap<String, Vec<Place>>,
    /// By the task's ARN and the container's name.
    tails: BTreeMap<(String, String), Tail>,
    told: BTreeSet<String>,
    /// Tasks whose logs are not wanted, by their ARN.
    ignored: BTreeSet<String>,
}

/// Where a container writes, but for the task's id.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    container: String,
    region: String,
    group: String,
    prefix: String,
}

#[derive(Debug, Default)]
struct Tail {
    token: Option<String>,
    /// How often there was nothing new since the task had stopped.
    silent: u32,
}

/// So often there must be nothing new after a task's end before its logs are taken for complete.
const SILENT: u32 = 4;
/// Pages of one stream that are read before the others have their turn.
const PAGES_AT_ONCE: usize = 10;

impl ContainerLogs {
    /// What the tasks so far have written is not wanted: it was there before a redrive.
    pub fn ignore_tasks_of(&mut self, execution: &Execution) {
        self.ignored.extend(execution.tasks(false).map(|(_, task)| task.arn.clone()));
    }

    /// What is new in all streams, and what is to be told of those that can't be read.
    pub async fn read(&mut self, executions: &Executions, execution: &Execution) -> (Vec<Written>, Vec<String>) {
        let (mut written, mut notes) = (Vec::new(), Vec::new());
        let wanted = execution.tasks(false).filter(|(_, task)| !self.ignored.contains(&task.arn));
        let tasks: Vec<(String, EcsTask)> = wanted.map(|(entry, task)| (execution.path(entry), task.clone())).collect();
        for (path, task) in &tasks {
            for place in self.places_of(executions, task, &mut notes).await {
                let from = format!("{path}/{}", place.container);
                let stream = place.stream(task);
                if let Err(error) = self.read_stream(executions, (task, &place.container), &stream, &from, &mut written).await {
                    self.tell(&mut notes, format!("warning: the log of {from} can't be read: {error}"));
                }
            }
        }
        written.sort_by_key(|line| line.time);
        (written, notes)
    }

    /// Whether more may come.
    pub fn is_open(&self, execution: &Execution) -> bool {
        let tail = |task: &EcsTask, place: &Place| self.tails.get(&(task.arn.clone(), place.container.clone()));
        execution.tasks(false).filter(|(_, task)| !self.ignored.contains(&task.arn)).any(|(_, task)| {
            let places = task.task_definition_arn.as_ref().map(|definition| self.places.get(definition));
            match places {
                Some(Some(places)) => places.iter().any(|place| tail(task, place).is_none_or(|tail| tail.silent < SILENT)),
                // Not looked up yet.
                Some(None) => true,
                None => false,
            }
        })
    }

    async fn read_stream(
        &mut self,
        executions: &Executions,
        (task, container): (&EcsTask, &str),
        stream: &LogStream,
        from: &str,
        written: &mut Vec<Written>,
    ) -> Result<(), crate::aws::Error> {
        let tail = self.tails.entry((task.arn.clone(), container.to_owned())).or_default();
        if tail.silent >= SILENT {
            return Ok(());
        }
        let before = written.len();
        for _ in 0..PAGES_AT_ONCE {
            let lines = match executions.log_lines(stream, tail.token.as_deref()).await {
                Ok(lines) => lines,
                Err(error) => {
                    tail.silent = SILENT;
                    return Err(error);
                }
            };
            let Some((lines, token)) = lines else { break };
            let is_last = token.is_none() || token == tail.token;
            tail.token = token;
            written.extend(lines.into_iter().map(|line| Written { from: from.to_owned(), time: line.time, text: line.text }));
            if is_last {
                break;
            }
        }
        tail.silent = if written.len() == before && task.is_stopped() { tail.silent + 1 } else { 0 };
        Ok(())
    }

    async fn places_of(&mut self, executions: &Executions, task: &EcsTask, notes: &mut Vec<String>) -> Vec<Place> {
        let Some(definition) = &task.task_definition_arn else { return Vec::new() };
        if let Some(places) = self.places.get(definition) {
            return places.clone();
        }
        let mut places = Vec::new();
        match executions.container_definitions(definition).await {
            Ok(containers) => {
                for container in &containers {
                    match Place::of(container, task) {
                        Ok(place) => places.push(place),
                        Err(why) => self.tell(notes, why),
                    }
                }
            }
            Err(error) => self.tell(notes, format!("warning: where the containers of {definition} write can't be had: {error}")),
        }
        self.places.insert(definition.clone(), places.clone());
        places
    }

    fn tell(&mut self, notes: &mut Vec<String>, note: String) {
        if self.told.insert(note.clone()) {
            notes.push(note);
        }
    }
}

impl Place {
    /// Where a container writes; else why that can't be told.
    fn of(definition: &Json, task: &EcsTask) -> Result<Self, String> {
        let text = |pointer: &str| definition.pointer(pointer).and_then(Json::as_str).filter(|text| !text.is_empty());
        let container = text("/name").unwrap_or_default().to_owned();
        match text("/logConfiguration/logDriver") {
            Some("awslogs") => {}
            Some(other) => return Err(format!("The log of container {container} goes elsewhere: its driver is {other}.")),
            None => return Err(format!("Container {container} has no log_configuration, so that nothing of it is kept.")),
        }
        let option = |name: &str| text(&format!("/logConfiguration/options/awslogs-{name}"));
        let (Some(group), Some(prefix)) = (option("group"), option("stream-prefix")) else {
            return Err(format!("The log of container {container} can't be found by the task: it has no awslogs-stream-prefix."));
        };
        let region = option("region").or_else(|| task.arn.split(':').nth(3)).unwrap_or_default();
        Ok(Self { container, region: region.to_owned(), group: group.to_owned(), prefix: prefix.to_owned() })
    }

    fn stream(&self, task: &EcsTask) -> LogStream {
        let name = format!("{}/{}/{}", self.prefix, self.container, task.id());
        LogStream { region: self.region.clone(), group: self.group.clone(), name }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::execution::Event;
    use crate::secret::Veil;

    #[test]
    fn what_was_before_a_redrive_is_not_read_again() {
        let path = format!("{}/tests/fixtures/executions/redriven.json", env!("CARGO_MANIFEST_DIR"));
        let json: Json = serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).expect("JSON");
        let events = json["events"].as_array().expect("events").iter();
        let events: Vec<Event> = events.filter_map(|event| Event::parse(event, &Veil::default())).collect();
        let redriven = events.iter().position(|event| event.name == "ExecutionRedriven").expect("it is redriven");
        let mut logs = ContainerLogs::default();
        logs.ignore_tasks_of(&Execution::of(&events[..redriven]));
        assert!(!logs.is_open(&Execution::of(&events[..redriven])));
        assert!(logs.is_open(&Execution::of(&events)), "the second task's are wanted");
        assert!(ContainerLogs::default().is_open(&Execution::of(&events[..redriven])));
    }

    #[test]
    fn where_containers_write() {
        let task = EcsTask { arn: "arn:aws:ecs:eu-west-1:1:task/main/ab12".to_owned(), ..EcsTask::default() };
        let of = |configuration: Json| Place::of(&json!({ "name": "report", "logConfiguration": configuration }), &task);
        let options = json!({ "awslogs-group": "/ecs/r", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "p" });
        let stream = of(json!({ "logDriver": "awslogs", "options": options })).map(|place| place.stream(&task));
        let expected = LogStream { region: "eu-central-1".into(), group: "/ecs/r".into(), name: "p/report/ab12".into() };
        assert_eq!(stream, Ok(expected));
        let near = of(json!({ "logDriver": "awslogs", "options": { "awslogs-group": "g", "awslogs-stream-prefix": "p" } }));
        assert_eq!(near.map(|place| place.region).as_deref(), Ok("eu-west-1"));
        for (configuration, word) in [
            (json!(null), "no log_configuration"),
            (json!({ "logDriver": "splunk" }), "driver is splunk"),
            (json!({ "logDriver": "awslogs", "options": { "awslogs-group": "g" } }), "no awslogs-stream-prefix"),
        ] {
            assert!(of(configuration).is_err_and(|why| why.contains(word)), "{word}");
        }
    }
}
