"""A pooler in transaction mode is refused: through it, the lock of one runner would not keep out another."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from database.projects.running import heads, run, until
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from support.servers import Database, _account, _as, _free_port


@pytest.fixture
def pooled(database15: Database) -> Iterator[str]:
    """Give the URL of the database through PgBouncer."""
    folder = Path(tempfile.mkdtemp(prefix="revgate-pgbouncer-"))
    port = _free_port()
    settings = _configure(folder, port, database15)
    url = database15.url.replace(f":{database15.port}/", f":{port}/")
    command = [*_as(_account()), "/usr/sbin/pgbouncer", str(settings)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until(lambda: _answers(url), (folder / "log").read_text)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder)


def _configure(folder: Path, port: int, database: Database) -> Path:
    users, settings = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text(f'"{database.user}" "{database.password}"\n')
    settings.write_text(
        f"[databases]\n* = host={database.host} port={database.port}\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\n"
        f"auth_file = {users}\npool_mode = transaction\n"
    )
    account = _account()
    for path in (folder, users, settings):
        if account is not None:
            os.chown(path, account.pw_uid, account.pw_gid)
    return settings


def _answers(url: str) -> bool:
    try:
        with closing(psycopg.connect(url)):
            return True
    except psycopg.OperationalError:
        return False


def test_a_transaction_pooler_is_refused(pooled: str, database15: Database, tmp_path: Path):
    ended = run(pooled, tmp_path, "--bundled")
    assert (ended.code, ended.report.reason) == (Exit.CONFIGURATION, Reason.POOLER_REFUSED), ended
    assert heads(database15) == []
