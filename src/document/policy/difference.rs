//! What changed from one policy to another.
//!
//! What [`canonical`](super::canonical()) calls equal is no difference; what differs is told in the user's spelling.
//!
//! | in the documents | here |
//! |---|---|
//! | a statement with the same `Sid`, or as much in common as no other | a pair, compared member by member |
//! | any other statement | it came or went |
//! | actions, resources, principals of a kind, values of a condition | sets, of which members came or went |
//! | everything else | one value gives way to another |

use std::cmp::Reverse;

use crate::document::difference::{DocumentDifference, Place, Subject, keys};
use crate::document::policy::{canonical, one_or_many};
use crate::value::{Map, Path, Segment, Value};

/// All changed places, in the order of `new`, what went last.
pub(crate) fn differences(old: &Map, new: &Map) -> Vec<DocumentDifference> {
    let mut found = Vec::new();
    let top = Place::default();
    for key in keys(old, new) {
        let (old, new) = (old.get(key), new.get(key));
        match key.as_str() {
            "Statement" => statements(old, new, &mut found),
            _ => value(&top.key(key), (old, new), Value::clone, &mut found),
        }
    }
    found
}

/// One statement of a document.
struct Statement<'a> {
    /// `Statement[2]`, or `Statement` where it stands alone.
    path: Path,
    number: usize,
    spelt: &'a Value,
    form: Value,
}

impl<'a> Statement<'a> {
    /// Those that mean something, each once.
    fn all(value: Option<&'a Value>) -> Vec<Self> {
        let path = Path::key("Statement");
        let mut all: Vec<Self> = Vec::new();
        for (index, spelt) in value.map(one_or_many).unwrap_or_default().into_iter().enumerate() {
            let form = canonical::statement(spelt);
            if form.is_empty() || all.iter().any(|known| known.form == form) {
                continue;
            }
            let path = if let Some(Value::List(_)) = value { path.join(Segment::Index(index)) } else { path.clone() };
            all.push(Self { path, number: index + 1, spelt, form });
        }
        all
    }

    fn subject(&self) -> Subject {
        let sid = self.form.text("Sid").filter(|sid| !sid.is_empty()).map(str::to_owned);
        Subject::Statement { sid, number: self.number }
    }
}

fn statements(old: Option<&Value>, new: Option<&Value>, found: &mut Vec<DocumentDifference>) {
    let (old, new) = (Statement::all(old), Statement::all(new));
    let is_in = |others: &[Statement<'_>], one: &Statement<'_>| others.iter().any(|other| other.form == one.form);
    let old_left: Vec<&Statement<'_>> = old.iter().filter(|one| !is_in(&new, one)).collect();
    let new_left: Vec<&Statement<'_>> = new.iter().filter(|one| !is_in(&old, one)).collect();
    let partners = pairs(&old_left, &new_left);
    for (at, new) in new_left.iter().enumerate() {
        let place = |old: &Statement<'_>| Place {
            subject: Some(new.subject()),
            old: old.path.clone(),
            new: new.path.clone(),
            below: Path::default(),
        };
        match partners.iter().find(|(_, partner)| *partner == at).and_then(|(partner, _)| old_left.get(*partner)) {
            Some(old) => members(&place(old), old.spelt, new.spelt, found),
            None => found.push(place(new).changed(None, Some(new.spelt))),
        }
    }
    for (at, old) in old_left.iter().enumerate() {
        if !partners.iter().any(|(partner, _)| *partner == at) {
            let place = Place { subject: Some(old.subject()), old: old.path.clone(), ..Place::default() };
            found.push(place.changed(Some(old.spelt), None));
        }
    }
}

/// Which statements belong together, by their positions: those most alike first.
///
/// Equal scores share a statement only where the sums of their positions differ, so that the pairs are the same in both directions.
fn pairs(old: &[&Statement<'_>], new: &[&Statement<'_>]) -> Vec<(usize, usize)> {
    let mut scores: Vec<(Reverse<usize>, usize, (usize, usize))> = Vec::new();
    for (a, old) in old.iter().enumerate() {
        for (b, new) in new.iter().enumerate() {
            scores.extend(likeness(&old.form, &new.form).map(|score| (Reverse(score), a + b, (a, b))));
        }
    }
    scores.sort_unstable();
    let mut chosen: Vec<(usize, usize)> = Vec::new();
    for (_, _, (a, b)) in scores {
        if !chosen.iter().any(|(other_a, other_b)| *other_a == a || *other_b == b) {
            chosen.push((a, b));
        }
    }
    chosen
}

