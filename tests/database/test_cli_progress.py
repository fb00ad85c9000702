"""What a person sees while an upgrade runs: which revision, how long, and how far PostgreSQL is with an index."""

import re
import threading

import pytest
import sqlalchemy as sa

from database.projects.project import Project, make_project
from revgate.migration.postgresql.progress import WorkWatch
from support.cli import Cli, Ended
from support.waiting import eventually

SLOW_INDEX = """
op.execute("CREATE FUNCTION slow(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS "
           "$$ BEGIN PERFORM pg_sleep(0.02); RETURN n; END $$")
op.execute("CREATE TABLE lines AS SELECT n FROM generate_series(1, 200) AS n")
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX CONCURRENTLY idx_lines ON lines (slow(n))")
"""

UNTIL_OPENED = """
DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM opened) LOOP PERFORM pg_sleep(0.1); END LOOP; END $$
"""
HOLDER_ASKED = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name LIKE 'revgate%lock' AND query LIKE '%advisory%' AND query LIKE '%pg_stat_activity%'
"""


@pytest.fixture
def project(tmp_path) -> Project:
    return make_project(tmp_path / "shop").revision("a1")


def test_a_log_has_a_line_when_a_revision_begins_and_one_when_it_is_done(project, tmp_path):
    project.revision("b2", "a1")
    cli = Cli(project.folder).at(f"sqlite:///{tmp_path}/shop.db")
    lines = re.sub(r"\d+\.\d s", "N s", cli.ok("upgrade").err).splitlines()
    assert lines == [
        "Applying a1_change (1 of 2)",
        "Applied a1_change in N s",
        "Applying b2_change (2 of 2)",
        "Applied b2_change in N s",
    ]


def test_a_log_says_now_and_then_that_an_index_is_still_being_built(project, database15):
    project.revision("b2", "a1", SLOW_INDEX)
    ended = Cli(project.folder).at(database15.url).ok("upgrade")
    assert "\x1b" not in ended.err
    still = [line for line in ended.err.splitlines() if line.startswith("Applying b2_change (2 of 2): ")]
    assert re.fullmatch(r".*: \d+ s, (\d+ % of )?idx_lines \(building index: .*\)", still[0]), ended.err


def test_a_terminal_has_one_line_that_is_rewritten_and_fits(project, database):
    project.revision("b2", "a1", SLOW_INDEX)
    shown = Cli(project.folder).at(database.url).on_a_terminal("upgrade", columns=60)
    frames = [frame for frame in re.split(r"[\r\n]+", shown.replace("\x1b[K", "")) if frame]
    still = [frame for frame in frames if frame.startswith("Applying b2_change (2 of 2): ")]
    assert len(still) > 2
    assert any("idx_lines" in frame for frame in still), shown
    assert max(map(len, still)) < 60
    assert frames[-1] == "✓ Upgraded to head"
    assert re.fullmatch(r"Applied b2_change in \d+\.\d s", frames[-2])
    assert shown.count("\n") == 3, "two revisions, and the answer"


def test_sql_and_progress_do_not_write_over_each_other_on_a_terminal(project, tmp_path):
    shown = Cli(project.folder).at(f"sqlite:///{tmp_path}/shop.db").on_a_terminal("upgrade", "--echo")
    assert "\x1b[K" not in shown
    assert "CREATE TABLE t_a1" in shown


def test_a_second_upgrade_says_whom_it_waits_for_and_finds_nothing_left_to_do(project, database15):
    database15.query("CREATE TABLE opened ()")
    project.revision("b2", "a1", f"op.execute({UNTIL_OPENED!r})")
    cli = Cli(project.folder).at(database15.url)
    ended: list[Ended] = []
    runs = [threading.Thread(target=lambda: ended.append(cli.ok("upgrade"))) for _ in range(2)]
    for run in runs:
        run.start()
    eventually("one of them has asked who holds the lock", lambda: database15.query(HOLDER_ASKED)[0][0])
    database15.query("INSERT INTO opened DEFAULT VALUES")
    for run in runs:
        run.join()
    (second,) = [run for run in ended if "Nothing was pending" in run.err]
    assert second.err.startswith("Lock awaited: holder_pid=")
    assert second.err.endswith("Nothing was pending: the database is at b2\n")


def test_revisions_that_are_undone_are_shown(project, tmp_path):
    (project.versions / "a1_change.py").write_text((project.versions / "a1_change.py").read_text() + "    pass\n")
    project.revision("b2", "a1", head="").versions.joinpath("b2_change.py").write_text(
        "revision = 'b2'\ndown_revision = 'a1'\ndef upgrade():\n    pass\ndef downgrade():\n    pass\n"
    )
    cli = Cli(project.folder).at(f"sqlite:///{tmp_path}/shop.db")
    cli.ok("upgrade")
    assert cli.ok("downgrade", "-1").err.startswith("Undoing b2_change\nUndid b2_change in ")


def test_the_server_says_who_keeps_an_index_waiting(database):
    engine = sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE lines (n int)")
    watch = WorkWatch(engine)
    try:
        assert watch.look() is None
        with engine.connect() as writer:
            writer.exec_driver_sql("INSERT INTO lines VALUES (1)")
            pid = writer.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            builder = threading.Thread(target=build_index, args=(engine,))
            builder.start()
            seen = eventually(
                "the index waits", lambda: (found := watch.look()) and found.pids and found.what and found
            )
            waits = f"waits for a lock held by pid {pid} ({database.user})"
            assert str(seen) == f"0 % of idx_lines (waiting for writers before build), {waits}"
            writer.rollback()
        builder.join()
        assert watch.look() is None
    finally:
        watch.close()


def build_index(engine: sa.Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("CREATE INDEX CONCURRENTLY idx_lines ON lines (n)")


def test_an_index_of_somebody_else_is_not_ours(database):
    with database.connect() as other:
        other.execute("CREATE TABLE lines (n int)")
        engine = sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool)
        watch = WorkWatch(engine)
        try:
            with database.connect(autocommit=False) as writer:
                writer.execute("INSERT INTO lines VALUES (1)")
                builder = threading.Thread(target=other.execute, args=("CREATE INDEX CONCURRENTLY i ON lines (n)",))
                builder.start()
                waiting = "SELECT count(*) FROM pg_stat_progress_create_index WHERE current_locker_pid > 0"
                eventually("the index waits", lambda: database.query(waiting)[0][0])
                assert watch.look() is None
                writer.rollback()
            builder.join()
        finally:
            watch.close()


def test_a_server_that_cannot_be_asked_is_no_reason_to_fail():
    watch = WorkWatch(sa.create_engine("postgresql+psycopg://app@127.0.0.1:1/shop", poolclass=sa.NullPool))
    assert watch.look() is None
    watch.close()
