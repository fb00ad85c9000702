"""A server that crashes and comes back while a runner works."""

import random
import time

from faults.history import IDS
from faults.kills import world_of
from faults.runners import Runner, Runners
from faults.world import look
from revgate.contract.exits import Exit
from support.servers import Database, Server

EXPECTED = {Exit.DONE, Exit.UNREACHABLE, Exit.CONNECTION_LOST}


def restarts(server: Server, runners: Runners, chance: random.Random, count: int) -> dict[int, int]:
    """Crash the server so many times under runners, and return how often a run ended with which exit code.

    Raises:
        AssertionError: if the parts of a database disagree after one, a run asked for a human, or one that met no
            crash did not complete.
    """
    codes: dict[int, int] = {}
    crashes = 0
    while crashes < count:
        database = server.new_database()
        try:
            while not world_of(database).is_complete:
                runner = runners.start(database)
                if crashes < count and chance.random() < 0.8:
                    _await_revision(database, runner, chance.randrange(len(IDS)))
                    time.sleep(chance.uniform(0, 0.1))
                    server.stop()
                    time.sleep(chance.uniform(0, 0.2))
                    server.start()
                    crashes += 1
                    allowed = EXPECTED
                else:
                    allowed = {Exit.DONE}
                code = runner.end()
                codes[code] = codes.get(code, 0) + 1
                assert code in allowed, (code, runner.log.read_text())
        finally:
            server.drop_database(database)
    return codes


def _await_revision(database: Database, runner: Runner, number: int) -> None:
    """Return when so many revisions are applied, or the runner has ended."""
    while not runner.has_ended and look(database).position < number:
        time.sleep(0.005)
