"""A rehearsal to read: for a terminal, for a pull request, for a program.

The keys of the JSON, which only grow in number:

    source, server  HOST:PORT/NAME of the database, HOST:PORT of the server with the copy
    from, pending   the heads of the database, and the revisions that were rehearsed, in apply order
    ok              whether everything ran and came back as it was
    legs            up, or up, down, up: each with direction, seconds, error ("" or a sentence), and revisions: each
                    with revision, file, seconds (null: it failed) and statements: each with sql, seconds, failed,
                    in_transaction and touched: each with schema, table, lock ("" when it could not be seen),
                    rewritten and rows (of the real table, estimated; null: nobody knows)
    differences     what a downgrade did not restore: revision ("" for the whole way), left_over, missing
    notes           sentences: what could not be copied
    left            the scratch database when it could not be dropped, else ""
"""

from collections.abc import Iterator
from typing import Any, Final

from revgate.migration.plans.formats import escaped
from revgate.migration.rehearsal.result import (
    BLOCKING,
    DOWN,
    Difference,
    Leg,
    Rehearsal,
    RehearsedRevision,
    Statement,
    Touched,
)

_NO_DATA: Final = (
    "The copy has no rows: in production statements take longer, and revisions that read or change data do other things"
)
_AUTOCOMMIT: Final = "outside a transaction: its locks were gone before they could be seen"
_MANY: Final = 10
_WAYS: Final = ("Up", "Down", "Up again")


def rehearsal_text(rehearsal: Rehearsal) -> str:
    """Return it for a terminal."""
    if not rehearsal.pending:
        return _nothing(rehearsal)
    return "\n".join((f"{_title(rehearsal)}:", *_legs(rehearsal), "", *_ending(rehearsal)))


def rehearsal_markdown(rehearsal: Rehearsal) -> str:
    """Return it for a pull request."""
    if not rehearsal.pending:
        return _nothing(rehearsal)
    parts = [f"### {escaped(_title(rehearsal))}"]
    if rehearsal.legs:
        parts.append("\n".join(_table(rehearsal.legs[0])))
    parts += [escaped(line.strip()) for leg in rehearsal.legs[1:] for line in _leg_lines(leg, with_statements=False)]
    return "\n\n".join((*parts, *(f"> {escaped(line)}" for line in _ending(rehearsal))))


def rehearsal_json(rehearsal: Rehearsal) -> dict[str, Any]:
    """Return it for a program; the keys are those of the module's text."""
    return {
        "source": rehearsal.source,
        "server": rehearsal.server,
        "from": rehearsal.before,
        "pending": rehearsal.pending,
        "ok": rehearsal.is_well,
        "legs": [_leg_fields(leg) for leg in rehearsal.legs],
        "differences": [
            {"revision": one.revision, "left_over": one.left_over, "missing": one.missing}
            for one in rehearsal.differences
        ],
        "notes": rehearsal.notes,
        "left": rehearsal.left,
    }


def _nothing(rehearsal: Rehearsal) -> str:
    return f"Nothing is pending: {rehearsal.source} is at {_named(rehearsal.before)}"


def _title(rehearsal: Rehearsal) -> str:
    return (
        f"Rehearsal of {_counted(len(rehearsal.pending), 'revision')} for {rehearsal.source} from "
        f"{_named(rehearsal.before)}, on {rehearsal.server}"
    )


def _named(heads: tuple[str, ...]) -> str:
    return ", ".join(heads) or "base"


def _legs(rehearsal: Rehearsal) -> Iterator[str]:
    for way, leg in zip(_WAYS, rehearsal.legs, strict=False):
        if len(rehearsal.legs) > 1:
            yield f"\n{way}, in {_time(leg.seconds)}"
        yield from _leg_lines(leg, with_statements=leg is rehearsal.legs[0])


def _leg_lines(leg: Leg, *, with_statements: bool) -> Iterator[str]:
    for one in leg.revisions:
        if with_statements:
            yield ""
            yield _headline(one)
            yield from (f"  {line}" for statement in one.statements for line in _statement(statement))
        elif leg.direction == DOWN or one.seconds is None:
            yield f"  {_headline(one)}"


