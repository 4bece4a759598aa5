"""Two runs on one state at the same time: one works, the other waits or says who holds the state."""
from subjects import CHANGE, CREATE, DESTROY, ECS_TASK
from endpoints import READS
from tally import Tally
from world import World, end

LATENCY_MS = 10
PAIRS = ((CREATE, CREATE), (CREATE, CHANGE), (CREATE, DESTROY), (CHANGE, DESTROY), (DESTROY, DESTROY))


def run(setting):
    tally = Tally("two runs at once on one state", setting.store)
    rounds = 200 if setting.is_full else 50

    def lane(endpoint, number):
        with World(endpoint, ECS_TASK, tally, setting.store) as world:
            for turn in range(number, rounds, setting.workers):
                if not at_once(setting, world, turn):
                    return
    setting.each(lane, range(setting.workers))
    return [tally]


def run_key(number):
    """The access key by which the proxy's log tells the runs apart."""
    return f"AKIARUN{number}EXAMPLE"


def at_once(setting, world, turn):
    chance = setting.random(f"two {turn}")
    pair, patience = chance.choice(PAIRS), chance.choice(([], ["--lock-timeout", "60s"]))
    where = f"turn {turn}, {' and '.join(pair)}{' '.join(['', *patience])}"
    if chance.random() < 0.7:
        world.run(ECS_TASK.command(CREATE))
    world.endpoint.disturb(latency_ms=LATENCY_MS, truncate_log=True)
    commands = [[*ECS_TASK.command(operation), *patience] for operation in pair]
    processes = [world.start(command, AWS_ACCESS_KEY_ID=run_key(number))
                 for number, command in enumerate(commands)]
    outcomes = [end(command, process) for command, process in zip(commands, processes)]
    for outcome in outcomes:
        world.tally.ran(disturbed=True)
        is_locked_out = outcome.code == 1 and "is locked by" in outcome.stderr
        if is_locked_out:
            world.tally.note("told who holds the state")
        # One that comes to destroy what was never made, or not yet, has nothing to lock.
        is_early = outcome.command[0] == "destroy" and "there is no state" in outcome.stderr
        if outcome.code != 0 and not (is_locked_out and not patience) and not is_early:
            world.tally.fail("stuck", where, outcome)
    if not any(outcome.code == 0 or world.had_nothing_to_do(outcome) for outcome in outcomes):
        world.tally.fail("stuck", where, f"neither came through: {outcomes[0]}; {outcomes[1]}")
    if overlap(world.endpoint.calls()):
        world.tally.fail("misled", where, "both changed AWS at the same time")
    world.endpoint.disturb(latency_ms=0)
    world.check_disk(where)
    return world.check_recovery(CREATE, where)


def is_change(call):
    """Whether a line of the log is a call that can change anything but a state in S3."""
    return bool(call.get("action")) and call["service"] != "s3" and not call["action"].startswith(READS)


def overlap(calls):
    """Whether changes of the one run fall between the first and the last change of the other."""
    spans = {}
    for call in calls:
        if is_change(call) and "RUN" in call.get("key", ""):
            begin, end = spans.get(call["key"], (call["t0"], call["t1"]))
            spans[call["key"]] = (min(begin, call["t0"]), max(end, call["t1"]))
    if len(spans) < 2:
        return False
    (one, one_end), (other, other_end) = spans.values()
    return one < other_end and other < one_end
