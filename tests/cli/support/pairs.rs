//! The pairs of tests/fixtures/equality: two ways to write one resource, and whether they mean the same.
//!
//! A file is a list of rows. What a row leaves out, so that its point is plain, is added here:
//!
//! | `kind` | `a` and `b` are | and become |
//! |---|---|---|
//! | `trust`, `identity` | the statements of a policy; with `whole`, the policy | a role with that trust or that inline policy |
//! | `container` | members of a container | the first container of a task definition, beside `containers` and with `task` |
//! | `task` | members of a task definition | it, with one container if they have none |
//! | a type | members of that type | it |

use serde_json::{Map, Value as Json, json};

/// Two specs in their own spelling.
#[derive(Clone, Debug)]
pub struct Pair {
    pub reason: String,
    pub is_equal: bool,
    /// Why it can't be applied, if it can't.
    pub offline: Option<String>,
    pub resource_type: &'static str,
    pub a: Json,
    pub b: Json,
}

/// All of them.
pub fn pairs() -> Vec<Pair> {
    let files = [
        include_str!("../../fixtures/equality/policies.json"),
        include_str!("../../fixtures/equality/task_definitions.json"),
        include_str!("../../fixtures/equality/others.json"),
    ];
    let rows = files.into_iter().flat_map(|file| serde_json::from_str::<Vec<Json>>(file).expect("a list of rows"));
    rows.map(|row| pair(&row)).collect()
}

fn pair(row: &Json) -> Pair {
    let kind = row["kind"].as_str().expect("a kind");
    Pair {
        reason: format!("{kind}: {}", row["reason"].as_str().expect("a reason")),
        is_equal: row["equal"].as_bool().expect("equal or not"),
        offline: row["offline"].as_str().map(str::to_owned),
        resource_type: match kind {
            "trust" | "identity" | "role" => "role",
            "container" | "task" => "task_definition",
            "state_machine" => "state_machine",
            "cluster" => "cluster",
            "log_group" => "log_group",
            other => panic!("there is no kind {other}"),
        },
        a: spec(kind, row, &row["a"]),
        b: spec(kind, row, &row["b"]),
    }
}

fn spec(kind: &str, row: &Json, part: &Json) -> Json {
    let policy = || if row["whole"] == true { part.clone() } else { json!({ "Version": "2012-10-17", "Statement": part }) };
    let base = match kind {
        "trust" => return json!({ "assume_role_policy_document": policy() }),
        "identity" => return json!({ "assume_role_policy_document": trust(), "inline_policies": { "policy": policy() } }),
        "role" => json!({ "assume_role_policy_document": trust() }),
        "state_machine" => json!({
            "role_arn": "${role.machine.arn}",
            "definition": { "StartAt": "A", "States": { "A": { "Type": "Succeed" } } },
        }),
        "container" => {
            let mut containers = vec![merged(container(), part)];
            containers.extend(row["containers"].as_array().into_iter().flatten().cloned());
            return merged(json!({ "container_definitions": containers }), &row["task"]);
        }
        "task" => json!({ "container_definitions": [container()] }),
        _ => json!({}),
    };
    merged(base, part)
}

fn trust() -> Json {
    let service = json!({ "Effect": "Allow", "Principal": { "Service": "states.amazonaws.com" }, "Action": "sts:AssumeRole" });
    json!({ "Version": "2012-10-17", "Statement": [service] })
}

fn container() -> Json {
    json!({ "name": "a", "image": "i:1", "memory": 64 })
}

fn merged(mut base: Json, more: &Json) -> Json {
    let members = more.as_object().cloned().unwrap_or_else(Map::new);
    base.as_object_mut().expect("a table").extend(members);
    base
}
