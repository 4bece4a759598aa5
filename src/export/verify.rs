//! Reads an exported text as a stack, and compares it with what is live.

use std::sync::Arc;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Severity, Source};
use crate::export::references::Written;
use crate::place::Place;
use crate::resource::{ResourceType, normalise};
use crate::schema::{Field, Shape, differences};
use crate::stack::{self, DocumentError, Inputs};
use crate::template::{Reference, Template};
use crate::value::{Path, Segment, Value};

/// Why a stack file can't be had.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// What is live is not what a stack file may say. The text, and what is wrong with it.
    #[error("what is live can't be written as a stack that Stepwright would accept")]
    Refused { text: String, diagnostics: Vec<Diagnostic> },
    #[error("the stack file would not say what is live of {address} at `{path}`; this is a bug in Stepwright")]
    Differs { address: Address, path: Path },
    #[error("the stack file would lack {address}; this is a bug in Stepwright")]
    Lacks { address: Address },
}

/// Whether `text` says of each of `resources` exactly what is live.
pub fn verify(text: &str, resources: &[Written], place: &Place, kinds: &[&'static dyn ResourceType]) -> Result<(), ExportError> {
    let source = Arc::new(Source { name: "the exported stack file".to_owned(), text: text.to_owned() });
    let mut no_documents = |path: &str| Err(DocumentError::Missing { path: path.to_owned() });
    let (stack, diagnostics) = stack::parse(&source, kinds, &Inputs::default(), &mut no_documents, &|_| String::new());
    for written in resources {
        if let Some(path) = misspelt(text, written) {
            return Err(ExportError::Differs { address: written.named.address.clone(), path });
        }
    }
    let Some(stack) = stack else {
        let errors = diagnostics.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        return Err(ExportError::Refused { text: text.to_owned(), diagnostics: errors.collect() });
    };
    let lookup = |reference: &Reference| match reference {
        Reference::Attribute { address, attribute } => {
            resources.iter().find(|it| it.named.address == *address)?.named.live.attributes.get(attribute).cloned()
        }
        other => place.lookup(other),
    };
    for Written { named, .. } in resources {
        let address = named.address.clone();
        let Some(resource) = stack.resources.get(&address) else { return Err(ExportError::Lacks { address }) };
        let said = resource.spec.resolve(&lookup, &|_| String::new());
        let (live, said) = (normalise(named.kind, &named.live.spec), normalise(named.kind, &said));
        let resolved = |value: &Value| value.resolve(&lookup, &|_| String::new());
        let found = differences(named.kind.schema(), Some(&resolved(&live)), Some(&resolved(&said)));
        if let Some(difference) = found.into_iter().next() {
            return Err(ExportError::Differs { address, path: difference.path });
        }
    }
    Ok(())
}

/// Where the TOML of `text`, taken literally, is not what was to be written; none where it is. This holds for a stack
/// as well that Stepwright would not accept.
fn misspelt(text: &str, written: &Written) -> Option<Path> {
    let Address { resource_type, name, .. } = &written.named.address;
    let file: serde_json::Value = toml::from_str(text).unwrap_or_default();
    let table = file.get(resource_type).and_then(|table| table.get(name)).cloned().unwrap_or_default();
    let said = with_templates(written.named.kind.schema(), Value::from(table));
    let mut path = Path::default();
    descend(&said, &written.spec, &mut path).then_some(path)
}

/// Whether two values differ, and in `path` where.
fn descend(a: &Value, b: &Value, path: &mut Path) -> bool {
    let mut within = |segment: Segment, a: Option<&Value>, b: Option<&Value>| {
        path.0.push(segment);
        let differ = match (a, b) {
            (Some(a), Some(b)) => descend(a, b, path),
            _ => true,
        };
        if !differ {
            path.0.pop();
        }
        differ
    };
    match (a, b) {
        (Value::Map(a), Value::Map(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            keys.into_iter().any(|key| within(Segment::Key(key.clone()), a.get(key), b.get(key)))
        }
        (Value::List(a), Value::List(b)) => {
            (0..a.len().max(b.len())).any(|index| within(Segment::Index(index), a.get(index), b.get(index)))
        }
        _ => a != b,
    }
}

/// What the reader makes of a table: documents out of their text, templates out of strings.
fn with_templates(field: &Field, value: Value) -> Value {
    with_documents(Some(field), value).map_leaves(&mut |leaf| match leaf {
        Value::String(text) => match Template::parse(text) {
            Ok(template) => template.as_literal().map(Value::string).unwrap_or(Value::Pending(template)),
            Err(_) => Value::Null,
        },
        other => other.clone(),
    })
}

fn with_documents(field: Option<&Field>, value: Value) -> Value {
    match value {
        Value::String(text) if matches!(field, Some(Field { shape: Shape::Document(_), .. })) => {
            serde_json::from_str::<serde_json::Value>(&text).map_or(Value::String(text), Value::from)
        }
        Value::List(items) => {
            let item = field.and_then(Field::item);
            Value::List(items.into_iter().map(|it| with_documents(item, it)).collect())
        }
        Value::Map(map) => {
            let member = |(key, value): (String, Value)| {
                let value = with_documents(field.and_then(|field| field.member(&key)), value);
                (key, value)
            };
            Value::Map(map.into_iter().map(member).collect())
        }
        other => other,
    }
}
