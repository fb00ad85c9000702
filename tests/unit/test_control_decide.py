"""What to do about a migration, situation by situation."""

from dataclasses import asdict, fields, is_dataclass, replace
from datetime import timedelta

import pytest

from revgate.contract.exits import Exit
from revgate.control.deciding.decide import decide
from revgate.control.deciding.decision import Again, Stall, Start
from revgate.control.deciding.endings import Ended
from support.builders import ago, at_work, migration, reported, run, snapshot, spec
from support.situations import ON_B, SITUATIONS


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_situation_leads_to_one_decision(situation):
    seen, expected = SITUATIONS[situation]
    decision = decide(seen)
    assert type(decision) is expected.kind, decision
    ended = getattr(decision, "ended", None)
    facts = {name: getattr(decision, name) for name in [each.name for each in fields(decision)]}
    if isinstance(ended, Ended):
        facts = asdict(ended) | facts
    assert {name: facts[name] for name in expected.fields} == expected.fields, decision


@pytest.mark.parametrize("situation", SITUATIONS)
def test_deciding_twice_gives_the_same(situation):
    seen, _ = SITUATIONS[situation]
    assert decide(seen) == decide(seen)
    assert is_dataclass(decide(seen))


@pytest.mark.parametrize("situation", SITUATIONS)
def test_no_run_starts_beside_one_that_has_not_ended(situation):
    seen, _ = SITUATIONS[situation]
    for other in (run(ON_B, attempt=9), at_work(ON_B, attempt=9), at_work(migration(uid="other"))):
        assert not isinstance(decide(replace(seen, runs=(*seen.runs, other))), Start)


def test_the_first_try_after_a_connection_error_comes_after_about_the_initial_delay():
    of = migration()
    again = decide(snapshot(of, reported(of, Exit.UNREACHABLE, ended=1)))
    assert isinstance(again, Again)
    assert ago(1) + timedelta(seconds=4.5) <= again.at <= ago(1) + timedelta(seconds=5.5)


def test_a_connection_error_is_tried_again_for_ever():
    of = migration(spec(retry={"limit": 0}))
    assert isinstance(decide(snapshot(of, reported(of, Exit.UNREACHABLE, attempt=500, created=420, ended=400))), Start)


def test_a_stall_at_the_limit_says_how_often_it_failed():
    of = migration(spec(retry={"limit": 2}))
    stall = decide(snapshot(of, reported(of, Exit.LOCK_TIMEOUT, attempt=3, failures=2)))
    assert isinstance(stall, Stall)
    assert "failed 3 times" in stall.message


def test_raising_the_limit_goes_on_where_it_stopped():
    before, after = migration(spec(retry={"limit": 1})), migration(spec(retry={"limit": 3}), generation=2)
    failed = reported(before, Exit.LOCK_TIMEOUT, attempt=2, failures=1, ended=60)
    assert isinstance(decide(snapshot(before, failed)), Stall)
    decision = decide(snapshot(after, failed))
    assert isinstance(decision, Start)
    assert (decision.attempt, decision.failures) == (3, 2)


def test_a_spec_that_comes_back_begins_its_tries_anew():
    of = migration(spec(image="a"), generation=3)
    between = migration(spec(image="b"), generation=2)
    runs = [reported(of, 10, attempt=3, created=300, ended=280), reported(between, 0, created=200, ended=180)]
    decision = decide(snapshot(of, *runs))
    assert isinstance(decision, Start)
    assert decision.attempt == 1
