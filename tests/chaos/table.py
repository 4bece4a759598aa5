"""The results as a page: docs/chaos.md."""
import datetime
import os
import subprocess

from endpoints import ROOT
from tally import MUST_BE_ZERO
from world import BINARY

# Taken at the start: what is measured is what is there then.
COMMIT = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--abbrev=8"], capture_output=True, text=True).stdout.strip()
PAGE = os.path.join(ROOT, "docs", "chaos.md")

HEAD = """# What survives

Measured by `{command}` on {date}, with {version}{commit}, against the AWS stand-in of the tests (`tests/endpoint/`), in {minutes} minutes. The page is written by that command: don't edit it.

A run of Stepwright is killed, its disk fills up, its files are damaged, AWS misbehaves. After each harm an independent reader of the state file and the journal (`tests/chaos/ledger.py`) says whether the disk knows all that AWS has; then the same command runs once more, undisturbed and without help, and account, state and plan are compared.

| count | means |
|---|---|
| disturbed | runs that were killed, met faults or began on damaged files |
| orphans | resources in AWS that the state does not hold after the next run |
| duplicates | resources of one address that exist twice after it |
| lost | right after the harm: resources in AWS that are neither recorded nor intended on the disk, or a file that is not whole; after the next run: what should exist and does not |
| needed a human | next runs that failed |
| plans not empty | after the next run |
| misled | damage, a full disk or a second run that was not told by an error naming the file; AWS changed on damaged files; two runs that changed AWS at once |

"""

RIVAL = """
## Beside Terraform

Terraform 1.11.4, measured separately under the same kinds of harm and not by this command:

| harm | Terraform 1.11.4 | Stepwright |
|---|---|---|
| SIGKILL during an apply | with an S3 backend: 162 of 162, 300 of 300 and 252 of 660 resources orphaned | {kill_orphans} orphans after {kills:,} kills |
| SIGKILL at random times, local state | 21 of 30 states empty, 2 truncated | {random_lost} of {random_kills:,} |
| the next plan on an empty state file | "1000 to add", no error | an error that names the file. {damaged:,} runs on damaged files: {torn:,} on journals with a torn end were read up to it, the others refused; {damage_misled} misled |
| disk full | the state is truncated | {full_lost} states lost or not whole in {full_ended:,} runs that it ended |

## Again

```console
$ make chaos                               # a sample, a few minutes
$ make chaos CHAOS=full CHAOS_KILLS=1000   # all of it
$ make chaos UPDATE_DOCS=1                 # writes this page
```

The harm is chosen at random where it is not exhaustive, by a seed: `CHAOS_SEED=2` does another. A count that is not 0 ends it with exit code 1, and tells where. What it can't show: a machine that loses power. A SIGKILL leaves what was written in the system's cache; that each write is also synced, in the right order, is what `src/state/` says and `strace` shows.
"""


def page(tallies, missing, command, seconds):
    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True).stdout.strip()
    head = HEAD.format(command=command, date=datetime.date.today().isoformat(), version=version, commit=f" ({COMMIT})" if COMMIT else "",
                       minutes=max(1, round(seconds / 60)))
    head += f"Not measured this time: {', '.join(missing)}.\n\n" if missing else ""
    return head + rows(tallies) + beside_terraform(tallies)


def rows(tallies):
    lines = ["| experiment | runs | disturbed | orphans | duplicates | lost | needed a human | plans not empty | misled | by the way |",
             "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|"]
    for tally in tallies:
        noted = "; ".join(f"{what}: {number:,}" for what, number in sorted(tally.noted.items()))
        counts = " | ".join(str(getattr(tally, kind)) for kind in MUST_BE_ZERO)
        lines.append(f"| {tally.name} | {tally.runs:,} | {tally.disturbed:,} | {counts} | {noted} |")
    return "\n".join(lines) + "\n"


def beside_terraform(tallies):
    """Only if everything in it was measured."""
    def of(*words):
        return [tally for tally in tallies if any(tally.name.startswith(word) or word in tally.name for word in words)]

    def total(found, count):
        return sum(getattr(tally, count) for tally in found)

    def noted(found, what):
        return sum(tally.noted.get(what, 0) for tally in found)
    kills, at_random, full, damaged = of("SIGKILL"), of("SIGKILL at random"), of("disk full"), of("damaged")
    if not all((kills, at_random, full, damaged)):
        return ""
    return RIVAL.format(kill_orphans=total(kills, "orphans"), kills=noted(kills, "kills") + noted(kills, "hits"),
                        random_lost=total(at_random, "lost"), random_kills=noted(at_random, "kills"),
                        damaged=total(damaged, "disturbed"), damage_misled=total(damaged, "misled"),
                        full_lost=total(full, "lost"), full_ended=noted(full, "told by an error"),
                        torn=noted(damaged, "journals with a torn end, read up to it"))


def write(tallies, missing, command, seconds):
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(page(tallies, missing, command, seconds))
