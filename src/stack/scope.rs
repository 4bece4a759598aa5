//! What a reference may name here, and what it leads to.

use indexmap::IndexMap;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Location, nearest};
use crate::resource::{ResourceType, find_kind};
use crate::stack::Variable;
use crate::stack::reading::FoundReference;
use crate::template::Reference;
use crate::value::Value;

/// Everything that has a name in a stack.
#[derive(Debug)]
pub struct Scope<'a> {
    pub kinds: &'a [&'static dyn ResourceType],
    pub stack_name: Option<String>,
    pub region: Option<String>,
    /// Every declared variable; `None` for one without a usable value.
    pub variables: IndexMap<String, Option<Variable>>,
    /// Every `[TYPE.NAME]` and `[data.TYPE.NAME]`, with its header's place.
    pub addresses: IndexMap<Address, Location>,
    /// Whether declarations may have been lost to syntax errors.
    pub has_lost_declarations: bool,
}

/// Who refers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referrer {
    Resource,
    Output,
    /// Looked up before anything is made, so it can't refer to what is made.
    DataSource,
    /// The same.
    Import,
}

impl Referrer {
    /// What a user calls one that is looked up before anything is made.
    fn looked_up_first(self) -> Option<&'static str> {
        match self {
            Self::Resource | Self::Output => None,
            Self::DataSource => Some("a look-up"),
            Self::Import => Some("the id of an import"),
        }
    }
}

impl Scope<'_> {
    /// The value of `reference`, as far as the stack file and the variables tell.
    pub fn lookup(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::Variable(name) => Some(self.variables.get(name)?.as_ref()?.value.clone()),
            Reference::StackName => self.stack_name.as_ref().map(Value::string),
            Reference::StackRegion => self.region.as_ref().map(Value::string),
            _ => None,
        }
    }

    /// The first of `references` that leads to a sensitive variable, and the variable's name.
    pub fn first_sensitive<'b>(
        &self,
        references: impl IntoIterator<Item = &'b FoundReference>,
    ) -> Option<(&'b FoundReference, &'b str)> {
        references.into_iter().find_map(|found| match &found.reference {
            Reference::Variable(name) if self.variables.get(name)?.as_ref()?.sensitive => Some((found, name.as_str())),
            _ => None,
        })
    }

    /// What is wrong with `found`.
    pub fn check(&self, found: &FoundReference, referrer: Referrer) -> Option<Diagnostic> {
        match &found.reference {
            Reference::Variable(name) => self.check_variable(found, name),
            Reference::Attribute { address, attribute } => self.check_attribute(found, address, attribute, referrer),
            _ => None,
        }
    }

    fn check_variable(&self, found: &FoundReference, name: &str) -> Option<Diagnostic> {
        if let Some(variable) = self.variables.get(name) {
            let is_tree = |variable: &Variable| matches!(variable.value, Value::List(_) | Value::Map(_) | Value::Null);
            let is_misplaced = !found.is_alone && variable.as_ref().is_some_and(is_tree);
            let message = format!("the variable `{name}` is a list or a table and can't stand inside a longer string");
            let diagnostic = Diagnostic::error(message).at(found.location.clone());
            return is_misplaced.then(|| diagnostic.help("let the string be this reference and nothing else"));
        }
        if self.has_lost_declarations {
            return None;
        }
        let diagnostic = Diagnostic::error(format!("there is no variable `{name}`"));
        let help = format!("declare it: [variables] {name} = {{ default = \"...\" }}");
        Some(suggest(diagnostic, found, 1, name, self.variables.keys().map(String::as_str), help))
    }

    fn check_attribute(
        &self,
        found: &FoundReference,
        address: &Address,
        attribute: &str,
        referrer: Referrer,
    ) -> Option<Diagnostic> {
        let first = usize::from(address.is_data);
        let Some(kind) = find_kind(self.kinds, &address.resource_type) else {
            let diagnostic = Diagnostic::error(format!("there is no resource type `{}`", address.resource_type));
            let names = || self.kinds.iter().map(|kind| kind.description().name);
            let help = format!("known types: {}", names().collect::<Vec<_>>().join(", "));
            return Some(suggest(diagnostic, found, first, &address.resource_type, names(), help));
        };
        if let Some(referrer) = referrer.looked_up_first() {
            let (message, help) = match address.is_data {
                false => (
                    format!("{referrer} can't refer to {address}, which this stack makes"),
                    "what is looked up comes first; it may refer to variables, the stack and the account",
                ),
                true => (format!("{referrer} can't refer to a look-up, {address}"), "put the name or ARN into a variable"),
            };
            return Some(Diagnostic::error(message).at(found.location.clone()).help(help));
        }
        if !self.addresses.contains_key(address) {
            if self.has_lost_declarations {
                return None;
            }
            let of_type = |other: &&Address| other.is_data == address.is_data && other.resource_type == address.resource_type;
            let names = self.addresses.keys().filter(of_type).map(|other| other.name.as_str());
            let twin = Address { is_data: !address.is_data, ..address.clone() };
            let help = match self.addresses.contains_key(&twin) {
                true => format!("{twin} is there: write ${{{twin}.{attribute}}}"),
                false => format!("declare it: [{address}]"),
            };
            let diagnostic = Diagnostic::error(format!("there is no {address} in this stack"));
            return Some(suggest(diagnostic, found, first + 1, &address.name, names, help));
        }
        let names = || kind.description().attributes.iter().map(|attribute| attribute.name);
        if names().any(|name| name == attribute) {
            return None;
        }
        let diagnostic = Diagnostic::error(format!("a {} has no attribute `{attribute}`", address.resource_type));
        let help = format!("its attributes: {}", names().collect::<Vec<_>>().join(", "));
        Some(suggest(diagnostic, found, first + 2, attribute, names(), help))
    }
}

/// Of more names than this, the first are compared: each comparison costs, and every bad reference makes them all.
const MOST_CANDIDATES: usize = 500;

/// Under the offending part, with the nearest right spelling if there is one and `help` if not.
fn suggest<'a>(
    diagnostic: Diagnostic,
    found: &FoundReference,
    part: usize,
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    help: String,
) -> Diagnostic {
    let diagnostic = diagnostic.at(found.parts.get(part).unwrap_or(&found.location).clone());
    match nearest(written, candidates.into_iter().take(MOST_CANDIDATES)) {
        Some(candidate) => diagnostic.replacement(candidate),
        None => diagnostic.help(help),
    }
}
