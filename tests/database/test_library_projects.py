"""A user's own Alembic projects, by alembic.ini and by pyproject.toml, with env.py as Alembic's templates make it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from revgate.migration.errors import (
    BrokenScripts,
    EnvironmentFailed,
    InvalidOptions,
    MultipleHeads,
    NoScripts,
    RevisionFailed,
    UnknownRevision,
)
from support.library import Place
from support.library_fixtures import place_of
from support.library_project import Project, init_project, make_project
from support.servers import Server

pytest_plugins = ["support.library_fixtures"]

TEMPLATES = {"generic": "pysqlite", "async": "aiosqlite", "pyproject": "pysqlite", "pyproject_async": "aiosqlite"}


def in_the_way(folder: Path, template: str) -> str:
    """Return the URL of another database: the one that env.py would take by itself."""
    return f"sqlite+{TEMPLATES[template]}:///{folder / 'other.db'}"


@pytest.mark.parametrize("template", TEMPLATES)
def test_an_unedited_template_migrates_the_engines_database(few: Place, template: str, tmp_path: Path):
    project = init_project(tmp_path / "app", template, in_the_way(tmp_path, template)).chain("a1", "a2")
    runner = few.runner(project.config)
    assert runner.get_pending_migrations() == ["a1", "a2"]
    runner.upgrade_to_head()
    assert (few.heads(), few.tables()) == (["a2"], ["t_a1", "t_a2"])
    assert few.ledger() == {"a1": "applied", "a2": "applied"}
    runner.downgrade(steps=2)
    assert (few.heads(), few.tables()) == ([], [])
    other = tmp_path / "other.db"
    assert not other.exists() or other.stat().st_size == 0


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("kind", ["psycopg", "asyncpg", "pysqlite", "aiosqlite"])
def test_a_template_without_a_url_is_lent_the_engines(
    kind: str, template: str, tmp_path: Path, servers: Callable[[int], Server]
):
    project = init_project(tmp_path / "app", template).chain("a1")
    with place_of(kind, servers, tmp_path) as place:
        runner = place.runner(project.config)
        runner.upgrade_to_head()
        assert (place.heads(), runner.get_current_version()) == (["a1"], "a1")
        password = place.url.password or "no password"
        assert password not in repr(runner.__dict__) + project.config.read_text()


@pytest.mark.parametrize("template", ["generic", "pyproject"])
def test_the_file_may_be_named_as_text_and_from_another_folder(
    file: Place, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    project = init_project(tmp_path / "app", template, in_the_way(tmp_path, template)).chain("a1")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "alembic.ini").write_text("[alembic]\nscript_location = nowhere\n")  # not the one that was named
    monkeypatch.chdir(elsewhere)
    runner = file.runner(os.path.relpath(project.config, elsewhere))
    runner.upgrade_to_head()
    assert file.heads() == ["a1"]
    monkeypatch.chdir(tmp_path)  # the path that was given is the one that was meant then
    assert file.runner(str(project.config)).get_current_version() == "a1"


def test_the_bundled_revisions_ignore_the_configuration_of_the_folder(
    file: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    project = make_project(tmp_path / "app").chain("a1")
    monkeypatch.chdir(project.config.parent)
    monkeypatch.setenv("ALEMBIC_CONFIG", str(project.config))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    file.runner().upgrade_to_version("0001")
    assert file.heads() == ["0001"]


def test_a_configuration_that_is_not_there_is_named(file: Place, tmp_path: Path):
    for missing in (tmp_path / "alembic.ini", str(tmp_path / "none" / "pyproject.toml"), tmp_path):
        with pytest.raises(InvalidOptions, match="is no file") as caught:
            file.runner(missing)
        assert str(missing) in str(caught.value)


def test_a_configuration_without_a_project_says_what_is_missing(file: Place, tmp_path: Path):
    toml, ini = tmp_path / "pyproject.toml", tmp_path / "alembic.ini"
    toml.write_text("[tool.other]\n")
    with pytest.raises(NoScripts, match=r"no \[tool.alembic\]"):
        file.runner(toml)
    toml.write_text("[tool.alembic\n")
    with pytest.raises(BrokenScripts, match=r"pyproject\.toml could not be read"):
        file.runner(toml)
    toml.unlink()
    ini.write_text("[alembic]\n")
    with pytest.raises(NoScripts, match="script_location"):
        file.runner(ini)
    ini.write_text("[alembic]\nscript_location = %(here)s/gone\n")
    with pytest.raises(NoScripts, match="gone"):
        file.runner(ini)


def test_two_heads_name_both_and_the_command_that_joins_them(few: Place, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2").add("b2", "a1")
    with pytest.raises(MultipleHeads) as caught:
        few.runner(project.config).upgrade_to_head()
    for words in ("a2 (a2_change.py)", "b2 (b2_change.py)", "alembic merge heads"):
        assert words in str(caught.value)
    assert few.everything() == []


def broken(project: Project, text: str) -> Path:
    path = project.versions / "a2_change.py"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("revision = 'a2'\ndown_revision = 'a1'\ndef upgrade(:\n", 3, "invalid syntax"),
        ("import nowhere_at_all\n", 1, "nowhere_at_all"),
        ("revision = 'a2'\n\nraise ValueError('no')\n", 3, "ValueError: no"),
    ],
)
def test_a_broken_script_is_named_by_file_and_line(file: Place, tmp_path: Path, text: str, line: int, words: str):
    project = make_project(tmp_path / "app").chain("a1")
    path = broken(project, text)
    runner = file.runner(project.config)
    for call in (runner.upgrade_to_head, runner.inspect, runner.downgrade):
        with pytest.raises(BrokenScripts) as caught:
            call()
        for expected in (path.name, f"line {line}", words):
            assert expected in str(caught.value)
    assert file.everything() == []


def test_a_parent_that_is_missing_is_named(file: Place, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1").add("a3", "a2")
    with pytest.raises(BrokenScripts, match="a2"):
        file.runner(project.config).upgrade_to_head()
    assert file.everything() == []


def test_a_revision_that_no_script_has_is_named(few: Place, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1")
    few.query("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY)")
    few.query("INSERT INTO alembic_version VALUES ('12e4')")
    runner = few.runner(project.config)
    for call in (runner.upgrade_to_head, runner.downgrade):
        with pytest.raises(UnknownRevision, match="12e4"):
            call()
    assert (few.heads(), few.tables()) == (["12e4"], [])


def test_an_environment_that_fails_is_named(few: Place, tmp_path: Path):
    project = make_project(tmp_path / "app", "raise RuntimeError('no settings')").chain("a1")
    with pytest.raises(EnvironmentFailed, match=r"env.py failed: RuntimeError: no settings"):
        few.runner(project.config).upgrade_to_head()
    assert few.everything() == []


def test_what_was_committed_before_a_revision_failed_stays(few: Place, tmp_path: Path):
    half = "op.create_table('half', sa.Column('id', sa.Integer))\nop.execute('SELECT nonsense')"
    project = make_project(tmp_path / "app").chain("a1").add("a2", "a1", half).add("a3", "a2")
    runner = few.runner(project.config)
    with pytest.raises(RevisionFailed, match=r"a2 \(a2_change.py\) failed: .*nonsense") as caught:
        runner.upgrade_to_head()
    assert caught.value.failed == "a2"
    assert (few.heads(), few.tables(), few.ledger()) == (["a1"], ["t_a1"], {"a1": "applied"})
    assert [run.revision for run in runner.last_result.revisions] == ["a1"]
    assert (runner.last_result.current, runner.last_result.error) == (("a1",), caught.value)
    (project.versions / "a2_change.py").unlink()
    project.add("a2", "a1")
    runner.upgrade_to_head()  # the same runner reads the scripts anew
    assert (few.heads(), few.tables()) == (["a3"], ["t_a1", "t_a2", "t_a3"])
