"""Rehearsing on a copy of the schema: what is told of locks, rewrites and downgrades is what PostgreSQL did."""

import sys
from textwrap import dedent

import pytest

from revgate.migration.errors import MigrationError
from revgate.migration.rehearsal.result import Rehearsal, Statement, Touched

pytest_plugins = ["support.rehearsal_fixtures"]


def told(rehearsal: Rehearsal) -> dict[str, list[str]]:
    """Return what is told of each statement of the way up, as short texts."""
    statements = (one for revision in rehearsal.legs[0].revisions for one in revision.statements)
    return {_begin(one): [_short(touched) for touched in one.touched] for one in statements}


def _begin(statement: Statement) -> str:
    return statement.sql[:40]


def _short(touched: Touched) -> str:
    rows = "?" if touched.rows is None else touched.rows
    return f"{touched.mode}|{touched.table.text}|{rows}{'|rewritten' if touched.rewritten else ''}"


def test_each_statement_is_told_with_its_locks_its_rewrites_and_the_rows_of_the_real_table(
    rehearsed, project, database15
):
    project.add(
        "r1",
        "r0",
        up="""
        op.execute("ALTER TABLE accounts ADD COLUMN note text")
        op.execute("ALTER TABLE accounts ALTER COLUMN amount TYPE bigint")
        op.execute("CREATE TABLE made_here (id int)")
        op.execute("ALTER TABLE made_here ALTER COLUMN id TYPE bigint")
        op.execute("CREATE INDEX on_entries ON entries (account)")
        op.execute("ALTER TABLE entries ADD CONSTRAINT known FOREIGN KEY (account) REFERENCES accounts (id)")
        """,
    )
    database15.query("INSERT INTO accounts SELECT n, '', 1 FROM generate_series(1, 2300) AS n")
    database15.query("ANALYZE accounts")
    rehearsal = rehearsed()
    assert rehearsal.is_well
    assert told(rehearsal) == {
        "ALTER TABLE accounts ADD COLUMN note tex": ["ACCESS EXCLUSIVE|accounts|2300"],
        "ALTER TABLE accounts ALTER COLUMN amount": ["ACCESS EXCLUSIVE|accounts|2300|rewritten"],
        "CREATE INDEX on_entries ON entries (acco": ["SHARE|entries|?"],
        "ALTER TABLE entries ADD CONSTRAINT known": ["SHARE ROW EXCLUSIVE|entries|?"],
    }


def test_a_lock_that_was_held_already_is_not_told_twice_and_a_stronger_one_is(rehearsed, project):
    project.add(
        "r1",
        "r0",
        up="""
        op.execute("SELECT 1 FROM accounts")
        op.execute("UPDATE accounts SET amount = 2")
        op.execute("UPDATE accounts SET amount = 3")
        op.execute("LOCK TABLE accounts")
        op.execute("CREATE INDEX ON accounts (amount)")
        """,
    )
    assert [(one.sql[:8], *map(_short, one.touched)) for one in rehearsed().legs[0].revisions[0].statements] == [
        ("SELECT 1", "ACCESS SHARE|accounts|?"),
        ("UPDATE a", "ROW EXCLUSIVE|accounts|?"),
        ("LOCK TAB", "ACCESS EXCLUSIVE|accounts|?"),
    ]


def test_what_runs_outside_a_transaction_is_told_with_its_time_and_what_it_rewrote(rehearsed, project):
    project.add(
        "r1",
        "r0",
        up="""
        with op.get_context().autocommit_block():
            op.execute("CREATE INDEX CONCURRENTLY on_name ON accounts (name)")
            op.execute("VACUUM FULL entries")
        op.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        """,
    )
    index, vacuum = rehearsed().legs[0].revisions[0].statements
    assert (index.in_transaction, index.touched, index.sql[:25]) == (False, (), "CREATE INDEX CONCURRENTLY")
    assert list(map(_short, vacuum.touched)) == ["|entries|?|rewritten"]


def test_a_revision_that_fails_is_told_with_its_statement_and_what_ran_before_it(rehearsed, project):
    project.add("r1", "r0").add("r2", "r1", up="op.execute('ALTER TABLE accounts ADD COLUMN name text')")
    rehearsal = rehearsed(round_trip=True)
    assert not rehearsal.is_well
    (up,) = rehearsal.legs
    assert [(one.revision, one.seconds is None) for one in up.revisions] == [("r1", False), ("r2", True)]
    assert [(one.sql, one.failed) for one in up.revisions[1].statements] == [
        ("ALTER TABLE accounts ADD COLUMN name text", True)
    ]
    assert 'column "name" of relation "accounts" already exists' in up.error


