"""Two migrations on one history: the ledger says whose it is, and the second one is refused."""

from pathlib import Path

import pytest

from database.projects.running import run
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from revgate.migration.errors import OwnedByAnother
from support.recording import Recorded, make_recorded
from support.servers import Database

FIRST, SECOND = "shop/ledger/1111", "shop/copy/2222"


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    """A history that the first migration brought to a1."""
    made = make_recorded(tmp_path / "app", f"sqlite:///{tmp_path / 'app.db'}").scripts("a1 a2<-a1")
    made.upgrade("a1", owner=FIRST)
    return made


def owners(recorded: Recorded) -> list[str]:
    return [row[0] for row in recorded.query(f"SELECT DISTINCT owner FROM {recorded.table} ORDER BY 1")]


@pytest.mark.parametrize("target", ["a1", "a2"])
def test_a_second_migration_is_refused_and_told_of_the_first(recorded: Recorded, target: str):
    with pytest.raises(OwnedByAnother) as raised:
        recorded.upgrade(target, owner=SECOND)
    said = str(raised.value)
    assert said.startswith("History alembic_version of ")
    assert " belongs to migration shop/ledger: delete one of the two migrations, or " in said
    assert "set REVGATE_TAKE_OVER to shop/ledger in this one's spec.job.template" in said
    assert recorded.states() == {"a1": "applied"}


def test_the_first_migration_goes_on(recorded: Recorded):
    recorded.upgrade("a2", owner=FIRST)
    assert owners(recorded) == [FIRST]


def test_a_migration_that_was_created_again_goes_on_and_its_uid_is_noted(recorded: Recorded):
    recorded.upgrade("a1", owner="shop/ledger/9999")
    assert owners(recorded) == ["shop/ledger/9999"]


def test_a_person_and_an_application_are_never_refused_and_leave_the_owner(recorded: Recorded):
    recorded.upgrade("a2")
    assert owners(recorded) == ["", FIRST]
    recorded.downgrade("base")
    recorded.upgrade("a2")
    assert owners(recorded) == ["", FIRST]
    with pytest.raises(OwnedByAnother):
        recorded.upgrade("a2", owner=SECOND)
    recorded.upgrade("a2", owner=FIRST)
    assert owners(recorded) == [FIRST]


def test_who_takes_over_owns_the_whole_history_and_the_first_is_refused(recorded: Recorded):
    with pytest.raises(OwnedByAnother):
        recorded.upgrade("a1", owner=SECOND, takes_over="shop/somebody")
    recorded.upgrade("a1", owner=SECOND, takes_over="shop/ledger")
    assert owners(recorded) == [SECOND]
    recorded.upgrade("a2", owner=SECOND)
    with pytest.raises(OwnedByAnother, match="belongs to migration shop/copy: "):
        recorded.upgrade("a2", owner=FIRST)


def test_a_history_that_nobody_owned_belongs_to_the_first_migration_that_looks_at_it(recorded: Recorded):
    recorded.query(f"UPDATE {recorded.table} SET owner = ''")
    recorded.upgrade("a1", owner=SECOND)
    assert owners(recorded) == [SECOND]


def test_a_history_that_nobody_owned_belongs_to_who_records_it(tmp_path: Path):
    recorded = make_recorded(tmp_path / "app", f"sqlite:///{tmp_path / 'app.db'}").scripts("a1 a2<-a1")
    recorded.plain("upgrade", "a2")
    recorded.upgrade(owner=FIRST)
    assert owners(recorded) == [FIRST]
    with pytest.raises(OwnedByAnother):
        recorded.upgrade(owner=SECOND)


def test_an_owner_of_another_form_is_compared_as_a_whole(recorded: Recorded):
    recorded.query(f"UPDATE {recorded.table} SET owner = 'us'")
    recorded.upgrade("a1", owner="us")
    with pytest.raises(OwnedByAnother, match="belongs to migration us: "):
        recorded.upgrade("a1", owner="them")


def test_another_history_of_the_same_database_has_an_owner_of_its_own(recorded: Recorded, tmp_path: Path):
    other = make_recorded(tmp_path / "other", recorded.url).scripts("a1")
    env = other.folder / "migrations" / "env.py"
    env.write_text(env.read_text().replace("target_metadata=None", "version_table='other_version'"))
    other.upgrade(owner=SECOND)
    recorded.upgrade("a2", owner=FIRST)
    assert owners(recorded) == [SECOND, FIRST]


def test_a_job_is_refused_with_a_reason_and_takes_over_when_told(database15: Database, tmp_path: Path):
    recorded = make_recorded(tmp_path / "app", database15.sqlalchemy_url).scripts("a1 a2<-a1")
    recorded.upgrade("a1", owner=FIRST)
    ended = run(database15, recorded.folder, REVGATE_OWNER=SECOND)
    assert (ended.code, ended.report.reason) == (Exit.CONFIGURATION, Reason.OWNED_BY_ANOTHER), ended
    assert "History public.alembic_version of" in ended.report.message
    assert ended.report.current == ("a1",)
    ended = run(database15, recorded.folder, REVGATE_OWNER=SECOND, REVGATE_TAKE_OVER="shop/ledger")
    assert ended.code == 0, ended
    assert owners(recorded) == [SECOND]
