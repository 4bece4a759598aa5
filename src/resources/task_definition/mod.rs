//! `[task_definition.NAME]`: an ECS task definition.
//!
//! | file | holds |
//! |---|---|
//! | `spec.rs`, `container.rs`, `linux.rs`, `volume.rs` | its members |
//! | `normalise.rs` | what AWS makes of them |
//! | `validate/` | what AWS would refuse |
//! | `describe.rs` | how AWS tells it |
//! | `mention.rs` | where others name it |
//! | `register.rs` | creation, which is not idempotent |
//! | `operator.rs` | what all of it takes |
//!
//! A revision never changes: every change but one of tags registers a new one, everything that refers to
//! the old one moves over, and only then is the old one deregistered.

use std::sync::LazyLock;

use async_trait::async_trait;
use futures::StreamExt;

use crate::aws::{Aws, Error, ErrorKind};
use crate::diagnostic::Finding;
use crate::document::permissions::{Need, of_containers};
use crate::place::Place;
use crate::resource::{
    self, Around, Attribute, Attributes, Description, Live, Mention, Operation, Ownership, Replacement, ResourceType, RoleUse,
    Sought, TerraformNames, Work,
};
use crate::resources::{ecs, tags};
use crate::schema::{Difference, Field};
use crate::value::{Path, Value};

mod container;
mod describe;
mod linux;
mod mention;
mod normalise;
mod operator;
mod register;
mod spec;
mod validate;
mod volume;

#[cfg(test)]
mod tests;

pub use normalise::{Unit, units};
pub use spec::Spec;
pub use validate::fargate_memories;

/// The type `task_definition`.
#[derive(Debug)]
pub struct TaskDefinition;

static DESCRIPTION: Description = Description {
    name: "task_definition",
    summary: "An ECS task definition: the containers of a task.",
    name_field: "family",
    arn_fields: &[],
    name_ignores_case: false,
    attributes: &[
        Attribute { name: "arn", summary: "The ARN of this revision.", survives_update: true },
        Attribute { name: "family", summary: "The family: the name that all revisions share.", survives_update: true },
        Attribute { name: "revision", summary: "The number of this revision.", survives_update: true },
    ],
    replacement: Replacement::CreateThenDelete,
};

/// How many revisions are described at once.
const AT_ONCE: usize = 8;

fn schema() -> &'static Field {
    static SCHEMA: LazyLock<Field> = LazyLock::new(Field::of::<Spec>);
    &SCHEMA
}

