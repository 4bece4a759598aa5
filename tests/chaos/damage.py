"""State files and journals that were cut, flipped, emptied or replaced: told by an error that names the file, never taken for less."""
import json
import os
import shutil
import tempfile

import damage_objects
from ledger import Ledger
from subjects import CHANGE, CREATE, ECS_TASK, EXISTING_CLUSTER
from tally import Tally
from world import World, end, start

REPLACEMENTS = {"empty": b"", "a line break": b"\n", "{}": b"{}", "[]": b"[]", "null": b"null", "a number": b"7",
                "a Terraform state": b'{"version": 4, "serial": 1, "lineage": "x", "resources": []}',
                "a newer format": b'{"format_version": 2, "lineage": "x", "serial": 9, "resources": {}}'}


def run(setting):
    return damage_objects.run(setting) if setting.store == "s3" else run_on_files(setting)


def run_on_files(setting):
    with setting.pool.borrow() as endpoint, World(endpoint, EXISTING_CLUSTER, Tally("preparing")) as world:
        world.run(EXISTING_CLUSTER.command(CREATE))
        state = read(world.state)
    interrupted = interrupted_files(setting)
    return [offline(setting, "state", EXISTING_CLUSTER, {"": state}, 300),
            offline(setting, "journal", ECS_TASK, interrupted, 300),
            online(setting, "state", {"": state}, EXISTING_CLUSTER),
            online(setting, "journal", interrupted, ECS_TASK)]


def interrupted_files(setting):
    """A state and the journal that a change left which was killed in its middle, by what their names end with."""
    with setting.pool.borrow() as endpoint, World(endpoint, ECS_TASK, Tally("preparing")) as world:
        return interrupt(endpoint, world)


def interrupt(endpoint, world):
    world.run(ECS_TASK.command(CREATE))
    endpoint.disturb("kill-after,comm=stepwright,action=UpdateStateMachine,nth=1")
    if not world.run(ECS_TASK.command(CHANGE)).was_killed:
        raise RuntimeError("the change was to be killed")
    endpoint.disturb()
    return {"": read(world.state), ".journal": read(world.state + ".journal")}


def read(path):
    with open(path, "rb") as file:
        return file.read()


def variants(setting, name, whole, quick):
    """(what was done, the bytes) of damage to a file."""
    chance = setting.random(f"bits of {name}")
    cuts = [(f"cut at byte {length}", whole[:length]) for length in setting.sample(f"cuts of {name}", range(1, len(whole)), quick)]
    # In a full run one bit of every byte, and as many again anywhere.
    positions = setting.sample(f"bits of {name}", range(len(whole)), quick // 2)
    positions = positions + [chance.randrange(len(whole)) for _ in positions]
    flips = []
    for position in positions:
        bit = chance.randrange(8)
        flips.append((f"bit {bit} of byte {position} flipped", whole[:position] + bytes([whole[position] ^ 1 << bit]) + whole[position + 1:]))
    replaced = [*REPLACEMENTS.items(), ("zeros", bytes(len(whole))), ("its first half twice", whole[:len(whole) // 2] * 2), ("zeros at its end", whole[:-64] + bytes(64))]
    return cuts + flips + replaced


def is_torn(name, damaged, whole):
    """Whether it is a journal as an interrupted write leaves it: a beginning of it, with its first line, and perhaps zeros."""
    return name == "journal" and whole.startswith(damaged.rstrip(b"\0")) and b"\n" in damaged


def offline(setting, name, subject, files, quick):
    """`state list` on each."""
    tally = Tally(f"damaged {name} files (cuts, flipped bits, replaced): state list")
    ending = ".journal" if name == "journal" else ""
    whole = files[ending]

    def look(_, batch):
        with Files(subject, files) as at:
            for what, damaged in batch:
                at.write(ending, damaged)
                outcome = at.list(tally)
                if is_torn(name, damaged, whole):
                    ledger = Ledger.of_files(at.state)
                    seen = {row["id"] for row in json.loads(outcome.stdout or '{"resources": []}')["resources"]}
                    if outcome.code != 0 or seen != ledger.ids():
                        tally.fail("misled", what, f"{outcome}; the whole lines hold {ledger.ids()}")
                    tally.note("journals with a torn end, read up to it")
                else:
                    expect_refusal(tally, what, outcome, at.state + ending)
    cases = variants(setting, name, whole, quick)
    setting.each(look, [cases[lane::setting.workers] for lane in range(setting.workers)])
    return tally


class Files:
    """A folder that holds only a state, for runs that ask nobody."""

    def __init__(self, subject, files):
        self.folder = tempfile.mkdtemp(prefix="stepwright-chaos-")
        self.state = os.path.join(self.folder, f"{subject.stack}.json")
        for ending, content in files.items():
            self.write(ending, content)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, ending, content):
        with open(self.state + ending, "wb") as file:
            file.write(content)

    def list(self, tally):
        command = ["state", "list", "--state", self.state, "--format", "json"]
        tally.ran(disturbed=True)
        return end(command, start(self.folder, command))


def expect_refusal(tally, what, outcome, path):
    if outcome.code != 1 or os.path.basename(path) not in outcome.stderr:
        tally.fail("misled", what, outcome)


def online(setting, name, files, subject):
    """plan, apply and destroy on some of them: AWS is left alone, and with the undamaged file back all is well."""
    tally = Tally(f"damaged {name} files: plan, apply, destroy; then the file put back")
    ending = ".journal" if name == "journal" else ""
    # Each account has a state of its own; what is damaged is chosen by its share of the length.
    cases = variants(setting, name, files[ending], 40)
    cases = setting.sample(f"{name} online", range(len(cases)), 40)[:: max(1, len(cases) // 400)]

    def act(endpoint, batch):
        with World(endpoint, subject, tally) as world:
            own = interrupt(endpoint, world) if name == "journal" else (world.run(subject.command(CREATE)), {"": read(world.state)})[1]
            damages = variants(setting, name, own[ending], 40)
            for index in batch:
                what, damaged = damages[index % len(damages)]
                if is_torn(name, damaged, own[ending]):
                    continue
                endpoint.disturb()
                with open(world.state + ending, "wb") as file:
                    file.write(damaged)
                for command in (subject.plan(CREATE), subject.command(CREATE), subject.command("destroy")):
                    expect_refusal(tally, what, world.run(command, disturbed=True), world.state + ending)
                changes = endpoint.changes()
                if changes:
                    tally.fail("misled", what, f"{changes} changes of AWS")
                    return
                with open(world.state + ending, "wb") as file:
                    file.write(own[ending])
            world.check_disk(f"{name} put back")
            world.check_recovery(CREATE, f"{name} put back")
    setting.each(act, [cases[lane::setting.workers] for lane in range(setting.workers)])
    return tally
