//! Needs → the least policy that grants them. The order and the names of its statements follow from what they say.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::permissions::{Cause, Need, Target};
use crate::value::{Map, Value};

/// One statement, and why it is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub sid: String,
    pub actions: Vec<String>,
    pub resources: Vec<Value>,
    pub passed_to: Option<&'static str>,
    pub causes: Vec<Cause>,
    /// Why it names no narrower resource.
    pub wide: Vec<String>,
}

impl Statement {
    /// As the policy language writes it.
    pub fn document(&self) -> Value {
        let list = |items: Vec<Value>| if let [one] = items.as_slice() { one.clone() } else { Value::List(items) };
        let mut map = Map::new();
        map.insert("Sid".to_owned(), Value::string(&self.sid));
        map.insert("Effect".to_owned(), Value::string("Allow"));
        map.insert("Action".to_owned(), list(self.actions.iter().map(Value::string).collect()));
        map.insert("Resource".to_owned(), list(self.resources.clone()));
        if let Some(service) = self.passed_to {
            let key = Map::from_iter([("iam:PassedToService".to_owned(), Value::string(service))]);
            let operator = Map::from_iter([("StringEquals".to_owned(), Value::Map(key))]);
            map.insert("Condition".to_owned(), Value::Map(operator));
        }
        Value::Map(map)
    }
}

/// The text of a resource, references in it as the stack file writes them.
pub fn text_of(resource: &Value) -> String {
    match resource {
        Value::String(text) => text.clone(),
        Value::Pending(template) => template.to_string(),
        _ => String::new(),
    }
}

type Key = (Option<&'static str>, String);

/// The statements that grant `needs`, and nothing else.
pub fn statements(needs: &[Need]) -> Vec<Statement> {
    let everything = || vec![Value::string("*")];
    let mut by_resource: BTreeMap<Key, (Value, BTreeSet<String>)> = BTreeMap::new();
    for need in needs {
        let resources = match &need.target {
            Target::All(resources) | Target::Any(resources) => resources.clone(),
            Target::Whole | Target::Untold(_) => everything(),
        };
        for resource in resources {
            let entry = by_resource.entry((need.passed_to, text_of(&resource))).or_insert((resource, BTreeSet::new()));
            entry.1.insert(need.action.clone());
        }
    }
    // What may be done on everything needs no narrower statement.
    let wide: BTreeMap<Option<&'static str>, BTreeSet<String>> = by_resource
        .iter()
        .filter(|((_, resource), _)| resource == "*")
        .map(|((passed_to, _), (_, actions))| (*passed_to, actions.clone()))
        .collect();
    let mut merged: BTreeMap<(BTreeSet<String>, Option<&'static str>), Vec<Value>> = BTreeMap::new();
    for ((passed_to, text), (resource, mut actions)) in by_resource {
        if text != "*" {
            actions.retain(|action| !wide.get(&passed_to).is_some_and(|wide| wide.contains(action)));
        }
        if !actions.is_empty() {
            merged.entry((actions, passed_to)).or_default().push(resource);
        }
    }
    let mut sids = BTreeMap::new();
    let made = merged.into_iter().map(|((actions, passed_to), resources)| {
        let is_wide = resources.iter().any(|resource| resource.as_str() == Some("*"));
        let mut causes: Vec<Cause> = Vec::new();
        let mut wide: Vec<String> = Vec::new();
        for need in needs.iter().filter(|need| need.passed_to == passed_to && actions.contains(&need.action)) {
            if !causes.contains(&need.cause) {
                causes.push(need.cause.clone());
            }
            if let (true, Target::Untold(reason)) = (is_wide, &need.target)
                && !wide.contains(reason)
            {
                wide.push(reason.clone());
            }
        }
        let sid = sid(&actions, passed_to, &mut sids);
        Statement { sid, actions: actions.into_iter().collect(), resources, passed_to, causes, wide }
    });
    made.collect()
}

/// `EcsRunTask`, and with a number behind it if there is another.
fn sid(actions: &BTreeSet<String>, passed_to: Option<&str>, taken: &mut BTreeMap<String, usize>) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    let first = actions.first().map(String::as_str).unwrap_or_default();
    let service = passed_to.and_then(|service| service.split('.').next()).unwrap_or_default();
    let words = first.split([':', '-']).chain(service.split('-'));
    let name: String = words.map(capital).collect::<String>().chars().filter(char::is_ascii_alphanumeric).collect();
    let count = taken.entry(name.clone()).or_default();
    *count += 1;
    if *count == 1 { name } else { format!("{name}{count}") }
}

/// The policy of these statements.
pub fn policy_document(statements: &[Statement]) -> Value {
    let statements = statements.iter().map(Statement::document).collect();
    Value::Map(Map::from_iter([
        ("Version".to_owned(), Value::string("2012-10-17")),
        ("Statement".to_owned(), Value::List(statements)),
    ]))
}
