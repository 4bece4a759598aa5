"""SIGKILL at random times, kill upon kill, on a stack of fifty resources."""
import time

from subjects import CHANGE, CREATE, DESTROY, FIFTY, OPERATIONS
from tally import Tally
from world import World

# How many kills come one upon the other before a run is left in peace and all is verified.
IN_A_ROW = 5
LATENCY_MS = 15


def run(setting):
    tally = Tally(f"SIGKILL at random times, {IN_A_ROW} on top of each other: 50 resources", setting.store)
    took = durations(setting)
    rounds = list(range(-(-setting.kills // IN_A_ROW)))
    # Each worker goes on with what the round before has left.
    lanes = [rounds[lane::setting.workers] for lane in range(setting.workers)]
    left = Budget(setting.kills)

    def lane(endpoint, numbers):
        with World(endpoint, FIFTY, tally, setting.store) as world:
            endpoint.disturb(latency_ms=LATENCY_MS, jitter_ms=LATENCY_MS)
            for number in numbers:
                if not kill_in_a_row(setting, world, number, took, left):
                    return
    setting.each(lane, [numbers for numbers in lanes if numbers])
    return [tally]


class Budget:
    def __init__(self, kills):
        self.kills = kills

    def take(self):
        self.kills -= 1
        return self.kills >= 0


def durations(setting):
    """How long each operation takes that is left in peace."""
    took = {}
    with setting.pool.borrow() as endpoint, World(endpoint, FIFTY, Tally("measuring"), setting.store) as world:
        endpoint.disturb(latency_ms=LATENCY_MS, jitter_ms=LATENCY_MS)
        for operation in OPERATIONS:
            began = time.monotonic()
            outcome = world.run(FIFTY.command(operation))
            if outcome.code != 0:
                raise RuntimeError(f"not even without harm: {outcome}")
            took[operation] = time.monotonic() - began
    return took


def kill_in_a_row(setting, world, number, took, left, faults=()):
    """Some kills, then a run in peace. Whether life can go on."""
    chance = setting.random(f"kills {number}")
    killed = 0
    while killed < IN_A_ROW:
        # To make or to change more often than to destroy, or there would be little to lose.
        operation = chance.choice((CREATE, CREATE, CHANGE, CHANGE, DESTROY))
        outcome = world.run(FIFTY.command(operation), disturbed=True, kill_after_s=chance.uniform(0.02, took[operation]))
        where = f"round {number}, {operation}"
        if outcome.was_killed:
            killed += 1
            world.tally.note("kills")
            if world.ledger().intents:
                world.tally.note("with changes under way")
            if not left.take():
                break
        elif outcome.code != 0 and not faults and not world.had_nothing_to_do(outcome):
            world.tally.fail("stuck", where, outcome)
            return False
        world.check_disk(where)
    operation = chance.choice(OPERATIONS)
    if faults:
        world.endpoint.disturb()
    settled = world.check_recovery(operation, f"round {number}, then {operation}")
    if faults:
        world.endpoint.disturb(*faults)
    return settled
