//! Creation, change and deletion of state machines.

use serde_json::{Value as Json, json};

use crate::aws::{Aws, Error, ErrorKind, JsonExchange, Patience};
use crate::resource::{Live, Operation, ResourceType};
use crate::resources::changed::is_member_changed;
use crate::resources::state_machine::{StateMachine, read, refusal};
use crate::resources::tags;
use crate::schema::{Difference, as_told_back, differences, wire};
use crate::value::{Segment, Value};

/// The members that an update can change, beside tags, and what each is where the spec leaves it out.
const CHANGEABLE: [&str; 5] =
    ["role_arn", "definition", "logging_configuration", "tracing_configuration", "encryption_configuration"];

/// Creates the machine, or makes one that an interrupted run of ours left into what is wanted.
///
/// AWS answers a creation that repeats another with success and ignores another role or other tags, so
/// what is there is looked at before and after.
pub async fn create(operation: Operation<'_>, spec: &Value) -> Result<Live, Error> {
    let aws = operation.aws;
    let name = spec.text("name").unwrap_or_default();
    let arn = StateMachine.id(name, &aws.place);
    let arn = arn.ok_or_else(|| Error::new("states:CreateStateMachine", ErrorKind::Bug, "the account or region is not known"))?;
    if let Some(live) = read::read(aws, &arn).await? {
        return adopt(operation, live, spec).await;
    }
    let mut request = wire_of(spec)?;
    request.insert("tags".to_owned(), tags::to_wire(&tags::with_ownership(spec, operation.ownership)));
    let request = Json::Object(request);
    let created = refusal::patiently(operation, &arn, spec, async || {
        let exchange = JsonExchange::sending(&request);
        let call = aws.sfn.create_state_machine().customize().interceptor(exchange).send().await;
        call.map_err(|error| Error::from_sdk("states:CreateStateMachine", error))
    })
    .await;
    match created {
        Ok(_) => {}
        Err(error) if error.kind == ErrorKind::AlreadyExists => {
            return match read::read(aws, &arn).await? {
                Some(live) => adopt(operation, live, spec).await,
                None => Err(error),
            };
        }
        Err(error) => return Err(error),
    }
    operation.progress.exists(&Live {
        id: arn.clone(),
        spec: spec.clone(),
        attributes: read::attributes(&arn, name),
        ownership: Some(tags::without_token(operation.ownership)),
    });
    let look = async || read::read(aws, &arn).await;
    let live =
        Patience::CHANGE.poll("states:DescribeStateMachine", &format!("the state machine {name} to be known"), look).await?;
    adopt(operation, live, spec).await
}

/// Makes `live` into what is wanted if it is ours.
async fn adopt(operation: Operation<'_>, live: Live, spec: &Value) -> Result<Live, Error> {
    let what = format!("the state machine {}", spec.text("name").unwrap_or_default());
    if !live.is_owned_by(operation.ownership) {
        return Err(tags::already_exists("states:CreateStateMachine", &what, live.ownership.as_ref()));
    }
    let mut differences = differences(StateMachine.schema(), Some(&live.spec), Some(&as_told_back(StateMachine.schema(), spec)));
    differences.retain(|difference| !is_write_only(difference));
    if let Some(fixed) = differences.iter().find(|difference| difference.replace) {
        return Err(tags::already_exists("states:CreateStateMachine", &what, live.ownership.as_ref())
            .help(format!("it is this stack's, but its {} is another and can't be changed", fixed.path)));
    }
    update(operation, &live, spec, &differences).await
}

/// Makes only the calls that `changes` need.
pub async fn update(operation: Operation<'_>, live: &Live, spec: &Value, changes: &[Difference]) -> Result<Live, Error> {
    let aws = operation.aws;
    update_tags(operation, live, spec).await?;
    let mut members: Vec<&str> = CHANGEABLE.into_iter().filter(|member| is_member_changed(changes, member)).collect();
    let publishes = spec.get("publish").and_then(Value::as_bool) == Some(true);
    // Publishing alone is no update to AWS: it is told the definition once more, which changes nothing.
    if members.is_empty() && publishes && changes.iter().any(is_write_only) {
        members.push("definition");
    }
    if !members.is_empty() {
        let request = Json::Object(update_request(&live.id, spec, &members, publishes)?);
        refusal::patiently(operation, &live.id, spec, async || {
            let exchange = JsonExchange::sending(&request);
            let call = aws.sfn.update_state_machine().customize().interceptor(exchange).send().await;
            call.map_err(|error| Error::from_sdk("states:UpdateStateMachine", error))
        })
        .await?;
        wait_until_seen(aws, live, spec, &members).await?;
    }
    Ok(Live { spec: spec.clone(), ownership: Some(tags::without_token(operation.ownership)), ..live.clone() })
}

