//! Registering a revision.
//!
//! `RegisterTaskDefinition` has no client token: called twice it makes two revisions. So the SDK must not repeat it,
//! and a call without an answer is followed by a look for the revision that it may have made, which carries
//! the token of the intent as a tag.

use std::time::Duration;

use aws_sdk_ecs::config::Config;
use aws_sdk_ecs::config::retry::RetryConfig;
use serde_json::Value as Json;
use tokio::time::{Instant, sleep};

use crate::aws::{Aws, Error, ErrorKind, JsonExchange, Patience};
use crate::resource::{Live, Operation};
use crate::resources::task_definition::{describe, schema};
use crate::resources::{ecs, tags};
use crate::schema::wire;
use crate::value::Value;

const REGISTER: &str = "ecs:RegisterTaskDefinition";
/// How many calls without an answer are made up for.
const UNANSWERED_CALLS: u32 = 4;
/// What a list needs to show a revision made a moment ago.
const VISIBLE_AFTER: Duration = Duration::from_secs(1);

/// Registers `spec` once, however often it must be tried.
pub async fn register(operation: Operation<'_>, spec: &Value) -> Result<Live, Error> {
    // The short name of a role may have come from a reference, and only here is the account certain to be known.
    let spec = spec.resolve(&|reference| operation.aws.place.lookup(reference), &|_| String::new());
    let request = request(operation, &spec)?;
    let roles = roles(&spec);
    let deadline = Instant::now() + Patience::PROPAGATION.at_most;
    let mut pause = Patience::PROPAGATION.first_pause;
    let mut unanswered = 0;
    let mut reported = false;
    loop {
        let error = match call(operation.aws, &request).await {
            Ok(answer) => {
                let live = with_tags(describe::parse(REGISTER, &answer)?, operation, &spec)?;
                operation.progress.exists(&live);
                return Ok(live);
            }
            Err(error) => error,
        };
        let at_most = match error.kind {
            ErrorKind::Unanswered if unanswered < UNANSWERED_CALLS => {
                unanswered += 1;
                if let Some(live) = registered_after_all(operation, &spec, &error).await? {
                    operation.progress.exists(&live);
                    return Ok(live);
                }
                deadline.saturating_duration_since(Instant::now())
            }
            ErrorKind::Throttled => deadline.saturating_duration_since(Instant::now()),
            _ if is_about_a_role(&error) => {
                let settling = roles.iter().map(|role| operation.aws.changed_roles.settling(role)).max().unwrap_or_default();
                if settling.is_zero() {
                    return Err(explain(operation.aws, error, &roles).await);
                }
                if !reported {
                    operation.progress.waiting("ECS to see the role that was just changed", settling);
                    reported = true;
                }
                settling
            }
            _ => return Err(error),
        };
        if at_most.is_zero() {
            return Err(error);
        }
        sleep(pause.min(at_most)).await;
        pause = (pause * 2).min(Patience::PROPAGATION.longest_pause);
    }
}

async fn call(aws: &Aws, request: &Json) -> Result<Json, Error> {
    let exchange = JsonExchange::sending(request);
    let once = Config::builder().retry_config(RetryConfig::disabled());
    let call = aws.ecs.register_task_definition().customize().interceptor(exchange.clone()).config_override(once);
    call.send().await.map_err(|error| Error::from_sdk(REGISTER, error))?;
    exchange.answer(REGISTER)
}

fn request(operation: Operation<'_>, spec: &Value) -> Result<Json, Error> {
    let mut request = serde_json::Map::new();
    for (key, field) in schema().fields().filter(|(key, _)| *key != "tags") {
        if let Some(value) = ecs::member(REGISTER, schema(), spec, key)? {
            request.insert(wire::wire_name(key, field), value);
        }
    }
    let mut tags = tags::of(spec);
    tags.extend(operation.ownership.tags());
    request.insert("tags".to_owned(), tags::to_wire(&tags));
    Ok(Json::Object(request))
}

/// The answer to a registration need not repeat the tags that were sent.
fn with_tags(mut live: Live, operation: Operation<'_>, spec: &Value) -> Result<Live, Error> {
    let tags = tags::of(spec);
    if let Some(map) = live.spec.as_map_mut()
        && !tags.is_empty()
    {
        map.insert("tags".to_owned(), tags::to_value(tags));
    }
    live.spec = crate::resource::normalise(&super::TaskDefinition, &live.spec);
    live.ownership = Some(operation.ownership.clone());
    Ok(live)
}

/// The revision that a call without an answer made. Without a token it can't be told from another.
async fn registered_after_all(operation: Operation<'_>, spec: &Value, error: &Error) -> Result<Option<Live>, Error> {
    let uncertain = |why: &str| Err(error.clone().help(format!("a revision may have been registered: {why}")));
    if operation.ownership.token.is_none() {
        return uncertain("look for it with `aws ecs list-task-definitions` before you try again");
    }
    sleep(VISIBLE_AFTER).await;
    let family = spec.text("family").unwrap_or_default();
    match describe::find(operation.aws, family, operation.ownership).await {
        Ok(found) => Ok(found),
        Err(_) => uncertain("the next run looks for it, and takes it over"),
    }
}

/// The roles that a spec passes to ECS.
fn roles(spec: &Value) -> Vec<String> {
    ["task_role_arn", "execution_role_arn"].iter().filter_map(|key| spec.text(key)).map(str::to_owned).collect()
}

/// Refusals that speak of a role, which ECS may not have seen yet.
fn is_about_a_role(error: &Error) -> bool {
    let message = error.message.to_lowercase();
    message.contains("role is not valid") || (error.kind == ErrorKind::AccessDenied && message.contains("iam:passrole"))
}

