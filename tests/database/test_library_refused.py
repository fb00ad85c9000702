"""Databases that cannot be reached, or not as they are: one sentence each, and no password in it."""

import ssl
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from revgate import MigrationError, MigrationRunner
from revgate.migration.errors import (
    AuthenticationFailed,
    DatabaseNotFound,
    EnvironmentFailed,
    HostNotFound,
    InvalidOptions,
    Unreachable,
)
from support.library import Place, answer, sqlite_place
from support.library_project import make_project
from support.servers import Database

pytest_plugins = ["support.library_fixtures"]
pytestmark = pytest.mark.timeout(60)

SECRET = "s3cr3t%@/:?#' w0rd"


def shown(error: BaseException) -> str:
    """Return all that anybody may print of an error."""
    return "".join([str(error), repr(error), repr(error.__dict__), *traceback.format_exception(error)])


def test_a_wrong_password_is_told_and_not_shown(database15: Database):
    for driver in ("psycopg", "asyncpg"):
        url = sa.make_url(database15.url).set(drivername=f"postgresql+{driver}", password=SECRET)
        engine: Any = create_async_engine(url) if driver == "asyncpg" else sa.create_engine(url)
        with pytest.raises(AuthenticationFailed, match=f"refused user {database15.user}") as caught:
            answer(MigrationRunner(engine).upgrade_to_head())
        assert not any(part in shown(caught.value) for part in ("s3cr3t", "w0rd"))


def test_a_database_that_does_not_exist_is_named(database15: Database):
    url = sa.make_url(database15.sqlalchemy_url).set(database="nowhere")
    with pytest.raises(DatabaseNotFound, match="Database nowhere does not exist"):
        MigrationRunner(sa.create_engine(url)).upgrade_to_head()


AWAY: dict[str, tuple[str, type[MigrationError]]] = {
    "port": ("127.0.0.1:9", Unreachable),
    "host": ("no-such-host.invalid:5432", HostNotFound),
}


@pytest.mark.parametrize("what", AWAY)
@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_a_server_that_is_away_is_named(what: str, driver: str):
    place, kind = AWAY[what]
    host, _, port = place.partition(":")
    url = sa.URL.create(f"postgresql+{driver}", "me", SECRET, host, int(port), "ledger")
    engine: Any = create_async_engine(url) if driver == "asyncpg" else sa.create_engine(url)
    with pytest.raises(kind, match=host) as caught:
        answer(MigrationRunner(engine, connect_wait=0.5).upgrade_to_head())
    assert not any(part in shown(caught.value) for part in ("s3cr3t", "w0rd"))


def test_an_ssl_context_is_refused_and_not_ignored(database15: Database):
    url = sa.make_url(database15.url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, connect_args={"ssl": ssl.create_default_context()})
    with pytest.raises(InvalidOptions, match="SSLContext"):
        answer(MigrationRunner(engine).upgrade_to_head())


def in_memory_of_aiosqlite() -> Any:
    return create_async_engine("sqlite+aiosqlite://")


def in_memory_by_name() -> Any:
    return create_async_engine("sqlite+aiosqlite:///:memory:", poolclass=sa.StaticPool)


@pytest.mark.parametrize("engine", [in_memory_of_aiosqlite, in_memory_by_name])
def test_the_memory_of_aiosqlite_cannot_be_reached(engine: Callable[[], Any]):
    with pytest.raises(InvalidOptions, match=r"in the memory of an aiosqlite connection.* StaticPool"):
        MigrationRunner(engine())


def test_a_connection_in_memory_that_is_in_a_transaction_is_refused(tmp_path: Path):
    place = sqlite_place("memory", tmp_path)
    project = make_project(tmp_path / "app").chain("a1")
    with place.seen.connect() as connection:
        connection.execute(sa.text("CREATE TABLE mine (id integer)"))
        connection.execute(sa.text("INSERT INTO mine VALUES (1)"))
        with pytest.raises(EnvironmentFailed, match="is in a transaction: commit it or roll it back"):
            place.runner(project.config).upgrade_to_head()
        connection.commit()
    place.runner(project.config).upgrade_to_head()
    assert (place.heads(), place.tables(), place.query("SELECT id FROM mine")) == (["a1"], ["mine", "t_a1"], [(1,)])


def test_an_env_py_that_hands_over_a_transaction_commits_nothing_half(few: Place, tmp_path: Path):
    env = """
        from alembic import context

        connection = context.config.attributes["connection"]
        with connection.begin():
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
    """
    project = make_project(tmp_path / "app", env).chain("a1").add("a2", "a1", "raise ValueError('half-way')")
    with pytest.raises(MigrationError, match="half-way"):
        few.runner(project.config).upgrade_to_head()
    assert (few.heads(), few.tables(), few.ledger()) == (["a1"], ["t_a1"], {"a1": "applied"})
