"""How Alembic reaches the ledger: on a connection that it is handed, on one of its own, or only as SQL text.

What a person who typed `alembic` reads besides the answer is on stderr; whoever embeds us has a log of their own.
"""

import logging
from typing import Final

import sqlalchemy as sa
from alembic import context
from alembic.util import CommandError
from revgate.migrations import address, configuration

from revgate.contract import names

_NO_DATABASE: Final = f"No database was named: set {' or '.join(address.VARIABLES)}, in the environment or in .env"
_CONNECT_SECONDS: Final = "10"
_SHOWN: Final = ("alembic.runtime.migration", "alembic.autogenerate", "revgate.migrations")
_log: Final = logging.getLogger("revgate.migrations")


def _run() -> None:
    if context.config.toml_file_name:
        configuration.load_alembic_config(context.config.toml_file_name)
    if context.is_offline_mode():
        _write_sql()
    else:
        _migrate()


def _run_for_a_person() -> None:
    """Run; what goes wrong is said as Alembic says it, on stdout, but ends with 1 and not with its 255."""
    try:
        _run()
    except CommandError as error:
        if getattr(context.config.cmd_opts, "raiseerr", False):
            raise
        context.config.print_stdout(f"FAILED: {error}")
        raise SystemExit(1) from None


def _write_sql() -> None:
    context.configure(
        dialect_name=_dialect(),
        target_metadata=_models(),
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
        target_metadata=_models(),
        transaction_per_migration=True,
        transactional_ddl=True,
        compare_server_default=True,
        include_name=_is_none_of_revgates,
    )
    if context.config.cmd_opts is not None:
        _show_progress(connection.engine.url)  # only now: what configure() has to say tells nobody anything
    with context.begin_transaction():
        context.run_migrations()


def _models() -> sa.MetaData | None:
    """Return what autogenerate compares a database with: it takes a while to load, and revisions do without."""
    if context.config.attributes.get(names.ONLY_REVISIONS):
        return None
    from revgate.migrations.metadata import metadata  # noqa: PLC0415  see above

    return metadata


def _is_none_of_revgates(name: str | None, kind: str, _parents: object) -> bool:
    """Keep revgate's own ledger from autogenerate, which would drop it: it is in no application's models."""
    return (kind, name) not in {("schema", names.LEDGER_SCHEMA), ("table", names.LEDGER_TABLE_BESIDE)}


def _engine() -> sa.Engine:
    url = address.database_url()
    if url is None:
        raise CommandError(_NO_DATABASE)
    if url.get_backend_name() == "postgresql":
        url = url.set(query={"connect_timeout": _CONNECT_SECONDS, **url.query})  # the driver would wait for minutes
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    if engine.dialect.name == "sqlite":
        _begin_for_real(engine)
    return engine


def _connect(engine: sa.Engine) -> sa.Connection:
    try:
        return engine.connect()
    except sa.exc.DBAPIError as error:
        reason = str(error.orig).splitlines()[0]
        raise CommandError(f"Could not connect to {address.place(engine.url)}: {reason}") from error


def _begin_for_real(engine: sa.Engine) -> None:
    """Make SQLite's driver begin when told to: by itself it does not before DDL, and a failed revision stays half done.

    IMMEDIATE takes the write lock at once, so that two runs wait for each other.
    """

    @sa.event.listens_for(engine, "connect")
    def leave_transactions_to_us(driver_connection: object, _record: object) -> None:
        driver_connection.isolation_level = None  # type: ignore[attr-defined]  # sqlite3's own name

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except sa.exc.DBAPIError as error:  # locked, read-only or no database at all
            raise CommandError(f"Could not use {address.place(engine.url)}: {error.orig}") from error


def _show_progress(url: sa.URL) -> None:
    """Log to stderr which database it is and what is done to it; where logging is set up already, leave it alone."""
    for name in () if logging.root.handlers else _SHOWN:
        logging.getLogger(name).setLevel(logging.INFO)
        logging.getLogger(name).handlers = [logging.StreamHandler()]
    _log.info("Database %s", address.place(url))


if context.config.cmd_opts is None:
    _run()
else:
    _run_for_a_person()