#[async_trait]
impl ResourceType for TaskDefinition {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn schema(&self) -> &'static Field {
        schema()
    }

    fn normalise(&self, spec: &mut Value) {
        normalise::normalise(spec);
    }

    fn validate(&self, spec: &Value) -> Vec<Finding> {
        validate::validate(spec)
    }

    /// AWS chooses the revision, so the family is all that is certain.
    fn predict(&self, spec: &Value, _place: &Place) -> Attributes {
        spec.text("family").map(|family| ("family".to_owned(), Value::string(family))).into_iter().collect()
    }

    /// A family without a revision stands for its latest active one.
    fn id(&self, name_or_arn: &str, place: &Place) -> Option<String> {
        match name_or_arn.starts_with("arn:") {
            true => Some(name_or_arn.to_owned()),
            false => place.arn("ecs", &format!("task-definition/{name_or_arn}")),
        }
    }

    /// Without a revision, any may be meant by the time it is used.
    fn arn_patterns(&self, name_or_arn: &str, place: &Place) -> Vec<String> {
        let of = |arn: String| if arn.rsplit('/').next().is_some_and(|name| name.contains(':')) { arn } else { arn + ":*" };
        self.id(name_or_arn, place).map(of).into_iter().collect()
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

    fn bare_names(&self, spec: &Value) -> Vec<(Path, &'static str)> {
        mention::bare_names(spec)
    }

    fn role_uses(&self, spec: &Value, _around: &dyn Around) -> Vec<RoleUse> {
        const SERVICE: &str = "ecs-tasks.amazonaws.com";
        vec![
            RoleUse { field: "execution_role_arn", service: SERVICE, needs: of_containers(spec), is_whole: true },
            // What the containers do with the task role, nothing here tells.
            RoleUse { field: "task_role_arn", service: SERVICE, needs: Vec::new(), is_whole: false },
        ]
    }

    fn terraform(&self) -> Option<&'static TerraformNames> {
        Some(&mention::TERRAFORM)
    }

    async fn list(&self, aws: &Aws) -> Result<Vec<String>, Error> {
        mention::list(aws).await
    }

    /// Only its description tells the tags of a revision, so each active one of the region is described.
    async fn list_owned(&self, aws: &Aws, stack: &str) -> Result<Vec<Live>, Error> {
        let revisions = describe::active(aws).await?;
        let mut owned = resource::owned(self.read_many(aws, &revisions).await, stack)?;
        let revision = |live: &Live| live.attributes.get("revision").and_then(Value::as_i64);
        owned.sort_by_key(|live| (live.spec.text("family").map(str::to_owned), revision(live)));
        Ok(owned)
    }

    async fn read_many(&self, aws: &Aws, ids: &[String]) -> Vec<Result<Option<Live>, Error>> {
        let look = |id: String| async move { describe::describe(aws, &id).await };
        futures::stream::iter(ids.to_vec()).map(look).buffered(AT_ONCE).collect().await
    }

    async fn find_many(&self, aws: &Aws, sought: &[Sought]) -> Vec<Result<Option<Live>, Error>> {
        let look = |sought: Sought| async move {
            match sought.spec.text("family") {
                Some(family) => describe::find(aws, family, &sought.ownership).await,
                None => Ok(None),
            }
        };
        futures::stream::iter(sought.to_vec()).map(look).buffered(AT_ONCE).collect().await
    }

    async fn create(&self, operation: Operation<'_>, spec: &Value) -> Result<Live, Error> {
        register::register(operation, spec).await
    }

    async fn update(
        &self,
        operation: Operation<'_>,
        live: &Live,
        spec: &Value,
        _differences: &[Difference],
    ) -> Result<Live, Error> {
        ecs::change_tags(operation, live, spec).await?;
        let mut live = live.clone();
        if let Some(map) = live.spec.as_map_mut() {
            map.insert("tags".to_owned(), tags::to_value(tags::of(spec)));
        }
        live.spec = crate::resource::normalise(self, &live.spec);
        let token = live.ownership.and_then(|owner| owner.token);
        live.ownership = Some(Ownership { token, ..operation.ownership.clone() });
        Ok(live)
    }

    /// Deregisters the revision, so that nothing new starts from it, and then asks for its deletion. AWS defers that
    /// while a task uses it, and the caller may not be allowed to: an inactive revision is deleted enough.
    async fn delete(&self, operation: Operation<'_>, id: &str, spec: &Value) -> Result<(), Error> {
        self.retire(operation, id, spec).await?;
        let deletion = operation.aws.ecs.delete_task_definitions().task_definitions(id).send().await;
        if let Err(error) = deletion.map_err(|error| Error::from_sdk("ecs:DeleteTaskDefinitions", error)) {
            tracing::debug!(%error, id, "the revision stays, inactive");
        }
        Ok(())
    }

    /// Deregisters only: an execution that began before still names this revision, and AWS lets it run.
    async fn retire(&self, operation: Operation<'_>, id: &str, _spec: &Value) -> Result<(), Error> {
        const DEREGISTER: &str = "ecs:DeregisterTaskDefinition";
        let call = operation.aws.ecs.deregister_task_definition().task_definition(id).send().await;
        match call.map_err(|error| Error::from_sdk(DEREGISTER, error)) {
            Ok(_) => {}
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(()),
            // A revision that is on its way out can't be deregistered once more.
            Err(error) if error.kind == ErrorKind::Refused => {
                if describe::describe(operation.aws, id).await?.is_some() {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
