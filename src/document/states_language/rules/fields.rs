//! Which members a machine, a scope and each type of state have, and in which query language.

use crate::diagnostic::{Finding, nearest};
use crate::document::states_language::model::StateKind::{Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait};
use crate::document::states_language::model::{QueryLanguage, Scope, ScopeRole, State, StateKind, StateMachine};
use crate::document::states_language::rules::code::SCHEMA_VALIDATION_FAILED;
use crate::document::states_language::rules::{Report, is_unknown, members};
use crate::value::{Path, Value};

const MACHINE: [&str; 6] = ["StartAt", "States", "Comment", "Version", "TimeoutSeconds", "QueryLanguage"];
const BRANCH: [&str; 3] = ["StartAt", "States", "Comment"];
const PROCESSOR: [&str; 4] = ["StartAt", "States", "Comment", "ProcessorConfig"];

/// A member of states.
struct Field {
    name: &'static str,
    /// The types that have it.
    kinds: &'static [StateKind],
    /// The only language in which it has a meaning.
    language: Option<QueryLanguage>,
}

const fn field(name: &'static str, kinds: &'static [StateKind]) -> Field {
    Field { name, kinds, language: None }
}

const fn json_path(name: &'static str, kinds: &'static [StateKind]) -> Field {
    Field { name, kinds, language: Some(QueryLanguage::JsonPath) }
}

const fn jsonata(name: &'static str, kinds: &'static [StateKind]) -> Field {
    Field { name, kinds, language: Some(QueryLanguage::Jsonata) }
}

const ALL: &[StateKind] = &StateKind::ALL;
const BUT_FAIL: &[StateKind] = &[Task, Pass, Choice, Wait, Succeed, Parallel, Map];
const FLOWING: &[StateKind] = &[Task, Pass, Wait, Parallel, Map];
const WORKING: &[StateKind] = &[Task, Parallel, Map];
const RESULTING: &[StateKind] = &[Task, Pass, Parallel, Map];

const FIELDS: [Field; 48] = [
    field("Type", ALL),
    field("Comment", ALL),
    field("QueryLanguage", ALL),
    field("Next", FLOWING),
    field("End", FLOWING),
    json_path("InputPath", BUT_FAIL),
    json_path("OutputPath", BUT_FAIL),
    jsonata("Output", BUT_FAIL),
    field("Assign", &[Task, Pass, Choice, Wait, Parallel, Map]),
    json_path("Parameters", RESULTING),
    json_path("ResultPath", RESULTING),
    json_path("ResultSelector", WORKING),
    jsonata("Arguments", &[Task, Parallel]),
    field("Retry", WORKING),
    field("Catch", WORKING),
    json_path("Result", &[Pass]),
    field("Resource", &[Task]),
    field("Credentials", &[Task]),
    field("TimeoutSeconds", &[Task]),
    json_path("TimeoutSecondsPath", &[Task]),
    field("HeartbeatSeconds", &[Task]),
    json_path("HeartbeatSecondsPath", &[Task]),
    field("Choices", &[Choice]),
    field("Default", &[Choice]),
    field("Seconds", &[Wait]),
    json_path("SecondsPath", &[Wait]),
    field("Timestamp", &[Wait]),
    json_path("TimestampPath", &[Wait]),
    field("Error", &[Fail]),
    json_path("ErrorPath", &[Fail]),
    field("Cause", &[Fail]),
    json_path("CausePath", &[Fail]),
    field("Branches", &[Parallel]),
    field("ItemProcessor", &[Map]),
    field("Iterator", &[Map]),
    json_path("ItemsPath", &[Map]),
    jsonata("Items", &[Map]),
    field("ItemSelector", &[Map]),
    field("ItemReader", &[Map]),
    field("ItemBatcher", &[Map]),
    field("ResultWriter", &[Map]),
    field("MaxConcurrency", &[Map]),
    json_path("MaxConcurrencyPath", &[Map]),
    field("ToleratedFailurePercentage", &[Map]),
    json_path("ToleratedFailurePercentagePath", &[Map]),
    field("ToleratedFailureCount", &[Map]),
    json_path("ToleratedFailureCountPath", &[Map]),
    field("Label", &[Map]),
];

