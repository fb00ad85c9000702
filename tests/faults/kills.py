"""Killing runners: at random moments and at chosen statements, with the next runner close behind."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass

import psycopg

from faults.history import IDS
from faults.runners import Runner, Runners
from faults.world import World, look
from support.servers import Database, Server

KILLED = -9
COLD_EVERY = 15
_SPARED = 0.1  # of the runs
_AT_RANDOM = 0.4  # of the kills
_OTHERS_STAY = 1.2  # seconds, at most
_SEEN = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'revgate/%%' "
    "AND state <> 'idle' AND query LIKE %s"
)
_COME = "SELECT 1 FROM pg_class WHERE relname = 'accounts'", "SELECT 1 FROM alembic_version WHERE version_num >= %s"
# A statement to be killed at, and the revision after which somebody comes who may make it wait
BUILDS = (
    ("CREATE INDEX CONCURRENTLY ix_f03%", "f02"),
    ("CREATE INDEX CONCURRENTLY ix_f06_name%", "f05"),
    ("CREATE INDEX CONCURRENTLY ix_f06_balance%", "f05"),
    ("CREATE UNIQUE INDEX CONCURRENTLY%", "f06"),
    ("CREATE INDEX CONCURRENTLY ix_f09%", "f08"),
    ("DROP INDEX CONCURRENTLY%", "f09"),
    ("BEGIN%INDEX ix_f13%", "f12"),  # one message, and all of a revision
    ("BEGIN%INDEX ix_f15%", "f14"),
)
OTHERS = (
    ("UPDATE accounts%", "f01"),
    ("ALTER TABLE accounts%", "f03"),
    ("UPDATE alembic_version%", "f01"),
    ("INSERT INTO%revision_log%", "f02"),
    ("SAVEPOINT%EXECUTE revgate_closing%", "f01"),
    ("BEGIN%EXECUTE revgate_closing%", "f12"),
    ("COMMIT%", "f01"),
)


@dataclass
class Tally:
    """What a campaign has done so far."""

    kills: int = 0
    in_flight: int = 0  # kills that left a database between two positions of a run
    invalid: int = 0  # kills that left an invalid index
    reruns: int = 0
    databases: int = 0

    def __str__(self) -> str:
        kills = f"{self.kills} kills ({self.in_flight} half-way, {self.invalid} with an invalid index)"
        return f"{kills}, {self.reruns} runs completed, {self.databases} databases"


def chance_of(seed: int) -> random.Random:
    """Return what chooses moments, the same ones for the same seed."""
    return random.Random(seed)  # noqa: S311  it guards nothing


class Campaign:
    """So many kills, repeatable by their seed as far as moments are."""

    def __init__(self, server: Server, runners: Runners, chance: random.Random) -> None:
        self._server, self._runners, self._chance = server, runners, chance
        self._usual = 1.0  # seconds that a run takes
        self._leaving: list[threading.Timer] = []
        self.tally = Tally()

    def run(self, kills: int) -> Iterator[Tally]:
        """Kill until there are enough; yield after each database.

        Raises:
            AssertionError: telling what disagrees.
        """
        while self.tally.kills < kills:
            database = self._server.new_database()
            try:
                self._on(database, kills)
            finally:
                while self._leaving:
                    self._leaving.pop().join()
                self._server.drop_database(database)
            self.tally.databases += 1
            yield self.tally

    def _on(self, database: Database, kills: int) -> None:
        """Kill runner after runner on one database, until one gets through."""
        while True:
            left = 1 - look(database).position / len(IDS)
            spared = self.tally.kills >= kills or self._chance.random() < _SPARED
            runner = self._spared(database, left) if spared else self._killed(database, left)
            code = runner.end()
            world = look(database)
            assert not world.faults(), (world.faults(), world, runner.log.read_text())
            assert code in {0, KILLED}, (code, runner.log.read_text())
            if code == 0:
                assert world.is_complete, (world, runner.log.read_text())
                self.tally.reruns += 1
                return
            self.tally.kills += 1
            self.tally.invalid += not all(world.indexes.values())
            self.tally.in_flight += bool(world.heads) and not world.is_complete

    def _spared(self, database: Database, left: float) -> Runner:
        began = time.monotonic()
        runner = self._runners.start(database)
        runner.end()
        if left == 1:
            self._usual = time.monotonic() - began
        return runner

    def _killed(self, database: Database, left: float) -> Runner:
        """Start a runner with so much left to do, and kill it sooner or later."""
        cold = self.tally.kills % COLD_EVERY == COLD_EVERY - 1
        runner = self._runners.start(database, cold=cold)
        if self._chance.random() < _AT_RANDOM:
            time.sleep(self._chance.uniform(0, self._usual * (0.3 + 0.7 * left)) + cold)
            runner.kill()
        else:
            self._kill_at_a_statement(database, runner)
        return runner

    def _kill_at_a_statement(self, database: Database, runner: Runner) -> None:
        """Kill it when the server is at a statement chosen by chance, which somebody else's may make wait."""
        statement, revision = self._chance.choice((*BUILDS, *BUILDS, *OTHERS))
        kind = self._chance.choice(("nobody", "writer", "reader"))
        other, patience = None, 0.0
        with closing(database.connect()) as watcher:
            while not runner.has_ended and not watcher.execute(_SEEN, (statement,)).fetchall():
                if kind != "nobody" and other is None and _is_at(watcher, revision):
                    other, patience = _somebody(database, kind), time.monotonic() + _OTHERS_STAY
                if other and time.monotonic() > patience:
                    _leave(other)
                time.sleep(0.002)
        time.sleep(self._chance.choice((0, 0, self._chance.uniform(0, 0.05))))
        runner.kill()
        later = threading.Timer(self._chance.uniform(0, _OTHERS_STAY), _leave, (other,))
        later.start()
        self._leaving.append(later)


def _somebody(database: Database, kind: str) -> psycopg.Connection:
    """Be somebody who reads or writes in a transaction: a build waits for a writer, and for whoever has a snapshot."""
    other = database.connect(autocommit=False)
    if kind == "reader":
        other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        other.execute("SELECT 1 FROM accounts")
    else:
        other.execute("LOCK TABLE accounts IN ROW EXCLUSIVE MODE")
    return other


def _is_at(watcher: psycopg.Connection, revision: str) -> bool:
    """Whether this revision is applied: nobody can be in the way of what makes the first tables."""
    table, version = _COME
    return bool(watcher.execute(table).fetchall() and watcher.execute(version, (revision,)).fetchall())


def _leave(other: psycopg.Connection | None) -> None:
    """End the transaction and go; for the second time too."""
    if other is not None:
        with suppress(psycopg.Error):
            other.close()


def world_of(database: Database) -> World:
    """Return what is there, when its parts agree."""
    world = look(database)
    assert not world.faults(), (world.faults(), world)
    return world
