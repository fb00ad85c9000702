"""A plan of what is pending in a database, which is only read."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import sqlalchemy as sa

from revgate.migration.database import Sessions
from revgate.migration.disagreement import edited_text, refuse_edited
from revgate.migration.errors import EditedRevision
from revgate.migration.findings import Findings
from revgate.migration.ledger import Edited, LedgerWish
from revgate.migration.library.engines import database_of
from revgate.migration.look import Project, look_at_project
from revgate.migration.observe import observe
from revgate.migration.plans.asked import ask_catalogue
from revgate.migration.plans.made import make_plan
from revgate.migration.plans.plan import Edits, Plan
from revgate.migration.project.scripts import Scripts
from revgate.migration.run import Request


def plan_online(
    engine: sa.Engine, scripts: Scripts, target: str, *, echo: bool, edited: Edited = Edited.REFUSE
) -> Plan:
    """Return the plan of an upgrade of the engine's database to the target.

    Raises:
        MigrationError: if the database could not be asked, or there is no such upgrade.
    """
    request = Request(database_of(engine, echo=echo), scripts, ledger=LedgerWish(edited=edited))
    findings = Findings()
    with request.database.open(request.visit(reads_only=True)) as sessions:
        project = look_at_project(scripts, target, sessions)
        view = observe(sessions, project, target, request.ledger, findings)
        plan = plan_between(sessions, project, view.heads, view.pending)
    return replace(plan, edits=_edits(view.disputed, project, findings, edited))


def _edits(revisions: tuple[str, ...], project: Project, findings: Findings, policy: Edited) -> Edits:
    """Return what an upgrade would say of revisions that were edited."""
    known = project.revisions.known
    try:
        refuse_edited(revisions, known, findings.rows, policy)
    except EditedRevision as error:
        return Edits(revisions, str(error), are_refused=True)
    if not revisions:
        return Edits()
    return Edits(
        revisions, f"{edited_text(revisions, known, findings.rows)}, and would be accepted as what was applied"
    )


def plan_between(sessions: Sessions, project: Project, heads: Sequence[str], pending: Sequence[str]) -> Plan:
    """Return the plan of these revisions on a database that is at these heads."""
    name, schema = project.version_table
    return make_plan(
        project.scripts,
        project.revisions,
        pending,
        dialect=sessions.engine.dialect.name,
        heads=heads,
        options={**project.options, "version_table": name, "version_table_schema": schema},
        schema=project.history.schema,
        ask=partial(ask_catalogue, sessions.engine),
    )
