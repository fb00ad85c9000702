"""A host project that our own runner migrates: its env.py includes the tables, the runner applies its revisions."""

from pathlib import Path

import pytest

from database.projects.running import run
from revgate import MigrationRunner
from support.including import ASYNC, TABLES, VERSION_TABLE, Host, make_host
from support.servers import Database

pytest_plugins = ["support.including_fixtures"]

OURS = TABLES | {VERSION_TABLE}
THEIRS = {"users", "orders", "alembic_version"}
HANDED_OVER = """
def run_migrations_online():
    do_run_migrations(config.attributes["connection"])
"""


@pytest.fixture
def runner(any_host: Host, monkeypatch: pytest.MonkeyPatch) -> tuple[Host, MigrationRunner]:
    monkeypatch.setenv("HOST_DATABASE_URL", any_host.url)
    return any_host.env(online=HANDED_OVER), MigrationRunner(any_host.engine, any_host.folder / "alembic.ini")


def test_the_library_brings_the_tables_along(runner):
    host, library = runner
    library.upgrade_to_head()
    assert host.tables() - {"revgate_revision_log"} == OURS | THEIRS
    assert (host.versions(), host.versions("alembic_version")) == (["0008"], ["0002"])
    assert "No new upgrade operations detected" in host.env(options="include_schemas=True").run("check")


def test_the_library_looks_without_making_a_table(runner):
    host, library = runner
    assert library.get_pending_migrations() == ["0001", "0002"]
    assert host.tables() == set()


def test_the_librarys_downgrade_leaves_the_tables_alone(runner):
    host, library = runner
    library.upgrade_to_head()
    library.downgrade(target="base")
    assert host.tables() - {"revgate_revision_log"} == OURS | {"alembic_version"}


def test_a_downgrade_of_the_library_does_not_upgrade_ours(runner):
    host, library = runner
    library.upgrade_to_head()
    host.query(f"UPDATE {VERSION_TABLE} SET version_num = '0007'")
    library.downgrade(target="base")
    assert host.versions() == ["0007"]


@pytest.mark.parametrize("online", [None, HANDED_OVER, ASYNC], ids=["its own engine", "handed over", "async"])
def test_a_job_brings_the_tables_along(database15: Database, tmp_path: Path, online: str | None):
    host = make_host(tmp_path / "host", database15.sqlalchemy_url)
    if online:
        host.env(online=online)
    ended = run(database15, host.folder, HOST_DATABASE_URL=host.url)
    assert ended.code == 0, ended.everything
    assert host.tables() == OURS | THEIRS
    assert (host.versions(), host.versions("alembic_version")) == (["0008"], ["0002"])
    assert host.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
    assert ended.report.current == ("0002",)
