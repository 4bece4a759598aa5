//! What the policies of a role grant that nothing calls for.
//!
//! ```text
//! each Allow: each action ─┬─ no need calls for it                  ─► which nothing needs
//!                          ├─ it, or its resource, reaches further  ─► of which only … is needed
//!                          └─ a Deny, a boundary or a condition that is not known may narrow it ─► undecided
//! ```
//!
//! Patterns are compared as texts: what a need names by a pattern, `family:*`, covers whatever is no wider.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::permissions::judge::example_of;
use crate::document::permissions::{Granted, GrantedPolicy, Need, Sampler, Target, text_of};
use crate::document::policy::{Context, Decision, conditions_hold, decide, placed_items, placed_statements, wildcard};
use crate::value::{Map, Path, Value};

/// Something that is granted and not needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// The action or the resource, in the spec of the role.
    pub path: Path,
    /// `ecs:* on *`.
    pub granted: String,
    /// The part of it that is needed; none if nothing is.
    pub needed: Option<String>,
}

/// What is granted beyond need.
#[derive(Debug, Default)]
pub struct Excess {
    pub beyond: Vec<Beyond>,
    /// What may or may not be, and why.
    pub undecided: BTreeSet<String>,
}

/// What of `granted` no need calls for.
pub fn beyond_need(granted: &Granted, needs: &[Need], sampler: &Sampler<'_>) -> Excess {
    let mut excess = Excess::default();
    if granted.has_unknown_boundary {
        excess.undecided.insert("what its permissions boundary leaves of its policies is not known here".to_owned());
        return excess;
    }
    for arn in &granted.unknown {
        excess.undecided.insert(format!("what this allows is not known here: {arn}"));
    }
    let judge = Judge { granted, needs, sampler };
    for policy in &granted.policies {
        match &policy.arn {
            None => judge.policy(policy, &mut excess),
            Some(arn) => judge.managed(policy, arn, &mut excess),
        }
    }
    excess
}

struct Judge<'a> {
    granted: &'a Granted,
    needs: &'a [Need],
    sampler: &'a Sampler<'a>,
}

/// An action or a resource of a statement, as the user wrote it and as it is compared.
struct Pattern {
    path: Path,
    shown: String,
    text: String,
    /// Of a `Not` form: what it takes out.
    except: Vec<String>,
}

impl Pattern {
    /// Whether more than one name fits.
    fn is_wide(&self) -> bool {
        self.text.contains(['*', '?'])
    }

    fn fits_action(&self, action: &str) -> bool {
        let action = action.to_lowercase();
        let fits = |pattern: &str| wildcard(&pattern.to_lowercase(), &action);
        fits(&self.text) && !self.except.iter().any(|except| fits(except))
    }

    /// Whether it hangs on what is not known here: what the account looks up, or who asks.
    fn is_open(&self) -> bool {
        is_open(&self.text) || self.except.iter().any(|except| is_open(except))
    }
}

fn is_open(text: &str) -> bool {
    text.contains('{')
}

/// Whether every name that fits `narrow` fits `wide`.
fn covers(wide: &str, narrow: &str) -> bool {
    wide == narrow || (!wide.contains('?') && wildcard(wide, narrow))
}

