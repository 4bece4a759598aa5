"""fields.py - changes one field of a live resource of tests/fixtures/drift/stack.toml, as somebody with the AWS CLI would.

`account.py serve` answers `field NAME` by making the change, and `fields` by the list of them: for each its name, the
address of the resource, and the path at which a plan must show it; null where the resource is gone as a whole.
"""
import json

CLUSTER, ROLE, OTHER_ROLE, TASK = "drift-main", "drift-main", "drift-other", "drift-main"
LOG_GROUP = "/aws/vendedlogs/states/drift"
LOG_GROUP_ARN = f"arn:aws:logs:eu-central-1:123456789012:log-group:{LOG_GROUP}"
POLICY = "arn:aws:iam::aws:policy/"
CHANGES = {}


def change(address, path, name=None):
    def register(function):
        CHANGES[name or function.__name__] = (address, path, function)
        return function
    return register


def machine(aws):
    return next(found["stateMachineArn"] for found in aws("stepfunctions").list_state_machines()["stateMachines"])


def cluster(aws):
    include = ["TAGS", "SETTINGS", "CONFIGURATIONS"]
    return aws("ecs").describe_clusters(clusters=[CLUSTER], include=include)["clusters"][0]


def revision(aws):
    return aws("ecs").list_task_definitions(familyPrefix=TASK, status="ACTIVE", sort="DESC")["taskDefinitionArns"][0]


# ---------------------------------------------------------------- clusters

@change("cluster.main", "settings[containerInsights].value")
def cluster_setting(aws):
    aws("ecs").update_cluster_settings(cluster=CLUSTER, settings=[{"name": "containerInsights", "value": "disabled"}])


def configuration_member(path, value):
    """One member of a cluster's configuration; the CLI is given the whole of it."""
    def apply(aws):
        whole = cluster(aws)["configuration"]
        inside = whole
        for key in path[:-1]:
            inside = inside[key]
        if value is None:
            del inside[path[-1]]
        else:
            inside[path[-1]] = value
        aws("ecs").update_cluster(cluster=CLUSTER, configuration=whole)
    return apply


def snake(name):
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


EXECUTE, LOG, STORAGE = "executeCommandConfiguration", "logConfiguration", "managedStorageConfiguration"
for members, replacement in [
        ((EXECUTE, "kmsKeyId"), "key-9"), ((EXECUTE, "kmsKeyId"), None), ((EXECUTE, LOG, "cloudWatchLogGroupName"), "group-9"),
        ((EXECUTE, LOG, "cloudWatchEncryptionEnabled"), False), ((EXECUTE, LOG, "s3EncryptionEnabled"), False),
        ((EXECUTE, LOG, "s3BucketName"), "bucket-9"), ((EXECUTE, LOG, "s3KeyPrefix"), "prefix-9"), ((EXECUTE, LOG, "s3KeyPrefix"), None),
        ((STORAGE, "kmsKeyId"), "key-9"), ((STORAGE, "fargateEphemeralStorageKmsKeyId"), "key-9")]:
    shown = ".".join(["configuration", *map(snake, members)])
    change("cluster.main", shown, f"{members[-1]}_{replacement}_in_{members[-2]}")(configuration_member(members, replacement))


@change("cluster.main", "service_connect_defaults.namespace")
def cluster_namespace(aws):
    aws("ecs").update_cluster(cluster=CLUSTER, serviceConnectDefaults={"namespace": "arn:aws:servicediscovery:eu-central-1:123456789012:namespace/ns-9"})


def providers(names, **strategy):
    def apply(aws):
        whole = [{"capacityProvider": "FARGATE", "weight": 2, "base": 1, **strategy}]
        aws("ecs").put_cluster_capacity_providers(cluster=CLUSTER, capacityProviders=names, defaultCapacityProviderStrategy=whole)
    return apply


change("cluster.main", "capacity_providers[FARGATE_SPOT]", "capacity_provider_added")(providers(["FARGATE_SPOT", "FARGATE"]))
change("cluster.main", "default_capacity_provider_strategy[FARGATE].weight", "strategy_weight")(providers(["FARGATE"], weight=3))
change("cluster.main", "default_capacity_provider_strategy[FARGATE].base", "strategy_base")(providers(["FARGATE"], base=0))


