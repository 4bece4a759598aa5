//! Step Functions state machines.
//!
//! | file | holds |
//! |---|---|
//! | `state_machine.rs` | the fields, and the contract of a resource type |
//! | `normalise.rs` | the one form in which Step Functions takes the ARN of a log group |
//! | `validate.rs` | what Step Functions would refuse, beyond the limits of the fields |
//! | `meaning.rs` | what a definition says of other resources, held against these |
//! | `run_task.rs` | the same of the tasks that it runs: launch type, network, containers, size |
//! | `opinion.rs` | what Step Functions itself says of a definition |
//! | `read.rs` | state machines as AWS tells them |
//! | `mention.rs` | where others name them, and what their definitions name |
//! | `write.rs` | creation and change |
//! | `delete.rs` | deletion, and what becomes of executions that run |
//! | `operator.rs` | what all of it takes |
//! | `refusal.rs` | refusals for the sake of the machine's role: to be waited out, or final |

use std::collections::BTreeMap;
use std::sync::LazyLock;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Aws, Error};
use crate::diagnostic::Finding;
use crate::document::permissions::{Machine, Need, TaskDefinition, of_machine};
use crate::document::states_language::StatesLanguageDocument;
use crate::place::Place;
use crate::resource::{
    Around, Attribute, Attributes, Description, Live, Mention, Operation, OwnRole, Replacement, ResourceType, RoleUse, Running,
    TerraformNames, Work,
};
use crate::schema::{Difference, Field};
use crate::template::Template;
use crate::value::{Path, Value};

mod delete;
mod meaning;
mod mention;
mod normalise;
mod operator;
mod opinion;
mod read;
mod refusal;
mod run_task;
mod validate;
mod write;

/// `[state_machine.NAME]`: a Step Functions state machine.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Spec {
    /// The name of the state machine, unique in the account and region. `STACK-NAME` unless set.
    #[schemars(length(min = 1, max = 80), extend("x-replace" = true))]
    pub name: Option<String>,
    /// The ARN of the role that the machine's executions use. Left out, the machine has a role of its own,
    /// `role.NAME_state_machine`, that may do what the machine needs and nothing else.
    #[schemars(length(min = 1, max = 256), extend("x-needs" = "ready"))]
    pub role_arn: String,
    /// The definition in the Amazon States Language.
    pub definition: StatesLanguageDocument,
    /// `STANDARD`, or `EXPRESS` for many short executions.
    #[schemars(extend("enum" = ["STANDARD", "EXPRESS"], "default" = "STANDARD", "x-replace" = true))]
    pub r#type: Option<String>,
    /// What of the executions' history goes to CloudWatch Logs.
    pub logging_configuration: Option<LoggingConfiguration>,
    /// Whether executions are traced by X-Ray.
    pub tracing_configuration: Option<TracingConfiguration>,
    /// The key that definitions and the data of executions are encrypted with.
    pub encryption_configuration: Option<EncryptionConfiguration>,
    /// Whether each creation and change publishes a version.
    #[schemars(extend("default" = false, "x-write-only" = true))]
    pub publish: Option<bool>,
    /// The description of the version that is published.
    #[schemars(length(max = 256), extend("x-write-only" = true))]
    pub version_description: Option<String>,
    /// Tags of the state machine.
    pub tags: Option<BTreeMap<String, String>>,
}

/// What of the executions' history goes to CloudWatch Logs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LoggingConfiguration {
    /// Which events are logged.
    #[schemars(extend("enum" = ["OFF", "ALL", "ERROR", "FATAL"], "default" = "OFF"))]
    pub level: Option<String>,
    /// Whether input, output and parameters are logged too.
    #[schemars(extend("default" = false))]
    pub include_execution_data: Option<bool>,
    /// Where the logs go: exactly one place, unless the level is `OFF`.
    #[schemars(length(max = 1))]
    pub destinations: Option<Vec<LogDestination>>,
}

