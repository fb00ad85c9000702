"""Many processes on one database, as the pods of a release are that all migrate when they start."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from support.library import ALL, Place, sqlite_place
from support.library_project import make_project
from support.servers import Database

pytest_plugins = ["support.library_fixtures"]
pytestmark = pytest.mark.timeout(280)

PROGRAM = """
import sys
import sqlalchemy as sa
from revgate import MigrationRunner

url, config = sys.argv[1], sys.argv[2] or None
engine = sa.create_engine(url)
runner = MigrationRunner(engine, config)
sys.stdin.readline()  # all at once
runner.upgrade_to_head()
print(*[run.revision for run in runner.last_result.revisions])
print(runner.get_current_version())
"""
WITHIN = 240


def start(url: str, config: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url, config],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Let a process begin, and return its exit code and what it printed."""
    try:
        out, err = process.communicate("go\n", timeout=WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    return process.returncode, out, err


def all_at_once(count: int, url: sa.URL, config: str = "") -> list[list[str]]:
    """Let so many processes migrate, and return what each of them applied."""
    processes = [start(url.render_as_string(hide_password=False), config) for _ in range(count)]
    with ThreadPoolExecutor(count) as threads:
        ended = list(threads.map(end, processes))
    assert [err for code, _, err in ended if code] == []
    printed = [out.splitlines() for _, out, _ in ended]
    assert {current for _, current in printed} == {"a3" if config else ALL[-1]}
    return [revisions.split() for revisions, _ in printed]


def test_fifty_processes_on_one_database(postgresql: Place, database15: Database):
    applied = all_at_once(50, postgresql.url)
    assert sorted(sum(applied, [])) == list(ALL)  # each once, by whomever
    assert (postgresql.heads(), postgresql.ledger()) == ([ALL[-1]], dict.fromkeys(ALL, "applied"))
    times = database15.query("SELECT revision FROM revgate.revision_log ORDER BY finished_at")
    assert [row[0] for row in times] == list(ALL)


def test_twenty_processes_on_one_file(file: Place, tmp_path: Path):
    applied = all_at_once(20, file.url)
    assert sorted(sum(applied, [])) == list(ALL)
    assert (file.heads(), file.ledger()) == ([ALL[-1]], dict.fromkeys(ALL, "applied"))
    assert [path.name for path in Path(file.url.database or "").parent.glob("library.db*")] == ["library.db"]
    alone = sqlite_place("memory", tmp_path)
    alone.runner().upgrade_to_head()
    assert file.snapshot() == alone.snapshot()


def test_a_process_that_is_killed_leaves_its_lock_to_the_next(file: Place, tmp_path: Path):
    body = """
    op.create_table('half', sa.Column('id', sa.Integer))
    import os, signal
    if os.path.exists({flag!r}):
        os.remove({flag!r})
        os.kill(os.getpid(), signal.SIGKILL)
    """
    flag = tmp_path / "kill"
    flag.touch()
    project = make_project(tmp_path / "app").chain("a1").add("a2", "a1", body.format(flag=str(flag))).add("a3", "a2")
    killed = start(file.url.render_as_string(), str(project.config))
    assert (end(killed)[0], file.heads(), file.tables()) == (-9, ["a1"], ["t_a1"])
    assert all_at_once(3, file.url, str(project.config)).count(["a2", "a3"]) == 1
    assert (file.heads(), file.tables()) == (["a3"], ["half", "t_a1", "t_a3"])
