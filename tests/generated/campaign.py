"""Generated resources against the real operator: what the API server takes must get a reason, and then all is still.

Each batch has a namespace: its resources are made, looked at, meddled with, looked at again, and removed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from generated.cases import Case, case_of, chance_of
from generated.judging import errors_in, fault_of, is_seen, listed, reason_of, refusal_of, timer_of
from generated.meddling import Meddler, send
from generated.stillness import Stillness
from revgate.contract import names
from support.api import Api
from support.operator import Operator
from support.waiting import eventually

_AT_ONCE: Final = 6
_LONG: Final = 180  # seconds, on a machine that has much to do
_MEDDLED: Final = 0.6  # of what was taken
_GATE_ANSWERS: Final = (200, 409)
_MADE: Final = (names.PLURAL, "jobs", "pods", names.PLANS)


@dataclass
class Tally:
    """What was seen."""

    sent: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    meddled: Counter[int] = field(default_factory=Counter)
    gates: Counter[int] = field(default_factory=Counter)
    named: set[str] = field(default_factory=set)  # fields, by a refusal
    longest: int = 0  # characters of a refusal
    megabytes: float = 0.0  # of the operator, at most

    def __str__(self) -> str:
        """Return it in lines."""
        taken = ", ".join(f"{self.taken[kind]} of {count} {kind}" for kind, count in sorted(self.sent.items()))
        lines = (
            f"taken: {taken}; refusals name {len(self.named)} fields, in {self.longest} characters at most",
            f"meddling answered: {_counted(self.meddled)}; gates answered: {_counted(self.gates)}",
            f"reasons at the end: {_counted(self.reasons)}",
            f"memory: {self.megabytes:.0f} MiB",
        )
        return "\n".join(f"  {line}" for line in lines)


@dataclass
class Campaign:
    """Batches of generated resources."""

    client: httpx.Client
    operator: Operator
    seed: int
    tally: Tally = field(default_factory=Tally)

    def run(self, numbers: Iterable[int], namespace: str) -> None:
        """Do one batch."""
        self.client.post("/api/v1/namespaces", json={"metadata": {"name": namespace}}).raise_for_status()
        api, still, position = Api(self.client, namespace), Stillness(self.operator), self.operator.position()
        self._clear()
        try:
            self._do(api, still, [case_of(number, self.seed) for number in numbers])
        finally:
            said = self.operator.said(position)
            assert self.operator.runs, f"The operator has ended:\n{said[-6000:]}"
            assert not (bad := errors_in(said)), f"{len(bad)} errors in the operator's log:\n" + "\n".join(bad[:3])

    def _do(self, api: Api, still: Stillness, cases: list[Case]) -> None:
        taken = [case for case in _spread(lambda case: self._make(api, case), cases) if case]
        self._look(api, still, "made")
        _spread(lambda chosen: self._meddle(api, *chosen), self._chosen(api, taken))
        found = self._look(api, still, "meddled with")
        self.tally.reasons.update(map(reason_of, found))
        retries = sum("nextRetryTime" in each["status"] for each in found)
        still.looks_only_by_timers(filter(None, map(timer_of, found)), retries)
        self.tally.megabytes = max(self.tally.megabytes, still.megabytes())
        _remove(api)
        still.without_writes()
        still.looks_only_by_timers()

    def _clear(self) -> None:
        """Take away what earlier tests have left: it has timers of its own."""
        namespaces = {each["metadata"]["namespace"] for each in listed(Api(self.client, ""))}
        for namespace in namespaces:
            _remove(Api(self.client, namespace))

    def _make(self, api: Api, case: Case) -> Case | None:
        """Create a resource as kubectl does; return it if it was taken."""
        answer = send(api, "POST", names.PLURAL, "", case.text, fieldValidation="Strict")
        self.tally.sent[case.kind] += 1
        if answer.is_success:
            assert not case.field, f"{case} was taken"
            self.tally.taken[case.kind] += 1
            return case
        said = refusal_of(answer, case)
        self.tally.longest = max(self.tally.longest, len(said))
        self.tally.named |= {case.field} - {""}
        return None

    def _chosen(self, api: Api, taken: list[Case]) -> Iterator[tuple[int, Mapping[str, Any]]]:
        there = {each["metadata"]["name"]: each for each in listed(api)}
        for case in taken:
            if case.name in there and chance_of(self.seed, case.number, "whether").random() < _MEDDLED:
                yield case.number, there[case.name]

    def _meddle(self, api: Api, number: int, migration: Mapping[str, Any]) -> None:
        meddler = Meddler(api, chance_of(self.seed, number, "how"), migration)
        for answer in [*meddler.meddle(), *meddler.meddle()]:
            self.tally.meddled[answer.status_code] += 1

    def _look(self, api: Api, still: Stillness, when: str) -> list[Mapping[str, Any]]:
        """Wait until the operator is through, and return the resources, each of which must have a reason."""

        def unseen() -> list[Mapping[str, Any]]:
            return [each for each in listed(api) if not is_seen(each)]

        eventually(f"All are looked at after they were {when}", lambda: not unseen(), _LONG, lambda: unseen()[:3])
        still.without_writes()
        found = listed(api)
        faults = [f"{each['metadata']['name']}: {fault}" for each in found if (fault := fault_of(each))]
        assert not faults, f"{len(faults)} of {len(found)} that were {when}:\n" + "\n".join(faults[:5])
        self.tally.gates.update(self._ask_gates(found))
        return found

    def _ask_gates(self, found: Iterable[Mapping[str, Any]]) -> Iterator[int]:
        """Ask the gate over HTTP about each: it reads the same statuses."""
        with httpx.Client(base_url=self.operator.address(""), trust_env=False) as gate:
            for each in found:
                place = f"/gate/{each['metadata']['namespace']}/{each['metadata']['name']}"
                answer = gate.get(place, params={"requires": "0002"})
                assert answer.status_code in _GATE_ANSWERS, f"{place} answered {answer.status_code}: {answer.text}"
                yield answer.status_code


def _counted(what: Counter[Any]) -> str:
    return ", ".join(f"{each} {count}" for each, count in what.most_common())


def _spread(work: Callable[[Any], Any], things: Iterable[Any]) -> list[Any]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, things))


def _remove(api: Api) -> None:
    """Take everything away."""
    options = b'{"propagationPolicy": "Background", "gracePeriodSeconds": 0}'
    for kind in _MADE:
        assert send(api, "DELETE", kind, "", options).is_success

    def is_empty() -> bool:
        return not (listed(api) or any(api.find(kind) for kind in _MADE[1:]))

    eventually("All is removed", is_empty, _LONG)
