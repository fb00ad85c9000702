"""Rehearsals in a test's hands: a project, its database at r0, and a server for the copy.

A test module says `pytest_plugins = ["support.rehearsal_fixtures"]`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from revgate.migration.library.runner import MigrationRunner
from revgate.migration.project.scripts import scripts_of
from revgate.migration.rehearsal.rehearsal import rehearse
from revgate.migration.rehearsal.result import Rehearsal
from revgate.migration.rehearsal.stage import Wish
from support.backing_up import binaries, url_of
from support.library_project import Project, make_project
from support.rehearsing import contents, scratch_databases
from support.servers import Database, Server

Rehearse = Callable[..., Rehearsal]

BASE = """
    op.execute("CREATE TABLE accounts (id int PRIMARY KEY, name text, amount int)")
    op.execute("CREATE TABLE entries (id int PRIMARY KEY, account int)")
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").add("r0", up=BASE)


@pytest.fixture
def there(server15: Server) -> Iterator[Database]:
    """A database of another user, who may create databases, on the server of the rehearsals."""
    made = server15.new_database()
    server15.query(f"ALTER ROLE {made.user} CREATEDB")
    yield made
    assert scratch_databases(server15) == [], "nothing is left of a rehearsal"
    server15.drop_database(made)


@pytest.fixture
def rehearsed(
    database15: Database, there: Database, project: Project, server15: Server, monkeypatch: pytest.MonkeyPatch
) -> Rehearse:
    """Upgrade the database to r0, and rehearse what else there is."""
    monkeypatch.setenv("PG_DUMP", str(binaries(server15) / "pg_dump"))
    engine = sa.create_engine(url_of(database15), poolclass=sa.NullPool)
    MigrationRunner(engine, project.config).upgrade_to_version("r0")

    def run(**more: Any) -> Rehearsal:
        server = more.pop("server", url_of(there))
        wish = Wish(engine, server, lambda: scripts_of(project.config), lambda text: text, **more)
        before = contents(database15)
        try:
            return rehearse(wish)
        finally:
            assert contents(database15) == before

    return run
