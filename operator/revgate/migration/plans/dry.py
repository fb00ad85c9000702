"""A dry run: the database is asked where it is, and what would run on it is returned as SQL."""

from collections.abc import Iterable

from revgate.migration.disagreement import refuse_edited, warn_of_edited
from revgate.migration.errors import RevisionFailed
from revgate.migration.findings import Findings
from revgate.migration.look import look_at_project
from revgate.migration.observe import observe, see
from revgate.migration.rendering.rendering import render_downgrade, render_upgrade
from revgate.migration.rendering.script import RevisionSql
from revgate.migration.run import Request
from revgate.migration.undo import undone_revisions


def sql_of_upgrade(request: Request, target: str) -> list[str]:
    """Return the statements of an upgrade, with those on the version table and around transactions.

    Raises:
        MigrationError: if there is no such upgrade, it would be refused, or a revision cannot be written as SQL.
    """
    findings = Findings()
    with request.database.open(request.visit(reads_only=True)) as sessions:
        project = look_at_project(request.scripts, target, sessions)
        view = observe(sessions, project, target, request.ledger, findings)
        known = project.revisions.known
        refuse_edited(view.disputed, known, findings.rows, request.ledger.edited)
        warn_of_edited(view.disputed, known, "it would be accepted")
        dialect = sessions.engine.dialect.name
    table, schema = project.version_table
    return _statements(
        render_upgrade(project.scripts, view.pending, dialect, table, schema, view.heads, project.options)
    )


def sql_of_downgrade(request: Request, target: str) -> list[str]:
    """Return the statements of a downgrade; see sql_of_upgrade."""
    with request.database.open(request.visit(reads_only=True)) as sessions:
        project = look_at_project(request.scripts, target, sessions)
        heads = see(sessions, project, Findings(), with_ledger=False)
        dialect = sessions.engine.dialect.name
    undone = undone_revisions(project, heads, target)
    table, schema = project.version_table
    return _statements(render_downgrade(project.scripts, undone, dialect, table, schema, heads, project.options))


def _statements(rendered: Iterable[RevisionSql]) -> list[str]:
    statements: list[str] = []
    for one in rendered:
        if one.not_rendered:
            raise RevisionFailed(one.not_rendered, one.revision)
        statements += one.statements
    return statements
