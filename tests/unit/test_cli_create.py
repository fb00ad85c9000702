"""`init` and `create`: a new project and its revisions, for `revgate` and for plain `alembic`."""

import subprocess
import tomllib
from pathlib import Path

import pytest

from database.projects.project import make_project
from support import commands
from support.cli import CLEAN, Cli

INI = "[alembic]\nscript_location = %(here)s/migrations\n"


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def alembic(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return commands.run("alembic", *words, folder=folder, environ={**CLEAN, **environment})


@pytest.mark.parametrize(("option", "config"), [((), "pyproject.toml"), (("--ini",), "alembic.ini")])
def test_a_new_project_works_with_revgate_and_with_plain_alembic(cli, tmp_path, option, config):
    ended = cli.ok("init", "shop", *option)
    shop = tmp_path / "shop"
    made = {"migrations/env.py", "migrations/script.py.mako", "migrations/versions/.gitkeep", config}
    assert files(shop) == made
    assert set(ended.out.split("\n\n")[0].splitlines()) == {f"shop/{path}" for path in made}

    inside = Cli(shop).at("sqlite:///shop.db")
    first = inside.ok("create", "-m", "Add accounts").out.strip()
    assert first.endswith("_add_accounts.py")
    assert (shop / first).read_text().startswith('"""Add accounts\n')
    second = inside.ok("create", "--message", "Add lines").out.strip()
    upgraded = alembic(shop, "upgrade", "head", DATABASE_URL="sqlite:///shop.db")
    assert upgraded.returncode == 0, upgraded.stderr
    assert "Add lines" in upgraded.stderr, "a person who types alembic sees what runs"
    head = Path(second).stem.partition("_")[0]
    assert inside.ok("current").out == f"Current version: {head}\n"
    assert inside.ok("check").out == "✓ No problems\n"


@pytest.mark.parametrize("url", ["sqlite:///shop.db", "sqlite+aiosqlite:///shop.db"])
def test_env_py_of_a_new_project_takes_blocking_and_async_drivers(cli, tmp_path, url):
    if "aiosqlite" in url:
        pytest.importorskip("aiosqlite")
    cli.ok("init", "shop")
    Cli(tmp_path / "shop").ok("create", "-m", "Add accounts")
    for words in (("upgrade", "head"), ("upgrade", "head", "--sql"), ("downgrade", "base")):
        done = alembic(tmp_path / "shop", *words, DATABASE_URL=url)
        assert done.returncode == 0, done.stderr


def test_env_py_of_a_new_project_says_what_is_missing(cli, tmp_path):
    cli.ok("init", "shop")
    done = alembic(tmp_path / "shop", "current")
    assert done.returncode != 0
    assert "DATABASE_URL is not set" in done.stdout + done.stderr


def test_a_pyproject_keeps_what_is_in_it(cli, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"')
    cli.ok("init", ".")
    found = tomllib.loads((tmp_path / "pyproject.toml").read_text())
    assert found["project"] == {"name": "shop"}
    assert found["tool"]["alembic"]["script_location"] == "%(here)s/migrations"
    cli.ok("create", "-m", "Add accounts")


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        ({"alembic.ini": INI}, "shop is an Alembic project already, it has alembic.ini: nothing was written"),
        ({"pyproject.toml": "[tool.alembic]\n"}, "shop is an Alembic project already, it has [tool.alembic] in its py"),
        ({"migrations/env.py": ""}, "shop/migrations is there already and not empty: move it, nothing was written"),
        ({"pyproject.toml": "[tool"}, "shop/pyproject.toml could not be read: "),
    ],
)
def test_what_is_there_is_left_alone(cli, tmp_path, before, sentence):
    for name, text in before.items():
        (tmp_path / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / name).write_text(text)
    assert cli.run("init", "shop").sentence.startswith(sentence)
    assert files(tmp_path / "shop") == set(before)


def test_a_file_is_no_folder_for_a_project(cli, tmp_path):
    (tmp_path / "shop").write_text("")
    assert cli.run("init", "shop").sentence == "shop is a file: name a folder"


def test_create_uses_the_template_and_the_naming_of_the_project(tmp_path):
    project = make_project(tmp_path / "shop", ini="file_template = %%(year)d_%%(slug)s\n").chain("a1")
    (project.folder / "migrations" / "script.py.mako").write_text(
        "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\nour_own = True\n"
    )
    made = Cli(project.folder).ok("create", "-m", "Add lines").out.strip()
    assert made.startswith("migrations/versions/20")
    assert made.endswith("_add_lines.py")
    text = (project.folder / made).read_text()
    assert "our_own = True" in text
    assert "down_revision = 'a1'" in text


def test_create_refuses_the_bundled_set(cli):
    sentence = "The bundled revisions are revgate's own: make a project for yours with `revgate init DIR`"
    assert cli.run("create", "--bundled", "-m", "x").sentence == sentence


def test_create_names_two_heads_and_the_command_that_joins_them(tmp_path):
    project = make_project(tmp_path / "shop").chain("a1", "b2").revision("c3", "a1")
    before = files(project.folder)
    sentence = Cli(project.folder).run("create", "-m", "x").sentence
    assert "b2_change.py and c3 in migrations/versions/c3_change.py: join them with `alembic merge -m" in sentence
    assert {path for path in files(project.folder) if "__pycache__" not in path} == before


@pytest.mark.parametrize("message", ["", "  ", 'Say """', "C:\\new", 'Say "hi"', "two\nlines"])
def test_create_refuses_a_message_that_the_file_cannot_hold(tmp_path, message):
    project = make_project(tmp_path / "shop")
    assert Cli(project.folder).run("create", "-m", message).sentence.startswith("The message ")
    assert list(project.versions.glob("*.py")) == []


def test_create_names_the_template_that_is_broken(tmp_path):
    project = make_project(tmp_path / "shop")
    (project.folder / "migrations" / "script.py.mako").write_text("${nothing.at_all}\n")
    ended = Cli(project.folder).run("create", "-m", "x")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines()[-1].startswith("No revision was created")
