//! What roles need by what the stack uses them for: derived policies, and warnings where a role lacks something.
//!
//! ```text
//! [role.workflow] permissions_for = "state_machine.nightly"   ─► inline_policies."state_machine.nightly"
//! [state_machine.nightly] role_arn = "${role.workflow.arn}"   ─► a warning for each state whose needs the role lacks
//!                                                             ─► on request, one for each action that nothing needs
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | `permissions_for`, and the policies that it puts into a role |
//! | `uses.rs` | who uses which role of the stack, and what stands for what is not known yet |
//! | `lacking.rs` | what is said of a role that its user can't take, or that lacks something |
//! | `excess.rs` | what is said of a role that is allowed more than is needed |

mod excess;
mod lacking;
mod uses;

use std::collections::BTreeSet;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Location, nearest};
use crate::document::permissions::{Need, Sampler, policy_document, statements};
use crate::place::Place;
use crate::resource::normalise;
use crate::stack::node::{Content, Entry};
use crate::stack::permissions::uses::{example, find, uses_of};
use crate::stack::resources::{Assembled, dependencies, place};
use crate::stack::scope::Scope;
use crate::stack::table;
use crate::stack::text::Text;
use crate::template::{Part, Reference, Template};
use crate::value::Value;

pub use excess::beyond_need;
pub use lacking::check;

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
    diagnostics.extend(too_long(assembled, scope));
    diagnostics
}

/// Roles whose policies became longer than AWS takes. Only now they are all there.
fn too_long(assembled: &[Assembled], scope: &Scope<'_>) -> Vec<Diagnostic> {
    let lookup = |reference: &Reference| example(assembled, reference, scope);
    let sampler = Sampler { lookup: &lookup, region: scope.region.clone() };
    let mut diagnostics = Vec::new();
    for it in assembled {
        let derived: Vec<&str> = it.purposes.iter().map(|purpose| purpose.text.as_str()).collect();
        let Some(finding) = it.resource.kind.check_derived(&it.resource.spec, &derived, &sampler) else { continue };
        let mut diagnostic = place(&it.resource.locations, finding);
        if let Some(purpose) = it.purposes.first() {
            diagnostic.message = format!("{}: {}", it.resource.address, diagnostic.message);
            diagnostic.location = Some(purpose.location.clone());
        }
        diagnostics.push(diagnostic);
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
