"""Making a plan of what is pending, and looking at it with the linter."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from revgate.migration.lint.linting import look_at_run
from revgate.migration.lint.scene import Run, stage_run, with_catalogue
from revgate.migration.lint.sources import floored, source_of
from revgate.migration.plans.asked import Asked, nobody_asked
from revgate.migration.plans.plan import Plan, PlannedRevision
from revgate.migration.plans.squawk import ask_squawk
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
    ask: Callable[[Run], Asked] = nobody_asked,
) -> Plan:
    """Return the plan of an upgrade.

    Args:
        scripts: where the revisions are.
        revisions: what was read from them.
        pending: full ids in the order to apply them.
        dialect: "postgresql" or "sqlite".
        heads: where the database is.
        options: what env.py passed to context.configure.
        schema: where the version table is as the server answered; "" for what the options say.
        ask: asks the database's catalogue about what the run names; without it, all tables are as large as can be.
    """
    table, own = options.get("version_table") or VERSION_TABLE, options.get("version_table_schema")
    rendered = render_upgrade(scripts, pending, dialect, table, own, heads, options)
    plan = Plan(
        schema=schema or own or "",
        table=table,
        dialect=dialect,
        before=tuple(sorted(heads)),
        revisions=tuple(PlannedRevision(one, revisions.known[one.revision].checksum) for one in rendered),
    )
    return _linted(plan, revisions, ask)


def _linted(plan: Plan, revisions: Revisions, ask: Callable[[Run], Asked]) -> Plan:
    """Return the plan with what the linter finds in it."""
    if not plan.revisions:
        return plan
    with_floor = floored([one.sql.revision for one in plan.revisions], revisions.edges)
    sources = [
        source_of(one.sql, revisions.known[one.sql.revision], has_floor=one.sql.revision in with_floor)
        for one in plan.revisions
    ]
    run = stage_run(sources, plan.dialect, plan.table, reaches_heads=plan.after == tuple(sorted(revisions.heads)))
    asked = ask(run)
    run = with_catalogue(run, asked.catalogue)
    others = ask_squawk(run)
    looked = look_at_run(run, others.findings)
    return replace(
        plan,
        revisions=tuple(replace(one, looked=found) for one, found in zip(plan.revisions, looked, strict=True)),
        notes=tuple(filter(None, (asked.note, others.note))),
    )
