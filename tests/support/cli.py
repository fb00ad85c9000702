"""The command line in a test's hands: a folder, an environment, and what a command leaves there."""

import json
import os
import pty
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support import commands

REVGATE = (sys.executable, "-m", "revgate")
_OURS = ("REVGATE_", "DATABASE_", "ALEMBIC_", "PYACC_", "SQLALCHEMY_", "PG")
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}


@dataclass(frozen=True)
class Ended:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """The one line of a command that could not do its work."""
        assert self.code == 1, self
        assert self.out == "", self
        lines = self.err.splitlines()
        assert len(lines) == 1, self
        return lines[0]


@dataclass(frozen=True)
class Cli:
    """Runs `python -m revgate` in a folder: a forked one, or a program that is started as ever."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = ()

    def given(self, **environment: str) -> "Cli":
        return Cli(self.folder, {**self.environment, **environment}, self.program)

    def at(self, url: str) -> "Cli":
        return self.given(DATABASE_URL=url)

    def run(self, *words: str) -> Ended:
        environ = {**CLEAN, **self.environment}
        if not self.program:
            done = commands.run("revgate", *words, folder=self.folder, environ=environ)
        else:
            done = subprocess.run(
                [*self.program, *words],
                cwd=self.folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=commands.ENDS_WITHIN,
                check=False,
            )
        return Ended(done.returncode, done.stdout, done.stderr)

    def ok(self, *words: str) -> Ended:
        ended = self.run(*words)
        assert ended.code == 0, ended
        return ended

    def on_a_terminal(self, *words: str, columns: int = 80) -> str:
        """Return what a command shows on a terminal, with the codes that move the cursor."""
        main, side = pty.openpty()
        environment = {**CLEAN, **self.environment, "COLUMNS": str(columns)}
        os.set_blocking(main, True)
        _resize(side, columns)
        streams = (side, side, side)
        process = commands.start("revgate", *words, folder=self.folder, environ=environment, streams=streams)
        os.close(side)
        shown = _read_all(main)
        os.close(main)
        assert process.wait(commands.ENDS_WITHIN) == 0, shown
        return shown


def _resize(terminal: int, columns: int) -> None:
    subprocess.run(["stty", "cols", str(columns), "rows", "24"], stdin=terminal, check=True)


def _read_all(terminal: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so that the other side is closed
            part = b""
        if not part:
            return b"".join(parts).decode()
        parts.append(part)


def write_revision(versions: Path, name: str, text: str) -> Path:
    """Write a revision file as it is."""
    path = versions / f"{name}.py"
    path.write_text(text)
    return path
