"""Runs that are stopped in their middle, deposed, and go on later: by a forced unlock, by the end of their lease, two at a time.

A state file's lock is the operating system's and can't be taken from a process that lives, so this is about S3 alone.
The durations are the real ones (a lease of 30 s), so that a trial takes most of a minute, nearly all of it waiting.
"""
import signal
import time

from subjects import CHANGE, CREATE, ECS_TASK
from tally import Tally
from two_at_once import is_change, run_key
from world import World, end

STORES = ("s3",)
# The call is on its way for so long while its client is stopped.
HELD_MS = 8000
STOP_KINDS = ("stop-after", f"stop-before,ms={HELD_MS}")
# One that waits for the aftermath of an unlocked run comes to its n-th call only after it.
STOP_TIMEOUT_S = 60
# How a run that was deposed says so.
NOTHING_TO_DO = "No changes."
DEPOSED = ("the lock of the state was lost", "another run may have begun", "has written to", "has taken over")


def run(setting):
    return (experiment(setting, *one) for one in (
        ("a run stopped in its middle, unlocked by force, another run, then the first goes on", unlocked, 8, 48),
        ("a run stopped for longer than its lease, another run takes over, then the first goes on", expired, 3, 12),
        ("two runs stopped and unlocked one after the other, a third run, then both go on", both, 3, 12)))


def experiment(setting, name, trial, quick, full):
    tally = Tally(name, setting.store)
    operations = (CREATE, CHANGE)
    calls = count_calls(setting, operations)
    points = [(operation, kind, nth) for operation in operations for nth in range(1, calls[operation] + 1) for kind in STOP_KINDS]
    count = full if setting.is_full else quick
    chance = setting.random(name)
    chosen = chance.sample(points, min(count, len(points)))

    def one(endpoint, point):
        operation, kind, nth = point
        where = f"{operation}, {kind} at call {nth}"
        with World(endpoint, ECS_TASK, tally, setting.store) as world:
            if operation == CHANGE:
                world.run(ECS_TASK.command(CREATE))
            trial(world, operation, kind, nth, where)
    setting.each(one, chosen)
    return tally


def count_calls(setting, operations):
    with setting.pool.borrow() as endpoint, World(endpoint, ECS_TASK, Tally("counting"), setting.store) as world:
        calls = {}
        for operation in operations:
            endpoint.disturb()
            world.run(ECS_TASK.command(operation))
            calls[operation] = sum(endpoint.counts().values())
    return calls


class Stopped:
    """A run that is stopped at its n-th call. `lock` is what it held then, None if nothing."""

    def __init__(self, world, operation, kind, nth, number):
        world.endpoint.disturb(f"{kind},comm=stepwright,nth={nth}")
        self.world, self.command, self.key = world, ECS_TASK.command(operation), run_key(number)
        world.tally.ran(disturbed=True)
        self.process = world.start([*self.command, "--lock-timeout", "60s"], AWS_ACCESS_KEY_ID=self.key)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self.process.poll() is None and not is_stopped(self.process.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.lock = self.lock_id() if self.process.poll() is None else None

    def lock_id(self):
        holder = self.world.store.holder()
        return holder["id"] if holder and holder["run"]["process"] == self.process.pid else None

    def go_on(self, where):
        """Lets it go on to its end, and sees that it does no harm."""
        since = time.time()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
        outcome = end(self.command, self.process)
        if self.lock is None:
            # It had not begun, or had ended: it is a run like any other.
            if outcome.code != 0:
                self.world.tally.fail("stuck", where, outcome)
            return
        self.world.tally.note("runs that were deposed")
        judge(self.world, outcome, intrusions(self.world.endpoint.calls(), self.key, since, self.world.store), where)


def is_stopped(process):
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


def intrusions(calls, key, since, store):
    """What a deposed run still did, by the proxy's log: calls that change AWS, and writes of head or lock that took effect."""
    def is_write(call):
        path = call.get("path", "").partition("/")[2].partition("/")[2]
        return call.get("action") == "PutObject" and path in (store.key, store.lock_key) and call["up_status"] == 200
    return [f"{call['service']}.{call['action']} {call['path']}" for call in calls
            if call.get("key") == key and call["t0"] >= since and (is_change(call) or is_write(call))]


def judge(world, outcome, intruded, where):
    """A deposed run sent nothing, failed, and said why; or it had nothing to do."""
    if intruded:
        world.tally.fail("misled", where, f"a run that had been deposed did {intruded}; {outcome}")
    if outcome.code == 0 and NOTHING_TO_DO in outcome.stdout:
        # It was stopped before it had read the state, and has read the next run's: what it says is true.
        world.tally.note("of them found all done")
    elif outcome.code == 0 or not any(words in outcome.stderr for words in DEPOSED):
        world.tally.fail("misled", where, outcome)


def unlock(world, lock, where):
    outcome = world.run(["state", "unlock", ECS_TASK.file, lock])
    if outcome.code != 0:
        world.tally.fail("stuck", where, outcome)


def follow(world, operation, number, where):
    """The run that comes next, to its end."""
    command = [*ECS_TASK.command(operation), "--lock-timeout", "60s"]
    world.tally.ran()
    outcome = end(command, world.start(command, AWS_ACCESS_KEY_ID=run_key(number)))
    if outcome.code != 0:
        world.tally.fail("stuck", where, outcome)


def unlocked(world, operation, kind, nth, where):
    first = Stopped(world, operation, kind, nth, 0)
    if first.lock:
        unlock(world, first.lock, where)
    world.endpoint.disturb()
    follow(world, operation, 1, where)
    first.go_on(where)
    world.check_disk(where)
    world.check_settled(operation, where)


def expired(world, operation, kind, nth, where):
    first = Stopped(world, operation, kind, nth, 0)
    world.endpoint.disturb()
    if first.lock:
        # The lock is fresh: whoever does not wait is told whose it is.
        outcome = world.run(ECS_TASK.command(operation))
        if not (outcome.code == 1 and "is locked by" in outcome.stderr and first.lock in outcome.stderr):
            world.tally.fail("misled", where, outcome)
    follow(world, operation, 1, where)
    first.go_on(where)
    world.check_disk(where)
    world.check_settled(operation, where)


def both(world, operation, kind, nth, where):
    first = Stopped(world, operation, kind, nth, 0)
    if first.lock:
        unlock(world, first.lock, where)
    second = Stopped(world, operation, kind, max(1, nth - 3), 1)
    if second.lock:
        unlock(world, second.lock, where)
    world.endpoint.disturb()
    follow(world, operation, 2, where)
    first.go_on(where)
    second.go_on(where)
    world.check_disk(where)
    world.check_settled(operation, where)
