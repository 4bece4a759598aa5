//! `[cluster.NAME]`: an ECS cluster.
//!
//! | file | holds |
//! |---|---|
//! | `spec.rs` | its members |
//! | `describe.rs` | how AWS tells it |
//! | `change.rs` | creation and update |
//! | `mention.rs` | where others name it |
//! | `running.rs` | tasks, services and instances that stand in the way of its deletion |
//! | `delete.rs` | deletion, and the end of tasks that are the stack's own |
//! | `operator.rs` | what all of it takes |

use std::sync::LazyLock;

use async_trait::async_trait;

use crate::aws::{Aws, Error};
use crate::diagnostic::{Finding, nearest};
use crate::document::permissions::Need;
use crate::place::Place;
use crate::resource::{
    Around, Attribute, Attributes, Description, Live, Mention, Operation, Replacement, ResourceType, Running, TerraformNames,
    Work,
};
use crate::resources::tags;
use crate::schema::{Difference, Field};
use crate::value::{Path, Segment, Value};

mod change;
mod delete;
mod describe;
mod mention;
mod operator;
mod running;
mod spec;

pub use spec::Spec;

/// The type `cluster`.
#[derive(Debug)]
pub struct Cluster;

static DESCRIPTION: Description = Description {
    name: "cluster",
    summary: "An ECS cluster: what tasks run in.",
    name_field: "name",
    arn_fields: &[],
    name_ignores_case: false,
    attributes: &[
        Attribute { name: "arn", summary: "The cluster's ARN.", survives_update: true },
        Attribute { name: "name", summary: "The cluster's name.", survives_update: true },
    ],
    replacement: Replacement::DeleteThenCreate,
};

fn schema() -> &'static Field {
    static SCHEMA: LazyLock<Field> = LazyLock::new(Field::of::<Spec>);
    &SCHEMA
}

#[async_trait]
impl ResourceType for Cluster {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn schema(&self) -> &'static Field {
        schema()
    }

    fn normalise(&self, spec: &mut Value) {
        // An empty namespace is how AWS is told that there is none, and may be what it then answers.
        let is_empty = spec.get("service_connect_defaults").is_some_and(|defaults| defaults.text("namespace") == Some(""));
        if let Some(map) = spec.as_map_mut()
            && is_empty
        {
            map.shift_remove("service_connect_defaults");
        }
    }

    fn validate(&self, spec: &Value) -> Vec<Finding> {
        let mut findings = tags::validate(spec, tags::OURS, false);
        findings.extend(validate_settings(spec));
        findings.extend(validate_strategy(spec));
        findings.extend(validate_logging(spec));
        findings.extend(validate_namespace(spec));
        findings
    }

    fn predict(&self, spec: &Value, place: &Place) -> Attributes {
        let Some(name) = spec.text("name") else { return Attributes::new() };
        let arn = self.id(name, place).map(|arn| ("arn".to_owned(), Value::String(arn)));
        arn.into_iter().chain([("name".to_owned(), Value::string(name))]).collect()
    }

    fn id(&self, name_or_arn: &str, place: &Place) -> Option<String> {
        match name_or_arn.starts_with("arn:") {
            true => Some(name_or_arn.to_owned()),
            false => place.arn("ecs", &format!("cluster/{name_or_arn}")),
        }
    }

    fn operator_needs(&self, spec: &Value, work: Work, _around: &dyn Around) -> Vec<Need> {
        operator::needs(spec, work)
    }

    fn mentions(&self, text: &str, place: &Place) -> Vec<Mention> {
        mention::mentions(text, place)
    }

    fn mention_by_name(&self, name: &str, place: &Place) -> Option<Mention> {
        mention::by_name(name, place)
    }

    fn bare_names(&self, _spec: &Value) -> Vec<(Path, &'static str)> {
        mention::bare_names()
    }

    fn terraform(&self) -> Option<&'static TerraformNames> {
        Some(&mention::TERRAFORM)
    }

    async fn list(&self, aws: &Aws) -> Result<Vec<String>, Error> {
        mention::list(aws).await
    }

    async fn read_many(&self, aws: &Aws, ids: &[String]) -> Vec<Result<Option<Live>, Error>> {
        let described = describe::describe_many(aws, ids).await.into_iter();
        described.map(|result| result.map(|found| found.filter(|it| it.is_present()).map(|it| it.live))).collect()
    }

    async fn create(&self, operation: Operation<'_>, spec: &Value) -> Result<Live, Error> {
        change::create(operation, spec).await
    }

    async fn update(
        &self,
        operation: Operation<'_>,
        live: &Live,
        spec: &Value,
        differences: &[Difference],
    ) -> Result<Live, Error> {
        change::update(operation, live, spec, differences).await
    }

    async fn running(&self, aws: &Aws, ids: &[String], owned: &[String]) -> Result<Vec<(String, Running)>, Error> {
        running::running(aws, ids, owned).await
    }

    async fn delete(&self, operation: Operation<'_>, id: &str, _spec: &Value) -> Result<(), Error> {
        delete::delete(operation, id).await
    }
}

