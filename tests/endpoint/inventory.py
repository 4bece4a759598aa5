"""inventory.py - what is in the account, read from moto's memory: the ARN and the tags of each resource, at once.

    GET /_strict/inventory      [{"arn": "...", "tags": {"stepwright:address": "role.task", ...}}, ...]

account.py asks the same by AWS's own calls, some hundred of them for a stack of fifty resources. Those who look after
each of a thousand runs ask here. tests/chaos/selfcheck.py holds that both say the same.
"""
from moto.ecs.models import ecs_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.stepfunctions.models import stepfunctions_backends


def inventory(account):
    found = []
    for backend in ecs_backends[account].values():
        found += [_item(cluster.arn, cluster.tags) for cluster in list(backend.clusters.values()) if cluster.status == "ACTIVE"]
        for revisions in list(backend.task_definitions.values()):
            found += [_item(revision.arn, revision.tags) for revision in list(revisions.values()) if revision.status == "ACTIVE"]
    for role in list(iam_backends[account]["aws"].roles.values()):
        if not role.path.startswith("/aws-service-role/"):
            found.append({"arn": role.arn, "tags": {tag["Key"]: tag["Value"] for tag in _iam_tags(role)}})
    for backend in logs_backends[account].values():
        found += [{"arn": group.arn, "tags": backend.list_tags_for_resource(group.arn)} for group in list(backend.groups.values())]
    for backend in stepfunctions_backends[account].values():
        for machine in list(backend.state_machines):
            found.append(_item(machine.arn, backend.tagger.list_tags_for_resource(machine.arn)["tags"]))
    return sorted(found, key=lambda item: item["arn"])


def _item(arn, tags):
    return {"arn": arn, "tags": {tag["key"]: tag["value"] for tag in tags or []}}


def _iam_tags(role):
    return role.tags.values() if isinstance(role.tags, dict) else role.tags or []