/// How much two canonical statements have in common; nothing where they are not two versions of one.
fn likeness(a: &Value, b: &Value) -> Option<usize> {
    const SAME_SID: usize = 1_000_000;
    let (a, b) = (a.as_map()?, b.as_map()?);
    let shared = |key: &str| shared(a.get(key), b.get(key));
    let actions = shared("Action") + shared("NotAction");
    let resources = shared("Resource") + shared("NotResource");
    let principals = shared("Principal") + shared("NotPrincipal");
    let score = 4 * (actions + principals) + 2 * resources + usize::from(a.get("Condition") == b.get("Condition"));
    let sid = |statement: &Map| statement.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty()).map(str::to_owned);
    match (sid(a), sid(b)) {
        (Some(a), Some(b)) if a == b => return Some(SAME_SID + score),
        // Whoever names a statement anew keeps at least what it is about.
        (Some(_), Some(_)) if actions == 0 => return None,
        _ => {}
    }
    let is_rest_equal = || {
        let is_rest = |key: &&String| !["Effect", "Sid"].contains(&key.as_str());
        keys(a, b).filter(is_rest).all(|key| a.get(key) == b.get(key))
    };
    let is_alike = if a.get("Effect") == b.get("Effect") { actions + resources + principals > 0 } else { is_rest_equal() };
    is_alike.then_some(score)
}

/// How many members two sets share, those of all kinds where they are tables of sets.
fn shared(a: Option<&Value>, b: Option<&Value>) -> usize {
    match (a, b) {
        (Some(Value::List(a)), Some(Value::List(b))) => a.iter().filter(|item| b.contains(item)).count(),
        (Some(Value::Map(a)), Some(Value::Map(b))) => a.iter().map(|(key, a)| shared(Some(a), b.get(key))).sum(),
        _ => 0,
    }
}

/// The members of two versions of one statement.
fn members(place: &Place, old: &Value, new: &Value, found: &mut Vec<DocumentDifference>) {
    let (Some(old_map), Some(new_map)) = (old.as_map(), new.as_map()) else {
        found.push(place.changed(Some(old), Some(new)));
        return;
    };
    for key in keys(old_map, new_map) {
        let (at, sides) = (place.key(key), (old_map.get(key), new_map.get(key)));
        match key.as_str() {
            "Action" | "NotAction" => set(&at, sides, canonical::action, found),
            "Resource" | "NotResource" => set(&at, sides, Value::clone, found),
            "Principal" | "NotPrincipal" => principal(&at, sides, found),
            "Condition" => condition(&at, sides, found),
            "Sid" => value(&at, sides, canonical::or_nothing, found),
            _ => value(&at, sides, Value::clone, found),
        }
    }
}

/// Both sides of a place.
type Sides<'a> = (Option<&'a Value>, Option<&'a Value>);

/// Those of `sides` that mean something in their canonical form.
fn meaningful<'a>(sides: Sides<'a>, form: impl Fn(&Value) -> Value) -> Sides<'a> {
    let is_meaningful = |value: &&Value| !form(value).is_empty();
    (sides.0.filter(is_meaningful), sides.1.filter(is_meaningful))
}

/// One value that gives way to another.
fn value(place: &Place, sides: Sides<'_>, form: impl Fn(&Value) -> Value, found: &mut Vec<DocumentDifference>) {
    let (old, new) = meaningful(sides, &form);
    if old.map(&form) != new.map(&form) {
        found.push(place.changed(old, new));
    }
}

/// A set whose members have the canonical form `form`. Where there is none on one side, it came or went as a whole:
/// `NotAction` in place of `Action` is more than the sum of its members.
fn set(place: &Place, sides: Sides<'_>, form: impl Fn(&Value) -> Value, found: &mut Vec<DocumentDifference>) {
    match meaningful(sides, |value| canonical::set(value, &form)) {
        (Some(old), Some(new)) => {
            let all = |value, path| positions(value, path, &form);
            exchanged(place, &all(old, &place.old), &all(new, &place.new), found);
        }
        (None, None) => {}
        (old, new) => found.push(place.changed(old, new)),
    }
}

