//! What a machine calls, and what such a call brings with it.

use std::collections::BTreeMap;

use crate::document::permissions::managed_rule;
use crate::document::states_language::states;
use crate::value::Value;

/// The service integration that the `Resource` of a Task names: `arn:aws:states:::ecs:runTask.sync`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Integration {
    /// Service and call: `ecs:runTask`, `aws-sdk:s3:getObject`.
    pub call: String,
    /// How the state waits for it: `sync`, `sync:2`, `waitForTaskToken`; absent, it only asks.
    pub pattern: Option<String>,
}

impl Integration {
    /// Reads a Task's `Resource`; none for an activity or a function's own ARN.
    pub fn parse(resource: &str) -> Option<Self> {
        let parts: Vec<&str> = resource.splitn(6, ':').collect();
        let ["arn", _, "states", "", "", name] = parts.as_slice() else { return None };
        let (call, pattern) = name.split_once('.').map_or((*name, None), |(call, pattern)| (call, Some(pattern)));
        Some(Self { call: call.to_owned(), pattern: pattern.map(str::to_owned) })
    }

    /// Whether the state waits until the work is done, as AWS does it by events or polling.
    pub fn is_synchronous(&self) -> bool {
        matches!(self.pattern.as_deref(), Some("sync" | "sync:2"))
    }
}

/// An EventBridge rule by which Step Functions learns that the work of a `.sync` integration has ended.
/// Step Functions makes it itself, once in an account and region, with the permissions of the machine's role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ManagedRule {
    /// `ecs:runTask.sync`.
    pub integration: String,
    /// `StepFunctionsGetEventsForECSTaskRule`.
    pub rule_name: &'static str,
}

impl ManagedRule {
    /// What the machine's role must be allowed to do on the rule.
    pub const ACTIONS: [&str; 3] = ["events:PutTargets", "events:PutRule", "events:DescribeRule"];
}

/// The managed rules that a machine needs, each once.
pub fn managed_rules(definition: &Value) -> Vec<ManagedRule> {
    let mut rules = BTreeMap::new();
    for resource in states(definition).iter().filter_map(|state| state.value.text("Resource")) {
        let Some(integration) = Integration::parse(resource).filter(Integration::is_synchronous) else { continue };
        if let Some((call, rule_name)) = managed_rule(&integration.call) {
            rules.insert(rule_name, ManagedRule { integration: format!("{call}.sync"), rule_name });
        }
    }
    rules.into_values().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn integrations() {
        let parse = |text: &str| Integration::parse(text).map(|found| (found.call, found.pattern));
        let of = |call: &str, pattern: Option<&str>| Some((call.to_owned(), pattern.map(str::to_owned)));
        assert_eq!(parse("arn:aws:states:::ecs:runTask.sync"), of("ecs:runTask", Some("sync")));
        assert_eq!(parse("arn:aws-cn:states:::states:startExecution.sync:2"), of("states:startExecution", Some("sync:2")));
        assert_eq!(parse("arn:aws:states:::aws-sdk:s3:getObject"), of("aws-sdk:s3:getObject", None));
        assert_eq!(parse("arn:aws:states:eu-central-1:123456789012:activity:a"), None);
        assert_eq!(parse("arn:aws:lambda:eu-central-1:123456789012:function:f"), None);
    }

    #[test]
    fn rules_of_nested_states() {
        let task = |call: &str| json!({ "Type": "Task", "Resource": format!("arn:aws:states:::{call}"), "End": true });
        let scope = |task| json!({ "StartAt": "T", "States": { "T": task } });
        let definition = Value::from(json!({ "StartAt": "P", "States": {
            "P": { "Type": "Parallel", "Branches": [scope(task("ecs:runTask.sync")), scope(task("glue:startJobRun.sync"))], "Next": "M" },
            "M": { "Type": "Map", "ItemProcessor": scope(task("batch:submitJob.sync")), "Next": "R" },
            "R": task("ecs:runTask"),
        } }));
        let names: Vec<_> = managed_rules(&definition).into_iter().map(|rule| (rule.integration, rule.rule_name)).collect();
        assert_eq!(
            names,
            [
                ("batch:submitJob.sync".to_owned(), "StepFunctionsGetEventsForBatchJobsRule"),
                ("ecs:runTask.sync".to_owned(), "StepFunctionsGetEventsForECSTaskRule")
            ]
        );
    }
}
