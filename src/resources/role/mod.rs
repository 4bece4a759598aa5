//! IAM roles.
//!
//! | file | holds |
//! |---|---|
//! | `role.rs` | the fields, and the contract of a resource type |
//! | `validate.rs` | what IAM would refuse, beyond the limits of the fields |
//! | `read.rs` | roles as AWS tells them |
//! | `marked.rs` | all that carry the tag of a stack |
//! | `mention.rs` | where others name them |
//! | `grants.rs` | what its spec allows, and derived policies |
//! | `write.rs` | creation, change and deletion |
//! | `operator.rs` | what all of it takes |
//! | `access.rs` | what a role may do: whether a refusal of another service is one to wait out |

use std::collections::BTreeMap;
use std::sync::LazyLock;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Aws, Error};
use crate::diagnostic::Finding;
use crate::document::permissions::{Granted, Need, Sampler};
use crate::document::policy::PolicyDocument;
use crate::place::Place;
use crate::resource::{
    Around, Attribute, Attributes, Description, Live, Mention, Operation, Replacement, ResourceType, TerraformNames, Work,
};
use crate::schema::{Difference, Field};
use crate::value::{Path, Value};

pub mod access;
mod grants;
mod marked;
mod mention;
mod operator;
mod read;
mod validate;
mod write;

/// `[role.NAME]`: an IAM role, with its inline policies and attached managed policies.
///
/// All of its inline policies and attachments are declared here: one that nobody declared is drift, and is removed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Spec {
    /// The name of the role, unique in the account without regard to case. `STACK-NAME` unless set.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[\w+=,.@-]+$"), extend("x-replace" = true))]
    pub name: Option<String>,
    /// The path that stands before the name in the ARN: `/` or `/…/`.
    #[schemars(length(min = 1, max = 512), regex(pattern = "^(/|/[!-~]+/)$"), extend("default" = "/", "x-replace" = true))]
    pub path: Option<String>,
    /// What the role is for.
    #[schemars(length(max = 1000), regex(pattern = "^[\\t\\n\\r -~¡-ÿ]*$"))]
    pub description: Option<String>,
    /// How long a session of the role can last at most, in seconds.
    #[schemars(range(min = 3600, max = 43200), extend("default" = 3600))]
    pub max_session_duration: Option<i32>,
    /// The ARN of the managed policy that bounds what the role can be allowed to do.
    #[schemars(length(min = 20, max = 2048))]
    pub permissions_boundary: Option<String>,
    /// The trust policy: who may take the role.
    pub assume_role_policy_document: PolicyDocument,
    /// The policies that are part of the role, by name.
    pub inline_policies: Option<BTreeMap<String, PolicyDocument>>,
    /// The ARNs of the managed policies attached to the role.
    #[schemars(length(max = 20), extend("x-unordered" = true))]
    pub managed_policy_arns: Option<Vec<String>>,
    /// Tags of the role. IAM tells their keys apart without regard to case.
    pub tags: Option<BTreeMap<String, String>>,
}

static SCHEMA: LazyLock<Field> = LazyLock::new(Field::of::<Spec>);

static DESCRIPTION: Description = Description {
    name: "role",
    summary: "An IAM role, with its inline policies and attached managed policies.",
    name_field: "name",
    arn_fields: &["path"],
    name_ignores_case: true,
    attributes: &[
        Attribute { name: "arn", summary: "The ARN of the role.", survives_update: true },
        Attribute { name: "name", summary: "The name of the role.", survives_update: true },
        Attribute {
            name: "unique_id",
            summary: "The id that IAM gives the role; a role made again under the same name has another.",
            survives_update: true,
        },
    ],
    replacement: Replacement::DeleteThenCreate,
};

/// The resource type `role`.
#[derive(Debug)]
pub struct Role;

