"""SIGKILL, a full disk and a broken disk at every step that is taken in the state's folder."""
import os

from shim import FAILURES, KILLS, read_report
from subjects import OPERATIONS, STACKS
from tally import Tally
from world import World

TITLES = {"kill-before": "SIGKILL before", "kill-after": "SIGKILL after", "torn": "SIGKILL with half of the write at",
          "full-once": "disk full for one step, at", "full": "disk full from", "eio": "EIO of"}
# Of a state in S3 there is nothing in the folder: its writes are calls.
STORES = ("file",)
# Steps can be more than in the run in which they were counted: outcomes that come at once share a write.
MORE = 4


def run(setting):
    steps = {subject: count_steps(setting, subject) for subject in STACKS}
    return (run_mode(setting, mode, steps) for mode in KILLS + FAILURES)


def count_steps(setting, subject):
    """How many steps each operation takes, and, under True, how many of them are fsyncs."""
    with setting.pool.borrow() as endpoint, World(endpoint, subject, Tally("counting")) as world:
        return {only_syncs: {operation: steps_of(setting, world, operation, "eio" if only_syncs else "count", 0)[1] for operation in OPERATIONS}
                for only_syncs in (False, True)}


def steps_of(setting, world, operation, mode, nth):
    """Runs the operation under the shim: the outcome, the number of steps, and the step that was hit."""
    report = os.path.join(world.folder, "shim-report")
    environment = setting.shim.environment(os.path.join(world.folder, "state"), mode, nth, report)
    outcome = world.run(world.subject.command(operation), disturbed=mode != "count", **environment)
    return (outcome, *read_report(report))


def run_mode(setting, mode, steps):
    tally = Tally(f"{TITLES[mode]} each {'fsync' if mode == 'eio' else 'file-system step'} of create, change, destroy: all stacks", setting.store)
    points = [(subject, nth) for subject in STACKS for nth in range(1, max(steps[subject][mode == "eio"].values()) + MORE + 1)]

    def life(endpoint, point):
        subject, nth = point
        with World(endpoint, subject, tally) as world:
            for operation in OPERATIONS:
                if not harm(setting, world, operation, mode, nth, steps[subject][mode == "eio"][operation]):
                    return
    setting.each(life, setting.sample(tally.name, points, 9))
    return tally


def harm(setting, world, operation, mode, nth, steps):
    """One operation with its n-th step disturbed, then without; whether life can go on."""
    where = f"{world.subject.file}, {operation}, {mode} at step {nth}"
    if nth <= steps + MORE:
        outcome, _, hit = steps_of(setting, world, operation, mode, nth)
        where += f" ({hit})"
        if hit:
            world.tally.note("hits")
        if hit and mode in KILLS and not outcome.was_killed:
            raise RuntimeError(f"the shim did not kill: {where}: {outcome}")
        if not outcome.was_killed and not is_clear(outcome):
            world.tally.fail("misled", where, outcome)
        if outcome.code == 1:
            world.tally.note("told by an error")
        world.check_disk(where)
    return world.check_recovery(operation, where)


def is_clear(outcome):
    """A run that was not killed succeeded, or says what the disk said and of which file."""
    return outcome.code == 0 or (outcome.code == 1 and "state" in outcome.stderr and "os error" in outcome.stderr)
