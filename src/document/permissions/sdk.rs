//! What IAM calls the actions behind `aws-sdk:SERVICE:ACTION`: mostly, but not always, the API's own name.

use crate::document::permissions::names::Form;

/// The actions that `service` (as Step Functions spells it) wants for `call`.
pub fn actions(service: &str, call: &str) -> Vec<String> {
    let name = capitalised(call);
    if let Some((_, _, actions)) = EXCEPTIONS.iter().find(|(of, exception, _)| *of == service && *exception == name) {
        return actions.iter().map(|action| (*action).to_owned()).collect();
    }
    if let Some(method) = method_of_api_gateway(service, &name) {
        return vec![format!("apigateway:{method}")];
    }
    let prefix = PREFIXES.iter().find(|(of, _)| *of == service).map_or(service, |(_, prefix)| prefix);
    vec![format!("{prefix}:{name}")]
}

/// The argument that names what `action` is done on, for the services where one does it for nearly all calls.
pub fn target(action: &str) -> Option<(&'static str, Form)> {
    let service = action.split(':').next()?;
    TARGETS.iter().find(|(of, _, _)| *of == action || *of == service).map(|(_, argument, form)| (*argument, *form))
}

/// The arguments by which `call` of `service` names what it is done on.
pub fn target_of(service: &str, call: &str) -> Vec<(&'static str, Form)> {
    actions(service, call).iter().filter_map(|action| target(action)).collect()
}

fn capitalised(call: &str) -> String {
    let mut characters = call.chars();
    characters.next().map(|first| first.to_ascii_uppercase().to_string() + characters.as_str()).unwrap_or_default()
}

/// The management of API Gateway is allowed by the method of HTTP.
fn method_of_api_gateway(service: &str, name: &str) -> Option<&'static str> {
    if !matches!(service, "apigateway" | "apigatewayv2") {
        return None;
    }
    let methods =
        [("Get", "GET"), ("Delete", "DELETE"), ("Update", "PATCH"), ("Put", "PUT"), ("Tag", "PUT"), ("Untag", "DELETE")];
    Some(methods.iter().find(|(verb, _)| name.starts_with(verb)).map_or("POST", |(_, method)| method))
}

/// Where the service's name in Step Functions is not its prefix in IAM.
const PREFIXES: &[(&str, &str)] = &[
    ("accessanalyzer", "access-analyzer"),
    ("acmpca", "acm-pca"),
    ("apigatewaymanagementapi", "execute-api"),
    ("applicationautoscaling", "application-autoscaling"),
    ("applicationinsights", "applicationinsights"),
    ("autoscalingplans", "autoscaling-plans"),
    ("bedrockagent", "bedrock"),
    ("bedrockagentruntime", "bedrock"),
    ("bedrockruntime", "bedrock"),
    ("cloudsearchdomain", "cloudsearch"),
    ("cloudwatchevents", "events"),
    ("cloudwatchlogs", "logs"),
    ("codegurureviewer", "codeguru-reviewer"),
    ("codestarconnections", "codestar-connections"),
    ("codestarnotifications", "codestar-notifications"),
    ("cognitoidentity", "cognito-identity"),
    ("cognitoidentityprovider", "cognito-idp"),
    ("cognitosync", "cognito-sync"),
    ("computeoptimizer", "compute-optimizer"),
    ("costandusagereport", "cur"),
    ("costexplorer", "ce"),
    ("customerprofiles", "profile"),
    ("databasemigration", "dms"),
    ("devopsguru", "devops-guru"),
    ("directory", "ds"),
    ("dynamodbstreams", "dynamodb"),
    ("ecrpublic", "ecr-public"),
    ("efs", "elasticfilesystem"),
    ("elasticloadbalancingv2", "elasticloadbalancing"),
    ("elasticsearch", "es"),
    ("emr", "elasticmapreduce"),
    ("emrcontainers", "emr-containers"),
    ("emrserverless", "emr-serverless"),
    ("eventbridge", "events"),
    ("globalaccelerator", "globalaccelerator"),
    ("iotdataplane", "iot"),
    ("iotjobsdataplane", "iotjobsdata"),
    ("kinesisanalyticsv2", "kinesisanalytics"),
    ("lexmodelbuilding", "lex"),
    ("lexmodelsv2", "lex"),
    ("lexruntime", "lex"),
    ("lexruntimev2", "lex"),
    ("lookoutvision", "lookoutvision"),
    ("managedblockchain", "managedblockchain"),
    ("mediapackagevod", "mediapackage-vod"),
    ("migrationhub", "mgh"),
    ("mwaa", "airflow"),
    ("networkfirewall", "network-firewall"),
    ("opensearch", "es"),
    ("personalizeevents", "personalize"),
    ("personalizeruntime", "personalize"),
    ("pinpoint", "mobiletargeting"),
    ("pinpointemail", "ses"),
    ("rdsdata", "rds-data"),
    ("redshiftdata", "redshift-data"),
    ("resourcegroups", "resource-groups"),
    ("resourcegroupstaggingapi", "tag"),
    ("s3control", "s3"),
    ("sagemakera2iruntime", "sagemaker"),
    ("sagemakerfeaturestoreruntime", "sagemaker"),
    ("sagemakerruntime", "sagemaker"),
    ("servicequotas", "servicequotas"),
    ("sesv2", "ses"),
    ("sfn", "states"),
    ("ssmcontacts", "ssm-contacts"),
    ("ssmincidents", "ssm-incidents"),
    ("storagegateway", "storagegateway"),
    ("timestreamquery", "timestream"),
    ("timestreamwrite", "timestream"),
    ("voiceid", "voiceid"),
    ("wafregional", "waf-regional"),
];

