"""Backups of real databases, brought back by the commands that they come with."""

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from revgate.migration.backups.backup import Backup, BackupFile
from support.backing_up import binaries, kept, url_of
from support.servers import Database, Server
from support.waiting import eventually

pytest_plugins = ["support.backup_fixtures"]

CONTENT = (
    "CREATE TYPE kind AS ENUM ('asset', 'debt')",
    "CREATE TABLE accounts (id serial PRIMARY KEY, name text NOT NULL UNIQUE, kind kind NOT NULL DEFAULT 'asset')",
    "CREATE TABLE lines (account int REFERENCES accounts, amount numeric(20, 4) CHECK (amount <> 0), note text)",
    "CREATE INDEX ix_lines_account ON lines (account) WHERE amount > 0",
    "CREATE VIEW totals AS SELECT account, sum(amount) AS total FROM lines GROUP BY account",
    "INSERT INTO accounts (name, kind) VALUES ('Café ☕', 'asset'), ('tab\there', 'debt')",
    "INSERT INTO lines SELECT 1 + n % 2, n, md5(n::text) FROM generate_series(1, 2000) n",
)


def environment(server: Server, database: Database) -> dict[str, str]:
    path = f"{binaries(server)}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PGPASSWORD": database.password}


@contextmanager
def restored(
    server: Server, database: Database, backup: BackupFile, client: Server | None = None
) -> Iterator[Database]:
    """Do what the backup says to do, word by word, in a shell, with the programs of the server or of another one."""
    server.query(f"ALTER ROLE {database.name} CREATEDB")
    copy = replace(database, name=f"{database.name}_restored")
    try:
        for command in backup.restore:
            subprocess.run(["sh", "-c", command], check=True, env=environment(client or server, database))
        yield copy
    finally:
        server.query(f"DROP DATABASE IF EXISTS {copy.name} WITH (FORCE)")


def schema_of(server: Server, database: Database) -> list[str]:
    command = ["pg_dump", "--schema-only", "-h", database.host, "-p", str(database.port), "-U", database.user]
    done = subprocess.run(
        [*command, database.name], check=True, capture_output=True, text=True, env=environment(server, database)
    )
    return [line for line in done.stdout.splitlines() if not line.startswith("\\")]  # \restrict has a random word


def test_a_restored_backup_has_the_same_schema_and_rows(server, database, pg_dump, backups):
    for statement in CONTENT:
        database.query(statement)
    backup = Backup(backups).take(url_of(database), ("0007",))
    with restored(server, database, backup) as copy:
        assert schema_of(server, copy) == schema_of(server, database)
        for table in ("accounts", "lines", "totals", "(SELECT last_value, is_called FROM accounts_id_seq) AS s"):
            query = f"SELECT * FROM {table} ORDER BY 1, 2"
            assert copy.query(query) == database.query(query)
        assert len(copy.query("SELECT * FROM lines")) == 2000


def test_the_backup_of_a_newer_pg_dump_is_restored_into_the_older_server(servers, database15, backups, monkeypatch):
    monkeypatch.setenv("PG_DUMP", str(binaries(servers(18)) / "pg_dump"))
    for statement in CONTENT:
        database15.query(statement)
    backup = Backup(backups).take(url_of(database15), ("0007",))
    with restored(servers(15), database15, backup, servers(18)) as copy:
        for table in ("accounts", "lines"):
            query = f"SELECT * FROM {table} ORDER BY 1, 2"
            assert copy.query(query) == database15.query(query)


def test_a_damaged_backup_of_a_newer_pg_dump_is_not_restored_in_part(servers, database15, backups, monkeypatch):
    monkeypatch.setenv("PG_DUMP", str(binaries(servers(18)) / "pg_dump"))
    for statement in CONTENT:
        database15.query(statement)
    backup = Backup(backups).take(url_of(database15), ("0007",))
    with backup.path.open("r+b") as file:
        file.truncate(backup.size - 20000)
    failed = pytest.raises(subprocess.CalledProcessError)
    with failed, restored(servers(15), database15, backup, servers(18)):
        pass


