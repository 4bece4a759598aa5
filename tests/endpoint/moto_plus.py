"""moto_plus.py - repairs of moto 5.2, made by importing this module, so that executions of state machines can really run ECS tasks.

POST /moto-api/config {"stepfunctions": {"execute_state_machine": true}} makes them run.

Repairs (each is skipped where moto has it already):
 1 StepFunctions -> ECS: parameters go to boto as {"LaunchType":..} and answers are read as ["Tasks"], but moto's case conversion is a
   no-op, so every ecs:runTask (.sync or not) fails with KeyError 'LaunchType'. Here they are converted by the botocore shapes;
   the same for states:startExecution.
 2 (5.2.1) StartExecution deep-copies the whole backend, so every execution after the first one answers 500 (cannot pickle RLock),
   and an execution started without a name answers 500.
 3 ECS RunTask answers 500 where memory is set on the task and not on the container, and where securityGroups is left out.
 4 ecs:runTask.sync never looks at the outcome. Here a container exit code other than 0, or StopTask, is States.TaskFailed, as on AWS.
   Exit codes are given by an environment variable of the container definition or of the RunTask override:
   MOTO_EXIT="1,1,0" = the first two tasks of that family exit 1, all later ones 0.
   And a Retry after a failure while the task ran is a real second attempt (moto: States.Timeout at once).
 5 the poll interval of .sync: MOTO_SYNC_POLL_S seconds (moto: 0.5).
"""
import json, os, sys, threading
import botocore.session
from moto.core.utils import camelcase_to_underscores
import moto.ecs.models as ecs
import moto.stepfunctions.parser.models as spm
import moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback as cb
import moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_ecs as sfn_ecs
import moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn as sfn_sfn
from moto.moto_api._internal import mock_random
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for
from botocore.exceptions import ClientError

MODEL = botocore.session.get_session().get_service_model("ecs")
SHAPE = {camelcase_to_underscores(n): MODEL.operation_model(n) for n in MODEL.operation_names}
Ecs = sfn_ecs.StateTaskServiceEcs

# 1 ---- parameter and answer casing
Ecs._normalise_parameters = lambda self, p, boto_service_name=None, service_action_name=None: self._to_boto_request(
    p, SHAPE[self._get_boto_service_action(service_action_name)].input_shape)
Ecs._normalise_response = lambda self, r, boto_service_name=None, service_action_name=None, **kw: self._from_boto_response(
    kw.get("response", r), SHAPE[self._get_boto_service_action(service_action_name)].output_shape)
# (moto calls it both by position and by the names response=, service_action_name=)
_nr = Ecs._normalise_response
Ecs._normalise_response = lambda self, response=None, boto_service_name=None, service_action_name=None: _nr(self, response, boto_service_name, service_action_name)


# the same for StepFunctions -> StepFunctions, where it fails with KeyError 'StateMachineArn'
SFN_MODEL = botocore.session.get_session().get_service_model("stepfunctions")
SFN_SHAPE = {camelcase_to_underscores(n): SFN_MODEL.operation_model(n) for n in SFN_MODEL.operation_names}
Sfn = sfn_sfn.StateTaskServiceSfn
_sfn_parameters = Sfn._normalise_parameters


def sfn_parameters(self, parameters, boto_service_name=None, service_action_name=None):
    _sfn_parameters(self, parameters, boto_service_name, service_action_name)
    self._to_boto_request(parameters, SFN_SHAPE[self._get_boto_service_action(service_action_name)].input_shape)


Sfn._normalise_parameters = sfn_parameters
Sfn._normalise_response = lambda self, response=None, boto_service_name=None, service_action_name=None: self._from_boto_response(
    response, SFN_SHAPE[self._get_boto_service_action(service_action_name)].output_shape)


def from_error(self, env, ex):
    """an ECS refusal as AWS names it: ECS.ClientException, ECS.ThrottlingException, ... (what Retry/Catch match)"""
    if isinstance(ex, ClientError):
        name = f"ECS.{ex.response['Error']['Code']}"
        name = name if name.endswith("Exception") else name + "Exception"
        return FailureEvent(env=env, error_name=CustomErrorName(name), event_type=HistoryEventType.TaskFailed, event_details=EventDetails(
            taskFailedEventDetails=TaskFailedEventDetails(error=name, cause=ex.response["Error"]["Message"], resource=self._get_sfn_resource(), resourceType=self._get_sfn_resource_type())))
    return super(Ecs, self)._from_error(env=env, ex=ex)


