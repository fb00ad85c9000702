"""Backups that cannot be had: nothing is left of them, and one sentence says why."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from revgate.migration.backups.backup import Backup, BackupFailed
from revgate.migration.errors import AuthenticationFailed
from support.backing_up import kept, url_of
from support.pooler import pooled
from support.servers import DEBIAN_BINARIES, Database, Server
from support.waiting import eventually

pytest_plugins = ["support.backup_fixtures"]


def test_a_failed_backup_removes_no_older_one(database15, pg_dump15, backups, request):
    older = Backup(backups, keep=1).take(url_of(database15))
    request.getfixturevalue("full_disk")
    with pytest.raises(BackupFailed):
        Backup(backups, keep=1).take(url_of(database15))
    assert kept(backups) == [older.path.name, older.sidecar.name]


def test_without_pg_dump_it_is_said_what_to_install(database15, backups, tmp_path, monkeypatch):
    monkeypatch.delenv("PG_DUMP", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupFailed, match="No pg_dump was found on PATH: install PostgreSQL's client programs"):
        Backup(backups).take(url_of(database15))
    monkeypatch.setenv("PG_DUMP", str(tmp_path / "nowhere"))
    with pytest.raises(BackupFailed, match=r"PG_DUMP names .*/nowhere, which is no program"):
        Backup(backups).take(url_of(database15))
    assert kept(backups) == []


def test_pg_dump_without_pg_restore_is_refused(database15, backups, tmp_path, monkeypatch):
    (tmp_path / "pg_dump").symlink_to(DEBIAN_BINARIES / "pg_dump")
    monkeypatch.setenv("PG_DUMP", str(tmp_path / "pg_dump"))
    with pytest.raises(BackupFailed, match=r"No pg_restore is beside .*/pg_dump, to verify with"):
        Backup(backups).take(url_of(database15))


def test_a_program_that_is_no_pg_dump_is_refused(database15, backups, tmp_path, monkeypatch):
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).symlink_to("/bin/ls")
    monkeypatch.setenv("PG_DUMP", str(tmp_path / "pg_dump"))
    with pytest.raises(BackupFailed, match="did not say its version"):
        Backup(backups).take(url_of(database15))


def test_a_pg_dump_older_than_the_server_is_refused_with_both_versions(servers, backups, monkeypatch):
    server = servers(18)
    monkeypatch.setenv("PG_DUMP", str(DEBIAN_BINARIES / "pg_dump"))
    database = server.new_database()
    try:
        with pytest.raises(BackupFailed, match=r"pg_dump is of PostgreSQL 15 \(.*\) and the server of 18: install"):
            Backup(backups).take(url_of(database))
    finally:
        server.drop_database(database)
    assert kept(backups) == []


def test_a_folder_that_does_not_exist_is_refused(database15, pg_dump15, tmp_path):
    with pytest.raises(BackupFailed, match="does not exist: create it, or mount the volume that"):
        Backup(tmp_path / "missing").take(url_of(database15))
    assert not (tmp_path / "missing").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(database15, pg_dump15, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupFailed, match=r"into .*/file failed: Not a directory; name a folder"):
        Backup(tmp_path / "file").take(url_of(database15))


def test_a_wrong_password_is_told_without_showing_it(database15, pg_dump15, backups):
    wrong = replace(database15, password="wrong-secret-word")
    with pytest.raises(AuthenticationFailed) as caught:
        Backup(backups).take(url_of(wrong))
    assert "wrong-secret-word" not in str(caught.value)
    assert kept(backups) == []


def test_a_table_that_may_not_be_read_fails_the_backup(server15, database15, pg_dump15, backups):
    with closing(psycopg.connect(_superuser(server15, database15), autocommit=True)) as connection:
        connection.execute("CREATE TABLE hidden (id int)")
    with pytest.raises(BackupFailed, match="permission denied for table hidden"):
        Backup(backups).take(url_of(database15))
    assert kept(backups) == []


def test_a_pooler_is_refused(database15, pg_dump15, backups):
    with pooled(database15) as behind, pytest.raises(BackupFailed, match="connection pooler"):
        Backup(backups).take(url_of(behind))
    assert kept(backups) == []


def test_a_disk_without_room_leaves_nothing(database15, full_disk, backups):
    database15.query("CREATE TABLE much AS SELECT md5(n::text) FROM generate_series(1, 2000) n")
    with pytest.raises(BackupFailed, match="could not write to output file: File too large"):
        Backup(backups).take(url_of(database15))
    assert kept(backups) == []


def test_a_dump_whose_session_ended_leaves_nothing(server15, database15, pg_dump15, backups):
    with _dump_that_waits(database15, backups) as dump:
        server15.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        assert "terminating connection" in dump.error()
    assert kept(backups) == []


def test_a_dump_that_was_killed_leaves_nothing_and_never_showed_the_password(database15, pg_dump15, backups):
    with _dump_that_waits(database15, backups) as dump:
        (pid,) = dump.programs()
        shown = Path(f"/proc/{pid}/cmdline").read_text()
        assert f"dbname={database15.name}" in shown
        assert "sslmode=prefer" in shown
        assert database15.password[-16:] not in shown
        assert Path(f"/proc/{pid}/environ").stat().st_mode & 0o077 == 0
        os.kill(pid, signal.SIGKILL)
        assert "pg_dump was ended by SIGKILL" in dump.error()
    assert kept(backups) == []


def test_fewer_than_one_backup_cannot_be_kept(backups):
    with pytest.raises(ValueError, match="keep is 0: keep one backup at least"):
        Backup(backups, keep=0)


def test_another_database_has_its_own_tools(backups):
    with pytest.raises(BackupFailed, match="of PostgreSQL and SQLite, not of mysql"):
        Backup(backups).take(sa.make_url("mysql://app@db/books"))


class _Dump:
    """A backup in a thread."""

    def __init__(self, backups: Path, url: sa.URL) -> None:
        self.caught: list[BaseException] = []
        self.thread = threading.Thread(target=self._take, args=(backups, url))

    def _take(self, backups: Path, url: sa.URL) -> None:
        try:
            Backup(backups).take(url)
        except BackupFailed as error:
            self.caught.append(error)

    def programs(self) -> list[int]:
        found = []
        for task in Path("/proc/self/task").iterdir():
            for pid in (task / "children").read_text().split():
                with suppress(OSError):
                    if Path(f"/proc/{pid}/comm").read_text().strip() == "pg_dump":
                        found.append(int(pid))
        return found

    def error(self) -> str:
        self.thread.join(timeout=60)
        assert self.caught, "The backup did not fail"
        return str(self.caught[0])


@contextmanager
def _dump_that_waits(database: Database, backups: Path) -> Iterator[_Dump]:
    """Run a backup until pg_dump waits for a table that we hold."""
    database.query("CREATE TABLE held (id int)")
    waits = (
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%%' AND datname = %s"
    )
    with closing(database.connect(autocommit=False)) as holder:
        holder.execute("LOCK TABLE held")
        dump = _Dump(backups, url_of(database).update_query_dict({"sslmode": "prefer"}))
        dump.thread.start()
        try:
            eventually("pg_dump waits for the table", lambda: database.query(waits, database.name))
            yield dump
        finally:
            holder.rollback()
            dump.thread.join(timeout=60)


def _superuser(server: Server, database: Database) -> str:
    return psycopg.conninfo.make_conninfo(
        host=server.host, port=server.port, user=server.superuser, password=server.password, dbname=database.name
    )
