"""`python -m revgate` and `python -m alembic` as a person starts them, in a fraction of the time.

Most are forked from a process that has imported what they will. They go through the same code from `__main__` on, with
real words, environment, folder, streams, signals and exit code. Cold ones, started as ever, prove that the start works.
"""

import multiprocessing
import multiprocessing.connection
import os
import pkgutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import IO, Any

import revgate
from support import warm

ENDS_WITHIN = 120.0  # seconds
LIBRARIES = (
    "alembic.autogenerate",
    "alembic.config",
    "asyncpg",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
)
NOT_IMPORTED = ("__main__", "control", "migrations", "webhook")
"""The start itself, what is Alembic's to run, and what has frameworks of its own."""

AT_THE_START = ("LANG", "LC_", "PYTHON", "TZ")  # what Python reads of its environment once
BUT = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONUNBUFFERED")  # which a fork reads
_lock = threading.Lock()  # whoever starts a process asks about all others, and each tells its end only once
_forks = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Forked:
    """A process with the interface of subprocess.Popen that tests use."""

    process: BaseProcess

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def poll(self) -> int | None:
        with _lock:
            return self.process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit code.

        Raises:
            subprocess.TimeoutExpired: after so many seconds.
        """
        multiprocessing.connection.wait([self.process.sentinel], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.process.kill()


Started = Forked | subprocess.Popen[bytes]


def start(
    module: str,
    *words: str,
    folder: Path,
    environ: Mapping[str, str],
    streams: tuple[int, int, int],
    cold: bool = False,
) -> Started:
    """Start `python -m MODULE WORD...` in a folder, with nothing else in its environment, and return at once.

    It may be the path of a script of Python instead of a module.

    Streams are the descriptors of its input, output and errors. Python is started for it when it has to be `cold`, and
    when the environment has more to say to Python than that of the tests has.
    """
    if cold or not can_fork(environ):
        stdin, stdout, stderr = streams
        command = [sys.executable, *([module] if os.sep in module else ["-m", module]), *words]
        return subprocess.Popen(command, cwd=folder, env=environ, stdin=stdin, stdout=stdout, stderr=stderr)
    sent = warm.Command(module, words, str(folder), dict(environ), tuple(map(warm.Stream, streams)))
    process = _forks.Process(target=warm.become, args=(sent,), daemon=True)
    with _lock:
        process.start()
    return Forked(process)


def run(
    module: str, *words: str, folder: Path, environ: Mapping[str, str], cold: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Run it to its end, whatever the end is, and return what it printed."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = start_into(out, err, module, *words, folder=folder, environ=environ, cold=cold)
        try:
            code = process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return subprocess.CompletedProcess([module, *words], code, _read(out), _read(err))


def start_into(out: IO[str], err: IO[str], module: str, *words: str, **how: Any) -> Started:
    """Start it with nothing to read, and with files to write to."""
    with Path(os.devnull).open() as nothing:
        return start(module, *words, streams=(nothing.fileno(), out.fileno(), err.fileno()), **how)


def _read(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def can_fork(environ: Mapping[str, str]) -> bool:
    """Whether Python reads nothing else at its start than it has read for the tests."""
    with _lock:
        return _at_the_start(environ) == _warm_up()


def _at_the_start(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith(AT_THE_START) and name not in BUT}


@cache
def _warm_up() -> dict[str, str]:
    """Start the process to fork from, and return what Python has read of its environment."""
    read = _at_the_start(os.environ)
    with _path_in_environment():
        _forks.set_forkserver_preload([warm.__name__, *LIBRARIES, *_modules()])
        forkserver.ensure_running()
    return read


def _modules() -> list[str]:
    found = (module.name for module in pkgutil.walk_packages(revgate.__path__, f"{revgate.__name__}."))
    return [name for name in found if name.split(".")[1] not in NOT_IMPORTED]


@contextmanager
def _path_in_environment() -> Iterator[None]:
    """Tell the process to fork from where these modules are: Python 3.11 does not."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (warm.TESTS, before)))
    try:
        yield
    finally:
        os.environ.pop("PYTHONPATH")
        os.environ.update({} if before is None else {"PYTHONPATH": before})
