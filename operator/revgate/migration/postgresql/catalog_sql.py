"""Pieces of questions to PostgreSQL's catalogue that several modules ask, on whichever driver."""

from typing import Final

BUILDS: Final = """
    p.datname = current_database() AND (p.index_relid = i.indexrelid OR p.index_relid IS NULL AND EXISTS (
        SELECT FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database AND d.datname = p.datname
        WHERE l.pid = p.pid AND l.relation = i.indrelid AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
    ))
"""
"""Whether the row p of pg_stat_progress_create_index builds the index i of pg_index.

Of another role's build only the pid can be seen: then whoever builds holds the lock of a build on the table.
"""

LEAVES: Final = """(
    SELECT c.oid AS relid WHERE c.relkind <> 'p'
    UNION ALL
    SELECT tree.relid FROM pg_partition_tree(c.oid) AS tree WHERE c.relkind = 'p' AND tree.isleaf
)"""
"""The tables in which the rows of the relation c are: itself, or its partitions."""

ROWS: Final = "CASE WHEN bool_and(part.reltuples >= 0) THEN sum(part.reltuples)::bigint END"
"""How many rows the relations part have by the server's estimate, which costs no lock; NULL for one never counted."""
