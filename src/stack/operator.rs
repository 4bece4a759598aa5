//! What whoever runs Stepwright on a stack must be allowed to do, and what the roles of the stack must: needs, and the
//! same in texts that a policy can hold.
//!
//! ```text
//! [TYPE.NAME], [data.TYPE.NAME], [import] ── operator_needs of the type ─┐
//! [state.s3], [state.encryption] ────────────────────────────────────────┴─► needs ── in_texts ──► policy
//! ```

use crate::address::Address;
use crate::document::permissions::{Calls, Condition, Need, Target, global_arn, kms_key, text};
use crate::place::Place;
use crate::resource::{ResourceType, RoleUse, Work};
use crate::stack::around::Surroundings;
use crate::stack::meaning;
use crate::stack::{S3Settings, Stack};
use crate::template::{Part, Reference};
use crate::value::{Map, Value};

/// What an operator runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorCommand {
    Plan,
    Apply,
    Destroy,
}

/// What whoever runs `command` needs. Each cause says for which address it is.
pub fn operator_needs(stack: &Stack, kinds: &[&'static dyn ResourceType], command: OperatorCommand) -> Vec<Need> {
    let others = Surroundings::of_stack(stack);
    let mut needs = Vec::new();
    let mut add = |address: &Address, more: Vec<Need>| {
        let who = address.to_string();
        needs.extend(more.into_iter().map(|mut need| {
            need.cause.who = Some(who.clone());
            need
        }));
    };
    let work: &[Work] = match command {
        OperatorCommand::Plan => &[Work::Read, Work::Check],
        OperatorCommand::Apply => &[Work::Read, Work::Check, Work::Change],
        OperatorCommand::Destroy => &[Work::Read, Work::Delete],
    };
    for resource in stack.resources.values() {
        let imported = stack.imports.get(&resource.address).filter(|_| resource.is_named_by_default);
        let mut spec = resource.spec.clone();
        // What is imported keeps its name unless the stack file gives it one.
        if let (Some(import), Some(map)) = (imported, spec.as_map_mut()) {
            map.insert(resource.kind.description().name_field.to_owned(), import.id.clone());
        }
        for work in work {
            add(&resource.address, resource.kind.operator_needs(&spec, *work, &others));
        }
    }
    // A destroy goes by the state, and looks nothing up.
    if command != OperatorCommand::Destroy {
        let imports = stack.imports.iter().filter_map(|(address, import)| {
            Some((address, crate::resource::find_kind(kinds, &address.resource_type)?, &import.id))
        });
        let looked_up = stack.data.values().map(|source| (&source.address, source.kind, &source.query));
        for (address, kind, name) in looked_up.chain(imports) {
            let spec = Value::Map(Map::from_iter([(kind.description().name_field.to_owned(), name.clone())]));
            add(address, kind.operator_needs(&spec, Work::LookUp, &others));
        }
    }
    if command != OperatorCommand::Destroy {
        for outside in meaning::outside(stack, kinds, &Place::default()) {
            let spec =
                Value::Map(Map::from_iter([(outside.kind.description().name_field.to_owned(), Value::string(&outside.text))]));
            add(&outside.resource, outside.kind.operator_needs(&spec, Work::LookUp, &others));
        }
    }
    needs.extend(state_needs(stack, command));
    needs
}

/// What the roles need that `address` names; none are told of a type that tells nothing of them.
pub fn role_needs(stack: &Stack, address: &Address) -> Vec<RoleUse> {
    let others = Surroundings::of_stack(stack);
    let resource = stack.resources.get(address);
    resource.map(|resource| resource.kind.role_uses(&resource.spec, &others)).unwrap_or_default()
}

/// `needs` with texts for what is pending: what `place` and the stack file don't tell is `*`.
pub fn in_texts(stack: &Stack, needs: &[Need], place: &Place) -> Vec<Need> {
    let all = || Some("*".to_owned());
    let place = Place {
        partition: place.partition.clone().or_else(all),
        region: stack.region.clone().or_else(|| place.region.clone()).or_else(all),
        account_id: place.account_id.clone().or_else(all),
    };
    let texts = |values: &[Value]| -> Vec<Value> {
        let mut found: Vec<Value> = Vec::new();
        for value in values.iter().flat_map(|value| texts_of(stack, value, &place)).map(Value::String) {
            if !found.contains(&value) {
                found.push(value);
            }
        }
        found
    };
    let condition = |condition: &Condition| {
        let given = if let Value::List(items) = &condition.value { items } else { std::slice::from_ref(&condition.value) };
        let mut values = texts(given);
        let value = if values.len() == 1 { values.remove(0) } else { Value::List(values) };
        Condition { value, ..condition.clone() }
    };
    let told = |need: &Need| Need {
        target: match &need.target {
            Target::All(resources) => Target::All(texts(resources)),
            Target::Any(resources) => Target::Any(texts(resources)),
            other => other.clone(),
        },
        conditions: need.conditions.iter().map(condition).collect(),
        ..need.clone()
    };
    needs.iter().map(told).collect()
}

/// `needs` with `STACK-*` for every name that begins so, where they are for resources of the stack.
pub fn by_prefix(stack: &Stack, needs: &[Need]) -> Vec<Need> {
    let start = format!("{}-", stack.name);
    let shorter = |resource: &Value| -> Value {
        let Some(text) = resource.as_str() else { return resource.clone() };
        // A name ends its ARN, or a revision follows it.
        let at = text.match_indices(&start).map(|(at, _)| at).find(|at| text[..*at].ends_with(['/', ':']));
        at.filter(|at| !text[*at..].contains('/'))
            .map_or(resource.clone(), |at| Value::string(format!("{}{start}*", &text[..at])))
    };
    let told = |need: &Need| {
        let is_ours =
            need.cause.who.as_ref().is_some_and(|who| stack.resources.keys().any(|address| address.to_string() == *who));
        match &need.target {
            Target::All(resources) if is_ours => {
                let mut short: Vec<Value> = resources.iter().map(shorter).collect();
                short.dedup();
                Need { target: Target::All(short), ..need.clone() }
            }
            _ => need.clone(),
        }
    };
    needs.iter().map(told).collect()
}

/// What the state in S3 and its encryption take.
fn state_needs(stack: &Stack, command: OperatorCommand) -> Vec<Need> {
    let mut calls = Calls::default();
    if let Some(s3) = &stack.state.s3 {
        let before = calls.needs.len();
        of_s3(stack, s3, command, &mut calls);
        calls.needs[before..].iter_mut().for_each(|need| need.cause.who = Some("[state.s3]".to_owned()));
    }
    if let Some(key) = stack.state.encryption.as_ref().and_then(|encryption| encryption.kms_key_id.as_ref()) {
        let before = calls.needs.len();
        let (target, mut conditions) = kms_key(&Value::string(key), None);
        let name = Value::string(&stack.name);
        conditions.push(Condition { operator: "StringEquals", key: "kms:EncryptionContext:stepwright:stack", value: name });
        let reason = match command {
            OperatorCommand::Plan => "a state is opened, and a plan that is saved is sealed",
            OperatorCommand::Apply | OperatorCommand::Destroy => "the state is opened and sealed",
        };
        calls.with(conditions, &target, &["kms:Decrypt", "kms:GenerateDataKey"], reason);
        calls.needs[before..].iter_mut().for_each(|need| need.cause.who = Some("[state.encryption]".to_owned()));
    }
    calls.needs
}

/// The objects are listed in `state/s3/mod.rs`.
fn of_s3(stack: &Stack, s3: &S3Settings, command: OperatorCommand, calls: &mut Calls) {
    let key = s3.key_of(&stack.name);
    let object = |ending: &str| global_arn("s3", [text(format!("{}/{key}{ending}", s3.bucket))]);
    let bucket = global_arn("s3", [text(s3.bucket.clone())]);
    calls.on(&[bucket], &["s3:ListBucket"], "S3 tells that an object is missing only to who may list");
    calls.on(&[object(""), object(".*")], &["s3:GetObject"], "the state and its history are read");
    let mut actions = vec!["kms:Decrypt"];
    if command != OperatorCommand::Plan {
        calls.on(&[object(""), object(".*")], &["s3:PutObject"], "the state is written and locked");
        let removed = [object(".states/*"), object(".journal/*"), object(".probe-*")];
        calls.on(&removed, &["s3:DeleteObject"], "what no longer counts is removed");
        actions.push("kms:GenerateDataKey");
    }
    if let Some(id) = &s3.kms_key_id {
        let (target, conditions) = kms_key(&Value::string(id), s3.region.as_deref());
        calls.with(conditions, &target, &actions, "S3 encrypts its objects with the key");
    }
}

/// Every text that `value` may be.
fn texts_of(stack: &Stack, value: &Value, place: &Place) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Pending(template) => template.parts().iter().fold(vec![String::new()], |texts, part| {
            let more = texts_of_part(stack, part, place);
            texts.iter().flat_map(|text| more.iter().map(move |more| format!("{text}{more}"))).collect()
        }),
        _ => vec!["*".to_owned()],
    }
}

