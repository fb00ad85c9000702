"""What the linter found, to read: for a terminal, for a program, for a pull request, for GitHub's diff.

The keys of the JSON, which only grow in number:

    ok              whether nothing was found that ends the command with 1
    from, to, hash  of the plan that was looked at
    revisions       the ids that were looked at, in apply order
    findings        each with rule, level, message, advice, revision, file, line, statement, tables and destructive
    ignored         findings that a comment in the revision's file accepts, with the same keys
    destroys        revision and what: all that is gone afterwards, also where a floor says that nobody misses it
    notes           what could not be asked
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final

from revgate.migration.lint.finding import Finding, Level
from revgate.migration.plans.formats import escaped
from revgate.migration.plans.plan import Plan

_MARKS: Final = {Level.ERROR: "✗", Level.WARNING: "!", Level.INFO: "·"}
_ANNOTATIONS: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "notice"}
_PLURALS: Final = {Level.ERROR: "errors", Level.WARNING: "warnings", Level.INFO: "infos"}
_SHOWN: Final = 200  # characters of a statement


def counting(plan: Plan, *, strict: bool) -> tuple[Finding, ...]:
    """Return the findings that end the command with 1."""
    levels = {Level.ERROR, Level.WARNING} if strict else {Level.ERROR}
    return tuple(finding for finding in plan.findings if finding.level in levels)


def lint_text(plan: Plan) -> str:
    """Return the findings for a terminal."""
    parts = ["\n".join(_lines(finding)) for finding in plan.findings]
    return "\n\n".join([*parts, "\n".join((*_losses(plan), summary(plan)))])


def lint_json(plan: Plan, *, strict: bool) -> str:
    """Return the findings for a program; the keys are those of the module's text."""
    value = {
        "ok": not counting(plan, strict=strict),
        "from": plan.before,
        "to": plan.after,
        "hash": plan.hash,
        "revisions": [one.sql.revision for one in plan.revisions],
        "findings": [asdict(finding) for finding in plan.findings],
        "ignored": [asdict(finding) for one in plan.revisions for finding in one.looked.ignored],
        "destroys": [
            {"revision": one.sql.revision, "what": what} for one in plan.revisions for what in one.looked.destroys
        ],
        "notes": plan.notes,
    }
    return json.dumps(value, indent=2, ensure_ascii=False)


def lint_markdown(plan: Plan) -> str:
    """Return the findings for a pull request."""
    rows = [
        f"| {finding.level} | `{finding.rule}` | {escaped(place(finding))} | {escaped(finding.message)}. "
        f"{escaped(finding.advice)} |"
        for finding in plan.findings
    ]
    table = "\n".join(("| Level | Rule | Where | What |", "| --- | --- | --- | --- |", *rows)) if rows else ""
    losses = "\n".join(f"> {escaped(line)}" for line in _losses(plan))
    return "\n\n".join(filter(None, (f"### {escaped(summary(plan))}", table, losses)))


def lint_github(plan: Plan) -> str:
    """Return the findings as annotations of GitHub's workflows, which it shows beside the lines of the diff."""
    return "\n".join((*map(_annotation, plan.findings), summary(plan)))


def summary(plan: Plan) -> str:
    """Return what was found in one sentence."""
    count = len(plan.revisions)
    looked_at = f"in {count} revision{'' if count == 1 else 's'} of {plan.place}"
    if not count:
        return "✓ No revision is pending"
    levels = Counter(finding.level for finding in plan.findings)
    found = [f"{levels[level]} {level if levels[level] == 1 else _PLURALS[level]}" for level in Level if levels[level]]
    accepted = sum(len(one.looked.ignored) for one in plan.revisions)
    ignored = f", {accepted} ignored" if accepted else ""
    return f"{', '.join(found) or '✓ No findings'}{ignored} {looked_at}"


def place(finding: Finding) -> str:
    """Return FILE:LINE."""
    return f"{finding.file}:{finding.line}" if finding.line else finding.file


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{place(finding)}: {_MARKS[finding.level]} {finding.level} {finding.rule}"
    yield f"  {finding.message}"
    if finding.advice:
        yield f"  → {finding.advice}"
    if finding.statement:
        text = " ".join(finding.statement.split())
        yield f"    {text if len(text) <= _SHOWN else f'{text[: _SHOWN - 3]}...'}"


def _losses(plan: Plan) -> Sequence[str]:
    return [
        f"Revision {one.sql.revision} takes away {', '.join(one.looked.destroys)}"
        for one in plan.revisions
        if one.looked.destroys
    ]


def _annotation(finding: Finding) -> str:
    words = {"file": finding.file, "line": finding.line, "title": finding.rule}
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in words.items() if value)
    text = f"{finding.message}\n{finding.advice}" if finding.advice else finding.message
    return f"::{_ANNOTATIONS[finding.level]} {properties}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
