"""AWS accounts to do harm to. Starting one takes two seconds, so they are used again, emptied in between."""
import contextlib
import http.client
import json
import os
import queue
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
READS = ("Get", "List", "Describe", "Validate", "Simulate")
# moto looks whose call it is, and not whether the signature fits.
S3_AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=AKIAHARNESSEXAMPLE00/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


class Endpoint:
    """A running tests/endpoint/endpoint.py."""

    def __init__(self):
        script = os.path.join(ROOT, "tests", "endpoint", "endpoint.py")
        self.process = subprocess.Popen([sys.executable, script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        told = json.loads(self.process.stdout.readline())
        self.environment, self.log = told["environment"], told["log"]
        self.answerer = None
        self.proxy, self.direct = told["url"].removeprefix("http://"), told["direct_url"].removeprefix("http://")

    def stop(self):
        for process in filter(None, (self.process, self.answerer)):
            process.kill()
            process.wait()

    def empty(self):
        self.disturb(latency_ms=0, rates=[], truncate_log=True)
        self.request(self.proxy, "POST", "/_strict/reset", {})

    def disturb(self, *faults, **more):
        """Faults as tests/endpoint/proxy.py describes them, in the place of those before; counting starts anew."""
        return self.request(self.proxy, "POST", "/_proxy", {"faults": list(faults), "reset": True, **more})

    def counts(self):
        """How often each action was called since then."""
        return self.request(self.proxy, "GET", "/_proxy")["counts"]

    def faults(self):
        """How many of these calls met a fault."""
        return sum(self.request(self.proxy, "GET", "/_proxy")["faults"].values())

    def changes(self):
        """How many of these calls could change anything but a state in S3."""
        return sum(count for name, count in self.counts().items() if not name.startswith("s3.") and not name.split(".")[-1].startswith(READS))

    def has_fired(self, number=0):
        """Whether the fault with this number has begun to have its effect."""
        return self.request(self.proxy, "GET", "/_proxy")["rules"][number]["fired"] > 0

    def inventory(self):
        """ARN and tags of all that is there. It goes past the proxy, so nothing disturbs it."""
        return self.request(self.direct, "GET", "/_strict/inventory")

    def objects(self, method, path, body=None):
        """A request to S3 past the proxy; the answer, or None where there is no such object."""
        connection = http.client.HTTPConnection(self.direct, timeout=60)
        try:
            connection.request(method, path, body, {"Authorization": S3_AUTHORIZATION})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status == 404:
                return None
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path}: {answer.status} {text!r}")
            return text
        finally:
            connection.close()

    def calls(self):
        """The proxy's log."""
        with open(self.log, encoding="utf-8") as lines:
            return [json.loads(line.strip("\0")) for line in lines if line.strip("\0\n")]

    def account(self, command):
        """What tests/endpoint/account.py says. It stays, since loading its libraries takes longer than all that it does."""
        if self.answerer is None:
            script = os.path.join(ROOT, "tests", "endpoint", "account.py")
            environment = {**os.environ, **self.environment, "AWS_ENDPOINT_URL": "http://" + self.direct}
            self.answerer = subprocess.Popen([sys.executable, script, "serve"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answerer.stdin.write(command + "\n")
        self.answerer.stdin.flush()
        answer = json.loads(self.answerer.stdout.readline())
        if isinstance(answer, dict) and "error" in answer:
            raise RuntimeError(f"account.py {command}: {answer}")
        return answer

    @staticmethod
    def request(host, method, path, body=None):
        connection = http.client.HTTPConnection(host, timeout=60)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{method} {path} {body}: {answer.status} {text!r}")
            return json.loads(text)
        finally:
            connection.close()


class Pool:
    """So many endpoints as there are workers."""

    def __init__(self, size):
        self.all = [Endpoint() for _ in range(size)]
        self.idle = queue.Queue()
        for endpoint in self.all:
            self.idle.put(endpoint)

    @contextlib.contextmanager
    def borrow(self):
        endpoint = self.idle.get()
        try:
            endpoint.empty()
            yield endpoint
        finally:
            self.idle.put(endpoint)

    def stop(self):
        for endpoint in self.all:
            endpoint.stop()
