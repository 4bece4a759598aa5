//! What a resource type is: the contract that every file in `resources/` fulfils.
//!
//! The engine knows no type by name. It knows a [`ResourceType`]: data about it ([`Description`], the
//! [`Field`] tree of its `Spec`), a few pure functions, and four operations.
//!
//! | the engine wants | and calls | which must |
//! |---|---|---|
//! | to know what is live | `read_many` | answer for each id, absent is `None`; specs in normal form, tags of ours split off |
//! | a new one | `create` | call `progress.exists` as soon as AWS knows it, then make it whole |
//! | it changed | `update` | make only the calls that the differences need |
//! | to know what stands in the way of a deletion | `running` | name it, and how to end what is not the stack's |
//! | it gone | `delete` | succeed where it is gone already, and end what runs of the stack's own |
//! | its predecessor gone | `retire` | leave what runs still needs |
//! | to know if an interrupted creation happened, or a name is taken | `find_many` | find what a creation made, whoever owns it |
//! | the record of a stack whose state is lost | `list_owned` | find all that carries the stack's tag, whatever its name |
//! | to know what a spec can't be beside others | `validate_around` | tell what a resource that it names is not made for |
//! | AWS's own word on a spec | `opinion` | ask without making anything |
//! | to know what an operator must be allowed to do | `operator_needs`, `arn_patterns` | name every call that any of the above makes |
//! | to know what roles must be allowed to do | `role_uses`, `grants`, `with_policy` | tell what a role is used for, and what a role allows |
//! | a role where a spec names none | `own_role`, `role_for` | tell which field may be left out, and what a role for a service looks like |
//! | a stack file for what is live | `mentions`, `bare_names`, `list`, `terraform` | know its own names where others write them |

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

use crate::aws::{Aws, Error};
use crate::diagnostic::Finding;
use crate::document::permissions::{Granted, Need, Sampler};
use crate::place::Place;
use crate::schema::{Difference, Field};
use crate::template::Template;
use crate::value::{Path, Value};

mod around;
mod ownership;
mod teardown;

pub use around::{Around, Mention, Neighbour, Piece};
pub use ownership::Ownership;
pub use teardown::{Running, Teardown};

/// What other resources may refer to, by name: `arn`, `name`, ….
pub type Attributes = BTreeMap<String, Value>;

/// What is always true of a type.
#[derive(Debug)]
pub struct Description {
    /// As in `[TYPE.NAME]`.
    pub name: &'static str,
    /// One sentence for help and reference.
    pub summary: &'static str,
    /// The field of the physical name: `name`, or `family`.
    pub name_field: &'static str,
    /// Other fields that are part of the ARN.
    pub arn_fields: &'static [&'static str],
    /// Whether AWS takes two names that differ in case for the same.
    pub name_ignores_case: bool,
    pub attributes: &'static [Attribute],
    pub replacement: Replacement,
}

impl Description {
    /// Whether there can be only one of a name. Revisions share theirs, which is why they are replaced the other way round.
    pub fn names_are_exclusive(&self) -> bool {
        self.replacement == Replacement::DeleteThenCreate
    }

    /// The physical name in `spec`, if it is known, in the form in which AWS compares names.
    pub fn name_of(&self, spec: &Value) -> Option<String> {
        let name = spec.text(self.name_field)?;
        Some(if self.name_ignores_case { name.to_lowercase() } else { name.to_owned() })
    }
}

/// One attribute that a reference can name.
#[derive(Debug)]
pub struct Attribute {
    pub name: &'static str,
    pub summary: &'static str,
    /// Whether an update in place leaves it as it is.
    pub survives_update: bool,
}

/// In which order a type is replaced unless the user's `lifecycle` says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    DeleteThenCreate,
    /// The old one stays until everything that refers to it has moved to the new one.
    CreateThenDelete,
}

/// One resource as AWS tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// What AWS calls it: its ARN.
    pub id: String,
    /// In normal form, `tags` without ours.
    pub spec: Value,
    pub attributes: Attributes,
    pub ownership: Option<Ownership>,
}

impl Live {
    /// Whether a user who writes `name_or_arn` means this: an ARN says account, region and path as well, so it must be
    /// this one's; of what has revisions or versions, with or without one.
    pub fn is_named_by(&self, name_or_arn: &str) -> bool {
        let continues =
            |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
        !name_or_arn.starts_with("arn:") || continues(&self.id, name_or_arn) || continues(name_or_arn, &self.id)
    }

    /// Whether its tags say that it is this address of this stack, whichever intent made it.
    pub fn is_owned_by(&self, ownership: &Ownership) -> bool {
        self.ownership.as_ref().is_some_and(|owner| owner.is_same_resource(ownership))
    }
}

/// What may have been created, as far as its creator knows it.
#[derive(Clone, Debug)]
pub struct Sought {
    pub spec: Value,
    /// By its token, where there is one, the creation that is meant.
    pub ownership: Ownership,
}

