"""Whether a schema is what it was: two texts of pg_dump compared, but for the order of columns and of statements. Pure.

A downgrade that adds a column again can only add it at the end, which no application should notice.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from revgate.migration.rehearsal.result import Difference

_NOISE: Final = ("--", "SET ", "SELECT pg_catalog.set_config", "\\restrict", "\\unrestrict")
_TABLE: Final = re.compile(
    r"(?P<head>CREATE (?:UNLOGGED |FOREIGN )?TABLE \S.*) \(\n(?P<body>.*?)\n\)(?P<tail>.*)", re.DOTALL
)

Schemas: TypeAlias = Sequence[tuple[str, Counter[str]]]
"""A way: "" and the facts before it, then each revision and the facts after it."""


def facts_of(dump: str) -> Counter[str]:
    """Return what a text of `pg_dump --schema-only` says: a line for each column, one for each other statement."""
    kept = "\n".join(line.rstrip() for line in dump.splitlines() if not line.startswith(_NOISE))
    return Counter(fact for block in re.split(r"\n{2,}", kept) for fact in _facts(block.strip("\n")))


def difference(revision: str, before: Counter[str], after: Counter[str]) -> Difference | None:
    """Return how the two differ, or None when they say the same."""
    left_over, missing = after - before, before - after
    if not left_over and not missing:
        return None
    return Difference(revision, tuple(left_over.elements()), tuple(missing.elements()))


def differences_on_the_way(up: Schemas, down: Schemas) -> tuple[Difference, ...]:
    """Return what each downgrade did not restore; when they came in another order, what all of them did not."""
    undone = [revision for revision, _ in down[1:]]
    if undone != [revision for revision, _ in reversed(up[1:])][: len(undone)]:
        found = difference("", up[0][1], down[-1][1])
        return (found,) if found else ()
    return tuple(_new_differences(up, down))


def _new_differences(up: Schemas, down: Schemas) -> Iterator[Difference]:
    left_over, missing = Counter[str](), Counter[str]()  # what is told of a newer revision is not told of all below it
    for (_, before), (revision, after) in zip(reversed(up[:-1]), down[1:], strict=False):
        extra, lacking = after - before, before - after
        new = difference(revision, lacking - missing, extra - left_over)
        if new:
            yield new
        left_over, missing = left_over | extra, missing | lacking


def _facts(block: str) -> Iterator[str]:
    table = _TABLE.fullmatch(block)
    if table is None:
        if block:
            yield " ".join(block.split())
        return
    yield " ".join(f"{table['head']}{table['tail']}".split()).rstrip(";")
    for line in table["body"].split("\n"):
        yield f"{table['head']}: {' '.join(line.split()).rstrip(',')}"
