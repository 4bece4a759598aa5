use serde_json::{Value as Json, json};

use super::*;
use crate::document::permissions::{Cause, Condition, judge, managed_policy};
use crate::template::Template;

const TASK: &str = "arn:aws:ecs:eu-central-1:123456789012:task-definition/report:*";
const ROLE: &str = "arn:aws:iam::123456789012:role/task";

/// `ecs:runTask`, as it is derived.
fn needs() -> Vec<Need> {
    let need = |action: &str, target: Target, passed_to: Option<&'static str>| Need {
        action: action.to_owned(),
        target,
        conditions: passed_to.map(Condition::passed_to).into_iter().collect(),
        is_certain: true,
        cause: Cause { path: Path::default(), who: None, reason: String::new() },
    };
    let on = |arn: &str| Target::All(vec![Value::string(arn)]);
    vec![
        need("ecs:RunTask", on(TASK), None),
        need("iam:PassRole", on(ROLE), Some("ecs-tasks.amazonaws.com")),
        need("ecs:StopTask", Target::Whole, None),
        need("s3:GetObject", on("arn:aws:s3:::in/*"), None),
        need("s3:PutObject", on("arn:aws:s3:::out/*"), None),
    ]
}

fn sampler() -> Sampler<'static> {
    Sampler { lookup: &|_| None, region: Some("eu-central-1".to_owned()) }
}

/// The tree of `json`, in which texts are templates.
fn read(json: Json) -> Value {
    Value::from(json).map_leaves(&mut |leaf| match leaf.as_str().map(Template::parse) {
        Some(Ok(template)) if template.as_literal().is_none() => Value::Pending(template),
        _ => leaf.clone(),
    })
}

fn granted(statements: Json) -> Granted {
    let document = read(json!({ "Version": "2012-10-17", "Statement": statements }));
    Granted { policies: vec![GrantedPolicy::written(Path::key("p"), &document, &sampler())], ..Granted::default() }
}

fn judged(granted: &Granted) -> (Vec<String>, Vec<String>) {
    let excess = beyond_need(granted, &needs(), &sampler());
    let told = |it: Beyond| match it.needed {
        Some(needed) => format!("{} | {} | {needed}", it.path, it.granted),
        None => format!("{} | {}", it.path, it.granted),
    };
    (excess.beyond.into_iter().map(told).collect(), excess.undecided.into_iter().collect())
}

