//! State machines as AWS tells them.

use futures::StreamExt;
use serde_json::Value as Json;

use crate::aws::error::optional;
use crate::aws::{Aws, Error, JsonExchange};
use crate::resource::ResourceType;
use crate::resource::{self, Attributes, Live, Ownership};
use crate::resources::state_machine::StateMachine;
use crate::resources::tags::{self, Tags};
use crate::schema::wire;
use crate::value::Value;

const CONCURRENT_READS: usize = 10;

/// A state machine's description in AWS's words.
#[derive(Clone, Debug)]
pub struct Description(Json);

impl Description {
    /// Whether it goes away as soon as its executions have ended.
    pub fn is_deleting(&self) -> bool {
        self.0.get("status").and_then(Json::as_str) == Some("DELETING")
    }

    /// Its spec in normal form, without tags.
    pub fn spec(&self) -> Value {
        resource::normalise(&StateMachine, &wire::from_wire(StateMachine.schema(), &self.0))
    }

    fn text(&self, member: &str) -> &str {
        self.0.get(member).and_then(Json::as_str).unwrap_or_default()
    }
}

/// What is live of the state machines `ids`, in their order.
pub async fn read_many(aws: &Aws, ids: &[String]) -> Vec<Result<Option<Live>, Error>> {
    let mut reads = Vec::with_capacity(ids.len());
    for id in ids {
        let (aws, id) = (aws.clone(), id.clone());
        reads.push(async move { read(&aws, &id).await });
    }
    futures::stream::iter(reads).buffered(CONCURRENT_READS).collect().await
}

/// One state machine. One that is being deleted is not there.
pub async fn read(aws: &Aws, arn: &str) -> Result<Option<Live>, Error> {
    let (description, tags) = futures::join!(describe(aws, arn), tags_of(aws, arn));
    let Some(description) = description?.filter(|description| !description.is_deleting()) else { return Ok(None) };
    Ok(optional(tags)?.map(|tags| live(&description, tags)))
}

/// The description, whatever the machine's status.
pub async fn describe(aws: &Aws, arn: &str) -> Result<Option<Description>, Error> {
    let exchange = JsonExchange::listening();
    let request = aws.sfn.describe_state_machine().state_machine_arn(arn);
    let answer = request.customize().interceptor(exchange.clone()).send().await;
    let answer = optional(answer.map_err(|error| Error::from_sdk("states:DescribeStateMachine", error)))?;
    answer.map(|_| exchange.answer("states:DescribeStateMachine").map(Description)).transpose()
}

async fn tags_of(aws: &Aws, arn: &str) -> Result<Tags, Error> {
    let exchange = JsonExchange::listening();
    let request = aws.sfn.list_tags_for_resource().resource_arn(arn);
    let answer = request.customize().interceptor(exchange.clone()).send().await;
    answer.map_err(|error| Error::from_sdk("states:ListTagsForResource", error))?;
    Ok(tags::from_wire(exchange.answer("states:ListTagsForResource")?.get("tags")))
}

/// Which of the state machines `ids` carry the tag of `stack`: a call for each, and none for its definition.
pub async fn marked(aws: &Aws, ids: &[String], stack: &str) -> Result<Vec<String>, Error> {
    let mut reads = Vec::with_capacity(ids.len());
    for id in ids {
        let (aws, id) = (aws.clone(), id.clone());
        reads.push(async move { optional(tags_of(&aws, &id).await).map(|tags| (id, tags.unwrap_or_default())) });
    }
    let told: Vec<_> = futures::stream::iter(reads).buffered(CONCURRENT_READS).collect().await;
    let told = told.into_iter().collect::<Result<Vec<_>, Error>>()?;
    let is_marked = |tags: &Tags| tags.get(Ownership::STACK).is_some_and(|found| found == stack);
    Ok(told.into_iter().filter(|(_, tags)| is_marked(tags)).map(|(id, _)| id).collect())
}

fn live(description: &Description, mut machine_tags: Tags) -> Live {
    let ownership = Ownership::split_off(&mut machine_tags);
    let mut spec = description.spec();
    if let Some(map) = spec.as_map_mut() {
        map.insert("tags".to_owned(), tags::to_value(machine_tags));
    }
    let (arn, name) = (description.text("stateMachineArn"), description.text("name"));
    Live { id: arn.to_owned(), spec: resource::normalise(&StateMachine, &spec), attributes: attributes(arn, name), ownership }
}

/// The attributes of a state machine.
pub fn attributes(arn: &str, name: &str) -> Attributes {
    Attributes::from([("arn".to_owned(), Value::string(arn)), ("name".to_owned(), Value::string(name))])
}
