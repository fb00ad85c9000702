"""Two operators at one time: one works, the other takes over, and nothing is done twice whoever believes to lead."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.api import Api
from support.cluster import Cluster
from support.kubelet import Kubelet
from support.operator import Operator
from support.stage import Stage, done
from support.waiting import eventually

pytest_plugins = ["support.operator_fixtures"]

LEASE = "revgate"
BEFORE_IT_RUNS_OUT = 10.0  # seconds, of the 15 that an unreleased Lease is held
MANY = 10


@dataclass(frozen=True)
class Pair:
    """Two operators with one Lease, and the namespace that they look after."""

    api: Api
    operators: tuple[Operator, Operator]

    def stage(self, operator: Operator) -> Stage:
        return Stage(self.api, Kubelet(self.api), operator)

    def record(self) -> dict:
        return (self.api.get("leases", LEASE) or {}).get("spec", {})

    def until_led_by(self, operator: Operator, timeout: float = 30) -> Stage:
        """Wait until this operator leads; return the stage with it."""
        eventually("The operator leads", lambda: self.leads(operator), timeout, self.picture)
        return self.stage(operator)

    def leads(self, operator: Operator) -> bool:
        return said_last(operator) == "lease taken"

    def leader_and_standby(self) -> tuple[Stage, Operator]:
        first, second = self.operators
        first.start()
        stage = self.until_led_by(first)
        second.start()
        return stage, second

    def picture(self) -> object:
        return self.record(), [operator.said()[-3000:] for operator in self.operators]


def said_last(operator: Operator) -> str:
    """Return the last thing that the operator said of its Lease."""
    said = operator.said()
    return max(("lease taken", "lease lost", "lease released"), key=said.rfind) if "lease " in said else ""


def at_work(stage: Stage) -> str:
    """Bring a migration to where its runner is at work; return the Job."""
    stage.apply()
    job = stage.next_job()
    stage.kubelet.start(job)
    stage.until_true("Reconciling", "Running")
    return job


@pytest.fixture
def new_pair(crd: Cluster, operator_process: Operator, tmp_path: Path, api: Api) -> Iterator[Callable[..., Pair]]:
    """Two operators with these options, in a namespace of the test's own: nobody else may look after it."""
    operator_process.stop()
    pairs: list[Pair] = []

    def new(*options: str) -> Pair:
        pairs.append(Pair(api, (Operator(crd, tmp_path / "a", *options), Operator(crd, tmp_path / "b", *options))))
        return pairs[-1]

    yield new
    for operator in pairs[0].operators:
        operator.kill()


@pytest.fixture
def pair(new_pair: Callable[..., Pair], api: Api) -> Pair:
    return new_pair("--lease", f"{api.namespace}/{LEASE}")


def test_one_stands_by_and_takes_over_at_once_when_the_other_ends(pair: Pair):
    leader, standby = pair.leader_and_standby()
    job = at_work(leader)
    assert "job created" in leader.operator.said()
    assert "job created" not in standby.said()
    assert "reason changed" not in standby.said()
    assert leader.operator.stop() == 0
    assert said_last(leader.operator) == "lease released"
    leader.kubelet.finish(job, done())
    stage = pair.until_led_by(standby, BEFORE_IT_RUNS_OUT)
    stage.until_true("Ready", "UpToDate")
    assert stage.jobs() == [job]


def test_one_that_was_frozen_does_nothing_when_it_comes_back_and_another_leads(pair: Pair):
    frozen, standby = pair.leader_and_standby()
    first = at_work(frozen)
    frozen.operator.freeze()
    position = frozen.operator.position()
    frozen.apply("other")
    stage = pair.until_led_by(standby)
    stage.kubelet.finish(first, done())
    stage.bring_to_ready("other")
    frozen.operator.thaw()
    eventually("It has found out", lambda: said_last(frozen.operator) == "lease lost", world=pair.picture)
    stage.apply("third")
    stage.bring_to_ready("third")
    said = frozen.operator.said(position)
    assert not [word for word in ("job created", "reason changed", "job removed") if word in said]
    assert (stage.jobs(), len(stage.api.find("jobs"))) == ([first], 3)
    frozen.operator.kill()  # one that stands by: nothing changes
    assert pair.leads(standby)


def test_one_whose_lease_was_taken_away_by_hand_stops_and_the_next_holder_goes_on(pair: Pair):
    leader, _ = pair.leader_and_standby()
    job = at_work(leader)
    thief = {"holderIdentity": "somebody", "leaseDurationSeconds": 1}
    pair.api.patch("leases", LEASE, {"spec": thief})
    eventually("It has found out", lambda: "lease lost" in leader.operator.said(), world=pair.picture)
    eventually("One of them leads again", lambda: any(map(pair.leads, pair.operators)), world=pair.picture)
    leader.kubelet.finish(job, done())
    stage = pair.stage(next(filter(pair.leads, pair.operators)))
    stage.until_true("Ready", "UpToDate")
    assert stage.jobs() == [job]


def test_a_lease_that_was_deleted_is_made_again(pair: Pair):
    pair.leader_and_standby()
    pair.api.delete("leases", LEASE)
    eventually("It is there again", lambda: pair.record().get("holderIdentity"), world=pair.picture)
    eventually("One of them leads", lambda: any(map(pair.leads, pair.operators)), world=pair.picture)
    stage = pair.stage(next(filter(pair.leads, pair.operators)))
    stage.apply()
    stage.bring_to_ready()


def test_one_that_can_not_renew_stops_by_itself_and_leads_again_when_the_api_server_is_back(pair: Pair, crd: Cluster):
    leader = pair.operators[0]
    leader.start()
    stage = pair.until_led_by(leader)
    leader.may_fail = True
    crd.kill("apiserver")
    try:
        eventually("It has given up", lambda: said_last(leader) == "lease lost", world=leader.said)
    finally:
        crd.start("apiserver")
    pair.until_led_by(leader)
    stage.apply()
    stage.bring_to_ready()


def test_two_that_both_believe_to_lead_do_no_harm(new_pair: Callable[..., Pair]):
    """Without a Lease, both work on everything: each migration has its one Job and its one end all the same."""
    pair = new_pair()
    first, second = pair.operators
    first.start()
    second.start()
    stage = pair.stage(first)
    names = [f"m{number}" for number in range(MANY)]
    for name in names:
        stage.apply(name)
    jobs = [stage.next_job(name=name) for name in names]
    for job in jobs:
        stage.kubelet.finish(job, done())
    for name in names:
        stage.until_true("Ready", "UpToDate", name)
        stage.settle(name)
        assert len(stage.status(name)["history"]) == 1
    stage.apply("last")
    stage.bring_to_ready("last")
    assert len(stage.api.find("jobs")) == MANY + 1
    assert [operator for operator in pair.operators if "pass failed" in operator.said()] == []
    assert len([event for event in stage.api.find("events") if event["reason"] == "UpToDate"]) == MANY + 1
