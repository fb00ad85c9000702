"""The ledger's edges in a runner's log: what is too big for a report, in lines of one kind.

A line is ``{"revgate":"edges","rows":[["0008",["0007"],""],...]}`` with at most 8 KB; a row is revision, parents,
floor. Newest first, so that a cut list is still right for the revisions it names. The report holds the sha256 of
the lines, each with its newline; lines that do not match it are not used.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from revgate.contract.serves import Edge

MARK: Final = '{"revgate":"edges",'
LINE_BYTES: Final = 8000
MOST_ROWS: Final = 1000


def encode_edges(edges: Sequence[Edge]) -> tuple[str, ...]:
    """Return the log lines, without newlines, for the first 1,000 edges, which must be sorted newest first."""
    return tuple(_lines(edges[:MOST_ROWS]))


def digest_of(lines: Iterable[str]) -> str:
    """Return the sha256, in hexadecimal, that a report holds for these lines."""
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def decode_edges(log: str, digest: str) -> tuple[Edge, ...] | None:
    """Return the edges in a pod's log, or None when they are missing, cut or not the ones that the report means."""
    lines = [line for line in log.splitlines() if line.startswith(MARK)]
    if not digest or digest_of(lines) != digest:
        return None
    try:
        rows = [row for line in lines for row in json.loads(line)["rows"]]
        return tuple(_edge(*row) for row in rows)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None  # a runner of another version writes them in another way


def _edge(revision: object, parents: object, floor: object, *_: object) -> Edge:
    if not isinstance(parents, list):
        raise TypeError("a list of parents was expected")
    return Edge(_text(revision), tuple(map(_text, parents)), _text(floor))


def _text(value: object) -> str:
    """Whoever writes a pod's log writes what is in a status then, where half a surrogate pair would not stay."""
    if not isinstance(value, str):
        raise TypeError("a revision was expected")
    value.encode()
    return value


def _lines(edges: Iterable[Edge]) -> Iterator[str]:
    rows: list[str] = []
    size = 0
    for edge in edges:
        row = json.dumps([edge.revision, list(edge.parents), edge.floor], separators=(",", ":"))
        if rows and size + len(row) > LINE_BYTES - 100:
            yield _line(rows)
            rows, size = [], 0
        rows.append(row)
        size += len(row) + 1
    if rows:
        yield _line(rows)


def _line(rows: Iterable[str]) -> str:
    return f'{MARK}"rows":[{",".join(rows)}]}}'
