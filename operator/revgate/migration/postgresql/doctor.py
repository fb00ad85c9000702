"""What would trouble a migration of PostgreSQL, by one question each; see `migration.doctor`."""

import ipaddress
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, LiteralString

import psycopg
from psycopg import errors, sql

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
from revgate.migration.errors import InvalidOptions, PoolerRefused
from revgate.migration.history import History
from revgate.migration.look import Project
from revgate.migration.output.wording import first_line
from revgate.migration.postgresql.connect import connect
from revgate.migration.postgresql.invalid_indexes import check_indexes
from revgate.migration.postgresql.ledger import find_ledger
from revgate.migration.postgresql.pooler import is_pooled, refuse_all_but_sessions
from revgate.migration.postgresql.session import first_value
from revgate.migration.postgresql.sessions import PostgreSQL, PostgresSessions
from revgate.migration.postgresql.tables import other_tables, schema_exists, table_exists

OLDEST_TESTED: Final = 15
_OLDEST: Final = 12  # what is read of index builds in progress came with it
_WATCH: Final = "client_connection_check_interval"
_READS_ONLY: Final = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'"
_PATH: Final = "SELECT current_schema(), current_setting('search_path')"
_MAY_CREATE: Final = "SELECT has_schema_privilege(%(schema)s, 'CREATE')"
_MAY_CREATE_SCHEMAS: Final = "SELECT has_database_privilege(current_database(), 'CREATE')"
_USUAL_TABLE: Final = "alembic_version"
_USUAL: Final = (
    "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relname = %(table)s AND pg_table_is_visible(c.oid)"
)