async fn update_tags(operation: Operation<'_>, live: &Live, spec: &Value) -> Result<(), Error> {
    let tag_changes = tags::changes(live, spec, operation.ownership);
    if !tag_changes.removed.is_empty() {
        let request = operation.aws.sfn.untag_resource().resource_arn(&live.id).set_tag_keys(Some(tag_changes.removed));
        request.send().await.map_err(|error| Error::from_sdk("states:UntagResource", error))?;
    }
    if !tag_changes.set.is_empty() {
        let body = json!({ "resourceArn": live.id, "tags": tags::to_wire(&tag_changes.set) });
        let request = operation.aws.sfn.tag_resource().customize().interceptor(JsonExchange::sending(&body));
        request.send().await.map_err(|error| Error::from_sdk("states:TagResource", error))?;
    }
    Ok(())
}

/// An update says all of each member that it changes: what it does not say would stay.
fn update_request(arn: &str, spec: &Value, members: &[&str], publishes: bool) -> Result<serde_json::Map<String, Json>, Error> {
    let mut request = wire_of(spec)?;
    let wanted: Vec<String> = members.iter().map(|member| wire_name(member)).collect();
    request.retain(|member, _| {
        wanted.contains(member) || (publishes && ["publish", "versionDescription"].contains(&member.as_str()))
    });
    for (member, defaults) in [
        ("loggingConfiguration", json!({ "level": "OFF", "includeExecutionData": false })),
        ("tracingConfiguration", json!({ "enabled": false })),
        ("encryptionConfiguration", json!({ "type": "AWS_OWNED_KEY" })),
    ] {
        if wanted.iter().any(|wanted| wanted == member)
            && let Json::Object(mut whole) = defaults
        {
            if let Some(Json::Object(said)) = request.remove(member) {
                whole.extend(said);
            }
            request.insert(member.to_owned(), Json::Object(whole));
        }
    }
    request.insert("stateMachineArn".to_owned(), arn.into());
    Ok(request)
}

/// An update is seen some seconds after it was taken; who starts an execution until then runs the old machine.
async fn wait_until_seen(aws: &Aws, live: &Live, spec: &Value, members: &[&str]) -> Result<(), Error> {
    let look = async || {
        let Some(description) = read::describe(aws, &live.id).await? else { return Ok(None) };
        let left =
            differences(StateMachine.schema(), Some(&description.spec()), Some(&as_told_back(StateMachine.schema(), spec)));
        Ok((!members.iter().any(|member| is_member_changed(&left, member))).then_some(()))
    };
    let what = format!("{} to be as it was updated", live.id);
    Patience::CHANGE.poll("states:DescribeStateMachine", &what, look).await
}

fn is_write_only(difference: &Difference) -> bool {
    matches!(difference.path.0.first(), Some(Segment::Key(key)) if ["publish", "version_description"].contains(&key.as_str()))
}

/// The spec in AWS's spelling, without tags, which have a spelling of their own.
fn wire_of(spec: &Value) -> Result<serde_json::Map<String, Json>, Error> {
    let wire = wire::to_wire(StateMachine.schema(), spec);
    match wire.map_err(|error| Error::new("states:CreateStateMachine", ErrorKind::Bug, error.to_string()))? {
        Json::Object(mut request) => {
            request.remove("tags");
            Ok(request)
        }
        _ => Err(Error::new("states:CreateStateMachine", ErrorKind::Bug, "the spec is not a table")),
    }
}

fn wire_name(member: &str) -> String {
    StateMachine.schema().member(member).map_or_else(|| member.to_owned(), |field| wire::wire_name(member, field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_says_only_what_changed_and_that_whole() {
        let spec = Value::from(json!({
            "name": "m", "role_arn": "r", "definition": {}, "type": "EXPRESS", "version_description": "v", "publish": true,
            "logging_configuration": { "level": "ALL" },
        }));
        let request =
            |members: &[&str], publishes| Json::Object(update_request("arn", &spec, members, publishes).expect("plain"));
        assert_eq!(request(&["role_arn"], false), json!({ "roleArn": "r", "stateMachineArn": "arn" }));
        assert_eq!(
            request(&["definition"], true),
            json!({ "definition": "{}", "publish": true, "versionDescription": "v", "stateMachineArn": "arn" })
        );
        assert_eq!(
            request(&["logging_configuration", "tracing_configuration"], false),
            json!({
                "loggingConfiguration": { "level": "ALL", "includeExecutionData": false },
                "tracingConfiguration": { "enabled": false },
                "stateMachineArn": "arn",
            })
        );
    }
}
