//! The JSON Schema of the whole stack file, from the same structs that check it: `stepwright schema`.

use serde_json::{Value as Json, json};

use crate::document::warning::WARNINGS;
use crate::resource::{ResourceType, may_be_left_out};
use crate::schema::publish::json_schema;
use crate::stack::{imports, lookups, moves, permissions, settings, state_settings, variables};

/// JSON Schema (2020-12) for stack files with resources of `kinds`.
pub fn schema_document(kinds: &[&'static dyn ResourceType]) -> Json {
    let mut properties = serde_json::Map::new();
    properties.insert("stack".to_owned(), stack());
    properties.insert(state_settings::TABLE.to_owned(), state());
    properties.insert("variables".to_owned(), table("Values that may come from outside, `${var.NAME}`.", variable()));
    for kind in kinds {
        let description = kind.description();
        properties.insert(description.name.to_owned(), table(description.summary, resource(*kind)));
    }
    let lookups =
        kinds.iter().map(|kind| (kind.description().name.to_owned(), table("Looked up by name or ARN.", lookup(*kind))));
    properties.insert(
        "data".to_owned(),
        json!({
            "type": "object",
            "description": "What exists and is not ours: looked up, never changed.",
            "properties": lookups.collect::<serde_json::Map<_, _>>(),
            "additionalProperties": false,
        }),
    );
    properties.insert("outputs".to_owned(), table("What the stack tells when it is applied.", output()));
    properties.insert(imports::TABLE.to_owned(), import());
    properties.insert(moves::TABLE.to_owned(), moved());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stepwright stack",
        "type": "object",
        "properties": properties,
        "required": ["stack"],
        "additionalProperties": false,
    })
}

const IDENTIFIER: &str = "^[A-Za-z_][A-Za-z0-9_-]*$";

/// A table with a name of the user's choice for each of its values.
fn table(description: &str, value: Json) -> Json {
    json!({
        "type": "object",
        "description": description,
        "propertyNames": { "pattern": IDENTIFIER },
        "additionalProperties": value,
    })
}

fn stack() -> Json {
    json!({
        "type": "object",
        "properties": {
            "name": {
                "type": "string",
                "pattern": settings::NAME_PATTERN,
                "description": "Names the stack, its state and, where no other name is given, its resources.",
            },
            "region": { "type": "string", "description": "Where the stack lives; wins over the environment." },
            "allowed_account_ids": {
                "type": "array",
                "items": { "type": "string", "pattern": "^[0-9]{12}$" },
                "description": "Accounts that the stack may be applied to; empty for any.",
            },
            "allow": {
                "type": "array",
                "items": { "enum": WARNINGS.map(|(name, _)| name) },
                "description": "Warnings that are not told, by the name that stands in their brackets.",
            },
            "tags": {
                "type": "object",
                "additionalProperties": { "type": "string" },
                "description": "Tags of every resource that can carry tags; a resource's own win.",
            },
        },
        "required": ["name"],
        "additionalProperties": false,
    })
}

fn state() -> Json {
    let text = |description: &str| json!({ "type": "string", "minLength": 1, "description": description });
    json!({
        "type": "object",
        "description": "How the state is sealed, and where it is kept. Nothing in here may refer to anything.",
        "properties": {
            "encryption": {
                "type": "object",
                "description": "For whom state, journal, history and plan files are sealed: one of the two.",
                "properties": {
                    "recipients": {
                        "type": "array",
                        "items": { "type": "string", "pattern": state_settings::RECIPIENT_PATTERN },
                        "minItems": 1,
                        "description": "Public keys of age, each of whose owners can open the state.",
                    },
                    "kms_key_id": text("A key of KMS: its id, its ARN, or an alias."),
                },
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": false,
            },
            "s3": {
                "type": "object",
                "description": "Keeps the state in S3 instead of below the working directory.",
                "properties": {
                    "bucket": text("The bucket, which must exist."),
                    "key": text("The object's key [default: stepwright/<stack name>.json]."),
                    "region": text("The bucket's region [default: that of the stack]."),
                    "endpoint": text("Another endpoint than AWS's."),
                    "kms_key_id": text("The key with which S3 encrypts the objects [default: the bucket's]."),
                },
                "required": ["bucket"],
                "additionalProperties": false,
            },
        },
        "additionalProperties": false,
    })
}

