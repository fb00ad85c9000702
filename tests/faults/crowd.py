"""Many runners at once on one database, one of which is killed."""

import random
import time

from faults.history import IDS
from faults.kills import KILLED, world_of
from faults.runners import Runners
from support.servers import Server


def crowd(server: Server, runners: Runners, chance: random.Random, count: int) -> float:
    """Start so many runners at once, kill one, and return the seconds that it took.

    Raises:
        AssertionError: if one failed, or a revision was applied more or less than once.
    """
    database = server.new_database()
    try:
        began = time.monotonic()
        all_of_them = [runners.start(database) for _ in range(count)]
        time.sleep(chance.uniform(0, 2))
        chance.choice(all_of_them).kill()
        codes = [one.end() for one in all_of_them]
        seconds = time.monotonic() - began
        failed = [one.log.read_text() for one, code in zip(all_of_them, codes, strict=True) if code not in {0, KILLED}]
        assert not failed, (codes, failed[:3])
        assert codes.count(KILLED) <= 1
        assert world_of(database).is_complete
        told = sorted(revision for one in all_of_them for revision in one.applied())
        # the killed one may have applied one more than it could tell of, and that only
        assert set(told) <= set(IDS), told
        assert len(told) == len(set(told)) >= len(IDS) - codes.count(KILLED), told
        return seconds
    finally:
        server.drop_database(database)
