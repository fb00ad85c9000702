"""The table of docs/alembic-pyproject.md names tests that exist, and each of its files by a letter."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/alembic-pyproject.md").read_text(encoding="utf-8")
LETTERS = re.findall(r"\b([A-Z])(?: is)?\s`([\w/]+\.py)`", PAGE)
NAMED = re.findall(r"\b([A-Z]) `(test_\w+)`", PAGE)


def test_there_are_files_and_tests_at_all():
    assert len(LETTERS) == 8
    assert len(NAMED) > 30


@pytest.mark.parametrize(("letter", "name"), sorted(set(NAMED)))
def test_each_named_test_is_in_its_file(letter, name):
    source = (ROOT / "tests" / dict(LETTERS)[letter]).read_text(encoding="utf-8")
    assert f"\ndef {name}(" in source


def test_each_row_names_a_test_or_says_why_not():
    table = PAGE.partition("| the document says |")[2].splitlines()[2:]
    rows = [line.strip("|").split(" | ") for line in table if line.startswith("|")]
    assert len(rows) > 25
    assert [row[0] for row in rows if "`test_" not in row[-1] and "not of this page" not in row[-1]] == []
