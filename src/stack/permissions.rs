//! What roles need by what the stack uses them for: derived policies, and warnings where a role lacks something.
//!
//! ```text
//! [role.workflow] permissions_for = "state_machine.nightly"   ─► inline_policies."state_machine.nightly"
//! [state_machine.nightly] role_arn = "${role.workflow.arn}"   ─► a warning for each state whose needs the role lacks
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Location, nearest};
use crate::document::permissions::{Granted, Need, Sampler, Statement, Verdict, judge, policy_document, statements};
use crate::place::Place;
use crate::resource::{Around, RoleUse, normalise};
use crate::stack::Resource;
use crate::stack::node::{Content, Entry};
use crate::stack::resources::{Assembled, dependencies};
use crate::stack::scope::Scope;
use crate::stack::table;
use crate::stack::text::Text;
use crate::template::{Part, Reference, Template};
use crate::value::{Path, Value};

/// The key of a role that names what its permissions are derived from.
pub const KEY: &str = "permissions_for";

/// One thing that a role's permissions are derived from.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// `TYPE.NAME`, as the user wrote it.
    pub text: String,
    pub location: Location,
}

/// Reads `permissions_for`: an address, or a list of them.
pub fn read(entry: &Entry, diagnostics: &mut Vec<Diagnostic>) -> Vec<Purpose> {
    let purpose = |text: &Text| Purpose { text: text.text.clone(), location: text.location() };
    match &entry.value.content {
        Content::Text(text) => vec![purpose(text)],
        Content::List(_) => table::texts(entry, diagnostics).into_iter().map(purpose).collect(),
        _ => {
            table::wrong_type(KEY, &entry.value, "an address, such as \"state_machine.NAME\", or a list of them", diagnostics);
            Vec::new()
        }
    }
}

/// Puts the derived policies into the roles that ask for them, and tells where that can't be done.
pub fn derive(assembled: &mut [Assembled], scope: &Scope<'_>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for position in 0..assembled.len() {
        for purpose in assembled[position].purposes.clone() {
            match needs_of(assembled, &purpose) {
                Ok(needs) => {
                    let made = policy_for(assembled, position, &needs, scope);
                    add_policy(&mut assembled[position], &purpose, made, scope, &mut diagnostics);
                }
                Err(diagnostic) => diagnostics.push(*diagnostic),
            }
        }
    }
    diagnostics
}

fn needs_of(assembled: &[Assembled], purpose: &Purpose) -> Result<Vec<Need>, Box<Diagnostic>> {
    let Some(target) = assembled.iter().find(|it| it.resource.address.to_string() == purpose.text) else {
        let addresses: Vec<String> = assembled.iter().map(|it| it.resource.address.to_string()).collect();
        let diagnostic = Diagnostic::error(format!("there is no {} in this stack", purpose.text)).at(purpose.location.clone());
        return Err(Box::new(match nearest(&purpose.text, addresses.iter().map(String::as_str)) {
            Some(candidate) => diagnostic.replacement(candidate),
            None => diagnostic.help("write the address of what uses the role, such as \"state_machine.NAME\""),
        }));
    };
    let uses = uses_of(assembled, target);
    if uses.is_empty() {
        let message = format!("{} tells nothing of what its role must be allowed to do", purpose.text);
        let diagnostic = Diagnostic::error(message).at(purpose.location.clone());
        return Err(Box::new(diagnostic.help("name a state machine, or a task definition for its execution role")));
    }
    Ok(uses.into_iter().flat_map(|role_use| role_use.needs).collect())
}

fn add_policy(role: &mut Assembled, purpose: &Purpose, policy: Value, scope: &Scope<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let resource = &mut role.resource;
    let policy = policy.resolve(&|reference| scope.lookup(reference), &|text| text.to_owned());
    if policy.get("Statement").is_none_or(Value::is_empty) {
        return;
    }
    match resource.kind.with_policy(&resource.spec, &purpose.text, policy) {
        Some(spec) => {
            resource.spec = normalise(resource.kind, &spec);
            resource.dependencies = dependencies(resource.kind.schema(), &resource.spec, scope);
        }
        None => {
            let message = format!("{} has an inline policy called `{}` already", resource.address, purpose.text);
            diagnostics.push(
                Diagnostic::error(message)
                    .at(purpose.location.clone())
                    .help("the derived policy has that name: give the other one another"),
            );
        }
    }
}

