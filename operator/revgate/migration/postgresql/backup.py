"""A backup of PostgreSQL: pg_dump's custom format, of which pg_restore can bring back all or one table."""

import os
import shlex
import signal
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import psycopg
import sqlalchemy as sa
from psycopg import pq
from psycopg.conninfo import make_conninfo

from revgate.migration.backups.backup import Copied
from revgate.migration.backups.failed import BackupFailed
from revgate.migration.backups.tools import LOCK_WAIT, Tools, find_tools, refuse_older, said
from revgate.migration.failures import Flight, meaning_of
from revgate.migration.postgresql.address import Address, for_psycopg
from revgate.migration.postgresql.connect import connect
from revgate.migration.postgresql.pooler import is_pooled
from revgate.migration.postgresql.session import application_name, first_value

_LSN: Final = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END"
_SECRET: Final = ("password", "sslpassword")
_NOT_FOR_DUMPS: Final = ("client_encoding",)  # a dump is in the encoding of its database
UNKNOWN_TO_OLDER: Final = "transaction_timeout"
"""What pg_restore sets first since its version 17, and an older server refuses."""
_NEW_SINCE: Final = 17
_OURS: Final = ("application_name", "connect_timeout", "tcp_user_timeout")  # and what begins with keepalives


@dataclass(frozen=True, slots=True)
class PostgresSource:
    """One database of a server."""

    address: Address

    @property
    def place(self) -> str:
        """Return HOST:PORT/NAME, as libpq finds them; of several hosts all."""
        args = self.address.connect_args("")
        words = {key: args.get(key) or os.environ.get(f"PG{key.upper()}") for key in ("host", "port", "user")}
        name = args.get("dbname") or os.environ.get("PGDATABASE") or words["user"]
        return f"{words['host'] or 'localhost'}:{words['port'] or 5432}/{name}"

    @property
    def stem(self) -> str:
        """Return the database's name."""
        return self.place.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """Return how a dump's name ends."""
        return ".dump"

    def check(self) -> None:
        """Raise BackupFailed without the programs for it."""
        find_tools()

    def copy(self, file: BinaryIO) -> Copied:
        """Dump the database into the file.

        Raises:
            MigrationError: see Source.
        """
        tools = find_tools()
        with closing(connect(self.address, application_name("", "backup"))) as connection:
            try:
                copied = self._ask(connection, tools)
            except psycopg.Error as error:
                raise meaning_of(error, Flight()) from error
        self._dump(tools, file)
        self._verify(tools, Path(file.name))
        return copied

    def restore_commands(self, path: Path, copied: Copied) -> tuple[str, ...]:
        """Return what brings the dump back as another database, so that nothing is overwritten."""
        restored = f"{self.stem}_restored"
        server = {key: value for key, value in self._arguments().items() if not _is_ours(key)}
        maintenance = f"--maintenance-db={make_conninfo(**{**server, 'dbname': 'postgres'})}"
        target = f"--dbname={make_conninfo(**{**server, 'dbname': restored})}"
        return (
            shlex.join(["createdb", maintenance, "--template=template0", restored]),
            _without(copied.unknown, target, path)
            if copied.unknown
            else shlex.join(["pg_restore", target, "--exit-on-error", str(path)]),
        )

    def _ask(self, connection: psycopg.Connection, tools: Tools) -> Copied:
        self._refuse_pooler(connection)
        major, minor = divmod(connection.info.server_version, 10000)
        refuse_older(tools, major)
        unknown = UNKNOWN_TO_OLDER if tools.major >= _NEW_SINCE > major else ""
        return Copied(f"PostgreSQL {major}.{minor}", str(first_value(connection, _LSN)), unknown)

    def _refuse_pooler(self, connection: psycopg.Connection) -> None:
        if is_pooled(connection):
            raise BackupFailed(
                f"Backup of {self.place} would go through a connection pooler, whose sessions pg_dump leaves without "
                "search_path for others: give the URL of the PostgreSQL server itself"
            )

    def _dump(self, tools: Tools, file: BinaryIO) -> None:
        where = f"--dbname={make_conninfo(**self._arguments())}"
        options = ("--format=custom", "--compress=1", "--no-password", f"--lock-wait-timeout={LOCK_WAIT * 1000}")
        done = subprocess.run(
            [tools.dump, *options, where],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.PIPE,
            env=self._environment(),
        )
        if done.returncode < 0:
            raise BackupFailed(f"Backup of {self.place} failed: pg_dump was ended by {_signal(-done.returncode)}")
        if done.returncode:
            raise BackupFailed(f"Backup of {self.place} failed: {said(done.stderr.decode(errors='replace'))}")

    def _verify(self, tools: Tools, path: Path) -> None:
        if not path.stat().st_size:
            raise BackupFailed(f"Backup of {self.place} failed: pg_dump wrote nothing and said that it was done")
        listed = subprocess.run(
            [tools.restore, "--list", str(path)], check=False, capture_output=True, env=self._environment()
        )
        if listed.returncode:
            why = said(listed.stderr.decode(errors="replace"))
            raise BackupFailed(f"Backup of {self.place} was written, and pg_restore cannot read it: {why}")

    def _arguments(self) -> dict[str, str]:
        """Return libpq's keywords, but what is secret: everybody on the machine sees the arguments of a program."""
        known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - {*_SECRET, *_NOT_FOR_DUMPS}
        given = self.address.connect_args(application_name("", "backup"))
        if given.get("sslpassword"):
            raise BackupFailed(
                f"Backup of {self.place} has no way to hand pg_dump the sslpassword unseen: use a key without one"
            )
        return {key: str(value) for key, value in given.items() if key in known}

    def _environment(self) -> dict[str, str]:
        """Return the environment of the programs: only their user and root can see it."""
        password = self.address.connect_args("").get("password")
        ours = {key: value for key, value in os.environ.items() if key != "PGCLIENTENCODING"}
        return {**ours, "LC_ALL": "C", **({"PGPASSWORD": str(password)} if password else {})}


def source_of_url(url: sa.URL) -> PostgresSource:
    """Return the database of a URL for any driver."""
    url = for_psycopg(url)
    return PostgresSource(Address(url.render_as_string(hide_password=False), url))


def _without(setting: str, target: str, path: Path) -> str:
    """Return the command that restores a dump without a setting at its beginning, and fails where pg_restore does."""
    broken = "printf '\\n\\\\.\\npg_restore failed'"  # ends the rows that psql may be in the middle of, and is no SQL
    script = f"{{ {shlex.join(['pg_restore', '--file=-', str(path)])} || {broken}; }}"
    psql = ["psql", target, "--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1"]
    return f"{script} | sed '1,30{{/^SET {setting} /d;}}' | {shlex.join(psql)}"


def _is_ours(keyword: str) -> bool:
    return keyword in _OURS or keyword.startswith("keepalives")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
