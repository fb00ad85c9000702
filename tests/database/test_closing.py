"""Many revisions: the rows of one and its COMMIT are one message, and only the clock can tell."""

from inspect import cleandoc
from pathlib import Path

import pytest
import sqlalchemy as sa

from database.projects.project import Project, make_project
from revgate import MigrationError, MigrationRunner
from support.servers import Database
from support.waiting import eventually

MANY = 16
LAST = f"r{MANY - 1:02}"
FIRST = "op.execute('CREATE TABLE seen (what text, xact text, began timestamptz)')"
NOTE = "op.execute(\"INSERT INTO seen SELECT 'ran', pg_current_xact_id()::text, now()\")"
PREPARED = "op.execute(\"INSERT INTO seen SELECT name FROM pg_prepared_statements WHERE name LIKE 'revgate_cl%'\")"
ASKED = "SELECT what FROM seen WHERE what <> 'ran' ORDER BY what"
IN_TRANSACTION = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in tr%'"


def project_of(folder: Path, **bodies: str) -> Project:
    """Return a project of many revisions, each of which notes its transaction."""
    project = make_project(folder / "app")
    for at in range(MANY):
        revision, down = f"r{at:02}", f"r{at - 1:02}" if at else None
        body = cleandoc(bodies.get(revision, "" if at else FIRST))
        project.revision(revision, down, f"{body}\n{NOTE}")
    return project


def runner_of(database: Database, project: Project, **words: object) -> MigrationRunner:
    engine = sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool, **words)
    return MigrationRunner(engine, project.folder / "alembic.ini")


def seen(database: Database, statement: str = ASKED) -> list[str]:
    return [row[0] for row in database.query(statement)]


def refuse_disorder(database: Database, head: str = LAST) -> None:
    """Fail unless every revision ran once, in a transaction of its own, and both tables say so."""
    count = int(head[1:]) + 1
    assert database.query("SELECT version_num FROM alembic_version") == [(head,)]
    rows = database.query("SELECT revision FROM revgate.revision_log WHERE state = 'applied' ORDER BY 1")
    assert rows == [(f"r{at:02}",) for at in range(count)]
    found = "SELECT count(*), count(DISTINCT xact), count(DISTINCT began) FROM seen WHERE what = 'ran'"
    assert database.query(found) == [(count, count, count)]


def test_each_revision_has_a_transaction_of_its_own(database, tmp_path):
    runner_of(database, project_of(tmp_path, **{LAST: PREPARED})).upgrade_to_head()
    refuse_disorder(database)
    assert seen(database) == ["revgate_closing"]


BY_THE_DRIVER = """
    for at in range(20):
        op.execute(sa.text("INSERT INTO seen VALUES (:at, 'by the driver')").bindparams(at=f"row {at:02}"))
    op.execute('ALTER TABLE seen ADD other int')
    op.execute('DELETE FROM seen WHERE xact = \\'by the driver\\'')
"""


@pytest.mark.parametrize("body", ["op.execute('DEALLOCATE ALL')", BY_THE_DRIVER], ids=["revision", "driver"])
def test_what_was_deallocated_is_done_without(database, tmp_path, body):
    runner_of(database, project_of(tmp_path, r05=body, r09=body.replace("other", "another"))).upgrade_to_head()
    refuse_disorder(database)
    assert seen(database) == []


def test_a_name_that_is_taken_is_done_without(database, tmp_path):
    runner_of(database, project_of(tmp_path, r01="op.execute('PREPARE revgate_closing AS SELECT 1')")).upgrade_to_head()
    refuse_disorder(database)


def test_hooks_find_no_transaction_open(database, tmp_path):
    runner, found = runner_of(database, project_of(tmp_path, **{LAST: PREPARED})), []

    def look() -> None:  # a session that was closed a moment ago is seen until the server has heard of it
        eventually("No transaction is open", lambda: database.query(IN_TRANSACTION) == [(0,)], timeout=20)
        found.append(True)

    runner.before_revision(look)
    runner.after_revision(look)
    runner.upgrade_to_head()
    assert len(found) == 2 * MANY
    refuse_disorder(database)
    assert seen(database) == ["revgate_closing"]


