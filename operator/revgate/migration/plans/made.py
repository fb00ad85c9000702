"""Making a plan of what is pending."""

from collections.abc import Mapping, Sequence
from typing import Any

from revgate.migration.plans.plan import Plan, PlannedRevision
from revgate.migration.project.revisions import Revisions
from revgate.migration.project.scripts import Scripts
from revgate.migration.rendering.rendering import VERSION_TABLE, render_upgrade


def make_plan(
    scripts: Scripts,
    revisions: Revisions,
    pending: Sequence[str],
    *,
    dialect: str,
    heads: Sequence[str],
    options: Mapping[str, Any],
    schema: str = "",
) -> Plan:
    """Return the plan of an upgrade; no database is asked.

    Args:
        scripts: where the revisions are.
        revisions: what was read from them.
        pending: full ids in the order to apply them.
        dialect: "postgresql" or "sqlite".
        heads: where the database is.
        options: what env.py passed to context.configure.
        schema: where the version table is as the server answered; "" for what the options say.
    """
    table, own = options.get("version_table") or VERSION_TABLE, options.get("version_table_schema")
    rendered = render_upgrade(scripts, pending, dialect, table, own, heads, options)
    return Plan(
        schema=schema or own or "",
        table=table,
        dialect=dialect,
        before=tuple(sorted(heads)),
        revisions=tuple(PlannedRevision(one, revisions.known[one.revision].checksum) for one in rendered),
    )
