"""What is packaged is what is there, and what is said about it is whole."""

import re
import tomllib
from pathlib import Path

import pytest

from revgate.contract.reasons import Reason

ROOT = Path(__file__).parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
REASONS = (ROOT / "docs/reasons.md").read_text()


def packages_below(folder: Path, name: str) -> set[str]:
    """The folders with Python in them, as packages."""
    inside = {file.parent for file in folder.rglob("*.py")}
    return {".".join((name, *path.relative_to(folder).parts)) for path in inside}


def test_the_package_list_is_what_is_on_the_disk():
    on_disk = packages_below(ROOT / "operator/revgate", "revgate")
    on_disk |= packages_below(ROOT / "migrations", "revgate.migrations")
    assert set(SETUPTOOLS["packages"]) == on_disk


def test_the_packages_lie_where_the_mapping_says():
    for name, folder in SETUPTOOLS["package-dir"].items():
        assert (ROOT / folder).is_dir(), name


def test_the_source_root_is_no_package_for_it_would_shadow_the_standard_library():
    assert not (ROOT / "operator/__init__.py").exists()


def test_the_types_are_published():
    assert (ROOT / "operator/revgate/py.typed").exists()


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_one_row_in_the_documentation(reason):
    rows = re.findall(rf"^\| `{reason}` \|(.+)\|(.+)\|(.+)\|$", REASONS, re.MULTILINE)
    assert len(rows) == 1
    assert all(cell.strip() for cell in rows[0])


def test_no_reason_is_documented_that_does_not_exist():
    assert set(re.findall(r"^\| `(\w+)` \|", REASONS, re.MULTILINE)) == set(Reason)