fn allow(action: Json, resource: Json) -> Json {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

#[test]
fn what_is_beyond_need() {
    let run = "ecs:RunTask on arn:aws:ecs:eu-central-1:123456789012:task-definition/report:*";
    let passed = json!({ "StringEquals": { "iam:PassedToService": "ecs-tasks.amazonaws.com" } });
    let pass = json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE, "Condition": passed });
    let cases: Vec<(Json, Vec<String>)> = vec![
        // Exactly, and less than that.
        (json!([allow(json!("ecs:RunTask"), json!(TASK)), allow(json!(["ecs:StopTask"]), json!("*")), pass]), vec![]),
        (allow(json!("ecs:RunTask"), json!("arn:aws:ecs:eu-central-1:123456789012:task-definition/report:7")), vec![]),
        (allow(json!("ECS:runtask"), json!(TASK)), vec![]),
        (allow(json!("ecs:StopTask"), json!("arn:aws:ecs:eu-central-1:123456789012:task/main/*")), vec![]),
        // Another action, at its own place.
        (
            allow(json!(["ecs:RunTask", "ecs:StartTask"]), json!(TASK)),
            vec![format!("p.Statement.Action[1] | ecs:StartTask on {TASK}")],
        ),
        (json!([allow(json!("sns:Publish"), json!("*"))]), vec!["p.Statement[0].Action | sns:Publish on *".to_owned()]),
        // Wildcards in actions and in resources.
        (allow(json!("ecs:*"), json!("*")), vec![format!("p.Statement.Action | ecs:* on * | ecs:StopTask on *; {run}")]),
        (allow(json!("ecs:RunTask"), json!("*")), vec![format!("p.Statement.Action | ecs:RunTask on * | {run}")]),
        (
            allow(json!("ecs:RunTask"), json!("arn:aws:ecs:eu-central-1:123456789012:task-definition/*")),
            vec![format!("p.Statement.Action | ecs:RunTask on arn:aws:ecs:eu-central-1:123456789012:task-definition/* | {run}")],
        ),
        // Another resource.
        (
            allow(json!("ecs:RunTask"), json!([TASK, "arn:aws:ecs:eu-central-1:123456789012:task-definition/other:*"])),
            vec![
                "p.Statement.Resource[1] | ecs:RunTask on arn:aws:ecs:eu-central-1:123456789012:task-definition/other:*"
                    .to_owned(),
            ],
        ),
        // Two actions on two resources: each is needed on one of them. What is of another service means nothing.
        (
            allow(json!(["s3:GetObject", "s3:PutObject"]), json!(["arn:aws:s3:::in/*", "arn:aws:s3:::out/*"])),
            vec![
                "p.Statement.Action[0] | s3:GetObject on arn:aws:s3:::out/* | s3:GetObject on arn:aws:s3:::in/*".to_owned(),
                "p.Statement.Action[1] | s3:PutObject on arn:aws:s3:::in/* | s3:PutObject on arn:aws:s3:::out/*".to_owned(),
            ],
        ),
        (allow(json!(["ecs:RunTask", "s3:GetObject"]), json!([TASK, "arn:aws:s3:::in/*"])), vec![]),
        // A role that anybody may be handed.
        (
            allow(json!("iam:PassRole"), json!(ROLE)),
            vec![format!(
                "p.Statement.Action | iam:PassRole on {ROLE} to every service | iam:PassRole on {ROLE} to ecs-tasks.amazonaws.com"
            )],
        ),
        (
            json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE, "Condition": { "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } } }),
            vec![format!("p.Statement.Action | iam:PassRole on {ROLE}")],
        ),
        // The forms that take out.
        (
            json!({ "Effect": "Allow", "NotAction": "iam:*", "Resource": TASK }),
            vec![format!("p.Statement.NotAction | all but iam:* on {TASK} | ecs:StopTask on *; {run}")],
        ),
        (
            json!({ "Effect": "Allow", "Action": "ecs:RunTask", "NotResource": "arn:aws:ecs:*:*:task-definition/secret:*" }),
            vec![format!("p.Statement.Action | ecs:RunTask on all but arn:aws:ecs:*:*:task-definition/secret:* | {run}")],
        ),
        // What is denied is not allowed.
        (json!([allow(json!("sns:Publish"), json!("*")), { "Effect": "Deny", "Action": "sns:*", "Resource": "*" }]), vec![]),
    ];
    for (statements, wanted) in cases {
        assert_eq!(judged(&granted(statements.clone())), (wanted, Vec::new()), "{statements:#}");
        nothing_needed_goes_with_it(&statements);
    }
}

/// Without what nothing is said to need, each need is granted or missing as before.
fn nothing_needed_goes_with_it(statements: &Json) {
    let before = granted(statements.clone());
    let verdicts = |granted: &Granted| needs().iter().map(|need| judge(need, granted, &sampler())).collect::<Vec<_>>();
    for beyond in beyond_need(&before, &needs(), &sampler()).beyond.iter().filter(|it| it.needed.is_none()) {
        let mut document = before.policies[0].written.to_plain().expect("all of it is known");
        let pointer = beyond.path.json_pointer();
        let (list, index) = pointer.trim_start_matches("/p").rsplit_once('/').expect("a member of a statement");
        match (document.pointer_mut(list), index.parse::<usize>()) {
            (Some(Json::Array(items)), Ok(index)) => _ = items.remove(index),
            // The only one: the statement goes with it.
            (Some(statement), _) => *statement = json!({}),
            (None, _) => panic!("there is no {list} in {document:#}"),
        }
        let after = granted(document["Statement"].clone());
        assert_eq!(verdicts(&after), verdicts(&before), "{pointer} of {statements:#}");
    }
}