#[async_trait]
impl ResourceType for Role {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn schema(&self) -> &'static Field {
        &SCHEMA
    }

    fn validate(&self, spec: &Value) -> Vec<Finding> {
        validate::validate(spec)
    }

    fn predict(&self, spec: &Value, place: &Place) -> Attributes {
        let mut attributes = Attributes::new();
        let Some(name) = spec.text("name") else { return attributes };
        attributes.insert("name".to_owned(), Value::string(name));
        let path = match spec.get("path") {
            None => Some("/"),
            Some(path) => path.as_str(),
        };
        if let Some(arn) = path.and_then(|path| place.global_arn("iam", &format!("role{path}{name}"))) {
            attributes.insert("arn".to_owned(), Value::String(arn));
        }
        attributes
    }

    fn id(&self, name_or_arn: &str, place: &Place) -> Option<String> {
        if name_or_arn.starts_with("arn:") {
            return Some(name_or_arn.to_owned());
        }
        place.global_arn("iam", &format!("role/{name_or_arn}"))
    }

    /// A name does not tell the path.
    fn arn_patterns(&self, name_or_arn: &str, place: &Place) -> Vec<String> {
        let at_a_path = || place.global_arn("iam", &format!("role/*/{name_or_arn}"));
        let is_name = !name_or_arn.starts_with("arn:");
        self.id(name_or_arn, place).into_iter().chain(is_name.then(at_a_path).flatten()).collect()
    }

    fn operator_needs(&self, spec: &Value, work: Work, _around: &dyn Around) -> Vec<Need> {
        operator::needs(spec, work)
    }

    fn mentions(&self, text: &str, place: &Place) -> Vec<Mention> {
        mention::mentions(text, place)
    }

    fn role_for(&self, service: &str) -> Option<serde_json::Value> {
        Some(grants::role_for(service))
    }

    fn trust<'a>(&self, spec: &'a Value) -> Option<(Path, &'a Value)> {
        Some((Path::key(grants::TRUST), spec.get(grants::TRUST)?))
    }

    fn check_derived(&self, spec: &Value, derived: &[&str], sampler: &Sampler<'_>) -> Option<Finding> {
        validate::check_derived(spec, derived, sampler)
    }

    fn grants(&self, spec: &Value, sampler: &Sampler<'_>) -> Option<Granted> {
        Some(grants::grants(spec, sampler))
    }

    fn takes_policies(&self) -> bool {
        true
    }

    fn with_policy(&self, spec: &Value, name: &str, policy: Value) -> Option<Value> {
        grants::with_policy(spec, name, policy)
    }

    fn terraform(&self) -> Option<&'static TerraformNames> {
        Some(&mention::TERRAFORM)
    }

    async fn list_owned(&self, aws: &Aws, stack: &str) -> Result<Vec<Live>, Error> {
        let ids = marked::marked(aws, stack).await?;
        crate::resource::owned(read::read_many(aws, &ids).await, stack)
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

/// The name in a role's ARN: what stands after its path.
fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource;

    #[test]
    fn fields_and_their_rules() {
        let schema = Role.schema();
        let keys: Vec<_> = schema.fields().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "name",
                "path",
                "description",
                "max_session_duration",
                "permissions_boundary",
                "assume_role_policy_document",
                "inline_policies",
                "managed_policy_arns",
                "tags"
            ]
        );
        assert!(schema.fields().all(|(_, field)| !field.documentation.is_empty()));
        assert_eq!(schema.member("max_session_duration").and_then(|field| field.rules.default.clone()), Some(Value::from(3600)));
    }

    #[test]
    fn defaults_are_absent() {
        let written = json!({
            "name": "r", "path": "/", "description": "", "max_session_duration": 3600, "inline_policies": {},
            "managed_policy_arns": ["b", "a", "b"], "assume_role_policy_document": "{\"Version\": \"2012-10-17\"}",
        });
        let normal =
            json!({ "name": "r", "managed_policy_arns": ["a", "b"], "assume_role_policy_document": { "Version": "2012-10-17" } });
        assert_eq!(resource::normalise(&Role, &Value::from(written)), Value::from(normal));
    }

    #[test]
    fn prediction() {
        let place =
            Place { partition: Some("aws".into()), region: Some("eu-central-1".into()), account_id: Some("123456789012".into()) };
        let spec = Value::from(json!({ "name": "r", "path": "/p/" }));
        let attributes = Role.predict(&spec, &place);
        assert_eq!(attributes.get("arn"), Some(&Value::from("arn:aws:iam::123456789012:role/p/r")));
        assert_eq!(Role.predict(&spec, &Place::default()).get("arn"), None);
        assert_eq!(Role.id("r", &place).as_deref(), Some("arn:aws:iam::123456789012:role/r"));
    }
}
