//! A small resource type and a shorthand, for the tests of this folder.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::aws::{Aws, Error};
use crate::diagnostic::{Diagnostic, Finding, Source};
use crate::place::Place;
use crate::resource::{Attribute, Attributes, Description, Live, Operation, Replacement, ResourceType};
use crate::schema::{Difference, Field};
use crate::stack::{DocumentError, Inputs, Stack, parse};
use crate::value::{Path, Segment, Value};

/// What a fixture's table may hold.
#[expect(dead_code, reason = "only its schema is read")]
#[derive(Deserialize, JsonSchema)]
pub struct Spec {
    #[schemars(length(min = 1, max = 20), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    name: Option<String>,
    /// How much.
    #[schemars(range(min = 1, max = 10))]
    count: Option<i64>,
    enabled: Option<bool>,
    mode: Option<Mode>,
    #[schemars(extend("x-needs" = "ready"))]
    target: Option<String>,
    peer: Option<String>,
    #[schemars(length(max = 3), extend("x-unordered" = true, "x-identity" = "name"))]
    parts: Option<Vec<Part>>,
    subnets: Option<Vec<String>>,
    tags: Option<std::collections::BTreeMap<String, String>>,
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>", extend("x-document" = "states_language"))]
    document: Option<serde_json::Value>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Mode {
    Fast,
    Slow,
}

#[expect(dead_code, reason = "only its schema is read")]
#[derive(Deserialize, JsonSchema)]
struct Part {
    name: String,
    size: Option<i64>,
}

static FIELD: LazyLock<Field> = LazyLock::new(Field::of::<Spec>);

static DESCRIPTION: Description = Description {
    name: "widget",
    summary: "A widget.",
    name_field: "name",
    arn_fields: &[],
    name_ignores_case: true,
    attributes: &[
        Attribute { name: "arn", summary: "Its ARN.", survives_update: true },
        Attribute { name: "name", summary: "Its name.", survives_update: true },
    ],
    replacement: Replacement::DeleteThenCreate,
};

#[derive(Debug)]
struct Widget;

/// The only type of the tests.
pub const KINDS: &[&dyn ResourceType] = &[&Widget];

#[async_trait]
impl ResourceType for Widget {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn schema(&self) -> &'static Field {
        &FIELD
    }

    fn validate(&self, spec: &Value) -> Vec<Finding> {
        let parts = spec.get("parts").map(Value::items).unwrap_or_default().iter().enumerate();
        let odd = parts.filter(|(_, part)| part.text("name") == Some("odd"));
        odd.map(|(index, _)| {
            let path = Path::key("parts").join(Segment::Index(index)).join_key("name");
            Finding::error(path, "a part can't be odd")
        })
        .collect()
    }

    fn predict(&self, _spec: &Value, _place: &Place) -> Attributes {
        Attributes::new()
    }

    fn id(&self, _name_or_arn: &str, _place: &Place) -> Option<String> {
        None
    }

    async fn read_many(&self, _aws: &Aws, _ids: &[String]) -> Vec<Result<Option<Live>, Error>> {
        Vec::new()
    }

    async fn create(&self, _operation: Operation<'_>, _spec: &Value) -> Result<Live, Error> {
        Err(unreachable_error())
    }

    async fn update(&self, _: Operation<'_>, _: &Live, _: &Value, _: &[Difference]) -> Result<Live, Error> {
        Err(unreachable_error())
    }

    async fn delete(&self, _operation: Operation<'_>, _id: &str, _spec: &Value) -> Result<(), Error> {
        Ok(())
    }
}

fn unreachable_error() -> Error {
    Error {
        operation: "none",
        code: None,
        message: String::new(),
        request_id: None,
        kind: crate::aws::ErrorKind::Bug,
        help: Vec::new(),
    }
}

/// Reads `text` with the one document `d.json`.
pub fn read(text: &str, document: &str, inputs: &Inputs) -> (Option<Stack>, Vec<Diagnostic>) {
    let source = Arc::new(Source { name: "stack.toml".into(), text: text.into() });
    let document = Arc::new(Source { name: "d.json".into(), text: document.into() });
    let mut documents = |name: &str| match name {
        "d.json" => Ok(document.clone()),
        _ => Err(DocumentError::Missing { path: name.to_owned() }),
    };
    parse(&source, KINDS, inputs, &mut documents, &|text| format!("digest of {} bytes", text.len()))
}
