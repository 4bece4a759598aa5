//! What the arguments of a task say, as far as it is known before it runs.

use crate::template::{Part, Template};
use crate::value::Value;

/// One argument.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// Text, maybe with references to what the stack makes.
    Known(Template),
    /// Made when the state runs.
    Dynamic,
    Absent,
}

/// The argument at `path`, with dots between its members.
pub fn given(arguments: Option<&Value>, path: &str) -> Given {
    let Some(mut value) = arguments else { return Given::Absent };
    for member in path.split('.') {
        if value.get(&format!("{member}.$")).is_some() {
            return Given::Dynamic;
        }
        value = match value {
            Value::Map(map) => match map.get(member) {
                Some(value) => value,
                None => return Given::Absent,
            },
            Value::List(_) | Value::Null => return Given::Absent,
            // The whole is an expression.
            _ => return Given::Dynamic,
        };
    }
    known(value)
}

/// The first of `paths`, divided by `|`, that is there.
pub fn first_given(arguments: Option<&Value>, paths: &str) -> Given {
    paths.split('|').map(|path| given(arguments, path)).find(|given| *given != Given::Absent).unwrap_or(Given::Absent)
}

/// A leaf, as far as it is known.
pub fn known(value: &Value) -> Given {
    match value {
        Value::String(text) if text.trim_start().starts_with("{%") => Given::Dynamic,
        Value::String(text) => Given::Known(Template::from_parts([Part::Literal(text.clone())])),
        Value::Pending(template) if is_expression(template) => Given::Dynamic,
        Value::Pending(template) if template.secrets().next().is_none() => Given::Known(template.clone()),
        Value::Null => Given::Absent,
        _ => Given::Dynamic,
    }
}

/// Whether it is a JSONata expression, in which references are texts.
pub fn is_expression(template: &Template) -> bool {
    matches!(template.parts().first(), Some(Part::Literal(text)) if text.trim_start().starts_with("{%"))
}
