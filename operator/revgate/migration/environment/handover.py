"""What env.py did on its connection, done on ours: we run the revisions on a connection of our own.

env.py gets a connection, or makes one, and may set a search_path or a role on it, or create a schema, before it runs
the migrations. What it made is committed, so that ours sees it; what it set is set on ours. Its own transaction
handling then cannot undo or cut through the transactions of the revisions.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from revgate.migration.output.log import get_logger

Settings: TypeAlias = Mapping[str, str]

ASKED: Final = "revgate_asked"
"""Execution option of our engine: settings of its sessions that stand where env.py's own connection has none."""

_PLACE: Final = "SELECT current_database(), pg_postmaster_start_time()"
_SETTINGS: Final = """
    SELECT name, setting FROM pg_settings WHERE source = 'session' AND context = 'user'
    AND name !~ '_timeout$|^tcp_|^application_name$|^client_'
    UNION SELECT name, current_setting(name) FROM unnest(ARRAY['search_path', 'role']) AS name
"""
"""What was set for the session, but for what is a run's own business: how long it waits, and who it says it is."""

_DECIDED: Final = """
    SELECT 'role', current_setting('role') <> 'none'
    UNION ALL SELECT name, source IN ('session', 'client') FROM pg_settings WHERE name = 'search_path'
"""
"""What a session does not have from the database, the user or the server."""

_LASTING: Final = (
    "SELECT set_config('search_path', current_setting('search_path'), false), "
    "set_config('role', current_setting('role'), false)"
)
_PRAGMAS: Final = ("foreign_keys", "recursive_triggers")


@dataclass(slots=True)
class Handover:
    """The connection that env.py configured, which may be anything, and ours in its place."""

    theirs: object
    ours: sa.Connection
    seen: Settings = field(default_factory=dict)  # what was set on theirs when we last looked
    is_same: bool = False  # whether both are connections of one database
    was_begun: bool = False  # whether we have ended a transaction of theirs

    def take_over(self) -> None:
        """Make our connection see and be what env.py's is, when both are of one database."""
        if not isinstance(self.theirs, sa.Connection) or self.theirs is self.ours:
            return
        if self.theirs.dialect.name != self.ours.dialect.name:
            _warn(self.theirs.engine.url.database or self.theirs.dialect.name, self.ours.engine.url.database or "")
            return
        _read_as_theirs(self.theirs, self.ours)
        there, here = _place(self.theirs), _place(self.ours)
        self.is_same = there == here or _warn(there[0], here[0])
        if self.is_same:
            self.seen = _settings(self.ours)
            self._follow(self.theirs)
            _translate(self.theirs, self.ours)
            if _commits_at_once(self.theirs):
                get_logger().warning("environment_wants_autocommit", used="one transaction for each revision")
        self.publish()
        self.give_back()

    @contextmanager
    def replaced(self) -> Iterator[None]:
        """Let the migrations run on ours in peace, as what env.py has made of the two connections until now."""
        self._take_over_again()
        try:
            yield
        finally:
            self.give_back()

    def _take_over_again(self) -> None:
        """Follow what env.py has set since, on its connection or on ours, also for its transaction only."""
        if self.is_same and isinstance(self.theirs, sa.Connection) and _is_open(self.theirs):
            self._follow(self.theirs)
        if self.ours.dialect.name == "postgresql" and self.ours.in_transaction():
            self.ours.exec_driver_sql(_LASTING)
        self.publish()

    def publish(self) -> None:
        """Commit what env.py's connection has begun: else its locks would block our DDL.

        Below SQLAlchemy, which may believe itself in a `with begin()`. Of a database in memory there is one connection
        for all: what ours has begun on it stays begun.
        """
        if not isinstance(self.theirs, sa.Connection) or not _is_open(self.theirs):
            return
        if _driver(self.ours) is not _driver(self.theirs):
            self.was_begun = self.was_begun or _is_begun(self.theirs)
            _driver(self.theirs).commit()

    def give_back(self) -> None:
        """Begin again what we have ended: on SQLite, a COMMIT or ROLLBACK that env.py writes itself would fail."""
        if self.was_begun and isinstance(self.theirs, sa.Connection) and _is_open(self.theirs):
            cursor = _driver(self.theirs).cursor()
            cursor.execute("BEGIN")
            cursor.close()
        self.was_begun = False

    def _follow(self, theirs: sa.Connection) -> None:
        found = {**_settings(theirs), **self._asked(theirs)}
        changed = {name: value for name, value in found.items() if self.seen.get(name) != value}
        self.seen = found
        if changed:
            _set(self.ours, changed)
        if self.ours.dialect is not theirs.dialect:  # the cookbook's way of saying which tenant's schema it is
            self.ours.dialect.default_schema_name = theirs.dialect.default_schema_name

    def _asked(self, theirs: sa.Connection) -> Settings:
        """Return what was asked of the run and env.py says nothing about on a connection that it made itself."""
        asked: Settings = self.ours.get_execution_options().get(ASKED) or {}
        if not asked:
            return {}
        decided = {name for name, value in map(tuple, _ask(theirs, _DECIDED)) if value}
        return {name: value for name, value in asked.items() if name not in decided}


