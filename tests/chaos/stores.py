"""The stores that a state can be in, as the harness sees them past Stepwright: where it is, and what a `Ledger` reads of it."""
import json
import os
import uuid

from ledger import Ledger

BUCKET = "states"


class FileStore:
    """A state file and its journal in the world's folder: Stepwright's default."""
    name = "file"

    def __init__(self, folder, stack):
        self.path = os.path.join(folder, "state", f"{stack}.json")
        self.environment = {}

    def ledger(self):
        return Ledger.of_files(self.path)


class S3Store:
    """Objects under a key of its own in a bucket of the account. Looking at them goes past the proxy: nothing disturbs it."""
    name = "s3"

    def __init__(self, endpoint, stack):
        self.endpoint, self.key = endpoint, f"{uuid.uuid4()}/{stack}.json"
        self.url = f"s3://{BUCKET}/{self.key}"
        self.environment = {"STEPWRIGHT_STATE": self.url}
        endpoint.objects("PUT", f"/{BUCKET}")

    def read(self, key):
        """The object's bytes, or None."""
        return self.endpoint.objects("GET", f"/{BUCKET}/{key}")

    def write(self, key, content):
        """Puts `content` there; None removes the object."""
        self.endpoint.objects("DELETE" if content is None else "PUT", f"/{BUCKET}/{key}", content)

    def ledger(self):
        return Ledger.of_objects(self.read, self.key)

    def holder(self):
        """Who has the lock, as the lock object says; None while it is free."""
        lock = json.loads(self.read(self.lock_key) or b'{"hold": "free"}')
        return lock["holder"] if lock["hold"] in ("leased", "kept") else None

    @property
    def lock_key(self):
        return self.key + ".lock"

    def parts(self):
        """The keys of what the state consists of, by what they are."""
        head = json.loads(self.read(self.key))
        parts = {"head": self.key}
        if head["snapshot"]:
            parts["snapshot"] = head["snapshot"]["key"]
        if head["segments"]:
            parts["segment"] = head["segments"][0]["key"]
        return parts


STORES = ("file", "s3")


def store_of(name, endpoint, folder, stack):
    return S3Store(endpoint, stack) if name == "s3" else FileStore(folder, stack)
