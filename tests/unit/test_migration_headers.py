"""What is read from a revision file without importing it, and what is left to Python."""

from pathlib import Path

import pytest
from alembic.script import Script, ScriptDirectory

from revgate.migration.project.headers import checksum_of, read_header

TEMPLATE = '''"""Add a column.

Revision ID: b2
Revises: a1
"""
from typing import Sequence, Union

from alembic import op

# revision identifiers, used by Alembic.
revision: str = 'b2'
down_revision: Union[str, Sequence[str], None] = 'a1'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    pass
'''

PLAIN = [
    TEMPLATE,
    "revision = 'b2'\ndown_revision = None\n",
    'revision = "b2"  # the second\ndown_revision = "a1"\nserves_from = "a1"\n',
    "'''One line.'''\nrevision='b2'\ndown_revision = ('a1', 'a0')\ndepends_on = ['x', 'y']\nbranch_labels = ('s',)\n",
    "revision = 'b2'\ndown_revision = (\n    'a1',\n    'a0',\n)\n",
    "# -*- coding: utf-8 -*-\n'A \\'quoted\\' word'\nrevision = 'b\\x32'\ndown_revision = ''\n",
    "revision = 'b2'\r\ndown_revision = 'a1'\r\n",
    "revision = 'b2'\ndown_revision = 'a1'\nrepeatable = True\n",
    "revision = 'b2'\ndown_revision = ('a1', 'a0')\nrepeatable: bool = (\n    True\n)\n",
    "revision = 'b2'\ndown_revision = 'a1'\nrepeatable = False  # it sends mail\n",
    '"""Backfill.\n\nSafe to run twice? Say so:\n\nrepeatable = True\n"""\nrevision = "b2"\ndown_revision = "a1"\n',
    '"""Drop it.\n\nLater:\nserves_from = "a1"\n"""\nrevision = "b2"\ndown_revision = "a1"\n',
]
ONLY_IMPORTED = [
    "import uuid\nrevision = 'b2'.lower()\ndown_revision = None\n",
    "revision = 'b2'\ndown_revision = None\nif True:\n    down_revision = 'a1'\n",
    "revision = 'b2'\ndown_revision = None\nrevision = 'b3'\n",
    "down_revision = 'a1'\n",
    "revision = 'b2'\n",
    "from other import *\n",
    "revision = 7\ndown_revision = None\n",
    "revision = 'b2'\ndown_revision = None\nserves_from = 6\n",
    "revision = 'b2'\ndown_revision = None\nrepeatable = 1\n",
    "revision = 'b2'\ndown_revision = None\nrepeatable = None\n",
    "revision = 'b2'\ndown_revision = None\nrepeatable = 'True'\n",
    "revision = 'b2'\ndown_revision = None\nrepeatable = True\nrepeatable = False\n",
    "revision = True\ndown_revision = None\n",
    "revision = 'b2'\ndown_revision = None; depends_on = 'x'\n",
    "revision = down_revision = 'b2'\n",
    "revision = 'b2' 'b3'\ndown_revision = (\n",
]


def imported(folder: Path, text: str) -> Script:
    (folder / "versions").mkdir()
    (folder / "versions" / "b2_change.py").write_bytes(text.encode())
    (script,) = ScriptDirectory(str(folder))._load_revisions()
    return script


@pytest.mark.parametrize("text", PLAIN)
def test_a_header_says_what_importing_the_file_says(tmp_path, text):
    header, script = read_header("b2_change.py", text.encode()), imported(tmp_path, text)
    assert header is not None
    assert header.revision == script.revision
    assert header.down_revision == script._versioned_down_revisions
    assert header.depends_on == tuple(script.dependencies or ())
    assert set(header.branch_labels) == set(script._orig_branch_labels)
    assert header.doc.strip() == script.longdoc
    assert header.floor == getattr(script.module, "serves_from", "")
    assert header.is_repeatable is getattr(script.module, "repeatable", False)


@pytest.mark.parametrize("text", ONLY_IMPORTED)
def test_what_is_no_plain_value_is_left_to_python(text):
    assert read_header("b2_change.py", text.encode()) is None


def test_the_bundled_revisions_are_all_plain():
    files = sorted((Path(__file__).parents[2] / "migrations" / "versions").glob("0*.py"))
    assert [read_header(str(file), file.read_bytes()).revision for file in files] == [file.name[:4] for file in files]


def test_a_checksum_is_that_of_the_text_but_for_line_ends_a_floor_and_whether_it_may_be_run_again():
    first = b"revision = 'b2'\ndown_revision = 'a1'\n"
    assert checksum_of(first) == checksum_of(first.replace(b"\n", b"\r\n"))
    assert checksum_of(first) == checksum_of(first.replace(b"\n", b"\n\n"))
    assert checksum_of(first) == checksum_of(b"revision = 'b2'\nserves_from = 'a1'\ndown_revision = 'a1'\n")
    assert checksum_of(first) == checksum_of(first + b"repeatable: bool = True\n")
    assert checksum_of(first) != checksum_of(first + b"# a word\n")
    assert checksum_of(first) != checksum_of(first + b"repeatable_steps = 3\n")


def test_a_word_to_the_linter_is_no_edit():
    first = b"revision = 'b2'\ndef upgrade():\n    op.drop_table('t')\n"
    for said in (
        first.replace(b"    op", b"    # lint: ignore[drop] old\n    op"),
        first[:-1] + b"  # lint: ignore[x] y\n",
    ):
        assert checksum_of(said) == checksum_of(first)
