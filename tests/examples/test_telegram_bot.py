"""The Telegram bot against a Bot API server on this machine: its start, /status, and its end.

aiogram and the operator's Kubernetes client want different versions of pydantic: the bot has its packages in a folder
of its own, before those of the tests.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from examples.place import Place, Postgresql
from examples.process import EXAMPLES, Started, started
from examples.telegram import Telegram, serving

FOLDER = EXAMPLES / "telegram_bot"
TOKEN = "42:TEST-" + "x" * 28


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install what the example's requirements.txt names, but for what is tested here."""
    folder = tmp_path_factory.mktemp("packages")
    wanted = [line for line in (FOLDER / "requirements.txt").read_text().split() if not line.startswith("revgate")]
    uv = Path(sys.executable).parent / "uv"
    command = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--compile-bytecode",
        "--python",
        sys.executable,
        "--target",
        folder,
        *wanted,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    with serving(TOKEN) as made:
        yield made


@contextmanager
def bot(folder: Path, packages: Path, place: Place, telegram: Telegram) -> Iterator[Started]:
    before = f"{packages}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    variables = {"BOT_TOKEN": TOKEN, "TELEGRAM_API_SERVER": telegram.address, "PYTHONPATH": before}
    with started(folder / "log", FOLDER, "python", "main.py", DATABASE_URL=place.async_url, **variables) as process:
        yield process


def test_it_migrates_listens_answers_and_goes(place: Place, telegram: Telegram, packages: Path, tmp_path: Path) -> None:
    telegram.writes("/status")
    with bot(tmp_path, packages, place, telegram) as process:
        assert telegram.answer() == "Schema: 0008\nExpected: 0008\nPending: 0"
        place.query("UPDATE alembic_version SET version_num = '0005'")
        telegram.writes("/status")
        assert telegram.answer() == "Schema: 0005\nExpected: 0008\nPending: 3"
        assert process.stop() == 0
        assert TOKEN not in process.output


def test_it_answers_also_while_the_database_is_away(
    postgresql: Postgresql, telegram: Telegram, packages: Path, tmp_path: Path
) -> None:
    with bot(tmp_path, packages, postgresql, telegram) as process:
        process.says("Run polling")
        with postgresql.away():
            telegram.writes("/status")
            assert telegram.answer() == "The database could not be asked"
        telegram.writes("/status")
        assert telegram.answer().startswith("Schema: 0008")


def test_it_asks_telegram_for_nothing_on_a_schema_that_could_not_be_migrated(
    postgresql: Postgresql, telegram: Telegram, packages: Path, tmp_path: Path
) -> None:
    postgresql.query("CREATE TABLE accounts (mine integer)")
    with bot(tmp_path, packages, postgresql, telegram) as process:
        assert process.ends() == 1
    assert "already exists" in process.output
    assert "getUpdates" not in [method for method, _ in telegram.asked]
