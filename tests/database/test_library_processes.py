"""Many processes on one database, as the pods of a release are that all migrate when they start."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from support.library import ALL, Place, sqlite_place
from support.library_project import make_project
from support.servers import Database

pytest_plugins = ["support.library_fixtures"]
pytestmark = pytest.mark.timeout(280)

PROGRAM = """
import os
import sys
import sqlalchemy as sa
import psycopg
from revgate import MigrationRunner

def migrate():
    engine = sa.create_engine(sys.argv[2])
    runner = MigrationRunner(engine, sys.argv[3] or None)
    runner.upgrade_to_head()
    revisions = [run.revision for run in runner.last_result.revisions]
    line = " ".join([str(runner.get_current_version()), *revisions])
    os.write(1, f"{line}\\n".encode())

children = []
for _ in range(int(sys.argv[1])):  # of a process that has imported all: they begin at once, and cost little
    child = os.fork()
    if not child:
        try:
            migrate()
        except BaseException as error:
            os.write(2, f"{error!r}\\n".encode())
            os._exit(1)
        os._exit(0)
    children.append(child)
sys.exit(max(abs(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])) for child in children))
"""
WITHIN = 240


def run(count: int, url: sa.URL, config: str = "") -> subprocess.CompletedProcess[str]:
    """Let so many processes migrate at once; the exit code is that of the worst, or the signal that ended it."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(count), url.render_as_string(hide_password=False), config],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN,
    )


def all_at_once(count: int, url: sa.URL, config: str = "") -> list[list[str]]:
    """Let so many processes migrate, and return what each of them applied."""
    done = run(count, url, config)
    assert (done.returncode, done.stderr) == (0, "")
    printed = [line.split() for line in done.stdout.splitlines()]
    assert [current for current, *_ in printed] == ["a3" if config else ALL[-1]] * count
    return [revisions for _, *revisions in printed]


def test_fifty_processes_on_one_database(postgresql: Place, database15: Database):
    applied = all_at_once(50, postgresql.url)
    assert sorted(itertools.chain.from_iterable(applied)) == list(ALL)  # each once, by whomever
    assert (postgresql.heads(), postgresql.ledger()) == ([ALL[-1]], dict.fromkeys(ALL, "applied"))
    times = database15.query("SELECT revision FROM revgate.revision_log ORDER BY finished_at")
    assert [row[0] for row in times] == list(ALL)


def test_twenty_processes_on_one_file(file: Place, tmp_path: Path):
    applied = all_at_once(20, file.url)
    assert sorted(itertools.chain.from_iterable(applied)) == list(ALL)
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
    assert (run(1, file.url, str(project.config)).returncode, file.heads(), file.tables()) == (9, ["a1"], ["t_a1"])
    assert all_at_once(3, file.url, str(project.config)).count(["a2", "a3"]) == 1
    assert (file.heads(), file.tables()) == (["a3"], ["half", "t_a1", "t_a3"])
