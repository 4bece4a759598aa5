//! Keeps secrets out of a record that is made of what AWS tells, and AWS tells everything in clear.

use std::collections::BTreeSet;

use crate::plan::seal_opposite;
use crate::schema::Field;
use crate::stack::Stack;
use crate::value::{Secret, Value};

/// What is shorter than this would be found in any text, and is no secret.
const SHORTEST_PART: usize = 3;

/// The values of the stack's sensitive variables.
pub fn secrets(stack: &Stack) -> Vec<String> {
    let mut secrets = Vec::new();
    for variable in stack.variables.values().filter(|variable| variable.sensitive) {
        variable.value.visit(&mut |_, leaf| match leaf {
            Value::Secret(secret) => secrets.extend(secret.reveal().map(str::to_owned)),
            Value::String(text) => secrets.push(text.clone()),
            _ => {}
        });
    }
    secrets.retain(|secret| !secret.is_empty());
    secrets
}

/// `live` with a digest in the place of every text that is secret in `desired`, that stands where `desired` has a
/// secret, or that holds one of `secrets`. What `desired` has in clear is no secret, whatever it equals: the stack
/// file says it in clear, and so does every record that an apply writes.
pub fn sealed(
    schema: &Field,
    live: &Value,
    desired: Option<&Value>,
    secrets: &[String],
    digest: &impl Fn(&str) -> String,
) -> Value {
    let (mut digests, mut in_clear) = (BTreeSet::new(), BTreeSet::new());
    if let Some(desired) = desired {
        desired.visit(&mut |_, leaf| match leaf {
            Value::Secret(secret) => {
                digests.insert(secret.digest().to_owned());
            }
            Value::String(text) => {
                in_clear.insert(text.clone());
            }
            _ => {}
        });
    }
    let holds = |text: &str, secret: &String| text == secret || (secret.len() >= SHORTEST_PART && text.contains(secret.as_str()));
    let is_secret = |text: &str, sealed: &str| {
        digests.contains(sealed) || (!in_clear.contains(text) && secrets.iter().any(|secret| holds(text, secret)))
    };
    let mut value = live.map_leaves(&mut |leaf| match leaf {
        Value::String(text) => {
            let sealed = digest(text);
            if is_secret(text, &sealed) { Value::Secret(Secret::new(text.clone(), sealed)) } else { leaf.clone() }
        }
        other => other.clone(),
    });
    if let Some(desired) = desired.filter(|desired| desired.has_secret()) {
        seal_opposite(schema, &mut value, desired, digest);
    }
    value
}