/// The policy that grants `needs` to the role at `position`.
fn policy_for(assembled: &[Assembled], position: usize, needs: &[Need], scope: &Scope<'_>) -> Value {
    let role = &assembled[position].resource.address;
    let policy = policy_document(&statements(needs));
    // What needs the role can't be referred to by it: its name is written out.
    policy.map_leaves(&mut |leaf| match leaf {
        Value::Pending(template) => {
            let parts = template.parts().iter().flat_map(|part| match part {
                Part::Reference(Reference::Attribute { address, attribute }) if reaches(assembled, address, role) => {
                    predicted(assembled, address, attribute, scope).unwrap_or_else(|| vec![part.clone()])
                }
                other => vec![other.clone()],
            });
            let template = Template::from_parts(parts.collect::<Vec<_>>());
            template.as_literal().map(Value::string).unwrap_or(Value::Pending(template))
        }
        other => other.clone(),
    })
}

/// Whether `from` refers to `to`, through others too.
fn reaches(assembled: &[Assembled], from: &Address, to: &Address) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from.clone()];
    while let Some(address) = open.pop() {
        if address == *to {
            return true;
        }
        if let (true, Some(it)) = (seen.insert(address.clone()), find(assembled, &address)) {
            open.extend(it.resource.dependencies.iter().map(|dependency| dependency.address.clone()));
        }
    }
    false
}

/// An attribute as text in which only the account is open.
fn predicted(assembled: &[Assembled], address: &Address, attribute: &str, scope: &Scope<'_>) -> Option<Vec<Part>> {
    let resource = &find(assembled, address)?.resource;
    let place = Place {
        partition: Some("${account.partition}".to_owned()),
        region: scope.region.clone().or(Some("${stack.region}".to_owned())),
        account_id: Some("${account.id}".to_owned()),
    };
    let text = resource.kind.predict(&resource.spec, &place).get(attribute)?.as_str()?.to_owned();
    Some(Template::parse(&text).ok()?.parts().to_vec())
}

fn find<'a>(assembled: &'a [Assembled], address: &Address) -> Option<&'a Assembled> {
    assembled.iter().find(|it| it.resource.address == *address)
}

/// The other resources of a stack, for those that ask about them.
pub struct Others<'a>(pub Vec<&'a Resource>);

impl Around for Others<'_> {
    fn named(&self, resource_type: &str, name: &Template) -> Option<&Value> {
        let mut of_type = self.0.iter().copied().filter(|it| it.address.resource_type == resource_type);
        if let Some(Reference::Attribute { address, .. }) = name.references().next()
            && matches!(name.parts().first(), Some(Part::Reference(Reference::Attribute { .. })))
        {
            return of_type.find(|it| it.address == *address).map(|it| &it.spec);
        }
        let Some(Part::Literal(last)) = name.parts().last() else {
            return match name.parts().last() {
                Some(Part::Reference(Reference::Attribute { address, .. })) => {
                    of_type.find(|it| it.address == *address).map(|it| &it.spec)
                }
                _ => None,
            };
        };
        let named = last.rsplit('/').next().unwrap_or(last);
        let named = named.split(':').next().unwrap_or(named);
        of_type.find(|it| it.spec.text(it.kind.description().name_field) == Some(named)).map(|it| &it.spec)
    }
}

fn uses_of(assembled: &[Assembled], it: &Assembled) -> Vec<RoleUse> {
    it.resource.kind.role_uses(&it.resource.spec, &Others(assembled.iter().map(|it| &it.resource).collect()))
}

/// Warnings for each use of a role of this stack that lacks something.
pub fn check(assembled: &[Assembled], scope: &Scope<'_>) -> Vec<Diagnostic> {
    let lookup = |reference: &Reference| example(assembled, reference, scope);
    let sampler = Sampler { lookup: &lookup, region: scope.region.clone() };
    let mut diagnostics = Vec::new();
    for it in assembled {
        for role_use in uses_of(assembled, it) {
            let Some(role) = it.resource.spec.get(role_use.field).and_then(|role| owned_role(assembled, role)) else { continue };
            let Some(granted) = role.resource.kind.grants(&role.resource.spec, &sampler) else { continue };
            let location = it.resource.locations.of(&Path::key(role_use.field), false);
            let role = role.resource.address.to_string();
            diagnostics
                .extend(told(&role_use.needs, &granted, &sampler, &role).into_iter().map(|told| told.at(location.clone())));
        }
    }
    diagnostics
}