/// What an operator does to a resource, as far as permissions differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Reading what the stack declares, and finding out if it is there.
    Read,
    /// Creating it, and changing it in place or by a successor.
    Change,
    Delete,
    /// Having AWS check what is declared, before anything is changed.
    Check,
    /// Reading what exists already, for `[data.*]` and `[import]`. Its spec holds nothing but the name, or in its place
    /// the ARN.
    LookUp,
}

/// What a role that a spec names must be allowed to do.
#[derive(Clone, Debug)]
pub struct RoleUse {
    /// The field that names the role.
    pub field: &'static str,
    /// The service that takes the role, as trust policies call it.
    pub service: &'static str,
    pub needs: Vec<Need>,
    /// Whether `needs` is all that the role is used for. Of programs that run under it, nothing here tells.
    pub is_whole: bool,
}

/// A role that is made for a spec that names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnRole {
    /// The field that may be left out.
    pub field: &'static str,
    /// The service that takes the role, as trust policies call it.
    pub service: &'static str,
}

/// What a resource of a type is called in Terraform.
#[derive(Clone, Copy, Debug)]
pub struct TerraformNames {
    pub resource: &'static str,
    /// Terraform's own resources for what is part of the resource here, and the attributes by which they name it.
    pub parts: &'static [(&'static str, &'static str)],
}

/// What an operation reports while it runs.
pub trait Progress: Send + Sync {
    /// AWS knows the resource, though it may not be whole yet. Everything that needs only its name may go on.
    fn exists(&self, live: &Live);
    /// The operation waits, and for at most this long.
    fn waiting(&self, what: &str, at_most: Duration);
}

/// What every operation is given.
#[derive(Clone, Copy)]
pub struct Operation<'a> {
    pub aws: &'a Aws,
    pub ownership: &'a Ownership,
    pub teardown: &'a Teardown,
    pub progress: &'a dyn Progress,
}

/// A type of AWS resource. See the module's table.
#[async_trait]
pub trait ResourceType: Send + Sync + std::fmt::Debug {
    fn description(&self) -> &'static Description;

    /// The tree of its `Spec`, read once.
    fn schema(&self) -> &'static Field;

    /// What normalisation knows beyond the rules of the fields (`"1 vCPU"` is `"1024"`). Idempotent.
    fn normalise(&self, _spec: &mut Value) {}

    /// What is wrong with a spec beyond the shapes and limits of its fields. Pending parts are not judged.
    fn validate(&self, _spec: &Value) -> Vec<Finding> {
        Vec::new()
    }

    /// Where a spec names others by their names or ARNs, and of which type these are.
    fn named_resources(&self, _spec: &Value) -> Vec<(Path, &'static str, Template)> {
        Vec::new()
    }

    /// What is wrong with a spec by what is around it, beyond what `validate` says.
    fn validate_around(&self, _spec: &Value, _around: &dyn Around) -> Vec<Finding> {
        Vec::new()
    }

    /// What AWS itself says of a spec before anything is made of it; what is pending has an example in its place.
    async fn opinion(&self, _aws: &Aws, _spec: &Value) -> Result<Vec<Finding>, Error> {
        Ok(Vec::new())
    }

    /// The attributes that are certain before AWS is asked, since the name, account and region make them.
    fn predict(&self, spec: &Value, place: &Place) -> Attributes;

    /// The id of what the user calls `name_or_arn`, for look-ups and imports.
    fn id(&self, name_or_arn: &str, place: &Place) -> Option<String>;

    /// The ARNs that what the user calls `name_or_arn` may have, with `*` for what the name does not tell.
    fn arn_patterns(&self, name_or_arn: &str, place: &Place) -> Vec<String> {
        self.id(name_or_arn, place).into_iter().collect()
    }

    /// What whoever runs Stepwright must be allowed to do to `spec`: a need for each call that the operations below may
    /// make, and for what AWS asks of their caller besides.
    fn operator_needs(&self, _spec: &Value, _work: Work, _around: &dyn Around) -> Vec<Need> {
        Vec::new()
    }

    /// Where `text`, a string in a spec of any type, names resources of this type by their ARNs.
    fn mentions(&self, _text: &str, _place: &Place) -> Vec<Mention> {
        Vec::new()
    }

    /// The same for a text that is nothing but a name: see `bare_names`.
    fn mention_by_name(&self, _name: &str, _place: &Place) -> Option<Mention> {
        None
    }

    /// Where a spec names other resources without their ARNs, and of which type these are.
    fn bare_names(&self, _spec: &Value) -> Vec<(Path, &'static str)> {
        Vec::new()
    }

    /// What the roles that a spec names must be allowed to do, as far as that follows from the spec and from what is
    /// around it.
    fn role_uses(&self, _spec: &Value, _around: &dyn Around) -> Vec<RoleUse> {
        Vec::new()
    }

    /// The role that a spec has of its own where it names none.
    fn own_role(&self) -> Option<OwnRole> {
        None
    }

    /// What a user would write of a role that `service` may take, and that allows nothing; none for what is no role.
    fn role_for(&self, _service: &str) -> Option<serde_json::Value> {
        None
    }