def _is_open(connection: sa.Connection) -> bool:
    return not connection.closed and not connection.invalidated


def _driver(connection: sa.Connection) -> Any:
    """Return the driver's connection: what is asked of it begins no transaction of SQLAlchemy's."""
    return connection.connection.dbapi_connection


def _is_begun(connection: sa.Connection) -> bool:
    """Whether a file's connection is in a transaction; a server takes a COMMIT without one."""
    if connection.dialect.name != "sqlite":
        return False
    driver = _driver(connection)
    return bool(getattr(driver, "driver_connection", driver).in_transaction)


def _commits_at_once(connection: sa.Connection) -> bool:
    return connection.dialect.name == "postgresql" and getattr(_driver(connection), "autocommit", False) is True


def _place(connection: sa.Connection) -> tuple[Any, ...]:
    """Return which database this is; its name is the first."""
    if connection.dialect.name == "sqlite":
        return (_pragma(connection, "database_list")[2],)
    return tuple(_ask(connection, _PLACE)[0])


def _settings(connection: sa.Connection) -> Settings:
    if connection.dialect.name == "sqlite":
        return {name: str(_pragma(connection, name)[0]) for name in _PRAGMAS}
    return dict(map(tuple, _ask(connection, _SETTINGS)))


def _set(connection: sa.Connection, values: Settings) -> None:
    if connection.dialect.name == "sqlite":
        for name, value in values.items():
            _pragma(connection, f"{name} = {value}")
        return
    was_in_transaction = connection.in_transaction()
    for name, value in values.items():
        connection.exec_driver_sql("SELECT set_config(%(name)s, %(value)s, false)", {"name": name, "value": value})
    if not was_in_transaction:
        connection.commit()


def _pragma(connection: sa.Connection, words: str) -> Any:
    cursor = _driver(connection).cursor()
    try:
        cursor.execute(f"PRAGMA {words}")
        return cursor.fetchone()
    finally:
        cursor.close()


def _ask(connection: sa.Connection, query: str) -> list[Any]:
    """Return the rows, and leave the connection in or out of a transaction as it was."""
    was_in_transaction = connection.in_transaction()
    rows = list(connection.exec_driver_sql(query))
    if not was_in_transaction:
        connection.rollback()
    return rows


def _warn(theirs: object, ours: object) -> bool:
    log = get_logger()
    log.warning("environment_names_another_database", theirs=str(theirs), ours=str(ours), used=str(ours))
    return False


def _read_as_theirs(theirs: sa.Connection, ours: sa.Connection) -> None:
    """Take a percent sign in plain SQL for what it is to a driver whose parameters are $1: ours would want it twice."""
    named = ("format", "pyformat")
    differ = ours.dialect.paramstyle in named and theirs.dialect.paramstyle not in named
    if differ and not sa.event.contains(ours, "before_cursor_execute", _doubled):
        sa.event.listen(ours, "before_cursor_execute", _doubled, retval=True)


def _doubled(
    _connection: object, _cursor: object, statement: str, parameters: Any, context: Any, *_: object
) -> tuple[str, Any]:
    is_plain = context is not None and context.compiled is None and not parameters
    return (statement.replace("%", "%%") if is_plain else statement), parameters


def _translate(theirs: sa.Connection, ours: sa.Connection) -> None:
    translation = theirs.get_execution_options().get("schema_translate_map")
    if translation:
        ours.execution_options(schema_translate_map=translation)
