"""Watching a run statement by statement: which tables it locks and rewrites, and for how long it works.

Asked in the same session right after each statement, below SQLAlchemy: what a transaction has locked stays locked to
its end, and so what is new was taken by the last statement. Outside a transaction the locks are gone by then.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

import sqlalchemy as sa

from revgate.migration.database import Database, Sessions, Visit
from revgate.migration.rehearsal.result import EXCLUSIVE, MODES, Statement, Table, Touched

_LOCKS: Final = (
    "SELECT relation::bigint, mode FROM pg_catalog.pg_locks WHERE locktype = 'relation' AND granted "
    "AND pid = pg_catalog.pg_backend_pid() AND database = "
    "(SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
)
_FILES: Final = "SELECT oid::bigint, relfilenode::bigint FROM pg_catalog.pg_class WHERE oid::bigint = ANY(%s)"
_MOST: Final = 200  # characters of a statement
_LONG: Final = 0.1  # seconds
_ONLY_READS: Final = ("SELECT", "SHOW", "SET", "RESET")
_NAMES: Final = {mode.title().replace(" ", "") + "Lock": mode for mode in MODES}

Held = frozenset[tuple[int, str]]
"""What a session has locked: the table's oid, and the mode as pg_locks calls it."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table that was there before the run."""

    table: Table
    file: int  # its relfilenode, 0 for one without a file


@dataclass(slots=True)
class Tracer:
    """Notes what each statement of a revision does to the tables that were there before.

    Args:
        relations: these tables, by oid.
        rows: how many rows the real ones have.
        redact: takes the secrets out of a statement.
    """

    relations: Mapping[int, Relation]
    rows: Mapping[Table, int | None]
    redact: Callable[[str], str]
    statements: dict[str, list[Statement]] = field(default_factory=dict)  # by revision, in the order that they began
    revision: str = ""  # in flight, "" between two
    held: Held = frozenset()
    files: dict[int, int] = field(default_factory=dict)
    began: float = 0.0

    def begin(self, revision: str) -> None:
        """Note that the statements from now on are those of this revision."""
        self.revision = revision
        self.statements.setdefault(revision, [])

    def end(self, _revision: str) -> None:
        """Note that the revision is committed."""
        self.revision = ""

    def listen(self, engine: sa.Engine) -> None:
        """Listen to the connections of an engine of psycopg."""
        listen = sa.event.listen
        listen(engine, "before_cursor_execute", self._before)
        listen(engine, "after_cursor_execute", self._after)
        listen(engine, "handle_error", self._failed)
        listen(engine, "commit", self._ended)
        listen(engine, "rollback", self._ended)

    def _before(self, *_: object) -> None:
        self.began = monotonic()

    def _after(self, connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        seconds = monotonic() - self.began
        if not self.revision:
            return
        driver: Any = connection.connection.dbapi_connection
        in_transaction, only_reads = not driver.autocommit, statement.lstrip().upper().startswith(_ONLY_READS)
        if only_reads and (not in_transaction or statement.lstrip().upper().startswith("SET")):
            touched: tuple[Touched, ...] = ()  # SET TRANSACTION would not follow a question of ours
        else:
            touched = self._touched(driver, in_transaction=in_transaction)
        if touched or seconds >= _LONG or not (in_transaction or only_reads):
            self._note(Statement(self._head(statement), seconds, touched, in_transaction))

    def _failed(self, context: sa.engine.ExceptionContext) -> None:
        if self.revision and context.statement:
            self._note(Statement(self._head(context.statement), monotonic() - self.began, failed=True))

    def _ended(self, _connection: object) -> None:
        self.held = frozenset()

    def _note(self, statement: Statement) -> None:
        self.statements[self.revision].append(statement)

    def _head(self, statement: str) -> str:
        plain = self.redact(statement).replace("%%", "%")  # which a driver with %s for parameters wants twice
        text = " ".join(self.redact(plain).split())  # before it is cut: half a password is none to the redactor
        return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"

    def _touched(self, driver: Any, *, in_transaction: bool) -> tuple[Touched, ...]:
        held: Held = frozenset(map(tuple, _ask(driver, _LOCKS))) if in_transaction else frozenset()
        before, now = self._modes(self.held), self._modes(held)
        exclusive = [oid for oid, mode in now.items() if mode == EXCLUSIVE]
        rewritten = self._rewritten(driver, exclusive if in_transaction else list(self.relations))
        self.held = held
        told = {oid for oid, mode in now.items() if mode != before.get(oid)} | rewritten
        return tuple(
            Touched(table, now.get(oid, ""), oid in rewritten, self.rows.get(table))
            for table, oid in sorted((self.relations[oid].table, oid) for oid in told)
        )

    def _modes(self, locks: Held) -> dict[int, str]:
        """Return the strongest of these locks on each table that was there before."""
        found: dict[int, str] = {}
        for oid, mode in locks:
            name = _NAMES.get(mode, "")
            if oid in self.relations and name:
                found[oid] = max(found.get(oid, name), name, key=MODES.index)
        return found

    def _rewritten(self, driver: Any, oids: list[int]) -> set[int]:
        """Return which of these tables have another file than they had."""
        if not oids:
            return set()
        now = dict(map(tuple, _ask(driver, _FILES, (oids,))))
        changed = {oid for oid in oids if oid in now and now[oid] != self.files.get(oid, self.relations[oid].file)}
        self.files.update({oid: now[oid] for oid in changed})
        return changed


@dataclass(frozen=True, slots=True)
class Traced:
    """A database whose runs are watched. See Database."""

    database: Database
    tracer: Tracer

    @property
    def place(self) -> str:
        """Return the database's."""
        return self.database.place

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the database's."""
        return self.database.secrets

    def url(self) -> sa.URL:
        """Return the database's."""
        return self.database.url()

    def open(self, visit: Visit) -> AbstractContextManager[Sessions]:
        """Open its sessions, and listen to those that run revisions."""
        return self._open(visit)

    @contextmanager
    def _open(self, visit: Visit) -> Iterator[Sessions]:
        with self.database.open(visit) as sessions:
            self.tracer.listen(sessions.engine)
            yield sessions


def _ask(driver: Any, query: str, values: tuple[Any, ...] | None = None) -> list[Any]:
    with driver.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[Any] = cursor.fetchall()
        return rows
