//! A typed definition → the picture of it.

use crate::document::states_language::duration;
use crate::document::states_language::model::{Retrier, Scope, State, StateKind, StateMachine};
use crate::flow::{Edge, EdgeKind, FlowGraph, Group, Node, NodeKind};
use crate::value::Value;

impl FlowGraph {
    /// The picture of `machine`. What leads to a state that is not there is left out.
    pub fn of(machine: &StateMachine<'_>) -> Self {
        let mut graph = Self::default();
        // The first node of each scope; those of a scope follow each other.
        let mut firsts = Vec::with_capacity(machine.scopes.len());
        for (position, scope) in machine.scopes.iter().enumerate() {
            if position == 0 {
                graph.nodes.push(dot(NodeKind::Start));
            }
            firsts.push(graph.nodes.len());
            graph.nodes.extend(scope.states.iter().map(|state| node(state, position)));
        }
        let end = graph.nodes.len();
        graph.nodes.push(dot(NodeKind::End));
        let mut is_ended = false;
        for (position, scope) in machine.scopes.iter().enumerate() {
            let Some(first) = firsts.get(position).copied() else { continue };
            let find = |name: &str| position_of(scope, name).map(|found| first + found);
            let start = scope.start_at.as_ref().and_then(|part| part.text()).and_then(find);
            if let (0, Some(to)) = (position, start) {
                graph.edges.push(Edge { from: 0, to, kind: EdgeKind::Next, label: String::new() });
            }
            for (offset, state) in scope.states.iter().enumerate() {
                edges(state, first + offset, &find, &mut graph.edges);
                if position == 0 && state.is_end {
                    graph.edges.push(Edge { from: first + offset, to: end, kind: EdgeKind::Next, label: String::new() });
                    is_ended = true;
                }
            }
            let mut nodes: Vec<usize> = (first..first + scope.states.len()).collect();
            if position == 0 {
                nodes.insert(0, 0);
                nodes.push(end);
            }
            let owner = scope.owner.and_then(|(scope, state)| Some(firsts.get(scope)? + state));
            let start = if position == 0 { Some(0) } else { start };
            graph.groups.push(Group { role: scope.role, owner, start, nodes });
        }
        if !is_ended {
            // Each way ends in a state that says so itself.
            graph.nodes.pop();
            graph.groups.iter_mut().take(1).for_each(|group| group.nodes.retain(|node| *node != end));
        }
        graph
    }
}

fn dot(kind: NodeKind) -> Node {
    let name = kind.name().to_owned();
    Node { kind, name, detail: String::new(), retries: Vec::new(), group: 0, groups: Vec::new() }
}

fn node(state: &State<'_>, group: usize) -> Node {
    Node {
        kind: NodeKind::State(state.kind),
        name: state.name.to_owned(),
        detail: detail(state).unwrap_or_default(),
        retries: state.retriers.iter().map(retry_label).collect(),
        group,
        groups: state.scopes.clone(),
    }
}

/// The table knows its order, so that this is no walk.
fn position_of(scope: &Scope<'_>, name: &str) -> Option<usize> {
    scope.value.get("States")?.as_map()?.get_index_of(name)
}

fn edges(state: &State<'_>, from: usize, find: &dyn Fn(&str) -> Option<usize>, edges: &mut Vec<Edge>) {
    let mut push = |to: Option<&str>, kind: EdgeKind, label: String| {
        if let Some(to) = to.and_then(find) {
            edges.push(Edge { from, to, kind, label });
        }
    };
    push(state.next.as_ref().and_then(|part| part.text()), EdgeKind::Next, String::new());
    for rule in &state.choices {
        push(rule.next.as_ref().and_then(|part| part.text()), EdgeKind::Choice, rule.condition.to_string());
    }
    push(state.default.as_ref().and_then(|part| part.text()), EdgeKind::Otherwise, "otherwise".to_owned());
    for catcher in &state.catchers {
        push(catcher.next.as_ref().and_then(|part| part.text()), EdgeKind::Catch, catcher.error_equals.join(", "));
    }
}

/// What a state does, where its type alone does not tell.
fn detail(state: &State<'_>) -> Option<String> {
    let told = |key: &str| match state.value.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Pending(template) => Some(template.to_string()),
        _ => None,
    };
    match state.kind? {
        StateKind::Task => {
            let resource = told("Resource")?;
            let name = state.integration().map(|found| match found.pattern {
                Some(pattern) => format!("{}.{pattern}", found.call),
                None => found.call,
            });
            Some(name.unwrap_or_else(|| resource.rsplit(':').next().unwrap_or_default().to_owned()))
        }
        StateKind::Wait => {
            match state.value.get("Seconds") {
                Some(Value::Number(number)) => Some(duration(number.as_f64().unwrap_or_default())),
                _ => ["SecondsPath", "Seconds"].iter().find_map(|key| told(key)).map(|text| format!("{text} seconds")).or_else(
                    || ["Timestamp", "TimestampPath"].iter().find_map(|key| told(key)).map(|text| format!("until {text}")),
                ),
            }
        }
        StateKind::Fail => told("Error").or_else(|| told("ErrorPath")),
        StateKind::Map => {
            let over = ["ItemsPath", "Items"].iter().find_map(|key| told(key));
            let at_once = told("MaxConcurrency").filter(|number| number != "0").map(|number| format!("{number} at a time"));
            let parts: Vec<String> = over.map(|path| format!("each of {path}")).into_iter().chain(at_once).collect();
            (!parts.is_empty()).then(|| parts.join(", "))
        }
        StateKind::Parallel => match state.scopes.len() {
            0 | 1 => None,
            number => Some(format!("{number} branches")),
        },
        StateKind::Pass | StateKind::Choice | StateKind::Succeed => None,
    }
}

/// `retry 3×, 10→40 s`.
pub fn retry_label(retrier: &Retrier<'_>) -> String {
    if retrier.max_attempts == 0 {
        return "no retry".to_owned();
    }
    let (first, last) = (duration(retrier.wait_seconds(1)), duration(retrier.wait_seconds(retrier.max_attempts)));
    let waits = match (first.split_once(' '), last.split_once(' ')) {
        _ if first == last && retrier.max_attempts == 1 => format!("after {first}"),
        _ if first == last => format!("every {first}"),
        (Some((number, unit)), Some((_, same))) if unit == same => format!("{number}→{last}"),
        _ => format!("{first}→{last}"),
    };
    format!("retry {}×, {waits}", retrier.max_attempts)
}