/// The API's model has both members optional, and the API refuses a setting without either.
fn validate_settings(spec: &Value) -> Vec<Finding> {
    let path = Path::key("settings");
    let items = spec.get("settings").map_or(&[][..], Value::items).iter().enumerate();
    let keys = items.flat_map(|(index, item)| ["name", "value"].map(|key| (index, item, key)));
    let lacking = keys.filter(|(_, item, key)| item.as_map().is_some_and(|map| !map.is_empty() && !map.contains_key(*key)));
    let mut findings: Vec<Finding> = lacking
        .map(|(index, _, key)| Finding::error(path.join(Segment::Index(index)), format!("the setting has no `{key}`")))
        .collect();
    let mut seen = Vec::new();
    for (index, item) in spec.get("settings").map_or(&[][..], Value::items).iter().enumerate() {
        match item.text("name") {
            Some(name) if seen.contains(&name) => {
                let at = path.join(Segment::Index(index)).join_key("name");
                findings.push(Finding::error(at, format!("`{name}` is set twice")));
            }
            name => seen.extend(name),
        }
    }
    findings
}

/// A strategy names providers of the cluster, each once, and at most one of them has a base.
fn validate_strategy(spec: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let path = Path::key("default_capacity_provider_strategy");
    let items = spec.get("default_capacity_provider_strategy").map_or(&[][..], Value::items);
    let declared: Option<Vec<&str>> =
        spec.get("capacity_providers").and_then(|providers| providers.items().iter().map(Value::as_str).collect());
    let mut seen = Vec::new();
    let mut bases = 0;
    for (index, item) in items.iter().enumerate() {
        let at = path.join(Segment::Index(index));
        let Some(provider) = item.text("capacity_provider") else { continue };
        if seen.contains(&provider) {
            findings.push(Finding::error(at.join_key("capacity_provider"), format!("`{provider}` is in the strategy twice")));
        }
        seen.push(provider);
        if let Some(declared) = &declared
            && !declared.contains(&provider)
        {
            let mut finding =
                Finding::error(at.join_key("capacity_provider"), format!("`{provider}` is not one of `capacity_providers`"))
                    .help("a strategy can use the cluster's own capacity providers only");
            finding.replacement = nearest(provider, declared.iter().copied()).map(str::to_owned);
            findings.push(finding);
        }
        if item.get("base").and_then(Value::as_i64).is_some_and(|base| base > 0) {
            bases += 1;
            if bases > 1 {
                findings.push(Finding::error(at.join_key("base"), "only one capacity provider of a strategy can have a base"));
            }
        }
    }
    let no_weight = |item: &Value| item.get("weight").is_none_or(|weight| weight.as_i64() == Some(0));
    if items.len() > 1 && items.iter().all(no_weight) {
        let help =
            "with several capacity providers at least one needs a weight above 0, or no task can be placed beyond the base";
        findings.push(Finding::error(path, "every capacity provider has the weight 0").on_key().help(help));
    }
    findings
}

