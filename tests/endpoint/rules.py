"""rules.py - what AWS does and moto does not, one function each. strictness.py calls them around moto.

Every text of a refusal is AWS's own, since a provisioner decides by it whether to try again.
"""
import json
import re
import time
import urllib.parse

from moto.ecs.models import EC2ContainerServiceBackend
from moto.logs.models import logs_backends

from strictness import ACCOUNT, KNOBS, Refusal, after, allows, before, memory, now_seconds, role_age_ms, role_seen, roles, statements, trusts

# ================================================================ ECS clusters


def cluster_of(call, name):
    """An ACTIVE cluster, whole; None if there is none."""
    answer = call.ask("DescribeClusters", clusters=[name], include=["TAGS", "SETTINGS", "CONFIGURATIONS"])
    return next((cluster for cluster in answer["clusters"] if cluster["status"] == "ACTIVE"), None) if answer else None


@before("ecs", "CreateCluster")
def creating_again_changes_nothing(call):
    name = call.parameters.get("clusterName", "default")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", name):
        raise Refusal("InvalidParameterException", "Invalid cluster name.")
    refuse_bad_tags(call.parameters)
    cluster = cluster_of(call, name)
    return {"cluster": cluster} if cluster else None


@before("ecs", "DescribeClusters")
def at_most_a_hundred(call):
    if len(call.parameters.get("clusters") or []) > 100:
        raise Refusal("InvalidParameterException", "Clusters cannot have more than 100 elements.")


@after("ecs", "DescribeClusters")
def only_what_is_included(call, answer):
    include = call.parameters.get("include") or []
    for cluster in answer["clusters"]:
        for member, name in (("settings", "SETTINGS"), ("configuration", "CONFIGURATIONS"), ("tags", "TAGS")):
            if name not in include:
                cluster.pop(member, None)
    return answer


@after("ecs", "ListClusters")
def deleted_clusters_are_not_listed(call, answer):
    answer["clusterArns"] = [arn for arn in answer["clusterArns"] if cluster_of(call, arn)]
    return answer


def services_of(call, cluster):
    arns = (call.ask("ListServices", cluster=cluster) or {}).get("serviceArns")
    return (call.ask("DescribeServices", cluster=cluster, services=arns) or {}).get("services", []) if arns else []


@after("ecs", "ListServices")
def deleted_services_are_not_listed(call, answer):
    gone = {service["serviceArn"] for service in services_of(call, call.parameters.get("cluster", "default")) if service.get("status") != "ACTIVE"}
    return {**answer, "serviceArns": [arn for arn in answer["serviceArns"] if arn not in gone]}


