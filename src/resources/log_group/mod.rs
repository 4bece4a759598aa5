//! `[log_group.NAME]`: a log group of CloudWatch Logs.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the fields, what AWS would refuse of them, and the contract of a resource type |
//! | `read.rs` | log groups as AWS tells them |
//! | `write.rs` | creation, change and deletion |
//! | `mention.rs` | where others name them |
//! | `operator.rs` | what all of it takes |

use std::collections::BTreeMap;
use std::sync::LazyLock;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Aws, Error};
use crate::diagnostic::Finding;
use crate::document::permissions::Need;
use crate::place::Place;
use crate::resource::{
    Around, Attribute, Attributes, Description, Live, Mention, Operation, Replacement, ResourceType, TerraformNames, Work,
};
use crate::resources::tags;
use crate::schema::{Difference, Field};
use crate::value::{Path, Value};

mod mention;
mod operator;
mod read;
mod write;

/// `[log_group.NAME]`: a log group of CloudWatch Logs.
///
/// To delete or replace a log group is to delete all that was logged in it; `lifecycle = { prevent_destroy = true }`
/// makes a plan that would do so an error.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Spec {
    /// The name of the log group, unique in the account and region: letters, digits, `.`, `_`, `/`, `#` and `-`. One that
    /// begins with `/aws/vendedlogs/states/` suits the logs of state machines, as AWS then needs no resource policy for
    /// each, and of these it allows few. `STACK-NAME` unless set.
    #[schemars(
        length(min = 1, max = 512),
        regex(pattern = "^[._/#A-Za-z0-9-]+$"),
        extend("x-replace" = true, "x-wire" = "logGroupName")
    )]
    pub name: Option<String>,
    /// For how many days what was logged is kept: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096,
    /// 1827, 2192, 2557, 2922, 3288 or 3653. Absent: for ever.
    #[schemars(range(min = 1, max = 3653))]
    pub retention_in_days: Option<i32>,
    /// What can be done with the logs, and what they cost. `DELIVERY` is for logs of Lambda on their way elsewhere, which
    /// it keeps for as long as AWS has fixed.
    #[schemars(extend(
        "enum" = ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS"], "default" = "STANDARD", "x-replace" = true
    ))]
    pub log_group_class: Option<String>,
    /// The ARN of the symmetric KMS key that encrypts what is logged from then on. Its policy must allow
    /// `logs.REGION.amazonaws.com` to use it. Absent: AWS's own.
    #[schemars(length(max = 256))]
    pub kms_key_id: Option<String>,
    /// Whether AWS refuses to delete the log group. It must be off, by an apply, before the log group can be destroyed.
    #[schemars(extend("default" = false))]
    pub deletion_protection_enabled: Option<bool>,
    /// Tags of the log group.
    pub tags: Option<BTreeMap<String, String>>,
}

/// The only ones that AWS takes.
const RETENTIONS_IN_DAYS: [i64; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

static SCHEMA: LazyLock<Field> = LazyLock::new(Field::of::<Spec>);

static DESCRIPTION: Description = Description {
    name: "log_group",
    summary: "A log group of CloudWatch Logs: where containers and state machines log to.",
    name_field: "name",
    arn_fields: &[],
    name_ignores_case: false,
    attributes: &[
        Attribute { name: "arn", summary: "The ARN of the log group, without `:*` at its end.", survives_update: true },
        Attribute { name: "name", summary: "The name of the log group.", survives_update: true },
    ],
    replacement: Replacement::DeleteThenCreate,
};

/// The resource type `log_group`.
#[derive(Debug)]
pub struct LogGroup;

#[async_trait]
impl ResourceType for LogGroup {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn schema(&self) -> &'static Field {
        &SCHEMA
    }

    fn normalise(&self, spec: &mut Value) {
        // AWS fixes how long it keeps these, and tells it as if it had been asked for.
        let is_delivery = spec.text("log_group_class") == Some("DELIVERY");
        if let (true, Some(map)) = (is_delivery, spec.as_map_mut()) {
            map.shift_remove("retention_in_days");
        }
    }

    fn validate(&self, spec: &Value) -> Vec<Finding> {
        let mut findings = tags::validate(spec, tags::OURS, false);
        findings.extend(validate_name(spec));
        findings.extend(validate_retention(spec));
        findings.extend(validate_key(spec));
        findings
    }

    fn operator_needs(&self, spec: &Value, work: Work, _around: &dyn Around) -> Vec<Need> {
        operator::needs(spec, work)
    }

    fn predict(&self, spec: &Value, place: &Place) -> Attributes {
        let Some(name) = spec.text("name") else { return Attributes::new() };
        let arn = self.id(name, place).map(|arn| ("arn".to_owned(), Value::String(arn)));
        arn.into_iter().chain([("name".to_owned(), Value::string(name))]).collect()
    }

    /// The ARN without the `:*` with which AWS tells it too.
    fn id(&self, name_or_arn: &str, place: &Place) -> Option<String> {
        match name_or_arn.starts_with("arn:") {
            true => Some(name_or_arn.strip_suffix(":*").unwrap_or(name_or_arn).to_owned()),
            false => place.arn("logs", &format!("log-group:{name_or_arn}")),
        }
    }

    fn mentions(&self, text: &str, place: &Place) -> Vec<Mention> {
        mention::mentions(text, place)
    }

    fn mention_by_name(&self, name: &str, place: &Place) -> Option<Mention> {
        mention::by_name(name, place)
    }

    fn terraform(&self) -> Option<&'static TerraformNames> {
        Some(&mention::TERRAFORM)
    }

    async fn list(&self, aws: &Aws) -> Result<Vec<String>, Error> {
        read::list(aws).await
    }

    async fn list_owned(&self, aws: &Aws, stack: &str) -> Result<Vec<Live>, Error> {
        crate::resource::owned(read::read_all(aws).await?, stack)
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

    async fn delete(&self, operation: Operation<'_>, id: &str, _spec: &Value) -> Result<(), Error> {
        write::delete(operation, id).await
    }
}

