"""The look before Alembic is loaded: it says that there is nothing to do only where the usual way would say so, too."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from database.projects.project import Project, make_project
from database.projects.running import run
from revgate import MigrationRunner
from revgate.cli import quick, settled
from revgate.cli.index import run as write_index
from revgate.cli.parsing import ParserForPeople
from revgate.cli.settled import Settled
from support.cli import Cli
from support.servers import Database

LEDGER = "revgate.revision_log"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = make_project(tmp_path / "app").revision("a1").revision("b2", "a1", head="serves_from = 'a1'")
    monkeypatch.chdir(made.folder)
    return made


@pytest.fixture
def migrated(project: Project, database15: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("REVGATE_DATABASE_URL", database15.url)
    upgraded(project, database15)
    indexed()
    return database15


def upgraded(project: Project, database: Database) -> None:
    engine = sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool)
    MigrationRunner(engine, project.folder / "alembic.ini").upgrade_to_head()


def indexed() -> None:
    from revgate.cli import index  # noqa: PLC0415

    parser = ParserForPeople(prog="revgate index")
    index.add_arguments(parser)
    assert write_index(parser.parse_args([])) == 0


def look(*, edges: bool = False) -> Settled | None:
    found = settled.project(bundled=False, config="")
    assert found is not None
    return settled.look(found, "REVGATE_DATABASE_URL", edges=edges)


def test_a_database_at_the_head_needs_nothing(migrated):
    state = look(edges=True)
    assert state is not None
    edges = sorted((one.revision, one.parents, one.floor) for one in state.edges)
    assert (state.head, edges) == ("b2", [("a1", (), ""), ("b2", ("a1",), "a1")])


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM alembic_version",
        "UPDATE alembic_version SET version_num = 'a1'",
        "INSERT INTO alembic_version VALUES ('c3')",
        "DROP TABLE alembic_version",
        f"DELETE FROM {LEDGER}",
        f"DELETE FROM {LEDGER} WHERE revision = 'b2'",
        f"UPDATE {LEDGER} SET digest = 'other' WHERE revision = 'b2'",
        f"UPDATE {LEDGER} SET state = 'reverted' WHERE revision = 'b2'",
        f"UPDATE {LEDGER} SET floor = '' WHERE revision = 'b2'",
        f"UPDATE {LEDGER} SET version_table = 'other'",
        "DROP SCHEMA revgate CASCADE",
        f"REVOKE SELECT ON {LEDGER} FROM PUBLIC",
        "REVOKE SELECT ON alembic_version FROM PUBLIC",
        "REVOKE USAGE ON SCHEMA revgate FROM PUBLIC",
        (
            "CREATE SCHEMA nearer; CREATE TABLE nearer.alembic_version (version_num text); "
            "ALTER ROLE CURRENT_USER SET search_path = nearer, public"
        ),
    ],
)
def test_whatever_is_not_as_the_last_run_left_it_goes_the_usual_way(migrated, change):
    assert look() is not None
    migrated.query(change)
    assert look() is None


def test_an_edited_revision_goes_the_usual_way(project, migrated):
    file = project.versions / "a1_change.py"
    file.write_text(file.read_text() + "# edited\n")
    indexed()
    assert look() is None


def test_another_owner_goes_the_usual_way(project, migrated, monkeypatch):
    migrated.query(f"UPDATE {LEDGER} SET owner = 'shop/ledger/1'")
    assert look() is not None
    monkeypatch.setenv("REVGATE_OWNER", "shop/ledger/1")
    assert look() is not None
    monkeypatch.setenv("REVGATE_OWNER", "shop/other/2")
    assert look() is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REVGATE_X_ARGS", "tenant=a"),
        ("REVGATE_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none"),
        ("REVGATE_DATABASE_URL", "no url"),
        ("REVGATE_DATABASE_URL", "sqlite:///file.db"),
    ],
)
def test_what_has_to_be_told_or_asked_goes_the_usual_way(migrated, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert look() is None


def test_two_projects_with_one_version_table_name_are_told_apart(project, migrated, tmp_path, monkeypatch):
    other = make_project(tmp_path / "other").revision("b2")
    monkeypatch.chdir(other.folder)
    indexed()
    assert look() is None, "the same id, and another history"


def without_time(lines: str) -> list[dict[str, object]]:
    logged = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
    return [{key: value for key, value in one.items() if key != "timestamp"} for one in logged]


def test_a_job_reports_the_same_either_way(database, tmp_path):
    run(database, tmp_path, "--bundled")
    quick = run(database, tmp_path, "--bundled")
    usual = run(database, tmp_path, "--bundled", "--reader", "PUBLIC", "--reader", "PUBLIC")
    assert "revision_started" not in usual.err
    assert (quick.code, quick.report, quick.edges) == (usual.code, usual.report, usual.edges)
    assert without_time(quick.err)[-1] == without_time(usual.err)[-1]


@pytest.mark.parametrize(
    "words", [("upgrade",), ("current",), ("current", "--json"), ("pending",), ("pending", "--json")]
)
def test_a_verb_says_the_same_either_way(project, migrated, words):
    cli = Cli(project.folder).at(migrated.url)
    quick, usual = cli.ok(*words), cli.given(REVGATE_X_ARGS="a=b").ok(*words)
    assert (quick.out, quick.err) == (usual.out, usual.err)


@pytest.fixture
def signals_as_before() -> Iterator[None]:
    """Let signals through again, which a Job holds from its first moment."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.mark.usefixtures("migrated", "signals_as_before")
def test_a_line_of_plain_words_is_answered_without_argparse(capfd):
    for words in (["upgrade"], ["upgrade", "heads"], ["current"], ["pending"], ["job"], ["job", "--lock-timeout=1s"]):
        assert quick.answer(words) == 0, words
    assert "Upgraded to heads" in capfd.readouterr().out
    for words in (["upgrade", "b2"], ["current", "--json"], ["job", "--lock-timeout=soon"], ["job", "--no-ledger"]):
        assert quick.answer(words) is None, words
    assert capfd.readouterr() == ("", "")


def test_an_answer_that_cannot_be_written_is_one_sentence_and_1(project, migrated):
    command = f"{Path(sys.executable).parent / 'revgate'} current > /dev/full"
    environment = {**os.environ, "REVGATE_DATABASE_URL": migrated.url}
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "Answer could not be written: No space left on device\n")


@pytest.mark.usefixtures("migrated")
def test_a_revision_that_is_also_a_password_is_left_to_who_masks_it(monkeypatch, capfd):
    monkeypatch.setenv("OTHER_URL", "amqp://user:b2@queue")
    assert quick.answer(["current"]) is None
    assert capfd.readouterr() == ("", "")


def test_another_configuration_in_the_same_folder_goes_the_usual_way(project, migrated):
    (project.folder / "other.ini").write_text("[alembic]\nscript_location = elsewhere\n")
    assert settled.project(bundled=False, config="alembic.ini") is not None
    assert settled.project(bundled=False, config="other.ini") is None


def test_history_is_the_same_either_way(project, migrated):
    cli = Cli(project.folder)
    assert cli.ok("history").out == cli.ok("history", "-x", "a=b").out
    assert cli.ok("history", "--json").out == cli.ok("history", "--json", "-x", "a=b").out


def test_an_index_for_an_env_py_that_decides_is_written_and_not_used(project, migrated, capsys):
    environment = project.versions.parent / "env.py"
    environment.write_text(environment.read_text() + "\n# search_path\n")
    indexed()
    assert "each run will still ask it" in capsys.readouterr().out
    assert look() is None
