"""Fault after fault, drawn by chance, in rounds; after each round everything must come right by itself."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random

import httpx
import psycopg

from faults.kills import chance_of
from faults.operators.fault import Fault, Later, NotNow, need
from faults.operators.on_control import ON_CONTROL
from faults.operators.on_databases import ON_DATABASES
from faults.operators.on_runs import ON_RUNS
from faults.operators.on_specs import ON_SPECS
from faults.operators.proof import complaints, faults_of, too_many_writes
from faults.operators.replicas import reasons_of
from faults.operators.scene import Scene

FAULTS = (*ON_CONTROL, *ON_RUNS, *ON_SPECS, *ON_DATABASES)
A_ROUND = 15
_PAUSE = 0.7  # seconds between two faults, at most
_BEGINS_WITHIN = 3.0  # seconds: a leader that was killed is missed for longer
_RELEASES = 0.4  # chance that somebody rolls out a release when asked
_COMES_RIGHT_WITHIN = 120.0  # seconds
_STAYS_QUIET = 2.0
_TRY_AGAIN = 0.3
_USUAL = (" answered 404", " answered 409", " answered 429")  # gone or changed meanwhile; a CRD that was just made
_CONTROL = {"apiserver", "etcd"}
_EXCUSED = 20.0  # seconds; what came back may need a moment
_REFUSED = (httpx.HTTPError, psycopg.Error, AssertionError)  # by what is away at the moment


@dataclass
class Tally:
    """What a campaign has done so far."""

    struck: Counter[str] = field(default_factory=Counter)
    rounds: int = 0
    jobs: int = 0
    statuses: int = 0
    edits: int = 0
    starts: int = 0  # of operators
    reasons: Counter[str] = field(default_factory=Counter)  # that users saw
    slowest: float = 0.0  # seconds until all was right

    @property
    def faults(self) -> int:
        return self.struck.total()

    def __str__(self) -> str:
        kinds = f"{self.faults} faults of {len(self.struck)} kinds in {self.rounds} rounds"
        work = f"{self.jobs} Jobs, {self.edits} edits, {self.statuses} writes of a status, {self.starts} starts"
        return f"{kinds}; {work} of an operator; all was right after {self.slowest:.0f} s at most"


class Campaign:
    """So many faults, repeatable by their seed as far as their choice, their order and their lengths are."""

    def __init__(self, scene: Scene, seed: int, a_round: int = A_ROUND) -> None:
        self._scene = scene
        self._a_round = a_round
        self._chance = chance_of(seed)
        self._deck: list[Fault] = []
        self._due: list[tuple[float, int, Later]] = []
        self._numbers = count()
        self._story: list[str] = []
        self._excused_until = 0.0
        self._was_away = False
        self.tally = Tally()

    def run(self, faults: int) -> Iterator[Tally]:
        """Strike until there are enough; yield after each round.

        Raises:
            AssertionError: telling what is not right, and what had been done.
        """
        while self.tally.faults < faults:
            before = self._scene.writes()
            position = self._scene.server.postmaster.log.stat().st_size
            self._scene.open_round()
            try:
                self._strike(min(self._a_round, faults - self.tally.faults))
                self._prove(before, position)
            finally:
                self._mend_all()
                self._scene.close_round()
            self.tally.rounds += 1
            yield self.tally

    def _strike(self, faults: int) -> None:
        until = self.tally.faults + faults
        self._story.clear()
        while self.tally.faults < until:
            chance = Random(self._chance.random())  # noqa: S311  it guards nothing
            self._until_under_way(chance)
            self._wait(chance.uniform(0, _PAUSE))
            fault = self._drawn()
            try:
                for later in fault(self._scene, chance):
                    self._put(later.seconds, later)
                self._wait(0)
            except (NotNow, *_REFUSED) as error:
                self._must_be_away(error)
                self._put_back(fault)
            else:
                self.tally.struck[fault.__name__] += 1
                self._story.append(f"{time.strftime('%H:%M:%S')} {fault.__name__}")
            self._go_on(chance)
        while self._due:
            self._wait(_TRY_AGAIN)

    def _until_under_way(self, chance: Random) -> None:
        """Give the teams a moment to begin something that can be disturbed, unless nobody leads."""
        until = time.monotonic() + _BEGINS_WITHIN
        while not self._scene.node.at_work() and time.monotonic() < until:
            self._go_on(chance)
            self._wait(_TRY_AGAIN)

    def _drawn(self) -> Fault:
        """Draw from a shuffled deck: each kind comes as often as the others."""
        if not self._deck:
            self._deck = list(FAULTS)
            self._chance.shuffle(self._deck)
        return self._deck.pop()

    def _put_back(self, fault: Fault) -> None:
        """Draw it again, after another one: it may be another one's turn to make it possible."""
        other = self._drawn()
        self._deck = [fault, *self._deck, other]

    def _go_on(self, chance: Random) -> None:
        """Let the teams do what they do anyway."""
        scene, tenant = self._scene, self._scene.tenant(chance)
        try:
            need(not scene.away & _CONTROL)
            scene.approve()
            if chance.random() < _RELEASES:
                scene.release(tenant, tenant.release + 1)
        except (NotNow, *_REFUSED) as error:
            self._must_be_away(error)
        ended = [replica for replica in scene.replicas if replica.has_ended_by_itself()]
        assert not ended, f"An operator has ended by itself\n{self._picture()}"
        assert scene.node.failure is None, scene.node.failure

    def _excuse(self) -> None:
        """Expect refusals while something is away, and for a while after it came back."""
        if self._scene.away or self._was_away:
            self._excused_until = time.monotonic() + _EXCUSED
        self._was_away = bool(self._scene.away)

    def _must_be_away(self, error: Exception) -> None:
        """What is refused without a reason is a fault of the suite."""
        is_usual = isinstance(error, NotNow | httpx.TimeoutException) or any(word in str(error) for word in _USUAL)
        if not is_usual and time.monotonic() > self._excused_until:
            raise error

    def _put(self, seconds: float, later: Later) -> None:
        heappush(self._due, (time.monotonic() + seconds, next(self._numbers), later))

    def _wait(self, seconds: float) -> None:
        """Wait, and undo meanwhile what is due."""
        self._excuse()
        until = time.monotonic() + seconds
        while self._due and self._due[0][0] <= until:
            at, _, later = heappop(self._due)
            time.sleep(max(0.0, at - time.monotonic()))
            self._excuse()
            try:
                later.mend()
            except _REFUSED as error:
                self._must_be_away(error)
                self._put(_TRY_AGAIN, later)
        time.sleep(max(0.0, until - time.monotonic()))

    def _mend_all(self) -> None:
        """Leave nothing broken behind, however a round ended: what comes down must be able to."""
        while self._due:
            with suppress(*_REFUSED):
                heappop(self._due)[2].mend()

    def _apply_again(self) -> None:
        """What was refused on the way is applied again, as a pipeline does."""
        for tenant in self._scene.tenants:
            self._put(0, Later(0, partial(self._scene.release, tenant, tenant.release)))
        while self._due:
            self._wait(_TRY_AGAIN)

    def _prove(self, before: dict[tuple[str, str], int], position: int) -> None:
        scene, began = self._scene, time.monotonic()
        self._apply_again()
        while wrong := self._wrong():
            assert time.monotonic() < began + _COMES_RIGHT_WITHIN, "\n".join((*wrong, self._picture()))
            time.sleep(_TRY_AGAIN)
        self.tally.slowest = max(self.tally.slowest, time.monotonic() - began)
        made = scene.writes()
        time.sleep(_STAYS_QUIET)
        later = scene.writes()
        with scene.server.postmaster.log.open(errors="replace") as log:
            log.seek(position)
            said = log.read()
        edits = sum(body["metadata"]["generation"] for body in scene.migrations().values())
        fresh = {what: number - before.get(what, 0) for what, number in made.items()}
        faults = [*faults_of(scene, said), *too_many_writes(fresh, edits)]
        faults += [f"Operators wrote {later} after {made}, with nothing to do"] if later != made else []
        assert not faults, "\n".join((*faults, self._picture()))
        self.tally.jobs += fresh.get(("POST", "jobs"), 0)
        self.tally.statuses += fresh.get(("PATCH", "schemamigrations"), 0)
        self.tally.edits += edits
        self.tally.reasons = reasons_of(scene.replicas)
        self.tally.starts = sum(replica.starts for replica in scene.replicas)

    def _wrong(self) -> list[str]:
        try:
            self._scene.approve()
            return complaints(self._scene)
        except _REFUSED as error:
            return [f"It could not be looked at: {error!r}"]

    def _picture(self) -> str:
        said = [
            f"{operator.log}:\n{operator.said()[-6000:]}"
            for replica in self._scene.replicas
            for operator in replica.releases.values()
        ]
        return "\n".join((*self._story, *said, self._scene.node.picture()))
