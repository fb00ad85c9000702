"""Plain `alembic` as a person types it in the repository, and what it says when it cannot."""

import re
import socket
import sqlite3
import sys
from contextlib import closing

import pytest

from support.checkout import VENV, Checkout

pytest_plugins = ["support.checkout_fixtures"]

LEDGERS = {
    "sqlite": ("CREATE TABLE revgate_revision_log (revision text)",),
    "postgresql": (
        "CREATE TABLE revgate_revision_log (revision text)",
        "CREATE SCHEMA revgate",
        "CREATE TABLE revgate.revision_log (revision text)",
    ),
}
PROGRAM = """
import logging, sys
from alembic.config import main
logging.basicConfig(level=logging.INFO, format="mine: %(message)s")
main(["current"])
"""


def answered(checkout: Checkout, *arguments: str) -> str:
    done = checkout.alembic(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def failed(checkout: Checkout, *arguments: str) -> str:
    """The one sentence of a command that could not be done."""
    done = checkout.alembic(*arguments)
    assert done.returncode == 1
    assert re.fullmatch(r"(Database \S+\n)?", done.stderr)
    assert done.stdout.startswith("FAILED: ")
    assert done.stdout.count("\n") == 1
    assert "hunter2" not in done.stdout
    return done.stdout.removeprefix("FAILED: ").rstrip("\n")


def test_the_commands_work_as_everywhere(checkout):
    answered(checkout, "upgrade", "head")
    whole = checkout.schema
    assert answered(checkout, "current") == "0008 (head)\n"
    assert answered(checkout, "history").startswith("0007 -> 0008 (head), Add account aggregates\n")
    assert "No new upgrade operations detected" in answered(checkout, "check")
    answered(checkout, "revision", "--autogenerate", "-m", "Add user table")
    assert checkout.newest.doc == "Add user table"
    answered(checkout, "upgrade", "head")
    answered(checkout, "downgrade", "-2")
    assert answered(checkout, "current") == "0007\n"
    answered(checkout, "upgrade", "0008")
    assert checkout.schema == whole


def test_the_sql_of_an_upgrade_can_be_written(checkout):
    done = checkout.alembic("upgrade", "head", "--sql")
    assert (done.returncode, done.stderr) == (0, "")
    assert "CREATE TABLE accounts" in done.stdout
    assert checkout.schema == []


def test_uv_runs_them_too(checkout_sqlite):
    checkout_sqlite.upgrade()
    uv = checkout_sqlite.with_environ(UV_PROJECT_ENVIRONMENT=str(VENV))
    done = uv.run(str(VENV / "bin/uv"), "run", "--no-sync", "--offline", "alembic", "current")
    assert (done.returncode, done.stdout) == (0, "0008 (head)\n")


def test_logs_are_on_stderr_and_the_answer_alone_on_stdout(checkout_sqlite):
    up = checkout_sqlite.alembic("upgrade", "0002")
    assert up.stdout == ""
    assert up.stderr.splitlines() == [
        "Database books.db",
        "Running upgrade  -> 0001, Initial schema",
        "Running upgrade 0001 -> 0002, Add is_base_currency flag",
    ]
    current = checkout_sqlite.alembic("current")
    assert (current.stdout, current.stderr) == ("0002\n", "Database books.db\n")


def test_a_program_that_has_set_up_logging_keeps_its_own(checkout_sqlite):
    checkout_sqlite.upgrade()
    done = checkout_sqlite.run(sys.executable, "-c", PROGRAM)
    assert done.stdout == "0008 (head)\n"
    assert "mine: Database books.db" in done.stderr.splitlines()
    assert "Database books.db" not in done.stderr.splitlines()


def test_the_ledger_of_revgate_is_no_difference(checkout):
    checkout.upgrade()
    checkout.execute(*LEDGERS[checkout.engine.dialect.name])
    answered(checkout, "check")
    checkout.execute("CREATE TABLE stranger (id integer)")
    assert "('remove_table', Table('stranger'" in checkout.alembic("check").stdout


def test_the_ledger_of_revgate_is_no_difference_among_all_schemas(checkout):
    checkout.upgrade()
    checkout.execute(*LEDGERS[checkout.engine.dialect.name])
    checkout.edit("migrations/env.py", "compare_server_default=True", "include_schemas=True")
    answered(checkout, "check")


def test_the_env_file_is_read_and_the_environment_wins(checkout_sqlite):
    (checkout_sqlite.folder / ".env").write_text('export DATABASE_URL="sqlite+aiosqlite:///file.db"  # dev\n')
    answered(checkout_sqlite.without_url(), "upgrade", "0001")
    assert (checkout_sqlite.folder / "file.db").exists()
    answered(checkout_sqlite, "upgrade", "0002")
    assert (checkout_sqlite.folder / "books.db").exists()
    assert answered(checkout_sqlite.without_url(), "current") == "0001\n"


def test_an_env_file_that_cannot_be_understood_is_told_with_its_line(checkout_sqlite):
    (checkout_sqlite.folder / ".env").write_text("# dev\nDATABASE_URL='postgresql://me:hunter2@db/books\n")
    said = failed(checkout_sqlite.without_url(), "current")
    assert said == "Line 2 of .env could not be understood: write NAME=value, close each quote"


@pytest.mark.parametrize("arguments", [("current",), ("upgrade", "head"), ("upgrade", "head", "--sql")])
def test_without_a_url_the_sentence_says_what_to_set(checkout_sqlite, arguments):
    said = failed(checkout_sqlite.without_url(), *arguments)
    assert said.startswith("No database was named: set PYACC__DATABASE_URL or DATABASE_URL or SQLALCHEMY_DATABASE_URI")


@pytest.mark.parametrize(
    "text", ["hunter2", "postgresql://me:p@hunter2@127.0.0.1/books", "mysql://me:hunter2@db/books"]
)
def test_a_url_that_is_none_is_never_shown(checkout_sqlite, text):
    said = failed(checkout_sqlite.with_environ(DATABASE_URL=text), "current")
    assert said.startswith("DATABASE_URL is not a database URL: write it as postgresql://USER:PASSWORD@HOST:PORT/NAME")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql+asyncpg://me:hunter2@127.0.0.1:1/books", "Could not connect to books on 127.0.0.1:1: "),
        (
            "postgresql+asyncpg://me:hunter2@nowhere.invalid/books",
            "Could not connect to books on nowhere.invalid:5432: ",
        ),
        ("postgresql://me:hunter2@127.0.0.1:1/books?unheard=of", 'invalid connection option "unheard"'),
        ("postgresql+unheard://me:hunter2@127.0.0.1:1/books", "Could not connect to books on 127.0.0.1:1: "),
        ("sqlite:////nowhere/books.db", "Could not connect to /nowhere/books.db: unable to open database file"),
        ("sqlite:///pyproject.toml", "Could not use pyproject.toml: file is not a database"),
    ],
)
def test_a_database_that_cannot_be_reached_is_named_in_one_sentence(checkout_sqlite, url, said):
    assert said in failed(checkout_sqlite.with_environ(DATABASE_URL=url), "upgrade", "head")


def test_a_server_that_never_answers_is_not_waited_for_long(checkout_sqlite):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        url = f"postgresql+asyncpg://me:hunter2@127.0.0.1:{port}/books"
        said = failed(checkout_sqlite.with_environ(DATABASE_URL=url), "current")
    assert said == f"Could not connect to books on 127.0.0.1:{port}: connection timeout expired"


def test_a_locked_file_is_named_in_one_sentence(checkout_sqlite):
    checkout_sqlite.upgrade()
    with closing(sqlite3.connect(checkout_sqlite.folder / "books.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        said = failed(checkout_sqlite.with_environ(DATABASE_URL="sqlite:///books.db?timeout=0"), "downgrade", "-1")
    assert said == "Could not use books.db: database is locked"


def test_the_whole_error_is_there_for_who_asks_and_has_no_password(checkout_sqlite):
    nowhere = checkout_sqlite.with_environ(DATABASE_URL="postgresql+asyncpg://me:hunter2@127.0.0.1:1/books")
    done = nowhere.alembic("--raiseerr", "upgrade", "head")
    assert "Traceback" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
