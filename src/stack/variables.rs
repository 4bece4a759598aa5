//! `[variables]` and the values that come from outside.
//!
//! | from | wins over |
//! |---|---|
//! | `--var NAME=VALUE` | everything below |
//! | `--var-file FILE`, the later file first | everything below |
//! | the environment's `STEPWRIGHT_VAR_NAME` | the default |
//! | `default` | nothing |
//!
//! Values are taken as they are: `${` means nothing in them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::address::is_identifier;
use crate::diagnostic::{Diagnostic, Location, Source, nearest};
use crate::stack::node::{Content, Entry, Node};
use crate::stack::{Variable, syntax, table};
use crate::value::{Secret, Value};

/// The values of variables that come from outside the stack file.
#[derive(Clone, Default)]
pub struct Inputs {
    /// `--var NAME=VALUE`, in order; a later one wins.
    pub arguments: Vec<(String, String)>,
    /// `--var-file`: TOML, `NAME = VALUE`; a later one wins.
    pub files: Vec<Arc<Source>>,
    /// Variables of the environment by name, `STEPWRIGHT_VAR_` left off. What the stack does not declare is ignored.
    pub environment: BTreeMap<String, String>,
}

/// Any of the values may be sensitive: which are, the stack file tells.
impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { arguments, files, environment } = self;
        let names = arguments.iter().map(|(name, _)| name).chain(environment.keys());
        f.debug_struct("Inputs").field("names", &names.collect::<Vec<_>>()).field("files", files).finish()
    }
}

/// The prefix of variables of the environment.
pub const ENVIRONMENT_PREFIX: &str = "STEPWRIGHT_VAR_";

/// The keys of one variable.
pub const KEYS: &[&str] = &["default", "description", "type", SENSITIVE];

/// Of [`KEYS`], the one that says that nothing is to be shown.
pub const SENSITIVE: &str = "sensitive";

/// What `type` may say.
pub const TYPES: &[&str] = &["string", "number", "bool", "list"];

struct Declaration<'a> {
    entry: &'a Entry,
    default: Option<&'a Node>,
    type_name: Option<String>,
    sensitive: bool,
    /// Whether it has a key that should be another.
    has_unknown_keys: bool,
}

/// The value of every declared variable; `None` where it has none that can be used.
pub fn read(
    entry: Option<&Entry>,
    inputs: &Inputs,
    digest: &dyn Fn(&str) -> String,
    is_damaged: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> IndexMap<String, Option<Variable>> {
    let entries = entry.and_then(|entry| table::table(entry, diagnostics)).unwrap_or_default();
    let declarations: Vec<Declaration<'_>> = entries.iter().filter_map(|entry| declaration(entry, diagnostics)).collect();
    let names = || declarations.iter().map(|declaration| declaration.entry.key.as_str());

    let mut from_files: BTreeMap<String, Node> = BTreeMap::new();
    for file in &inputs.files {
        let read = syntax::read(file);
        diagnostics.extend(read.diagnostics);
        for entry in read.entries {
            if !is_damaged && !names().any(|name| name == entry.key) {
                let diagnostic = Diagnostic::error(format!("the stack has no variable `{}`", entry.key));
                diagnostics.push(suggest(diagnostic.at(entry.key_location.clone()), &entry.key, names()));
            }
            from_files.insert(entry.key, entry.value);
        }
    }
    let mut arguments: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, value) in &inputs.arguments {
        if !is_damaged && !names().any(|declared| declared == name) {
            let diagnostic = Diagnostic::error(format!("--var {name}=...: the stack has no variable `{name}`"));
            diagnostics.push(match nearest(name, names()) {
                Some(candidate) => diagnostic.help(format!("did you mean --var {candidate}=...?")),
                None => suggest(diagnostic, name, names()),
            });
        }
        arguments.insert(name, value);
    }

    let mut variables = IndexMap::new();
    for declaration in &declarations {
        let name = &declaration.entry.key;
        let given = arguments
            .get(name.as_str())
            .map(|text| Given::Text { text, from: format!("--var {name}=...") })
            .or_else(|| from_files.get(name).map(Given::Written))
            .or_else(|| {
                let text = inputs.environment.get(name)?;
                Some(Given::Text { text, from: format!("{ENVIRONMENT_PREFIX}{name}") })
            })
            .or(declaration.default.map(Given::Written));
        variables.insert(name.clone(), value(declaration, given, digest, diagnostics));
    }
    variables
}

enum Given<'a> {
    /// From a place where everything is text.
    Text {
        text: &'a str,
        from: String,
    },
    Written(&'a Node),
}