    /// Who may take it: the trust policy, and where it stands in the spec; none for what is no role.
    fn trust<'a>(&self, _spec: &'a Value) -> Option<(Path, &'a Value)> {
        None
    }

    /// What is wrong with the policies of a spec once those of the names `derived` were added, and what is open in them
    /// has an example in its place: what `validate` could not see.
    fn check_derived(&self, _spec: &Value, _derived: &[&str], _sampler: &Sampler<'_>) -> Option<Finding> {
        None
    }

    /// What a spec allows whoever takes it; none for what is no role.
    fn grants(&self, _spec: &Value, _sampler: &Sampler<'_>) -> Option<Granted> {
        None
    }

    /// Whether its specs can take derived policies.
    fn takes_policies(&self) -> bool {
        false
    }

    /// A spec with one more policy; none if it has one of that name.
    fn with_policy(&self, _spec: &Value, _name: &str, _policy: Value) -> Option<Value> {
        None
    }

    /// What Terraform calls a resource of this type.
    fn terraform(&self) -> Option<&'static TerraformNames> {
        None
    }

    /// The ids of all that is in the region. None for a type without regions: which of those belong to
    /// something can only be told by what refers to them.
    async fn list(&self, _aws: &Aws) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    /// All that is marked as `stack`'s, the latest last of those that share a name. Nothing may be missing: what is
    /// forgotten here is forgotten for good.
    ///
    /// The default reads everything there is. A type that is told tags without reading the whole asks for these first.
    async fn list_owned(&self, aws: &Aws, stack: &str) -> Result<Vec<Live>, Error> {
        let ids = self.list(aws).await?;
        let lives = if ids.is_empty() { Vec::new() } else { self.read_many(aws, &ids).await };
        owned(lives, stack)
    }

    /// What is live, in the order of `ids`; `None` for what is not there.
    async fn read_many(&self, aws: &Aws, ids: &[String]) -> Vec<Result<Option<Live>, Error>>;

    /// What a creation of each of `sought` has left behind, whoever owns it, in their order.
    ///
    /// The default looks for the names, as many at a time as `read_many` does. A type whose creation can
    /// succeed twice looks for the token, or without one for the newest of that owner.
    async fn find_many(&self, aws: &Aws, sought: &[Sought]) -> Vec<Result<Option<Live>, Error>> {
        let name_field = self.description().name_field;
        // A name that is known only after apply can't be taken yet.
        let ids: Vec<Option<String>> = sought.iter().map(|sought| self.id(sought.spec.text(name_field)?, &aws.place)).collect();
        let known: Vec<String> = ids.iter().flatten().cloned().collect();
        let mut lives = if known.is_empty() { Vec::new() } else { self.read_many(aws, &known).await }.into_iter();
        ids.into_iter().map(|id| id.and_then(|_| lives.next()).unwrap_or(Ok(None))).collect()
    }

    /// Creates it. Fails with [`crate::aws::ErrorKind::AlreadyExists`] where something of that name is there and not ours.
    async fn create(&self, operation: Operation<'_>, spec: &Value) -> Result<Live, Error>;

    /// Makes `live` into `spec`; `differences` is what is to change, none of it forcing replacement.
    async fn update(
        &self,
        operation: Operation<'_>,
        live: &Live,
        spec: &Value,
        differences: &[Difference],
    ) -> Result<Live, Error>;

    /// What runs in each of `ids`, and stands in the way of its deletion, with the id. What is of `owned` is the stack's own.
    async fn running(&self, _aws: &Aws, _ids: &[String], _owned: &[String]) -> Result<Vec<(String, Running)>, Error> {
        Ok(Vec::new())
    }

    /// Deletes it. `spec` is what was last known of it.
    async fn delete(&self, operation: Operation<'_>, id: &str, spec: &Value) -> Result<(), Error>;

    /// Takes a predecessor out of use once everything has moved to its successor. What still runs may need
    /// what is left of it; a type for which that matters does less here than in `delete`.
    async fn retire(&self, operation: Operation<'_>, id: &str, spec: &Value) -> Result<(), Error> {
        self.delete(operation, id, spec).await
    }
}

/// What of `lives` is marked as `stack`'s.
pub fn owned(lives: Vec<Result<Option<Live>, Error>>, stack: &str) -> Result<Vec<Live>, Error> {
    let mut owned = Vec::new();
    for live in lives {
        // What went away since it was listed is nobody's.
        owned.extend(live?.filter(|live| live.ownership.as_ref().is_some_and(|owner| owner.stack == stack)));
    }
    Ok(owned)
}

/// The type called `name` among `kinds`.
pub fn find_kind(kinds: &[&'static dyn ResourceType], name: &str) -> Option<&'static dyn ResourceType> {
    kinds.iter().copied().find(|kind| kind.description().name == name)
}

/// Whether a user may leave out the field `key` of a type though it is required: a name and an own role are made.
pub fn may_be_left_out(kind: &dyn ResourceType, key: &str) -> bool {
    kind.description().name_field == key || kind.own_role().is_some_and(|own| own.field == key)
}

/// `value` in the normal form of a type: the rules of its fields, then its own.
pub fn normalise(kind: &dyn ResourceType, value: &Value) -> Value {
    let mut spec = crate::schema::normalise(kind.schema(), value);
    kind.normalise(&mut spec);
    spec
}
