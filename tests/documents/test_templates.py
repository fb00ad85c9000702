"""A reader's own migrations: templates, file names, and configuration that a program writes."""

import re
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from mako.template import Template

from documents.alembic_project import add_revision, init, new_revision
from documents.blocks import text_of
from documents.places import Way
from documents.replaced import python_for
from documents.running_python import run_python
from documents.running_shell import bash

TEMPLATE = text_of("Custom Migration Templates 2")
INI = text_of("Custom Migration Templates 3")
BUNDLED = Path(__file__).parents[2] / "migrations/script.py.mako"


@pytest.fixture
def scripts(new_place):
    """A project whose alembic.ini is the document's."""
    place = new_place("sqlite")
    folder = init(place, "migrations")
    (place.folder / "alembic.ini").write_text(INI, encoding="utf-8")
    return place, folder


def test_the_default_template_is_copied_from_the_package(new_place, installed):
    place = new_place("sqlite")
    site = place.folder / "venv/lib/python3.11"
    site.mkdir(parents=True)
    (site / "site-packages").symlink_to(installed)
    assert bash(place, text_of("Custom Migration Templates")).returncode == 0
    assert (place.folder / "custom_script.py.mako").read_text() == BUNDLED.read_text()


def test_the_shown_template_is_one():
    text = Template(TEMPLATE).render(  # noqa: S702  no page
        message="Add it", up_revision="12ab", create_date="today", author="Ada"
    )
    assert all(line in text for line in ("Add it", "Revision ID: 12ab", "Author: Ada", "Date: today"))


def test_the_shown_ini_is_one_of_alembic_but_alembic_knows_no_script_template(scripts):
    place, folder = scripts
    ScriptDirectory.from_config(Config(place.folder / "alembic.ini"))
    (place.folder / "custom_script.py.mako").write_text(TEMPLATE, encoding="utf-8")
    made = new_revision(place, folder, 'alembic revision -m "add it"')
    assert "Custom template" not in made.read_text()


def test_alembic_takes_a_template_as_script_py_mako_and_knows_no_author(scripts):
    place, folder = scripts
    rest = (folder / "script.py.mako").read_text(encoding="utf-8").split('"""', 2)[2]
    whole = TEMPLATE.replace("# ... rest of template", rest)
    (folder / "script.py.mako").write_text(whole, encoding="utf-8")
    assert bash(place, 'alembic revision -m "add it"').returncode != 0
    (folder / "script.py.mako").write_text(whole.replace("${author}", "Ada"), encoding="utf-8")
    made = new_revision(place, folder, 'alembic revision -m "add it"')
    assert "Custom template" in made.read_text()


def test_a_revision_has_the_date_in_its_name_by_the_shown_ini_and_not_by_alembic_s_own(scripts):
    place, folder = scripts
    dated = new_revision(place, folder, text_of("Custom Revision Naming"))
    assert re.fullmatch(r"\d{8}_[0-9a-f]{12}_add_custom_feature\.py", dated.name)
    (place.folder / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    plain = new_revision(place, folder, text_of("Don't Modify Existing Migrations 2"))
    assert re.fullmatch(r"[0-9a-f]{12}_add_missing_column\.py", plain.name)


def own_project(way: Way) -> Path:
    """Return the scripts of a project with one revision, whose folder is the only thing that a block needs of it."""
    folder = init(way.place, "migrations")
    env = folder / "env.py"
    env.write_text(env.read_text().replace("    fileConfig(config.config_file_name)", "    pass"))  # has no [loggers]
    add_revision(way.place, folder, "orders")
    return folder


def test_a_configuration_that_is_only_announced_is_refused_and_one_that_is_written_works(async_way, monkeypatch):
    monkeypatch.chdir(async_way.place.folder.parent)  # where no pyproject.toml has anything to add
    folder = own_project(async_way)
    url = async_way.place.sync_url.replace("%", "%%")  # a Config gives a single % a meaning of its own
    block = python_for(async_way, "Programmatic Configuration")
    block = block.replace("/custom/path/migrations", str(folder)).replace("postgresql://...", url)
    with pytest.raises(Exception, match="No Alembic scripts were found"):
        run_python(async_way, block)
    run_python(async_way, block.replace("# Write config...", "alembic_cfg.file_config.write(f)"))
    assert async_way.place.tables() >= {"orders", "alembic_version"}


def test_each_example_of_the_constructor_makes_a_runner(async_way):
    own_project(async_way)
    block = python_for(async_way, "Конструктор 2")
    with pytest.raises(Exception, match=r"/path/to/alembic\.ini"):
        run_python(async_way, block)
    ini = str(async_way.place.folder / "alembic.ini")
    run_python(
        async_way, block.replace("/path/to/alembic.ini", ini) + "\nassert len(runner.get_pending_migrations()) == 1"
    )
