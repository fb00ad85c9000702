"""An env.py that makes what it needs with IF NOT EXISTS races with itself, when several runners look at once."""

from contextlib import closing
from pathlib import Path

from database.projects.project import make_project
from database.projects.running import run, start, until
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from support.servers import Database

WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'CREATE%%IF NOT EXISTS%%'"
HEADS = "SELECT version_num FROM history.versions"


def test_who_loses_the_race_for_a_name_looks_again(database: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "own_table").chain("a1", "a2")
    with closing(database.connect(autocommit=False)) as other:
        other.execute("CREATE SCHEMA IF NOT EXISTS history")
        running = start(database, project.folder, "--lock-timeout", "0s")
        until(lambda: database.query(WAITING), running.err.read_text)
        other.commit()
        ended = running.end()
    assert (ended.code, database.query(HEADS)) == (0, [("a2",)]), ended
    (again,) = ended.events("look_retried")
    assert "pg_namespace_nspname_index" in again["problem"]


def test_many_at_once_get_through(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "own_table").chain("a1", "a2")
    runners = [start(database15, project.folder) for _ in range(6)]
    ended = [runner.end() for runner in runners]
    assert [one.code for one in ended] == [0] * 6, ended
    assert sorted(event["revision"] for one in ended for event in one.events("revision_applied")) == ["a1", "a2"]


def test_one_that_never_gets_through_is_a_conflict(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "own_table").chain("a1")
    env = project.folder / "migrations" / "env.py"
    env.write_text(env.read_text().replace("CREATE SCHEMA", "SELECT losing(); CREATE SCHEMA"))
    database15.query(
        "CREATE FUNCTION losing() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE unique_violation USING "
        "MESSAGE = 'lost', SCHEMA = 'pg_catalog'; END $$"
    )
    ended = run(database15, project.folder)
    assert (ended.code, ended.report.reason) == (Exit.CONFLICT, Reason.CONFLICT), ended
    assert len(ended.events("look_retried")) == 5
    assert database15.query("SELECT to_regnamespace('history')") == [(None,)]
