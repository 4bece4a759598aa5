//! The optimised integrations, as AWS's documentation of each tells what the machine's role must be allowed to do.

use crate::document::permissions::integrations::{Grant, On, Row};
use crate::document::permissions::names::Form;

const ID: &str = "AWS makes its id when it begins";
const EMR: &str = "elasticmapreduce";
const SAGEMAKER: &str = "sagemaker";

pub const ROWS: &[Row] = &[
    // What the task definition brings with it is added in `machine.rs`.
    sync(
        "ecs:runTask",
        &[
            Grant {
                actions: &["ecs:RunTask"],
                on: On::Named("TaskDefinition", Form::Revisions { service: "ecs", prefix: "task-definition/" }),
            },
            if_set(&["ecs:TagResource"], "Tags|PropagateTags|EnableECSManagedTags"),
            pass("Overrides.TaskRoleArn|Overrides.ExecutionRoleArn", "ecs-tasks.amazonaws.com"),
        ],
        &[untold(&["ecs:StopTask", "ecs:DescribeTasks"], ID)],
        "StepFunctionsGetEventsForECSTaskRule",
    ),
    plain(
        "lambda:invoke",
        &[Grant {
            actions: &["lambda:InvokeFunction"],
            on: On::Named("FunctionName", Form::Versioned { service: "lambda", prefix: "function:" }),
        }],
    ),
    plain("sns:publish", &[on(&["sns:Publish"], "TopicArn|TargetArn", "sns", "")]),
    plain("sqs:sendMessage", &[Grant { actions: &["sqs:SendMessage"], on: On::Named("QueueUrl", Form::QueueUrl) }]),
    plain("dynamodb:getItem", &[on(&["dynamodb:GetItem"], "TableName", "dynamodb", "table/")]),
    plain("dynamodb:putItem", &[on(&["dynamodb:PutItem"], "TableName", "dynamodb", "table/")]),
    plain("dynamodb:updateItem", &[on(&["dynamodb:UpdateItem"], "TableName", "dynamodb", "table/")]),
    plain("dynamodb:deleteItem", &[on(&["dynamodb:DeleteItem"], "TableName", "dynamodb", "table/")]),
    sync(
        "batch:submitJob",
        &[
            Grant {
                actions: &["batch:SubmitJob"],
                on: On::Named("JobDefinition", Form::Revisions { service: "batch", prefix: "job-definition/" }),
            },
            on(&["batch:SubmitJob"], "JobQueue", "batch", "job-queue/"),
            if_set(&["batch:TagResource"], "Tags"),
        ],
        &[all(&["batch:DescribeJobs"]), untold(&["batch:TerminateJob"], ID)],
        "StepFunctionsGetEventsForBatchJobsRule",
    ),
    polled(
        "glue:startJobRun",
        &[on(&["glue:StartJobRun"], "JobName", "glue", "job/")],
        &[on(&["glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"], "JobName", "glue", "job/")],
    ),
    sync(
        "states:startExecution",
        &[on(&["states:StartExecution"], "StateMachineArn", "states", "stateMachine:")],
        &[Grant {
            actions: &["states:DescribeExecution", "states:StopExecution"],
            on: On::Named("StateMachineArn", Form::Executions),
        }],
        "StepFunctionsGetEventsForStepFunctionsExecutionRule",
    ),
    sync(
        "codebuild:startBuild",
        &[on(&["codebuild:StartBuild"], "ProjectName", "codebuild", "project/")],
        &[
            on(&["codebuild:StopBuild", "codebuild:BatchGetBuilds"], "ProjectName", "codebuild", "project/"),
            perhaps(&["codebuild:BatchGetReports"], "the build names its reports"),
        ],
        "StepFunctionsGetEventForCodeBuildStartBuildRule",
    ),
    sync(
        "codebuild:startBuildBatch",
        &[on(&["codebuild:StartBuildBatch"], "ProjectName", "codebuild", "project/")],
        &[on(&["codebuild:StopBuildBatch", "codebuild:BatchGetBuildBatches"], "ProjectName", "codebuild", "project/")],
        "StepFunctionsGetEventForCodeBuildStartBuildBatchRule",
    ),
    plain("codebuild:stopBuild", &[untold(&["codebuild:StopBuild"], ID)]),
    plain("codebuild:batchDeleteBuilds", &[untold(&["codebuild:BatchDeleteBuilds"], ID)]),
    plain("codebuild:batchGetReports", &[untold(&["codebuild:BatchGetReports"], ID)]),
    plain("codebuild:stopBuildBatch", &[untold(&["codebuild:StopBuildBatch"], ID)]),
    plain("codebuild:retryBuildBatch", &[untold(&["codebuild:RetryBuildBatch"], ID)]),
    plain("codebuild:deleteBuildBatch", &[untold(&["codebuild:DeleteBuildBatch"], ID)]),
    sync(
        "sagemaker:createTrainingJob",
        &[
            on(&["sagemaker:CreateTrainingJob"], "TrainingJobName", SAGEMAKER, "training-job/"),
            pass("RoleArn", "sagemaker.amazonaws.com"),
            if_set(&["sagemaker:AddTags"], "Tags"),
        ],
        &[
            on(
                // Step Functions tags a job that it waits for, here and below.
                &["sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob", "sagemaker:AddTags"],
                "TrainingJobName",
                SAGEMAKER,
                "training-job/",
            ),
            untold(&["sagemaker:ListTags"], ID),
        ],
        "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    ),
    sync(
        "sagemaker:createTransformJob",
        &[
            on(&["sagemaker:CreateTransformJob"], "TransformJobName", SAGEMAKER, "transform-job/"),
            if_set(&["sagemaker:AddTags"], "Tags"),
        ],
        &[
            on(
                &["sagemaker:DescribeTransformJob", "sagemaker:StopTransformJob", "sagemaker:AddTags"],
                "TransformJobName",
                SAGEMAKER,
                "transform-job/",
            ),
            untold(&["sagemaker:ListTags"], ID),
        ],
        "StepFunctionsGetEventsForSageMakerTransformJobsRule",
    ),
    sync(
        "sagemaker:createProcessingJob",
        &[
            on(&["sagemaker:CreateProcessingJob"], "ProcessingJobName", SAGEMAKER, "processing-job/"),
            pass("RoleArn", "sagemaker.amazonaws.com"),
            if_set(&["sagemaker:AddTags"], "Tags"),
        ],
        &[
            on(
                &["sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob", "sagemaker:AddTags"],
                "ProcessingJobName",
                SAGEMAKER,
                "processing-job/",
            ),
            untold(&["sagemaker:ListTags"], ID),
        ],
        "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
    ),
    sync(
        "sagemaker:createHyperParameterTuningJob",
        &[
            on(
                &["sagemaker:CreateHyperParameterTuningJob"],
                "HyperParameterTuningJobName",
                SAGEMAKER,
                "hyper-parameter-tuning-job/",
            ),
            pass("TrainingJobDefinition.RoleArn", "sagemaker.amazonaws.com"),
            if_set(&["sagemaker:AddTags"], "Tags"),
        ],
        &[
            on(
                &["sagemaker:DescribeHyperParameterTuningJob", "sagemaker:StopHyperParameterTuningJob", "sagemaker:AddTags"],
                "HyperParameterTuningJobName",
                SAGEMAKER,
                "hyper-parameter-tuning-job/",
            ),
            untold(&["sagemaker:ListTags"], ID),
        ],
        "StepFunctionsGetEventsForSageMakerTuningJobsRule",
    ),
    sync(
        "sagemaker:createLabelingJob",
        &[
            on(&["sagemaker:CreateLabelingJob"], "LabelingJobName", SAGEMAKER, "labeling-job/"),
            pass("RoleArn", "sagemaker.amazonaws.com"),
            if_set(&["sagemaker:AddTags"], "Tags"),
        ],
        &[
            on(
                &["sagemaker:DescribeLabelingJob", "sagemaker:StopLabelingJob", "sagemaker:AddTags"],
                "LabelingJobName",
                SAGEMAKER,
                "labeling-job/",
            ),
            untold(&["sagemaker:ListTags"], ID),
        ],
        "StepFunctionsGetEventsForSageMakerLabelingJobsRule",
    ),
    plain(
        "sagemaker:createModel",
        &[
            on(&["sagemaker:CreateModel"], "ModelName", SAGEMAKER, "model/"),
            pass("ExecutionRoleArn", "sagemaker.amazonaws.com"),
            if_set(&["sagemaker:AddTags"], "Tags"),
        ],
    ),
    plain(
        "sagemaker:createEndpointConfig",
        &[
            on(&["sagemaker:CreateEndpointConfig"], "EndpointConfigName", SAGEMAKER, "endpoint-config/"),
            if_set(&["sagemaker:AddTags"], "Tags"),
        ],
    ),
    plain(
        "sagemaker:createEndpoint",
        &[
            on(&["sagemaker:CreateEndpoint"], "EndpointName", SAGEMAKER, "endpoint/"),
            on(&["sagemaker:CreateEndpoint"], "EndpointConfigName", SAGEMAKER, "endpoint-config/"),
            if_set(&["sagemaker:AddTags"], "Tags"),
        ],
    ),
    plain(
        "sagemaker:updateEndpoint",
        &[
            on(&["sagemaker:UpdateEndpoint"], "EndpointName", SAGEMAKER, "endpoint/"),
            on(&["sagemaker:UpdateEndpoint"], "EndpointConfigName", SAGEMAKER, "endpoint-config/"),
        ],
    ),
    sync(
        "elasticmapreduce:createCluster",
        &[
            untold(&["elasticmapreduce:RunJobFlow"], ID),
            pass("ServiceRole", "elasticmapreduce.amazonaws.com"),
            pass("JobFlowRole", "ec2.amazonaws.com"),
            pass("AutoScalingRole", "application-autoscaling.amazonaws.com"),
            if_set(&["elasticmapreduce:AddTags"], "Tags"),
        ],
        &[
            untold(&["elasticmapreduce:DescribeCluster", "elasticmapreduce:TerminateJobFlows"], ID),
            perhaps(&["elasticmapreduce:AddTags"], ID),
        ],
        "StepFunctionsGetEventForEMRRunJobFlowRule",
    ),
    sync(
        "elasticmapreduce:terminateCluster",
        &[on(&["elasticmapreduce:TerminateJobFlows"], "ClusterId", EMR, "cluster/")],
        &[on(&["elasticmapreduce:DescribeCluster"], "ClusterId", EMR, "cluster/")],
        "StepFunctionsGetEventForEMRTerminateJobFlowsRule",
    ),
    sync(
        "elasticmapreduce:addStep",
        &[
            on(&["elasticmapreduce:AddJobFlowSteps"], "ClusterId", EMR, "cluster/"),
            pass("Step.ExecutionRoleArn|ExecutionRoleArn", "elasticmapreduce.amazonaws.com"),
        ],
        &[on(&["elasticmapreduce:DescribeStep", "elasticmapreduce:CancelSteps"], "ClusterId", EMR, "cluster/")],
        "StepFunctionsGetEventForEMRAddJobFlowStepsRule",
    ),
    plain("elasticmapreduce:cancelStep", &[on(&["elasticmapreduce:CancelSteps"], "ClusterId", EMR, "cluster/")]),
    plain(
        "elasticmapreduce:setClusterTerminationProtection",
        &[on(&["elasticmapreduce:SetTerminationProtection"], "ClusterId", EMR, "cluster/")],
    ),
    plain(
        "elasticmapreduce:modifyInstanceFleetByName",
        &[on(&["elasticmapreduce:ModifyInstanceFleet", "elasticmapreduce:ListInstanceFleets"], "ClusterId", EMR, "cluster/")],
    ),
    plain(
        "elasticmapreduce:modifyInstanceGroupByName",
        &[on(&["elasticmapreduce:ModifyInstanceGroups", "elasticmapreduce:ListInstanceGroups"], "ClusterId", EMR, "cluster/")],
    ),
    plain("emr-containers:createVirtualCluster", &[all(&["emr-containers:CreateVirtualCluster"])]),
    polled(
        "emr-containers:deleteVirtualCluster",
        &[on(&["emr-containers:DeleteVirtualCluster"], "Id", "emr-containers", "/virtualclusters/")],
        &[on(&["emr-containers:DescribeVirtualCluster"], "Id", "emr-containers", "/virtualclusters/")],
    ),
    polled(
        "emr-containers:startJobRun",
        &[on(&["emr-containers:StartJobRun"], "VirtualClusterId", "emr-containers", "/virtualclusters/")],
        &[within(
            &["emr-containers:DescribeJobRun", "emr-containers:CancelJobRun"],
            "VirtualClusterId",
            "emr-containers",
            "/virtualclusters/",
            "/jobruns/*",
        )],
    ),
    polled(
        "emr-serverless:createApplication",
        &[all(&["emr-serverless:CreateApplication"])],
        &[untold(&["emr-serverless:GetApplication", "emr-serverless:DeleteApplication"], ID)],
    ),
    sync(
        "emr-serverless:startApplication",
        &[on(&["emr-serverless:StartApplication"], "ApplicationId", "emr-serverless", "/applications/")],
        &[on(
            &["emr-serverless:GetApplication", "emr-serverless:StopApplication"],
            "ApplicationId",
            "emr-serverless",
            "/applications/",
        )],
        "StepFunctionsGetEventsForEMRServerlessApplicationRule",
    ),
    sync(
        "emr-serverless:stopApplication",
        &[on(&["emr-serverless:StopApplication"], "ApplicationId", "emr-serverless", "/applications/")],
        &[on(&["emr-serverless:GetApplication"], "ApplicationId", "emr-serverless", "/applications/")],
        "StepFunctionsGetEventsForEMRServerlessApplicationRule",
    ),
    polled(
        "emr-serverless:deleteApplication",
        &[on(&["emr-serverless:DeleteApplication"], "ApplicationId", "emr-serverless", "/applications/")],
        &[on(&["emr-serverless:GetApplication"], "ApplicationId", "emr-serverless", "/applications/")],
    ),
    sync(
        "emr-serverless:startJobRun",
        &[
            on(&["emr-serverless:StartJobRun"], "ApplicationId", "emr-serverless", "/applications/"),
            pass("ExecutionRoleArn", "emr-serverless.amazonaws.com"),
        ],
        &[within(
            &["emr-serverless:GetJobRun", "emr-serverless:CancelJobRun"],
            "ApplicationId",
            "emr-serverless",
            "/applications/",
            "/jobruns/*",
        )],
        "StepFunctionsGetEventsForEMRServerlessJobRule",
    ),
    polled(
        "emr-serverless:cancelJobRun",
        &[untold(&["emr-serverless:CancelJobRun"], ID)],
        &[untold(&["emr-serverless:GetJobRun"], ID)],
    ),
    // The data that a query touches is told by its text alone.
    polled(
        "athena:startQueryExecution",
        &[
            on(&["athena:StartQueryExecution"], "WorkGroup", "athena", "workgroup/"),
            untold(&["athena:GetDataCatalog"], "the query names its catalogs"),
            untold(&["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"], "the query names its tables"),
            untold(
                &[
                    "s3:GetBucketLocation",
                    "s3:GetObject",
                    "s3:ListBucket",
                    "s3:PutObject",
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                ],
                "the query names its tables, and the workgroup where results go",
            ),
            perhaps(
                &[
                    "glue:GetDatabases",
                    "glue:GetTables",
                    "glue:GetPartition",
                    "glue:BatchGetPartition",
                    "lakeformation:GetDataAccess",
                    "s3:ListBucketMultipartUploads",
                ],
                "the query names its tables",
            ),
        ],
        &[on(&["athena:GetQueryExecution", "athena:StopQueryExecution"], "WorkGroup", "athena", "workgroup/")],
    ),
    plain("athena:getQueryExecution", &[untold(&["athena:GetQueryExecution"], ID)]),
    plain("athena:stopQueryExecution", &[untold(&["athena:StopQueryExecution"], ID)]),
    plain(
        "athena:getQueryResults",
        &[untold(&["athena:GetQueryResults"], ID), untold(&["s3:GetObject"], "the workgroup tells where results are")],
    ),
    plain(
        "bedrock:invokeModel",
        &[
            untold(&["bedrock:InvokeModel"], "a model's id leads to models and inference profiles of several regions"),
            object(&["s3:GetObject"], "Input.S3Uri"),
            object(&["s3:PutObject"], "Output.S3Uri"),
        ],
    ),
    polled(
        "bedrock:createModelCustomizationJob",
        &[
            untold(&["bedrock:CreateModelCustomizationJob"], ID),
            pass("RoleArn", "bedrock.amazonaws.com"),
            if_set(&["bedrock:TagResource"], "JobTags|CustomModelTags"),
        ],
        &[untold(&["bedrock:GetModelCustomizationJob", "bedrock:StopModelCustomizationJob"], ID)],
    ),
    sync(
        "mediaconvert:createJob",
        &[
            untold(&["mediaconvert:CreateJob"], "queue, template and presets are told by the job"),
            pass("Role", "mediaconvert.amazonaws.com"),
        ],
        &[untold(&["mediaconvert:GetJob", "mediaconvert:CancelJob"], ID)],
        "StepFunctionsGetEventsForMediaConvertJobRule",
    ),
    polled(
        "databrew:startJobRun",
        &[on(&["databrew:StartJobRun"], "Name", "databrew", "job/")],
        &[on(&["databrew:ListJobRuns", "databrew:StopJobRun"], "Name", "databrew", "job/")],
    ),
    polled(
        "eks:createCluster",
        &[on(&["eks:CreateCluster"], "Name", "eks", "cluster/"), pass("RoleArn", "eks.amazonaws.com")],
        &[on(&["eks:DescribeCluster", "eks:DeleteCluster"], "Name", "eks", "cluster/")],
    ),
    polled(
        "eks:deleteCluster",
        &[on(&["eks:DeleteCluster"], "Name", "eks", "cluster/")],
        &[on(&["eks:DescribeCluster"], "Name", "eks", "cluster/")],
    ),
    polled(
        "eks:createNodegroup",
        &[
            on(&["eks:CreateNodegroup"], "ClusterName", "eks", "cluster/"),
            pass("NodeRole", "eks.amazonaws.com"),
            untold(&["ec2:DescribeSubnets"], "EC2 has nothing narrower"),
        ],
        &[untold(&["eks:DescribeNodegroup", "eks:DeleteNodegroup"], ID)],
    ),
    polled("eks:deleteNodegroup", &[untold(&["eks:DeleteNodegroup"], ID)], &[untold(&["eks:DescribeNodegroup"], ID)]),
    polled(
        "eks:createFargateProfile",
        &[
            on(&["eks:CreateFargateProfile"], "ClusterName", "eks", "cluster/"),
            pass("PodExecutionRoleArn", "eks-fargate-pods.amazonaws.com"),
        ],
        &[untold(&["eks:DescribeFargateProfile", "eks:DeleteFargateProfile"], ID)],
    ),
    polled(
        "eks:deleteFargateProfile",
        &[untold(&["eks:DeleteFargateProfile"], ID)],
        &[untold(&["eks:DescribeFargateProfile"], ID)],
    ),
    // Kubernetes decides what these may do.
    plain("eks:call", &[]),
    plain("eks:runJob", &[]),
];

const fn on(actions: &'static [&'static str], argument: &'static str, service: &'static str, prefix: &'static str) -> Grant {
    Grant { actions, on: On::Named(argument, Form::Name { service, prefix }) }
}

