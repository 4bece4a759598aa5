//! Task definitions where others name them: a family alone, with a revision, or with a wildcard for it. And what they name
//! by less than an ARN.

use aws_sdk_ecs::types::TaskDefinitionFamilyStatus;

use crate::arn;
use crate::aws::{Aws, Error};
use crate::place::Place;
use crate::resource::{Mention, Piece, ResourceType, TerraformNames};
use crate::resources::task_definition::TaskDefinition;
use crate::value::{Path, Segment, Value};

pub static TERRAFORM: TerraformNames = TerraformNames { resource: "aws_ecs_task_definition", parts: &[] };

const PREFIX: &str = "task-definition/";

/// The task definitions that `text` names by ARN.
pub fn mentions(text: &str, place: &Place) -> Vec<Mention> {
    let arns = arn::find(text).into_iter().filter(|arn| arn.is_of("ecs", place.region.as_deref(), place));
    let mention = |arn: arn::Arn<'_>| {
        let family = arn.name_after(PREFIX, is_allowed).filter(|family| arn::ends_or_goes_on(text, family.end, ':'))?;
        read(text, arn.start(), family.start, place)
    };
    arns.filter_map(mention).collect()
}

/// The task definition of which `name` is the family, or family and revision.
pub fn by_name(name: &str, place: &Place) -> Option<Mention> {
    let mention = read(name, 0, 0, place)?;
    let end = mention.pieces.iter().map(|piece| piece.range.end).max()?;
    (end == name.len()).then_some(mention)
}

/// `FAMILY` or `FAMILY:REVISION` at `start` of `text`, in an ARN that begins at `arn_start`.
fn read(text: &str, arn_start: usize, start: usize, place: &Place) -> Option<Mention> {
    let length = |from: usize, allowed: fn(char) -> bool| {
        let rest = text.get(from..)?;
        Some(rest.find(|character| !allowed(character)).unwrap_or(rest.len())).filter(|length| *length > 0)
    };
    let family = start..start + length(start, is_allowed)?;
    let revision = text.get(family.end..).filter(|rest| rest.starts_with(':')).and_then(|_| {
        let start = family.end + 1;
        let range = start..start + length(start, |character| character.is_ascii_digit())?;
        arn::ends_at(text, range.end).then_some(range)
    });
    let named = text.get(family.start..revision.as_ref().map_or(family.end, |revision| revision.end))?;
    let mut pieces = vec![Piece { range: family, attribute: "family" }];
    if let Some(revision) = revision {
        let whole = Piece { range: arn_start..revision.end, attribute: "arn" };
        pieces.insert(0, whole);
        pieces.push(Piece { range: revision, attribute: "revision" });
    }
    Some(Mention { id: TaskDefinition.id(named, place)?, pieces })
}

/// Where a container gives the name of the log group that it logs to.
pub fn bare_names(spec: &Value) -> Vec<(Path, &'static str)> {
    let containers = spec.get("container_definitions").map(Value::items).unwrap_or_default().iter().enumerate();
    let logging = containers.filter(|(_, container)| {
        container.get("log_configuration").is_some_and(|logs| logs.text("log_driver") == Some("awslogs"))
    });
    let path = |index| {
        let container = Path::key("container_definitions").join(Segment::Index(index));
        container.join_key("log_configuration").join_key("options").join_key("awslogs-group")
    };
    logging.map(|(index, _)| (path(index), "log_group")).collect()
}

fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_".contains(character)
}

/// Each family of the region that has an active revision; its id stands for the latest.
pub async fn list(aws: &Aws) -> Result<Vec<String>, Error> {
    let (mut families, mut next) = (Vec::new(), None);
    loop {
        let request = aws.ecs.list_task_definition_families().status(TaskDefinitionFamilyStatus::Active);
        let page = request.set_next_token(next).send().await;
        let page = page.map_err(|error| Error::from_sdk("ecs:ListTaskDefinitionFamilies", error))?;
        families.extend(page.families.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            return Ok(families.iter().filter_map(|family| TaskDefinition.id(family, &aws.place)).collect());
        }
    }
}