/// Members of which a state needs one.
const REQUIRED: [(StateKind, &[&str]); 5] = [
    (Task, &["Resource"]),
    (Choice, &["Choices"]),
    (Parallel, &["Branches"]),
    (Map, &["ItemProcessor", "Iterator"]),
    (Wait, &["Seconds", "SecondsPath", "Timestamp", "TimestampPath"]),
];

/// Members of which a state takes one.
const EXCLUSIVE: [(&str, &str); 9] = [
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
    ("ItemProcessor", "Iterator"),
    ("ItemSelector", "Parameters"),
];

pub fn check_machine(machine: &StateMachine<'_>, report: &mut Report) {
    let Value::Map(map) = machine.value else { return };
    let path = Path::default();
    report.unknown_members(map, &MACHINE, &path, "a state machine");
    report.one_of(map, "Version", &path, &["1.0"]);
    report.one_of(map, "QueryLanguage", &path, &["JSONPath", "JSONata"]);
    members::check_text(machine.value, "Comment", &path, report);
    let seconds = members::whole(0, members::LONGEST_SECONDS);
    members::check_number(machine.value, "TimeoutSeconds", &path, seconds, QueryLanguage::JsonPath, report);
}

/// A branch, or the processor of a map.
pub fn check_inner_scope(scope: &Scope<'_>, report: &mut Report) {
    let (known, what): (&[&str], _) = match scope.role {
        ScopeRole::Machine | ScopeRole::Branch => (&BRANCH, "a branch"),
        ScopeRole::Inline | ScopeRole::Distributed => (&PROCESSOR, "the processor of a map"),
    };
    if let Some(members) = report.table(scope.value, &scope.path, what) {
        report.unknown_members(members, known, &scope.path, what);
    }
}

/// Whether there is more to be said of the state.
pub fn check_state(machine: &StateMachine<'_>, state: &State<'_>, report: &mut Report) -> bool {
    let Some(members) = report.table(state.value, &state.path, "a state") else { return false };
    match members.get("Type") {
        None => {
            report.error(state.path.clone(), format!("the state `{}` has no `Type`", state.name));
            return false;
        }
        Some(value) if is_unknown(value) => return false,
        Some(Value::String(kind)) if state.kind.is_none() => {
            let names = StateKind::ALL.map(StateKind::name);
            let mut finding = Finding::error(state.path.join_key("Type"), format!("there is no type of state called `{kind}`"))
                .code(SCHEMA_VALIDATION_FAILED)
                .help(format!("the types are {}", names.join(", ")));
            finding.replacement = nearest(kind, names).map(str::to_owned);
            report.push(finding);
            return false;
        }
        Some(Value::String(_)) => {}
        Some(other) => {
            report.error(state.path.join_key("Type"), format!("`Type` must be a string, not {}", other.kind()));
            return false;
        }
    }
    report.one_of(members, "QueryLanguage", &state.path, &["JSONPath", "JSONata"]);
    let is_downgrade = machine.query_language == QueryLanguage::Jsonata
        && members.contains_key("QueryLanguage")
        && state.query_language == QueryLanguage::JsonPath;
    if is_downgrade {
        let message = "a state can't be in JSONPath where the machine is in JSONata";
        let finding = Finding::error(state.path.join_key("QueryLanguage"), message);
        report.push(finding.code(SCHEMA_VALIDATION_FAILED).of_parent());
    }
    for key in members.keys() {
        check_field(state, key, is_downgrade, report);
    }
    report.exclusive(members, &state.path, &EXCLUSIVE);
    check_required(state, report);
    check_transition(state, report);
    true
}