fn variable() -> Json {
    json!({
        "type": "object",
        "properties": {
            "default": { "description": "Its value where none is given; without one, a value must be given." },
            "description": { "type": "string" },
            "type": { "enum": variables::TYPES },
            "sensitive": { "type": "boolean", "description": "Never shown, and recorded only as a digest.", "default": false },
        },
        "additionalProperties": false,
    })
}

fn resource(kind: &dyn ResourceType) -> Json {
    let mut schema = json_schema(kind.schema());
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
        properties.insert("lifecycle".to_owned(), lifecycle());
        if kind.takes_policies() {
            properties.insert(permissions::KEY.to_owned(), permissions_for());
        }
    }
    if let Some(required) = schema.get_mut("required").and_then(Json::as_array_mut) {
        required.retain(|key| key.as_str().is_none_or(|key| !may_be_left_out(kind, key)));
    }
    schema
}

fn permissions_for() -> Json {
    json!({
        "description": "The address of a state machine, or of a task definition for its execution role, or a list of these: a policy of what they need becomes an inline policy of the role.",
        "oneOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
    })
}

fn lifecycle() -> Json {
    json!({
        "type": "object",
        "properties": {
            "prevent_destroy": {
                "type": "boolean",
                "default": false,
                "description": "Refuse every plan that would delete or replace it.",
            },
            "ignore_changes": {
                "type": "array",
                "items": { "type": "string" },
                "description": "Paths of fields that are left as they are once the resource is there.",
            },
            "create_before_destroy": {
                "type": "boolean",
                "description": "In which order it is replaced; absent, as is best for the type.",
            },
        },
        "additionalProperties": false,
    })
}

fn lookup(kind: &dyn ResourceType) -> Json {
    let name_field = kind.description().name_field;
    json!({
        "type": "object",
        "properties": { name_field: { "type": "string" }, lookups::ARN: { "type": "string" } },
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
    })
}

fn output() -> Json {
    json!({
        "anyOf": [
            { "type": ["string", "number", "boolean", "array"] },
            {
                "type": "object",
                "properties": {
                    "value": {},
                    "description": { "type": "string" },
                    "sensitive": { "type": "boolean", "default": false },
                },
                "required": ["value"],
                "additionalProperties": false,
            },
        ],
    })
}

const ADDRESS: &str = r"^[A-Za-z_][A-Za-z0-9_-]*\.[A-Za-z_][A-Za-z0-9_-]*$";

/// An address, or a type above its names, which is how TOML reads an address without quotes.
fn import() -> Json {
    json!({
        "description": "What exists already and is to become the stack's: TYPE.NAME = its name or its ARN.",
        "anyOf": [
            {
                "type": "object",
                "patternProperties": {
                    ADDRESS: { "type": "string" },
                    IDENTIFIER: { "type": "object", "additionalProperties": { "type": "string" } },
                },
                "additionalProperties": false,
            },
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": { "to": { "type": "string", "pattern": ADDRESS }, "id": { "type": "string" } },
                    "required": imports::KEYS,
                    "additionalProperties": false,
                },
            },
        ],
    })
}

fn moved() -> Json {
    json!({
        "type": "array",
        "description": "What has another address now, and is to stay what it is.",
        "items": {
            "type": "object",
            "properties": {
                "from": { "type": "string", "pattern": ADDRESS },
                "to": { "type": "string", "pattern": ADDRESS },
            },
            "required": moves::KEYS,
            "additionalProperties": false,
        },
    })
}