fn declaration<'a>(entry: &'a Entry, diagnostics: &mut Vec<Diagnostic>) -> Option<Declaration<'a>> {
    if !is_identifier(&entry.key) {
        let diagnostic = Diagnostic::error(format!("`{}` can't be the name of a variable", entry.key));
        diagnostics.push(diagnostic.at(entry.key_location.clone()).help("a letter or `_`, then letters, digits, `_` and `-`"));
        return None;
    }
    let mut declaration = Declaration { entry, default: None, type_name: None, sensitive: false, has_unknown_keys: false };
    let Some(entries) = entry.value.entries() else {
        if !matches!(entry.value.content, Content::Broken) {
            let written = entry.value.location.source.text.get(entry.value.location.range.clone()).unwrap_or("...");
            let message = format!("the variable `{}` must be a table, not {}", entry.key, entry.value.describe());
            let diagnostic = Diagnostic::error(message).at(entry.value.location.clone());
            diagnostics.push(diagnostic.replacement(format!("{{ default = {written} }}")));
        }
        // It is declared, whatever it is.
        declaration.default = Some(&entry.value);
        return Some(declaration);
    };
    declaration.has_unknown_keys = table::unknown_keys(entries, KEYS, diagnostics);
    declaration.default = table::find(entries, "default").map(|default| &default.value);
    declaration.sensitive =
        table::find(entries, SENSITIVE).and_then(|entry| table::boolean(entry, diagnostics)).unwrap_or_default();
    if let Some(description) = table::find(entries, "description") {
        table::text(description, diagnostics);
    }
    if let Some(name) = table::find(entries, "type").and_then(|entry| table::text(entry, diagnostics)) {
        if TYPES.contains(&name.text.as_str()) {
            declaration.type_name = Some(name.text.clone());
        } else {
            let diagnostic = Diagnostic::error(format!("there is no type `{}`", name.text)).at(name.location());
            diagnostics.push(match nearest(&name.text, TYPES.iter().copied()) {
                Some(candidate) => diagnostic.replacement(format!("{candidate:?}")),
                None => diagnostic.help(format!("one of: {}", TYPES.join(", "))),
            });
        }
    }
    if let Some(Node { content: Content::Text(text), .. }) = declaration.default {
        table::plain(text, "default", diagnostics);
    }
    Some(declaration)
}

fn value(
    declaration: &Declaration<'_>,
    given: Option<Given<'_>>,
    digest: &dyn Fn(&str) -> String,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Variable> {
    let name = &declaration.entry.key;
    let Some(given) = given else {
        if declaration.has_unknown_keys {
            return None;
        }
        diagnostics.push(
            Diagnostic::error(format!("the variable `{name}` has no value"))
                .at(declaration.entry.key_location.clone())
                .help(format!("give it one: --var {name}=..., --var-file FILE, or {ENVIRONMENT_PREFIX}{name} in the environment"))
                .help("or give it a default here"),
        );
        return None;
    };
    let (value, location) = match &given {
        Given::Text { text, .. } => (from_text(declaration, text), None),
        // The line of a sensitive value would be shown with the secret in it.
        Given::Written(node) if declaration.sensitive => (from_node(node)?, Some(declaration.entry.key_location.clone())),
        Given::Written(node) => (from_node(node)?, Some(node.location.clone())),
    };
    if let Some(type_name) = &declaration.type_name
        && !is_of_type(&value, type_name)
    {
        diagnostics.push(mismatch(name, type_name, &given, location));
        return None;
    }
    if !declaration.sensitive {
        return Some(Variable { value, sensitive: false });
    }
    let text = match &value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => {
            let diagnostic =
                Diagnostic::error(format!("the sensitive variable `{name}` must be a string, a number or a boolean"));
            diagnostics.push(diagnostic.at(location.unwrap_or_else(|| declaration.entry.key_location.clone())));
            return None;
        }
    };
    let digest = digest(&text);
    Some(Variable { value: Value::Secret(Secret::new(text, digest)), sensitive: true })
}

fn mismatch(name: &str, type_name: &str, given: &Given<'_>, location: Option<Location>) -> Diagnostic {
    // The value itself may be sensitive, so it is not said.
    match given {
        Given::Text { from, .. } => Diagnostic::error(format!("{from}: the variable `{name}` must be a {type_name}")),
        Given::Written(node) => {
            let diagnostic = Diagnostic::error(format!("the variable `{name}` must be a {type_name}, not {}", node.describe()));
            Diagnostic { location, ..diagnostic }
        }
    }
}

/// Text from outside as the type that the variable is declared to have, or that its default has.
fn from_text(declaration: &Declaration<'_>, text: &str) -> Value {
    let wanted = declaration.type_name.as_deref().or_else(|| match declaration.default.map(|node| &node.content) {
        Some(Content::Number(_)) => Some("number"),
        Some(Content::Boolean(_)) => Some("bool"),
        Some(Content::List(_)) => Some("list"),
        _ => None,
    });
    let parsed = serde_json::from_str::<Json>(text.trim()).ok().filter(|json| match wanted {
        Some("number") => json.is_number(),
        Some("bool") => json.is_boolean(),
        Some("list") => json.is_array(),
        _ => false,
    });
    parsed.map_or_else(|| Value::string(text), Value::from)
}

fn is_of_type(value: &Value, type_name: &str) -> bool {
    match type_name {
        "string" => matches!(value, Value::String(_)),
        "number" => matches!(value, Value::Number(_)),
        "bool" => matches!(value, Value::Bool(_)),
        _ => matches!(value, Value::List(_)),
    }
}

/// The value as it is written; `None` if part of it was reported already.
fn from_node(node: &Node) -> Option<Value> {
    Some(match &node.content {
        Content::Null => Value::Null,
        Content::Boolean(value) => Value::Bool(*value),
        Content::Number(number) => Value::Number(number.clone()),
        // `$${` is `${` here as in every other string, so that a default can be moved to and from a field.
        Content::Text(text) => Value::string(text.text.replace("$${", "${")),
        Content::List(items) => Value::List(items.iter().map(from_node).collect::<Option<_>>()?),
        Content::Table(entries) => {
            let entries = entries.iter().map(|entry| Some((entry.key.clone(), from_node(&entry.value)?)));
            Value::Map(entries.collect::<Option<_>>()?)
        }
        Content::Broken => return None,
    })
}

fn suggest<'a>(diagnostic: Diagnostic, written: &str, names: impl Iterator<Item = &'a str> + Clone) -> Diagnostic {
    match nearest(written, names.clone()) {
        Some(candidate) => diagnostic.replacement(candidate),
        None => match names.collect::<Vec<_>>().join(", ") {
            names if names.is_empty() => diagnostic.help("it declares none; see [variables]"),
            names => diagnostic.help(format!("it declares: {names}")),
        },
    }
}