/// The role of this stack that a field refers to.
fn owned_role<'a>(assembled: &'a [Assembled], value: &Value) -> Option<&'a Assembled> {
    let Value::Pending(template) = value else { return None };
    match template.parts() {
        [Part::Reference(Reference::Attribute { address, .. })] => find(assembled, address),
        _ => None,
    }
}

/// What `reference` leads to, or may lead to.
fn example(assembled: &[Assembled], reference: &Reference, scope: &Scope<'_>) -> Option<String> {
    let Reference::Attribute { address, attribute } = reference else { return None };
    let resource = &find(assembled, address)?.resource;
    let place = Place {
        partition: Some("aws".to_owned()),
        region: scope.region.clone().or(Some("region".to_owned())),
        account_id: Some("000000000000".to_owned()),
    };
    if let Some(known) = resource.kind.predict(&resource.spec, &place).get(attribute).and_then(Value::as_str) {
        return Some(known.to_owned());
    }
    match attribute.as_str() {
        // Of what has revisions, the first stands for all.
        "arn" => {
            let name = resource.spec.text(resource.kind.description().name_field)?;
            Some(format!("{}:1", resource.kind.id(name, &place)?))
        }
        "revision" => Some("1".to_owned()),
        _ => None,
    }
}

/// What of `needs` a role lacks, one warning for each state or container and what it does.
fn told(needs: &[Need], granted: &Granted, sampler: &Sampler<'_>, role: &str) -> Vec<Diagnostic> {
    let mut missing: BTreeMap<(String, String), Vec<Need>> = BTreeMap::new();
    let mut denied: BTreeMap<(String, String), Vec<Need>> = BTreeMap::new();
    let mut undecided = BTreeSet::new();
    for need in needs.iter().filter(|need| need.is_certain) {
        let key = (need.cause.who.clone().unwrap_or_default(), need.cause.reason.clone());
        match judge(need, granted, sampler) {
            Verdict::Granted => {}
            Verdict::Missing(resources) => missing.entry(key).or_default().push(need.lacking(resources)),
            Verdict::Denied(resources) => denied.entry(key).or_default().push(need.lacking(resources)),
            Verdict::Undecided => {
                undecided.insert(need.action.clone());
            }
        }
    }
    let mut diagnostics = Vec::new();
    for (groups, what) in [(missing, "does not allow"), (denied, "denies")] {
        for ((who, reason), needs) in groups {
            let made = statements(&needs);
            let actions: BTreeSet<&str> = needs.iter().map(|need| need.action.as_str()).collect();
            let actions = actions.into_iter().collect::<Vec<_>>().join(", ");
            let on = made.iter().flat_map(|statement| statement.resources.iter().map(shown)).collect::<BTreeSet<_>>();
            let on = on.into_iter().collect::<Vec<_>>().join(", ");
            let who = if who.is_empty() { String::new() } else { format!("`{who}` ") };
            let mut diagnostic = Diagnostic::warning(format!("{who}needs {actions} on {on}, which {role} {what} ({reason})"));
            diagnostic.help = match what {
                "denies" => vec![format!("take it out of the statement of {role}, or of its boundary, that denies it")],
                _ => made.iter().map(|it| format!("add to the inline_policies of {role}: {}", as_json(it))).collect(),
            };
            diagnostics.push(diagnostic);
        }
    }
    if !undecided.is_empty() {
        let actions = undecided.into_iter().collect::<Vec<_>>().join(", ");
        let mut diagnostic = Diagnostic::warning(format!("whether {role} allows {actions} can't be decided here"));
        if granted.has_unknown_boundary {
            diagnostic.help.push("what its permissions boundary allows is not known here".to_owned());
        }
        if !granted.unknown.is_empty() {
            diagnostic.help.push(format!("what these allow is not known here: {}", granted.unknown.join(", ")));
        }
        if diagnostic.help.is_empty() {
            diagnostic.help.push("it hangs on a condition, or on what is known only after apply".to_owned());
        }
        diagnostics.push(diagnostic);
    }
    diagnostics
}

fn shown(value: &Value) -> String {
    match value {
        Value::Pending(template) => template.to_string(),
        Value::String(text) => text.clone(),
        _ => String::new(),
    }
}

/// A statement as the user may paste it into the stack file.
fn as_json(statement: &Statement) -> String {
    let known = statement.document().map_leaves(&mut |leaf| Value::String(shown(leaf)));
    known.to_plain().map(|json| json.to_string()).unwrap_or_default()
}
