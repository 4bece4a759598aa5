//! What AWS says of an execution as a whole: `DescribeExecution`, and an element of `ListExecutions`.

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::execution::event::time;
use crate::execution::{Failure, Status};
use crate::secret::Veil;

#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    pub arn: String,
    pub machine_arn: String,
    /// The alias or the version that was started, if it was one.
    pub qualifier_arn: Option<String>,
    pub name: String,
    pub status: Status,
    pub started: Option<Timestamp>,
    pub stopped: Option<Timestamp>,
    /// These three are not in a list.
    pub input: Option<String>,
    pub output: Option<String>,
    pub failure: Option<Failure>,
    pub redrives: u64,
    pub redrive_status: Option<RedriveStatus>,
}

/// Whether it can be taken up again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedriveStatus {
    pub is_redrivable: bool,
    /// Why not.
    pub reason: Option<String>,
}

impl Description {
    /// Reads the answer, or an element of it. What users put in is shown through `veil`.
    pub fn parse(json: &Json, veil: &Veil) -> Self {
        let text = |key: &str| json.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
        let data = |key: &str| text(key).map(|text| veil.hide(text));
        let failure = (data("error"), data("cause"));
        Self {
            arn: text("executionArn").unwrap_or_default().to_owned(),
            machine_arn: text("stateMachineArn").unwrap_or_default().to_owned(),
            qualifier_arn: text("stateMachineAliasArn").or_else(|| text("stateMachineVersionArn")).map(str::to_owned),
            name: text("name").unwrap_or_default().to_owned(),
            status: text("status").and_then(Status::of_name).unwrap_or_default(),
            started: json.get("startDate").and_then(time),
            stopped: json.get("stopDate").and_then(time),
            input: data("input"),
            output: data("output"),
            failure: match failure {
                (None, None) => None,
                (error, cause) => Some(Failure { error: error.unwrap_or_default(), cause: cause.unwrap_or_default() }),
            },
            redrives: json.get("redriveCount").and_then(Json::as_u64).unwrap_or_default(),
            redrive_status: text("redriveStatus").map(|status| RedriveStatus {
                is_redrivable: status.starts_with("REDRIVABLE"),
                reason: data("redriveStatusReason"),
            }),
        }
    }
}
