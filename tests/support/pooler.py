"""A real PgBouncer in front of one database, in transaction mode unless told otherwise."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg

from support.ports import free_port
from support.servers import HOST, Database

STARTS_WITHIN = 30.0  # seconds

CONFIGURATION = """
[databases]
{name} = host={host} port={port} dbname={name} pool_size={size}
[pgbouncer]
listen_addr = {host}
listen_port = {own_port}
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = {mode}
unix_socket_dir =
logfile = {folder}/log
{words}
"""


@contextmanager
def pooled(
    database: Database, mode: str = "transaction", size: int | None = None, words: str = ""
) -> Iterator[Database]:
    """Run a pooler, in transaction mode with a single connection: its clients then meet each other's leavings.

    Args:
        database: behind it.
        mode: transaction or session.
        size: how many connections it has, where that matters.
        words: more of its configuration.
    """
    folder = Path(tempfile.mkdtemp(prefix="revgate-pooler-"))
    port = free_port()
    own = {"mode": mode, "size": size or (1 if mode == "transaction" else 5), "words": words}
    _write(folder, database, own_port=port, **own)
    process = subprocess.Popen([*_account(folder), "pgbouncer", "--quiet", str(folder / "ini")], cwd="/")
    try:
        behind = replace(database, port=port)
        _wait(behind, process, folder)
        yield behind
    finally:
        process.terminate()
        process.wait(timeout=STARTS_WITHIN)
        shutil.rmtree(folder)


def _write(folder: Path, database: Database, **own: object) -> None:
    ini = CONFIGURATION.format(name=database.name, host=HOST, port=database.port, folder=folder, **own)
    (folder / "ini").write_text(ini)
    password = database.password.replace('"', '""')
    (folder / "users").write_text(f'"{database.user}" "{password}"\n')


def _account(folder: Path) -> list[str]:
    """Return what starts a program as another user, for PgBouncer refuses root."""
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    for path in (folder, *folder.iterdir()):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", "--"]


def _wait(database: Database, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            return database.connect().close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                log = (folder / "log").read_text() if (folder / "log").exists() else "no log"
                raise RuntimeError(f"PgBouncer did not start: {error}\n{log}") from error
            time.sleep(0.02)