/// A place for logs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LogDestination {
    /// A log group of CloudWatch Logs.
    pub cloud_watch_logs_log_group: Option<CloudWatchLogsLogGroup>,
}

/// A log group of CloudWatch Logs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CloudWatchLogsLogGroup {
    /// The ARN of the log group, with `:*` at its end; a reference, `${log_group.NAME.arn}`, gets it by itself.
    #[schemars(length(min = 1, max = 256))]
    pub log_group_arn: Option<String>,
}

/// Whether executions are traced by X-Ray.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TracingConfiguration {
    /// Whether executions are traced.
    #[schemars(extend("default" = false))]
    pub enabled: Option<bool>,
}

/// The key that definitions and the data of executions are encrypted with.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EncryptionConfiguration {
    /// `AWS_OWNED_KEY`, or `CUSTOMER_MANAGED_KMS_KEY` with a `kms_key_id`.
    #[schemars(extend("enum" = ["AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"], "default" = "AWS_OWNED_KEY"))]
    pub r#type: Option<String>,
    /// The key's ARN, id or alias.
    #[schemars(length(min = 1, max = 2048))]
    pub kms_key_id: Option<String>,
    /// How long a data key is used again, in seconds.
    #[schemars(range(min = 60, max = 900), extend("default" = 300))]
    pub kms_data_key_reuse_period_seconds: Option<i32>,
}

static SCHEMA: LazyLock<Field> = LazyLock::new(Field::of::<Spec>);

static DESCRIPTION: Description = Description {
    name: "state_machine",
    summary: "A Step Functions state machine.",
    name_field: "name",
    arn_fields: &[],
    name_ignores_case: false,
    attributes: &[
        Attribute { name: "arn", summary: "The ARN of the state machine.", survives_update: true },
        Attribute { name: "name", summary: "The name of the state machine.", survives_update: true },
    ],
    replacement: Replacement::DeleteThenCreate,
};

const ROLE: OwnRole = OwnRole { field: "role_arn", service: "states.amazonaws.com" };

/// The resource type `state_machine`.
#[derive(Debug)]
pub struct StateMachine;