impl Judge<'_> {
    fn policy(&self, policy: &GrantedPolicy, excess: &mut Excess) {
        for ((path, written), (_, statement)) in
            placed_statements(&policy.written).into_iter().zip(placed_statements(&policy.document))
        {
            let path = Path(policy.path.0.iter().chain(&path.0).cloned().collect());
            if statement.get("Effect").and_then(Value::as_str) == Some("Allow") {
                self.statement(&path, written, statement, excess);
            }
        }
    }

    /// One sentence for the whole of a policy that its user can only take or leave.
    fn managed(&self, policy: &GrantedPolicy, arn: &str, excess: &mut Excess) {
        let mut found = Excess::default();
        self.policy(policy, &mut found);
        excess.undecided.append(&mut found.undecided);
        if found.beyond.is_empty() {
            return;
        }
        let mut needed: Vec<&Need> = Vec::new();
        for (_, statement) in placed_statements(&policy.document) {
            let (actions, resources) =
                (self.patterns(&policy.path, statement, "Action"), self.patterns(&policy.path, statement, "Resource"));
            needed.extend(self.needs.iter().filter(|need| {
                actions.iter().any(|action| action.fits_action(&need.action))
                    && resources.iter().any(|resource| self.meets(resource, need))
                    && conditions_hold(statement, &self.context(need)) != Some(false)
            }));
        }
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let needed = (!needed.is_empty()).then(|| told(&needed));
        excess.beyond.push(Beyond { path: policy.path.clone(), granted: format!("all of {name}"), needed });
    }

    fn statement(&self, path: &Path, written: &Map, statement: &Map, excess: &mut Excess) {
        let (actions, resources) = (self.patterns(path, written, "Action"), self.patterns(path, written, "Resource"));
        let holds = |need: &Need| conditions_hold(statement, &self.context(need));
        let called_for = |action: &Pattern| -> Vec<&Need> {
            let fits = |need: &&Need| action.fits_action(&need.action) && holds(need) != Some(false);
            self.needs.iter().filter(fits).filter(|need| resources.iter().any(|resource| self.meets(resource, need))).collect()
        };
        let called: Vec<(&Pattern, Vec<&Need>)> = actions.iter().map(|action| (action, called_for(action))).collect();
        let everywhere = list(resources.iter().map(|resource| resource.shown.as_str()));
        let meets_any = |resource: &Pattern| called.iter().any(|(_, needs)| needs.iter().any(|need| self.meets(resource, need)));
        for (action, needs) in &called {
            if needs.is_empty() {
                self.uncalled(action, &resources, format!("{} on {everywhere}", action.shown), &action.path, excess);
                continue;
            }
            let beyond: Vec<&Pattern> = resources.iter().filter(|resource| self.goes_beyond(action, resource, needs)).collect();
            // A resource that nothing at all is done on is told once, at its own place.
            let beyond: Vec<&Pattern> = beyond.into_iter().filter(|resource| meets_any(resource)).collect();
            let hands_to_anybody =
                needs.iter().all(|need| need.passed_to().is_some()) && statement.get("Condition").is_none_or(|it| it.is_empty());
            if !action.is_wide() && beyond.is_empty() && !hands_to_anybody {
                continue;
            }
            let on = if action.is_wide() || hands_to_anybody {
                everywhere.clone()
            } else {
                list(beyond.iter().map(|it| it.shown.as_str()))
            };
            let granted = format!("{} on {on}{}", action.shown, if hands_to_anybody { " to every service" } else { "" });
            let is_conditional = needs.iter().any(|need| holds(need).is_none());
            if is_conditional || self.may_be_narrowed(action) || beyond.iter().any(|resource| resource.is_open()) {
                excess
                    .undecided
                    .insert(format!("{granted}: a condition, a Deny, its boundary or what is not known here may narrow it"));
            } else {
                excess.beyond.push(Beyond { path: action.path.clone(), granted, needed: Some(told(needs)) });
            }
        }
        if called.iter().all(|(_, needs)| needs.is_empty()) {
            return;
        }
        for resource in resources.iter().filter(|resource| !meets_any(resource)) {
            let needed_actions = called.iter().filter(|(_, needs)| !needs.is_empty()).map(|(action, _)| action.shown.as_str());
            let granted = format!("{} on {}", list(needed_actions), resource.shown);
            match resource.is_open() {
                true => _ = excess.undecided.insert(format!("{granted}: it is not known here what that is")),
                false => excess.beyond.push(Beyond { path: resource.path.clone(), granted, needed: None }),
            }
        }
    }

    /// An action that no need calls for on these resources.
    fn uncalled(&self, action: &Pattern, resources: &[Pattern], granted: String, path: &Path, excess: &mut Excess) {
        if resources.iter().all(|resource| self.is_taken_away(action, resource)) {
            return;
        }
        let mut of_action = self.needs.iter().filter(|need| action.fits_action(&need.action));
        // Where it is needed at all, it may be needed on just that.
        let is_open = action.is_open()
            || of_action
                .any(|need| resources.iter().any(Pattern::is_open) || self.texts(need).iter().any(|text| self::is_open(text)));
        if is_open {
            excess.undecided.insert(format!("{granted}: it is not known here what that is"));
        } else if self.granted.boundary.is_some() && action.is_wide() {
            excess.undecided.insert(format!("{granted}: its boundary may narrow it"));
        } else {
            excess.beyond.push(Beyond { path: path.clone(), granted, needed: None });
        }
    }

    /// Whether a statement grants `action` on more of `resource` than `needs` call for.
    fn goes_beyond(&self, action: &Pattern, resource: &Pattern, needs: &[&Need]) -> bool {
        if needs.iter().any(|need| self.covers(need, resource)) {
            return false;
        }
        // An action means nothing on what belongs to another service: it stands there for another action.
        let is_met = needs.iter().any(|need| self.meets(resource, need));
        is_met || service_of(&action.text) == resource.text.split(':').nth(2)
    }

    fn patterns(&self, path: &Path, statement: &Map, member: &str) -> Vec<Pattern> {
        let text_of = |value: &Value| match value {
            Value::Secret(_) => "{a sensitive value}".to_owned(),
            other => text_of(other),
        };
        let text = |value: &Value| self.sampler.opaque(value).unwrap_or_else(|| text_of(value));
        if let Some(listed) = statement.get(member) {
            let items = placed_items(&path.join_key(member), listed).into_iter();
            return items
                .map(|(path, item)| Pattern { path, shown: text_of(item), text: text(item), except: Vec::new() })
                .collect();
        }
        let negated = format!("Not{member}");
        let Some(listed) = statement.get(&negated) else { return Vec::new() };
        let path = path.join_key(&negated);
        let items = placed_items(&path, listed);
        let shown: Vec<String> = items.iter().map(|(_, item)| text_of(item)).collect();
        let except = items.iter().map(|(_, item)| text(item)).collect();
        vec![Pattern { path, shown: format!("all but {}", shown.join(", ")), text: "*".to_owned(), except }]
    }

    fn context(&self, need: &Need) -> Context {
        let mut context = Context::default();
        if let Some(service) = need.passed_to() {
            context = context.with("iam:PassedToService", service);
        }
        match &self.sampler.region {
            Some(region) => context.with("aws:RequestedRegion", region),
            None => context,
        }
    }

    /// What a need names, as texts; none where it names nothing narrower than everything.
    fn texts(&self, need: &Need) -> Vec<String> {
        match &need.target {
            Target::All(resources) | Target::Any(resources) => {
                resources.iter().filter_map(|it| self.sampler.opaque(it)).collect()
            }
            Target::Whole | Target::Untold(_) => Vec::new(),
        }
    }

    fn is_anywhere(need: &Need) -> bool {
        matches!(need.target, Target::Whole | Target::Untold(_))
    }

    /// Whether `resource` is, or holds, something that the need is for.
    fn meets(&self, resource: &Pattern, need: &Need) -> bool {
        let is_out = |text: &str| resource.except.iter().any(|except| wildcard(except, &example_of(text)));
        Self::is_anywhere(need)
            || self
                .texts(need)
                .iter()
                .any(|text| (covers(text, &resource.text) || wildcard(&resource.text, &example_of(text))) && !is_out(text))
    }

    /// Whether all of `resource` is what the need is for.
    fn covers(&self, need: &Need, resource: &Pattern) -> bool {
        Self::is_anywhere(need) || self.texts(need).iter().any(|text| covers(text, &resource.text))
    }

    /// Whether another statement, or the boundary, takes all of it away.
    fn is_taken_away(&self, action: &Pattern, resource: &Pattern) -> bool {
        let is_denied = self.denials().any(|denial| {
            let listed = |member: &str, text: &str| {
                self.patterns(&Path::default(), denial, member)
                    .iter()
                    .any(|it| it.except.is_empty() && covers(&it.text.to_lowercase(), &text.to_lowercase()))
            };
            denial.get("Condition").is_none() && listed("Action", &action.text) && listed("Resource", &resource.text)
        });
        let is_out_of_bounds = self.granted.boundary.as_ref().is_some_and(|boundary| {
            let decision = decide(&[boundary], None, &action.text, &example_of(&resource.text), &Context::default());
            !action.is_wide() && matches!(decision, Decision::Missing | Decision::Denied)
        });
        is_denied || is_out_of_bounds
    }

    /// Whether a Deny or the boundary may take a part of it away.
    fn may_be_narrowed(&self, action: &Pattern) -> bool {
        let touches = |denial: &Map| {
            self.patterns(&Path::default(), denial, "Action").iter().any(|it| {
                let start = |text: &str| text.to_lowercase().split(['*', '?']).next().unwrap_or_default().to_owned();
                let (own, other) = (start(&action.text), start(&it.text));
                own.starts_with(&other) || other.starts_with(&own)
            })
        };
        self.granted.boundary.is_some() || self.denials().any(touches)
    }

    fn denials(&self) -> impl Iterator<Item = &Map> {
        let statements = self.granted.policies.iter().flat_map(|policy| placed_statements(&policy.document));
        statements.map(|(_, statement)| statement).filter(|it| it.get("Effect").and_then(Value::as_str) == Some("Deny"))
    }
}

fn service_of(action: &str) -> Option<&str> {
    action.split_once(':').map(|(service, _)| service)
}

/// `ecs:StopTask on *; iam:PassRole on X to ecs-tasks.amazonaws.com`.
fn told(needs: &[&Need]) -> String {
    let mut by_target: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for need in needs {
        let target = match &need.target {
            Target::All(resources) | Target::Any(resources) => {
                list(resources.iter().map(text_of).collect::<Vec<_>>().iter().map(String::as_str))
            }
            Target::Whole | Target::Untold(_) => "*".to_owned(),
        };
        let service = need.passed_to().map(|service| format!(" to {service}")).unwrap_or_default();
        by_target.entry(format!("{target}{service}")).or_default().insert(&need.action);
    }
    let parts = by_target.into_iter().map(|(target, actions)| format!("{} on {target}", list(actions.into_iter())));
    parts.collect::<Vec<_>>().join("; ")
}

/// The first few, and how many there are.
fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 6;
    let items: Vec<&str> = items.collect();
    let first = items.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if items.len() > SHOWN { format!("{first} and {} more", items.len() - SHOWN) } else { first }
}

#[cfg(test)]
mod tests;
