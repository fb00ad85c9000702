"""What goes wrong because of the transaction that a statement stands in, or does not."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from revgate.migration.lint.finding import Level
from revgate.migration.lint.reader import Name, read
from revgate.migration.lint.repeating import can_repeat
from revgate.migration.lint.rule import Hit, Rule
from revgate.migration.lint.scene import OUTSIDE, Placed, Revision, Run
from revgate.migration.lint.statements import AddEnumValue, CreateType, Other, Turn
from revgate.migration.lint.tables import exclusive_tables

_TEXTS: Final = frozenset({"string", "escaped", "dollar"})


def _not_rerunnable(revision: Revision, _: Run) -> Iterator[Hit]:
    """Find statements that are committed before the revision is, and would fail the next time."""
    doing = [placed for placed in revision.placed if any(map(_does_something, placed.kinds))]
    outside = [placed for placed in doing if placed.transaction == OUTSIDE]
    if not outside:
        return
    last = outside[-1]
    # The last thing of all may fail: then nothing but itself was left behind
    committed = [placed for placed in doing if placed.at <= last.at and placed is not doing[-1]]
    stuck = [placed for placed in committed if not _can_repeat(placed, revision)]
    if stuck:
        count = len(stuck)
        yield Hit(
            stuck[0],
            f"An autocommit block commits {'this' if count == 1 else f'this and {count - 1} more'} before the revision "
            "is done: when a later statement fails, the next run starts again and fails here",
            "Give the autocommit block a revision of its own with one statement in it, or make each statement "
            "repeatable (if_exists, if_not_exists; for CONCURRENTLY drop the index before)",
        )


def _does_something(one: object) -> bool:
    return not isinstance(one, Turn) and not (isinstance(one, Other) and one.words in {"SET", "RESET", "SELECT"})


def _can_repeat(placed: Placed, revision: Revision) -> bool:
    return placed.is_block or all(can_repeat(one, placed, revision) for one in placed.kinds)


def _control(revision: Revision, _: Run) -> Iterator[Hit]:
    """Find turns beside those that Alembic makes, which take each other's place."""
    is_open = False
    for placed in revision.placed:
        for one in placed.kinds:
            if not isinstance(one, Turn):
                continue
            if placed.is_block or one.word == "ROLLBACK" or is_open == (one.word == "BEGIN"):
                yield Hit(
                    placed,
                    f"The revision has a {one.word} of its own, or one before this: its first part stays when the rest "
                    "fails, and the version table does not know",
                    "Leave transactions to Alembic; for what must be outside of one, use "
                    "`with op.get_context().autocommit_block():`",
                )
                return
            is_open = one.word == "BEGIN"


def _several_locks(revision: Revision, run: Run) -> Iterator[Hit]:
    held: dict[int, list[Name]] = defaultdict(list)
    for placed in revision.placed:
        if placed.transaction == OUTSIDE:
            continue
        tables = held[placed.transaction]
        for table in (table for one in placed.kinds for table in exclusive_tables(one)):
            if table in tables or run.is_new(table, placed.at):
                continue
            tables.append(table)
            if len(tables) == 2:  # noqa: PLR2004  the second one makes it several
                yield Hit(
                    placed,
                    f"One transaction takes ACCESS EXCLUSIVE locks on tables {tables[0]} and {table}: it keeps the "
                    "first while it waits for the second, and an app that takes them in the other order deadlocks",
                    "Change one table in one revision",
                )


def _enum_value(revision: Revision, _: Run) -> Iterator[Hit]:
    new_types = {(placed.transaction, one.type) for placed, one in revision.each(CreateType)}
    for added, one in revision.each(AddEnumValue):
        if added.transaction == OUTSIDE or (added.transaction, one.type) in new_types:
            continue
        for placed in revision.placed:
            if placed.at > added.at and placed.transaction == added.transaction and _uses(placed, one.value):
                yield Hit(
                    placed,
                    f"Value {one.value!r} of type {one.type} is used in the transaction that adds it, which PostgreSQL "
                    "refuses",
                    "Use it in a later revision",
                )
                break


def _uses(placed: Placed, value: str) -> bool:
    return any(token.kind in _TEXTS and token.value == value for token in read(placed.sql, "postgresql"))


def _not_rendered(revision: Revision, _: Run) -> Iterator[Hit]:
    if revision.source.not_rendered:
        yield Hit(
            None,
            f"{revision.source.not_rendered}; no rule could look at it",
            "Let it decide by SQL (IF EXISTS, WHERE, INSERT ... SELECT), or review it by hand and say so: "
            "# lint: ignore[not-rendered] why",
        )


RULES: Final = (
    Rule("not-rendered", Level.WARNING, _not_rendered),
    Rule("not-rerunnable", Level.ERROR, _not_rerunnable, only="postgresql"),
    Rule("transaction-control", Level.ERROR, _control),
    Rule("several-exclusive-locks", Level.WARNING, _several_locks, only="postgresql"),
    Rule("enum-value-used-at-once", Level.ERROR, _enum_value, only="postgresql"),
)
