"""`revgate plan --from`: a plan without a database, and what env.py is asked for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from database.projects.project import Project, make_project
from revgate.cli.main import main
from revgate.migration.environment.logging_kept import logging_kept

OFFLINE_MODE = """
import sqlalchemy as sa
from alembic import context

if not context.is_offline_mode():
    raise RuntimeError("no database here")
context.configure(
    url="postgresql://me:hunter2@nowhere/x",
    target_metadata=sa.MetaData(naming_convention={"pk": "key_of_%(table_name)s"}),
    version_table="versions",
    version_table_schema="tenant",
    dialect_opts={"paramstyle": "pyformat"},
)
with context.begin_transaction():
    context.run_migrations()
"""
UNIQUE = "op.create_table('t', sa.Column('id', sa.Integer), sa.PrimaryKeyConstraint('id'))"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = make_project(tmp_path / "app")
    monkeypatch.chdir(made.folder)
    return made


def planned(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with logging_kept():  # a command has the process for itself
        code = main(["plan", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_bundled_revisions_need_neither_a_database_nor_a_word(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, err = planned(capsys, "--bundled", "--from", "base", "--dialect", "sqlite", "--json")
    assert (code, err) == (0, "")
    plan = json.loads(out)
    assert (plan["from"], plan["to"], plan["dialect"]) == ([], ["0008"], "sqlite")
    assert [one["not_rendered"] for one in plan["revisions"]] == [""] * 8


def test_a_plan_from_a_revision_begins_there(capsys):
    _code, out, _err = planned(capsys, "0008", "--bundled", "--from", "0006")
    assert out.startswith(
        "Plan for alembic_version from 0006 to 0008, 2 revisions:\n\n  0007  Drop balances table     2 statements\n"
    )


def test_nothing_to_do_says_so(capsys):
    assert planned(capsys, "0003", "--bundled", "--from", "0005")[1] == (
        "Nothing is pending: alembic_version is at 0005\n"
    )


def test_env_py_says_where_the_version_table_is_and_how_names_are_made(project, capsys):
    project.revision("a1", body=UNIQUE)
    (project.folder / "migrations" / "env.py").write_text(OFFLINE_MODE)
    code, out, err = planned(capsys, "--from", "base")
    assert (code, err) == (0, "")
    assert out.startswith("Plan for tenant.versions from base to a1, 1 revision:")
    assert "CREATE TABLE IF NOT EXISTS tenant.versions" in out
    assert "CONSTRAINT key_of_t PRIMARY KEY (id)" in out


def test_an_env_py_without_an_offline_mode_is_named_and_the_defaults_taken(project, capsys):
    project.revision("a1")
    code, out, err = planned(capsys, "--from", "base")
    assert code == 0
    assert err.startswith("migrations/env.py has no offline mode (KeyError: 'url'): the version table is taken to be")
    assert "INSERT INTO alembic_version" in out


def test_a_gap_is_a_warning_for_a_reader_and_an_error_for_a_script(project, capsys):
    project.revision("a1", body="op.get_bind().execute(sa.text('SELECT 1')).all()")
    for form in ("text", "json", "markdown"):
        code, out, _err = planned(capsys, "--from", "base", "--format", form)
        assert code == 0
        assert "reads the database" in out
    code, _out, err = planned(capsys, "--from", "base", "--format", "sql")
    assert code == 1
    assert "Revision a1 reads the database" in err


def test_a_password_of_the_environment_is_shown_by_no_form(project, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:postgres@nowhere/x")
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    project.revision("a1").revision("a2", "a1", "op.execute('CREATE ROLE app PASSWORD \\'hunter2\\'')")
    project.revision("a3", "a2", "raise ValueError('hunter2')")
    for form in ("text", "sql", "json", "markdown"):
        _code, out, err = planned(capsys, "--from", "base", "--format", form)
        assert "hunter2" not in out + err
        assert "***" not in out.replace("ValueError: ***", "").replace("ValueError: \\*\\*\\*", "")
        assert "Revision a2 has a password of the environment in its SQL" in out
    out = planned(capsys, "--from", "base", "--json")[1]
    assert json.loads(out)["dialect"] == "postgresql", "a weak password must not cut into words"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["--from", "0000000"], "Target 0000000 is not in these scripts", id="no such start"),
        pytest.param(["0099", "--from", "base"], "Target 0099 is not in these scripts", id="no such target"),
        pytest.param(["--dialect", "sqlite"], "Option --dialect is for --from", id="a dialect for a database"),
    ],
)
def test_wrong_words_are_one_sentence(capsys, arguments, words):
    code, out, err = planned(capsys, "--bundled", *arguments)
    assert (code, out) == (1, "")
    assert err.startswith(words)
    assert len(err.splitlines()) == 1


def test_a_broken_revision_file_is_named(project, capsys):
    project.revision("a1", head="import nothing_of_that_name")
    code, out, err = planned(capsys, "--from", "base")
    assert (code, out) == (1, "")
    assert "a1_change.py could not be imported, line 8" in err


def test_rendering_loads_no_driver():
    modules = (
        "rendering.rendering",
        "plans.plan",
        "plans.formats",
        "plans.lint_formats",
        "plans.made",
        "plans.offline",
    )
    code = "; ".join(f"import revgate.migration.{module}" for module in modules)
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print('psycopg' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
