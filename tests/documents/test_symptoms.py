"""The errors that the document shows: which are still met, which no more, and what is met instead."""

import logging
import os
import subprocess
import sys
from contextlib import closing

import pytest
import sqlalchemy as sa

from documents.alembic_project import psql
from documents.blocks import text_of
from documents.places import Place, Way
from documents.replaced import python_for
from documents.running_python import LOGGER, compiled, run_python
from documents.running_shell import MODULE, bash

LOCK_TIMEOUT = "Issue 8: PostgreSQL Lock Timeout"
LOOP = "Issue 8: PostgreSQL Lock Timeout 2"
QUERIES = "Issue 8: PostgreSQL Lock Timeout 3"


def named(error: BaseException) -> str:
    """Return an error as the document shows it: its class, and its text on one line."""
    kind = type(error)
    return " ".join(f"{kind.__module__}.{kind.__qualname__}: {error}".split())


def flat(key: str) -> str:
    return " ".join(text_of(key).split())


def test_a_word_in_the_place_of_echo_is_refused_and_named(way):
    symptom = text_of("Issue 1: KeyError: 'False'").splitlines()[0]
    with pytest.raises(Exception, match="echo") as caught:
        run_python(way, "MigrationRunner(engine, echo='False')")
    assert symptom not in named(caught.value)
    assert type(caught.value).__name__ != "KeyError"


def test_a_mismatch_reads_as_shown(way):
    way.place.bring_to("0005")
    with pytest.raises(Exception, match="mismatch") as caught:
        run_python(way, "await runner.validate_schema_version(__version_schema__)")
    assert f"{type(caught.value).__name__}: {caught.value}".startswith(flat("Issue 4: VersionMismatchError"))
    assert (caught.value.current, caught.value.expected, caught.value.kind) == ("0005", "0008", "behind")


def test_an_application_meets_a_missing_table_until_the_migrations_ran(postgresql):
    with pytest.raises(sa.exc.ProgrammingError) as caught:
        postgresql.rows("SELECT * FROM accounts")
    assert named(caught.value).startswith(flat('Issue 5: "Database not initialized"'))
    bash(postgresql, f"{MODULE} upgrade head")
    assert postgresql.rows("SELECT * FROM accounts") == []


def test_the_shown_import_error_comes_of_a_folder_of_the_same_name_and_of_none_of_the_shown_causes(
    new_place, installed
):
    place, symptom = new_place("sqlite"), text_of("Issue 6: Import Errors").strip()
    wrong, _, correct = text_of("Issue 6: Import Errors 2").partition("# ✅ Correct\n")
    assert python(place, correct, path=str(installed)).returncode == 0
    assert "No module named 'py_accountant.migrations'" in python(place, wrong, path=str(installed)).stderr
    assert symptom not in python(place, correct, path="").stderr  # not installed: the package itself is missing
    (place.folder / "py_accountant").mkdir()
    (place.folder / "py_accountant/__init__.py").touch()
    assert "No module named 'py_accountant.infrastructure'" in python(place, correct, path="").stderr
    (place.folder / "py_accountant/infrastructure").mkdir()
    assert symptom in python(place, correct, path="").stderr


