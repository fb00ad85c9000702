"""What a look reads when the heads alone do not answer: the ledger, which is the map of the revisions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from revgate.contract.serves import Edge
from revgate.gate.reading import Forbidden, Heads, Ledger, NoTable, Reading
from revgate.gate.tables import Table, find_ledgers, of_history

if TYPE_CHECKING:
    from revgate.gate.connection import Connection

# One row: a call of libpq for each value would take longer than the query
_ROWS = """
SELECT coalesce(json_agg(json_build_array(revision, parents, floor)), '[]')::text FROM {ledger} WHERE {history}"""


def reading_of(connection: Connection, wanted: str, table: Table | None, heads: tuple[str, ...]) -> Reading:
    """Return what there is: `wanted` is what the version table is called where there is none."""
    if table is None:
        return NoTable(wanted)
    if not table.readable:
        return Forbidden(str(table))
    return _with_ledger(connection, table, heads) if heads else Heads(str(table), heads)


def _with_ledger(connection: Connection, table: Table, heads: tuple[str, ...]) -> Heads:
    ledgers = tuple(find_ledgers(connection, table))
    for ledger in ledgers:
        edges = edges_of(connection, ledger, table) if ledger.readable else ()
        if edges:
            return Heads(str(table), heads, Ledger.READ, str(ledger), {edge.revision: edge for edge in edges})
    forbidden = next((str(ledger) for ledger in ledgers if not ledger.readable), "")
    return Heads(str(table), heads, Ledger.FORBIDDEN if forbidden else Ledger.MISSING, forbidden)


def edges_of(connection: Connection, ledger: Table, table: Table) -> tuple[Edge, ...]:
    """Return what a ledger knows of the history of a version table, without what was reverted."""
    statement = _ROWS.format(ledger=ledger.identifier, history=of_history(table))
    rows = json.loads(connection.rows(statement)[0][0] or "[]")
    parents = json.loads(f"[{','.join(row[1] for row in rows)}]")  # in one go: thousands of small ones take as many ms
    return tuple(Edge(row[0], tuple(each), row[2] or "") for row, each in zip(rows, parents, strict=True))
