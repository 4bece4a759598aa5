"""selfcheck.py - proves that the harness sees what it looks for: each kind of damage is planted, and must be counted. Run by `make test`."""
import json
import os
import signal
import unittest

from endpoints import Endpoint
from shim import Shim, read_report
from subjects import CHANGE, CREATE, DESTROY, EC2_LAUNCH, FIFTY
from tally import MUST_BE_ZERO, Tally
from world import World

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

    def test_fifty_are_fifty(self):
        with World(self.endpoint, FIFTY, self.tally) as world:
            world.check_recovery(CREATE, "here")
        self.counted()


if __name__ == "__main__":
    unittest.main()
