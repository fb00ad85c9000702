"""How Alembic reaches the ledger: on a connection that it is handed, on one of its own, or only as SQL text."""

import logging
from typing import Final

import sqlalchemy as sa
from alembic import context
from alembic.util import CommandError
from revgate.migrations import address
from revgate.migrations.metadata import metadata

_NO_DATABASE: Final = f"No database was named: set {' or '.join(address.VARIABLES)}"


def _write_sql() -> None:
    context.configure(
        dialect_name=_dialect(),
        target_metadata=metadata,
        literal_binds=True,
        transaction_per_migration=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _dialect() -> str:
    asked = context.get_x_argument(as_dictionary=True).get("dialect")
    if asked:
        return str(asked)
    connection: sa.Connection | None = context.config.attributes.get("connection")
    if connection is not None:
        return connection.dialect.name
    url = address.database_url()
    if url is None:
        raise CommandError(f"{_NO_DATABASE}, or write -x dialect=postgresql before the command")
    return url.get_backend_name()


def _migrate() -> None:
    connection: sa.Connection | None = context.config.attributes.get("connection")
    if connection is not None:
        _migrate_on(connection)
        return
    _show_progress()
    engine = _engine()
    try:
        with _connect(engine) as own:
            _migrate_on(own)
    finally:
        engine.dispose()


def _migrate_on(connection: sa.Connection) -> None:
    if connection.in_transaction() and connection.dialect.name == "postgresql":
        raise CommandError(
            "The connection handed to Alembic is in a transaction, so that nothing would be committed: "
            "commit or roll back first, or hand over a fresh one"
        )
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        transactional_ddl=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _engine() -> sa.Engine:
    url = address.database_url()
    if url is None:
        raise CommandError(_NO_DATABASE)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    if engine.dialect.name == "sqlite":
        _begin_for_real(engine)
    return engine


def _connect(engine: sa.Engine) -> sa.Connection:
    try:
        return engine.connect()
    except sa.exc.OperationalError as error:
        url = engine.url
        place = f"{url.database} on {url.host}:{url.port or 5432}" if url.host else url.database
        raise CommandError(f"Could not connect to {place}: {str(error.orig).splitlines()[0]}") from error


def _begin_for_real(engine: sa.Engine) -> None:
    """Make SQLite's driver begin when told to: by itself it does not before DDL, and a failed revision stays half done.

    IMMEDIATE takes the write lock at once, so that two runs wait for each other.
    """

    @sa.event.listens_for(engine, "connect")
    def leave_transactions_to_us(driver_connection: object, _record: object) -> None:
        driver_connection.isolation_level = None  # type: ignore[attr-defined]  # sqlite3's own name

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _show_progress() -> None:
    """Say on stderr which revision runs, to a person who typed `alembic`; whoever embeds us has a log of their own."""
    if context.config.cmd_opts is not None:
        log = logging.getLogger("alembic.runtime.migration")
        log.setLevel(logging.INFO)
        log.addHandler(logging.StreamHandler())


if context.is_offline_mode():
    _write_sql()
else:
    _migrate()
