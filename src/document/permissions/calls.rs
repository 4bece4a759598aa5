//! What calls of `aws-sdk` need.

use crate::document::permissions::given::{Given, given};
use crate::document::permissions::machine::{Found, named};
use crate::document::permissions::names::{self, Form};
use crate::document::permissions::{Target, arn, global_arn, sdk, text, value};
use crate::value::Value;

/// What a call of `aws-sdk` needs: mostly the action of its name, on what an argument names.
pub(super) fn of_sdk(service: &str, call: &str, arguments: Option<&Value>, found: &mut Found) {
    for action in sdk::actions(service, call) {
        let is_versioned = matches!(action.as_str(), "s3:GetObject" | "s3:DeleteObject" | "s3:GetObjectTagging")
            && (given(arguments, "VersionId") != Given::Absent
                || matches!(given(arguments, "CopySource"), Given::Known(source) if source.to_string().contains("?versionId=")));
        let target = match (action.split_once(':'), sdk::target(&action)) {
            // What a copy reads is not where it writes to.
            (Some(("s3", "GetObject")), _) if matches!(call, "copyObject" | "uploadPartCopy") => {
                named("CopySource", Form::Object, arguments)
            }
            (Some(("s3", call)), _) => bucket_target(call, arguments),
            (Some(("dynamodb", "BatchGetItem" | "BatchWriteItem")), _) => tables(arguments),
            (Some(("dynamodb", "Query" | "Scan")), Some((argument, form))) => {
                with_index(named(argument, form, arguments), arguments)
            }
            (_, Some((argument, form))) => named(argument, form, arguments),
            _ => Target::Untold(format!("no argument of {action} is known to name its target")),
        };
        let action = match is_versioned {
            true => action.replacen("Object", "ObjectVersion", 1),
            false => action,
        };
        found.add(&[&action], &target);
    }
    if matches!(service, "redshiftdata" | "rdsdata") {
        of_credentials(service, call, arguments, found);
    }
}

/// The tables of a batch, which are the keys of its items.
fn tables(arguments: Option<&Value>) -> Target {
    match arguments.and_then(|arguments| arguments.get("RequestItems")) {
        Some(Value::Map(items)) if !items.is_empty() && !items.keys().any(|name| name.ends_with(".$")) => {
            let arns = items.keys().map(|name| match name.starts_with("arn:") {
                true => Value::string(name.as_str()),
                false => arn("dynamodb", [text(format!("table/{name}"))]),
            });
            Target::All(arns.collect())
        }
        _ => Target::Untold("`RequestItems` is known only when the state runs".to_owned()),
    }
}

/// An index is allowed by its own ARN.
fn with_index(table: Target, arguments: Option<&Value>) -> Target {
    let index = match given(arguments, "IndexName") {
        Given::Absent => return table,
        Given::Known(name) => name.as_literal().unwrap_or("*").to_owned(),
        Given::Dynamic => "*".to_owned(),
    };
    match table {
        Target::All(tables) => {
            let indexes: Vec<Value> = tables.iter().map(|table| names::with_suffix(table, &format!("/index/{index}"))).collect();
            Target::All(tables.into_iter().chain(indexes).collect())
        }
        other => other,
    }
}

/// The APIs for data sign in to the database: with a secret, or with credentials that they ask for on the way.
fn of_credentials(service: &str, call: &str, arguments: Option<&Value>, found: &mut Found) {
    if given(arguments, "SecretArn") != Given::Absent {
        let secret = named("SecretArn", Form::Name { service: "secretsmanager", prefix: "secret:" }, arguments);
        return found.add(&["secretsmanager:GetSecretValue"], &secret);
    }
    let is_signed_in = ["executeStatement", "batchExecuteStatement", "describeTable"].contains(&call)
        || ["listDatabases", "listSchemas", "listTables"].contains(&call);
    if service != "redshiftdata" || !is_signed_in {
        return;
    }
    let part = |argument: &str| match given(arguments, argument) {
        Given::Known(name) => name.as_literal().unwrap_or("*").to_owned(),
        Given::Dynamic | Given::Absent => "*".to_owned(),
    };
    let cluster = part("ClusterIdentifier");
    if let Given::Known(_) | Given::Dynamic = given(arguments, "WorkgroupName") {
        let workgroup = match given(arguments, "WorkgroupName") {
            Given::Known(name) if names::is_arn(&name) => Target::All(vec![value(name)]),
            _ => Target::Untold("the ARN of a workgroup holds an id".to_owned()),
        };
        found.add(&["redshift-serverless:GetCredentials"], &workgroup);
    } else if given(arguments, "DbUser") != Given::Absent {
        let (user, database) = (part("DbUser"), part("Database"));
        let resources = [format!("dbuser:{cluster}/{user}"), format!("dbname:{cluster}/{database}")];
        let target = Target::All(resources.map(|resource| arn("redshift", [text(resource)])).to_vec());
        found.add(&["redshift:GetClusterCredentials"], &target);
    } else if given(arguments, "ClusterIdentifier") != Given::Absent {
        let target = Target::All(vec![arn("redshift", [text(format!("dbname:{cluster}/*"))])]);
        found.add(&["redshift:GetClusterCredentialsWithIAM"], &target);
    }
}

/// The bucket, or what is in it.
pub(super) fn bucket_target(call: &str, arguments: Option<&Value>) -> Target {
    if call == "ListAllMyBuckets" {
        return Target::Whole;
    }
    let Given::Known(bucket) = given(arguments, "Bucket") else {
        return Target::Untold("`Bucket` is known only when the state runs".to_owned());
    };
    let is_of_objects = call.contains("Object") || call.contains("MultipartUpload") && !call.starts_with("ListBucket");
    let mut parts = bucket.parts().to_vec();
    if is_of_objects && !call.contains("Bucket") {
        parts.push(text("/"));
        match given(arguments, "Key") {
            Given::Known(key) => parts.extend(key.parts().iter().cloned()),
            Given::Dynamic | Given::Absent => parts.push(text("*")),
        }
    }
    Target::All(vec![global_arn("s3", parts)])
}
