"""A store that does not keep the conditions of a write is refused at once, by an error that says so, and nothing is made in AWS."""
from subjects import CREATE, DESTROY, STACKS
from tally import Tally
from world import World

STORES = ("s3",)
HARMS = {
    "it ignores all conditions": "unconditional,service=s3",
    "it ignores If-Match": "unconditional,service=s3,header=If-Match",
    "it ignores If-None-Match": "unconditional,service=s3,header=If-None-Match",
    "it answers NotImplemented": "error,service=s3,action=PutObject,status=501,code=NotImplemented",
}


def run(setting):
    tally = Tally("a store without conditional writes", setting.store)

    def refuse(endpoint, item):
        subject, name = item
        with World(endpoint, subject, tally, setting.store) as world:
            # Before there is a state, and with one.
            for is_there in (False, True):
                if is_there:
                    endpoint.disturb()
                    world.run(subject.command(CREATE))
                before = world.store.read(world.store.key)
                endpoint.disturb(HARMS[name])
                for operation in (CREATE, DESTROY) if is_there else (CREATE,):
                    judge(world, world.run(subject.command(operation), disturbed=True), before, f"{subject.file}, {operation}: {name}")
            endpoint.disturb()
            world.check_recovery(CREATE, name)
    setting.each(refuse, [(subject, name) for subject in STACKS for name in HARMS])
    return [tally]


def judge(world, outcome, before, where):
    if outcome.code != 1 or "does not keep the conditions" not in outcome.stderr:
        world.tally.fail("misled", where, outcome)
    if world.endpoint.changes() or world.store.read(world.store.key) != before:
        world.tally.fail("misled", where, f"{world.endpoint.changes()} changes of AWS, or the state was written; {outcome}")