Ecs._from_error = from_error

# 2 ---- one execution's snapshot must not copy the backend
Backend = spm.StepFunctionsParserBackend


def start_execution(self, state_machine_arn, name=None, execution_input=None, trace_header=None):
    return _start(self, state_machine_arn, name or str(mock_random.uuid4()), execution_input if execution_input is not None else "{}", trace_header)


_start = Backend.start_execution
Backend.start_execution = start_execution
_deepcopy = spm.copy.deepcopy


class _Copy:
    @staticmethod
    def deepcopy(x, memo=None):
        if memo is None and hasattr(x, "executions") and hasattr(x, "backend"):
            memo = {id(x.executions): [], id(x.backend): x.backend}
        return _deepcopy(x, memo)


spm.copy = _Copy

# 3 ---- RunTask with task-level memory, without security groups
_req = ecs.EC2ContainerServiceBackend._calculate_task_resource_requirements


def requirements(task_definition):
    cds = task_definition.container_definitions
    if any("memory" not in c and "memoryReservation" not in c and "Memory" not in c and "MemoryReservation" not in c for c in cds):
        fake = type("TD", (), {"container_definitions": [{**c, "memory": c.get("memory", c.get("memoryReservation", 0))} if "Memory" not in c else c for c in cds]})
        return _req(fake)
    return _req(task_definition)


ecs.EC2ContainerServiceBackend._calculate_task_resource_requirements = staticmethod(requirements)
_runs, _lock = {}, threading.Lock()
_task_init = ecs.Task.__init__


def task_init(self, *a, **kw):
    nc = kw.get("networking_configuration")
    if nc and "awsvpcConfiguration" in nc:
        nc["awsvpcConfiguration"].setdefault("securityGroups", [])
    _task_init(self, *a, **kw)
    td = kw.get("task_definition") or a[1]
    # 4 ---- exit codes
    env = {}
    for c in td.container_definitions:
        env.update({e.get("name"): e.get("value") for e in c.get("environment") or []})
    for c in (self.overrides or {}).get("containerOverrides", []):
        env.update({e.get("name"): e.get("value") for e in c.get("environment") or []})
    if env.get("MOTO_EXIT"):
        codes = [int(x) for x in env["MOTO_EXIT"].split(",")]
        with _lock:
            k = _runs[td.family] = _runs.get(td.family, 0) + 1
        for c in self.containers:
            c.exitCode = codes[min(k, len(codes)) - 1]


ecs.Task.__init__ = task_init


def build_sync_resolver(self, env, resource_runtime_part, normalised_parameters, state_credentials):
    client = boto_client_for(service="ecs", region=resource_runtime_part.region, state_credentials=state_credentials)
    task = env.stack.pop()["Tasks"][0]

    def resolve():
        out = client.describe_tasks(cluster=task["ClusterArn"], tasks=[task["TaskArn"]])
        t = out["tasks"][0]
        if t["lastStatus"] != "STOPPED":
            return None
        bad = any(c.get("exitCode") for c in t.get("containers", [])) or t.get("stopCode") or t.get("stoppedReason")
        out.pop("ResponseMetadata", None)
        self._normalise_response(response=out, service_action_name="describe_tasks")
        if bad:
            raise FailureEventException(FailureEvent(env=env, error_name=StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed), event_type=HistoryEventType.TaskFailed,
                event_details=EventDetails(taskFailedEventDetails=TaskFailedEventDetails(resource=self._get_sfn_resource(), resourceType=self._get_sfn_resource_type(),
                    error=StatesErrorNameType.StatesTaskFailed.to_name(), cause=json.dumps(out["Tasks"][0], default=str)))))
        return out["Tasks"][0]
    return resolve


Ecs._build_sync_resolver = build_sync_resolver
# a second attempt (Retry) of a .sync task finds the first one's interrupted token endpoint and times out at once: .sync takes no token
_eval_sync = cb.StateTaskServiceCallback._eval_sync
Ecs._eval_sync = lambda self, env, sync_resolver, timeout_seconds, callback_endpoint, heartbeat_endpoint: _eval_sync(
    self, env=env, sync_resolver=sync_resolver, timeout_seconds=timeout_seconds, callback_endpoint=None, heartbeat_endpoint=None)
# 5 ---- polling
cb._DELAY_SECONDS_SYNC_CONDITION_CHECK = float(os.environ.get("MOTO_SYNC_POLL_S", "0.5"))
