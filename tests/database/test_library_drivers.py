"""Where a driver is missing: SQLite needs none, PostgreSQL's error says what to install; importing costs little."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(90)

BLOCKED = "raise ImportError('{name} is not installed')\n"


def python(program: str, tmp_path: Path, *missing: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an interpreter that lacks some packages."""
    folder = tmp_path / "missing"
    folder.mkdir(exist_ok=True)
    for name in missing:
        (folder / f"{name}.py").write_text(BLOCKED.format(name=name))
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


SQLITE = """
import sqlalchemy as sa
import revgate
engine = sa.create_engine("sqlite:///ledger.db")
runner = revgate.MigrationRunner(engine)
runner.upgrade_to_head()
runner.downgrade()
statements = revgate.MigrationRunner(engine, dry_run=True).upgrade_to_head()
print(runner.get_current_version(), runner.inspect().standing, len(statements) > 1)
"""
POSTGRESQL = """
import sqlalchemy as sa
import revgate
from sqlalchemy.ext.asyncio import create_async_engine
engine = create_async_engine("postgresql+asyncpg://me:s3cr3t@127.0.0.1:9/ledger")
try:
    revgate.MigrationRunner(engine)
except revgate.MigrationError as error:
    print(error)
"""
IMPORTS = """
import sys
import revgate
assert not {"sqlalchemy", "alembic", "psycopg"} & set(sys.modules)
revgate.MigrationRunner
print(*sorted({"psycopg", "psycopg2", "asyncpg", "aiosqlite", "kopf", "kubernetes", "pydantic"} & set(sys.modules)))
"""


def test_sqlite_needs_no_driver_of_postgresql(tmp_path: Path):
    done = python(SQLITE, tmp_path, "psycopg", "psycopg2", "asyncpg")
    assert (done.returncode, done.stdout, done.stderr) == (0, "0007 behind True\n", "")


def test_postgresql_without_its_driver_names_what_to_install(tmp_path: Path):
    done = python(POSTGRESQL, tmp_path, "psycopg")
    assert done.stdout == "Driver psycopg is missing: pip install 'revgate[postgresql]'\n", done.stderr
    assert (done.returncode, done.stderr) == (0, "")


def test_importing_the_library_imports_no_driver(tmp_path: Path):
    done = python(IMPORTS, tmp_path)
    assert (done.stdout, done.stderr) == ("\n", "")


def test_the_library_needs_none_of_the_operators_packages(tmp_path: Path):
    done = python(SQLITE, tmp_path, "kopf", "kubernetes", "pydantic", "psycopg", "greenlet", "aiosqlite")
    assert (done.returncode, done.stdout, done.stderr) == (0, "0007 behind True\n", "")
