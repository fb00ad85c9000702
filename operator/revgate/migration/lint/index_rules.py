"""Indexes that are built or dropped while the app waits, and builds that leave something behind."""

from collections.abc import Iterator
from typing import Final

from revgate.migration.lint.finding import Level
from revgate.migration.lint.repeating import is_guarded
from revgate.migration.lint.rule import Hit, Rule
from revgate.migration.lint.scene import OUTSIDE, Revision, Run
from revgate.migration.lint.statements import CreateIndex, DropIndex, Other, Refresh, Reindex, RewriteTable

_BLOCK: Final = "inside `with op.get_context().autocommit_block():`"


def _create(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, one in revision.each(CreateIndex):
        if not one.concurrently and not run.is_new(one.table, placed.at):
            yield Hit(
                placed,
                f"Index {one.name or '(unnamed)'} is built under a SHARE lock: nobody writes to table {one.table} "
                "until it is ready",
                f"Build it with postgresql_concurrently=True {_BLOCK}, in a revision of its own",
                (one.table,),
            )


def _drop(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, one in revision.each(DropIndex):
        for name in () if one.concurrently else one.names:
            table = run.index_table(name.name, placed.at)
            if table is None or not run.is_new(table, placed.at):
                of = f"table {table}" if table else "its table"
                yield Hit(
                    placed,
                    f"Index {name} is dropped under an ACCESS EXCLUSIVE lock: {of} cannot be read while the drop waits "
                    "for its turn, and until the transaction ends",
                    f"Drop it with postgresql_concurrently=True {_BLOCK}",
                    (table,) if table else (),
                )


def _reindex(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, one in revision.each(Reindex):
        table = run.index_table(one.name.name, placed.at) if one.what == "INDEX" else one.name
        if one.concurrently or (table is not None and run.is_new(table, placed.at)):
            continue
        yield Hit(
            placed,
            f"REINDEX {one.what} {one.name} locks out writers, and readers who would use the index, until it ends",
            f"Write REINDEX {one.what} CONCURRENTLY {_BLOCK}",
            (table,) if table and one.what in {"INDEX", "TABLE"} else (),
        )


def _in_transaction(revision: Revision, _: Run) -> Iterator[Hit]:
    for placed in revision.placed:
        for one in placed.kinds if placed.transaction != OUTSIDE else ():
            match one:
                case (
                    CreateIndex(concurrently=True)
                    | DropIndex(concurrently=True)
                    | Reindex(concurrently=True)
                    | RewriteTable(command="VACUUM FULL")
                    | Other(words="VACUUM")
                ):
                    yield Hit(
                        placed,
                        "PostgreSQL refuses this statement inside a transaction, and a revision runs in one",
                        f"Put it {_BLOCK}",
                    )
                case _:
                    pass


def _invalid_kept(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, one in revision.each(CreateIndex):
        is_risky = one.concurrently and one.if_not_exists and not run.is_new(one.table, placed.at)
        if is_risky and not is_guarded(one.name, placed, revision):
            yield Hit(
                placed,
                f"A build of index {one.name} that was cut off leaves it invalid, and IF NOT EXISTS then takes it for "
                "the wanted one: no query uses it, every write maintains it",
                "Leave out if_not_exists, and drop the index before with postgresql_concurrently=True, if_exists=True",
                (),
            )


def _refresh(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, one in revision.each(Refresh):
        if not one.concurrently and not run.is_new(one.view, placed.at):
            yield Hit(
                placed,
                f"Materialized view {one.view} is filled under an ACCESS EXCLUSIVE lock: nobody reads it until then",
                "Write REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index on the view",
                (one.view,),
            )


RULES: Final = (
    Rule("index-blocks-writes", Level.ERROR, _create, by_size=True, only="postgresql"),
    Rule("drop-index-blocks", Level.WARNING, _drop, by_size=True, only="postgresql"),
    Rule("reindex-blocks", Level.ERROR, _reindex, by_size=True, only="postgresql"),
    Rule("concurrently-in-transaction", Level.ERROR, _in_transaction, only="postgresql"),
    Rule("invalid-index-kept", Level.WARNING, _invalid_kept, only="postgresql"),
    Rule("refresh-blocks", Level.ERROR, _refresh, by_size=True, only="postgresql"),
)