fn check_field(state: &State<'_>, key: &str, is_downgrade: bool, report: &mut Report) {
    let Some(kind) = state.kind else { return };
    let Some(field) = FIELDS.iter().find(|field| field.name == key) else {
        let fitting = FIELDS.iter().filter(|field| field.kinds.contains(&kind)).map(|field| field.name);
        let mut finding = Finding::error(state.path.join_key(key), format!("a state has no member `{key}`"))
            .code(SCHEMA_VALIDATION_FAILED)
            .on_key()
            .of_parent();
        finding.replacement = nearest(key, fitting).map(str::to_owned);
        if finding.replacement.is_none() {
            finding.help.push("a note to the reader goes into `Comment`".to_owned());
        }
        return report.push(finding);
    };
    if !field.kinds.contains(&kind) {
        let having: Vec<&str> = field.kinds.iter().map(|kind| kind.name()).collect();
        let finding = Finding::error(state.path.join_key(key), format!("a state of type {} has no `{key}`", kind.name()));
        let finding = finding.code(SCHEMA_VALIDATION_FAILED).on_key().of_parent();
        return report.push(finding.help(format!("these have: {}", having.join(", "))));
    }
    if field.language.is_some_and(|language| language != state.query_language) && !is_downgrade {
        let (is, other) = match state.query_language {
            QueryLanguage::JsonPath => ("JSONPath", "JSONata"),
            QueryLanguage::Jsonata => ("JSONata", "JSONPath"),
        };
        let finding = Finding::error(state.path.join_key(key), format!("the state is in {is}, and `{key}` belongs to {other}"));
        let finding = finding.code(SCHEMA_VALIDATION_FAILED).on_key().of_parent();
        report.push(match state.query_language {
            QueryLanguage::JsonPath => {
                finding.help("set QueryLanguage = \"JSONata\" on this state; the state around it has no say")
            }
            QueryLanguage::Jsonata => finding,
        });
    }
}

fn check_required(state: &State<'_>, report: &mut Report) {
    let Some((kind, members)) = REQUIRED.iter().find(|(kind, _)| state.kind == Some(*kind)) else { return };
    let given: Vec<&&str> = members.iter().filter(|key| state.has(key)).collect();
    let told = |joint: &str| members.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(joint);
    match (kind, given.len()) {
        (_, 0) => {
            let what = match kind {
                Task => "the task",
                Choice => "the choice",
                Map => "the map",
                _ => "the state",
            };
            // The older name of the same is not advertised.
            let wanted = if *kind == Map { "`ItemProcessor`".to_owned() } else { told(" or ") };
            report.error(state.path.clone(), format!("{what} `{}` has no {wanted}", state.name));
        }
        (Wait, 2..) => {
            let second = given.get(1).map_or("", |key| **key);
            report.error_on_key(state.path.join_key(second), format!("a wait takes one of {}", told(", ")));
        }
        _ => {}
    }
    for key in ["Choices", "Branches"] {
        match state.value.get(key) {
            Some(Value::List(items)) if items.is_empty() => {
                report.error(state.path.join_key(key), format!("`{key}` is empty"));
            }
            Some(Value::List(_)) | None => {}
            Some(value) if is_unknown(value) => {}
            Some(other)
                if FIELDS.iter().any(|field| field.name == key && state.kind.is_some_and(|kind| field.kinds.contains(&kind))) =>
            {
                report.error(state.path.join_key(key), format!("`{key}` must be a list, not {}", other.kind()));
            }
            Some(_) => {}
        }
    }
}

fn check_transition(state: &State<'_>, report: &mut Report) {
    if !state.kind.is_some_and(|kind| FLOWING.contains(&kind)) {
        return;
    }
    match (&state.next, state.value.get("End")) {
        (Some(_), Some(Value::Bool(true))) => {
            report.error_on_key(state.path.join_key("End"), "`Next` and `End` exclude each other");
        }
        (None, None | Some(Value::Bool(false))) => {
            let finding = Finding::error(state.path.clone(), format!("nothing follows the state `{}`", state.name));
            report.push(finding.code(SCHEMA_VALIDATION_FAILED).help("give it Next = \"STATE\", or End = true"));
        }
        (_, None | Some(Value::Bool(_))) => {}
        (_, Some(value)) if is_unknown(value) => {}
        (_, Some(other)) => {
            report.error(state.path.join_key("End"), format!("`End` must be true or false, not {}", other.kind()));
        }
    }
}