def test_a_round_trip_names_the_downgrade_that_does_not_restore_the_schema(rehearsed, project):
    project.add("r1", "r0")
    project.add(
        "r2",
        "r1",
        up="op.execute('ALTER TABLE accounts DROP COLUMN name')\nop.execute('CREATE TABLE other (id int)')",
        undo="op.execute('ALTER TABLE accounts ADD COLUMN name varchar')",
    )
    project.add("r3", "r2")
    rehearsal = rehearsed(round_trip=True)
    (found,) = rehearsal.differences
    assert found.revision == "r2"
    assert found.left_over == (
        "CREATE TABLE public.accounts: name character varying",
        "CREATE TABLE public.other",
        "CREATE TABLE public.other: id integer",
    )
    assert found.missing == ("CREATE TABLE public.accounts: name text",)
    assert not rehearsal.is_well
    assert "already exists" in rehearsal.legs[2].error, "the second way up finds what was left"


def test_columns_that_a_downgrade_adds_at_the_end_are_as_good_as_before(rehearsed, project):
    project.add(
        "r1",
        "r0",
        up="op.drop_column('accounts', 'name')",
        undo="op.add_column('accounts', sa.Column('name', sa.Text()))",
    )
    rehearsal = rehearsed(round_trip=True)
    assert rehearsal.is_well, rehearsal
    assert [leg.direction for leg in rehearsal.legs] == ["upgrade", "downgrade", "upgrade"]


def test_a_revision_without_downgrade_is_named_before_anything_is_undone(rehearsed, project):
    project.add("r1", "r0", undo=None).add("r2", "r1")
    rehearsal = rehearsed(round_trip=True)
    assert rehearsal.legs[1].error == ("Revision r1 (r1_change.py) has no downgrade(): write one, or restore a backup")
    assert rehearsal.legs[1].revisions == ()


SHOP = """
    import os
    import sqlalchemy as sa
    engine = sa.create_engine(os.environ["APP_DATABASE"])
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
"""

SHOP_ENVIRONMENT = """
    from alembic import context
    from {module} import engine
    with engine.begin() as connection:
        with open("{seen}", "a") as log:
            print(connection.exec_driver_sql("SELECT current_database()").scalar(), file=log)
        connection.exec_driver_sql("SET search_path = shop, public")
        context.configure(connection=connection, version_table_schema="public")
        with context.begin_transaction():
            context.run_migrations()
"""


def test_an_environment_with_a_pool_of_the_real_database_is_led_to_the_copy(
    rehearsed, project, database15, tmp_path, monkeypatch
):
    module = f"shop_of_{database15.name}"
    monkeypatch.setenv("APP_DATABASE", database15.sqlalchemy_url)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / f"{module}.py").write_text(dedent(SHOP))
    seen = tmp_path / "seen"
    project.env.write_text(dedent(SHOP_ENVIRONMENT).format(module=module, seen=seen))
    project.add("r1", "r0", up="op.execute('CREATE TABLE here (id int)')")
    project.add("r2", "r1", up="op.execute('INSERT INTO shop.here VALUES (1)')")
    database15.query("CREATE SCHEMA shop")
    rehearsal = rehearsed()
    sys.modules[module].engine.dispose()
    assert rehearsal.is_well, rehearsal
    first, *others = seen.read_text().splitlines()
    assert first == database15.name, "the question where the database is"
    assert others
    assert all(name.startswith("revgate_rehearsal_") for name in others)


def test_an_environment_whose_connections_nobody_can_lead_is_refused(rehearsed, project, database15):
    project.env.write_text(
        dedent(f"""
            import psycopg
            import sqlalchemy as sa
            from alembic import context
            engine = sa.create_engine(
                "postgresql+psycopg://", poolclass=sa.NullPool, creator=lambda: psycopg.connect({database15.url!r})
            )
            with engine.connect() as connection:
                context.configure(connection=connection)
                with context.begin_transaction():
                    context.run_migrations()
        """)
    )
    project.add("r1", "r0")
    error = rehearsed().legs[0].error
    assert error.startswith("env.py, or a revision, connects by a creator of its own to another database")


def test_what_the_database_sets_for_every_session_holds_for_the_copy(rehearsed, project, database15):
    database15.query(f'CREATE SCHEMA "odd name"; ALTER DATABASE {database15.name} SET search_path = "odd name", public')
    project.add("r1", "r0", up="op.execute('CREATE TABLE here (id int)')")
    project.add("r2", "r1", up="op.execute('INSERT INTO \"odd name\".here VALUES (1)')")
    rehearsal = rehearsed()
    assert rehearsal.is_well, rehearsal


def test_nothing_pending_is_nothing_to_rehearse(rehearsed, project):
    assert rehearsed().pending == ()


def test_the_ledger_is_copied_so_that_an_edited_revision_is_found(rehearsed, project):
    project.add("r1", "r0")
    file = project.versions / "r0_change.py"
    file.write_text(file.read_text().replace("amount int", "amount bigint"))
    rehearsal = rehearsed()
    assert "r0" in rehearsal.legs[0].error
    assert "edited" in rehearsal.legs[0].error


def test_who_may_not_create_a_database_is_told_so(rehearsed, project, server15, there):
    project.add("r1", "r0")
    server15.query(f"ALTER ROLE {there.user} NOCREATEDB")
    with pytest.raises(MigrationError, match=r"^User \w+ may not create a database on 127.0.0.1: let it "):
        rehearsed()
