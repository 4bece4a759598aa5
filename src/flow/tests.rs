use std::time::Instant;

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::layout::{Layout, Rect, Size, Sizes, layout};
use super::*;
use crate::document::states_language::model::StateMachine;
use crate::value::Value;

fn graph(definition: Json) -> FlowGraph {
    FlowGraph::of(&StateMachine::parse(&Value::from(definition)))
}

fn sizes(graph: &FlowGraph) -> Sizes {
    let nodes = graph.nodes.iter().map(|node| Size { width: 60.0 + 5.0 * node.name.len() as f64, height: 40.0 });
    let labels = graph.edges.iter().map(|edge| (!edge.label.is_empty()).then_some(Size { width: 80.0, height: 20.0 }));
    Sizes { nodes: nodes.collect(), labels: labels.collect() }
}

/// A scope of states that are made of `plan`: each number decides what its state is and where it leads.
fn scope(plan: &[u8], depth: usize, prefix: &str) -> Json {
    let name = |index: usize| format!("{prefix}{}", index % plan.len().max(1));
    let mut states = Map::new();
    for (index, number) in plan.iter().enumerate() {
        let (next, other) = (name(index + 1), name(index + usize::from(*number) / 7));
        let is_last = index + 1 == plan.len();
        let way = if is_last { json!({ "End": true }) } else { json!({ "Next": next }) };
        let mut state = match number % 8 {
            0 => json!({ "Type": "Choice", "Choices": [{ "Variable": "$.a", "IsNull": true, "Next": other }], "Default": next }),
            1 => json!({ "Type": "Fail" }),
            2 if depth < 2 => {
                let branch = |suffix: &str| scope(&plan[..plan.len().min(4)], depth + 1, &format!("{prefix}{index}{suffix}"));
                json!({ "Type": "Parallel", "Branches": [branch("a"), branch("b")] })
            }
            3 if depth < 2 => {
                json!({ "Type": "Map", "ItemProcessor": scope(&plan[..plan.len().min(3)], depth + 1, &format!("{prefix}{index}m")) })
            }
            4 => {
                json!({ "Type": "Task", "Resource": "r", "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": other }], "Retry": [{ "ErrorEquals": ["A"] }] })
            }
            _ => json!({ "Type": "Pass" }),
        };
        if let (Some(state), Json::Object(way)) = (state.as_object_mut(), way)
            && !matches!(number % 8, 0 | 1)
        {
            state.extend(way);
        }
        states.insert(name(index), state);
    }
    json!({ "StartAt": name(0), "States": states })
}

fn overlap(one: &Rect, other: &Rect) -> bool {
    one.x < other.right() && other.x < one.right() && one.y < other.bottom() && other.y < one.bottom()
}

fn is_within(inner: &Rect, outer: &Rect) -> bool {
    let slack = 0.01;
    inner.x >= outer.x - slack
        && inner.y >= outer.y - slack
        && inner.right() <= outer.right() + slack
        && inner.bottom() <= outer.bottom() + slack
}

#[track_caller]
fn check(graph: &FlowGraph, laid_out: &Layout) {
    let whole = Rect { x: 0.0, y: 0.0, width: laid_out.size.width, height: laid_out.size.height };
    for (index, group) in graph.groups.iter().enumerate() {
        let around = laid_out.groups[index];
        let labels = graph.edges.iter().zip(&laid_out.edges).filter(|(edge, _)| graph.nodes[edge.from].group == index);
        let boxes = group.nodes.iter().map(|node| laid_out.nodes[*node]).chain(labels.filter_map(|(_, route)| route.label));
        let boxes: Vec<Rect> = boxes.collect();
        for (at, one) in boxes.iter().enumerate() {
            assert!(is_within(one, &around) && is_within(one, &whole), "{one:?} is outside of {around:?}");
            for other in &boxes[at + 1..] {
                assert!(!overlap(one, other), "{one:?} lies on {other:?}");
            }
        }
        if let Some(owner) = group.owner {
            assert!(is_within(&around, &laid_out.nodes[owner]), "the group {index} sticks out");
        }
    }
    for (edge, route) in graph.edges.iter().zip(&laid_out.edges) {
        assert!(route.points.len() >= 2 && route.own >= 1, "{edge:?} has no way");
        assert!(route.points.iter().all(|point| point.x.is_finite() && point.y.is_finite()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn nothing_lies_on_anything(plan in prop::collection::vec(any::<u8>(), 1..14)) {
        let graph = graph(scope(&plan, 0, "s"));
        check(&graph, &layout(&graph, &sizes(&graph)));
    }
}

#[test]
fn of_nothing() {
    for definition in
        [json!({}), json!([]), json!({ "StartAt": "A", "States": {} }), json!({ "States": { "A": { "Next": "B" } } })]
    {
        let graph = graph(definition);
        check(&graph, &layout(&graph, &sizes(&graph)));
    }
}

#[test]
fn large_ones_are_drawn_soon() {
    let plan: Vec<u8> = (0..500_usize).map(|index| [5, 4, 6, 28, 0, 7, 44, 5, 6, 7][index % 10]).collect();
    let graph = graph(scope(&plan, 2, "s"));
    let started = Instant::now();
    let laid_out = layout(&graph, &sizes(&graph));
    // An optimised build takes a twentieth of it.
    assert!(started.elapsed().as_millis() < 3_000, "{:?}", started.elapsed());
    check(&graph, &laid_out);
}

#[test]
fn the_way_most_go_is_straight() {
    let catch = json!([{ "ErrorEquals": ["States.ALL"], "Next": "Failed" }]);
    let graph = graph(json!({ "StartAt": "A", "States": {
        "A": { "Type": "Task", "Resource": "r", "Next": "B", "Catch": catch },
        "B": { "Type": "Task", "Resource": "r", "Next": "C", "Catch": catch },
        "C": { "Type": "Task", "Resource": "r", "End": true, "Catch": catch },
        "Failed": { "Type": "Fail" },
    } }));
    let laid_out = layout(&graph, &sizes(&graph));
    let middles: Vec<f64> = [0, 1, 2, 3].iter().map(|node| laid_out.nodes[*node].center().x).collect();
    assert!(middles.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 0.1), "{middles:?}");
}
