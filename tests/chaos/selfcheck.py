"""selfcheck.py - proves that the harness sees what it looks for: each kind of damage is planted, and must be counted. Run by `make test`."""
import json
import os
import signal
import time
import unittest

import conditions
import damage_objects
import table
import two_at_once
import zombies
from endpoints import Endpoint
from shim import Shim, read_report
from subjects import CHANGE, CREATE, DESTROY, EC2_LAUNCH, ECS_TASK, FIFTY
from tally import MUST_BE_ZERO, Tally
from world import World, end

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


class SelfCheck(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.endpoint, cls.shim = Endpoint(), Shim()

    @classmethod
    def tearDownClass(cls):
        cls.endpoint.stop()

    def setUp(self):
        self.endpoint.empty()
        self.tally = Tally("self-check")
        self.world = World(self.endpoint, EC2_LAUNCH, self.tally)

    def tearDown(self):
        self.world.__exit__()

    def counted(self, **wanted):
        self.assertEqual({kind: getattr(self.tally, kind) for kind in MUST_BE_ZERO}, {**dict.fromkeys(MUST_BE_ZERO, 0), **wanted}, self.tally.failures)

    def create(self):
        self.assertEqual(self.world.run(EC2_LAUNCH.command(CREATE)).code, 0)

    def plant(self, service, operation, **parameters):
        return self.endpoint.account(f"call {service} {operation} {json.dumps(parameters)}")

    def test_a_good_life_counts_nothing(self):
        for operation in (CREATE, CHANGE, DESTROY):
            self.world.check_recovery(operation, "here")
            self.world.check_disk("here")
        self.counted()

    def test_an_orphan_is_seen(self):
        self.create()
        self.plant("iam", "create_role", RoleName="orphan", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.world.check_settled(CREATE, "here")
        self.counted(orphans=1)

    def test_a_duplicate_is_seen(self):
        self.create()
        tags = [{"key": "stepwright:stack", "value": "nightly-batch"}, {"key": "stepwright:address", "value": "cluster.batch"}]
        self.plant("ecs", "create_cluster", clusterName="again", tags=tags)
        self.world.check_settled(CREATE, "here")
        self.counted(orphans=1, duplicates=1)

    def test_a_lost_state_is_seen(self):
        self.create()
        os.rename(self.world.state, self.world.state + ".away")
        self.world.check_disk("here")
        self.counted(lost=4)

    def test_a_state_that_was_cut_is_seen_and_needs_a_human(self):
        self.create()
        os.truncate(self.world.state, 1000)
        self.world.check_disk("here")
        self.world.check_recovery(CREATE, "here")
        self.counted(lost=1, stuck=1)

    def test_what_is_gone_and_a_plan_that_is_not_empty_are_seen(self):
        self.create()
        self.plant("stepfunctions", "delete_state_machine", stateMachineArn="arn:aws:states:eu-central-1:123456789012:stateMachine:nightly-batch-batch")
        self.world.check_settled(CREATE, "here")
        self.counted(lost=2, not_empty=1)

    def test_the_ledger_says_what_the_state_says(self):
        self.create()
        self.endpoint.disturb("kill-after,comm=stepwright,action=UpdateStateMachine,nth=1")
        outcome = self.world.run(EC2_LAUNCH.command(CHANGE))
        self.assertEqual(outcome.code, -signal.SIGKILL, outcome)
        ledger = self.world.ledger()
        listed = json.loads(self.world.run(["state", "list", "--format", "json"]).stdout)["resources"]
        self.assertEqual(ledger.ids(), {row["id"] for row in listed})
        self.assertEqual(len(ledger.ids()), 5, "the old revision is deposed")
        self.assertEqual([intent["address"] for intent in ledger.intents.values()], ["state_machine.batch"])
        self.assertTrue(os.path.exists(self.world.state + ".journal"))

    def test_the_inventory_says_what_aws_says(self):
        self.create()
        self.world.run(EC2_LAUNCH.command(CHANGE))
        self.assertEqual([item["arn"] for item in self.endpoint.inventory()], self.endpoint.account("leftovers"))
        tagged = [item["tags"]["stepwright:address"] for item in self.endpoint.inventory()]
        self.assertEqual(sorted(tagged), ["cluster.batch", "role.workflow", "state_machine.batch", "task_definition.batch"])

    def test_the_shim_kills_and_fails(self):
        report = os.path.join(self.world.folder, "report")

        def under(mode, nth):
            environment = self.shim.environment(os.path.join(self.world.folder, "state"), mode, nth, report)
            return (self.world.run(EC2_LAUNCH.command(CREATE), **environment), *read_report(report))
        outcome, steps, hit = under("kill-before", 3)
        self.assertEqual((outcome.code, steps), (-signal.SIGKILL, 3), outcome)
        self.assertTrue(hit.startswith("3 "), hit)
        self.assertEqual(self.endpoint.inventory(), [])
        outcome, _, hit = under("torn", 15)
        self.assertEqual(outcome.code, -signal.SIGKILL, hit)
        for mode, words in (("full", "No space left"), ("full-once", "No space left"), ("eio", "Input/output error")):
            outcome, _, hit = under(mode, 7 if mode != "eio" else 3)
            self.assertTrue(outcome.code == 1 and words in outcome.stderr, (mode, hit, outcome))
        outcome, steps, hit = under("count", 0)
        self.assertEqual((outcome.code, hit), (0, None), outcome)
        self.assertGreater(steps, 10)

    # -- the state in S3

    def in_s3(self):
        return World(self.endpoint, EC2_LAUNCH, self.tally, "s3")

    def test_a_good_life_in_s3_counts_nothing_and_its_calls_are_seen(self):
        with self.in_s3() as world:
            for operation in (CREATE, CHANGE, DESTROY):
                self.endpoint.disturb(truncate_log=True)
                world.check_recovery(operation, "here")
                world.check_disk("here")
                self.assertIn("s3.PutObject", self.endpoint.counts())
                self.assertFalse(any(two_at_once.is_change(call) for call in self.endpoint.calls() if call.get("service") == "s3"))
            self.assertFalse(os.path.exists(os.path.join(world.folder, "state")), "nothing is in a file")
        self.counted()

    def test_answers_that_s3_loses_need_no_human(self):
        for kind in ("reset-after", "500-after"):
            for nth in (4, 5, 6, 7, 9, 10):
                self.endpoint.empty()
                with self.in_s3() as world:
                    self.endpoint.disturb(f"{kind},service=s3,nth={nth}")
                    outcome = world.run(EC2_LAUNCH.command(CREATE))
                    self.assertEqual(outcome.code, 0, f"{kind} {nth}: {outcome}")
                    self.assertEqual(self.endpoint.faults(), 1)

    def test_what_is_lost_in_s3_is_seen(self):
        with self.in_s3() as world:
            world.run(EC2_LAUNCH.command(CREATE))
            head, parts = world.store.read(world.store.key), world.store.parts()
            self.assertEqual(sorted(parts), ["head", "snapshot"])
            world.store.write(parts["head"], None)
            world.check_disk("here")
            self.counted(lost=4)
            world.store.write(parts["head"], head[:-100])
            world.check_disk("here")
            self.counted(lost=5)
            world.store.write(parts["head"], head)
            world.store.write(parts["snapshot"], None)
            world.check_disk("here")
            self.counted(lost=6)
            outcome = world.run(["state", "list", EC2_LAUNCH.file])
            damage_objects.expect_refusal(self.tally, "here", outcome, world)
            self.counted(lost=6)
            damage_objects.expect_refusal(self.tally, "here", outcome._replace(code=0), world)
            self.counted(lost=6, misled=1)

    def test_the_ledger_of_s3_says_what_the_state_says(self):
        with self.in_s3() as world:
            world.run(EC2_LAUNCH.command(CREATE))
            self.endpoint.disturb("kill-after,comm=stepwright,action=UpdateStateMachine,nth=1")
            outcome = world.run(EC2_LAUNCH.command(CHANGE))
            self.assertEqual(outcome.code, -signal.SIGKILL, outcome)
            ledger = world.ledger()
            listed = json.loads(world.run(["state", "list", EC2_LAUNCH.file, "--format", "json"]).stdout)["resources"]
            self.assertEqual(ledger.ids(), {row["id"] for row in listed})
            self.assertEqual([intent["address"] for intent in ledger.intents.values()], ["state_machine.batch"])

    def test_a_run_is_stopped_and_goes_on_and_what_it_does_then_is_seen(self):
        with World(self.endpoint, ECS_TASK, self.tally, "s3") as world:
            self.endpoint.disturb("stop-after,comm=stepwright,action=CreateCluster", truncate_log=True)
            process = world.start(ECS_TASK.command(CREATE), AWS_ACCESS_KEY_ID=two_at_once.run_key(0))
            deadline = time.monotonic() + 20
            while not zombies.is_stopped(process.pid) and time.monotonic() < deadline:
                time.sleep(0.02)
            self.assertTrue(zombies.is_stopped(process.pid))
            self.assertEqual(world.store.holder()["run"]["process"], process.pid)
            since = time.time()
            process.send_signal(signal.SIGCONT)
            outcome = end(ECS_TASK.command(CREATE), process)
            self.assertEqual(outcome.code, 0, outcome)
            self.assertFalse(world.waited_for_lock(0))
            world.start(["state", "lock", ECS_TASK.file]).communicate()
            world.run([*ECS_TASK.command(CREATE), "--lock-timeout", "3s"])
            self.assertTrue(world.waited_for_lock(since))
            # It was not deposed. Had it been, this would be what it must not do.
            did = zombies.intrusions(self.endpoint.calls(), two_at_once.run_key(0), since, world.store)
            self.assertTrue(any("states.CreateStateMachine" in call for call in did), did)
            self.assertTrue(any(world.store.key in call for call in did), did)
            zombies.judge(world, outcome, did, "here")
            self.counted(misled=2)
            self.assertEqual(zombies.intrusions(self.endpoint.calls(), two_at_once.run_key(1), since, world.store), [])

    def test_a_store_without_conditions_is_refused_and_one_that_is_not_is_seen(self):
        with self.in_s3() as world:
            for harm in conditions.HARMS.values():
                self.endpoint.disturb(harm)
                conditions.judge(world, world.run(EC2_LAUNCH.command(CREATE)), None, "here")
            self.counted()
            self.endpoint.disturb()
            conditions.judge(world, world.run(EC2_LAUNCH.command(CREATE)), None, "here")
            self.counted(misled=2)

    def test_rows_of_the_page_that_were_not_measured_stay(self):
        one, other = Tally("one", noted={"kills: of all": 1234}), Tally("one", "s3", runs=5, misled=1)
        again = table.read(table.page([("`a` | today | x | 1", one), ("`b` | today | y | 2", other)]))
        self.assertEqual([(run, tally.line()) for run, tally in again], [("`a` | today | x | 1", one.line()), ("`b` | today | y | 2", other.line())])
        rows = table.merged(again, [("`c` | today | z | 3", Tally("two")), ("`c` | today | z | 3", Tally("one", "s3"))])
        self.assertEqual([(run[1], tally.store, tally.name) for run, tally in rows], [("a", "file", "one"), ("c", "file", "two"), ("c", "s3", "one")])

    def test_fifty_are_fifty(self):
        with World(self.endpoint, FIFTY, self.tally) as world:
            world.check_recovery(CREATE, "here")
        self.counted()


if __name__ == "__main__":
    unittest.main()
