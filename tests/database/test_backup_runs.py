"""Backups that an upgrade or the command line asks for."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from database.projects.project import Project, make_project
from database.projects.running import run
from revgate.contract.reasons import Reason
from revgate.migration.backups.backup import Backup, BackupFailed
from revgate.migration.library.runner import MigrationRunner
from support import commands
from support.backing_up import kept, url_of
from support.cli import Cli
from support.servers import Database
from support.waiting import eventually

pytest_plugins = ["support.backup_fixtures"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("r1", "r2")


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_an_upgrade_backs_up_what_is_there_before_its_first_statement(
    server15, database15, pg_dump15, backups, project, is_async
):
    database15.query("CREATE TABLE accounts (id int)")
    _upgrade(database15, project, Backup(backups), "r1", is_async=is_async)
    _upgrade(database15, project, Backup(backups), "r2", is_async=is_async)
    assert [name.rpartition("-")[2] for name in kept(backups)] == [
        "base.dump",
        "base.dump.json",
        "r1.dump",
        "r1.dump.json",
    ]
    listed = subprocess.run(
        [pg_dump15.with_name("pg_restore"), "--list", *backups.glob("*-r1.dump")],
        check=True,
        capture_output=True,
        text=True,
    )
    assert " t_r1 " in listed.stdout
    assert " t_r2 " not in listed.stdout
    assert database15.query("SELECT version_num FROM alembic_version") == [("r2",)]


def test_nothing_to_do_is_nothing_to_back_up(database15, pg_dump15, backups, project):
    _upgrade(database15, project, None, "r2")
    _upgrade(database15, project, Backup(backups), "r2")
    assert kept(backups) == []


def test_an_upgrade_stops_before_its_first_statement_when_the_backup_fails(database15, full_disk, backups, project):
    with pytest.raises(BackupFailed):
        _upgrade(database15, project, Backup(backups), "r2")
    assert database15.query("SELECT relname FROM pg_class WHERE relname IN ('t_r1', 'alembic_version')") == []
    assert kept(backups) == []


def test_the_command_prints_the_backup_and_how_to_restore_it(server, database, pg_dump, backups, project):
    _upgrade(database, project, None, "r1")
    done = _backup(database, project, "--folder", str(backups))
    assert (done.returncode, done.stderr) == (0, "")
    (path,) = backups.glob("*.dump")
    lines = done.stdout.splitlines()
    assert lines[0] == f"Backup of {database.host}:{database.port}/{database.name} at r1: {path}"
    assert hashlib.sha256(path.read_bytes()).hexdigest() in lines[1]
    assert lines[-1].startswith("  pg_restore ")
    assert database.password not in done.stdout


def test_the_command_answers_a_script_and_keeps_so_many(database15, pg_dump15, backups, project):
    for _ in range(2):
        done = _backup(database15, project, "--folder", str(backups), "--keep", "1", "--json")
    answer = json.loads(done.stdout)
    assert kept(backups) == [answer["file"], answer["file"] + ".json"]
    assert answer == json.loads((backups / (answer["file"] + ".json")).read_text())


def test_the_command_backs_up_also_with_broken_scripts(database15, pg_dump15, backups, project):
    project.revision("r3", "nowhere")
    done = _backup(database15, project, "--folder", str(backups))
    assert done.returncode == 0
    assert "nowhere" in done.stderr
    assert len(list(backups.glob("*-unknown.dump"))) == 1


def test_the_command_fails_with_one_sentence(database15, pg_dump15, backups, project):
    done = _backup(database15, project, "--folder", str(backups / "missing"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Backup folder ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_stopped_leaves_nothing_behind(database15, pg_dump15, backups, project, number):
    database15.query("CREATE TABLE held (id int)")
    waits = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with closing(database15.connect(autocommit=False)) as holder:
        holder.execute("LOCK TABLE held")
        # What a shell starts in the background ignores SIGINT, and so does everything below it
        command = ["env", "--default-signal=INT", sys.executable, "-m", "revgate", "backup", "--folder", str(backups)]
        with subprocess.Popen(
            command, cwd=project.folder, env={**os.environ, "DATABASE_URL": database15.url}, stderr=subprocess.PIPE
        ) as process:
            eventually("pg_dump waits for the table", lambda: database15.query(waits))
            assert kept(backups)[0].endswith(".dump.partial")
            process.send_signal(number)
            _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.decode().startswith("Interrupted")
    assert kept(backups) == []
    eventually("pg_dump is gone", lambda: not database15.query(waits))


def _backup(database: Database, project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "DATABASE_URL": database.url}
    return commands.run("revgate", "backup", *arguments, folder=project.folder, environ=environ)


def _upgrade(
    database: Database, project: Project, backup: Backup | None, target: str, *, is_async: bool = False
) -> None:
    config = project.folder / "alembic.ini"
    if not is_async:
        MigrationRunner(sa.create_engine(url_of(database)), config, backup=backup).upgrade_to_version(target)
        return

    async def run() -> None:
        engine = create_async_engine(url_of(database))
        await MigrationRunner(engine, config, backup=backup).upgrade_to_version(target)
        await engine.dispose()

    asyncio.run(run())


def test_a_job_backs_up_before_its_first_statement(database15, pg_dump15, backups, tmp_path):
    words = ("--bundled", "--target", "0005", "--backup", str(backups), "--backup-keep", "1")
    assert run(database15, tmp_path, *words).code == 0
    ended = run(database15, tmp_path, "--bundled", "--backup", str(backups), "--backup-keep", "1")
    assert ended.code == 0, ended
    assert [name.rpartition("-")[2] for name in kept(backups)] == ["0005.dump", "0005.dump.json"]
    assert run(database15, tmp_path, "--bundled", "--backup", str(backups)).code == 0
    assert len(kept(backups)) == 2, "nothing was pending"


def test_a_job_without_its_backup_does_nothing_and_says_why(database15, tmp_path):
    ended = run(database15, tmp_path, "--bundled", "--backup", str(tmp_path / "not-mounted"))
    assert (ended.code, ended.report.reason) == (36, Reason.BACKUP_FAILED)
    assert "not-mounted" in ended.report.message
    assert database15.query("SELECT to_regclass('alembic_version')") == [(None,)]


def test_an_upgrade_by_the_command_line_backs_up_too(tmp_path, backups):
    cli = Cli(tmp_path).at(f"sqlite:///{tmp_path}/ledger.db")
    cli.ok("upgrade", "0005", "--bundled")
    cli.ok("upgrade", "--bundled", "--backup", str(backups))
    assert len(kept(backups)) == 2
