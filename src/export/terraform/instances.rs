//! The managed resource instances of a Terraform state, whichever form it has.

use serde_json::Value as Json;

use crate::export::terraform::TerraformError;

/// One instance of a managed resource.
#[derive(Clone, Debug)]
pub struct Instance {
    /// `aws_iam_role`.
    pub resource_type: String,
    /// The name that the configuration gives it.
    pub name: String,
    /// `module.report.aws_iam_role.task["a"]`.
    pub address: String,
    attributes: Json,
}

impl Instance {
    /// The attribute `key`, if it is a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.attributes.get(key)?.as_str()
    }

    /// The attribute `key`, be it a text or a list of some.
    pub fn texts(&self, key: &str) -> Vec<&str> {
        match self.attributes.get(key) {
            Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).collect(),
            other => other.and_then(Json::as_str).into_iter().collect(),
        }
    }

    /// The address as a name: `report_task_a`.
    pub fn qualified_name(&self) -> String {
        let without_type = self.address.replace(&format!("{}.", self.resource_type), "");
        let mut words: Vec<&str> = without_type.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        words.retain(|word| !word.is_empty() && *word != "module");
        let name = words.join("_");
        if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name }
    }
}

/// The newest version of `terraform.tfstate`.
const VERSION: u64 = 4;

/// Every managed instance of `state`. Those that Terraform has only yet to delete are left out.
pub fn instances(state: &Json) -> Result<Vec<Instance>, TerraformError> {
    if state.get("encrypted_data").is_some() || state.get("encryption_version").is_some() {
        return Err(TerraformError::Encrypted);
    }
    if state.get("planned_values").is_some() || state.get("resource_changes").is_some() {
        return Err(TerraformError::Plan);
    }
    let mut found = Vec::new();
    if state.get("format_version").is_some() {
        // Without resources there are no values either.
        if let Some(root) = state.pointer("/values/root_module") {
            shown(root, &mut found);
        }
        return Ok(found);
    }
    match state.get("version").and_then(Json::as_u64) {
        None => return Err(TerraformError::NotAState),
        Some(VERSION) => {}
        // The file in .terraform/ kept its old version.
        Some(_) if state.get("backend").is_some() => return Err(TerraformError::Backend),
        Some(version) if version < VERSION => return Err(TerraformError::TooOld { version }),
        Some(version) => return Err(TerraformError::TooNew { version }),
    }
    for resource in list(state, "resources").filter(|resource| text(resource, "mode") == "managed") {
        let (resource_type, name) = (text(resource, "type"), text(resource, "name"));
        let module = text(resource, "module");
        let dot = if module.is_empty() { "" } else { "." };
        for instance in list(resource, "instances").filter(|instance| instance.get("deposed").is_none()) {
            let index = instance.get("index_key").map(|key| format!("[{key}]")).unwrap_or_default();
            found.push(Instance {
                resource_type: resource_type.to_owned(),
                name: name.to_owned(),
                address: format!("{module}{dot}{resource_type}.{name}{index}"),
                attributes: instance.get("attributes").cloned().unwrap_or_default(),
            });
        }
    }
    Ok(found)
}

/// The instances of a module as `terraform show -json` prints it, and of those within.
fn shown(module: &Json, found: &mut Vec<Instance>) {
    let managed = list(module, "resources").filter(|resource| text(resource, "mode") == "managed");
    for resource in managed.filter(|resource| resource.get("deposed_key").is_none()) {
        found.push(Instance {
            resource_type: text(resource, "type").to_owned(),
            name: text(resource, "name").to_owned(),
            address: text(resource, "address").to_owned(),
            attributes: resource.get("values").cloned().unwrap_or_default(),
        });
    }
    // The parser refuses what is nested too deeply for a recursion.
    for child in list(module, "child_modules") {
        shown(child, found);
    }
}

fn list<'a>(json: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> {
    json.get(key).and_then(Json::as_array).into_iter().flatten()
}

fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json.get(key).and_then(Json::as_str).unwrap_or_default()
}
