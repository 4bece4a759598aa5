"""The results as a page: docs/chaos.md. What was not measured this time stays as it was, each row with the run that it is from."""
import datetime
import os
import subprocess

from endpoints import ROOT
from stores import STORES
from tally import MUST_BE_ZERO, Tally
from world import BINARY

# Taken at the start: what is measured is what is there then.
COMMIT = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--abbrev=8"], capture_output=True, text=True).stdout.strip()
PAGE = os.path.join(ROOT, "docs", "chaos.md")

HEAD = """# What survives

Measured by `make chaos` against the AWS stand-in of the tests (`tests/endpoint/`), which is also the S3 of the states in S3. Each row is from one of these runs:

{runs}
The page is written by the command: don't edit it.

A run of Stepwright is killed or stopped, its disk fills up, its files and objects are damaged, AWS misbehaves, S3 with it. After each harm an independent reader of state and journal (`tests/chaos/ledger.py`) says whether the store knows all that AWS has; then the same command runs once more, undisturbed and without help, and account, state and plan are compared.

With the state in S3 each of its calls is one of the "AWS calls": a kill before and after the write of an object is what a kill at a file-system step is for a state file, and faults meet them as they meet all others.

| count | means |
|---|---|
| disturbed | runs that were killed, met faults or began on damaged files |
| orphans | resources in AWS that the state does not hold after the next run |
| duplicates | resources of one address that exist twice after it |
| lost | right after the harm: resources in AWS that are neither recorded nor intended in the store, or a file or object that is not whole; after the next run: what should exist and does not |
| needed a human | next runs that failed, or waited for the lock of a run that was gone |
| plans not empty | after the next run |
| misled | damage, a full disk, a store without conditions or a second run that was not told by an error that names it; AWS changed on damaged files; two runs that changed AWS at once; a deposed run that still changed AWS or the state, or ended as if all were well |

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
$ make chaos CHAOS_STORE=s3                # with the state in S3 alone; or CHAOS_STORE=file
$ make chaos CHAOS_ONLY=zombies            # one of the experiments
$ make chaos UPDATE_DOCS=1                 # writes the rows of what was measured into this page
```

The harm is chosen at random where it is not exhaustive, by a seed: `CHAOS_SEED=2` does another. A count that is not 0 ends it with exit code 1, and tells where. What it can't show: a machine that loses power. A SIGKILL leaves what was written in the system's cache; that each write is also synced, in the right order, is what `src/state/` says and `strace` shows.
"""


def page(rows):
    """`rows` are pairs of a run, as a line of the runs' table without its number, and what it counted."""
    runs = list(dict.fromkeys(run for run, _ in rows))
    told = ["| run | command | on | with | minutes |", "|--:|---|---|---|--:|", *(f"| {number} | {run} |" for number, run in enumerate(runs, 1))]
    lines = ["| store | experiment | runs | disturbed | orphans | duplicates | lost | needed a human | plans not empty | misled | by the way | run |",
             "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|---|--:|", *(line(tally, runs.index(run) + 1) for run, tally in rows)]
    return HEAD.format(runs="\n".join(told) + "\n") + "\n".join(lines) + "\n" + beside_terraform([tally for _, tally in rows])


def line(tally, run):
    noted = "; ".join(f"{what}: {number:,}" for what, number in sorted(tally.noted.items()))
    counts = " | ".join(str(getattr(tally, kind)) for kind in MUST_BE_ZERO)
    return f"| {tally.store} | {tally.name} | {tally.runs:,} | {tally.disturbed:,} | {counts} | {noted} | {run} |"


def read(text):
    """The rows of a page."""
    runs, rows = {}, []
    for cells in ([cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")):
        if cells[0].isdigit():
            runs[cells[0]] = " | ".join(cells[1:])
        elif cells[0] in STORES:
            store, name, *numbers, noted, run = cells
            counted = dict(zip(("runs", "disturbed", *MUST_BE_ZERO), (number_of(number) for number in numbers)))
            whats = (what.rsplit(": ", 1) for what in noted.split("; ") if what)
            rows.append((runs[run], Tally(name, store, **counted, noted={what: number_of(number) for what, number in whats})))
    return rows


def number_of(text):
    return int(text.replace(",", ""))


def merged(before, rows):
    """The rows that were there, those measured anew in their places, and then those that are new."""
    new = {(tally.store, tally.name): (run, tally) for run, tally in rows}
    kept = [new.pop((tally.store, tally.name), (run, tally)) for run, tally in before]
    return sorted([*kept, *new.values()], key=lambda row: STORES.index(row[1].store))


def beside_terraform(tallies):
    """Only if everything in it was measured."""
    def of(*words):
        return [tally for tally in tallies if any(tally.name.startswith(word) or word in tally.name for word in words)]

    def total(found, count):
        return sum(getattr(tally, count) for tally in found)

    def noted(found, what):
        return sum(tally.noted.get(what, 0) for tally in found)
    # Of a local state where it says so; the S3 of Terraform stands beside the kills with either store.
    kills, full = of("SIGKILL"), of("disk full")
    at_random, damaged = ([tally for tally in found if tally.store == "file"] for found in (of("SIGKILL at random"), of("damaged")))
    if not all((kills, at_random, full, damaged)):
        return ""
    return RIVAL.format(kill_orphans=total(kills, "orphans"), kills=noted(kills, "kills") + noted(kills, "hits"),
                        random_lost=total(at_random, "lost"), random_kills=noted(at_random, "kills"),
                        damaged=total(damaged, "disturbed"), damage_misled=total(damaged, "misled"),
                        full_lost=total(full, "lost"), full_ended=noted(full, "told by an error"),
                        torn=noted(damaged, "journals with a torn end, read up to it"))


def write(tallies, command, seconds):
    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True).stdout.strip()
    told = f"{version}{f' ({COMMIT})' if COMMIT else ''}"
    run = f"`{command}` | {datetime.date.today().isoformat()} | {told} | {max(1, round(seconds / 60))}"
    with open(PAGE, encoding="utf-8") as file:
        before = read(file.read())
    # What was counted earlier in this same run is told by its last line.
    before = [row for row in before if not row[0].startswith(run.rsplit(" | ", 1)[0])]
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(page(merged(before, [(run, tally) for tally in tallies])))
