"""selftest.py - proves on a running endpoint.py that every behaviour of strictness.py is there. Run by `make test`."""
import json
import os
import signal
import subprocess
import sys
import time
import unittest
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

HERE = os.path.dirname(os.path.abspath(__file__))
REGION = "eu-central-1"
RULE = f"arn:aws:events:{REGION}:123456789012:rule/StepFunctionsGetEventsForECSTaskRule"


def trust(service):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]})


def policy(*actions):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]})


def definition(comment="one"):
    return json.dumps({"Comment": comment, "StartAt": "Run", "States": {"Run": {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": True}}})


class Strictness(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.process = subprocess.Popen([sys.executable, os.path.join(HERE, "endpoint.py"), "--region", REGION], stdout=subprocess.PIPE, text=True)
        cls.endpoint = json.loads(cls.process.stdout.readline())
        session = boto3.Session(aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="test", region_name=REGION)
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False, proxies={})
        cls.ecs, cls.iam, cls.states, cls.logs = (session.client(name, endpoint_url=cls.endpoint["url"], config=config)
                                                  for name in ("ecs", "iam", "stepfunctions", "logs"))

    @classmethod
    def tearDownClass(cls):
        cls.process.send_signal(signal.SIGTERM)
        cls.process.wait(10)
        cls.process.stdout.close()

    def setUp(self):
        self.post("/_strict/reset", {})
        self.post("/_proxy", {"faults": [], "reset": True})

    def post(self, path, value):
        request = urllib.request.Request(self.endpoint["url"] + path, json.dumps(value).encode(), {"Content-Type": "application/json"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return answer.read()

    def knobs(self, **values):
        self.post("/_strict", values)

    def refused(self, text, operation, **parameters):
        with self.assertRaises(ClientError) as caught:
            operation(**parameters)
        self.assertIn(text, str(caught.exception))

    def workflow_role(self, name="workflow", *, managed_rule=True):
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("states.amazonaws.com"))["Role"]["Arn"]
        actions = ["ecs:RunTask"] + (["events:PutRule", "events:PutTargets", "events:DescribeRule"] if managed_rule else [])
        self.iam.put_role_policy(RoleName=name, PolicyName="run", PolicyDocument=policy(*actions))
        return arn

    def machine(self, role, **more):
        return self.states.create_state_machine(**{"name": "nightly", "roleArn": role, "definition": definition(), **more})

    def task(self, **more):
        containers = more.pop("containerDefinitions", [{"name": "main", "image": "busybox"}])
        return self.ecs.register_task_definition(**{"family": "report", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256",
                                                    "memory": "512", "containerDefinitions": containers, **more})

    # -- ECS

    def test_a_second_create_cluster_changes_nothing(self):
        setting = {"name": "containerInsights", "value": "enabled"}
        self.ecs.create_cluster(clusterName="main", settings=[setting])
        self.assertEqual(self.ecs.create_cluster(clusterName="main")["cluster"]["settings"], [setting])

    def test_describe_clusters(self):
        self.ecs.create_cluster(clusterName="main", settings=[{"name": "containerInsights", "value": "enabled"}], tags=[{"key": "a", "value": "b"}])
        self.refused("100", self.ecs.describe_clusters, clusters=[f"c{number}" for number in range(101)])
        bare = self.ecs.describe_clusters(clusters=["main"])["clusters"][0]
        self.assertTrue("settings" not in bare and not bare.get("tags"))
        whole = self.ecs.describe_clusters(clusters=["main"], include=["TAGS", "SETTINGS", "CONFIGURATIONS"])["clusters"][0]
        self.assertTrue(whole["settings"] and whole["tags"])

    def test_update_cluster_settings_merges(self):
        self.ecs.create_cluster(clusterName="main", settings=[{"name": "containerInsights", "value": "enabled"}])
        answer = self.ecs.update_cluster_settings(cluster="main", settings=[{"name": "containerInsights", "value": "disabled"}])
        self.assertEqual(answer["cluster"]["settings"], [{"name": "containerInsights", "value": "disabled"}])

    def test_a_cluster_with_running_tasks_stays(self):
        self.ecs.create_cluster(clusterName="main")
        self.task()
        ec2 = boto3.client("ec2", endpoint_url=self.endpoint["url"], region_name=REGION, aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="test",
                           config=Config(proxies={}))
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        started = self.ecs.run_task(cluster="main", taskDefinition="report", launchType="FARGATE",
                                    networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}})
        self.assertFalse(started["failures"])
        self.refused("ClusterContainsTasksException", self.ecs.delete_cluster, cluster="main")

    def test_deleted_clusters_are_inactive_and_unlisted(self):
        self.ecs.create_cluster(clusterName="main")
        self.ecs.delete_cluster(cluster="main")
        self.assertEqual(self.ecs.list_clusters()["clusterArns"], [])
        self.assertEqual(self.ecs.describe_clusters(clusters=["main"])["clusters"][0]["status"], "INACTIVE")
        self.assertEqual(self.ecs.create_cluster(clusterName="main")["cluster"]["status"], "ACTIVE")

    def test_registering_fills_in_and_reorders(self):
        environment = [{"name": name, "value": name} for name in "abc"]
        container = {"name": "main", "image": "busybox", "environment": environment, "portMappings": [{"containerPort": 80}]}
        answer = self.task(cpu=".25 vCPU", memory="0.5GB", containerDefinitions=[container], tags=[{"key": "a", "value": "b"}], enableFaultInjection=True)
        filled = answer["taskDefinition"]["containerDefinitions"][0]
        self.assertEqual((filled["cpu"], filled["essential"], filled["mountPoints"]), (0, True, []))
        self.assertEqual([variable["name"] for variable in filled["environment"]], ["c", "b", "a"])
        self.assertEqual(filled["portMappings"], [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}])
        self.assertEqual((answer["taskDefinition"]["cpu"], answer["taskDefinition"]["memory"]), ("256", "512"))
        self.assertEqual(answer["tags"], [{"key": "a", "value": "b"}])
        self.assertTrue(self.ecs.describe_task_definition(taskDefinition="report:1")["taskDefinition"]["enableFaultInjection"])

    def test_registering_refuses(self):
        self.refused("No Fargate configuration", self.task, memory="4096")
        self.refused("awsvpc", self.task, networkMode="bridge")
        self.refused("Tags can not be empty", self.task, tags=[])
        self.refused("unique", self.task, containerDefinitions=[{"name": "x", "image": "i"}, {"name": "x", "image": "i"}])
        self.refused("Role is not valid", self.task, executionRoleArn="arn:aws:iam::123456789012:role/nobody")

    def test_a_new_role_is_not_valid_for_a_while(self):
        self.knobs(ecs_lag_ms=400)
        arn = self.iam.create_role(RoleName="task", AssumeRolePolicyDocument=trust("ecs-tasks.amazonaws.com"))["Role"]["Arn"]
        self.refused("Role is not valid", self.task, taskRoleArn=arn)
        time.sleep(0.5)
        self.task(taskRoleArn=arn)

    def test_revision_numbers_are_not_reused(self):
        self.task()
        self.ecs.deregister_task_definition(taskDefinition="report:1")
        self.refused("Unable to describe", self.ecs.describe_task_definition, taskDefinition="report")
        self.ecs.delete_task_definitions(taskDefinitions=["report:1"])
        self.assertEqual(self.task()["taskDefinition"]["revision"], 2)

    # -- Step Functions

    def test_a_role_must_be_assumable(self):
        other = self.iam.create_role(RoleName="task", AssumeRolePolicyDocument=trust("ecs-tasks.amazonaws.com"))["Role"]["Arn"]
        for role in (other, "arn:aws:iam::123456789012:role/nobody"):
            self.refused("Neither the global service principal states.amazonaws.com", self.machine, role=role)

    def test_sync_needs_the_managed_rule(self):
        self.refused("is not authorized to create managed-rule.", self.machine, role=self.workflow_role(managed_rule=False))

    def test_a_new_role_and_its_policies_lag(self):
        self.knobs(sfn_lag_ms=500)
        role = self.workflow_role()
        self.refused("Neither the global", self.machine, role=role)
        time.sleep(0.6)
        self.machine(role)
        self.iam.delete_role_policy(RoleName="workflow", PolicyName="run")
        self.states.update_state_machine(stateMachineArn=self.machine(role)["stateMachineArn"], definition=definition("two"))
        time.sleep(0.6)
        self.refused("managed-rule", self.states.update_state_machine, stateMachineArn=self.arn, definition=definition("three"))

    arn = f"arn:aws:states:{REGION}:123456789012:stateMachine:nightly"

    def test_creating_twice_is_the_same_by_bytes(self):
        role = self.workflow_role()
        first = self.machine(role)
        self.assertEqual(self.machine(role)["stateMachineArn"], first["stateMachineArn"])
        self.refused("StateMachineAlreadyExists", self.machine, role=role, definition=definition() + " ")

    def test_deleting_takes_a_while(self):
        role = self.workflow_role()
        self.machine(role)
        self.knobs(deleting_ms=500)
        self.states.delete_state_machine(stateMachineArn=self.arn)
        self.assertEqual(self.states.describe_state_machine(stateMachineArn=self.arn)["status"], "DELETING")
        self.refused("StateMachineDeleting", self.machine, role=role)
        time.sleep(0.6)
        self.refused("StateMachineDoesNotExist", self.states.describe_state_machine, stateMachineArn=self.arn)
        self.machine(role)

    def test_an_update_is_seen_late(self):
        role = self.workflow_role()
        self.machine(role)
        self.knobs(update_lag_ms=500)
        self.refused("MissingRequiredParameter", self.states.update_state_machine, stateMachineArn=self.arn)
        self.assertTrue(self.states.update_state_machine(stateMachineArn=self.arn, definition=definition("two"))["revisionId"])
        self.assertEqual(self.states.describe_state_machine(stateMachineArn=self.arn)["definition"], definition())
        time.sleep(0.6)
        self.assertEqual(self.states.describe_state_machine(stateMachineArn=self.arn)["definition"], definition("two"))

    def test_definitions_are_checked(self):
        self.refused("InvalidDefinition", self.machine, role=self.workflow_role(), definition='{"StartAt": "A", "States": {}}')
        self.assertEqual(self.states.validate_state_machine_definition(definition=definition())["result"], "OK")

    # -- executions

    def failure_of(self, arn):
        """The first failure of an execution of the machine; none if it succeeds."""
        execution = self.states.start_execution(stateMachineArn=arn, input="{}")["executionArn"]
        for _ in range(600):
            for event in self.states.get_execution_history(executionArn=execution)["events"]:
                if event["type"] == "TaskFailed":
                    return event["taskFailedEventDetails"]
                if event["type"] == "ExecutionSucceeded":
                    return None
            time.sleep(0.05)
        raise AssertionError("the execution does not end")

    def test_executions_call_as_their_role(self):
        self.knobs(executes=1)
        self.ecs.create_cluster(clusterName="main")
        task_role = self.iam.create_role(RoleName="task", AssumeRolePolicyDocument=trust("ecs-tasks.amazonaws.com"))["Role"]["Arn"]
        self.task(taskRoleArn=task_role)
        ec2 = boto3.client("ec2", endpoint_url=self.endpoint["url"], region_name=REGION, aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="test",
                           config=Config(proxies={}))
        network = {"AwsvpcConfiguration": {"Subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]]}}
        run = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": True,
               "Parameters": {"Cluster": "main", "TaskDefinition": "report", "LaunchType": "FARGATE", "NetworkConfiguration": network}}
        events = ["events:PutRule", "events:PutTargets", "events:DescribeRule"]
        needed = ["ecs:RunTask", "iam:PassRole", "ecs:DescribeTasks"]
        role = self.workflow_role()
        arn = self.machine(role, definition=json.dumps({"StartAt": "Run", "States": {"Run": run}}))["stateMachineArn"]
        for missing in (*needed, *events):
            actions = [action for action in (*needed, *events) if action != missing]
            self.iam.put_role_policy(RoleName="workflow", PolicyName="run", PolicyDocument=policy(*actions))
            failure = self.failure_of(arn)
            self.assertEqual(failure["error"], "ECS.AccessDeniedException", missing)
            self.assertIn(f"is not authorized to perform: {missing} on resource: arn:aws:", failure["cause"])
        self.iam.put_role_policy(RoleName="workflow", PolicyName="run", PolicyDocument=policy(*needed, *events))
        self.assertIsNone(self.failure_of(arn))
        # A role that may be handed to another service alone is not handed to a task.
        statements = json.loads(policy("ecs:RunTask", "ecs:DescribeTasks", *events))["Statement"]
        passed = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}
        self.iam.put_role_policy(RoleName="workflow", PolicyName="run", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [*statements, passed]}))
        self.assertIn("iam:PassRole", self.failure_of(arn)["cause"])

    # -- CloudWatch Logs

    def log_group(self, name="/nightly"):
        return self.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]

    def test_log_groups_are_checked(self):
        create = self.logs.create_log_group
        for name in ("a b", "aws/x", "", "a" * 513):
            self.refused("InvalidParameterException", create, logGroupName=name)
        for wrong in ({"tags": {}}, {"tags": {"aws:x": "1"}}, {"logGroupClass": "CHEAP"}, {"kmsKeyId": "alias/x"}):
            self.refused("InvalidParameterException", create, logGroupName="/nightly", **wrong)
        create(logGroupName="/nightly")
        self.refused("ResourceAlreadyExistsException", create, logGroupName="/nightly")
        for days in (0, 2, 31):
            self.refused("InvalidParameterException", self.logs.put_retention_policy, logGroupName="/nightly", retentionInDays=days)
        self.refused("ResourceNotFoundException", self.logs.put_retention_policy, logGroupName="/daily", retentionInDays=1)
        self.refused("ResourceNotFoundException", self.logs.delete_log_group, logGroupName="/daily")

    def test_log_groups_are_told_whole(self):
        key = f"arn:aws:kms:{REGION}:123456789012:key/1"
        self.logs.create_log_group(logGroupName="/nightly", logGroupClass="INFREQUENT_ACCESS", kmsKeyId=key, tags={"a": "b"})
        self.logs.put_retention_policy(logGroupName="/nightly", retentionInDays=7)
        told = self.log_group()
        self.assertEqual((told["logGroupClass"], told["kmsKeyId"], told["retentionInDays"], told["deletionProtectionEnabled"]),
                         ("INFREQUENT_ACCESS", key, 7, False))
        self.assertEqual(told["arn"], told["logGroupArn"] + ":*")
        self.assertEqual(self.logs.list_tags_for_resource(resourceArn=told["logGroupArn"])["tags"], {"a": "b"})
        self.refused("InvalidParameterException", self.logs.list_tags_for_resource, resourceArn=told["arn"])
        self.refused("ResourceNotFoundException", self.logs.list_tags_for_resource, resourceArn=told["logGroupArn"] + "2")
        self.logs.disassociate_kms_key(logGroupName="/nightly")
        self.logs.delete_retention_policy(logGroupName="/nightly")
        self.assertTrue("kmsKeyId" not in self.log_group() and "retentionInDays" not in self.log_group())
        self.logs.associate_kms_key(logGroupName="/nightly", kmsKeyId=key)
        self.assertEqual(self.log_group()["kmsKeyId"], key)

    def test_a_protected_log_group_stays_and_a_deleted_one_leaves_nothing(self):
        self.logs.create_log_group(logGroupName="/nightly", logGroupClass="DELIVERY", tags={"a": "b"}, deletionProtectionEnabled=True)
        self.assertEqual(self.log_group()["retentionInDays"], 2)
        self.refused("deletion protection", self.logs.delete_log_group, logGroupName="/nightly")
        arn = self.log_group()["logGroupArn"]
        self.logs.put_log_group_deletion_protection(logGroupIdentifier=arn, deletionProtectionEnabled=False)
        self.logs.delete_log_group(logGroupName="/nightly")
        self.logs.create_log_group(logGroupName="/nightly")
        self.assertEqual(self.logs.list_tags_for_resource(resourceArn=arn)["tags"], {})
        self.assertEqual(self.log_group()["logGroupClass"], "STANDARD")

    # -- IAM

    def test_role_names_differ_in_more_than_case(self):
        self.workflow_role("Workflow")
        self.refused("EntityAlreadyExists", self.iam.create_role, RoleName="workflow", AssumeRolePolicyDocument=trust("ecs-tasks.amazonaws.com"))

    def test_a_new_role_is_found_late(self):
        self.knobs(iam_lag_ms=400, arn_lag_ms=900)
        role = self.workflow_role()
        self.refused("NoSuchEntity", self.iam.get_role, RoleName="workflow")
        time.sleep(0.5)
        self.assertTrue(self.iam.get_role(RoleName="workflow")["Role"]["Arn"].startswith("AROA"))
        time.sleep(0.5)
        self.assertEqual(self.iam.get_role(RoleName="workflow")["Role"]["Arn"], role)

    def test_principals_must_exist(self):
        named = trust("x").replace('{"Service": "x"}', '{"AWS": "arn:aws:iam::123456789012:role/nobody"}')
        self.refused("Invalid principal in policy", self.iam.create_role, RoleName="a", AssumeRolePolicyDocument=named)

    def test_executions_run_and_are_not_redriven(self):
        self.post("/moto-api/config", {"stepfunctions": {"execute_state_machine": True}})
        try:
            machine = self.states.create_state_machine(name="echo", roleArn=self.workflow_role(), definition=json.dumps(
                {"StartAt": "Echo", "States": {"Echo": {"Type": "Pass", "End": True}}}))["stateMachineArn"]
            execution = self.states.start_execution(stateMachineArn=machine, name="one", input='{"a": 1}')["executionArn"]
            for _ in range(50):
                seen = self.states.describe_execution(executionArn=execution)
                if seen["status"] != "RUNNING":
                    break
                time.sleep(0.1)
            self.assertEqual((seen["status"], json.loads(seen["output"])), ("SUCCEEDED", {"a": 1}))
            self.assertEqual(self.states.get_execution_history(executionArn=execution)["events"][-1]["type"], "ExecutionSucceeded")
            self.refused("ExecutionNotRedrivable", self.states.redrive_execution, executionArn=execution)
            self.post("/_strict/reset", {})
            self.assertEqual(self.states.list_state_machines()["stateMachines"], [])
        finally:
            self.post("/moto-api/config", {"stepfunctions": {"execute_state_machine": False}})

    # -- the proxy

    def test_faults_and_log(self):
        self.post("/_proxy", {"faults": ["throttle,action=CreateCluster,nth=1"]})
        self.refused("Rate exceeded", self.ecs.create_cluster, clusterName="main")
        self.ecs.create_cluster(clusterName="main")
        with open(self.endpoint["log"], encoding="utf-8") as lines:
            entries = [json.loads(line) for line in lines]
        self.assertEqual([entry["fault"] for entry in entries if entry.get("action") == "CreateCluster"][-2:], ["throttle", None])


if __name__ == "__main__":
    unittest.main()
