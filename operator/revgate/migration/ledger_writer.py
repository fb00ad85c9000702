"""Writing the ledger during a run: what was applied before it, then each revision in its own transaction.

The digests of the rows are kept in mind, so that a revision costs one statement.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from revgate.contract.digest import digest_of
from revgate.contract.serves import Edge
from revgate.migration.database import Closing
from revgate.migration.ledger import (
    APPLIED,
    CLAIMED,
    CLOSED,
    CLOSED_STRICTLY,
    FLOORED,
    MENDED,
    PARAMETER,
    RECORDED,
    REVERTED,
    Ledger,
    Provenance,
    key_of,
)
from revgate.migration.project.revisions import Known
from revgate.migration.recorded import Row, changes_of

_NAMED: Final = tuple(dict.fromkeys(PARAMETER.findall(CLOSED_STRICTLY)))
_NUMBERED: Final = PARAMETER.sub(lambda found: f"${_NAMED.index(found[1]) + 1}", CLOSED_STRICTLY)
_TIMES: Final = tuple(sa.bindparam(name, type_=sa.DateTime(timezone=True)) for name in ("started", "finished"))


class LedgerWriter:
    """Writes the rows of one history, for who holds its lock."""

    def __init__(self, ledger: Ledger, provenance: Provenance, rows: Mapping[str, Row]) -> None:
        self.ledger = ledger
        self._provenance = provenance
        self._rows = rows
        self._digests = {revision: row.digest for revision, row in rows.items() if not row.is_reverted}
        self._applied = _statement(APPLIED, ledger.name).bindparams(*_TIMES)
        self._closed = self._closed_strictly = ""
        self._reverted = _statement(REVERTED, ledger.name)

    def complete(self, unrecorded: Sequence[Known], accepted: Sequence[Known], *, claims: bool) -> None:
        """Write down what was applied before there was a ledger, without times, which nobody knows.

        Args:
            unrecorded: applied, and not in the ledger, or not with their floor.
            accepted: edited since, and taken for what was applied.
            claims: whether all rows become our owner's.
        """
        changes = changes_of(self._rows, unrecorded, accepted)
        found = (
            (RECORDED, [self._values(known, digest) for known, digest in changes.recorded]),
            (FLOORED, [self._key | {"revision": edge.revision, "floor": edge.floor} for edge in changes.floored]),
            (MENDED, [self._key | _content(*mended) for mended in changes.mended]),
            (CLAIMED, [self._key | {"owner": self._provenance.owner}] if claims else []),
        )
        batches = [(statement, values) for statement, values in found if values]
        if batches:
            self.ledger.write(batches)
        self._digests |= {known.edge.revision: digest for known, digest in changes.recorded}
        self._digests |= {edge.revision: digest for edge, _, digest in changes.mended}

    def applied(self, connection: sa.Connection, known: Known, started: datetime, finished: datetime) -> None:
        """Write the row of a revision that was just applied, in the transaction that the connection is in."""
        values = self._values(known, self._digest(known))
        connection.execute(self._applied, {**values, "started": started, "finished": finished})

    def closed(
        self, connection: sa.Connection, known: Known, moved: str, version_table: str, times: tuple[datetime, datetime]
    ) -> int:
        """Write the row of a revision and move that of the version table, in the transaction of the connection.

        Args:
            connection: to PostgreSQL.
            known: the revision that was just applied.
            moved: the one before it, where the version table still is.
            version_table: as it stands in a statement.
            times: when the revision began, and now.

        Returns:
            how many rows of the version table were moved.
        """
        if not self._closed:
            text = CLOSED.replace("{version}", version_table.replace(":", r"\:").replace("{", "{{").replace("}", "}}"))
            statement = _statement(text, self.ledger.name).bindparams(*_TIMES)
            self._closed = str(statement.compile(dialect=connection.dialect))
        values = self._values(known, self._digest(known))
        times_and_moved = {"started": times[0], "finished": times[1], "moved": moved}
        return _by_the_driver(connection, self._closed, values | times_and_moved)

    def committed(
        self,
        closing: Closing,
        before: Sequence[str],
        connection: sa.Connection,
        known: Known,
        moved: str,
        version_table: str,
        started: datetime,
    ) -> bool:
        """Do the same after other statements, and commit it; return False where nothing of that could be done."""
        if not self._closed_strictly:
            self._closed_strictly = _NUMBERED.format(self.ledger.name, version=version_table)
        values = self._values(known, self._digest(known)) | {"started": started.isoformat(), "moved": moved}
        with _driver_of(connection, ";\n".join(before)):
            return closing.commit_after(self._closed_strictly, [values[name] for name in _NAMED], before)

    def reverted(self, connection: sa.Connection, revision: str) -> None:
        """Write that a revision was downgraded, in the transaction that did it; a row that is not there stays away."""
        connection.execute(self._reverted, {**self._key, "revision": revision})

    def _digest(self, known: Known) -> str:
        """Return the digest of a revision, and keep it for those that follow."""
        edge = known.edge
        digest = digest_of(edge.revision, known.checksum, [self._digests.get(parent, "") for parent in edge.parents])
        self._digests[edge.revision] = digest
        return digest

    @property
    def _key(self) -> dict[str, str]:
        return key_of(self.ledger.history)

    def _values(self, known: Known, digest: str) -> dict[str, str]:
        """Return the values of a row but its times."""
        return {
            **self._key,
            **_content(known.edge, known.checksum, digest),
            "floor": known.edge.floor,
            **self._origin,
        }

    @property
    def _origin(self) -> dict[str, str]:
        by = self._provenance
        return {"image": by.image, "job": by.job, "owner": by.owner, "runner": by.runner}


def _content(edge: Edge, checksum: str, digest: str) -> dict[str, str]:
    return {
        "revision": edge.revision,
        "parents": json.dumps(edge.parents),
        "checksum": checksum,
        "digest": digest,
    }


def _by_the_driver(connection: sa.Connection, statement: str, values: Mapping[str, object]) -> int:
    """Execute a compiled statement in the transaction of a connection and count its rows, in half the time."""
    if not connection.in_transaction():
        connection.begin()
    with _driver_of(connection, statement) as driver:
        cursor = driver.cursor()
        cursor.execute(statement, values)
        return int(cursor.rowcount)


@contextmanager
def _driver_of(connection: sa.Connection, statement: str) -> Iterator[Any]:
    """Yield the driver's connection, and have SQLAlchemy know what becomes of it: env.py may look for its errors."""
    driver, dialect = connection.connection, connection.dialect
    base = dialect.loaded_dbapi.Error
    try:
        yield driver
    except base as error:
        if is_lost := dialect.is_disconnect(error, driver, None):
            connection.invalidate(error)  # or its rollback would fail
        raise sa.exc.DBAPIError.instance(
            statement, None, error, base, connection_invalidated=is_lost, dialect=dialect
        ) from error


def _statement(statement: str, table: str) -> sa.TextClause:
    """Return a statement for SQLAlchemy, to whom a colon in a quoted name is a parameter unless it is told."""
    return sa.text(statement.format(table.replace(":", r"\:")))
