"""A folder with a stack, an AWS account, `stepwright` between them, and what must be true of the three."""
import collections
import os
import shutil
import signal
import subprocess
import tempfile
import time

from endpoints import ROOT
from stores import store_of
from subjects import DESTROY

# Longer than anything takes that is not stuck.
TIMEOUT_S = 240
# The next run after a kill must not wait for a lock to run out. One that is quicker than this can't have; of a slower one,
# which a busy machine can be too, the log tells how often it asked for the lock.
PROMPT_S = 5
ASKED_TWICE = 4


class Outcome(collections.namedtuple("Outcome", "command code stdout stderr")):
    @property
    def was_killed(self):
        return self.code == -signal.SIGKILL

    def __str__(self):
        return f"`stepwright {' '.join(self.command)}` ended with {self.code}: {(self.stdout + self.stderr).strip()[-700:]}"


def start(folder, command, **environment):
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": folder, **environment}
    return subprocess.Popen([BINARY, *command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(command, process, kill_after_s=None):
    """Waits for the end of a run, or makes it."""
    try:
        stdout, stderr = process.communicate(timeout=kill_after_s or TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
        if kill_after_s is None:
            stderr += f"\nstill running after {TIMEOUT_S} s"
    return Outcome(command, process.returncode, stdout, stderr)


class World:
    def __init__(self, endpoint, subject, tally, store="file"):
        self.endpoint, self.subject, self.tally = endpoint, subject, tally
        self.folder = tempfile.mkdtemp(prefix="stepwright-chaos-")
        self.store = store_of(store, endpoint, self.folder, subject.stack)
        subject.write(self.folder)
        self.others = set()
        if subject.looks_up:
            endpoint.account("prepare")
            self.others = {item["arn"] for item in endpoint.inventory()}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def state(self):
        """The state file; there is one in a file store alone."""
        return self.store.path

    def ledger(self):
        return self.store.ledger()

    def start(self, command, **more):
        """Starts stepwright. `more` goes into its environment."""
        return start(self.folder, command, **{**self.endpoint.environment, **self.store.environment, **more})

    def run(self, command, disturbed=False, kill_after_s=None, **more):
        self.tally.ran(disturbed)
        return end(command, self.start(command, **more), kill_after_s)

    def inventory(self):
        """What is there of the stack."""
        return [item for item in self.endpoint.inventory() if item["arn"] not in self.others]

    def waited_for_lock(self, since):
        """Whether the lock in S3 was asked for again and again since then. Of files the operating system frees it."""
        if self.store.name != "s3":
            return False
        asked = [call for call in self.endpoint.calls() if call.get("action") == "GetObject" and call["t0"] >= since
                 and call["path"].endswith(self.store.lock_key)]
        return len(asked) > ASKED_TWICE

    def had_nothing_to_do(self, outcome):
        """Whether this was a destruction of what was never made. It is an error, and no harm."""
        return outcome.command[0] == "destroy" and "there is no state" in outcome.stderr and not self.inventory()

    # -- what must be true

    def check_disk(self, where):
        """After any harm: what AWS has is in the store, as a record or as the intent to make it."""
        ledger = self.ledger()
        if ledger.problem:
            self.tally.fail("lost", where, ledger.problem)
            return
        lost = [item["arn"] for item in self.inventory() if not ledger.knows(item)]
        if lost:
            self.tally.fail("lost", where, f"the store does not know {lost}", len(lost))

    def check_recovery(self, operation, where):
        """The next run, undisturbed, does what was to be done, without help."""
        began = time.time()
        again = self.run(self.subject.command(operation))
        if again.code != 0 and not self.had_nothing_to_do(again):
            self.tally.fail("stuck", where, again)
            return False
        if time.time() - began > PROMPT_S and self.waited_for_lock(began):
            self.tally.fail("stuck", where, f"it waited for the lock: {again}")
        self.check_settled(operation, where)
        return True

    def check_settled(self, operation, where):
        """After a run that succeeded: AWS and the state hold the same, each thing once, and there is nothing to do."""
        there, ledger = self.inventory(), self.ledger()
        if ledger.problem or ledger.intents:
            self.tally.fail("stuck", where, ledger.problem or f"open intents {ledger.intents}")
        orphans = [item["arn"] for item in there if item["arn"] not in ledger.ids()]
        if orphans:
            self.tally.fail("orphans", where, orphans, len(orphans))
        gone = ledger.ids() - {item["arn"] for item in there}
        if gone:
            self.tally.fail("lost", where, f"in the state, but not in AWS: {sorted(gone)}", len(gone))
        addresses = collections.Counter(item["tags"].get("stepwright:address") for item in there)
        twice = {address: count for address, count in addresses.items() if count > 1}
        if twice:
            self.tally.fail("duplicates", where, twice, sum(twice.values()) - len(twice))
        wanted = 0 if operation == DESTROY else self.subject.size
        if len(there) < wanted:
            self.tally.fail("lost", where, f"{len(there)} resources where {wanted} are due", wanted - len(there))
        if len(there) > wanted and not orphans and not twice:
            self.tally.fail("orphans", where, f"{len(there)} resources where {wanted} are due", len(there) - wanted)
        if operation != DESTROY:
            plan = self.run(self.subject.plan(operation))
            if plan.code != 0:
                self.tally.fail("not_empty", where, plan)


def binary():
    """The stepwright to do harm to: CHAOS_BINARY, or the debug build."""
    path = os.environ.get("CHAOS_BINARY") or os.path.join(os.environ.get("CARGO_TARGET_DIR") or os.path.join(ROOT, "target"), "debug", "stepwright")
    if not os.access(path, os.X_OK):
        raise SystemExit(f"chaos: there is no {path}; run `cargo build`, or `make chaos`")
    return os.path.abspath(path)


BINARY = binary()
