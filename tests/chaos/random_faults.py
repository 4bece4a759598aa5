"""AWS that throttles, breaks, lies and hangs at 20 % of all calls, alone and with kills among it: fifty resources."""
from random_kills import Budget, durations, kill_in_a_row
from subjects import FIFTY, OPERATIONS
from tally import Tally
from world import World

FAULTS = {
    "throttling at 20 %": ["throttle,p=0.2"],
    "connections reset before the call, 20 %": ["reset-before,p=0.2"],
    "answers lost after the effect, 20 %": ["reset-after,p=0.2"],
    "500 before the effect, 20 %": ["500,p=0.2"],
    "500 after the effect, 20 %": ["500-after,p=0.2"],
    "answers cut in half, 20 %": ["truncate,p=0.2"],
    "calls and answers that hang, then reset, 20 %": ["hang,p=0.1,ms=300", "hang-after,p=0.1,ms=300"],
    "all of these, 20 % together": ["throttle,p=0.04", "reset-before,p=0.03", "reset-after,p=0.04", "500,p=0.03", "500-after,p=0.03", "truncate,p=0.03"],
}
MIXED = "all of these, 20 % together"


def run(setting):
    tallies = {name: Tally(f"AWS: {name}: 50 resources", setting.store) for name in FAULTS}
    rounds = 6 if setting.is_full else 1

    def live(endpoint, item):
        name, number = item
        tally = tallies[name]
        with World(endpoint, FIFTY, tally, setting.store) as world:
            for operation in OPERATIONS:
                # The rules' chance is the same each time they are set; a first rule that never fires shifts it.
                endpoint.disturb(*["throttle,p=0"] * number, *FAULTS[name])
                outcome = world.run(FIFTY.command(operation), disturbed=True)
                tally.note("faults", endpoint.faults())
                endpoint.disturb()
                where = f"{operation} {number}"
                if outcome.code != 0:
                    tally.note("runs that gave up")
                world.check_disk(where)
                if not world.check_recovery(operation, where):
                    return
    setting.each(live, [(name, number) for number in range(rounds) for name in FAULTS])
    return [*tallies.values(), with_kills(setting)]


def with_kills(setting):
    kills = max(10, setting.kills // 5)
    tally = Tally(f"AWS: {MIXED}, and SIGKILL at random times: 50 resources", setting.store)
    took = {operation: 2 * seconds for operation, seconds in durations(setting).items()}
    left = Budget(kills)

    def lane(endpoint, number):
        with World(endpoint, FIFTY, tally, setting.store) as world:
            round_number = number
            while left.kills > 0:
                faults = ["throttle,p=0"] * (round_number % 7) + FAULTS[MIXED]
                endpoint.disturb(*faults)
                if not kill_in_a_row(setting, world, f"with faults {round_number}", took, left, faults):
                    return
                round_number += setting.workers
    setting.each(lane, range(setting.workers))
    return tally