def test_what_is_known_of_a_backup_is_written_down_beside_it(server, database, pg_dump, backups):
    before = database.query("SELECT pg_current_wal_lsn()")[0][0]
    backup = Backup(backups).take(url_of(database), ("a1", "b2"))
    written = json.loads(backup.sidecar.read_text())
    content = backup.path.read_bytes()
    assert (written["size"], written["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert (written["revision"], written["file"]) == (["a1", "b2"], backup.path.name)
    assert backup.path.name.startswith(f"{database.name}-")
    assert backup.path.name.endswith("-a1+b2.dump")
    assert written["database"] == f"{database.host}:{database.port}/{database.name}"
    assert written["server"].startswith(f"PostgreSQL {server.major}.")
    assert database.query("SELECT %s::pg_lsn BETWEEN %s AND pg_current_wal_lsn()", written["lsn"], before) == [(True,)]
    assert written["seconds"] > 0
    assert database.password not in backup.sidecar.read_text()
    assert kept(backups) == [backup.path.name, backup.sidecar.name]


def test_nobody_else_may_read_a_backup(database15, pg_dump15, backups):
    backup = Backup(backups).take(url_of(database15))
    assert {oct(path.stat().st_mode & 0o777) for path in (backup.path, backup.sidecar)} == {"0o600"}


def test_a_url_for_another_driver_is_taken_with_its_options(database15, pg_dump15, backups):
    text = database15.url.replace("postgresql://", "postgresql+asyncpg://")
    backup = Backup(str(backups)).take(sa.make_url(f"{text}?ssl=prefer&command_timeout=5"))
    assert all("sslmode=prefer" in command for command in backup.restore)


def test_only_so_many_backups_are_kept_and_nothing_else_is_touched(server15, database15, pg_dump15, backups):
    others = server15.new_database()
    try:
        foreign = Backup(backups, keep=1).take(url_of(others))
        for name in (f"{database15.name}-mine.dump", f"{database15.name}-20200101T000000.000Z-x.dump", "notes.json"):
            (backups / name).write_text("{}")
        before = set(kept(backups))
        taken = [Backup(backups, keep=2).take(url_of(database15), (str(number),)) for number in range(4)]
        assert set(kept(backups)) - before == {path.name for one in taken[2:] for path in (one.path, one.sidecar)}
        assert before <= set(kept(backups))
        assert foreign.path.name in before
    finally:
        server15.drop_database(others)


def test_a_backup_that_was_changed_since_is_not_ours_to_remove(database15, pg_dump15, backups):
    first = Backup(backups, keep=1).take(url_of(database15))
    with first.path.open("ab") as file:
        file.write(b"appended")
    second = Backup(backups, keep=1).take(url_of(database15))
    assert first.path.exists()
    assert second.path.exists()


def test_what_killed_runs_left_is_removed_but_not_what_somebody_writes(database15, pg_dump15, backups):
    hours_ago = time.time() - 7200
    names = [f"{stem}-20260101T000000.00{at}Z-x.dump.partial" for at, stem in enumerate([database15.name] * 3 + ["b"])]
    paths = [backups / name for name in names]
    for path in paths:
        path.write_text("half")
    for path in paths[1:]:
        os.utime(path, (hours_ago, hours_ago))
    with subprocess.Popen(["flock", str(paths[1]), "cat"], stdin=subprocess.PIPE) as writer:
        eventually("the file is locked", lambda: _is_locked(paths[1]), timeout=10)
        Backup(backups).take(url_of(database15))
        assert [path.exists() for path in paths] == [True, True, False, True]
        writer.communicate(b"")


def _is_locked(path: Path) -> bool:
    return subprocess.run(["flock", "--nonblock", str(path), "true"], check=False).returncode != 0
