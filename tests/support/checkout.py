"""A copy of what migrating needs of the checkout, for tests that do what writes into it."""

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.script import Script, ScriptDirectory

from support.ledger import REPOSITORY, URL_VARIABLES, config, snapshot
from support.servers import Server
from support.shims import programs

PARTS = ("Makefile", "pyproject.toml", "migrations", "docs/alembic-pyproject.md")
VENV = Path(sys.executable).parents[1]
# What an outer make or a person's shell would tell the inner one.
NOT_INHERITED = (
    *URL_VARIABLES,
    "ALEMBIC_CONFIG",
    "CONFIRM",
    "MSG",
    "MAKEFLAGS",
    "MFLAGS",
    "MAKELEVEL",
    "MAKEOVERRIDES",
)

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Checkout:
    """The copy, the environment of the programs that run in it, and the database that is theirs."""

    folder: Path
    url: str = field(repr=False)  # for us
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    def with_environ(self, **environ: str) -> "Checkout":
        return replace(self, environ={**self.environ, **environ})

    def without_url(self) -> "Checkout":
        return replace(self, environ={})

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    @property
    def engine(self) -> sa.Engine:
        return sa.create_engine(self.url, poolclass=sa.NullPool)

    @property
    def schema(self) -> list[tuple]:
        return snapshot(self.engine)

    def execute(self, *statements: str) -> list[tuple]:
        """Run statements, each committed by itself; return the rows of the last."""
        rows = []
        for statement in statements:
            with self.engine.begin() as connection:
                done = connection.exec_driver_sql(statement)
                rows = [tuple(row) for row in done] if done.returns_rows else []
        return rows

    def upgrade(self) -> list[tuple]:
        """Bring the database to the newest bundled revision, in this process; return its schema."""
        with self.engine.connect() as connection:
            command.upgrade(config(connection), "0008")
        return self.schema

    @property
    def newest(self) -> Script:
        """The newest revision of the copy."""
        scripts = ScriptDirectory(self.folder / "migrations")
        return scripts.get_revision(scripts.get_current_head())

    @property
    def versions(self) -> set[str]:
        return {file.name for file in (self.folder / "migrations/versions").glob("*.py")}

    def make(self, *arguments: str) -> Done:
        return self.run("make", f"VENV={programs().parent}", *arguments)

    def alembic(self, *arguments: str) -> Done:
        return self.run(str(programs() / "alembic"), *arguments)

    def run(self, *command: str) -> Done:
        return subprocess.run(command, stdin=subprocess.DEVNULL, check=False, timeout=120, **self._how())

    def make_answering(self, answer: str, *arguments: str) -> Done:
        """Run make in a terminal, where a person types the answer."""
        ours, theirs = pty.openpty()
        try:
            os.write(ours, answer.encode())
            command = ["make", f"VENV={programs().parent}", *arguments]
            return subprocess.run(command, stdin=theirs, check=False, timeout=120, **self._how())
        finally:
            os.close(ours)
            os.close(theirs)

    def _how(self) -> dict:
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        environ = {**inherited, "PYTHONDONTWRITEBYTECODE": "1", **self.environ}
        return {"cwd": self.folder, "env": environ, "capture_output": True, "text": True}


@contextmanager
def checkout_on_sqlite(folder: Path) -> Iterator[Checkout]:
    """Make a copy whose programs are told of a file in it, as an async app would name it."""
    _copy(folder)
    yield Checkout(folder, f"sqlite:///{folder}/books.db", {"DATABASE_URL": "sqlite+aiosqlite:///books.db"})


@contextmanager
def checkout_on_postgresql(folder: Path, server: Server) -> Iterator[Checkout]:
    """Make a copy whose programs are told of a new database, as an async app would name it."""
    _copy(folder)
    server.start()
    database = server.new_database()
    try:
        asynchronous = database.url.replace("postgresql://", "postgresql+asyncpg://")
        yield Checkout(folder, database.sqlalchemy_url, {"DATABASE_URL": asynchronous})
    finally:
        server.drop_database(database)


def _copy(folder: Path) -> None:
    for part in PARTS:
        source, target = REPOSITORY / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
