"""What a downgrade takes away for good, said before it runs: a person may think again."""

from collections.abc import Sequence

import sqlalchemy as sa

from revgate.migration.findings import Findings
from revgate.migration.library.engines import database_of
from revgate.migration.lint.losses import Loss, losses_of
from revgate.migration.lint.scene import Run, stage_run, with_catalogue
from revgate.migration.lint.sources import Source
from revgate.migration.look import Project, look_at_project
from revgate.migration.observe import see
from revgate.migration.plans.asked import ask_catalogue
from revgate.migration.project.scripts import Scripts
from revgate.migration.rendering.rendering import render_downgrade
from revgate.migration.run import Request
from revgate.migration.undo import refuse_one_way, undone_revisions


def losses_of_downgrade(engine: sa.Engine, scripts: Scripts, target: str) -> tuple[str, ...]:
    """Return what goes, in the order in which it goes, with the size of each table; the database is only read.

    Raises:
        MigrationError: if there is no such downgrade, or the database could not be asked.
    """
    request = Request(database_of(engine, echo=False), scripts)
    with request.database.open(request.visit(reads_only=True)) as sessions:
        project = look_at_project(request.scripts, target, sessions)
        heads = see(sessions, project, Findings(), with_ledger=False)
        undone = undone_revisions(project, heads, target)
        refuse_one_way(project, undone)
        run = _run(project, undone, heads, sessions.engine.dialect.name)
        run = with_catalogue(run, ask_catalogue(sessions.engine, run).catalogue)
    return tuple(dict.fromkeys(_told(loss, run) for revision in run.revisions for loss in losses_of(revision, run)))


def _run(project: Project, undone: Sequence[str], heads: Sequence[str], dialect: str) -> Run:
    table, schema = project.version_table
    rendered = render_downgrade(project.scripts, undone, dialect, table, schema, heads, project.options)
    sources = [
        Source(
            one.revision,
            project.revisions.known[one.revision].file,
            statements=tuple(one.statements),
            lines=tuple(0 for _ in one.statements),
            not_rendered=one.not_rendered,
        )
        for one in rendered
    ]
    return stage_run(sources, dialect, table, reaches_heads=False)


def _told(loss: Loss, run: Run) -> str:
    facts = run.facts(loss.table, loss.placed.at) if loss.table is not None and loss.placed is not None else None
    size = "" if facts is None else "no rows" if facts.rows == 0 else facts.size
    return f"{loss.what} ({size})" if size else loss.what
