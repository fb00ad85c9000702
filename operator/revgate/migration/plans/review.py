"""What the linter says of a run before its first statement, and whether the run goes on."""

from collections import Counter
from enum import StrEnum
from typing import Final

from revgate.contract.reasons import Reason
from revgate.migration.errors import BrokenScripts, MigrationError
from revgate.migration.findings import Findings
from revgate.migration.lint.finding import Finding, Level
from revgate.migration.observe import View
from revgate.migration.output.log import get_logger
from revgate.migration.output.wording import first_line
from revgate.migration.place import Place
from revgate.migration.plans.online import plan_between
from revgate.migration.plans.plan import Plan

_PLURALS: Final = {Level.ERROR: "errors", Level.WARNING: "warnings"}


class Lint(StrEnum):
    """What becomes of the linter's findings."""

    NONE = "none"
    WARN = "warn"
    ENFORCE = "enforce"


class LintFailed(BrokenScripts):
    """The linter found errors, and nothing was run."""

    reason = Reason.LINT_FAILED


def review(policy: Lint, place: Place, view: View, findings: Findings) -> None:
    """Look at what is about to be applied: findings go to the log, their number to the report.

    An empty database is not looked at: in it nothing can be locked or lost.

    Raises:
        LintFailed: if errors were found and they count.
        MigrationError: if they count, and nobody could look.
    """
    if policy is Lint.NONE or not (view.heads or place.sessions.has_tables(place.project.history)):
        return
    try:
        plan = plan_between(place.sessions, place.project, view.heads, view.pending)
    except Exception as error:
        if policy is Lint.ENFORCE:
            if isinstance(error, MigrationError):
                raise
            text = f"Linter could not look at what is pending, so nothing was run: {first_line(error)}"
            raise LintFailed(text) from error
        get_logger().warning("lint_failed", problem=first_line(error))
        return
    _log(plan)
    findings.lint = _counted(plan.findings)
    if policy is Lint.ENFORCE:
        _refuse_errors(plan)


def _log(plan: Plan) -> None:
    log = get_logger()
    for note in (*plan.notes, *plan.not_rendered):
        log.info("lint_note", note=note)
    for one in plan.findings:
        tell = log.info if one.level is Level.INFO else log.warning
        tell(
            "lint_finding",
            severity=one.level.value,
            rule=one.rule,
            message=one.message,
            advice=one.advice,
            revision=one.revision,
            file=one.file,
            line=one.line,
        )


def _counted(found: tuple[Finding, ...]) -> str:
    counts = Counter(one.level for one in found if one.level in _PLURALS)
    told = [f"{counts[level]} {level.value if counts[level] == 1 else _PLURALS[level]}" for level in _PLURALS]
    return " and ".join(text for text in told if not text.startswith("0 "))


def _refuse_errors(plan: Plan) -> None:
    errors = [one for one in plan.findings if one.level is Level.ERROR]
    if errors:
        first, more = errors[0], len(errors) - 1
        others = f" (and {more} more, see the log)" if more else ""
        raise LintFailed(
            f"Linter found {first.rule} in revision {first.revision} ({first.file}), and nothing was run: "
            f"{first.message}{others}; mend the revision, accept the finding there with a comment, or set lint to Warn",
            first.revision,
        )
