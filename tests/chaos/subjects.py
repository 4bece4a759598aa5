"""The stacks that harm is done to: those of stacks/, and one of fifty resources."""
import dataclasses
import os
import shutil

from endpoints import ROOT

IMAGE = "public.ecr.aws/docker/library/busybox:1.38"
CREATE, CHANGE, DESTROY = "create", "change", "destroy"
OPERATIONS = (CREATE, CHANGE, DESTROY)


@dataclasses.dataclass(frozen=True)
class Subject:
    file: str
    stack: str
    size: int
    change: tuple
    # Whether it looks up what account.py must prepare.
    looks_up: bool = False

    def command(self, operation):
        if operation == DESTROY:
            return ["destroy", self.file, "--yes"]
        return ["apply", self.file, "--yes", *(self.change if operation == CHANGE else ())]

    def plan(self, operation):
        """The plan that must be empty after the operation."""
        return ["plan", self.file, "--detailed-exitcode", *(self.change if operation == CHANGE else ())]

    def write(self, folder):
        if self is FIFTY:
            with open(os.path.join(folder, self.file), "w", encoding="utf-8") as file:
                file.write(fifty())
            return
        for name in os.listdir(os.path.join(ROOT, "stacks")):
            shutil.copy(os.path.join(ROOT, "stacks", name), folder)


def fifty():
    """5 clusters, 15 roles, 15 task definitions and 15 state machines. A new image replaces the task definitions and moves the rest to them."""
    parts = ['[stack]\nname = "fifty"\nregion = "eu-central-1"\n\n[variables]\nimage = { default = "busybox:1" }\n']
    parts += [f"[cluster.c{number}]\n" for number in range(5)]
    for number in range(15):
        parts.append(f"""[role.r{number}]
assume_role_policy_document = {{ Version = "2012-10-17", Statement = [{{ Effect = "Allow", Principal = {{ Service = "states.amazonaws.com" }}, Action = "sts:AssumeRole" }}] }}
[role.r{number}.inline_policies.run]
Version = "2012-10-17"
[[role.r{number}.inline_policies.run.Statement]]
Effect = "Allow"
Action = "ecs:RunTask"
Resource = "arn:${{account.partition}}:ecs:${{stack.region}}:${{account.id}}:task-definition/${{task_definition.t{number}.family}}:*"

[task_definition.t{number}]
[[task_definition.t{number}.container_definitions]]
name = "main"
image = "${{var.image}}"
memory = 64

[state_machine.s{number}]
role_arn = "${{role.r{number}.arn}}"
[state_machine.s{number}.definition]
StartAt = "Run"
[state_machine.s{number}.definition.States.Run]
Type = "Task"
Resource = "arn:aws:states:::ecs:runTask"
Parameters = {{ Cluster = "${{cluster.c{number % 5}.arn}}", TaskDefinition = "${{task_definition.t{number}.arn}}" }}
End = true
""")
    return "\n".join(parts)


ECS_TASK = Subject("ecs-task.toml", "nightly-report", 7, ("--var", f"image={IMAGE}"))
EXISTING_CLUSTER = Subject("existing-cluster.toml", "nightly-report-elsewhere", 2, ("--var", "subnet=subnet-11111111111111111"), looks_up=True)
EC2_LAUNCH = Subject("ec2-launch.toml", "nightly-batch", 4, ("--var", f"image={IMAGE}"))
FIFTY = Subject("fifty.toml", "fifty", 50, ("--var", "image=busybox:2"))
STACKS = (ECS_TASK, EXISTING_CLUSTER, EC2_LAUNCH)
