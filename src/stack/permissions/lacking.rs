//! What is said of a role that its user can't take, or that lacks something.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, Location};
use crate::document::permissions::{Granted, Need, Sampler, Statement, Trust, Verdict, judge, statements, text_of, trust};
use crate::resource::RoleUse;
use crate::stack::permissions::uses::{example, owned_role, uses_of};
use crate::stack::resources::Assembled;
use crate::stack::scope::Scope;
use crate::template::Reference;
use crate::value::{Path, Value};

/// Warnings for each use of a role of this stack that lacks something.
pub fn check(assembled: &[Assembled], scope: &Scope<'_>) -> Vec<Diagnostic> {
    let lookup = |reference: &Reference| example(assembled, reference, scope);
    let sampler = Sampler { lookup: &lookup, region: scope.region.clone() };
    let mut diagnostics = Vec::new();
    for it in assembled {
        for role_use in uses_of(assembled, it) {
            let named = it.resource.spec.get(role_use.field);
            let Some((role, is_reference)) = named.and_then(|role| owned_role(assembled, role, &sampler)) else { continue };
            let location = it.resource.locations.of(&Path::key(role_use.field), false);
            if !is_reference {
                diagnostics.push(not_waited_for(role_use.field, role, &location));
            }
            diagnostics.extend(untrusted(role, it, &role_use, &sampler));
            let Some(granted) = role.resource.kind.grants(&role.resource.spec, &sampler) else { continue };
            let role = role.resource.address.to_string();
            diagnostics
                .extend(told(&role_use.needs, &granted, &sampler, &role).into_iter().map(|told| told.at(location.clone())));
        }
    }
    diagnostics
}

/// A role of the stack whose ARN is written out: nothing says that it comes first.
fn not_waited_for(field: &str, role: &Assembled, location: &Location) -> Diagnostic {
    let role = &role.resource.address;
    let message = format!("`{field}` is the ARN of {role}, and does not wait for it");
    let is_quoted = location.source.text.get(location.range.clone()).is_some_and(|token| token.starts_with(['"', '\'']));
    let diagnostic = Diagnostic::warning(message).at(location.clone());
    let reference = format!("${{{role}.arn}}");
    if is_quoted {
        diagnostic.replacement(format!("\"{reference}\""))
    } else {
        diagnostic.help(format!("refer to it: {reference}"))
    }
}

/// A role that the service which uses it may not take.
fn untrusted(role: &Assembled, user: &Assembled, role_use: &RoleUse, sampler: &Sampler<'_>) -> Option<Diagnostic> {
    let (path, document) = role.resource.kind.trust(&role.resource.spec)?;
    let Trust::Refused { path: within, trusted } = trust(&sampler.policy(document), role_use.service, sampler.region.as_deref())
    else {
        return None;
    };
    let (address, user, service) = (&role.resource.address, &user.resource.address, role_use.service);
    let whom = if trusted.is_empty() { "nobody".to_owned() } else { trusted.join(", ") };
    let message = format!("{service} can't take {address}, which is the `{}` of {user}: it trusts {whom}", role_use.field);
    let path = Path(path.0.into_iter().chain(within.0).collect());
    let statement =
        format!("{{ \"Effect\": \"Allow\", \"Principal\": {{ \"Service\": \"{service}\" }}, \"Action\": \"sts:AssumeRole\" }}");
    let diagnostic = Diagnostic::warning(message).at(role.resource.locations.of(&path, false));
    Some(diagnostic.help(format!("add to its trust policy: {statement}")))
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
            let on = made.iter().flat_map(|statement| statement.resources.iter().map(text_of)).collect::<BTreeSet<_>>();
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

/// A statement as the user may paste it into the stack file.
fn as_json(statement: &Statement) -> String {
    let known = statement.document().map_leaves(&mut |leaf| Value::String(text_of(leaf)));
    known.to_plain().map(|json| json.to_string()).unwrap_or_default()
}
