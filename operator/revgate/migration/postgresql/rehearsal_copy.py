"""Copying what a rehearsal needs of a database: its schema by pg_dump, the version and the ledger row by row."""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from revgate.contract import names
from revgate.migration.backups.tools import LOCK_WAIT, Tools, find_tools, refuse_older, said
from revgate.migration.history import History
from revgate.migration.postgresql.address import Address
from revgate.migration.postgresql.backup import UNKNOWN_TO_OLDER, PostgresSource
from revgate.migration.postgresql.pooler import is_pooled, refuse_pooler
from revgate.migration.postgresql.session import first_value
from revgate.migration.postgresql.tables import table_exists
from revgate.migration.rehearsal.failed import RehearsalRefused

_SCHEMA: Final = (
    *("--schema-only", "--no-password", f"--lock-wait-timeout={LOCK_WAIT * 1000}"),
    *("--no-publications", "--no-subscriptions", "--no-tablespaces", "--no-security-labels"),
)
_BARE: Final = ("--no-owner", "--no-privileges")
_REFUSED_SETTING: Final = re.compile(r'unrecognized configuration parameter "(?P<name>\w+)"')
_UNWANTED: Final = re.compile(r"^\d+; \d+ \d+ USER MAPPING ")  # with the password for a server of others' data
_ADVICE: Final = (
    (
        re.compile(r'extension "(?P<name>.+?)" is not available|control file ".*/(?P<file>.+?)\.control"'),
        "extension {name} is not installed there: install it, or name a server that has it",
    ),
    (
        re.compile(r'permission denied to create extension "(?P<name>.+?)"'),
        "extension {name} may only be created by a superuser there: name one in the URL",
    ),
    (
        re.compile(r'role "(?P<name>.+?)" does not exist'),
        "role {name} does not exist there: create it (CREATE ROLE, without a password)",
    ),
)


class SchemaSource(PostgresSource):
    """A database whose schema is copied, or that a schema is copied into."""

    def refuse_unreadable(self, connection: psycopg.Connection) -> None:
        """Raise MigrationError unless pg_dump can read the database of this connection."""
        if is_pooled(connection):
            refuse_pooler()
        refuse_older(find_tools(), connection.info.server_version // 10000)

    def schema_text(self, history: History) -> str:
        """Return the schema as SQL, without what Alembic and we keep there."""
        ours = ((history.schema, history.table), (history.schema, names.LEDGER_TABLE_BESIDE))
        tables = [f"--exclude-table={sql.Identifier(*one).as_string(None)}" for one in ours]
        done = self._run(find_tools().dump, *_SCHEMA, *_BARE, *tables, f"--exclude-schema={names.LEDGER_SCHEMA}")
        if done.returncode:
            raise RehearsalRefused(f"Schema of {self.place} could not be read: {_said(done)}")
        return done.stdout.decode(errors="replace")

    def copy_schema_to(self, scratch: "SchemaSource") -> None:
        """Copy the schema into an empty database.

        Raises:
            MigrationError: saying which of the two servers would not, and why.
        """
        tools = find_tools()
        with TemporaryDirectory(prefix="revgate-rehearsal-") as folder:  # for its owner only
            file, wanted = Path(folder, "schema.dump"), Path(folder, "wanted")
            done = self._run(tools.dump, *_SCHEMA, "--format=custom", f"--file={file}")
            if done.returncode:
                raise RehearsalRefused(f"Schema of {self.place} could not be copied: {_said(done)}")
            wanted.write_text(_wanted(tools, file))
            scratch.restore(tools, file, wanted)

    def restore(self, tools: Tools, file: Path, wanted: Path) -> None:
        """Bring a dump, or what is wanted of it, into this database."""
        options = (*_BARE, "--no-password", f"--use-list={wanted}")
        done = self._run(tools.restore, *options, last=str(file))
        if done.returncode and _errors(done) != [UNKNOWN_TO_OLDER]:
            server = self.place.rpartition("/")[0]
            raise RehearsalRefused(f"Schema could not be copied to {server}: {_advised(_said(done))}")

    def _run(self, program: str, *options: str, last: str = "") -> subprocess.CompletedProcess[bytes]:
        words = [program, *options, f"--dbname={make_conninfo(**self._arguments())}", *filter(None, [last])]
        return subprocess.run(
            words, check=False, stdin=subprocess.DEVNULL, capture_output=True, env=self._environment()
        )


def source_at(address: Address) -> SchemaSource:
    """Return the database of an address."""
    return SchemaSource(address)


def copy_rows(source: psycopg.Connection, scratch: psycopg.Connection, history: History) -> tuple[str, ...]:
    """Copy what the schema alone does not say: where the database is, and what the ledger knows of this history.

    Returns:
        A sentence for each table that could not be read.
    """
    ledger = sql.SQL(" WHERE version_table_schema = {} AND version_table = {}").format(history.schema, history.table)
    wanted = [
        (history.schema, history.table, sql.SQL("")),
        (names.LEDGER_SCHEMA, names.LEDGER_TABLE, ledger),
        (history.schema, names.LEDGER_TABLE_BESIDE, ledger),
    ]
    return tuple(
        f"Ledger {schema}.{table} could not be read, and was not copied: the rehearsal knows no edited revision"
        for schema, table, rows in wanted
        if table_exists(source, schema, table) and not _copied(source, scratch, (schema, table), rows)
    )


def _copied(
    source: psycopg.Connection, scratch: psycopg.Connection, table: Sequence[str], rows: sql.Composable
) -> bool:
    name = sql.Identifier(*table)
    query = "SELECT has_schema_privilege(%(s)s, 'USAGE') AND has_table_privilege(%(t)s, 'SELECT')"
    if not first_value(source, query, {"s": table[0], "t": name.as_string(source)}):
        return False
    read = sql.SQL("COPY (SELECT * FROM {}{}) TO STDOUT").format(name, rows)
    with (
        source.cursor().copy(read) as there,
        scratch.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(name)) as here,
    ):
        for data in there:
            here.write(data)
    return True


def _wanted(tools: Tools, file: Path) -> str:
    """Return the list of what is in a dump, without what must not come to another server."""
    done = subprocess.run(
        [tools.restore, "--list", str(file)], check=False, capture_output=True, env={**os.environ, "LC_ALL": "C"}
    )
    if done.returncode:
        raise RehearsalRefused(f"Schema was copied, and pg_restore cannot read it: {_said(done)}")
    lines = done.stdout.decode(errors="surrogateescape").splitlines(keepends=True)
    return "".join(line for line in lines if not _UNWANTED.match(line))


def _errors(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """Return the name of each setting that was refused, and "" for each other error."""
    lines = [line for line in done.stderr.decode(errors="replace").splitlines() if "error:" in line]
    found = (_REFUSED_SETTING.search(line) for line in lines)
    return [setting["name"] if setting else "" for setting in found]


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode(errors="replace").splitlines()
    return said("\n".join(line for line in lines if not _REFUSED_SETTING.search(line)))


def _advised(text: str) -> str:
    """Return what to do about the reasons that have to do with the other server, or the text itself."""
    for pattern, advice in _ADVICE:
        found = pattern.search(text)
        if found:
            return advice.format(name=next(filter(None, found.groups())))
    return text