def python(place: Place, text: str, path: str) -> subprocess.CompletedProcess[str]:
    """Run lines with what is on PYTHONPATH; "" when nothing is, not even the wheel that tests run."""
    kept = os.environ.get("PYTHONPATH", "")
    return subprocess.run(
        [sys.executable, "-c", text],
        cwd=place.folder,
        env={**os.environ, "PYTHONPATH": kept if path else ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("command", ["upgrade head", "current", "pending", "history"])
def test_the_command_line_does_not_meet_the_error_of_its_config(place, command):
    symptom = text_of('Issue 7: "context.config has no attribute..."').strip()
    done = bash(place, f"{MODULE} {command}")
    assert done.returncode == 0
    assert symptom not in done.stdout + done.stderr


class ReleaseOnRetry(logging.Handler):
    """Lets go of a lock as soon as the block says that it tries again."""

    def __init__(self, holder: sa.Connection) -> None:
        super().__init__()
        self._holder = holder

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("Lock timeout, retrying (1/3)"):
            self._holder.rollback()


LOCKS = {"postgresql": "LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE", "sqlite": "BEGIN IMMEDIATE"}


def test_a_revision_that_meets_a_lock_is_tried_again_by_the_shown_loop(async_way, caplog):
    """The runner tries by itself five times; here it does not, so that the loop has something to do."""
    place = async_way.place
    place.bring_to("0007")
    caplog.set_level("INFO", logger=LOGGER)
    with place.engine() as engine, closing(engine.connect()) as holder:
        holder.exec_driver_sql(LOCKS[place.backend])
        handler = ReleaseOnRetry(holder)
        logging.getLogger(LOGGER).addHandler(handler)
        try:
            block = python_for(async_way, LOOP)
            run_python(async_way, f"runner = MigrationRunner(engine, lock_retries=0)\n{block}")
        finally:
            logging.getLogger(LOGGER).removeHandler(handler)
    assert "Lock timeout, retrying (1/3)..." in [record.getMessage() for record in caplog.records]
    assert place.version() == "0008"


def test_the_shown_text_is_that_of_nowait_and_ours_names_who_holds_the_lock(postgresql):
    postgresql.bring_to("0007")
    with postgresql.engine() as engine, closing(engine.connect()) as holder:
        holder.exec_driver_sql(LOCKS["postgresql"])
        (pid,) = holder.exec_driver_sql("SELECT pg_backend_pid()").one()
        with pytest.raises(sa.exc.OperationalError) as caught:
            postgresql.execute("LOCK TABLE accounts NOWAIT")
        assert f"{named(caught.value.orig)}".startswith("psycopg.errors.LockNotAvailable: ")
        assert flat(LOCK_TIMEOUT) in named(caught.value.orig)

        # What blocks is idle in a transaction; the shown query looks for what is active
        looked, ended = text_of(QUERIES).split("-- Kill blocking query (careful!)\n")
        assert str(pid) not in [line.partition("|")[0] for line in psql(postgresql, looked).stdout.splitlines()]
        assert 'column "pid" does not exist' in psql(postgresql, ended).stderr

        with pytest.raises(Exception, match=rf"Revision 0008 .*could not obtain lock .*{pid}"):
            run_python(Way(postgresql, "psycopg"), "MigrationRunner(engine, lock_retries=0).upgrade_to_head()")
        assert postgresql.version() == "0007"

        killed = psql(postgresql, ended.replace("(pid)", f"({pid})"))
        assert killed.stdout == "t\n"
        holder.invalidate()
    assert bash(postgresql, f"{MODULE} upgrade head").returncode == 0


def test_the_connection_is_tried_with_text_for_sqlalchemy_takes_no_plain_string(sync_way, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", sync_way.url)
    block = text_of("Check DATABASE_URL")
    with pytest.raises(sa.exc.ObjectNotExecutableError):
        run_python(sync_way, block)
    run_python(sync_way, block.replace('"SELECT 1"', 'sa.text("SELECT 1")'), {"sa": sa})
    assert capsys.readouterr().out.endswith("Connection OK: 1\n")


def test_an_engine_of_an_async_driver_is_made_and_fails_only_when_it_connects():
    names: dict[str, str] = {}
    exec(compiled(text_of("Verify Sync/Async Driver")), names)  # noqa: S102  the document's own code
    for url, fails in ((names["url"], True), (names["url_sync"], False)):
        assert sa.create_engine(url).dialect.is_async is fails


def test_a_log_of_everything_has_no_password(place):
    program = f"""
{text_of("Getting Help")}
import os
from py_accountant.infrastructure.migrations import MigrationRunner
from sqlalchemy import create_engine
MigrationRunner(create_engine(os.environ["DATABASE_URL"]), echo=True).upgrade_to_head()
"""
    (place.folder / "program.py").write_text(program, encoding="utf-8")
    done = bash(place, "python program.py", DATABASE_URL=place.sync_url)
    assert done.returncode == 0, done
    assert "CREATE TABLE accounts" in done.stdout + done.stderr
    if place.database is not None:
        assert place.database.password not in done.stdout + done.stderr


def test_doctor_tells_where_the_database_is_and_not_its_password(postgresql):
    done = bash(postgresql, f"{MODULE} doctor")
    assert postgresql.database is not None
    assert postgresql.database.name in done.stdout
    assert postgresql.database.password not in done.stdout + done.stderr
    assert postgresql.address.partition("@")[0].partition(":")[2] not in done.stdout + done.stderr  # percent-encoded
