"""An Alembic project of somebody else that includes revgate's tables, in a test's own folder, run as its user does.

Its fixtures are in including_fixtures.
"""

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent, indent

import sqlalchemy as sa

from support import commands

VERSION_TABLE = "revgate_alembic_version"
TABLES = {
    "account_aggregates",
    "accounts",
    "currencies",
    "exchange_rate_events",
    "exchange_rate_events_archive",
    "journal_entries",
    "journals",
    "transaction_lines",
}
INI = """
    [alembic]
    script_location = %(here)s/migrations
    path_separator = os

    [loggers]
    keys = root,alembic
    [handlers]
    keys = console
    [formatters]
    keys = plain
    [logger_root]
    level = WARNING
    handlers = console
    [logger_alembic]
    level = INFO
    handlers =
    qualname = alembic
    [handler_console]
    class = StreamHandler
    args = (sys.stderr,)
    formatter = plain
    [formatter_plain]
    format = %(levelname)-5.5s [%(name)s] %(message)s
"""
REVISION = '''
"""{revision}"""

import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {down!r}


def upgrade():
    op.create_table({table!r}, sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table({table!r})
'''
ENVIRONMENT = """
import os
from logging.config import fileConfig

import sqlalchemy as sa
from alembic import context
from revgate import include_in_alembic

config = context.config
fileConfig(config.config_file_name, disable_existing_loggers=False)
url = os.environ["HOST_DATABASE_URL"]
target_metadata = sa.MetaData()
for table in ("users", "orders"):
    sa.Table(table, target_metadata, sa.Column("id", sa.Integer, primary_key=True))

{head}

def run_migrations_offline():
    context.configure(url=url, target_metadata=target_metadata, literal_binds=True)
{includes}
    with context.begin_transaction():
        context.run_migrations()


def do_run_migrations(connection):
    context.configure(connection=connection, target_metadata=target_metadata{options})
{includes}
    with context.begin_transaction():
        context.run_migrations()


{online}

if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
"""
ONLINE = """
def run_migrations_online():
    connectable = sa.create_engine(url, poolclass=sa.NullPool)
    with connectable.connect() as connection:
        do_run_migrations(connection)
"""
ASYNC = """
import asyncio
from sqlalchemy.ext.asyncio import create_async_engine

async def run_async_migrations():
    connectable = create_async_engine(url, poolclass=sa.NullPool)
    async with connectable.connect() as connection:
        await connection.run_sync(do_run_migrations)
    await connectable.dispose()

def run_migrations_online():
    asyncio.run(run_async_migrations())
"""
BEGUN = ONLINE.replace("connectable.connect()", "connectable.begin()")


@dataclass(frozen=True)
class Host:
    """The project: two revisions, 0001 and 0002 as revgate's are called, too, and the tables users and orders."""

    folder: Path
    url: str = field(repr=False)

    def env(
        self,
        *includes: str,
        head: str = "",
        options: str = "",
        online: str = ONLINE,
    ) -> "Host":
        """Write env.py, which calls include_in_alembic with each of these arguments."""
        calls = [f"include_in_alembic({arguments})" for arguments in includes or ("context",)]
        text = ENVIRONMENT.format(
            head=dedent(head),
            includes=indent("\n".join(calls), "    "),
            options=f", {options}" if options else "",
            online=online,
        )
        (self.folder / "migrations" / "env.py").write_text(text)
        return self

    def plain(self) -> "Host":
        """Write an env.py that has never heard of revgate."""
        return self.env("context", head="include_in_alembic = lambda *_: None")

    @property
    def engine(self) -> sa.Engine:
        return sa.create_engine(self.url, poolclass=sa.NullPool)

    def alembic(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the command that its user would type."""
        known = {**os.environ, "HOST_DATABASE_URL": self.url, **environ}
        has_plugins = "PYTHONPATH" in environ  # for which Alembic looks when it is imported
        return commands.run("alembic", *arguments, folder=self.folder, environ=known, cold=has_plugins)

    def run(self, *arguments: str, **environ: str) -> str:
        """Run a command that succeeds, and return what it printed: the answer, then the log."""
        done = self.alembic(*arguments, **environ)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def refused(self, *arguments: str) -> str:
        """Run a command that fails without a traceback, and return what it says."""
        done = self.alembic(*arguments)
        assert done.returncode != 0, done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    def query(self, statement: str) -> list[tuple]:
        with self.engine.begin() as connection:
            found = connection.exec_driver_sql(statement)
            return [tuple(row) for row in found] if found.returns_rows else []

    def tables(self, schema: str | None = None) -> set[str]:
        return set(sa.inspect(self.engine).get_table_names(schema=schema))

    def versions(self, table: str = VERSION_TABLE) -> list[str]:
        """Return the rows of a version table; none without one."""
        schema, _, name = table.rpartition(".")
        if not sa.inspect(self.engine).has_table(name.strip('"'), schema=schema.strip('"') or None):
            return []
        return [row[0] for row in self.query(f"SELECT version_num FROM {table}")]


def make_host(folder: Path, url: str) -> Host:
    """Make the project, with the env.py of the reference."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(dedent(INI))
    template = Path(sa.__file__).parent.parent / "alembic" / "templates" / "generic" / "script.py.mako"
    (folder / "migrations" / "script.py.mako").write_text(template.read_text())
    for revision, down, table in (("0001", None, "users"), ("0002", "0001", "orders")):
        (versions / f"{revision}_{table}.py").write_text(REVISION.format(revision=revision, down=down, table=table))
    return Host(folder, url).env("context, table_prefix='', schema=None")


def shape(engine: sa.Engine, *, prefix: str = "", schema: str | None = None, only: Iterable[str] = ()) -> dict:
    """Return what revgate's tables look like, with the prefix and the schema taken off again."""
    with engine.connect() as connection:  # an inspected engine would connect for each question
        return _shape(sa.inspect(connection), prefix, schema, only or TABLES)


def _shape(seen: sa.Inspector, prefix: str, schema: str | None, only: Iterable[str]) -> dict:
    def plain(name: str | None) -> str:
        return (name or "").removeprefix(prefix).replace(f"{schema}.", "")

    found = {}
    for table in seen.get_table_names(schema=schema):
        if plain(table) not in only or not table.startswith(prefix):
            continue
        found[plain(table)] = {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], _default(column, prefix, schema))
                for column in seen.get_columns(table, schema=schema)
            ],
            "indexes": {
                (plain(index["name"]), tuple(index["column_names"]), bool(index["unique"]), _where(index))
                for index in seen.get_indexes(table, schema=schema)
            },
            "keys": {
                (tuple(key["constrained_columns"]), plain(key["referred_table"]), key["referred_schema"] == schema)
                for key in seen.get_foreign_keys(table, schema=schema)
            },
            "primary": seen.get_pk_constraint(table, schema=schema)["constrained_columns"],
        }
    return found


def _default(column: dict, prefix: str, schema: str | None) -> str:
    text = str(column["default"]).replace('"', "")
    for taken in (f"{schema}.".replace('"', ""), prefix):
        text = text.replace(taken, "")
    return text


def _where(index: dict) -> str:
    return str({name: str(value) for name, value in index.get("dialect_options", {}).items() if "where" in name})
