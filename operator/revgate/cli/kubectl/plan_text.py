"""A plan for a person who has to say yes or no to it. Pure."""

from collections.abc import Iterator
from datetime import datetime

from revgate.cli.kubectl.facts import Fact, fact_lines
from revgate.cli.kubectl.moments import ago
from revgate.cli.kubectl.paint import Colour, Paint, of_level
from revgate.cli.kubectl.schema_plan import Plan, Step, Word
from revgate.cli.kubectl.sql_colours import coloured_sql


def plan_lines(plan: Plan, now: datetime, width: int, paint: Paint) -> list[str]:
    """Return the whole plan, with its SQL."""
    steps = [line for step in plan.steps for line in ("", *_step(step, width, paint), *_sql(plan, step, paint))]
    return [*_head(plan, now, width, paint), *steps]


def summary_lines(plan: Plan, now: datetime, width: int, paint: Paint) -> list[str]:
    """Return the plan without its SQL: what is asked about."""
    steps = [line for step in plan.steps for line in _step(step, width, paint)]
    return [*_head(plan, now, width, paint), "", *steps]


def _head(plan: Plan, now: datetime, width: int, paint: Paint) -> list[str]:
    heads = f"{', '.join(plan.before) or '<base>'} -> {', '.join(plan.after) or '<base>'}"
    facts: tuple[Fact, ...] = (
        ("Plan", f"{plan.name} of migration {plan.namespace}/{plan.migration}", Colour.TITLE),
        ("Upgrade", f"{heads}, {_count(plan)}", Colour.PLAIN),
        ("", "Destructive: it takes data away" if plan.is_destructive else "", Colour.BAD),
        ("Image", plan.image, Colour.PLAIN),
        ("Approval", *_approval(plan, now)),
    )
    return fact_lines(facts, width, paint)


def _count(plan: Plan) -> str:
    return f"{len(plan.steps)} revision{'' if len(plan.steps) == 1 else 's'}"


def _approval(plan: Plan, now: datetime) -> tuple[str, Colour]:
    if plan.rejected:
        return f"Rejected by {_said(plan.rejected, now)}: {plan.rejected.why}", Colour.BAD
    if plan.approved:
        return f"Approved by {_said(plan.approved, now)}", Colour.GOOD
    if plan.needs_approval:
        return f"Waits for it: `kubectl revgate approve {plan.address}`", Colour.WAITING
    return "Not needed", Colour.PLAIN


def _said(word: Word, now: datetime) -> str:
    return f"{word.by} {ago(word.at, now)}" if word.at else word.by


def _step(step: Step, width: int, paint: Paint) -> Iterator[str]:
    yield f"{paint(step.revision, Colour.TITLE)}  {step.message}".rstrip()
    marks = [
        *(("destroys", text, Colour.BAD) for text in step.destroys),
        *((each.level, f"{each.message} ({each.rule})", of_level(each.level)) for each in step.findings),
    ]
    yield from (f"  {line}" for line in fact_lines(marks, max(width - 2, 0), paint))


def _sql(plan: Plan, step: Step, paint: Paint) -> Iterator[str]:
    if step.sql.strip():
        yield from (f"    {line}".rstrip() for line in coloured_sql(step.sql.strip("\n"), paint).split("\n"))
        return
    why = step.not_rendered or ("the plan is too large to hold it" if plan.is_truncated else "it has none")
    yield f"    {paint(f'SQL is not shown: {why}', Colour.DIM)}"