fn validate_name(spec: &Value) -> Option<Finding> {
    let name = spec.text("name")?;
    name.starts_with("aws/").then(|| {
        Finding::error(Path::key("name"), "the name of a log group can't begin with `aws/`")
            .replacement(format!("/{name}"))
            .help("it can begin with `/aws/`")
    })
}

fn validate_retention(spec: &Value) -> Option<Finding> {
    let retention = spec.get("retention_in_days")?;
    let path = Path::key("retention_in_days");
    if spec.text("log_group_class") == Some("DELIVERY") {
        let finding = Finding::warning(path, "how long a log group of the class DELIVERY keeps its logs is fixed by AWS");
        return Some(finding.on_key().help("take `retention_in_days` out: it has no effect"));
    }
    // A variable of the command line is text.
    let days = retention.as_i64().or_else(|| retention.as_str()?.trim().parse().ok())?;
    // What is out of the range altogether is told by that.
    let next = RETENTIONS_IN_DAYS.into_iter().find(|allowed| *allowed >= days)?;
    (days >= 1 && next != days).then(|| {
        let allowed = RETENTIONS_IN_DAYS.map(|days| days.to_string()).join(", ");
        Finding::error(path, format!("CloudWatch Logs can't keep logs for {days} days"))
            .replacement(next.to_string())
            .help(format!("one of: {allowed}; or leave `retention_in_days` out, to keep them for ever"))
    })
}

fn validate_key(spec: &Value) -> Option<Finding> {
    let key = spec.text("kms_key_id")?;
    (!key.is_empty() && !key.starts_with("arn:")).then(|| {
        Finding::error(Path::key("kms_key_id"), "CloudWatch Logs takes a key by its ARN only")
            .help("arn:aws:kms:REGION:ACCOUNT:key/ID: aws kms describe-key tells it")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::resource;
    use crate::schema::wire;

    fn findings(spec: Json) -> Vec<String> {
        LogGroup.validate(&Value::from(spec)).into_iter().map(|finding| finding.path.to_string()).collect()
    }

    #[test]
    fn what_aws_would_refuse() {
        for days in RETENTIONS_IN_DAYS {
            assert_eq!(findings(json!({ "name": "/aws/ecs/x", "retention_in_days": days })), Vec::<String>::new());
        }
        assert_eq!(findings(json!({ "name": "aws/x" })), ["name"]);
        for days in [json!(2), json!(31), json!("10"), json!(3652)] {
            assert_eq!(findings(json!({ "retention_in_days": days })), ["retention_in_days"], "{days}");
        }
        // These the range of the field tells.
        assert_eq!(findings(json!({ "retention_in_days": 0 })), Vec::<String>::new());
        assert_eq!(findings(json!({ "retention_in_days": 4000 })), Vec::<String>::new());
        assert_eq!(findings(json!({ "kms_key_id": "alias/logs" })), ["kms_key_id"]);
        assert_eq!(findings(json!({ "log_group_class": "DELIVERY", "retention_in_days": 7 })), ["retention_in_days"]);
    }

    #[test]
    fn what_aws_tells_is_what_was_written() {
        let answer = json!({
            "arn": "arn:aws:logs:r:1:log-group:/x:*", "logGroupArn": "arn:aws:logs:r:1:log-group:/x", "creationTime": 1,
            "logGroupName": "/x", "metricFilterCount": 0, "storedBytes": 7, "logGroupClass": "STANDARD",
            "deletionProtectionEnabled": false, "retentionInDays": 30, "kmsKeyId": "arn:aws:kms:r:1:key/k",
        });
        let live = resource::normalise(&LogGroup, &wire::from_wire(LogGroup.schema(), &answer));
        let spec = json!({ "name": "/x", "retention_in_days": 30, "kms_key_id": "arn:aws:kms:r:1:key/k" });
        assert_eq!(live, Value::from(spec));
        let delivery = json!({ "logGroupName": "x", "logGroupClass": "DELIVERY", "retentionInDays": 2 });
        let live = resource::normalise(&LogGroup, &wire::from_wire(LogGroup.schema(), &delivery));
        assert_eq!(live, Value::from(json!({ "name": "x", "log_group_class": "DELIVERY" })));
    }

    #[test]
    fn every_form_of_its_arn_is_one_id() {
        let place =
            Place { partition: Some("aws".into()), region: Some("eu-central-1".into()), account_id: Some("123456789012".into()) };
        let arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/a/b#c";
        for named in ["/a/b#c", arn, &format!("{arn}:*")] {
            assert_eq!(LogGroup.id(named, &place).as_deref(), Some(arn), "{named}");
        }
        let attributes = LogGroup.predict(&Value::from(json!({ "name": "/a/b#c" })), &place);
        assert_eq!(attributes.get("arn"), Some(&Value::from(arn)));
        assert_eq!(LogGroup.predict(&Value::from(json!({ "name": "x" })), &Place::default()).get("arn"), None);
    }
}
