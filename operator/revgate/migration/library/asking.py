"""Where a database is, for a person or a script that asks: every state of the schema is an answer, not an error."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from revgate.migration.errors import UnknownRevision
from revgate.migration.findings import Findings
from revgate.migration.library.engines import database_of
from revgate.migration.library.inspection import inspect
from revgate.migration.project.scripts import Scripts
from revgate.migration.project.target import HEADS
from revgate.migration.run import Request
from revgate.migration.standing import Standing


@dataclass(frozen=True, slots=True)
class Position:
    """What was found in one look. Revisions are full ids."""

    heads: tuple[str, ...]  # rows of the version table; none before the first upgrade
    target: tuple[str, ...]  # the heads of the scripts
    pending: tuple[str, ...]  # in apply order
    standing: Standing
    names: Mapping[str, str]  # of the revisions that the scripts have: the names of their files
    problem: str = ""  # why nobody knows what is pending

    def name(self, revision: str) -> str:
        """Return the name of a revision, or its id when the scripts lack it."""
        return self.names.get(revision, revision)


def ask_position(engine: sa.Engine, scripts: Scripts, *, echo: bool) -> Position:
    """Ask the database once, without waiting for it, where it is towards all heads of the scripts.

    Raises:
        MigrationError: if it could not be asked, or the scripts are broken.
    """
    findings = Findings()
    request = Request(database_of(engine, echo=echo), scripts)
    try:
        found = inspect(request, HEADS, findings)
    except UnknownRevision as error:  # rows that no Alembic leaves
        return Position(findings.current, (), (), Standing.UNKNOWN, _names(findings), str(error))
    problem = _unknown(found.heads) if found.standing is Standing.UNKNOWN else ""
    return Position(found.heads, found.target, found.pending, found.standing, _names(findings), problem)


def _unknown(heads: tuple[str, ...]) -> str:
    return (
        f"Database is at {', '.join(heads)}, which these scripts lack, so nobody can say what is pending: use the "
        "scripts that applied it"
    )


def _names(findings: Findings) -> Mapping[str, str]:
    project = findings.project
    return {} if project is None else {key: known.stem for key, known in project.revisions.known.items()}
