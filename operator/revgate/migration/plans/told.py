"""A plan as a Job tells it to the operator, and the check that what was approved is what would run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from revgate.contract.planned import MOST_REVISIONS, PlanDocument, PlannedFinding, PlannedRevision, digest_in, plan_hash
from revgate.contract.reasons import Reason
from revgate.migration.database import Sessions
from revgate.migration.disagreement import refuse_edited
from revgate.migration.errors import InvalidOptions, PlanChanged
from revgate.migration.findings import Findings
from revgate.migration.look import Project
from revgate.migration.observe import View, observe
from revgate.migration.output.redaction import Redactor
from revgate.migration.plans.online import plan_between
from revgate.migration.plans.plan import Plan, without_secrets
from revgate.migration.plans.plan import PlannedRevision as Planned
from revgate.migration.project.target import pending_revisions, resolve_target
from revgate.migration.run import Request
from revgate.migration.standing import Standing

_STANDING: Final = {
    Standing.BEHIND: Reason.PLANNED,
    Standing.AHEAD: Reason.DATABASE_AHEAD,
    Standing.REACHED: Reason.UP_TO_DATE,
}


def tell_plan(request: Request, target: str, findings: Findings, redactor: Redactor) -> PlanDocument | None:
    """Return what an upgrade would do to the database, which is only read; None when there is nothing to do.

    Raises:
        MigrationError: if the database could not be asked, or an upgrade would be refused.
    """
    with _looking(request, target, findings) as (sessions, project, view):
        if view.is_settled:
            return None
        heads, pending = view.heads, view.pending
        if request.baseline and not heads and sessions.has_tables(project.history):
            heads = resolve_target(request.baseline, project.revisions, project.scripts.directory)
            pending = findings.pending = pending_revisions(project.scripts.directory, heads, findings.target)
        if len(pending) > MOST_REVISIONS:
            raise InvalidOptions(
                f"{len(pending)} revisions are pending, and a plan to approve has room for {MOST_REVISIONS}: set the "
                f"target to {pending[MOST_REVISIONS - 1]} first"
            )
        plan = without_secrets(plan_between(sessions, project, heads, pending), redactor.redact)
    return _document(plan, project, heads, findings.target)


def inspect(request: Request, target: str, findings: Findings) -> Reason:
    """Return how the database stands to the target; it is only read.

    Raises:
        MigrationError: if the database could not be asked, or a file of what is applied was edited.
    """
    with _looking(request, target, findings) as (_, _, view):
        return _STANDING[view.standing]


@contextmanager
def _looking(request: Request, target: str, findings: Findings) -> Iterator[tuple[Sessions, Project, View]]:
    with request.database.open(replace(request.visit(), reads_only=True)) as sessions:
        project = findings.project = request.look(request.scripts, target, sessions)
        view = observe(sessions, project, target, request.ledger, findings)
        refuse_edited(view.disputed, project.revisions.known, findings.rows, request.ledger.edited)
        yield sessions, project, view


def refuse_unapproved(
    approved: str, findings: Findings, heads: Sequence[str], pending: Sequence[str], image: str
) -> None:
    """Let a run go on that would do what was approved, seen under the lock.

    Args:
        approved: the hash of the plan, "" where nobody has to approve.
        findings: of the run, with its project and target.
        heads: where the database is.
        pending: what is about to be applied.
        image: the image of the run, with its digest where that is known.

    Raises:
        PlanChanged: if the database, the files or the image are others.
    """
    if not approved:
        return
    if hash_of(findings, heads, pending, image) != approved:
        raise PlanChanged(
            f"Plan {approved[:10]} was approved and would not be what runs now: from {', '.join(heads) or 'base'}, "
            f"{len(pending)} revisions; nothing was run"
        )


def hash_of(findings: Findings, heads: Sequence[str], pending: Sequence[str], image: str) -> str:
    """Return the identity of the plan that leads from these heads over what is pending to the target."""
    assert findings.project is not None
    steps = [(one, findings.project.revisions.known[one].checksum) for one in pending]
    return plan_hash(_place(findings.project), heads, findings.target, steps, digest_in(image))


def _document(plan: Plan, project: Project, heads: Sequence[str], target: Sequence[str]) -> PlanDocument:
    schema, table = _place(project)
    return PlanDocument(
        schema=schema,
        table=table,
        before=tuple(sorted(heads)),
        target=tuple(target),
        destructive=plan.is_destructive,
        revisions=tuple(_revision(one) for one in plan.revisions),
    )


def _place(project: Project) -> tuple[str, str]:
    return project.history.schema, project.history.table


def _revision(one: Planned) -> PlannedRevision:
    return PlannedRevision(
        revision=one.sql.revision,
        message=one.sql.message,
        checksum=one.checksum,
        sql="\n\n".join(one.sql.statements),
        not_rendered=one.sql.not_rendered,
        destroys=one.looked.destroys,
        findings=tuple(PlannedFinding(found.rule, found.level.value, found.message) for found in one.looked.findings),
    )
