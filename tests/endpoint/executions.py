"""executions.py - what running state machines call, they call as their role: each call is held against its policies.

moto makes the calls of an execution with a key of nobody's, and allows them all. Here each role has a key of its own,
by which its calls are known again when they arrive. REQUIRED says what AWS asks for a call; what the role's policies
do not allow is refused in AWS's words, and the state fails with it.

    POST /_strict {"executes": 1}     state machines that are created from then on really run
    GET  /_strict/asked               what executions needed so far: role, action, resource, and whether it was allowed
"""
import logging
import sys

import boto3
from botocore.config import Config
from moto.core.config import default_user_config
from moto.settings import moto_server_port

from strictness import ACCOUNT, CHECKS, KNOB_LISTENERS, KNOBS, VIEWS, Refusal, allows, memory, role_seen

TASKS = "ecs-tasks.amazonaws.com"
MANAGED_RULE = "StepFunctionsGetEventsForECSTaskRule"
SYNCHRONOUS = "AWS Step Functions"     # what `.sync` writes into startedBy
_keys = {}                             # role ARN -> access key id
asked = memory()                       # number -> what was needed


def switch():
    """Executions run if the knob says so. Machines of the one kind are unknown to the other."""
    default_user_config["stepfunctions"]["execute_state_machine"] = bool(KNOBS["executes"])


def client_of_role(region, service, state_credentials=None):
    """In the place of moto's boto_client_for."""
    role = state_credentials.role_arn if state_credentials else None
    key = _keys.setdefault(role, f"ASIA{len(_keys):016}") if role else "ak"
    # moto gives up a call after a year at most.
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1}, connect_timeout=99999999, read_timeout=99999999)
    return boto3.client(service, region_name=region, endpoint_url=f"http://localhost:{moto_server_port()}", config=config,
                        aws_access_key_id=key, aws_secret_access_key="sk")


def role_of(key):
    return next((role for role, its_key in _keys.items() if its_key == key), None)


def check(call):
    """Refuses a call of an execution that its role does not allow."""
    role = role_of(call.key)
    needed = REQUIRED.get((call.service, call.action))
    if not role or not needed:
        return
    seen = role_seen(role, KNOBS["sfn_lag_ms"])
    for action, resource, context in needed(call):
        is_allowed = bool(seen) and allows(seen[1], action, resource, context)
        asked[len(asked)] = {"role": role, "action": action, "resource": resource, "allowed": is_allowed}
        if not is_allowed:
            user = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rsplit('/', 1)[-1]}/execution"
            raise Refusal("AccessDeniedException", f"User: {user} is not authorized to perform: {action} on resource: {resource} "
                                                   f"because no identity-based policy allows the {action} action")


def run_task(call):
    name = call.parameters.get("taskDefinition", "")
    definition = (call.ask("DescribeTaskDefinition", taskDefinition=name) or {}).get("taskDefinition", {})
    # The revision is resolved before it is asked whether it may be run.
    yield "ecs:RunTask", definition.get("taskDefinitionArn", name), {}
    roles = [definition.get("taskRoleArn"), definition.get("executionRoleArn")]
    for role in sorted({role for role in roles if role}):
        yield "iam:PassRole", role, {"iam:PassedToService": TASKS}
    if call.parameters.get("startedBy") == SYNCHRONOUS:
        rule = f"arn:aws:events:{call.region}:{ACCOUNT}:rule/{MANAGED_RULE}"
        for action in ("PutRule", "PutTargets", "DescribeRule"):
            yield f"events:{action}", rule, {}


def on_tasks(action):
    def needed(call):
        for task in call.parameters.get("tasks") or [call.parameters.get("task", "*")]:
            yield action, task, {}
    return needed


def on(action, resource):
    """What is needed of one call: the action on the ARN that `resource`, a function of the call, tells."""
    def needed(call):
        yield action, resource(call), {}
    return needed


def regional(service, resource):
    return lambda call: f"arn:aws:{service}:{call.region}:{ACCOUNT}:{resource(call.parameters)}"


def put_events(call):
    for entry in call.parameters.get("Entries", []):
        yield "events:PutEvents", f"arn:aws:events:{call.region}:{ACCOUNT}:event-bus/{entry.get('EventBusName', 'default')}", {}


REQUIRED = {
    ("ecs", "RunTask"): run_task,
    ("ecs", "DescribeTasks"): on_tasks("ecs:DescribeTasks"),
    ("ecs", "StopTask"): on_tasks("ecs:StopTask"),
    ("events", "PutEvents"): put_events,
    ("sns", "Publish"): on("sns:Publish", lambda call: call.parameters["TopicArn"]),
    ("sqs", "SendMessage"): on("sqs:SendMessage", regional("sqs", lambda given: given["QueueUrl"].rsplit("/", 1)[-1])),
    ("states", "StartExecution"): on("states:StartExecution", lambda call: call.parameters["stateMachineArn"]),
    ("states", "DescribeExecution"): on("states:DescribeExecution", lambda call: call.parameters["executionArn"]),
    **{("dynamodb", action): on(f"dynamodb:{action}", regional("dynamodb", lambda given: f"table/{given['TableName']}"))
       for action in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")},
}


def install():
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)     # it logs each failure of a state as an error
    CHECKS.append(check)
    KNOB_LISTENERS.append(switch)
    VIEWS["/_strict/asked"] = lambda: list(asked.values())
    for module in [module for name, module in sys.modules.items() if name.startswith("moto")]:
        if hasattr(module, "boto_client_for"):
            module.boto_client_for = client_of_role
