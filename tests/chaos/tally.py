"""What an experiment counted."""
import dataclasses
import threading


@dataclasses.dataclass
class Tally:
    """Everything from `orphans` on must be 0."""
    name: str
    store: str = "file"     # where the state is
    runs: int = 0           # of stepwright
    disturbed: int = 0      # of them: killed, disturbed or begun on damaged files
    orphans: int = 0        # in AWS, but not in the state, after the next run
    duplicates: int = 0     # resources of one address that are there twice, after the next run
    lost: int = 0           # in AWS, but neither recorded nor intended on the disk; or a file on the disk that is not whole
    stuck: int = 0          # next runs, without any disturbance, that failed: somebody would have had to help
    not_empty: int = 0      # plans that were not empty after it
    misled: int = 0         # damage or a full disk that was not told by an error; damage on which AWS was changed
    noted: dict = dataclasses.field(default_factory=dict)      # what is worth telling and need not be 0
    failures: list = dataclasses.field(default_factory=list)
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock, repr=False)

    def ran(self, disturbed=False):
        with self.lock:
            self.runs += 1
            self.disturbed += disturbed

    def note(self, what, number=1):
        with self.lock:
            self.noted[what] = self.noted.get(what, 0) + number

    def fail(self, kind, where, detail, number=1):
        """Adds to one of the counts that must be 0."""
        with self.lock:
            setattr(self, kind, getattr(self, kind) + number)
            self.failures.append(f"{kind}: {where}: {detail}")

    def is_clean(self):
        return not any(getattr(self, kind) for kind in MUST_BE_ZERO)

    def line(self):
        counts = ", ".join(f"{WORDS[kind]} {getattr(self, kind)}" for kind in MUST_BE_ZERO)
        noted = "".join(f"; {what}: {number}" for what, number in sorted(self.noted.items()))
        return f"[{self.store}] {self.name}: {self.runs} runs, {self.disturbed} disturbed; {counts}{noted}"


MUST_BE_ZERO = ("orphans", "duplicates", "lost", "stuck", "not_empty", "misled")
WORDS = {"orphans": "orphans", "duplicates": "duplicates", "lost": "lost", "stuck": "needed a human", "not_empty": "plans not empty",
         "misled": "misled"}