#[async_trait]
impl ResourceType for StateMachine {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn schema(&self) -> &'static Field {
        &SCHEMA
    }

    fn normalise(&self, spec: &mut Value) {
        normalise::normalise(spec);
    }

    fn validate(&self, spec: &Value) -> Vec<Finding> {
        validate::validate(spec)
    }

    fn predict(&self, spec: &Value, place: &Place) -> Attributes {
        let mut attributes = Attributes::new();
        if let Some(name) = spec.text("name") {
            attributes.insert("name".to_owned(), Value::string(name));
            attributes.extend(self.id(name, place).map(|arn| ("arn".to_owned(), Value::String(arn))));
        }
        attributes
    }

    fn id(&self, name_or_arn: &str, place: &Place) -> Option<String> {
        if name_or_arn.starts_with("arn:") {
            return Some(name_or_arn.to_owned());
        }
        place.arn("states", &format!("stateMachine:{name_or_arn}"))
    }

    fn operator_needs(&self, spec: &Value, work: Work, around: &dyn Around) -> Vec<Need> {
        operator::needs(spec, work, around)
    }

    fn mentions(&self, text: &str, place: &Place) -> Vec<Mention> {
        mention::mentions(text, place)
    }

    fn bare_names(&self, spec: &Value) -> Vec<(Path, &'static str)> {
        mention::bare_names(spec)
    }

    fn named_resources(&self, spec: &Value) -> Vec<(Path, &'static str, Template)> {
        meaning::named_resources(spec)
    }

    fn validate_around(&self, spec: &Value, around: &dyn Around) -> Vec<Finding> {
        meaning::validate(spec, around)
    }

    async fn opinion(&self, aws: &Aws, spec: &Value) -> Result<Vec<Finding>, Error> {
        opinion::opinion(aws, spec).await
    }

    fn role_uses(&self, spec: &Value, around: &dyn Around) -> Vec<RoleUse> {
        let task_definition = |name: &Template| {
            let task_definition = around.named("task_definition", name)?.spec?;
            let roles = ["task_role_arn", "execution_role_arn"].into_iter().filter_map(|field| task_definition.get(field));
            Some(TaskDefinition { roles: roles.cloned().collect() })
        };
        let needs = of_machine(Machine { spec, task_definition: &task_definition });
        vec![RoleUse { field: ROLE.field, service: ROLE.service, needs, is_whole: true }]
    }

    fn own_role(&self) -> Option<OwnRole> {
        Some(ROLE)
    }

    fn terraform(&self) -> Option<&'static TerraformNames> {
        Some(&mention::TERRAFORM)
    }

    async fn list(&self, aws: &Aws) -> Result<Vec<String>, Error> {
        mention::list(aws).await
    }

    async fn list_owned(&self, aws: &Aws, stack: &str) -> Result<Vec<Live>, Error> {
        let ids = read::marked(aws, &self.list(aws).await?, stack).await?;
        crate::resource::owned(self.read_many(aws, &ids).await, stack)
    }

    async fn read_many(&self, aws: &Aws, ids: &[String]) -> Vec<Result<Option<Live>, Error>> {
        read::read_many(aws, ids).await
    }

    async fn create(&self, operation: Operation<'_>, spec: &Value) -> Result<Live, Error> {
        write::create(operation, spec).await
    }

    async fn update(
        &self,
        operation: Operation<'_>,
        live: &Live,
        spec: &Value,
        differences: &[Difference],
    ) -> Result<Live, Error> {
        write::update(operation, live, spec, differences).await
    }

    async fn running(&self, aws: &Aws, ids: &[String], _owned: &[String]) -> Result<Vec<(String, Running)>, Error> {
        delete::running(aws, ids).await
    }

    async fn delete(&self, operation: Operation<'_>, id: &str, _spec: &Value) -> Result<(), Error> {
        delete::delete(operation, id).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource;
    use crate::schema::{Phase, wire};

    #[test]
    fn every_field_is_documented_and_the_role_is_awaited() {
        fn check(field: &Field) {
            for (key, member) in field.fields() {
                assert!(!member.documentation.is_empty(), "{key}");
                check(member);
                member.item().into_iter().for_each(check);
            }
        }
        check(StateMachine.schema());
        assert_eq!(StateMachine.schema().member("role_arn").map(|field| field.rules.needs), Some(Phase::Ready));
        assert_eq!(StateMachine.schema().member("definition").map(|field| field.rules.needs), Some(Phase::Exists));
    }

    #[test]
    fn defaults_are_absent() {
        let answer = json!({
            "name": "m", "roleArn": "arn", "type": "STANDARD", "definition": "{\"StartAt\":\"A\"}", "status": "ACTIVE",
            "loggingConfiguration": { "level": "OFF", "includeExecutionData": false }, "tracingConfiguration": { "enabled": false },
            "encryptionConfiguration": { "type": "AWS_OWNED_KEY" },
        });
        let live = resource::normalise(&StateMachine, &wire::from_wire(StateMachine.schema(), &answer));
        assert_eq!(live, Value::from(json!({ "name": "m", "role_arn": "arn", "definition": { "StartAt": "A" } })));
    }

    #[test]
    fn spelling_of_aws() {
        let spec = Value::from(json!({
            "name": "m",
            "logging_configuration": { "destinations": [{ "cloud_watch_logs_log_group": { "log_group_arn": "a:*" } }] },
            "encryption_configuration": { "kms_data_key_reuse_period_seconds": 60 },
        }));
        let wire = wire::to_wire(StateMachine.schema(), &spec).expect("all of it is known");
        assert_eq!(
            wire,
            json!({
                "name": "m",
                "loggingConfiguration": { "destinations": [{ "cloudWatchLogsLogGroup": { "logGroupArn": "a:*" } }] },
                "encryptionConfiguration": { "kmsDataKeyReusePeriodSeconds": 60 },
            })
        );
    }
}
