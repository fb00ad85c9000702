"""A plan of what is pending in a database, which is only read."""

from functools import partial

import sqlalchemy as sa

from revgate.migration.findings import Findings
from revgate.migration.library.engines import database_of
from revgate.migration.look import look_at_project
from revgate.migration.observe import observe
from revgate.migration.plans.asked import ask_catalogue
from revgate.migration.plans.made import make_plan
from revgate.migration.plans.plan import Plan
from revgate.migration.project.scripts import Scripts
from revgate.migration.run import Request


def plan_online(engine: sa.Engine, scripts: Scripts, target: str, *, echo: bool) -> Plan:
    """Return the plan of an upgrade of the engine's database to the target.

    Raises:
        MigrationError: if the database could not be asked, or there is no such upgrade.
    """
    request = Request(database_of(engine, echo=echo), scripts)
    with request.database.open(request.visit(reads_only=True)) as sessions:
        project = look_at_project(scripts, target, sessions)
        view = observe(sessions, project, target, request.ledger, Findings())
        name, schema = project.version_table
        return make_plan(
            scripts,
            project.revisions,
            view.pending,
            dialect=engine.dialect.name,
            heads=view.heads,
            options={**project.options, "version_table": name, "version_table_schema": schema},
            schema=project.history.schema,
            ask=partial(ask_catalogue, sessions.engine),
        )