def examine(database: PostgreSQL, look: Callable[[Sessions], Project | Check]) -> Iterator[Check]:
    """Yield the checks of one database.

    Raises:
        MigrationError: if it could not be reached, or the connection was lost.
    """
    with database.open(VISIT) as sessions:
        control = sessions.control
        yield check_connection(control, database.place)
        yield check_server(control.info.server_version // 10000)
        yield check_pooler(database, control)
        yield check_writes(control)
        found = look(sessions)
        if isinstance(found, Project):
            sessions.become(found.history.role)
        yield found if isinstance(found, Check) else check_scripts(found)
        yield check_search_path(control)
        yield check_database_right(control)
        history = found.history if isinstance(found, Project) else usual_history(control)
        if history is not None:
            yield check_schema_right(control, history)
            yield check_table(control, history)
            yield asked("ledger", lambda: check_ledger(sessions, history))
        if isinstance(found, Project):
            yield asked("revisions", lambda: check_revisions(sessions, found))
        yield from check_indexes(control)
        yield check_killed_runners(control)


def usual_history(control: psycopg.Connection) -> History | None:
    """Return the version table that scripts which cannot be run may mean: that it cannot be read may be why."""
    row = control.execute(_USUAL, {"table": _USUAL_TABLE}).fetchone()
    return History(control.info.dbname, row[0], _USUAL_TABLE) if row else None


def asked(name: str, ask: Callable[[], Check]) -> Check:
    """Return the check, or what the server refused to tell."""
    try:
        return ask()
    except psycopg.ProgrammingError as error:  # not a lost connection, after which nothing can be asked
        return problem(name, f"Server refused to tell: {first_line(error)}; grant this user the right, or use another")


def check_connection(control: psycopg.Connection, place: str) -> Check:
    """Say who we are there, and whether others can listen."""
    where = f"Connected to {place} as {control.info.user}"
    return judge_connection(where, with_tls=control.pgconn.ssl_in_use, address=control.info.hostaddr)


def judge_connection(where: str, *, with_tls: bool, address: str) -> Check:
    """Say whether others can listen to a connection to this address, "" for a socket of this machine."""
    if with_tls:
        return ok("connection", f"{where}, with TLS")
    if not address or ipaddress.ip_address(address).is_loopback:
        return ok("connection", f"{where}, on this machine")
    return warning(
        "connection", f"{where} without TLS: add ?sslmode=verify-full to the URL unless the network is yours alone"
    )


def check_server(major: int) -> Check:
    """Say whether the server is one that revgate knows."""
    if major < _OLDEST:
        return problem("server", f"PostgreSQL {major} is too old: upgrade it to {OLDEST_TESTED} or newer")
    if major < OLDEST_TESTED:
        return warning("server", f"PostgreSQL {major} is older than what revgate is tested with, {OLDEST_TESTED}")
    return ok("server", f"PostgreSQL {major}")


def check_pooler(database: PostgreSQL, control: psycopg.Connection) -> Check:
    """Say whether somebody sits in between, and whether a migration could live with that."""
    if not is_pooled(control):
        return ok("pooler", "No pooler is in between")
    try:
        refuse_all_but_sessions(control, partial(connect, database.address, "revgate/doctor"))
    except (PoolerRefused, InvalidOptions) as refusal:
        return problem("pooler", str(refusal))
    return ok("pooler", f"A pooler of sessions is in between, as {names.POOLER} promises")


def check_writes(control: psycopg.Connection) -> Check:
    """Say whether the server takes writes."""
    is_standby, reads_only = control.execute(_READS_ONLY).fetchone() or (False, False)
    if is_standby:
        return problem("writes", "Server is a standby, which takes no writes: give the URL of the primary")
    if reads_only:
        return problem(
            "writes",
            "Sessions of this user are read-only: look for default_transaction_read_only in the URL, the role, the "
            "database and the server",
        )
    return ok("writes", "Server takes writes")


def check_search_path(control: psycopg.Connection) -> Check:
    """Say where a table without a schema goes."""
    schema, path = control.execute(_PATH).fetchone() or (None, "")
    if schema is None:
        return problem("search_path", f"No schema of the search_path ({path}) exists: create one, or set search_path")
    return ok("search_path", f"New tables go to schema {schema}")


def check_database_right(control: psycopg.Connection) -> Check:
    """Say whether the ledger can have its own schema."""
    if schema_exists(control, names.LEDGER_SCHEMA) or first_value(control, _MAY_CREATE_SCHEMAS):
        return ok("rights", f"Schema {names.LEDGER_SCHEMA} is there for the ledger, or can be created")
    grant = _grant(control, "GRANT CREATE ON DATABASE {} TO {}", control.info.dbname)
    return warning(
        "rights", f"No schemas can be created, so the ledger goes beside the version table; {grant} changes that"
    )


def check_schema_right(control: psycopg.Connection, history: History) -> Check:
    """Say whether tables can be created where the version table is."""
    if not schema_exists(control, history.schema):
        if first_value(control, _MAY_CREATE_SCHEMAS):
            return ok("rights", f"Schema {history.schema} is missing, and the first upgrade creates it")
        create = _grant(control, "CREATE SCHEMA {} AUTHORIZATION {}", history.schema)
        return problem("rights", f"Schema {history.schema} is missing, and this user cannot create it: {create}")
    if first_value(control, _MAY_CREATE, {"schema": history.schema}):
        return ok("rights", f"Tables can be created in schema {history.schema}")
    grant = _grant(control, "GRANT CREATE ON SCHEMA {} TO {}", history.schema)
    return problem("rights", f"No tables can be created in schema {history.schema}: {grant}")


def check_table(control: psycopg.Connection, history: History) -> Check:
    """Say whether the version table is there and can be written."""
    exists = table_exists(control, history.schema, history.table)
    if exists and not _may_write(control, history.schema, history.table):
        grant = _grant(control, "GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {}", history.schema, history.table)
        return problem("version table", f"{history.place} cannot be written: {grant}")
    return check_version_table(history, exists=exists, others=other_tables(control, history))


def check_ledger(sessions: PostgresSessions, history: History) -> Check:
    """Say whether the ledger is there and can be read and written."""
    sessions.become(history.role)
    ledger = find_ledger(sessions.control, history)  # to write to it: doctor only reads, and a migration does not
    if ledger is not None:
        return ok("ledger", f"{ledger.name} has {len(ledger.edges())} revisions of this history")
    for schema, table in ((names.LEDGER_SCHEMA, names.LEDGER_TABLE), (history.schema, names.LEDGER_TABLE_BESIDE)):
        if table_exists(sessions.control, schema, table):
            grants = (
                _grant(sessions.control, "GRANT USAGE ON SCHEMA {} TO {}", schema),
                _grant(sessions.control, "GRANT SELECT, INSERT, UPDATE ON {} TO {}", schema, table),
            )
            return problem("ledger", f"{schema}.{table} cannot be written: {'; '.join(grants)}")
    return ok("ledger", "No ledger is there yet: the first upgrade makes it")


def check_killed_runners(control: psycopg.Connection) -> Check:
    """Say whether the server notices that a runner died while its statement runs."""
    try:
        known = first_value(
            control, "SELECT set_config(name, '500ms', true) FROM pg_settings WHERE name = %(name)s", {"name": _WATCH}
        )
    except errors.InvalidParameterValue:
        known = None
    if known:
        return ok("killed runners", f"Server ends the statement of a runner that was killed, by {_WATCH}")
    return warning(
        "killed runners",
        f"Server has no {_WATCH}, so the statement of a killed runner keeps its locks until it ends: look in "
        "pg_stat_activity before a second try",
    )


def _may_write(control: psycopg.Connection, schema: str, table: str) -> bool:
    rights = [f"has_table_privilege(%(table)s, '{right}')" for right in ("SELECT", "INSERT", "UPDATE", "DELETE")]
    name = sql.Identifier(schema, table).as_string(control)
    if not first_value(control, "SELECT has_schema_privilege(%(schema)s, 'USAGE')", {"schema": schema}):
        return False
    return bool(first_value(control, f"SELECT {' AND '.join(rights)}", {"table": name}))


def _grant(control: psycopg.Connection, statement: LiteralString, *object_: str) -> str:
    """Return a statement for whoever may run it; the last name is the role that we are."""
    role = first_value(control, "SELECT current_user")
    return sql.SQL(statement).format(sql.Identifier(*object_), sql.Identifier(role)).as_string(control)
