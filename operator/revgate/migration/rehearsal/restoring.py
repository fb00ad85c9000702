"""Whether a schema is what it was: two texts of pg_dump compared, but for the order of columns and of statements. Pure.

A downgrade that adds a column again can only add it at the end, which no application should notice.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from revgate.migration.rehearsal.result import Difference

_NOISE: Final = ("--", "SET ", "SELECT pg_catalog.set_config", "\\restrict", "\\unrestrict")
_TABLE: Final = re.compile(r"(?P<head>CREATE (?:UNLOGGED |FOREIGN )?TABLE \S.*) \(\n(?P<body>.*?)\n\)(?P<tail>.*)", re.DOTALL)


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


def _facts(block: str) -> Iterator[str]:
    table = _TABLE.fullmatch(block)
    if table is None:
        if block:
            yield " ".join(block.split())
        return
    yield " ".join(f"{table['head']}{table['tail']}".split())
    for line in table["body"].split("\n"):
        yield f"{table['head']}: {' '.join(line.split()).rstrip(',')}"
