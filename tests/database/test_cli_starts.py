"""Each verb by a start of Python, as a user's: it ends as the fork does by which other tests run it."""

import re
import shutil
from pathlib import Path

import pytest

from database.projects.project import make_project
from revgate.cli.verbs import VERBS
from support import commands
from support.cli import CLEAN

STARTS = {
    "upgrade": ("a2",),
    "downgrade": ("a1",),
    "current": ("--json",),
    "pending": ("--json",),
    "history": ("--json",),
    "plan": (),
    "lint": (),
    "rehearse": ("--on", "NOWHERE"),
    "stamp": ("a2",),
    "backup": (),
    "doctor": (),
    "check": (),
    "graph": (),
    "create": ("-m", "Add accounts"),
    "init": ("other",),
    "index": (),
    "job": (),
    "wait": ("--requires", "a1", "--timeout", "1s"),
    "operator": (),
    "webhook": ("--help",),
    "completion": ("bash",),
}
TIMES = re.compile(r"[0-9a-f]*\d[0-9a-f.:]*")  # moments, durations, what they are part of


def ended(folder: Path, *words: str, cold: bool) -> tuple[int, str, str, list[str]]:
    """Run a verb in a copy of the project, and return all that it leaves, but for times."""
    copy = folder.parent / f"cold-{cold}" / "shop"
    shutil.copytree(folder, copy)
    environ = {**CLEAN, "DATABASE_URL": "sqlite:///shop.db", "REVGATE_DATABASE_URL": "sqlite:///shop.db"}
    done = commands.run("revgate", *words, folder=copy, environ=environ, cold=cold)
    files = sorted(TIMES.sub("#", str(path.relative_to(copy))) for path in copy.rglob("*") if path.is_file())
    out, err = (TIMES.sub("#", text.replace(str(copy), "")) for text in (done.stdout, done.stderr))
    return done.returncode, out, err, files


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a database that is at its first revision."""
    folder = make_project(tmp_path_factory.mktemp("starts") / "shop").chain("a1", "a2", "a3").folder
    (folder / "migrations" / "script.py.mako").write_text("revision = ${repr(up_revision)}\n")
    environ = {**CLEAN, "DATABASE_URL": "sqlite:///shop.db"}
    assert commands.run("revgate", "upgrade", "a1", folder=folder, environ=environ).returncode == 0
    return folder


@pytest.mark.parametrize("verb", VERBS)
def test_a_start_of_python_ends_as_a_fork_does(shop: Path, tmp_path: Path, verb: str) -> None:
    folder = shutil.copytree(shop, tmp_path / "shop")
    cold = ended(folder, verb, *STARTS[verb], cold=True)
    assert "Traceback" not in cold[2], cold
    assert cold == ended(folder, verb, *STARTS[verb], cold=False)


def test_what_env_py_leaves_open_is_written_at_the_end(shop: Path, tmp_path: Path) -> None:
    """Python alone loses it: the file is in a cycle that its collector has not searched before the end."""
    folder = shutil.copytree(shop, tmp_path / "shop")
    env = folder / "migrations" / "env.py"
    audit = "audit = open('audit.txt', 'w')\naudit.write('begun')\ndef has(): return audit\n"
    env.write_text(audit + env.read_text())
    environ = {**CLEAN, "DATABASE_URL": "sqlite:///shop.db"}
    assert commands.run("revgate", "upgrade", folder=folder, environ=environ, cold=True).returncode == 0
    assert (folder / "audit.txt").read_text() == "begun"