/// A member of a set: its canonical form, its spelling and its place.
type Member<'a> = (Value, &'a Value, Path);

fn positions<'a>(value: &'a Value, path: &Path, form: impl Fn(&Value) -> Value) -> Vec<Member<'a>> {
    let is_list = matches!(value, Value::List(_));
    let mut all: Vec<Member<'a>> = Vec::new();
    for (index, spelt) in one_or_many(value).into_iter().enumerate() {
        let form = form(spelt);
        if !form.is_empty() && !all.iter().any(|(known, _, _)| *known == form) {
            all.push((form, spelt, if is_list { path.join(Segment::Index(index)) } else { path.clone() }));
        }
    }
    all
}

/// The members that only one of two sets has.
fn exchanged(place: &Place, old: &[Member<'_>], new: &[Member<'_>], found: &mut Vec<DocumentDifference>) {
    let is_in = |all: &[Member<'_>], form: &Value| all.iter().any(|(other, _, _)| other == form);
    for (_, spelt, path) in old.iter().filter(|(form, _, _)| !is_in(new, form)) {
        found.push(DocumentDifference { is_member: true, path: path.clone(), ..place.changed(Some(spelt), None) });
    }
    for (_, spelt, path) in new.iter().filter(|(form, _, _)| !is_in(old, form)) {
        found.push(DocumentDifference { is_member: true, path: path.clone(), ..place.changed(None, Some(spelt)) });
    }
}

fn principal(place: &Place, sides: Sides<'_>, found: &mut Vec<DocumentDifference>) {
    match meaningful(sides, canonical::principal) {
        (Some(old), Some(new)) => {
            let (Some(old), Some(new)) = (kinds(old, &place.old), kinds(new, &place.new)) else {
                return value(place, (Some(old), Some(new)), canonical::principal, found);
            };
            let mut names: Vec<&str> = new.iter().map(|(kind, _)| *kind).collect();
            names.extend(old.iter().map(|(kind, _)| *kind).filter(|kind| !new.iter().any(|(other, _)| other == kind)));
            for kind in names {
                exchanged(&place.key(kind), of_kind(&old, kind), of_kind(&new, kind), found);
            }
        }
        (old, new) => value(place, (old, new), canonical::principal, found),
    }
}

/// A kind of principals, and those of it.
type Kind<'a> = (&'a str, Vec<Member<'a>>);

fn of_kind<'b, 'a>(all: &'b [Kind<'a>], kind: &str) -> &'b [Member<'a>] {
    all.iter().find(|(other, _)| *other == kind).map_or(&[], |(_, members)| members)
}

/// The principals of each kind; `"*"` is the one principal of the kind `AWS`. Nothing for what is no principal at all.
fn kinds<'a>(value: &'a Value, path: &Path) -> Option<Vec<Kind<'a>>> {
    match value {
        Value::String(text) if text == "*" => Some(vec![("AWS", vec![(value.clone(), value, path.clone())])]),
        Value::Map(map) => {
            let of = |(kind, names): (&'a String, &'a Value)| {
                let at = path.join_key(kind);
                let members = match kind.as_str() {
                    "AWS" => positions(names, &at, canonical::aws_principal),
                    _ => positions(names, &at, Value::clone),
                };
                (kind.as_str(), members)
            };
            Some(map.iter().map(of).collect())
        }
        _ => None,
    }
}

/// Operators, in them keys, in these values.
fn condition(place: &Place, sides: Sides<'_>, found: &mut Vec<DocumentDifference>) {
    match meaningful(sides, canonical::condition) {
        (Some(Value::Map(old)), Some(Value::Map(new))) => {
            for operator in keys(old, new) {
                let at = place.key(operator);
                match meaningful((old.get(operator), new.get(operator)), |keys| canonical::operator(operator, keys)) {
                    (Some(Value::Map(old)), Some(Value::Map(new))) => {
                        for key in keys(old, new) {
                            set(
                                &at.key(key),
                                (old.get(key), new.get(key)),
                                |value| canonical::condition_value(operator, value),
                                found,
                            );
                        }
                    }
                    sides => value(&at, sides, |keys| canonical::operator(operator, keys), found),
                }
            }
        }
        sides => value(place, sides, canonical::condition, found),
    }
}
