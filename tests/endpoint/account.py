"""account.py - looks at the account behind AWS_ENDPOINT_URL, and prepares it for tests. It prints JSON.

    python account.py show          what is there: clusters, task definitions, roles, log groups, state machines, each with its tags
    python account.py leftovers     the ARNs of it, one list; [] once everything is gone
    python account.py prepare       makes the cluster and the task definition that stacks/existing-cluster.toml looks up
    python account.py prepare-hand-made   makes by hand what nobody wrote a stack for, oddly formatted, as consoles and scripts leave it
    python account.py prepare-mistaken    makes a role that Stepwright would refuse to make
    python account.py prepare-instance CLUSTER   puts an instance into a cluster, on which tasks of the launch type EC2 can run
    python account.py asked         what executions of state machines needed, and whether their role allowed it
    python account.py calls LOG     the calls in the proxy's log, in order: service, action, request, status, fault
    python account.py call 'SERVICE OPERATION {"PARAMETER": …}'    any call of boto3's: what somebody else does to the account
    python account.py fields        the single fields that can be changed from outside, and prepares for that: see fields.py
    python account.py field NAME    changes one
    python account.py serve         answers such commands, one a line of standard input, with one line each: for many questions
"""
import functools
import json
import os
import sys
import urllib.parse
import urllib.request

import boto3
from botocore.config import Config

import fields as one_field

CONFIG = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


@functools.cache
def client(service):
    return boto3.client(service, config=CONFIG)


def pages(service, operation, key, **parameters):
    for page in client(service).get_paginator(operation).paginate(**parameters):
        yield from page[key]


def clusters():
    names = list(pages("ecs", "list_clusters", "clusterArns"))
    described = client("ecs").describe_clusters(clusters=names, include=["TAGS", "SETTINGS", "CONFIGURATIONS"])["clusters"] if names else []
    return {cluster["clusterName"]: {"arn": cluster["clusterArn"], "status": cluster["status"], "settings": cluster.get("settings", []),
                                     "capacity_providers": cluster.get("capacityProviders", []), "tags": tags(cluster.get("tags"))}
            for cluster in described}


def task_definitions():
    found = {}
    for arn in pages("ecs", "list_task_definitions", "taskDefinitionArns", status="ACTIVE"):
        answer = client("ecs").describe_task_definition(taskDefinition=arn, include=["TAGS"])
        definition = answer["taskDefinition"]
        found[f"{definition['family']}:{definition['revision']}"] = {
            "arn": arn, "tags": tags(answer.get("tags")),
            **{key: definition.get(key) for key in ("family", "revision", "networkMode", "requiresCompatibilities", "cpu", "memory", "taskRoleArn",
                                                    "executionRoleArn", "containerDefinitions")}}
    return found


def roles():
    found, iam = {}, client("iam")
    for role in pages("iam", "list_roles", "Roles"):
        if role["Path"].startswith("/aws-service-role/"):
            continue
        name = role["RoleName"]
        policies = {policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]}
        attached = [policy["PolicyArn"] for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]]
        found[name] = {"arn": role["Arn"], "trust": role["AssumeRolePolicyDocument"], "inline_policies": policies, "managed_policy_arns": attached,
                       "tags": tags(iam.list_role_tags(RoleName=name)["Tags"])}
    return found


def state_machines():
    found, states = {}, client("stepfunctions")
    for entry in pages("stepfunctions", "list_state_machines", "stateMachines"):
        arn = entry["stateMachineArn"]
        machine = states.describe_state_machine(stateMachineArn=arn)
        found[machine["name"]] = {"arn": arn, "status": machine["status"], "type": machine["type"], "role_arn": machine["roleArn"],
                                  "definition": json.loads(machine["definition"]), "tags": tags(states.list_tags_for_resource(resourceArn=arn)["tags"])}
    return found


def log_groups():
    found, logs = {}, client("logs")
    for group in pages("logs", "describe_log_groups", "logGroups"):
        arn = group["arn"].removesuffix(":*")
        found[group["logGroupName"]] = {"arn": arn, "tags": logs.list_tags_for_resource(resourceArn=arn)["tags"], **{
            key: group.get(key) for key in ("retentionInDays", "logGroupClass", "kmsKeyId", "deletionProtectionEnabled")}}
    return found


def tags(listed):
    return {tag.get("key", tag.get("Key")): tag.get("value", tag.get("Value")) for tag in listed or []}


def show():
    return {"clusters": clusters(), "task_definitions": task_definitions(), "roles": roles(), "log_groups": log_groups(),
            "state_machines": state_machines()}


def leftovers():
    return sorted(resource["arn"] for kind in show().values() for resource in kind.values())


def prepare():
    """Someone else's cluster and task definition."""
    ecs = client("ecs")
    cluster = ecs.create_cluster(clusterName="shared")["cluster"]["clusterArn"]
    container = {"name": "report", "image": "public.ecr.aws/docker/library/busybox:1.37", "command": ["true"], "memory": 128}
    definition = ecs.register_task_definition(family="report", requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512",
                                              containerDefinitions=[container])["taskDefinition"]["taskDefinitionArn"]
    return {"cluster": cluster, "task_definition": definition}