const fn all(actions: &'static [&'static str]) -> Grant {
    Grant { actions, on: On::Whole }
}

const fn untold(actions: &'static [&'static str], reason: &'static str) -> Grant {
    Grant { actions, on: On::Untold(reason) }
}

const fn pass(arguments: &'static str, service: &'static str) -> Grant {
    Grant { actions: &["iam:PassRole"], on: On::Passed(arguments, service) }
}

const fn if_set(actions: &'static [&'static str], argument: &'static str) -> Grant {
    Grant { actions, on: On::IfSet(argument) }
}

const fn object(actions: &'static [&'static str], argument: &'static str) -> Grant {
    Grant { actions, on: On::Object(argument) }
}

const fn perhaps(actions: &'static [&'static str], reason: &'static str) -> Grant {
    Grant { actions, on: On::Perhaps(reason) }
}

const fn within(
    actions: &'static [&'static str],
    argument: &'static str,
    service: &'static str,
    prefix: &'static str,
    suffix: &'static str,
) -> Grant {
    Grant { actions, on: On::Named(argument, Form::Within { service, prefix, suffix }) }
}

const fn plain(call: &'static str, grants: &'static [Grant]) -> Row {
    Row { call, grants, sync: &[], rule: None }
}

const fn sync(call: &'static str, grants: &'static [Grant], sync: &'static [Grant], rule: &'static str) -> Row {
    Row { call, grants, sync, rule: Some(rule) }
}

const fn polled(call: &'static str, grants: &'static [Grant], sync: &'static [Grant]) -> Row {
    Row { call, grants, sync, rule: None }
}
