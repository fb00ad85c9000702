"""Where the database is, and how it is connected to so that a failed revision leaves nothing behind.

Python's driver begins no transaction before DDL: a revision that fails half-way would keep its CREATE TABLE, and the
version row would say otherwise. So transactions are begun by us, and for writing with the write lock.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa

from revgate.migration.errors import MigrationError, Unreachable
from revgate.migration.output.wording import first_line

BEGIN: Final = "revgate_begin"
"""Execution option of a connection: the word after BEGIN; IMMEDIATE takes the write lock at once."""

_PATIENCE: Final = 5.0  # seconds that a statement waits for another process's transaction, at least
_DRIVER: Final = "sqlite+pysqlite"
_MEMORY: Final = (None, "", ":memory:")


@dataclass(frozen=True, slots=True)
class Address:
    """A file, or what a connection of the user's engine has in memory."""

    url: sa.URL
    shared: sqlite3.Connection | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """Return the file, as it was named."""
        return self.url.database or ":memory:"

    @property
    def file(self) -> Path | None:
        """Return the file, or None for a database in memory."""
        if self.shared is not None:
            _, _, opened = self.shared.execute("PRAGMA database_list").fetchone()
            return Path(opened) if opened else None
        if is_in_memory(self.url):
            return None
        name = self.url.database or ""
        return Path(unquote(urlsplit(name).path) if name.startswith("file:") else name)

    @property
    def is_missing(self) -> bool:
        """Say whether there is no file yet, in a folder that could hold it."""
        file = self.file
        return file is not None and not file.exists() and file.parent.is_dir()

    def dial(self, patience: float) -> sqlite3.Connection:
        """Connect, without transactions that the driver begins.

        Raises:
            sqlite3.Error: whatever the driver says.
        """
        if self.shared is not None:
            return self.shared
        (name,), options = self.url.get_dialect()().create_connect_args(self.url)
        given: dict[str, Any] = {**options, "timeout": max(patience, _PATIENCE), "isolation_level": None}
        connection: sqlite3.Connection = sqlite3.connect(name, **given)
        return connection


def is_in_memory(url: sa.URL) -> bool:
    """Say whether the database lives and dies with a connection."""
    return url.database in _MEMORY or (url.query.get("mode") == "memory" and url.query.get("cache") != "shared")


def blocking(url: sa.URL) -> sa.URL:
    """Return the URL for Python's own driver."""
    return url.set(drivername=_DRIVER)


def new_engine(address: Address, patience: float, echo: bool, execution: Mapping[str, Any]) -> sa.Engine:  # noqa: FBT001
    """Return an engine whose transactions begin when SQLAlchemy's do."""
    pool = sa.NullPool if address.shared is None else sa.StaticPool
    engine = sa.create_engine(
        address.url, creator=lambda: address.dial(patience), poolclass=pool, echo=echo
    ).execution_options(**execution)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        if not driver.in_transaction:  # of a database in memory there is one connection for all
            word = connection.get_execution_options().get(BEGIN, "")
            driver.execute(f"BEGIN {word}".rstrip())

    return engine


def refusal(address: Address, error: sqlite3.Error) -> MigrationError:
    """Return what a file that could not be opened means."""
    return Unreachable(
        f"Database file {address.place} could not be opened ({first_line(error)}): check that its folder exists and "
        "that this user may write there"
    )


def check_open(address: Address, patience: float) -> None:
    """Open the file once, and raise what is wrong with it.

    Raises:
        Unreachable: naming the file.
    """
    if address.shared is not None:
        return
    try:
        with closing(address.dial(patience)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.Error as error:
        raise refusal(address, error) from error