fn texts_of_part(stack: &Stack, part: &Part, place: &Place) -> Vec<String> {
    let anything = || vec!["*".to_owned()];
    let reference = match part {
        Part::Literal(text) => return vec![text.clone()],
        Part::Reference(reference) => reference,
        Part::Secret { .. } => return anything(),
    };
    if let Some(Value::String(text)) = place.lookup(reference) {
        return vec![text];
    }
    let Reference::Attribute { address, attribute } = reference else { return anything() };
    let known = |value: &Value| value.resolve(&|reference| place.lookup(reference), &|_| String::new());
    let (kind, name, predicted) = match (stack.resources.get(address), stack.data.get(address)) {
        (Some(resource), _) => {
            let spec = known(&resource.spec);
            let name = spec.text(resource.kind.description().name_field).map(str::to_owned);
            (resource.kind, name, resource.kind.predict(&spec, place).get(attribute).cloned())
        }
        (None, Some(source)) => (source.kind, known(&source.query).as_str().map(str::to_owned), None),
        (None, None) => return anything(),
    };
    match (predicted, name) {
        (Some(Value::String(text)), _) => vec![text],
        (_, Some(name)) if attribute == "arn" => kind.arn_patterns(&name, place),
        (_, Some(name)) if [kind.description().name_field, "name"].contains(&attribute.as_str()) => vec![bare(&name)],
        _ => anything(),
    }
}

/// The name in an ARN, or the name itself.
fn bare(name_or_arn: &str) -> String {
    let last = match name_or_arn.rsplit_once('/') {
        Some((_, last)) => last.split(':').next().unwrap_or(last),
        None => name_or_arn.rsplit(':').next().unwrap_or(name_or_arn),
    };
    last.to_owned()
}
