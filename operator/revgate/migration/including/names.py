"""What the bundled tables are called in a host project's database, and which names are refused."""

import re
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError

from revgate.migration.errors import EnvironmentFailed

VERSION_TABLE: Final = "revgate_alembic_version"
_DIALECTS: Final = ("postgresql", "sqlite")
_PREFIX: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)?")
_LONGEST_NAME: Final = 63  # PostgreSQL's own limit


class InclusionRefused(EnvironmentFailed, CommandError):  # noqa: N818  see errors
    """include_in_alembic cannot do what it was asked; `alembic` shows the text alone, as it does its own errors."""


@dataclass(frozen=True, slots=True)
class Inclusion:
    """The bundled tables under the names that a host project wants for them."""

    prefix: str
    schema: str | None

    @property
    def version_table(self) -> str:
        """Return the name of the table that says at which revision the tables are."""
        return f"{self.prefix}{VERSION_TABLE}"

    @property
    def place(self) -> str:
        """Return that table as a person would write it."""
        return ".".join(part for part in (self.schema, self.version_table) if part)

    @property
    def tables(self) -> frozenset[str]:
        """Return the tables that there are at the newest revision."""
        return frozenset(f"{self.prefix}{table}" for table in _bundled().metadata.tables)

    @property
    def dropped(self) -> dict[str, str]:
        """Return the tables that there once were, each with the revision that dropped it."""
        return {f"{self.prefix}{table}": revision for table, revision in _bundled().DROPPED.items()}


def inclusion_for(host: MigrationContext, prefix: str, schema: str | None) -> Inclusion:
    """Return the inclusion that env.py asks for.

    Raises:
        InclusionRefused: this database cannot have these names.
    """
    _refuse_dialect(host.dialect.name, schema)
    _refuse_prefix(prefix)
    _refuse_schema(schema)
    return Inclusion(prefix, schema or None)


def _refuse_dialect(dialect: str, schema: str | None) -> None:
    if dialect not in _DIALECTS:
        raise InclusionRefused(f"Tables of revgate are for {' and '.join(_DIALECTS)}, and this database is {dialect}")
    if schema and dialect == "sqlite":
        raise InclusionRefused(
            f"SQLite has no schema {schema}: pass schema to include_in_alembic on PostgreSQL only, or a table_prefix"
        )


def _refuse_prefix(prefix: str) -> None:
    if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
        raise InclusionRefused(
            f"Table prefix {prefix!r} is none: use letters, digits and underscores, and no digit first"
        )
    most = _LONGEST_NAME - _longest_name()
    if len(prefix) > most:
        raise InclusionRefused(
            f"Table prefix {prefix} is too long: use {most} characters at most, as names in PostgreSQL end at "
            f"{_LONGEST_NAME}"
        )


def _refuse_schema(schema: str | None) -> None:
    if schema is None:
        return
    # Alembic takes what is before a dot for a database
    if not isinstance(schema, str) or "." in schema or len(schema.encode()) > _LONGEST_NAME:
        raise InclusionRefused(
            f"Schema {schema!r} is none: use a name of {_LONGEST_NAME} characters at most and without a dot"
        )


def _longest_name() -> int:
    tables = _bundled().metadata.tables.values()
    return max(len(named.name) for table in tables for named in (table, *table.indexes))


def _bundled() -> Any:
    """Return the tables of the bundled revisions; their package is beside this one only once it is installed."""
    return import_module("revgate.migrations.metadata")
