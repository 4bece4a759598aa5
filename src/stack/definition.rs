//! A definition in the Amazon States Language that is read alone, without a stack around it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Location, Severity, Source, has_errors};
use crate::document::naming;
use crate::document::states_language::model::StateMachine;
use crate::document::states_language::{LONGEST_DEFINITION, MachineType, code, validate};
use crate::stack::node::{Content, Node};
use crate::stack::resources::{place, quote_replacement};
use crate::stack::text::Text;
use crate::stack::{Locations, MemberLocation, json};
use crate::value::{Map, Path, Segment, Value};

/// As many problems as AWS tells at once: each is shown with its surroundings, and nobody reads thousands.
const MOST_TOLD: usize = 100;

/// Everything that is wrong with the definition in `source`, each with its place. References mean nothing in it:
/// `${...}` is a place where something is put in before AWS sees it.
pub fn check_definition(source: &Arc<Source>, machine_type: MachineType) -> Vec<Diagnostic> {
    shortened(all_problems(source, machine_type))
}

/// The errors first, where not all can be told.
fn shortened(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if diagnostics.len() > MOST_TOLD {
        diagnostics.sort_by_key(|diagnostic| diagnostic.severity != Severity::Error);
        let more = diagnostics.split_off(MOST_TOLD);
        let message = format!("{} more problems are not told", more.len());
        let rest = if has_errors(&more) { Diagnostic::error(message) } else { Diagnostic::warning(message) };
        diagnostics.push(rest.help("mend these first, and check again"));
    }
    diagnostics
}

fn all_problems(source: &Arc<Source>, machine_type: MachineType) -> Vec<Diagnostic> {
    let text = Text::of_source(source);
    let start = Location { source: source.clone(), range: 0..0 };
    if source.text.trim().is_empty() {
        return vec![Diagnostic {
            code: Some(code::SCHEMA_VALIDATION_FAILED),
            ..Diagnostic::error("there is no definition").at(start)
        }];
    }
    let mut diagnostics = Vec::new();
    let node = json::read(&text, &mut diagnostics);
    diagnostics.iter_mut().for_each(|diagnostic| diagnostic.code = Some(code::INVALID_JSON_DESCRIPTION));
    let Some(node) = node else { return diagnostics };
    // What misses something as a whole is marked where it begins.
    let opening = node.location.range.start..node.location.range.start + 1;
    let header = Location { source: source.clone(), range: opening };
    let mut locations = Locations { header, members: BTreeMap::new() };
    let value = value_of(&node, &Path::default(), &mut locations);
    let mut findings = validate(&value, machine_type);
    findings.extend(naming::warnings(&StateMachine::parse(&value)));
    for mut finding in findings {
        quote_replacement(&mut finding, &locations);
        diagnostics.push(place(&locations, finding));
    }
    let length = source.text.chars().count();
    if length > LONGEST_DEFINITION {
        let message = format!("the definition has {length} characters; Step Functions allows at most {LONGEST_DEFINITION}");
        diagnostics.push(Diagnostic::error(message).at(start));
    }
    diagnostics
}

/// The tree of `node`. What it can't be deeper than, the reader of JSON has seen to.
fn value_of(node: &Node, path: &Path, locations: &mut Locations) -> Value {
    match &node.content {
        Content::Null | Content::Broken => Value::Null,
        Content::Boolean(value) => Value::Bool(*value),
        Content::Number(number) => Value::Number(number.clone()),
        Content::Text(text) => Value::string(text.text.as_str()),
        Content::List(items) => {
            let values = items.iter().enumerate().map(|(index, item)| {
                let path = path.join(Segment::Index(index));
                let value = value_of(item, &path, locations);
                locations.members.insert(path, MemberLocation { key: None, value: item.location.clone() });
                value
            });
            Value::List(values.collect())
        }
        Content::Table(entries) => {
            let mut map = Map::new();
            for entry in entries {
                let path = path.join_key(&entry.key);
                let location = MemberLocation { key: Some(entry.key_location.clone()), value: entry.value.location.clone() };
                locations.members.insert(path.clone(), location);
                map.insert(entry.key.clone(), value_of(&entry.value, &path, locations));
            }
            Value::Map(map)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let source = Arc::new(Source { name: "d.json".into(), text: text.into() });
        let tell = |diagnostic: &Diagnostic| {
            let (line, column) = diagnostic.location.as_ref().map(Location::line_and_column).unwrap_or_default();
            format!("{line}:{column} {} {}", diagnostic.code.unwrap_or("-"), diagnostic.message)
        };
        check_definition(&source, MachineType::Standard).iter().map(tell).collect()
    }

    #[test]
    fn of_many_problems_the_first_are_told() {
        let states: Vec<String> = (0..150).map(|number| format!("\"S{number}\": {{\"Type\": \"Pas\"}}")).collect();
        let told = told(&format!("{{\"StartAt\": \"S0\", \"States\": {{{}}}}}", states.join(", ")));
        assert_eq!(told.len(), MOST_TOLD + 1);
        assert!(told[MOST_TOLD].ends_with("more problems are not told"), "{}", told[MOST_TOLD]);
    }

    #[test]
    fn places() {
        assert_eq!(told(""), ["1:1 SCHEMA_VALIDATION_FAILED there is no definition"]);
        assert_eq!(
            told("{\n"),
            ["2:1 INVALID_JSON_DESCRIPTION JSON syntax: the text ends where a key in double quotes should stand"]
        );
        assert_eq!(told("[1]"), ["1:1 SCHEMA_VALIDATION_FAILED a state machine is a table, or JSON text that holds an object"]);
        assert_eq!(
            told(
                "{\n \"StartAt\": \"A\",\n \"States\": {\n  \"A\": {\"Type\": \"Pass\", \"Next\": \"B\"},\n  \"C\": {\"Type\": \"Fail\"}\n }\n}"
            ),
            ["4:33 MISSING_TRANSITION_TARGET there is no state `B` here"]
        );
        assert_eq!(
            told("{\"StartAt\": \"A\", \"States\": {\"A\": {\"Type\": \"Task\", \"End\": true}}}"),
            ["1:29 SCHEMA_VALIDATION_FAILED the task `A` has no `Resource`"]
        );
    }
}
