"""Reads a state and its journal without Stepwright, from files or from S3: what does the store know at this moment?"""
import json
import os


class Ledger:
    """The ids on record, those of deposed predecessors with them, and the intents that are open."""

    def __init__(self):
        self.records, self.deposed, self.intents = {}, {}, {}
        self.problem = None

    @classmethod
    def of_files(cls, path):
        """That of a state file and the journal beside it."""
        return cls()._read(os.path.basename(path), whole_file(path), whole_file(path + ".journal"))

    @classmethod
    def of_objects(cls, read, key):
        """That of a state in S3. read(key) gives an object's bytes, or None."""
        ledger, text = cls(), read(key)
        if text is None:
            return ledger
        try:
            head = json.loads(text)
        except ValueError as error:
            ledger.problem = f"{key} is not whole: {error}"
            return ledger
        parts = {part["key"]: read(part["key"]) for part in [head["snapshot"], *head["segments"]] if part}
        missing = [name for name, content in parts.items() if content is None]
        if missing:
            ledger.problem = f"{key} names {missing}, which are not there"
            return ledger
        journal = b"".join(parts[segment["key"]] for segment in head["segments"]) + head["journal"].encode()
        return ledger._read(key, parts[head["snapshot"]["key"]] if head["snapshot"] else None, journal)

    def ids(self):
        return set(self.records.values()) | set(self.deposed)

    def knows(self, item):
        """Whether the next run can find this resource by what is on the disk: by its id, or because its creation was intended."""
        address = item["tags"].get("stepwright:address")
        intended = {intent["address"] for intent in self.intents.values() if intent["operation"] == "create"}
        return item["arn"] in self.ids() or address in intended

    def _read(self, name, state, journal):
        serial = self._read_state(name, state)
        if self.problem is None:
            self._read_journal(name, journal, serial)
        return self

    def _read_state(self, name, content):
        if content is None:
            return 0
        try:
            state = json.loads(content)
        except ValueError as error:
            self.problem = f"{name} is not whole: {error}"
            return 0
        self.records = {address: record["id"] for address, record in state["resources"].items()}
        self.deposed = {deposed["record"]["id"]: deposed["address"] for deposed in state["deposed"]}
        return state["serial"]

    def _read_journal(self, name, content, serial):
        lines = (content or b"").split(b"\n")
        # What follows the last line break is a line whose write was never acknowledged.
        for number, line in enumerate(lines[:-1]):
            try:
                entry = json.loads(line)["e"]
            except (ValueError, KeyError) as error:
                if number < len(lines) - 2:
                    self.problem = f"line {number + 1} of the journal of {name} is not whole: {error}"
                return
            (kind, body), = entry.items()
            if kind == "Begin":
                if body["serial"] < serial:
                    return
            else:
                self._apply(kind, body)

    def _apply(self, kind, body):
        if kind == "Intent":
            self.intents[body["token"]] = body
        elif kind in ("Failed", "Settled"):
            self.intents.pop(body["token"])
        elif kind == "Exists":
            self._put(self.intents[body["token"]], body["record"]["id"])
        elif kind == "Done":
            intent = self.intents.pop(body["token"])
            if body["outcome"] != "Removed":
                self._put(intent, body["outcome"]["Put"]["id"])
            elif intent["operation"] == "delete" and self.records.get(intent["address"]) == intent.get("id", self.records.get(intent["address"])):
                self.records.pop(intent["address"], None)
            else:
                self.deposed.pop(intent.get("id"), None)
        elif kind == "Put":
            self._put({"address": body["address"], "operation": "create"}, body["record"]["id"])
        elif kind == "Forget":
            self.records.pop(body["address"], None)
        elif kind == "ForgetDeposed":
            self.deposed.pop(body["id"], None)

    def _put(self, intent, identity):
        address = intent["address"]
        before = self.records.get(address)
        self.deposed.pop(identity, None)
        if before is not None and before != identity and intent["operation"] == "create":
            self.deposed[before] = address
        self.records[address] = identity


def whole_file(path):
    if not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        return file.read()
