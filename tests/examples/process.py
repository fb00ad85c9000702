"""The examples as a user runs them: processes of their own, in the example's folder, with the user's environment."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.shims import programs
from support.waiting import eventually

EXAMPLES = Path(__file__).parents[2] / "examples"
WITHIN = 60  # seconds; other test runs are beside us
_OURS = ("PYACC_", "REVGATE_", "DATABASE_", "SQLALCHEMY_", "ALEMBIC_", "PG")


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a shell in which `python` is this one and no database is named yet."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    path = f"{programs()}:{Path(sys.executable).parent}:{clean['PATH']}"
    return {**clean, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", **variables}


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder to its end, whatever the end is."""
    return subprocess.run(
        words, cwd=folder, env=environment(**variables), capture_output=True, text=True, check=False, timeout=WITHIN
    )


def succeed(folder: Path, *words: str, **variables: str) -> str:
    """Run a command that has to succeed and return what it printed."""
    done = run(folder, *words, **variables)
    assert done.returncode == 0, f"{words} exited with {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def shown(folder: Path, command: str, **variables: str) -> str:
    """Return what a shell's window shows after a command, whatever its end is."""
    words = ("bash", "-c", f"exec 2>&1; {command}")
    return run(folder, *words, **variables).stdout


@dataclass(frozen=True)
class Started:
    """A process that goes on until it is told to stop."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text()

    def says(self, pattern: str) -> re.Match[str]:
        """Wait until the output matches; a process that ended says nothing more."""

        def look() -> re.Match[str] | None:
            ended = self.process.poll() is not None
            found = re.search(pattern, self.output)
            assert found or not ended, (
                f"It ended with {self.process.returncode} and never said {pattern}\n{self.output}"
            )
            return found

        found = eventually(f"It said {pattern}", look, WITHIN, lambda: self.output)
        assert found is not None
        return found

    def stop(self) -> int:
        """Send SIGTERM, as Docker and Kubernetes do, and return how it ended."""
        self.process.send_signal(signal.SIGTERM)
        return self.ends()

    def ends(self) -> int:
        """Wait for the end."""
        try:
            return self.process.wait(WITHIN)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"It did not end:\n{self.output}") from error


@contextmanager
def started(log: Path, folder: Path, *words: str, **variables: str) -> Iterator[Started]:
    """Start a process whose output goes to the log; it ends with the block at the latest."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            words, cwd=folder, env=environment(**variables), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield Started(process, log)
    finally:
        process.kill()
        process.wait()


def transcript(example: str, language: str = "console") -> list[tuple[str, str]]:
    """Return the commands of an example's README, each with the output that the README shows below it."""
    text = (EXAMPLES / example / "README.md").read_text()
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    steps = [step for block in blocks for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(command, output) for command, _, output in (step.partition("\n") for step in steps)]
