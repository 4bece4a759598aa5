//! What is said of a role that is allowed more than is needed. Told only to those who ask (`--strict`).

use std::collections::BTreeMap;

use crate::address::Address;
use crate::diagnostic::Diagnostic;
use crate::document::permissions::{self, Need, Sampler, others};
use crate::document::warning::{BEYOND_NEED, UNDECIDED_NEED};
use crate::stack::permissions::needs_of;
use crate::stack::permissions::uses::{example, owned_role, uses_of};
use crate::stack::resources::Assembled;
use crate::stack::scope::Scope;
use crate::template::Reference;

/// What is known of the uses of a role.
#[derive(Default)]
struct Used {
    needs: Vec<Need>,
    services: Vec<&'static str>,
    /// Whether something is done with it that nothing here tells.
    is_open: bool,
}

/// Warnings for what each role of the stack grants beyond the needs of those that use it.
///
/// A role that nothing here uses, or that a program runs under, is not judged: what it is for stands elsewhere.
pub fn beyond_need(assembled: &[Assembled], scope: &Scope<'_>) -> Vec<Diagnostic> {
    let lookup = |reference: &Reference| example(assembled, reference, scope);
    let sampler = Sampler { lookup: &lookup, region: scope.region.clone() };
    let mut diagnostics = Vec::new();
    let all_used = all_used(assembled, &sampler);
    for role in assembled {
        let Some(used) = all_used.get(&role.resource.address).filter(|used| !used.is_open) else { continue };
        let Some(granted) = role.resource.kind.grants(&role.resource.spec, &sampler) else { continue };
        let address = &role.resource.address;
        let undecided = |help: Vec<String>| {
            let message = format!("whether {address} is allowed more than is needed can't be decided here");
            let header = role.resource.locations.header.clone();
            Diagnostic { code: Some(UNDECIDED_NEED), help, ..Diagnostic::warning(message) }.at(header)
        };
        if let Some((_, document)) = role.resource.kind.trust(&role.resource.spec) {
            let others = others(&sampler.policy(document), &used.services);
            if !others.is_empty() {
                let why = format!("these may take it as well, and for what is not known here: {}", others.join(", "));
                diagnostics.push(undecided(vec![why]));
                continue;
            }
        }
        let excess = permissions::beyond_need(&granted, &used.needs, &sampler);
        for beyond in excess.beyond {
            let what = match beyond.needed {
                Some(needed) => format!("of which only this is needed: {needed}"),
                None => "which nothing that uses it needs".to_owned(),
            };
            let location = role.resource.locations.of(&beyond.path, false);
            let message = format!("{address} allows {}, {what}", beyond.granted);
            let diagnostic = Diagnostic { path: Some(beyond.path), code: Some(BEYOND_NEED), ..Diagnostic::warning(message) };
            diagnostics.push(diagnostic.at(location));
        }
        if !excess.undecided.is_empty() {
            diagnostics.push(undecided(excess.undecided.into_iter().collect()));
        }
    }
    diagnostics
}

/// What is made of each role, by those that name it and by what it asks its own permissions for.
fn all_used(assembled: &[Assembled], sampler: &Sampler<'_>) -> BTreeMap<Address, Used> {
    let mut all: BTreeMap<Address, Used> = BTreeMap::new();
    for user in assembled {
        for role_use in uses_of(assembled, user) {
            let named = user.resource.spec.get(role_use.field).and_then(|value| owned_role(assembled, value, sampler));
            let Some((role, _)) = named else { continue };
            let used = all.entry(role.resource.address.clone()).or_default();
            used.is_open |= !role_use.is_whole;
            used.services.push(role_use.service);
            used.needs.extend(role_use.needs);
        }
    }
    for role in assembled {
        if let Some(used) = all.get_mut(&role.resource.address) {
            used.needs.extend(role.purposes.iter().flat_map(|purpose| needs_of(assembled, purpose).unwrap_or_default()));
        }
    }
    all
}
