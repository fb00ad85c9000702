"""Each habit of env.py files in the wild, met by a small project: what runs is as plain Alembic would leave it.

One transaction for each revision, hooks, lock and ledger are there wherever it runs; where it cannot, the run ends with
its own reason and has done nothing. docs/environments.md has the same table for users.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from environments.project import BROKEN, REVISIONS, Project, make_project, settings_of, upgrade_plainly
from environments.side import Side
from revgate.migration.errors import RevisionFailed
from support.file_config import LOGGING

BOTH = ("postgresql", "sqlite")
POSTGRESQL = ("postgresql",)
SQLITE = ("sqlite",)


@dataclass(frozen=True)
class Habit:
    """An env.py that works, where it makes sense."""

    env: str
    on: tuple[str, ...] = BOTH
    ini: str = ""
    head: str = ""  # of each revision file
    location: str = "versions"
    table: str = "alembic_version"


WORKS = [
    Habit("own_engine"),
    Habit("other_driver", on=POSTGRESQL),
    Habit("url_into_config"),
    Habit("url_into_config", ini="sqlalchemy.url = driver://user:pass@localhost/dbname"),
    Habit("url_into_config", ini='sqlalchemy.url = ""'),
    Habit(
        "handed_connection",
        ini="version_path_separator = os  # Use os.pathsep.",
    ),
    Habit("asyncio_run"),
    Habit("handed_connection"),
    Habit("connects_again"),
    Habit("engine_begin"),
    Habit("begins_and_commits"),
    Habit("one_transaction"),
    Habit("autocommit"),
    Habit("autocommit_handed"),
    Habit("typed_transaction"),
    Habit("foreign_keys_off", on=SQLITE),
    Habit("no_transactional_ddl"),
    Habit("per_migration_on_sqlite"),
    Habit("own_lock", on=POSTGRESQL),
    Habit("own_session_lock", on=POSTGRESQL),
    Habit("locked_table", on=POSTGRESQL),
    Habit("file_config", ini=LOGGING),
    Habit("locations_in_env", location="of/{dialect}"),
    Habit("sets_the_scene", head="import shop\nshop.scenery()"),
    Habit("config_made_if_missing"),
    Habit("reads_arguments"),
    Habit("own_version_table", table="shop_alembic"),
    Habit("version_schema", on=POSTGRESQL, table="meta.alembic_version"),
    Habit("tenant", on=POSTGRESQL, table='"acme & sons".alembic_version'),
    Habit("tenant_inside", on=POSTGRESQL, table="tenant.alembic_version"),
    Habit("tenant_by_context", on=POSTGRESQL, table="tenant.alembic_version"),
    Habit("foreign_keys_off_late", on=SQLITE),
    Habit("session_settings"),
    Habit("several_callbacks"),
    Habit("models_first"),
]


def project_of(habit: Habit, folder: Path, dialect: str) -> Project:
    location = habit.location.format(dialect=dialect)
    return make_project(folder, habit.env, habit.ini, location=location, head=habit.head).chain(*REVISIONS)


CELLS = [pytest.param(kind, habit, id=f"{habit.env}-{kind}") for habit in WORKS for kind in habit.on]


@pytest.mark.parametrize(("sides", "habit"), CELLS, indirect=["sides"])
def test_it_works_as_with_plain_alembic(sides: tuple[Side, Side], habit: Habit, tmp_path: Path) -> None:
    ours, plain = sides
    project = project_of(habit, tmp_path / "app", ours.name)
    upgrade_plainly(project, plain)
    project.revision("a3", "a2", BROKEN)
    settings_of(ours)
    seen: list[tuple[str, bool]] = []
    runner = project.runner(ours)
    runner.before_revision(lambda revision: seen.append((revision, ours.is_locked())))
    with pytest.raises(RevisionFailed, match=r"a3 .*nonsense"):
        runner.upgrade_to_head()
    assert (ours.heads(habit.table), ours.made()) == (["a2"], {"t_a1", "t_a2"}), "one transaction for each revision"
    assert seen == [("a1", True), ("a2", True), ("a3", True)], "hooks, under the lock"
    project.revision("a3", "a2")
    runner.upgrade_to_head()
    assert ours.ledger() == dict.fromkeys(REVISIONS, "applied")
    assert (ours.heads(habit.table), ours.schema()) == (plain.heads(habit.table), plain.schema())
    assert runner.get_pending_migrations() == []
    assert not ours.is_locked()
