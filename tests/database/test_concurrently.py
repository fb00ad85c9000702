"""The helpers for indexes in users' own revisions, under plain Alembic; test_job_concurrency has them under revgate."""

import io
from collections.abc import Callable, Iterator
from contextlib import closing
from threading import Thread

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy.sql.elements import conv

from database.projects.running import until
from revgate import create_index_concurrently, drop_index_concurrently
from support.servers import Database, Server

TABLE, SCHEMA = 'Orders 100%:"open"', "My:Shop%"
INDEXES = (
    "SELECT c.relname, i.indisvalid, i.indisunique, pg_get_indexdef(c.oid) FROM pg_index i "
    "JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid WHERE t.relname = %s ORDER BY 1"
)
BUILDING = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'CREATE INDEX CONCURRENTLY%'"


@pytest.fixture
def orders(database: Database) -> Database:
    database.query("CREATE TABLE orders (id int, state text)")
    database.query("INSERT INTO orders VALUES (1, 'open'), (2, 'open')")
    return database


@pytest.fixture
def orders15(database15: Database) -> Database:
    database15.query("CREATE TABLE orders (id int, state text)")
    database15.query("INSERT INTO orders VALUES (1, 'open'), (2, 'open')")
    return database15


def migrate(database: Database, revision: Callable[[], object], driver: str = "psycopg") -> None:
    """Do what a revision does, as Alembic does it."""
    engine = sa.create_engine(sa.make_url(database.url).set(drivername=f"postgresql+{driver}"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        with Operations.context(context), context.begin_transaction():
            revision()


def indexes(database: Database, table: str = "orders") -> list[tuple]:
    return database.query(INDEXES, table)


def test_the_arguments_are_those_of_op_create_index(orders: Database):
    def revision() -> None:
        create_index_concurrently(
            "ix_open",
            "orders",
            [sa.text("lower(state)"), "id"],
            unique=True,
            postgresql_where=sa.text("state = 'open'"),
            postgresql_include=["state"],
            postgresql_concurrently=True,
            if_not_exists=True,
        )

    for _ in range(2):
        migrate(orders, revision)
        ((name, is_valid, is_unique, definition),) = indexes(orders)
        assert (name, is_valid, is_unique) == ("ix_open", True, True)
        assert definition.endswith("USING btree (lower(state), id) INCLUDE (state) WHERE (state = 'open'::text)")


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_names_may_have_anything_in_them(database15: Database, server15: Server, driver: str):
    pytest.importorskip(driver)
    database15.query(f'CREATE SCHEMA "{SCHEMA}"')
    quoted = TABLE.replace('"', '""')
    database15.query(f'CREATE TABLE "{SCHEMA}"."{quoted}" (id int)')
    names = ('ix "50%" of:it', conv("ix_" + "long_" * 20))
    for _ in range(2):
        for name in names:
            migrate(database15, lambda name=name: create_index_concurrently(name, TABLE, ["id"], schema=SCHEMA), driver)
        assert [row[1] for row in indexes(database15, TABLE)] == [True, True]
    for name in (*names, *names):
        migrate(database15, lambda name=name: drop_index_concurrently(name, TABLE, schema=SCHEMA), driver)
    assert indexes(database15, TABLE) == []


def test_a_unique_index_that_meets_duplicates_leaves_nothing_behind(orders: Database):
    def revision() -> None:
        create_index_concurrently("ix_state", "orders", ["state"], unique=True)

    with pytest.raises(sa.exc.IntegrityError, match="is duplicated"):
        migrate(orders, revision)
    assert indexes(orders) == []
    orders.query("DELETE FROM orders WHERE id = 2")
    migrate(orders, revision)
    assert indexes(orders)[0][:3] == ("ix_state", True, True)


def test_a_name_that_something_else_has_is_an_error(orders15: Database):
    orders15.query("CREATE TABLE ix_taken (id int)")
    with pytest.raises(sa.exc.ProgrammingError, match="already exists"):
        migrate(orders15, lambda: create_index_concurrently("ix_taken", "orders", ["id"]))
    assert indexes(orders15) == []


@pytest.fixture
def orphan(orders15: Database, server15: Server) -> Iterator[Callable[[], None]]:
    """Somebody who builds ix_id as another role, and waits for a writer; what is given lets it go on."""
    server15.query(f'CREATE ROLE "{orders15.name}_owner"')
    server15.query(f'GRANT "{orders15.name}_owner" TO "{orders15.name}"')
    orders15.query(f'GRANT CREATE, USAGE ON SCHEMA public TO "{orders15.name}_owner"')
    orders15.query(f'ALTER TABLE orders OWNER TO "{orders15.name}_owner"')
    with closing(orders15.connect(autocommit=False)) as writer, closing(orders15.connect()) as builder:
        writer.execute("INSERT INTO orders VALUES (3, 'open')")
        build = Thread(target=builder.execute, args=("CREATE INDEX CONCURRENTLY ix_id ON orders (id)",))
        build.start()
        until(lambda: indexes(orders15), lambda: orders15.query(BUILDING))
        yield writer.commit
        writer.rollback()
        build.join(60)
    orders15.query(f'REASSIGN OWNED BY "{orders15.name}_owner" TO "{orders15.name}"')
    orders15.query(f'DROP OWNED BY "{orders15.name}_owner"')
    server15.query(f'DROP ROLE "{orders15.name}_owner"')


def test_a_build_that_another_role_is_at_is_waited_for(orders15: Database, orphan: Callable[[], None]):
    def revision() -> None:
        op.execute(f'SET ROLE "{orders15.name}_owner"')
        create_index_concurrently("ix_id", "orders", ["id"])

    before = orders15.query("SELECT oid FROM pg_class WHERE relname = 'ix_id'")
    waiting = Thread(target=migrate, args=(orders15, revision))
    waiting.start()
    asked = "SELECT 1 FROM pg_stat_activity WHERE state = 'idle' AND query LIKE '%%pg_stat_progress_create_index%%'"
    until(lambda: orders15.query(asked), lambda: orders15.query(BUILDING))
    orphan()
    waiting.join(60)
    assert orders15.query("SELECT oid FROM pg_class WHERE relname = 'ix_id'") == before
    assert indexes(orders15)[0][1] is True


def test_sql_that_is_only_written_down_drops_what_a_failed_build_left():
    text = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": text})
    with Operations.context(context), context.begin_transaction():
        create_index_concurrently("ix_id", "orders", ["id"], unique=True, schema="shop")
        drop_index_concurrently("ix_old", schema="shop")
    lines = [line for line in text.getvalue().splitlines() if line]
    assert lines == [
        "BEGIN;",
        "COMMIT;",
        "DROP INDEX CONCURRENTLY IF EXISTS shop.ix_id;",
        "CREATE UNIQUE INDEX CONCURRENTLY ix_id ON shop.orders (id);",
        "BEGIN;",
        "COMMIT;",
        "DROP INDEX CONCURRENTLY IF EXISTS shop.ix_old;",
        "BEGIN;",
        "COMMIT;",
    ]


def test_on_sqlite_it_is_an_ordinary_index():
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE orders (id int, state text)")
        context = MigrationContext.configure(connection)
        with Operations.context(context), context.begin_transaction():
            create_index_concurrently("ix_id", "orders", ["id"], unique=True, postgresql_where=sa.text("id > 1"))
            assert sa.inspect(connection).get_indexes("orders")[0]["name"] == "ix_id"
            drop_index_concurrently("ix_id", "orders")
            assert sa.inspect(connection).get_indexes("orders") == []
