use serde_json::json;

use super::*;

#[test]
fn a_machine_is_read_with_all_its_scopes() {
    let definition = Value::from(json!({
        "StartAt": "Each", "QueryLanguage": "JSONPath", "States": {
            "Each": { "Type": "Map", "QueryLanguage": "JSONata", "Next": "Both", "ItemProcessor": {
                "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                "StartAt": "Work", "States": { "Work": { "Type": "Pass", "End": true } } } },
            "Both": { "Type": "Parallel", "End": true, "Branches": [
                { "StartAt": "A", "States": { "A": { "Type": "Succeed" } } },
                { "StartAt": "B", "States": { "B": { "Type": "Fail" } } }] },
        }
    }));
    let machine = StateMachine::parse(&definition);
    let told: Vec<_> = machine
        .scopes
        .iter()
        .map(|scope| {
            let names: Vec<_> = scope.states.iter().map(|state| state.name).collect();
            format!("{} {:?} {}", scope.path, scope.role, names.join(" "))
        })
        .collect();
    assert_eq!(
        told,
        [
            " Machine Each Both",
            "States.Each.ItemProcessor Distributed Work",
            "States.Both.Branches[0] Branch A",
            "States.Both.Branches[1] Branch B"
        ]
    );
    let languages: Vec<_> = machine.states().map(|state| (state.name, state.query_language)).collect();
    assert_eq!(languages[0], ("Each", QueryLanguage::Jsonata));
    // A state's word counts for itself alone, not for those within it.
    assert_eq!(languages[2], ("Work", QueryLanguage::JsonPath));
    let both = machine.outermost().and_then(|scope| scope.state("Both")).expect("it is there");
    assert_eq!(machine.within(both).count(), 2);
    assert_eq!(machine.around(&machine.scopes[3]).map(|scope| scope.path.to_string()).collect::<Vec<_>>(), [""]);
}

#[test]
fn what_is_wrong_is_left_out() {
    for definition in
        [json!(null), json!([1]), json!({ "States": 1 }), json!({ "States": { "A": 1, "B": { "Branches": 1, "Retry": {} } } })]
    {
        let definition = Value::from(definition);
        let machine = StateMachine::parse(&definition);
        assert!(machine.states().all(|state| state.kind.is_none() && state.retriers.is_empty()));
    }
}

#[test]
fn retries() {
    let definition = Value::from(json!({ "States": { "A": { "Type": "Task", "Retry": [
        { "ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 10, "MaxAttempts": 3 },
        { "ErrorEquals": ["States.ALL"], "BackoffRate": 1.5, "MaxDelaySeconds": 2, "JitterStrategy": "FULL" },
    ], "Catch": [{ "ErrorEquals": ["States.Timeout"], "Next": "B" }] } } }));
    let machine = StateMachine::parse(&definition);
    let state = machine.states().next().expect("a state");
    let [first, second] = state.retriers.as_slice() else { panic!("two retriers") };
    assert_eq!(first.waits_seconds().collect::<Vec<_>>(), [10.0, 20.0, 40.0]);
    assert_eq!(second.waits_seconds().collect::<Vec<_>>(), [1.0, 1.5, 2.0]);
    assert!(first.catches("ECS.AmazonECSException") && !first.catches("States.Timeout"));
    assert!(second.is_jittered && second.catches("States.Timeout") && !second.catches("States.Runtime"));
    assert_eq!(state.targets().filter_map(Part::text).collect::<Vec<_>>(), ["B"]);
}

#[test]
fn conditions_read_as_people_say_them() {
    let told = |rule: serde_json::Value| {
        let definition = Value::from(json!({ "States": { "A": { "Type": "Choice", "Choices": [rule] } } }));
        StateMachine::parse(&definition).states().next().map(|state| state.choices[0].condition.to_string()).unwrap_or_default()
    };
    assert_eq!(told(json!({ "Variable": "$.n", "NumericGreaterThanEquals": 3, "Next": "B" })), "$.n >= 3");
    assert_eq!(told(json!({ "Variable": "$.a", "StringEqualsPath": "$.b", "Next": "B" })), "$.a = $.b");
    assert_eq!(
        told(json!({ "Next": "B", "And": [
            { "Variable": "$.a", "IsPresent": true },
            { "Or": [{ "Variable": "$.b", "StringMatches": "x*" }, { "Not": { "Variable": "$.c", "BooleanEquals": true } }] },
        ] })),
        "$.a is present and ($.b matches \"x*\" or not $.c = true)"
    );
    assert_eq!(told(json!({ "Condition": "{% $states.input.n > 3 %}", "Next": "B" })), "$states.input.n > 3");
    assert_eq!(told(json!({ "Next": "B" })), "?");
}
