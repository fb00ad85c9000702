"""What the server does for our sessions when it takes long: how far it is, and whom it waits for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_COPY_SINCE: Final = 14  # what is read of the others came with PostgreSQL 12 or before
_MOST_NAMED: Final = 2
_UNFIT: Final = re.compile(r"[^\w .:/@+-]")  # of names that others chose

# An index that is not committed yet is not in our pg_class: then it has no name. A phase that counts nothing still has
# the figures of the one before
_BUILD: Final = """
    SELECT p.pid, coalesce(i.relname, 'an index on ' || t.relname, 'an index') AS what, p.phase, NULL::bigint AS rows,
           CASE WHEN p.phase ~ 'sorting' THEN NULL
                WHEN p.lockers_total > 0 THEN p.lockers_done * 100 / p.lockers_total
                WHEN p.tuples_total > 0 THEN p.tuples_done * 100 / p.tuples_total
                WHEN p.blocks_total > 0 THEN p.blocks_done * 100 / p.blocks_total END AS percent
    FROM pg_stat_progress_create_index AS p
    LEFT JOIN pg_class AS i ON i.oid = p.index_relid LEFT JOIN pg_class AS t ON t.oid = p.relid
"""
_REWRITE: Final = """
    SELECT p.pid, concat_ws(' ', p.command, t.relname), p.phase, NULL,
           CASE WHEN p.phase = 'seq scanning heap' THEN p.heap_blks_scanned * 100 / nullif(p.heap_blks_total, 0) END
    FROM pg_stat_progress_cluster AS p LEFT JOIN pg_class AS t ON t.oid = p.relid
"""
_VACUUM: Final = """
    SELECT p.pid, concat_ws(' ', 'VACUUM', t.relname), p.phase, NULL,
           CASE WHEN p.phase = 'scanning heap' THEN p.heap_blks_scanned * 100 / nullif(p.heap_blks_total, 0) END
    FROM pg_stat_progress_vacuum AS p LEFT JOIN pg_class AS t ON t.oid = p.relid
"""
_COPY: Final = """
    SELECT p.pid, concat_ws(' ', p.command, t.relname), '', p.tuples_processed,
           p.bytes_processed * 100 / nullif(p.bytes_total, 0)
    FROM pg_stat_progress_copy AS p LEFT JOIN pg_class AS t ON t.oid = p.relid
"""


@dataclass(frozen=True, slots=True)
class Work:
    """What PostgreSQL says of one session; no text of a statement is in it."""

    what: str  # the index, or the command and its table; "" when the server tells of no progress
    phase: str  # PostgreSQL's words, such as "building index: scanning table"
    percent: int | None  # of the phase
    rows: int | None
    pids: tuple[int, ...]  # the sessions that keep it waiting for a lock
    names: tuple[str, ...]  # what these call themselves

    def __str__(self) -> str:
        """Return ``45 % of idx_a (building index: scanning table)``: what counts comes first, terminals are narrow."""
        return ", ".join(part for part in (self._progress(), self._wait()) if part)

    def _progress(self) -> str:
        if not self.what:
            return ""
        done = "" if self.percent is None else f"{min(self.percent, 100)} % of "
        more = self.phase or f"{self.rows or 0} rows"
        return f"{done}{_fit(self.what)} ({more})"

    def _wait(self) -> str:
        if not self.pids:
            return ""
        named = [f"pid {pid} ({_fit(name)})" if name else f"pid {pid}" for pid, name in self._holders()]
        more = f" and {len(self.pids) - _MOST_NAMED} more" if len(self.pids) > _MOST_NAMED else ""
        return f"waits for a lock held by {', '.join(named)}{more}"

    def _holders(self) -> list[tuple[int, str]]:
        return list(zip(self.pids, self.names, strict=True))[:_MOST_NAMED]


def question(server: int, pids: str) -> str:
    """Return the SQL that answers with the columns of a Work for the busiest of some sessions, or with no row.

    Args:
        server: its major version.
        pids: the placeholder of an array of their process ids, as the driver writes it.
    """
    tables = [_BUILD, _REWRITE, _VACUUM, *([_COPY] if server >= _COPY_SINCE else [])]
    return f"""
        SELECT coalesce(p.what, ''), coalesce(p.phase, ''), p.percent, p.rows, b.pids, b.names
        FROM pg_stat_activity AS me
        LEFT JOIN ({" UNION ALL ".join(tables)}) AS p ON p.pid = me.pid
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(a.pid ORDER BY a.pid), '{{}}') AS pids,
                   coalesce(array_agg(coalesce(nullif(a.application_name, ''), a.usename, '') ORDER BY a.pid), '{{}}')
                       AS names
            FROM pg_stat_activity AS a
            WHERE me.wait_event_type = 'Lock' AND a.pid = ANY(pg_blocking_pids(me.pid))
        ) AS b
        WHERE me.pid = ANY({pids}) AND (p.pid IS NOT NULL OR b.pids <> '{{}}')
        ORDER BY p.pid IS NULL, me.pid LIMIT 1
    """  # noqa: S608  constants


def work_of(row: Sequence[object] | None) -> Work | None:
    """Return what an answer says."""
    if row is None:
        return None
    what, phase, percent, rows, pids, names = row
    return Work(
        str(what),
        str(phase),
        None if percent is None else int(str(percent)),
        None if rows is None else int(str(rows)),
        tuple(int(pid) for pid in _listed(pids)),
        tuple(_listed(names)),
    )


def _listed(values: object) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else []


def _fit(name: str) -> str:
    return _UNFIT.sub("?", name)
