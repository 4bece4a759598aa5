"""SIGKILL at every AWS call: right before it takes effect, and right after it did and before its answer is heard. With the state in S3 its calls count as well."""
from subjects import OPERATIONS, STACKS
from tally import Tally
from world import World

KINDS = ("kill-before", "kill-after")
# Calls can be more than in the run in which they were counted: one that waits asks again.
MORE = 2


def run(setting):
    return (run_on(setting, subject) for subject in STACKS)


def run_on(setting, subject):
    tally = Tally(f"SIGKILL at each AWS call of create, change, destroy: {subject.file}", setting.store)
    with setting.pool.borrow() as endpoint, World(endpoint, subject, Tally("counting"), setting.store) as world:
        calls = {}
        for operation in OPERATIONS:
            endpoint.disturb()
            world.run(subject.command(operation))
            calls[operation] = sum(endpoint.counts().values())
    points = [(kind, nth) for nth in range(1, max(calls.values()) + MORE + 1) for kind in KINDS]

    def life(endpoint, point):
        kind, nth = point
        with World(endpoint, subject, tally, setting.store) as world:
            for operation in OPERATIONS:
                where = f"{subject.file}, {operation}, {kind} at call {nth}"
                if nth > calls[operation] + MORE:
                    if not world.check_recovery(operation, where):
                        return
                    continue
                endpoint.disturb(f"{kind},comm=stepwright,nth={nth}")
                outcome = world.run(subject.command(operation), disturbed=True)
                endpoint.disturb()
                if outcome.was_killed:
                    tally.note("kills")
                    world.check_disk(where)
                elif outcome.code != 0:
                    tally.fail("stuck", where, outcome)
                if not world.check_recovery(operation, where):
                    return
    setting.each(life, setting.sample(tally.name, points, 9))
    return tally