# ---------------------------------------------------------------- roles

@change("role.main", "description")
def role_description(aws):
    aws("iam").update_role(RoleName=ROLE, Description="Another description", MaxSessionDuration=7200)


@change("role.main", "max_session_duration")
def role_session(aws):
    aws("iam").update_role(RoleName=ROLE, Description="The first description", MaxSessionDuration=3600)


@change("role.main", "permissions_boundary")
def role_boundary_changed(aws):
    aws("iam").put_role_permissions_boundary(RoleName=ROLE, PermissionsBoundary=POLICY + "AdministratorAccess")


@change("role.main", "permissions_boundary")
def role_boundary_removed(aws):
    aws("iam").delete_role_permissions_boundary(RoleName=ROLE)


@change("role.main", "assume_role_policy_document")
def role_trust(aws):
    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}
    aws("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(trust))


def inline(name, action):
    def apply(aws):
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
        aws("iam").put_role_policy(RoleName=ROLE, PolicyName=name, PolicyDocument=json.dumps(document))
    return apply


change("role.main", "inline_policies.read", "inline_policy_changed")(inline("read", ["s3:GetObject"]))
change("role.main", "inline_policies.more", "inline_policy_added")(inline("more", "s3:*"))


@change("role.main", "inline_policies.write")
def inline_policy_removed(aws):
    aws("iam").delete_role_policy(RoleName=ROLE, PolicyName="write")


@change("role.main", f"managed_policy_arns[{POLICY}ReadOnlyAccess]")
def attachment_added(aws):
    aws("iam").attach_role_policy(RoleName=ROLE, PolicyArn=POLICY + "ReadOnlyAccess")


@change("role.main", f"managed_policy_arns[{POLICY}AmazonS3ReadOnlyAccess]")
def attachment_removed(aws):
    aws("iam").detach_role_policy(RoleName=ROLE, PolicyArn=POLICY + "AmazonS3ReadOnlyAccess")


# ---------------------------------------------------------------- state machines

def machine_member(**members):
    def apply(aws):
        arn = machine(aws)
        described = aws("stepfunctions").describe_state_machine(stateMachineArn=arn)
        wanted = {key: value(described.get(key)) if callable(value) else value for key, value in members.items()}
        aws("stepfunctions").update_state_machine(stateMachineArn=arn, **wanted)
    return apply


def with_member(key, value):
    return lambda whole: {**whole, key: value}


GROUP = "logging_configuration.destinations[0].cloud_watch_logs_log_group.log_group_arn"
OTHER_GROUP = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/vendedlogs/states/two:*"
OTHER_DEFINITION = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"x": "1"}, "End": True}}}
for name, shown, members in [
        ("machine_role", "role_arn", {"roleArn": f"arn:aws:iam::123456789012:role/{OTHER_ROLE}"}),
        ("machine_definition", "definition", {"definition": json.dumps(OTHER_DEFINITION)}),
        ("log_level", "logging_configuration.level", {"loggingConfiguration": with_member("level", "ERROR")}),
        ("log_data", "logging_configuration.include_execution_data", {"loggingConfiguration": with_member("includeExecutionData", False)}),
        ("log_group", GROUP, {"loggingConfiguration": with_member("destinations", [{"cloudWatchLogsLogGroup": {"logGroupArn": OTHER_GROUP}}])}),
        ("tracing", "tracing_configuration.enabled", {"tracingConfiguration": {"enabled": False}}),
        ("machine_key", "encryption_configuration.kms_key_id", {"encryptionConfiguration": with_member("kmsKeyId", "key-9")}),
        ("data_key_reuse", "encryption_configuration.kms_data_key_reuse_period_seconds",
         {"encryptionConfiguration": with_member("kmsDataKeyReusePeriodSeconds", 60)})]:
    change("state_machine.main", shown, name)(machine_member(**members))


# ---------------------------------------------------------------- log groups

@change("log_group.main", "retention_in_days")
def retention_changed(aws):
    aws("logs").put_retention_policy(logGroupName=LOG_GROUP, retentionInDays=7)


