"""Many revisions: one statement writes both rows of each, and nobody can tell but by the clock."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from database.projects.project import Project, make_project
from revgate import MigrationError, MigrationRunner
from revgate.migration.errors import ConnectionLost
from revgate.migration.hooks import Follower
from support.servers import Database

MANY = 24
MIDDLE = "r12"
DEFERRED = (
    "op.execute('CREATE TABLE late (id int PRIMARY KEY, other int REFERENCES late DEFERRABLE INITIALLY DEFERRED)')"
)
FAILS_AT_COMMIT = "op.execute('INSERT INTO late VALUES (1, 2)')"
HEAD_FROM_OUTSIDE = """
import os, psycopg
def outside(statement):
    with psycopg.connect(os.environ["TEST_OUTSIDE"], autocommit=True) as connection:
        found = connection.execute(statement)
        return found.fetchall() if found.description else []
"""

NEWS: list[str] = []  # which a revision reads while it runs


@pytest.fixture(autouse=True)
def _outside(database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("TEST_OUTSIDE", database.url)
    caplog.set_level("WARNING", "sqlalchemy")  # to listen to it would change what is tested


def project_of(
    folder: Path, bodies: dict[str, str] | None = None, environment: str = "generic", **words: str
) -> Project:
    """Return a project of many revisions, some with bodies of their own."""
    project = make_project(folder / "app", environment)
    for at in range(MANY):
        revision, down = f"r{at:02}", f"r{at - 1:02}" if at else None
        project.revision(revision, down, (bodies or {}).get(revision, ""), **words)
    return project


def runner_of(database: Database, project: Project) -> MigrationRunner:
    engine = sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool)
    return MigrationRunner(engine, project.folder / "alembic.ini", lock_retries=0)


def state(database: Database) -> tuple[str, str, int]:
    """Return the revision by the version table, the newest of the ledger, and how many the ledger has."""
    ((version,),) = database.query("SELECT version_num FROM alembic_version")
    ((newest, count),) = database.query(
        "SELECT max(revision), count(*) FROM revgate.revision_log WHERE state = 'applied'"
    )
    return version, newest, count


def is_written_at_once(database: Database) -> bool:
    """Whether one statement has written the last rows of both tables."""
    by = "SELECT xmin::text, cmin::text FROM"
    return len(database.query(f"{by} alembic_version UNION {by} revgate.revision_log WHERE revision = 'r23'")) == 1


def test_every_revision_is_in_the_version_table_the_ledger_and_the_result(database, tmp_path):
    runner = runner_of(database, project_of(tmp_path))
    runner.upgrade_to_head()
    assert state(database) == ("r23", "r23", MANY)
    assert is_written_at_once(database)
    assert [run.revision for run in runner.last_result.revisions] == [f"r{at:02}" for at in range(MANY)]
    rows = database.query("SELECT revision, parents, digest <> '', finished_at >= started_at FROM revgate.revision_log")
    assert sorted(rows) == [(f"r{at:02}", f'["r{at - 1:02}"]' if at else "[]", True, True) for at in range(MANY)]


@pytest.mark.parametrize(
    "following",
    ["", "try:\n    op.execute('SELECT 1')\nexcept Exception:\n    pass", "pass", "raise ValueError('of its own')"],
    ids=["asks", "swallows", "asks nothing", "fails itself"],
)
def test_a_revision_that_fails_when_it_is_committed_is_the_one_that_is_named(database, tmp_path, following):
    bodies = {"r01": DEFERRED, MIDDLE: FAILS_AT_COMMIT, "r13": following}
    runner = runner_of(database, project_of(tmp_path, bodies))
    with pytest.raises(MigrationError, match=f"Revision {MIDDLE} .*violates foreign key constraint"):
        runner.upgrade_to_head()
    assert state(database) == ("r11", "r11", 12)
    assert runner.last_result.revisions[-1].revision == "r11"


def test_a_row_that_somebody_moved_is_found_before_anything_is_committed(database, tmp_path):
    moved = (
        "outside(\"UPDATE alembic_version SET version_num = 'elsewhere'\")\nop.execute('CREATE TABLE undone (id int)')"
    )
    runner = runner_of(database, project_of(tmp_path, {MIDDLE: moved}, head=HEAD_FROM_OUTSIDE))
    expected = (
        f"Revision {MIDDLE} .*expected to match one row when updating 'r11' to 'r12' in 'alembic_version'; 0 found"
    )
    with pytest.raises(MigrationError, match=expected):
        runner.upgrade_to_head()
    assert database.query("SELECT to_regclass('undone')") == [(None,)]
    assert state(database) == ("elsewhere", "r11", 12)


def test_a_session_that_is_ended_before_its_rows_are_written_is_lost(database, tmp_path):
    ended = """
        op.execute('CREATE TABLE undone (id int)')
        pid = op.get_bind().exec_driver_sql('SELECT pg_backend_pid()').scalar_one()
        outside(f'SELECT pg_terminate_backend({pid}, 10000)')
    """
    runner = runner_of(database, project_of(tmp_path, {MIDDLE: ended}, head=HEAD_FROM_OUTSIDE))
    with pytest.raises(ConnectionLost, match=f"Revision {MIDDLE} .*lost its connection.*administrator command"):
        runner.upgrade_to_head()
    assert database.query("SELECT to_regclass('undone')") == [(None,)]
    assert state(database) == ("r11", "r11", 12)


def test_a_session_that_is_ended_in_an_autocommit_block_is_lost(database, tmp_path):
    ended = """
        with op.get_context().autocommit_block():
            pid = op.get_bind().exec_driver_sql('SELECT pg_backend_pid()').scalar_one()
            outside(f'SELECT pg_terminate_backend({pid}, 10000)')
    """
    runner = runner_of(database, project_of(tmp_path, {MIDDLE: ended}, head=HEAD_FROM_OUTSIDE))
    with pytest.raises(MigrationError, match=f"Revision {MIDDLE} .*lost its connection.*administrator command"):
        runner.upgrade_to_head()
    assert state(database) == ("r11", "r11", 12)


def test_a_revision_that_computes_for_long_does_not_hold_back_the_news(database, tmp_path):
    body = f"""
        deadline = time.monotonic() + 20
        while outside("SELECT count(*) FROM alembic_version WHERE version_num = 'r11'") != [(1,)]:
            assert time.monotonic() < deadline
        from {__name__} import NEWS
        while NEWS[-1:] != ["began r12"]:
            assert time.monotonic() < deadline, NEWS
            time.sleep(0.01)
    """
    runner = runner_of(database, project_of(tmp_path, {MIDDLE: body}, head=HEAD_FROM_OUTSIDE))
    NEWS.clear()
    runner.hooks.follower = Follower(lambda one: NEWS.append(f"began {one}"), lambda one: NEWS.append(f"ended {one}"))
    runner.upgrade_to_head()
    expected = [f"{word} r{at:02}" for at in range(MANY) for word in ("began", "ended")]
    assert expected == NEWS


def test_hooks_find_the_revision_before_them_committed(database, tmp_path):
    runner = runner_of(database, project_of(tmp_path))
    seen = []
    runner.before_revision(lambda one: seen.append(("before", one, version(database))))
    runner.after_revision(lambda one: seen.append(("after", one, version(database))))
    runner.upgrade_to_head()
    assert is_written_at_once(database)
    assert seen[2:] == [
        (word, f"r{at:02}", f"r{at - (word == 'before'):02}") for at in range(1, MANY) for word in ("before", "after")
    ]


def version(database: Database) -> str | None:
    if database.query("SELECT to_regclass('alembic_version')") == [(None,)]:
        return None
    return next((row[0] for row in database.query("SELECT version_num FROM alembic_version")), None)


ODD = {
    "r03": """
        with op.get_context().autocommit_block():
            op.execute('CREATE INDEX CONCURRENTLY odd ON t_r02 (id)')
    """,
    "r05": "op.execute('DISCARD TEMP'); op.execute('DEALLOCATE ALL')",
    "r07": "pass",
    "r08": "pass",
    "r09": "op.get_bind().connection.dbapi_connection.cursor().execute('CREATE TABLE raw (id int)')",
    "r11": """
        with op.get_bind().connection.dbapi_connection.cursor() as cursor:
            with cursor.copy('COPY raw FROM STDIN') as copy:
                copy.write_row((1,))
    """,
    "r14": """
        with op.get_bind().begin_nested():
            op.execute('INSERT INTO raw VALUES (2)')
    """,
    "r16": """
        for at in range(20):
            op.execute(sa.text('INSERT INTO raw VALUES (:at)').bindparams(at=at))
        op.execute('ALTER TABLE raw ADD v int')
    """,
    "r17": "op.get_bind().commit()",
    "r18": "op.get_bind().connection.dbapi_connection.isolation_level",
    "r20": "op.execute('SET LOCAL search_path = pg_catalog, public')",
}


def test_revisions_that_go_their_own_way_to_the_database_find_everything_in_order(database, tmp_path):
    runner_of(database, project_of(tmp_path, ODD)).upgrade_to_head()
    assert state(database) == ("r23", "r23", MANY)
    assert database.query("SELECT count(*) FROM raw") == [(22,)]
    assert is_written_at_once(database)


def test_branches_and_merges_are_alembics(database, tmp_path):
    project = project_of(tmp_path)
    project.revision("s1", "r05").revision("s2", "s1", depends_on="r10").revision("m", ("s2", "r23"))
    runner_of(database, project).upgrade_to_head()
    assert database.query("SELECT version_num FROM alembic_version") == [("m",)]
    assert database.query("SELECT count(*) FROM revgate.revision_log WHERE state = 'applied'") == [(MANY + 3,)]


@pytest.mark.parametrize("table", ['Odd "%s:name{}', "plain"])
def test_a_version_table_of_any_name_is_written(database, tmp_path, table):
    project = project_of(tmp_path)
    env = project.folder / "migrations/env.py"
    words = f"version_table={table!r}, version_table_schema='another {{1}}', target_metadata="
    env.write_text(env.read_text().replace("target_metadata=", words))
    runner_of(database, project).upgrade_to_head()
    quoted = table.replace('"', '""')
    assert database.query(f'SELECT version_num FROM "another {{1}}"."{quoted}"'.encode()) == [("r23",)]


def test_a_callback_of_env_py_finds_the_row_moved(database, tmp_path):
    project = project_of(tmp_path)
    env = project.folder / "migrations/env.py"
    seen = """
def seen(ctx, step, heads, run_args, **_):
    row = ctx.connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    ctx.connection.exec_driver_sql(f"CREATE TABLE seen_{row} (id int)")
"""
    text = env.read_text().replace("target_metadata=", "on_version_apply=seen, target_metadata=")
    env.write_text(text.replace("\n\n", f"\n{seen}\n", 1))
    runner_of(database, project).upgrade_to_head()
    assert database.query("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'seen%'") == [(MANY,)]


def test_who_listens_to_the_sql_hears_every_statement(database, tmp_path, caplog):
    caplog.set_level("INFO", "sqlalchemy.engine")
    runner_of(database, project_of(tmp_path)).upgrade_to_head()
    assert not is_written_at_once(database)
    assert sum(record.getMessage().startswith("UPDATE alembic_version SET") for record in caplog.records) == MANY - 1
