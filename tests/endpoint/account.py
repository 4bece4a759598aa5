"""account.py - looks at the account behind AWS_ENDPOINT_URL, and prepares it for tests. It prints JSON.

    python account.py show          what is there: clusters, task definitions, roles, state machines, each with its tags
    python account.py leftovers     the ARNs of it, one list; [] once everything is gone
    python account.py prepare       makes the cluster and the task definition that stacks/existing-cluster.toml looks up
    python account.py calls LOG     the calls in the proxy's log, in order: service, action, request, status, fault
    python account.py fields        the single fields that can be changed from outside, and prepares for that: see fields.py
    python account.py field NAME    changes one
    python account.py serve         answers such commands, one a line of standard input, with one line each: for many questions
"""
import functools
import json
import sys
import urllib.parse

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


def tags(listed):
    return {tag.get("key", tag.get("Key")): tag.get("value", tag.get("Value")) for tag in listed or []}


def show():
    return {"clusters": clusters(), "task_definitions": task_definitions(), "roles": roles(), "state_machines": state_machines()}


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


def calls(log):
    found = []
    with open(log, encoding="utf-8") as lines:
        for line in lines:
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


def fields():
    one_field.prepare(client)
    return [{"name": name, "address": address, "path": path} for name, (address, path, _) in one_field.CHANGES.items()]


def field(name):
    one_field.CHANGES[name][2](client)
    return {"changed": name}


COMMANDS = {"show": show, "leftovers": leftovers, "prepare": prepare, "calls": calls, "fields": fields, "field": field}


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