@change("log_group.main", "retention_in_days")
def retention_removed(aws):
    aws("logs").delete_retention_policy(logGroupName=LOG_GROUP)


@change("log_group.main", "kms_key_id")
def log_key_changed(aws):
    aws("logs").associate_kms_key(logGroupName=LOG_GROUP, kmsKeyId="arn:aws:kms:eu-central-1:123456789012:key/9")


@change("log_group.main", "kms_key_id")
def log_key_removed(aws):
    aws("logs").disassociate_kms_key(logGroupName=LOG_GROUP)


@change("log_group.main", "deletion_protection_enabled")
def log_group_protected(aws):
    aws("logs").put_log_group_deletion_protection(logGroupIdentifier=LOG_GROUP, deletionProtectionEnabled=True)


for name, shown, made in [
        ("log_tag_changed", "tags.team", {"team": "b"}), ("log_tag_added", 'tags["cost center"]', {"cost center": "1"})]:
    change("log_group.main", shown, name)(lambda aws, made=made: aws("logs").tag_resource(resourceArn=LOG_GROUP_ARN, tags=made))
for name, key in [("log_tag_removed", "stage"), ("log_tag_of_the_stack_removed", "owner")]:
    change("log_group.main", f"tags.{key}", name)(lambda aws, key=key: aws("logs").untag_resource(resourceArn=LOG_GROUP_ARN, tagKeys=[key]))


# ---------------------------------------------------------------- tags of each

def tag_calls(service, arn, upper):
    """How a service tags and untags: IAM by its role's name, the others by ARN."""
    key, value = ("Key", "Value") if upper else ("key", "value")
    where = (lambda aws: {"RoleName": ROLE}) if upper else (lambda aws: {"resourceArn": arn(aws)})

    def tag(tags):
        call = lambda aws: aws(service).tag_role if upper else aws(service).tag_resource
        return lambda aws: call(aws)(**where(aws), **{"Tags" if upper else "tags": [{key: k, value: v} for k, v in tags.items()]})

    def untag(keys):
        call = lambda aws: aws(service).untag_role if upper else aws(service).untag_resource
        return lambda aws: call(aws)(**where(aws), **{"TagKeys" if upper else "tagKeys": keys})
    return tag, untag


for address, calls in {"cluster.main": tag_calls("ecs", lambda aws: cluster(aws)["clusterArn"], False), "role.main": tag_calls("iam", None, True),
                       "state_machine.main": tag_calls("stepfunctions", machine, False), "task_definition.main": tag_calls("ecs", revision, False)}.items():
    tag, untag = calls
    change(address, "tags.team", f"{address}_tag_changed")(tag({"team": "b"}))
    change(address, 'tags["cost center"]', f"{address}_tag_added")(tag({"cost center": "1"}))
    change(address, "tags.stage", f"{address}_tag_removed")(untag(["stage"]))
    change(address, "tags.owner", f"{address}_tag_of_the_stack_removed")(untag(["owner"]))


# ---------------------------------------------------------------- and whole resources, last

@change("task_definition.main", None)
def task_definition_deregistered(aws):
    aws("ecs").deregister_task_definition(taskDefinition=revision(aws))


@change("cluster.main", None)
def cluster_deleted(aws):
    aws("ecs").delete_cluster(cluster=CLUSTER)


@change("role.main", None)
def role_deleted(aws):
    iam = aws("iam")
    for name in iam.list_role_policies(RoleName=ROLE)["PolicyNames"]:
        iam.delete_role_policy(RoleName=ROLE, PolicyName=name)
    for policy in iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=ROLE, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=ROLE)


@change("log_group.main", None)
def log_group_deleted(aws):
    aws("logs").delete_log_group(logGroupName=LOG_GROUP)


@change("state_machine.main", None)
def machine_deleted(aws):
    aws("stepfunctions").delete_state_machine(stateMachineArn=machine(aws))


def prepare(aws):
    """The log group that one of the changes names."""
    try:
        aws("logs").create_log_group(logGroupName="/aws/vendedlogs/states/two")
    except aws("logs").exceptions.ResourceAlreadyExistsException:
        pass
