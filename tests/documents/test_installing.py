"""Installing: the commands of the document, from the wheel that is built here; nothing is asked of any registry."""

import sys
from pathlib import Path

import pytest

from documents.blocks import text_of
from documents.running_shell import MODULE, bash

INSTALLS = (
    "Предварительные требования",
    "Issue 1: KeyError: 'False' 2",
    "Issue 3: Migrations Not Executing",
    "Issue 6: Import Errors 3",
)
VERSIONS = Path(__file__).parents[2] / "migrations/versions"


@pytest.mark.parametrize("key", INSTALLS)
def test_pip_installs_what_the_commands_then_find(new_place, wheels, key):
    place = new_place("sqlite")
    site = place.folder / "site"
    pip = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_FIND_LINKS": str(wheels), "PIP_TARGET": str(site)}
    done = bash(place, f"{text_of(key)}\n{MODULE} current", **pip)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Database not initialized"), done
    assert (site / "py_accountant/infrastructure/migrations/__main__.py").exists()


def test_an_environment_that_is_activated_is_the_one_that_is_used(new_place):
    place = new_place("sqlite")
    made = bash(place, f"{sys.executable} -m venv --without-pip venv")
    assert made.returncode == 0, made
    done = bash(place, f"{text_of('Issue 6: Import Errors 4')}\npython -c 'import sys; print(sys.prefix)'")
    assert done.stdout.strip() == str(place.folder / "venv"), done


def test_the_revision_files_are_those_that_are_expected(new_place):
    place = new_place("sqlite")
    folder = place.folder / "src/py_accountant/infrastructure/migrations"
    folder.mkdir(parents=True)
    (folder / "versions").symlink_to(VERSIONS)
    block = text_of("Check Migration Files")
    listed = bash(place, block).stdout.split()
    expected = [line.removeprefix("# ") for line in block.splitlines() if line.endswith(".py")]
    assert set(expected) <= set(listed)
    assert [name for name in listed if name.endswith(".py")] == sorted(path.name for path in VERSIONS.glob("*.py"))


def test_the_wheel_brings_what_the_document_looks_for_in_the_package(installed):
    folder = installed / "py_accountant/infrastructure/migrations"
    for name in ("__init__.py", "__main__.py", "alembic.ini", "script.py.mako"):
        assert (folder / name).is_file()
    assert (installed / "py_accountant/py.typed").is_file()
