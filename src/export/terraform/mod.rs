//! What a Terraform state holds that a stack can take over.
//!
//! Two forms of JSON are read, and nothing else is needed of either than each resource's type, name, index and attributes:
//!
//! | | `terraform.tfstate`, `terraform state pull` | `terraform show -json` |
//! |---|---|---|
//! | known by | `version` = 4 | `format_version` |
//! | resources | `resources[]`, each with `instances[]` | `values.root_module`, with `child_modules[]` |
//! | attributes | `attributes` | `values` |

use std::collections::{BTreeMap, HashSet};

use serde_json::Value as Json;

use crate::address::is_identifier;
use crate::place::Place;
use crate::resource::{ResourceType, TerraformNames};
use crate::value::Value;

mod instances;

use instances::{Instance, instances};

/// What a Terraform state holds, seen from here.
#[derive(Debug, Default)]
pub struct Takeover {
    /// What becomes a resource of a stack.
    pub resources: Vec<Taken>,
    /// What becomes part of these, such as the policies of a role.
    pub parts: Vec<Part>,
    /// The addresses of what stays with Terraform.
    pub staying: Vec<String>,
}

/// A resource that can be taken over.
#[derive(Clone, Debug)]
pub struct Taken {
    pub kind: &'static dyn ResourceType,
    /// Its ARN, as Terraform recorded it; of a task definition with the revision.
    pub id: String,
    /// Terraform's own name for it, where that is an identifier and the only one of its type; else one made of its address.
    pub local_name: String,
    /// `module.report.aws_iam_role.task["a"]`.
    pub terraform_address: String,
}

/// What is a resource to Terraform, and part of one here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub terraform_address: String,
    /// The Terraform address of the resource that it is part of.
    pub owner: String,
}

impl Taken {
    /// Whether this is the resource that a stack describes by `spec`, a spec of `kind`: it has the same name.
    pub fn is_described_by(&self, kind: &dyn ResourceType, spec: &Value, place: &Place) -> bool {
        if kind.description().name != self.kind.description().name {
            return false;
        }
        let predicted = kind.predict(spec, place);
        let pieces = kind.mentions(&self.id, place).into_iter().flat_map(|mention| mention.pieces);
        let mut names = pieces.filter(|piece| ["arn", kind.description().name_field].contains(&piece.attribute));
        names.any(|piece| {
            let predicted = predicted.get(piece.attribute).and_then(Value::as_str);
            predicted.is_some() && predicted == self.id.get(piece.range)
        })
    }
}

impl Takeover {
    /// The region that the resources are in, told by their ARNs: the most frequent one.
    pub fn region(&self) -> Option<String> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let regions = self.resources.iter().filter_map(|taken| taken.id.split(':').nth(3));
        regions.filter(|region| !region.is_empty()).for_each(|region| *counts.entry(region).or_default() += 1);
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(region, _)| region.to_owned())
    }

    /// What Terraform is to forget when `taken` are the stack's: the addresses of these and of their parts.
    pub fn forgotten(&self, taken: &[&Taken]) -> Vec<&str> {
        let addresses: HashSet<&str> = taken.iter().map(|taken| taken.terraform_address.as_str()).collect();
        let resources = self.resources.iter().map(|resource| &resource.terraform_address);
        let parts = self.parts.iter().filter(|part| addresses.contains(part.owner.as_str()));
        let resources = resources.filter(|address| addresses.contains(address.as_str()));
        resources.chain(parts.map(|part| &part.terraform_address)).map(String::as_str).collect()
    }
}

/// Why a text is no Terraform state that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TerraformError {
    #[error("this is not JSON (line {line}, column {column}: {reason})")]
    NotJson { line: usize, column: usize, reason: String },
    #[error("the file ends in the middle (line {line})")]
    Truncated { line: usize },
    #[error("the file is empty")]
    Empty,
    #[error("this state is encrypted")]
    Encrypted,
    #[error("this is a Terraform plan, not a state")]
    Plan,
    #[error("this file only says where the state is: Terraform keeps it in a backend")]
    Backend,
    #[error("this state is of version {version}, which Terraform 0.11 and before wrote")]
    TooOld { version: u64 },
    #[error("this state is of version {version}; known is version 4")]
    TooNew { version: u64 },
    #[error("this is JSON, and no Terraform state")]
    NotAState,
    #[error("{address} has no {attribute} in this state")]
    Incomplete { address: String, attribute: &'static str },
}

