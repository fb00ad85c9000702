"""Engines of PostgreSQL as applications make them: a run goes the way that the engine was told to go."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from database.projects.running import until
from revgate import MigrationRunner
from revgate.migration.errors import InvalidOptions, RevisionFailed
from support.library import POSTGRESQL, Place, answer, postgresql_place
from support.library_project import Project, make_project
from support.servers import Database, Server

pytest_plugins = ["support.library_fixtures"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("a1", "a2")


def without_password(database: Database, driver: str) -> sa.URL:
    return sa.URL.create(
        f"postgresql+{driver}", username=database.user, host=database.host, port=database.port, database=database.name
    )


def migrate(engine: Any, project: Project) -> None:
    answer(MigrationRunner(engine, project.config, connect_wait=0).upgrade_to_head())


POOLS: dict[str, dict[str, Any]] = {
    "none": {"poolclass": sa.NullPool},
    "static": {"poolclass": sa.StaticPool},
    "one": {"pool_size": 1, "max_overflow": 0, "pool_timeout": 1},
    "pre-ping": {"pool_pre_ping": True, "pool_recycle": 1},
    "autocommit": {"isolation_level": "AUTOCOMMIT"},
    "serializable": {"isolation_level": "SERIALIZABLE"},
    "options": {"execution_options": {"isolation_level": "AUTOCOMMIT", "logging_token": "app"}},
}


@pytest.mark.parametrize("pool", POOLS)
def test_every_kind_of_pool_will_do(postgresql: Place, project: Project, pool: str):
    half = "op.create_table('half', sa.Column('id', sa.Integer))\nop.execute('SELECT nonsense')"
    engine = postgresql.engine(**POOLS[pool])
    migrate(engine, project)
    assert postgresql.heads() == ["a2"]
    project.add("a3", "a2", half)
    with pytest.raises(RevisionFailed, match="nonsense"):
        migrate(engine, project)
    assert (postgresql.heads(), postgresql.tables()) == (["a2"], ["t_a1", "t_a2"])
    engine.dispose()


def test_a_pool_whose_only_connection_is_taken_is_not_waited_for(postgresql: Place, project: Project):
    engine = postgresql.engine(pool_size=1, max_overflow=0, pool_timeout=0.5)
    with engine.connect() as busy:
        busy.execute(sa.text("SELECT 1"))  # in a transaction, too
        migrate(engine, project)
        assert busy.execute(sa.text("SELECT count(*) FROM t_a2")).scalar() == 0
    assert engine.pool.checkedout() == 0
    engine.dispose()


def test_an_engine_that_was_disposed_connects_anew(postgresql: Place, project: Project):
    engine = postgresql.engine()
    with engine.connect():
        pass
    engine.dispose()
    migrate(engine, project)
    assert postgresql.heads() == ["a2"]


@pytest.mark.parametrize("kind", POSTGRESQL)
def test_no_session_is_left_behind(server15: Server, database15: Database, project: Project, kind: str):
    engine = postgresql_place(kind, database15).engine()
    migrate(engine, project)
    runner: Any = MigrationRunner(engine, project.config)
    answer(runner.inspect())
    ours = "SELECT application_name FROM pg_stat_activity WHERE datname = %s AND application_name LIKE 'revgate%%'"
    until(lambda: not server15.query(ours, database15.name), lambda: server15.query(ours, database15.name), 10)


@pytest.fixture
def tenant(database15: Database) -> Database:
    database15.query("CREATE SCHEMA tenant")
    return database15


def schemas(database: Database) -> set[str]:
    """Return the schemas with tables of the project, the version table among them."""
    found = database.query(
        "SELECT schemaname FROM pg_tables WHERE tablename LIKE 't_a%%' OR tablename LIKE 'alembic%%'"
    )
    return {row[0] for row in found}


ENGINES: dict[str, Callable[[Database], Any]] = {
    "psycopg": lambda to: sa.create_engine(
        without_password(to, "psycopg"), connect_args={"password": to.password, "options": "-c search_path=tenant"}
    ),
    "psycopg_async": lambda to: create_async_engine(
        without_password(to, "psycopg"), connect_args={"password": to.password, "options": "-c search_path=tenant"}
    ),
    "asyncpg": lambda to: create_async_engine(
        without_password(to, "asyncpg"),
        connect_args={"password": to.password, "server_settings": {"search_path": "tenant"}},
    ),
    "in the URL": lambda to: sa.create_engine(f"{to.sqlalchemy_url}?options=-csearch_path%3Dtenant"),
    "creator": lambda to: sa.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(to.url, options="-c search_path=tenant")
    ),
}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_arguments_of_the_engine_hold_for_the_run(tenant: Database, project: Project, engine: str):
    migrate(ENGINES[engine](tenant), project)
    assert schemas(tenant) == {"tenant"}


@pytest.mark.parametrize("url", ["postgresql+asyncpg://", "postgresql+asyncpg://127.0.0.1:9/elsewhere"])
def test_a_creator_of_another_driver_is_refused(database15: Database, project: Project, url: str):
    import asyncpg  # noqa: PLC0415  it is slow to import

    engine = create_async_engine(url, async_creator=lambda: asyncpg.connect(database15.url))
    with pytest.raises(InvalidOptions, match="creator"):
        migrate(engine, project)
    assert schemas(database15) == set()


@contextmanager
def owning(server: Server, database: Database) -> Iterator[str]:
    """A role without a login that may create tables, and that the database's user may take on."""
    owner = f"{database.name}_owner"
    server.query(f"CREATE ROLE {owner} NOLOGIN")
    try:
        server.query(f"GRANT {owner} TO {database.user}")
        server.query(f"GRANT CREATE ON DATABASE {database.name} TO {owner}")
        database.query(f"GRANT CREATE, USAGE ON SCHEMA public TO {owner}")
        yield owner
    finally:
        with closing(database.connect()) as connection:
            connection.execute(f"SET ROLE {owner}")
            connection.execute(f"DROP OWNED BY {owner}")
        server.query(f"REVOKE ALL ON DATABASE {database.name} FROM {owner}")
        database.query(f"REVOKE ALL ON SCHEMA public FROM {owner}")
        server.query(f"DROP ROLE {owner}")


