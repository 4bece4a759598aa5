//! Whether AWS would take a machine: its scopes and the ways between their states.

use std::collections::{BTreeSet, HashMap};

use crate::diagnostic::{Finding, nearest};
use crate::document::states_language::{Integration, ScopeEntry as Scope, StateEntry as State, scopes};
use crate::value::{Path, Segment, Value};

/// What an express machine can't do, a standard one can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MachineType {
    #[default]
    Standard,
    Express,
}

const TYPES: [&str; 8] = ["Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"];
const LONGEST_NAME: usize = 80;

/// What is wrong with `definition`, by paths that begin at it. Pending parts are not judged.
pub fn validate(definition: &Value, machine_type: MachineType) -> Vec<Finding> {
    match definition {
        Value::Pending(_) | Value::Secret(_) => return Vec::new(),
        Value::Map(_) => {}
        _ => return vec![Finding::error(Path::default(), "a state machine is a table, or JSON text that holds an object")],
    }
    let mut findings = Vec::new();
    let mut first_places: HashMap<&str, Path> = HashMap::new();
    for scope in scopes(definition) {
        check_scope(&scope, &mut findings);
        for state in scope.states() {
            check_name(&state, &mut first_places, &mut findings);
            check_state(&state, &mut findings);
            if machine_type == MachineType::Express {
                check_express(&state, &mut findings);
            }
        }
    }
    findings
}

fn check_scope(scope: &Scope, findings: &mut Vec<Finding>) {
    let names: Vec<&str> = scope.states().map(|state| state.name).collect();
    match scope.value.get("States") {
        None => return findings.push(Finding::error(scope.path.clone(), "there is no `States`")),
        Some(Value::Map(states)) if states.is_empty() => {
            return findings.push(Finding::error(scope.path.join_key("States"), "there is no state"));
        }
        Some(Value::Map(_)) => {}
        Some(Value::Pending(_)) => return,
        Some(_) => return findings.push(Finding::error(scope.path.join_key("States"), "`States` is a table of states")),
    }
    let mut reached = BTreeSet::new();
    let mut is_certain = true;
    match scope.value.get("StartAt") {
        None => {
            findings.push(Finding::error(scope.path.clone(), "there is no `StartAt`").help("it names the first state"));
            is_certain = false;
        }
        Some(start) => is_certain &= check_target(start, &scope.path.join_key("StartAt"), &names, findings),
    }
    let mut waiting: Vec<&str> = scope.value.text("StartAt").into_iter().collect();
    let mut edges: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut has_end = false;
    for state in scope.states() {
        let targets = targets(&state);
        for (path, target) in &targets {
            is_certain &= check_target(target, path, &names, findings);
        }
        has_end |= is_terminal(&state);
        edges.insert(state.name, targets.into_iter().filter_map(|(_, target)| target.as_str()).collect());
    }
    if !has_end {
        findings.push(
            Finding::error(scope.path.join_key("States"), "no state ends the flow")
                .help("give a state End = true, or add one of type Succeed or Fail"),
        );
    }
    while let Some(name) = waiting.pop() {
        if reached.insert(name) {
            waiting.extend(edges.get(name).into_iter().flatten());
        }
    }
    // Behind a target that does not exist, everything is out of reach: the target is what is wrong.
    for state in scope.states().filter(|state| is_certain && !reached.contains(state.name)) {
        findings.push(Finding::error(state.path, format!("no way leads to the state `{}`", state.name)).on_key());
    }
}

/// Whether the target is a known state.
fn check_target(target: &Value, path: &Path, names: &[&str], findings: &mut Vec<Finding>) -> bool {
    match target {
        Value::String(name) if names.contains(&name.as_str()) => return true,
        Value::String(name) => {
            let mut finding = Finding::error(path.clone(), format!("there is no state `{name}` here"));
            finding.replacement = nearest(name, names.iter().copied()).map(str::to_owned);
            findings.push(finding.help("a state leads to another of the same `States`"));
        }
        Value::Pending(_) => {}
        _ => findings.push(Finding::error(path.clone(), "the name of a state is wanted")),
    }
    false
}

/// Every state that `state` may lead to.
fn targets<'a>(state: &State<'a>) -> Vec<(Path, &'a Value)> {
    let mut targets = Vec::new();
    for key in ["Next", "Default"] {
        targets.extend(state.value.get(key).map(|target| (state.path.join_key(key), target)));
    }
    for key in ["Choices", "Catch"] {
        let rules = state.value.get(key).map(Value::items).unwrap_or_default();
        for (index, rule) in rules.iter().enumerate() {
            let path = state.path.join_key(key).join(Segment::Index(index)).join_key("Next");
            targets.extend(rule.get("Next").map(|target| (path, target)));
        }
    }
    targets
}

fn is_terminal(state: &State) -> bool {
    let pending = |value: Option<&Value>| matches!(value, Some(Value::Pending(_)));
    matches!(state.kind(), Some("Succeed" | "Fail"))
        || state.value.get("End").and_then(Value::as_bool) == Some(true)
        || pending(Some(state.value))
        || pending(state.value.get("Type"))
        || pending(state.value.get("End"))
}

fn check_name<'a>(state: &State<'a>, first_places: &mut HashMap<&'a str, Path>, findings: &mut Vec<Finding>) {
    if state.name.chars().count() > LONGEST_NAME {
        let message = format!("the name of a state has at most {LONGEST_NAME} characters");
        findings.push(Finding::error(state.path.clone(), message).on_key());
    }
    if let Some(first) = first_places.get(state.name) {
        let message = format!("a state is called `{}` at {first} already; names are unique in the whole machine", state.name);
        findings.push(Finding::error(state.path.clone(), message).on_key());
    } else {
        first_places.insert(state.name, state.path.clone());
    }
}

