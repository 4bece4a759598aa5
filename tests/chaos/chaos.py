"""chaos.py - shows by measurement that the state can't be lost, be it in a file or in S3. `make chaos` runs it.

It does harm to stepwright in all ways it knows, and counts what that cost. Exit code 1 if a count that must be 0 is not.

    python tests/chaos/chaos.py                         a sample of everything, in a few minutes
    python tests/chaos/chaos.py --full --kills 1000     everything
    python tests/chaos/chaos.py --only calls,writes     some of it
    python tests/chaos/chaos.py --store s3              with the state in S3 alone
    python tests/chaos/chaos.py --update-docs           writes docs/chaos.md as well

| here | is |
|---|---|
| kill_at_calls, kill_at_writes, random_kills, random_faults, damage, two_at_once, zombies, conditions | an experiment each; what it does stands in its first line |
| subjects | the stacks that harm is done to |
| world | stepwright, an account, a folder, and what must be true of them |
| stores | where the state is: in a file or in S3 |
| ledger | reads state and journal without stepwright |
| shim.c, shim | makes a step in the state's folder fail, or be the process's last |
| endpoints | AWS accounts (tests/endpoint/endpoint.py) |
| tally, table | counts, and the page that they make |
| selfcheck | plants each kind of damage and sees that it is counted |
"""
import argparse
import os
import sys
import time

import conditions
import damage
import kill_at_calls
import kill_at_writes
import random_faults
import random_kills
import table
import two_at_once
import zombies
from endpoints import Pool
from setting import Setting
from shim import Shim
from stores import STORES

EXPERIMENTS = {"calls": kill_at_calls, "writes": kill_at_writes, "kills": random_kills, "faults": random_faults, "damage": damage,
               "two": two_at_once, "zombies": zombies, "conditions": conditions}
SHOWN = 10


def arguments():
    environment = os.environ.get
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", default=environment("CHAOS") == "full", help="all of it (CHAOS=full)")
    parser.add_argument("--kills", type=int, default=int(environment("CHAOS_KILLS") or 0), help="random kills; 100, with --full 1000 (CHAOS_KILLS)")
    parser.add_argument("--seed", type=int, default=int(environment("CHAOS_SEED") or 1), help="of all chance (CHAOS_SEED)")
    parser.add_argument("--workers", type=int, default=int(environment("CHAOS_WORKERS") or 4), help="runs at a time, each with 200 MB (CHAOS_WORKERS)")
    parser.add_argument("--only", default=environment("CHAOS_ONLY") or ",".join(EXPERIMENTS), help=f"some of {','.join(EXPERIMENTS)} (CHAOS_ONLY)")
    parser.add_argument("--update-docs", action="store_true", default=environment("UPDATE_DOCS") == "1", help="write docs/chaos.md (UPDATE_DOCS=1)")
    parser.add_argument("--store", default=environment("CHAOS_STORE") or "both", choices=(*STORES, "both"), help="where the state is (CHAOS_STORE)")
    options = parser.parse_args()
    unknown = set(options.only.split(",")) - set(EXPERIMENTS)
    if unknown:
        parser.error(f"there is no experiment {', '.join(sorted(unknown))}")
    return options


def main():
    options = arguments()
    kills = options.kills or (1000 if options.full else 100)
    began = time.monotonic()
    command = f"make chaos{' CHAOS=full' if options.full else ''} CHAOS_KILLS={kills} CHAOS_SEED={options.seed}"
    command += f" CHAOS_STORE={options.store}" if options.store != "both" else ""
    command += f" CHAOS_ONLY={options.only}" if options.only != ",".join(EXPERIMENTS) else ""
    pool = Pool(options.workers)
    results = {}
    try:
        shim = Shim()
        for store, name in chosen(options):
            setting = Setting(options.full, options.seed, kills, pool, options.workers, shim, store)
            started = time.monotonic()
            results[store, name] = []
            for tally in EXPERIMENTS[name].run(setting):
                results[store, name].append(tally)
                tell(tally)
                if options.update_docs:
                    table.write(in_order(results), command, time.monotonic() - began)
            print(f"  ({name} of {store}: {time.monotonic() - started:.0f} s)", flush=True)
    finally:
        pool.stop()
    tallies = in_order(results)
    is_clean = all(tally.is_clean() for tally in tallies)
    runs = sum(tally.runs for tally in tallies)
    verdict = "all that must be 0 is 0" if is_clean else "SOMETHING THAT MUST BE 0 IS NOT, see above"
    print(f"{runs} runs in {time.monotonic() - began:.0f} s: {verdict}")
    return 0 if is_clean else 1


def tell(tally):
    print(tally.line(), flush=True)
    for failure in tally.failures[:SHOWN]:
        print(f"  {failure}", flush=True)


def in_order(results):
    return [tally for store in STORES for name in EXPERIMENTS for tally in results.get((store, name), [])]


def chosen(options):
    """The experiments, each with each store that it is about."""
    stores = STORES if options.store == "both" else (options.store,)
    return [(store, name) for store in stores for name in options.only.split(",") if store in getattr(EXPERIMENTS[name], "STORES", STORES)]


if __name__ == "__main__":
    sys.exit(main())