def _headline(one: RehearsedRevision) -> str:
    return f"{one.revision} ({one.file}): {'failed' if one.seconds is None else _time(one.seconds)}"


def _statement(statement: Statement) -> Iterator[str]:
    mark = "✗ " if statement.failed else ""
    yield f"{mark}{statement.sql}  [{_time(statement.seconds)}]"
    if not statement.in_transaction:
        yield f"  {_AUTOCOMMIT}"
    for touched in statement.touched[:_MANY]:
        yield f"  {_touched(touched)}"
    if len(statement.touched) > _MANY:
        yield f"  and {len(statement.touched) - _MANY} tables more"


def _touched(touched: Touched) -> str:
    weighs = touched.mode in BLOCKING or touched.rewritten
    size = f" ({_size(touched.rows)})" if weighs else ""
    rewritten = ", rewritten" if touched.rewritten else ""
    if not touched.mode:
        return f"{touched.table.text}{size}{rewritten}"
    return f"{touched.mode} on {touched.table.text}{size}{rewritten}"


def _size(rows: int | None) -> str:
    return "rows not counted yet: ANALYZE it" if rows is None else _counted(rows, "row")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _ending(rehearsal: Rehearsal) -> Iterator[str]:
    yield from rehearsal.notes
    for difference in rehearsal.differences:
        yield from _difference(difference)
    for way, leg in zip(_WAYS, rehearsal.legs, strict=False):
        if leg.error:
            yield f"✗ {leg.error}" if len(rehearsal.legs) == 1 else f"✗ {way}: {leg.error}"
    if rehearsal.left:
        yield f"✗ Scratch database {rehearsal.left} could not be dropped from {rehearsal.server}: drop it by hand"
    if rehearsal.is_well:
        way = "up, down and up again" if len(rehearsal.legs) > 1 else "up"
        yield f"✓ {_counted(len(rehearsal.pending), 'revision')} went {way}"
    yield _NO_DATA


def _difference(difference: Difference) -> Iterator[str]:
    whose = f"Downgrade of {difference.revision}" if difference.revision else "The way down and up"
    yield f"✗ {whose} did not restore the schema:"
    lines = [f"  left over: {fact}" for fact in difference.left_over]
    lines += [f"  missing: {fact}" for fact in difference.missing]
    yield from lines[:_MANY]
    if len(lines) > _MANY:
        yield f"  and {len(lines) - _MANY} more"


def _table(leg: Leg) -> Iterator[str]:
    yield "| Revision | Statement | Time | Locks |"
    yield "| --- | --- | --- | --- |"
    for one in leg.revisions:
        yield f"| {escaped(_headline(one))} | | | |"
        for statement in one.statements:
            locks = "<br>".join(escaped(_touched(touched)) for touched in statement.touched[:_MANY])
            what = "failed" if statement.failed else locks or ("" if statement.in_transaction else _AUTOCOMMIT)
            yield f"| | {escaped(statement.sql)} | {_time(statement.seconds)} | {what} |"


def _leg_fields(leg: Leg) -> dict[str, Any]:
    return {
        "direction": leg.direction,
        "seconds": round(leg.seconds, 3),
        "error": leg.error,
        "revisions": [
            {
                "revision": one.revision,
                "file": one.file,
                "seconds": None if one.seconds is None else round(one.seconds, 3),
                "statements": [_statement_fields(statement) for statement in one.statements],
            }
            for one in leg.revisions
        ],
    }


def _statement_fields(statement: Statement) -> dict[str, Any]:
    return {
        "sql": statement.sql,
        "seconds": round(statement.seconds, 4),
        "failed": statement.failed,
        "in_transaction": statement.in_transaction,
        "touched": [
            {
                "schema": one.table.schema,
                "table": one.table.name,
                "lock": one.mode,
                "rewritten": one.rewritten,
                "rows": one.rows,
            }
            for one in statement.touched
        ],
    }