def test_what_the_rows_fail_of_is_told_and_not_tried_again(database, tmp_path):
    fails = """
        op.execute('CREATE SEQUENCE tries')
        op.execute('''CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF nextval('tries') = 3 THEN RAISE 'not this one'; END IF; RETURN NEW; END $$''')
        op.execute('CREATE TRIGGER refuse BEFORE INSERT ON revgate.revision_log FOR EACH ROW EXECUTE FUNCTION refuse()')
    """
    with pytest.raises(MigrationError, match=r"Revision r07 .*not this one"):
        runner_of(database, project_of(tmp_path, r05=fails)).upgrade_to_head()
    refuse_disorder(database, "r06")
    assert database.query("SELECT last_value FROM tries") == [(3,)]


def test_who_listens_to_a_commit_is_still_in_the_transaction(database, tmp_path):
    listens = """
        def told(connection):
            text = "INSERT INTO seen SELECT 'told ' || version_num, pg_current_xact_id()::text FROM alembic_version"
            connection.exec_driver_sql(text)
        sa.event.listen(op.get_bind(), "commit", told)
    """
    runner_of(database, project_of(tmp_path, r05=listens)).upgrade_to_head()
    refuse_disorder(database)
    assert seen(database) == [f"told r{at:02}" for at in range(5, MANY)]
    together = (
        "SELECT count(*) FROM seen one JOIN seen other USING (xact) WHERE one.what = 'ran' AND other.what <> 'ran'"
    )
    assert database.query(together) == [(MANY - 5,)]


ODD = {
    "the first word is the isolation": "op.execute('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE')",
    "a block outside of transactions comes first": """
        with op.get_context().autocommit_block():
            op.execute('CREATE INDEX CONCURRENTLY IF NOT EXISTS odd ON seen (what)')
    """,
    "it commits itself": "op.get_bind().commit()",
    "it commits itself in SQL": "op.execute('COMMIT')",
    "it begins in SQL": "op.execute('COMMIT'); op.execute('BEGIN ISOLATION LEVEL REPEATABLE READ')",
    "it leaves a savepoint": "op.get_bind().begin_nested(); op.execute('SELECT 1')",
    "it leaves transactions": "raw = op.get_bind().connection.dbapi_connection; raw.autocommit = True",
    "it has transactions of the driver's": """
        raw = op.get_bind().connection.dbapi_connection
        with raw.transaction():
            raw.execute("CREATE TABLE IF NOT EXISTS of_its_own (id int)")
        with op.get_context().autocommit_block():
            op.execute('CREATE INDEX CONCURRENTLY ON of_its_own (id)')
    """,
    "it has a savepoint of that name": "op.execute('SAVEPOINT revgate_before')",
    "it rolls back to a savepoint": """
        op.execute('SAVEPOINT one'); op.execute('DELETE FROM seen'); op.execute('ROLLBACK TO SAVEPOINT one')
    """,
    "it is of another encoding": "op.execute(\"SET client_encoding TO 'LATIN1'\")",
    "backslashes are odd": "op.execute('SET standard_conforming_strings TO off')",
    "dates are odd": "op.execute(\"SET datestyle TO 'German, DMY'\"); op.execute(\"SET timezone TO 'Asia/Kabul'\")",
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_revisions_that_go_their_own_way_are_right(database, tmp_path, body):
    runner_of(database, project_of(tmp_path, r05=body, r06=body)).upgrade_to_head()
    refuse_disorder(database)
    soon = "finished_at - started_at < '5 min' AND now() - finished_at < '5 min'"
    assert database.query(f"SELECT bool_and({soon}) FROM revgate.revision_log") == [(True,)]


def test_a_revision_that_cannot_be_committed_leaves_nothing(database, tmp_path):
    late = "op.execute('CREATE TABLE late (id int REFERENCES seen_id DEFERRABLE INITIALLY DEFERRED)')"
    bodies = {"r03": "op.execute('CREATE TABLE seen_id (id int PRIMARY KEY)')", "r04": late}
    runner = runner_of(database, project_of(tmp_path, **bodies, r06="op.execute('INSERT INTO late VALUES (1)')"))
    with pytest.raises(MigrationError, match=r"Revision r06 .*violates foreign key constraint"):
        runner.upgrade_to_head()
    refuse_disorder(database, "r05")


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ({"isolation_level": "REPEATABLE READ"}, "repeatable read"),
        ({"connect_args": {"autocommit": True}}, "read committed"),
    ],
)
def test_an_engine_with_wishes_of_its_own_gets_them(database, tmp_path, words, level):
    asked = "op.execute(\"INSERT INTO seen VALUES (current_setting('transaction_isolation'))\")"
    runner_of(database, project_of(tmp_path, **{LAST: asked}), **words).upgrade_to_head()
    refuse_disorder(database)
    assert seen(database) == [level]
