"""PostgreSQL's own pg_dump and pg_restore: found, and fit for the server."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from revgate.migration.backups.failed import BackupFailed

VARIABLE: Final = "PG_DUMP"
"""Environment of whoever makes backups: the pg_dump to use, where it is not the first on PATH."""

LOCK_WAIT: Final = 60
"""Seconds that pg_dump waits for a table that somebody has locked exclusively."""

_VERSION: Final = re.compile(r"^pg_dump \(PostgreSQL\) (?P<major>[0-9]+)")


@dataclass(frozen=True, slots=True)
class Tools:
    """Two programs of one installation."""

    dump: str
    restore: str
    major: int


def find_tools(environ: Mapping[str, str] = os.environ) -> Tools:
    """Return the programs that PG_DUMP names, or the first on PATH.

    Raises:
        BackupFailed: if one is missing; says what to install or to set.
    """
    named = environ.get(VARIABLE, "")
    dump = shutil.which(named or "pg_dump", path=environ.get("PATH"))
    if dump is None:
        what = f"{VARIABLE} names {named}, which is no program" if named else "No pg_dump was found on PATH"
        raise BackupFailed(f"{what}: install PostgreSQL's client programs, or set {VARIABLE} to its pg_dump")
    restore = Path(dump).with_name("pg_restore")
    if not os.access(restore, os.X_OK):
        raise BackupFailed(
            f"No pg_restore is beside {dump}, to verify with: install PostgreSQL's client programs whole"
        )
    return Tools(dump, str(restore), _major(dump))


def refuse_older(tools: Tools, server: int) -> None:
    """Raise BackupFailed when pg_dump is older than the server, which it would refuse itself with less advice."""
    if tools.major < server:
        raise BackupFailed(
            f"pg_dump is of PostgreSQL {tools.major} ({tools.dump}) and the server of {server}: install the client "
            f"programs of {server} or newer, or set {VARIABLE} to their pg_dump"
        )


def said(stderr: str) -> str:
    """Return the sentence of a client program that says what went wrong."""
    if "statement timeout" in stderr and "LOCK TABLE" in stderr:  # so that is how pg_dump calls LOCK_WAIT
        return f"some table was locked exclusively for {LOCK_WAIT} s: look in pg_locks by whom, or try again later"
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return next((line for line in lines if "error:" in line), lines[0] if lines else "it said nothing")


def _major(dump: str) -> int:
    try:
        done = subprocess.run([dump, "--version"], check=False, capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise BackupFailed(f"{dump} could not be started: {error.strerror}") from error
    found = _VERSION.match(done.stdout)
    if not found:
        raise BackupFailed(f"{dump} did not say its version: {said(done.stderr or done.stdout)}")
    return int(found["major"])