/// Says which role is meant, and whether it exists.
async fn explain(aws: &Aws, mut error: Error, roles: &[String]) -> Error {
    let is_denied = error.kind == ErrorKind::AccessDenied;
    if is_denied {
        // What is lacking is not the permission that the usual help names.
        let passed = if roles.is_empty() { "the role".to_owned() } else { roles.join(" and ") };
        error.help = vec![format!("the caller needs the permission iam:PassRole on {passed}")];
    }
    for role in roles {
        let name = role.rsplit('/').next().unwrap_or(role);
        let is_here = match role.strip_prefix("arn:") {
            Some(arn) => arn.split(':').nth(3) == aws.place.account_id.as_deref(),
            None => true,
        };
        if !is_here {
            error = error.help(format!("{role} is a role of another account, which ECS does not take"));
            continue;
        }
        let found = aws.iam.get_role().role_name(name).send().await.map_err(|error| Error::from_sdk("iam:GetRole", error));
        error = match found {
            Err(missing) if missing.kind == ErrorKind::NotFound => error.help(format!("the role {role} does not exist")),
            Ok(found) if found.role().is_some_and(|found| role.starts_with("arn:") && found.arn() != role) => {
                let arn = found.role().map(|found| found.arn().to_owned()).unwrap_or_default();
                error.help(format!("there is no {role}, but a role of that name at another path: {arn}"))
            }
            _ if is_denied => error,
            _ => error.help(format!("check the role {role}: its trust policy must let ecs-tasks.amazonaws.com assume it")),
        };
    }
    error
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;
    use crate::resource::{Ownership, Progress};
    use crate::resources::stand_in::{Reply, StandIn};

    struct Silent;

    impl Progress for Silent {
        fn exists(&self, _live: &Live) {}
        fn waiting(&self, _what: &str, _at_most: Duration) {}
    }

    fn spec() -> Value {
        let container = json!({ "name": "a", "image": "i", "memory": 64 });
        Value::from(json!({
            "family": "report",
            "execution_role_arn": "arn:aws:iam::123456789012:role/worker",
            "container_definitions": [container],
        }))
    }

    /// Revision 1 as `DescribeTaskDefinition` and `RegisterTaskDefinition` tell it.
    fn revision(request: &Json) -> Json {
        let mut definition = request.clone();
        definition["taskDefinitionArn"] = json!("arn:aws:ecs:eu-west-1:123456789012:task-definition/report:1");
        definition["revision"] = json!(1);
        definition["status"] = json!("ACTIVE");
        json!({ "taskDefinition": definition, "tags": request["tags"] })
    }

    async fn run(reply: impl FnMut(&str, &Json) -> Reply + Send + 'static) -> (Result<Live, Error>, Vec<String>) {
        let stand_in = StandIn::start(reply);
        let ownership = Ownership { stack: "s".into(), address: "task_definition.a".into(), token: Some("t1".into()) };
        let operation = Operation {
            aws: &stand_in.aws(),
            ownership: &ownership,
            teardown: &crate::resource::Teardown::default(),
            progress: &Silent,
        };
        (register(operation, &spec()).await, stand_in.calls())
    }

    #[tokio::test]
    async fn a_lost_answer_does_not_register_twice() {
        let made = Mutex::new(None);
        let (live, calls) = run(move |action, request| {
            let mut made = made.lock().expect("no other thread has panicked");
            match action {
                "RegisterTaskDefinition" => {
                    *made = Some(revision(request));
                    Reply::Hangup
                }
                "ListTaskDefinitions" => Reply::Json(
                    200,
                    json!({ "taskDefinitionArns": ["arn:aws:ecs:eu-west-1:123456789012:task-definition/report:1"] }),
                ),
                _ => Reply::Json(200, made.clone().unwrap_or_default()),
            }
        })
        .await;
        let live = live.expect("it is found");
        assert!(live.id.ends_with("report:1"));
        assert_eq!(live.ownership.and_then(|owner| owner.token).as_deref(), Some("t1"));
        assert_eq!(calls, ["RegisterTaskDefinition", "ListTaskDefinitions", "DescribeTaskDefinition"]);
    }

    #[tokio::test]
    async fn another_creation_is_not_taken_for_this_one() {
        let mut first = true;
        let (live, calls) = run(move |action, request| match action {
            "RegisterTaskDefinition" if std::mem::take(&mut first) => Reply::Hangup,
            "RegisterTaskDefinition" => Reply::Json(200, revision(request)),
            "ListTaskDefinitions" => Reply::Json(200, json!({ "taskDefinitionArns": ["arn:aws:ecs:eu-west-1:1:task-definition/report:9"] })),
            _ => {
                let tags = json!([{ "key": Ownership::STACK, "value": "s" }, { "key": Ownership::ADDRESS, "value": "task_definition.a" }, { "key": Ownership::TOKEN, "value": "older" }]);
                Reply::Json(200, revision(&json!({ "family": "report", "tags": tags })))
            }
        })
        .await;
        assert!(live.is_ok());
        assert_eq!(calls.iter().filter(|call| *call == "RegisterTaskDefinition").count(), 2);
    }

    #[tokio::test]
    async fn a_role_that_was_not_just_made_is_an_error_at_once() {
        let (live, calls) = run(|action, _| match action {
            "RegisterTaskDefinition" => Reply::Json(400, json!({ "__type": "ClientException", "message": "Role is not valid" })),
            _ => {
                Reply::Xml(404, "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>none</Message></Error></ErrorResponse>")
            }
        })
        .await;
        let error = live.expect_err("the role is missing");
        assert_eq!(error.help, ["the role arn:aws:iam::123456789012:role/worker does not exist"]);
        assert_eq!(calls, ["RegisterTaskDefinition", "GetRole"]);
    }
}
