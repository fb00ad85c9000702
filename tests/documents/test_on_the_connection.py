"""Blocks that work on a connection themselves: a lock around the run, operations of revisions, and the dry run."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from documents.blocks import text_of
from documents.places import Place, Way
from documents.replaced import python_for
from documents.running_python import Names, compiled, run_python

LOCK = "Lock Mechanisms (PostgreSQL)"
CALL = "await run_migrations_with_lock()"
KEY = "SELECT pg_try_advisory_lock(12345)"


@pytest.fixture(params=["pg15-asyncpg", "pg18-asyncpg"])
def asyncpg_way(request, new_place) -> Way:
    return Way(new_place(request.param.partition("-")[0]), "asyncpg")


@pytest.fixture
def psycopg_way(new_place) -> Way:
    return Way(new_place("pg18"), "psycopg_async")


@contextmanager
def ended_after(seconds: float, place: Place) -> Iterator[None]:
    """End whoever is idle in a transaction after a while: an index that nobody stops would be waited for for ever."""
    idle = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
    timer = threading.Timer(seconds, place.rows, [f"{idle} AND datname = current_database()"])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def test_a_lock_in_an_open_transaction_of_asyncpg_is_named_as_what_an_index_waits_for(asyncpg_way):
    """asyncpg keeps a snapshot there, and CREATE INDEX CONCURRENTLY waits for the end of all older snapshots."""
    with ended_after(60, asyncpg_way.place), pytest.raises(Exception, match=r"Revision 0003 .*blocked by .*pid \d+"):
        run_python(asyncpg_way, python_for(asyncpg_way, LOCK), then=CALL)
    assert asyncpg_way.place.version() == "0002"
    assert asyncpg_way.place.rows(KEY) == [(True,)]  # the block has let go of its lock
    run_python(asyncpg_way, "await runner.upgrade_to_head()")
    assert asyncpg_way.place.version() == "0008"


def test_a_lock_in_an_open_transaction_of_psycopg_is_in_nobody_s_way(psycopg_way):
    run_python(psycopg_way, python_for(psycopg_way, LOCK), then=CALL)
    assert psycopg_way.place.version() == "0008"


def test_whoever_does_not_get_the_shown_lock_does_not_migrate(asyncpg_way):
    with asyncpg_way.place.engine() as engine, engine.connect() as other:
        other.exec_driver_sql(KEY)
        with pytest.raises(RuntimeError, match="Migration already running"):
            run_python(asyncpg_way, python_for(asyncpg_way, LOCK), then=CALL)
    assert asyncpg_way.place.version() == ""


def with_op(place: Place, text: str, *, autocommit: bool = False) -> None:
    """Run operations as a revision does: in a transaction, or in an autocommit block of it."""
    with place.engine() as engine, engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"transactional_ddl": True})
        with context.begin_transaction():
            names: Names = {"op": Operations(context), "sa": sa}
            if autocommit:
                with context.autocommit_block():
                    exec(compiled(text), names)  # noqa: S102  the document's own code
            else:
                exec(compiled(text), names)  # noqa: S102  the same


def test_the_shown_index_is_the_one_that_0003_makes(postgresql):
    """In an autocommit block, which the document leaves out: PostgreSQL wants no transaction around it."""
    postgresql.bring_to("0002")
    block = text_of("Index Creation Strategy")
    with pytest.raises(sa.exc.InternalError, match="cannot run inside a transaction block"):
        with_op(postgresql, block)
    with_op(postgresql, block, autocommit=True)
    definition = "SELECT pg_get_indexdef('idx_transaction_lines_account'::regclass)"
    by_hand = postgresql.rows(definition)
    postgresql.execute("DROP INDEX idx_transaction_lines_account")
    postgresql.bring_to("0003")
    assert postgresql.rows(definition) == by_hand


def test_adding_a_column_twice_is_no_matter_only_when_the_revision_says_so(place):
    place.bring_to("0001")
    block = f"{text_of('Keep Migrations Idempotent')}\nupgrade()"
    with_op(place, block)
    with pytest.raises(sa.exc.DBAPIError, match=r"(?i)already exists|duplicate column"):
        with_op(place, block)
    if place.backend == "postgresql":  # SQLite has no IF NOT EXISTS for columns
        with_op(place, block.replace("sa.String)", "sa.String), if_not_exists=True"))


def test_a_dry_run_returns_the_statements_and_executes_none(way):
    dry, separator, echo = text_of("Dry Run Mode (Future Feature)").partition("# Current workaround: Use echo=True\n")
    assert separator
    statements = run_python(way, dry)["sql_statements"]
    assert any("CREATE TABLE accounts" in statement for statement in statements)
    assert all(isinstance(statement, str) for statement in statements)
    assert way.place.tables() <= {"alembic_version"}
    assert way.place.version() == ""
    run_python(way, echo)
    assert way.place.version() == "0008"


def test_the_statements_of_a_dry_run_are_what_an_upgrade_runs(way):
    statements = run_python(way, "sql = await MigrationRunner(engine, dry_run=True).upgrade_to_head()")["sql"]
    with way.place.engine() as engine, engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.rstrip().rstrip(";"))
    assert way.place.version() == "0008"
