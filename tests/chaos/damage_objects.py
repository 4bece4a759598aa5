"""Objects of a state in S3 that were cut, flipped, replaced or removed: told by an error, never taken for less; then a way back."""
import damage
from subjects import CHANGE, CREATE, EXISTING_CLUSTER, FIFTY
from tally import Tally
from world import World

# What is done against the damage. A restore needs a serial that is whole; what it was of is then compared by a plan.
WAYS_BACK = ("put back", "restore", "rebuild")


def run(setting):
    # A journal is long enough for a part of its own only where much is under way.
    yield from (offline(setting, name, EXISTING_CLUSTER, two_serials) for name in ("head", "snapshot"))
    yield from (offline(setting, name, FIFTY, interrupted) for name in ("head", "segment"))
    yield from (online(setting, name) for name in ("head", "snapshot"))


def two_serials(world):
    world.run(EXISTING_CLUSTER.command(CREATE))
    world.run(EXISTING_CLUSTER.command(CHANGE))


def interrupted(world):
    """A creation that was killed near its end."""
    world.endpoint.disturb("kill-after,comm=stepwright,action=CreateStateMachine,nth=14")
    if not world.run(FIFTY.command(CREATE)).was_killed:
        raise RuntimeError("the creation was to be killed")
    world.endpoint.disturb()


def harms(setting, name, whole, quick):
    # A head that is removed is a state that never was, as is a state file that is removed.
    return damage.variants(setting, name, whole, quick) + ([] if name == "head" else [("removed", None)])


def offline(setting, name, subject, prepare):
    """`state list` on each."""
    about = "of an interrupted run " if prepare is interrupted else ""
    tally = Tally(f"damaged {name} {about}(cuts, flipped bits, replaced): state list", setting.store)

    def look(endpoint, lane):
        with World(endpoint, subject, tally, setting.store) as world:
            prepare(world)
            key = world.store.parts()[name]
            whole = world.store.read(key)
            # Each account has a state of its own, of nearly the same length: every lane takes its share of its own.
            cases = harms(setting, name, whole, 300)
            if setting.is_full:
                # One in three, since each is a call over the network and not a look into a folder.
                cases = cases[lane % 3::3]
            for what, content in cases[lane::setting.workers]:
                world.store.write(key, content)
                expect_refusal(tally, f"{name} {about}{what}", world.run(["state", "list", subject.file], disturbed=True), world)
            world.store.write(key, whole)
    setting.each(look, range(setting.workers))
    return tally


def expect_refusal(tally, what, outcome, world):
    """It failed, with the name of what is damaged, and said what can be done."""
    is_named = world.store.key.split("/")[0] in outcome.stderr
    says_more = any(words in outcome.stderr for words in ("state history", "state restore", "state rebuild", "a later one"))
    if outcome.code != 1 or not is_named or not says_more:
        tally.fail("misled", what, outcome)


def online(setting, name):
    """plan, apply and destroy on some of them: AWS is left alone; then the object is put back, or a command brings the state back."""
    subject = EXISTING_CLUSTER
    tally = Tally(f"damaged {name}: plan, apply, destroy; then put back, restored or rebuilt", setting.store)
    rounds = 120 if setting.is_full else 16

    def act(endpoint, lane):
        for turn in range(lane, rounds, setting.workers):
            endpoint.empty()
            with World(endpoint, subject, tally, setting.store) as world:
                two_serials(world)
                key = world.store.parts()[name]
                whole = world.store.read(key)
                what, content = setting.random(f"{name} online {turn}").choice(harms(setting, name, whole, 60))
                world.store.write(key, content)
                endpoint.disturb()
                for command in (subject.plan(CHANGE), subject.command(CHANGE), subject.command("destroy")):
                    expect_refusal(tally, what, world.run(command, disturbed=True), world)
                if endpoint.changes():
                    tally.fail("misled", what, f"{endpoint.changes()} changes of AWS")
                    continue
                way = WAYS_BACK[turn % len(WAYS_BACK)]
                tally.note(way)
                if "newer format" in what and way != "put back":
                    # It is whole, for another version: nothing here may replace it.
                    way = "put back"
                bring_back(world, way, key, whole, name, what)
                world.check_disk(f"{what}, {way}")
                world.check_recovery(CHANGE, f"{what}, {way}")
    setting.each(act, range(setting.workers))
    return tally


def bring_back(world, way, key, whole, name, what):
    file = world.subject.file
    if way == "put back":
        world.store.write(key, whole)
        return
    if way == "restore":
        # Where the head is damaged, the last serial is whole; else the one before, which holds the same resources.
        serial = 2 if name == "head" else 1
        outcome = world.run(["state", "restore", file, str(serial), "--yes"])
    else:
        outcome = world.run(["state", "rebuild", file, "--yes", *world.subject.change])
    if outcome.code != 0:
        world.tally.fail("stuck", f"{what}, {way}", outcome)