/// Where the action is not called as the API's call, or is more than one.
const EXCEPTIONS: &[(&str, &str, &[&str])] = &[
    ("apigatewaymanagementapi", "PostToConnection", &["execute-api:ManageConnections"]),
    ("apigatewaymanagementapi", "GetConnection", &["execute-api:ManageConnections"]),
    ("apigatewaymanagementapi", "DeleteConnection", &["execute-api:ManageConnections"]),
    ("bedrockruntime", "Converse", &["bedrock:InvokeModel"]),
    (
        "dynamodb",
        "BatchExecuteStatement",
        &["dynamodb:PartiQLSelect", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete"],
    ),
    (
        "dynamodb",
        "ExecuteStatement",
        &["dynamodb:PartiQLSelect", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete"],
    ),
    (
        "dynamodb",
        "ExecuteTransaction",
        &["dynamodb:PartiQLSelect", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete"],
    ),
    ("dynamodb", "TransactGetItems", &["dynamodb:GetItem"]),
    (
        "dynamodb",
        "TransactWriteItems",
        &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"],
    ),
    ("kms", "ReEncrypt", &["kms:ReEncryptFrom", "kms:ReEncryptTo"]),
    ("lambda", "Invoke", &["lambda:InvokeFunction"]),
    ("lambda", "InvokeAsync", &["lambda:InvokeFunction"]),
    ("s3", "AbortMultipartUpload", &["s3:AbortMultipartUpload"]),
    ("s3", "CompleteMultipartUpload", &["s3:PutObject"]),
    ("s3", "CopyObject", &["s3:GetObject", "s3:PutObject"]),
    ("s3", "CreateMultipartUpload", &["s3:PutObject"]),
    ("s3", "DeleteBucketEncryption", &["s3:PutEncryptionConfiguration"]),
    ("s3", "DeleteBucketLifecycle", &["s3:PutLifecycleConfiguration"]),
    ("s3", "DeleteBucketTagging", &["s3:PutBucketTagging"]),
    ("s3", "DeleteObjects", &["s3:DeleteObject"]),
    ("s3", "GetBucketEncryption", &["s3:GetEncryptionConfiguration"]),
    ("s3", "GetBucketLifecycleConfiguration", &["s3:GetLifecycleConfiguration"]),
    ("s3", "GetBucketReplication", &["s3:GetReplicationConfiguration"]),
    ("s3", "GetObjectLockConfiguration", &["s3:GetBucketObjectLockConfiguration"]),
    ("s3", "HeadBucket", &["s3:ListBucket"]),
    ("s3", "HeadObject", &["s3:GetObject"]),
    ("s3", "ListBuckets", &["s3:ListAllMyBuckets"]),
    ("s3", "ListMultipartUploads", &["s3:ListBucketMultipartUploads"]),
    ("s3", "ListObjectVersions", &["s3:ListBucketVersions"]),
    ("s3", "ListObjects", &["s3:ListBucket"]),
    ("s3", "ListObjectsV2", &["s3:ListBucket"]),
    ("s3", "ListParts", &["s3:ListMultipartUploadParts"]),
    ("s3", "PutBucketEncryption", &["s3:PutEncryptionConfiguration"]),
    ("s3", "PutBucketLifecycleConfiguration", &["s3:PutLifecycleConfiguration"]),
    ("s3", "PutBucketNotificationConfiguration", &["s3:PutBucketNotification"]),
    ("s3", "PutBucketReplication", &["s3:PutReplicationConfiguration"]),
    ("s3", "SelectObjectContent", &["s3:GetObject"]),
    ("s3", "UploadPart", &["s3:PutObject"]),
    ("s3", "UploadPartCopy", &["s3:GetObject", "s3:PutObject"]),
    ("sns", "PublishBatch", &["sns:Publish"]),
    ("sqs", "ChangeMessageVisibilityBatch", &["sqs:ChangeMessageVisibility"]),
    ("sqs", "DeleteMessageBatch", &["sqs:DeleteMessage"]),
    ("sqs", "SendMessageBatch", &["sqs:SendMessage"]),
];

const fn name(service: &'static str, prefix: &'static str) -> Form {
    Form::Name { service, prefix }
}

/// By action or by service: what names the target. An action whose argument is missing has `*`.
const TARGETS: &[(&str, &str, Form)] = &[
    ("dynamodb", "TableName", name("dynamodb", "table/")),
    ("ecs:RunTask", "TaskDefinition", Form::Revisions { service: "ecs", prefix: "task-definition/" }),
    ("lambda", "FunctionName", Form::Versioned { service: "lambda", prefix: "function:" }),
    ("sns", "TopicArn|TargetArn", name("sns", "")),
    ("sqs", "QueueUrl", Form::QueueUrl),
    ("states", "StateMachineArn", name("states", "stateMachine:")),
    ("kinesis", "StreamARN|StreamName", name("kinesis", "stream/")),
    ("firehose", "DeliveryStreamName", name("firehose", "deliverystream/")),
    ("glue:StartCrawler", "Name", name("glue", "crawler/")),
    ("glue:StartJobRun", "JobName", name("glue", "job/")),
];
