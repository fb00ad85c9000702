"""Alembic's plugin that hides the ledger from `alembic revision --autogenerate` and `alembic check`.

Alembic 1.18 and later loads it wherever revgate is installed, by the entry point `alembic.autogenerate.revgate` of the
group `alembic.plugins`: under that name it is on unless env.py chooses its autogenerate_plugins itself. Alembic imports
it while it is itself being imported, and for every command: nothing else may be imported here.
"""

from typing import TYPE_CHECKING, Any, Final

from revgate.contract import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps
    from alembic.runtime.plugins import Plugin
    from alembic.util import PriorityDispatchResult
    from sqlalchemy import Connection

NAME: Final = "alembic.autogenerate.revgate"
"""Of the entry point: Alembic uses what matches alembic.autogenerate.* unless it is told otherwise."""

_VISIBLE: Final = (
    "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "  # noqa: S608
    f"WHERE c.oid = to_regclass('{names.LEDGER_TABLE}') AND n.nspname = '{names.LEDGER_SCHEMA}'"
)


def setup(plugin: "Plugin") -> None:
    """Register with Alembic, to be asked before anything is compared."""
    from alembic.util import DispatchPriority  # noqa: PLC0415  Alembic before 1.18 has none, and never calls this

    plugin.add_autogenerate_comparator(hide_ledger, "autogenerate", priority=DispatchPriority.FIRST)


def hide_ledger(context: "AutogenContext", _upgrade: "UpgradeOps") -> "PriorityDispatchResult":
    """Let a comparison pass over the ledger, and ask the project's own filters about everything else."""
    from alembic.util import PriorityDispatchResult  # noqa: PLC0415  see setup

    asked = context.run_name_filters

    def run_name_filters(name: str | None, type_: Any, parent_names: Any) -> bool:
        return not _is_ledger(context.connection, name, type_, parent_names) and asked(name, type_, parent_names)

    context.run_name_filters = run_name_filters  # type: ignore[method-assign]  # on this one comparison
    return PriorityDispatchResult.CONTINUE


def _is_ledger(
    connection: "Connection | None", name: str | None, type_: str, parent_names: "Mapping[str, str | None]"
) -> bool:
    if type_ != "table":
        return False
    schema = parent_names.get("schema_name")
    if name == names.LEDGER_TABLE_BESIDE or (schema, name) == (names.LEDGER_SCHEMA, names.LEDGER_TABLE):
        return True
    return schema is None and name == names.LEDGER_TABLE and connection is not None and _is_visible(connection)


def _is_visible(connection: "Connection") -> bool:
    """Whether the search path leads to the ledger: then Alembic lists it without its schema."""
    return connection.dialect.name == "postgresql" and bool(connection.exec_driver_sql(_VISIBLE).scalar())
