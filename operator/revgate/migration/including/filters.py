"""What `alembic revision --autogenerate` and `alembic check` of a host project do not see: our tables, and the ledger.

A table is told by its schema and name, so that the host's own of the same name in another schema stays in view.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext

from revgate.contract import names
from revgate.migration.including.history import context_of, place_of, steps
from revgate.migration.including.names import Inclusion, InclusionRefused

Filter: TypeAlias = Callable[..., bool]

# The search path may lead to a table in any schema: then Alembic lists it without the schema
_VISIBLE: Final = sa.text(
    "SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    "WHERE n.nspname IN (:place, :ledger) AND pg_table_is_visible(c.oid)"
)


def hide(host: MigrationContext, inclusion: Inclusion) -> None:
    """Keep our tables out of the host's comparisons; its own filters are asked about everything else."""
    hidden = _Hidden(host, inclusion)
    host.opts["include_name"] = _by_name(hidden, host.opts.get("include_name"))
    host.opts["include_object"] = _by_object(hidden, host.opts.get("include_object"))


@dataclass
class _Hidden:
    """The tables that are hidden; the database is asked when the first comparison wants to know."""

    host: MigrationContext
    inclusion: Inclusion

    def has(self, schema: str | None, table: str | None) -> bool:
        return table is not None and (table == names.LEDGER_TABLE_BESIDE or (schema, table) in self._tables)

    @cached_property
    def _tables(self) -> frozenset[tuple[str | None, str]]:
        """Schema and name of each; None is the schema of what a name alone leads to."""
        connection = self.host.connection
        assert connection is not None
        ours = self.inclusion.tables | self._not_dropped_yet() | {self.inclusion.version_table}
        place = place_of(connection, self.inclusion)
        found = {(place, table) for table in ours} | {(names.LEDGER_SCHEMA, names.LEDGER_TABLE)}
        if place == place_of(connection, Inclusion("", None)):
            found |= {(None, table) for table in ours}
        if connection.dialect.name == "postgresql":
            rows = connection.execute(_VISIBLE, {"place": place, "ledger": names.LEDGER_SCHEMA})
            found |= {(None, table) for schema, table in rows if (schema, table) in found}
        return frozenset(found)

    def _not_dropped_yet(self) -> frozenset[str]:
        """Return the tables that a pending revision of ours drops: to the host they must not look left over."""
        heads = context_of(self.host, self.inclusion).get_current_heads()
        try:
            pending = {step.revision.revision for step in steps(heads, self.inclusion)} if heads else set()
        except InclusionRefused:  # newer tables than we know: a comparison may go on, an upgrade says it
            pending = set()
        return frozenset(table for table, revision in self.inclusion.dropped.items() if revision in pending)


def _by_name(hidden: _Hidden, theirs: Filter | None) -> Filter:
    def include_name(name: str | None, type_: str, parent_names: Mapping[str, str | None]) -> bool:
        if type_ == "table" and hidden.has(parent_names.get("schema_name"), name):
            return False
        return theirs is None or theirs(name, type_, parent_names)

    return include_name


def _by_object(hidden: _Hidden, theirs: Filter | None) -> Filter:
    def include_object(item: Any, name: str | None, type_: str, *rest: Any) -> bool:
        if type_ == "table" and hidden.has(item.schema, name):
            return False
        return theirs is None or theirs(item, name, type_, *rest)

    return include_object
