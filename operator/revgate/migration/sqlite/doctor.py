"""What would trouble a migration of SQLite, by one question each; see `migration.doctor`."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from revgate.contract import names
from revgate.migration.database import Sessions
from revgate.migration.doctor import (
    VISIT,
    Check,
    check_revisions,
    check_scripts,
    check_version_table,
    ok,
    problem,
    warning,
)
from revgate.migration.history import History
from revgate.migration.look import Project
from revgate.migration.output.wording import first_line
from revgate.migration.sqlite.ledger import table_exists
from revgate.migration.sqlite.sessions import SQLite, SqliteSessions

_OLDEST: Final = (3, 24, 0)  # the first with INSERT ... ON CONFLICT, which writes the ledger
_OTHER_TABLES: Final = (
    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' "
    "AND name NOT IN (?, ?)"
)


def examine(database: SQLite, look: Callable[[Sessions], Project | Check]) -> Iterator[Check]:
    """Yield the checks of one database; a file that does not exist is not made.

    Raises:
        MigrationError: if the file could not be opened.
    """
    yield check_library(sqlite3.sqlite_version_info)
    file = check_file(database.address.file)
    yield file
    if database.address.file is None or not database.address.file.is_file():
        return
    with database.open(VISIT) as sessions:
        yield check_writes(sessions.control)
        yield check_journal(sessions.control)
        yield check_foreign_keys(sessions.control)
        found = look(sessions)
        yield found if isinstance(found, Check) else check_scripts(found)
        if isinstance(found, Project):
            yield check_table(sessions.control, found.history)
            yield check_ledger(sessions, found.history)
            yield check_revisions(sessions, found)


def check_library(version: tuple[int, ...]) -> Check:
    """Say whether this Python's SQLite can do what the ledger needs."""
    shown = ".".join(map(str, version))
    if version < _OLDEST:
        least = ".".join(map(str, _OLDEST))
        return problem("server", f"SQLite {shown} is too old to keep a ledger: use a Python with {least} or newer")
    return ok("server", f"SQLite {shown}")


def check_file(file: Path | None) -> Check:
    """Say whether the file is there, or can be made."""
    if file is None:
        return problem("file", "A database in memory is gone with this command: name a file, as in sqlite:///app.db")
    if file.is_file():
        return ok("file", f"{file} has {file.stat().st_size} bytes")
    if file.exists():
        return problem("file", f"{file} is no file: name one in the URL")
    if not file.parent.is_dir():
        return problem("file", f"Folder {file.parent} does not exist: create it, or mend the path in the URL")
    if not os.access(file.parent, os.W_OK):
        return problem("file", f"{file} does not exist, and this user may not write to {file.parent}")
    return warning("file", f"{file} does not exist: the first upgrade makes it, if that is the path that you mean")


def check_writes(connection: sqlite3.Connection) -> Check:
    """Say whether the file takes writes, by a transaction that changes nothing and is rolled back."""
    try:
        connection.execute("BEGIN IMMEDIATE")  # granted for a file that can only be read, too
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute(f"PRAGMA user_version = {version}")
    except sqlite3.OperationalError as error:
        return problem(
            "writes",
            f"File takes no writes ({first_line(error)}): end who holds it, or let this user write to it, to its "
            "folder, and not by a URL with mode=ro",
        )
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return ok("writes", "File takes writes")


def check_journal(connection: sqlite3.Connection) -> Check:
    """Say what a migration means to those who read meanwhile."""
    mode: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
    if mode == "wal":
        return ok("journal", "Journal mode is wal: readers go on while a revision writes")
    return ok("journal", f"Journal mode is {mode}: readers wait while a revision writes; wal would let them go on")


def check_foreign_keys(connection: sqlite3.Connection) -> Check:
    """Say whether rows point to nothing: a table that a revision copies must not lose or keep them by surprise."""
    enforced = connection.execute("PRAGMA foreign_keys").fetchone()[0]
    broken = connection.execute("PRAGMA foreign_key_check").fetchmany(1)
    if broken:
        table, _, parent, _ = broken[0]
        return warning(
            "foreign keys",
            f"Table {table} has rows that point to no row of {parent}: PRAGMA foreign_key_check lists them all",
        )
    what = "enforced" if enforced else "not enforced, as batch operations need"
    return ok("foreign keys", f"No row points to nothing; while revisions run, foreign keys are {what}")


def check_table(connection: sqlite3.Connection, history: History) -> Check:
    """Say whether the version table is there."""
    others = connection.execute(_OTHER_TABLES, (history.table, names.LEDGER_TABLE_BESIDE)).fetchone()[0]
    return check_version_table(history, exists=table_exists(connection, history.table), others=others)


def check_ledger(sessions: SqliteSessions, history: History) -> Check:
    """Say whether the ledger is there and can be read."""
    ledger = sessions.ledger(history)
    if ledger is None:
        return ok("ledger", "No ledger is there yet: the first upgrade makes it")
    return ok("ledger", f"{ledger.name} has {len(ledger.edges())} revisions of this history")
