"""A plan to read: for a terminal, for a pull request, for a program, for psql.

The keys of the JSON, which only grow in number:

    history         schema and table of the version table; schema is "" for the default one
    dialect         postgresql or sqlite
    from, to        the heads before and after it, sorted; none is the base
    hash            the plan's identity: sha256 over all of it but the SQL and the messages
    image_digest    digest of the image whose scripts they are, "" if there is none
    destructive     whether data goes; a revision that is not rendered counts
    revisions       in apply order, each with revision, file, message, checksum, statements, not_rendered: "" or why
                    there are no statements, destroys: what is gone afterwards, and findings: as `lint` has them
    edited          ids of applied revisions whose files were edited since
    refused         what an upgrade would be refused with for them, "" if it would not
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from revgate.migration.lint.finding import Finding
from revgate.migration.plans.plan import Plan, PlannedRevision
from revgate.migration.rendering.offline import BEGIN, COMMIT
from revgate.migration.rendering.script import mark, script

_NOT_RENDERED: Final = "not rendered"


def plan_text(plan: Plan) -> str:
    """Return the plan for a terminal: what it is about first, then the SQL."""
    if not plan.revisions:
        return "\n\n".join((_nothing(plan), *_edits(plan)))
    return "\n\n".join((f"{_title(plan)}:", "\n".join(_rows(plan)), *_warnings(plan), *_sql(plan)))


def plan_markdown(plan: Plan) -> str:
    """Return the plan for a pull request."""
    if not plan.revisions:
        return "\n\n".join((_nothing(plan), *(f"> {escaped(sentence)}" for sentence in _edits(plan))))
    sql = "\n\n".join(_sql(plan))
    fence = _fence(sql)
    return "\n\n".join(
        (
            f"### {escaped(_title(plan))}",
            "\n".join(_table(plan)),
            *(f"> {escaped(sentence)}" for sentence in _warnings(plan)),
            "<details>\n<summary>SQL</summary>",
            f"{fence}sql\n{sql}\n{fence}",
            "</details>",
        )
    )


def plan_json(plan: Plan) -> str:
    """Return the plan for a program; the keys are those of the module's text."""
    value = {
        "history": {"schema": plan.schema, "table": plan.table},
        "dialect": plan.dialect,
        "from": plan.before,
        "to": plan.after,
        "hash": plan.hash,
        "image_digest": plan.image_digest,
        "destructive": plan.is_destructive,
        "revisions": [_fields(one) for one in plan.revisions],
        "edited": plan.edits.revisions,
        "refused": plan.edits.message if plan.edits.are_refused else "",
    }
    return json.dumps(value, indent=2, ensure_ascii=False)


def plan_sql(plan: Plan) -> str:
    """Return the plan as a script; it ends with an error at the first revision that was not rendered."""
    remarks = [f"-- ! {' '.join(sentence.split())}" for sentence in _edits(plan)]
    sql = script(one.sql for one in plan.revisions) if plan.revisions else f"-- {_nothing(plan)}"
    return "\n".join((*remarks, sql))


def _nothing(plan: Plan) -> str:
    return f"Nothing is pending: {plan.place} is at {_named(plan.before)}"


def _title(plan: Plan) -> str:
    count = len(plan.revisions)
    return (
        f"Plan for {plan.place} from {_named(plan.before)} to {_named(plan.after)}, "
        f"{count} revision{'' if count == 1 else 's'}"
    )


def _named(heads: Sequence[str]) -> str:
    return ", ".join(heads) or "base"


def _rows(plan: Plan) -> Iterator[str]:
    width = max(len(one.sql.revision) for one in plan.revisions)
    longest = max(len(one.sql.message) for one in plan.revisions)
    for one in plan.revisions:
        yield f"  {one.sql.revision:{width}}  {one.sql.message:{longest}}  {_size(one)}".rstrip()


def _table(plan: Plan) -> Iterator[str]:
    yield "| Revision | Message | SQL |"
    yield "| --- | --- | --- |"
    for one in plan.revisions:
        yield f"| {escaped(one.sql.revision)} | {escaped(one.sql.message)} | {_size(one)} |"


def _size(one: PlannedRevision) -> str:
    if not one.is_rendered:
        return _NOT_RENDERED
    count = sum(statement not in {BEGIN, COMMIT} for statement in one.sql.statements)
    return f"{count} statement{'' if count == 1 else 's'}"


def _warnings(plan: Plan) -> Iterator[str]:
    """Yield what a reader must know before the SQL."""
    yield from _edits(plan)
    yield from plan.not_rendered
    for one in plan.revisions:
        if one.looked.destroys and one.is_rendered:
            yield f"Revision {one.sql.revision} takes away {', '.join(one.looked.destroys)}"


def _edits(plan: Plan) -> Iterator[str]:
    """Yield what an upgrade would say of edited revisions."""
    if plan.edits.revisions:
        yield f"Upgrade would be refused: {plan.edits.message}" if plan.edits.are_refused else plan.edits.message


def _sql(plan: Plan) -> Iterator[str]:
    """Yield the SQL of each revision, whatever is missing in between: it is to be read, not to be run.

    Each finding stands once, before its statement, as a comment.
    """
    for one in plan.revisions:
        findings = list(one.looked.findings)
        yield "\n".join((mark(one.sql), *map(_remark, _taken(findings, ""))))
        for statement in one.sql.statements if one.is_rendered else (f"-- {one.sql.not_rendered}",):
            yield "\n".join((*map(_remark, _taken(findings, statement)), statement))


def _taken(findings: list[Finding], statement: str) -> list[Finding]:
    """Take out and return the findings about a statement; "" for those about none."""
    taken = [finding for finding in findings if finding.statement == statement]
    findings[:] = [finding for finding in findings if finding.statement != statement]
    return taken


def _remark(finding: Finding) -> str:
    advice = f"\n--   {finding.advice}" if finding.advice else ""
    return f"-- ! {finding.level} {finding.rule}: {finding.message}{advice}"


def _fields(one: PlannedRevision) -> dict[str, Any]:
    return {
        "revision": one.sql.revision,
        "file": one.sql.file,
        "message": one.sql.message,
        "checksum": one.checksum,
        "statements": one.sql.statements,
        "not_rendered": one.sql.not_rendered,
        "destroys": one.looked.destroys,
        "findings": [asdict(finding) for finding in one.looked.findings],
    }


def escaped(text: str) -> str:
    """Return text in one line that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", " ".join(text.split()))


def _fence(text: str) -> str:
    """Return a fence that the text does not hold."""
    return "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
