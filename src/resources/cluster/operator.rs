//! What managing a cluster takes.

use crate::document::permissions::{Calls, Condition, Need, Target, named, with_suffix};
use crate::resource::Work;
use crate::value::Value;

const ECS: &str = "ecs.amazonaws.com";

pub fn needs(spec: &Value, work: Work) -> Vec<Need> {
    let cluster = named("ecs", "cluster/", spec.get("name"));
    let on = std::slice::from_ref(&cluster);
    let mut calls = Calls::default();
    match work {
        Work::Read => calls.on(on, &["ecs:DescribeClusters"], "read"),
        Work::LookUp => calls.on(on, &["ecs:DescribeClusters"], "looked up"),
        Work::Change => {
            calls.on(on, &["ecs:CreateCluster"], "created");
            calls.on(on, &["ecs:TagResource", "ecs:UntagResource"], "tagged, also with whose it is");
            calls.on(on, &["ecs:UpdateCluster"], "changed");
            // Left out, they are left alone.
            if ["capacity_providers", "default_capacity_provider_strategy"].iter().any(|key| spec.get(key).is_some()) {
                calls.on(on, &["ecs:PutClusterCapacityProviders"], "its capacity providers are changed");
            }
            let role = named("iam", "role/", Some(&Value::string(format!("aws-service-role/{ECS}/AWSServiceRoleForECS"))));
            let condition = Condition { operator: "StringEquals", key: "iam:AWSServiceName", value: Value::string(ECS) };
            let reason = "the first cluster of an account makes the service-linked role of ECS";
            calls.with(vec![condition], &Target::All(vec![role]), &["iam:CreateServiceLinkedRole"], reason);
        }
        Work::Check => {}
        Work::Delete => {
            calls.on(on, &["ecs:DeleteCluster"], "deleted");
            let reason = "what stands in the way of a deletion is named";
            calls.on(on, &["ecs:ListContainerInstances"], reason);
            let within = || vec![Condition { operator: "ArnEquals", key: "ecs:cluster", value: cluster.clone() }];
            calls.with(within(), &Target::Whole, &["ecs:ListServices", "ecs:ListTasks"], reason);
            let tasks = with_suffix(&named("ecs", "task/", spec.get("name")), "/*");
            calls.with(
                within(),
                &Target::All(vec![tasks]),
                &["ecs:DescribeTasks", "ecs:StopTask"],
                "tasks of the stack's own are stopped",
            );
        }
    }
    calls.needs
}
