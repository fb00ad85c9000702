"""The ledger's rows: read for the map, written in the transaction of the version row."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

import psycopg
import sqlalchemy as sa
from psycopg import sql

from revgate import __version__
from revgate.contract.serves import Edge, below
from revgate.migration.ledger import Ledger
from revgate.migration.revisions import Known

_READ: Final[LiteralString] = (
    "SELECT revision, parents, floor FROM {} "
    "WHERE version_table_schema = %(schema)s AND version_table = %(table)s AND state <> 'reverted'"
)
_INSERT: Final[LiteralString] = (
    "INSERT INTO {} AS log (version_table_schema, version_table, revision, parents, checksum, floor, state, "
    "started_at, finished_at, image, job, owner, runner) VALUES (%(schema)s, %(table)s, %(revision)s, %(parents)s, "
    "%(checksum)s, %(floor)s, "
)
_APPLIED: Final[LiteralString] = _INSERT + (
    "'applied', %(started)s, clock_timestamp(), %(image)s, %(job)s, %(owner)s, %(runner)s) "
    "ON CONFLICT (version_table_schema, version_table, revision) DO UPDATE SET parents = excluded.parents, "
    "checksum = excluded.checksum, floor = coalesce(nullif(excluded.floor, ''), log.floor), state = 'applied', "
    "started_at = excluded.started_at, finished_at = excluded.finished_at, image = excluded.image, "
    "job = excluded.job, owner = excluded.owner, runner = excluded.runner"
)
_RECORDED: Final[LiteralString] = _INSERT + (
    "'recorded', NULL, NULL, %(image)s, %(job)s, %(owner)s, %(runner)s) "
    "ON CONFLICT (version_table_schema, version_table, revision) DO UPDATE SET parents = excluded.parents, "
    "checksum = excluded.checksum, floor = coalesce(nullif(excluded.floor, ''), log.floor), state = 'recorded', "
    "started_at = NULL, finished_at = NULL WHERE log.state = 'reverted'"
)
# A floor that is there stays in all of these: an older image does not know it, and a gate would say yes to old apps
_FLOORED: Final[LiteralString] = (
    "UPDATE {} SET floor = %(floor)s WHERE version_table_schema = %(schema)s AND version_table = %(table)s "
    "AND revision = %(revision)s AND floor = '' AND %(floor)s <> ''"
)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who applies: what the ledger says of a run."""

    image: str = ""
    job: str = ""
    owner: str = ""
    runner: str = __version__


def read_edges(connection: psycopg.Connection, ledger: Ledger) -> dict[str, Edge]:
    """Return every revision that was ever known in this history and not reverted, by its id."""
    rows = connection.execute(sql.SQL(_READ).format(ledger.identifier), ledger.key).fetchall()
    return {revision: Edge(revision, tuple(json.loads(parents)), floor) for revision, parents, floor in rows}


def unrecorded(heads: Iterable[str], scripts: Mapping[str, Edge], ledger: Mapping[str, Edge]) -> tuple[str, ...]:
    """Return the applied revisions that the ledger lacks, of an adopted database all, or whose new floor it lacks."""
    applied = set(below(sorted(heads), {**ledger, **scripts})) & scripts.keys()
    return tuple(sorted(one for one in applied if one not in ledger or (scripts[one].floor and not ledger[one].floor)))


def record_known(
    connection: psycopg.Connection, ledger: Ledger, known: Iterable[Known], provenance: Provenance
) -> None:
    """Write down revisions that were applied before there was a ledger: without times, which nobody knows."""
    values = [_values(ledger, one, provenance) for one in known]
    with connection.transaction(), connection.cursor() as cursor:
        for statement in (_RECORDED, _FLOORED):
            cursor.executemany(sql.SQL(statement).format(ledger.identifier), values)


def record_applied(
    connection: sa.Connection, ledger: Ledger, known: Known, started: datetime, provenance: Provenance
) -> None:
    """Write the row of a revision that was just applied, in the transaction that the connection is in."""
    statement = sql.SQL(_APPLIED).format(ledger.identifier).as_string(None)
    connection.exec_driver_sql(statement, {**_values(ledger, known, provenance), "started": started})


def _values(ledger: Ledger, known: Known, provenance: Provenance) -> dict[str, str]:
    return {
        **ledger.key,
        "revision": known.edge.revision,
        "parents": json.dumps(known.edge.parents),
        "checksum": known.checksum,
        "floor": known.edge.floor,
        "image": provenance.image,
        "job": provenance.job,
        "owner": provenance.owner,
        "runner": provenance.runner,
    }
