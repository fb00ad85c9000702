"""Other tools for migrations: those that can be installed here, from their package registries, at fixed versions.

They live in .cache/bench, never in the development environment. A peer whose registry or whose tool chain (go, npm) is
not here is left out, with a line that says so.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from processes import ROOT, Database
from projects import created

CACHE = ROOT / ".cache/bench"
GOOSE, MIGRATE, DBMATE, DJANGO, YOYO = "v3.29.0", "v4.20.1", "2.36.0", "5.2.19", "9.0.0"
PSYCOPG = "psycopg[binary]==3.3.9"
# All of its drivers but PostgreSQL's: not every one of their modules can be had from every proxy
GOOSE_TAGS = (
    "no_clickhouse,no_duckdb,no_libsql,no_mssql,no_mysql,no_spanner,no_sqlite3,no_starrocks,no_turso,no_vertica,no_ydb"
)
SETTINGS = """import os
INSTALLED_APPS = ["app"]
DATABASES = {"default": {
    "ENGINE": "django.db.backends.postgresql", "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"],
    "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"], "PASSWORD": os.environ["PGPASSWORD"]}}
"""
OPERATION = """from django.db import migrations


class Migration(migrations.Migration):
    dependencies = {dependencies!r}
    operations = [migrations.RunSQL({up!r}, {down!r})]
"""


@dataclass(frozen=True)
class Peer:
    """One tool: the file that has to be there, how it gets there, and how it is told what to do."""

    name: str
    program: Path
    install: Sequence[Sequence[str]]
    write: Callable[[Path, int], None]
    words: Callable[[Database], Sequence[str]]
    most: int  # revisions that it can apply in the time of a benchmark

    def command(self, database: Database) -> list[str]:
        """Return what brings a database to the newest migration; it runs in the folder that was written."""
        return [str(self.program), *self.words(database)]


def installed() -> list[Peer]:
    """Return the peers that are here, or can be brought here."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return [peer for peer in PEERS if peer.program.exists() or _install(peer)]


def _install(peer: Peer) -> bool:
    print(f"Installing {peer.name} into {CACHE.relative_to(ROOT)}", file=sys.stderr)
    words = os.environ | {"GOPATH": str(CACHE / "go"), "GOBIN": str(CACHE / "bin"), "GOFLAGS": "-modcacherw"}
    for command in peer.install:
        if not shutil.which(command[0]):
            print(f"Left out: {peer.name}, for there is no {command[0]} here", file=sys.stderr)
            return False
        done = subprocess.run(command, env=words, cwd=CACHE, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"Left out: {peer.name}: {done.stderr.strip()[-300:]}", file=sys.stderr)
            return False
    return peer.program.exists()


def _goose(folder: Path, revisions: int) -> None:
    for at in range(1, revisions + 1):
        text = f"-- +goose Up\n{created(at)};\n-- +goose Down\nDROP TABLE t_{at};\n"
        (folder / f"{at:05}_t.sql").write_text(text)


def _migrate(folder: Path, revisions: int) -> None:
    for at in range(1, revisions + 1):
        (folder / f"{at:05}_t.up.sql").write_text(f"{created(at)};\n")
        (folder / f"{at:05}_t.down.sql").write_text(f"DROP TABLE t_{at};\n")


def _dbmate(folder: Path, revisions: int) -> None:
    for at in range(1, revisions + 1):
        (folder / f"{at:05}_t.sql").write_text(f"-- migrate:up\n{created(at)};\n-- migrate:down\nDROP TABLE t_{at};\n")


def _django(folder: Path, revisions: int) -> None:
    (folder / "app/migrations").mkdir(parents=True)
    (folder / "settings.py").write_text(SETTINGS)
    for package in ("app", "app/migrations"):
        (folder / package / "__init__.py").touch()
    for at in range(1, revisions + 1):
        dependencies = [("app", f"{at - 1:05}_t")] if at > 1 else []
        text = OPERATION.format(dependencies=dependencies, up=created(at), down=f"DROP TABLE t_{at}")
        (folder / f"app/migrations/{at:05}_t.py").write_text(text)


def _yoyo(folder: Path, revisions: int) -> None:
    for at in range(1, revisions + 1):
        depends = f"__depends__ = {{'{at - 1:05}_t'}}\n" if at > 1 else ""
        text = f"from yoyo import step\n{depends}steps = [step({created(at)!r}, 'DROP TABLE t_{at}')]\n"
        (folder / f"{at:05}_t.py").write_text(text)


def _plain(database: Database) -> str:
    return f"{database.url}?sslmode=disable"


def _venv(*packages: str) -> Sequence[Sequence[str]]:
    pip = [str(CACHE / "venv/bin/pip"), "install", "--quiet", "--disable-pip-version-check", PSYCOPG, *packages]
    return ([sys.executable, "-m", "venv", str(CACHE / "venv")], pip)


PEERS = (
    Peer(
        f"goose {GOOSE}",
        CACHE / "bin/goose",
        [["go", "install", "-tags", GOOSE_TAGS, f"github.com/pressly/goose/v3/cmd/goose@{GOOSE}"]],
        _goose,
        lambda db: ["-dir", ".", "postgres", _plain(db), "up"],
        5000,
    ),
    Peer(
        f"golang-migrate {MIGRATE}",
        CACHE / "bin/migrate",
        [["go", "install", "-tags", "postgres", f"github.com/golang-migrate/migrate/v4/cmd/migrate@{MIGRATE}"]],
        _migrate,
        lambda db: ["-path", ".", "-database", _plain(db), "up"],
        1000,
    ),
    Peer(
        f"dbmate {DBMATE}",
        CACHE / "node_modules/@dbmate/linux-x64/bin/dbmate",
        [["npm", "install", "--silent", "--prefix", ".", f"dbmate@{DBMATE}"]],
        _dbmate,
        lambda db: ["--url", _plain(db), "--migrations-dir", ".", "--no-dump-schema", "migrate"],
        5000,
    ),
    Peer(
        f"Django {DJANGO}",
        CACHE / "venv/bin/django-admin",
        _venv(f"django=={DJANGO}"),
        _django,
        lambda _: ["migrate", "--pythonpath", ".", "--settings", "settings", "--verbosity", "0"],
        5000,
    ),
    Peer(
        f"yoyo {YOYO}",
        CACHE / "venv/bin/yoyo",
        _venv(f"yoyo-migrations=={YOYO}", "setuptools<81"),
        _yoyo,
        lambda db: ["apply", "--no-config-file", "--batch", "--database", db.sqlalchemy_url, "."],
        100,
    ),
)