/// Where sessions of Execute Command are logged is said exactly where `logging` asks for it.
fn validate_logging(spec: &Value) -> Option<Finding> {
    let path = Path::key("configuration").join_key("execute_command_configuration");
    let execute = spec.get("configuration")?.get("execute_command_configuration")?;
    let logging = match execute.get("logging") {
        Some(logging) => logging.as_str()?,
        None => "DEFAULT",
    };
    let configuration = execute.get("log_configuration").filter(|configuration| !configuration.is_empty());
    match (logging, configuration) {
        ("OVERRIDE", None) => {
            let finding = Finding::error(path.join_key("logging"), "`OVERRIDE` needs a `log_configuration`");
            Some(finding.help("name a log group or a bucket in `log_configuration`, or choose `DEFAULT` or `NONE`"))
        }
        ("DEFAULT" | "NONE", Some(_)) => {
            let finding = Finding::error(path.join_key("log_configuration"), format!("it has no effect with logging {logging}"));
            Some(finding.on_key().help("set `logging = \"OVERRIDE\"`"))
        }
        _ => None,
    }
}

/// AWS answers with the namespace's ARN whatever it was given.
fn validate_namespace(spec: &Value) -> Option<Finding> {
    let namespace = spec.get("service_connect_defaults")?.text("namespace")?;
    let path = Path::key("service_connect_defaults").join_key("namespace");
    (!namespace.is_empty() && !namespace.starts_with("arn:")).then(|| {
        Finding::warning(path, "a namespace given by its name shows as a change in every plan")
            .help("AWS answers with the namespace's ARN: give that, arn:aws:servicediscovery:REGION:ACCOUNT:namespace/ns-…")
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::resource;

    fn value(toml: &str) -> Value {
        let json: serde_json::Value = toml::from_str(toml).expect("the test's TOML parses");
        Value::from(json)
    }

    #[test]
    fn every_member_of_the_model_is_there() {
        let model: Vec<&str> = include_str!("../../../tests/fixtures/model/cluster.txt").lines().collect();
        assert_eq!(crate::resources::ecs::leaves(schema()), model);
    }

    #[test]
    fn defaults_say_nothing() {
        let spec = value(
            "name = 'a'\nconfiguration = { execute_command_configuration = { logging = 'DEFAULT' } }\n\
             service_connect_defaults = { namespace = '' }\ntags = {}\n\
             default_capacity_provider_strategy = [{ capacity_provider = 'FARGATE', base = 0, weight = 0 }]",
        );
        let expected = value("name = 'a'\ndefault_capacity_provider_strategy = [{ capacity_provider = 'FARGATE' }]");
        assert_eq!(resource::normalise(&Cluster, &spec), expected);
    }

    #[test]
    fn mistakes() {
        let spec = value(
            r#"
            capacity_providers = ["FARGATE", "FARGATE_SPOT"]
            default_capacity_provider_strategy = [
              { capacity_provider = "FARGATE", base = 1 },
              { capacity_provider = "FARGATE_SPOTS", base = 1 },
              { capacity_provider = "FARGATE" },
            ]
            configuration = { execute_command_configuration = { logging = "OVERRIDE" } }
            service_connect_defaults = { namespace = "internal" }
            settings = [{ name = "containerInsights" }]
            tags = { "AWS:mine" = "x" }
            "#,
        );
        let findings = Cluster.validate(&spec);
        let lines: Vec<String> = findings.iter().map(|finding| format!("{}: {}\n", finding.path, finding.message)).collect();
        expect![[r#"
            settings[0]: the setting has no `value`
            default_capacity_provider_strategy[1].capacity_provider: `FARGATE_SPOTS` is not one of `capacity_providers`
            default_capacity_provider_strategy[1].base: only one capacity provider of a strategy can have a base
            default_capacity_provider_strategy[2].capacity_provider: `FARGATE` is in the strategy twice
            default_capacity_provider_strategy: every capacity provider has the weight 0
            configuration.execute_command_configuration.logging: `OVERRIDE` needs a `log_configuration`
            service_connect_defaults.namespace: a namespace given by its name shows as a change in every plan
        "#]]
        .assert_eq(&lines.concat());
    }
}