def prepare_instance(cluster):
    """A container instance in a cluster, on which tasks of the launch type EC2 can run."""
    ec2 = client("ec2")
    instance = ec2.run_instances(ImageId=ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"], MinCount=1, MaxCount=1)["Instances"][0]
    document = json.dumps({"instanceId": instance["InstanceId"], "instanceType": instance["InstanceType"]})
    return client("ecs").register_container_instance(cluster=cluster, instanceIdentityDocument=document)["containerInstance"]["containerInstanceArn"]


def asked():
    """What executions needed, and whether their role allowed it: see executions.py."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(os.environ["AWS_ENDPOINT_URL"] + "/_strict/asked", timeout=30) as answer:
        return json.load(answer)


def prepare_hand_made():
    """A workflow as it grows by hand: policies in all spellings, lists in no order, names and ARNs mixed."""
    ecs, iam, states = client("ecs"), client("iam"), client("stepfunctions")
    region, account = ecs.meta.region_name, "123456789012"
    cluster = ecs.create_cluster(clusterName="billing", settings=[{"name": "containerInsights", "value": "enabled"}],
                                 capacityProviders=["FARGATE_SPOT", "FARGATE"],
                                 defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 3}, {"capacityProvider": "FARGATE", "base": 1}],
                                 configuration={"executeCommandConfiguration": {"logging": "OVERRIDE", "logConfiguration": {"cloudWatchLogGroupName": "/billing/exec"}}},
                                 tags=[{"key": "team", "value": "billing and co"}])["cluster"]["clusterArn"]
    trust = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":["ecs-tasks.amazonaws.com"]},"Action":["sts:AssumeRole"]}}'
    task = iam.create_role(RoleName="billing-task", Path="/batch/", AssumeRolePolicyDocument=trust, Description="What the \"billing\" containers may do",
                           Tags=[{"Key": "team", "Value": "billing"}])["Role"]["Arn"]
    iam.put_role_policy(RoleName="billing-task", PolicyName="read+home", PolicyDocument="""{
      "Version": "2012-10-17", "Statement": [
        {"Sid": "", "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::billing/home/${aws:username}/*", "arn:aws:s3:::billing/$${x}/*"]},
        {"Effect": "Allow", "Action": ["S3:ListBucket"], "Resource": "arn:aws:s3:::billing", "Condition": {"Bool": {"aws:SecureTransport": true}}},
        {"Effect": "Allow", "Action": "states:SendTaskSuccess", "Resource": "arn:aws:states:%s:%s:stateMachine:billing"}]}""" % (region, account))
    execution = iam.create_role(RoleName="billing-execution", AssumeRolePolicyDocument=trust, MaxSessionDuration=7200)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="billing-execution", PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")
    client("logs").create_log_group(logGroupName="/billing/worker", tags={"team": "billing"})
    client("logs").put_retention_policy(logGroupName="/billing/worker", retentionInDays=14)
    containers = [
        {"name": "worker", "image": "public.ecr.aws/docker/library/busybox:1.37", "essential": True,
         "command": ["sh", "-c", "echo \"a\tb\" > /tmp/x\nexit 0\n"], "environment": [{"name": "Z", "value": "${HOME}/\u00e9"}, {"name": "A", "value": "1"},
         {"name": "CLUSTER", "value": cluster}, {"name": "EMPTY", "value": ""}],
         "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/billing/worker", "awslogs-region": region, "awslogs-stream-prefix": "worker"}},
         "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}, {"containerPort": 443}],
         "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/scratch"}], "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}],
         "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}],
         "healthCheck": {"command": ["CMD-SHELL", "wget -q 'http://localhost/' || exit 1"]}},
        {"name": "init", "image": "public.ecr.aws/docker/library/busybox:1.37", "essential": False, "command": ["true"], "cpu": 0}]
    definition = dict(family="billing-worker", requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="1 vCPU", memory="2GB", taskRoleArn=task,
                      executionRoleArn=execution, volumes=[{"name": "scratch"}], containerDefinitions=containers, tags=[{"key": "team", "value": "billing"}])
    ecs.register_task_definition(**definition)
    revision = ecs.register_task_definition(**{**definition, "memory": "3GB"})["taskDefinition"]["taskDefinitionArn"]
    ecs.register_task_definition(family="billing-cleanup", requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512",
                                 containerDefinitions=containers[1:] and [{**containers[1], "essential": True}])
    trust = '{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"states.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
    workflow = iam.create_role(RoleName="billing-workflow", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    rule = f"arn:aws:events:{region}:{account}:rule/StepFunctionsGetEventsFor"
    iam.put_role_policy(RoleName="billing-workflow", PolicyName="run", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ecs:RunTask", "Resource": [f"arn:aws:ecs:{region}:{account}:task-definition/billing-worker:*",
                                                                    f"arn:aws:ecs:{region}:{account}:task-definition/billing-cleanup:*"]},
        {"Effect": "Allow", "Action": ["ecs:StopTask", "ecs:DescribeTasks"], "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": [execution, task]},
        {"Effect": "Allow", "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"], "Resource": [rule + "ECSTaskRule", rule + "StepFunctionsExecutionRule"]},
        {"Effect": "Allow", "Action": "states:StartExecution", "Resource": f"arn:aws:states:{region}:{account}:stateMachine:billing-archive"},
        {"Effect": "Allow", "Action": ["states:DescribeExecution", "states:StopExecution"],
         "Resource": [f"arn:aws:states:{region}:{account}:execution:billing-archive:*", f"arn:aws:states:{region}:{account}:execution:billing:*"]}]}))
    archive = states.create_state_machine(name="billing-archive", roleArn=workflow, definition=json.dumps(
        {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "Result": {"kept": None}, "End": True}}}))["stateMachineArn"]
    network = {"AwsvpcConfiguration": {"Subnets": ["subnet-00000000000000000"], "AssignPublicIp": "DISABLED"}}
    run = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": True, "Retry": [
        {"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 10, "MaxAttempts": 3, "BackoffRate": 2.5}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 0}]}
    machine = states.create_state_machine(name="billing", roleArn=workflow, tags=[{"key": "team", "value": "billing"}], definition=json.dumps({
        "Comment": "Made in the console", "StartAt": "Both of them", "TimeoutSeconds": 1200, "States": {
            "Both of them": {"Type": "Parallel", "Next": "Is it late?", "Branches": [
                {"StartAt": "Work", "States": {"Work": {**run, "Parameters": {
                    "LaunchType": "FARGATE", "Cluster": cluster, "TaskDefinition": revision, "NetworkConfiguration": network,
                    "Overrides": {"ContainerOverrides": [{"Name": "worker", "Environment": [{"Name": "EXECUTION", "Value.$": "$$.Execution.Id"}]}]}}}}},
                {"StartAt": "Clean up", "States": {"Clean up": {**run, "Parameters": {
                    "LaunchType": "FARGATE", "Cluster": "billing", "TaskDefinition": "billing-cleanup", "NetworkConfiguration": network}}}}]},
            "Is it late?": {"Type": "Choice", "Default": "Archive", "Choices": [
                {"And": [{"Variable": "$[0].late", "IsPresent": True}, {"Variable": "$[0].late", "BooleanEquals": True}], "Next": "Sorry"}]},
            "Archive": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True, "Parameters": {
                "StateMachineArn": archive, "Input": {"cluster": cluster, "note": "$"}}},
            "Sorry": {"Type": "Fail", "Error": "Late", "Cause": "It's \"late\"\n"}}}))["stateMachineArn"]
    return {"state_machine": machine, "task_definition": revision, "cluster": cluster, "roles": [task, execution, workflow]}


def prepare_mistaken():
    """A name that an older or laxer service took."""
    trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"states.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
    role = client("iam").create_role(RoleName="mistaken", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    client("iam").put_role_policy(RoleName="mistaken", PolicyName="all of it", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}]}))
    return role


def calls(log):
    found = []
    with open(log, encoding="utf-8") as lines:
        for line in lines:
            if not line.endswith("\n"):
                break   # The call is being written down at this moment: whoever waits for it looks again.
            entry = json.loads(line)
            if entry.get("service"):
                request = entry.get("req") or ""
                try:
                    parameters = json.loads(request)
                except ValueError:
                    parameters = dict(urllib.parse.parse_qsl(request))
                found.append({"service": entry["service"], "action": entry["action"], "request": parameters,
                              "status": entry.get("status"), "fault": entry.get("fault"), "killed": entry.get("killed")})
    return found


def call(words):
    service, operation, parameters = words.split(" ", 2)
    return getattr(client(service), operation)(**json.loads(parameters))


def fields():
    one_field.prepare(client)
    return [{"name": name, "address": address, "path": path} for name, (address, path, _) in one_field.CHANGES.items()]


def field(name):
    one_field.CHANGES[name][2](client)
    return {"changed": name}


COMMANDS = {"call": call, "asked": asked, "prepare-instance": prepare_instance, "show": show, "leftovers": leftovers, "prepare": prepare, "prepare-hand-made": prepare_hand_made,
            "prepare-mistaken": prepare_mistaken, "calls": calls, "fields": fields, "field": field}


def serve():
    for line in sys.stdin:
        command, *arguments = line.rstrip("\n").split(" ", 1)
        try:
            answer = COMMANDS[command](*arguments)
        except Exception as error:  # the next question is to be answered all the same
            answer = {"error": repr(error)}
        print(json.dumps(answer, default=str), flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    elif len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    else:
        print(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:]), indent=1, default=str))