fn check_state(state: &State, findings: &mut Vec<Finding>) {
    match state.value {
        Value::Map(_) => {}
        Value::Pending(_) | Value::Secret(_) => return,
        _ => return findings.push(Finding::error(state.path.clone(), "a state is a table")),
    }
    match state.value.get("Type") {
        None => return findings.push(Finding::error(state.path.clone(), format!("the state `{}` has no `Type`", state.name))),
        Some(Value::String(kind)) if !TYPES.contains(&kind.as_str()) => {
            let mut finding = Finding::error(state.path.join_key("Type"), format!("there is no type of state called `{kind}`"))
                .help(format!("the types are {}", TYPES.join(", ")));
            finding.replacement = nearest(kind, TYPES).map(str::to_owned);
            return findings.push(finding);
        }
        Some(_) => {}
    }
    let missing = |key: &str| state.value.get(key).is_none_or(Value::is_empty);
    match state.kind() {
        Some("Task") if missing("Resource") => {
            findings.push(Finding::error(state.path.clone(), format!("the task `{}` has no `Resource`", state.name)));
        }
        Some("Choice") if missing("Choices") => {
            findings.push(Finding::error(state.path.clone(), format!("the choice `{}` has no `Choices`", state.name)));
        }
        Some("Parallel") if missing("Branches") => {
            findings.push(Finding::error(state.path.clone(), format!("`{}` has no `Branches`", state.name)));
        }
        Some("Map") if missing("ItemProcessor") && missing("Iterator") => {
            findings.push(Finding::error(state.path.clone(), format!("the map `{}` has no `ItemProcessor`", state.name)));
        }
        _ => {}
    }
    if matches!(state.kind(), Some("Task" | "Pass" | "Wait" | "Parallel" | "Map")) {
        match (state.value.get("Next"), state.value.get("End")) {
            (Some(_), Some(_)) => {
                findings.push(Finding::error(state.path.join_key("End"), "`Next` and `End` exclude each other").on_key());
            }
            (None, None) | (None, Some(Value::Bool(false))) => findings.push(
                Finding::error(state.path.clone(), format!("nothing follows the state `{}`", state.name))
                    .help("give it Next = \"STATE\", or End = true"),
            ),
            _ => {}
        }
    }
}

fn check_express(state: &State, findings: &mut Vec<Finding>) {
    if let Some(resource) = state.value.text("Resource") {
        let pattern = Integration::parse(resource).and_then(|integration| integration.pattern);
        let cannot = match pattern {
            Some(pattern) => Some(format!("an express machine can't wait for a task as `.{pattern}` does")),
            None => resource.contains(":activity:").then(|| "an express machine can't run an activity".to_owned()),
        };
        findings.extend(
            cannot.map(|message| Finding::error(state.path.join_key("Resource"), message).help("a machine of type STANDARD can")),
        );
    }
    for scope in state.scopes() {
        if scope.value.get("ProcessorConfig").and_then(|config| config.text("Mode")) == Some("DISTRIBUTED") {
            let path = scope.path.join_key("ProcessorConfig").join_key("Mode");
            findings.push(Finding::error(path, "an express machine has no distributed map"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn problems(definition: Json, machine_type: MachineType) -> Vec<String> {
        validate(&Value::from(definition), machine_type)
            .into_iter()
            .map(|finding| format!("{}: {}", finding.path, finding.message))
            .collect()
    }

    fn task(next: Json) -> Json {
        let mut state = json!({ "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync" });
        if let (Some(state), Some(next)) = (state.as_object_mut(), next.as_object()) {
            state.extend(next.clone());
        }
        state
    }

    #[test]
    fn a_good_machine() {
        let definition = json!({ "StartAt": "Run", "TimeoutSeconds": 1200, "States": {
            "Run": task(json!({ "Next": "Which", "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Failed" }] })),
            "Which": { "Type": "Choice", "Choices": [{ "Variable": "$.a", "IsPresent": true, "Next": "Both" }], "Default": "Done" },
            "Both": { "Type": "Parallel", "Next": "Done", "Branches": [{ "StartAt": "A", "States": { "A": task(json!({ "End": true })) } }] },
            "Done": { "Type": "Succeed" },
            "Failed": { "Type": "Fail" },
        } });
        assert_eq!(problems(definition, MachineType::Standard), Vec::<String>::new());
    }

    #[test]
    fn flow() {
        let definition = json!({ "StartAt": "A", "States": {
            "A": task(json!({ "Next": "B" })), "B": task(json!({})), "C": task(json!({ "End": true })) } });
        assert_eq!(
            problems(definition, MachineType::Standard),
            ["States.C: no way leads to the state `C`", "States.B: nothing follows the state `B`"]
        );
        let definition = json!({ "StartAt": "Rum", "States": { "Run": { "Type": "Pas", "Next": "Run" } } });
        assert_eq!(
            problems(definition, MachineType::Standard),
            [
                "StartAt: there is no state `Rum` here",
                "States: no state ends the flow",
                "States.Run.Type: there is no type of state called `Pas`"
            ]
        );
        assert_eq!(problems(json!({}), MachineType::Standard), [": there is no `States`"]);
    }

    #[test]
    fn express() {
        let definition = json!({ "StartAt": "A", "States": { "A": task(json!({ "End": true })) } });
        assert_eq!(
            problems(definition, MachineType::Express),
            ["States.A.Resource: an express machine can't wait for a task as `.sync` does"]
        );
    }
}