@before("ecs", "DeleteCluster")
def a_cluster_in_use_stays(call):
    name = call.parameters.get("cluster", "default")
    if not cluster_of(call, name):
        raise Refusal("ClusterNotFoundException", "Cluster not found.")
    arns = (call.ask("ListTasks", cluster=name) or {}).get("taskArns")
    tasks = (call.ask("DescribeTasks", cluster=name, tasks=arns) or {}).get("tasks", []) if arns else []
    if any(service.get("status") == "ACTIVE" for service in services_of(call, name)):
        raise Refusal("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
    if any(task.get("lastStatus") != "STOPPED" for task in tasks):
        raise Refusal("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")


@before("ecs", "UpdateClusterSettings")
def update_cluster_settings(call):
    cluster = cluster_of(call, call.parameters.get("cluster", "default"))
    if not cluster:
        raise Refusal("ClusterNotFoundException", "Cluster not found.")
    settings = {setting["name"]: setting["value"] for setting in cluster.get("settings") or []}
    settings.update({setting["name"]: setting["value"] for setting in call.parameters.get("settings") or []})
    call.ask("UpdateCluster", cluster=cluster["clusterName"], settings=[{"name": name, "value": value} for name, value in settings.items()])
    return {"cluster": cluster_of(call, cluster["clusterName"])}


@before("ecs", "TagResource")
def tags_of_the_request(call):
    refuse_bad_tags(call.parameters)


def refuse_bad_tags(parameters):
    tags = parameters.get("tags")
    if tags == []:
        raise Refusal("InvalidParameterException", "Tags can not be empty.")
    if any(tag.get("key", "").lower().startswith("aws:") for tag in tags or []):
        raise Refusal("InvalidParameterException", "Tag keys starting with 'aws:' are reserved for system use.")


# ================================================================ ECS task definitions

GIB = 1024
FARGATE = {256: [512, 1 * GIB, 2 * GIB], 512: range(1 * GIB, 4 * GIB + 1, GIB), 1024: range(2 * GIB, 8 * GIB + 1, GIB),
           2048: range(4 * GIB, 16 * GIB + 1, GIB), 4096: range(8 * GIB, 30 * GIB + 1, GIB),
           8192: range(16 * GIB, 60 * GIB + 1, 4 * GIB), 16384: range(32 * GIB, 120 * GIB + 1, 8 * GIB)}
fault_injection = memory()      # ARN of a revision -> enableFaultInjection, which moto drops


@before("ecs", "RegisterTaskDefinition")
def registering_is_checked_and_completed(call):
    wanted = call.parameters
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,255}", wanted.get("family") or ""):
        raise Refusal("ClientException", "Family should not be null, and must match [0-9A-Za-z_-]{1,255}.")
    refuse_bad_tags(wanted)
    containers = wanted.get("containerDefinitions") or []
    names = [container.get("name") for container in containers]
    if len(set(names)) < len(names):
        raise Refusal("ClientException", "Container names must be unique within a task definition.")
    if containers and not any(container.get("essential", True) for container in containers):
        raise Refusal("ClientException", "At least one container must be marked as essential.")
    for key, unit, factor in (("cpu", "vcpu", 1024), ("memory", "gb", GIB)):
        if wanted.get(key) is not None:
            wanted[key] = in_units(str(wanted[key]), unit, factor)
    if "FARGATE" in (wanted.get("requiresCompatibilities") or []):
        refuse_bad_fargate(wanted)
    for key in ("taskRoleArn", "executionRoleArn"):
        role = wanted.get(key)
        if role and role_seen(role if role.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{role}", KNOBS["ecs_lag_ms"]) is None:
            raise Refusal("ClientException", "Role is not valid")
    for container in containers:
        complete_container(container, wanted.get("networkMode"))


def in_units(text, unit, factor):
    """`1 vCPU` is 1024 and `1GB` is 1024; AWS gives back the number."""
    match = re.fullmatch(rf"\s*([\d.]+)\s*{unit}\s*", text, re.IGNORECASE)
    return str(int(float(match.group(1)) * factor)) if match else text


def refuse_bad_fargate(wanted):
    if wanted.get("networkMode") != "awsvpc":
        raise Refusal("ClientException", "Fargate only supports network mode 'awsvpc'.")
    if not wanted.get("cpu") or not wanted.get("memory"):
        raise Refusal("ClientException", "Fargate requires task definition to have cpu and memory at the task level.")
    if int(wanted["memory"]) not in FARGATE.get(int(wanted["cpu"]), []):
        raise Refusal("ClientException", f"No Fargate configuration exists for given values: {wanted['cpu']} CPU, {wanted['memory']} memory.")


def complete_container(container, network_mode):
    """What AWS fills in, and the order it does not keep."""
    for key in ("environment", "mountPoints", "portMappings", "volumesFrom", "systemControls"):
        container.setdefault(key, [])
    container.setdefault("cpu", 0)
    container.setdefault("essential", True)
    unique = {variable.get("name"): variable for variable in container["environment"]}
    container["environment"] = sorted(unique.values(), key=lambda variable: str(variable.get("name")), reverse=True)
    if container.get("secrets"):
        container["secrets"] = sorted(container["secrets"], key=lambda secret: str(secret.get("name")), reverse=True)
    for mapping in container["portMappings"]:
        mapping.setdefault("protocol", "tcp")
        mapping.setdefault("hostPort", mapping.get("containerPort", 0) if network_mode in ("awsvpc", "host") else 0)
    if container.get("healthCheck"):
        for key, value in (("interval", 30), ("timeout", 5), ("retries", 3)):
            container["healthCheck"].setdefault(key, value)


@after("ecs", "RegisterTaskDefinition")
def registering_answers_with_tags(call, answer):
    definition = answer["taskDefinition"]
    definition.pop("tags", None)
    if call.parameters.get("tags"):
        answer["tags"] = call.parameters["tags"]
    if "enableFaultInjection" in call.parameters:
        fault_injection[definition["taskDefinitionArn"]] = call.parameters["enableFaultInjection"]
    return with_fault_injection(call, answer)


@before("ecs", "DescribeTaskDefinition")
def a_family_means_its_latest_active_revision(call):
    name = call.parameters.get("taskDefinition", "").rsplit("/", 1)[-1]
    if ":" not in name:
        active = (call.ask("ListTaskDefinitions", familyPrefix=name, status="ACTIVE") or {}).get("taskDefinitionArns", [])
        if not active:
            raise Refusal("ClientException", "Unable to describe task definition.")
        call.parameters["taskDefinition"] = max(active, key=lambda arn: int(arn.rsplit(":", 1)[-1]))


@after("ecs", "DescribeTaskDefinition")
def with_fault_injection(call, answer):
    definition = answer["taskDefinition"]
    if definition["taskDefinitionArn"] in fault_injection:
        definition["enableFaultInjection"] = fault_injection[definition["taskDefinitionArn"]]
    return answer


def _numbers_are_not_reused():
    """A family's counter survives the deletion of its revisions."""
    register = EC2ContainerServiceBackend.register_task_definition

    def highest(backend, family):
        return backend.__dict__.setdefault("highest_revisions", {}).get(family, 0)

    def registered(backend, family, *arguments, **more):
        backend.task_definitions.setdefault(family, {})
        definition = register(backend, family, *arguments, **more)
        backend.highest_revisions[family] = definition.revision
        return definition
    EC2ContainerServiceBackend.register_task_definition = registered
    EC2ContainerServiceBackend._get_last_task_definition_revision_id = lambda backend, family: highest(backend, family)


_numbers_are_not_reused()

# ================================================================ Step Functions

SYNC_RULES = {"ecs:runTask.sync": "StepFunctionsGetEventsForECSTaskRule",
              "batch:submitJob.sync": "StepFunctionsGetEventsForBatchJobsRule",
              "states:startExecution.sync": "StepFunctionsGetEventsForStepFunctionsExecutionRule"}
LOG_ACTIONS = ("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
               "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups")
WHOLE = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
executions = memory()   # ARN -> executions that ran when it was deleted, by their ARNs
deleting = memory()     # ARN -> (until, its last description)
updating = memory()     # ARN -> (until, its description before the update)
revisions = memory()    # ARN -> number of updates


def machine_arn(call, name):
    return f"arn:aws:states:{call.region}:{ACCOUNT}:stateMachine:{name}"


def is_deleting(arn):
    if arn in deleting and now_seconds() >= deleting[arn][0]:
        del deleting[arn]
    return arn in deleting


def check_definition(text):
    try:
        machine = json.loads(text)
        if not isinstance(machine, dict) or machine.get("StartAt") not in machine.get("States", {}):
            raise ValueError("MISSING_TRANSITION_TARGET: StartAt")
    except (ValueError, TypeError) as problem:
        raise Refusal("InvalidDefinition", f"Invalid State Machine Definition: '{problem}'") from problem


def check_role(call, role_arn, definition, logging):
    """A role must be assumable by Step Functions and may make the rule through which `.sync` hears of the end."""
    seen = role_seen(role_arn, KNOBS["sfn_lag_ms"])
    if not seen or not (trusts(seen[0], "states.amazonaws.com") or trusts(seen[0], f"states.{call.region}.amazonaws.com")):
        raise Refusal("AccessDeniedException", "Neither the global service principal states.amazonaws.com, nor the regional one "
                                               "is authorized to assume the provided role.")
    for integration, rule in SYNC_RULES.items():
        arn = f"arn:aws:events:{call.region}:{ACCOUNT}:rule/{rule}"
        if f":states:::{integration}" in definition and not all(
                allows(seen[1], f"events:{action}", arn) for action in ("PutTargets", "PutRule", "DescribeRule")):
            raise Refusal("AccessDeniedException", f"'{role_arn}' is not authorized to create managed-rule.")
    if (logging or {}).get("destinations") and not all(allows(seen[1], action, "*") for action in LOG_ACTIONS):
        raise Refusal("AccessDeniedException", "The state machine IAM Role is not authorized to access the Log Destination")


@before("states", "CreateStateMachine")
def creating_is_checked_and_idempotent(call):
    wanted = call.parameters
    arn = machine_arn(call, wanted.get("name", ""))
    check_definition(wanted.get("definition"))
    if is_deleting(arn):
        raise Refusal("StateMachineDeleting", f"State Machine is being deleted: '{arn}'")
    existing = call.ask("DescribeStateMachine", stateMachineArn=arn)
    if not existing:
        check_role(call, wanted.get("roleArn", ""), wanted["definition"], wanted.get("loggingConfiguration"))
        return None
    if existing["definition"] != wanted["definition"] or existing["type"] != wanted.get("type", "STANDARD"):
        raise Refusal("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
    return {"stateMachineArn": arn, "creationDate": existing["creationDate"]}


@before("states", "UpdateStateMachine")
def updating_is_checked_and_lags(call):
    arn = call.parameters.get("stateMachineArn", "")
    if is_deleting(arn):
        raise Refusal("StateMachineDeleting", f"State Machine is being deleted: '{arn}'")
    existing = call.ask("DescribeStateMachine", stateMachineArn=arn)
    if not existing:
        raise Refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    changes = {key: call.parameters[key] for key in WHOLE if call.parameters.get(key) is not None}
    if not changes:
        raise Refusal("MissingRequiredParameter", "Either the definition, the role ARN, the LoggingConfiguration, the "
                                                  "EncryptionConfiguration or the TracingConfiguration must be specified")
    check_definition(changes.get("definition", existing["definition"]))
    wanted = {**existing, **changes}
    check_role(call, wanted["roleArn"], wanted["definition"], wanted.get("loggingConfiguration"))
    updating[arn] = (now_seconds() + KNOBS["update_lag_ms"] / 1000, existing)


@after("states", "UpdateStateMachine")
def updating_makes_a_revision(call, answer):
    arn = call.parameters["stateMachineArn"]
    revisions[arn] = revisions.get(arn, 0) + 1
    return {**answer, "revisionId": f"00000000-0000-4000-8000-{revisions[arn]:012}"}


@before("states", "DeleteStateMachine")
def deleting_takes_its_time(call):
    arn = call.parameters.get("stateMachineArn", "")
    existing = call.ask("DescribeStateMachine", stateMachineArn=arn)
    if existing and KNOBS["deleting_ms"]:
        running = call.ask("ListExecutions", stateMachineArn=arn, statusFilter="RUNNING") or {}
        executions[arn] = {execution["executionArn"]: execution for execution in running.get("executions", [])}
        deleting[arn] = (now_seconds() + KNOBS["deleting_ms"] / 1000, existing)
    revisions.pop(arn, None)
    updating.pop(arn, None)


@before("states", "ListExecutions")
def executions_of_what_is_deleted_go_on(call):
    arn = call.parameters.get("stateMachineArn", "")
    if not is_deleting(arn):
        return None
    return {"executions": list(executions.get(arn, {}).values())}


@before("states", "StopExecution")
def what_is_deleted_waits_for_its_executions(call):
    arn = call.parameters.get("executionArn", "")
    for machine, running in executions.items():
        if is_deleting(machine) and running.pop(arn, None):
            return {"stopDate": time.time()}
    return None


@before("states", "DescribeStateMachine")
def described_as_it_was(call):
    arn = call.parameters.get("stateMachineArn", "")
    if is_deleting(arn):
        return {**deleting[arn][1], "status": "DELETING"}
    if arn in updating and now_seconds() < updating[arn][0]:
        return updating[arn][1]
    return None


@before("states", "ValidateStateMachineDefinition")
def validate_state_machine_definition(call):
    try:
        check_definition(call.parameters.get("definition"))
    except Refusal as refusal:
        return {"result": "FAIL", "diagnostics": [{"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": refusal.message}]}
    return {"result": "OK", "diagnostics": []}


# ================================================================ IAM


def check_trust(document):
    """A trust policy has statements with principals, and those that name a role name one that is there."""
    if not statements(document) or not all(statement.get("Principal") for statement in statements(document)):
        raise Refusal("MalformedPolicyDocument", "Has prohibited field or is missing a required one: Principal")
    known = {role.arn for role in roles() if not still_unknown(role.name)}
    for arn in re.findall(r'"(arn:aws:iam::\d{12}:role/[^"]+)"', document or ""):
        if arn not in known:
            raise Refusal("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{arn}"')


def still_unknown(name):
    age = role_age_ms(name)
    return age is not None and age < KNOBS["iam_lag_ms"]


@before("iam", "CreateRole")
def names_differ_in_more_than_case(call):
    name = call.parameters.get("RoleName", "")
    check_trust(call.parameters.get("AssumeRolePolicyDocument"))
    if any(role.name.lower() == name.lower() for role in roles()):
        raise Refusal("EntityAlreadyExists", f"Role with name {name} already exists.", 409)


@before("iam", "UpdateAssumeRolePolicy")
def trust_is_checked(call):
    check_trust(call.parameters.get("PolicyDocument"))


@before("iam", "GetRole")
def a_new_role_is_not_there_yet(call):
    name = call.parameters.get("RoleName", "")
    if still_unknown(name):
        raise Refusal("NoSuchEntity", f"The role with name {name} cannot be found.", 404)


@after("iam", "GetRole")
def a_new_role_has_no_arn_yet(call, answer):
    age = role_age_ms(urllib.parse.unquote(call.parameters.get("RoleName", "")))
    if age is not None and age < KNOBS["arn_lag_ms"]:
        return re.sub(r"<Arn>[^<]+:role/[^<]+</Arn>", "<Arn>AROAEXAMPLEEXAMPLE12</Arn>", answer)
    return answer


@before("states", "RedriveExecution")
def redriving_is_refused(call):
    arn = call.parameters.get("executionArn", "")
    execution = call.ask("DescribeExecution", executionArn=arn)
    if not execution:
        raise Refusal("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    if execution["status"] in ("RUNNING", "SUCCEEDED"):
        raise Refusal("ExecutionNotRedrivable", f"Execution '{arn}' is in status {execution['status']} and can't be redriven")
    raise Refusal("ExecutionNotRedrivable", "this AWS is moto, which can't take up an execution again")


# ================================================================ CloudWatch Logs

RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
LOG_GROUP_CLASSES = ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS")
log_group_members = memory()    # (region, name) -> logGroupClass and deletionProtectionEnabled, which moto drops


def log_group(call, name):
    """A log group of moto's; refused if there is none."""
    group = logs_backends[ACCOUNT][call.region].groups.get(name)
    if not group:
        raise Refusal("ResourceNotFoundException", "The specified log group does not exist.")
    return group


def invalid(value, member, constraint):
    return Refusal("InvalidParameterException", f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}")


def refuse_bad_key(parameters):
    key = parameters.get("kmsKeyId")
    if key is not None and not re.fullmatch(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/.+", key):
        raise Refusal("InvalidParameterException", "The specified KMS Key Id could not be found.")


@before("logs", "CreateLogGroup")
def a_new_log_group_is_checked(call):
    name, tags = call.parameters.get("logGroupName") or "", call.parameters.get("tags")
    if not re.fullmatch(r"[._/#A-Za-z0-9-]{1,512}", name) or name.startswith("aws/"):
        raise invalid(name, "logGroupName", r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+")
    if call.parameters.get("logGroupClass", "STANDARD") not in LOG_GROUP_CLASSES:
        raise invalid(call.parameters["logGroupClass"], "logGroupClass", "Member must satisfy enum value set")
    if tags == {}:
        raise invalid({}, "tags", "Member must have length greater than or equal to 1")
    if any(key.lower().startswith("aws:") for key in tags or {}):
        raise Refusal("InvalidParameterException", "Tag keys can not start with 'aws:'.")
    refuse_bad_key(call.parameters)


@after("logs", "CreateLogGroup")
def a_log_group_has_a_class(call, answer):
    members = {"logGroupClass": call.parameters.get("logGroupClass") or "STANDARD",
               "deletionProtectionEnabled": bool(call.parameters.get("deletionProtectionEnabled"))}
    log_group_members[call.region, call.parameters["logGroupName"]] = members
    if members["logGroupClass"] == "DELIVERY":
        log_group(call, call.parameters["logGroupName"]).set_retention_policy(2)
    return answer


@after("logs", "DescribeLogGroups")
def log_groups_are_told_whole(call, answer):
    for group in answer["logGroups"]:
        group.update(log_group_members.get((call.region, group["logGroupName"]), {"logGroupClass": "STANDARD", "deletionProtectionEnabled": False}))
    return answer


@before("logs", "PutRetentionPolicy")
def only_some_retentions(call):
    days = call.parameters.get("retentionInDays")
    if days not in RETENTIONS:
        raise invalid(days, "retentionInDays", f"Member must satisfy enum value set: {list(RETENTIONS)}")


@before("logs", "AssociateKmsKey")
def associate_kms_key(call):
    refuse_bad_key(call.parameters)
    log_group(call, call.parameters.get("logGroupName")).kms_key_id = call.parameters["kmsKeyId"]
    return {}


@before("logs", "DisassociateKmsKey")
def disassociate_kms_key(call):
    log_group(call, call.parameters.get("logGroupName")).kms_key_id = None
    return {}


@before("logs", "PutLogGroupDeletionProtection")
def put_log_group_deletion_protection(call):
    name = call.parameters.get("logGroupIdentifier", "").rpartition(":log-group:")[2]
    log_group(call, name)
    members = log_group_members.setdefault((call.region, name), {"logGroupClass": "STANDARD"})
    members["deletionProtectionEnabled"] = bool(call.parameters.get("deletionProtectionEnabled"))
    return {}


@before("logs", "DeleteLogGroup")
def a_protected_log_group_stays(call):
    name = call.parameters.get("logGroupName")
    if log_group_members.get((call.region, name), {}).get("deletionProtectionEnabled"):
        raise Refusal("ValidationException", f"Log group {name} has deletion protection enabled.")


@after("logs", "DeleteLogGroup")
def nothing_of_a_log_group_is_left(call, answer):
    name = call.parameters["logGroupName"]
    log_group_members.pop((call.region, name), None)
    logs_backends[ACCOUNT][call.region].tagger.delete_all_tags_for_resource(f"arn:aws:logs:{call.region}:{ACCOUNT}:log-group:{name}")
    return answer


@before("logs", "ListTagsForResource", "TagResource", "UntagResource")
def tags_hang_on_the_arn_without_an_asterisk(call):
    arn = call.parameters.get("resourceArn", "")
    if arn.endswith("*"):
        raise invalid(arn, "resourceArn", r"Member must satisfy regular expression pattern: [\w+=/:,.@-]*")
    log_group(call, arn.rpartition(":log-group:")[2])
