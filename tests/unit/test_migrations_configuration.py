"""[tool.alembic]: what Alembic reads of it, and what load_alembic_config makes of it."""

import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from revgate.migrations.configuration import load_alembic_config

ROOT = Path(__file__).parents[2]
TEMPLATE = "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(rev)s_%%(slug)s"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder to work in, with migrations; whatever Alembic adds to sys.path is gone afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migrations/versions").mkdir(parents=True)
    return tmp_path


def written(project: Path, *lines: str) -> Path:
    file = project / "pyproject.toml"
    file.write_text("\n".join(['[project]\nname = "x"\n\n[tool.alembic]', 'script_location = "migrations"', *lines]))
    return file


def test_the_repository_has_what_the_document_asks_for():
    assert load_alembic_config(ROOT / "pyproject.toml") == {
        "script_location": "%(here)s/migrations",
        "file_template": TEMPLATE,
        "output_encoding": "utf-8",
        "truncate_slug_length": "40",
    }


def test_alembic_reads_what_the_repository_says():
    scripts = ScriptDirectory.from_config(Config(toml_file=ROOT / "pyproject.toml"))
    assert (scripts.dir, scripts.output_encoding) == (str(ROOT / "migrations"), "utf-8")
    assert (scripts.file_template, scripts.truncate_slug_length) == (TEMPLATE.replace("%%", "%"), 40)


def test_it_is_read_in_the_working_directory_and_as_it_is_written(project):
    written(project, 'prepend_sys_path = ["%(here)s/src"]')
    assert load_alembic_config() == {"script_location": "migrations", "prepend_sys_path": ["%(here)s/src"]}


def test_no_file_and_no_table_are_an_empty_configuration(project):
    assert load_alembic_config() == {}
    (project / "pyproject.toml").write_text('[project]\nname = "x"\n')
    assert load_alembic_config() == {}
    (project / "pyproject.toml").write_text("[tool.ruff]\n")
    assert load_alembic_config() == {}


def test_a_file_that_is_no_toml_is_told_with_its_place(project):
    file = written(project, "prepend_sys_path = src")
    with pytest.raises(CommandError, match=r"^\S+ could not be read: .*\(at line 6, column \d+\)$"):
        load_alembic_config(file)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('prepend_sys_path = "src"', 'each letter of it for a folder: write a list, prepend_sys_path = ["src"]'),
        ('version_locations = "a b"', 'write a list, version_locations = ["a b"]'),
        ('version_path_separator = "os"', "version_path_separator in [tool.alembic] is for alembic.ini only"),
        ('path_separator = "os"', "path_separator in [tool.alembic] is for alembic.ini only"),
        ('"sqlalchemy.url" = "postgresql://me:hunter2@db/books"', "move it to DATABASE_URL"),
        ('sqlalchemy.url = "postgresql://me:hunter2@db/books"', "move it to DATABASE_URL"),
        ('url = "postgresql://me:hunter2@db/books"', "move it to DATABASE_URL"),
    ],
)
def test_what_alembic_would_not_read_as_it_is_meant_is_refused(project, line, said):
    with pytest.raises(CommandError) as caught:
        load_alembic_config(written(project, line))
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_text_as_prepend_sys_path_would_give_alembic_its_letters(project):
    ScriptDirectory.from_config(Config(toml_file=written(project, 'prepend_sys_path = "src"')))
    assert sys.path[:3] == ["s", "r", "c"]


def test_a_list_as_prepend_sys_path_gives_alembic_its_folders(project):
    ScriptDirectory.from_config(Config(toml_file=written(project, 'prepend_sys_path = ["src", "%(here)s/lib"]')))
    assert sys.path[:2] == ["src", f"{project}/lib"]


def test_a_separator_changes_nothing_in_a_toml_file(project):
    file = written(project, 'version_path_separator = "os"', 'version_locations = ["a:b", "c"]')
    assert Config(toml_file=file).get_version_locations_list() == ["a:b", "c"]


def test_the_length_of_a_slug_is_a_text_that_every_alembic_reads(project):
    scripts = ScriptDirectory.from_config(Config(toml_file=written(project, 'truncate_slug_length = "12"')))
    assert scripts.truncate_slug_length == 12


def test_a_program_may_change_what_the_file_says(project):
    config = Config(toml_file=written(project, 'file_template = "%%(rev)s"'))
    assert ScriptDirectory.from_config(config).file_template == "%(rev)s"
    config.set_main_option("file_template", "%%(slug)s")
    assert ScriptDirectory.from_config(config).file_template == "%(slug)s"
