"""What tests of backups share: PostgreSQL's programs of the server at hand, and a folder for them.

A test module says `pytest_plugins = ["support.backup_fixtures"]`.
"""

from pathlib import Path

import pytest

from support.backing_up import binaries
from support.servers import Server


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    path = tmp_path / "backups of 'us'"
    path.mkdir()
    return path


@pytest.fixture
def pg_dump(server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    tool = binaries(server) / "pg_dump"
    monkeypatch.setenv("PG_DUMP", str(tool))
    return tool


@pytest.fixture
def pg_dump15(server15: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    tool = binaries(server15) / "pg_dump"
    monkeypatch.setenv("PG_DUMP", str(tool))
    return tool


@pytest.fixture
def full_disk(server15: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a real pg_dump write 512 bytes and no more, as on a full disk."""
    program = tmp_path / "limited" / "pg_dump"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ntrap "" XFSZ\nulimit -f 1\nexec {binaries(server15)}/pg_dump "$@"\n')
    program.chmod(0o755)
    program.with_name("pg_restore").symlink_to(binaries(server15) / "pg_restore")
    monkeypatch.setenv("PG_DUMP", str(program))
    return program
