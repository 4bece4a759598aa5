//! Needs → the least policy that grants them. The order and the names of its statements follow from what they say.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::permissions::{Cause, Condition, Need, Target};
use crate::value::{Map, Value};

/// What some actions of a statement are for.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    pub cause: Cause,
    pub actions: BTreeSet<String>,
}

/// One statement, and why it is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub sid: String,
    pub actions: Vec<String>,
    pub resources: Vec<Value>,
    pub conditions: Vec<Condition>,
    pub reasons: Vec<Reason>,
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
        if !self.conditions.is_empty() {
            let mut operators = Map::new();
            for condition in &self.conditions {
                let keys = operators.entry(condition.operator.to_owned()).or_insert_with(|| Value::Map(Map::new()));
                if let Some(keys) = keys.as_map_mut() {
                    keys.insert(condition.key.to_owned(), condition.value.clone());
                }
            }
            map.insert("Condition".to_owned(), Value::Map(operators));
        }
        Value::Map(map)
    }
}

/// The text of a resource, references in it as the stack file writes them.
pub fn text_of(resource: &Value) -> String {
    match resource {
        Value::String(text) => text.clone(),
        Value::Pending(template) => template.to_string(),
        Value::List(items) => items.iter().map(text_of).collect::<Vec<_>>().join(", "),
        _ => String::new(),
    }
}

fn text_of_conditions(conditions: &[Condition]) -> String {
    let text = |it: &Condition| format!("{} {} {}\n", it.operator, it.key, text_of(&it.value));
    conditions.iter().map(text).collect()
}

/// What must be so of the same actions on these.
type Merged<'a> = (&'a [Condition], Vec<Value>);

/// What must be so, as text, and the resource.
type Key = (String, String);

/// The statements that grant `needs`, and nothing else.
pub fn statements(needs: &[Need]) -> Vec<Statement> {
    let mut by_resource: BTreeMap<Key, (Value, &[Condition], BTreeSet<String>)> = BTreeMap::new();
    for need in needs {
        for resource in resources_of(need) {
            let key = (text_of_conditions(&need.conditions), text_of(&resource));
            let entry = by_resource.entry(key).or_insert((resource, &need.conditions, BTreeSet::new()));
            entry.2.insert(need.action.clone());
        }
    }
    // What may be done on everything needs no narrower statement.
    let wide: BTreeMap<String, BTreeSet<String>> = by_resource
        .iter()
        .filter(|((_, resource), _)| resource == EVERYTHING)
        .map(|((conditions, _), (_, _, actions))| (conditions.clone(), actions.clone()))
        .collect();
    let mut merged: BTreeMap<(BTreeSet<String>, String), Merged<'_>> = BTreeMap::new();
    for ((key, text), (resource, conditions, mut actions)) in by_resource {
        if text != EVERYTHING {
            actions.retain(|action| !wide.get(&key).is_some_and(|wide| wide.contains(action)));
        }
        if !actions.is_empty() {
            merged.entry((actions, key)).or_insert((conditions, Vec::new())).1.push(resource);
        }
    }
    let mut sids = BTreeMap::new();
    let made = merged.into_iter().map(|((actions, _), (conditions, resources))| {
        let sid = sid(&actions, conditions, &mut sids);
        let (reasons, wide) = reasons(needs, &actions, conditions, &resources);
        Statement { sid, actions: actions.into_iter().collect(), resources, conditions: conditions.to_vec(), reasons, wide }
    });
    made.collect()
}

const EVERYTHING: &str = "*";

fn resources_of(need: &Need) -> Vec<Value> {
    match &need.target {
        Target::All(resources) | Target::Any(resources) => resources.clone(),
        Target::Whole | Target::Untold(_) => vec![Value::string(EVERYTHING)],
    }
}

/// Why there is a statement of these, and why it names no narrower resource.
fn reasons(
    needs: &[Need],
    actions: &BTreeSet<String>,
    conditions: &[Condition],
    resources: &[Value],
) -> (Vec<Reason>, Vec<String>) {
    let is_wide = resources.iter().any(|resource| resource.as_str() == Some(EVERYTHING));
    let (mut reasons, mut wide): (Vec<Reason>, Vec<String>) = (Vec::new(), Vec::new());
    let mut whole = BTreeSet::new();
    let granted = needs.iter().filter(|need| need.conditions == conditions && actions.contains(&need.action));
    for need in granted.filter(|need| is_wide || resources_of(need).iter().any(|resource| resources.contains(resource))) {
        match reasons.iter_mut().find(|reason| reason.cause == need.cause) {
            Some(reason) => {
                reason.actions.insert(need.action.clone());
            }
            None => reasons.push(Reason { cause: need.cause.clone(), actions: BTreeSet::from([need.action.clone()]) }),
        }
        match &need.target {
            Target::Untold(why) => {
                let why = need.cause.who.as_ref().map_or_else(|| why.clone(), |who| format!("{who}: {why}"));
                if !wide.contains(&why) {
                    wide.push(why);
                }
            }
            Target::Whole => {
                whole.insert(need.action.as_str());
            }
            Target::All(_) | Target::Any(_) => {}
        }
    }
    if !whole.is_empty() {
        let actions = whole.into_iter().collect::<Vec<_>>().join(", ");
        wide.push(format!("AWS has no narrower resource for {actions}"));
    }
    (reasons, wide)
}

/// `EcsRunTask`, and with a number behind it if there is another.
fn sid(actions: &BTreeSet<String>, conditions: &[Condition], taken: &mut BTreeMap<String, usize>) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    let first = actions.first().map(String::as_str).unwrap_or_default();
    let passed_to = conditions.iter().find(|condition| condition.key == Condition::PASSED_TO);
    let service = passed_to.and_then(|condition| condition.value.as_str()?.split('.').next()).unwrap_or_default();
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