def test_what_connections_are_set_to_holds_for_the_run(
    server15: Server, database15: Database, postgresql: Place, project: Project
):
    with owning(server15, database15) as owner:
        engine = postgresql.engine()

        @sa.event.listens_for(engine, "connect")
        def set_role(connection: psycopg.Connection, _record: object) -> None:
            connection.execute(f"SET SESSION ROLE {owner}")
            connection.commit()

        migrate(engine, project)
        found = database15.query("SELECT DISTINCT tableowner FROM pg_tables WHERE tablename LIKE 't_a%%'")
        assert found == [(owner,)]
        assert MigrationRunner(engine, project.config).get_current_version() == "a2"
        engine.dispose()


def test_a_role_that_env_py_sets_holds_for_questions(
    server15: Server, database15: Database, postgresql: Place, tmp_path: Path
):
    env = """
        from alembic import context

        connection = context.config.attributes["connection"]
        connection.exec_driver_sql("SET ROLE {owner}")
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
    """
    with owning(server15, database15) as owner:
        server15.query(f"ALTER ROLE {database15.user} NOINHERIT")
        project = make_project(tmp_path / "app", env.format(owner=owner)).chain("a1")
        runner = postgresql.runner(project.config)
        runner.upgrade_to_head()
        assert (runner.get_current_version(), runner.get_pending_migrations()) == ("a1", [])
        server15.query(f"ALTER ROLE {database15.user} INHERIT")


def test_a_tenants_schema_is_what_the_engine_translates_to(tenant: Database, project: Project):
    place = postgresql_place("psycopg", tenant)
    engine = place.engine(execution_options={"schema_translate_map": {None: "tenant"}})
    migrate(engine, project)
    assert schemas(tenant) == {"tenant"}
    assert MigrationRunner(engine, project.config).get_current_version() == "a2"
    assert place.runner(project.config).get_current_version() is None
    engine.dispose()


def test_two_tenants_of_one_database_have_histories_of_their_own(tenant: Database, project: Project):
    tenant.query("CREATE SCHEMA other")
    engine = postgresql_place("psycopg", tenant).engine()
    one, other = (engine.execution_options(schema_translate_map={None: schema}) for schema in ("tenant", "other"))
    migrate(one, project)
    assert MigrationRunner(other, project.config).get_current_version() is None
    answer(MigrationRunner(other, project.config).upgrade_to_version("a1"))
    assert [MigrationRunner(each, project.config).get_current_version() for each in (one, other)] == ["a2", "a1"]
    assert schemas(tenant) == {"tenant", "other"}
    engine.dispose()


def test_an_engine_of_asyncpg_with_its_own_words_in_the_url(database15: Database, project: Project):
    url = database15.url.replace("postgresql://", "postgresql+asyncpg://")
    options = "prepared_statement_cache_size=0&command_timeout=5&ssl=disable"

    async def application() -> None:
        engine = create_async_engine(f"{url}?{options}")
        await MigrationRunner(engine, project.config).upgrade_to_head()

    asyncio.run(application())
    assert schemas(database15) == {"public"}
