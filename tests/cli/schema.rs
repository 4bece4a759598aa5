//! What `stepwright schema` prints has every input member of AWS's calls, in snake_case, and nothing else.
//!
//! The lists in tests/fixtures/model/ come from AWS's service models: see generate.py there. The other side is the
//! printed text alone, as an editor reads it.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::support::endpoint::root;

/// Calls whose members are a list, and what is spelt our way: members of AWS left out, members of ours added.
struct Compared {
    resource_type: &'static str,
    /// Members of AWS that stand under another key.
    replaced: &'static [&'static str],
    /// The keys that they stand under, and what other calls than the listed ones say.
    ours: &'static [&'static str],
}

/// `tags` is a table in every type; a physical name is `name` (`family` for a task definition, as AWS has it).
const COMPARED: &[Compared] = &[
    Compared { resource_type: "cluster", replaced: &["cluster_name", "tags[].key", "tags[].value"], ours: &["name", "tags{}"] },
    Compared { resource_type: "task_definition", replaced: &["tags[].key", "tags[].value"], ours: &["tags{}"] },
    Compared {
        resource_type: "role",
        replaced: &["role_name", "tags[].key", "tags[].value"],
        // PutRolePolicy and AttachRolePolicy make each policy a call of its own.
        ours: &["name", "tags{}", "inline_policies{}", "managed_policy_arns[]", "permissions_for"],
    },
    Compared { resource_type: "log_group", replaced: &["log_group_name"], ours: &["name"] },
    Compared { resource_type: "state_machine", replaced: &["tags[].key", "tags[].value"], ours: &["tags{}"] },
];

#[test]
fn has_every_input_member_of_aws_and_no_other() {
    let schema = schema();
    for compared in COMPARED {
        let name = compared.resource_type;
        let path = root().join(format!("tests/fixtures/model/{name}.txt"));
        let model = std::fs::read_to_string(path).expect("a list of members");
        let mut wanted: BTreeSet<String> = model.lines().map(snake_case).collect();
        for member in compared.replaced {
            assert!(wanted.remove(*member), "{name}: AWS has no {member} any more");
        }
        wanted.extend(compared.ours.iter().map(|&member| member.to_owned()));

        let mut published = BTreeSet::new();
        let resource = &schema["properties"][name]["additionalProperties"];
        leaves(resource, "", &mut published);
        published.retain(|leaf| !leaf.starts_with("lifecycle."));
        let missing: Vec<_> = wanted.difference(&published).collect();
        let invented: Vec<_> = published.difference(&wanted).collect();
        assert!(missing.is_empty() && invented.is_empty(), "{name}: missing {missing:#?}, not AWS's {invented:#?}");
    }
}

#[test]
fn every_type_is_compared() {
    let schema = schema();
    let known = schema["properties"].as_object().expect("properties");
    let tables = ["stack", "state", "variables", "data", "outputs", "import", "moved"];
    let types: BTreeSet<&str> = known.keys().map(String::as_str).filter(|key| !tables.contains(key)).collect();
    let compared: BTreeSet<&str> = COMPARED.iter().map(|compared| compared.resource_type).collect();
    assert_eq!(types, compared);
}

#[test]
fn every_field_is_documented() {
    fn check(schema: &Json, path: &str, bare: &mut Vec<String>) {
        for (key, member) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            if member["description"].as_str().is_none_or(str::is_empty) {
                bare.push(path.clone());
            }
            check(member, &path, bare);
            check(&member["items"], &path, bare);
        }
    }
    let schema = schema();
    let mut bare = Vec::new();
    for compared in COMPARED {
        let resource = &schema["properties"][compared.resource_type]["additionalProperties"];
        check(resource, compared.resource_type, &mut bare);
    }
    bare.retain(|path| !path.ends_with(".lifecycle"));
    assert!(bare.is_empty(), "without a description: {bare:#?}");
}

fn schema() -> Json {
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_stepwright")).arg("schema").output().expect("stepwright starts");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The leaves below `schema`, written as the lists write them.
fn leaves(schema: &Json, path: &str, found: &mut BTreeSet<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        for (key, member) in properties {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            leaves(member, &path, found);
        }
    } else if schema["items"].is_object() {
        leaves(&schema["items"], &format!("{path}[]"), found);
    } else if schema["additionalProperties"].is_object() {
        leaves(&schema["additionalProperties"], &format!("{path}{{}}"), found);
    } else {
        found.insert(path.to_owned());
    }
}

/// `ephemeralStorage.sizeInGiB` → `ephemeral_storage.size_in_gib`; `RoleName` → `role_name`.
fn snake_case(name: &str) -> String {
    let name = name.replace("GiB", "Gib");
    let mut snake = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && snake.ends_with(|last: char| last.is_ascii_alphanumeric()) {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}
