"""How much harm is done, and by how many at a time."""
import concurrent.futures
import dataclasses
import random


@dataclasses.dataclass
class Setting:
    is_full: bool
    seed: int
    kills: int
    pool: object
    workers: int
    shim: object
    store: str = "file"

    def random(self, name):
        """Chance that is the same in every run of this seed."""
        return random.Random(f"{self.seed}/{name}")

    def sample(self, name, of, quick):
        """All of it in a full run; else `quick` of them, spread evenly with a random beginning."""
        of = list(of)
        if self.is_full or len(of) <= quick:
            return of
        step = len(of) / quick
        offset = self.random(name).random() * step
        return [of[int(offset + index * step)] for index in range(quick)]

    def each(self, work, items):
        """Does work(endpoint, item) for every item, several at a time, each with an empty account."""
        def one(item):
            with self.pool.borrow() as endpoint:
                return work(endpoint, item)
        with concurrent.futures.ThreadPoolExecutor(self.workers) as executor:
            return list(executor.map(one, items))
