"""`history`, `graph` and `check` where only env.py knows the folders of the revisions."""

from pathlib import Path

import pytest

from database.projects.project import Project, make_project
from support.cli import Cli

OFFLINE = """
from pathlib import Path
from alembic import context

context.script.version_locations = [str(Path(context.script.dir) / "elsewhere")]
if context.is_offline_mode():
    context.configure(url="postgresql://", dialect_name="postgresql")
else:
    context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
"""
BY_DIALECT = """
from pathlib import Path
from alembic import context

connection = context.config.attributes["connection"]
context.script.version_locations = [str(Path(context.script.dir) / "elsewhere" / connection.dialect.name)]
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
"""
NOT_RUN = (
    "migrations/env.py was not run (it has no offline mode, and no database was named), so the version_locations that "
    "it may set were not seen"
)


def moved(folder: Path, env: str, place: str) -> Project:
    """Return a project whose revisions are in another folder than the configuration says."""
    project = make_project(folder).chain("a1", "b2")
    (folder / "migrations" / "env.py").write_text(env)
    (folder / "migrations" / place).parent.mkdir(parents=True, exist_ok=True)
    project.versions.rename(folder / "migrations" / place)
    return project


@pytest.fixture
def offline(tmp_path: Path) -> Cli:
    return Cli(moved(tmp_path / "app", OFFLINE, "elsewhere").folder)


@pytest.fixture
def by_dialect(tmp_path: Path) -> Cli:
    return Cli(moved(tmp_path / "app", BY_DIALECT, "elsewhere/sqlite").folder)


def answers(cli: Cli) -> list[object]:
    history, graph = cli.ok("history", "--json"), cli.ok("graph", "--json")
    assert (history.err, graph.err) == ("", "")
    return [[one["revision"] for one in history.json], graph.json["heads"]]


def test_env_py_is_asked_without_a_database(offline: Cli):
    assert answers(offline) == [["a1", "b2"], ["b2"]]


def test_check_finds_the_faults_of_the_files_that_env_py_names(offline: Cli):
    assert offline.ok("check").out == "✓ No problems\n"
    (offline.folder / "migrations" / "elsewhere" / "b2_change.py").write_text("revision = 'b2'\ndown_revision = 'zz'\n")
    ended = offline.run("check")
    assert (ended.code, ended.err) == (1, "")
    assert "migrations/elsewhere/b2_change.py names zz in down_revision" in ended.out


def test_an_env_py_that_needs_a_database_gets_the_one_that_there_is(by_dialect: Cli):
    cli = by_dialect.at("sqlite:///app.db")
    assert answers(cli) == [["a1", "b2"], ["b2"]]
    assert cli.ok("check").out == "✓ No problems\n"


def test_without_one_it_is_said_that_env_py_was_not_run(by_dialect: Cli):
    checked = by_dialect.ok("check")
    assert checked.err == f"{NOT_RUN}\n"
    for verb in ("history", "graph"):
        ended = by_dialect.run(verb)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith(f"{NOT_RUN}\nScript location migrations has no revisions")


def test_with_one_that_does_not_answer_it_is_said_why(by_dialect: Cli):
    ended = by_dialect.at("postgresql://app:pw-word@127.0.0.1:1/app").run("check")
    assert "migrations/env.py was not run (Database server at 127.0.0.1:1/app could not be reached" in ended.err
    assert "pw-word" not in ended.err


def test_an_ordinary_env_py_is_not_run(tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1")
    (project.folder / "migrations" / "env.py").write_text("raise RuntimeError('it was run')\n")
    cli = Cli(project.folder)
    assert (cli.ok("history").err, cli.ok("check").err) == ("", "")


def test_no_index_is_made_of_folders_that_env_py_chooses(offline: Cli):
    assert "No index of migrations was written" in offline.run("index").sentence