impl TerraformError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotJson { .. } | Self::NotAState => {
                "name a terraform.tfstate, or what `terraform state pull` or `terraform show -json` prints"
            }
            Self::Truncated { .. } | Self::Empty => "fetch it anew: terraform state pull > FILE",
            Self::Encrypted => "decrypt it first: tofu state pull > FILE",
            Self::Plan => "name the state: terraform show -json > FILE, without a plan",
            Self::Backend => "fetch it from there: terraform state pull > FILE",
            Self::TooOld { .. } => "bring it up to date with Terraform 0.12 or later: terraform apply -refresh-only",
            Self::TooNew { .. } => "try what `terraform show -json` prints, whose format is stable; or a newer Stepwright",
            Self::Incomplete { .. } => "let Terraform mend its state first: terraform apply -refresh-only",
        }
    }
}

/// Reads a Terraform state.
///
/// # Errors
/// If it is none, or one that can't be read.
pub fn read(text: &str, kinds: &[&'static dyn ResourceType]) -> Result<Takeover, TerraformError> {
    let found = instances(&parse(text)?)?;
    let names = |kind: &'static dyn ResourceType| Some((kind, kind.terraform()?));
    let known: Vec<(&'static dyn ResourceType, &TerraformNames)> = kinds.iter().copied().filter_map(names).collect();
    let mut takeover = Takeover::default();
    let mut taken: Vec<(&Instance, &'static dyn ResourceType, String)> = Vec::new();
    for instance in &found {
        if let Some((kind, _)) = known.iter().find(|(_, names)| names.resource == instance.resource_type) {
            let id = ["arn", "id"].iter().filter_map(|key| instance.text(key)).find(|id| id.starts_with("arn:"));
            let incomplete = || TerraformError::Incomplete { address: instance.address.clone(), attribute: "arn" };
            taken.push((instance, *kind, id.ok_or_else(incomplete)?.to_owned()));
        }
    }
    for instance in &found {
        let is_taken = known.iter().any(|(_, names)| names.resource == instance.resource_type);
        if is_taken {
            continue;
        }
        let owner = known.iter().find_map(|(_, names)| {
            let (_, attribute) = names.parts.iter().find(|(part, _)| *part == instance.resource_type)?;
            Some((names.resource, instance.texts(attribute)))
        });
        let owner = owner.and_then(|(resource_type, named)| {
            let mut owners = taken.iter().map(|(owner, ..)| *owner).filter(|owner| owner.resource_type == resource_type);
            owners.find(|owner| ["name", "id", "arn"].iter().filter_map(|key| owner.text(key)).any(|name| named.contains(&name)))
        });
        let terraform_address = instance.address.clone();
        match owner {
            Some(owner) => takeover.parts.push(Part { terraform_address, owner: owner.address.clone() }),
            None => takeover.staying.push(terraform_address),
        }
    }
    let local_names =
        local_names(&taken.iter().map(|(instance, kind, _)| (*instance, kind.description().name)).collect::<Vec<_>>());
    takeover.resources = taken
        .into_iter()
        .zip(local_names)
        .map(|((instance, kind, id), local_name)| Taken { kind, id, local_name, terraform_address: instance.address.clone() })
        .collect();
    Ok(takeover)
}

fn parse(text: &str) -> Result<Json, TerraformError> {
    if text.trim().is_empty() {
        return Err(TerraformError::Empty);
    }
    serde_json::from_str(text).map_err(|error| match error.is_eof() {
        true => TerraformError::Truncated { line: error.line() },
        false => {
            let reason = error.to_string();
            // The place stands in the message already.
            let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
            TerraformError::NotJson { line: error.line(), column: error.column(), reason }
        }
    })
}

/// A name for each: Terraform's own where it is an identifier and unique in its type, else one made of the whole address.
fn local_names(taken: &[(&Instance, &str)]) -> Vec<String> {
    let mut used: HashSet<(String, String)> = HashSet::new();
    let is_unique = |(instance, kind): &(&Instance, &str)| {
        is_identifier(&instance.name) && taken.iter().filter(|(it, other)| other == kind && it.name == instance.name).count() == 1
    };
    let plain = taken.iter().filter(|it| is_unique(it));
    used.extend(plain.map(|(instance, kind)| ((*kind).to_owned(), instance.name.clone())));
    let name = |it: &(&Instance, &str)| {
        let (instance, kind) = it;
        if is_unique(it) {
            return instance.name.clone();
        }
        let base = instance.qualified_name();
        let numbered = (1..).map(|number| if number == 1 { base.clone() } else { format!("{base}_{number}") });
        let mut free = numbered.filter(|name| used.insert(((*kind).to_owned(), name.clone())));
        free.next().unwrap_or(base)
    };
    taken.iter().map(name).collect()
}

#[cfg(test)]
mod tests;