#[test]
fn what_cannot_be_decided() {
    let narrowed =
        |granted: &str| vec![format!("{granted}: a condition, a Deny, its boundary or what is not known here may narrow it")];
    let condition = json!({ "ArnLike": { "ecs:cluster": "arn:aws:ecs:*:*:cluster/main" } });
    let cases = [
        (
            json!({ "Effect": "Allow", "Action": "ecs:RunTask", "Resource": "*", "Condition": condition }),
            narrowed("ecs:RunTask on *"),
        ),
        (
            json!([allow(json!("ecs:*"), json!("*")), { "Effect": "Deny", "Action": "ecs:Delete*", "Resource": "*" }]),
            narrowed("ecs:* on *"),
        ),
        (
            allow(json!("ecs:RunTask"), json!("${data.task_definition.other.arn}")),
            vec!["ecs:RunTask on ${data.task_definition.other.arn}: it is not known here what that is".to_owned()],
        ),
    ];
    for (statements, wanted) in cases {
        assert_eq!(judged(&granted(statements.clone())), (Vec::new(), wanted), "{statements:#}");
    }
    // A Deny of something else plays no part.
    let statements = json!([allow(json!("ecs:*"), json!("*")), { "Effect": "Deny", "Action": "s3:*", "Resource": "*" }]);
    assert_eq!(judged(&granted(statements)).0.len(), 1);
    let wide = || granted(allow(json!(["ecs:*", "sns:Publish"]), json!("*")));
    let unknown = Granted { has_unknown_boundary: true, ..wide() };
    assert_eq!((judged(&unknown).0.len(), judged(&unknown).1.len()), (0, 1));
    // Within a boundary that is known, what it leaves out is not granted.
    let boundary = Some(Value::from(json!({ "Statement": allow(json!("ecs:*"), json!("*")) })));
    let bounded = Granted { boundary, ..wide() };
    assert_eq!(judged(&bounded), (Vec::new(), narrowed("ecs:* on *")));
}

#[test]
fn managed_policies() {
    let attached = |name: &str| {
        let arn = format!("arn:aws:iam::aws:policy/{name}");
        let document = managed_policy(&arn).expect("it is known");
        judged(&Granted { policies: vec![GrantedPolicy::managed(Path::key("m"), arn, document)], ..Granted::default() }).0
    };
    let all = "ecs:RunTask on arn:aws:ecs:eu-central-1:123456789012:task-definition/report:*";
    assert_eq!(attached("AmazonSNSFullAccess"), ["m | all of AmazonSNSFullAccess"]);
    let told = attached("AmazonECS_FullAccess");
    assert!(told.len() == 1 && told[0].starts_with("m | all of AmazonECS_FullAccess | ") && told[0].contains(all), "{told:?}");
    assert_eq!(attached("AdministratorAccess").len(), 1);
    let unknown = Granted { unknown: vec!["arn:aws:iam::123456789012:policy/own".to_owned()], ..Granted::default() };
    assert_eq!(judged(&unknown).1, ["what this allows is not known here: arn:aws:iam::123456789012:policy/own"]);
}

#[test]
fn what_is_derived_is_never_beyond_need() {
    let made = crate::document::permissions::statements(&needs());
    let statements: Vec<Value> = made.iter().map(crate::document::permissions::Statement::document).collect();
    let document = Value::Map([("Statement".to_owned(), Value::List(statements))].into_iter().collect());
    let granted = Granted { policies: vec![GrantedPolicy::written(Path::key("p"), &document, &sampler())], ..Granted::default() };
    assert_eq!(judged(&granted), (Vec::new(), Vec::new()));
}
